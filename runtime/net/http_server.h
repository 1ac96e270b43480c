#ifndef RUNTIME_NET_HTTP_SERVER_H
#define RUNTIME_NET_HTTP_SERVER_H

/* The HTTP server: HTTP/1.1 (RFC 9112, re2c heads, chunked bodies), HTTP/2 (RFC 9113, nghttp2) and
 * h2c (prior knowledge and Upgrade) on one port, TLS (ALPN) when configured, gRPC over it (grpc.h).
 * Bodies are collected whole, up to a limit.
 *
 * Limits from the start: heads ≤ 64 KiB and ≤ 128 fields, 10 s for a head, a minimum rate for
 * bodies, idle 120 s, connections per listener, ≤ 100 streams a connection, resets and CONTINUATION
 * frames rationed, a stalled write is cut after 30 s. Work is refused before it is read where
 * `admit` says so.
 *
 * An exchange may be answered later (after an acknowledgement), exactly once, on the server's loop.
 * If the client has gone, the answer is dropped. */

#include "base/buf.h"
#include "base/error.h"
#include "runtime/loop/loop.h"
#include "runtime/net/http_client.h"

struct http_server;
struct http_exchange;

struct http_request {
    struct str method;
    struct str path;  /* decoded, no query */
    struct str query; /* raw, without '?' */
    struct str authority;
    const struct http_header *headers; /* names in lower case */
    size_t header_count;
    struct str body; /* as sent; not decompressed */
    struct address peer;
    bool is_http2;
};

typedef void http_handler_fn(void *arg, struct http_exchange *exchange);
/* Called when the head is complete: return 0 to go on, or a status (429, 503, 413 …) to refuse now
 * with Retry-After: 1. */
typedef int http_admit_fn(void *arg, const struct http_request *head, int64_t content_length);

struct http_route {
    const char *method; /* NULL = any */
    const char *path;   /* exact, or a prefix when it ends in "/" and is_prefix */
    bool is_prefix;
    http_handler_fn *handler;
    http_admit_fn *admit; /* NULL = always */
    void *arg;
};

struct http_server_options {
    struct str listen; /* host:port; empty = none, for in-process requests only */
    struct http_tls tls;
    bool tls_enabled;
    bool tls_require_client_cert;
    struct str client_ca_pem;
    size_t max_body;         /* bytes as sent; 0 = 20 MiB */
    size_t max_connections;  /* 0 = 10,000 */
    int64_t idle_timeout_ns; /* 0 = 120 s */
    bool grpc_only_http2;    /* speak only HTTP/2 */
    struct mem_owner *owner; /* budget that bodies draw on; spent = 503 */
};

struct http_server *http_server_new(struct loop *loop, const struct http_server_options *options,
                                    struct error *err);
/* Routes are copied; may be added and removed while running (longest path wins). */
void http_server_route(struct http_server *server, const struct http_route *route);
void http_server_unroute(struct http_server *server, const char *path, void *arg);
void http_server_address(const struct http_server *server, struct address *out);
/* Stops accepting, finishes what was accepted up to `grace_ns`, then closes and calls closed(arg).
 */
void http_server_close(struct http_server *server, int64_t grace_ns, loop_fn *closed, void *arg);

const struct http_request *http_exchange_request(const struct http_exchange *exchange);
/* The block that request.body stands in, or, of a gRPC call, its message; NULL when it is empty.
 * The caller's now, for mem_free, with everything that views it. */
char *http_exchange_take_body(struct http_exchange *exchange);
struct str http_request_header(const struct http_request *request, const char *name);
/* Value of a query parameter, decoded into `out`; false when absent. */
bool http_request_param(const struct http_request *request, const char *name, struct buf *out);

/* Headers and body are copied. Content-Length is set. */
void http_reply(struct http_exchange *exchange, int status, const struct http_header *headers,
                size_t header_count, struct str body);
void http_reply_text(struct http_exchange *exchange, int status,
                     struct str body); /* text/plain; charset=utf-8 */
struct http_answer {
    int status;
    const struct http_header *headers;
    size_t header_count;
    struct str body;
    const struct http_header *trailers; /* HTTP/2 only: gRPC */
    size_t trailer_count;
};
/* "Not Found"; "" where nobody has named the status. */
struct str http_status_text(int status);
void http_reply_answer(struct http_exchange *exchange, const struct http_answer *answer);
/* Runs handler as if a request for `path_and_query` had come; the answer goes to done on the same
 * loop. For in-process requests. */
void http_server_internal(struct http_server *server, struct str path_and_query,
                          const struct http_header *headers, size_t header_count,
                          http_done_fn *done, void *arg);

#endif
