/* A new generation, built aside: nodes for every block of the root and of the modules that custom
 * components open, and their order of evaluation. The old generation is only looked at. Bounded by
 * GRAPH_MAX_NODES and GRAPH_MAX_MODULE_DEPTH. */

#include "runtime/graph/parts.h"

struct preparing {
    struct graph *graph;
    struct generation *gen;
    uint32_t nodes; /* made so far */
};

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
    [BLOCK_TRACING] = NODE_PLAIN,       [BLOCK_IMPORT] = NODE_PLAIN,
    [BLOCK_FOREACH] = NODE_PLAIN,       [BLOCK_SERVICE] = NODE_SERVICE,
};

static struct node *node_new(struct preparing *p, struct instance *in,
                             const struct program_block *block, enum node_kind kind)
{
    struct node *node = ARENA_NEW(&p->gen->arena, struct node);
    node->kind = kind;
    node->block = block;
    node->in = in;
    p->nodes++;
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
    if (old && old->cell->kind == node->block->kind &&
        (node->kind != NODE_COMPONENT || old->cell->def == node->block->symbol.def)) {
        node->cell = old->cell;
        node->kept = true;
        node->before = old;
    } else {
        node->cell = cell_new(node->block, module_id);
        node->cell->loop = p->graph->loop_count ? p->graph->loops[0] : p->graph->options.control;
    }
    map_put(&p->gen->cells, id, node);
}

/* ---- what a custom component opens ---- */

static const char *missing_text(struct preparing *p, const struct program_block *block)
{
    struct str space = STR(""), name = block->name;
    size_t dot = str_find_byte(name, '.', 0);
    if (dot != SIZE_MAX) {
        space = str_slice(name, 0, dot);
        name = str_slice(name, dot + 1, name.len);
    }
    struct str text = arena_printf(&p->gen->arena,
                                   "custom component config not found in the registry, namespace: "
                                   "\"%.*s\", componentName: \"%.*s\"",
                                   STR_ARG(space), STR_ARG(name));
    return arena_cstr(&p->gen->arena, text);
}

static void check_given(const struct node *call, const struct program_module *module,
                        struct diags *diags)
{
    const struct program_block *block = call->block;
    struct arena scratch;
    arena_init(&scratch, NULL, 1 << 20);
    AST_EACH(block->ast, ast_block_body(block->ast, block->node), statement)
    {
        if (ast_at(block->ast, statement)->kind != AST_ATTRIBUTE)
            continue;
        struct str name = ast_name(block->ast, statement);
        struct str id = arena_concat(&scratch, STR("argument."), name);
        if (program_find_block(module, id) == UINT32_MAX)
            diag_add(diags, DIAG_PROVIDED_ARGUMENT, NULL, (struct range){0}, STR_ARG(name));
    }
    arena_release(&scratch);
}

static struct instance *instance_new(struct preparing *p, struct instance *parent,
                                     struct program_module *module, struct node *call)
{
    struct instance *in = ARENA_NEW(&p->gen->arena, struct instance);
    in->parent = parent;
    in->module = module;
    in->call = call;
    in->id = call ? call->cell->global_id : STR("");
    in->depth = parent ? parent->depth + 1 : 0;
    in->frozen = parent && parent->frozen;
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

/* The module's body as it was before, if this component had one. */
static void keep_old_module(struct preparing *p, struct node *call)
{
    struct generation *live = p->graph->live;
    struct instance *old =
        live && call->kept ? map_get(&live->modules, call->cell->global_id) : NULL;
    if (!old)
        return;
    struct instance *in = instance_new(p, call->in, old->module, call);
    in->rejected = in->frozen = true;
    call->opens = in;
}

static void open_module(struct preparing *p, struct node *call)
{
    const struct program_block *block = call->block;
    struct program_module *home = block->declared_in;
    if (!home || program_leads_to_import(block) ||
        !block_has_statements(&home->blocks[block->declare])) {
        call->missing = missing_text(p, block);
        return;
    }
    if (call->in->depth >= GRAPH_MAX_MODULE_DEPTH || p->nodes >= GRAPH_MAX_NODES) {
        call->missing = "custom components are nested too deeply";
        return;
    }
    struct program_module *module = program_inner(home, block->declare);
    struct diags *diags = mem_zalloc(NULL, sizeof(*diags));
    diags_init(diags);
    program_report_run(module, diags);
    check_given(call, module, diags);
    if (diags->errors) {
        call->refused = diags;
        keep_old_module(p, call);
        return;
    }
    diags_release(diags);
    mem_free(diags);
    call->opens = instance_new(p, call->in, module, call);
}

static void add_call(struct preparing *p, struct node *call, uint32_t index)
{
    struct node *result = node_new(p, call->in, call->block, NODE_RESULT);
    result->cell = call->cell;
    result->kept = call->kept;
    open_module(p, call);
    result->opens = call->opens;
    result->pair = call;
    call->pair = result;
    if (call->opens)
        call->opens->result = result;
    call->in->nodes[index] = result;
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
        if (node->kind == NODE_CALL)
            add_call(p, node, index);
        else
            in->nodes[index] = node;
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

/* Call, then what it opens, then result: depth first, with a stack. */
static void put_in_order(struct generation *gen)
{
    struct position stack[GRAPH_MAX_MODULE_DEPTH + 2];
    size_t depth = 1;
    stack[0] = (struct position){gen->root, 0};
    while (depth) {
        struct position *top = &stack[depth - 1];
        const struct program_module *module = top->in->module;
        if (top->next == module->order_count) {
            if (top->in->result)
                emit(gen, top->in->result);
            depth--;
            continue;
        }
        struct node *node = top->in->nodes[module->order[top->next++]];
        if (!node)
            continue;
        if (node->kind != NODE_RESULT) {
            emit(gen, node);
            continue;
        }
        emit(gen, node->pair);
        if (node->opens)
            stack[depth++] = (struct position){node->opens, 0};
        else
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
    struct instance *in = l->node->in;
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
}

static void build(struct preparing *p, struct program *program)
{
    struct generation *gen = p->gen;
    instance_new(p, NULL, program->root, NULL);
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

struct generation *generation_new(struct graph *graph, struct program *program, struct diags *diags)
{
    program_report_run(program->root, diags);
    if (diags->errors)
        return NULL;
    struct generation *gen = mem_zalloc(NULL, sizeof(*gen));
    arena_init(&gen->arena, NULL, 0);
    map_init(&gen->cells, NULL);
    map_init(&gen->modules, NULL);
    memcpy(gen->sha256, program->text.sha256, sizeof(gen->sha256));
    struct preparing p = {.graph = graph, .gen = gen};
    build(&p, program);
    return gen;
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
    for (struct generation_program *p = gen->programs; p; p = p->next)
        program_unref(p->program);
    map_release(&gen->cells);
    map_release(&gen->modules);
    arena_release(&gen->arena);
    mem_free(gen);
}
