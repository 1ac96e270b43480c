/* From the text of a series to its final label set: what the page says, what the target says, and
 * what the limits allow (Prometheus' mutateSampleLabels and verifyLabelLimits). Texts live in the
 * pool's arena until the set is interned. */
#include "components/prometheus/scrape/append.h"

#include "base/strconv.h"

static const struct str name_label = STR_INIT("__name__");

static bool is_legacy_name(struct str name, bool colons)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        bool digit = i > 0 && c >= '0' && c <= '9';
        if (!letter && !digit && !(colons && c == ':')) {
            return false;
        }
    }
    return name.len > 0;
}

static bool is_valid_name(const struct scrape_args *args, struct str name, bool colons)
{
    bool utf8 = str_is(args->metric_name_validation_scheme, "utf8");
    return utf8 ? name.len > 0 && utf8_valid(name) : is_legacy_name(name, colons);
}

static struct str decode(struct arena *texts, struct str raw)
{
    char *text = arena_alloc(texts, raw.len + 1);
    return str_of(text, exposition_unescape(raw, text));
}

void append_canonical_number(struct buf *out, double number)
{
    size_t from = out->len;
    strconv_float(out, number, 'g');
    struct str text = str_slice(buf_view(out), from, out->len);
    bool is_finite = number - number == 0.0;
    if (is_finite && str_find_byte(text, '.', 0) == SIZE_MAX &&
        str_find_byte(text, 'e', 0) == SIZE_MAX) {
        buf_cstr(out, ".0");
    }
}

/* Bucket bounds and quantiles are numbers: 1 becomes 1.0, as OpenMetrics spells it. */
static struct str canonical_number(struct arena *texts, struct str value)
{
    double number;
    bool range;
    if (!strconv_parse_float(value, &number, &range)) {
        return value;
    }
    struct buf text;
    buf_init(&text, NULL, 400);
    append_canonical_number(&text, number);
    struct str result = arena_str(texts, buf_view(&text));
    buf_release(&text);
    return result;
}

static struct str normal_value(struct arena *texts, const struct exposition *e, struct str name,
                               struct str value)
{
    bool bound = e->type == METRIC_HISTOGRAM && str_is(name, "le");
    bool quantile = e->type == METRIC_SUMMARY && str_is(name, "quantile");
    return bound || quantile ? canonical_number(texts, value) : value;
}

static bool has(const struct label *pairs, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(pairs[i].name, name)) {
            return true;
        }
    }
    return false;
}

/* A page's label that loses its name to the target becomes exported_NAME, or exported_exported_NAME
 * … */
static void export_label(struct scrape_pool *pool, struct str name, struct str value)
{
    do {
        name = arena_concat(&pool->texts, STR("exported_"), name);
    } while (label_builder_get(&pool->builder, name).len > 0);
    label_builder_set(&pool->builder, name, value);
}

static void add_target_labels(struct scrape_target *t, const struct label *page, size_t count)
{
    struct scrape_pool *pool = t->pool;
    struct label *clashes = arena_alloc(&pool->texts, (t->labels->count + 1) * sizeof(*clashes));
    size_t clash_count = 0;
    for (uint32_t i = 0; i < t->labels->count; i++) {
        struct label own = t->labels->pairs[i];
        if (pool->args->honor_labels) {
            /* Even an empty label of the page counts as said. */
            if (!has(page, count, own.name)) {
                label_builder_set(&pool->builder, own.name, own.value);
            }
            continue;
        }
        struct str theirs = label_builder_get(&pool->builder, own.name);
        if (theirs.len > 0) {
            clashes[clash_count++] = (struct label){own.name, theirs};
        }
        label_builder_set(&pool->builder, own.name, own.value);
    }
    /* Shorter names first, so that exported_a of `a` is taken before that of exported_a. */
    for (size_t done = 0; done < clash_count; done++) {
        size_t best = done;
        for (size_t i = done + 1; i < clash_count; i++) {
            best = clashes[i].name.len < clashes[best].name.len ? i : best;
        }
        struct label clash = clashes[best];
        clashes[best] = clashes[done];
        clashes[done] = clash;
        export_label(pool, clash.name, clash.value);
    }
}

static enum status check_limits(const struct scrape_args *args, const struct label_builder *b,
                                struct error *err)
{
    if (args->label_limit > 0 && b->count > args->label_limit) {
        return error_set(err, STATUS_LIMIT,
                         "label_limit exceeded (number of labels: %zu, limit: %llu)", b->count,
                         (unsigned long long)args->label_limit);
    }
    for (size_t i = 0; i < b->count; i++) {
        size_t name = b->pairs[i].name.len;
        size_t value = b->pairs[i].value.len;
        if (args->label_name_length_limit > 0 && name > args->label_name_length_limit) {
            return error_set(err, STATUS_LIMIT,
                             "label_name_length_limit exceeded (label name: %.*s, length: %zu, "
                             "limit: %llu)",
                             STR_ARG(b->pairs[i].name), name,
                             (unsigned long long)args->label_name_length_limit);
        }
        if (args->label_value_length_limit > 0 && value > args->label_value_length_limit) {
            return error_set(err, STATUS_LIMIT,
                             "label_value_length_limit exceeded (label name: %.*s, length: %zu, "
                             "limit: %llu)",
                             STR_ARG(b->pairs[i].name), value,
                             (unsigned long long)args->label_value_length_limit);
        }
    }
    return STATUS_OK;
}

static enum status check_names(const struct scrape_args *args, const struct label *page,
                               size_t count, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        bool is_metric = str_eq(page[i].name, name_label);
        if ((is_metric && !is_valid_name(args, page[i].value, true)) ||
            (!is_metric && !is_valid_name(args, page[i].name, false))) {
            return error_set(err, STATUS_INVALID, "invalid metric name or label names: \"%.*s\"",
                             STR_ARG(is_metric ? page[i].value : page[i].name));
        }
    }
    return STATUS_OK;
}

struct labels *scrape_finish_labels(struct scrape_target *t, const struct label *page, size_t count,
                                    struct error *err)
{
    struct scrape_pool *pool = t->pool;
    label_builder_clear(&pool->builder);
    for (size_t i = 0; i < count; i++) {
        if (label_builder_get(&pool->builder, page[i].name).len > 0) {
            error_set(err, STATUS_INVALID, "label name \"%.*s\" is not unique: invalid sample",
                      STR_ARG(page[i].name));
            return NULL;
        }
        label_builder_set(&pool->builder, page[i].name, page[i].value);
    }
    add_target_labels(t, page, count);
    if (check_names(pool->args, page, count, err) != STATUS_OK ||
        check_limits(pool->args, &pool->builder, err) != STATUS_OK) {
        return NULL;
    }
    return label_builder_intern(&pool->builder, host_labels(pool->host), err);
}

struct labels *scrape_series_labels(struct scrape_target *t, const struct exposition *e,
                                    struct error *err)
{
    struct scrape_pool *pool = t->pool;
    size_t count = 1;
    struct exposition_labels reader;
    if (e->series.len > LABELS_MAX_BYTES) {
        error_set(err, STATUS_LIMIT, "labels of %zu bytes", e->series.len);
        return NULL;
    }
    arena_reset(&pool->texts);
    struct label *page = arena_alloc(&pool->texts, LABELS_MAX * sizeof(*page));
    page[0].name = name_label;
    exposition_labels_begin(&reader, e->series, false, &page[0].value);
    struct exposition_label label;
    while (exposition_labels_next(&reader, &label)) {
        if (!label.value.ptr) {
            page[0].value = decode(&pool->texts, label.name);
            continue;
        }
        if (count == LABELS_MAX) {
            error_set(err, STATUS_LIMIT, "more than %d labels", LABELS_MAX);
            return NULL;
        }
        struct str name = label.quoted_name ? decode(&pool->texts, label.name) : label.name;
        struct str value = label.has_escapes ? decode(&pool->texts, label.value) : label.value;
        page[count++] = (struct label){name, normal_value(&pool->texts, e, name, value)};
    }
    return scrape_finish_labels(t, page, count, err);
}
