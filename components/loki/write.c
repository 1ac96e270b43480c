/* loki.write: sends log entries to Loki. Entries go through a durable queue
 * (runtime/storage/outbox.h) below the component's data folder: a push is acknowledged when it is
 * there, and each endpoint reads from it at its own pace. Bounded by MAX_QUEUE bytes on disk;
 * beyond, pushes are asked to come again. */

#include "components/common/http_client_config.h"
#include "runtime/storage/outbox.h"
#include "runtime/wire/loki_push.h"

#include "base/mutant.h"

#include <stdio.h>

enum { MAX_ENDPOINTS = 64, MAX_HEADERS = 64, MAX_ANSWER = 4096 };
static const uint64_t MAX_QUEUE = (uint64_t)4 << 30;
static const int64_t REOPEN_NS = 5000000000;
static const int64_t RETRY_NS = 1000000000;

struct queue_config {
    int64_t min_shards;
    struct duration drain_timeout;
    bool block_on_overflow;
};

struct endpoint_args {
    struct str name;
    struct str url;
    struct duration batch_wait;
    struct size_bytes batch_size;
    struct duration remote_timeout;
    struct str_map headers;
    struct duration min_backoff_period, max_backoff_period;
    int64_t max_backoff_retries;
    struct str tenant_id;
    bool retry_on_http_429;
    struct http_client_config client;
    struct queue_config queue_config;
};
struct endpoint_list LIST_OF(struct endpoint_args);

struct wal_args {
    bool enabled;
    struct duration max_segment_age;
};

struct args {
    struct str_map external_labels;
    int64_t max_streams;
    struct endpoint_list endpoints;
    struct wal_args wal;
};

/* ---- schema ---- */
static const struct row queue_rows[] = {
    {REFUSED("capacity", "entries wait on disk, and are read as they are sent.")},
    {ATTR(struct queue_config, min_shards), .def = "1", .doc = "Requests under way at least."},
    {ATTR(struct queue_config, drain_timeout), .def = "\"15s\"",
     .doc = "How long the end of the program waits for a receiver that answers."},
    {ATTR(struct queue_config, block_on_overflow), .def = "true",
     .doc = "Whether senders wait for a full queue."},
    {0},
};

static enum status check_queue(void *args, struct arena *arena, struct error *err)
{
    const struct queue_config *q = args;
    (void)arena;
    if (!q->block_on_overflow) {
        return error_set(err, STATUS_UNSUPPORTED,
                         "block_on_overflow = false is not supported by invar: nothing is dropped "
                         "because a queue is full");
    }
    if (q->min_shards < 1 || q->min_shards > OUTBOX_LANES_MAX) {
        return error_set(err, STATUS_INVALID, "min_shards must be between 1 and %d",
                         OUTBOX_LANES_MAX);
    }
    return STATUS_OK;
}

static const struct shape queue_shape = SHAPE(struct queue_config, queue_rows, check_queue);

static const struct row endpoint_rows[] = {
    {ATTR(struct endpoint_args, name), .def = "\"\"", .doc = "Name of the endpoint in metrics."},
    {ATTR(struct endpoint_args, url), .required = true, .doc = "URL of Loki's push API."},
    {ATTR(struct endpoint_args, batch_wait), .def = "\"1s\"",
     .doc = "How long an entry waits at most for its batch to fill."},
    {ATTR(struct endpoint_args, batch_size), .def = "\"1MiB\"",
     .doc = "Size of lines at which a batch leaves."},
    {ATTR(struct endpoint_args, remote_timeout), .def = "\"10s\"",
     .doc = "Time that a request may take."},
    {ATTR(struct endpoint_args, headers), .doc = "Headers to send."},
    {ATTR(struct endpoint_args, min_backoff_period), .def = "\"500ms\"",
     .doc = "Time before the first retry; it doubles from then on."},
    {ATTR(struct endpoint_args, max_backoff_period), .def = "\"5m\"",
     .doc = "Longest time between two retries."},
    {ATTR(struct endpoint_args, max_backoff_retries), .def = "10",
     .doc = "Failures after which a batch is dropped and counted; 0 means never."},
    {ATTR(struct endpoint_args, tenant_id), .def = "\"\"",
     .doc = "Tenant of entries that have none of their own."},
    {ATTR(struct endpoint_args, retry_on_http_429), .def = "true",
     .doc = "Whether a batch that was answered 429 is sent again."},
    {SQUASH(struct endpoint_args, client, http_client_shape)},
    {BLOCK(struct endpoint_args, queue_config, queue_shape), .present_default = true,
     .doc = "The queue of the endpoint."},
    {0},
};

static enum status check_endpoint(void *args, struct arena *arena, struct error *err)
{
    const struct endpoint_args *a = args;
    (void)arena;
    if (!str_starts(a->url, STR("http://")) && !str_starts(a->url, STR("https://"))) {
        return error_set(err, STATUS_INVALID,
                         "failed to parse url \"%.*s\": a URL with http or https is expected",
                         STR_ARG(a->url));
    }
    if (a->headers.count > MAX_HEADERS) {
        return error_set(err, STATUS_LIMIT, "more than %d headers", MAX_HEADERS);
    }
    return http_client_config_check(&a->client, err);
}

static const struct shape endpoint_shape =
    SHAPE(struct endpoint_args, endpoint_rows, check_endpoint);

static const char READING[] = "the log is read as soon as there is something in it.";
static const struct row wal_rows[] = {
    {ATTR(struct wal_args, enabled), .def = "false",
     .doc = "Whether max_segment_age holds; entries are always kept on disk until delivered."},
    {ATTR(struct wal_args, max_segment_age), .def = "\"1h\"",
     .doc = "Age at which undelivered entries are dropped and counted."},
    {REFUSED("min_read_frequency", READING)},
    {REFUSED("max_read_frequency", READING)},
    {REFUSED("drain_timeout", "queue_config of the endpoint says how long to wait.")},
    {0},
};
static const struct shape wal_shape = SHAPE(struct wal_args, wal_rows, NULL);

static const struct row rows[] = {
    {ATTR(struct args, external_labels), .doc = "Labels of entries that do not have them."},
    {ATTR(struct args, max_streams), .def = "0", .doc = "Most streams in one batch; 0 means any."},
    {BLOCKS(struct args, endpoints, "endpoint", endpoint_shape), .doc = "A receiver."},
    {BLOCK(struct args, wal, wal_shape), .present_default = true, .doc = "The log on disk."},
    {0},
};

static enum status check_args(void *args, struct arena *arena, struct error *err)
{
    const struct args *a = args;
    (void)arena;
    if (a->endpoints.count <= MAX_ENDPOINTS)
        return STATUS_OK;
    return error_set(err, STATUS_LIMIT, "more than %d endpoints", MAX_ENDPOINTS);
}

static const struct shape args_shape = SHAPE(struct args, rows, check_args);

struct exports {
    struct capsule_ref receiver;
};
static const struct row export_rows[] = {
    {ATTR(struct exports, receiver), .capsule = &capsule_logs, .doc = "Takes log entries."},
    {0},
};
static const struct shape exports_shape = SHAPE(struct exports, export_rows, NULL);

/* ---- the component ---- */
struct writer;

struct flight {
    struct endpoint *endpoint;
    struct outbox_request *request;
    struct http_sent *sent;
};

struct endpoint {
    struct writer *writer;
    const struct endpoint_args *args;
    struct loki_push_options encoding;
    struct http_sender *sender;
    struct outbox_endpoint *outbox;
    struct flight flights[OUTBOX_LANES_MAX]; /* by lane */
    struct str host;                         /* of the URL, for metrics */
    int last_status;                         /* of the last answer, 0 = none came */
    struct self_metric *sent_entries, *sent_bytes, *retries;
};

struct writer {
    struct component_host *host;
    const struct args *args;
    struct sink *sink;
    struct outbox *outbox; /* NULL while it could not be opened */
    struct endpoint *endpoints;
    size_t endpoint_count;
    struct loop_timer *reopen;
    struct label_builder builder;
    bool stopping;
};

/* ---- sending ---- */
/* Alloy tells two reasons apart, by the last answer. */
static void count_dropped(void *self, size_t items, const char *reason)
{
    struct endpoint *e = self;
    bool limited = e->last_status == 429;
    (void)reason;
    struct label labels[] = {
        {STR_INIT("host"), e->host},
        {STR_INIT("reason"), limited ? STR("rate_limited") : STR("ingester_error")},
        {STR_INIT("tenant"), e->args->tenant_id}};
    self_add(self_metric(host_metrics(e->writer->host), SELF_COUNTER,
                         "loki_write_dropped_entries_total",
                         "Number of log entries dropped because failed to be sent to the ingester "
                         "after all retries.",
                         labels, 3),
             (double)items);
}

static void say_failed(struct endpoint *e, const struct http_response *response,
                       const struct error *err, bool again)
{
    struct str answer = str_slice(str_trim(response->body), 0, 256);
    LOG(host_log(e->writer->host), again ? LOG_WARN : LOG_ERROR,
        again ? "error sending batch, will retry"
              : "final error sending batch, no retries left, dropping data",
        LOG_I("status", response->status), LOG_S("host", e->host),
        LOG_S("error", response->status != 0 ? answer : str_from(err->message)));
}

static void observe(struct endpoint *e, const struct http_response *response)
{
    static const double bounds[] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
    static const char name[] = "loki_write_request_duration_seconds";
    char code[16];
    int len = snprintf(code, sizeof code, "%d", response->status);
    struct label labels[] = {{STR_INIT("host"), e->host},
                             {STR_INIT("status_code"), str_of(code, (size_t)len)},
                             {STR_INIT("tenant"), e->args->tenant_id}};
    struct self_bounds buckets = {bounds, sizeof bounds / sizeof *bounds};
    self_observe(self_histogram(host_metrics(e->writer->host), name, "Duration of send requests.",
                                buckets, labels, 3),
                 (double)response->duration_ns / 1e9);
}

static void answered(void *arg, const struct http_response *response, const struct error *err)
{
    struct flight *flight = arg;
    struct endpoint *e = flight->endpoint;
    struct outbox_request *request = flight->request;
    enum outbox_verdict verdict = outbox_http_verdict(response->status, e->args->retry_on_http_429);
    flight->request = NULL;
    flight->sent = NULL;
    e->last_status = response->status;
    observe(e, response);
    if (verdict == OUTBOX_SENT) {
        if (!MUTANT(SENT_UNCOUNTED))
            self_add(e->sent_entries, (double)request->items);
        self_add(e->sent_bytes, (double)request->body.len);
        host_count_out(e->writer->host, request->items);
        host_health(e->writer->host, HEALTH_HEALTHY, "");
    } else {
        say_failed(e, response, err, verdict == OUTBOX_AGAIN);
        if (verdict == OUTBOX_AGAIN)
            self_inc(e->retries);
    }
    outbox_answer(request, verdict, http_retry_after(response));
}

static void send(void *self, struct outbox_request *request)
{
    struct endpoint *e = self;
    const struct str_map *own = &e->args->headers;
    struct http_header headers[MAX_HEADERS + 3];
    size_t count = 0;
    struct str tenant = request->tag.len != 0 ? request->tag : e->args->tenant_id;
    headers[count++] = (struct http_header){STR("Content-Type"), STR("application/x-protobuf")};
    headers[count++] = (struct http_header){STR("Content-Encoding"), STR("snappy")};
    if (tenant.len != 0)
        headers[count++] = (struct http_header){STR("X-Scope-OrgID"), tenant};
    for (size_t i = 0; i < own->count; i++) {
        headers[count++] = (struct http_header){own->items[i].key, own->items[i].value};
    }
    struct http_call_options call = {
        .method = STR("POST"),
        .url = e->args->url,
        .headers = headers,
        .header_count = count,
        .body = request->body,
        .timeout_ns = e->args->remote_timeout.ns,
        .max_response = MAX_ANSWER,
    };
    struct flight *flight = &e->flights[request->lane];
    flight->endpoint = e;
    flight->request = request;
    flight->sent = http_sender_send(e->sender, &call, answered, flight);
}

static void cancel(void *self, struct outbox_request *request)
{
    struct endpoint *e = self;
    struct flight *flight = &e->flights[request->lane];
    if (flight->sent != NULL)
        http_sent_cancel(flight->sent);
    flight->sent = NULL;
    flight->request = NULL;
}

static const struct outbox_sender sender_table = {send, cancel, count_dropped};

/* ---- receiving ---- */
/* Labels that an entry has win over external ones. NULL says why in *err. */
static struct labels *add_external(struct writer *w, const struct labels *in, struct error *err)
{
    const struct str_map *external = &w->args->external_labels;
    label_builder_from(&w->builder, in);
    for (size_t i = 0; i < external->count; i++) {
        struct str name = external->items[i].key;
        if (label_builder_get(&w->builder, name).len == 0) {
            label_builder_put(&w->builder, name, external->items[i].value);
        }
    }
    return label_builder_intern_stream(&w->builder, host_labels(w->host), err);
}

/* NULL: memory failed, nothing of the batch is taken. */
static struct log_batch *with_external(struct writer *w, struct batch *batch)
{
    bool failed = false;
    struct error err = {0};
    const struct log_batch *in = batch_logs(batch);
    struct log_batch *out = log_batch_new(in->entry_count);
    struct labels *last_in = NULL;
    struct labels *last_out = NULL;
    if (out == NULL)
        return NULL;
    out->keep = batch_ref(batch);
    for (size_t i = 0; i < in->entry_count; i++) {
        struct log_entry entry = in->entries[i];
        if (entry.labels != last_in) {
            labels_unref(last_out);
            last_in = entry.labels;
            last_out = add_external(w, last_in, &err);
            failed = failed || (last_out == NULL && err.status == STATUS_MEMORY);
        }
        if (last_out == NULL)
            continue;
        entry.labels = labels_ref(last_out);
        if (!log_batch_add(out, &entry)) {
            labels_unref(last_out);
            failed = true;
        }
    }
    labels_unref(last_out);
    if (failed) {
        batch_unref(&out->base);
        return NULL;
    }
    return out;
}

static void push(void *self, struct batch *batch, struct ack *ack)
{
    struct writer *w = self;
    if (w->outbox == NULL) {
        ack_done(ack, ACK_RETRY, RETRY_NS);
        return;
    }
    if (w->args->external_labels.count == 0) {
        outbox_push(w->outbox, batch, ack);
        return;
    }
    struct log_batch *out = with_external(w, batch);
    if (out == NULL) {
        ack_done(ack, ACK_RETRY, RETRY_NS);
        return;
    }
    outbox_push(w->outbox, &out->base, ack);
    batch_unref(&out->base);
}

static const struct sink_ops sink_table = {.push = push};

/* ---- endpoints ---- */
static struct str url_host(struct str url)
{
    size_t scheme = str_find(url, STR("://"), 0);
    struct str host = str_slice(url, scheme + 3, url.len);
    host = str_slice(host, 0, str_find_byte(host, '/', 0));
    size_t at = str_rfind_byte(host, '@');
    return at == SIZE_MAX ? host : str_slice(host, at + 1, host.len);
}

static void make_metrics(struct endpoint *e)
{
    struct self_group *g = host_metrics(e->writer->host);
    struct label labels[] = {{STR_INIT("host"), e->host}, {STR_INIT("tenant"), e->args->tenant_id}};
    e->sent_entries = self_metric(g, SELF_COUNTER, "loki_write_sent_entries_total",
                                  "Number of log entries sent to the ingester.", labels, 2);
    e->sent_bytes = self_metric(g, SELF_COUNTER, "loki_write_sent_bytes_total",
                                "Number of bytes sent.", labels, 2);
    e->retries = self_metric(g, SELF_COUNTER, "loki_write_batch_retries_total",
                             "Number of times batches has had to be retried.", labels, 2);
}

static enum status open_endpoint(struct writer *w, struct endpoint *e, struct error *err)
{
    const struct endpoint_args *a = e->args;
    struct http_sender_options options = {0};
    e->writer = w;
    e->host = url_host(a->url);
    make_metrics(e);
    e->sender = http_sender_new(w->host, &a->client, &options, err);
    if (e->sender == NULL)
        return err->status;
    e->encoding = (struct loki_push_options){
        .max_bytes = (size_t)a->batch_size.bytes,
        .max_streams = (size_t)w->args->max_streams,
    };
    struct outbox_endpoint_options endpoint = {
        .name = a->name.len != 0 ? a->name : a->url,
        .encoding = &e->encoding,
        .min_lanes = (unsigned)a->queue_config.min_shards,
        .linger_ns = a->batch_wait.ns,
        .min_backoff_ns = a->min_backoff_period.ns,
        .max_backoff_ns = a->max_backoff_period.ns,
        .max_tries = a->max_backoff_retries > 0 ? (unsigned)a->max_backoff_retries : 0,
        .from_start = true,
        .sender = &sender_table,
        .self = e,
    };
    return outbox_add(w->outbox, &endpoint, &e->outbox, err);
}

static void close_all(struct writer *w)
{
    if (w->outbox != NULL)
        outbox_free(w->outbox);
    w->outbox = NULL;
    for (size_t i = 0; i < w->endpoint_count; i++)
        http_sender_free(w->endpoints[i].sender);
    mem_free(w->endpoints);
    w->endpoints = NULL;
    w->endpoint_count = 0;
}

static enum status open_all(struct writer *w, struct error *err)
{
    struct arena arena;
    arena_init(&arena, host_memory(w->host), 64 * 1024);
    struct outbox_options options = {
        .loop = host_loop(w->host),
        .path = arena_cstr(&arena, host_data_path(w->host)),
        .codec = &outbox_logs,
        .max_bytes = MAX_QUEUE,
        .max_age_ns = w->args->wal.enabled ? w->args->wal.max_segment_age.ns : 0,
        .sync_interval_ns = -1,
        .owner = host_memory(w->host),
        .log = host_log(w->host),
    };
    enum status status = outbox_new(&options, &w->outbox, err);
    arena_release(&arena);
    size_t count = w->args->endpoints.count;
    if (status == STATUS_OK && count != 0) {
        w->endpoints = mem_array(host_memory(w->host), count, sizeof *w->endpoints);
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        struct endpoint *e = &w->endpoints[w->endpoint_count++];
        e->args = &w->args->endpoints.items[i];
        status = open_endpoint(w, e, err);
    }
    if (status == STATUS_OK) {
        outbox_forget_others(w->outbox);
    } else {
        close_all(w);
    }
    return status;
}

static void open_or_retry(void *arg)
{
    struct writer *w = arg;
    struct error err = {0};
    if (w->stopping || w->outbox != NULL)
        return;
    if (open_all(w, &err) == STATUS_OK) {
        host_health(w->host, HEALTH_HEALTHY, "");
        return;
    }
    LOG(host_log(w->host), LOG_ERROR, "failed to open the queue", LOG_C("err", err.message));
    host_health(w->host, HEALTH_UNHEALTHY, err.message);
    loop_timer_start(w->reopen, REOPEN_NS, 0);
}

/* ---- life ---- */
static enum status build(void *self, struct component_host *host, const void *args,
                         struct error *err)
{
    struct writer *w = self;
    (void)err;
    w->host = host;
    w->args = args;
    label_builder_init(&w->builder);
    w->sink = sink_new(host_loop(host), 1u << SIGNAL_LOGS, host_global_id(host), &sink_table, w);
    struct exports exports = {{sink_value(&capsule_logs, w->sink)}};
    host_export(host, &exports);
    value_unref(exports.receiver.value);
    return STATUS_OK;
}

static void start(void *self)
{
    struct writer *w = self;
    w->reopen = loop_timer_new(host_loop(w->host), open_or_retry, w);
    open_or_retry(w);
}

/* What is under way is given up and sent again with the new settings. The queue is opened outside
 * of the update's memory scope, which would free it when memory fails later in it. */
static enum status update(void *self, const void *args, const void *old_args, struct error *err)
{
    struct writer *w = self;
    (void)old_args;
    (void)err;
    close_all(w);
    w->args = args;
    if (w->reopen != NULL)
        loop_timer_start(w->reopen, 0, 0);
    return STATUS_OK;
}

static int64_t longest_drain(const struct writer *w)
{
    int64_t longest = 0;
    for (size_t i = 0; i < w->endpoint_count; i++) {
        int64_t ns = w->endpoints[i].args->queue_config.drain_timeout.ns;
        if (ns > longest)
            longest = ns;
    }
    return longest;
}

static void drained(void *arg)
{
    struct writer *w = arg;
    host_stopped(w->host);
}

static void stop(void *self)
{
    struct writer *w = self;
    w->stopping = true;
    sink_close(w->sink);
    if (w->reopen != NULL)
        loop_timer_stop(w->reopen);
    if (w->outbox != NULL) {
        outbox_stop(w->outbox, longest_drain(w), drained, w);
    } else {
        host_stopped(w->host);
    }
}

static void release(void *self)
{
    struct writer *w = self;
    close_all(w);
    loop_timer_close(w->reopen);
    label_builder_release(&w->builder);
    sink_unref(w->sink);
}

const struct component_def loki_write = {
    .name = "loki.write",
    .summary = "Sends log entries to Loki.",
    .stability = STABILITY_GA,
    .args = &args_shape,
    .exports = &exports_shape,
    .size = sizeof(struct writer),
    .build = build,
    .start = start,
    .update = update,
    .stop = stop,
    .release = release,
};
