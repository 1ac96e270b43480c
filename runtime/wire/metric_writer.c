/* Writing batches of metrics. The writer remembers, for the segment at hand, which series and
 * families it has already described: one reference to each label set. Bounded by DICTIONARY_MAX
 * bytes of descriptions a segment, after which it asks for a new one. */

#include "runtime/wire/metric_record.h"

#include "base/hash.h"
#include "runtime/wire/pb.h"
#include "runtime/wire/prom_histogram.h"
#include "runtime/wire/put.h"

enum {
    FIRST_SLOTS = 1024,
    CHUNK_ITEMS = 8192,
    CHUNK_BYTES = 512 * 1024,
    RECORD_MAX = 48 * 1024 * 1024,
    DICTIONARY_MAX = 160 * 1024 * 1024,
    SAMPLE_MAX = 5 + PUT_VARINT_MAX + 8,
};

struct slot {
    const void *key; /* a label set; NULL = free */
    uint32_t number;
};

struct family {
    uint64_t name, content; /* hashes; name 0 = free */
};

struct metric_writer {
    struct mem_owner *owner;
    uint64_t segment;
    struct slot *slots;
    size_t slot_count;
    const struct labels **series; /* by number; a reference each */
    size_t series_count, series_cap;
    struct family *families;
    size_t family_count, family_cap;
    size_t dictionary_bytes;
};

/* One write: what is not yet in the log. */
struct writing {
    struct metric_writer *writer;
    struct wal *wal;
    struct buf series; /* descriptions of new series, number `first` on */
    uint32_t first;
    struct buf body; /* items of one section */
    size_t items;
    enum metric_item_kind kind;
    int64_t base;
    int64_t next_series;
    enum status status;
    struct error *err;
};

void *metric_writer_new(struct mem_owner *owner)
{
    struct metric_writer *w = mem_zalloc(owner, sizeof(*w));
    w->owner = owner;
    return w;
}

void metric_writer_lost(void *writer)
{
    struct metric_writer *w = writer;
    for (size_t i = 0; i < w->series_count; i++)
        labels_unref(w->series[i]);
    w->series_count = 0;
    if (w->slots)
        memset(w->slots, 0, w->slot_count * sizeof(*w->slots));
    if (w->families)
        memset(w->families, 0, w->family_cap * sizeof(*w->families));
    w->family_count = 0;
    w->dictionary_bytes = 0;
    /* Numbers begin again: a later description of a number replaces the earlier one. */
    w->segment = 0;
}

void metric_writer_free(void *writer)
{
    struct metric_writer *w = writer;
    if (!w)
        return;
    metric_writer_lost(w);
    mem_free(w->slots);
    mem_free(w->series);
    mem_free(w->families);
    mem_free(w);
}

/* Tables. What outlives the write belongs to no scope. */

static size_t slot_of(const struct metric_writer *w, const void *key)
{
    size_t at = ((uintptr_t)key >> 4) * 0x9E3779B97F4A7C15u >> 20 & (w->slot_count - 1);
    while (w->slots[at].key && w->slots[at].key != key)
        at = (at + 1) & (w->slot_count - 1);
    return at;
}

static bool grow_slots(struct metric_writer *w)
{
    if (w->series_count * 2 < w->slot_count)
        return true;
    size_t count = w->slot_count ? w->slot_count * 2 : FIRST_SLOTS;
    struct slot *slots = mem_try_alloc_shared(w->owner, count * sizeof(*slots));
    if (!slots)
        return false;
    memset(slots, 0, count * sizeof(*slots));
    mem_free(w->slots);
    w->slots = slots;
    w->slot_count = count;
    for (size_t i = 0; i < w->series_count; i++)
        w->slots[slot_of(w, w->series[i])] = (struct slot){w->series[i], (uint32_t)i};
    return true;
}

static bool grow_series(struct metric_writer *w)
{
    if (w->series_count < w->series_cap)
        return true;
    size_t cap = w->series_cap ? w->series_cap * 2 : FIRST_SLOTS;
    const struct labels **series =
        mem_try_alloc_shared(w->owner, cap * sizeof(const struct labels *));
    if (!series)
        return false;
    if (w->series_count)
        memcpy(series, w->series, w->series_count * sizeof(const struct labels *));
    mem_free(w->series);
    w->series = series;
    w->series_cap = cap;
    return true;
}

/* Records. */

static void put_record(struct writing *w, uint8_t type, struct str body)
{
    if (w->status == STATUS_OK)
        w->status = wal_append(w->wal, type, body, NULL, w->err);
}

static void flush_series(struct writing *w)
{
    if (w->series.len == 0)
        return;
    w->writer->dictionary_bytes += w->series.len;
    put_record(w, RECORD_SERIES, buf_view(&w->series));
    buf_clear(&w->series);
}

/* The section's head is written in front of the items: room for it is left at the beginning. */
enum { SECTION_HEAD = 1 + 2 * PUT_VARINT_MAX };

static void flush_items(struct writing *w)
{
    flush_series(w);
    if (w->items) {
        char head[SECTION_HEAD];
        char *end = put_zigzag(put_varint(head + 1, w->items), w->base);
        head[0] = (char)w->kind;
        size_t len = (size_t)(end - head);
        char *start = w->body.data + SECTION_HEAD - len;
        memcpy(start, head, len);
        put_record(w, RECORD_METRICS, str_of(start, w->body.len - SECTION_HEAD + len));
    }
    w->items = 0;
    buf_clear(&w->body);
}

static void begin_items(struct writing *w, enum metric_item_kind kind, int64_t base)
{
    w->kind = kind;
    w->base = base;
    w->next_series = 0;
    buf_fill(&w->body, 0, SECTION_HEAD);
}

static void check_chunk(struct writing *w)
{
    if (w->items < CHUNK_ITEMS && w->body.len < CHUNK_BYTES)
        return;
    enum metric_item_kind kind = w->kind;
    flush_items(w);
    begin_items(w, kind, w->base);
}

/* Labels as the repeated field 1 of prometheus.TimeSeries. */
static void write_labels(struct buf *out, const struct labels *l)
{
    size_t len = 0;
    for (size_t i = 0; i < l->count; i++) {
        size_t pair =
            pb_bytes_size(1, l->pairs[i].name.len) + pb_bytes_size(2, l->pairs[i].value.len);
        len += pb_bytes_size(1, pair);
    }
    char *at = buf_reserve(out, PUT_VARINT_MAX + len);
    if (!at)
        return;
    char *start = at;
    at = put_varint(at, len);
    for (size_t i = 0; i < l->count; i++) {
        const struct label *pair = &l->pairs[i];
        *at++ = 1 << 3 | PB_BYTES;
        at = put_varint(at, pb_bytes_size(1, pair->name.len) + pb_bytes_size(2, pair->value.len));
        *at++ = 1 << 3 | PB_BYTES;
        at = put_bytes(put_varint(at, pair->name.len), pair->name);
        *at++ = 2 << 3 | PB_BYTES;
        at = put_bytes(put_varint(at, pair->value.len), pair->value);
    }
    out->len += (size_t)(at - start);
}

static void describe(struct writing *w, const struct labels *l, uint32_t number)
{
    if (w->series.len > CHUNK_BYTES)
        flush_series(w);
    if (w->series.len == 0) {
        w->first = number;
        pb_write_varint(&w->series, number);
    }
    write_labels(&w->series, l);
}

/* The series' number; new ones are described. False when memory fails. */
static bool number_of(struct writing *w, const struct labels *l, uint32_t *out)
{
    struct metric_writer *writer = w->writer;
    /* A target's series come in the same order every time. */
    if ((uint64_t)w->next_series < writer->series_count && writer->series[w->next_series] == l) {
        *out = (uint32_t)w->next_series;
        return true;
    }
    if (!grow_slots(writer) || !grow_series(writer))
        return false;
    struct slot *slot = &writer->slots[slot_of(writer, l)];
    if (!slot->key) {
        describe(w, l, (uint32_t)writer->series_count);
        *slot = (struct slot){l, (uint32_t)writer->series_count};
        writer->series[writer->series_count++] = labels_ref(l);
    }
    *out = slot->number;
    return true;
}

static bool no_memory(struct writing *w)
{
    w->status = error_set(w->err, STATUS_MEMORY, "no memory for the log's dictionary");
    return false;
}

/* Number and time of an item; returns where the rest of it goes, for which `more` bytes are there.
 */
static char *put_item(struct writing *w, const struct labels *l, int64_t t_ms, size_t more)
{
    uint32_t number;
    if (!number_of(w, l, &number)) {
        no_memory(w);
        return NULL;
    }
    char *at = buf_reserve(&w->body, SAMPLE_MAX + more);
    if (!at)
        return NULL;
    at = put_zigzag(at, (int64_t)number - w->next_series);
    at = put_zigzag(at, (int64_t)((uint64_t)t_ms - (uint64_t)w->base));
    w->next_series = (int64_t)number + 1;
    w->items++;
    return at;
}

static void end_item(struct writing *w, const char *at)
{
    w->body.len = (size_t)(at - w->body.data);
    check_chunk(w);
}

static void write_samples(struct writing *w, const struct metric_batch *b)
{
    if (!b->sample_count)
        return;
    begin_items(w, ITEM_SAMPLE, b->samples[0].t_ms);
    size_t expected = b->sample_count < CHUNK_ITEMS ? b->sample_count : CHUNK_ITEMS;
    buf_reserve(&w->body, expected * 12 + SAMPLE_MAX);
    for (size_t i = 0; i < b->sample_count && w->status == STATUS_OK; i++) {
        char *at = put_item(w, b->samples[i].labels, b->samples[i].t_ms, 0);
        if (!at)
            return;
        end_item(w, put_double(at, b->samples[i].value));
    }
    flush_items(w);
}

static void write_histograms(struct writing *w, const struct metric_batch *b)
{
    if (!b->histogram_count)
        return;
    struct buf one;
    buf_init(&one, w->writer->owner, RECORD_MAX);
    begin_items(w, ITEM_HISTOGRAM, b->histograms[0].t_ms);
    for (size_t i = 0; i < b->histogram_count && w->status == STATUS_OK; i++) {
        buf_clear(&one);
        prom_histogram_write(&one, &b->histograms[i]);
        char *at =
            put_item(w, b->histograms[i].labels, b->histograms[i].t_ms, PUT_VARINT_MAX + one.len);
        if (!at)
            break;
        end_item(w, put_bytes(put_varint(at, one.len), buf_view(&one)));
    }
    flush_items(w);
    buf_release(&one);
}

static void write_exemplars(struct writing *w, const struct metric_batch *b)
{
    if (!b->exemplar_count)
        return;
    struct buf one;
    buf_init(&one, w->writer->owner, RECORD_MAX);
    begin_items(w, ITEM_EXEMPLAR, b->exemplars[0].t_ms);
    for (size_t i = 0; i < b->exemplar_count && w->status == STATUS_OK; i++) {
        const struct exemplar *e = &b->exemplars[i];
        buf_clear(&one);
        if (e->labels)
            write_labels(&one, e->labels); /* length and labels */
        else
            buf_byte(&one, 0);
        char *at = put_item(w, e->series, e->t_ms, 1 + one.len);
        if (!at)
            break;
        at = put_double(at, e->value);
        *at++ = e->has_time;
        end_item(w, put_bytes(at, buf_view(&one)));
    }
    flush_items(w);
    buf_release(&one);
}

/* Metadata. */

static uint64_t content_hash(const struct metric_meta *meta)
{
    return hash_mix(hash_mix(hash_str(meta->help), hash_str(meta->unit)), meta->type);
}

static size_t family_slot(const struct metric_writer *w, uint64_t name)
{
    size_t at = name & (w->family_cap - 1);
    while (w->families[at].name && w->families[at].name != name)
        at = (at + 1) & (w->family_cap - 1);
    return at;
}

static bool grow_families(struct metric_writer *w)
{
    if (w->family_count * 2 < w->family_cap)
        return true;
    size_t cap = w->family_cap ? w->family_cap * 2 : 64;
    struct family *old = w->families, *families;
    size_t old_cap = w->family_cap;
    families = mem_try_alloc_shared(w->owner, cap * sizeof(*families));
    if (!families)
        return false;
    memset(families, 0, cap * sizeof(*families));
    w->families = families;
    w->family_cap = cap;
    for (size_t i = 0; i < old_cap; i++) {
        if (old[i].name)
            families[family_slot(w, old[i].name)] = old[i];
    }
    mem_free(old);
    return true;
}

static void write_text(struct buf *out, struct str text)
{
    pb_write_varint(out, text.len);
    buf_str(out, text);
}

static void write_metas(struct writing *w, const struct metric_batch *b)
{
    for (size_t i = 0; i < b->meta_count; i++) {
        const struct metric_meta *meta = &b->metas[i];
        if (!grow_families(w->writer)) {
            no_memory(w);
            return;
        }
        uint64_t name = hash_str(meta->family) | 1, content = content_hash(meta);
        struct family *family = &w->writer->families[family_slot(w->writer, name)];
        if (family->name && family->content == content)
            continue;
        w->writer->family_count += family->name == 0;
        *family = (struct family){name, content};
        buf_byte(&w->body, (char)meta->type);
        write_text(&w->body, meta->family);
        write_text(&w->body, meta->help);
        write_text(&w->body, meta->unit);
        if (w->body.len > CHUNK_BYTES) {
            put_record(w, RECORD_METADATA, buf_view(&w->body));
            buf_clear(&w->body);
        }
    }
    if (w->body.len)
        put_record(w, RECORD_METADATA, buf_view(&w->body));
    buf_clear(&w->body);
}

enum status metric_writer_write(void *writer, struct wal *wal, struct batch *batch,
                                struct error *err)
{
    struct metric_writer *m = writer;
    if (m->dictionary_bytes > DICTIONARY_MAX)
        wal_want_segment(wal);
    uint64_t segment = wal_begin(wal);
    if (segment != m->segment) {
        metric_writer_lost(m);
        m->segment = segment;
    }
    struct writing w = {.writer = m, .wal = wal, .err = err};
    const struct metric_batch *b = batch_metrics(batch);
    buf_init(&w.series, m->owner, RECORD_MAX);
    buf_init(&w.body, m->owner, RECORD_MAX);
    write_metas(&w, b);
    write_samples(&w, b);
    write_histograms(&w, b);
    write_exemplars(&w, b);
    if (!buf_ok(&w.series) || !buf_ok(&w.body))
        w.status = error_set(err, STATUS_LIMIT, "metrics too large for the log");
    buf_release(&w.series);
    buf_release(&w.body);
    return w.status;
}
