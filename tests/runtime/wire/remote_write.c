/* Remote write: what a batch becomes on the wire, through the log, in both versions, and back. */

#include "tests/support/fake_files.h"
#include "tests/support/fake_loop.h"
#include "tests/support/test.h"

#include "base/compress.h"
#include "runtime/storage/outbox.h"
#include "runtime/wire/remote_write.h"

#include <stdio.h>

enum { SERIES = 300, ROUNDS = 3 };

/* The receiving end: decodes every request into one batch. */
struct end {
    struct label_table *table;
    struct metric_batch *got;
    enum remote_write_version version;
    struct remote_write_counts counts;
    size_t requests;
};

static void end_send(void *self, struct outbox_request *request)
{
    struct end *end = self;
    struct buf raw;
    struct error err = {0};
    struct remote_write_counts counts;
    buf_init(&raw, NULL, 64 << 20);
    cr_assert_eq(decompress_bytes(COMPRESSION_SNAPPY, request->body, &raw, &err), STATUS_OK);
    cr_assert_eq(raw.len, request->raw_bytes);
    struct remote_write_body body = {end->version, buf_view(&raw)};
    enum status status = remote_write_read(body, end->table, (struct remote_write_limits){0},
                                           end->got, &counts, &err);
    cr_assert_eq(status, STATUS_OK, "%s", err.message);
    cr_assert_eq(counts.invalid, 0);
    cr_assert_eq(counts.samples + counts.histograms + counts.exemplars, request->items);
    end->counts.samples += counts.samples;
    end->counts.histograms += counts.histograms;
    end->counts.exemplars += counts.exemplars;
    end->requests++;
    buf_release(&raw);
    outbox_answer(request, OUTBOX_SENT, -1);
}

static void end_cancel(void *self, struct outbox_request *request)
{
    (void)self;
    (void)request;
}

static const struct outbox_sender end_sender = {end_send, end_cancel, NULL};

static struct labels *series(struct label_table *table, unsigned i)
{
    char instance[16], big[80];
    (void)snprintf(instance, sizeof instance, "host-%u", i % 7);
    (void)snprintf(big, sizeof big, "a long and boring value that is the same everywhere %u", i);
    struct label pairs[] = {{STR("__name__"), STR("requests_total")},
                            {STR("instance"), str_from(instance)},
                            {STR("path"), str_from(big)}};
    return labels_intern(table, pairs, 3, NULL);
}

static void add_histograms(struct label_table *table, struct metric_batch *b)
{
    static const struct histogram_span spans[] = {{-2, 2}, {3, 1}};
    static const int64_t deltas[] = {4, -3, 1};
    struct histogram h = {.labels = series(table, 2),
                          .t_ms = 1700000000000,
                          .schema = 3,
                          .zero_threshold = 1e-128,
                          .sum = 12.5,
                          .count = 9,
                          .zero_count = 2,
                          .positive_spans = spans,
                          .positive_span_count = 2,
                          .positive_deltas = deltas,
                          .positive_count = 3,
                          .reset_hint = 1};
    cr_assert(metric_batch_add_histogram(b, &h));
    static const double counts[] = {1.5, 2.5}, bounds[] = {0.1, 1, 10};
    struct histogram f = {.labels = series(table, 3),
                          .t_ms = 1700000000001,
                          .is_float = true,
                          .schema = -53,
                          .count_float = 4,
                          .negative_spans = spans,
                          .negative_span_count = 1,
                          .negative_counts = counts,
                          .negative_count = 2,
                          .custom_values = bounds,
                          .custom_count = 3};
    cr_assert(metric_batch_add_histogram(b, &f));
}

static struct metric_batch *make(struct label_table *table, unsigned round)
{
    struct metric_batch *b = metric_batch_new(SERIES);
    for (unsigned i = 0; i < SERIES; i++)
        cr_assert(metric_batch_add(b, series(table, (i * 7 + round) % SERIES),
                                   1700000000000 + round * 1000 + i, i * 0.5 + round));
    cr_assert(metric_batch_add(b, series(table, 1), -5, stale_nan()));
    add_histograms(table, b);
    struct label trace = {STR("trace_id"), STR("abc")};
    struct exemplar e = {.series = series(table, 4),
                         .labels = labels_intern(table, &trace, 1, NULL),
                         .t_ms = 1700000000002,
                         .value = 0.25,
                         .has_time = true};
    cr_assert(metric_batch_add_exemplar(b, &e));
    struct metric_meta meta = {STR("requests"), METRIC_COUNTER, STR("How many."), STR("requests")};
    cr_assert(metric_batch_add_meta(b, &meta));
    return b;
}

static void check_samples(const struct metric_batch *sent, const struct metric_batch *got,
                          size_t from)
{
    for (size_t i = 0; i < sent->sample_count; i++) {
        const struct sample *a = &sent->samples[i], *b = &got->samples[from + i];
        cr_assert_eq(a->labels, b->labels, "sample %d", (int)i);
        cr_assert_eq(a->t_ms, b->t_ms);
        cr_assert_eq(memcmp(&a->value, &b->value, sizeof(double)), 0);
    }
}

static void check_histograms(const struct metric_batch *sent, const struct metric_batch *got)
{
    const struct histogram *a = &sent->histograms[0], *b = &got->histograms[0];
    cr_assert_eq(a->labels, b->labels);
    cr_assert(b->count == 9 && b->zero_count == 2 && b->schema == 3 && b->reset_hint == 1);
    cr_assert(!b->is_float && b->positive_count == 3 && b->positive_deltas[1] == -3);
    cr_assert(b->positive_span_count == 2 && b->positive_spans[0].offset == -2 &&
              b->positive_spans[1].length == 1);
    b = &got->histograms[1];
    cr_assert(b->is_float && b->schema == -53 && b->negative_counts[1] == 2.5);
    cr_assert(b->custom_count == 3 && b->custom_values[2] == 10 && b->count_float == 4);
    const struct exemplar *e = &got->exemplars[0];
    cr_assert_eq(e->series, sent->exemplars[0].series);
    cr_assert_eq(e->labels, sent->exemplars[0].labels);
    cr_assert(e->value == 0.25 && e->t_ms == 1700000000002);
}

/* An outbox of metrics over files in memory. */
struct rig {
    struct fake_files *files;
    struct fake_clock *clock;
    struct outbox *outbox;
    struct end end;
};

static void rig_init(struct rig *rig, const struct remote_write_options *encoding, unsigned lanes)
{
    *rig = (struct rig){.files = fake_files_new(), .clock = fake_clock_new()};
    rig->end.table = label_table_new(NULL);
    rig->end.version = encoding->version;
    rig->end.got = metric_batch_new(0);
    world_enter(fake_files_world(rig->files));
    struct outbox_options options = {.loop = fake_loop_new(rig->clock),
                                     .path = "/box",
                                     .codec = &outbox_metrics,
                                     .sync_interval_ns = -1};
    struct outbox_endpoint_options endpoint = {.name = STR("e"),
                                               .encoding = encoding,
                                               .min_lanes = lanes,
                                               .linger_ns = 5000000000,
                                               .from_start = true,
                                               .sender = &end_sender,
                                               .self = &rig->end};
    struct outbox_endpoint *added;
    cr_assert_eq(outbox_new(&options, &rig->outbox, NULL), STATUS_OK);
    cr_assert_eq(outbox_add(rig->outbox, &endpoint, &added, NULL), STATUS_OK);
}

static void rig_release(struct rig *rig)
{
    batch_unref(&rig->end.got->base);
    outbox_free(rig->outbox);
    cr_assert_eq(label_table_count(rig->end.table), 0);
    label_table_free(rig->end.table);
    world_enter(NULL);
    fake_clock_free(rig->clock);
    fake_files_free(rig->files);
}

/* Three batches through the log, in requests of 100. */
static void round_trip(enum remote_write_version version, unsigned lanes)
{
    struct rig rig;
    struct remote_write_options encoding = {
        .version = version, .max_items = 100, .metadata_ns = 60000000000};
    rig_init(&rig, &encoding, lanes);
    struct metric_batch *batches[ROUNDS];
    for (unsigned round = 0; round < ROUNDS; round++) {
        batches[round] = make(rig.end.table, round);
        outbox_push(rig.outbox, &batches[round]->base, NULL);
        fake_clock_run(rig.clock, 0);
    }
    cr_assert_lt(rig.end.counts.samples, ROUNDS * (SERIES + 1), "the last waits for more");
    fake_clock_run(rig.clock, 6000000000);
    cr_assert_eq(rig.end.counts.samples, ROUNDS * (SERIES + 1));
    cr_assert_eq(rig.end.counts.histograms, ROUNDS * 2);
    cr_assert_eq(rig.end.counts.exemplars, ROUNDS);
    for (unsigned round = 0; round < ROUNDS && lanes == 1; round++)
        check_samples(batches[round], rig.end.got, round * (SERIES + 1));
    if (lanes == 1)
        check_histograms(batches[0], rig.end.got);
    cr_assert_gt(rig.end.got->meta_count, 0);
    cr_assert_eq(rig.end.got->metas[0].type, METRIC_COUNTER);
    cr_assert(str_is(rig.end.got->metas[0].help, "How many."));
    for (unsigned round = 0; round < ROUNDS; round++)
        batch_unref(&batches[round]->base);
    rig_release(&rig);
}

/* Families that do not fit into one request go with the next ones. */
TEST(remote_write, metadata_goes_in_parts)
{
    struct rig rig;
    struct remote_write_options encoding = {
        .version = REMOTE_WRITE_1, .max_items = 100, .metadata_ns = 60000000000, .max_metadata = 1};
    rig_init(&rig, &encoding, 1);
    struct metric_batch *batch = make(rig.end.table, 0);
    struct metric_meta second = {.family = STR("other"), .type = METRIC_GAUGE};
    cr_assert(metric_batch_add_meta(batch, &second));
    outbox_push(rig.outbox, &batch->base, NULL);
    fake_clock_run(rig.clock, 6000000000);
    cr_assert_eq(rig.end.got->meta_count, 2);
    cr_assert(!str_eq(rig.end.got->metas[0].family, rig.end.got->metas[1].family));
    batch_unref(&batch->base);
    rig_release(&rig);
}

TEST(remote_write, both_versions_carry_everything)
{
    round_trip(REMOTE_WRITE_1, 1);
    round_trip(REMOTE_WRITE_2, 1);
    round_trip(REMOTE_WRITE_1, 4);
    round_trip(REMOTE_WRITE_2, 4);
}

static enum status read_one(enum remote_write_version version, struct str bytes,
                            struct remote_write_counts *counts, struct error *err)
{
    struct label_table *table = label_table_new(NULL);
    struct metric_batch *out = metric_batch_new(0);
    struct remote_write_body body = {version, bytes};
    enum status status =
        remote_write_read(body, table, (struct remote_write_limits){0}, out, counts, err);
    batch_unref(&out->base);
    label_table_free(table);
    return status;
}

TEST(remote_write, what_is_wrong_is_said)
{
    struct remote_write_counts counts;
    struct error err = {0};
#define READ(version, text) read_one(version, STR(text), &counts, &err)
    cr_assert_eq(READ(1, ""), STATUS_OK);
    cr_assert_eq(READ(1, "\x0a\x05"), STATUS_INVALID);
    cr_assert_eq(READ(1, "\x08\x05"), STATUS_INVALID);
    cr_assert_eq(READ(1, "\x0a\x02\x12\x05"), STATUS_INVALID);
    /* No name; a name twice. */
    cr_assert_eq(READ(1, "\x0a\x08\x0a\x06\x0a\x01x\x12\x01y"), STATUS_OK);
    cr_assert_eq(counts.invalid, 1);
    cr_assert(strstr(err.message, "no metric name"));
    cr_assert_eq(READ(1, "\x0a\x1e\x0a\x0d\x0a\x08__name__\x12\x01m"
                         "\x0a\x0d\x0a\x08__name__\x12\x01n"),
                 STATUS_OK);
    cr_assert_eq(counts.invalid, 1);
    /* Version 2: the first symbol, references. */
    cr_assert_eq(READ(2, "\x22\x01x"), STATUS_INVALID);
    cr_assert_eq(READ(2, "\x22\x00\x2a\x04\x0a\x02\x01\x01"), STATUS_INVALID);
    cr_assert_eq(READ(2, "\x22\x00\x2a\x03\x0a\x01\x00"), STATUS_INVALID);
    cr_assert_eq(READ(2, "\x22\x00\x22\x08__name__\x22\x01m\x2a\x0f\x0a\x02\x01\x02"
                         "\x12\x09\x09\0\0\0\0\0\0\xf0\x3f"),
                 STATUS_OK);
    cr_assert_eq(counts.samples, 1);
#undef READ
}

static bool only_one_host(void *arg, struct label_builder *labels)
{
    size_t *calls = arg;
    ++*calls;
    label_builder_set(labels, STR("added"), STR("yes"));
    return str_is(label_builder_get(labels, STR("instance")), "host-0");
}

TEST(remote_write, series_are_relabelled_once_and_what_is_not_wanted_left_out)
{
    struct rig rig;
    size_t calls = 0;
    struct remote_write_options encoding = {.version = REMOTE_WRITE_1,
                                            .relabel = only_one_host,
                                            .relabel_arg = &calls,
                                            .no_exemplars = true,
                                            .no_histograms = true};
    rig_init(&rig, &encoding, 1);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct metric_batch *b = make(rig.end.table, 0);
        outbox_push(rig.outbox, &b->base, NULL);
        batch_unref(&b->base);
        fake_clock_run(rig.clock, 6000000000);
    }
    cr_assert_eq(calls, SERIES);
    cr_assert_eq(rig.end.counts.histograms + rig.end.counts.exemplars, 0);
    cr_assert_eq(rig.end.counts.samples, ROUNDS * 43);
    for (size_t i = 0; i < rig.end.got->sample_count; i++)
        cr_assert(str_is(labels_get(rig.end.got->samples[i].labels, STR("added")), "yes"));
    rig_release(&rig);
}

/* ---- runs: the same series again and again ---- */
enum { RUN_SERIES = 150, RUN_ROUNDS = 14, RUN_SEEDS = 40 };

static uint64_t draw(uint64_t *state, uint64_t below)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (*state >> 33) % below;
}

/* Bytes of all kinds, of which some are those of times and values. */
static struct labels *run_series(struct label_table *table, uint64_t seed, unsigned i)
{
    static const char alphabet[] = "aab\x10\x80\xa8\xb3\0\xff_/";
    char name[16], big[300];
    uint64_t state = seed * 1000 + i;
    size_t len = draw(&state, 8) ? draw(&state, 20) : 100 + draw(&state, 200);
    for (size_t k = 0; k < len; k++)
        big[k] = alphabet[draw(&state, sizeof(alphabet) - 1)];
    (void)snprintf(name, sizeof name, "m%u", i / 10);
    struct label pairs[] = {{STR("__name__"), str_from(name)},
                            {STR("big"), str_of(big, len)},
                            {STR("number"), str_of("0123456789abcdef", i % 16)},
                            {STR("target"), i % 3 ? STR("one and the same") : STR("another")}};
    return labels_intern(table, pairs, 4, NULL);
}

static double run_value(uint64_t *state, unsigned i)
{
    uint64_t bits = (draw(state, UINT64_C(1) << 31) << 33) ^ draw(state, UINT64_C(1) << 31);
    double value;
    switch (draw(state, 5)) {
    case 0: return 0;
    case 1: return i;
    case 2: return 1e9 + i;
    case 3: return stale_nan();
    default: memcpy(&value, &bits, sizeof(value)); return value;
    }
}

/* One scrape: mostly the series of the last, sometimes one more or less, or another order or time.
 */
static struct metric_batch *make_run(struct label_table *table, uint64_t seed, unsigned round)
{
    struct metric_batch *b = metric_batch_new(RUN_SERIES);
    uint64_t state = seed ^ (uint64_t)round << 32;
    bool changes = round % 5 == 4;
    int64_t t_ms = round == 9 ? -7 : 1700000000000 + round * 1000;
    for (unsigned i = 0; i < RUN_SERIES; i++) {
        unsigned other = changes ? (unsigned)draw(&state, 20) : 20;
        unsigned which = other == 1 ? i + RUN_SERIES : i;
        if (other == 0)
            continue;
        cr_assert(metric_batch_add(b, run_series(table, seed, which), t_ms + (other == 2),
                                   run_value(&state, i)));
    }
    return b;
}

static void check_runs(uint64_t seed)
{
    static const size_t most[] = {7, 64, 150, 170, 400, 2000};
    struct rig rig;
    struct remote_write_options encoding = {
        .version = REMOTE_WRITE_1, .max_items = most[seed % 6], .max_bytes = seed % 4 ? 0 : 20000};
    rig_init(&rig, &encoding, 1);
    struct metric_batch *sent[RUN_ROUNDS];
    size_t count = 0;
    for (unsigned round = 0; round < RUN_ROUNDS; round++) {
        sent[round] = make_run(rig.end.table, seed, round);
        outbox_push(rig.outbox, &sent[round]->base, NULL);
        fake_clock_run(rig.clock, round % 3 ? 0 : 6000000000);
    }
    fake_clock_run(rig.clock, 6000000000);
    for (unsigned round = 0; round < RUN_ROUNDS; round++) {
        check_samples(sent[round], rig.end.got, count);
        count += sent[round]->sample_count;
        batch_unref(&sent[round]->base);
    }
    cr_assert_eq(rig.end.counts.samples, count);
    cr_assert_eq(rig.end.got->sample_count, count);
    cr_assert_geq(rig.end.requests, count / encoding.max_items);
    rig_release(&rig);
}

TEST(remote_write, runs_come_back_as_they_were, .timeout = 120)
{
    for (uint64_t seed = 0; seed < RUN_SEEDS; seed++)
        check_runs(seed);
}
