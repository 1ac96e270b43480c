/* otelcol.exporter.otlphttp: sends OTLP over HTTP. Queue and retries are
 * components/common/otelcol_export.h; this file makes requests of what is in the queue and reads
 * the answers. One request is under way at a time. */

#include "components/common/otelcol_export.h"
#include "runtime/net/http_client.h"
#include "runtime/wire/otlp_json.h"

enum { MAX_JSON = 256 * 1024 * 1024, MAX_HEADERS = 128 };

struct compression_params {
    int64_t level;
};

struct client_args {
    struct str endpoint;
    struct str proxy_url;
    struct str compression;
    struct compression_params *compression_params;
    struct duration timeout;
    struct str_map headers;
    bool disable_keep_alives;
    struct otelcol_tls_client tls;
};

struct args {
    struct str traces_endpoint, metrics_endpoint, logs_endpoint;
    struct str encoding;
    struct client_args client;
    struct otelcol_queue sending_queue;
    struct otelcol_retry retry_on_failure;
    struct otelcol_debug_metrics debug_metrics;
};

/* ---- schema ---- */
static const struct row compression_rows[] = {
    {ATTR(struct compression_params, level), .required = true,
     .doc = "Level of compression, as the method counts."},
    {0},
};
static const struct shape compression_shape =
    SHAPE(struct compression_params, compression_rows, NULL);

static const char POOL[] = "connections are kept by the client's own rules.";

static const struct row client_rows[] = {
    {ATTR(struct client_args, endpoint), .required = true,
     .doc = "URL that /v1/traces, /v1/metrics and /v1/logs are added to."},
    {ATTR(struct client_args, proxy_url), .def = "\"\"", .doc = "URL of a proxy."},
    {ATTR(struct client_args, compression), .oneof = otelcol_compressions, .def = "\"gzip\"",
     .doc = "Compression of bodies."},
    {BLOCK_OPT(struct client_args, compression_params, compression_shape),
     .doc = "Settings of the compression."},
    {REFUSED("read_buffer_size", "buffers are sized by the program.")},
    {REFUSED("write_buffer_size", "buffers are sized by the program.")},
    {ATTR(struct client_args, timeout), .def = "\"30s\"", .doc = "Time that a request may take."},
    {ATTR(struct client_args, headers), .doc = "Headers to send."},
    {REFUSED("max_idle_conns", POOL)},
    {REFUSED("max_idle_conns_per_host", POOL)},
    {REFUSED("max_conns_per_host", POOL)},
    {REFUSED("idle_conn_timeout", POOL)},
    {ATTR(struct client_args, disable_keep_alives), .def = "false",
     .doc = "Whether each request has a connection of its own."},
    {REFUSED("http2_read_idle_timeout", POOL)},
    {REFUSED("http2_ping_timeout", POOL)},
    {REFUSED("force_attempt_http2", POOL)},
    {REFUSED("auth", "authentication by otelcol.auth is not there yet: use headers.")},
    {BLOCK(struct client_args, tls, otelcol_tls_client_shape), .doc = "TLS towards the server."},
    {REFUSED_BLOCK("cookies", "cookies are never kept.")},
    {0},
};
static const struct shape client_shape = SHAPE(struct client_args, client_rows, NULL);

static const char *const encodings[] = {"proto", "json", NULL};
static const struct row rows[] = {
    {ATTR(struct args, traces_endpoint), .def = "\"\"",
     .doc = "URL of traces, instead of the client's endpoint."},
    {ATTR(struct args, metrics_endpoint), .def = "\"\"",
     .doc = "URL of metrics, instead of the client's endpoint."},
    {ATTR(struct args, logs_endpoint), .def = "\"\"",
     .doc = "URL of logs, instead of the client's endpoint."},
    {ATTR(struct args, encoding), .oneof = encodings, .def = "\"proto\"",
     .doc = "Encoding of bodies."},
    {BLOCK(struct args, client, client_shape), .required = true, .doc = "The server."},
    {BLOCK(struct args, sending_queue, otelcol_queue_shape), .present_default = true,
     .doc = "The queue of what waits to be sent."},
    {BLOCK(struct args, retry_on_failure, otelcol_retry_shape), .present_default = true,
     .doc = "When failed requests are sent again."},
    {BLOCK(struct args, debug_metrics, otelcol_debug_metrics_shape), .present_default = true,
     .doc = "Metrics that the component has of itself."},
    {0},
};

static enum status check_args(void *args, struct arena *arena, struct error *err)
{
    const struct args *a = args;
    (void)arena;
    if (a->client.headers.count > MAX_HEADERS) {
        return error_set(err, STATUS_LIMIT, "more than %d headers", MAX_HEADERS);
    }
    if (a->client.endpoint.len == 0 && a->traces_endpoint.len == 0 &&
        a->metrics_endpoint.len == 0 && a->logs_endpoint.len == 0) {
        return error_set(err, STATUS_INVALID, "at least one endpoint must be specified");
    }
    return STATUS_OK;
}

static const struct shape args_shape = SHAPE(struct args, rows, check_args);

/* ---- the component ---- */
struct exporter {
    struct otelcol_exporter engine;
    struct body {
        struct buf json, packed;
    } bodies[OUTBOX_LANES_MAX]; /* under way, when they are not the queue's own */
};

static struct str signal_url(const struct args *a, enum otlp_signal signal, struct arena *arena)
{
    const struct str own[OTLP_SIGNALS] = {
        [OTLP_TRACES] = a->traces_endpoint,
        [OTLP_METRICS] = a->metrics_endpoint,
        [OTLP_LOGS] = a->logs_endpoint,
    };
    static const char *const paths[OTLP_SIGNALS] = {
        [OTLP_TRACES] = "v1/traces",
        [OTLP_METRICS] = "v1/metrics",
        [OTLP_LOGS] = "v1/logs",
    };
    if (own[signal].len != 0)
        return own[signal];
    struct str base = a->client.endpoint;
    if (str_ends(base, STR("/")))
        base.len--;
    return arena_printf(arena, "%.*s/%s", STR_ARG(base), paths[signal]);
}

static bool is_retryable(int status)
{
    return status == 429 || status == 502 || status == 503 || status == 504;
}

static void answered(void *arg, const struct http_response *response, const struct error *err)
{
    struct otelcol_sending *sending = arg;
    char why[256];
    if (err->status != STATUS_OK && response->status == 0) {
        bool again = err->status != STATUS_INVALID;
        otelcol_exporter_answer(sending, again ? OTELCOL_AGAIN : OTELCOL_REFUSED, 0, err->message);
        return;
    }
    if (response->status >= 200 && response->status < 300) {
        otelcol_exporter_answer(sending, OTELCOL_SENT, 0, "");
        return;
    }
    (void)snprintf(why, sizeof why,
                   "error exporting items, request to endpoint responded with HTTP Status Code %d",
                   response->status);
    otelcol_exporter_answer(sending,
                            is_retryable(response->status) ? OTELCOL_AGAIN : OTELCOL_REFUSED,
                            http_retry_after(response), why);
}

/* The body in JSON, compressed here because the queue keeps protobuf. */
static enum status json_body(const struct args *a, const struct outbox_request *request,
                             struct body *own, struct str *body, struct error *err)
{
    buf_clear(&own->json);
    buf_clear(&own->packed);
    if (otlp_to_json(request->otlp, request->body, &own->json, err) != STATUS_OK)
        return err->status;
    enum compression method = otelcol_compression(a->client.compression);
    *body = buf_view(&own->json);
    if (method == COMPRESSION_NONE)
        return STATUS_OK;
    enum status status = compress_bytes(method, 0, *body, &own->packed, err);
    *body = buf_view(&own->packed);
    return status;
}

static size_t make_headers(const struct args *a, bool is_json, struct http_header *headers)
{
    enum compression method = otelcol_compression(a->client.compression);
    const struct str_map *own = &a->client.headers;
    size_t count = 0;
    headers[count++] = (struct http_header){
        STR("Content-Type"), is_json ? STR("application/json") : STR("application/x-protobuf")};
    if (method != COMPRESSION_NONE)
        headers[count++] = (struct http_header){STR("Content-Encoding"), a->client.compression};
    for (size_t i = 0; i < own->count; i++) {
        headers[count++] = (struct http_header){own->items[i].key, own->items[i].value};
    }
    return count;
}

static struct http_call *send(struct otelcol_exporter *e, struct otelcol_sending *sending)
{
    struct exporter *x = (struct exporter *)e;
    const struct args *a = e->args;
    const struct outbox_request *request = sending->request;
    struct http_header headers[MAX_HEADERS + 2];
    struct error err = {0};
    struct arena arena;
    bool is_json = str_is(a->encoding, "json");
    struct str body = request->body;
    if (is_json && json_body(a, request, &x->bodies[request->lane], &body, &err) != STATUS_OK) {
        otelcol_exporter_answer(sending, OTELCOL_REFUSED, 0, err.message);
        return NULL;
    }
    arena_init(&arena, host_memory(e->host), 64 * 1024);
    struct http_call_options options = {
        .method = STR("POST"),
        .url = signal_url(a, request->otlp, &arena),
        .headers = headers,
        .header_count = make_headers(a, is_json, headers),
        .body = body,
        .timeout_ns = a->client.timeout.ns,
    };
    struct http_call *call = http_client_send(e->client, &options, answered, sending);
    arena_release(&arena);
    return call;
}

static struct otelcol_exporter_config engine_config(const void *args)
{
    const struct args *a = args;
    bool is_json = str_is(a->encoding, "json");
    const struct compression_params *params = a->client.compression_params;
    return (struct otelcol_exporter_config){
        .queue = &a->sending_queue,
        .retry = &a->retry_on_failure,
        .encoding =
            {
                .compression =
                    is_json ? COMPRESSION_NONE : otelcol_compression(a->client.compression),
                .level = params != NULL ? (int)params->level : 0,
            },
    };
}

static enum status make_client(struct component_host *host, const void *args,
                               struct http_client **out, struct error *err)
{
    const struct args *a = args;
    struct http_client_options options = {
        .user_agent = STR("invar/" INVAR_VERSION),
        .proxy_url = a->client.proxy_url,
        .proxy_from_environment = a->client.proxy_url.len == 0,
        .follow_redirects = true,
        .disable_keepalive = a->client.disable_keep_alives,
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
    if (status == STATUS_OK)
        host_connect_internal(host, *out);
    return status;
}

static const struct otelcol_exporter_ops ops = {engine_config, make_client, send};

static enum status build(void *self, struct component_host *host, const void *args,
                         struct error *err)
{
    struct exporter *x = self;
    (void)err;
    for (size_t i = 0; i < OUTBOX_LANES_MAX; i++) {
        buf_init(&x->bodies[i].json, host_memory(host), MAX_JSON);
        buf_init(&x->bodies[i].packed, host_memory(host), MAX_JSON);
    }
    otelcol_exporter_build(&x->engine, host, args, &ops);
    return STATUS_OK;
}

static void release(void *self)
{
    struct exporter *x = self;
    otelcol_exporter_release(&x->engine);
    for (size_t i = 0; i < OUTBOX_LANES_MAX; i++) {
        buf_release(&x->bodies[i].json);
        buf_release(&x->bodies[i].packed);
    }
}

const struct component_def otelcol_exporter_otlphttp = {
    .name = "otelcol.exporter.otlphttp",
    .summary = "Sends telemetry over OTLP/HTTP.",
    .stability = STABILITY_GA,
    .args = &args_shape,
    .exports = &otelcol_consumer_shape,
    .size = sizeof(struct exporter),
    .build = build,
    .start = otelcol_exporter_start,
    .update = otelcol_exporter_update,
    .stop = otelcol_exporter_stop,
    .release = release,
};
