/* From one generation to the next: components that went are stopped level by level, users before
 * what they use; then components that came are started, used ones first. Nothing here allocates but
 * the loops. */

#include "runtime/graph/parts.h"

struct cell_batch {
    struct graph *graph;
    struct cell *cells;
    struct loop *loop;
    uint32_t level;
    uint32_t told;
};

/* ---- stopping ---- */

static void stop_on_loop(void *arg)
{
    struct cell_batch *batch = arg;
    for (struct cell *cell = batch->cells; cell; cell = cell->next) {
        struct component_host *host = cell->host;
        if (cell->stop_level != batch->level || cell->loop != batch->loop)
            continue;
        if (host->def->stop && host->built)
            host->def->stop(host->self);
        else
            host_stopped(host);
    }
}

static void release_on_loop(void *arg)
{
    struct component_host *host = arg;
    host->gone = true;
    if (host->built && host->def->release)
        host->def->release(host->self);
}

static void each_loop(struct graph *graph, loop_fn *fn, struct cell_batch *batch)
{
    for (unsigned i = 0; i < graph->loop_count || i == 0; i++) {
        batch->loop = graph->loop_count ? graph->loops[i] : graph->options.control;
        if (graph->running)
            loop_call(batch->loop, fn, batch);
        else
            fn(batch);
    }
}

static void start_on_loop(void *arg)
{
    struct cell_batch *batch = arg;
    for (struct cell *cell = batch->cells; cell; cell = cell->next) {
        struct component_host *host = cell->host;
        if (cell->loop != batch->loop || host->started)
            continue;
        host->started = true;
        if (host->def->start)
            host->def->start(host->self);
    }
}

static void log_tasks(struct graph *graph, const char *msg, const struct cell *cells)
{
    if (!log_enabled(&graph->log, LOG_DEBUG))
        return;
    for (const struct cell *cell = cells; cell; cell = cell->next)
        LOG(&graph->log, LOG_DEBUG, msg, LOG_S("controller_id", cell->module_id),
            LOG_S("id", cell->local_id));
}

static void start_new(struct graph *graph)
{
    struct cell_batch batch = {.graph = graph, .cells = graph->to_start};
    graph->to_start = NULL;
    log_tasks(graph, "Starting task", batch.cells);
    if (!batch.cells)
        return;
    inbox_hold(graph);
    each_loop(graph, start_on_loop, &batch);
}

/* tests/models/reload.pml: old_stops_before_new_starts. */
static void finish(struct graph *graph)
{
    graph->in_transition = false;
    if (!graph->stopping) {
        start_new(graph);
        inbox_handle(graph);
        graph_wave(graph);
    }
    if (graph->stopping && graph->done) {
        loop_fn *done = graph->done;
        graph->done = NULL;
        loop_timer_close(graph->deadline);
        graph->deadline = NULL;
        done(graph->done_arg);
    } else if (graph->settled) {
        graph->settled(graph->settled_arg);
    }
}

static void free_stopped(struct graph *graph)
{
    struct cell **at = &graph->to_stop;
    while (*at) {
        struct cell *cell = *at;
        if (!cell->has_stopped) {
            at = &cell->next;
            continue;
        }
        *at = cell->next;
        cell_free(cell);
    }
}

/* Tells the next level that has anybody; false = nobody is left. */
static bool tell_next_level(struct graph *graph)
{
    free_stopped(graph);
    uint32_t level = UINT32_MAX, count = 0;
    for (struct cell *cell = graph->to_stop; cell; cell = cell->next) {
        if (cell->stop_level < level) {
            level = cell->stop_level;
            count = 0;
        }
        count += cell->stop_level == level;
    }
    if (!count)
        return false;
    graph->waiting = count;
    struct cell_batch batch = {.graph = graph, .cells = graph->to_stop, .level = level};
    inbox_hold(graph);
    each_loop(graph, stop_on_loop, &batch);
    return true;
}

void transition_stopped(struct graph *graph, struct component_host *host)
{
    struct cell *cell = host->cell;
    if (cell->has_stopped)
        return;
    cell->has_stopped = true;
    host_run(host, release_on_loop, host);
    graph->waiting--;
}

/* Hosts that stop at once have left their word in the inbox when the call returns. */
void transition_pump(struct graph *graph)
{
    while (graph->in_transition && graph->waiting == 0) {
        if (!tell_next_level(graph)) {
            finish(graph);
            return;
        }
        inbox_handle(graph);
    }
}

/* ---- what to do ---- */

/* Users stand in higher ranks; a component stops after all of them (tests/models/reload.pml:
 * push_finds_its_receiver; shutdown.pml: receiver_stops_first). */
static void set_levels(struct generation *gen)
{
    for (uint32_t i = gen->count; i-- > 0;) {
        struct node *node = gen->nodes[i];
        uint32_t level = node->kind == NODE_CALL && node->opens ? node->pair->level : 0;
        for (const struct dependant *d = node->dependants; d; d = d->next) {
            uint32_t above = d->node->level + (d->node->kind == NODE_COMPONENT);
            if (above > level)
                level = above;
        }
        node->level = level;
        node->cell->stop_level = level;
    }
}

static void prepend(struct cell **list, struct cell *cell)
{
    cell->next = *list;
    *list = cell;
}

void transition_leave(struct graph *graph, struct generation *old, uint32_t stamp)
{
    if (old)
        set_levels(old);
    for (uint32_t i = 0; old && i < old->count; i++) {
        struct cell *cell = old->nodes[i]->cell;
        if (old->nodes[i]->kind == NODE_RESULT || cell->generation == stamp)
            continue;
        cell->node = NULL;
        if (cell->host && cell->host->built)
            prepend(&graph->to_stop, cell);
        else
            cell_free(cell);
    }
}

void transition_arrive(struct graph *graph)
{
    struct generation *live = graph->live;
    graph->to_start = NULL;
    for (uint32_t i = live ? live->count : 0; i-- > 0;) {
        struct cell *cell = live->nodes[i]->cell;
        if (cell->host && cell->host->built && !cell->host->started)
            prepend(&graph->to_start, cell);
    }
}

void transition_begin(struct graph *graph)
{
    graph->in_transition = true;
    log_tasks(graph, "Stopping task", graph->to_stop);
    transition_pump(graph);
}

/* ---- the end ---- */

static void give_up(void *arg)
{
    struct graph *graph = arg;
    LOG_PLAIN(&graph->log, LOG_ERROR, "components did not stop in time");
    graph->in_transition = true;
    finish(graph);
}

void graph_stop(struct graph *graph, int64_t deadline_ns, loop_fn *done, void *arg)
{
    /* After a first load that failed; components may need their loops to stop. */
    (void)graph_start_loops(graph, NULL);
    log_tap_free(graph);
    graph->stopping = true;
    graph->done = done;
    graph->done_arg = arg;
    graph->to_start = NULL;
    struct generation *old = graph->live;
    graph->live = NULL;
    transition_leave(graph, old, ++graph->stamp);
    generation_free(old);
    graph->deadline = loop_timer_new(graph->options.control, give_up, graph);
    loop_timer_start(graph->deadline, deadline_ns, 0);
    if (!graph->in_transition)
        transition_begin(graph);
}
