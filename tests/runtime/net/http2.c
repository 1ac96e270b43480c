/* HTTP/2 on the server's side. The protocol's own rules are checked by h2spec and fuzzing; here is
 * what this house adds: the way through exchanges, upgrade, limits, several streams at once. */

#include "runtime/net/http_client.h"
#include "tests/runtime/net/peer.h"
#include "tests/support/test.h"

#include <stdio.h>

enum { CALLS = 300 };

struct site {
    struct rig rig;
    struct http_client *client;
    struct buf body;
    int left;
    int ok;
};

static void finish_one(struct site *site)
{
    if (--site->left > 0)
        return;
    http_client_free(site->client);
    rig_finish(&site->rig);
}

static void on_echo(void *arg, const struct http_response *response, const struct error *err)
{
    struct site *site = arg;
    cr_assert(err->status == STATUS_OK, "%s", err->message);
    cr_assert(str_is(response->peer_version, "HTTP/2"));
    cr_assert(str_is(response->content_type, "application/octet-stream"));
    cr_assert(str_is(http_response_header(response, "date"), "") == false);
    site->ok += response->status == 200 && str_eq(response->body, buf_view(&site->body));
    finish_one(site);
}

static void on_status(void *arg, const struct http_response *response, const struct error *err)
{
    struct site *site = arg;
    cr_assert(err->status == STATUS_OK, "%s", err->message);
    site->ok = site->ok * 1000 + response->status;
    finish_one(site);
}

static void site_open(struct site *site, size_t body, struct http_server_options options)
{
    struct error err;
    *site = (struct site){0};
    rig_open(&site->rig, options);
    struct http_client_options client = {.version = HTTP_2_PRIOR};
    site->client = http_client_new(site->rig.loop, &client, &err);
    buf_init(&site->body, NULL, 64 << 20);
    buf_fill(&site->body, 'b', body);
}

static void ask(struct site *site, const char *method, const char *path, http_done_fn *done)
{
    char url[400];
    (void)snprintf(url, sizeof(url), "http://%s%s", site->rig.address.text, path);
    struct http_call_options options = {.method = str_from(method),
                                        .url = str_from(url),
                                        .body = method[0] == 'P' ? buf_view(&site->body) : STR_NONE,
                                        .max_response = 64 << 20};
    site->left++;
    (void)http_client_send(site->client, &options, done, site);
}

TEST(http2, carries_many_requests_on_one_connection)
{
    static struct site site;
    site_open(&site, 3000, (struct http_server_options){0});
    for (int i = 0; i < CALLS; i++)
        ask(&site, "POST", "/echo", on_echo);
    rig_run(&site.rig);
    cr_assert(site.ok == CALLS);
    buf_release(&site.body);
}

TEST(http2, carries_bodies_beyond_the_windows)
{
    static struct site site;
    site_open(&site, 15 << 20, (struct http_server_options){0});
    ask(&site, "POST", "/echo", on_echo);
    ask(&site, "PUT", "/echo", on_echo);
    rig_run(&site.rig);
    cr_assert(site.ok == 2);
    buf_release(&site.body);
}

TEST(http2, refuses_before_the_body)
{
    static struct site site;
    static const struct {
        const char *method, *path;
        int status;
    } rows[] = {{"POST", "/admit", 429}, {"GET", "/nothing", 404}, {"POST", "/hello", 405},
                {"POST", "/echo", 413},  {"HEAD", "/hello", 200},  {"GET", "/p/%zz", 400}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        site_open(&site, 1000000, (struct http_server_options){.max_body = 100000});
        ask(&site, rows[i].method, rows[i].path, on_status);
        rig_run(&site.rig);
        cr_expect(site.ok == rows[i].status, "%s %s: %d", rows[i].method, rows[i].path, site.ok);
        buf_release(&site.body);
    }
}

TEST(http2, bodies_draw_on_the_budget)
{
    static struct mem_owner owner = MEM_OWNER_INIT("test", 500000);
    static struct site site;
    site_open(&site, 1000000, (struct http_server_options){.owner = &owner});
    ask(&site, "POST", "/echo", on_status);
    rig_run(&site.rig);
    cr_assert(site.ok == 503 && mem_used(&owner) == 0);
    buf_release(&site.body);
}

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define EMPTY_SETTINGS "\0\0\0\4\0\0\0\0\0"
/* HEADERS of GET /hello, :scheme http, :authority a, from HPACK's static table and literals. */
#define GET_HELLO(stream)                                                                          \
    "\0\0\x0d\1\5\0\0\0" stream "\x82\x86\x04\x06/hello\x41\x01"                                   \
    "a"

TEST(http2, is_chosen_by_the_first_bytes_however_they_arrive)
{
    struct peer peer;
    rig_exchange((struct http_server_options){0}, STR(PREFACE EMPTY_SETTINGS GET_HELLO("\1")),
                 "hello\n", &peer);
    cr_assert(peer_got(&peer, "hello\n"));
    peer_release(&peer);
    /* A wrong preface is HTTP/1, and not a good one. */
    rig_exchange((struct http_server_options){0}, STR("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"), NULL,
                 &peer);
    cr_assert(str_starts(buf_view(&peer.got), STR("HTTP/1.1 505 ")));
    peer_release(&peer);
    rig_exchange((struct http_server_options){.grpc_only_http2 = true},
                 STR("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"), NULL, &peer);
    cr_assert(peer.ended && peer.got.len == 0);
    peer_release(&peer);
}

TEST(http2, an_http1_connection_can_be_upgraded)
{
    struct peer peer;
    rig_exchange((struct http_server_options){0},
                 STR("POST /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                     "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
                     "Content-Length: 9\r\n\r\nfirst one" PREFACE EMPTY_SETTINGS GET_HELLO("\3")),
                 "hello\n", &peer);
    cr_assert(str_starts(buf_view(&peer.got), STR("HTTP/1.1 101 Switching Protocols\r\n")));
    cr_assert(peer_got(&peer, "first one"));
    peer_release(&peer);
    rig_exchange(
        (struct http_server_options){0},
        STR("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings, close\r\n"
            "Upgrade: h2c\r\nHTTP2-Settings: %%%\r\n\r\n"),
        NULL, &peer);
    cr_assert(str_starts(buf_view(&peer.got), STR("HTTP/1.1 400 ")));
    peer_release(&peer);
}

static void frame(struct buf *out, size_t len, int type, int flags, int stream)
{
    const char head[9] = {
        (char)(len >> 16),   (char)(len >> 8), (char)len, (char)type, (char)flags, 0, 0,
        (char)(stream >> 8), (char)stream};
    buf_append(out, head, sizeof(head));
}

/* Resets of streams are rationed: the connection ends with GOAWAY (ENHANCE_YOUR_CALM or the like).
 */
TEST(http2, rapid_resets_end_the_connection)
{
    struct peer peer;
    struct buf send;
    buf_init(&send, NULL, 1 << 20);
    buf_str(&send, STR(PREFACE EMPTY_SETTINGS));
    for (int i = 0; i < 2000; i++) {
        struct str head = STR("\x82\x86\x04\x05/hold\x41\x01"
                              "a");
        frame(&send, head.len, 1, 5, 2 * i + 1);
        buf_str(&send, head);
        frame(&send, 4, 3, 0, 2 * i + 1);
        buf_str(&send, STR("\0\0\0\x08"));
    }
    struct rig rig;
    rig_open(&rig, (struct http_server_options){0});
    http_server_unroute(rig.server, "/hold", &rig);
    peer.seen = NULL;
    peer_open(&rig, &peer, buf_view(&send), NULL);
    rig_run(&rig);
    cr_assert(peer.ended);
    peer_release(&peer);
    buf_release(&send);
}

/* A header list is bounded by what it counts for, not by its bytes on the wire: 4,000 references to
 * one large entry of the dynamic table. */
TEST(http2, header_lists_are_bounded_when_decoded)
{
    struct peer peer;
    struct buf send, head;
    buf_init(&send, NULL, 1 << 20);
    buf_init(&head, NULL, 1 << 20);
    buf_str(&head, STR("\x82\x86\x04\x06/hello\x41\x01"
                       "a"));
    buf_str(&head, STR("\x40\x01x\x7f\xa1\x1e")); /* x: 4,000 bytes, kept as entry 62 */
    buf_fill(&head, 'v', 4000);
    buf_fill(&head, (char)0xbe, 4000);
    buf_str(&send, STR(PREFACE EMPTY_SETTINGS));
    frame(&send, head.len, 1, 5, 1);
    buf_str(&send, buf_view(&head));
    rig_exchange((struct http_server_options){0}, buf_view(&send),
                 "Request Header Fields Too Large", &peer);
    peer_release(&peer);
    buf_release(&send);
    buf_release(&head);
}
