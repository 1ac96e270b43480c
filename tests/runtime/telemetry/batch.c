/* Batches: what they own, their limits, and failing memory while one is built. */

#include "tests/support/test.h"

#include "runtime/telemetry/batch.h"

static struct labels *set(struct label_table *table, const char *value)
{
    struct label pair = {STR("a"), str_from(value)};
    struct labels *l = labels_intern(table, &pair, 1, NULL);
    if (!l)
        mem_scope_refuse();
    return l;
}

static void add_or_refuse(struct metric_batch *b, struct labels *l)
{
    if (!metric_batch_add(b, l, 5, 1.5)) {
        labels_unref(l);
        mem_scope_refuse();
    }
}

static void add_histogram(struct label_table *table, struct metric_batch *b)
{
    struct histogram_span span = {1, 2};
    int64_t deltas[] = {3, -1};
    struct histogram h = {.labels = set(table, "h"),
                          .positive_spans = &span,
                          .positive_span_count = 1,
                          .positive_deltas = deltas,
                          .positive_count = 2,
                          .count = 5};
    if (!metric_batch_add_histogram(b, &h)) {
        labels_unref(h.labels);
        mem_scope_refuse();
    }
    cr_assert_neq(b->histograms[0].positive_spans, &span);
    cr_assert_eq(b->histograms[0].positive_spans[0].length, 2);
    cr_assert_eq(b->histograms[0].positive_deltas[1], -1);
    cr_assert_null(b->histograms[0].negative_spans);
}

struct building {
    struct label_table *table;
    struct metric_batch *built;
};

static void build(void *arg)
{
    struct building *building = arg;
    struct label_table *table = building->table;
    struct metric_batch *b = metric_batch_new(2);
    for (int i = 0; i < 40; i++)
        add_or_refuse(b, set(table, i % 2 ? "x" : "y"));
    add_histogram(table, b);
    struct exemplar e = {.series = set(table, "x"), .labels = NULL, .value = 2};
    if (!metric_batch_add_exemplar(b, &e)) {
        labels_unref(e.series);
        mem_scope_refuse();
    }
    struct metric_meta meta = {STR("f"), METRIC_COUNTER, STR("help"), STR("")};
    if (!metric_batch_add_meta(b, &meta))
        mem_scope_refuse();
    building->built = b;
}

TEST(batch, own_what_they_hold_whatever_allocation_fails)
{
    struct label_table *table = label_table_new(NULL);
    for (uint64_t n = 1;; n++) {
        struct building building = {table, NULL};
        mem_fail_at(n);
        bool ok = mem_scope_run(build, &building);
        bool failed = mem_failed_once();
        mem_fail_at(0);
        if (!ok) {
            cr_assert(failed);
            cr_assert_eq(label_table_count(table), 0, "after failure %d", (int)n);
            continue;
        }
        struct metric_batch *built = building.built;
        cr_assert_eq(built->base.items, 43);
        cr_assert_eq(built->sample_count, 40);
        cr_assert(str_is(built->metas[0].help, "help"));
        cr_assert_geq(built->base.bytes, 40 * sizeof(struct sample));
        batch_ref(&built->base);
        batch_unref(&built->base);
        cr_assert_eq(label_table_count(table), 3);
        batch_unref(&built->base);
        cr_assert_eq(label_table_count(table), 0);
        if (!failed)
            break;
    }
    label_table_free(table);
}

static void drop_inside(void *arg)
{
    struct label_table *table = arg;
    struct metric_batch *b = metric_batch_new(0);
    add_or_refuse(b, set(table, "x"));
    batch_unref(&b->base);
    mem_scope_refuse();
}

TEST(batch, logs_keep_their_source_and_otlp_its_bytes)
{
    struct label_table *table = label_table_new(NULL);
    cr_assert(!mem_scope_run(drop_inside, table));
    struct log_batch *source = log_batch_new(1);
    struct str line = arena_str(&source->base.arena, STR("hello"));
    struct log_entry entry = {.t_ns = 1, .line = line, .labels = set(table, "x")};
    cr_assert(log_batch_add(source, &entry));
    struct log_batch *second = log_batch_new(0);
    entry.labels = set(table, "y");
    second->keep = batch_ref(&source->base);
    cr_assert(log_batch_add(second, &entry));
    batch_unref(&source->base);
    cr_assert(str_is(second->entries[0].line, "hello"));
    cr_assert_eq(label_table_count(table), 2);
    batch_unref(&second->base);
    cr_assert_eq(label_table_count(table), 0);
    struct otlp_batch *o = otlp_batch_new(OTLP_LOGS, mem_strdup(NULL, "abc", 3), 3, 7);
    cr_assert_eq(o->base.items, 7);
    cr_assert_eq(o->base.signal, SIGNAL_OTLP);
    batch_unref(&o->base);
    label_table_free(table);
}

TEST(batch, items_are_limited)
{
    struct metric_batch *b = metric_batch_new(0);
    b->base.items = BATCH_MAX_ITEMS;
    cr_assert(!metric_batch_add(b, NULL, 0, 0));
    cr_assert_eq(b->sample_count, 0);
    batch_unref(&b->base);
    cr_assert(is_stale_nan(stale_nan()));
    cr_assert(!is_stale_nan(__builtin_nan("")));
}
