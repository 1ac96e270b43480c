/* The histogram message, fields 1 to 16 of prometheus.Histogram. Arrays are bounded by BUCKETS_MAX.
 */

#include "runtime/wire/prom_histogram.h"

#include "runtime/wire/pb.h"

enum { BUCKETS_MAX = 100000 };

enum field {
    COUNT_INT = 1,
    COUNT_FLOAT,
    SUM,
    SCHEMA,
    ZERO_THRESHOLD,
    ZERO_INT,
    ZERO_FLOAT,
    NEGATIVE_SPANS,
    NEGATIVE_DELTAS,
    NEGATIVE_COUNTS,
    POSITIVE_SPANS,
    POSITIVE_DELTAS,
    POSITIVE_COUNTS,
    RESET_HINT,
    TIMESTAMP,
    CUSTOM_VALUES,
};

/* Writing. */

static void write_spans(struct buf *out, uint32_t field, const struct histogram_span *spans,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t offset = pb_unzigzag(spans[i].offset);
        size_t len = (offset ? 1 + pb_varint_size(offset) : 0) +
                     (spans[i].length ? 1 + pb_varint_size(spans[i].length) : 0);
        pb_write_tag(out, field, PB_BYTES);
        pb_write_varint(out, len);
        if (offset)
            pb_write_u64(out, 1, offset);
        if (spans[i].length)
            pb_write_u64(out, 2, spans[i].length);
    }
}

static void write_deltas(struct buf *out, uint32_t field, const int64_t *deltas, size_t count)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++)
        len += pb_varint_size(pb_unzigzag(deltas[i]));
    if (count == 0)
        return;
    pb_write_tag(out, field, PB_BYTES);
    pb_write_varint(out, len);
    for (size_t i = 0; i < count; i++)
        pb_write_varint(out, pb_unzigzag(deltas[i]));
}

static void write_doubles(struct buf *out, uint32_t field, const double *values, size_t count)
{
    if (count == 0)
        return;
    pb_write_tag(out, field, PB_BYTES);
    pb_write_varint(out, count * 8);
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = pb_bits(values[i]);
        buf_append(out, &bits, 8);
    }
}

void prom_histogram_write(struct buf *out, const struct histogram *h)
{
    if (h->is_float) {
        pb_write_double(out, COUNT_FLOAT, h->count_float);
    } else {
        pb_write_u64(out, COUNT_INT, h->count);
    }
    if (pb_bits(h->sum))
        pb_write_double(out, SUM, h->sum);
    if (h->schema)
        pb_write_u64(out, SCHEMA, pb_unzigzag(h->schema));
    if (pb_bits(h->zero_threshold))
        pb_write_double(out, ZERO_THRESHOLD, h->zero_threshold);
    if (h->is_float)
        pb_write_double(out, ZERO_FLOAT, h->zero_count_float);
    else
        pb_write_u64(out, ZERO_INT, h->zero_count);
    write_spans(out, NEGATIVE_SPANS, h->negative_spans, h->negative_span_count);
    if (h->is_float)
        write_doubles(out, NEGATIVE_COUNTS, h->negative_counts, h->negative_count);
    else
        write_deltas(out, NEGATIVE_DELTAS, h->negative_deltas, h->negative_count);
    write_spans(out, POSITIVE_SPANS, h->positive_spans, h->positive_span_count);
    if (h->is_float)
        write_doubles(out, POSITIVE_COUNTS, h->positive_counts, h->positive_count);
    else
        write_deltas(out, POSITIVE_DELTAS, h->positive_deltas, h->positive_count);
    if (h->reset_hint)
        pb_write_u64(out, RESET_HINT, h->reset_hint);
    if (h->t_ms)
        pb_write_u64(out, TIMESTAMP, (uint64_t)h->t_ms);
    write_doubles(out, CUSTOM_VALUES, h->custom_values, h->custom_count);
}

/* Reading. */

struct lists {
    size_t spans[2], deltas[2], counts[2], custom; /* 0 negative, 1 positive */
};

static bool is_span(uint32_t field)
{
    return field == NEGATIVE_SPANS || field == POSITIVE_SPANS;
}

static bool is_delta(uint32_t field)
{
    return field == NEGATIVE_DELTAS || field == POSITIVE_DELTAS;
}

static bool is_count(uint32_t field)
{
    return field == NEGATIVE_COUNTS || field == POSITIVE_COUNTS || field == CUSTOM_VALUES;
}

/* Numbers in one occurrence of a repeated field, packed or not. */
static size_t numbers(const struct pb_field *field)
{
    if (field->wire != PB_BYTES)
        return 1;
    if (is_count(field->number))
        return field->bytes.len / 8;
    size_t count = 0;
    for (size_t i = 0; i < field->bytes.len; i++)
        count += (field->bytes.ptr[i] & 0x80) == 0;
    return count;
}

static bool measure(struct str bytes, struct lists *lists)
{
    struct pb_reader r = pb_read(bytes);
    struct pb_field field;
    while (pb_next(&r, &field)) {
        bool positive = field.number >= POSITIVE_SPANS;
        if (is_span(field.number)) {
            if (field.wire != PB_BYTES)
                return false;
            lists->spans[positive]++;
        } else if (is_delta(field.number)) {
            lists->deltas[positive] += numbers(&field);
        } else if (field.number == CUSTOM_VALUES) {
            lists->custom += numbers(&field);
        } else if (is_count(field.number)) {
            lists->counts[positive] += numbers(&field);
        }
    }
    return !r.bad && lists->spans[0] + lists->spans[1] + lists->deltas[0] + lists->deltas[1] +
                             lists->counts[0] + lists->counts[1] + lists->custom <=
                         BUCKETS_MAX;
}

/* Where the values of the lists go. */
struct filling {
    struct histogram_span *spans[2];
    int64_t *deltas[2];
    double *counts[2];
    double *custom;
    struct lists used;
};

static bool read_span(struct str bytes, struct histogram_span *out)
{
    struct pb_reader r = pb_read(bytes);
    struct pb_field field;
    *out = (struct histogram_span){0};
    while (pb_next(&r, &field)) {
        if (field.number == 1 && field.wire == PB_VARINT)
            out->offset = (int32_t)pb_zigzag(field.value);
        else if (field.number == 2 && field.wire == PB_VARINT)
            out->length = (uint32_t)field.value;
    }
    return !r.bad;
}

static bool read_deltas(const struct pb_field *field, int64_t *out, size_t *used)
{
    if (field->wire == PB_VARINT) {
        out[(*used)++] = pb_zigzag(field->value);
        return true;
    }
    struct pb_reader r = pb_read(field->bytes);
    uint64_t value;
    while (field->wire == PB_BYTES && r.at < r.end && pb_varint(&r, &value))
        out[(*used)++] = pb_zigzag(value);
    return field->wire == PB_BYTES && !r.bad;
}

static bool read_doubles(const struct pb_field *field, double *out, size_t *used)
{
    if (field->wire == PB_FIXED64) {
        out[(*used)++] = pb_double(field->value);
        return true;
    }
    if (field->wire != PB_BYTES || field->bytes.len % 8 != 0)
        return false;
    struct pb_reader r = pb_read(field->bytes);
    uint64_t bits;
    while (r.at < r.end && pb_fixed64(&r, &bits))
        out[(*used)++] = pb_double(bits);
    return true;
}

static bool read_list(const struct pb_field *field, struct filling *f)
{
    bool positive = field->number >= POSITIVE_SPANS;
    if (is_span(field->number))
        return read_span(field->bytes, &f->spans[positive][f->used.spans[positive]++]);
    if (is_delta(field->number))
        return read_deltas(field, f->deltas[positive], &f->used.deltas[positive]);
    if (field->number == CUSTOM_VALUES)
        return read_doubles(field, f->custom, &f->used.custom);
    return read_doubles(field, f->counts[positive], &f->used.counts[positive]);
}

static bool read_scalar(const struct pb_field *field, struct histogram *h)
{
    static const uint8_t wires[] = {
        [COUNT_INT] = PB_VARINT,   [COUNT_FLOAT] = PB_FIXED64,    [SUM] = PB_FIXED64,
        [SCHEMA] = PB_VARINT,      [ZERO_THRESHOLD] = PB_FIXED64, [ZERO_INT] = PB_VARINT,
        [ZERO_FLOAT] = PB_FIXED64, [RESET_HINT] = PB_VARINT,      [TIMESTAMP] = PB_VARINT,
    };
    if (field->number >= sizeof(wires))
        return true;
    if (wires[field->number] != field->wire)
        return false;
    switch (field->number) {
    case COUNT_INT: h->count = field->value; break;
    case COUNT_FLOAT:
        h->count_float = pb_double(field->value);
        h->is_float = true;
        break;
    case SUM: h->sum = pb_double(field->value); break;
    case SCHEMA: h->schema = (int32_t)pb_zigzag(field->value); break;
    case ZERO_THRESHOLD: h->zero_threshold = pb_double(field->value); break;
    case ZERO_INT: h->zero_count = field->value; break;
    case ZERO_FLOAT: h->zero_count_float = pb_double(field->value); break;
    case RESET_HINT: h->reset_hint = field->value < 4 ? (uint8_t)field->value : 0; break;
    default: h->t_ms = (int64_t)field->value; break;
    }
    return true;
}

static bool make_room(struct arena *arena, const struct lists *lists, struct filling *f)
{
    size_t spans = lists->spans[0] + lists->spans[1], deltas = lists->deltas[0] + lists->deltas[1];
    size_t counts = lists->counts[0] + lists->counts[1] + lists->custom;
    struct histogram_span *s = arena_try_alloc(arena, spans * sizeof(*s));
    int64_t *d = arena_try_alloc(arena, deltas * sizeof(*d));
    double *c = arena_try_alloc(arena, counts * sizeof(*c));
    if (!s || !d || !c)
        return false;
    f->spans[0] = s;
    f->spans[1] = s + lists->spans[0];
    f->deltas[0] = d;
    f->deltas[1] = d + lists->deltas[0];
    f->counts[0] = c;
    f->counts[1] = c + lists->counts[0];
    f->custom = c + lists->counts[0] + lists->counts[1];
    return true;
}

static bool read_all(struct str bytes, struct histogram *h, struct filling *f)
{
    struct pb_reader r = pb_read(bytes);
    struct pb_field field;
    while (pb_next(&r, &field)) {
        bool list = is_span(field.number) || is_delta(field.number) || is_count(field.number);
        if (!(list ? read_list(&field, f) : read_scalar(&field, h)))
            return false;
    }
    return true;
}

enum status prom_histogram_read(struct str bytes, struct arena *arena, struct histogram *out,
                                struct error *err)
{
    struct lists lists = {0};
    struct filling f = {0};
    *out = (struct histogram){0};
    if (!measure(bytes, &lists))
        return error_set(err, STATUS_INVALID, "malformed or too large histogram");
    if (!make_room(arena, &lists, &f))
        return error_set(err, STATUS_MEMORY, "no memory for a histogram");
    if (!read_all(bytes, out, &f))
        return error_set(err, STATUS_INVALID, "malformed histogram");
    out->negative_spans = f.spans[0];
    out->negative_span_count = f.used.spans[0];
    out->positive_spans = f.spans[1];
    out->positive_span_count = f.used.spans[1];
    out->negative_deltas = f.deltas[0];
    out->positive_deltas = f.deltas[1];
    out->negative_counts = f.counts[0];
    out->positive_counts = f.counts[1];
    out->negative_count = out->is_float ? f.used.counts[0] : f.used.deltas[0];
    out->positive_count = out->is_float ? f.used.counts[1] : f.used.deltas[1];
    out->custom_values = f.custom;
    out->custom_count = f.used.custom;
    return STATUS_OK;
}
