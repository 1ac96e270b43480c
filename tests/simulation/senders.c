/* Senders: one stream each, one push under way at a time. A push without a clear answer is
 * repeated, as clients do, and only an answer 2xx counts as acknowledged. */

#include "base/memory.h"
#include "tests/simulation/peers.h"

#include <stdio.h>

struct sender {
    struct judge *j;
    struct sender_options options;
    struct http_client *client;
    struct loop_timer *timer;
    struct buf body;
    struct run_of_items items; /* count 0 = nothing under way */
    char url[128];
    bool is_waiting;
    unsigned tries;
};

static void done(struct sender *s, bool acknowledged, int status, const char *why)
{
    struct judge *j = s->j;
    s->is_waiting = false;
    if (acknowledged) {
        sim_trace(j->sim, "push %u.%u+%u is acknowledged", s->items.stream, s->items.first,
                  s->items.count);
        for (unsigned i = 0; i < s->items.count; i++)
            judge_acked(j, s->items.stream, s->items.first + i);
        s->items.count = 0;
        s->tries = 0;
        return;
    }
    sim_trace(j->sim, "push %u.%u+%u: %d %s", s->items.stream, s->items.first, s->items.count,
              status, why);
    if (status == 429 || status == 503)
        sim_saw(j->sim, SIM_PUSH_REFUSED);
    else if (status >= 400 && status < 500 && status != 404)
        judge_violate(j, "a valid push is refused: %d %s", status, why);
}

static void http_answered(void *arg, const struct http_response *response, const struct error *err)
{
    done(arg, response->status / 100 == 2, response->status, err->message);
}

static void grpc_answered(void *arg, const struct grpc_response *response, const struct error *err)
{
    bool refused = response->code == GRPC_UNAVAILABLE || response->code == GRPC_RESOURCE_EXHAUSTED;
    bool wrong = response->code == GRPC_INVALID_ARGUMENT;
    (void)err;
    done(arg, response->code == GRPC_OK, wrong ? 400 : refused ? 503 : 0, "gRPC");
}

static void push_http(struct sender *s)
{
    static const struct http_header headers[][2] = {
        {{STR_INIT("Content-Type"), STR_INIT("application/x-protobuf")},
         {STR_INIT("Content-Encoding"), STR_INIT("snappy")}},
        {{STR_INIT("Content-Type"), STR_INIT("application/x-protobuf")}},
    };
    bool is_otlp = s->options.protocol >= PROTOCOL_OTLP_LOGS;
    struct http_call_options call = {
        .method = STR("POST"),
        .url = str_from(s->url),
        .headers = headers[is_otlp],
        .header_count = is_otlp ? 1 : 2,
        .body = buf_view(&s->body),
        .timeout_ns = 5 * SECOND,
    };
    (void)http_client_send(s->client, &call, http_answered, s);
}

static void push_grpc(struct sender *s)
{
    struct grpc_call_options call = {
        .base_url = str_from(s->url),
        .path = str_from(s->options.path),
        .message = buf_view(&s->body),
        .timeout_ns = 5 * SECOND,
    };
    (void)grpc_send(s->client, &call, grpc_answered, s);
}

static bool take_items(struct sender *s)
{
    unsigned want = 1 + (unsigned)sim_below(s->j->sim, s->options.most);
    unsigned n;
    s->items = (struct run_of_items){.stream = s->options.stream};
    while (s->items.count < want && judge_next(s->j, s->options.stream, &n)) {
        if (s->items.count++ == 0)
            s->items.first = n;
    }
    if (s->items.count == 0)
        return false;
    body_write(s->j, s->options.protocol, s->items, &s->body);
    return true;
}

static void tick(void *arg)
{
    struct sender *s = arg;
    loop_timer_start(s->timer, (int64_t)(50 + sim_below(s->j->sim, 500)) * MILLISECOND, 0);
    if (s->is_waiting || (s->items.count == 0 && !take_items(s)))
        return;
    if (s->tries++ != 0) {
        sim_saw(s->j->sim, SIM_PUSH_AGAIN);
        for (unsigned i = 0; i < s->items.count; i++)
            judge_pushed_again(s->j, s->items.stream, s->items.first + i);
    }
    s->is_waiting = true;
    if (s->options.is_grpc)
        push_grpc(s);
    else
        push_http(s);
}

struct sender *sender_new(struct judge *j, const struct sender_options *options)
{
    struct sender *s = sim_alloc(sizeof *s);
    struct error err = {0};
    struct loop *loop = &j->sim->outside.base;
    struct http_client_options client = {.version = options->is_grpc ? HTTP_2_PRIOR : HTTP_1_1};
    s->j = j;
    s->options = *options;
    s->client = http_client_new(loop, &client, &err);
    s->timer = loop_timer_new(loop, tick, s);
    buf_init(&s->body, NULL, 16 * 1024 * 1024);
    (void)snprintf(s->url, sizeof s->url, "http://127.0.0.1:%u%s", options->port,
                   options->is_grpc ? "" : options->path);
    loop_timer_start(s->timer, (int64_t)sim_below(j->sim, 500) * MILLISECOND, 0);
    return s;
}

void sender_free(struct sender *s)
{
    if (s == NULL)
        return;
    http_client_free(s->client);
    loop_timer_close(s->timer);
    buf_release(&s->body);
    mem_free(s);
}
