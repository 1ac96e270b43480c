/* Waves: which nodes read what changed, and their evaluation in order. The dirty nodes stand in a
 * heap that is as large as the generation, so that marking cannot fail. */

#include "runtime/graph/parts.h"

#include "base/world.h"

static bool before(const struct node *a, const struct node *b)
{
    return a->rank < b->rank;
}

static void sift_up(struct node **heap, uint32_t at)
{
    struct node *node = heap[at];
    while (at && before(node, heap[(at - 1) / 2])) {
        heap[at] = heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap[at] = node;
}

static void sift_down(struct node **heap, uint32_t len)
{
    struct node *node = heap[0];
    uint32_t at = 0;
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= len)
            break;
        if (child + 1 < len && before(heap[child + 1], heap[child]))
            child++;
        if (!before(heap[child], node))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = node;
}

void node_mark(struct generation *gen, struct node *node)
{
    if (node->dirty || gen->loading)
        return;
    node->dirty = true;
    gen->heap[gen->heap_len] = node;
    sift_up(gen->heap, gen->heap_len++);
}

static struct node *take_first(struct generation *gen)
{
    struct node *node = gen->heap[0];
    gen->heap[0] = gen->heap[--gen->heap_len];
    if (gen->heap_len)
        sift_down(gen->heap, gen->heap_len);
    node->dirty = false;
    return node;
}

/* Comparing may need memory; without it two values count as different, which is always safe. */
struct comparing {
    const struct value *a;
    const struct value *b;
    bool equal;
};

static void compare_work(void *arg)
{
    struct comparing *c = arg;
    c->equal = value_equal(c->a, c->b);
}

static bool is_equal(const struct value *a, const struct value *b)
{
    struct comparing c = {.a = a, .b = b};
    return mem_scope_run(compare_work, &c) && c.equal;
}

static bool field_differs(const struct value *was, const struct value *now, struct str field)
{
    if (!was || !now || was->type != VALUE_OBJECT || now->type != VALUE_OBJECT || !field.len)
        return true;
    const struct value *a = value_field(was, field), *b = value_field(now, field);
    return !a || !b || !is_equal(a, b);
}

/* Dependants are listed by field in runs, so the last answer mostly serves the next. */
static void mark_readers(struct generation *gen, struct node *node, const struct value *was,
                         const struct value *now)
{
    struct str last = STR_NONE;
    bool known = false, differs = false;
    for (struct dependant *d = node->dependants; d; d = d->next) {
        if (!known || !str_eq(last, d->field)) {
            differs = field_differs(was, now, d->field);
            last = d->field;
            known = true;
        }
        if (differs)
            node_mark(gen, d->node);
    }
}

void node_publish(struct graph *graph, struct node *node, struct value **slot,
                  struct value *owned_now)
{
    struct value *was = *slot;
    if (was && is_equal(was, owned_now)) {
        value_unref(owned_now);
        return;
    }
    *slot = owned_now;
    mark_readers(graph->live, node, was, owned_now);
    if (was)
        value_unref(was);
}

void graph_wave(struct graph *graph)
{
    struct generation *gen = graph->live;
    int64_t since = graph->first_publication_ns;
    graph->first_publication_ns = 0;
    if (!gen || !gen->heap_len)
        return;
    if (!since)
        since = world_monotonic_ns();
    graph->counts.waves++;
    self_set(graph->evaluating, 1);
    while (gen->heap_len) {
        self_set(graph->queue_size, gen->heap_len);
        struct node *node = take_first(gen);
        if (node->kind == NODE_COMPONENT)
            self_observe(graph->wait_seconds, (double)(world_monotonic_ns() - since) / 1e9);
        node_evaluate(graph, node);
        if (node->kind == NODE_CALL)
            node_mark(gen, node->pair);
    }
    self_set(graph->queue_size, 0);
    self_set(graph->evaluating, 0);
}

/* ---- from data loops ---- */

static struct component_host *take_inbox(struct graph *graph)
{
    pthread_mutex_lock(&graph->mutex);
    graph->first_publication_ns = graph->published_ns;
    graph->published_ns = 0;
    struct component_host *first = graph->inbox;
    graph->inbox = NULL;
    graph->posted = false;
    pthread_mutex_unlock(&graph->mutex);
    return first;
}

static void handle(struct graph *graph, struct component_host *host)
{
    pthread_mutex_lock(&graph->mutex);
    struct value *exports = host->pending;
    host->pending = NULL;
    bool stopped = host->stopped;
    host->stopped = false;
    host->in_inbox = false;
    pthread_mutex_unlock(&graph->mutex);
    struct node *node = host->cell->node;
    if (exports && node)
        node_publish(graph, node, &host->cell->exports, exports);
    else if (exports)
        value_unref(exports);
    if (stopped)
        transition_stopped(graph, host);
    host_unref(host);
}

void inbox_hold(struct graph *graph)
{
    pthread_mutex_lock(&graph->mutex);
    graph->posted = true;
    pthread_mutex_unlock(&graph->mutex);
}

void inbox_handle(struct graph *graph)
{
    struct component_host *host = take_inbox(graph);
    while (host) {
        struct component_host *next = host->next_in_inbox;
        handle(graph, host);
        host = next;
    }
}

void graph_flush(struct graph *graph)
{
    inbox_handle(graph);
    graph_wave(graph);
    transition_pump(graph);
}

static void flush(void *arg)
{
    graph_flush(arg);
}

/* Posting may fail for want of memory and leave the scope of whoever publishes, so it comes after
 * the lock; `posted` is then taken back. */
static void undo_posted(void *arg)
{
    struct graph *graph = arg;
    pthread_mutex_lock(&graph->mutex);
    graph->posted = false;
    pthread_mutex_unlock(&graph->mutex);
}

void graph_unlock_and_wake(struct graph *graph)
{
    bool post = !graph->posted;
    graph->posted = true;
    pthread_mutex_unlock(&graph->mutex);
    if (!post)
        return;
    mem_scope_guard(undo_posted, graph);
    loop_post(graph->options.control, flush, graph);
    mem_scope_unguard(undo_posted, graph);
}
