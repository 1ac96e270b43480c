/* See peer.h. */

#include "tests/runtime/net/peer.h"

#include "tests/support/test.h"

enum { GOT_MAX = 64 * 1024 * 1024 };

static void hello(void *arg, struct http_exchange *exchange)
{
    struct rig *rig = arg;
    rig->requests++;
    http_reply_text(exchange, 200, STR("hello\n"));
}

static void echo(void *arg, struct http_exchange *exchange)
{
    static const struct http_header type = {STR_INIT("Content-Type"),
                                            STR_INIT("application/octet-stream")};
    struct rig *rig = arg;
    rig->requests++;
    http_reply(exchange, 200, &type, 1, http_exchange_request(exchange)->body);
}

static void hold(void *arg, struct http_exchange *exchange)
{
    struct rig *rig = arg;
    rig->requests++;
    rig->held = exchange;
}

static void param(void *arg, struct http_exchange *exchange)
{
    struct buf out;
    (void)arg;
    buf_init(&out, NULL, 4096);
    bool found = http_request_param(http_exchange_request(exchange), "q", &out);
    http_reply_text(exchange, found ? 200 : 400, buf_view(&out));
    buf_release(&out);
}

static int refuse(void *arg, const struct http_request *head, int64_t content_length)
{
    (void)arg, (void)head, (void)content_length;
    return 429;
}

static void big(void *arg, struct http_exchange *exchange)
{
    struct buf out;
    (void)arg;
    buf_init(&out, NULL, 8 * 1024 * 1024);
    buf_fill(&out, 'x', 4 * 1024 * 1024);
    http_reply_text(exchange, 200, buf_view(&out));
    buf_release(&out);
}

static void path(void *arg, struct http_exchange *exchange)
{
    (void)arg;
    http_reply_text(exchange, 200, http_exchange_request(exchange)->path);
}

static void on_limit(void *arg)
{
    struct rig *rig = arg;
    cr_assert_fail("not finished after 30 s, %zu peers open", rig->open);
}

void rig_open(struct rig *rig, struct http_server_options options)
{
    struct error err;
    *rig = (struct rig){.loop = loop_new("test", &err)};
    cr_assert(rig->loop != NULL, "%s", err.message);
    options.listen = STR("127.0.0.1:0");
    rig->server = http_server_new(rig->loop, &options, &err);
    cr_assert(rig->server != NULL, "%s", err.message);
    http_server_address(rig->server, &rig->address);
    const struct http_route routes[] = {
        {"GET", "/hello", false, hello, NULL, rig},  {NULL, "/echo", false, echo, NULL, rig},
        {NULL, "/hold", false, hold, NULL, rig},     {"GET", "/param", false, param, NULL, rig},
        {NULL, "/admit", false, hello, refuse, rig}, {"GET", "/big", false, big, NULL, rig},
        {"GET", "/p/", true, path, NULL, rig},
    };
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
        http_server_route(rig->server, &routes[i]);
    rig->limit = loop_timer_new(rig->loop, on_limit, rig);
    loop_timer_start(rig->limit, INT64_C(30000000000), 0);
}

static void closed(void *arg)
{
    struct rig *rig = arg;
    loop_timer_close(rig->limit);
    loop_stop(rig->loop);
}

void rig_finish(struct rig *rig)
{
    http_server_close(rig->server, INT64_C(1000000000), closed, rig);
}

void rig_run(struct rig *rig)
{
    loop_run(rig->loop);
    loop_free(rig->loop);
}

static void finished(struct peer *peer)
{
    stream_close(peer->stream);
    peer->stream = NULL;
    if (--peer->rig->open == 0)
        rig_finish(peer->rig);
}

static void on_read(void *arg, struct str bytes)
{
    struct peer *peer = arg;
    buf_str(&peer->got, bytes);
    if (!peer->until || !peer_got(peer, peer->until))
        return;
    peer->until = NULL;
    if (peer->seen)
        peer->seen(peer);
    if (!peer->until && !peer->keep_open)
        finished(peer);
}

static void on_end(void *arg, enum status status)
{
    struct peer *peer = arg;
    peer->ended = true;
    cr_assert(status == STATUS_OK || status == STATUS_IO);
    finished(peer);
}

static void on_connected(void *arg, struct stream *stream, const struct error *err)
{
    static const struct stream_events events = {.read = on_read, .end = on_end};
    struct peer *peer = arg;
    cr_assert(stream != NULL, "%s", err->message);
    stream_start(stream, &events, peer);
    (void)stream_write(stream, peer->send);
}

void peer_open(struct rig *rig, struct peer *peer, struct str send, const char *until)
{
    void (*seen)(struct peer *) = peer->seen;
    *peer = (struct peer){.rig = rig, .send = send, .until = until, .seen = seen};
    buf_init(&peer->got, NULL, GOT_MAX);
    rig->open++;
    peer->stream = stream_connect(rig->loop, str_from(rig->address.text), 0, on_connected, peer);
}

void peer_release(struct peer *peer)
{
    buf_release(&peer->got);
}

size_t peer_count(const struct peer *peer, const char *text)
{
    size_t count = 0;
    struct str needle = str_from(text);
    for (size_t at = 0; (at = str_find(buf_view(&peer->got), needle, at)) != SIZE_MAX;
         at += needle.len)
        count++;
    return count;
}

bool peer_got(const struct peer *peer, const char *text)
{
    return str_find(buf_view(&peer->got), str_from(text), 0) != SIZE_MAX;
}

void rig_exchange(struct http_server_options options, struct str send, const char *until,
                  struct peer *peer)
{
    struct rig rig;
    rig_open(&rig, options);
    peer->seen = NULL;
    peer_open(&rig, peer, send, until);
    rig_run(&rig);
}
