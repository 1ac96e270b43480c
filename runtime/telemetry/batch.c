/* Batches: construction, growth and release. Items are bounded by BATCH_MAX_ITEMS, texts by the
 * arena. */

#include "runtime/telemetry/batch.h"

enum { FIRST_CAP = 16, AHEAD = 8 };

static const size_t ARENA_MAX = (size_t)512 * 1024 * 1024;

const uint64_t STALE_NAN_BITS = 0x7ff0000000000002u;

double stale_nan(void)
{
    double value;
    memcpy(&value, &STALE_NAN_BITS, sizeof(value));
    return value;
}

bool is_stale_nan(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits == STALE_NAN_BITS;
}

/* References. */

static void batch_destroy(struct batch *batch)
{
    batch->release(batch);
    arena_release(&batch->arena);
    mem_free(batch);
}

static void undo_batch(void *arg)
{
    batch_destroy(arg);
}

static void batch_init(struct batch *batch, enum signal signal, size_t size,
                       void (*release)(struct batch *batch))
{
    atomic_init(&batch->refs, 1);
    batch->signal = (uint8_t)signal;
    batch->bytes = size;
    batch->release = release;
    arena_init(&batch->arena, NULL, ARENA_MAX);
    mem_scope_guard(undo_batch, batch);
}

struct batch *batch_ref(struct batch *batch)
{
    atomic_fetch_add_explicit(&batch->refs, 1, memory_order_relaxed);
    return batch;
}

void batch_unref(struct batch *batch)
{
    if (!batch || atomic_fetch_sub_explicit(&batch->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (mem_scope_active())
        mem_scope_unguard(undo_batch, batch);
    batch_destroy(batch);
}

/* Growth. */

/* Room for one more item in an array; false when memory fails. */
static bool room(struct batch *batch, void *array, size_t count, size_t *cap, size_t size)
{
    if (batch->items >= BATCH_MAX_ITEMS)
        return false;
    if (count < *cap)
        return true;
    size_t grown = *cap ? *cap * 2 : FIRST_CAP;
    void *items;
    memcpy(&items, array, sizeof(items));
    items = mem_try_realloc(NULL, items, grown * size);
    if (!items)
        return false;
    memcpy(array, &items, sizeof(items));
    batch->bytes += (grown - *cap) * size;
    *cap = grown;
    return true;
}

/* A copy in the arena. `size` 0 gives NULL. False when memory fails. */
static bool copy(struct batch *batch, const void *from, size_t count, size_t size, void *out)
{
    void *to = NULL;
    if (count) {
        if (count > ARENA_MAX / size)
            return false;
        to = arena_try_alloc(&batch->arena, count * size);
        if (!to)
            return false;
        memcpy(to, from, count * size);
        batch->bytes += count * size;
    }
    memcpy(out, &to, sizeof(to));
    return true;
}

static bool copy_str(struct batch *batch, struct str *s)
{
    return copy(batch, s->ptr, s->len, 1, &s->ptr);
}

/* Metrics. */

static void metrics_release(struct batch *batch)
{
    struct metric_batch *b = batch_metrics(batch);
    for (size_t i = 0; i < b->sample_count; i++) {
        /* The sets lie all over memory. */
        if (i + AHEAD < b->sample_count)
            __builtin_prefetch(b->samples[i + AHEAD].labels, 1);
        labels_unref(b->samples[i].labels);
    }
    for (size_t i = 0; i < b->histogram_count; i++)
        labels_unref(b->histograms[i].labels);
    for (size_t i = 0; i < b->exemplar_count; i++) {
        labels_unref(b->exemplars[i].series);
        labels_unref(b->exemplars[i].labels);
    }
    mem_free(b->samples);
    mem_free(b->histograms);
    mem_free(b->exemplars);
    mem_free(b->metas);
}

struct metric_batch *metric_batch_new(size_t samples)
{
    struct metric_batch *b = mem_zalloc(NULL, sizeof(*b));
    batch_init(&b->base, SIGNAL_METRICS, sizeof(*b), metrics_release);
    if (samples) {
        size_t cap = samples < BATCH_MAX_ITEMS ? samples : BATCH_MAX_ITEMS;
        b->samples = mem_alloc(NULL, cap * sizeof(*b->samples));
        b->sample_cap = cap;
        b->base.bytes += cap * sizeof(*b->samples);
    }
    return b;
}

bool metric_batch_add(struct metric_batch *b, struct labels *owned_labels, int64_t t_ms,
                      double value)
{
    if (!room(&b->base, &b->samples, b->sample_count, &b->sample_cap, sizeof(*b->samples)))
        return false;
    b->samples[b->sample_count++] = (struct sample){owned_labels, t_ms, value};
    b->base.items++;
    return true;
}

bool metric_batch_add_histogram(struct metric_batch *b, const struct histogram *h)
{
    struct batch *base = &b->base;
    struct histogram own = *h;
    bool ok = room(base, &b->histograms, b->histogram_count, &b->histogram_cap, sizeof(own)) &&
              copy(base, h->positive_spans, h->positive_span_count, sizeof(*h->positive_spans),
                   &own.positive_spans) &&
              copy(base, h->negative_spans, h->negative_span_count, sizeof(*h->negative_spans),
                   &own.negative_spans) &&
              copy(base, h->positive_deltas, h->is_float ? 0 : h->positive_count,
                   sizeof(*h->positive_deltas), &own.positive_deltas) &&
              copy(base, h->negative_deltas, h->is_float ? 0 : h->negative_count,
                   sizeof(*h->negative_deltas), &own.negative_deltas) &&
              copy(base, h->positive_counts, h->is_float ? h->positive_count : 0,
                   sizeof(*h->positive_counts), &own.positive_counts) &&
              copy(base, h->negative_counts, h->is_float ? h->negative_count : 0,
                   sizeof(*h->negative_counts), &own.negative_counts) &&
              copy(base, h->custom_values, h->custom_count, sizeof(*h->custom_values),
                   &own.custom_values);
    if (!ok)
        return false;
    b->histograms[b->histogram_count++] = own;
    base->items++;
    return true;
}

bool metric_batch_add_exemplar(struct metric_batch *b, const struct exemplar *e)
{
    if (!room(&b->base, &b->exemplars, b->exemplar_count, &b->exemplar_cap, sizeof(*e)))
        return false;
    b->exemplars[b->exemplar_count++] = *e;
    b->base.items++;
    return true;
}

bool metric_batch_add_meta(struct metric_batch *b, const struct metric_meta *meta)
{
    struct metric_meta own = *meta;
    if (!room(&b->base, &b->metas, b->meta_count, &b->meta_cap, sizeof(own)) ||
        !copy_str(&b->base, &own.family) || !copy_str(&b->base, &own.help) ||
        !copy_str(&b->base, &own.unit))
        return false;
    b->metas[b->meta_count++] = own;
    b->base.items++;
    return true;
}

/* Logs. */

static void logs_release(struct batch *batch)
{
    struct log_batch *b = batch_logs(batch);
    for (size_t i = 0; i < b->entry_count; i++)
        labels_unref(b->entries[i].labels);
    mem_free(b->entries);
    batch_unref(b->keep);
}

struct log_batch *log_batch_new(size_t entries)
{
    struct log_batch *b = mem_zalloc(NULL, sizeof(*b));
    batch_init(&b->base, SIGNAL_LOGS, sizeof(*b), logs_release);
    if (entries) {
        size_t cap = entries < BATCH_MAX_ITEMS ? entries : BATCH_MAX_ITEMS;
        b->entries = mem_alloc(NULL, cap * sizeof(*b->entries));
        b->entry_cap = cap;
        b->base.bytes += cap * sizeof(*b->entries);
    }
    return b;
}

bool log_batch_add(struct log_batch *b, const struct log_entry *entry)
{
    if (!room(&b->base, &b->entries, b->entry_count, &b->entry_cap, sizeof(*entry)))
        return false;
    b->entries[b->entry_count++] = *entry;
    b->base.items++;
    b->base.bytes += entry->line.len;
    return true;
}

/* OTLP. */

static void otlp_release(struct batch *batch)
{
    mem_free(batch_otlp(batch)->owned);
    batch_unref(batch_otlp(batch)->of);
}

struct otlp_batch *otlp_batch_new(enum otlp_signal signal, char *owned_bytes, size_t len,
                                  size_t items)
{
    struct otlp_batch *b = mem_zalloc(NULL, sizeof(*b));
    batch_init(&b->base, SIGNAL_OTLP, sizeof(*b) + len, otlp_release);
    b->base.items = items;
    b->otlp = signal;
    b->bytes = str_of(owned_bytes, len);
    b->owned = owned_bytes;
    return b;
}

struct otlp_batch *otlp_batch_joining(struct otlp_batch *of, struct otlp_joining joining)
{
    struct otlp_batch *b = mem_zalloc(NULL, sizeof(*b));
    batch_init(&b->base, SIGNAL_OTLP, sizeof(*b), otlp_release);
    b->base.items = of->base.items;
    b->otlp = of->otlp;
    b->bytes = of->bytes;
    b->of = batch_ref(&of->base);
    b->joining = joining;
    return b;
}
