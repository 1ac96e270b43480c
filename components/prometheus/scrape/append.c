/* From a page to a batch: known series by their bytes, new ones by their labels, markers of
 * staleness for those that went away, and the series that report on the scrape. The rules are those
 * of Prometheus' scrape loop. Owns nothing beyond the batch it makes. */
#include "components/prometheus/scrape/append.h"

#include "base/mutant.h"
#include "base/strconv.h"

enum {
    FUTURE_MS = 10 * 60 * 1000,
    EXEMPLAR_RUNES = 128,
    EXEMPLAR_BYTES = 64 * 1024,
    REMEMBERED_SCRAPES = 10
};

static void fail(struct append *a, enum status status, const char *message)
{
    error_set(&a->result->err, status, "%s", message);
}

/* ---- metadata ---- */

void append_meta(struct append *a)
{
    if (a->meta.family.len > 0) {
        (void)metric_batch_add_meta(a->result->batch, &a->meta);
    }
    a->meta = (struct metric_meta){0};
}

static struct str plain_help(struct append *a, struct str text)
{
    char *out = arena_alloc(&a->result->batch->base.arena, text.len + 1);
    return str_of(out, exposition_unescape(text, out));
}

static void note_meta(struct append *a, enum exposition_entry entry)
{
    const struct exposition *e = &a->page;
    if (!a->target->pool->args->honor_metadata) {
        return;
    }
    if (!str_eq(a->meta.family, e->family)) {
        append_meta(a);
        a->meta.family = e->family;
    }
    switch (entry) {
    case EXPOSITION_TYPE: a->meta.type = e->type; break;
    case EXPOSITION_HELP: a->meta.help = plain_help(a, e->text); break;
    default: a->meta.unit = e->text; break;
    }
}

/* ---- exemplars ---- */

static struct labels *exemplar_labels(struct append *a)
{
    struct scrape_pool *pool = a->target->pool;
    struct exposition_labels reader;
    struct exposition_label label;
    struct str name;
    size_t runes = 0;
    if (a->page.exemplar.len > EXEMPLAR_BYTES) {
        return NULL;
    }
    arena_reset(&pool->texts);
    label_builder_clear(&pool->builder);
    exposition_labels_begin(&reader, a->page.exemplar, true, &name);
    while (exposition_labels_next(&reader, &label)) {
        char *text = arena_alloc(&pool->texts, label.value.len + 1);
        struct str value = str_of(text, exposition_unescape(label.value, text));
        runes += utf8_count(label.name) + utf8_count(value);
        label_builder_set(&pool->builder, label.name, value);
    }
    return runes > EXEMPLAR_RUNES
               ? NULL
               : label_builder_intern(&pool->builder, host_labels(pool->host), NULL);
}

void append_exemplar(struct append *a, struct exemplar exemplar)
{
    if (!metric_batch_add_exemplar(a->result->batch, &exemplar)) {
        labels_unref(exemplar.series);
        labels_unref(exemplar.labels);
    }
}

static void add_exemplar(struct append *a, struct labels *series, int64_t t_ms)
{
    const struct exposition *e = &a->page;
    struct labels *labels = exemplar_labels(a);
    if (labels) {
        append_exemplar(a, (struct exemplar){
                               .series = labels_ref(series),
                               .labels = labels,
                               .t_ms = e->exemplar_has_time ? e->exemplar_t_ms : t_ms,
                               .value = e->exemplar_value,
                               .has_time = e->exemplar_has_time,
                           });
    }
}

/* ---- samples ---- */

/* The entry of the line that was read; NULL: its labels are wrong and err says why. */
static struct scrape_series *series_of(struct append *a, bool *is_new)
{
    const struct exposition *e = &a->page;
    struct scrape_cache *cache = &a->target->cache;
    struct scrape_series *s = a->guess;
    if (!e->guessed || s->type != (uint8_t)e->type) {
        s = scrape_cache_find(cache, e->series, (uint8_t)e->type);
    }
    *is_new = s == NULL;
    if (!s) {
        struct labels *labels = scrape_series_labels(a->target, e, &a->result->err);
        if (!labels) {
            return NULL;
        }
        s = scrape_cache_add(cache, e->series, (uint8_t)e->type, labels);
    }
    *(a->before ? &a->before->follow : &cache->first) = s;
    a->before = s;
    a->guess = s->follow;
    if (a->guess) {
        /* Series lie apart in memory; the next line's is known a line ahead. */
        __builtin_prefetch(a->guess->labels, 1);
        __builtin_prefetch(a->guess->follow);
    }
    return s;
}

static void track(struct append *a, struct scrape_series *s)
{
    if (s->live_since == 0) {
        s->live_since = a->target->scrape;
        a->target->cache.live++;
    }
    a->live++;
}

static bool put(struct append *a, struct scrape_series *s, struct append_item *item)
{
    struct metric_batch *batch = a->result->batch;
    struct labels *labels = labels_ref(s->labels);
    bool fits;
    if (item->histogram) {
        item->histogram->labels = labels;
        item->histogram->t_ms = item->t_ms;
        fits = metric_batch_add_histogram(batch, item->histogram);
    } else {
        fits = metric_batch_add(batch, labels, item->t_ms, item->value);
    }
    if (!fits) {
        labels_unref(labels);
        fail(a, STATUS_LIMIT, "too many samples on one page");
    }
    return fits;
}

bool append_item(struct append *a, struct scrape_series *s, struct append_item *item)
{
    struct scrape_target *t = a->target;
    const struct scrape_args *args = t->pool->args;
    bool is_again = s->seen == t->scrape;
    bool has_own_time = args->honor_timestamps && item->has_time;
    item->t_ms = has_own_time ? item->t_ms : t->t_ms;
    s->seen = t->scrape;
    if (!is_again && (!has_own_time || args->track_timestamps_staleness)) {
        track(a, s);
    }
    if ((is_again && !has_own_time) || item->t_ms > t->t_ms + FUTURE_MS) {
        return true;
    }
    a->result->kept++;
    if (args->sample_limit > 0 && a->samples >= args->sample_limit) {
        a->is_over_limit = true;
        return true;
    }
    a->samples++;
    a->result->added += item->is_new;
    item->was_added = put(a, s, item);
    return item->was_added;
}

/* False: the scrape has failed. */
static bool add_series(struct append *a)
{
    const struct exposition *e = &a->page;
    struct append_item item = {.has_time = e->has_time, .t_ms = e->t_ms, .value = e->value};
    a->result->scraped++;
    struct scrape_series *s = series_of(a, &item.is_new);
    if (!s || !append_item(a, s, &item)) {
        return false;
    }
    if (e->has_exemplar && item.was_added) {
        add_exemplar(a, s->labels, item.t_ms);
    }
    return true;
}

/* ---- staleness ---- */

struct stale_walk {
    struct scrape_target *target;
    struct metric_batch *batch;
    bool failed; /* every live series went away, but those of this very scrape were never sent */
};

static void mark_stale(void *arg, struct scrape_series *s)
{
    struct stale_walk *w = arg;
    struct scrape_target *t = w->target;
    bool stays = !w->failed && s->seen == t->scrape;
    if (s->live_since == 0 || stays) {
        return;
    }
    bool was_sent = !(w->failed && s->live_since == t->scrape);
    if (was_sent && !metric_batch_add(w->batch, labels_ref(s->labels), t->t_ms, stale_nan())) {
        labels_unref(s->labels);
    }
    s->live_since = 0;
    t->cache.live--;
}

static void add_stale(struct scrape_target *t, struct scrape_result *r, bool failed)
{
    struct stale_walk walk = {.target = t, .batch = r->batch, .failed = failed};
    if (MUTANT(STALE_UNMARKED))
        return;
    scrape_cache_each(&t->cache, mark_stale, &walk);
}

void scrape_append_stale(struct scrape_target *t, struct scrape_result *result)
{
    result->batch = metric_batch_new(t->cache.live + REPORT_COUNT);
    add_stale(t, result, true);
}

static bool read_page(struct append *a)
{
    struct exposition *e = &a->page;
    for (;;) {
        e->guess = a->guess ? str_of(a->guess->text, a->guess->len) : STR_NONE;
        enum exposition_entry entry = exposition_next(e);
        switch (entry) {
        case EXPOSITION_SERIES:
            if (!add_series(a)) {
                return false;
            }
            break;
        case EXPOSITION_END: append_meta(a); return true;
        case EXPOSITION_BAD: a->result->err = e->err; return false;
        default: note_meta(a, entry); break;
        }
    }
}

void scrape_append(struct scrape_target *t, struct str page, enum scrape_protocol protocol,
                   struct scrape_result *result)
{
    struct append a = {.target = t, .result = result, .guess = t->cache.first};
    result->batch = metric_batch_new(t->cache.live + REPORT_COUNT + 8);
    if (protocol == PROTOCOL_PROTO) {
        result->is_up = append_proto(&a, page);
    } else {
        exposition_init(&a.page, page,
                        protocol == PROTOCOL_OPENMETRICS_1 || protocol == PROTOCOL_OPENMETRICS_0);
        result->is_up = read_page(&a);
    }
    if (result->is_up && a.is_over_limit) {
        result->is_up = false;
        fail(&a, STATUS_LIMIT, "sample limit exceeded");
    }
    if (!result->is_up) {
        batch_unref(&result->batch->base);
        result->added = 0;
        scrape_append_stale(t, result);
    } else if (a.live < t->cache.live) {
        add_stale(t, result, false);
    }
    bool has_unseen = t->cache.count > result->scraped;
    if (has_unseen && t->scrape > REMEMBERED_SCRAPES && t->scrape % REMEMBERED_SCRAPES == 0) {
        scrape_cache_sweep(&t->cache, t->scrape - REMEMBERED_SCRAPES);
    }
}

/* ---- the report ---- */

static const struct str report_names[REPORT_COUNT] = {
    STR_INIT("up"),
    STR_INIT("scrape_duration_seconds"),
    STR_INIT("scrape_samples_scraped"),
    STR_INIT("scrape_samples_post_metric_relabeling"),
    STR_INIT("scrape_series_added"),
    STR_INIT("scrape_timeout_seconds"),
    STR_INIT("scrape_sample_limit"),
    STR_INIT("scrape_body_size_bytes"),
};

static struct labels *report_labels(struct scrape_target *t, size_t which)
{
    if (!t->reports[which]) {
        struct label_builder *b = &t->pool->builder;
        label_builder_from(b, t->labels);
        label_builder_set(b, STR("__name__"), report_names[which]);
        t->reports[which] = label_builder_intern(b, host_labels(t->pool->host), NULL);
    }
    return t->reports[which];
}

void scrape_report(struct scrape_target *t, const struct scrape_result *result, bool stale)
{
    const struct scrape_args *args = t->pool->args;
    const double values[REPORT_COUNT] = {
        result->is_up,
        (double)t->last_duration_ns / 1e9,
        (double)result->scraped,
        (double)result->kept,
        (double)result->added,
        (double)t->timeout_ns / 1e9,
        (double)args->sample_limit,
        (double)result->body_bytes,
    };
    size_t count = args->extra_metrics ? REPORT_COUNT : REPORT_TIMEOUT;
    for (size_t i = 0; i < count; i++) {
        struct labels *labels = report_labels(t, i);
        if (labels && !metric_batch_add(result->batch, labels_ref(labels), t->t_ms,
                                        stale ? stale_nan() : values[i])) {
            labels_unref(labels);
        }
    }
}
