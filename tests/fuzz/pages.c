/* Pages of a target, as the scraper reads them into batches: protobuf, text and OpenMetrics, twice
 * (the second time from the cache) and then gone. The first byte chooses the protocol, the second
 * the target's options. */

#include "components/prometheus/scrape/append.h"
#include "runtime/graph/parts.h"
#include "tests/support/fuzz_input.h"

enum { INPUT_MAX = 1 << 16, SCRAPES = 2 };

struct job {
    struct label_table *table;
    struct str page;
    enum scrape_protocol protocol;
    uint8_t options;
    struct component_host host;
    struct graph graph;
    struct scrape_args args;
    struct scrape_pool pool;
    struct scrape_target target;
};

static void check(struct scrape_result *result, size_t reports)
{
    struct metric_batch *batch = result->batch;
    ASSERT(result->is_up || result->err.message[0] != '\0' || reports == 0);
    for (size_t i = 0; i + reports < batch->sample_count && !result->is_up; i++)
        ASSERT(is_stale_nan(batch->samples[i].value));
    for (size_t i = 0; i < batch->histogram_count; i++) {
        const struct histogram *h = &batch->histograms[i];
        ASSERT(!h->positive_span_count || h->positive_spans);
        ASSERT(!h->negative_span_count || h->negative_spans);
    }
    batch_unref(&batch->base);
}

static void prepare(struct job *job)
{
    struct label own[] = {{STR("instance"), STR("h:1")}, {STR("job"), STR("j")}};
    job->graph.labels = job->table;
    job->host.graph = &job->graph;
    job->args = (struct scrape_args){
        .honor_labels = job->options & 1,
        .honor_timestamps = job->options & 2,
        .track_timestamps_staleness = job->options & 4,
        .scrape_classic_histograms = job->options & 8,
        .scrape_native_histograms = job->options & 16,
        .honor_metadata = job->options & 32,
        .sample_limit = job->options & 64 ? 3 : 0,
        .label_limit = job->options & 128 ? 4 : 0,
        .metric_name_validation_scheme = job->options & 128 ? STR("legacy") : STR("utf8"),
        .extra_metrics = true,
    };
    job->pool.host = &job->host;
    job->pool.args = &job->args;
    label_builder_init(&job->pool.builder);
    arena_init(&job->pool.texts, NULL, 16 << 20);
    job->target.pool = &job->pool;
    job->target.labels = labels_intern(job->table, own, 2, NULL);
}

static void scrape(struct job *job)
{
    struct scrape_target *t = &job->target;
    struct scrape_result result = {.body_bytes = (int64_t)job->page.len};
    t->scrape++;
    t->t_ms += 1000;
    fuzz_begin();
    scrape_append(t, job->page, job->protocol, &result);
    scrape_report(t, &result, false);
    fuzz_end();
    check(&result, REPORT_COUNT);
}

static void drop(struct job *job)
{
    for (size_t i = 0; i < REPORT_COUNT; i++)
        labels_unref(job->target.reports[i]);
    scrape_cache_release(&job->target.cache);
    labels_unref(job->target.labels);
    label_builder_release(&job->pool.builder);
    arena_release(&job->pool.texts);
    ASSERT(label_table_count(job->table) == 0);
    label_table_free(job->table);
}

static void once(struct str input)
{
    static const enum scrape_protocol protocols[] = {PROTOCOL_PROTO, PROTOCOL_TEXT_0,
                                                     PROTOCOL_OPENMETRICS_1};
    struct scrape_result last = {0};
    struct job job = {.table = label_table_new(NULL)};
    uint8_t protocol = 0;
    fuzz_choice(&input, &protocol);
    fuzz_choice(&input, &job.options);
    job.protocol = protocols[protocol % 3];
    char *page = mem_strdup(NULL, input.ptr, input.len); /* with its NUL */
    job.page = str_of(page, input.len);
    prepare(&job);
    for (unsigned i = 0; i < SCRAPES; i++)
        scrape(&job);
    fuzz_begin();
    scrape_append_stale(&job.target, &last);
    fuzz_end();
    check(&last, 0);
    mem_free(page);
    drop(&job);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(data, size, INPUT_MAX, once);
}
