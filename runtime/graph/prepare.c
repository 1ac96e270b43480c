/* A new generation, built aside: nodes for every block of the root and of the modules that custom
 * components open, and their order of evaluation. The old generation is only looked at. Bounded by
 * GRAPH_MAX_NODES and GRAPH_MAX_MODULE_DEPTH. */

#include "runtime/graph/parts.h"

static void hold_program(struct generation *gen, struct program *program)
{
    for (struct generation_program *p = gen->programs; p; p = p->next) {
        if (p->program == program)
            return;
    }
    struct generation_program *held = ARENA_NEW(&gen->arena, struct generation_program);
    held->program = program_ref(program);
    held->next = gen->programs;
    gen->programs = held;
}

static const uint8_t kinds[] = {
    [BLOCK_COMPONENT] = NODE_COMPONENT, [BLOCK_CUSTOM] = NODE_CALL,
    [BLOCK_DECLARE] = NODE_PLAIN,       [BLOCK_ARGUMENT] = NODE_ARGUMENT,
    [BLOCK_EXPORT] = NODE_EXPORT,       [BLOCK_LOGGING] = NODE_LOGGING,
    [BLOCK_TRACING] = NODE_PLAIN,       [BLOCK_IMPORT] = NODE_IMPORT,
    [BLOCK_FOREACH] = NODE_FOREACH,     [BLOCK_SERVICE] = NODE_SERVICE,
};

static struct node *node_new(struct preparing *p, struct instance *in,
                             const struct program_block *block, enum node_kind kind)
{
    struct node *node = ARENA_NEW(&p->gen->arena, struct node);
    node->kind = kind;
    node->block = block;
    node->in = in;
    p->nodes++;
    p->modules += in->parent != NULL;
    return node;
}

/* The cell of the same thing in the living generation, or a new one. */
static void give_cell(struct preparing *p, struct node *node)
{
    struct generation *live = p->graph->live;
    struct arena *arena = &p->gen->arena;
    struct str module_id = node->in->id;
    struct str id = module_id.len ? arena_printf(arena, "%.*s/%.*s", STR_ARG(module_id),
                                                 STR_ARG(node->block->id))
                                  : node->block->id;
    struct node *old = live ? map_get(&live->cells, id) : NULL;
    if (old && old->cell->kind == node->block->kind && old->in->quiet == node->in->quiet &&
        (node->kind != NODE_COMPONENT || old->cell->def == node->block->symbol.def)) {
        node->cell = old->cell;
        node->kept = true;
        node->before = old;
    } else {
        node->cell = cell_new(node->block, module_id);
        node->cell->quiet = node->in->quiet;
        node->cell->loop = p->graph->loop_count ? p->graph->loops[0] : p->graph->options.control;
    }
    map_put(&p->gen->cells, id, node);
}

struct instance *instance_new(struct preparing *p, struct instance *parent,
                              struct program_module *module, struct str id)
{
    struct instance *in = ARENA_NEW(&p->gen->arena, struct instance);
    in->parent = parent;
    in->module = module;
    in->id = id;
    in->depth = parent ? parent->depth + 1 : 0;
    in->frozen = parent && parent->frozen;
    in->quiet = parent && parent->quiet;
    in->item_in = parent ? parent->item_in : NULL;
    in->nodes = ARENA_ARRAY(&p->gen->arena, module->count + 1, struct node *);
    if (p->gen->last)
        p->gen->last->next = in;
    else
        p->gen->root = in;
    p->gen->last = in;
    map_put(&p->gen->modules, in->id, in);
    hold_program(p->gen, module->program);
    return in;
}

static void add_result(struct preparing *p, struct node *node, uint32_t index)
{
    struct node *result = node_new(p, node->in, node->block, NODE_RESULT);
    result->cell = node->cell;
    result->kept = node->kept;
    result->opens = node->opens;
    result->pair = node;
    node->pair = result;
    if (node->opens && node->kind == NODE_CALL)
        node->opens->result = result;
    node->in->nodes[index] = result;
}

static void add_nodes(struct preparing *p, struct instance *in)
{
    const struct program_module *module = in->module;
    for (uint32_t i = 0; i < module->order_count; i++) {
        uint32_t index = module->order[i];
        const struct program_block *block = &module->blocks[index];
        if (block->kind == BLOCK_DECLARE)
            continue;
        struct node *node = node_new(p, in, block, kinds[block->kind]);
        give_cell(p, node);
        in->nodes[index] = node;
        if (node->kind == NODE_CALL)
            open_call(p, node);
        else if (node->kind == NODE_IMPORT)
            open_import(p, node);
        else if (node->kind == NODE_FOREACH)
            open_foreach(p, node);
        if (node->kind == NODE_CALL || node->kind == NODE_FOREACH)
            add_result(p, node, index);
    }
}

/* ---- order ---- */

struct position {
    struct instance *in;
    uint32_t next;
};

static void emit(struct generation *gen, struct node *node)
{
    node->rank = gen->count;
    gen->nodes[gen->count++] = node;
}

/* After the last block of a module: its result, or the next item's module. True = go there. */
static bool next_item(struct generation *gen, struct position *top)
{
    struct instance *in = top->in;
    if (in->result)
        emit(gen, in->result);
    if (in->sibling) {
        *top = (struct position){in->sibling, 0};
        return true;
    }
    if (in->owner && in->owner->kind == NODE_FOREACH)
        emit(gen, in->owner->pair);
    return false;
}

/* What opens a module, then the module, then the result: depth first, with a stack. */
static void put_in_order(struct generation *gen)
{
    struct position stack[GRAPH_MAX_MODULE_DEPTH + 2];
    size_t depth = 1;
    stack[0] = (struct position){gen->root, 0};
    while (depth) {
        struct position *top = &stack[depth - 1];
        const struct program_module *module = top->in->module;
        if (top->next == module->order_count) {
            depth -= !next_item(gen, top);
            continue;
        }
        struct node *node = top->in->nodes[module->order[top->next++]];
        if (!node)
            continue;
        emit(gen, node->kind == NODE_RESULT ? node->pair : node);
        if (node->opens)
            stack[depth++] = (struct position){node->opens, 0};
        else if (node->kind == NODE_RESULT)
            emit(gen, node);
    }
}

/* ---- links ---- */

struct linking {
    struct generation *gen;
    struct node *node; /* that reads */
    uint32_t input;
};

static void link(const struct linking *l, struct node *from, const struct str *path,
                 size_t path_len)
{
    struct dependant *dependant = ARENA_NEW(&l->gen->arena, struct dependant);
    dependant->node = l->node;
    dependant->input = l->input;
    dependant->path = path;
    dependant->path_len = (uint16_t)path_len;
    dependant->next = from->dependants;
    from->dependants = dependant;
}

static void link_ref(const struct linking *l, const struct program_ref *ref,
                     const struct expr_ref *names)
{
    const struct instance *in = instance_around(l->node->in, ref->up);
    if (!in)
        return;
    if (ref->kind == REF_BLOCK && in->nodes[ref->target]) {
        size_t len = names->count - ref->used;
        link(l, in->nodes[ref->target], names->names + ref->used, len <= UINT16_MAX ? len : 0);
    } else if (ref->kind == REF_ARGUMENTS) {
        for (uint32_t i = 0; i < in->module->count; i++) {
            if (in->nodes[i] && in->nodes[i]->kind == NODE_ARGUMENT)
                link(l, in->nodes[i], NULL, 0);
        }
    }
}

static void link_node(struct generation *gen, struct node *node)
{
    const struct program_block *block = node->block;
    if (node->kind == NODE_RESULT)
        return;
    struct linking l = {.gen = gen, .node = node};
    for (uint32_t e = 0; e < block->expr_count; e++)
        node->input_count += expr_ref_count(block->exprs[e].expr) != 0;
    if (node->input_count)
        node->inputs = ARENA_ARRAY(&gen->arena, node->input_count, struct input);
    for (uint32_t e = 0; e < block->expr_count; e++) {
        const struct program_expr *expr = &block->exprs[e];
        size_t count = expr_ref_count(expr->expr);
        if (!count)
            continue;
        node->inputs[l.input].expr = e;
        for (size_t i = 0; i < count; i++)
            link_ref(&l, &block->refs[expr->first_ref + i], expr_ref_at(expr->expr, i));
        l.input++;
    }
    l.input = NO_INPUT;
    if (node->kind == NODE_ARGUMENT && node->in->call)
        link(&l, node->in->call, &block->label, block->label.len != 0);
    if (node->kind == NODE_EXPORT && node->in->result) {
        l.node = node->in->result;
        link(&l, node, NULL, 0);
    }
    if (node->kind == NODE_CALL) {
        struct node *import = import_of(node);
        if (import)
            link(&l, import, NULL, 0);
    }
}

static void build(struct preparing *p, struct program *program)
{
    struct generation *gen = p->gen;
    instance_new(p, NULL, program->root, STR(""));
    for (struct instance *in = gen->root; in; in = in->next)
        add_nodes(p, in);
    gen->nodes = ARENA_ARRAY(&gen->arena, p->nodes + 1, struct node *);
    ranks_init(&gen->dirty, &gen->arena, p->nodes);
    put_in_order(gen);
    for (uint32_t i = 0; i < gen->count; i++)
        link_node(gen, gen->nodes[i]);
    generation_compare(gen);
    generation_place(p->graph, gen);
}

void generation_free(struct generation *gen)
{
    if (!gen)
        return;
    for (uint32_t i = 0; i < gen->count; i++) {
        struct node *node = gen->nodes[i];
        if (node->kind == NODE_CALL && node->refused) {
            diags_release(node->refused);
            mem_free(node->refused);
        }
    }
    for (struct instance *in = gen->root; in; in = in->next) {
        if (in->item)
            value_unref(in->item);
    }
    for (struct generation_program *p = gen->programs; p; p = p->next)
        program_unref(p->program);
    map_release(&gen->cells);
    map_release(&gen->modules);
    arena_release(&gen->arena);
    mem_free(gen);
}

/* One that is not to live: its new cells go with it. */
static void generation_undo(struct generation *gen)
{
    for (uint32_t i = 0; i < gen->count; i++) {
        struct node *node = gen->nodes[i];
        if (!node->kept && node->kind != NODE_RESULT)
            cell_free(node->cell);
    }
    generation_free(gen);
}

struct generation *generation_new(struct graph *graph, struct program *program, bool reshaped,
                                  struct diags *diags)
{
    program_report_run(program->root, diags);
    if (diags->errors)
        return NULL;
    struct generation *gen = mem_zalloc(NULL, sizeof(*gen));
    arena_init(&gen->arena, NULL, 0);
    map_init_borrowing(&gen->cells, NULL);
    map_init(&gen->modules, NULL);
    memcpy(gen->sha256, program->text.sha256, sizeof(gen->sha256));
    gen->reshaped = reshaped;
    struct preparing p = {.graph = graph, .gen = gen};
    build(&p, program);
    if (!gen->too_large)
        return gen;
    diag_add(diags, DIAG_TOO_MANY_NODES, NULL, (struct range){0}, GRAPH_MAX_MODULE_NODES);
    generation_undo(gen);
    return NULL;
}
