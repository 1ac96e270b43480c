/* loki.relabel: rewrites the labels of log entries by rules. Owns its compiled rules and a cache of
 * results by label set, bounded by max_cache_size. Entries whose labels are dropped, or that are
 * left without labels, go no further. */

#include "components/common/relabel.h"
#include "components/common/relabel_cache.h"
#include "runtime/component.h"

struct args {
    struct capsule_list forward_to;
    int64_t max_cache_size;
    struct relabel_rule_list rules;
};

static enum status check_args(void *args, struct arena *arena, struct error *err)
{
    const struct args *a = args;
    (void)arena;
    if (a->max_cache_size > 0)
        return STATUS_OK;
    return error_set(err, STATUS_INVALID, "must provide a positive size");
}

static const struct row rows[] = {
    {ATTR(struct args, forward_to), .required = true, .capsule = &capsule_logs,
     .doc = "Receivers of the relabelled entries."},
    {ATTR(struct args, max_cache_size), .def = "10000",
     .doc = "Label sets whose results are remembered."},
    {BLOCKS(struct args, rules, "rule", relabel_rule_shape), .doc = "Rules, applied in order."},
    {0},
};
static const struct shape args_shape = SHAPE(struct args, rows, check_args);

struct exports {
    struct capsule_ref receiver;
    struct capsule_ref rules;
};
static const struct row export_rows[] = {
    {ATTR(struct exports, receiver), .capsule = &capsule_logs, .doc = "Takes log entries."},
    {ATTR(struct exports, rules), .capsule = &capsule_relabel_rules, .doc = "The rules."},
    {0},
};
static const struct shape exports_shape = SHAPE(struct exports, export_rows, NULL);

struct relabel {
    struct component_host *host;
    struct fanout next;
    struct sink *sink;
    struct relabel_rules *rules;
    struct relabel_scratch scratch;
    struct relabel_cache *cache;
    bool failed; /* memory, in the batch under way */
    struct self_metric *processed, *written, *hits, *misses;
};

/* The result for a set, borrowed from the cache; NULL = dropped, or failed is set. */
static struct labels *result_for(struct relabel *r, struct labels *in)
{
    struct labels *out = NULL;
    int64_t now_ns = loop_now_ns(host_loop(r->host));
    if (relabel_cache_get(r->cache, in, now_ns, &out)) {
        self_inc(r->hits);
        return out;
    }
    self_inc(r->misses);
    struct error err;
    out = relabel_labels(r->rules, host_labels(r->host), &r->scratch, in, &err);
    if (out == NULL && err.status == STATUS_MEMORY) {
        r->failed = true;
        return NULL;
    }
    relabel_cache_put(r->cache, in, out, now_ns);
    labels_unref(out);
    return out;
}

static struct log_batch *relabel_batch(struct relabel *r, struct batch *batch)
{
    const struct log_batch *in = batch_logs(batch);
    struct log_batch *out = log_batch_new(in->entry_count);
    if (out == NULL)
        return NULL;
    r->failed = false;
    out->keep = batch_ref(batch);
    for (size_t i = 0; i < in->entry_count; i++) {
        struct log_entry entry = in->entries[i];
        struct labels *labels = result_for(r, entry.labels);
        if (labels == NULL)
            continue;
        entry.labels = labels_ref(labels);
        if (!log_batch_add(out, &entry)) {
            labels_unref(labels);
            r->failed = true;
        }
    }
    if (r->failed) {
        batch_unref(&out->base);
        return NULL;
    }
    return out;
}

static void push(void *self, struct batch *batch, struct ack *ack)
{
    struct relabel *r = self;
    struct log_batch *out = relabel_batch(r, batch);
    if (out == NULL) {
        ack_done(ack, ACK_RETRY, 100000000);
        return;
    }
    self_add(r->processed, (double)batch->items);
    self_add(r->written, (double)out->entry_count);
    if (out->entry_count == 0) {
        ack_done(ack, ACK_DONE, 0); /* dropped on purpose */
    } else {
        host_count_out(r->host, out->entry_count);
        fanout_push(&r->next, &out->base, ack);
    }
    batch_unref(&out->base);
}

static const struct sink_ops sink_table = {.push = push};

/* ---- life ---- */
static double cache_size(void *arg)
{
    const struct relabel *r = arg;
    return r->cache != NULL ? (double)relabel_cache_count(r->cache) : 0;
}

static void make_metrics(struct relabel *r)
{
    struct self_group *g = host_metrics(r->host);
    r->processed = self_metric(g, SELF_COUNTER, "loki_relabel_entries_processed",
                               "Total number of log entries processed", NULL, 0);
    r->written = self_metric(g, SELF_COUNTER, "loki_relabel_entries_written",
                             "Total number of log entries forwarded", NULL, 0);
    r->hits = self_metric(g, SELF_COUNTER, "loki_relabel_cache_hits", "Total number of cache hits",
                          NULL, 0);
    r->misses = self_metric(g, SELF_COUNTER, "loki_relabel_cache_misses",
                            "Total number of cache misses", NULL, 0);
    self_callback(g, SELF_GAUGE, "loki_relabel_cache_size", "Total size of relabel cache",
                  cache_size, r);
}

static void use_args(struct relabel *r, const struct args *args)
{
    struct relabel_rules *rules = relabel_rules_new(&args->rules);
    struct relabel_cache *cache =
        relabel_cache_new(host_memory(r->host), (size_t)args->max_cache_size);
    struct exports exports = {{sink_value(&capsule_logs, r->sink)}, {relabel_rules_value(rules)}};
    host_export(r->host, &exports);
    value_unref(exports.receiver.value);
    value_unref(exports.rules.value);
    fanout_set(&r->next, &args->forward_to);
    relabel_rules_unref(r->rules);
    relabel_cache_free(r->cache);
    r->rules = rules;
    r->cache = cache;
}

static enum status build(void *self, struct component_host *host, const void *args,
                         struct error *err)
{
    struct relabel *r = self;
    (void)err;
    r->host = host;
    fanout_init(&r->next);
    make_metrics(r);
    relabel_scratch_init(&r->scratch, host_memory(host));
    r->sink = sink_new(host_loop(host), 1u << SIGNAL_LOGS, host_global_id(host), &sink_table, r);
    use_args(r, args);
    return STATUS_OK;
}

static enum status update(void *self, const void *args, const void *old_args, struct error *err)
{
    (void)old_args;
    (void)err;
    use_args(self, args);
    return STATUS_OK;
}

static void stop(void *self)
{
    struct relabel *r = self;
    sink_close(r->sink);
    host_stopped(r->host);
}

static void release(void *self)
{
    struct relabel *r = self;
    sink_unref(r->sink);
    relabel_rules_unref(r->rules);
    relabel_cache_free(r->cache);
    relabel_scratch_release(&r->scratch);
    fanout_release(&r->next);
}

const struct component_def loki_relabel = {
    .name = "loki.relabel",
    .summary = "Rewrites the labels of log entries and forwards them.",
    .stability = STABILITY_GA,
    .args = &args_shape,
    .exports = &exports_shape,
    .size = sizeof(struct relabel),
    .build = build,
    .update = update,
    .stop = stop,
    .release = release,
};
