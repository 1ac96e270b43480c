/* The engine of the OTLP exporters. Owns the sink and the queue; bounded by the queue's size
 * (sending_queue.queue_size), beyond which pushes are asked to come again. */

#include "components/common/otelcol_export.h"

#include "base/world.h"

static const int64_t FULL_RETRY_NS = 1000000000;
static const int64_t REOPEN_NS = 5000000000;
static const int64_t FLUSH_NS = 1000000000;

/* ---- schema ---- */
static const char *const sizers[] = {"requests", "bytes", NULL};
static const struct row queue_rows[] = {
    {ATTR(struct otelcol_queue, enabled), .def = "true", .doc = "Whether requests are queued."},
    {ATTR(struct otelcol_queue, num_consumers), .def = "10",
     .doc =
         "Most requests of traces under way; metrics and logs are sent in order, one at a time."},
    {ATTR(struct otelcol_queue, queue_size), .def = "1000",
     .doc = "Size at which the queue is full, in units of sizer."},
    {ATTR(struct otelcol_queue, block_on_overflow), .def = "false",
     .doc = "Whether senders wait for a full queue instead of being refused."},
    {ATTR(struct otelcol_queue, sizer), .oneof = sizers, .def = "\"requests\"",
     .doc = "What queue_size counts."},
    {ATTR(struct otelcol_queue, wait_for_result), .def = "false",
     .doc = "Whether senders wait until their data is delivered."},
    {ATTR(struct otelcol_queue, storage), .capsule = &capsule_otel_storage,
     .doc = "Folder of the queue, from otelcol.storage.file; the component's own by default."},
    {REFUSED_BLOCK("batch",
                   "batching in the queue is not there yet: use otelcol.processor.batch.")},
    {0},
};

static enum status check_queue(void *args, struct arena *arena, struct error *err)
{
    const struct otelcol_queue *q = args;
    (void)arena;
    if (!q->enabled) {
        return error_set(err, STATUS_UNSUPPORTED,
                         "sending_queue without a queue is not supported by invar yet");
    }
    if (q->block_on_overflow || q->wait_for_result) {
        return error_set(err, STATUS_UNSUPPORTED,
                         "block_on_overflow and wait_for_result are not supported by invar yet");
    }
    if (q->queue_size <= 0)
        return error_set(err, STATUS_INVALID, "queue_size must be greater than zero");
    if (q->num_consumers <= 0) {
        return error_set(err, STATUS_INVALID, "num_consumers must be greater than zero");
    }
    return STATUS_OK;
}

const struct shape otelcol_queue_shape = SHAPE(struct otelcol_queue, queue_rows, check_queue);

static const struct row retry_rows[] = {
    {ATTR(struct otelcol_retry, enabled), .def = "true",
     .doc = "Whether failed requests are sent again."},
    {ATTR(struct otelcol_retry, initial_interval), .def = "\"5s\"",
     .doc = "Time before the first retry."},
    {ATTR(struct otelcol_retry, randomization_factor), .def = "0.5",
     .doc = "Share by which intervals vary at random."},
    {ATTR(struct otelcol_retry, multiplier), .def = "1.5",
     .doc = "Factor between one interval and the next."},
    {ATTR(struct otelcol_retry, max_interval), .def = "\"30s\"", .doc = "Longest interval."},
    {ATTR(struct otelcol_retry, max_elapsed_time), .def = "\"5m\"",
     .doc = "Age at which a request is dropped; 0 means never."},
    {0},
};

static enum status check_retry(void *args, struct arena *arena, struct error *err)
{
    const struct otelcol_retry *r = args;
    (void)arena;
    if (r->randomization_factor < 0 || r->randomization_factor > 1) {
        return error_set(err, STATUS_INVALID, "randomization_factor must be between 0 and 1");
    }
    if (r->multiplier < 1) {
        return error_set(err, STATUS_INVALID, "multiplier must be greater than or equal to 1.0");
    }
    return STATUS_OK;
}

const struct shape otelcol_retry_shape = SHAPE(struct otelcol_retry, retry_rows, check_retry);

const char *const otelcol_compressions[] = {"gzip", "zlib", "deflate", "snappy",
                                            "zstd", "none", "",        NULL};

enum compression otelcol_compression(struct str name)
{
    enum compression method = COMPRESSION_NONE;
    if (str_is(name, "none") || !compression_from_name(name, &method))
        return COMPRESSION_NONE;
    return method;
}

/* ---- sending ---- */
static void send(void *self, struct outbox_request *request)
{
    struct otelcol_exporter *e = self;
    struct otelcol_sending *sending = &e->sending[request->lane];
    ASSERT(sending->request == NULL);
    sending->exporter = e;
    sending->request = request;
    struct http_call *call = e->ops->send(e, sending);
    if (sending->request == request)
        sending->call = call;
}

static void give_up(struct otelcol_sending *sending)
{
    if (sending->call != NULL)
        http_call_cancel(sending->call);
    sending->call = NULL;
    sending->request = NULL;
}

static void cancel(void *self, struct outbox_request *request)
{
    struct otelcol_exporter *e = self;
    give_up(&e->sending[request->lane]);
}

static const struct outbox_sender sender = {.send = send, .cancel = cancel};

/* The Collector's exponential backoff (cenkalti/backoff): interval · (1 ± factor · random). */
static int64_t backoff_ns(const struct otelcol_retry *retry, unsigned tries)
{
    double interval = (double)retry->initial_interval.ns;
    double most = (double)retry->max_interval.ns;
    for (unsigned i = 0; i < tries && interval < most; i++)
        interval *= retry->multiplier;
    if (interval > most)
        interval = most;
    double random = (double)world_random_below(1000001) / 500000.0 - 1.0;
    interval *= 1.0 + retry->randomization_factor * random;
    return interval < 1e6 ? 1000000 : (int64_t)interval;
}

static void drop(struct otelcol_exporter *e, struct outbox_request *request, const char *why)
{
    self_add(e->failed[request->otlp], (double)request->items);
    LOG(host_log(e->host), LOG_ERROR, "Exporting failed. Dropping data.", LOG_C("error", why),
        LOG_I("dropped_items", request->items));
    outbox_answer(request, OUTBOX_REFUSED, -1);
}

void otelcol_exporter_answer(struct otelcol_sending *sending, enum otelcol_outcome outcome,
                             int64_t retry_ns, const char *why)
{
    struct otelcol_exporter *e = sending->exporter;
    struct outbox_request *request = sending->request;
    sending->request = NULL;
    sending->call = NULL;
    const struct otelcol_retry *retry = e->config.retry;
    if (outcome == OTELCOL_SENT) {
        self_add(e->sent[request->otlp], (double)request->items);
        host_count_out(e->host, request->items);
        host_health(e->host, HEALTH_HEALTHY, "");
        outbox_answer(request, OUTBOX_SENT, -1);
        return;
    }
    int64_t wait = backoff_ns(retry, request->tries);
    int64_t age = loop_now_ns(host_loop(e->host)) - request->born_ns;
    bool is_too_old = retry->max_elapsed_time.ns > 0 && age + wait > retry->max_elapsed_time.ns;
    if (outcome == OTELCOL_REFUSED || !retry->enabled || is_too_old) {
        drop(e, request, why);
        return;
    }
    LOG(host_log(e->host), LOG_INFO, "Exporting failed. Will retry the request after interval.",
        LOG_C("error", why), LOG_NS("interval", retry_ns > wait ? retry_ns : wait));
    outbox_answer(request, OUTBOX_AGAIN, retry_ns > wait ? retry_ns : wait);
}

/* ---- the queue ---- */
/* Records that will be joined count as the requests they will become. */
static void count_joined(struct otelcol_exporter *e, const struct otlp_batch *batch)
{
    e->joined_least = batch->joining.least;
    e->joined_records++;
    e->joined_items += batch->base.items;
    if (e->joined_records > 1000) {
        e->joined_records /= 2;
        e->joined_items /= 2;
    }
}

static bool is_full(const struct otelcol_exporter *e)
{
    struct outbox_stats stats;
    outbox_endpoint_stats(e->endpoint, &stats);
    uint64_t most = (uint64_t)e->config.queue->queue_size;
    if (str_is(e->config.queue->sizer, "bytes"))
        return stats.pending_bytes >= most;
    uint64_t requests = stats.pending_records;
    if (e->joined_least != 0) {
        uint64_t joined = requests * e->joined_items / e->joined_records / e->joined_least;
        requests = joined < requests ? joined : requests;
    }
    return requests >= most;
}

static void push(void *self, struct batch *batch, struct ack *ack)
{
    struct otelcol_exporter *e = self;
    enum otlp_signal signal = batch_otlp(batch)->otlp;
    count_joined(e, batch_otlp(batch));
    if (batch->items == 0) {
        ack_done(ack, ACK_DONE, 0);
    } else if (e->outbox == NULL || is_full(e)) {
        self_add(e->refused[signal], (double)batch->items);
        ack_done(ack, ACK_RETRY, FULL_RETRY_NS);
    } else {
        outbox_push(e->outbox, batch, ack);
    }
}

static const struct sink_ops sink_table = {.push = push, .joins = true};

static struct str queue_path(struct otelcol_exporter *e, struct arena *arena, bool *sync)
{
    const struct otelcol_storage *storage = NULL;
    struct value *value = e->config.queue->storage.value;
    if (value != NULL)
        storage = value_capsule_data(value, &capsule_otel_storage);
    *sync = storage != NULL && storage->sync;
    if (storage == NULL)
        return arena_str(arena, host_data_path(e->host));
    return arena_printf(arena, "%.*s/%.*s", STR_ARG(storage->directory),
                        STR_ARG(host_local_id(e->host)));
}

static unsigned most_consumers(const struct otelcol_queue *queue)
{
    const int64_t most = OUTBOX_LANES_MAX - OTLP_SIGNALS + 1;
    return (unsigned)(queue->num_consumers < most ? queue->num_consumers : most);
}

static enum status open_outbox(struct otelcol_exporter *e, struct error *err)
{
    struct arena arena;
    bool sync;
    arena_init(&arena, host_memory(e->host), 64 * 1024);
    struct outbox_options options = {
        .loop = host_loop(e->host),
        .path = queue_path(e, &arena, &sync).ptr,
        .codec = &outbox_otlp,
        .owner = host_memory(e->host),
        .log = host_log(e->host),
    };
    options.sync_interval_ns = sync ? 0 : -1;
    enum status status = outbox_new(&options, &e->outbox, err);
    arena_release(&arena);
    if (status != STATUS_OK)
        return status;
    struct outbox_endpoint_options endpoint = {
        .name = STR("otlp"),
        .encoding = &e->config.encoding,
        .min_backoff_ns = e->config.retry->initial_interval.ns,
        .max_backoff_ns = e->config.retry->max_interval.ns,
        .min_lanes = OTLP_SIGNALS,
        .max_lanes = OTLP_SIGNALS - 1 + most_consumers(e->config.queue),
        .narrow_on_failure = true,
        .from_start = true,
        .sender = &sender,
        .self = e,
    };
    status = outbox_add(e->outbox, &endpoint, &e->endpoint, err);
    if (status == STATUS_OK)
        return STATUS_OK;
    outbox_free(e->outbox);
    e->outbox = NULL;
    return status;
}

static void open_or_retry(void *arg)
{
    struct otelcol_exporter *e = arg;
    struct error err = {0};
    if (e->stopping || e->outbox != NULL)
        return;
    if (open_outbox(e, &err) == STATUS_OK) {
        host_health(e->host, HEALTH_HEALTHY, "started scheduled components");
        return;
    }
    LOG(host_log(e->host), LOG_ERROR, "failed to open the queue", LOG_C("err", err.message));
    host_health(e->host, HEALTH_UNHEALTHY, err.message);
    loop_timer_start(e->reopen, REOPEN_NS, 0);
}

/* ---- life ---- */
static void make_metrics(struct otelcol_exporter *e)
{
    static const char *const sent[OTLP_SIGNALS] = {
        [OTLP_TRACES] = "otelcol_exporter_sent_spans_total",
        [OTLP_METRICS] = "otelcol_exporter_sent_metric_points_total",
        [OTLP_LOGS] = "otelcol_exporter_sent_log_records_total",
    };
    static const char *const failed[OTLP_SIGNALS] = {
        [OTLP_TRACES] = "otelcol_exporter_send_failed_spans_total",
        [OTLP_METRICS] = "otelcol_exporter_send_failed_metric_points_total",
        [OTLP_LOGS] = "otelcol_exporter_send_failed_log_records_total",
    };
    static const char *const refused[OTLP_SIGNALS] = {
        [OTLP_TRACES] = "otelcol_exporter_enqueue_failed_spans_total",
        [OTLP_METRICS] = "otelcol_exporter_enqueue_failed_metric_points_total",
        [OTLP_LOGS] = "otelcol_exporter_enqueue_failed_log_records_total",
    };
    struct self_group *group = host_metrics(e->host);
    for (size_t i = 0; i < OTLP_SIGNALS; i++) {
        e->sent[i] = self_metric(group, SELF_COUNTER, sent[i],
                                 "Items that were sent to the destination.", NULL, 0);
        e->failed[i] = self_metric(group, SELF_COUNTER, failed[i],
                                   "Items that were dropped because sending failed.", NULL, 0);
        e->refused[i] = self_metric(group, SELF_COUNTER, refused[i],
                                    "Items that the full queue did not take.", NULL, 0);
    }
}

void otelcol_exporter_build(struct otelcol_exporter *e, struct component_host *host,
                            const void *args, const struct otelcol_exporter_ops *ops)
{
    e->host = host;
    e->args = args;
    e->ops = ops;
    make_metrics(e);
    e->sink = otelcol_consumer_export(host, &sink_table, e);
}

static void need_timer(struct otelcol_exporter *e)
{
    if (e->reopen == NULL)
        e->reopen = loop_timer_new(host_loop(e->host), open_or_retry, e);
}

void otelcol_exporter_start(void *self)
{
    struct otelcol_exporter *e = self;
    struct error err = {0};
    if (e->ops->connect(e->host, e->args, &e->client, &err) != STATUS_OK) {
        LOG(host_log(e->host), LOG_ERROR, "failed to start the exporter",
            LOG_C("err", err.message));
        host_health(e->host, HEALTH_UNHEALTHY, err.message);
        return;
    }
    e->config = e->ops->config(e->args);
    need_timer(e);
    open_or_retry(e);
}

static void close_queue(struct otelcol_exporter *e)
{
    if (e->outbox != NULL)
        outbox_free(e->outbox);
    e->outbox = NULL;
    e->endpoint = NULL;
}

enum status otelcol_exporter_update(void *self, const void *args, const void *old_args,
                                    struct error *err)
{
    struct otelcol_exporter *e = self;
    struct http_client *client = NULL;
    (void)old_args;
    need_timer(e);
    if (e->ops->connect(e->host, args, &client, err) != STATUS_OK)
        return err->status;
    close_queue(e);
    if (e->client != NULL)
        http_client_free(e->client);
    e->client = client;
    e->args = args;
    e->config = e->ops->config(e->args);
    /* Outside of the update's memory scope, which would free the queue when memory fails later. */
    loop_timer_start(e->reopen, 0, 0);
    return STATUS_OK;
}

static void flushed(void *arg)
{
    struct otelcol_exporter *e = arg;
    host_stopped(e->host);
}

void otelcol_exporter_stop(void *self)
{
    struct otelcol_exporter *e = self;
    e->stopping = true;
    sink_close(e->sink);
    if (e->reopen != NULL)
        loop_timer_stop(e->reopen);
    if (e->outbox != NULL) {
        outbox_stop(e->outbox, FLUSH_NS, flushed, e);
    } else {
        host_stopped(e->host);
    }
}

void otelcol_exporter_release(void *self)
{
    struct otelcol_exporter *e = self;
    close_queue(e);
    loop_timer_close(e->reopen);
    sink_unref(e->sink);
    if (e->client != NULL)
        http_client_free(e->client);
}
