/* Unary gRPC, both sides: framing, compression, limits, statuses, deadlines, and what is on the
 * wire. */

#include "runtime/net/grpc.h"
#include "runtime/net/grpc_wire.h"
#include "tests/runtime/net/peer.h"
#include "tests/support/test.h"

#include <stdio.h>

struct talk {
    struct rig rig;
    struct http_client *client;
    struct grpc_call *held;
    int left;
};

struct result {
    struct talk *talk;
    bool came;
    enum grpc_code code;
    enum status error;
    int64_t retry_ns;
    char message[400];
    struct buf reply;
};

static void echo(void *arg, struct grpc_call *call, struct str message)
{
    (void)arg;
    grpc_reply(call, message);
}

/* Fails with the text of the message. */
static void fail(void *arg, struct grpc_call *call, struct str message)
{
    (void)arg;
    grpc_fail(call, GRPC_UNAVAILABLE, message, INT64_C(2500000000));
}

static void hold(void *arg, struct grpc_call *call, struct str message)
{
    struct talk *talk = arg;
    (void)message;
    talk->held = call;
}

static void tell_metadata(void *arg, struct grpc_call *call, struct str message)
{
    const struct http_request *request = grpc_call_request(call);
    struct buf out;
    (void)arg, (void)message;
    buf_init(&out, NULL, 4096);
    buf_str(&out, http_request_header(request, "x-scope-orgid"));
    buf_byte(&out, '|');
    buf_str(&out, http_request_header(request, "authorization"));
    grpc_reply(call, buf_view(&out));
    buf_release(&out);
}

static int busy(void *arg, const struct http_request *head, int64_t content_length)
{
    (void)arg, (void)head, (void)content_length;
    return 503;
}

static void talk_open(struct talk *talk)
{
    struct error err;
    rig_open(&talk->rig, (struct http_server_options){0});
    const struct grpc_method methods[] = {
        {"/t.S/Echo", echo, NULL, NULL, 100000}, {"/t.S/Fail", fail, NULL, NULL, 0},
        {"/t.S/Hold", hold, NULL, talk, 0},      {"/t.S/Metadata", tell_metadata, NULL, NULL, 0},
        {"/t.S/Busy", echo, busy, NULL, 0},
    };
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        grpc_server_add(talk->rig.server, &methods[i]);
    struct http_client_options options = {.version = HTTP_2_PRIOR, .user_agent = STR("invar/1")};
    talk->client = http_client_new(talk->rig.loop, &options, &err);
    talk->left = 0;
    talk->held = NULL;
}

static void talk_done(struct talk *talk)
{
    if (--talk->left > 0)
        return;
    http_client_free(talk->client);
    rig_finish(&talk->rig);
}

static void on_result(void *arg, const struct grpc_response *response, const struct error *err)
{
    struct result *result = arg;
    cr_assert(!result->came);
    result->came = true;
    result->code = response->code;
    result->error = err->status;
    result->retry_ns = response->retry_ns;
    (void)snprintf(result->message, sizeof(result->message), "%.*s", STR_ARG(response->message));
    buf_init(&result->reply, NULL, 8 << 20);
    buf_str(&result->reply, response->reply);
    talk_done(result->talk);
}

static struct http_call *call(struct talk *talk, struct result *result, const char *method,
                              struct str message, const char *encoding, int64_t timeout_ns)
{
    static const struct http_header tenant = {STR_INIT("X-Scope-OrgID"), STR_INIT("me")};
    char base[400];
    (void)snprintf(base, sizeof(base), "http://%s", talk->rig.address.text);
    struct grpc_call_options options = {.base_url = str_from(base),
                                        .path = str_from(method),
                                        .message = message,
                                        .encoding = str_from(encoding),
                                        .metadata = &tenant,
                                        .metadata_count = 1,
                                        .authorization = STR("Bearer t"),
                                        .timeout_ns = timeout_ns};
    *result = (struct result){.talk = talk};
    talk->left++;
    return grpc_send(talk->client, &options, on_result, result);
}

#define FAR INT64_C(8000000000)

TEST(grpc, carries_messages)
{
    static struct result r[6];
    static struct talk talk;
    struct buf large, packed;
    talk_open(&talk);
    buf_init(&large, NULL, 1 << 20);
    buf_init(&packed, NULL, 1 << 20);
    buf_fill(&large, 'm', 90000);
    cr_assert(compress_bytes(COMPRESSION_GZIP, 0, buf_view(&large), &packed, NULL) == STATUS_OK);
    (void)call(&talk, &r[0], "/t.S/Echo", STR("hi"), "", FAR);
    (void)call(&talk, &r[1], "/t.S/Echo", STR_NONE, "", 0);
    (void)call(&talk, &r[2], "/t.S/Echo", buf_view(&large), "", FAR);
    (void)call(&talk, &r[3], "/t.S/Echo", buf_view(&packed), "gzip", FAR);
    (void)call(&talk, &r[4], "/t.S/Metadata", STR_NONE, "", FAR);
    http_call_cancel(call(&talk, &r[5], "/t.S/Echo", STR("hi"), "", FAR));
    talk.left--;
    rig_run(&talk.rig);
    cr_expect(r[0].code == GRPC_OK && str_is(buf_view(&r[0].reply), "hi"), "%s", r[0].message);
    cr_expect(r[1].code == GRPC_OK && r[1].reply.len == 0, "%s", r[1].message);
    cr_expect(r[2].code == GRPC_OK && str_eq(buf_view(&r[2].reply), buf_view(&large)));
    cr_expect(r[3].code == GRPC_OK && str_eq(buf_view(&r[3].reply), buf_view(&large)));
    cr_expect(r[4].code == GRPC_OK && str_is(buf_view(&r[4].reply), "me|Bearer t"), "%d %s %.*s",
              (int)r[4].code, r[4].message, (int)r[4].reply.len, r[4].reply.data);
    cr_expect(!r[5].came);
    for (int i = 0; i < 5; i++)
        buf_release(&r[i].reply);
    buf_release(&large);
    buf_release(&packed);
}

TEST(grpc, failures_have_codes)
{
    static struct result r[9];
    static struct talk talk;
    struct buf large, packed;
    talk_open(&talk);
    buf_init(&large, NULL, 1 << 20);
    buf_init(&packed, NULL, 1 << 20);
    buf_fill(&large, 'm', 100001);
    cr_assert(compress_bytes(COMPRESSION_GZIP, 0, buf_view(&large), &packed, NULL) == STATUS_OK);
    (void)call(&talk, &r[0], "/t.S/Fail", STR("50 % f\xc3\xbcr \"x\"\n"), "", FAR);
    (void)call(&talk, &r[1], "/t.S/Nothing", STR("hi"), "", FAR);
    (void)call(&talk, &r[2], "/t.S/Echo", buf_view(&large), "", FAR);
    (void)call(&talk, &r[3], "/t.S/Echo", buf_view(&packed), "gzip", FAR);
    (void)call(&talk, &r[4], "/t.S/Echo", STR("hi"), "lzma", FAR);
    (void)call(&talk, &r[5], "/t.S/Echo", STR("hi"), "gzip", FAR);
    (void)call(&talk, &r[6], "/t.S/Busy", STR("hi"), "", FAR);
    (void)call(&talk, &r[7], "/t.S/Hold", STR("hi"), "", 400000000);
    (void)call(&talk, &r[8], "/hello", STR("hi"), "", FAR);
    rig_run(&talk.rig);
    grpc_reply(talk.held, STR("too late"));
    cr_expect(r[0].code == GRPC_UNAVAILABLE && r[0].retry_ns == INT64_C(2500000000));
    cr_expect_str_eq(r[0].message, "50 % f\xc3\xbcr \"x\"\n");
    cr_expect(r[1].code == GRPC_UNIMPLEMENTED);
    cr_expect_str_eq(r[1].message, "unknown method /t.S/Nothing");
    cr_expect(r[2].code == GRPC_RESOURCE_EXHAUSTED && r[2].retry_ns == -1);
    cr_expect_str_eq(r[2].message, "grpc: received message larger than max (100001 vs. 100000)");
    cr_expect(r[3].code == GRPC_RESOURCE_EXHAUSTED);
    cr_expect(r[4].code == GRPC_UNIMPLEMENTED);
    cr_expect(r[5].code == GRPC_INTERNAL, "%d %s", (int)r[5].code, r[5].message);
    cr_expect(r[6].code == GRPC_UNAVAILABLE && r[6].retry_ns == INT64_C(1000000000));
    cr_expect(r[7].code == GRPC_DEADLINE_EXCEEDED, "%d %s", (int)r[7].code, r[7].message);
    cr_expect(r[8].code == GRPC_UNIMPLEMENTED, "%d %s", (int)r[8].code, r[8].message);
    for (int i = 0; i < 9; i++)
        buf_release(&r[i].reply);
    buf_release(&large);
    buf_release(&packed);
}

TEST(grpc, an_unreachable_server_is_unavailable)
{
    static struct result r;
    static struct talk talk;
    talk_open(&talk);
    struct grpc_call_options options = {
        .base_url = STR("http://127.0.0.1:1"), .path = STR("/t.S/Echo"), .message = STR("hi")};
    r = (struct result){.talk = &talk};
    talk.left = 1;
    (void)grpc_send(talk.client, &options, on_result, &r);
    rig_run(&talk.rig);
    cr_expect(r.code == GRPC_UNAVAILABLE && r.error == STATUS_UNAVAILABLE);
    buf_release(&r.reply);
}

TEST(grpc, frames_timeouts_and_details_read_back)
{
    static const struct {
        struct str body;
        bool ok;
    } frames[] = {
        {STR_INIT("\0\0\0\0\2hi"), true},        {STR_INIT("\1\0\0\0\0"), true},
        {STR_INIT("\2\0\0\0\0"), false},         {STR_INIT("\0\0\0\0\2h"), false},
        {STR_INIT("\0\0\0\0\2hi!"), false},      {STR_INIT("\0\0\0\0"), false},
        {STR_INIT("\0\xff\xff\xff\xff"), false}, {STR_INIT(""), false},
    };
    for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
        bool compressed;
        struct str message;
        cr_expect(grpc_frame_read(frames[i].body, &compressed, &message) == frames[i].ok, "%zu", i);
    }
    static const struct {
        const char *text;
        int64_t ns;
    } timeouts[] = {{"1S", 1000000000},
                    {"100m", 100000000},
                    {"99999999n", 99999999},
                    {"1H", 3600000000000},
                    {"", -1},
                    {"S", -1},
                    {"1", -1},
                    {"-1S", -1},
                    {"123456789S", -1},
                    {"1x", -1}};
    for (size_t i = 0; i < sizeof(timeouts) / sizeof(timeouts[0]); i++)
        cr_expect(grpc_timeout_read(str_from(timeouts[i].text)) == timeouts[i].ns, "%s",
                  timeouts[i].text);
    for (int64_t ns = 1; ns < INT64_C(1) << 60; ns *= 7) {
        char text[10];
        int64_t back = grpc_timeout_read(str_of(text, grpc_timeout_write(ns, text)));
        cr_expect(back >= ns && back - ns <= ns / 10000 + 1, "%lld", (long long)ns);
    }
    for (size_t len = 0; len < 20; len++) {
        char text[20], out[400];
        memset(text, 'x', sizeof(text));
        size_t n =
            grpc_details_write(GRPC_UNAVAILABLE, str_of(text, len), 1500000001, out, sizeof(out));
        cr_expect(n > 0 && grpc_details_retry(str_of(out, n)) == 1500000001);
        cr_expect(grpc_details_retry(str_of(out, n - 20)) == -1);
    }
    cr_expect(grpc_details_retry(STR("")) == -1 && grpc_details_retry(STR("%%%")) == -1);
}
