/* OTLP batches in the log: a record is the signal's byte, the number of items and the request's
 * bytes. One record is one request, so that a lane holds at most one record. */

#include "runtime/wire/otlp_record.h"

#include "runtime/storage/outbox.h"
#include "runtime/wire/metric_record.h"
#include "runtime/wire/pb.h"
#include "runtime/wire/put.h"

struct encoder {
    struct mem_owner *owner;
    const struct otlp_send_options *options;
    struct wal_record record; /* begun; its bytes stay until the next one is read */
    struct buf raw[OUTBOX_LANES_MAX];
    enum otlp_signal signal[OUTBOX_LANES_MAX];
    size_t items[OUTBOX_LANES_MAX];
    size_t begun; /* items of the record at hand */
};

enum { BUFFER_MAX = WAL_BODY_MAX + 64, KEPT = 4 * 1024 * 1024 };

static void *writer_new(struct mem_owner *owner)
{
    struct buf *scratch = mem_zalloc(owner, sizeof(*scratch));
    buf_init(scratch, owner, BUFFER_MAX);
    return scratch;
}

static void writer_free(void *writer)
{
    mem_free(writer);
}

static void writer_lost(void *writer)
{
    (void)writer;
}

static enum status writer_write(void *writer, struct wal *wal, struct batch *batch,
                                struct error *err)
{
    const struct otlp_batch *b = batch_otlp(batch);
    struct buf body;
    buf_init(&body, ((struct buf *)writer)->owner, BUFFER_MAX);
    char head[1 + PUT_VARINT_MAX];
    head[0] = (char)b->otlp;
    size_t len = (size_t)(put_varint(head + 1, b->base.items) - head);
    if (b->bytes.len + len > WAL_BODY_MAX)
        return error_set(err, STATUS_LIMIT, "OTLP request of %zu bytes", b->bytes.len);
    buf_reserve(&body, len + b->bytes.len);
    buf_append(&body, head, len);
    buf_str(&body, b->bytes);
    enum status status = wal_append(wal, RECORD_OTLP, buf_view(&body), NULL, err);
    buf_release(&body);
    return status;
}

static void *encoder_new(const void *options, struct mem_owner *owner)
{
    struct encoder *e = mem_zalloc(owner, sizeof(*e));
    e->owner = owner;
    e->options = options;
    for (size_t i = 0; i < OUTBOX_LANES_MAX; i++)
        buf_init(&e->raw[i], owner, BUFFER_MAX);
    return e;
}

static void encoder_free(void *encoder)
{
    struct encoder *e = encoder;
    for (size_t i = 0; i < OUTBOX_LANES_MAX; i++)
        buf_release(&e->raw[i]);
    mem_free(e);
}

static void lane_clear(struct encoder *e, unsigned lane)
{
    if (e->raw[lane].cap > KEPT)
        buf_release(&e->raw[lane]);
    else
        buf_clear(&e->raw[lane]);
    e->items[lane] = 0;
}

static void encoder_reset(void *encoder)
{
    struct encoder *e = encoder;
    for (unsigned i = 0; i < OUTBOX_LANES_MAX; i++)
        lane_clear(e, i);
    e->begun = 0;
}

static bool encoder_begin(void *encoder, const struct wal_record *record, size_t *items)
{
    struct encoder *e = encoder;
    struct record_texts r = {(const uint8_t *)record->body.ptr,
                             (const uint8_t *)record->body.ptr + record->body.len};
    uint64_t count;
    *items = 0;
    if (record->type != RECORD_OTLP || record->body.len == 0 || *r.at++ >= OTLP_SIGNALS ||
        !record_varint(&r, &count) || count > BATCH_MAX_ITEMS)
        return false;
    e->record = *record;
    *items = e->begun = (size_t)count;
    return true;
}

/* The record goes to the emptiest lane, whole: records are not split. */
static size_t encoder_fill(void *encoder, size_t from, unsigned lanes, unsigned *full)
{
    struct encoder *e = encoder;
    if (from >= e->begun)
        return e->begun;
    unsigned lane = 0;
    while (lane + 1 < lanes && e->raw[lane].len)
        lane++;
    if (e->raw[lane].len) {
        *full = lane;
        return from;
    }
    struct record_texts r = {(const uint8_t *)e->record.body.ptr + 1,
                             (const uint8_t *)e->record.body.ptr + e->record.body.len};
    uint64_t count;
    record_varint(&r, &count);
    buf_append(&e->raw[lane], r.at, (size_t)(r.end - r.at));
    e->signal[lane] = (enum otlp_signal)e->record.body.ptr[0];
    e->items[lane] = e->begun;
    return e->begun;
}

static size_t encoder_filled(const void *encoder, unsigned lane)
{
    return ((const struct encoder *)encoder)->items[lane];
}

static bool encoder_is_full(const void *encoder, unsigned lane)
{
    return ((const struct encoder *)encoder)->items[lane] != 0;
}

static enum status encoder_seal(void *encoder, unsigned lane, struct buf *body,
                                struct outbox_request *out, struct error *err)
{
    struct encoder *e = encoder;
    out->items = e->items[lane];
    out->otlp = e->signal[lane];
    out->tag = STR_NONE;
    out->raw_bytes = e->raw[lane].len;
    enum status status = compress_bytes(e->options->compression, e->options->level,
                                        buf_view(&e->raw[lane]), body, err);
    lane_clear(e, lane);
    return status;
}

const struct outbox_codec outbox_otlp = {
    .accepts = 1u << SIGNAL_OTLP,
    .writer_new = writer_new,
    .writer_free = writer_free,
    .write = writer_write,
    .write_lost = writer_lost,
    .encoder_new = encoder_new,
    .encoder_free = encoder_free,
    .begin = encoder_begin,
    .fill = encoder_fill,
    .filled = encoder_filled,
    .is_full = encoder_is_full,
    .seal = encoder_seal,
    .reset = encoder_reset,
};
