#ifndef RUNTIME_NET_SERVER_H
#define RUNTIME_NET_SERVER_H

/* Between the files of the HTTP server; nobody else includes it (tests of the protocols and fuzz
 * targets apart). A connection hands bytes to its engine (http1.c, http2.c), which makes exchanges
 * of them and gives bytes back through conn_send; neither knows sockets.
 *
 * Life of a connection: conn_accept → engine chosen by the first bytes → conn_close. While `busy`
 * is not 0 (an engine is at work on it) closing only marks it; conn_leave frees it. */

#include "base/arena.h"
#include "runtime/net/grpc.h"
#include "runtime/net/http_server.h"

struct http_conn;
struct http2_session;
struct tls_context;
struct tls_session;

enum {
    HEAD_MAX = 64 * 1024,
    FIELDS_MAX = 128,
    PIPELINE_MAX = 64 * 1024, /* bytes kept of requests that wait for their turn */
    WRITE_MAX = 1024 * 1024,  /* queued answers beyond which no more requests are read */
    SMALL_BODY = 16 * 1024,   /* sent with the head in one write */
    READ_MAX = 64 * 1024,     /* a stream hands over at most this much at once */
    DRAIN_MAX = 1024 * 1024,  /* refused bodies up to this are read and dropped */
    BODY_BYTES_PER_S = 1024,  /* slower bodies are cut */
    MAX_BODY_DEFAULT = 20 * 1024 * 1024,
    READING_MAX = 16 * 1024 * 1024, /* of unfinished bodies, beyond which no more are begun */
    CONNECTIONS_DEFAULT = 10000,
    SPARE_MAX = 64,
};

#define NET_SECOND INT64_C(1000000000)
#define HEAD_TIMEOUT (10 * NET_SECOND)
#define BODY_GRACE (10 * NET_SECOND)
#define WRITE_TIMEOUT (30 * NET_SECOND)
#define LINGER_TIMEOUT (2 * NET_SECOND)
#define IDLE_DEFAULT (120 * NET_SECOND)
#define SWEEP_PERIOD (NET_SECOND / 4)

/* What a protocol does with a connection. */
struct http_engine {
    void (*feed)(struct http_conn *conn, struct str bytes);
    /* Sends the answer; the exchange is the engine's to free. */
    void (*answer)(struct http_exchange *exchange, const struct http_answer *answer);
    void (*drained)(struct http_conn *conn); /* the write queue is empty again */
    void (*sweep)(struct http_conn *conn, int64_t now);
    void (*finish)(struct http_conn *conn); /* no further requests; close when all are answered */
    void (*end)(struct http_conn *conn);    /* the peer will send no more */
    void (*release)(struct http_conn *conn);
};

extern const struct http_engine http1_engine;
extern const struct http_engine http2_engine;

/* Answers 101 and goes on in HTTP/2 with this request as stream 1. */
void http2_upgrade(struct http_conn *conn, struct http_exchange *exchange);

enum http1_state {
    HTTP1_HEAD,    /* between requests or within a head */
    HTTP1_LENGTH,  /* body of known length */
    HTTP1_CHUNKED, /* body in chunks */
    HTTP1_WAIT,    /* the request is with its handler */
    HTTP1_DROP,    /* a refused body is read and dropped */
    HTTP1_LAST,    /* answered for the last time */
};

enum chunk_state {
    CHUNK_SIZE,
    CHUNK_EXTENSION,
    CHUNK_SIZE_LF,
    CHUNK_DATA,
    CHUNK_DATA_CR,
    CHUNK_DATA_LF,
    CHUNK_TRAILER,
    CHUNK_TRAILER_LINE,
    CHUNK_TRAILER_LF,
    CHUNK_END_LF,
    CHUNK_DONE,
    CHUNK_BAD,
};

struct chunk_reader {
    enum chunk_state state;
    unsigned digits;
    size_t extra;  /* bytes of extensions and trailers so far */
    uint64_t left; /* of the current chunk */
};

/* Takes bytes; *data gets a piece of the body (maybe empty). Returns how many bytes it took. */
size_t chunk_read(struct chunk_reader *reader, struct str bytes, struct str *data);

struct http1 {
    enum http1_state state;
    struct chunk_reader chunks;
    uint64_t left;  /* of a body of known length */
    size_t scanned; /* of `in`, while looking for a head's end */
    bool refused;   /* answered before its body came: HTTP1_DROP follows */
    bool keep;      /* of the current request */
    bool old;       /* HTTP/1.0 */
    bool head_only;
    bool upgrade; /* the current request asks for h2c */
};

struct http_conn {
    struct http_server *server;
    struct http_conn *prev;
    struct http_conn *next;
    struct stream *stream; /* NULL once closed */
    struct tls_session *tls;
    const struct http_engine *engine; /* NULL until the first bytes tell */
    struct http_exchange *exchanges;
    struct buf in; /* what the engine could not use yet */
    struct http1 h1;
    struct http2_session *h2;
    int64_t deadline; /* 0 = none; what it means depends on the engine's state */
    uint64_t written; /* bytes given to the stream */
    uint64_t left_mark;
    int64_t left_at; /* when bytes last left the write queue, if any waits */
    unsigned busy;
    bool finishing;
    bool peer_ended;
    bool paused;
    bool resting; /* not read; in the server's list */
    struct http_conn *rest_prev, *rest_next;
    bool lingering; /* answered for the last time; what still comes is dropped */
    struct address peer;
};

struct http_exchange {
    struct http_request request;
    struct http_server *server; /* NULL once the server or the client is gone */
    struct http_conn *conn;     /* NULL: in-process, or the client is gone */
    struct http_exchange *prev;
    struct http_exchange *next;
    struct arena arena;
    struct buf body;
    size_t reading;   /* counted in server->reading */
    int64_t started;  /* of the body */
    int64_t deadline; /* answered with `timed_out` then; 0 = none */
    void (*timed_out)(struct http_exchange *exchange);
    struct buf out;         /* a large answer: http2.c and in-process requests */
    struct str answer_body; /* http2.c: in `out` or the arena */
    size_t field_room;      /* http2.c: of request.headers, while the head is read */
    size_t head_bytes;
    int head_status; /* http2.c: why the head is refused, or 0 */
    size_t out_sent;
    int64_t out_at; /* progress of `out` */
    int32_t stream_id;
    bool framed; /* the body is a gRPC frame */
    bool dispatched;
    bool answered;
    bool refused;
    bool failed; /* a gRPC call whose HTTP status does not say so */
    bool orphan;
    http_done_fn *done; /* in-process */
    void *done_arg;
    struct http_header *trailers;
    size_t trailer_count;
};

struct route;

struct http_server {
    struct loop *loop;
    struct listener *listener;
    struct loop_timer *sweep;
    struct tls_context *tls;
    struct route **routes; /* longest path first */
    size_t route_count;
    struct http_conn *conns;
    size_t conn_count;
    struct http_conn *sweep_next; /* where the sweep goes on */
    struct loop_timer *rest;
    struct http_conn *rest_first, *rest_last; /* the first rests longest */
    size_t resting;
    size_t reading;                 /* bytes of bodies that are not whole yet */
    struct http_exchange *internal; /* in-process, not yet answered */
    struct http_exchange *spare;
    size_t spare_count;
    struct buf scratch;
    struct mem_owner *owner;
    size_t max_body;
    size_t max_connections;
    int64_t idle_timeout;
    bool only_http2;
    bool closing;
    bool freeing;
    int64_t close_by;
    loop_fn *closed;
    void *closed_arg;
    int64_t date_second;
    char date[32];
};

/* http_server.c */
/* A connection or an in-process exchange is gone. */
void server_gone(struct http_server *server);
struct str server_date(struct http_server *server);

/* conn.c */
void conn_accept(void *server, struct stream *stream);
void conn_enter(struct http_conn *conn);
/* False when the connection is gone. */
bool conn_leave(struct http_conn *conn);
void conn_send(struct http_conn *conn, struct str bytes);
size_t conn_pending(const struct http_conn *conn);
void conn_pause(struct http_conn *conn, bool paused);
/* After a change of `paused` or `resting`. */
void conn_read_or_not(struct http_conn *conn);
void conn_close(struct http_conn *conn);
/* Ends our side; the peer has a moment to read what was sent before the connection is closed. */
void conn_linger(struct http_conn *conn);
void conn_sweep(struct http_conn *conn, int64_t now);
/* Chooses HTTP/2 with what was read so far. */
void conn_use(struct http_conn *conn, const struct http_engine *engine);

/* rest.c */
/* Work was refused because there is too much of it: the connection is not read for a moment, so
 * that a client which ignores the refusal costs little, and what was accepted gets the time. */
void conn_rest(struct http_conn *conn);
void conn_wake(struct http_conn *conn);
/* A request was taken and answered: some of those that rest are read again. */
void server_served(struct http_server *server);
void server_rest_tick(void *server);

/* exchange.c: NULL when memory is out. */
struct http_exchange *exchange_new(struct http_server *server, struct http_conn *conn);
void exchange_free(struct http_exchange *exchange);
/* The client is gone; the handler's answer will find nobody. */
void exchange_orphan(struct http_exchange *exchange);
/* Splits a request target into authority, path and query, decoded in the arena; false = 400. */
bool exchange_target(struct http_exchange *exchange, struct str target);
/* 0 = read the body, else the status to refuse with. */
int exchange_admit(struct http_exchange *exchange, int64_t content_length);
/* 0, 413 or 503. */
int exchange_body(struct http_exchange *exchange, struct str bytes, int64_t content_length);
void exchange_dispatch(struct http_exchange *exchange);
/* Answers in the server's own words. */
void exchange_refuse(struct http_exchange *exchange, int status);
/* The time a body of `received` bytes that began at `started` must have gone on by. */
int64_t body_deadline(int64_t started, size_t received);

/* route.c */
struct route {
    struct http_server *server;
    struct http_route def;
    grpc_handler_fn *grpc; /* NULL = plain HTTP */
    size_t grpc_max;
    size_t path_len;
    char path[];
};
/* *status 0, or NULL with 404 or 405. */
const struct route *route_find(const struct http_server *server, const struct http_request *request,
                               int *status);
struct route *route_add(struct http_server *server, const struct http_route *def);
void routes_release(struct http_server *server);

/* grpc_server.c: the two places where gRPC differs from plain HTTP. */
void grpc_dispatch(struct http_exchange *exchange, const struct route *route);
/* A refusal as a gRPC status; false when the request is not gRPC. */
bool grpc_refuse(struct http_exchange *exchange, int status);
/* http2.c: gives the stream up; the handler's answer will find nobody. */
void http2_cancel(struct http_exchange *exchange);

/* net.c: memory that outlives scopes, and appends that tell of failure instead of leaving. */
void *net_alloc(size_t size);
void net_free(void *block);
bool net_append(struct buf *out, struct str bytes);
bool net_reserve(struct buf *out, size_t more);
/* Decodes %XX ('+' too in queries); false on a malformed escape or a NUL. `out` has room for in.len
 * bytes. */
bool net_percent_decode(struct str in, bool plus, char *out, size_t *len);

#endif
