/* Waves: which expressions read what changed, and the evaluation of their nodes in order. A wave
 * works on the exports as they were when it began: what components publish meanwhile waits. */

#include "runtime/graph/parts.h"

#include "base/world.h"

void node_mark(struct generation *gen, struct node *node)
{
    ranks_add(&gen->dirty, node->rank);
}

void node_mark_whole(struct generation *gen, struct node *node)
{
    if (node->kind != NODE_RESULT) /* it shares the call's cell */
        cell_forget_known(node->cell);
    node_mark(gen, node);
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
    bool equal;
    if (value_equal_small(a, b, &equal))
        return equal;
    struct comparing c = {.a = a, .b = b};
    return mem_scope_run(compare_work, &c) && c.equal;
}

/* Does what stands at the path differ? Where there is no object on the way, all that is there
 * counts. */
static bool path_differs(const struct value *was, const struct value *now,
                         const struct dependant *d)
{
    for (uint16_t i = 0; i < d->path_len; i++) {
        if (!was || !now || was == now || was->type != VALUE_OBJECT || now->type != VALUE_OBJECT)
            break;
        was = value_field(was, d->path[i]);
        now = value_field(now, d->path[i]);
    }
    if (was == now)
        return false;
    return !was || !now || !is_equal(was, now);
}

static bool same_path(const struct dependant *a, const struct dependant *b)
{
    if (a->path_len != b->path_len)
        return false;
    for (uint16_t i = 0; i < a->path_len; i++) {
        if (!str_eq(a->path[i], b->path[i]))
            return false;
    }
    return true;
}

/* Those who read the same mostly stand together, so the last answer serves the next. */
static void mark_readers(struct generation *gen, struct node *node, const struct value *was,
                         const struct value *now)
{
    const struct dependant *last = NULL;
    bool differs = false;
    for (struct dependant *d = node->dependants; d; d = d->next) {
        if (!last || !same_path(last, d))
            differs = path_differs(was, now, d);
        last = d;
        if (!differs)
            continue;
        if (d->input != NO_INPUT)
            d->node->inputs[d->input].stale = true;
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

/* What a load evaluates inside a module shows on the custom component. */
static void note_inside(struct generation *gen, const struct node *node)
{
    struct instance *in = node->in;
    if (!gen->loading || !in->result)
        return;
    in->reloaded = true;
    const struct node *at = node->kind == NODE_RESULT ? node->pair : node;
    in->call->changed |= at->changed || !at->kept;
    node_mark(gen, in->result);
}

enum { NODES_A_LOOK = 32 };

static void fetch_parts(const struct node *node)
{
    enum { LINE = 64, CODE_LINES = 6 };
    const struct cell *cell = node->cell;
    if (cell->host)
        __builtin_prefetch(cell->host->self);
    if (cell->args) {
        __builtin_prefetch(cell->args->data);
        __builtin_prefetch(cell->args->spare);
    }
    if (!node->input_count)
        return;
    const char *code = (const void *)node->block->exprs[node->inputs[0].expr].expr;
    for (int line = 0; line < CODE_LINES; line++)
        __builtin_prefetch(code + (size_t)line * LINE);
    if (cell->known)
        __builtin_prefetch(cell->known[0]);
}

/* Nodes of a large wave lie far apart in memory: what the next ones need is fetched meanwhile, a
 * step further with each node. */
static void fetch_ahead(const struct generation *gen, uint32_t rank)
{
    enum { NODE = 12, CELL = 9, OWNED = 6, PARTS = 3 };
    if (rank + NODE >= gen->count)
        return;
    __builtin_prefetch(gen->nodes[rank + NODE]);
    if (ranks_has(&gen->dirty, rank + CELL)) {
        const struct node *node = gen->nodes[rank + CELL];
        __builtin_prefetch(node->cell);
        __builtin_prefetch(&node->cell->health);
        __builtin_prefetch(node->inputs);
        __builtin_prefetch(node->block);
        __builtin_prefetch(&node->block->exprs);
    }
    if (ranks_has(&gen->dirty, rank + OWNED)) {
        const struct node *node = gen->nodes[rank + OWNED];
        __builtin_prefetch(node->cell->known);
        __builtin_prefetch(node->cell->args);
        __builtin_prefetch(node->cell->host);
        __builtin_prefetch(node->cell->exports);
        __builtin_prefetch(node->block->exprs);
    }
    if (ranks_has(&gen->dirty, rank + PARTS))
        fetch_parts(gen->nodes[rank + PARTS]);
}

uint32_t generation_drain(struct graph *graph, struct generation *gen)
{
    int64_t since = graph->first_publication_ns;
    graph->first_publication_ns = 0;
    if (!since)
        since = world_monotonic_ns();
    uint32_t count = 0;
    graph->in_wave = true;
    graph->now_ns = world_monotonic_ns();
    graph->wall_ns = world_wall_ns();
    for (; gen->dirty.count; count++) {
        if (count % NODES_A_LOOK == 0)
            loops_return(graph, false);
        self_set(graph->queue_size, gen->dirty.count);
        struct node *node = gen->nodes[ranks_take(&gen->dirty)];
        if (gen->dirty.count > NODES_A_LOOK)
            fetch_ahead(gen, node->rank);
        if (gen->loading && node->in->frozen)
            continue;
        if (!reshape_may_evaluate(gen, node))
            continue;
        if (!gen->loading && node->kind == NODE_COMPONENT)
            self_observe(graph->wait_seconds, (double)(graph->now_ns - since) / 1e9);
        node_evaluate(graph, node);
        reshape_evaluated(gen, node);
        if (node->kind == NODE_CALL || node->kind == NODE_FOREACH)
            node_mark(gen, node->pair);
        note_inside(gen, node);
    }
    graph->in_wave = false;
    loops_return(graph, true);
    self_set(graph->queue_size, 0);
    return count;
}

void graph_wave(struct graph *graph)
{
    struct generation *gen = graph->live;
    if (!gen || (!gen->dirty.count && !graph->reshape)) {
        graph->first_publication_ns = 0;
        return;
    }
    graph->counts.waves++;
    self_set(graph->evaluating, 1);
    (void)generation_drain(graph, gen);
    bool reshaped = graph->reshape && !graph->in_transition;
    (void)graph_reshape(graph);
    self_set(graph->evaluating, 0);
    if (!reshaped)
        return;
    transition_arrive(graph);
    if (graph->running)
        transition_begin(graph);
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
