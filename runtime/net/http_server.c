/* The server: its listener, its connections' deadlines and its end. Owns the connections and, until
 * they are answered, the exchanges. */

#include "runtime/net/server.h"
#include "runtime/net/tls.h"

#include "base/world.h"

#include <stdio.h>
#include <time.h>

static void finish_closing(void *arg)
{
    struct http_server *server = arg;
    loop_fn *closed = server->closed;
    void *closed_arg = server->closed_arg;
    for (struct http_exchange *each = server->spare, *next; each; each = next) {
        next = each->next;
        arena_release(&each->arena);
        net_free(each);
    }
    loop_timer_close(server->sweep);
    loop_timer_close(server->rest);
    tls_context_free(server->tls);
    routes_release(server);
    buf_release(&server->scratch);
    net_free(server);
    if (closed)
        closed(closed_arg);
}

/* The end comes when the last client is gone and the last in-process request is answered. */
static void check_end(struct http_server *server)
{
    if (!server->closing || server->freeing || server->conn_count > 0 || server->internal)
        return;
    server->freeing = true;
    loop_defer(server->loop, finish_closing, server);
}

void server_gone(struct http_server *server)
{
    if (server->closing)
        check_end(server);
    else if (server->conn_count == 0)
        loop_timer_stop(server->sweep);
}

static void on_sweep(void *arg)
{
    struct http_server *server = arg;
    int64_t now = loop_now_ns(server->loop);
    bool overdue = server->closing && now >= server->close_by;
    for (struct http_conn *conn = server->conns; conn; conn = server->sweep_next) {
        server->sweep_next = conn->next;
        if (overdue)
            conn_close(conn);
        else
            conn_sweep(conn, now);
    }
    server->sweep_next = NULL;
}

struct str server_date(struct http_server *server)
{
    int64_t second = world_wall_ns() / NET_SECOND;
    if (second != server->date_second) {
        time_t when = (time_t)second;
        struct tm tm;
        server->date_second = second;
        /* The C locale's names are RFC 9110's (§5.6.7). */
        if (gmtime_r(&when, &tm))
            (void)strftime(server->date, sizeof(server->date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
    }
    return str_from(server->date);
}

static void undo_server(void *arg)
{
    http_server_close(arg, 0, NULL, NULL);
}

struct http_server *http_server_new(struct loop *loop, const struct http_server_options *options,
                                    struct error *err)
{
    struct http_server *server = net_alloc(sizeof(*server));
    server->loop = loop;
    server->owner = options->owner;
    server->max_body = options->max_body ? options->max_body : MAX_BODY_DEFAULT;
    server->max_connections =
        options->max_connections ? options->max_connections : CONNECTIONS_DEFAULT;
    server->idle_timeout = options->idle_timeout_ns ? options->idle_timeout_ns : IDLE_DEFAULT;
    server->only_http2 = options->grpc_only_http2;
    buf_init(&server->scratch, NULL, 2 * HEAD_MAX + SMALL_BODY);
    mem_scope_guard(net_free, server);
    server->sweep = loop_timer_new(loop, on_sweep, server);
    server->rest = loop_timer_new(loop, server_rest_tick, server);
    mem_scope_unguard(net_free, server);
    if (options->tls_enabled) {
        server->tls = tls_server_context(options, err);
        if (!server->tls) {
            loop_timer_close(server->sweep);
            loop_timer_close(server->rest);
            net_free(server);
            return NULL;
        }
    }
    mem_scope_guard(undo_server, server);
    if (options->listen.len == 0)
        return server; /* in-process requests only */
    server->listener = listener_new(loop, options->listen, conn_accept, server, err);
    if (!server->listener) {
        http_server_close(server, 0, NULL, NULL);
        return NULL;
    }
    return server;
}

void http_server_address(const struct http_server *server, struct address *out)
{
    listener_address(server->listener, out);
}

void http_server_close(struct http_server *server, int64_t grace_ns, loop_fn *closed, void *arg)
{
    ASSERT(!server->closing);
    mem_scope_unguard(undo_server, server);
    server->closing = true;
    server->closed = closed;
    server->closed_arg = arg;
    server->close_by = loop_now_ns(server->loop) + grace_ns;
    if (server->listener)
        listener_close(server->listener);
    server->listener = NULL;
    for (struct http_conn *conn = server->conns, *next; conn; conn = next) {
        next = conn->next;
        conn_enter(conn);
        conn_wake(conn);
        if (grace_ns <= 0 || !conn->engine)
            conn_close(conn);
        else
            conn->engine->finish(conn);
        (void)conn_leave(conn);
    }
    check_end(server);
}
