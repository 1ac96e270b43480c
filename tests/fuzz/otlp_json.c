/* OTLP as JSON. What is read becomes wire bytes that pass the scan; written and read again, they
 * are in the order of the fields' numbers, and once more the same bytes. The first byte chooses the
 * signal; with its highest bit the rest are wire bytes to be written. */

#include "runtime/telemetry/otlp_scan.h"
#include "runtime/wire/otlp_json.h"
#include "tests/support/fuzz_input.h"

enum { INPUT_MAX = 1 << 14, BYTES_MAX = 1 << 22 };

struct job {
    struct str input;
    enum otlp_signal signal;
    bool from_wire;
};

static enum status read_json(const struct job *job, struct str json, struct buf *out)
{
    struct error err = {0};
    struct arena arena;
    arena_init(&arena, NULL, 1 << 24);
    enum status status = otlp_from_json(job->signal, json, &arena, out, &err);
    arena_release(&arena);
    ASSERT(status == STATUS_OK || err.message[0] != '\0');
    return status;
}

static enum status scan(const struct job *job, struct str bytes)
{
    struct error err = {0};
    struct otlp_limits limits = {0};
    struct otlp_counts counts;
    return otlp_scan(job->signal, bytes, limits, &counts, &err);
}

/* Texts of wire bytes may be no UTF-8 and numbers outside of what JSON may say: reading them again
 * may be refused. What has been read from JSON may not. */
static bool write_and_read(const struct job *job, struct str wire, struct buf *again)
{
    struct buf json;
    struct error err = {0};
    buf_init(&json, NULL, 8 * BYTES_MAX);
    enum status status = otlp_to_json(job->signal, wire, &json, &err);
    ASSERT(status == STATUS_OK || err.message[0] != '\0');
    if (status == STATUS_OK)
        status = read_json(job, buf_view(&json), again);
    ASSERT(status == STATUS_OK || job->from_wire || fuzz_has_failed());
    buf_release(&json);
    return status == STATUS_OK;
}

static void check(const struct job *job, struct str wire)
{
    struct buf ordered, again;
    buf_init(&ordered, NULL, BYTES_MAX);
    buf_init(&again, NULL, BYTES_MAX);
    if (write_and_read(job, wire, &ordered) && write_and_read(job, buf_view(&ordered), &again) &&
        !job->from_wire)
        ASSERT(str_eq(buf_view(&ordered), buf_view(&again)));
    buf_release(&ordered);
    buf_release(&again);
}

static void work(void *arg)
{
    const struct job *job = arg;
    struct buf wire;
    buf_init(&wire, NULL, BYTES_MAX);
    if (job->from_wire)
        buf_str(&wire, job->input);
    else if (read_json(job, job->input, &wire) != STATUS_OK)
        buf_clear(&wire);
    if (scan(job, buf_view(&wire)) == STATUS_OK)
        check(job, buf_view(&wire));
    else
        ASSERT(job->from_wire);
    buf_release(&wire);
}

static void once(struct str input)
{
    uint8_t choice;
    if (!fuzz_choice(&input, &choice))
        return;
    struct job job = {.input = input,
                      .signal = (enum otlp_signal)((choice & 127) % OTLP_SIGNALS),
                      .from_wire = choice & 128};
    ASSERT(fuzz_scope(work, &job) || fuzz_has_failed());
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(data, size, INPUT_MAX, once);
}
