/* When memory fails, a request is refused or its connection closed, and nothing leaks: every
 * allocation of one request fails in turn. Also the limits in time, with a clock of our own. */

#include "tests/support/server_rig.h"
#include "tests/support/test.h"

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
struct request {
    const char *name;
    struct str bytes;
    struct str answer; /* part of it when nothing fails */
};

static const struct request requests[] = {
    {"http1", STR_INIT("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nfirst"),
     STR_INIT("\r\n\r\nfirst")},
    {"chunked",
     STR_INIT(
         "POST /echo?a=b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nchunk\r\n0\r\n\r\n"),
     STR_INIT("\r\n\r\nchunk")},
    {"upgrade",
     STR_INIT(
         "GET /hello HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"),
     STR_INIT("hello\n")},
    {"http2",
     STR_INIT(PREFACE "\0\0\x0c\1\4\0\0\0\1\x83\x86\x04\x05/echo\x41\x01"
                      "a\0\0\5\0\1\0\0\0\1after"),
     STR_INIT("after")},
    {"grpc",
     STR_INIT(PREFACE "\0\0\x23\1\4\0\0\0\1\x83\x86\x04\x09/t.S/Echo\x41\x01"
                      "a\x0f\x10\x10"
                      "application/grpc\0\0\7\0\1\0\0\0\1\0\0\0\0\2hi"),
     STR_INIT("\0\0\0\0\2hi")},
};

static void send_in_pieces(struct server_rig *rig, struct memory_stream *stream, struct str bytes)
{
    for (size_t at = 0; at < bytes.len; at += 20) {
        memory_send(stream, str_slice(bytes, at, at + 20));
        memory_loop_turn(rig->loop);
    }
}

static bool answered(const struct request *request, uint64_t fail_at, bool *failed)
{
    struct server_rig rig;
    server_rig_begin(&rig);
    struct memory_stream *stream = memory_connect(rig.loop);
    mem_fail_at(fail_at);
    send_in_pieces(&rig, stream, request->bytes);
    *failed = mem_failed_once();
    mem_fail_at(0);
    bool ok = str_find(memory_received(stream), request->answer, 0) != SIZE_MAX;
    bool refused = memory_closed(stream) || memory_received(stream).len > 0;
    cr_assert(ok || refused || *failed);
    memory_end(stream, STATUS_OK);
    server_rig_end(&rig);
    return ok;
}

TEST(net_memory, each_failing_allocation_refuses_one_request)
{
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        bool failed = true;
        uint64_t nth = 1;
        cr_assert(answered(&requests[i], 0, &failed), "%s", requests[i].name);
        for (failed = true; failed && nth < 2000; nth++)
            (void)answered(&requests[i], nth, &failed);
        cr_assert(!failed && nth > 3, "%s: %d", requests[i].name, (int)nth);
    }
}

enum { SECOND = 1000000000 };

TEST(net_memory, slow_clients_are_cut)
{
    struct server_rig rig;
    server_rig_begin(&rig);
    struct memory_stream *silent = memory_connect(rig.loop);
    struct memory_stream *head = memory_connect(rig.loop);
    struct memory_stream *body = memory_connect(rig.loop);
    struct memory_stream *body2 = memory_connect(rig.loop);
    struct memory_stream *steady = memory_connect(rig.loop);
    struct memory_stream *held = memory_connect(rig.loop);
    memory_send(head, STR("GET /hello HTTP/1.1\r\n"));
    memory_send(body, STR("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n"));
    memory_send(body2, STR(PREFACE "\0\0\x0c\1\4\0\0\0\1\x83\x86\x04\x05/echo\x41\x01"
                                   "a"));
    memory_send(steady, STR("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n"));
    memory_send(held, STR("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n"));
    for (int i = 0; i < 30; i++) {
        char bytes[1500] = {'x'};
        memory_send(head, STR("X"));
        memory_send(body, STR("x"));
        memory_send(steady, str_of(bytes, sizeof(bytes)));
        memory_loop_advance(rig.loop, SECOND);
    }
    cr_expect(memory_closed(silent));
    cr_expect(memory_closed(head) && str_starts(memory_received(head), STR("HTTP/1.1 408 ")));
    cr_expect(memory_closed(body) && str_starts(memory_received(body), STR("HTTP/1.1 408 ")));
    cr_expect(str_find(memory_received(body2), STR("Request Timeout"), 0) != SIZE_MAX);
    cr_expect(!memory_closed(steady) && !memory_closed(held));
    memory_loop_advance(rig.loop, 200 * (int64_t)SECOND);
    cr_expect(memory_closed(steady) && memory_closed(body2));
    cr_expect(!memory_closed(held), "the handler may take its time");
    server_rig_end(&rig);
}
