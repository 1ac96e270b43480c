/* Bodies of remote write: anything decodes or is refused, and leaves nothing behind. The first byte
 * chooses the version. */

#include "base/error.h"
#include "runtime/wire/remote_write.h"
#include "tests/support/fuzz_input.h"

enum { INPUT_MAX = 1 << 16 };

struct job {
    struct remote_write_body body;
    struct label_table *table;
    enum status status;
};

static void decode(void *arg)
{
    struct job *job = arg;
    struct error err = {0};
    struct remote_write_counts counts;
    struct remote_write_limits limits = {.max_series = 1000, .max_items = 1000};
    struct metric_batch *out = metric_batch_new(0);
    job->status = remote_write_read(job->body, job->table, limits, out, &counts, &err);
    ASSERT(job->status == STATUS_OK || err.message[0] != '\0');
    ASSERT(out->sample_count == counts.samples && out->histogram_count == counts.histograms &&
           out->exemplar_count == counts.exemplars);
    for (size_t i = 0; i < out->sample_count; i++)
        ASSERT(labels_get(out->samples[i].labels, STR("__name__")).len > 0);
    batch_unref(&out->base);
}

static void once(struct str input)
{
    struct job job = {.table = label_table_new(NULL)};
    uint8_t choice;
    if (fuzz_choice(&input, &choice)) {
        job.body.version = choice & 1 ? REMOTE_WRITE_2 : REMOTE_WRITE_1;
        job.body.bytes = input;
        ASSERT(fuzz_scope(decode, &job) || fuzz_has_failed());
    }
    ASSERT(label_table_count(job.table) == 0);
    label_table_free(job.table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(data, size, INPUT_MAX, once);
}
