/* Modules that are known only once a node has been evaluated: what an import brings, the items of a
 * foreach. A node whose modules are not what they were made of asks for a new generation; it is
 * made from the same program, keeps what was evaluated, and evaluates what waited for the modules.
 * Each round opens one level of nesting, so GRAPH_MAX_MODULE_DEPTH bounds the rounds. */

#include "runtime/graph/modules.h"

static bool is_inside(const struct instance *in, const struct node *owner)
{
    for (; in; in = in->parent) {
        if (in->owner == owner)
            return true;
    }
    return false;
}

void node_reshape(struct graph *graph, struct node *node)
{
    struct generation *gen = graph->live;
    graph->reshape = true;
    for (struct dependant *d = node->dependants; d; d = d->next) {
        d->node->waits = true;
        node_mark(gen, d->node);
    }
    for (uint32_t i = node->rank + 1; i < gen->count && is_inside(gen->nodes[i]->in, node); i++)
        gen->nodes[i]->waits = true;
    if (node->kind != NODE_FOREACH)
        return;
    node->pair->waits = true;
    node_mark(gen, node->pair);
}

bool reshape_may_evaluate(struct generation *gen, struct node *node)
{
    (void)gen;
    if (node->waits) {
        node->pending = true;
        for (struct dependant *d = node->dependants; d; d = d->next)
            d->node->waits = true;
        if (node->kind == NODE_CALL)
            node->pair->waits = true;
        return false;
    }
    for (struct instance *in = node->in->item_in; in; in = in->parent->item_in) {
        if (in->owner->failed_item && in->owner->failed_item != in)
            return false;
    }
    return true;
}

void reshape_evaluated(struct generation *gen, struct node *node)
{
    (void)gen;
    if (node->kind == NODE_RESULT || !node->cell->problem)
        return;
    for (struct instance *in = node->in->item_in; in; in = in->parent->item_in) {
        if (in->owner->reloads && !in->owner->failed_item)
            in->owner->failed_item = in;
    }
}

struct remaking {
    struct graph *graph;
    struct diags diags;
    struct generation *made;
};

static void remake_work(void *arg)
{
    struct remaking *r = arg;
    diags_init(&r->diags);
    struct generation *live = r->graph->live;
    r->made = generation_new(r->graph, live->root->module->program, true, &r->diags);
}

static void mark_what_differs(struct generation *gen)
{
    for (uint32_t i = 0; i < gen->count; i++) {
        struct node *node = gen->nodes[i];
        if (node->same || node->in->frozen)
            continue;
        if (node->kind == NODE_RESULT && node->pair->kind == NODE_FOREACH)
            node->pair->reloads = true;
        node_mark_whole(gen, node);
    }
}

static bool remake(struct graph *graph)
{
    struct remaking r = {.graph = graph};
    struct generation *old = graph->live;
    bool had_memory = mem_scope_run(remake_work, &r);
    if (had_memory)
        diags_release(&r.diags);
    if (!had_memory || !r.made) {
        LOG_PLAIN(&graph->log, LOG_ERROR,
                  "modules cannot be opened: they have too many blocks, or there is no memory");
        return false;
    }
    r.made->loading = old->loading;
    generation_commit(graph, r.made);
    mark_what_differs(r.made);
    if (old->loading)
        load_note_removed(graph, old);
    transition_leave(graph, old, r.made->stamp);
    generation_free(old);
    (void)generation_drain(graph, r.made);
    return true;
}

bool graph_reshape(struct graph *graph)
{
    while (graph->reshape) {
        if (graph->in_transition)
            return false;
        graph->reshape = false;
        if (!remake(graph))
            return false;
    }
    return true;
}
