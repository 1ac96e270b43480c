/* Records of logs, written and read. A batch becomes as many records as its size asks for, each at
 * most RECORD_ENTRIES entries or about RECORD_BYTES. The writer keeps nothing between batches. */

#include "runtime/wire/log_record.h"

#include "base/strconv.h"
#include "runtime/wire/pb.h"
#include "runtime/wire/put.h"

enum {
    RECORD_ENTRIES = 4096,
    RECORD_BYTES = 256 * 1024,
    RECORD_MAX = 60 * 1024 * 1024,
    ENTRY_HEAD = 16,
    RECENT = 64
};

struct log_writer {
    struct mem_owner *owner;
};

/* One record in the making. */
struct writing {
    struct wal *wal;
    struct buf streams, entries, whole;
    size_t stream_count, entry_count;
    struct {
        const struct labels *labels;
        uint32_t number;
    } recent[RECENT]; /* by address: where a stream's number is found again */
    int64_t last_ns;
};

void *log_writer_new(struct mem_owner *owner)
{
    struct log_writer *w = mem_zalloc(owner, sizeof(*w));
    w->owner = owner;
    return w;
}

void log_writer_free(void *writer)
{
    mem_free(writer);
}

void log_writer_lost(void *writer)
{
    (void)writer;
}

static void put_text(struct buf *out, struct str text)
{
    pb_write_varint(out, text.len);
    buf_str(out, text);
}

/* As Loki's clients write a stream: without labels that begin with "__". */
static void stream_text(struct buf *out, const struct labels *l)
{
    bool first = true;
    buf_byte(out, '{');
    for (size_t i = 0; i < l->count; i++) {
        if (str_starts(l->pairs[i].name, STR("__")))
            continue;
        if (!first)
            buf_str(out, STR(", "));
        first = false;
        buf_str(out, l->pairs[i].name);
        buf_byte(out, '=');
        strconv_quote(out, l->pairs[i].value);
    }
    buf_byte(out, '}');
}

static uint32_t stream_number(struct writing *w, const struct labels *l)
{
    size_t at = ((uintptr_t)l >> 6) % RECENT;
    if (w->recent[at].labels == l)
        return w->recent[at].number;
    buf_clear(&w->whole);
    stream_text(&w->whole, l);
    put_text(&w->streams, buf_view(&w->whole));
    put_text(&w->streams, labels_get(l, STR("__tenant_id__")));
    w->recent[at].labels = l;
    w->recent[at].number = (uint32_t)w->stream_count;
    return (uint32_t)w->stream_count++;
}

static void put_entry(struct writing *w, const struct log_entry *e)
{
    uint32_t stream = stream_number(w, e->labels);
    char *at = buf_reserve(&w->entries, 4 * (size_t)PUT_VARINT_MAX + e->line.len);
    if (!at)
        return;
    at = put_varint(at, stream);
    at = put_zigzag(at, (int64_t)((uint64_t)e->t_ns - (uint64_t)w->last_ns));
    at = put_bytes(put_varint(at, e->line.len), e->line);
    at = put_varint(at, e->metadata_count);
    w->entries.len = (size_t)(at - w->entries.data);
    for (size_t i = 0; i < e->metadata_count; i++) {
        put_text(&w->entries, e->metadata[i].name);
        put_text(&w->entries, e->metadata[i].value);
    }
    w->last_ns = e->t_ns;
    w->entry_count++;
}

static enum status flush(struct writing *w, struct error *err)
{
    if (!w->entry_count)
        return STATUS_OK;
    buf_clear(&w->whole);
    pb_write_varint(&w->whole, w->stream_count);
    buf_str(&w->whole, buf_view(&w->streams));
    if (!buf_ok(&w->streams) || !buf_ok(&w->entries) || !buf_ok(&w->whole))
        return error_set(err, STATUS_LIMIT, "log entry too large for the log");
    enum status status =
        wal_append_pair(w->wal, RECORD_LOGS, buf_view(&w->whole), buf_view(&w->entries), NULL, err);
    buf_clear(&w->streams);
    buf_clear(&w->entries);
    w->stream_count = w->entry_count = 0;
    w->last_ns = 0;
    memset(w->recent, 0, sizeof(w->recent));
    return status;
}

/* Bytes that the entries of one record take, about: room that is asked for once. */
static size_t entries_size(const struct log_batch *b)
{
    size_t bytes = 0;
    for (size_t i = 0; i < b->entry_count && bytes < RECORD_BYTES; i++)
        bytes += b->entries[i].line.len + ENTRY_HEAD;
    return bytes < RECORD_BYTES ? bytes : RECORD_BYTES;
}

enum status log_writer_write(void *writer, struct wal *wal, struct batch *batch, struct error *err)
{
    struct log_writer *lw = writer;
    const struct log_batch *b = batch_logs(batch);
    struct writing w = {.wal = wal};
    buf_init(&w.streams, lw->owner, RECORD_MAX);
    buf_init(&w.entries, lw->owner, RECORD_MAX);
    buf_init(&w.whole, lw->owner, RECORD_MAX);
    enum status status = STATUS_OK;
    buf_reserve(&w.entries, entries_size(b) + 4 * (size_t)PUT_VARINT_MAX);
    for (size_t i = 0; i < b->entry_count && status == STATUS_OK; i++) {
        put_entry(&w, &b->entries[i]);
        if (w.entry_count >= RECORD_ENTRIES || w.entries.len + w.streams.len >= RECORD_BYTES)
            status = flush(&w, err);
    }
    if (status == STATUS_OK)
        status = flush(&w, err);
    buf_release(&w.streams);
    buf_release(&w.entries);
    buf_release(&w.whole);
    return status;
}

/* Reading. */

static bool skip_text(struct record_texts *r)
{
    struct str text;
    return record_text(r, &text);
}

struct log_items log_items_read(struct str body)
{
    const uint8_t *at = (const uint8_t *)(body.len ? body.ptr : "");
    struct log_items items = {.rest = {at, at + body.len}};
    uint64_t count;
    items.bad = !record_varint(&items.rest, &count) || count > BATCH_MAX_ITEMS;
    if (items.bad)
        return items;
    items.stream_count = (size_t)count;
    items.streams = items.rest;
    for (size_t i = 0; i < count && !items.bad; i++)
        items.bad = !skip_text(&items.rest) || !skip_text(&items.rest);
    items.streams.end = items.rest.at;
    return items;
}

bool log_items_stream(struct log_items *items, struct log_stream *out)
{
    return record_text(&items->streams, &out->labels) && record_text(&items->streams, &out->tenant);
}

static bool take_item(struct log_items *items, struct log_item *out)
{
    uint64_t stream, delta, count;
    struct record_texts *r = &items->rest;
    if (!record_varint(r, &stream) || stream >= items->stream_count || !record_varint(r, &delta) ||
        !record_text(r, &out->line) || !record_varint(r, &count) || count > BATCH_MAX_ITEMS)
        return false;
    out->stream = (uint32_t)stream;
    out->t_ns = items->t_ns = (int64_t)((uint64_t)items->t_ns + (delta >> 1 ^ (0 - (delta & 1))));
    out->pair_count = (size_t)count;
    const uint8_t *pairs = r->at;
    for (size_t i = 0; i < count; i++) {
        if (!skip_text(r) || !skip_text(r))
            return false;
    }
    out->pairs = str_of((const char *)pairs, (size_t)(r->at - pairs));
    return true;
}

bool log_items_next(struct log_items *items, struct log_item *out)
{
    if (items->bad || items->rest.at == items->rest.end)
        return false;
    items->bad = !take_item(items, out);
    return !items->bad;
}

bool log_items_count(struct str body, size_t *count)
{
    struct log_items items = log_items_read(body);
    struct log_item item;
    *count = 0;
    while (log_items_next(&items, &item))
        ++*count;
    return !items.bad;
}
