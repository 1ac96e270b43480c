/* Requests of OTLP that pass the scan, cut into pieces: each passes the scan and has as many items
 * as it says, and none is lost; and as the debug exporter's text. The
 * first byte chooses the signal and the size of a piece. */

#include "components/otelcol/exporter/debug/text.h"
#include "runtime/telemetry/otlp_scan.h"
#include "runtime/wire/otlp_split.h"
#include "tests/support/fuzz_input.h"

enum { INPUT_MAX = 1 << 14, TEXT_MAX = 1 << 24 };

struct job {
    struct str bytes;
    enum otlp_signal signal;
    size_t max_items, first_items;
    size_t pieces, items;
};

static void take(void *arg, struct str piece, size_t items)
{
    struct job *job = arg;
    struct error err = {0};
    struct otlp_counts counts;
    const struct otlp_limits limits = {0};
    ASSERT(otlp_scan(job->signal, piece, limits, &counts, &err) == STATUS_OK);
    ASSERT(counts.items == items && items > 0);
    ASSERT(items <= (job->pieces == 0 && job->first_items ? job->first_items : job->max_items));
    job->pieces++;
    job->items += items;
}

static void work(void *arg)
{
    struct job *job = arg;
    struct error err = {0};
    struct otlp_counts counts;
    const struct otlp_limits limits = {0};
    const struct otlp_pieces pieces = {
        .max_items = job->max_items, .first_items = job->first_items, .take = take, .arg = job};
    if (otlp_scan(job->signal, job->bytes, limits, &counts, &err) != STATUS_OK)
        return;
    enum status status = otlp_split(job->signal, job->bytes, &pieces, &err);
    ASSERT(status == STATUS_OK || fuzz_has_failed());
    ASSERT(job->items == counts.items || fuzz_has_failed());
    struct buf text;
    buf_init(&text, NULL, TEXT_MAX);
    debug_text(&text, job->signal, job->bytes);
    debug_count(job->signal, job->bytes);
    buf_release(&text);
}

static void once(struct str input)
{
    uint8_t choice;
    if (!fuzz_choice(&input, &choice))
        return;
    struct job job = {.bytes = input,
                      .signal = (enum otlp_signal)(choice % OTLP_SIGNALS),
                      .max_items = 1 + (choice >> 2 & 7),
                      .first_items = choice >> 5};
    ASSERT(fuzz_scope(work, &job) || fuzz_has_failed());
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(data, size, INPUT_MAX, once);
}
