/* Items on the wire, and back. Written apart from the program's encoders. */

#include "base/compress.h"
#include "runtime/telemetry/otlp_scan.h"
#include "runtime/wire/loki_push.h"
#include "runtime/wire/pb.h"
#include "runtime/wire/remote_write.h"
#include "tests/simulation/peers.h"

#include <stdio.h>

enum { BODY_MAX = 16 * 1024 * 1024 };
static const int64_t BASE_MS = 1700000000000;

/* ---- writing ---- */
static void write_label(struct pb_nest *nest, const char *name, struct str value)
{
    pb_nest_open(nest, 1);
    pb_write_bytes(&nest->scratch, 1, str_from(name));
    pb_write_bytes(&nest->scratch, 2, value);
    pb_nest_close(nest);
}

static void write_samples(const struct judge *j, struct run_of_items items, struct pb_nest *nest)
{
    char stream[16];
    int len = snprintf(stream, sizeof stream, "%u", items.stream);
    (void)j;
    pb_nest_open(nest, 1);
    write_label(nest, "__name__", STR("numbers"));
    write_label(nest, "stream", str_of(stream, (size_t)len));
    for (unsigned i = 0; i < items.count; i++) {
        pb_nest_open(nest, 2);
        pb_write_double(&nest->scratch, 1, items.first + i);
        pb_write_u64(&nest->scratch, 2, (uint64_t)(BASE_MS + items.first + i));
        pb_nest_close(nest);
    }
    pb_nest_close(nest);
}

static void write_entries(const struct judge *j, struct run_of_items items, struct pb_nest *nest)
{
    char labels[32];
    char text[ITEM_TEXT];
    int len = snprintf(labels, sizeof labels, "{stream=\"%u\"}", items.stream);
    pb_nest_open(nest, 1);
    pb_write_bytes(&nest->scratch, 1, str_of(labels, (size_t)len));
    for (unsigned i = 0; i < items.count; i++) {
        pb_nest_open(nest, 2);
        pb_nest_open(nest, 1);
        pb_write_u64(&nest->scratch, 1, (uint64_t)(BASE_MS / 1000));
        pb_write_u64(&nest->scratch, 2, items.first + i);
        pb_nest_close(nest);
        pb_write_bytes(&nest->scratch, 2, judge_text(j, items.stream, items.first + i, text));
        pb_nest_close(nest);
    }
    pb_nest_close(nest);
}

static void write_log_record(struct pb_nest *nest, struct str text, uint64_t t_ns)
{
    pb_write_fixed64(&nest->scratch, 1, t_ns);
    pb_nest_open(nest, 5);
    pb_write_bytes(&nest->scratch, 1, text);
    pb_nest_close(nest);
}

static void write_span(struct pb_nest *nest, struct str text, uint64_t t_ns)
{
    pb_write_bytes(&nest->scratch, 1, STR("0123456789abcdef"));
    pb_write_bytes(&nest->scratch, 2, STR("01234567"));
    pb_write_bytes(&nest->scratch, 5, text);
    pb_write_fixed64(&nest->scratch, 7, t_ns);
    pb_write_fixed64(&nest->scratch, 8, t_ns + 1);
}

static void write_gauge(struct pb_nest *nest, struct str text, uint64_t t_ns)
{
    pb_write_bytes(&nest->scratch, 1, text);
    pb_nest_open(nest, 5);
    pb_nest_open(nest, 1);
    pb_write_fixed64(&nest->scratch, 3, t_ns);
    pb_write_double(&nest->scratch, 4, 1);
    pb_nest_close(nest);
    pb_nest_close(nest);
}

static void write_otlp(const struct judge *j, enum protocol protocol, struct run_of_items items,
                       struct pb_nest *nest)
{
    char text[ITEM_TEXT];
    pb_nest_open(nest, 1);
    pb_nest_open(nest, 2);
    for (unsigned i = 0; i < items.count; i++) {
        uint64_t t_ns = (uint64_t)BASE_MS * 1000000 + items.first + i;
        struct str item = judge_text(j, items.stream, items.first + i, text);
        pb_nest_open(nest, 2);
        if (protocol == PROTOCOL_OTLP_LOGS)
            write_log_record(nest, item, t_ns);
        else if (protocol == PROTOCOL_OTLP_TRACES)
            write_span(nest, item, t_ns);
        else
            write_gauge(nest, item, t_ns);
        pb_nest_close(nest);
    }
    pb_nest_close(nest);
    pb_nest_close(nest);
}

void body_write(const struct judge *j, enum protocol protocol, struct run_of_items items,
                struct buf *out)
{
    struct pb_nest nest;
    struct buf plain;
    struct error err;
    pb_nest_init(&nest, NULL, BODY_MAX);
    buf_init(&plain, NULL, BODY_MAX);
    if (protocol == PROTOCOL_REMOTE_WRITE)
        write_samples(j, items, &nest);
    else if (protocol == PROTOCOL_LOKI)
        write_entries(j, items, &nest);
    else
        write_otlp(j, protocol, items, &nest);
    pb_nest_finish(&nest, &plain);
    buf_clear(out);
    if (protocol == PROTOCOL_REMOTE_WRITE || protocol == PROTOCOL_LOKI)
        compress_bytes(COMPRESSION_SNAPPY, 0, buf_view(&plain), out, &err);
    else
        buf_str(out, buf_view(&plain));
    buf_release(&plain);
    pb_nest_release(&nest);
}

/* ---- reading ---- */
static void add_ref(struct item_refs *out, unsigned stream, unsigned n)
{
    ASSERT(out->count < REFS_MAX);
    out->items[out->count++] = (struct item_ref){stream, n};
}

static bool read_samples(struct judge *j, struct str body, struct item_refs *out)
{
    struct label_table *table = label_table_new(NULL);
    struct metric_batch *batch = metric_batch_new(64);
    struct remote_write_limits limits = {0};
    struct remote_write_counts counts = {0};
    struct error err = {0};
    struct remote_write_body wire = {REMOTE_WRITE_1, body};
    bool ok = remote_write_read(wire, table, limits, batch, &counts, &err) == STATUS_OK;
    for (size_t i = 0; ok && i < batch->sample_count; i++) {
        const struct sample *sample = &batch->samples[i];
        struct str name = labels_get(sample->labels, STR("__name__"));
        uint64_t stream = STREAMS;
        unsigned n = (unsigned)sample->value;
        if (!str_is(name, "numbers")) {
            out->others++;
            if (out->sample != NULL)
                out->sample(out->arg, name, sample->t_ms, sample->value);
            continue;
        }
        str_to_u64(labels_get(sample->labels, STR("stream")), &stream);
        if (stream >= STREAMS || n >= ITEMS || sample->t_ms != BASE_MS + n)
            judge_violate(j, "a sample %g is not as it was given", sample->value);
        else
            add_ref(out, (unsigned)stream, n);
    }
    batch_unref(&batch->base);
    label_table_free(table);
    return ok;
}

static bool read_entries(struct judge *j, struct str body, struct item_refs *out)
{
    struct label_table *table = label_table_new(NULL);
    struct log_batch *batch = log_batch_new(64);
    struct loki_push_limits limits = {0};
    struct error err = {0};
    bool ok = loki_push_read(body, table, limits, batch, &err) == STATUS_OK;
    for (size_t i = 0; ok && i < batch->entry_count; i++) {
        unsigned stream, n;
        const struct log_entry *entry = &batch->entries[i];
        uint64_t label = STREAMS;
        if (!judge_read(j, entry->line, &stream, &n))
            continue;
        str_to_u64(labels_get(entry->labels, STR("stream")), &label);
        if (label != stream)
            judge_violate(j, "item %u of stream %u came in another stream", n, stream);
        add_ref(out, stream, n);
    }
    batch_unref(&batch->base);
    label_table_free(table);
    return ok;
}

static bool read_otlp(struct judge *j, struct str body, struct item_refs *out)
{
    static const enum otlp_signal signals[] = {OTLP_LOGS, OTLP_TRACES, OTLP_METRICS};
    struct otlp_limits limits = {0};
    struct otlp_counts counts = {0};
    struct error err = {0};
    bool ok = false;
    for (size_t i = 0; i < 3 && !ok; i++)
        ok = otlp_scan(signals[i], body, limits, &counts, &err) == STATUS_OK && counts.items != 0;
    size_t at = 0;
    while (ok && (at = str_find(body, STR("<<s="), at)) != SIZE_MAX) {
        unsigned stream, n;
        if (judge_read(j, str_slice(body, at, body.len), &stream, &n))
            add_ref(out, stream, n);
        at += 4;
    }
    if (ok && counts.items != out->count)
        judge_violate(j, "%zu items arrive where %zu are counted", out->count, counts.items);
    return ok;
}

bool body_read(struct judge *j, enum protocol protocol, struct str body, struct str encoding,
               struct item_refs *out)
{
    struct buf plain;
    struct error err = {0};
    enum compression method = COMPRESSION_SNAPPY;
    buf_init(&plain, NULL, BODY_MAX);
    bool is_otlp = protocol >= PROTOCOL_OTLP_LOGS;
    bool ok = !is_otlp || compression_from_name(encoding, &method);
    ok = ok && decompress_bytes(method, body, &plain, &err) == STATUS_OK;
    out->count = out->others = 0;
    if (ok && protocol == PROTOCOL_REMOTE_WRITE)
        ok = read_samples(j, buf_view(&plain), out);
    else if (ok && protocol == PROTOCOL_LOKI)
        ok = read_entries(j, buf_view(&plain), out);
    else if (ok)
        ok = read_otlp(j, buf_view(&plain), out);
    if (!ok)
        judge_violate(j, "a request that cannot be read: %s", err.message);
    buf_release(&plain);
    return ok;
}
