/* Connections that rest after a refusal. A client that was told to come again later and does not
 * wait could else keep the loop busy with reading what will be refused: three times the load would
 * halve what is delivered.
 *
 * The one that rests longest is woken first: one a tick to see whether there is room again, more
 * when requests were taken, and all within REST_MAX_TICKS ticks. */

#include "runtime/net/server.h"

static const int64_t TICK = NET_SECOND / 200;
enum { REST_MAX_TICKS = 100, WAKE_PER_ANSWER = 2 };

static void unlink_conn(struct http_conn *conn)
{
    struct http_server *server = conn->server;
    *(conn->rest_prev ? &conn->rest_prev->rest_next : &server->rest_first) = conn->rest_next;
    *(conn->rest_next ? &conn->rest_next->rest_prev : &server->rest_last) = conn->rest_prev;
    conn->rest_prev = conn->rest_next = NULL;
    server->resting--;
}

void conn_rest(struct http_conn *conn)
{
    struct http_server *server = conn->server;
    if (!conn->stream || conn->lingering || conn->resting || server->closing)
        return;
    conn->resting = true;
    conn->rest_prev = server->rest_last;
    *(server->rest_last ? &server->rest_last->rest_next : &server->rest_first) = conn;
    server->rest_last = conn;
    server->resting++;
    conn_read_or_not(conn);
    if (!loop_timer_active(server->rest))
        loop_timer_start(server->rest, TICK, TICK);
}

void conn_wake(struct http_conn *conn)
{
    if (!conn->resting)
        return;
    unlink_conn(conn);
    conn->resting = false;
    conn_read_or_not(conn);
}

static void wake(struct http_server *server, size_t count)
{
    for (; count > 0 && server->rest_first; count--)
        conn_wake(server->rest_first);
}

void server_served(struct http_server *server)
{
    wake(server, WAKE_PER_ANSWER);
}

void server_rest_tick(void *arg)
{
    struct http_server *server = arg;
    wake(server, 1 + server->resting / REST_MAX_TICKS);
    if (!server->rest_first)
        loop_timer_stop(server->rest);
}
