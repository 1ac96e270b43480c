/* Nodes module by module, then the references of each block's body with the rows they stand in. */

#include "compiler/chart.h"

#include "base/vec.h"
#include "compiler/code.h"

struct maker {
    struct arena *arena;
    VEC(struct chart_module) modules;
    VEC(struct chart_node) nodes;
    VEC(struct chart_edge) edges;
    struct map ids;   /* full id → index of the node + 1 */
    struct map seen;  /* "from to kind argument" of the edges of one block */
    uint32_t current; /* node whose references are read */
};

static void *to_pointer(uint32_t index)
{
    return (void *)(uintptr_t)(index + 1);
}

static uint32_t from_pointer(const void *p)
{
    return p ? (uint32_t)(uintptr_t)p - 1 : CHART_NONE;
}

const char *chart_kind_name(enum block_kind kind)
{
    static const char *const names[] = {
        [BLOCK_COMPONENT] = "component", [BLOCK_CUSTOM] = "module", [BLOCK_DECLARE] = "declare",
        [BLOCK_ARGUMENT] = "argument",   [BLOCK_EXPORT] = "export", [BLOCK_LOGGING] = "logging",
        [BLOCK_TRACING] = "tracing",     [BLOCK_IMPORT] = "import", [BLOCK_FOREACH] = "foreach",
        [BLOCK_SERVICE] = "service",
    };
    return names[kind];
}

static struct str join(struct maker *m, struct str module, struct str id)
{
    return module.len == 0 ? id : arena_printf(m->arena, "%.*s/%.*s", STR_ARG(module), STR_ARG(id));
}

/* ---- nodes ---- */

/* The name of a foreach's item, as far as the text says it. */
static struct str variable_of(const struct program_block *foreach)
{
    const struct ast *ast = foreach->ast;
    AST_EACH(ast, ast_block_body(ast, foreach->node), statement)
    {
        if (ast_at(ast, statement)->kind != AST_ATTRIBUTE ||
            !str_is(ast_name(ast, statement), "var"))
            continue;
        ast_id value = ast_value(ast, statement);
        struct str text = ast_text(ast, value);
        const struct ast_node *node = ast_at(ast, value);
        if (node->kind == AST_LITERAL && node->op == AST_STRING && text.len >= 2)
            return str_slice(text, 1, text.len - 1);
    }
    return STR("");
}

static void add_inner(struct maker *m, uint32_t node, struct program_module *inner)
{
    if (!inner)
        return;
    m->nodes.items[node].inner = (uint32_t)m->modules.len;
    VEC_PUSH(&m->modules, ((struct chart_module){.id = m->nodes.items[node].id,
                                                 .parent = m->nodes.items[node].module,
                                                 .owner = node,
                                                 .module = inner}));
}

static void add_nodes(struct maker *m, uint32_t index)
{
    struct chart_module home = m->modules.items[index];
    for (uint32_t i = 0; i < home.module->count; i++) {
        struct program_block *block = &home.module->blocks[i];
        struct str id = join(m, home.id, block->id);
        if (map_has(&m->ids, id)) /* a duplicate */
            continue;
        uint32_t node = (uint32_t)m->nodes.len;
        map_put(&m->ids, id, to_pointer(node));
        VEC_PUSH(&m->nodes, ((struct chart_node){id, CHART_NONE, index, block}));
        if (!block->usable)
            continue;
        if (block->kind == BLOCK_DECLARE)
            add_inner(m, node, program_inner(home.module, i));
        else if (block->kind == BLOCK_FOREACH)
            add_inner(m, node, program_template(home.module, i, variable_of(block)));
    }
}

/* Instances know the module that they are made of. */
static void link_instances(struct maker *m)
{
    struct map inner; /* address of the declare block → module + 1 */
    map_init(&inner, NULL);
    for (uint32_t i = 1; i < m->modules.len; i++) {
        const struct program_block *owner = m->nodes.items[m->modules.items[i].owner].block;
        map_put(&inner, str_of((const char *)&owner, sizeof(const void *)), to_pointer(i));
    }
    for (uint32_t i = 0; i < m->nodes.len; i++) {
        const struct program_block *block = m->nodes.items[i].block;
        if (block->kind != BLOCK_CUSTOM || !block->declared_in)
            continue;
        const struct program_block *declare = &block->declared_in->blocks[block->declare];
        m->nodes.items[i].inner =
            from_pointer(map_get(&inner, str_of((const char *)&declare, sizeof(const void *))));
    }
    map_release(&inner);
}

/* ---- edges ---- */

enum flow { FLOW_NONE, FLOW_IN, FLOW_OUT };

/* What a value of the type is for the block that has it as an argument. */
static enum flow flow_of(const struct field_type *type)
{
    while (type && type->item)
        type = type->item;
    if (!type)
        return FLOW_NONE;
    if (type->kind == FIELD_CAPSULE)
        return FLOW_OUT;
    return type->kind == FIELD_TARGET || type->kind == FIELD_TARGETS ? FLOW_IN : FLOW_NONE;
}

/* By the exported field, which is sure; else by the argument. */
static enum flow flow_of_reference(const struct program_block *target, const struct expr_ref *ref,
                                   uint32_t used, const struct row *row)
{
    if (target->symbol.exports && used < ref->count) {
        const struct row *field = schema_find(target->symbol.exports, ref->names[used]);
        if (field)
            return flow_of(field->type);
    }
    return row ? flow_of(row->type) : FLOW_NONE;
}

static void add_edge(struct maker *m, struct chart_edge edge)
{
    char key[64];
    int len = snprintf(key, sizeof(key), "%u %u %d ", edge.from, edge.to, edge.is_data);
    struct str full = arena_concat(m->arena, str_of(key, (size_t)len), edge.argument);
    if (map_put(&m->seen, full, m))
        return;
    VEC_PUSH(&m->edges, edge);
}

static uint32_t node_of(const struct maker *m, uint32_t module, uint32_t up, uint32_t block,
                        struct arena *arena)
{
    while (up-- > 0 && m->modules.items[module].parent != CHART_NONE)
        module = m->modules.items[module].parent;
    const struct chart_module *home = &m->modules.items[module];
    struct str id = home->module->blocks[block].id;
    if (home->id.len > 0)
        id = arena_printf(arena, "%.*s/%.*s", STR_ARG(home->id), STR_ARG(id));
    return from_pointer(map_get(&m->ids, id));
}

static void add_references(struct maker *m, const struct program_expr *expr, struct str argument,
                           const struct row *row)
{
    const struct chart_node *node = &m->nodes.items[m->current];
    const struct program_ref *refs = &node->block->refs[expr->first_ref];
    for (size_t i = 0; i < expr_ref_count(expr->expr); i++) {
        if (refs[i].kind != REF_BLOCK)
            continue;
        const struct expr_ref *ref = expr_ref_at(expr->expr, i);
        uint32_t to = node_of(m, node->module, refs[i].up, refs[i].target, m->arena);
        if (to == CHART_NONE)
            continue;
        struct chart_edge edge = {m->current, to, false, argument, node->block->ast, ref->node};
        add_edge(m, edge);
        const struct program_block *target = m->nodes.items[to].block;
        enum flow flow = flow_of_reference(target, ref, refs[i].used, row);
        edge.is_data = true;
        if (flow == FLOW_IN) {
            edge.from = to;
            edge.to = m->current;
        }
        if (flow != FLOW_NONE)
            add_edge(m, edge);
    }
}

struct visit {
    ast_id next; /* statement */
    struct str prefix;
    const struct shape *shape;
};

/* The block's expressions are in source order, as the walk is. */
static void add_edges(struct maker *m)
{
    const struct program_block *block = m->nodes.items[m->current].block;
    const struct ast *ast = block->ast;
    VEC(struct visit) visits = {0};
    uint32_t at = 0;
    map_clear(&m->seen);
    if (block->expr_count > 0)
        VEC_PUSH(&visits, ((struct visit){ast_at(ast, ast_block_body(ast, block->node))->child,
                                          STR(""), block->symbol.args}));
    while (visits.len > 0 && at < block->expr_count) {
        struct visit *top = &visits.items[visits.len - 1];
        ast_id node = top->next;
        if (!node) {
            visits.len--;
            continue;
        }
        top->next = ast_at(ast, node)->next;
        bool is_block = ast_at(ast, node)->kind == AST_BLOCK;
        struct str own = is_block ? ast_block_name(ast, node, m->arena) : ast_name(ast, node);
        struct str name = top->prefix.len == 0 ? own
                                               : arena_printf(m->arena, "%.*s.%.*s",
                                                              STR_ARG(top->prefix), STR_ARG(own));
        const struct row *row = top->shape ? schema_find(top->shape, own) : NULL;
        if (is_block)
            VEC_PUSH(&visits, ((struct visit){ast_at(ast, ast_block_body(ast, node))->child, name,
                                              row ? row->shape : NULL}));
        while (!is_block && at < block->expr_count && block->exprs[at].expr->node <= node) {
            if (block->exprs[at].expr->node == ast_value(ast, node))
                add_references(m, &block->exprs[at], name, row);
            at++;
        }
    }
    VEC_RELEASE(&visits);
}

static void *keep(struct arena *arena, const void *items, size_t count, size_t size)
{
    void *copy = arena_array(arena, count + 1, size);
    if (count > 0)
        memcpy(copy, items, count * size);
    return copy;
}

void chart_make(struct chart *chart, struct program *program, struct arena *arena)
{
    struct maker m = {.arena = arena};
    map_init(&m.ids, NULL);
    map_init(&m.seen, NULL);
    VEC_PUSH(&m.modules, ((struct chart_module){STR(""), CHART_NONE, CHART_NONE, program->root}));
    for (uint32_t i = 0; i < m.modules.len; i++)
        add_nodes(&m, i);
    link_instances(&m);
    for (m.current = 0; m.current < m.nodes.len; m.current++)
        add_edges(&m);
    *chart = (struct chart){
        .modules = keep(arena, m.modules.items, m.modules.len, sizeof(struct chart_module)),
        .module_count = (uint32_t)m.modules.len,
        .nodes = keep(arena, m.nodes.items, m.nodes.len, sizeof(struct chart_node)),
        .node_count = (uint32_t)m.nodes.len,
        .edges = keep(arena, m.edges.items, m.edges.len, sizeof(struct chart_edge)),
        .edge_count = (uint32_t)m.edges.len,
    };
    VEC_RELEASE(&m.modules);
    VEC_RELEASE(&m.nodes);
    VEC_RELEASE(&m.edges);
    map_release(&m.ids);
    map_release(&m.seen);
}
