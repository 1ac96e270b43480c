/* prometheus.relabel: rewrites the label sets of what passes through. Owns its compiled rules and a
 * cache of results by label set, bounded by max_cache_size or by disuse (cache_ttl). A batch that
 * no rule changes is passed on as it is. */
#include "components/common/forward.h"
#include "components/common/relabel.h"
#include "components/common/relabel_cache.h"

#include "base/strconv.h"

static const int64_t MEMORY_RETRY_NS = 100000000;

static const int64_t MINUTE_NS = (int64_t)60 * 1000000000;

struct args {
    struct capsule_list forward_to;
    int64_t max_cache_size;
    struct duration cache_ttl;
    struct relabel_rule_list rules;
};

struct exports {
    struct capsule_ref receiver;
    struct capsule_ref rules;
};

static enum status bad_duration(struct error *err, const char *format, int64_t ns)
{
    struct buf text;
    buf_init(&text, NULL, 64);
    duration_format(&text, ns);
    error_set(err, STATUS_INVALID, "%s%.*s", format, STR_ARG(buf_view(&text)));
    buf_release(&text);
    return STATUS_INVALID;
}

static enum status check_args(void *data, struct arena *arena, struct error *err)
{
    (void)arena;
    const struct args *a = data;
    if (a->max_cache_size < 0) {
        return error_set(err, STATUS_INVALID, "max_cache_size must be >= 0; got %lld",
                         (long long)a->max_cache_size);
    }
    if (a->cache_ttl.ns < 0) {
        return bad_duration(err, "cache_ttl must be >= 0; got ", a->cache_ttl.ns);
    }
    if (a->max_cache_size > 0 && a->cache_ttl.ns > 0) {
        return error_set(err, STATUS_INVALID,
                         "max_cache_size and cache_ttl are mutually exclusive: set max_cache_size "
                         "= 0 to use cache_ttl, or unset cache_ttl to keep the bounded LRU cache");
    }
    if (a->max_cache_size == 0 && a->cache_ttl.ns == 0) {
        return error_set(err, STATUS_INVALID, "one of max_cache_size or cache_ttl must be set");
    }
    if (a->cache_ttl.ns > 0 && a->cache_ttl.ns < MINUTE_NS) {
        return bad_duration(err, "cache_ttl must be at least 1m0s when set; got ", a->cache_ttl.ns);
    }
    return STATUS_OK;
}

static const struct row rows[] = {
    {ATTR(struct args, forward_to), .required = true, .capsule = &capsule_metrics,
     .doc = "Receivers of the relabelled metrics."},
    {ATTR(struct args, max_cache_size), .def = "100000",
     .doc = "Label sets whose results are remembered."},
    {ATTR(struct args, cache_ttl), .def = "\"0s\"",
     .doc = "How long an unused result is remembered, instead of max_cache_size."},
    {BLOCKS(struct args, rules, "rule", relabel_rule_shape), .doc = "Rules, applied in order."},
    {0},
};
static const struct shape args_shape = {
    .name = "prometheus.relabel", .rows = rows, .size = sizeof(struct args), .check = check_args};

static const struct row export_rows[] = {
    {ATTR(struct exports, receiver), .capsule = &capsule_metrics, .doc = "Takes metrics."},
    {ATTR(struct exports, rules), .capsule = &capsule_relabel_rules, .doc = "The rules."},
    {0},
};
static const struct shape exports_shape = {
    .name = "exports", .rows = export_rows, .size = sizeof(struct exports)};

struct relabel {
    struct component_host *host;
    struct forward forward;
    struct sink *sink;
    struct relabel_rules *rules;
    struct relabel_scratch scratch;
    struct relabel_cache *cache;
    struct loop_timer *expiry;
    int64_t ttl_ns;
    int64_t now_ns;     /* of the push under way */
    uint64_t hit_count; /* of the push under way */
    bool failed;        /* memory, in the push under way */
    struct self_metric *processed, *written, *hits, *misses, *deletes, *evictions;
};

/* ---- batches ---- */

/* The result for a set, borrowed; NULL = dropped, or failed is set. */
static struct labels *result_for(struct relabel *r, struct labels *in)
{
    struct labels *out = NULL;
    if (relabel_cache_get(r->cache, in, r->now_ns, &out)) {
        r->hit_count++;
        return out;
    }
    self_inc(r->misses);
    struct error err;
    out = relabel_labels(r->rules, host_labels(r->host), &r->scratch, in, &err);
    if (!out && err.status == STATUS_MEMORY) {
        r->failed = true;
        return NULL;
    }
    relabel_cache_put(r->cache, in, out, r->now_ns);
    if (out) {
        labels_unref(out); /* the cache holds it */
    }
    return out;
}

static void forget(struct relabel *r, struct labels *in)
{
    if (relabel_cache_remove(r->cache, in)) {
        self_inc(r->deletes);
    }
}

static void map_samples(struct relabel *r, const struct metric_batch *in, struct metric_batch *out)
{
    for (size_t i = 0; i < in->sample_count; i++) {
        const struct sample *s = &in->samples[i];
        struct labels *labels = result_for(r, s->labels);
        if (labels && !metric_batch_add(out, labels_ref(labels), s->t_ms, s->value)) {
            labels_unref(labels);
            r->failed = true;
        }
        if (is_stale_nan(s->value)) {
            forget(r, s->labels);
        }
    }
}

static void map_others(struct relabel *r, const struct metric_batch *in, struct metric_batch *out)
{
    for (size_t i = 0; i < in->histogram_count; i++) {
        struct histogram h = in->histograms[i];
        struct labels *labels = result_for(r, h.labels);
        if (labels) {
            h.labels = labels_ref(labels);
            if (!metric_batch_add_histogram(out, &h)) {
                labels_unref(labels);
                r->failed = true;
            }
        }
    }
    for (size_t i = 0; i < in->exemplar_count; i++) {
        struct exemplar e = in->exemplars[i];
        struct labels *series = result_for(r, e.series);
        if (series) {
            e.series = labels_ref(series);
            e.labels = labels_ref(e.labels);
            if (!metric_batch_add_exemplar(out, &e)) {
                labels_unref(e.series);
                labels_unref(e.labels);
            }
        }
    }
    for (size_t i = 0; i < in->meta_count; i++) {
        (void)metric_batch_add_meta(out, &in->metas[i]);
    }
}

static void push(void *self, struct batch *batch, struct ack *ack)
{
    struct relabel *r = self;
    if (batch->signal != SIGNAL_METRICS) {
        ack_done(ack, ACK_REJECTED, 0);
        return;
    }
    const struct metric_batch *in = batch_metrics(batch);
    size_t items = in->sample_count + in->histogram_count;
    self_add(r->processed, (double)items);
    if (relabel_rules_count(r->rules) == 0) {
        self_add(r->written, (double)items);
        forward_push(&r->forward, batch, ack);
        return;
    }
    struct metric_batch *out = metric_batch_new(in->sample_count);
    r->now_ns = loop_now_ns(host_loop(r->host));
    r->hit_count = 0;
    r->failed = false;
    map_samples(r, in, out);
    map_others(r, in, out);
    if (r->failed) {
        batch_unref(&out->base);
        ack_done(ack, ACK_RETRY, MEMORY_RETRY_NS);
        return;
    }
    self_add(r->hits, (double)r->hit_count);
    self_add(r->written, (double)(out->sample_count + out->histogram_count));
    if (out->base.items > 0 || out->meta_count > 0) {
        forward_push(&r->forward, &out->base, ack);
    } else {
        ack_done(ack, ACK_DONE, 0); /* dropped on purpose */
    }
    batch_unref(&out->base);
}

static const struct sink_ops sink_ops = {.push = push};

/* ---- life ---- */

static void expire(void *arg)
{
    struct relabel *r = arg;
    int64_t before_ns = loop_now_ns(host_loop(r->host)) - r->ttl_ns;
    self_add(r->evictions, (double)relabel_cache_expire(r->cache, before_ns));
}

static void set_expiry(struct relabel *r)
{
    if (r->ttl_ns > 0) {
        loop_timer_start(r->expiry, r->ttl_ns / 4, r->ttl_ns / 4);
    } else {
        loop_timer_stop(r->expiry);
    }
}

static double cache_size(void *arg)
{
    const struct relabel *r = arg;
    return r->cache ? (double)relabel_cache_count(r->cache) : 0;
}

static void publish(struct relabel *r, const struct relabel_rules *rules)
{
    struct exports exports = {{sink_value(&capsule_metrics, r->sink)},
                              {relabel_rules_value(rules)}};
    host_export(r->host, &exports);
    value_unref(exports.receiver.value);
    value_unref(exports.rules.value);
}

/* Results of other rules mean nothing now. */
static void use_args(struct relabel *r, const struct args *args)
{
    struct relabel_rules *rules = relabel_rules_new(&args->rules);
    struct relabel_cache *cache =
        relabel_cache_new(host_memory(r->host), (size_t)args->max_cache_size);
    publish(r, rules);
    forward_set(&r->forward, &args->forward_to);
    relabel_rules_unref(r->rules);
    relabel_cache_free(r->cache);
    r->rules = rules;
    r->cache = cache;
    r->ttl_ns = args->cache_ttl.ns;
}

static void make_metrics(struct relabel *r)
{
    struct self_group *g = host_metrics(r->host);
    r->processed = self_metric(g, SELF_COUNTER, "alloy_prometheus_relabel_metrics_processed",
                               "Total number of metrics processed", NULL, 0);
    r->written = self_metric(g, SELF_COUNTER, "alloy_prometheus_relabel_metrics_written",
                             "Total number of metrics written", NULL, 0);
    r->misses = self_metric(g, SELF_COUNTER, "alloy_prometheus_relabel_cache_misses",
                            "Total number of cache misses", NULL, 0);
    r->hits = self_metric(g, SELF_COUNTER, "alloy_prometheus_relabel_cache_hits",
                          "Total number of cache hits", NULL, 0);
    r->deletes = self_metric(g, SELF_COUNTER, "alloy_prometheus_relabel_cache_deletes",
                             "Total number of cache deletes", NULL, 0);
    r->evictions = self_metric(g, SELF_COUNTER, "alloy_prometheus_relabel_cache_ttl_evictions",
                               "Number of relabel cache entries removed by the periodic TTL scan. "
                               "Always 0 when cache_ttl is unset.",
                               NULL, 0);
    self_callback(g, SELF_GAUGE, "alloy_prometheus_relabel_cache_size",
                  "Total size of relabel cache.", cache_size, r);
}

static enum status build(void *self, struct component_host *host, const void *args,
                         struct error *err)
{
    (void)err;
    struct relabel *r = self;
    struct buf name;
    r->host = host;
    forward_init(&r->forward, host);
    make_metrics(r);
    relabel_scratch_init(&r->scratch, host_memory(host));
    buf_init(&name, NULL, 4096);
    buf_str(&name, host_global_id(host));
    buf_cstr(&name, ".receiver");
    r->sink = sink_new(host_loop(host), 1U << SIGNAL_METRICS, buf_view(&name), &sink_ops, r);
    buf_release(&name);
    use_args(r, args);
    return STATUS_OK;
}

static void start(void *self)
{
    struct relabel *r = self;
    r->expiry = loop_timer_new(host_loop(r->host), expire, r);
    set_expiry(r);
}

static enum status update(void *self, const void *args, const void *old_args, struct error *err)
{
    (void)old_args;
    (void)err;
    struct relabel *r = self;
    use_args(r, args);
    if (r->expiry) {
        set_expiry(r);
    }
    return STATUS_OK;
}

static void stop(void *self)
{
    struct relabel *r = self;
    loop_timer_close(r->expiry);
    r->expiry = NULL;
    sink_close(r->sink);
    host_stopped(r->host);
}

static void release(void *self)
{
    struct relabel *r = self;
    loop_timer_close(r->expiry);
    sink_unref(r->sink);
    relabel_rules_unref(r->rules);
    relabel_cache_free(r->cache);
    relabel_scratch_release(&r->scratch);
    forward_release(&r->forward);
}

const struct component_def prometheus_relabel = {
    .name = "prometheus.relabel",
    .summary = "Rewrites the labels of metrics and forwards them.",
    .stability = STABILITY_GA,
    .args = &args_shape,
    .exports = &exports_shape,
    .size = sizeof(struct relabel),
    .build = build,
    .start = start,
    .update = update,
    .stop = stop,
    .release = release,
};
