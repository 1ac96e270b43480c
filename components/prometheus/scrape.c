/* prometheus.scrape: fetches the pages of targets and pushes their samples. Owns a pool of targets,
 * each with its clock and the cache of its series; bounded by target_limit, the size of pages and
 * the pushes under way (scrape/push.c). */
#include "components/prometheus/scrape/scrape.h"

#include "base/map.h"
#include "base/strconv.h"

enum { ACCEPT_MAX = 4096, TEXTS_MAX = 4 * 1024 * 1024, PAGE_FLOOR = 1 };

/* ---- targets come and go ---- */

void scrape_pool_forget(struct scrape_pool *pool, struct scrape_target *target)
{
    struct scrape_target **at = &pool->leaving;
    while (*at && *at != target) {
        at = &(*at)->next;
    }
    if (*at) {
        *at = target->next;
    }
}

static struct str key_text(const uint64_t *key)
{
    return str_of((const char *)key, sizeof(*key));
}

static void let_go(struct scrape_pool *pool, struct scrape_target *t)
{
    t->next = pool->leaving;
    pool->leaving = t;
    scrape_target_leave(t);
}

/* One that was about to leave comes back as it was. */
static struct scrape_target *take_back(struct scrape_pool *pool, uint64_t key)
{
    for (struct scrape_target *t = pool->leaving; t; t = t->next) {
        if (t->key == key) {
            scrape_pool_forget(pool, t);
            loop_timer_close(t->timer);
            t->timer = NULL;
            t->is_leaving = false;
            scrape_target_start(t);
            return t;
        }
    }
    return NULL;
}

/* Makes the pool's targets those of its arguments; known ones go on undisturbed. */
static void sync_targets(struct scrape_pool *pool)
{
    const struct target_list *wanted = &pool->args->targets;
    struct map old;
    map_init(&old, NULL);
    for (size_t i = 0; i < pool->target_count; i++) {
        (void)map_put(&old, key_text(&pool->targets[i]->key), pool->targets[i]);
    }
    struct scrape_target **next =
        mem_array(host_memory(pool->host), wanted->count + 1, sizeof(*next));
    struct map seen;
    map_init(&seen, NULL);
    size_t count = 0;
    for (size_t i = 0; i < wanted->count; i++) {
        struct error err = {0};
        struct scrape_target *t = scrape_target_new(pool, wanted->items[i], &err);
        if (!t) {
            LOG(host_log(pool->host), LOG_ERROR, "Creating target failed",
                LOG_C("err", err.message));
            continue;
        }
        if (map_put(&seen, key_text(&t->key), t)) {
            scrape_target_free(t); /* the same again */
            continue;
        }
        struct scrape_target *known = map_remove(&old, key_text(&t->key));
        known = known ? known : take_back(pool, t->key);
        if (known) {
            scrape_target_retime(known, t);
            scrape_target_free(t);
        } else {
            scrape_target_start(t);
        }
        next[count++] = known ? known : t;
    }
    MAP_EACH(&old, entry)
    {
        let_go(pool, entry->value);
    }
    map_release(&old);
    map_release(&seen);
    mem_free(pool->targets);
    pool->targets = next;
    pool->target_count = count;
    pool->over_target_limit = pool->args->target_limit > 0 && count > pool->args->target_limit;
    self_set(pool->target_gauge, (double)count);
}

static void free_targets(struct scrape_pool *pool)
{
    for (size_t i = 0; i < pool->target_count; i++) {
        scrape_target_free(pool->targets[i]);
    }
    while (pool->leaving) {
        struct scrape_target *t = pool->leaving;
        pool->leaving = t->next;
        scrape_target_free(t);
    }
    mem_free(pool->targets);
    pool->targets = NULL;
    pool->target_count = 0;
}

/* ---- life ---- */

static enum status check_stability(struct component_host *host, const struct scrape_args *args,
                                   struct error *err)
{
    if (args->honor_metadata && host_min_stability(host) != STABILITY_EXPERIMENTAL) {
        return error_set(err, STATUS_INVALID,
                         "honor_metadata is an experimental feature, and must be enabled by "
                         "setting the stability.level flag to experimental");
    }
    return STATUS_OK;
}

/* Requests under way end with the client that made them. */
static void cancel_requests(struct scrape_pool *pool)
{
    for (size_t i = 0; i < pool->target_count; i++) {
        if (pool->targets[i]->sent) {
            http_sent_cancel(pool->targets[i]->sent);
            pool->targets[i]->sent = NULL;
        }
    }
}

/* What follows from the arguments. Runs outside the scope of an update, which may fail half-way. */
static void apply(void *arg)
{
    struct scrape_pool *pool = arg;
    struct error err = {0};
    buf_clear(&pool->accept);
    scrape_accept(&pool->accept, pool->args);
    forward_set(&pool->forward, &pool->args->forward_to);
    for (size_t i = 0; pool->labels_changed && i < pool->target_count; i++) {
        scrape_cache_release(&pool->targets[i]->cache);
    }
    if (pool->client_changed) {
        cancel_requests(pool);
        http_sender_free(pool->sender);
        pool->sender = http_sender_new(pool->host, &pool->args->client,
                                       &(struct http_sender_options){0}, &err);
    }
    pool->labels_changed = pool->client_changed = false;
    sync_targets(pool);
}

static enum status build(void *self, struct component_host *host, const void *args,
                         struct error *err)
{
    struct scrape_pool *pool = self;
    enum status status = check_stability(host, args, err);
    if (status != STATUS_OK) {
        return status;
    }
    pool->host = host;
    buf_init(&pool->accept, host_memory(host), ACCEPT_MAX);
    buf_init(&pool->page, host_memory(host), PAGE_FLOOR);
    label_builder_init(&pool->builder);
    arena_init(&pool->texts, host_memory(host), TEXTS_MAX);
    forward_init(&pool->forward, host);
    struct self_group *group = host_metrics(host);
    pool->target_gauge =
        self_metric(group, SELF_GAUGE, "prometheus_scrape_targets_gauge",
                    "Number of targets this component is configured to scrape", NULL, 0);
    (void)self_metric(group, SELF_COUNTER, "prometheus_scrape_targets_moved_total",
                      "Number of targets that have moved from this cluster node to another one",
                      NULL, 0);
    pool->dropped =
        self_metric(group, SELF_COUNTER, "invar_prometheus_scrape_dropped_samples_total",
                    "Number of samples no receiver took in time.", NULL, 0);
    pool->args = args;
    return STATUS_OK;
}

static void start(void *self)
{
    struct scrape_pool *pool = self;
    pool->applying = loop_timer_new(host_loop(pool->host), apply, pool);
    pool->client_changed = true;
    apply(pool);
}

static enum status update(void *self, const void *args, const void *old_args, struct error *err)
{
    struct scrape_pool *pool = self;
    const struct scrape_args *was = old_args;
    const struct scrape_args *is = args;
    enum status status = check_stability(pool->host, args, err);
    if (status != STATUS_OK) {
        return status;
    }
    bool same_labels =
        is->honor_labels == was->honor_labels && is->label_limit == was->label_limit &&
        is->label_name_length_limit == was->label_name_length_limit &&
        is->label_value_length_limit == was->label_value_length_limit &&
        str_eq(is->metric_name_validation_scheme, was->metric_name_validation_scheme);
    pool->labels_changed = pool->labels_changed || !same_labels;
    pool->client_changed =
        pool->client_changed || !schema_equal(&http_client_shape, &is->client, &was->client);
    pool->args = args;
    if (pool->applying) {
        loop_timer_start(pool->applying, 0, 0);
    }
    return STATUS_OK;
}

static void stop(void *self)
{
    struct scrape_pool *pool = self;
    loop_timer_close(pool->applying);
    pool->applying = NULL;
    free_targets(pool);
    scrape_pool_drop_pushes(pool);
    http_sender_free(pool->sender);
    pool->sender = NULL;
    host_stopped(pool->host);
}

static void release(void *self)
{
    struct scrape_pool *pool = self;
    loop_timer_close(pool->applying);
    free_targets(pool);
    scrape_pool_drop_pushes(pool);
    http_sender_free(pool->sender);
    forward_release(&pool->forward);
    buf_release(&pool->accept);
    buf_release(&pool->page);
    label_builder_release(&pool->builder);
    arena_release(&pool->texts);
}

/* ---- what the API shows ---- */

static void target_info(struct json_writer *w, const struct scrape_target *t)
{
    struct buf text;
    buf_init(&text, NULL, 256);
    json_object(w);
    json_key(w, STR("job"));
    json_string(w, labels_get(t->labels, STR("job")));
    json_key(w, STR("url"));
    json_string(w, str_from(t->url));
    json_key(w, STR("health"));
    json_string(w, !t->has_scraped ? STR("unknown") : t->is_up ? STR("up") : STR("down"));
    json_key(w, STR("labels"));
    json_object(w);
    for (uint32_t i = 0; i < t->labels->count; i++) {
        json_key(w, t->labels->pairs[i].name);
        json_string(w, t->labels->pairs[i].value);
    }
    json_object_end(w);
    json_key(w, STR("last_error"));
    json_string(w, str_from(t->last_error));
    json_key(w, STR("last_scrape"));
    time_format_rfc3339(&text, t->last_wall_ns);
    json_string(w, buf_view(&text));
    buf_clear(&text);
    json_key(w, STR("last_scrape_duration"));
    duration_format(&text, t->last_duration_ns);
    json_string(w, buf_view(&text));
    json_object_end(w);
    buf_release(&text);
}

static void debug_info(void *self, struct json_writer *w)
{
    struct scrape_pool *pool = self;
    json_key(w, STR("target"));
    json_array(w);
    for (size_t i = 0; i < pool->target_count; i++) {
        target_info(w, pool->targets[i]);
    }
    json_array_end(w);
}

const struct component_def prometheus_scrape = {
    .name = "prometheus.scrape",
    .summary = "Scrapes metrics over HTTP and forwards them.",
    .stability = STABILITY_GA,
    .args = &scrape_args_shape,
    .size = sizeof(struct scrape_pool),
    .build = build,
    .start = start,
    .update = update,
    .stop = stop,
    .release = release,
    .debug_info = debug_info,
};
