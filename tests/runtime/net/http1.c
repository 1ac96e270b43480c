/* HTTP/1.1 on the server's side: framing, ambiguous messages, limits, pipelining, keep-alive. */

#include "tests/runtime/net/peer.h"
#include "tests/support/test.h"

struct row {
    const char *send;
    const char *expect; /* how the answer begins */
    const char *body;   /* what it contains, or NULL */
};

/* Each row is a connection of its own; the server must close it, or the text "until" ends it. */
static void run_rows(const struct row *rows, size_t count)
{
    struct rig rig;
    rig_open(&rig, (struct http_server_options){.max_body = 1000});
    static struct peer peers[64];
    cr_assert(count <= 64);
    for (size_t i = 0; i < count; i++)
        peer_open(&rig, &peers[i], str_from(rows[i].send), NULL);
    rig_run(&rig);
    for (size_t i = 0; i < count; i++) {
        struct str got = buf_view(&peers[i].got);
        cr_expect(str_starts(got, str_from(rows[i].expect)), "row %zu %s: got %.*s", i,
                  rows[i].send, STR_ARG(got));
        cr_expect(!rows[i].body || peer_got(&peers[i], rows[i].body), "row %zu %s: got %.*s", i,
                  rows[i].send, STR_ARG(got));
        peer_release(&peers[i]);
    }
}

#define RUN(rows) run_rows((rows), sizeof(rows) / sizeof((rows)[0]))
#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
#define POST(fields) "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" fields "\r\n"

TEST(http1, answers_requests)
{
    static const struct row rows[] = {
        {GET("/hello"), "HTTP/1.1 200 OK\r\nDate: ", "\r\nContent-Length: 6\r\n"},
        {GET("/hello"), "HTTP/1.1 200 OK\r\n", "Connection: close\r\n\r\nhello\n"},
        {GET("/hello?x=1"), "HTTP/1.1 200 OK\r\n", "hello"},
        {GET("http://b/hello"), "HTTP/1.1 200 OK\r\n", "hello"},
        {GET("/nothing"), "HTTP/1.1 404 Not Found\r\n", "404 page not found\n"},
        {GET("/p/a%20b/c"), "HTTP/1.1 200 OK\r\n", "/p/a b/c"},
        {GET("/p/%2"), "HTTP/1.1 400 ", NULL},
        {GET("/p/%00"), "HTTP/1.1 400 ", NULL},
        {GET("/param?a=b&q=1%2B+2"), "HTTP/1.1 200 OK\r\n", "\r\n\r\n1+ 2"},
        {GET("/param"), "HTTP/1.1 400 ", NULL},
        {"POST /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 405 ", NULL},
        {"HEAD /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 OK\r\n",
         "Content-Length: 6\r\nConnection: close\r\n\r\n"},
        {"GET /hello HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\n", "hello\n"},
        {"\r\n\r\nGET /hello HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\n", "hello\n"},
        {"OPTIONS * HTTP/1.0\r\n\r\n", "HTTP/1.1 404 ", NULL},
        {POST("Content-Length: 5\r\n") "12345", "HTTP/1.1 200 OK\r\n", "\r\n\r\n12345"},
        {POST(
             "Transfer-Encoding: chunked\r\n") "3\r\nabc\r\n0A;x=y\r\n0123456789\r\n0\r\nT: v\r\n\r\n",
         "HTTP/1.1 200 OK\r\n", "\r\n\r\nabc0123456789"},
        {POST("Content-Length: 0\r\n"), "HTTP/1.1 200 OK\r\n", "Content-Length: 0\r\n"},
        {POST("Expect: 100-continue\r\nContent-Length: 2\r\n") "ok",
         "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", "\r\n\r\nok"},
    };
    RUN(rows);
}

TEST(http1, refuses_what_is_malformed_or_ambiguous)
{
    static const struct row rows[] = {
        {"nonsense HTTP/1.1\r\n\r\n", "HTTP/1.1 400 ", NULL},
        {"GET /hello HTTP/2.0\r\n\r\n", "HTTP/1.1 505 ", NULL},
        {"GET /hello HTTP/1.1\r\n\r\n", "HTTP/1.1 400 ", NULL},
        {"GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "HTTP/1.1 400 ", NULL},
        {"GET /hello HTTP/1.1\r\nHost : a\r\n\r\n", "HTTP/1.1 400 ", NULL},
        {"GET /hello HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", "HTTP/1.1 400 ", NULL},
        {"GET /hello HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", "HTTP/1.1 400 ", NULL},
        {"GET /hello HTTP/1.1\r\nHost: a\rX: y\r\n\r\n", "HTTP/1.1 400 ", NULL},
        {"GET  /hello HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400 ", NULL},
        {"GET hello HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400 ", NULL},
        {"GET * HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400 ", NULL},
        {POST("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") "0\r\n\r\n", "HTTP/1.1 400 ",
         NULL},
        {POST("Content-Length: 5\r\nContent-Length: 5\r\n") "12345", "HTTP/1.1 400 ", NULL},
        {POST("Content-Length: 5, 5\r\n") "12345", "HTTP/1.1 400 ", NULL},
        {POST("Content-Length: +5\r\n") "12345", "HTTP/1.1 400 ", NULL},
        {POST("Content-Length: 99999999999999999999\r\n"), "HTTP/1.1 400 ", NULL},
        {POST("Content-Length: 1001\r\n"), "HTTP/1.1 413 ", NULL},
        {POST("Transfer-Encoding: gzip, chunked\r\n"), "HTTP/1.1 501 ", NULL},
        {POST("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), "HTTP/1.1 400 ",
         NULL},
        {POST("Transfer-Encoding: chunked\r\n") "3\nabc\r\n0\r\n\r\n", "HTTP/1.1 400 ", NULL},
        {POST("Transfer-Encoding: chunked\r\n") "3\r\nabcd\r\n0\r\n\r\n", "HTTP/1.1 400 ", NULL},
        {POST("Transfer-Encoding: chunked\r\n") "g\r\n", "HTTP/1.1 400 ", NULL},
        {POST("Transfer-Encoding: chunked\r\n") "1000000000000000\r\n", "HTTP/1.1 400 ", NULL},
        {POST("Transfer-Encoding: chunked\r\n") "3e9\r\n" /* fits */ "\x01", "", NULL},
        {"POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 400 ",
         NULL},
    };
    /* The last but one would wait for its body. */
    run_rows(rows, 23);
    run_rows(rows + 24, 1);
}

TEST(http1, limits_heads_and_chunked_bodies)
{
    struct buf many, large, body;
    buf_init(&many, NULL, 1 << 20);
    buf_init(&large, NULL, 1 << 20);
    buf_init(&body, NULL, 1 << 20);
    buf_cstr(&many, "GET /hello HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < 128; i++)
        buf_cstr(&many, "X: y\r\n");
    buf_cstr(&many, "\r\n");
    buf_cstr(&large, "GET /hello HTTP/1.1\r\nHost: a\r\nX: ");
    buf_fill(&large, 'x', 70000);
    buf_cstr(&body, POST("Transfer-Encoding: chunked\r\n") "3e8\r\n");
    buf_fill(&body, 'x', 1000);
    buf_cstr(&body, "\r\n1\r\nx\r\n0\r\n\r\n");
    buf_byte(&many, '\0');
    buf_byte(&large, '\0');
    buf_byte(&body, '\0');
    const struct row rows[] = {
        {many.data, "HTTP/1.1 431 ", NULL},
        {large.data, "HTTP/1.1 431 ", NULL},
        {body.data, "HTTP/1.1 413 ", NULL},
    };
    RUN(rows);
    buf_release(&many);
    buf_release(&large);
    buf_release(&body);
}

TEST(http1, pipelined_requests_are_answered_in_order)
{
    struct peer peer;
    struct buf send;
    buf_init(&send, NULL, 1 << 20);
    for (int i = 0; i < 1000; i++)
        buf_printf(&send, "GET /p/%d HTTP/1.1\r\nHost: a\r\n\r\n", i);
    buf_cstr(&send, "POST /admit HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n123456789");
    buf_cstr(&send, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    buf_cstr(&send, GET("/p/end"));
    rig_exchange((struct http_server_options){0}, buf_view(&send), NULL, &peer);
    cr_assert(peer_count(&peer, "HTTP/1.1 200 OK") == 1002);
    cr_assert(peer_got(&peer, "429 Too Many Requests") && peer_got(&peer, "Retry-After: 1\r\n"));
    size_t at = 0;
    for (int i = 0; i < 1000; i++) {
        char body[32];
        int len = snprintf(body, sizeof(body), "\r\n\r\n/p/%dHTTP", i);
        if (i == 999)
            len -= 4;
        at = str_find(buf_view(&peer.got), str_of(body, (size_t)len), at);
        cr_assert(at != SIZE_MAX, "answer %d is missing", i);
    }
    cr_assert(str_ends(buf_view(&peer.got), STR("\r\n\r\n/p/end")));
    peer_release(&peer);
    buf_release(&send);
}

static void answer_later(void *arg)
{
    struct rig *rig = arg;
    if (!rig->held) {
        loop_defer(rig->loop, answer_later, rig);
        return;
    }
    struct http_exchange *held = rig->held;
    rig->held = NULL;
    http_reply_text(held, 200, STR("later"));
    if (rig->held || rig->requests < 3)
        loop_defer(rig->loop, answer_later, rig);
}

TEST(http1, answers_may_come_later)
{
    static const char send[] = "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n"
                               "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n" GET("/hold");
    struct rig rig;
    struct peer peer = {0};
    rig_open(&rig, (struct http_server_options){0});
    peer_open(&rig, &peer, str_from(send), NULL);
    loop_defer(rig.loop, answer_later, &rig);
    rig_run(&rig);
    cr_assert(rig.requests == 3);
    cr_assert(peer_count(&peer, "\r\n\r\nlater") == 3);
    peer_release(&peer);
}

static void answer_nobody(void *arg)
{
    struct rig *rig = arg;
    struct http_exchange *held = rig->held;
    http_reply_text(held, 200, STR("for nobody"));
}

static void watch_held(void *arg)
{
    struct rig *rig = arg;
    if (!rig->held) {
        loop_defer(rig->loop, watch_held, rig);
        return;
    }
    http_server_close(rig->server, 0, answer_nobody, rig);
    loop_timer_close(rig->limit);
    loop_stop(rig->loop);
}

TEST(http1, an_answer_after_the_client_has_gone_is_dropped)
{
    struct rig rig;
    struct peer peer = {0};
    rig_open(&rig, (struct http_server_options){0});
    peer_open(&rig, &peer, STR("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n"), NULL);
    rig.open = 2; /* the test closes the server itself */
    loop_defer(rig.loop, watch_held, &rig);
    rig_run(&rig);
    cr_assert(peer.ended && peer.got.len == 0);
    peer_release(&peer);
}

TEST(http1, large_answers_arrive_whole)
{
    struct peer peer;
    rig_exchange((struct http_server_options){0}, STR(GET("/big")), NULL, &peer);
    cr_assert(str_starts(buf_view(&peer.got), STR("HTTP/1.1 200 OK")));
    cr_assert(peer.got.len > 4 * 1024 * 1024 && peer.got.len < 4 * 1024 * 1024 + 300);
    peer_release(&peer);
}

TEST(http1, idle_and_foreign_connections_are_closed)
{
    struct peer peer;
    rig_exchange((struct http_server_options){0}, STR("SSH-2.0-x\r\n\r\n"), NULL, &peer);
    cr_assert(peer.ended && peer.got.len == 0, "another protocol gets no answer");
    peer_release(&peer);
    rig_exchange((struct http_server_options){.idle_timeout_ns = 1000000},
                 STR("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"), NULL, &peer);
    cr_assert(peer.ended && peer_got(&peer, "hello"));
    peer_release(&peer);
}

TEST(http1, bodies_draw_on_the_budget)
{
    static struct mem_owner owner = MEM_OWNER_INIT("test", 500);
    struct peer peer;
    struct buf send;
    buf_init(&send, NULL, 1 << 20);
    buf_cstr(&send, POST("Content-Length: 2000\r\n"));
    buf_fill(&send, 'x', 2000);
    rig_exchange((struct http_server_options){.owner = &owner}, buf_view(&send), NULL, &peer);
    cr_assert(str_starts(buf_view(&peer.got), STR("HTTP/1.1 503 ")));
    cr_assert(peer_got(&peer, "Retry-After: 1\r\n"));
    cr_assert(mem_used(&owner) == 0);
    peer_release(&peer);
    buf_release(&send);
}
