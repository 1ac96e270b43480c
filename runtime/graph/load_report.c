/* What the last load did, component by component. Ids of what was removed are kept until the next
 * load, up to REMOVED_MAX bytes. */

#include "runtime/graph/parts.h"

enum { REMOVED_MAX = 16 * 1024 * 1024 };

static bool is_component(const struct node *node)
{
    return node->kind == NODE_COMPONENT || node->kind == NODE_CALL;
}

struct noting {
    struct graph *graph;
    const struct generation *old;
    struct buf ids;
};

static void note_work(void *arg)
{
    struct noting *n = arg;
    buf_init(&n->ids, NULL, REMOVED_MAX);
    buf_str(&n->ids, buf_view(&n->graph->removed));
    for (uint32_t i = 0; n->old && i < n->old->count; i++) {
        const struct node *node = n->old->nodes[i];
        if (!is_component(node) || node->cell->generation == n->graph->live->stamp)
            continue;
        buf_str(&n->ids, node->cell->global_id);
        buf_byte(&n->ids, '\0');
    }
}

void load_note_removed(struct graph *graph, const struct generation *old)
{
    struct noting n = {.graph = graph, .old = old};
    if (!mem_scope_run(note_work, &n))
        return;
    buf_release(&graph->removed);
    graph->removed = n.ids;
}

void graph_last_load(const struct graph *graph, load_change_fn *fn, void *arg)
{
    const struct generation *live = graph->live;
    for (uint32_t i = 0; live && i < live->count; i++) {
        const struct node *node = live->nodes[i];
        if (!is_component(node))
            continue;
        enum load_change change = node->changed ? LOAD_CHANGED : LOAD_KEPT;
        fn(arg, node->kept && !node->added ? change : LOAD_ADDED, node->cell->global_id);
    }
    struct str rest = buf_view(&graph->removed);
    while (rest.len) {
        struct str id;
        str_cut(rest, '\0', &id, &rest);
        fn(arg, LOAD_REMOVED, id);
    }
}
