/* Requests that cross loops: from the listener to a component's handler and back, and from
 * components to the program itself. A request is copied, carried to the loop where it is answered,
 * and its answer is carried back. Each data loop has a server without a listener that makes the
 * exchanges; it is made when first needed. Bodies of requests are not carried: handlers of
 * components answer GET. */

#include "runtime/server/parts.h"

enum { CARRIED_MAX = 64 * 1024 * 1024 };

struct carried {
    struct server *server;
    struct arena arena; /* the request, then the answer */
    struct component_host *host;
    struct str rest;
    struct str target; /* path and query */
    struct http_header *headers;
    size_t header_count;
    /* Who asked. */
    struct http_exchange *exchange; /* the listener, or: */
    struct loop *origin;            /* a component */
    http_done_fn *done;
    void *done_arg;
    int64_t started_ns;
    struct http_response answer;
    struct error err;
};

static struct carried *carried_new(struct server *server, struct str target,
                                   const struct http_header *headers, size_t count)
{
    struct carried *c = mem_zalloc(NULL, sizeof(*c));
    c->server = server;
    arena_init(&c->arena, NULL, CARRIED_MAX);
    c->target = arena_str(&c->arena, target);
    c->headers = ARENA_ARRAY(&c->arena, count + 1, struct http_header);
    c->header_count = count;
    for (size_t i = 0; i < count; i++) {
        c->headers[i].name = arena_str(&c->arena, headers[i].name);
        c->headers[i].value = arena_str(&c->arena, headers[i].value);
    }
    return c;
}

static void carried_free(struct carried *c)
{
    if (c->host)
        host_drop(c->host);
    arena_release(&c->arena);
    mem_free(c);
}

/* ---- the way back ---- */

static void answer_asker(void *arg)
{
    struct carried *c = arg;
    c->done(c->done_arg, &c->answer, &c->err);
    carried_free(c);
}

static void answer_listener(void *arg)
{
    struct carried *c = arg;
    http_reply(c->exchange, c->answer.status ? c->answer.status : 502, c->answer.headers,
               c->answer.header_count, c->answer.body);
    carried_free(c);
}

static void send_back(struct carried *c)
{
    if (c->exchange)
        loop_post(c->server->options.loop, answer_listener, c);
    else
        loop_post(c->origin, answer_asker, c);
}

static void set_answer(struct carried *c, int status, const char *text)
{
    c->answer = (struct http_response){.status = status,
                                       .body = str_from(text),
                                       .content_type = STR("text/plain; charset=utf-8"),
                                       .peer_version = STR("HTTP/1.1")};
}

static void take_answer(void *arg, const struct http_response *answer, const struct error *err)
{
    struct carried *c = arg;
    if (err)
        c->err = *err;
    c->answer = *answer;
    char *body = arena_try_alloc(&c->arena, answer->body.len + 1);
    if (!body) {
        set_answer(c, 507, "the answer is too large\n");
        send_back(c);
        return;
    }
    if (answer->body.len)
        memcpy(body, answer->body.ptr, answer->body.len);
    c->answer.body = str_of(body, answer->body.len);
    c->answer.content_type = arena_str(&c->arena, answer->content_type);
    c->answer.peer_version = STR("HTTP/1.1");
    struct http_header *headers =
        ARENA_ARRAY(&c->arena, answer->header_count + 1, struct http_header);
    size_t count = 0;
    for (size_t i = 0; i < answer->header_count; i++) {
        if (str_is(answer->headers[i].name, "content-length"))
            continue; /* set again where the answer is sent */
        headers[count].name = arena_str(&c->arena, answer->headers[i].name);
        headers[count++].value = arena_str(&c->arena, answer->headers[i].value);
    }
    c->answer.headers = headers;
    c->answer.header_count = count;
    send_back(c);
}

/* ---- on the component's loop ---- */

static void serve(void *arg, struct http_exchange *exchange)
{
    struct inner_server *inner = arg;
    struct carried *c = inner->current;
    inner->current = NULL;
    host_serve(c->host, exchange, c->rest);
}

static struct inner_server *inner_of(struct server *server, struct loop *loop, struct error *err)
{
    struct inner_server *free_one = NULL;
    for (unsigned i = 0; i < GRAPH_MAX_DATA_LOOPS; i++) {
        struct loop *owner = atomic_load(&server->inner[i].loop);
        if (owner == loop)
            return &server->inner[i];
        struct loop *none = NULL;
        if (!owner && atomic_compare_exchange_strong(&server->inner[i].loop, &none, loop)) {
            free_one = &server->inner[i];
            break;
        }
    }
    if (!free_one)
        return NULL;
    struct http_server_options options = {.listen = STR("")};
    free_one->http = http_server_new(loop, &options, err);
    if (!free_one->http) {
        atomic_store(&free_one->loop, NULL);
        return NULL;
    }
    struct http_route route = {.path = "/", .is_prefix = true, .handler = serve, .arg = free_one};
    http_server_route(free_one->http, &route);
    return free_one;
}

static void on_component_loop(void *arg)
{
    struct carried *c = arg;
    struct inner_server *inner = inner_of(c->server, host_loop(c->host), &c->err);
    if (!inner) {
        set_answer(c, 503, "no resources for the request\n");
        send_back(c);
        return;
    }
    inner->current = c;
    http_server_internal(inner->http, c->target, c->headers, c->header_count, take_answer, c);
}

/* On the control loop: to the component if the path names one. */
static bool to_component(struct carried *c, struct str path)
{
    struct str rest;
    struct component_host *host = graph_http_host(c->server->options.graph, path, &rest);
    if (!host)
        return false;
    /* prometheus.exporter.self shows what is counted on this loop. */
    if (str_starts(path, STR("prometheus.exporter.self")))
        process_metrics_update(c->server->options.process);
    host_hold(host);
    c->host = host;
    c->rest = arena_str(&c->arena, rest);
    loop_post(host_loop(host), on_component_loop, c);
    return true;
}

void server_forward(struct server *server, struct http_exchange *exchange, struct str path)
{
    const struct http_request *request = http_exchange_request(exchange);
    struct buf target;
    buf_init(&target, NULL, 1 << 20);
    buf_str(&target, request->path);
    if (request->query.len)
        buf_printf(&target, "?%.*s", STR_ARG(request->query));
    struct carried *c =
        carried_new(server, buf_view(&target), request->headers, request->header_count);
    buf_release(&target);
    c->exchange = exchange;
    if (to_component(c, path))
        return;
    carried_free(c);
    http_reply_text(exchange, 404, STR("no such component, or it serves no requests\n"));
}

/* ---- requests of components ---- */

static void internal_on_control(void *arg)
{
    struct carried *c = arg;
    struct str prefix = STR("/api/v0/component/");
    if (str_starts(c->target, prefix)) {
        struct str path, query;
        str_cut(str_slice(c->target, prefix.len, c->target.len), '?', &path, &query);
        if (to_component(c, path))
            return;
    }
    http_server_internal(c->server->http, c->target, c->headers, c->header_count, take_answer, c);
}

static void refuse(void *arg)
{
    struct carried *c = arg;
    error_set(&c->err, STATUS_UNAVAILABLE, "the program's server is not running");
    answer_asker(c);
}

void server_internal(void *arg, struct loop *loop, const struct http_internal *request,
                     http_done_fn *done, void *done_arg)
{
    struct server_slot *slot = arg;
    struct carried *c =
        carried_new(slot->server, request->path_and_query, request->headers, request->header_count);
    c->origin = loop;
    c->done = done;
    c->done_arg = done_arg;
    if (slot->server)
        loop_post(slot->control, internal_on_control, c);
    else
        loop_post(loop, refuse, c);
}

/* ---- closing ---- */

static void close_inner(void *arg)
{
    struct inner_server *inner = arg;
    http_server_close(inner->http, 0, NULL, NULL);
}

void server_close_inner(struct server *server)
{
    for (unsigned i = 0; i < GRAPH_MAX_DATA_LOOPS; i++) {
        struct loop *loop = atomic_load(&server->inner[i].loop);
        if (loop)
            loop_call(loop, close_inner, &server->inner[i]);
    }
}
