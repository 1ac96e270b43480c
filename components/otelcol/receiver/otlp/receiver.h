#ifndef COMPONENTS_OTELCOL_RECEIVER_OTLP_RECEIVER_H
#define COMPONENTS_OTELCOL_RECEIVER_OTLP_RECEIVER_H

/* Private to otelcol.receiver.otlp: what its front (otlp.c), its HTTP side (http.c) and its answers
 * to cross-origin browsers (cors.c) share. All on the component's data loop. */

#include "components/common/otelcol.h"
#include "runtime/net/grpc.h"

struct otlp_cors {
    struct str_list allowed_origins;
    struct str_list allowed_headers;
    struct str_list exposed_headers;
    int64_t max_age;
};

struct otlp_http_config {
    struct str endpoint;
    struct str max_request_body_size;
    struct str_list compression_algorithms;
    struct duration idle_timeout;
    struct str traces_url_path, metrics_url_path, logs_url_path;
    struct otelcol_tls_server *tls;
    struct otlp_cors cors;
};

struct otlp_grpc_config {
    struct str endpoint;
    struct str max_recv_msg_size;
    struct otelcol_tls_server *tls;
};

struct otlp_receiver_args {
    struct otlp_grpc_config *grpc;
    struct otlp_http_config *http;
    struct otelcol_debug_metrics debug_metrics;
    struct otelcol_output output;
};

enum { OTLP_TRANSPORTS = 2 }; /* grpc, http */

/* One signal's way in over one transport. */
struct otlp_way {
    struct otlp_receiver *receiver;
    enum otlp_signal signal;
    struct self_metric *accepted, *refused;
};

struct otlp_receiver {
    struct component_host *host;
    const struct otlp_receiver_args *args;
    struct otelcol_fanout next;
    struct http_server *servers[OTLP_TRANSPORTS];
    struct loop_timer *retry; /* listens again after a failure */
    struct otlp_way ways[OTLP_TRANSPORTS][OTLP_SIGNALS];
    size_t max_body;      /* decompressed HTTP bodies */
    size_t waiting;       /* requests that are pushed and not acknowledged */
    size_t waiting_bytes; /* pushed and not acknowledged */
    int64_t refuse_until; /* monotonic ns: downstream asked for a pause */
    unsigned closing;     /* servers that are not closed yet */
    bool stopping;
};

/* A request that waits for its acknowledgement; the embedding struct answers. */
struct otlp_waiting {
    struct ack ack;
    struct otlp_way *way;
    size_t bytes;
    size_t items;
    void (*answer)(struct otlp_waiting *waiting, enum ack_result result, int64_t retry_ns);
};

/* Takes `owned`, in which `bytes` are; checks them, pushes them on and answers through
 * waiting->answer exactly once, or returns an error and answers nothing. */
enum status otlp_receive(struct otlp_waiting *waiting, char *owned, struct str bytes,
                         struct error *err);
/* 0, or 503 when nothing can be taken now. */
int otlp_admit(const struct otlp_receiver *r);

/* http.c: routes of a signal on the HTTP server. */
void otlp_http_routes(struct otlp_receiver *r, struct http_server *server);

/* cors.c. A preflight is answered there (true); for others the headers to add are appended. */
enum { OTLP_CORS_HEADERS = 4 };
bool otlp_cors_preflight(const struct otlp_cors *cors, struct http_exchange *exchange);
size_t otlp_cors_headers(const struct otlp_cors *cors, const struct http_request *request,
                         struct http_header headers[OTLP_CORS_HEADERS], struct arena *arena);

#endif
