/* Loki push requests from records of the log: logproto.PushRequest {streams 1}, Stream {labels 1,
 * entries 2}, Entry {timestamp 1 {seconds 1, nanos 2}, line 2, structuredMetadata 3 {name 1, value
 * 2}}.
 *
 * A lane's request keeps a buffer of entries per stream, in the order in which streams first came;
 * they are put together when it is closed. Bounded by the options; buffers are reused. */

#include "runtime/storage/outbox.h"
#include "runtime/wire/loki_push.h"

#include "base/compress.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/vec.h"
#include "runtime/wire/log_record.h"
#include "runtime/wire/pb.h"
#include "runtime/wire/put.h"

enum { BYTES_DEFAULT = 1024 * 1024, BUFFER_MAX = 192 * 1024 * 1024, SPARE_MAX = 64 * 1024 };

struct stream {
    struct buf entries; /* its labels are the map's key */
};

struct draft {
    struct map by_labels;       /* → index + 1 */
    VEC(struct stream) streams; /* the first map.len are in use */
    struct buf tenant;
    size_t items;
    size_t bytes;    /* of lines and metadata */
    uint64_t record; /* for which stream_of holds */
};

/* A stream of the record at hand. */
struct record_stream {
    struct str labels, tenant;
    uint32_t lane_hash;
    uint32_t index; /* in the draft of its lane + 1, 0 = not known */
};

struct encoder {
    struct mem_owner *owner;
    const struct loki_push_options *options;
    struct log_items items;
    struct log_item item;
    bool has_item;
    size_t index;
    VEC(struct record_stream) streams;
    struct buf whole;
    struct draft drafts[OUTBOX_LANES_MAX];
};

static void *encoder_new(const void *options, struct mem_owner *owner)
{
    struct encoder *e = mem_zalloc(owner, sizeof(*e));
    e->owner = owner;
    e->options = options;
    buf_init(&e->whole, owner, BUFFER_MAX);
    for (size_t i = 0; i < OUTBOX_LANES_MAX; i++) {
        map_init(&e->drafts[i].by_labels, owner);
        buf_init(&e->drafts[i].tenant, owner, BUFFER_MAX);
    }
    return e;
}

static void draft_clear(struct encoder *e, struct draft *d)
{
    for (size_t i = 0; i < d->by_labels.len; i++) {
        struct buf *entries = &d->streams.items[i].entries;
        if (entries->cap > SPARE_MAX)
            buf_release(entries);
        else
            buf_clear(entries);
    }
    map_clear(&d->by_labels);
    buf_clear(&d->tenant);
    d->items = d->bytes = 0;
    for (size_t i = 0; i < e->streams.len; i++)
        e->streams.items[i].index = 0;
}

static void encoder_free(void *encoder)
{
    struct encoder *e = encoder;
    for (size_t i = 0; i < OUTBOX_LANES_MAX; i++) {
        struct draft *d = &e->drafts[i];
        for (size_t k = 0; k < d->streams.len; k++)
            buf_release(&d->streams.items[k].entries);
        VEC_RELEASE(&d->streams);
        map_release(&d->by_labels);
        buf_release(&d->tenant);
    }
    VEC_RELEASE(&e->streams);
    buf_release(&e->whole);
    mem_free(e);
}

static void encoder_reset(void *encoder)
{
    struct encoder *e = encoder;
    e->streams.len = 0;
    for (size_t i = 0; i < OUTBOX_LANES_MAX; i++)
        draft_clear(e, &e->drafts[i]);
    e->has_item = false;
    e->items = log_items_read(STR("\0"));
}

static bool encoder_begin(void *encoder, const struct wal_record *record, size_t *items)
{
    struct encoder *e = encoder;
    *items = 0;
    if (record->type != RECORD_LOGS || !log_items_count(record->body, items))
        return false;
    e->items = log_items_read(record->body);
    e->has_item = false;
    e->index = 0;
    e->streams.len = 0;
    struct log_stream stream;
    while (log_items_stream(&e->items, &stream)) {
        struct record_stream s = {.labels = stream.labels, .tenant = stream.tenant};
        s.lane_hash = (uint32_t)hash_str(stream.labels);
        VEC_PUSH(&e->streams, s);
    }
    return true;
}

/* Filling. */

static bool draft_full(const struct encoder *e, const struct draft *d)
{
    size_t bytes = e->options->max_bytes ? e->options->max_bytes : BYTES_DEFAULT;
    return d->bytes >= bytes || (e->options->max_items && d->items >= e->options->max_items);
}

static size_t pairs_bytes(const struct log_item *item)
{
    struct record_texts r = {(const uint8_t *)item->pairs.ptr,
                             (const uint8_t *)item->pairs.ptr + item->pairs.len};
    struct str text;
    size_t bytes = 0;
    while (r.at < r.end && record_text(&r, &text))
        bytes += text.len;
    return bytes;
}

static bool fits(const struct encoder *e, const struct draft *d, const struct record_stream *s,
                 size_t bytes)
{
    size_t max = e->options->max_bytes ? e->options->max_bytes : BYTES_DEFAULT;
    if (d->items == 0)
        return true;
    if (draft_full(e, d) || d->bytes + bytes > max || !str_eq(buf_view(&d->tenant), s->tenant))
        return false;
    return !e->options->max_streams || d->by_labels.len < e->options->max_streams ||
           map_has(&d->by_labels, s->labels);
}

static struct stream *draft_stream(struct draft *d, struct record_stream *s,
                                   struct mem_owner *owner)
{
    if (s->index)
        return &d->streams.items[s->index - 1];
    void *found = map_get(&d->by_labels, s->labels);
    if (found) {
        s->index = (uint32_t)(uintptr_t)found;
        return &d->streams.items[s->index - 1];
    }
    size_t index = d->by_labels.len;
    if (index == d->streams.len) {
        struct stream fresh;
        buf_init(&fresh.entries, owner, BUFFER_MAX);
        VEC_PUSH(&d->streams, fresh);
    }
    s->index = (uint32_t)index + 1;
    map_put(&d->by_labels, s->labels, (void *)(uintptr_t)s->index); // NOLINT: a number
    return &d->streams.items[index];
}

/* seconds 1, nanos 2; before 1970 seconds are negative and nanos count forward. */
static char *put_time(char *at, int64_t t_ns)
{
    int64_t seconds = t_ns / 1000000000, nanos = t_ns % 1000000000;
    if (nanos < 0) {
        nanos += 1000000000;
        seconds--;
    }
    char *len = at++;
    if (seconds) {
        *at++ = 1 << 3 | PB_VARINT;
        at = put_varint(at, (uint64_t)seconds);
    }
    if (nanos) {
        *at++ = 2 << 3 | PB_VARINT;
        at = put_varint(at, (uint64_t)nanos);
    }
    *len = (char)(at - len - 1);
    return at;
}

static size_t pairs_size(const struct log_item *item)
{
    struct record_texts r = {(const uint8_t *)item->pairs.ptr,
                             (const uint8_t *)item->pairs.ptr + item->pairs.len};
    struct str name, value;
    size_t size = 0;
    while (r.at < r.end && record_text(&r, &name) && record_text(&r, &value))
        size += pb_bytes_size(3, pb_bytes_size(1, name.len) + pb_bytes_size(2, value.len));
    return size;
}

static void put_pairs(struct buf *out, const struct log_item *item)
{
    struct record_texts r = {(const uint8_t *)item->pairs.ptr,
                             (const uint8_t *)item->pairs.ptr + item->pairs.len};
    struct str name, value;
    while (r.at < r.end && record_text(&r, &name) && record_text(&r, &value)) {
        pb_write_tag(out, 3, PB_BYTES);
        pb_write_varint(out, pb_bytes_size(1, name.len) + pb_bytes_size(2, value.len));
        pb_write_bytes(out, 1, name);
        pb_write_bytes(out, 2, value);
    }
}

static void add_entry(struct buf *out, const struct log_item *item)
{
    char time[32];
    size_t time_len = (size_t)(put_time(time, item->t_ns) - time);
    size_t pairs = item->pair_count ? pairs_size(item) : 0;
    size_t inner = 1 + time_len + pb_bytes_size(2, item->line.len) + pairs;
    char *start = buf_reserve(out, inner + 4 * (size_t)PUT_VARINT_MAX), *at = start;
    if (!at)
        return;
    *at++ = 2 << 3 | PB_BYTES;
    at = put_varint(at, inner);
    *at++ = 1 << 3 | PB_BYTES;
    at = put_bytes(at, str_of(time, time_len));
    *at++ = 2 << 3 | PB_BYTES;
    at = put_bytes(put_varint(at, item->line.len), item->line);
    out->len += (size_t)(at - start);
    if (pairs)
        put_pairs(out, item);
}

static size_t encoder_fill(void *encoder, size_t from, unsigned lanes, unsigned *full)
{
    struct encoder *e = encoder;
    for (;;) {
        if (!e->has_item && !log_items_next(&e->items, &e->item))
            return e->index;
        e->has_item = true;
        if (e->index >= from) {
            struct record_stream *s = &e->streams.items[e->item.stream];
            unsigned lane = lanes > 1 ? s->lane_hash % lanes : 0;
            struct draft *d = &e->drafts[lane];
            size_t bytes = e->item.line.len + (e->item.pair_count ? pairs_bytes(&e->item) : 0);
            if (!fits(e, d, s, bytes)) {
                *full = lane;
                return e->index;
            }
            if (d->items == 0)
                buf_str(&d->tenant, s->tenant);
            add_entry(&draft_stream(d, s, e->owner)->entries, &e->item);
            d->items++;
            d->bytes += bytes;
        }
        e->has_item = false;
        e->index++;
    }
}

static size_t encoder_filled(const void *encoder, unsigned lane)
{
    return ((const struct encoder *)encoder)->drafts[lane].items;
}

static bool encoder_is_full(const void *encoder, unsigned lane)
{
    const struct encoder *e = encoder;
    return draft_full(e, &e->drafts[lane]);
}

static enum status encoder_seal(void *encoder, unsigned lane, struct buf *body,
                                struct outbox_request *out, struct error *err)
{
    struct encoder *e = encoder;
    struct draft *d = &e->drafts[lane];
    buf_clear(&e->whole);
    for (size_t i = 0; i < d->by_labels.len; i++) {
        struct str labels = d->by_labels.entries[i].key, entries;
        entries = buf_view(&d->streams.items[i].entries);
        pb_write_tag(&e->whole, 1, PB_BYTES);
        pb_write_varint(&e->whole, pb_bytes_size(1, labels.len) + entries.len);
        pb_write_bytes(&e->whole, 1, labels);
        buf_str(&e->whole, entries);
    }
    out->items = d->items;
    out->raw_bytes = e->whole.len;
    out->tag = STR_NONE;
    enum status status = STATUS_OK;
    /* The tenant stands behind the body, which keeps it. */
    status = compress_bytes(COMPRESSION_SNAPPY, 0, buf_view(&e->whole), body, err);
    size_t len = body->len;
    buf_str(body, buf_view(&d->tenant));
    out->tag = str_slice(buf_view(body), len, body->len);
    out->body = str_of(body->data, len);
    draft_clear(e, d);
    if (e->whole.cap > (size_t)4 * 1024 * 1024)
        buf_release(&e->whole);
    return status;
}

const struct outbox_codec outbox_logs = {
    .accepts = 1u << SIGNAL_LOGS,
    .writer_new = log_writer_new,
    .writer_free = log_writer_free,
    .write = log_writer_write,
    .write_lost = log_writer_lost,
    .encoder_new = encoder_new,
    .encoder_free = encoder_free,
    .begin = encoder_begin,
    .fill = encoder_fill,
    .filled = encoder_filled,
    .is_full = encoder_is_full,
    .seal = encoder_seal,
    .reset = encoder_reset,
};
