/* Bodies of the log's records, whose sums are right whatever they say: what is understood becomes
 * requests. The first byte chooses the codec and its options; then come records, each a byte of its
 * type, a byte of its length (times 1, or 16 with its highest bit) and the body. */

#include "runtime/storage/outbox.h"
#include "runtime/wire/log_record.h"
#include "runtime/wire/loki_push.h"
#include "runtime/wire/otlp_record.h"
#include "runtime/wire/remote_write.h"
#include "tests/support/fuzz_input.h"

enum { INPUT_MAX = 1 << 14, BODY_MAX = 1 << 22, LANES = 3 };

struct job {
    struct str input;
    const struct outbox_codec *codec;
    const void *options;
    void *encoder;
};

static void seal(struct job *job, unsigned lane)
{
    struct buf body;
    struct outbox_request request = {0};
    struct error err = {0};
    buf_init(&body, NULL, BODY_MAX);
    size_t filled = job->codec->filled(job->encoder, lane);
    enum status status = job->codec->seal(job->encoder, lane, &body, &request, &err);
    if (status == STATUS_OK)
        ASSERT(request.items <= filled);
    buf_release(&body);
}

static void send(struct job *job, const struct wal_record *record)
{
    size_t items = 0;
    if (!job->codec->begin(job->encoder, record, &items))
        return;
    ASSERT(items <= (job->codec == &outbox_otlp ? BATCH_MAX_ITEMS : record->body.len));
    for (size_t from = 0, stuck = 0; from < items && stuck <= LANES;) {
        unsigned full = LANES;
        size_t at = job->codec->fill(job->encoder, from, LANES, &full);
        ASSERT(at >= from && at <= items);
        stuck = at == from ? stuck + 1 : 0;
        from = at;
        if (from < items && full < LANES)
            seal(job, full);
    }
}

static void counts(const struct wal_record *record)
{
    size_t count;
    if ((record->type & ~WAL_DICTIONARY) == RECORD_METRICS)
        (void)metric_items_count(record->body, &count);
    else if ((record->type & ~WAL_DICTIONARY) == RECORD_LOGS)
        (void)log_items_count(record->body, &count);
}

static void work(void *arg)
{
    static const uint8_t types[] = {RECORD_METRICS, RECORD_LOGS, RECORD_OTLP, RECORD_SERIES,
                                    RECORD_METADATA};
    struct job *job = arg;
    struct str rest = job->input;
    struct wal_record record = {.segment = 1};
    uint8_t type, len;
    job->encoder = job->codec->encoder_new(job->options, NULL);
    while (fuzz_choice(&rest, &type) && fuzz_choice(&rest, &len)) {
        size_t size = len & 128 ? (size_t)(len & 127) * 16 : len;
        record.sequence++;
        record.type = types[type % 5];
        record.body = str_slice(rest, 0, size);
        rest = str_slice(rest, size, rest.len);
        counts(&record);
        send(job, &record);
        if (type & 128)
            job->codec->reset(job->encoder);
    }
    for (unsigned lane = 0; lane < LANES; lane++) {
        if (job->codec->filled(job->encoder, lane) > 0)
            seal(job, lane);
    }
    job->codec->encoder_free(job->encoder);
}

static void once(struct str input)
{
    uint8_t choice;
    if (!fuzz_choice(&input, &choice))
        return;
    struct remote_write_options metrics = {
        .version = choice & 4 ? REMOTE_WRITE_2 : REMOTE_WRITE_1,
        .max_items = choice & 8 ? 2 : 0,
        .no_exemplars = choice & 16,
        .no_histograms = choice & 32,
        .metadata_ns = choice & 64 ? 1 : 0,
    };
    const struct loki_push_options logs = {.max_items = choice & 8 ? 2 : 0,
                                           .max_streams = choice & 16 ? 1 : 0,
                                           .max_bytes = choice & 32 ? 100 : 0};
    const struct otlp_send_options otlp = {.compression = (enum compression)(choice >> 2 & 3)};
    const struct outbox_codec *const codecs[] = {&outbox_metrics, &outbox_logs, &outbox_otlp,
                                                 &outbox_metrics};
    const void *const options[] = {&metrics, &logs, &otlp, &metrics};
    struct job job = {.input = input, .codec = codecs[choice & 3], .options = options[choice & 3]};
    ASSERT(fuzz_scope(work, &job) || fuzz_has_failed());
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(data, size, INPUT_MAX, once);
}
