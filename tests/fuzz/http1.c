/* HTTP/1 (and h2c upgrades): the bytes of the input, in pieces of a size that its first byte tells.
 * The last bit of that byte tells whether the client hangs up or waits. */

#include "tests/support/server_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct server_rig rig;
    if (size < 1)
        return 0;
    struct str input = str_of((const char *)data + 1, size - 1);
    size_t piece = (size_t)(data[0] >> 1) + 1;
    piece = piece == 128 ? SIZE_MAX : piece;
    server_rig_begin(&rig);
    struct memory_stream *stream = memory_connect(rig.loop);
    while (input.len > 0) {
        memory_send(stream, str_slice(input, 0, piece));
        memory_loop_turn(rig.loop);
        input = str_slice(input, piece, input.len);
    }
    if (data[0] & 1)
        memory_end(stream, STATUS_OK);
    else
        memory_loop_advance(rig.loop, INT64_C(200000000000));
    server_rig_end(&rig);
    return 0;
}
