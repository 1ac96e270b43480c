/* The simulator's network: listeners, connections, streams. Every chunk of bytes may be late, cut
 * into pieces, held by a partition, swallowed, or followed by a reset. */

#include "tests/simulation/net.h"

#include "base/memory.h"

#include <stdio.h>

struct chunk {
    struct sim_conn *conn;
    enum sim_way way;
    enum sim_chunk_kind kind;
    size_t len;
    char bytes[];
};

void net_keep(char **to, size_t *len, size_t *cap, struct str bytes)
{
    if (*len + bytes.len > *cap) {
        *cap = (*len + bytes.len) * 2;
        char *grown = sim_alloc(*cap);
        if (*len != 0)
            memcpy(grown, *to, *len);
        mem_free(*to);
        *to = grown;
    }
    if (bytes.len != 0)
        memcpy(*to + *len, bytes.ptr, bytes.len);
    *len += bytes.len;
}

int64_t net_latency(struct sim *sim)
{
    return 1000 + (int64_t)sim_below(sim, (uint64_t)sim->max_latency + 1);
}

/* ---- what arrives at a stream ---- */
static void stream_free_if_closed(struct sim_stream *s)
{
    if (!s->closed || s->busy)
        return;
    mem_free(s->inbox);
    mem_free(s);
}

/* Hands over what has arrived; the stream may be closed by its owner meanwhile. */
static void stream_hand_over(struct sim_stream *s)
{
    if (s->busy || s->events == NULL)
        return;
    s->busy = true;
    while (!s->closed && !s->paused && s->inbox_len != 0) {
        char *bytes = s->inbox;
        size_t len = s->inbox_len;
        s->inbox = NULL;
        s->inbox_len = s->inbox_cap = 0;
        s->events->read(s->arg, str_of(bytes, len));
        mem_free(bytes);
    }
    if (!s->closed && !s->paused && !s->told && s->inbox_len == 0 && (s->ended || s->reset)) {
        s->told = true;
        s->events->end(s->arg, s->reset ? STATUS_IO : STATUS_OK);
    }
    s->busy = false;
    stream_free_if_closed(s);
}

static void stream_arrived(struct sim_stream *s, struct str bytes)
{
    struct sim *sim = s->conn->sim;
    size_t pieces =
        bytes.len > 1 && sim_fault(sim, SIM_PIECES) ? 1 + sim_below(sim, PIECES_MAX) : 0;
    struct sim_conn *conn = s->conn;
    while (pieces-- != 0 && bytes.len > 1 && conn->stream == s) {
        size_t len = 1 + (size_t)sim_below(sim, bytes.len - 1);
        net_keep(&s->inbox, &s->inbox_len, &s->inbox_cap, str_slice(bytes, 0, len));
        bytes = str_slice(bytes, len, bytes.len);
        stream_hand_over(s);
    }
    if (conn->stream != s)
        return;
    net_keep(&s->inbox, &s->inbox_len, &s->inbox_cap, bytes);
    stream_hand_over(s);
}

static void stream_ended(struct sim_stream *s, bool reset)
{
    s->reset = s->reset || reset;
    s->ended = true;
    if (reset)
        s->paused = false;
    stream_hand_over(s);
}

static void stream_left(struct sim_stream *s, size_t len)
{
    s->pending -= len;
    if (s->pending != 0 || s->closed || s->events == NULL || s->events->drained == NULL)
        return;
    s->events->drained(s->arg);
}

/* ---- chunks ---- */
static void arrive(void *arg)
{
    struct chunk *chunk = arg;
    struct sim_conn *conn = chunk->conn;
    struct str bytes = str_of(chunk->bytes, chunk->len);
    if (conn->is_over) {
        mem_free(chunk);
        return;
    }
    conn->flying[chunk->way] -= chunk->len;
    conn->sim->is_touched = true;
    if (chunk->kind == CHUNK_RESET) {
        conn->is_over = true;
        if (conn->stream != NULL)
            stream_ended(conn->stream, true);
        socket_close(conn, false);
    } else if (chunk->way == TO_CLIENT) {
        conn->to_client_end = conn->to_client_end || chunk->kind == CHUNK_END;
        socket_arrived(conn, bytes);
        if (conn->stream != NULL && chunk->len != 0)
            stream_left(conn->stream, chunk->len);
    } else if (conn->stream != NULL) {
        if (chunk->kind == CHUNK_END)
            stream_ended(conn->stream, false);
        else
            stream_arrived(conn->stream, bytes);
    } else if (chunk->kind == CHUNK_BYTES) {
        net_send(conn, TO_CLIENT, CHUNK_RESET, STR_NONE);
    }
    mem_free(chunk);
}

/* When a chunk that leaves now arrives: never before the one ahead of it. */
static int64_t arrival(struct sim_conn *conn, enum sim_way way, size_t len)
{
    struct sim *sim = conn->sim;
    int64_t when = sim->now + net_latency(sim);
    if (conn->is_slow)
        when += (int64_t)len * MILLISECOND / 4;
    if (sim_fault(sim, SIM_PARTITION)) {
        conn->listener->cut_until = sim->now + (int64_t)(1 + sim_below(sim, 12)) * SECOND;
        sim_trace(sim, "port %u is cut off", conn->listener->port);
    }
    if (when < conn->listener->cut_until)
        when = conn->listener->cut_until;
    if (when < conn->last[way])
        when = conn->last[way];
    return conn->last[way] = when;
}

static void send_one(struct sim_conn *conn, enum sim_way way, enum sim_chunk_kind kind,
                     struct str bytes)
{
    struct sim *sim = conn->sim;
    struct chunk *chunk = sim_alloc(sizeof *chunk + bytes.len);
    *chunk = (struct chunk){.conn = conn, .way = way, .kind = kind, .len = bytes.len};
    if (bytes.len != 0)
        memcpy(chunk->bytes, bytes.ptr, bytes.len);
    conn->flying[way] += bytes.len;
    struct loop *to = way == TO_SERVER ? conn->server : conn->client;
    (void)sim_after(to, arrival(conn, way, bytes.len) - sim->now, arrive, chunk);
}

/* Both ends learn of it, each after a while. */
void net_reset(struct sim_conn *conn)
{
    send_one(conn, TO_CLIENT, CHUNK_RESET, STR_NONE);
    send_one(conn, TO_SERVER, CHUNK_RESET, STR_NONE);
}

void net_send(struct sim_conn *conn, enum sim_way way, enum sim_chunk_kind kind, struct str bytes)
{
    struct sim *sim = conn->sim;
    if (conn->is_over)
        return;
    if (!conn->is_black && kind == CHUNK_BYTES && sim_fault(sim, SIM_HALF_OPEN)) {
        conn->is_black = true;
        sim_trace(sim, "a connection to port %u swallows everything", conn->listener->port);
    }
    if (conn->is_black) {
        conn->flying[way] += bytes.len;
        return;
    }
    if (kind != CHUNK_BYTES) {
        send_one(conn, way, kind, bytes);
        return;
    }
    while (bytes.len != 0) {
        struct str part = str_slice(bytes, 0, CHUNK_MAX);
        if (sim_fault(sim, SIM_RESET)) {
            sim_trace(sim, "a connection to port %u is reset", conn->listener->port);
            send_one(conn, way, kind, str_slice(part, 0, (size_t)sim_below(sim, part.len)));
            net_reset(conn);
            return;
        }
        send_one(conn, way, kind, part);
        bytes = str_slice(bytes, part.len, bytes.len);
    }
}

/* ---- connections ---- */
static void accept_it(void *arg)
{
    struct sim_conn *conn = arg;
    if (conn->listener->port == 0 || conn->is_over) {
        net_send(conn, TO_CLIENT, CHUNK_RESET, STR_NONE);
        return;
    }
    struct sim_stream *s = sim_alloc(sizeof *s);
    s->base.loop = conn->server;
    s->conn = conn;
    conn->stream = s;
    conn->listener->accepted(conn->listener->arg, &s->base);
}

struct sim_conn *net_conn_new(struct loop *client, struct sim_listener *listener)
{
    struct sim *sim = sim_of(client);
    struct sim_conn *conn = sim_alloc(sizeof *conn);
    conn->sim = sim;
    conn->client = client;
    conn->server = listener->base.loop;
    conn->listener = listener;
    conn->fd = conn->fd_client = -1;
    conn->is_slow = sim_fault(sim, SIM_SLOW_READER);
    conn->next = sim->conns;
    sim->conns = conn;
    conn->last[TO_SERVER] = sim->now + net_latency(sim);
    (void)sim_after(conn->server, conn->last[TO_SERVER] - sim->now, accept_it, conn);
    return conn;
}

/* ---- streams as the loop's table has them ---- */
struct stream *sim_connect(struct loop *loop, struct str host_port, int64_t timeout_ns,
                           connected_fn *connected, void *arg)
{
    (void)loop, (void)host_port, (void)timeout_ns, (void)connected, (void)arg;
    ASSERT(!"no part of the program connects streams: libcurl does");
    return NULL;
}

static void resume(void *arg)
{
    struct sim_stream *s = arg;
    s->busy = false;
    if (!s->closed)
        stream_hand_over(s);
    else
        stream_free_if_closed(s);
}

/* Reading begins in a later step; until then the stream counts as busy. */
static void read_later(struct sim_stream *s)
{
    if (s->busy)
        return;
    s->busy = true;
    (void)sim_after(s->base.loop, 0, resume, s);
}

void sim_stream_start(struct stream *stream, const struct stream_events *events, void *arg)
{
    struct sim_stream *s = (struct sim_stream *)stream;
    s->events_copy = *events;
    s->events = &s->events_copy;
    s->arg = arg;
    read_later(s);
}

void sim_stream_pause(struct stream *stream, bool paused)
{
    struct sim_stream *s = (struct sim_stream *)stream;
    s->paused = paused;
    if (!paused)
        read_later(s);
}

size_t sim_stream_write(struct stream *stream, struct str bytes)
{
    struct sim_stream *s = (struct sim_stream *)stream;
    s->pending += bytes.len;
    if (s->conn->is_over)
        return s->pending;
    net_send(s->conn, TO_CLIENT, CHUNK_BYTES, bytes);
    return s->pending;
}

size_t sim_stream_pending(const struct stream *stream)
{
    return ((const struct sim_stream *)stream)->pending;
}

void sim_stream_shutdown(struct stream *stream)
{
    net_send(((struct sim_stream *)stream)->conn, TO_CLIENT, CHUNK_END, STR_NONE);
}

void sim_stream_close(struct stream *stream)
{
    struct sim_stream *s = (struct sim_stream *)stream;
    struct sim_conn *conn = s->conn;
    net_send(conn, TO_CLIENT, CHUNK_END, STR_NONE);
    conn->stream = NULL;
    s->closed = true;
    stream_free_if_closed(s);
}

void sim_stream_peer(const struct stream *stream, struct address *out)
{
    (void)stream;
    (void)snprintf(out->text, sizeof out->text, "10.0.0.99:50000");
}

/* ---- listeners ---- */
struct sim_listener *net_find(struct sim *sim, unsigned port)
{
    for (size_t i = 0; i < SIM_LISTENERS; i++) {
        if (sim->listeners[i].port == port)
            return &sim->listeners[i];
    }
    return NULL;
}

struct listener *sim_listen(struct loop *loop, struct str host_port, accepted_fn *accepted,
                            void *arg, struct error *err)
{
    struct sim *sim = sim_of(loop);
    uint64_t port = 0;
    size_t colon = str_rfind_byte(host_port, ':');
    ASSERT(colon != SIZE_MAX && str_to_u64(str_slice(host_port, colon + 1, host_port.len), &port) &&
           port != 0);
    if (net_find(sim, (unsigned)port) != NULL) {
        error_set(err, STATUS_EXISTS, "listen tcp %.*s: bind: address already in use",
                  STR_ARG(host_port));
        return NULL;
    }
    struct sim_listener *l = net_find(sim, 0);
    ASSERT(l != NULL);
    *l = (struct sim_listener){{loop}, (unsigned)port, accepted, arg, 0};
    return &l->base;
}

void sim_listener_address(const struct listener *listener, struct address *out)
{
    const struct sim_listener *l = (const struct sim_listener *)listener;
    (void)snprintf(out->text, sizeof out->text, "127.0.0.1:%u", l->port);
}

void sim_listener_close(struct listener *listener)
{
    ((struct sim_listener *)listener)->port = 0;
}

/* ---- the ends of lives and of the run ---- */
static void end_client(struct sim_conn *conn)
{
    conn->client_ended = true;
    socket_close(conn, true);
    net_send(conn, TO_SERVER, CHUNK_END, STR_NONE);
}

static void end_server(struct sim_conn *conn)
{
    if (conn->stream != NULL) {
        mem_free(conn->stream->inbox);
        mem_free(conn->stream);
    }
    conn->stream = NULL;
    net_send(conn, TO_CLIENT, CHUNK_RESET, STR_NONE);
}

void sim_net_death(struct sim *sim)
{
    sim_pump(sim);
    socket_forget_polls(sim);
    for (struct sim_conn *conn = sim->conns; conn != NULL; conn = conn->next) {
        if (!sim_loop_is_outside(conn->client) && !conn->client_ended)
            end_client(conn);
        if (!sim_loop_is_outside(conn->server))
            end_server(conn);
    }
    for (size_t i = 0; i < SIM_LISTENERS; i++) {
        struct sim_listener *l = &sim->listeners[i];
        if (l->port != 0 && !sim_loop_is_outside(l->base.loop))
            l->port = 0;
    }
}

void sim_net_held(const struct sim *sim, struct sim_held *held)
{
    for (const struct sim_conn *conn = sim->conns; conn != NULL; conn = conn->next) {
        held->sockets += !sim_loop_is_outside(conn->client) && conn->fd >= 0;
        held->streams += !sim_loop_is_outside(conn->server) && conn->stream != NULL;
    }
    held->polls = socket_count_polls(sim);
}

bool sim_net_is_busy(const struct sim *sim)
{
    for (const struct sim_conn *conn = sim->conns; conn != NULL; conn = conn->next) {
        if (!conn->is_black && !conn->is_over && conn->flying[TO_SERVER] != 0)
            return true;
    }
    return false;
}

void sim_heal(struct sim *sim)
{
    sim->calm = true;
    sim->full_until = 0;
    for (size_t i = 0; i < SIM_LISTENERS; i++)
        sim->listeners[i].cut_until = 0;
    for (struct sim_conn *conn = sim->conns; conn != NULL; conn = conn->next)
        conn->is_slow = false;
}

void sim_net_free(struct sim *sim)
{
    for (struct sim_conn *conn;
         (conn = sim->conns != NULL ? sim->conns : sim->old_conns) != NULL;) {
        *(sim->conns != NULL ? &sim->conns : &sim->old_conns) = conn->next;
        socket_close(conn, true);
        mem_free(conn->to_client);
        mem_free(conn);
    }
}
