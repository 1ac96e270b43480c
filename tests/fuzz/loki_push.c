/* Bodies of Loki push, protobuf and JSON: anything decodes or is refused, and leaves nothing
 * behind. The first byte chooses the form. */

#include "base/error.h"
#include "runtime/wire/loki_push.h"
#include "tests/support/fuzz_input.h"

enum { INPUT_MAX = 1 << 16 };

struct job {
    struct str body;
    bool json;
    struct label_table *table;
};

static void decode(void *arg)
{
    struct job *job = arg;
    struct error err = {0};
    struct loki_push_limits limits = {.max_entries = 1000, .max_streams = 100};
    struct log_batch *out = log_batch_new(0);
    enum status status = (job->json ? loki_push_read_json : loki_push_read)(job->body, job->table,
                                                                            limits, out, &err);
    ASSERT(status == STATUS_OK || err.message[0] != '\0');
    size_t bytes = 0;
    for (size_t i = 0; i < out->entry_count; i++) {
        bytes += out->entries[i].line.len;
        for (size_t k = 0; k < out->entries[i].metadata_count; k++)
            bytes += out->entries[i].metadata[k].name.len;
    }
    ASSERT(bytes <= job->body.len);
    batch_unref(&out->base);
}

static void once(struct str input)
{
    struct job job = {.table = label_table_new(NULL)};
    uint8_t choice;
    if (fuzz_choice(&input, &choice)) {
        job.json = choice & 1;
        job.body = input;
        ASSERT(fuzz_scope(decode, &job) || fuzz_has_failed());
    }
    ASSERT(label_table_count(job.table) == 0);
    label_table_free(job.table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(data, size, INPUT_MAX, once);
}
