/* A server's connection: from the accepted stream to its closing, with its deadlines. Bytes pass
 * through TLS when the server has it. Bounded by the server's maximum of connections and by the
 * engines' buffers. */

#include "runtime/net/server.h"
#include "runtime/net/tls.h"

static const struct str preface = STR_INIT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"); /* RFC 9113 §3.4 */

static void conn_free(struct http_conn *conn)
{
    struct http_server *server = conn->server;
    if (conn->engine)
        conn->engine->release(conn);
    tls_session_free(conn->tls);
    buf_release(&conn->in);
    *(conn->prev ? &conn->prev->next : &server->conns) = conn->next;
    if (conn->next)
        conn->next->prev = conn->prev;
    if (server->sweep_next == conn)
        server->sweep_next = conn->next;
    server->conn_count--;
    net_free(conn);
    server_gone(server);
}

void conn_enter(struct http_conn *conn)
{
    conn->busy++;
}

bool conn_leave(struct http_conn *conn)
{
    ASSERT(conn->busy > 0);
    if (--conn->busy == 0 && !conn->stream) {
        conn_free(conn);
        return false;
    }
    return conn->stream != NULL;
}

void conn_close(struct http_conn *conn)
{
    if (!conn->stream)
        return;
    conn_wake(conn);
    stream_close(conn->stream);
    conn->stream = NULL;
    for (struct http_exchange *each = conn->exchanges, *next; each; each = next) {
        next = each->next;
        exchange_orphan(each);
    }
    if (conn->busy == 0)
        conn_free(conn);
}

static void write_raw(void *arg, struct str bytes)
{
    struct http_conn *conn = arg;
    if (!conn->stream)
        return;
    conn->written += bytes.len;
    if (stream_write(conn->stream, bytes) > 0 && conn->left_at == 0)
        conn->left_at = loop_now_ns(conn->server->loop);
}

void conn_send(struct http_conn *conn, struct str bytes)
{
    if (!conn->stream || bytes.len == 0)
        return;
    if (!conn->tls)
        write_raw(conn, bytes);
    else if (!tls_session_write(conn->tls, bytes))
        conn_close(conn);
}

size_t conn_pending(const struct http_conn *conn)
{
    return conn->stream ? stream_pending(conn->stream) : 0;
}

void conn_read_or_not(struct http_conn *conn)
{
    if (conn->stream)
        stream_pause(conn->stream, conn->paused || conn->resting);
}

void conn_pause(struct http_conn *conn, bool paused)
{
    if (!conn->stream || conn->paused == paused)
        return;
    conn->paused = paused;
    conn_read_or_not(conn);
}

void conn_linger(struct http_conn *conn)
{
    if (!conn->stream || conn->lingering)
        return;
    if (conn->peer_ended && stream_pending(conn->stream) == 0) {
        conn_close(conn);
        return;
    }
    conn->lingering = true;
    if (conn->tls)
        tls_session_end(conn->tls);
    stream_shutdown(conn->stream);
    conn->deadline = loop_now_ns(conn->server->loop) + LINGER_TIMEOUT;
    conn_pause(conn, false);
    conn_wake(conn);
}

void conn_use(struct http_conn *conn, const struct http_engine *engine)
{
    struct buf read = conn->in;
    conn->engine = engine;
    buf_init(&conn->in, NULL, HEAD_MAX + PIPELINE_MAX + READ_MAX);
    engine->feed(conn, buf_view(&read));
    buf_release(&read);
}

/* The first bytes tell HTTP/2 with prior knowledge from HTTP/1. */
static void choose(struct http_conn *conn, struct str bytes)
{
    if (!net_append(&conn->in, bytes)) {
        conn_close(conn);
        return;
    }
    struct str seen = str_slice(buf_view(&conn->in), 0, preface.len);
    bool matches = str_eq(seen, str_slice(preface, 0, seen.len));
    if (matches && seen.len < preface.len)
        return;
    if (!matches && conn->server->only_http2) {
        conn_close(conn);
        return;
    }
    conn_use(conn, matches ? &http2_engine : &http1_engine);
}

static void feed(void *arg, struct str bytes)
{
    struct http_conn *conn = arg;
    if (!conn->stream)
        return;
    if (conn->engine)
        conn->engine->feed(conn, bytes);
    else if (conn->tls && tls_session_is_http2(conn->tls))
        conn_use(conn, &http2_engine), http2_engine.feed(conn, bytes);
    else
        choose(conn, bytes);
}

static void on_read(void *arg, struct str bytes)
{
    struct http_conn *conn = arg;
    if (conn->lingering)
        return;
    conn_enter(conn);
    if (!conn->tls)
        feed(conn, bytes);
    else if (!tls_session_feed(conn->tls, bytes))
        conn_close(conn);
    (void)conn_leave(conn);
}

static void close_if_sent(struct http_conn *conn)
{
    if (conn->peer_ended && conn_pending(conn) == 0)
        conn_close(conn);
}

static void on_end(void *arg, enum status status)
{
    struct http_conn *conn = arg;
    conn->peer_ended = true;
    conn_enter(conn);
    if (status != STATUS_OK || !conn->engine)
        conn_close(conn);
    else if (conn->lingering)
        close_if_sent(conn);
    else
        conn->engine->end(conn);
    (void)conn_leave(conn);
}

static void on_drained(void *arg)
{
    struct http_conn *conn = arg;
    conn->left_at = 0;
    conn_enter(conn);
    if (conn->lingering)
        close_if_sent(conn);
    else if (conn->engine)
        conn->engine->drained(conn);
    (void)conn_leave(conn);
}

/* Bytes that wait must keep leaving, or the peer is holding us. */
static bool is_stalled(struct http_conn *conn, int64_t now)
{
    size_t pending = conn_pending(conn);
    uint64_t left = conn->written - pending;
    if (pending == 0 || left != conn->left_mark) {
        conn->left_mark = left;
        conn->left_at = pending == 0 ? 0 : now;
    }
    return pending > 0 && now - conn->left_at > WRITE_TIMEOUT;
}

void conn_sweep(struct http_conn *conn, int64_t now)
{
    conn_enter(conn);
    bool engaged = conn->engine && !conn->lingering;
    if (is_stalled(conn, now) || (!engaged && now >= conn->deadline))
        conn_close(conn);
    else if (engaged)
        conn->engine->sweep(conn, now);
    (void)conn_leave(conn);
}

static bool start_tls(struct http_conn *conn)
{
    static const struct tls_events events = {.plain = feed, .cipher = write_raw};
    if (!conn->server->tls)
        return true;
    conn->tls = tls_session_new(conn->server->tls, &events, conn);
    return conn->tls != NULL;
}

void conn_accept(void *arg, struct stream *stream)
{
    static const struct stream_events events = {
        .read = on_read, .end = on_end, .drained = on_drained};
    struct http_server *server = arg;
    struct http_conn *conn = NULL;
    if (server->conn_count < server->max_connections)
        conn = mem_lib_calloc(1, sizeof(*conn));
    if (!conn) {
        stream_close(stream);
        return;
    }
    conn->server = server;
    conn->stream = stream;
    conn->deadline = loop_now_ns(server->loop) + HEAD_TIMEOUT;
    buf_init(&conn->in, NULL, HEAD_MAX + PIPELINE_MAX + READ_MAX);
    stream_peer(stream, &conn->peer);
    conn->next = server->conns;
    if (conn->next)
        conn->next->prev = conn;
    server->conns = conn;
    server->conn_count++;
    if (!start_tls(conn)) {
        conn_close(conn);
        return;
    }
    if (!loop_timer_active(server->sweep))
        loop_timer_start(server->sweep, SWEEP_PERIOD, SWEEP_PERIOD);
    stream_start(stream, &events, conn);
}
