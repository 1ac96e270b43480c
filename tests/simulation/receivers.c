/* Receivers: state machines behind real servers. Each request meets a mood: well, 5xx, throttled,
 * late, taken without an answer, silent; moods last a while. Items that are refused for good always
 * are. */

#include "base/memory.h"
#include "tests/simulation/peers.h"

#include <stdio.h>

struct receiver {
    struct judge *j;
    struct receiver_options options;
    struct http_server *server;
    enum sim_kind mood; /* SIM_KINDS = well */
    int64_t mood_until;
    struct item_refs refs;
};

/* An answer that is under way or is held back. */
struct answer {
    struct receiver *receiver;
    struct http_exchange *exchange; /* one of the two */
    struct grpc_call *call;
    int status;
};

static const enum sim_kind moods[] = {SIM_ERROR, SIM_THROTTLE, SIM_LATE, SIM_LOST_ANSWER,
                                      SIM_SILENT};

static enum sim_kind mood_of(struct receiver *r)
{
    struct sim *sim = r->j->sim;
    if (sim->calm)
        return SIM_KINDS;
    if (sim->now < r->mood_until)
        return r->mood;
    r->mood = SIM_KINDS;
    for (size_t i = 0; i < sizeof moods / sizeof *moods && r->mood == SIM_KINDS; i++) {
        if (sim_fault(sim, moods[i]))
            r->mood = moods[i];
    }
    bool lasts = sim_below(sim, 4) == 0;
    r->mood_until = lasts ? sim->now + (int64_t)sim_below(sim, 6000) * MILLISECOND : 0;
    return r->mood;
}

static enum grpc_code code_of(int status)
{
    return status == 400   ? GRPC_INVALID_ARGUMENT
           : status == 429 ? GRPC_RESOURCE_EXHAUSTED
                           : GRPC_UNAVAILABLE;
}

static void give_answer(void *arg)
{
    static const struct http_header again = {STR_INIT("Retry-After"), STR_INIT("1")};
    struct answer answer = *(struct answer *)arg;
    mem_free(arg);
    if (answer.call != NULL && answer.status == 200)
        grpc_reply(answer.call, STR_NONE);
    else if (answer.call != NULL)
        grpc_fail(answer.call, code_of(answer.status), STR("no"),
                  answer.status == 429 ? SECOND : 0);
    else
        http_reply(answer.exchange, answer.status, &again, answer.status == 429, STR_NONE);
}

static void answer_in(struct answer answer, int64_t delay)
{
    struct answer *copy = sim_alloc(sizeof *copy);
    *copy = answer;
    (void)sim_after(&answer.receiver->j->sim->outside.base, delay, give_answer, copy);
}

/* True when an item of the request will never be taken. */
static bool is_poisoned(const struct receiver *r)
{
    for (size_t i = 0; i < r->refs.count; i++) {
        if (judge_is_poison(r->j, r->refs.items[i].stream, r->refs.items[i].n))
            return true;
    }
    return false;
}

/* A line a run of numbers. */
static void trace_refs(const struct receiver *r, const char *what)
{
    const struct item_ref *items = r->refs.items;
    for (size_t i = 0, first = 0; i < r->refs.count; i++) {
        bool goes_on = i + 1 < r->refs.count && items[i + 1].stream == items[i].stream &&
                       items[i + 1].n == items[i].n + 1;
        if (goes_on)
            continue;
        sim_trace(r->j->sim, "receiver %u %s %u.%u+%zu", r->options.index, what, items[i].stream,
                  items[first].n, i - first + 1);
        first = i + 1;
    }
}

static int take(struct receiver *r)
{
    bool poisoned = is_poisoned(r);
    *(poisoned ? &r->j->refused : &r->j->arrived) += r->refs.others;
    for (size_t i = 0; i < r->refs.count; i++) {
        struct item_ref item = r->refs.items[i];
        if (poisoned)
            judge_refused(r->j, r->options.index, item.stream, item.n);
        else
            judge_arrived(r->j, r->options.index, item.stream, item.n);
    }
    trace_refs(r, poisoned ? "refuses" : "takes");
    if (!poisoned)
        return 200;
    sim_saw(r->j->sim, SIM_REJECT);
    return 400;
}

static void sample(void *arg, struct str name, int64_t t_ms, double value)
{
    struct receiver *r = arg;
    r->options.sample(r->options.arg, r->options.index, name, t_ms, value);
}

static void receive(struct receiver *r, struct str body, struct str encoding, struct answer answer)
{
    const int64_t never = 3600 * SECOND;
    enum sim_kind mood = mood_of(r);
    answer.receiver = r;
    if (mood == SIM_ERROR || mood == SIM_THROTTLE || mood == SIM_SILENT) {
        sim_trace(r->j->sim, "receiver %u: %s", r->options.index, sim_kinds[mood].text);
        answer.status = mood == SIM_THROTTLE ? 429 : 503;
        answer_in(answer, mood == SIM_SILENT ? never : 0);
        return;
    }
    r->refs.sample = r->options.sample != NULL ? sample : NULL;
    r->refs.arg = r;
    answer.status = body_read(r->j, r->options.protocol, body, encoding, &r->refs) ? take(r) : 400;
    int64_t delay = 0;
    if (mood == SIM_LATE || mood == SIM_LOST_ANSWER) {
        judge_open_outcome(r->j, r->refs.count);
        delay = mood == SIM_LATE ? (int64_t)sim_below(r->j->sim, 8000) * MILLISECOND : never;
    }
    answer_in(answer, delay);
}

static void on_http(void *arg, struct http_exchange *exchange)
{
    const struct http_request *request = http_exchange_request(exchange);
    struct answer answer = {.exchange = exchange};
    receive(arg, request->body, http_request_header(request, "content-encoding"), answer);
}

static void on_grpc(void *arg, struct grpc_call *call, struct str message)
{
    struct answer answer = {.call = call};
    receive(arg, message, STR_NONE, answer);
}

struct receiver *receiver_new(struct judge *j, const struct receiver_options *options)
{
    static const char *const methods[] = {
        "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    };
    struct receiver *r = sim_alloc(sizeof *r);
    struct error err = {0};
    char listen[64];
    int len = snprintf(listen, sizeof listen, "10.0.0.1:%u", options->port);
    struct http_server_options server = {.listen = str_of(listen, (size_t)len)};
    struct http_route route = {.path = "/", .is_prefix = true, .handler = on_http, .arg = r};
    r->j = j;
    r->options = *options;
    r->mood = SIM_KINDS;
    r->server = http_server_new(&j->sim->outside.base, &server, &err);
    ASSERT(r->server != NULL);
    http_server_route(r->server, &route);
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        struct grpc_method method = {.path = methods[i], .handler = on_grpc, .arg = r};
        if (options->protocol >= PROTOCOL_OTLP_LOGS)
            grpc_server_add(r->server, &method);
    }
    return r;
}

/* The server goes with the run. */
void receiver_free(struct receiver *r)
{
    mem_free(r);
}
