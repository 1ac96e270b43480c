#include "runtime/net/server.h"

static void feed(struct http_conn *conn, struct str bytes)
{
    (void)bytes;
    conn_close(conn);
}

static void nothing(struct http_conn *conn)
{
    (void)conn;
}

const struct http_engine http2_engine = {.feed = feed, .release = nothing};

void http2_upgrade(struct http_conn *conn, struct http_exchange *exchange)
{
    (void)conn;
    exchange_dispatch(exchange);
}
