/* Pages in protobuf: delimited io.prometheus.client.MetricFamily
 * (github.com/prometheus/client_model, metrics.proto), read field by field without recursion. A
 * series is found in the cache by the bytes of its family's name, its labels as sent, and what its
 * name is completed with. Bounds of arrays are those of the page. */
#include "components/prometheus/scrape/append.h"

#include "base/strconv.h"
#include "runtime/wire/pb.h"

enum { KEY_MAX = 1024 * 1024, METRIC_MAX = 256 * 1024, RESET_GAUGE = 3 };
static const double INFINITE = __builtin_inf();

enum family_type { COUNTER, GAUGE, SUMMARY, UNTYPED, HISTOGRAM, GAUGE_HISTOGRAM, TYPES };

static const enum metric_type metric_types[TYPES] = {METRIC_COUNTER,   METRIC_GAUGE,
                                                     METRIC_SUMMARY,   METRIC_UNKNOWN,
                                                     METRIC_HISTOGRAM, METRIC_GAUGE_HISTOGRAM};

struct family {
    struct append *append;
    struct str name;
    struct str help;
    struct str unit;
    enum family_type type;
    struct buf key;
};

struct metric {
    struct family *family;
    struct str message;
    struct str kind; /* the counter, gauge … of it */
    bool has_time;
    int64_t t_ms;
};

/* What completes a series' name. */
struct part {
    struct str suffix;
    struct str label; /* le, quantile; empty = none */
    double bound;
};

static bool bad(struct append *a, const char *what)
{
    error_set(&a->result->err, STATUS_INVALID, "invalid protobuf exposition: %s", what);
    return false;
}

/* ---- labels ---- */

static bool read_pair(struct str message, struct str *name, struct str *value)
{
    struct pb_reader r = pb_read(message);
    struct pb_field f;
    *name = *value = STR("");
    while (pb_next(&r, &f)) {
        if (f.wire == PB_BYTES && f.number == 1) {
            *name = f.bytes;
        } else if (f.wire == PB_BYTES && f.number == 2) {
            *value = f.bytes;
        }
    }
    return !r.bad && utf8_valid(*name) && utf8_valid(*value);
}

/* The page's labels of a series, in the pool's arena; 0 when they are wrong. */
static size_t page_labels(const struct metric *m, const struct part *part, struct label *page)
{
    struct family *f = m->family;
    struct arena *texts = &f->append->target->pool->texts;
    struct pb_reader r = pb_read(m->message);
    struct pb_field field;
    size_t count = 0;
    page[count++] = (struct label){STR("__name__"), arena_concat(texts, f->name, part->suffix)};
    while (pb_next(&r, &field)) {
        if (field.number != 1 || field.wire != PB_BYTES) {
            continue;
        }
        if (count >= LABELS_MAX - 1 ||
            !read_pair(field.bytes, &page[count].name, &page[count].value)) {
            return 0;
        }
        count++;
    }
    if (part->label.len > 0) {
        struct buf number;
        buf_init(&number, NULL, 64);
        append_canonical_number(&number, part->bound);
        page[count++] = (struct label){part->label, arena_str(texts, buf_view(&number))};
        buf_release(&number);
    }
    return r.bad ? 0 : count;
}

static void write_key(const struct metric *m, const struct part *part)
{
    struct family *f = m->family;
    struct pb_reader r = pb_read(m->message);
    struct pb_field field;
    buf_clear(&f->key);
    buf_str(&f->key, f->name);
    buf_str(&f->key, part->suffix);
    while (pb_next(&r, &field)) {
        if (field.number == 1 && field.wire == PB_BYTES) {
            buf_byte(&f->key, '\0');
            buf_str(&f->key, field.bytes);
        }
    }
    if (part->label.len > 0) {
        buf_byte(&f->key, '\0');
        buf_byte(&f->key, '\0');
        buf_append(&f->key, &part->bound, sizeof(part->bound));
    }
}

static struct scrape_series *series_of(const struct metric *m, const struct part *part,
                                       bool *is_new)
{
    struct append *a = m->family->append;
    struct scrape_cache *cache = &a->target->cache;
    write_key(m, part);
    if (!buf_ok(&m->family->key)) {
        bad(a, "labels are too long");
        return NULL;
    }
    struct str key = buf_view(&m->family->key);
    uint8_t type = (uint8_t)(0x80 | m->family->type); /* apart from keys of text pages */
    struct scrape_series *s = scrape_cache_find(cache, key, type);
    *is_new = s == NULL;
    if (s) {
        return s;
    }
    struct arena *texts = &a->target->pool->texts;
    arena_reset(texts);
    struct label *page = arena_alloc(texts, LABELS_MAX * sizeof(*page));
    size_t count = page_labels(m, part, page);
    if (count == 0) {
        bad(a, "labels");
        return NULL;
    }
    struct labels *labels = scrape_finish_labels(a->target, page, count, &a->result->err);
    return labels ? scrape_cache_add(cache, key, type, labels) : NULL;
}

/* ---- exemplars ---- */

static int64_t read_timestamp(struct str message)
{
    struct pb_reader r = pb_read(message);
    struct pb_field f;
    uint64_t seconds = 0;
    uint64_t nanos = 0;
    while (pb_next(&r, &f)) {
        if (f.wire == PB_VARINT && f.number == 1) {
            seconds = f.value;
        } else if (f.wire == PB_VARINT && f.number == 2) {
            nanos = f.value;
        }
    }
    return (int64_t)(seconds * 1000 + nanos % 1000000000 / 1000000);
}

static bool add_exemplar(struct append *a, struct labels *series, struct str message, int64_t t_ms)
{
    struct scrape_pool *pool = a->target->pool;
    struct exemplar e = {.t_ms = t_ms};
    struct pb_reader r = pb_read(message);
    struct pb_field f;
    label_builder_clear(&pool->builder);
    while (pb_next(&r, &f)) {
        struct str name;
        struct str value;
        if (f.wire == PB_BYTES && f.number == 1) {
            if (!read_pair(f.bytes, &name, &value)) {
                return bad(a, "exemplar labels");
            }
            label_builder_set(&pool->builder, name, value);
        } else if (f.wire == PB_FIXED64 && f.number == 2) {
            e.value = pb_double(f.value);
        } else if (f.wire == PB_BYTES && f.number == 3) {
            e.has_time = true;
            e.t_ms = read_timestamp(f.bytes);
        }
    }
    e.labels = label_builder_intern(&pool->builder, host_labels(pool->host), NULL);
    if (e.labels) {
        e.series = labels_ref(series);
        append_exemplar(a, e);
    }
    return !r.bad || bad(a, "exemplar");
}

/* ---- samples ---- */

static bool add(const struct metric *m, const struct part *part, double value, struct str exemplar)
{
    struct append *a = m->family->append;
    struct append_item item = {.has_time = m->has_time, .t_ms = m->t_ms, .value = value};
    a->result->scraped++;
    struct scrape_series *s = series_of(m, part, &item.is_new);
    if (!s || !append_item(a, s, &item)) {
        return false;
    }
    return !exemplar.ptr || !item.was_added || add_exemplar(a, s->labels, exemplar, item.t_ms);
}

static const struct part plain = {STR_INIT(""), STR_INIT(""), 0};
static const struct part sum_part = {STR_INIT("_sum"), STR_INIT(""), 0};
static const struct part count_part = {STR_INIT("_count"), STR_INIT(""), 0};

/* Counter, gauge, untyped: field 1 is the value, field 2 a counter's exemplar. */
static bool add_value(const struct metric *m)
{
    struct pb_reader r = pb_read(m->kind);
    struct pb_field f;
    double value = 0;
    struct str exemplar = STR_NONE;
    while (pb_next(&r, &f)) {
        if (f.wire == PB_FIXED64 && f.number == 1) {
            value = pb_double(f.value);
        } else if (f.wire == PB_BYTES && f.number == 2 && m->family->type == COUNTER) {
            exemplar = f.bytes;
        }
    }
    return !r.bad ? add(m, &plain, value, exemplar) : bad(m->family->append, "value");
}

/* Count and sum of a summary or classic histogram. */
static bool add_totals(const struct metric *m)
{
    struct pb_reader r = pb_read(m->kind);
    struct pb_field f;
    double count = 0;
    double sum = 0;
    while (pb_next(&r, &f)) {
        if (f.wire == PB_VARINT && f.number == 1) {
            count = (double)f.value;
        } else if (f.wire == PB_FIXED64 && f.number == 2) {
            sum = pb_double(f.value);
        } else if (f.wire == PB_FIXED64 && f.number == 4 && pb_double(f.value) > 0) {
            count = pb_double(f.value); /* of a float histogram */
        }
    }
    return r.bad ? bad(m->family->append, "totals")
                 : add(m, &count_part, count, STR_NONE) && add(m, &sum_part, sum, STR_NONE);
}

/* A quantile {1 quantile, 2 value} or bucket {1 count, 2 bound, 3 exemplar, 4 float count}. */
static bool add_bound(const struct metric *m, struct str message, bool *has_infinity)
{
    bool is_bucket = m->family->type != SUMMARY;
    struct pb_reader r = pb_read(message);
    struct pb_field f;
    double first = 0;
    double second = 0;
    struct str exemplar = STR_NONE;
    while (pb_next(&r, &f)) {
        if (f.number == 1) {
            first = f.wire == PB_VARINT ? (double)f.value : pb_double(f.value);
        } else if (f.wire == PB_FIXED64 && f.number == 2) {
            second = pb_double(f.value);
        } else if (f.wire == PB_BYTES && f.number == 3 && is_bucket) {
            exemplar = f.bytes;
        } else if (f.wire == PB_FIXED64 && f.number == 4 && pb_double(f.value) > 0) {
            first = pb_double(f.value);
        }
    }
    if (r.bad) {
        return bad(m->family->append, "bucket");
    }
    struct part part = {is_bucket ? STR("_bucket") : STR(""),
                        is_bucket ? STR("le") : STR("quantile"), is_bucket ? second : first};
    *has_infinity = *has_infinity || second == INFINITE;
    return add(m, &part, is_bucket ? first : second, exemplar);
}

static bool add_bounds(const struct metric *m)
{
    struct pb_reader r = pb_read(m->kind);
    struct pb_field f;
    bool has_infinity = false;
    double count = 0;
    if (!add_totals(m)) {
        return false;
    }
    while (pb_next(&r, &f)) {
        if (f.number == 1 && f.wire == PB_VARINT) {
            count = (double)f.value;
        } else if (f.number == 4 && f.wire == PB_FIXED64 && pb_double(f.value) > 0) {
            count = pb_double(f.value);
        } else if (f.number == 3 && f.wire == PB_BYTES && !add_bound(m, f.bytes, &has_infinity)) {
            return false;
        }
    }
    if (m->family->type != SUMMARY && !has_infinity) {
        const struct part part = {STR("_bucket"), STR("le"), INFINITE};
        return add(m, &part, count, STR_NONE);
    }
    return true;
}

/* ---- native histograms ---- */

/* Growing arrays of a histogram in the batch's arena; a page cannot hold more than its bytes. */
struct native {
    struct histogram h;
    struct histogram_span *spans[2]; /* positive, negative */
    int64_t *deltas[2];
    double *counts[2];
    size_t span_count[2], delta_count[2], count_count[2];
    bool has_float;
};

static void read_span(struct native *n, int sign, struct str message)
{
    struct pb_reader r = pb_read(message);
    struct pb_field f;
    struct histogram_span span = {0};
    while (pb_next(&r, &f)) {
        if (f.number == 1 && f.wire == PB_VARINT) {
            span.offset = (int32_t)pb_zigzag(f.value);
        } else if (f.number == 2 && f.wire == PB_VARINT) {
            span.length = (uint32_t)f.value;
        }
    }
    n->spans[sign][n->span_count[sign]++] = span;
}

static void read_deltas(struct native *n, int sign, const struct pb_field *f)
{
    if (f->wire == PB_VARINT) {
        n->deltas[sign][n->delta_count[sign]++] = pb_zigzag(f->value);
        return;
    }
    struct pb_reader r = pb_read(f->bytes);
    uint64_t value;
    while (f->wire == PB_BYTES && pb_varint(&r, &value)) {
        n->deltas[sign][n->delta_count[sign]++] = pb_zigzag(value);
    }
}

static void read_counts(struct native *n, int sign, const struct pb_field *f)
{
    if (f->wire == PB_FIXED64) {
        n->counts[sign][n->count_count[sign]++] = pb_double(f->value);
        return;
    }
    struct pb_reader r = pb_read(f->bytes);
    uint64_t value;
    while (f->wire == PB_BYTES && pb_fixed64(&r, &value)) {
        n->counts[sign][n->count_count[sign]++] = pb_double(value);
    }
}

static void read_number(struct native *n, const struct pb_field *f)
{
    struct histogram *h = &n->h;
    switch (f->number) {
    case 1: h->count = f->value; break;
    case 2: h->sum = pb_double(f->value); break;
    case 4:
        h->count_float = pb_double(f->value);
        n->has_float = n->has_float || h->count_float > 0;
        break;
    case 5: h->schema = (int32_t)pb_zigzag(f->value); break;
    case 6: h->zero_threshold = pb_double(f->value); break;
    case 7: h->zero_count = f->value; break;
    case 8:
        h->zero_count_float = pb_double(f->value);
        n->has_float = n->has_float || h->zero_count_float > 0;
        break;
    default: break;
    }
}

/* Arrays as large as the message allows: a span takes two bytes at least, a delta one. */
static void make_room(struct native *n, struct arena *arena, size_t bytes)
{
    for (int sign = 0; sign < 2; sign++) {
        n->spans[sign] = arena_alloc(arena, (bytes / 2 + 1) * sizeof(struct histogram_span));
        n->deltas[sign] = arena_alloc(arena, (bytes + 1) * sizeof(int64_t));
        n->counts[sign] = arena_alloc(arena, (bytes / 8 + 1) * sizeof(double));
    }
}

static bool read_native(struct native *n, const struct metric *m, struct arena *arena)
{
    struct pb_reader r = pb_read(m->kind);
    struct pb_field f;
    make_room(n, arena, m->kind.len);
    while (pb_next(&r, &f)) {
        switch (f.number) {
        case 9:
        case 12:
            if (f.wire == PB_BYTES) {
                read_span(n, f.number == 9, f.bytes);
            }
            break;
        case 10:
        case 13: read_deltas(n, f.number == 10, &f); break;
        case 11:
        case 14: read_counts(n, f.number == 11, &f); break;
        default: read_number(n, &f); break;
        }
    }
    struct histogram *h = &n->h;
    h->is_float = n->has_float;
    h->reset_hint = m->family->type == GAUGE_HISTOGRAM ? RESET_GAUGE : 0;
    h->positive_spans = n->spans[0];
    h->positive_span_count = n->span_count[0];
    h->negative_spans = n->spans[1];
    h->negative_span_count = n->span_count[1];
    h->positive_deltas = n->deltas[0];
    h->negative_deltas = n->deltas[1];
    h->positive_counts = n->counts[0];
    h->negative_counts = n->counts[1];
    h->positive_count = h->is_float ? n->count_count[0] : n->delta_count[0];
    h->negative_count = h->is_float ? n->count_count[1] : n->delta_count[1];
    return !r.bad;
}

static bool is_native(const struct histogram *h)
{
    return h->positive_span_count > 0 || h->negative_span_count > 0 || h->zero_threshold > 0 ||
           h->zero_count > 0 || h->zero_count_float > 0;
}

static bool add_native(const struct metric *m, struct native *n)
{
    struct append *a = m->family->append;
    struct append_item item = {.has_time = m->has_time, .t_ms = m->t_ms, .histogram = &n->h};
    a->result->scraped++;
    struct scrape_series *s = series_of(m, &plain, &item.is_new);
    if (!s || !append_item(a, s, &item)) {
        return false;
    }
    struct pb_reader r = pb_read(m->kind);
    struct pb_field f;
    while (item.was_added && pb_next(&r, &f)) {
        if (f.number == 16 && f.wire == PB_BYTES &&
            !add_exemplar(a, s->labels, f.bytes, item.t_ms)) {
            return false;
        }
    }
    return true;
}

static bool add_histogram(const struct metric *m)
{
    const struct scrape_args *args = m->family->append->target->pool->args;
    if (!args->scrape_native_histograms) {
        return add_bounds(m);
    }
    struct native native = {0};
    struct arena arena;
    arena_init(&arena, NULL, 0);
    bool ok = read_native(&native, m, &arena) || bad(m->family->append, "histogram");
    bool native_kept = ok && is_native(&native.h);
    if (native_kept) {
        ok = add_native(m, &native);
    }
    arena_release(&arena);
    return ok && (native_kept && !args->scrape_classic_histograms ? true : add_bounds(m));
}

/* ---- metrics and families ---- */

static bool add_metric(struct family *family, struct str message)
{
    /* Which field of a metric holds what its family's type says. */
    static const uint32_t kinds[TYPES] = {3, 2, 4, 5, 7, 7};
    struct metric m = {.family = family, .message = message};
    struct pb_reader r = pb_read(message);
    struct pb_field f;
    while (pb_next(&r, &f)) {
        if (f.wire == PB_BYTES && f.number == kinds[family->type]) {
            m.kind = f.bytes;
        } else if (f.wire == PB_VARINT && f.number == 6 && f.value != 0) {
            m.has_time = true;
            m.t_ms = (int64_t)f.value;
        }
    }
    if (r.bad || !m.kind.ptr || message.len > METRIC_MAX) {
        return bad(family->append, m.kind.ptr ? "metric is too large" : "metric");
    }
    switch (family->type) {
    case SUMMARY: return add_bounds(&m);
    case HISTOGRAM:
    case GAUGE_HISTOGRAM: return add_histogram(&m);
    default: return add_value(&m);
    }
}

static bool read_head(struct family *family, struct str message)
{
    struct pb_reader r = pb_read(message);
    struct pb_field f;
    while (pb_next(&r, &f)) {
        if (f.wire == PB_BYTES && f.number == 1) {
            family->name = f.bytes;
        } else if (f.wire == PB_BYTES && f.number == 2) {
            family->help = f.bytes;
        } else if (f.wire == PB_VARINT && f.number == 3) {
            family->type = f.value < TYPES ? (enum family_type)f.value : UNTYPED;
        } else if (f.wire == PB_BYTES && f.number == 5) {
            family->unit = f.bytes;
        }
    }
    return !r.bad && family->name.len > 0 && utf8_valid(family->name);
}

static bool add_family(struct append *a, struct str message)
{
    struct family family = {.append = a};
    struct pb_reader r = pb_read(message);
    struct pb_field f;
    if (!read_head(&family, message)) {
        return bad(a, "metric family");
    }
    if (a->target->pool->args->honor_metadata) {
        a->meta = (struct metric_meta){.family = family.name,
                                       .type = metric_types[family.type],
                                       .help = family.help,
                                       .unit = family.unit};
        append_meta(a);
    }
    bool ok = true;
    buf_init(&family.key, NULL, KEY_MAX);
    while (ok && pb_next(&r, &f)) {
        if (f.wire == PB_BYTES && f.number == 4) {
            ok = add_metric(&family, f.bytes);
        }
    }
    buf_release(&family.key);
    return ok;
}

bool append_proto(struct append *a, struct str page)
{
    struct pb_reader r = pb_read(page);
    while (r.at < r.end) {
        uint64_t len = 0;
        if (!pb_varint(&r, &len) || len > (size_t)(r.end - r.at)) {
            return bad(a, "length of a family");
        }
        if (!add_family(a, str_of((const char *)r.at, len))) {
            return false;
        }
        r.at += len;
    }
    return true;
}
