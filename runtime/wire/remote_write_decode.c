/* Requests of remote write into batches. One pass over version 1; version 2 first gathers the
 * symbols. Bounded by the limits; what is decoded belongs to the batch. */

#include "runtime/wire/remote_write.h"

#include "runtime/wire/pb.h"
#include "runtime/wire/prom_histogram.h"

enum { SERIES_DEFAULT = 200000, ITEMS_DEFAULT = 500000, SYMBOLS_MAX = 2000000 };

struct decoding {
    struct label_table *table;
    struct metric_batch *out;
    struct remote_write_limits limits;
    struct remote_write_counts counts;
    size_t series, items;
    struct label *pairs; /* LABELS_MAX of them, a scratch */
    struct str *symbols; /* version 2 */
    size_t symbol_count;
    struct error *err;
};

static enum status malformed(struct decoding *d, const char *what)
{
    return error_set(d->err, STATUS_INVALID, "malformed remote write request: %s", what);
}

static enum status refused(struct decoding *d)
{
    if (d->items >= d->limits.max_items || d->out->base.items >= BATCH_MAX_ITEMS)
        return error_set(d->err, STATUS_LIMIT, "remote write request of more than %zu items",
                         d->limits.max_items);
    return error_set(d->err, STATUS_MEMORY, "no memory for a remote write request");
}

/* Labels. */

static enum status read_pair_v1(struct decoding *d, struct str bytes, size_t *count)
{
    struct pb_reader r = pb_read(bytes);
    struct pb_field field;
    struct label pair = {STR_NONE, STR_NONE};
    while (pb_next(&r, &field)) {
        if (field.wire != PB_BYTES)
            continue;
        if (field.number == 1)
            pair.name = field.bytes;
        else if (field.number == 2)
            pair.value = field.bytes;
    }
    if (r.bad)
        return malformed(d, "label");
    if (*count >= LABELS_MAX)
        return error_set(d->err, STATUS_LIMIT, "series of more than %d labels", LABELS_MAX);
    d->pairs[(*count)++] = pair;
    return STATUS_OK;
}

/* Packed references, two a label. */
static enum status read_refs(struct decoding *d, const struct pb_field *field, size_t *count)
{
    uint64_t refs[2];
    if (field->wire != PB_BYTES)
        return malformed(d, "label references");
    struct pb_reader r = pb_read(field->bytes);
    while (r.at < r.end) {
        if (!pb_varint(&r, &refs[0]) || r.at == r.end || !pb_varint(&r, &refs[1]))
            return malformed(d, "uneven label references");
        if (refs[0] >= d->symbol_count || refs[1] >= d->symbol_count)
            return malformed(d, "label reference without a symbol");
        if (*count >= LABELS_MAX)
            return error_set(d->err, STATUS_LIMIT, "series of more than %d labels", LABELS_MAX);
        d->pairs[(*count)++] = (struct label){d->symbols[refs[0]], d->symbols[refs[1]]};
    }
    return STATUS_OK;
}

/* The set of the scratch's pairs; NULL with STATUS_OK: not a valid series, which is counted. */
static enum status intern_series(struct decoding *d, size_t count, struct labels **out)
{
    const char *why = NULL;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        kept += d->pairs[i].value.len > 0;
        if (d->pairs[i].name.len == 0)
            why = "a label without a name";
    }
    struct labels *l = labels_intern(d->table, d->pairs, count, d->err);
    *out = NULL;
    if (!l)
        return d->err ? d->err->status : STATUS_MEMORY;
    if (!why && l->count != kept)
        why = "a label twice";
    else if (!why && labels_get(l, STR("__name__")).len == 0)
        why = "no metric name";
    if (!why) {
        *out = l;
        return STATUS_OK;
    }
    labels_unref(l);
    if (d->counts.invalid++ == 0 && d->err) {
        error_set(d->err, STATUS_INVALID, "invalid labels: a series has %s", why);
        d->err->status = STATUS_OK;
    }
    return STATUS_OK;
}

/* Items. Version 1 and 2 differ in the exemplars' first field and in the numbers of their own
 * fields. */

struct point {
    double value;
    int64_t t_ms;
};

/* Value and time stand in the fields `first` and `first + 1`. */
static bool read_point(const struct pb_field *field, uint32_t first, struct point *out)
{
    if (field->number == first && field->wire == PB_FIXED64)
        out->value = pb_double(field->value);
    else if (field->number == first + 1 && field->wire == PB_VARINT)
        out->t_ms = (int64_t)field->value;
    else if (field->number == first || field->number == first + 1)
        return false;
    return true;
}

static enum status read_sample(struct decoding *d, struct str bytes, struct labels *l)
{
    struct pb_reader r = pb_read(bytes);
    struct pb_field field;
    struct point point = {0, 0};
    while (pb_next(&r, &field)) {
        if (!read_point(&field, 1, &point))
            return malformed(d, "sample");
    }
    if (r.bad)
        return malformed(d, "sample");
    if (d->items >= d->limits.max_items || !metric_batch_add(d->out, l, point.t_ms, point.value))
        return refused(d);
    labels_ref(l); /* the batch has taken one */
    d->items++;
    d->counts.samples++;
    return STATUS_OK;
}

static enum status read_exemplar(struct decoding *d, struct str bytes, struct labels *l, bool v2)
{
    struct pb_reader r = pb_read(bytes);
    struct pb_field field;
    struct point point = {0, 0};
    size_t count = 0;
    while (pb_next(&r, &field)) {
        enum status status = STATUS_OK;
        if (field.number == 1 ? field.wire != PB_BYTES : !read_point(&field, 2, &point))
            status = malformed(d, "exemplar");
        else if (field.number == 1)
            status = v2 ? read_refs(d, &field, &count) : read_pair_v1(d, field.bytes, &count);
        if (status != STATUS_OK)
            return status;
    }
    if (r.bad)
        return malformed(d, "exemplar");
    struct exemplar e = {.series = l, .value = point.value, .t_ms = point.t_ms, .has_time = true};
    e.labels = labels_intern(d->table, d->pairs, count, d->err);
    if (!e.labels)
        return d->err ? d->err->status : STATUS_MEMORY;
    if (d->items >= d->limits.max_items || !metric_batch_add_exemplar(d->out, &e)) {
        labels_unref(e.labels);
        return refused(d);
    }
    labels_ref(l);
    d->items++;
    d->counts.exemplars++;
    return STATUS_OK;
}

static enum status read_histogram(struct decoding *d, struct str bytes, struct labels *l)
{
    struct histogram h;
    struct arena arena;
    arena_init(&arena, NULL, (size_t)16 * 1024 * 1024);
    enum status status = prom_histogram_read(bytes, &arena, &h, d->err);
    h.labels = l;
    if (status == STATUS_OK &&
        (d->items >= d->limits.max_items || !metric_batch_add_histogram(d->out, &h)))
        status = refused(d);
    arena_release(&arena);
    if (status != STATUS_OK)
        return status;
    labels_ref(l);
    d->items++;
    d->counts.histograms++;
    return STATUS_OK;
}

static enum status read_metadata(struct decoding *d, struct str bytes, const struct labels *l)
{
    struct pb_reader r = pb_read(bytes);
    struct pb_field field;
    struct metric_meta meta = {.family = labels_get(l, STR("__name__"))};
    while (pb_next(&r, &field)) {
        if (field.number == 1 && field.wire == PB_VARINT && field.value <= METRIC_STATESET)
            meta.type = (enum metric_type)field.value;
        else if ((field.number == 3 || field.number == 4) && field.wire == PB_VARINT) {
            if (field.value >= d->symbol_count)
                return malformed(d, "metadata reference without a symbol");
            *(field.number == 3 ? &meta.help : &meta.unit) = d->symbols[field.value];
        }
    }
    if (r.bad)
        return malformed(d, "metadata");
    if (!meta.type && !meta.help.len && !meta.unit.len)
        return STATUS_OK;
    return metric_batch_add_meta(d->out, &meta) ? STATUS_OK : refused(d);
}

/* Series. */

static enum status series_labels(struct decoding *d, struct str bytes, bool v2, struct labels **out)
{
    struct pb_reader r = pb_read(bytes);
    struct pb_field field;
    size_t count = 0;
    while (pb_next(&r, &field)) {
        if (field.number != 1)
            continue;
        if (field.wire != PB_BYTES)
            return malformed(d, "labels");
        enum status status =
            v2 ? read_refs(d, &field, &count) : read_pair_v1(d, field.bytes, &count);
        if (status != STATUS_OK)
            return status;
    }
    return r.bad ? malformed(d, "series") : intern_series(d, count, out);
}

enum part { PART_NONE, PART_SAMPLE, PART_EXEMPLAR, PART_HISTOGRAM, PART_METADATA };

static enum status series_part(struct decoding *d, const struct pb_field *field, struct labels *l,
                               bool v2)
{
    static const uint8_t parts[2][6] = {
        {[2] = PART_SAMPLE, [3] = PART_EXEMPLAR, [4] = PART_HISTOGRAM},
        {[2] = PART_SAMPLE, [3] = PART_HISTOGRAM, [4] = PART_EXEMPLAR, [5] = PART_METADATA},
    };
    enum part part = field->number < 6 ? parts[v2][field->number] : PART_NONE;
    if (part == PART_NONE)
        return STATUS_OK;
    if (field->wire != PB_BYTES)
        return malformed(d, "series");
    switch (part) {
    case PART_SAMPLE: return read_sample(d, field->bytes, l);
    case PART_EXEMPLAR: return read_exemplar(d, field->bytes, l, v2);
    case PART_HISTOGRAM: return read_histogram(d, field->bytes, l);
    default: return read_metadata(d, field->bytes, l);
    }
}

static enum status read_series(struct decoding *d, struct str bytes, bool v2)
{
    struct labels *l = NULL;
    if (++d->series > d->limits.max_series)
        return error_set(d->err, STATUS_LIMIT, "remote write request of more than %zu series",
                         d->limits.max_series);
    enum status status = series_labels(d, bytes, v2, &l);
    if (status != STATUS_OK || !l)
        return status;
    struct pb_reader r = pb_read(bytes);
    struct pb_field field;
    while (status == STATUS_OK && pb_next(&r, &field))
        status = series_part(d, &field, l, v2);
    labels_unref(l);
    return status;
}

static enum status read_metadata_v1(struct decoding *d, struct str bytes)
{
    struct pb_reader r = pb_read(bytes);
    struct pb_field field;
    struct metric_meta meta = {.type = METRIC_UNKNOWN};
    while (pb_next(&r, &field)) {
        if (field.number == 1 && field.wire == PB_VARINT && field.value <= METRIC_STATESET)
            meta.type = (enum metric_type)field.value;
        else if (field.number == 2 && field.wire == PB_BYTES)
            meta.family = field.bytes;
        else if (field.number == 4 && field.wire == PB_BYTES)
            meta.help = field.bytes;
        else if (field.number == 5 && field.wire == PB_BYTES)
            meta.unit = field.bytes;
    }
    if (r.bad)
        return malformed(d, "metadata");
    return metric_batch_add_meta(d->out, &meta) ? STATUS_OK : refused(d);
}

static enum status read_symbols(struct decoding *d, struct str body)
{
    struct pb_reader r = pb_read(body);
    struct pb_field field;
    size_t count = 0;
    while (pb_next(&r, &field))
        count += field.number == 4 && field.wire == PB_BYTES;
    if (r.bad)
        return malformed(d, "framing");
    if (count > SYMBOLS_MAX)
        return error_set(d->err, STATUS_LIMIT, "remote write request of more than %d symbols",
                         SYMBOLS_MAX);
    d->symbols = mem_try_alloc(NULL, (count + 1) * sizeof(*d->symbols));
    if (!d->symbols)
        return error_set(d->err, STATUS_MEMORY, "no memory for %zu symbols", count);
    r = pb_read(body);
    while (pb_next(&r, &field)) {
        if (field.number == 4 && field.wire == PB_BYTES)
            d->symbols[d->symbol_count++] = field.bytes;
    }
    if (count && d->symbols[0].len)
        return malformed(d, "the first symbol is not empty");
    return STATUS_OK;
}

static enum status read_request(struct decoding *d, struct str body, bool v2)
{
    struct pb_reader r = pb_read(body);
    struct pb_field field;
    enum status status = v2 ? read_symbols(d, body) : STATUS_OK;
    while (status == STATUS_OK && pb_next(&r, &field)) {
        if (field.number == (v2 ? 5u : 1u))
            status =
                field.wire == PB_BYTES ? read_series(d, field.bytes, v2) : malformed(d, "series");
        else if (!v2 && field.number == 3 && field.wire == PB_BYTES)
            status = read_metadata_v1(d, field.bytes);
    }
    return status == STATUS_OK && r.bad ? malformed(d, "framing") : status;
}

enum status remote_write_read(struct remote_write_body body, struct label_table *table,
                              struct remote_write_limits limits, struct metric_batch *out,
                              struct remote_write_counts *counts, struct error *err)
{
    struct decoding d = {.table = table, .out = out, .limits = limits, .err = err};
    if (!d.limits.max_series)
        d.limits.max_series = SERIES_DEFAULT;
    if (!d.limits.max_items)
        d.limits.max_items = ITEMS_DEFAULT;
    if (counts)
        *counts = d.counts;
    d.pairs = mem_try_alloc(NULL, LABELS_MAX * sizeof(*d.pairs));
    if (!d.pairs)
        return error_set(err, STATUS_MEMORY, "no memory for a remote write request");
    enum status status = read_request(&d, body.bytes, body.version == REMOTE_WRITE_2);
    mem_free(d.pairs);
    mem_free(d.symbols);
    if (counts)
        *counts = d.counts;
    return status;
}
