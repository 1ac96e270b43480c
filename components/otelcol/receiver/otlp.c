/* otelcol.receiver.otlp: takes OTLP over gRPC and HTTP and hands the wire bytes on.
 *
 * A request is checked by one linear scan, wrapped as a batch without unpacking, and answered when
 * what follows has stored or delivered it. Bounded by the size of one message, by the bytes that
 * wait for an acknowledgement (MAX_WAITING), and by the pause that a full queue downstream asks
 * for: then requests are refused before they are read. */

#include "components/otelcol/receiver/otlp/receiver.h"

#include "runtime/telemetry/otlp_scan.h"

enum {
    MAX_WAITING = 32 * 1024 * 1024,
    DEFAULT_GRPC_MESSAGE = 4 * 1024 * 1024,
    DEFAULT_HTTP_BODY = 20 * 1024 * 1024,
};
static const int64_t CLOSE_GRACE_NS = 2000000000;
static const int64_t LISTEN_AGAIN_NS = 1000000000;
static const int64_t MAX_PAUSE_NS = 5000000;

static const char *const grpc_paths[OTLP_SIGNALS] = {
    [OTLP_TRACES] = "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    [OTLP_METRICS] = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    [OTLP_LOGS] = "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
};

/* ---- schema ---- */
static const struct row grpc_rows[] = {
    {ATTR(struct otlp_grpc_config, endpoint), .def = "\"0.0.0.0:4317\"",
     .doc = "Address that gRPC is served on."},
    {REFUSED("transport", "gRPC is served over TCP only.")},
    {ATTR(struct otlp_grpc_config, max_recv_msg_size), .def = "\"0B\"",
     .doc = "Largest message after decompression; 0 means 4 MiB."},
    {REFUSED("max_concurrent_streams", "a connection always carries at most 100 streams.")},
    {REFUSED("read_buffer_size", "buffers are sized by the program.")},
    {REFUSED("write_buffer_size", "buffers are sized by the program.")},
    {REFUSED("auth", "authentication of OTLP clients is not there yet.")},
    {REFUSED("include_metadata", "metadata of requests is not passed on yet.")},
    {BLOCK_OPT(struct otlp_grpc_config, tls, otelcol_tls_server_shape),
     .doc = "TLS of the listener."},
    {REFUSED_BLOCK("keepalive", "connections are kept by the server's own rules.")},
    {0},
};
static const struct shape grpc_shape = SHAPE(struct otlp_grpc_config, grpc_rows, NULL);

static const struct row cors_rows[] = {
    {ATTR(struct otlp_cors, allowed_origins),
     .doc = "Origins whose pages may send; one \"*\" stands for any text."},
    {ATTR(struct otlp_cors, allowed_headers),
     .doc = "Headers that such requests may carry besides the simple ones."},
    {ATTR(struct otlp_cors, exposed_headers), .doc = "Headers of the answer that pages may read."},
    {ATTR(struct otlp_cors, max_age), .doc = "Seconds that a browser may remember the permission."},
    {0},
};
static const struct shape cors_shape = SHAPE(struct otlp_cors, cors_rows, NULL);

static const struct row http_rows[] = {
    {ATTR(struct otlp_http_config, endpoint), .def = "\"0.0.0.0:4318\"",
     .doc = "Address that HTTP is served on."},
    {REFUSED("auth", "authentication of OTLP clients is not there yet.")},
    {ATTR(struct otlp_http_config, max_request_body_size), .def = "\"0B\"",
     .doc = "Largest body after decompression; 0 means 20 MiB."},
    {REFUSED("include_metadata", "metadata of requests is not passed on yet.")},
    {ATTR(struct otlp_http_config, compression_algorithms),
     .def = "[\"\", \"gzip\", \"zstd\", \"zlib\", \"snappy\", \"deflate\", \"lz4\"]",
     .doc = "Content encodings that are taken; lz4 is always refused."},
    {REFUSED("keep_alives_enabled", "connections are kept by the server's own rules.")},
    {ATTR(struct otlp_http_config, idle_timeout), .def = "\"1m\"",
     .doc = "How long a connection may be idle."},
    {REFUSED("read_timeout", "slow requests are cut by the server's own rules.")},
    {REFUSED("write_timeout", "slow readers are cut by the server's own rules.")},
    {REFUSED("read_header_timeout", "slow requests are cut by the server's own rules.")},
    {ATTR(struct otlp_http_config, traces_url_path), .def = "\"/v1/traces\"",
     .doc = "Path that takes traces."},
    {ATTR(struct otlp_http_config, metrics_url_path), .def = "\"/v1/metrics\"",
     .doc = "Path that takes metrics."},
    {ATTR(struct otlp_http_config, logs_url_path), .def = "\"/v1/logs\"",
     .doc = "Path that takes logs."},
    {BLOCK_OPT(struct otlp_http_config, tls, otelcol_tls_server_shape),
     .doc = "TLS of the listener."},
    {BLOCK(struct otlp_http_config, cors, cors_shape),
     .doc = "Requests from pages of other origins."},
    {0},
};
static const struct shape http_shape = SHAPE(struct otlp_http_config, http_rows, NULL);

static const struct row rows[] = {
    {BLOCK_OPT(struct otlp_receiver_args, grpc, grpc_shape), .doc = "Serves OTLP over gRPC."},
    {BLOCK_OPT(struct otlp_receiver_args, http, http_shape), .doc = "Serves OTLP over HTTP."},
    {BLOCK(struct otlp_receiver_args, debug_metrics, otelcol_debug_metrics_shape),
     .doc = "Metrics that the component has of itself."},
    {BLOCK(struct otlp_receiver_args, output, otelcol_output_shape), .required = true,
     .doc = "Where received telemetry goes."},
    {0},
};

static enum status check_args(void *args, struct arena *arena, struct error *err)
{
    struct otlp_receiver_args *a = args;
    size_t bytes;
    (void)arena;
    if (a->grpc == NULL && a->http == NULL) {
        return error_set(err, STATUS_INVALID, "must specify at least one protocol");
    }
    if (a->grpc != NULL && otelcol_size(a->grpc->max_recv_msg_size, &bytes, err) != STATUS_OK) {
        return err->status;
    }
    if (a->http != NULL && otelcol_size(a->http->max_request_body_size, &bytes, err) != STATUS_OK) {
        return err->status;
    }
    return STATUS_OK;
}

static const struct shape args_shape = SHAPE(struct otlp_receiver_args, rows, check_args);

/* ---- receiving ---- */
int otlp_admit(const struct otlp_receiver *r)
{
    if (r->stopping || r->waiting_bytes > MAX_WAITING)
        return 503;
    return loop_now_ns(host_loop(r->host)) < r->refuse_until ? 503 : 0;
}

static void stopped_if_done(struct otlp_receiver *r)
{
    if (r->stopping && r->closing == 0 && r->waiting == 0)
        host_stopped(r->host);
}

static void acknowledged(struct ack *ack, enum ack_result result, int64_t retry_ns)
{
    struct otlp_waiting *w = (struct otlp_waiting *)ack;
    struct otlp_receiver *r = w->way->receiver;
    r->waiting_bytes -= w->bytes;
    if (result == ACK_RETRY) {
        int64_t pause = retry_ns < MAX_PAUSE_NS ? retry_ns : MAX_PAUSE_NS;
        r->refuse_until = loop_now_ns(host_loop(r->host)) + pause;
    }
    self_add(result == ACK_DONE ? w->way->accepted : w->way->refused, (double)w->items);
    if (result == ACK_DONE)
        host_count_out(r->host, w->items);
    w->answer(w, result, retry_ns);
    r->waiting--;
    stopped_if_done(r);
}

enum status otlp_receive(struct otlp_waiting *w, char *owned, struct str bytes, struct error *err)
{
    struct otlp_way *way = w->way;
    struct otlp_receiver *r = way->receiver;
    struct otlp_counts counts;
    struct otlp_limits limits = {0};
    if (otlp_scan(way->signal, bytes, limits, &counts, err) != STATUS_OK) {
        mem_free(owned);
        self_inc(way->refused);
        return err->status;
    }
    struct otlp_batch *batch = otlp_batch_new(way->signal, owned, bytes.len, counts.items);
    batch->bytes = bytes;
    w->ack = (struct ack){.done = acknowledged, .loop = host_loop(r->host)};
    w->bytes = bytes.len;
    w->items = counts.items;
    r->waiting_bytes += bytes.len;
    r->waiting++;
    if (counts.items == 0) {
        ack_done(&w->ack, ACK_DONE, 0);
    } else {
        otelcol_fanout_push(&r->next, &batch->base, &w->ack);
    }
    batch_unref(&batch->base);
    return STATUS_OK;
}

/* ---- gRPC ---- */
struct grpc_waiting {
    struct otlp_waiting base;
    struct grpc_call *call;
};

static void answer_grpc(struct otlp_waiting *waiting, enum ack_result result, int64_t retry_ns)
{
    struct grpc_waiting *w = (struct grpc_waiting *)waiting;
    if (result == ACK_DONE) {
        grpc_reply(w->call, STR_NONE);
    } else if (result == ACK_RETRY) {
        grpc_fail(w->call, GRPC_UNAVAILABLE, STR("the queue is full"), retry_ns > 0 ? retry_ns : 1);
    } else {
        grpc_fail(w->call, GRPC_INVALID_ARGUMENT, STR("the data was rejected"), 0);
    }
    mem_free(w);
}

static void receive_grpc(void *arg, struct grpc_call *call, struct str message)
{
    struct otlp_way *way = arg;
    struct grpc_waiting *w = mem_zalloc(host_memory(way->receiver->host), sizeof *w);
    struct error err = {0};
    w->base = (struct otlp_waiting){.way = way, .answer = answer_grpc};
    w->call = call;
    if (otlp_receive(&w->base, grpc_call_take(call), message, &err) != STATUS_OK) {
        enum grpc_code code =
            err.status == STATUS_LIMIT ? GRPC_RESOURCE_EXHAUSTED : GRPC_INVALID_ARGUMENT;
        grpc_fail(call, code, str_from(err.message), 0);
        mem_free(w);
    }
}

static int admit_grpc(void *arg, const struct http_request *head, int64_t content_length)
{
    const struct otlp_way *way = arg;
    (void)head;
    (void)content_length;
    return otlp_admit(way->receiver);
}

static enum status serve_grpc(struct otlp_receiver *r, struct arena *arena, struct error *err)
{
    const struct otlp_grpc_config *config = r->args->grpc;
    size_t max = 0;
    struct http_server_options options = {
        .listen = config->endpoint,
        .grpc_only_http2 = true,
    };
    if (otelcol_size(config->max_recv_msg_size, &max, err) != STATUS_OK ||
        otelcol_tls_server_apply(config->tls, arena, &options, err) != STATUS_OK) {
        return err->status;
    }
    if (max == 0)
        max = DEFAULT_GRPC_MESSAGE;
    options.max_body = max + 5;
    r->servers[0] = http_server_new(host_loop(r->host), &options, err);
    if (r->servers[0] == NULL)
        return err->status;
    for (size_t i = 0; i < OTLP_SIGNALS; i++) {
        struct grpc_method method = {
            .path = grpc_paths[i],
            .handler = receive_grpc,
            .admit = admit_grpc,
            .arg = &r->ways[0][i],
            .max_message = max,
        };
        grpc_server_add(r->servers[0], &method);
    }
    return STATUS_OK;
}

static enum status serve_http(struct otlp_receiver *r, struct arena *arena, struct error *err)
{
    const struct otlp_http_config *config = r->args->http;
    struct http_server_options options = {
        .listen = config->endpoint,
        .idle_timeout_ns = config->idle_timeout.ns,
    };
    if (otelcol_size(config->max_request_body_size, &r->max_body, err) != STATUS_OK ||
        otelcol_tls_server_apply(config->tls, arena, &options, err) != STATUS_OK) {
        return err->status;
    }
    if (r->max_body == 0)
        r->max_body = DEFAULT_HTTP_BODY;
    options.max_body = r->max_body;
    r->servers[1] = http_server_new(host_loop(r->host), &options, err);
    if (r->servers[1] == NULL)
        return err->status;
    otlp_http_routes(r, r->servers[1]);
    return STATUS_OK;
}

/* ---- life ---- */
static void make_metrics(struct otlp_receiver *r)
{
    static const char *const transport_names[OTLP_TRANSPORTS] = {"grpc", "http"};
    static const char *const accepted[OTLP_SIGNALS] = {
        [OTLP_TRACES] = "otelcol_receiver_accepted_spans_total",
        [OTLP_METRICS] = "otelcol_receiver_accepted_metric_points_total",
        [OTLP_LOGS] = "otelcol_receiver_accepted_log_records_total",
    };
    static const char *const refused[OTLP_SIGNALS] = {
        [OTLP_TRACES] = "otelcol_receiver_refused_spans_total",
        [OTLP_METRICS] = "otelcol_receiver_refused_metric_points_total",
        [OTLP_LOGS] = "otelcol_receiver_refused_log_records_total",
    };
    struct self_group *group = host_metrics(r->host);
    for (size_t t = 0; t < OTLP_TRANSPORTS; t++) {
        struct label label = {STR("transport"), str_from(transport_names[t])};
        for (size_t s = 0; s < OTLP_SIGNALS; s++) {
            struct otlp_way *way = &r->ways[t][s];
            way->receiver = r;
            way->signal = (enum otlp_signal)s;
            way->accepted = self_metric(group, SELF_COUNTER, accepted[s],
                                        "Items that were pushed into the pipeline.", &label, 1);
            way->refused =
                self_metric(group, SELF_COUNTER, refused[s],
                            "Items that could not be pushed into the pipeline.", &label, 1);
        }
    }
}

static enum status build(void *self, struct component_host *host, const void *args,
                         struct error *err)
{
    struct otlp_receiver *r = self;
    (void)err;
    r->host = host;
    r->args = args;
    make_metrics(r);
    otelcol_fanout_init(&r->next);
    otelcol_fanout_set(&r->next, &r->args->output);
    return STATUS_OK;
}

static enum status serve(struct otlp_receiver *r, struct error *err)
{
    struct arena arena;
    enum status status = STATUS_OK;
    arena_init(&arena, host_memory(r->host), 16 * 1024 * 1024);
    if (r->args->grpc != NULL && r->servers[0] == NULL)
        status = serve_grpc(r, &arena, err);
    if (status == STATUS_OK && r->args->http != NULL && r->servers[1] == NULL)
        status = serve_http(r, &arena, err);
    arena_release(&arena);
    return status;
}

/* A protocol that listens already stays; a listener that cannot be had is tried again. */
static void serve_or_say(struct otlp_receiver *r)
{
    struct error err = {0};
    if (serve(r, &err) == STATUS_OK) {
        host_health(r->host, HEALTH_HEALTHY, "started receivers");
        return;
    }
    if (r->retry)
        loop_timer_start(r->retry, LISTEN_AGAIN_NS, 0);
    LOG(host_log(r->host), LOG_ERROR, "failed to start OTLP listeners", LOG_C("err", err.message));
    host_health(r->host, HEALTH_UNHEALTHY, err.message);
}

static void serve_again(void *arg)
{
    struct otlp_receiver *r = arg;
    if (r->closing == 0 && !r->stopping)
        serve_or_say(r);
}

static void start(void *self)
{
    struct otlp_receiver *r = self;
    r->retry = loop_timer_new(host_loop(r->host), serve_again, r);
    serve_or_say(r);
}

static void server_closed(void *arg)
{
    struct otlp_receiver *r = arg;
    if (--r->closing != 0)
        return;
    if (r->stopping) {
        host_stopped(r->host);
    } else {
        serve_or_say(r);
    }
}

/* False when there was nothing to close. */
static bool close_servers(struct otlp_receiver *r)
{
    for (size_t i = 0; i < OTLP_TRANSPORTS; i++) {
        struct http_server *server = r->servers[i];
        if (server == NULL)
            continue;
        r->servers[i] = NULL;
        r->closing++;
        http_server_close(server, CLOSE_GRACE_NS, server_closed, r);
    }
    return r->closing != 0;
}

static bool same_listeners(const struct otlp_receiver_args *a, const struct otlp_receiver_args *b)
{
    struct otlp_receiver_args x = *a;
    x.output = b->output;
    x.debug_metrics = b->debug_metrics;
    return schema_equal(&args_shape, &x, b);
}

static enum status update(void *self, const void *args, const void *old_args, struct error *err)
{
    struct otlp_receiver *r = self;
    (void)err;
    bool same = same_listeners(args, old_args);
    otelcol_fanout_set(&r->next, &((const struct otlp_receiver_args *)args)->output);
    r->args = args;
    if (!same && r->closing == 0 && !close_servers(r))
        serve_or_say(r);
    return STATUS_OK;
}

static void stop(void *self)
{
    struct otlp_receiver *r = self;
    r->stopping = true;
    loop_timer_close(r->retry);
    r->retry = NULL;
    if (!close_servers(r))
        host_stopped(r->host);
}

static void release(void *self)
{
    struct otlp_receiver *r = self;
    otelcol_fanout_release(&r->next);
}

const struct component_def otelcol_receiver_otlp = {
    .name = "otelcol.receiver.otlp",
    .summary = "Receives traces, metrics and logs over OTLP.",
    .stability = STABILITY_GA,
    .args = &args_shape,
    .size = sizeof(struct otlp_receiver),
    .build = build,
    .start = start,
    .update = update,
    .stop = stop,
    .release = release,
};
