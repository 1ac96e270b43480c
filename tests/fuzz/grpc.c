/* gRPC: the input is the body of a call, and the texts that a client reads from a server's answer.
 */

#include "runtime/net/grpc_wire.h"
#include "tests/support/fuzz_input.h"
#include "tests/support/server_rig.h"

enum { INPUT_MAX = 16384 };

static void read_texts(struct str text)
{
    char out[GRPC_TEXT_MAX];
    bool compressed;
    struct str message;
    (void)grpc_frame_read(text, &compressed, &message);
    (void)grpc_timeout_read(text);
    (void)grpc_message_decode(text, out, sizeof(out));
    (void)grpc_details_retry(text);
    size_t len = grpc_message_encode(text, out, sizeof(out) / 4);
    char back[GRPC_TEXT_MAX];
    size_t back_len = grpc_message_decode(str_of(out, len), back, sizeof(back));
    ASSERT(str_eq(str_of(back, back_len), str_slice(text, 0, back_len)));
}

/* POST /t.S/Echo with content-type application/grpc and grpc-encoding gzip, then the body in one
 * DATA frame. */
static void send_call(struct memory_stream *stream, struct str body)
{
    static const struct str head = STR_INIT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
                                            "\0\0\x37\1\4\0\0\0\1"
                                            "\x83\x86\x04\x09/t.S/Echo\x41\x01"
                                            "a"
                                            "\x0f\x10\x10"
                                            "application/grpc"
                                            "\x40\x0dgrpc-encoding\x04gzip");
    char frame[9] = {0, (char)(body.len >> 8), (char)body.len, 0, 1, 0, 0, 0, 1};
    memory_send(stream, head);
    memory_send(stream, str_of(frame, sizeof(frame)));
    memory_send(stream, body);
}

static void once(struct str input)
{
    struct server_rig rig;
    read_texts(input);
    server_rig_begin(&rig);
    struct memory_stream *stream = memory_connect(rig.loop);
    fuzz_begin();
    send_call(stream, input);
    memory_loop_turn(rig.loop);
    server_rig_end(&rig);
    fuzz_end();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(data, size, INPUT_MAX, once);
}
