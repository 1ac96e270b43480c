/* prometheus.remote_write: stores samples in a log on disk and sends them to any number of
 * endpoints. Owns the outbox (the log, its cursors, retries) in the component's data folder; a push
 * is acknowledged when the log has it. Bounded by the disk and by max_keepalive_time. */
#include "components/prometheus/remote_write/remote_write.h"

static const int64_t SECOND_NS = 1000000000;
static const int64_t MEASURE_EVERY_NS = (int64_t)5 * 1000000000;
static const int64_t FLUSH_NS = (int64_t)5 * 1000000000;

struct exports {
    struct capsule_ref receiver;
};

static const struct row export_rows[] = {
    {ATTR(struct exports, receiver), .capsule = &capsule_metrics, .doc = "Takes metrics."},
    {0},
};
static const struct shape exports_shape = {
    .name = "exports", .rows = export_rows, .size = sizeof(struct exports)};

struct remote_write {
    struct component_host *host;
    const struct rw_args *args;
    struct sink *sink;
    struct outbox *outbox; /* NULL = the log could not be opened yet */
    struct rw_endpoint **endpoints;
    size_t endpoint_count;
    struct loop_timer *timer; /* measures, or opens the log (again) */
    bool has_new_args;
    struct self_metric *samples, *exemplars, *metadata, *out_of_order, *active, *created,
        *samples_in;
};

/* ---- the outbox ---- */

static void close_outbox(struct remote_write *w)
{
    outbox_free(w->outbox);
    w->outbox = NULL;
    for (size_t i = 0; i < w->endpoint_count; i++) {
        rw_endpoint_free(w->endpoints[i]);
    }
    mem_free(w->endpoints);
    w->endpoints = NULL;
    w->endpoint_count = 0;
}

static enum status open_outbox(struct remote_write *w, struct error *err)
{
    struct arena arena;
    arena_init(&arena, NULL, 64 * 1024);
    const struct outbox_options options = {
        .loop = host_loop(w->host),
        .path = arena_cstr(&arena, arena_concat(&arena, host_data_path(w->host), STR("/wal"))),
        .codec = &outbox_metrics,
        .max_age_ns = w->args->wal.max_keepalive_time.ns,
        .sync_interval_ns = -1,
        .owner = host_memory(w->host),
        .log = host_log(w->host),
    };
    enum status status = outbox_new(&options, &w->outbox, err);
    arena_release(&arena);
    if (status != STATUS_OK) {
        w->outbox = NULL;
        return status;
    }
    size_t count = w->args->endpoints.count;
    w->endpoints = mem_array(host_memory(w->host), count + 1, sizeof(*w->endpoints));
    for (size_t i = 0; i < count; i++) {
        struct rw_endpoint *e = rw_endpoint_new(w->host, w->outbox, w->args, i, err);
        if (!e) {
            close_outbox(w);
            return err->status;
        }
        w->endpoints[w->endpoint_count++] = e;
    }
    outbox_forget_others(w->outbox);
    return STATUS_OK;
}

static void try_open(struct remote_write *w)
{
    struct error err = {0};
    char message[ERROR_MAX + 64];
    if (open_outbox(w, &err) == STATUS_OK) {
        host_health(w->host, HEALTH_HEALTHY, "");
        return;
    }
    (void)snprintf(message, sizeof(message), "opening the log: %s", err.message);
    host_health(w->host, HEALTH_UNHEALTHY, message);
    LOG(host_log(w->host), LOG_ERROR, "cannot open the log", LOG_C("err", err.message));
}

static void tick(void *arg)
{
    struct remote_write *w = arg;
    if (w->has_new_args && w->outbox) {
        close_outbox(w);
    }
    w->has_new_args = false;
    if (!w->outbox) {
        try_open(w);
    }
    for (size_t i = 0; i < w->endpoint_count; i++) {
        rw_endpoint_measure(w->endpoints[i]);
    }
}

/* ---- pushes ---- */

static void push(void *self, struct batch *batch, struct ack *ack)
{
    struct remote_write *w = self;
    if (batch->signal != SIGNAL_METRICS) {
        ack_done(ack, ACK_REJECTED, 0);
        return;
    }
    if (!w->outbox) {
        ack_done(ack, ACK_RETRY, SECOND_NS);
        return;
    }
    const struct metric_batch *m = batch_metrics(batch);
    self_add(w->samples, (double)(m->sample_count + m->histogram_count));
    self_add(w->samples_in, (double)(m->sample_count + m->histogram_count));
    self_add(w->exemplars, (double)m->exemplar_count);
    self_add(w->metadata, (double)m->meta_count);
    outbox_push(w->outbox, batch, ack);
}

static const struct sink_ops sink_ops = {.push = push};

/* ---- life ---- */

static double active_series(void *arg)
{
    const struct remote_write *w = arg;
    return (double)label_table_count(host_labels(w->host));
}

static void make_metrics(struct remote_write *w)
{
    struct self_group *g = host_metrics(w->host);
    w->samples = self_metric(g, SELF_COUNTER, "prometheus_remote_write_wal_samples_appended_total",
                             "Total number of samples appended to the WAL", NULL, 0);
    w->exemplars =
        self_metric(g, SELF_COUNTER, "prometheus_remote_write_wal_exemplars_appended_total",
                    "Total number of exemplars appended to the WAL", NULL, 0);
    w->metadata = self_metric(g, SELF_COUNTER, "prometheus_remote_write_wal_metadata_updates_total",
                              "Total number of metadata updates sent through the WAL", NULL, 0);
    w->out_of_order =
        self_metric(g, SELF_COUNTER, "prometheus_remote_write_wal_out_of_order_samples_total",
                    "Total number of out of order samples ingestion failed attempts.", NULL, 0);
    w->created =
        self_metric(g, SELF_COUNTER, "prometheus_remote_write_wal_storage_created_series_total",
                    "Total number of created series appended to the WAL", NULL, 0);
    w->samples_in = self_metric(g, SELF_COUNTER, "prometheus_remote_storage_samples_in_total",
                                "Samples in to remote storage, compare to samples out for queue "
                                "managers.",
                                NULL, 0);
    self_callback(g, SELF_GAUGE, "prometheus_remote_write_wal_storage_active_series",
                  "Current number of active series being tracked by the WAL storage", active_series,
                  w);
}

static enum status check_stability(struct component_host *host, const struct rw_args *args,
                                   struct error *err)
{
    for (size_t i = 0; i < args->endpoints.count; i++) {
        if (args->endpoints.items[i].protobuf_message == RW_MESSAGE_2 &&
            host_min_stability(host) != STABILITY_EXPERIMENTAL) {
            return error_set(err, STATUS_INVALID,
                             "using remote write v2 (protobuf_message="
                             "io.prometheus.write.v2.Request) with endpoint %.*s requires setting "
                             "the stability.level flag to experimental",
                             STR_ARG(args->endpoints.items[i].name));
        }
    }
    return STATUS_OK;
}

static enum status build(void *self, struct component_host *host, const void *args,
                         struct error *err)
{
    struct remote_write *w = self;
    struct buf name;
    enum status status = check_stability(host, args, err);
    if (status != STATUS_OK) {
        return status;
    }
    w->host = host;
    w->args = args;
    make_metrics(w);
    buf_init(&name, NULL, 4096);
    buf_str(&name, host_global_id(host));
    buf_cstr(&name, ".receiver");
    w->sink = sink_new(host_loop(host), 1U << SIGNAL_METRICS, buf_view(&name), &sink_ops, w);
    buf_release(&name);
    struct exports exports = {{sink_value(&capsule_metrics, w->sink)}};
    host_export(host, &exports);
    value_unref(exports.receiver.value);
    return STATUS_OK;
}

static void start(void *self)
{
    struct remote_write *w = self;
    try_open(w);
    w->timer = loop_timer_new(host_loop(w->host), tick, w);
    loop_timer_start(w->timer, MEASURE_EVERY_NS, MEASURE_EVERY_NS);
}

/* What is in flight is cancelled, and sent again from the log as the new arguments say. */
static enum status update(void *self, const void *args, const void *old_args, struct error *err)
{
    (void)old_args;
    struct remote_write *w = self;
    enum status status = check_stability(w->host, args, err);
    if (status != STATUS_OK) {
        return status;
    }
    w->args = args;
    w->has_new_args = true;
    if (w->timer) {
        loop_timer_start(w->timer, 0, MEASURE_EVERY_NS); /* outside this scope, which may fail */
    }
    return STATUS_OK;
}

static void flushed(void *arg)
{
    struct remote_write *w = arg;
    close_outbox(w);
    host_stopped(w->host);
}

static void stop(void *self)
{
    struct remote_write *w = self;
    loop_timer_close(w->timer);
    w->timer = NULL;
    sink_close(w->sink);
    if (w->outbox) {
        outbox_stop(w->outbox, FLUSH_NS, flushed, w);
    } else {
        host_stopped(w->host);
    }
}

static void release(void *self)
{
    struct remote_write *w = self;
    loop_timer_close(w->timer);
    if (w->outbox) {
        close_outbox(w);
    }
    sink_unref(w->sink);
}

const struct component_def prometheus_remote_write = {
    .name = "prometheus.remote_write",
    .summary = "Sends metrics to endpoints that speak Prometheus remote write.",
    .stability = STABILITY_GA,
    .args = &rw_args_shape,
    .exports = &exports_shape,
    .size = sizeof(struct remote_write),
    .build = build,
    .start = start,
    .update = update,
    .stop = stop,
    .release = release,
};
