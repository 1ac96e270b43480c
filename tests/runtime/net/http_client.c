/* The HTTP client against the server of this house, on loopback. */

#include "runtime/net/http_client.h"
#include "tests/runtime/net/peer.h"
#include "tests/support/test.h"

#include <stdio.h>

struct site {
    struct rig rig;
    struct rig other; /* another origin, on the same loop */
    struct http_client *client;
    int left; /* answers to come */
};

struct answer {
    struct site *site;
    int status;
    enum status error;
    struct buf body;
    char type[64];
    char version[16];
    char message[ERROR_MAX];
};

static void site_done(struct site *site)
{
    if (--site->left > 0)
        return;
    http_client_free(site->client);
    rig_finish(&site->rig);
}

static void on_answer(void *arg, const struct http_response *response, const struct error *err)
{
    struct answer *answer = arg;
    answer->status = response->status;
    answer->error = err->status;
    (void)snprintf(answer->message, sizeof(answer->message), "%s", err->message);
    buf_init(&answer->body, NULL, 8 << 20);
    buf_str(&answer->body, response->body);
    (void)snprintf(answer->type, sizeof(answer->type), "%.*s", STR_ARG(response->content_type));
    (void)snprintf(answer->version, sizeof(answer->version), "%.*s",
                   STR_ARG(response->peer_version));
    site_done(answer->site);
}

/* Says what came: method, body, and the fields that a redirect must not carry on. */
static void report(void *arg, struct http_exchange *exchange)
{
    const struct http_request *request = http_exchange_request(exchange);
    struct buf out;
    (void)arg;
    buf_init(&out, NULL, 4096);
    buf_printf(&out, "%.*s|%.*s|auth=%.*s|x=%.*s|accept=%.*s|ua=%.*s", STR_ARG(request->method),
               STR_ARG(request->body), STR_ARG(http_request_header(request, "authorization")),
               STR_ARG(http_request_header(request, "x-secret")),
               STR_ARG(http_request_header(request, "accept")),
               STR_ARG(http_request_header(request, "user-agent")));
    http_reply_text(exchange, 200, buf_view(&out));
    buf_release(&out);
}

/* /to/STATUS?q=URL */
static void redirect(void *arg, struct http_exchange *exchange)
{
    const struct http_request *request = http_exchange_request(exchange);
    struct buf to;
    uint64_t status = 0;
    (void)arg;
    buf_init(&to, NULL, 4096);
    cr_assert(http_request_param(request, "q", &to));
    cr_assert(str_to_u64(str_slice(request->path, 4, 7), &status));
    struct http_header location = {STR("Location"), buf_view(&to)};
    http_reply(exchange, (int)status, &location, 1, STR("moved"));
    buf_release(&to);
}

static void site_open(struct site *site, struct http_client_options options)
{
    struct error err;
    rig_open(&site->rig, (struct http_server_options){0});
    const struct http_route routes[] = {{NULL, "/report", false, report, NULL, NULL},
                                        {NULL, "/to/", true, redirect, NULL, NULL}};
    http_server_route(site->rig.server, &routes[0]);
    http_server_route(site->rig.server, &routes[1]);
    site->client = http_client_new(site->rig.loop, &options, &err);
    cr_assert(site->client != NULL, "%s", err.message);
    site->left = 0;
}

static struct http_call *ask_for(struct site *site, const char *method, const char *path,
                                 struct str body, http_done_fn *done, void *arg)
{
    static const struct http_header headers[] = {{STR_INIT("X-Secret"), STR_INIT("s")},
                                                 {STR_INIT("Accept"), STR_INIT("text/plain")}};
    char url[1024];
    if (path[0] == '/')
        (void)snprintf(url, sizeof(url), "http://%s%s", site->rig.address.text, path);
    else
        (void)snprintf(url, sizeof(url), "%s", path);
    struct http_call_options options = {
        .method = str_from(method),
        .url = str_from(url),
        .headers = headers,
        .header_count = 2,
        .authorization = STR("Bearer t"),
        .body = body,
        .timeout_ns = INT64_C(5000000000),
        .max_response = 5 << 20,
    };
    return http_client_send(site->client, &options, done, arg);
}

static struct http_call *ask(struct site *site, struct answer *answer, const char *method,
                             const char *path, struct str body)
{
    answer->site = site;
    site->left++;
    return ask_for(site, method, path, body, on_answer, answer);
}

static bool body_is(const struct answer *answer, const char *text)
{
    return str_is(buf_view(&answer->body), text);
}

TEST(http_client, sends_and_receives)
{
    static struct answer a[6];
    struct site site;
    site_open(&site, (struct http_client_options){.user_agent = STR("invar/1")});
    (void)ask(&site, &a[0], "GET", "/report", STR_NONE);
    (void)ask(&site, &a[1], "POST", "/report", STR("data"));
    (void)ask(&site, &a[2], "PUT", "/report", STR_NONE);
    (void)ask(&site, &a[3], "HEAD", "/hello", STR_NONE);
    (void)ask(&site, &a[4], "GET", "/big", STR_NONE);
    (void)ask(&site, &a[5], "GET", "/nothing", STR_NONE);
    rig_run(&site.rig);
    cr_expect(body_is(&a[0], "GET||auth=Bearer t|x=s|accept=text/plain|ua=invar/1"));
    cr_expect_str_eq(a[0].type, "text/plain; charset=utf-8");
    cr_expect_str_eq(a[0].version, "HTTP/1.1");
    cr_expect(body_is(&a[1], "POST|data|auth=Bearer t|x=s|accept=text/plain|ua=invar/1"));
    cr_expect(body_is(&a[2], "PUT||auth=Bearer t|x=s|accept=text/plain|ua=invar/1"));
    cr_expect(a[3].status == 200 && a[3].body.len == 0);
    cr_expect(a[4].status == 200 && a[4].body.len == 4 << 20);
    cr_expect(a[5].status == 404 && a[5].error == STATUS_OK);
    for (int i = 0; i < 6; i++)
        buf_release(&a[i].body);
}

TEST(http_client, follows_redirects_without_credentials_to_other_origins)
{
    static const struct {
        const char *method;
        int status;
        bool other_origin;
        const char *expect;
    } rows[] = {
        {"GET", 302, false, "GET||auth=Bearer t|x=s|accept=text/plain|ua="},
        {"GET", 302, true, "GET||auth=|x=|accept=text/plain|ua="},
        {"POST", 301, false, "GET||auth=Bearer t|x=s|accept=text/plain|ua="},
        {"POST", 303, true, "GET||auth=|x=|accept=text/plain|ua="},
        {"POST", 307, false, "POST|data|auth=Bearer t|x=s|accept=text/plain|ua="},
        {"POST", 308, true, "POST|data|auth=|x=|accept=text/plain|ua="},
    };
    enum { COUNT = sizeof(rows) / sizeof(rows[0]) };
    static struct answer a[COUNT + 3];
    struct site site;
    site_open(&site, (struct http_client_options){.follow_redirects = true});
    /* The same server by another name is another origin. */
    const char *port = strchr(site.rig.address.text, ':');
    for (size_t i = 0; i < COUNT; i++) {
        char path[300];
        (void)snprintf(path, sizeof(path), "/to/%d?q=%s%s/report", rows[i].status,
                       rows[i].other_origin ? "http://localhost" : "",
                       rows[i].other_origin ? port : "");
        struct str body = rows[i].method[0] == 'P' ? STR("data") : STR_NONE;
        (void)ask(&site, &a[i], rows[i].method, path, body);
    }
    (void)ask(&site, &a[COUNT], "GET", "/to/302?q=/to/302%3Fq%3D/report", STR_NONE);
    (void)ask(&site, &a[COUNT + 1], "GET", "/to/302?q=ftp://x/y", STR_NONE);
    char loop[200];
    (void)snprintf(loop, sizeof(loop), "/to/302?q=");
    (void)ask(&site, &a[COUNT + 2], "GET", "/to/302?q=%3Fq%3D%253Fq", STR_NONE);
    rig_run(&site.rig);
    for (size_t i = 0; i < COUNT; i++)
        cr_expect(body_is(&a[i], rows[i].expect), "row %zu: %.*s %s", i, (int)a[i].body.len,
                  a[i].body.data, a[i].message);
    cr_expect(body_is(&a[COUNT], rows[0].expect));
    cr_expect(a[COUNT + 1].status == 302);
    for (size_t i = 0; i < COUNT + 3; i++)
        buf_release(&a[i].body);
}

static void redirect_to_itself(void *arg, struct http_exchange *exchange)
{
    struct site *site = arg;
    struct http_header location = {STR("Location"), STR("/round")};
    site->rig.requests++;
    http_reply(exchange, 302, &location, 1, STR_NONE);
}

TEST(http_client, ends_with_a_reason_when_it_fails)
{
    static struct answer a[8];
    struct site site;
    site_open(&site, (struct http_client_options){.follow_redirects = true});
    const struct http_route round = {NULL, "/round", false, redirect_to_itself, NULL, &site};
    http_server_route(site.rig.server, &round);
    (void)ask(&site, &a[0], "GET", "/round", STR_NONE);
    (void)ask(&site, &a[1], "GET", "http://user:secret@127.0.0.1:1/x", STR_NONE);
    (void)ask(&site, &a[2], "GET", "ftp://127.0.0.1:1/x", STR_NONE);
    (void)ask(&site, &a[3], "GET", "http://127.0.0.1:1/\r\nX: y", STR_NONE);
    (void)ask(&site, &a[4], "BAD METHOD", "/hello", STR_NONE);
    struct http_call_options small = {
        .method = STR("GET"), .max_response = 1000, .timeout_ns = INT64_C(5000000000)};
    char url[400];
    (void)snprintf(url, sizeof(url), "http://%s/big", site.rig.address.text);
    small.url = str_from(url);
    a[5].site = &site;
    site.left++;
    (void)http_client_send(site.client, &small, on_answer, &a[5]);
    char hold[400];
    (void)snprintf(hold, sizeof(hold), "http://%s/hold", site.rig.address.text);
    small.url = str_from(hold);
    small.timeout_ns = 500000000; /* long enough that the request arrives on a busy machine */
    a[6].site = &site;
    site.left++;
    (void)http_client_send(site.client, &small, on_answer, &a[6]);
    struct http_call *cancelled = ask(&site, &a[7], "GET", "/hello", STR_NONE);
    http_call_cancel(cancelled);
    site.left--;
    rig_run(&site.rig);
    http_reply_text(site.rig.held, 200, STR("too late"));
    cr_expect(a[0].error == STATUS_LIMIT && site.rig.requests == 12);
    cr_expect(a[1].error == STATUS_UNAVAILABLE);
    cr_expect_str_eq(a[1].message, "Get \"http://user:xxxxx@127.0.0.1:1/x\": dial tcp 127.0.0.1:1: "
                                   "connect: connection refused");
    cr_expect(a[2].error == STATUS_INVALID);
    cr_expect(a[3].error == STATUS_INVALID && a[4].error == STATUS_INVALID);
    cr_expect(a[5].error == STATUS_LIMIT && a[5].status == 0);
    cr_expect(a[6].error == STATUS_TIMEOUT);
    cr_expect_str_eq(a[6].message + strlen(a[6].message) - 25, "context deadline exceeded");
    cr_expect(a[7].status == 0 && a[7].body.data == NULL);
    for (int i = 0; i < 7; i++)
        buf_release(&a[i].body);
}

static void serve_inside(void *arg, struct loop *loop, const struct http_internal *request,
                         http_done_fn *done, void *done_arg)
{
    struct site *site = arg;
    cr_assert(loop == site->rig.loop);
    http_server_internal(site->rig.server, request->path_and_query, request->headers,
                         request->header_count, done, done_arg);
}

TEST(http_client, the_program_itself_is_reached_without_a_socket)
{
    static struct answer a[3];
    struct site site;
    site_open(&site, (struct http_client_options){0});
    http_client_set_internal(site.client, serve_inside, &site);
    (void)ask(&site, &a[0], "GET", "http://alloy.internal:12345/param?q=x", STR_NONE);
    (void)ask(&site, &a[1], "GET", "http://alloy.internal:12345", STR_NONE);
    (void)ask(&site, &a[2], "GET", "http://alloy.internal:12345/p/%zz", STR_NONE);
    rig_run(&site.rig);
    cr_expect(a[0].status == 200 && body_is(&a[0], "x"));
    cr_expect_str_eq(a[0].type, "text/plain; charset=utf-8");
    cr_expect(a[1].status == 404 && a[2].status == 400);
    for (int i = 0; i < 3; i++)
        buf_release(&a[i].body);
}

static void free_client(void *arg, const struct http_response *response, const struct error *err)
{
    struct site *site = arg;
    cr_assert(response->status == 200 && err->status == STATUS_OK);
    http_client_free(site->client);
    rig_finish(&site->rig);
}

TEST(http_client, may_be_freed_in_an_answer_and_with_calls_under_way)
{
    static struct answer a;
    struct site site;
    site_open(&site, (struct http_client_options){0});
    (void)ask(&site, &a, "GET", "/hold", STR_NONE);
    (void)ask(&site, &a, "GET", "/big", STR_NONE);
    (void)ask(&site, &a, "GET", "bad url", STR_NONE);
    char url[400];
    (void)snprintf(url, sizeof(url), "http://%s/hello", site.rig.address.text);
    struct http_call_options options = {.method = STR("GET"), .url = str_from(url)};
    (void)http_client_send(site.client, &options, free_client, &site);
    a.site = &site;
    site.left = 100;
    rig_run(&site.rig);
    if (site.rig.held)
        http_reply_text(site.rig.held, 200, STR("nobody"));
    buf_release(&a.body);
}

TEST(http_client, retry_after_is_seconds_or_a_date)
{
    static const struct {
        const char *value;
        int64_t seconds; /* -1 = none */
    } rows[] = {{"120", 120},
                {" 1 ", 1},
                {"", -1},
                {"soon", -1},
                {"99999999999999", 365 * 24 * 3600},
                {"Wed, 21 Oct 2015 07:28:00 GMT", 0},
                {"Wed, 21 Oct 2015 07:28:00 GMX", -1}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_header header = {STR("retry-after"), str_from(rows[i].value)};
        struct http_response response = {.headers = &header, .header_count = 1};
        int64_t expect = rows[i].seconds < 0 ? -1 : rows[i].seconds * INT64_C(1000000000);
        cr_expect(http_retry_after(&response) == expect, "%s", rows[i].value);
    }
}

/* ---- no memory ---- */

struct turn {
    struct site *site;
    struct answer first, second;
    unsigned tries;
    bool failed;
};

static void send_second(void *arg);

/* The server shares the failing memory and may have closed the connection: once more, then. */
static void on_second(void *arg, const struct http_response *response, const struct error *err)
{
    struct turn *turn = arg;
    if (response->status == 200 || ++turn->tries == 3) {
        on_answer(&turn->second, response, err);
        return;
    }
    loop_defer(turn->site->rig.loop, send_second, turn);
}

static void send_second(void *arg)
{
    struct turn *turn = arg;
    (void)ask_for(turn->site, "POST", "/report", STR("b"), on_second, turn);
}

static void on_first(void *arg, const struct http_response *response, const struct error *err)
{
    struct turn *turn = arg;
    turn->failed = mem_failed_once();
    mem_fail_at(0);
    /* The next in a later step, as a sender tries again. */
    turn->site->left++;
    on_answer(&turn->first, response, err);
    loop_defer(turn->site->rig.loop, send_second, turn);
}

/* Whatever of libcurl finds no memory, the call ends (not by its timeout) and the next one works.
 */
static bool call_with_failure(uint64_t nth)
{
    struct turn turn = {0};
    struct site site;
    site_open(&site, (struct http_client_options){0});
    turn.site = turn.first.site = turn.second.site = &site;
    site.left = 1;
    mem_fail_at(nth);
    (void)ask_for(&site, "POST", "/report", STR("a"), on_first, &turn);
    rig_run(&site.rig);
    cr_assert(turn.first.status == 200 || turn.failed, "allocation %d", (int)nth);
    cr_assert_neq(turn.first.error, STATUS_TIMEOUT, "allocation %d", (int)nth);
    cr_assert_eq(turn.second.status, 200, "after allocation %d: %s", (int)nth, turn.second.message);
    buf_release(&turn.first.body);
    buf_release(&turn.second.body);
    return turn.failed;
}

TEST(http_client, the_next_call_works_after_every_failing_allocation, .timeout = 120)
{
    uint64_t nth = 1;
    while (call_with_failure(nth))
        nth++;
    cr_assert_gt(nth, 50);
}
