#ifndef RUNTIME_TELEMETRY_BATCH_H
#define RUNTIME_TELEMETRY_BATCH_H

/* Batches: immutable, reference-counted groups of items of one signal. Fan-out shares them; a
 * processor that changes items makes a new batch. May be used on any thread. A batch owns
 * everything it points to (its arena, label set references, and the buffers it keeps).
 *
 * Builders: make a batch, fill it on one thread, then push it; it is immutable from the first push
 * on. The _add functions return false at the limit of items and when memory fails: they change
 * nothing then, and what they would have taken stays the caller's. A batch may be built inside a
 * memory scope (new and all adds in the same one; it is gone if the scope fails), but is pushed
 * outside. */

#include "base/arena.h"
#include "runtime/telemetry/labels.h"

enum signal { SIGNAL_METRICS, SIGNAL_LOGS, SIGNAL_OTLP, SIGNAL_COUNT };

enum { BATCH_MAX_ITEMS = 1000000 };

struct batch {
    atomic_uint refs;
    uint8_t signal; /* enum signal */
    size_t items;
    size_t bytes; /* estimate of memory held, for budgets */
    struct arena arena;
    void (*release)(struct batch *batch); /* drops what the arena does not own */
};

struct batch *batch_ref(struct batch *batch);
void batch_unref(struct batch *batch);

/* ---- metrics ---- */
enum metric_type {
    METRIC_UNKNOWN,
    METRIC_COUNTER,
    METRIC_GAUGE,
    METRIC_HISTOGRAM,
    METRIC_GAUGE_HISTOGRAM,
    METRIC_SUMMARY,
    METRIC_INFO,
    METRIC_STATESET,
};

struct sample {
    struct labels *labels; /* the batch holds a reference */
    int64_t t_ms;          /* since 1970 UTC */
    double value;          /* staleness marker: bits 0x7ff0000000000002 */
};

struct exemplar {
    struct labels *series;
    struct labels *labels;
    int64_t t_ms;
    double value;
    bool has_time;
};

struct histogram_span {
    int32_t offset;
    uint32_t length;
};

/* Native histogram (Prometheus data model): integer counts as deltas, or float counts. */
struct histogram {
    struct labels *labels;
    int64_t t_ms;
    bool is_float;
    uint8_t reset_hint;
    int32_t schema;
    double zero_threshold;
    double sum;
    uint64_t count, zero_count;           /* integer */
    double count_float, zero_count_float; /* float */
    const struct histogram_span *positive_spans, *negative_spans;
    size_t positive_span_count, negative_span_count;
    const int64_t *positive_deltas, *negative_deltas;
    const double *positive_counts, *negative_counts;
    size_t positive_count, negative_count;
    const double *custom_values;
    size_t custom_count;
};

struct metric_meta {
    struct str family;
    enum metric_type type;
    struct str help;
    struct str unit;
};

struct metric_batch {
    struct batch base;
    struct sample *samples;
    size_t sample_count, sample_cap;
    struct histogram *histograms; /* their arrays stand in the arena */
    size_t histogram_count, histogram_cap;
    struct exemplar *exemplars;
    size_t exemplar_count, exemplar_cap;
    struct metric_meta *metas; /* texts in the arena */
    size_t meta_count, meta_cap;
};

/* Room for `samples` grows as needed up to BATCH_MAX_ITEMS. */
struct metric_batch *metric_batch_new(size_t samples);
/* Takes one reference to labels. False at the limit (the reference is kept by the caller then). */
bool metric_batch_add(struct metric_batch *b, struct labels *owned_labels, int64_t t_ms,
                      double value);
bool metric_batch_add_histogram(struct metric_batch *b,
                                const struct histogram *h); /* copies, takes labels */
bool metric_batch_add_exemplar(struct metric_batch *b,
                               const struct exemplar *e); /* copies, takes both sets */
bool metric_batch_add_meta(struct metric_batch *b,
                           const struct metric_meta *meta); /* copies texts */

extern const uint64_t STALE_NAN_BITS;
double stale_nan(void);
bool is_stale_nan(double value);

/* ---- logs ---- */
struct log_entry {
    int64_t t_ns;
    struct str line;
    struct labels *labels;        /* the batch holds a reference */
    const struct label *metadata; /* structured metadata, in order */
    size_t metadata_count;
};

struct log_batch {
    struct batch base;
    struct log_entry *entries;
    size_t entry_count, entry_cap;
    struct batch *keep; /* lines borrow from it (a processor's input), or NULL */
};

struct log_batch *log_batch_new(size_t entries);
/* Takes one reference to labels; line and metadata must live in b->base.arena or in what b keeps
 * alive. */
bool log_batch_add(struct log_batch *b, const struct log_entry *entry);

/* ---- OTLP ---- */
enum otlp_signal { OTLP_TRACES, OTLP_METRICS, OTLP_LOGS, OTLP_SIGNALS };

/* How a queue may join batches into requests, as otelcol.processor.batch has it: a request is sent
 * with `least` items, or when the first has waited for linger_ms, and has at most `most` (0 = any
 * number). least 0: batches are sent as they come. */
struct otlp_joining {
    uint32_t least, most, linger_ms;
};

/* The bytes of an ExportXServiceRequest = TracesData, MetricsData, LogsData: a repeated field 1 of
 * ResourceX, so that concatenated bytes are the merged request. Already checked by otlp_scan
 * (depth, counts, sizes). */
struct otlp_batch {
    struct batch base; /* items = spans, data points or log records */
    enum otlp_signal otlp;
    struct str bytes;
    struct mem_owner *owner;
    char *owned; /* freed with mem_free; NULL when bytes are in the arena, or of `of` */
    struct batch *of;
    struct otlp_joining joining;
};

/* Takes `owned_bytes` (from mem_alloc). */
struct otlp_batch *otlp_batch_new(enum otlp_signal signal, char *owned_bytes, size_t len,
                                  size_t items);
/* The same bytes, to be joined; keeps `of`. */
struct otlp_batch *otlp_batch_joining(struct otlp_batch *of, struct otlp_joining joining);

static inline struct metric_batch *batch_metrics(struct batch *b)
{
    return (struct metric_batch *)b;
}
static inline struct log_batch *batch_logs(struct batch *b)
{
    return (struct log_batch *)b;
}
static inline struct otlp_batch *batch_otlp(struct batch *b)
{
    return (struct otlp_batch *)b;
}

#endif
