/* OTLP batches in the log: a record is the signal's byte, the number of items, how it may be joined
 * (only when JOINED is set in the signal's byte) and the request's bytes. Each signal has a lane of
 * its own; those beyond are for traces, whose spans have no order among them. Without joining a
 * record is a request; else a lane takes whole records, or pieces of them, until it has enough.
 * Bounded by LANE_MAX bytes a lane, beyond which no record is joined. */

#include "runtime/wire/otlp_record.h"

#include "base/vec.h"
#include "runtime/storage/outbox.h"
#include "runtime/wire/metric_record.h"
#include "runtime/wire/otlp_split.h"
#include "runtime/wire/pb.h"
#include "runtime/wire/put.h"

/* A part of the record at hand. */
struct part {
    size_t first, items;
    size_t at, len; /* in `parts_bytes` */
};

struct lane_request {
    struct buf raw;
    enum otlp_signal signal;
    struct otlp_joining joining;
    size_t items;
};

struct encoder {
    struct mem_owner *owner;
    const struct otlp_send_options *options;
    struct lane_request lanes[OUTBOX_LANES_MAX];
    unsigned turn; /* which lane of traces is filled now */
    /* The record at hand; its bytes stay until the next one is read. */
    enum otlp_signal signal;
    struct otlp_joining joining;
    struct str bytes;
    size_t begun; /* its items */
    struct buf parts_bytes;
    VEC(struct part) parts;
};

enum { BUFFER_MAX = WAL_BODY_MAX + 64, KEPT = 4 * 1024 * 1024, LANE_MAX = 32 * 1024 * 1024 };
enum { JOINED = 0x80, HEAD_MAX = 1 + 4 * PUT_VARINT_MAX };

static void *writer_new(struct mem_owner *owner)
{
    (void)owner;
    return NULL;
}

static void writer_free(void *writer)
{
    (void)writer;
}

static void writer_lost(void *writer)
{
    (void)writer;
}

static size_t write_head(const struct otlp_batch *b, char head[HEAD_MAX])
{
    const struct otlp_joining *j = &b->joining;
    char *at = head;
    *at++ = (char)(b->otlp | (j->least ? JOINED : 0));
    at = put_varint(at, b->base.items);
    if (j->least)
        at = put_varint(put_varint(put_varint(at, j->least), j->most), j->linger_ms);
    return (size_t)(at - head);
}

static enum status writer_write(void *writer, struct wal *wal, struct batch *batch,
                                struct error *err)
{
    const struct otlp_batch *b = batch_otlp(batch);
    char head[HEAD_MAX];
    (void)writer;
    size_t len = write_head(b, head);
    if (b->bytes.len + len > WAL_BODY_MAX)
        return error_set(err, STATUS_LIMIT, "OTLP request of %zu bytes", b->bytes.len);
    return wal_append_pair(wal, RECORD_OTLP, str_of(head, len), b->bytes, NULL, err);
}

static void *encoder_new(const void *options, struct mem_owner *owner)
{
    struct encoder *e = mem_zalloc(owner, sizeof(*e));
    e->owner = owner;
    e->options = options;
    for (size_t i = 0; i < OUTBOX_LANES_MAX; i++)
        buf_init(&e->lanes[i].raw, owner, BUFFER_MAX);
    buf_init(&e->parts_bytes, owner, 2 * (size_t)BUFFER_MAX);
    return e;
}

static void encoder_free(void *encoder)
{
    struct encoder *e = encoder;
    for (size_t i = 0; i < OUTBOX_LANES_MAX; i++)
        buf_release(&e->lanes[i].raw);
    buf_release(&e->parts_bytes);
    VEC_RELEASE(&e->parts);
    mem_free(e);
}

static void lane_clear(struct lane_request *lane)
{
    if (lane->raw.cap > KEPT)
        buf_release(&lane->raw);
    else
        buf_clear(&lane->raw);
    lane->items = 0;
}

static void parts_clear(struct encoder *e)
{
    e->parts.len = 0;
    if (e->parts_bytes.cap > KEPT)
        buf_release(&e->parts_bytes);
    else
        buf_clear(&e->parts_bytes);
}

static void encoder_reset(void *encoder)
{
    struct encoder *e = encoder;
    for (unsigned i = 0; i < OUTBOX_LANES_MAX; i++)
        lane_clear(&e->lanes[i]);
    parts_clear(e);
    e->begun = 0;
}

static bool read_number(struct record_texts *r, uint32_t *out)
{
    uint64_t value;
    if (!record_varint(r, &value) || value > UINT32_MAX)
        return false;
    *out = (uint32_t)value;
    return true;
}

static bool read_joining(struct record_texts *r, struct otlp_joining *j)
{
    return read_number(r, &j->least) && read_number(r, &j->most) && read_number(r, &j->linger_ms) &&
           j->least > 0;
}

static bool encoder_begin(void *encoder, const struct wal_record *record, size_t *items)
{
    struct encoder *e = encoder;
    struct record_texts r = {(const uint8_t *)record->body.ptr,
                             (const uint8_t *)record->body.ptr + record->body.len};
    uint64_t count;
    *items = 0;
    if (record->type != RECORD_OTLP || record->body.len == 0)
        return false;
    unsigned kind = *r.at++;
    e->joining = (struct otlp_joining){0};
    if ((kind & ~(unsigned)JOINED) >= OTLP_SIGNALS || !record_varint(&r, &count) ||
        count > BATCH_MAX_ITEMS || (kind & JOINED && !read_joining(&r, &e->joining)))
        return false;
    e->signal = (enum otlp_signal)(kind & ~(unsigned)JOINED);
    e->bytes = str_of((const char *)r.at, (size_t)(r.end - r.at));
    parts_clear(e);
    *items = e->begun = (size_t)count;
    return true;
}

static void add_part(void *arg, struct str piece, size_t items)
{
    struct encoder *e = arg;
    size_t first = 0;
    if (e->parts.len)
        first = e->parts.items[e->parts.len - 1].first + e->parts.items[e->parts.len - 1].items;
    struct part part = {first, items, e->parts_bytes.len, piece.len};
    VEC_PUSH(&e->parts, part);
    buf_str(&e->parts_bytes, piece);
}

static const struct part *find_part(const struct encoder *e, size_t first)
{
    for (size_t i = 0; i < e->parts.len; i++) {
        if (e->parts.items[i].first == first)
            return &e->parts.items[i];
    }
    return NULL;
}

/* The part that begins with item `from`; cut so that the first one has `room` items, or ends where
 * an earlier run stopped. NULL: the record cannot be cut. */
static const struct part *part_at(struct encoder *e, size_t from, size_t room)
{
    const struct part *part = find_part(e, from);
    if (part)
        return part;
    parts_clear(e);
    const struct otlp_pieces pieces = {.first_items = from ? from : room,
                                       .max_items = e->joining.most ? e->joining.most : e->begun,
                                       .owner = e->owner,
                                       .take = add_part,
                                       .arg = e};
    if (otlp_split(e->signal, e->bytes, &pieces, NULL) != STATUS_OK || !buf_ok(&e->parts_bytes))
        return NULL;
    return find_part(e, from);
}

static void take(struct encoder *e, struct lane_request *lane, struct str bytes, size_t items)
{
    if (lane->raw.len == 0)
        buf_fill(&lane->raw, 0, e->options->headroom);
    buf_str(&lane->raw, bytes);
    lane->signal = e->signal;
    lane->joining = e->joining;
    lane->items += items;
}

static bool has_room(const struct encoder *e, const struct lane_request *lane)
{
    return lane->items == 0 ||
           (e->joining.least != 0 && lane->signal == e->signal &&
            memcmp(&lane->joining, &e->joining, sizeof(e->joining)) == 0 &&
            lane->items < e->joining.least && lane->raw.len + e->bytes.len <= LANE_MAX);
}

/* The lanes of traces take turns: each is left when its request is closed. */
static unsigned lane_of(const struct encoder *e, unsigned lanes)
{
    if (lanes < OTLP_SIGNALS)
        return 0;
    if (e->signal != OTLP_TRACES)
        return e->signal;
    unsigned turn = e->turn % (lanes - OTLP_SIGNALS + 1);
    return turn == 0 ? OTLP_TRACES : OTLP_SIGNALS + turn - 1;
}

static size_t encoder_fill(void *encoder, size_t from, unsigned lanes, unsigned *full)
{
    struct encoder *e = encoder;
    unsigned index = lane_of(e, lanes);
    struct lane_request *lane = &e->lanes[index];
    *full = index;
    while (from < e->begun && has_room(e, lane)) {
        size_t room = e->joining.most ? e->joining.most - lane->items : SIZE_MAX;
        const struct part *part = NULL;
        if (from > 0 || e->begun > room)
            part = part_at(e, from, room);
        if (!part) {
            take(e, lane, e->bytes, e->begun - from);
            return e->begun;
        }
        if (part->items > room && lane->items)
            break;
        take(e, lane, str_slice(buf_view(&e->parts_bytes), part->at, part->at + part->len),
             part->items);
        from += part->items;
    }
    return from;
}

static size_t encoder_filled(const void *encoder, unsigned lane)
{
    return ((const struct encoder *)encoder)->lanes[lane].items;
}

static bool encoder_is_full(const void *encoder, unsigned lane)
{
    const struct lane_request *l = &((const struct encoder *)encoder)->lanes[lane];
    return l->items != 0 && l->items >= l->joining.least;
}

static int64_t encoder_linger(const void *encoder, unsigned lane)
{
    return ((const struct encoder *)encoder)->lanes[lane].joining.linger_ms * INT64_C(1000000);
}

static enum status encoder_seal(void *encoder, unsigned lane, struct buf *body,
                                struct outbox_request *out, struct error *err)
{
    struct encoder *e = encoder;
    struct lane_request *l = &e->lanes[lane];
    enum status status = STATUS_OK;
    out->items = l->items;
    out->otlp = l->signal;
    out->tag = STR_NONE;
    size_t headroom = e->options->headroom;
    out->raw_bytes = l->raw.len - headroom;
    if (l->signal == OTLP_TRACES)
        e->turn = lane < OTLP_SIGNALS ? 1 : lane - OTLP_SIGNALS + 2;
    if (e->options->compression == COMPRESSION_NONE) {
        struct buf bytes = l->raw;
        l->raw = *body;
        *body = bytes;
    } else {
        buf_fill(body, 0, headroom);
        status = compress_bytes(e->options->compression, e->options->level,
                                str_slice(buf_view(&l->raw), headroom, l->raw.len), body, err);
    }
    lane_clear(l);
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
    .linger_ns = encoder_linger,
    .seal = encoder_seal,
    .reset = encoder_reset,
};
