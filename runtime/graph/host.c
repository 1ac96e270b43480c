/* The host: what a component sees of the runtime. A host outlives the component's stop until no
 * request holds it. Fields that data loops write are under the graph's mutex. */

#include "runtime/graph/parts.h"

#include "base/world.h"

#include <stdio.h>

/* "<storage>/ID" with the slashes of a module's id kept, and "/api/v0/component/ID/". Made when one
 * of them is asked for, which few components do; they outlive the scope of whoever asks. */
static void need_paths(struct component_host *host)
{
    if (host->data_path.ptr)
        return;
    struct str storage = host->graph->options.storage_path, id = host->cell->global_id;
    static const char prefix[] = "/api/v0/component/";
    size_t data_len = storage.len + 1 + id.len;
    size_t http_len = sizeof(prefix) - 1 + id.len + 1;
    char *text = mem_try_alloc_shared(NULL, data_len + 1 + http_len + 1);
    if (!text)
        mem_exhausted();
    (void)snprintf(text, data_len + 1, "%.*s/%.*s", STR_ARG(storage), STR_ARG(id));
    (void)snprintf(text + data_len + 1, http_len + 1, "%s%.*s/", prefix, STR_ARG(id));
    host->data_path = str_of(text, data_len);
    host->http_path = str_of(text + data_len + 1, http_len);
}

struct component_host *host_new(struct graph *graph, struct cell *cell, struct loop *loop)
{
    struct component_host *host = mem_zalloc(NULL, sizeof(*host));
    host->graph = graph;
    host->cell = cell;
    host->def = cell->def;
    host->loop = loop;
    host->refs = 1;
    host->memory = (struct mem_owner)MEM_OWNER_INIT(cell->def->name, 0);
    host->log = graph->log;
    host->log.component_id = cell->local_id;
    host->log.component_path = cell->module_id.len ? cell->module_id : STR("/");
    host->self = mem_zalloc(NULL, cell->def->size ? cell->def->size : 1);
    return host;
}

void host_unref(struct component_host *host)
{
    if (atomic_fetch_sub_explicit(&host->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (host->fresh)
        value_unref(host->fresh);
    if (host->pending)
        value_unref(host->pending);
    self_group_free(host->metrics);
    mem_free(host->own);
    mem_free((char *)(uintptr_t)host->data_path.ptr);
    mem_free(host->self);
    cell_destroy(host->cell);
    mem_free(host);
}

/* How long data may wait for a wave. */
enum { BORROW_NS = 5 * 1000 * 1000 };

static void borrow(struct graph *graph, struct loop *loop)
{
    if (!loop_borrow(loop))
        return;
    if (!graph->borrowed_count)
        graph->borrowed_ns = world_monotonic_ns();
    graph->borrowed[graph->borrowed_count++] = loop;
}

void loops_return(struct graph *graph, bool at_once)
{
    if (!at_once &&
        (!graph->borrowed_count || world_monotonic_ns() - graph->borrowed_ns < BORROW_NS))
        return;
    while (graph->borrowed_count)
        loop_return(graph->borrowed[--graph->borrowed_count]);
}

void host_run(struct component_host *host, loop_fn *fn, void *arg)
{
    struct graph *graph = host->graph;
    if (graph->running && graph->in_wave)
        borrow(graph, host->loop);
    if (graph->running)
        loop_call(host->loop, fn, arg);
    else
        fn(arg);
}

struct loop *host_loop(struct component_host *host)
{
    return host->loop;
}

const struct log *host_log(struct component_host *host)
{
    return &host->log;
}

struct label_table *host_labels(struct component_host *host)
{
    return host->graph->labels;
}

struct self_group *host_metrics(struct component_host *host)
{
    struct graph *graph = host->graph;
    if (!host->metrics)
        host->metrics = self_group_new(host->cell->quiet ? graph->hidden : graph->options.metrics,
                                       host->log.component_path, host->log.component_id);
    return host->metrics;
}

struct mem_owner *host_memory(struct component_host *host)
{
    return &host->memory;
}

struct str host_local_id(struct component_host *host)
{
    return host->cell->local_id;
}

struct str host_global_id(struct component_host *host)
{
    return host->cell->global_id;
}

struct str host_label(struct component_host *host)
{
    return host->cell->label;
}

struct str host_data_path(struct component_host *host)
{
    need_paths(host);
    return host->data_path;
}

enum stability host_min_stability(struct component_host *host)
{
    return host->graph->options.min_stability;
}

struct str host_internal_address(struct component_host *host)
{
    (void)host;
    return STR("alloy.internal:12345");
}

struct str host_http_path(struct component_host *host)
{
    need_paths(host);
    return host->http_path;
}

void host_connect_internal(struct component_host *host, struct http_client *client)
{
    const struct graph_options *options = &host->graph->options;
    if (options->internal)
        http_client_set_internal(client, options->internal, options->internal_arg);
}

struct self_registry *host_self_registry(struct component_host *host)
{
    return host->graph->options.metrics;
}

void host_hold(struct component_host *host)
{
    atomic_fetch_add_explicit(&host->refs, 1, memory_order_relaxed);
}

void host_drop(struct component_host *host)
{
    host_unref(host);
}

void host_serve(struct component_host *host, struct http_exchange *exchange, struct str rest)
{
    if (host->gone)
        http_reply_text(exchange, 404, STR("the component is gone\n"));
    else
        host->def->http(host->self, exchange, rest);
}

/* ---- from the data loop to the control loop ---- */

/* With the mutex held, which it releases. */
static void into_inbox(struct component_host *host)
{
    struct graph *graph = host->graph;
    if (!host->in_inbox) {
        host->in_inbox = true;
        host->next_in_inbox = graph->inbox;
        graph->inbox = host;
        atomic_fetch_add_explicit(&host->refs, 1, memory_order_relaxed);
    }
    graph_unlock_and_wake(graph);
}

void host_export(struct component_host *host, const void *exports)
{
    /* What is published outlives any scope of the component. */
    ASSERT(host->in_call || !mem_scope_active());
    struct value *value = schema_to_exports(host->def->exports, exports);
    if (host->in_call) {
        if (host->fresh)
            value_unref(host->fresh);
        host->fresh = value;
        return;
    }
    struct graph *graph = host->graph;
    pthread_mutex_lock(&graph->mutex);
    struct value *former = host->pending;
    host->pending = value;
    if (!graph->published_ns)
        graph->published_ns = world_monotonic_ns();
    if (former)
        value_unref(former);
    into_inbox(host);
}

void host_health(struct component_host *host, enum health health, const char *message)
{
    struct graph *graph = host->graph;
    pthread_mutex_lock(&graph->mutex);
    if (!host->own)
        host->own = mem_try_alloc_shared(NULL, sizeof(*host->own));
    if (host->own) {
        host->own->state = health;
        host->own->changed_ns = world_wall_ns();
        (void)snprintf(host->own->message, sizeof(host->own->message), "%s", message);
    }
    pthread_mutex_unlock(&graph->mutex);
}

void host_stopped(struct component_host *host)
{
    struct graph *graph = host->graph;
    pthread_mutex_lock(&graph->mutex);
    host->stopped = true;
    into_inbox(host);
}

void host_count_out(struct component_host *host, size_t items)
{
    atomic_fetch_add_explicit(&host->items_out, items, memory_order_relaxed);
}

/* ---- health ---- */

/* How bad; among equals the newer speaks. */
static int badness(enum health state)
{
    static const int order[] = {
        [HEALTH_HEALTHY] = 0, [HEALTH_UNKNOWN] = 1, [HEALTH_UNHEALTHY] = 2, [HEALTH_EXITED] = 3};
    return order[state];
}

enum health host_overall(const struct cell *cell, char *message, size_t size, int64_t *changed_ns)
{
    const struct eval_health *eval = &cell->health;
    enum health state = eval->state;
    *changed_ns = eval->changed_ns;
    if (size)
        (void)snprintf(message, size, "%s", eval->message ? eval->message : eval->fixed);
    struct component_host *host = cell->host;
    if (!host)
        return state;
    pthread_mutex_lock(&host->graph->mutex);
    const struct own_health *own = host->own;
    if (own && (badness(own->state) > badness(state) ||
                (own->state == state && own->changed_ns >= *changed_ns))) {
        state = own->state;
        *changed_ns = own->changed_ns;
        if (size)
            (void)snprintf(message, size, "%s", own->message);
    }
    pthread_mutex_unlock(&host->graph->mutex);
    return state;
}
