/* Placement: components that receivers connect live on one data loop, so that data between them is
 * a call. Groups are found by union-find over the links that carry receivers; through modules,
 * where values have no static type, every link may. A component that is kept stays where it is, and
 * its group joins it; the others go where the fewest are. */

#include "runtime/graph/parts.h"

struct placing {
    struct graph *graph;
    struct generation *gen;
    uint32_t *parent;    /* by rank */
    struct loop **loops; /* by rank of a group's root */
    uint32_t counts[GRAPH_MAX_DATA_LOOPS];
};

static uint32_t root_of(struct placing *p, uint32_t at)
{
    while (p->parent[at] != at) {
        p->parent[at] = p->parent[p->parent[at]];
        at = p->parent[at];
    }
    return at;
}

static void join(struct placing *p, uint32_t a, uint32_t b)
{
    p->parent[root_of(p, a)] = root_of(p, b);
}

static bool is_receiver(const struct row *row)
{
    return row->type->kind == FIELD_CAPSULE &&
           (row->capsule == &capsule_metrics || row->capsule == &capsule_logs ||
            row->capsule == &capsule_otlp);
}

static bool carries_receivers(const struct node *from, struct str field)
{
    if (from->kind != NODE_COMPONENT)
        return true;
    const struct shape *exports = from->block->symbol.exports;
    for (const struct row *row = exports ? exports->rows : NULL; row && row->name; row++) {
        if (is_receiver(row) && (!field.len || str_is(field, row->name)))
            return true;
    }
    return false;
}

static void find_groups(struct placing *p)
{
    for (uint32_t i = 0; i < p->gen->count; i++)
        p->parent[i] = i;
    for (uint32_t i = 0; i < p->gen->count; i++) {
        const struct node *node = p->gen->nodes[i];
        for (const struct dependant *d = node->dependants; d; d = d->next) {
            if (carries_receivers(node, d->path_len ? d->path[0] : STR("")))
                join(p, i, d->node->rank);
        }
    }
}

static void count(struct placing *p, const struct loop *loop)
{
    for (unsigned i = 0; i < p->graph->loop_count; i++)
        p->counts[i] += p->graph->loops[i] == loop;
}

static struct loop *emptiest(const struct placing *p)
{
    unsigned best = 0;
    for (unsigned i = 1; i < p->graph->loop_count; i++) {
        if (p->counts[i] < p->counts[best])
            best = i;
    }
    return p->graph->loops[best];
}

static void settle_kept(struct placing *p)
{
    for (uint32_t i = 0; i < p->gen->count; i++) {
        const struct node *node = p->gen->nodes[i];
        if (node->kind != NODE_COMPONENT || !node->kept)
            continue;
        struct loop **loop = &p->loops[root_of(p, i)];
        *loop = *loop ? *loop : node->cell->loop;
        count(p, node->cell->loop);
    }
}

static void settle_new(struct placing *p)
{
    for (uint32_t i = 0; i < p->gen->count; i++) {
        struct node *node = p->gen->nodes[i];
        if (node->kind != NODE_COMPONENT || node->kept)
            continue;
        struct loop **loop = &p->loops[root_of(p, i)];
        *loop = *loop ? *loop : emptiest(p);
        node->cell->loop = *loop;
        count(p, *loop);
    }
}

void generation_place(struct graph *graph, struct generation *gen)
{
    if (graph->loop_count < 2)
        return;
    struct placing p = {.graph = graph, .gen = gen};
    p.parent = mem_array(NULL, gen->count + 1, sizeof(*p.parent));
    p.loops = mem_array(NULL, gen->count + 1, sizeof(struct loop *));
    find_groups(&p);
    settle_kept(&p);
    settle_new(&p);
    mem_free(p.parent);
    mem_free(p.loops);
}
