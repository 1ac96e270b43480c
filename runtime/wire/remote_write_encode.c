/* Requests of remote write from records of the log. A lane's request grows in two buffers (symbols
 * and series; version 1 has no symbols), bounded by the endpoint's options. Runs of samples that
 * came before (series_run.h) are written compressed, into a third one. */

#include "runtime/storage/outbox.h"
#include "runtime/wire/remote_write.h"

#include "base/compress.h"
#include "base/world.h"
#include "base/vec.h"
#include "runtime/wire/sample_v1.h"
#include "runtime/wire/series_run.h"
#include "runtime/wire/series_table.h"

enum {
    ITEMS_DEFAULT = 2000,
    BYTES_DEFAULT = 4 * 1024 * 1024,
    BUFFER_MAX = 192 * 1024 * 1024, /* one item may be large */
    METADATA_MAX = 2000,
    ITEM_MAX = 128, /* what an item needs beside its labels */
};

/* A request in the making. */
struct draft {
    struct buf series;
    struct buf symbols;
    struct buf packed; /* elements of Snappy: what comes before `series` */
    size_t packed_raw; /* bytes that they stand for */
    uint32_t symbol_count;
    uint32_t *symbol_of; /* by text number, valid where `stamp` is this generation */
    uint32_t *stamp;
    size_t symbol_cap;
    uint32_t generation;
    size_t items;
};

/* The samples from e->index on that may be a run. */
struct ahead {
    bool looked;
    VEC(struct run_sample) samples;
    int64_t t_ms;
    size_t items;              /* that they come from: dropped series are left out */
    struct metric_items after; /* the walk behind them */
    size_t plain_until;        /* items before this index are written one by one */
};

struct encoder {
    struct mem_owner *owner;
    const struct remote_write_options *options;
    struct series_table table;
    struct metric_items items;
    struct metric_item item; /* the next one, if `has_item` */
    bool has_item;
    size_t index; /* of that item */
    struct ahead ahead;
    int64_t metadata_ns; /* when it was sent last */
    size_t metadata_at;  /* the family that the next request goes on with */
    bool metadata_sent;
    uint32_t refs[2 * LABELS_MAX], own_refs[2 * LABELS_MAX]; /* scratches */
    struct draft drafts[OUTBOX_LANES_MAX];
};

static void *encoder_new(const void *options, struct mem_owner *owner)
{
    struct encoder *e = mem_zalloc(owner, sizeof(*e));
    e->owner = owner;
    e->options = options;
    series_table_init(&e->table, options, owner);
    for (size_t i = 0; i < OUTBOX_LANES_MAX; i++) {
        buf_init(&e->drafts[i].series, owner, BUFFER_MAX);
        buf_init(&e->drafts[i].symbols, owner, BUFFER_MAX);
        buf_init(&e->drafts[i].packed, owner, BUFFER_MAX);
        e->drafts[i].generation = 1;
    }
    return e;
}

static void encoder_free(void *encoder)
{
    struct encoder *e = encoder;
    for (size_t i = 0; i < OUTBOX_LANES_MAX; i++) {
        buf_release(&e->drafts[i].series);
        buf_release(&e->drafts[i].symbols);
        buf_release(&e->drafts[i].packed);
        mem_free(e->drafts[i].symbol_of);
        mem_free(e->drafts[i].stamp);
    }
    series_table_release(&e->table);
    VEC_RELEASE(&e->ahead.samples);
    mem_free(e);
}

static void draft_clear(struct draft *d)
{
    buf_clear(&d->series);
    buf_clear(&d->symbols);
    buf_clear(&d->packed);
    d->packed_raw = 0;
    d->symbol_count = 0;
    d->generation++;
    d->items = 0;
}

static void encoder_reset(void *encoder)
{
    struct encoder *e = encoder;
    series_table_clear(&e->table);
    for (size_t i = 0; i < OUTBOX_LANES_MAX; i++)
        draft_clear(&e->drafts[i]);
    e->has_item = false;
    e->items = metric_items_read(STR_NONE);
    e->ahead.looked = false;
}

static bool encoder_begin(void *encoder, const struct wal_record *record, size_t *items)
{
    struct encoder *e = encoder;
    *items = 0;
    if (record->segment != e->table.segment) {
        /* Numbers of texts begin again: symbols found so far stand for others then. */
        series_table_clear(&e->table);
        e->table.segment = record->segment;
        for (size_t i = 0; i < OUTBOX_LANES_MAX; i++)
            e->drafts[i].generation++;
    }
    if (record->type & WAL_DICTIONARY)
        return series_table_read(&e->table, record);
    if (record->type != RECORD_METRICS || !metric_items_count(record->body, items))
        return false;
    e->items = metric_items_read(record->body);
    e->has_item = false;
    e->index = 0;
    e->ahead.looked = false;
    e->ahead.plain_until = 0;
    return true;
}

/* Version 2: symbols. */

static bool symbol_room(struct encoder *e, struct draft *d)
{
    size_t need = e->table.text_count;
    if (need <= d->symbol_cap)
        return true;
    size_t cap = need < 256 ? 256 : need * 2;
    d->symbol_of = mem_realloc(e->owner, d->symbol_of, cap * sizeof(uint32_t));
    d->stamp = mem_realloc(e->owner, d->stamp, cap * sizeof(uint32_t));
    memset(d->stamp + d->symbol_cap, 0, (cap - d->symbol_cap) * sizeof(uint32_t));
    d->symbol_cap = cap;
    return true;
}

/* The request's number of a text; 0 is the empty one. */
static uint32_t symbol(struct encoder *e, struct draft *d, uint32_t text)
{
    if (d->stamp[text] == d->generation)
        return d->symbol_of[text];
    struct str s = e->table.text_of[text];
    uint32_t number = 0;
    if (s.len) {
        if (d->symbol_count == 0) {
            pb_write_bytes(&d->symbols, 4, STR_NONE);
            d->symbol_count = 1;
        }
        number = d->symbol_count++;
        pb_write_bytes(&d->symbols, 4, s);
    }
    d->stamp[text] = d->generation;
    d->symbol_of[text] = number;
    return number;
}

/* Items. Fields of prometheus.TimeSeries: labels 1, samples 2, exemplars 3, histograms 4; of
 * version 2: labels_refs 1, samples 2, histograms 3, exemplars 4, metadata 5. */

static bool add_v1(struct draft *d, const struct series *s, const struct metric_item *item)
{
    static const uint8_t field[] = {[ITEM_SAMPLE] = 2, [ITEM_EXEMPLAR] = 3, [ITEM_HISTOGRAM] = 4};
    size_t inner = item->bytes.len;
    if (item->kind != ITEM_HISTOGRAM)
        inner += value_time_size(item->t_ms);
    size_t whole = s->labels.len + 1 + varint_size(inner) + inner;
    char *start = buf_reserve(&d->series, whole + ITEM_MAX), *at = start;
    if (!at)
        return false;
    if (item->kind == ITEM_SAMPLE) {
        at = put_sample_v1(at, s->labels, item->value, item->t_ms);
    } else {
        *at++ = 1 << 3 | PB_BYTES;
        at = put_bytes(put_varint(at, whole), s->labels);
        *at++ = (char)(field[item->kind] << 3 | PB_BYTES);
        at = put_bytes(put_varint(at, inner), item->bytes);
        if (item->kind == ITEM_EXEMPLAR)
            at = put_value_time(at, 2, item->value, item->t_ms);
    }
    d->series.len += (size_t)(at - start);
    return true;
}

static char *put_refs(char *at, const uint32_t *numbers, size_t count)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++)
        len += varint_size(numbers[i]);
    *at++ = 1 << 3 | PB_BYTES;
    at = put_varint(at, len);
    for (size_t i = 0; i < count; i++)
        at = put_varint(at, numbers[i]);
    return at;
}

static size_t refs_size(const uint32_t *numbers, size_t count)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++)
        len += varint_size(numbers[i]);
    return 1 + varint_size(len) + len;
}

/* The exemplar's own labels as numbers of the request's symbols; they are new each time. */
static size_t exemplar_refs(struct encoder *e, struct draft *d, struct str labels,
                            uint32_t refs[2 * LABELS_MAX])
{
    struct pb_reader r = pb_read(labels), pair;
    struct pb_field field, part;
    size_t count = 0;
    (void)e;
    while (pb_next(&r, &field) && count + 2 <= 2 * LABELS_MAX) {
        struct str texts[2] = {STR_NONE, STR_NONE};
        pair = pb_read(field.bytes);
        while (pb_next(&pair, &part)) {
            if (part.number == 1 || part.number == 2)
                texts[part.number - 1] = part.bytes;
        }
        for (size_t i = 0; i < 2; i++) {
            if (d->symbol_count == 0) {
                pb_write_bytes(&d->symbols, 4, STR_NONE);
                d->symbol_count = 1;
            }
            refs[count++] = texts[i].len ? d->symbol_count++ : 0;
            if (texts[i].len)
                pb_write_bytes(&d->symbols, 4, texts[i]);
        }
    }
    return count;
}

static size_t meta_put(struct encoder *e, struct draft *d, const struct family_meta *meta,
                       char out[32])
{
    uint32_t help = symbol(e, d, meta->help_text), unit = symbol(e, d, meta->unit_text);
    char *at = out;
    if (meta->type) {
        *at++ = 1 << 3 | PB_VARINT;
        at = put_varint(at, meta->type);
    }
    if (help) {
        *at++ = 3 << 3 | PB_VARINT;
        at = put_varint(at, help);
    }
    if (unit) {
        *at++ = 4 << 3 | PB_VARINT;
        at = put_varint(at, unit);
    }
    return (size_t)(at - out);
}

static bool add_v2(struct encoder *e, struct draft *d, const struct series *s,
                   const struct metric_item *item)
{
    static const uint8_t field[] = {[ITEM_SAMPLE] = 2, [ITEM_HISTOGRAM] = 3, [ITEM_EXEMPLAR] = 4};
    uint32_t *refs = e->refs, *own = e->own_refs;
    size_t own_count = 0,
           inner = item->kind == ITEM_HISTOGRAM ? item->bytes.len : value_time_size(item->t_ms);
    if (s->text_count > 2 * LABELS_MAX || !symbol_room(e, d))
        return false;
    for (uint32_t i = 0; i < s->text_count; i++)
        refs[i] = symbol(e, d, s->texts[i]);
    if (item->kind == ITEM_EXEMPLAR) {
        own_count = exemplar_refs(e, d, item->bytes, own);
        inner += refs_size(own, own_count);
    }
    char meta[32];
    size_t meta_len = s->meta ? meta_put(e, d, s->meta, meta) : 0;
    size_t whole = refs_size(refs, s->text_count) + 1 + varint_size(inner) + inner +
                   (meta_len ? 2 + meta_len : 0);
    char *start = buf_reserve(&d->series, whole + ITEM_MAX), *at = start;
    if (!at)
        return false;
    *at++ = 5 << 3 | PB_BYTES;
    at = put_refs(put_varint(at, whole), refs, s->text_count);
    *at++ = (char)(field[item->kind] << 3 | PB_BYTES);
    at = put_varint(at, inner);
    if (item->kind == ITEM_HISTOGRAM)
        at = put_bytes(at, item->bytes);
    else if (item->kind == ITEM_SAMPLE)
        at = put_value_time(at, 1, item->value, item->t_ms);
    else
        at = put_value_time(put_refs(at, own, own_count), 2, item->value, item->t_ms);
    if (meta_len) {
        *at++ = 5 << 3 | PB_BYTES;
        at = put_bytes(put_varint(at, meta_len), str_of(meta, meta_len));
    }
    d->series.len += (size_t)(at - start);
    return true;
}

/* Filling. */

static size_t most_items(const struct encoder *e)
{
    return e->options->max_items ? e->options->max_items : ITEMS_DEFAULT;
}

static size_t most_bytes(const struct encoder *e)
{
    return e->options->max_bytes ? e->options->max_bytes : BYTES_DEFAULT;
}

static size_t draft_bytes(const struct draft *d)
{
    return d->packed_raw + d->series.len + d->symbols.len;
}

static bool draft_full(const struct encoder *e, const struct draft *d)
{
    return d->items >= most_items(e) || draft_bytes(d) >= most_bytes(e);
}

static bool encoder_is_full(const void *encoder, unsigned lane)
{
    const struct encoder *e = encoder;
    return draft_full(e, &e->drafts[lane]);
}

static size_t encoder_filled(const void *encoder, unsigned lane)
{
    return ((const struct encoder *)encoder)->drafts[lane].items;
}

static bool is_wanted(const struct encoder *e, const struct series *s, int64_t oldest)
{
    const struct metric_item *item = &e->item;
    if (!s || s->dropped || item->t_ms < oldest)
        return false;
    return !(item->kind == ITEM_EXEMPLAR && e->options->no_exemplars) &&
           !(item->kind == ITEM_HISTOGRAM && e->options->no_histograms);
}

/* Compresses what was written plainly. */
static enum status pack_plain(struct draft *d, struct error *err)
{
    size_t raw = d->series.len, start = d->packed.len, head = varint_size(raw);
    if (raw == 0)
        return STATUS_OK;
    enum status status =
        compress_bytes(COMPRESSION_SNAPPY, 0, buf_view(&d->series), &d->packed, err);
    if (status != STATUS_OK)
        return status;
    /* The stream's head, its length, is written once for all. */
    char *elements = d->packed.data + start;
    memmove(elements, elements + head, d->packed.len - start - head);
    d->packed.len -= head;
    d->packed_raw += raw;
    buf_clear(&d->series);
    return STATUS_OK;
}

/* Gathers the samples of one time from here on, at most a request's worth. */
static void look_ahead(struct encoder *e)
{
    struct ahead *a = &e->ahead;
    struct metric_items walk = e->items;
    struct metric_item item;
    size_t most = most_items(e);
    a->looked = true;
    a->samples.len = a->items = 0;
    a->after = walk;
    while (a->samples.len < most && metric_items_next(&walk, &item)) {
        if (item.kind != ITEM_SAMPLE || (a->items && item.t_ms != a->t_ms))
            break;
        const struct series *s = series_table_get(&e->table, item.series);
        if (!s)
            break;
        a->t_ms = item.t_ms;
        a->items++;
        if (!s->dropped) {
            struct run_sample sample = {item.series, item.value};
            VEC_PUSH(&a->samples, sample);
        }
        a->after = walk;
    }
}

static bool fits(const struct encoder *e, const struct draft *d, const struct run *run)
{
    return d->items + run->count <= most_items(e) &&
           (d->items == 0 || draft_bytes(d) + run->raw_len <= most_bytes(e));
}

static bool add_run(struct encoder *e, struct draft *d, const struct run *run)
{
    struct ahead *a = &e->ahead;
    struct error err;
    if (pack_plain(d, &err) != STATUS_OK || !run_write(run, a->samples.items, a->t_ms, &d->packed))
        return false;
    d->packed_raw += run->raw_len;
    d->items += run->count;
    e->index += a->items;
    e->items = a->after;
    return true;
}

enum ran { RAN_NOT, RAN, RAN_FULL };

/* Adds the run that begins here. A run that does not fit any more closes the request, unless that
 * is less than half full. RAN_NOT: items before e->ahead.plain_until are written one by one. */
static enum ran fill_run(struct encoder *e, size_t from, unsigned lanes, int64_t oldest)
{
    struct draft *d = &e->drafts[0];
    struct ahead *a = &e->ahead;
    const struct run *run = NULL;
    if (lanes > 1 || e->options->version != REMOTE_WRITE_1 || e->has_item || e->index < from ||
        e->index < a->plain_until)
        return RAN_NOT;
    if (!a->looked)
        look_ahead(e);
    if (a->samples.len >= RUN_LEAST && a->t_ms >= oldest)
        run = run_find(&e->table, a->samples.items, a->samples.len, a->t_ms);
    if (run && !fits(e, d, run) && d->items >= most_items(e) / 2)
        return RAN_FULL;
    a->looked = false;
    if (run && fits(e, d, run) && add_run(e, d, run))
        return RAN;
    a->plain_until = e->index + (a->items ? a->items : 1);
    return RAN_NOT;
}

static size_t encoder_fill(void *encoder, size_t from, unsigned lanes, unsigned *full)
{
    struct encoder *e = encoder;
    int64_t oldest = INT64_MIN;
    if (e->options->max_age_ns)
        oldest = (world_wall_ns() - e->options->max_age_ns) / 1000000;
    for (;;) {
        enum ran ran = fill_run(e, from, lanes, oldest);
        if (ran == RAN)
            continue;
        if (ran == RAN_FULL) {
            *full = 0;
            return e->index;
        }
        if (!e->has_item && !metric_items_next(&e->items, &e->item))
            return e->index;
        e->has_item = true;
        const struct series *s = series_table_get(&e->table, e->item.series);
        if (e->index >= from && is_wanted(e, s, oldest)) {
            unsigned lane = lanes > 1 ? s->lane_hash % lanes : 0;
            struct draft *d = &e->drafts[lane];
            if (draft_full(e, d)) {
                *full = lane;
                return e->index;
            }
            bool added = e->options->version == REMOTE_WRITE_2 ? add_v2(e, d, s, &e->item)
                                                               : add_v1(d, s, &e->item);
            d->items += added;
        }
        e->has_item = false;
        e->index++;
    }
}

/* Closing. */

/* prometheus.MetricMetadata in field 3 of version 1's request. */
static void add_metadata(struct encoder *e, struct draft *d)
{
    int64_t now = world_monotonic_ns();
    if (e->options->version != REMOTE_WRITE_1 || !e->options->metadata_ns ||
        (e->metadata_sent && !e->metadata_at && now - e->metadata_ns < e->options->metadata_ns))
        return;
    size_t most = e->options->max_metadata ? e->options->max_metadata : METADATA_MAX;
    size_t first = e->metadata_at, at = 0;
    e->metadata_sent = e->table.families.len > 0;
    e->metadata_ns = now;
    e->metadata_at = 0;
    MAP_EACH(&e->table.families, entry)
    {
        const struct family_meta *meta = entry->value;
        if (at++ < first)
            continue;
        if (at > first + most) {
            e->metadata_at = first + most;
            return;
        }
        size_t len = (meta->type ? 2 : 0) + pb_bytes_size(2, meta->family.len) +
                     (meta->help.len ? pb_bytes_size(4, meta->help.len) : 0) +
                     (meta->unit.len ? pb_bytes_size(5, meta->unit.len) : 0);
        pb_write_tag(&d->series, 3, PB_BYTES);
        pb_write_varint(&d->series, len);
        if (meta->type)
            pb_write_u64(&d->series, 1, meta->type);
        pb_write_bytes(&d->series, 2, meta->family);
        if (meta->help.len)
            pb_write_bytes(&d->series, 4, meta->help);
        if (meta->unit.len)
            pb_write_bytes(&d->series, 5, meta->unit);
    }
}

/* A Snappy stream of what is packed and the rest. */
static enum status seal_packed(struct draft *d, struct buf *body, struct outbox_request *out,
                               struct error *err)
{
    enum status status = pack_plain(d, err);
    out->raw_bytes = d->packed_raw;
    if (status == STATUS_OK) {
        pb_write_varint(body, d->packed_raw);
        buf_str(body, buf_view(&d->packed));
    }
    draft_clear(d);
    return status;
}

static enum status encoder_seal(void *encoder, unsigned lane, struct buf *body,
                                struct outbox_request *out, struct error *err)
{
    struct encoder *e = encoder;
    struct draft *d = &e->drafts[lane];
    add_metadata(e, d);
    out->items = d->items;
    out->tag = STR_NONE;
    if (d->packed.len)
        return seal_packed(d, body, out, err);
    struct str raw = buf_view(&d->series);
    if (d->symbols.len) {
        buf_str(&d->symbols, raw);
        raw = buf_view(&d->symbols);
    }
    out->raw_bytes = raw.len;
    enum status status = compress_bytes(COMPRESSION_SNAPPY, 0, raw, body, err);
    draft_clear(d);
    return status;
}

const struct outbox_codec outbox_metrics = {
    .accepts = 1u << SIGNAL_METRICS,
    .writer_new = metric_writer_new,
    .writer_free = metric_writer_free,
    .write = metric_writer_write,
    .write_lost = metric_writer_lost,
    .encoder_new = encoder_new,
    .encoder_free = encoder_free,
    .begin = encoder_begin,
    .fill = encoder_fill,
    .filled = encoder_filled,
    .is_full = encoder_is_full,
    .seal = encoder_seal,
    .reset = encoder_reset,
};
