/* Routes and their answers. Owns the listener; looks at the graph on its own loop. */

#include "runtime/server/parts.h"

#include "base/file.h"

#include <fcntl.h>

enum { BODY_MAX = 256 * 1024 * 1024, REQUEST_MAX = 1 << 20 };

static void reply(struct http_exchange *exchange, const char *type, struct str body)
{
    struct http_header header = {STR("content-type"), str_from(type)};
    http_reply(exchange, 200, &header, 1, body);
}

static void ready(void *arg, struct http_exchange *exchange)
{
    struct server *server = arg;
    if (graph_ready(server->options.graph))
        http_reply_text(exchange, 200, STR("Alloy is ready.\n"));
    else
        http_reply_text(exchange, 503, STR("Alloy is not ready.\n"));
}

static void healthy(void *arg, struct http_exchange *exchange)
{
    struct server *server = arg;
    struct buf names, text;
    buf_init(&names, NULL, BODY_MAX);
    buf_init(&text, NULL, BODY_MAX);
    if (graph_unhealthy(server->options.graph, &names)) {
        buf_printf(&text, "unhealthy components: %.*s\n", STR_ARG(buf_view(&names)));
        http_reply_text(exchange, 500, buf_view(&text));
    } else {
        http_reply_text(exchange, 200, STR("All Alloy components are healthy.\n"));
    }
    buf_release(&names);
    buf_release(&text);
}

static void reloaded(void *arg, bool ok, struct str text)
{
    http_reply_text(arg, ok ? 200 : 400, text);
}

static void reloaded_json(void *arg, bool ok, struct str json)
{
    static const struct http_header type = {STR_INIT("content-type"), STR_INIT("application/json")};
    http_reply(arg, ok ? 200 : 400, &type, 1, json);
}

/* With "Accept: application/json" the answer is a report; without, what Alloy says. */
static enum status request_reload(const struct server *server, struct http_exchange *exchange)
{
    struct str accept = http_request_header(http_exchange_request(exchange), "accept");
    struct reloader *reloader = server->options.reloader;
    if (str_is(accept, "application/json"))
        return reloader_request_json(reloader, reloaded_json, exchange);
    return reloader_request(reloader, reloaded, exchange);
}

static void reload(void *arg, struct http_exchange *exchange)
{
    struct server *server = arg;
    struct str method = http_exchange_request(exchange)->method;
    if (!str_is(method, "GET") && !str_is(method, "POST"))
        http_reply_text(exchange, 404, STR("404 page not found\n")); /* as Alloy's router does */
    else if (request_reload(server, exchange) != STATUS_OK)
        http_reply_text(exchange, 503, STR("too many reloads are waiting\n"));
}

/* The command line, words separated by NUL: all that is offered of Go's /debug/pprof. */
static void command_line(void *arg, struct http_exchange *exchange)
{
    const struct server *server = arg;
    struct buf text;
    struct error err = {0};
    buf_init(&text, NULL, BODY_MAX);
    if (!server->options.pprof)
        http_reply_text(exchange, 404, STR("404 page not found\n"));
    else if (file_read(AT_FDCWD, "/proc/self/cmdline", &text, &err) != STATUS_OK)
        http_reply_text(exchange, 500, str_from(err.message));
    else
        http_reply_text(exchange, 200, str_slice(buf_view(&text), 0, text.len ? text.len - 1 : 0));
    buf_release(&text);
}

static void metrics(void *arg, struct http_exchange *exchange)
{
    struct server *server = arg;
    struct buf text;
    buf_init(&text, NULL, BODY_MAX);
    process_metrics_update(server->options.process);
    self_registry_write(server->options.metrics, &text);
    reply(exchange, "text/plain; version=0.0.4; charset=utf-8", buf_view(&text));
    buf_release(&text);
}

/* ---- components as JSON ---- */

typedef bool write_fn(struct graph *graph, struct str id, struct json_writer *w);

static void reply_json(const struct server *server, struct http_exchange *exchange, write_fn *write,
                       struct str id)
{
    struct buf text;
    struct json_writer w;
    buf_init(&text, NULL, BODY_MAX);
    json_begin(&w, &text);
    if (!write(server->options.graph, id, &w))
        http_reply_text(exchange, 404, STR("not found\n"));
    else if (!buf_ok(&text))
        http_reply_text(exchange, 500, STR("the answer is too large\n"));
    else
        reply(exchange, "application/json", buf_view(&text));
    buf_release(&text);
}

static void components(void *arg, struct http_exchange *exchange)
{
    reply_json(arg, exchange, graph_module_json, STR(""));
}

static struct str behind(const struct http_exchange *exchange, const char *prefix)
{
    struct str path = http_exchange_request(exchange)->path;
    return str_slice(path, strlen(prefix), path.len);
}

static void component(void *arg, struct http_exchange *exchange)
{
    reply_json(arg, exchange, graph_component_json, behind(exchange, "/api/v0/web/components/"));
}

static void module(void *arg, struct http_exchange *exchange)
{
    struct str id = behind(exchange, "/api/v0/web/modules/");
    struct str tail = STR("/components");
    if (str_ends(id, tail))
        reply_json(arg, exchange, graph_module_json, str_slice(id, 0, id.len - tail.len));
    else
        http_reply_text(exchange, 404, STR("not found\n"));
}

static void peers(void *arg, struct http_exchange *exchange)
{
    (void)arg;
    reply(exchange, "application/json", STR("[]"));
}

static void not_found(void *arg, struct http_exchange *exchange)
{
    (void)arg;
    http_reply_text(exchange, 404, STR("404 page not found\n"));
}

static void component_http(void *arg, struct http_exchange *exchange)
{
    server_forward(arg, exchange, behind(exchange, "/api/v0/component/"));
}

static void guard(void *arg, struct http_exchange *exchange)
{
    const struct guarded *guarded = arg;
    if (server_auth_admit(guarded->server->options.auth, exchange))
        guarded->handler(guarded->server, exchange);
}

struct server *server_new(const struct server_options *options, struct error *err)
{
    static const struct http_route routes[] = {
        {.method = "GET", .path = "/", .handler = server_page},
        {.path = "/-/ready", .handler = ready},
        {.path = "/-/healthy", .handler = healthy},
        {.path = "/-/reload", .handler = reload},
        {.method = "GET", .path = "/metrics", .handler = metrics},
        {.method = "GET", .path = "/debug/pprof/cmdline", .handler = command_line},
        {.method = "GET", .path = "/api/v0/web/components", .handler = components},
        {.method = "GET",
         .path = "/api/v0/web/components/",
         .is_prefix = true,
         .handler = component},
        {.method = "GET", .path = "/api/v0/web/modules/", .is_prefix = true, .handler = module},
        {.method = "GET", .path = "/api/v0/web/peers", .handler = peers},
        {.method = "POST", .path = "/api/v0/web/review", .handler = server_review},
        {.path = "/api/v0/component/", .is_prefix = true, .handler = component_http},
        {.path = "/", .is_prefix = true, .handler = not_found},
    };
    struct http_server_options http = {.listen = options->listen, .max_body = REQUEST_MAX};
    struct http_server *listener = http_server_new(options->loop, &http, err);
    if (!listener)
        return NULL;
    struct server *server = mem_zalloc(NULL, sizeof(*server));
    server->options = *options;
    server->http = listener;
    rates_init(&server->rates, loop_now_ns(options->loop));
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        struct http_route route = routes[i];
        ASSERT(i < ROUTES_MAX);
        server->guarded[i] = (struct guarded){server, route.handler};
        route.handler = guard;
        route.arg = &server->guarded[i];
        http_server_route(listener, &route);
    }
    return server;
}

void server_address(const struct server *server, struct address *out)
{
    http_server_address(server->http, out);
}

void server_close(struct server *server, int64_t grace_ns, loop_fn *closed, void *arg)
{
    server_close_inner(server);
    http_server_close(server->http, grace_ns, closed, arg);
}

void server_free(struct server *server)
{
    if (server)
        rates_release(&server->rates);
    mem_free(server);
}
