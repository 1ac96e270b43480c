/* The simulator's network at the level of HTTP: requests reach peers after a latency, answers come
 * back after another, or one of the faults happens. Requests under way die with the process. */

#include "tests/simulation/sim.h"

#include "base/memory.h"

struct sim_client {
    struct http_client base;
    struct sim *sim;
};

struct sim_call {
    struct http_call base;
    struct sim *sim;
    struct str authority, method, path;
    char *text;      /* what the texts above point into */
    char *body_copy; /* what is on the wire */
    size_t body_len;
    http_done_fn *done;
    void *arg;
    int64_t sent, timeout_ns;
    int status;
    bool is_cancelled, is_finished;
    unsigned events; /* under way */
};

static void drop(struct sim_call *call)
{
    if (--call->events != 0)
        return;
    mem_free(call->text);
    mem_free(call->body_copy);
    mem_free(call);
}

static void schedule(struct sim_call *call, int64_t delay, loop_fn *fn)
{
    call->events++;
    sim_after(call->sim, delay, fn, call);
}

static int64_t latency(struct sim *sim)
{
    return 1000 + (int64_t)sim_below(sim, (uint64_t)sim->faults.max_latency_ns + 1);
}

static void finish(struct sim_call *call, enum status status, const char *what)
{
    static const struct http_header throttled[] = {{STR_INIT("retry-after"), STR_INIT("1")}};
    struct error err = {0};
    struct http_response response = {
        .status = call->status,
        .headers = throttled,
        .header_count = call->status == 429 ? 1 : 0,
        .duration_ns = call->sim->now - call->sent,
        .peer_version = STR("HTTP/1.1"),
    };
    if (call->is_finished || call->is_cancelled)
        return;
    call->is_finished = true;
    if (status != STATUS_OK)
        error_set(&err, status, "%s", what);
    call->done(call->arg, &response, &err);
}

static void answered(void *arg)
{
    struct sim_call *call = arg;
    finish(call, STATUS_OK, "");
    drop(call);
}

static void broken(void *arg)
{
    struct sim_call *call = arg;
    call->status = 0;
    finish(call, STATUS_IO, "connection reset by peer");
    drop(call);
}

static void timed_out(void *arg)
{
    struct sim_call *call = arg;
    call->status = 0;
    finish(call, STATUS_TIMEOUT, "the call took too long");
    drop(call);
}

static struct sim_peer *find_peer(struct sim *sim, struct str authority)
{
    for (size_t i = 0; i < sim->peer_count; i++) {
        if (str_eq(sim->peers[i].authority, authority))
            return &sim->peers[i];
    }
    return NULL;
}

static void deliver(struct sim_call *call, struct sim_peer *peer)
{
    struct sim *sim = call->sim;
    struct sim_request request = {
        .method = call->method,
        .path = call->path,
        .body = str_of(call->body_copy, call->body_len),
    };
    call->status = peer->handle(peer->arg, &request);
    if (sim_chance(sim, sim->faults.peer_lost_answer)) {
        sim->seen.lost_answers++;
        sim_trace(sim, "%.*s took the request, its answer is lost", STR_ARG(call->authority));
        schedule(call, latency(sim), broken);
        return;
    }
    schedule(call, latency(sim), answered);
}

static void arrives(void *arg)
{
    struct sim_call *call = arg;
    struct sim *sim = call->sim;
    struct sim_peer *peer = find_peer(sim, call->authority);
    sim->seen.requests++;
    if (call->is_cancelled) {
        drop(call);
        return;
    }
    if (peer == NULL || peer->is_down || sim_chance(sim, sim->faults.peer_refused)) {
        sim->seen.refusals++;
        schedule(call, latency(sim), broken);
    } else if (sim_chance(sim, sim->faults.peer_silent)) {
        sim->seen.silences++;
        sim_trace(sim, "%.*s says nothing", STR_ARG(call->authority));
        if (call->timeout_ns == 0)
            schedule(call, 30000000000, broken);
    } else if (sim_chance(sim, sim->faults.peer_error)) {
        sim->seen.errors++;
        call->status = 503;
        schedule(call, latency(sim), answered);
    } else if (sim_chance(sim, sim->faults.peer_throttle)) {
        sim->seen.throttles++;
        call->status = 429;
        schedule(call, latency(sim), answered);
    } else {
        deliver(call, peer);
    }
    drop(call);
}

static struct http_client *client_new(struct loop *loop, const struct http_client_options *o,
                                      struct error *err)
{
    struct sim_client *client = sim_alloc(sizeof *client);
    (void)o;
    error_clear(err);
    client->base.ops = &sim_http_ops;
    client->sim = (struct sim *)loop;
    return &client->base;
}

static void client_free(struct http_client *client)
{
    mem_free(client);
}

static char *copy(const char *bytes, size_t len)
{
    char *out = sim_alloc(len + 1);
    if (len != 0)
        memcpy(out, bytes, len);
    return out;
}

static struct http_call *send(struct http_client *client, const struct http_call_options *o,
                              http_done_fn *done, void *arg)
{
    struct sim_call *call = sim_alloc(sizeof *call);
    size_t scheme = str_find(o->url, STR("://"), 0);
    call->base.ops = &sim_http_ops;
    call->sim = ((struct sim_client *)client)->sim;
    call->text = copy(o->url.ptr, o->url.len);
    struct str url = str_of(call->text, o->url.len);
    struct str rest = scheme == SIZE_MAX ? url : str_slice(url, scheme + 3, url.len);
    size_t slash = str_find_byte(rest, '/', 0);
    call->authority = str_slice(rest, 0, slash);
    call->path = slash == SIZE_MAX ? STR("/") : str_slice(rest, slash, rest.len);
    call->method = str_is(o->method, "POST") ? STR("POST") : STR("GET");
    call->body_copy = copy(o->body.ptr, o->body.len);
    call->body_len = o->body.len;
    call->done = done;
    call->arg = arg;
    call->sent = call->sim->now;
    call->timeout_ns = o->timeout_ns;
    schedule(call, latency(call->sim), arrives);
    if (o->timeout_ns > 0)
        schedule(call, o->timeout_ns, timed_out);
    return &call->base;
}

static void cancel(struct http_call *call)
{
    ((struct sim_call *)call)->is_cancelled = true;
}

/* In-process requests are the product's own: nothing in the simulator makes them. */
static void set_internal(struct http_client *client, http_internal_fn *fn, void *arg)
{
    (void)client;
    (void)fn;
    (void)arg;
}

const struct http_client_ops sim_http_ops = {
    .client_new = client_new,
    .client_free = client_free,
    .send = send,
    .cancel = cancel,
    .set_internal = set_internal,
};
