/* Shape of the listener's arguments, and listening as they say. Owns nothing. */
#include "components/common/server_config.h"

static enum status check_listener(void *args, struct arena *arena, struct error *err)
{
    (void)arena;
    const struct http_listener_config *c = args;
    if (c->listen_port < 0 || c->listen_port > 65535) {
        return error_set(err, STATUS_INVALID, "listen_port %lld is not a port",
                         (long long)c->listen_port);
    }
    return STATUS_OK;
}

static const struct row listener_rows[] = {
    {ATTR(struct http_listener_config, listen_address),
     .doc = "Address to listen on, all when empty."},
    {ATTR(struct http_listener_config, listen_port), .def = "8080", .doc = "Port to listen on."},
    {ATTR(struct http_listener_config, conn_limit),
     .doc = "Connections at a time, 0 for the server's own limit."},
    {REFUSED("server_read_timeout", "slow requests are cut by the server's own rules")},
    {REFUSED("server_write_timeout", "slow readers are cut by the server's own rules")},
    {ATTR(struct http_listener_config, server_idle_timeout), .def = "\"2m0s\"",
     .doc = "Time a connection may wait for its next request."},
    {BLOCK_OPT(struct http_listener_config, tls, tls_listener_shape),
     .doc = "TLS of the listener."},
    {REFUSED_BLOCK("http2", "the server's own HTTP/2 limits apply")},
    {0},
};
static const struct shape listener_shape = {.name = "http",
                                            .rows = listener_rows,
                                            .size = sizeof(struct http_listener_config),
                                            .check = check_listener};

static const struct row rows[] = {
    {ATTR(struct server_config, graceful_shutdown_timeout), .def = "\"30s\"",
     .doc = "Time that requests under way get at the end."},
    {BLOCK(struct server_config, http, listener_shape), .present_default = true,
     .doc = "Where requests are taken."},
    {REFUSED_BLOCK("grpc", "these receivers speak HTTP only")},
    {0},
};
const struct shape server_config_shape = {
    .name = "server", .rows = rows, .size = sizeof(struct server_config)};

bool server_config_equal(const struct server_config *a, const struct server_config *b)
{
    return schema_equal(&server_config_shape, a, b);
}

enum status server_config_listen(const struct server_config *config, struct loop *loop,
                                 struct mem_owner *owner, size_t max_body, struct http_server **out,
                                 struct error *err)
{
    const struct http_listener_config *http = &config->http;
    struct arena arena;
    arena_init(&arena, NULL, 8 * 1024 * 1024);
    bool is_ipv6 = str_find_byte(http->listen_address, ':', 0) != SIZE_MAX &&
                   http->listen_address.ptr[0] != '[';
    struct str host = http->listen_address.len > 0 ? http->listen_address : STR("0.0.0.0");
    struct http_server_options options = {
        .listen = arena_printf(&arena, is_ipv6 ? "[%.*s]:%lld" : "%.*s:%lld", STR_ARG(host),
                               (long long)http->listen_port),
        .max_body = max_body,
        .max_connections = http->conn_limit > 0 ? (size_t)http->conn_limit : 0,
        .idle_timeout_ns = http->server_idle_timeout.ns,
        .owner = owner,
    };
    enum status status = tls_listener_apply(http->tls, &arena, &options, err);
    if (status == STATUS_OK) {
        *out = http_server_new(loop, &options, err);
        status = *out ? STATUS_OK : err->status;
    }
    arena_release(&arena);
    return status;
}
