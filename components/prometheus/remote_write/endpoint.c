/* An endpoint of remote write: takes requests from the outbox, sends them, answers for them. Owns
 * its HTTP sender, its rules, and a record of every request under way (at most one a lane). */
#include "components/prometheus/remote_write/remote_write.h"

#include "base/hash.h"
#include "base/world.h"

enum { HEADERS_OWN = 3, RESPONSE_MAX = 64 * 1024, NAME_MAX_BYTES = 8192, SHOWN_MAX = 512 };
static const int64_t WARN_EVERY_NS = (int64_t)10 * 1000000000;

enum metric {
    METRIC_SAMPLES,
    METRIC_FAILED,
    METRIC_RETRIED,
    METRIC_BYTES,
    METRIC_PENDING,
    METRIC_SHARDS,
    METRIC_SHARDS_DESIRED,
    METRIC_SHARDS_MIN,
    METRIC_SHARDS_MAX,
    METRIC_SHARD_CAPACITY,
    METRIC_MAX_PER_SEND,
    METRIC_SENT_UP_TO,
    METRIC_ENQUEUE_RETRIES,
    METRIC_DROPPED,
    METRIC_COUNT,
};

struct sending {
    struct rw_endpoint *endpoint;
    struct outbox_request *request;
    struct http_sent *sent;
    struct sending *prev, *next;
};

struct rw_endpoint {
    struct component_host *host;
    /* Copies: the arguments may be replaced before the endpoint is. */
    struct arena own;
    struct str url;
    int64_t timeout_ns;
    bool retry_429;
    struct str_map external_labels;
    struct outbox_endpoint *outbox_endpoint;
    struct http_sender *sender;
    struct relabel_rules *rules;
    struct arena texts; /* of a relabelling */
    struct remote_write_options encoding;
    struct http_header *headers; /* the last one is for retries */
    size_t header_count;
    struct sending *sendings;
    struct buf name;
    struct buf shown_url; /* without user and password */
    struct self_metric *metrics[METRIC_COUNT];
    struct self_histogram *duration;
    int64_t warned_ns;
};

/* ---- series as they are sent ---- */

static bool relabel_series(void *arg, struct label_builder *labels)
{
    struct rw_endpoint *e = arg;
    for (size_t i = 0; i < e->external_labels.count; i++) {
        const struct str_map_pair *pair = &e->external_labels.items[i];
        if (label_builder_get(labels, pair->key).len == 0) {
            label_builder_set(labels, pair->key, pair->value);
        }
    }
    arena_reset(&e->texts);
    return relabel_apply(e->rules, labels, &e->texts) && labels->count > 0;
}

/* ---- requests ---- */

static void forget(struct sending *s)
{
    *(s->prev ? &s->prev->next : &s->endpoint->sendings) = s->next;
    if (s->next) {
        s->next->prev = s->prev;
    }
    mem_free(s);
}

static void warn(struct rw_endpoint *e, const char *reason)
{
    int64_t now_ns = loop_now_ns(host_loop(e->host));
    if (e->warned_ns == 0 || now_ns - e->warned_ns >= WARN_EVERY_NS) {
        e->warned_ns = now_ns;
        LOG(host_log(e->host), LOG_WARN, "Failed to send batch, retrying",
            LOG_S("remote_name", buf_view(&e->name)), LOG_S("url", buf_view(&e->shown_url)),
            LOG_C("err", reason));
    }
}

static void explain(char *out, size_t size, const struct http_response *response,
                    const struct error *err)
{
    if (response->status == 0) {
        (void)snprintf(out, size, "%s", err->message);
        return;
    }
    struct str line;
    struct str rest;
    (void)str_cut(str_slice(response->body, 0, SHOWN_MAX), '\n', &line, &rest);
    (void)snprintf(out, size, "server returned HTTP status %d: %.*s", response->status,
                   STR_ARG(line));
}

static void answered(void *arg, const struct http_response *response, const struct error *err)
{
    struct sending *s = arg;
    struct rw_endpoint *e = s->endpoint;
    struct outbox_request *request = s->request;
    enum outbox_verdict verdict = outbox_http_verdict(response->status, e->retry_429);
    int64_t retry_ns =
        verdict == OUTBOX_AGAIN && response->status != 0 ? http_retry_after(response) : -1;
    char reason[ERROR_MAX + 64];
    forget(s);
    self_observe(e->duration, (double)response->duration_ns / 1e9);
    if (verdict == OUTBOX_SENT) {
        self_set(e->metrics[METRIC_SENT_UP_TO], (double)world_wall_ns() / 1e9);
    } else {
        explain(reason, sizeof(reason), response, err);
    }
    if (verdict == OUTBOX_AGAIN) {
        warn(e, reason);
    } else if (verdict == OUTBOX_REFUSED) {
        LOG(host_log(e->host), LOG_ERROR, "non-recoverable error",
            LOG_S("remote_name", buf_view(&e->name)), LOG_S("url", buf_view(&e->shown_url)),
            LOG_I("count", request->items), LOG_C("err", reason));
    }
    outbox_answer(request, verdict, retry_ns);
    rw_endpoint_measure(e);
}

static void send_request(void *self, struct outbox_request *request)
{
    struct rw_endpoint *e = self;
    struct sending *s = mem_zalloc(host_memory(e->host), sizeof(*s));
    char attempt[16];
    (void)snprintf(attempt, sizeof(attempt), "%u", request->tries);
    /* The last header is for retries. */
    e->headers[e->header_count - 1].value = str_from(attempt);
    const struct http_call_options call = {.method = STR("POST"),
                                           .url = e->url,
                                           .headers = e->headers,
                                           .header_count =
                                               e->header_count - (request->tries == 0 ? 1 : 0),
                                           .body = request->body,
                                           .timeout_ns = e->timeout_ns,
                                           .max_response = RESPONSE_MAX};
    s->endpoint = e;
    s->request = request;
    s->next = e->sendings;
    if (s->next) {
        s->next->prev = s;
    }
    e->sendings = s;
    s->sent = http_sender_send(e->sender, &call, answered, s);
}

static void cancel_request(void *self, struct outbox_request *request)
{
    struct rw_endpoint *e = self;
    for (struct sending *s = e->sendings; s; s = s->next) {
        if (s->request == request) {
            http_sent_cancel(s->sent);
            forget(s);
            return;
        }
    }
}

static void dropped(void *self, size_t items, const char *reason)
{
    struct rw_endpoint *e = self;
    const struct label labels[] = {{STR("remote_name"), buf_view(&e->name)},
                                   {STR("url"), buf_view(&e->shown_url)},
                                   {STR("reason"), str_from(reason)}};
    struct self_metric *m = self_metric(
        host_metrics(e->host), SELF_COUNTER, "prometheus_remote_storage_samples_dropped_total",
        "Total number of samples which were dropped after being read from the WAL "
        "before being sent via remote write, either via relabelling, due to being too "
        "old or unintentionally because of an unknown reference ID.",
        labels, 3);
    self_add(m, (double)items);
}

static const struct outbox_sender sender = {
    .send = send_request, .cancel = cancel_request, .dropped = dropped};

/* ---- metrics ---- */

static const struct {
    enum self_kind kind;
    const char *name;
    const char *help;
} metric_names[METRIC_COUNT] = {
    [METRIC_SAMPLES] = {SELF_COUNTER, "prometheus_remote_storage_samples_total",
                        "Total number of samples sent to remote storage."},
    [METRIC_FAILED] = {SELF_COUNTER, "prometheus_remote_storage_samples_failed_total",
                       "Total number of samples which failed on send to remote storage, "
                       "non-recoverable errors."},
    [METRIC_RETRIED] = {SELF_COUNTER, "prometheus_remote_storage_samples_retried_total",
                        "Total number of samples which failed on send to remote storage but were "
                        "retried because the send error was recoverable."},
    [METRIC_BYTES] = {SELF_COUNTER, "prometheus_remote_storage_bytes_total",
                      "The total number of bytes of data (not metadata) sent by the queue after "
                      "compression."},
    [METRIC_PENDING] = {SELF_GAUGE, "prometheus_remote_storage_samples_pending",
                        "The number of samples pending in the queues shards to be sent to the "
                        "remote storage."},
    [METRIC_SHARDS] = {SELF_GAUGE, "prometheus_remote_storage_shards",
                       "The number of shards used for parallel sending to the remote storage."},
    [METRIC_SHARDS_DESIRED] =
        {SELF_GAUGE, "prometheus_remote_storage_shards_desired",
         "The number of shards that the queues shard calculation wants to run "
         "based on the rate of samples in vs. samples out."},
    [METRIC_SHARDS_MIN] = {SELF_GAUGE, "prometheus_remote_storage_shards_min",
                           "The minimum number of shards that the queue is allowed to run."},
    [METRIC_SHARDS_MAX] = {SELF_GAUGE, "prometheus_remote_storage_shards_max",
                           "The maximum number of shards that the queue is allowed to run."},
    [METRIC_SHARD_CAPACITY] = {SELF_GAUGE, "prometheus_remote_storage_shard_capacity",
                               "The capacity of each shard of the queue used for parallel sending "
                               "to the remote storage."},
    [METRIC_MAX_PER_SEND] =
        {SELF_GAUGE, "prometheus_remote_storage_max_samples_per_send",
         "The maximum number of samples to be sent, in a single request, to the "
         "remote storage."},
    [METRIC_SENT_UP_TO] =
        {SELF_GAUGE, "prometheus_remote_storage_queue_highest_sent_timestamp_seconds",
         "Timestamp from a WAL sample, the highest timestamp successfully sent by "
         "this queue, in seconds since epoch."},
    [METRIC_ENQUEUE_RETRIES] =
        {SELF_COUNTER, "prometheus_remote_storage_enqueue_retries_total",
         "Total number of times enqueue has failed because a shards queue was "
         "full."},
    [METRIC_DROPPED] = {SELF_COUNTER, "invar_remote_write_damaged_samples_total",
                        "Total number of samples lost to damaged records of the log."},
};

static const double duration_bounds[] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
                                         2.5,   5,    10,    25,   60,  120,  300};

static void make_metrics(struct rw_endpoint *e, const struct rw_queue_config *q)
{
    struct self_group *group = host_metrics(e->host);
    const struct label labels[] = {{STR("remote_name"), buf_view(&e->name)},
                                   {STR("url"), buf_view(&e->shown_url)}};
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        e->metrics[i] = self_metric(group, metric_names[i].kind, metric_names[i].name,
                                    metric_names[i].help, labels, 2);
    }
    e->duration = self_histogram(
        group, "prometheus_remote_storage_sent_batch_duration_seconds",
        "Duration of send calls to the remote storage.",
        (struct self_bounds){duration_bounds, sizeof(duration_bounds) / sizeof(duration_bounds[0])},
        labels, 2);
    self_set(e->metrics[METRIC_SHARDS_MIN], (double)q->min_shards);
    self_set(e->metrics[METRIC_SHARDS_MAX], (double)q->max_shards);
    self_set(e->metrics[METRIC_SHARD_CAPACITY], (double)q->capacity);
    self_set(e->metrics[METRIC_MAX_PER_SEND], (double)q->max_samples_per_send);
}

void rw_endpoint_measure(struct rw_endpoint *e)
{
    struct outbox_stats stats;
    outbox_endpoint_stats(e->outbox_endpoint, &stats);
    self_set(e->metrics[METRIC_SAMPLES], (double)stats.sent_items);
    self_set(e->metrics[METRIC_FAILED], (double)(stats.dropped_refused + stats.dropped_tries));
    self_set(e->metrics[METRIC_RETRIED], (double)stats.retried_items);
    self_set(e->metrics[METRIC_BYTES], (double)stats.sent_bytes);
    self_set(e->metrics[METRIC_PENDING], (double)stats.pending_records);
    self_set(e->metrics[METRIC_SHARDS], stats.lanes);
    self_set(e->metrics[METRIC_SHARDS_DESIRED], stats.lanes);
    self_set(e->metrics[METRIC_DROPPED], (double)stats.dropped_damaged);
}

/* ---- life ---- */

/* scheme://user:password@host becomes scheme://host. */
static void show_url(struct buf *out, struct str url)
{
    size_t authority = str_find(url, STR("://"), 0) + 3;
    size_t path = str_find_byte(url, '/', authority);
    size_t at = str_rfind_byte(str_slice(url, 0, path), '@');
    buf_str(out, str_slice(url, 0, authority));
    buf_str(out, str_slice(url, at != SIZE_MAX && at >= authority ? at + 1 : authority, url.len));
}

/* What the cursor is kept under: the name, or the URL and which of its endpoints it is. */
static void make_name(struct rw_endpoint *e, const struct rw_args *all, size_t number)
{
    const struct rw_endpoint_args *a = &all->endpoints.items[number];
    if (a->name.len > 0) {
        buf_str(&e->name, a->name);
        return;
    }
    size_t same = 0;
    for (size_t i = 0; i < number; i++) {
        same +=
            all->endpoints.items[i].name.len == 0 && str_eq(all->endpoints.items[i].url, a->url);
    }
    unsigned long long hash = hash_str(a->url);
    buf_printf(&e->name, "%06llx", (hash + same) & 0xffffff);
}

static void make_headers(struct rw_endpoint *e, const struct rw_endpoint_args *a)
{
    bool v2 = a->protobuf_message == RW_MESSAGE_2;
    const struct http_header own[HEADERS_OWN] = {
        {STR("Content-Encoding"), STR("snappy")},
        {STR("Content-Type"),
         v2 ? STR("application/x-protobuf;proto=io.prometheus.write.v2.Request")
            : STR("application/x-protobuf")},
        {STR("X-Prometheus-Remote-Write-Version"), v2 ? STR("2.0.0") : STR("0.1.0")},
    };
    const struct str_map *theirs = &a->headers;
    e->header_count = HEADERS_OWN + theirs->count + 1;
    e->headers = mem_array(host_memory(e->host), e->header_count, sizeof(*e->headers));
    memcpy(e->headers, own, sizeof(own));
    for (size_t i = 0; i < theirs->count; i++) {
        e->headers[HEADERS_OWN + i] = (struct http_header){
            arena_str(&e->own, theirs->items[i].key), arena_str(&e->own, theirs->items[i].value)};
    }
    e->headers[e->header_count - 1].name = STR("Retry-Attempt");
}

static void make_encoding(struct rw_endpoint *e, const struct rw_endpoint_args *a)
{
    bool changes = e->external_labels.count > 0 || a->write_relabel_configs.count > 0;
    e->encoding = (struct remote_write_options){
        .version = a->protobuf_message == RW_MESSAGE_2 ? REMOTE_WRITE_2 : REMOTE_WRITE_1,
        .max_items = (size_t)a->queue_config.max_samples_per_send,
        .no_exemplars = !a->send_exemplars,
        .no_histograms = !a->send_native_histograms,
        .metadata_ns = a->metadata_config.send ? a->metadata_config.send_interval.ns : 0,
        .max_metadata = (size_t)a->metadata_config.max_samples_per_send,
        .max_age_ns = a->queue_config.sample_age_limit.ns,
        .relabel = changes ? relabel_series : NULL,
        .relabel_arg = e,
    };
}

static void copy_args(struct rw_endpoint *e, const struct rw_endpoint_args *a,
                      const struct str_map *external)
{
    arena_init(&e->own, host_memory(e->host), 16 * 1024 * 1024);
    e->url = arena_str(&e->own, a->url);
    e->timeout_ns = a->remote_timeout.ns;
    e->retry_429 = a->queue_config.retry_on_http_429;
    e->external_labels.count = external->count;
    e->external_labels.items = ARENA_ARRAY(&e->own, external->count, struct str_map_pair);
    for (size_t i = 0; i < external->count; i++) {
        e->external_labels.items[i].key = arena_str(&e->own, external->items[i].key);
        e->external_labels.items[i].value = arena_str(&e->own, external->items[i].value);
    }
}

static unsigned lanes(int64_t shards)
{
    return shards > OUTBOX_LANES_MAX ? OUTBOX_LANES_MAX : (unsigned)shards;
}

struct rw_endpoint *rw_endpoint_new(struct component_host *host, struct outbox *outbox,
                                    const struct rw_args *all, size_t number, struct error *err)
{
    struct rw_endpoint *e = mem_zalloc(host_memory(host), sizeof(*e));
    e->host = host;
    const struct rw_endpoint_args *a = &all->endpoints.items[number];
    copy_args(e, a, &all->external_labels);
    e->rules = relabel_rules_new(&a->write_relabel_configs);
    arena_init(&e->texts, host_memory(host), 16 * 1024 * 1024);
    buf_init(&e->name, host_memory(host), NAME_MAX_BYTES);
    buf_init(&e->shown_url, host_memory(host), NAME_MAX_BYTES);
    make_name(e, all, number);
    show_url(&e->shown_url, a->url);
    make_headers(e, a);
    make_encoding(e, a);
    make_metrics(e, &a->queue_config);
    e->sender = http_sender_new(host, &a->client, &(struct http_sender_options){0}, err);
    const struct rw_queue_config *q = &a->queue_config;
    const struct outbox_endpoint_options options = {
        .name = buf_view(&e->name),
        .encoding = &e->encoding,
        .min_lanes = lanes(q->min_shards),
        .max_lanes = lanes(q->max_shards > q->min_shards ? q->max_shards : q->min_shards),
        .linger_ns = q->batch_send_deadline.ns,
        .min_backoff_ns = q->min_backoff.ns,
        .max_backoff_ns = q->max_backoff.ns,
        .sender = &sender,
        .self = e,
    };
    if (outbox_add(outbox, &options, &e->outbox_endpoint, err) != STATUS_OK) {
        rw_endpoint_free(e);
        return NULL;
    }
    rw_endpoint_measure(e);
    return e;
}

void rw_endpoint_free(struct rw_endpoint *e)
{
    while (e->sendings) {
        http_sent_cancel(e->sendings->sent);
        forget(e->sendings);
    }
    http_sender_free(e->sender);
    relabel_rules_unref(e->rules);
    arena_release(&e->texts);
    arena_release(&e->own);
    buf_release(&e->name);
    buf_release(&e->shown_url);
    mem_free(e->headers);
    mem_free(e);
}
