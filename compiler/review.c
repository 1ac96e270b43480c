/* Blocks and edges of two charts compared. */

#include "compiler/review.h"

#include "base/vec.h"

enum { UNTOUCHED = UINT32_MAX };

struct maker {
    const struct chart *before;
    const struct chart *after;
    struct arena *arena;
    VEC(struct review_block) blocks;
    VEC(struct review_edge) edges;
    uint32_t *cause; /* of each node of `after`: the node that it is dirty by; UNTOUCHED = clean */
    VEC(uint32_t) dirty;
};

static void index_nodes(struct map *ids, const struct chart *chart)
{
    map_init(ids, NULL);
    for (uint32_t i = 0; i < chart->node_count; i++)
        map_put(ids, chart->nodes[i].id, &chart->nodes[i]);
}

static void touch(struct maker *m, uint32_t node, uint32_t cause)
{
    if (node == CHART_NONE || m->cause[node] != UNTOUCHED)
        return;
    m->cause[node] = cause;
    VEC_PUSH(&m->dirty, node);
}

static void compare_block(struct maker *m, uint32_t i, const struct chart_node *old)
{
    struct review_block block = {.before = old, .after = &m->after->nodes[i]};
    block.change = old ? REVIEW_CHANGED : REVIEW_ADDED;
    if (old && old->block->kind == block.after->block->kind) {
        block.arguments =
            review_arguments(old->block, block.after->block, &block.argument_count, m->arena);
        if (block.argument_count == 0)
            return;
    }
    VEC_PUSH(&m->blocks, block);
    touch(m, i, i);
}

static void compare_blocks(struct maker *m, struct map *old_ids, struct map *new_ids)
{
    for (uint32_t i = 0; i < m->after->node_count; i++)
        compare_block(m, i, map_get(old_ids, m->after->nodes[i].id));
    for (uint32_t i = 0; i < m->before->node_count; i++) {
        const struct chart_node *old = &m->before->nodes[i];
        if (map_has(new_ids, old->id))
            continue;
        VEC_PUSH(&m->blocks, ((struct review_block){.change = REVIEW_REMOVED, .before = old}));
        /* What is left of its module has changed. */
        struct str module = m->before->modules[old->module].id;
        const struct chart_node *owner = map_get(new_ids, module);
        if (owner)
            touch(m, (uint32_t)(owner - m->after->nodes), (uint32_t)(owner - m->after->nodes));
    }
}

/* Lists by node: who refers to it, and (of the owner of a module) its instances. */
struct links {
    uint32_t *first; /* by node, node_count + 1 */
    uint32_t *items;
};

static void count_links(uint32_t *first, const struct chart *c)
{
    for (uint32_t i = 0; i < c->edge_count; i++)
        if (!c->edges[i].is_data)
            first[c->edges[i].to + 1]++;
    for (uint32_t i = 0; i < c->node_count; i++)
        if (c->nodes[i].block->kind == BLOCK_CUSTOM && c->nodes[i].inner != CHART_NONE)
            first[c->modules[c->nodes[i].inner].owner + 1]++;
}

static struct links make_links(const struct chart *c, struct arena *arena)
{
    struct links l = {.first = ARENA_ARRAY(arena, c->node_count + 2, uint32_t)};
    memset(l.first, 0, (c->node_count + 2) * sizeof(uint32_t));
    count_links(l.first, c);
    for (uint32_t i = 0; i < c->node_count; i++)
        l.first[i + 1] += l.first[i];
    l.items = ARENA_ARRAY(arena, l.first[c->node_count] + 1, uint32_t);
    uint32_t *at = ARENA_ARRAY(arena, c->node_count + 1, uint32_t);
    memcpy(at, l.first, (c->node_count + 1) * sizeof(uint32_t));
    for (uint32_t i = 0; i < c->edge_count; i++)
        if (!c->edges[i].is_data)
            l.items[at[c->edges[i].to]++] = c->edges[i].from;
    for (uint32_t i = 0; i < c->node_count; i++)
        if (c->nodes[i].block->kind == BLOCK_CUSTOM && c->nodes[i].inner != CHART_NONE)
            l.items[at[c->modules[c->nodes[i].inner].owner]++] = i;
    return l;
}

/* From what is new or changed to what refers to it, to the module around it and its instances. */
static void spread(struct maker *m)
{
    struct links links = make_links(m->after, m->arena);
    for (size_t i = 0; i < m->dirty.len; i++) {
        uint32_t node = m->dirty.items[i];
        for (uint32_t k = links.first[node]; k < links.first[node + 1]; k++)
            touch(m, links.items[k], node);
        touch(m, m->after->modules[m->after->nodes[node].module].owner, node);
    }
}

static void add_affected(struct maker *m)
{
    for (size_t i = 0; i < m->dirty.len; i++) {
        uint32_t node = m->dirty.items[i];
        enum block_kind kind = m->after->nodes[node].block->kind;
        if (m->cause[node] == node || kind == BLOCK_DECLARE)
            continue;
        const struct chart_node *after = &m->after->nodes[node];
        VEC_PUSH(&m->blocks, ((struct review_block){.change = REVIEW_AFFECTED,
                                                    .before = after, /* its text is the same */
                                                    .after = after,
                                                    .cause = &m->after->nodes[m->cause[node]]}));
    }
}

/* ---- edges ---- */

static struct str edge_key(const struct chart *c, const struct chart_edge *e, bool is_data,
                           struct arena *arena)
{
    return arena_printf(arena, "%.*s\n%.*s\n%d", STR_ARG(c->nodes[e->from].id),
                        STR_ARG(c->nodes[e->to].id), is_data);
}

static void index_edges(struct map *keys, const struct chart *c, struct arena *arena)
{
    map_init(keys, NULL);
    for (uint32_t i = 0; i < c->edge_count; i++)
        map_put(keys, edge_key(c, &c->edges[i], c->edges[i].is_data, arena), keys);
}

/* Data flows between the two, one way or the other: the reference says nothing more. */
static bool is_covered(const struct map *keys, const struct chart *c, const struct chart_edge *e,
                       struct arena *arena)
{
    struct chart_edge back = {.from = e->to, .to = e->from};
    return map_has(keys, edge_key(c, e, true, arena)) ||
           map_has(keys, edge_key(c, &back, true, arena));
}

/* The edges of `c` that `others` does not have. */
static void add_edges(struct maker *m, const struct chart *c, const struct map *own,
                      const struct map *others, bool is_added)
{
    struct map seen; /* two arguments may make one edge */
    map_init(&seen, NULL);
    for (uint32_t i = 0; i < c->edge_count; i++) {
        const struct chart_edge *e = &c->edges[i];
        struct str key = edge_key(c, e, e->is_data, m->arena);
        if (map_has(others, key) || map_put(&seen, key, m))
            continue;
        if (e->is_data || !is_covered(own, c, e, m->arena))
            VEC_PUSH(&m->edges, ((struct review_edge){is_added, e}));
    }
    map_release(&seen);
}

static void compare_edges(struct maker *m)
{
    struct map old, new;
    index_edges(&old, m->before, m->arena);
    index_edges(&new, m->after, m->arena);
    add_edges(m, m->before, &old, &new, false);
    add_edges(m, m->after, &new, &old, true);
    map_release(&old);
    map_release(&new);
}

static void *keep(struct arena *arena, const void *items, size_t count, size_t size)
{
    void *copy = arena_array(arena, count + 1, size);
    if (count > 0)
        memcpy(copy, items, count * size);
    return copy;
}

void review_make(struct review *review, const struct chart *before, const struct chart *after,
                 struct arena *arena)
{
    struct maker m = {.before = before, .after = after, .arena = arena};
    struct map old_ids, new_ids;
    *review = (struct review){0};
    m.cause = ARENA_ARRAY(arena, after->node_count + 1, uint32_t);
    memset(m.cause, 0xff, (after->node_count + 1) * sizeof(uint32_t));
    index_nodes(&old_ids, before);
    index_nodes(&new_ids, after);
    compare_blocks(&m, &old_ids, &new_ids);
    spread(&m);
    add_affected(&m);
    compare_edges(&m);
    for (size_t i = 0; i < m.blocks.len; i++)
        review->counts[m.blocks.items[i].change]++;
    review->kept = after->node_count - review->counts[REVIEW_ADDED] -
                   review->counts[REVIEW_CHANGED] - review->counts[REVIEW_AFFECTED];
    review->blocks = keep(arena, m.blocks.items, m.blocks.len, sizeof(struct review_block));
    review->block_count = m.blocks.len;
    review->edges = keep(arena, m.edges.items, m.edges.len, sizeof(struct review_edge));
    review->edge_count = m.edges.len;
    VEC_RELEASE(&m.blocks);
    VEC_RELEASE(&m.edges);
    VEC_RELEASE(&m.dirty);
    map_release(&old_ids);
    map_release(&new_ids);
}

bool review_is_empty(const struct review *review)
{
    return review->block_count == 0 && review->edge_count == 0;
}
