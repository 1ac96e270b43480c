/* HTTP/2: frames after a good preface, in pieces of a size that the input's first byte tells. */

#include "tests/support/fuzz_input.h"
#include "tests/support/server_rig.h"

enum { INPUT_MAX = 1 << 16 };

static void once(struct str input)
{
    struct server_rig rig;
    uint8_t choice;
    if (!fuzz_choice(&input, &choice))
        return;
    size_t piece = (size_t)(choice >> 1) + 1;
    piece = piece == 128 ? SIZE_MAX : piece;
    server_rig_begin(&rig);
    struct memory_stream *stream = memory_connect(rig.loop);
    fuzz_begin();
    memory_send(stream, STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"));
    while (input.len > 0) {
        memory_send(stream, str_slice(input, 0, piece));
        memory_loop_turn(rig.loop);
        input = str_slice(input, piece, input.len);
    }
    if (choice & 1)
        memory_end(stream, STATUS_IO);
    else
        memory_loop_advance(rig.loop, INT64_C(200000000000));
    server_rig_end(&rig);
    fuzz_end();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(data, size, INPUT_MAX, once);
}
