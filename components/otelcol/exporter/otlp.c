/* otelcol.exporter.otlp: sends OTLP over gRPC. Queue and retries are
 * components/common/otelcol_export.h; this file makes calls of what is in the queue and reads their
 * status. One call is under way at a time. */

#include "components/common/otelcol_export.h"
#include "runtime/net/grpc.h"

enum { MAX_HEADERS = 128 };

struct client_args {
    struct str endpoint;
    struct str compression;
    struct str_map headers;
    struct otelcol_tls_client tls;
};

struct args {
    struct duration timeout;
    struct client_args client;
    struct otelcol_queue sending_queue;
    struct otelcol_retry retry_on_failure;
    struct otelcol_debug_metrics debug_metrics;
};

static const char *const export_paths[OTLP_SIGNALS] = {
    [OTLP_TRACES] = "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    [OTLP_METRICS] = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    [OTLP_LOGS] = "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
};

/* ---- schema ---- */
static const struct row client_rows[] = {
    {ATTR(struct client_args, endpoint), .required = true,
     .doc = "Address (host:port) of the server; a scheme http or https may stand before it."},
    {ATTR(struct client_args, compression), .oneof = otelcol_compressions, .def = "\"gzip\"",
     .doc = "Compression of messages."},
    {REFUSED("read_buffer_size", "buffers are sized by the program.")},
    {REFUSED("write_buffer_size", "buffers are sized by the program.")},
    {REFUSED("wait_for_ready", "calls that find no connection are always tried again.")},
    {ATTR(struct client_args, headers), .doc = "Metadata to send."},
    {REFUSED("balancer_name", "one connection to one address is used.")},
    {REFUSED("authority", "the authority is always the endpoint's.")},
    {REFUSED("auth", "authentication by otelcol.auth is not there yet: use headers.")},
    {BLOCK(struct client_args, tls, otelcol_tls_client_shape), .doc = "TLS towards the server."},
    {REFUSED_BLOCK("keepalive", "connections are kept by the client's own rules.")},
    {0},
};
static const struct shape client_shape = SHAPE(struct client_args, client_rows, NULL);

static const struct row rows[] = {
    {ATTR(struct args, timeout), .def = "\"5s\"", .doc = "Time that a call may take."},
    {BLOCK(struct args, sending_queue, otelcol_queue_shape), .present_default = true,
     .doc = "The queue of what waits to be sent."},
    {BLOCK(struct args, retry_on_failure, otelcol_retry_shape), .present_default = true,
     .doc = "When failed calls are made again."},
    {BLOCK(struct args, debug_metrics, otelcol_debug_metrics_shape), .present_default = true,
     .doc = "Metrics that the component has of itself."},
    {BLOCK(struct args, client, client_shape), .required = true, .doc = "The server."},
    {0},
};

static enum status check_args(void *args, struct arena *arena, struct error *err)
{
    const struct args *a = args;
    struct str method = a->client.compression;
    (void)arena;
    if (a->client.headers.count > MAX_HEADERS) {
        return error_set(err, STATUS_LIMIT, "more than %d headers", MAX_HEADERS);
    }
    if (str_is(method, "zlib") || str_is(method, "deflate")) {
        return error_set(err, STATUS_UNSUPPORTED, "unsupported compression type \"%.*s\"",
                         STR_ARG(method));
    }
    return STATUS_OK;
}

static const struct shape args_shape = SHAPE(struct args, rows, check_args);

/* ---- the component ---- */
static bool is_plain(const struct client_args *c)
{
    return str_starts(c->endpoint, STR("http://")) ||
           (c->tls.insecure && !str_starts(c->endpoint, STR("https://")));
}

static struct str base_url(const struct client_args *c, struct arena *arena)
{
    struct str host = c->endpoint;
    size_t scheme = str_find(host, STR("://"), 0);
    if (scheme != SIZE_MAX)
        host = str_slice(host, scheme + 3, host.len);
    return arena_printf(arena, "%s://%.*s", is_plain(c) ? "http" : "https", STR_ARG(host));
}

/* The codes that the OTLP specification calls retryable; RESOURCE_EXHAUSTED only with RetryInfo. */
static bool is_retryable(const struct grpc_response *r)
{
    switch (r->code) {
    case GRPC_CANCELLED:
    case GRPC_DEADLINE_EXCEEDED:
    case GRPC_ABORTED:
    case GRPC_OUT_OF_RANGE:
    case GRPC_UNAVAILABLE:
    case GRPC_DATA_LOSS: return true;
    case GRPC_RESOURCE_EXHAUSTED: return r->retry_ns >= 0;
    default: return false;
    }
}

static void answered(void *arg, const struct grpc_response *response, const struct error *err)
{
    struct otelcol_sending *sending = arg;
    char why[512];
    if (err->status != STATUS_OK) {
        otelcol_exporter_answer(sending, OTELCOL_AGAIN, 0, err->message);
    } else if (response->code == GRPC_OK) {
        otelcol_exporter_answer(sending, OTELCOL_SENT, 0, "");
    } else {
        (void)snprintf(why, sizeof why, "rpc error: code = %d desc = %.*s", (int)response->code,
                       STR_ARG(str_slice(response->message, 0, 400)));
        otelcol_exporter_answer(sending, is_retryable(response) ? OTELCOL_AGAIN : OTELCOL_REFUSED,
                                response->retry_ns, why);
    }
}

static struct http_call *send(struct otelcol_exporter *e, struct otelcol_sending *sending)
{
    const struct args *a = e->args;
    const struct client_args *c = &a->client;
    struct http_header headers[MAX_HEADERS];
    struct arena arena;
    for (size_t i = 0; i < c->headers.count; i++) {
        headers[i] = (struct http_header){c->headers.items[i].key, c->headers.items[i].value};
    }
    arena_init(&arena, host_memory(e->host), 64 * 1024);
    struct grpc_call_options options = {
        .base_url = base_url(c, &arena),
        .path = str_from(export_paths[sending->request->otlp]),
        .message = sending->request->body,
        .has_head = true,
        .encoding =
            otelcol_compression(c->compression) != COMPRESSION_NONE ? c->compression : STR_NONE,
        .metadata = headers,
        .metadata_count = c->headers.count,
        .timeout_ns = a->timeout.ns,
    };
    struct http_call *call = grpc_send(e->client, &options, answered, sending);
    arena_release(&arena);
    return call;
}

static struct otelcol_exporter_config engine_config(const void *args)
{
    const struct args *a = args;
    return (struct otelcol_exporter_config){
        .queue = &a->sending_queue,
        .retry = &a->retry_on_failure,
        .encoding = {.compression = otelcol_compression(a->client.compression),
                     .headroom = GRPC_FRAME_HEAD},
    };
}

static enum status make_client(struct component_host *host, const void *args,
                               struct http_client **out, struct error *err)
{
    const struct args *a = args;
    struct http_client_options options = {
        .user_agent = STR("invar/" INVAR_VERSION),
        .version = is_plain(&a->client) ? HTTP_2_PRIOR : HTTP_ANY,
        .owner = host_memory(host),
    };
    struct arena arena;
    arena_init(&arena, host_memory(host), 16 * 1024 * 1024);
    enum status status = otelcol_tls_client_apply(&a->client.tls, &arena, &options.tls, err);
    if (status == STATUS_OK) {
        *out = http_client_new(host_loop(host), &options, err);
        status = *out == NULL ? err->status : STATUS_OK;
    }
    arena_release(&arena);
    return status;
}

static const struct otelcol_exporter_ops ops = {engine_config, make_client, send};

static enum status build(void *self, struct component_host *host, const void *args,
                         struct error *err)
{
    (void)err;
    otelcol_exporter_build(self, host, args, &ops);
    return STATUS_OK;
}

const struct component_def otelcol_exporter_otlp = {
    .name = "otelcol.exporter.otlp",
    .summary = "Sends telemetry over OTLP/gRPC.",
    .stability = STABILITY_GA,
    .args = &args_shape,
    .exports = &otelcol_consumer_shape,
    .size = sizeof(struct otelcol_exporter),
    .build = build,
    .start = otelcol_exporter_start,
    .update = otelcol_exporter_update,
    .stop = otelcol_exporter_stop,
    .release = otelcol_exporter_release,
};
