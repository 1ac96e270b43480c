#ifndef RUNTIME_NET_GRPC_H
#define RUNTIME_NET_GRPC_H

/* Unary gRPC over HTTP/2 (grpc/doc/PROTOCOL-HTTP2.md): message framing, grpc-encoding (gzip, zstd,
 * snappy, identity), status in trailers, deadlines from grpc-timeout, RetryInfo in
 * grpc-status-details-bin. */

#include "runtime/net/http_client.h"
#include "runtime/net/http_server.h"

enum grpc_code {
    GRPC_OK = 0,
    GRPC_CANCELLED = 1,
    GRPC_UNKNOWN = 2,
    GRPC_INVALID_ARGUMENT = 3,
    GRPC_DEADLINE_EXCEEDED = 4,
    GRPC_NOT_FOUND = 5,
    GRPC_ALREADY_EXISTS = 6,
    GRPC_PERMISSION_DENIED = 7,
    GRPC_RESOURCE_EXHAUSTED = 8,
    GRPC_FAILED_PRECONDITION = 9,
    GRPC_ABORTED = 10,
    GRPC_OUT_OF_RANGE = 11,
    GRPC_UNIMPLEMENTED = 12,
    GRPC_INTERNAL = 13,
    GRPC_UNAVAILABLE = 14,
    GRPC_DATA_LOSS = 15,
    GRPC_UNAUTHENTICATED = 16,
};

enum { GRPC_FRAME_HEAD = 5 }; /* bytes that stand before a message */

struct grpc_call;

/* `message` is the decompressed request, owned by the call until it is answered. Answer exactly
 * once with grpc_reply or grpc_fail. */
typedef void grpc_handler_fn(void *arg, struct grpc_call *call, struct str message);

struct grpc_method {
    const char *path; /* "/pkg.Service/Method" */
    grpc_handler_fn *handler;
    http_admit_fn *admit;
    void *arg;
    size_t max_message; /* decompressed; 0 = 4 MiB, as gRPC's default */
};

/* Everything is copied. Removed by http_server_unroute(server, path, arg) with the method's path
 * and arg, or with the server. An `admit` that refuses becomes a gRPC status: 429
 * RESOURCE_EXHAUSTED, 503 UNAVAILABLE. */
void grpc_server_add(struct http_server *server, const struct grpc_method *method);
const struct http_request *grpc_call_request(const struct grpc_call *call);
/* The block that the call's message stands in (not at its beginning), or NULL when it is empty: the
 * caller's now, for mem_free. */
char *grpc_call_take(struct grpc_call *call);
void grpc_reply(struct grpc_call *call, struct str message);
/* retry_ns > 0 adds RetryInfo. */
void grpc_fail(struct grpc_call *call, enum grpc_code code, struct str message, int64_t retry_ns);

struct grpc_response {
    enum grpc_code code;
    struct str message; /* grpc-message, decoded */
    struct str reply;   /* the reply's bytes */
    int64_t retry_ns;   /* RetryInfo, or -1 */
};

typedef void grpc_done_fn(void *arg, const struct grpc_response *response, const struct error *err);

struct grpc_call_options {
    struct str base_url; /* "http://host:4317" or "https://…" */
    struct str path;
    struct str message; /* already compressed if `encoding` says so; borrowed until done */
    bool has_head;      /* `message` begins with GRPC_FRAME_HEAD bytes that grpc_send writes over */
    struct str encoding; /* "gzip", "zstd", "snappy" or empty */
    const struct http_header *metadata;
    size_t metadata_count;
    struct str authorization;
    int64_t timeout_ns;
};

/* The client must have been made with HTTP_2_PRIOR, or TLS with ALPN. */
struct http_call *grpc_send(struct http_client *client, const struct grpc_call_options *options,
                            grpc_done_fn *done, void *arg);

#endif
