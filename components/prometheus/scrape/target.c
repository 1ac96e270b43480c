/* A target: its labels and URL (Prometheus' PopulateLabels), its clock, and one scrape after
 * another. Owns its label sets, its cache and the request under way (one). A scrape that takes
 * longer than its time-out fails; the next one comes when it is due, without drift. */
#include "components/prometheus/scrape/scrape.h"

#include "base/compress.h"
#include "base/hash.h"
#include "base/strconv.h"
#include "base/world.h"
#include "compiler/target.h"

enum { TEXT_MAX = 1024 * 1024, PAGE_KEPT = 8 * 1024 * 1024 };
static const size_t PAGE_MAX = (size_t)256 * 1024 * 1024;
static const int64_t MS = 1000000;
static const int64_t FIRST_WITHIN_NS = 2000 * 1000000LL;

/* ---- labels and URL ---- */

/* All labels of a target while it is made. */
struct draft {
    struct scrape_pool *pool;
    struct label_builder labels;
    struct arena texts;
};

static struct str get(const struct draft *d, const char *name)
{
    return label_builder_get(&d->labels, str_from(name));
}

static void set_missing(struct draft *d, struct str name, struct str value)
{
    if (label_builder_get(&d->labels, name).len == 0) {
        label_builder_set(&d->labels, name, value);
    }
}

static struct str prom_duration(struct draft *d, int64_t ns)
{
    struct buf text;
    buf_init(&text, NULL, 64);
    prom_duration_format(&text, ns);
    struct str result = arena_str(&d->texts, buf_view(&text));
    buf_release(&text);
    return result;
}

static void fill_draft(struct draft *d, const struct target *from)
{
    const struct scrape_args *args = d->pool->args;
    for (uint32_t i = 0; i < from->count; i++) {
        label_builder_set(&d->labels, from->labels[i].name, from->labels[i].value);
    }
    struct str job = args->job_name.len > 0 ? args->job_name : host_global_id(d->pool->host);
    set_missing(d, STR("job"), job);
    set_missing(d, STR("__scrape_interval__"), prom_duration(d, args->scrape_interval.ns));
    set_missing(d, STR("__scrape_timeout__"), prom_duration(d, args->scrape_timeout.ns));
    set_missing(d, STR("__metrics_path__"), args->metrics_path);
    set_missing(d, STR("__scheme__"), args->scheme);
    for (size_t i = 0; i < args->params.count; i++) {
        const struct str_list *values = &args->params.items[i].value;
        if (values->count > 0) {
            set_missing(d, arena_concat(&d->texts, STR("__param_"), args->params.items[i].key),
                        values->items[0]);
        }
    }
}

/* A duration label; as the arguments have it when nobody changed it (it may be finer than the label
 * says). */
static enum status read_duration(const struct draft *d, const char *label, const char *what,
                                 int64_t *ns, struct error *err)
{
    if (prom_duration_parse(get(d, label), ns, err) != STATUS_OK) {
        error_prefix(err, "error parsing %s: ", what);
        return err->status;
    }
    if (*ns <= 0) {
        return error_set(err, STATUS_INVALID, "%s cannot be 0", what);
    }
    return STATUS_OK;
}

static enum status check_draft(struct draft *d, struct scrape_target *t, struct error *err)
{
    struct str address = get(d, "__address__");
    if (address.len == 0) {
        return error_set(err, STATUS_INVALID, "no address");
    }
    if (str_find_byte(address, '/', 0) != SIZE_MAX) {
        return error_set(err, STATUS_INVALID, "\"%.*s\" is not a valid hostname", STR_ARG(address));
    }
    enum status status =
        read_duration(d, "__scrape_interval__", "scrape interval", &t->interval_ns, err);
    if (status == STATUS_OK) {
        status = read_duration(d, "__scrape_timeout__", "scrape timeout", &t->timeout_ns, err);
    }
    if (status == STATUS_OK && t->timeout_ns > t->interval_ns) {
        status = error_set(err, STATUS_INVALID,
                           "scrape timeout cannot be greater than scrape interval (\"%.*s\" > "
                           "\"%.*s\")",
                           STR_ARG(get(d, "__scrape_timeout__")),
                           STR_ARG(get(d, "__scrape_interval__")));
    }
    set_missing(d, STR("instance"), address);
    return status;
}

static void escape(struct buf *out, struct str text, const char *also_plain)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     (c != '\0' && strchr(also_plain, c));
        if (plain) {
            buf_byte(out, c);
        } else if (c == ' ' && !strchr(also_plain, '/')) {
            buf_byte(out, '+');
        } else {
            buf_printf(out, "%%%02X", (unsigned char)c);
        }
    }
}

static void add_param(struct buf *out, struct str key, struct str value, bool *is_first)
{
    static const char plain[] = "-_.~";
    buf_byte(out, *is_first ? '?' : '&');
    *is_first = false;
    escape(out, key, plain);
    buf_byte(out, '=');
    escape(out, value, plain);
}

/* Parameters of labels and arguments, sorted by name; a label stands for the first value. */
static void add_params(const struct draft *d, struct buf *out)
{
    const struct str prefix = STR("__param_");
    const struct str_list_map *params = &d->pool->args->params;
    bool is_first = true;
    size_t p = 0;
    for (size_t i = 0; i < d->labels.count; i++) {
        const struct label *l = &d->labels.pairs[i];
        if (!str_starts(l->name, prefix)) {
            continue;
        }
        struct str key = str_slice(l->name, prefix.len, l->name.len);
        while (p < params->count && str_cmp(params->items[p].key, key) < 0) {
            p++; /* it has no values, or it would be among the labels */
        }
        add_param(out, key, l->value, &is_first);
        bool same = p < params->count && str_eq(params->items[p].key, key);
        for (size_t v = 1; same && v < params->items[p].value.count; v++) {
            add_param(out, key, params->items[p].value.items[v], &is_first);
        }
    }
}

static char *make_url(const struct draft *d)
{
    struct buf url;
    buf_init(&url, NULL, TEXT_MAX);
    buf_str(&url, get(d, "__scheme__"));
    buf_cstr(&url, "://");
    buf_str(&url, get(d, "__address__"));
    struct str path = get(d, "__metrics_path__");
    if (path.len == 0 || path.ptr[0] != '/') {
        buf_byte(&url, '/');
    }
    escape(&url, path, "-_.~$&+,/:;=@");
    add_params(d, &url);
    size_t len = 0;
    return buf_take(&url, &len);
}

/* The labels that samples get: those that do not begin with "__". */
static struct labels *public_labels(struct draft *d, struct error *err)
{
    struct label_builder b;
    label_builder_init(&b);
    for (size_t i = 0; i < d->labels.count; i++) {
        if (!str_starts(d->labels.pairs[i].name, STR("__"))) {
            label_builder_set(&b, d->labels.pairs[i].name, d->labels.pairs[i].value);
        }
    }
    struct labels *labels = label_builder_intern(&b, host_labels(d->pool->host), err);
    label_builder_release(&b);
    return labels;
}

/* How often it is scraped is no part of what it is: its series go on when that changes. */
static uint64_t key_of(const struct draft *d, const char *url)
{
    uint64_t key = hash_str(str_from(url));
    for (size_t i = 0; i < d->labels.count; i++) {
        if (!str_starts(d->labels.pairs[i].name, STR("__meta_")) &&
            !str_starts(d->labels.pairs[i].name, STR("__scrape_"))) {
            key = hash_mix(key, hash_str(d->labels.pairs[i].name));
            key = hash_mix(key, hash_str(d->labels.pairs[i].value));
        }
    }
    return key;
}

struct scrape_target *scrape_target_new(struct scrape_pool *pool, const struct target *from,
                                        struct error *err)
{
    struct draft d = {.pool = pool};
    label_builder_init(&d.labels);
    arena_init(&d.texts, NULL, TEXT_MAX);
    fill_draft(&d, from);
    struct scrape_target *t = mem_zalloc(host_memory(pool->host), sizeof(*t));
    t->pool = pool;
    if (check_draft(&d, t, err) == STATUS_OK) {
        t->labels = public_labels(&d, err);
    }
    if (t->labels) {
        t->url = make_url(&d);
        t->key = key_of(&d, t->url);
    } else {
        mem_free(t);
        t = NULL;
    }
    label_builder_release(&d.labels);
    arena_release(&d.texts);
    return t;
}

void scrape_target_free(struct scrape_target *t)
{
    loop_timer_close(t->timer);
    if (t->sent) {
        http_sent_cancel(t->sent);
    }
    for (size_t i = 0; i < REPORT_COUNT; i++) {
        if (t->reports[i]) {
            labels_unref(t->reports[i]);
        }
    }
    scrape_cache_release(&t->cache);
    labels_unref(t->labels);
    mem_free(t->url);
    mem_free(t->last_error);
    mem_free(t);
}

/* ---- one scrape after another ---- */

static struct loop *loop_of(const struct scrape_target *t)
{
    return host_loop(t->pool->host);
}

static void note_error(struct scrape_target *t, const struct scrape_result *r)
{
    mem_free(t->last_error);
    t->last_error = r->is_up ? NULL : mem_strdup(NULL, r->err.message, strlen(r->err.message));
    t->is_up = r->is_up;
    if (!r->is_up) {
        LOG(host_log(t->pool->host), LOG_DEBUG, "Scrape failed", LOG_C("target", t->url),
            LOG_C("err", r->err.message));
    }
}

static void finish(struct scrape_target *t, struct scrape_result *r)
{
    t->last_duration_ns = loop_now_ns(loop_of(t)) - t->began_ns;
    t->has_scraped = true;
    note_error(t, r);
    if (!r->batch) {
        scrape_append_stale(t, r);
    }
    scrape_report(t, r, false);
    scrape_pool_push(t->pool, t, r->batch);
}

/* The page, decompressed and with a NUL behind it, in pool->page. */
static enum status unpack(struct scrape_pool *pool, const struct http_response *response,
                          struct error *err)
{
    int64_t limit = pool->args->body_size_limit.bytes;
    pool->page.max = limit > 0 && (size_t)limit < PAGE_MAX ? (size_t)limit + 1 : PAGE_MAX;
    buf_clear(&pool->page);
    enum compression method = COMPRESSION_NONE;
    struct str encoding = http_response_header(response, "content-encoding");
    if (!compression_from_name(encoding, &method)) {
        return error_set(err, STATUS_UNSUPPORTED, "unknown content encoding \"%.*s\"",
                         STR_ARG(encoding));
    }
    enum status status = STATUS_OK;
    if (method == COMPRESSION_NONE) {
        buf_str(&pool->page, response->body);
        status = buf_ok(&pool->page) ? STATUS_OK : STATUS_LIMIT;
    } else {
        status = decompress_bytes(method, response->body, &pool->page, err);
    }
    buf_byte(&pool->page, '\0');
    bool is_over = status == STATUS_LIMIT || !buf_ok(&pool->page);
    return is_over ? error_set(err, STATUS_LIMIT, "body size limit exceeded") : status;
}

/* The text format's last line may lack its line feed. */
static struct str with_last_line(struct buf *page)
{
    size_t len = page->len - 1;
    if (len > 0 && page->data[len - 1] != '\n') {
        page->max++; /* this byte is not the target's */
        buf_byte(page, '\0');
        if (buf_ok(page))
            page->data[len++] = '\n';
    }
    return str_of(page->data, len);
}

static void read_answer(struct scrape_target *t, const struct http_response *response,
                        struct scrape_result *r)
{
    struct scrape_pool *pool = t->pool;
    if (response->status != 200) {
        error_set(&r->err, STATUS_INVALID, "server returned HTTP status %d", response->status);
        return;
    }
    enum scrape_protocol protocol = scrape_protocol_of_content(response->content_type, pool->args);
    if (protocol == PROTOCOL_NONE) {
        error_set(&r->err, STATUS_UNSUPPORTED,
                  "received unsupported Content-Type \"%.*s\" and no fallback_scrape_protocol "
                  "specified for target",
                  STR_ARG(response->content_type));
        return;
    }
    if (unpack(pool, response, &r->err) != STATUS_OK) {
        r->body_bytes = r->err.status == STATUS_LIMIT ? -1 : 0;
        return;
    }
    r->body_bytes = (int64_t)pool->page.len - 1;
    bool is_text = protocol == PROTOCOL_TEXT_0 || protocol == PROTOCOL_TEXT_1;
    struct str page =
        is_text ? with_last_line(&pool->page) : str_of(pool->page.data, pool->page.len - 1);
    scrape_append(t, page, protocol, r);
    if (pool->page.cap > PAGE_KEPT) {
        buf_release(&pool->page); /* a page this large is not the rule */
        buf_init(&pool->page, host_memory(pool->host), PAGE_MAX);
    }
}

static void answered(void *arg, const struct http_response *response, const struct error *err)
{
    struct scrape_target *t = arg;
    struct scrape_result r = {0};
    t->sent = NULL;
    if (response->status == 0) {
        bool is_large = err->status == STATUS_LIMIT && t->pool->args->body_size_limit.bytes > 0;
        r.body_bytes = is_large ? -1 : 0;
        if (is_large) {
            error_set(&r.err, STATUS_LIMIT, "body size limit exceeded");
        } else {
            error_set(&r.err, err->status, "Get \"%s\": %s", t->url, err->message);
        }
    } else {
        read_answer(t, response, &r);
    }
    finish(t, &r);
}

static void send_request(struct scrape_target *t)
{
    const struct scrape_args *args = t->pool->args;
    char seconds[32];
    (void)snprintf(seconds, sizeof(seconds), "%.10g", (double)t->timeout_ns / 1e9);
    const struct http_header headers[] = {
        {STR("Accept"), buf_view(&t->pool->accept)},
        {STR("Accept-Encoding"), args->enable_compression ? STR("gzip") : STR("identity")},
        {STR("X-Prometheus-Scrape-Timeout-Seconds"), str_from(seconds)},
    };
    int64_t limit = args->body_size_limit.bytes;
    const struct http_call_options call = {
        .method = STR("GET"),
        .url = str_from(t->url),
        .headers = headers,
        .header_count = sizeof(headers) / sizeof(headers[0]),
        .timeout_ns = t->timeout_ns,
        .max_response = limit > 0 && (size_t)limit < PAGE_MAX ? (size_t)limit : PAGE_MAX,
    };
    t->sent = http_sender_send(t->pool->sender, &call, answered, t);
}

/* Wall time, or what it should be when it is within 2 ms of that: equal steps compress better. */
static int64_t timestamp_ms(const struct scrape_target *t)
{
    int64_t now = world_wall_ms();
    int64_t tolerance = t->interval_ns / 100 / MS < 2 ? t->interval_ns / 100 / MS : 2;
    int64_t wanted = t->t_ms + t->interval_ns / MS;
    bool near = now - wanted <= tolerance && wanted - now <= tolerance;
    return t->t_ms != 0 && near ? wanted : now;
}

static void begin(struct scrape_target *t)
{
    if (t->sent) {
        return; /* the time-out is at most the interval: it is about to end */
    }
    t->began_ns = loop_now_ns(loop_of(t));
    t->last_wall_ns = world_wall_ns();
    t->t_ms = timestamp_ms(t);
    t->scrape++;
    if (t->pool->over_target_limit) {
        struct scrape_result r = {0};
        error_set(&r.err, STATUS_LIMIT,
                  "target_limit exceeded (number of targets: %zu, limit: %llu)",
                  t->pool->target_count, (unsigned long long)t->pool->args->target_limit);
        finish(t, &r);
        return;
    }
    send_request(t);
}

static void tick(void *arg)
{
    struct scrape_target *t = arg;
    int64_t now = loop_now_ns(loop_of(t));
    bool is_first = t->scrape == 0;
    t->due_ns += t->interval_ns;
    if (is_first && t->interval_ns > FIRST_WITHIN_NS) {
        /* The first came soon; from now on the target keeps its own place in the interval. */
        t->due_ns += (int64_t)(t->key % (uint64_t)t->interval_ns) - t->interval_ns / 2;
    }
    if (t->due_ns <= now) {
        t->due_ns += (now - t->due_ns) / t->interval_ns * t->interval_ns + t->interval_ns;
    }
    loop_timer_start(t->timer, t->due_ns - now, 0);
    begin(t);
}

void scrape_target_start(struct scrape_target *t)
{
    int64_t spread = t->interval_ns < FIRST_WITHIN_NS ? t->interval_ns : FIRST_WITHIN_NS;
    int64_t delay = (int64_t)(t->key % (uint64_t)spread);
    t->timer = loop_timer_new(loop_of(t), tick, t);
    t->due_ns = loop_now_ns(loop_of(t)) + delay;
    loop_timer_start(t->timer, delay, 0);
}

void scrape_target_retime(struct scrape_target *t, const struct scrape_target *like)
{
    bool changed = t->interval_ns != like->interval_ns;
    t->timeout_ns = like->timeout_ns;
    t->interval_ns = like->interval_ns;
    if (changed && t->timer) {
        int64_t now = loop_now_ns(loop_of(t));
        t->due_ns = t->scrape > 0 ? t->began_ns + t->interval_ns : now;
        t->due_ns = t->due_ns < now ? now : t->due_ns;
        loop_timer_start(t->timer, t->due_ns - now, 0);
    }
}

/* ---- leaving ---- */

static void say_goodbye(void *arg)
{
    struct scrape_target *t = arg;
    struct scrape_pool *pool = t->pool;
    struct scrape_result r = {0};
    t->t_ms = world_wall_ms();
    scrape_append_stale(t, &r);
    scrape_report(t, &r, true);
    scrape_pool_push(pool, t, r.batch);
    scrape_pool_forget(pool, t);
    scrape_target_free(t);
}

void scrape_target_leave(struct scrape_target *t)
{
    t->is_leaving = true;
    if (t->sent) {
        http_sent_cancel(t->sent);
        t->sent = NULL;
    }
    loop_timer_close(t->timer);
    t->timer = loop_timer_new(loop_of(t), say_goodbye, t);
    loop_timer_start(t->timer, t->has_scraped ? t->interval_ns + t->interval_ns / 10 : 0, 0);
}
