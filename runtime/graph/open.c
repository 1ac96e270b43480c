/* The modules that nodes open: a custom component the body of its declare, an import what it
 * brings, a foreach its template once for every item. What is not known yet, because the node has
 * not been evaluated, is opened by a later generation (reshape.c). Bounded by
 * GRAPH_MAX_MODULE_DEPTH and GRAPH_MAX_MODULE_NODES. */

#include "runtime/graph/modules.h"

struct instance *instance_around(const struct instance *in, unsigned up)
{
    for (; in && up; up--)
        in = in->lexical;
    return (struct instance *)in;
}

/* The instance of `module` that the text of `in` stands in. */
static struct instance *instance_of(const struct instance *in, const struct program_module *module)
{
    while (in && in->module != module)
        in = in->lexical;
    return (struct instance *)in;
}

static bool has_room(struct preparing *p, const struct node *node)
{
    bool deep = node->in->depth >= GRAPH_MAX_MODULE_DEPTH;
    p->gen->too_large |= p->modules >= GRAPH_MAX_MODULE_NODES || p->nodes >= GRAPH_MAX_NODES;
    return !deep && !p->gen->too_large;
}

/* ---- custom components ---- */

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

/* The module's body as it was before, if this component had one. */
static void keep_old_module(struct preparing *p, struct node *call)
{
    struct generation *live = p->graph->live;
    struct instance *old =
        live && call->kept ? map_get(&live->modules, call->cell->global_id) : NULL;
    if (!old || !has_room(p, call))
        return;
    struct instance *in = instance_new(p, call->in, old->module, call->cell->global_id);
    in->lexical = instance_of(call->in, old->module->parent);
    in->from = old->from;
    in->call = call;
    in->rejected = in->frozen = true;
    call->opens = in;
}

struct node *import_of(const struct node *call)
{
    const struct program_block *block = call->block;
    if (!program_leads_to_import(block))
        return NULL;
    struct instance *home = instance_of(call->in, block->declared_in);
    return home ? home->nodes[block->declare] : NULL;
}

/* Where the declare of a custom component stands. */
struct declared {
    struct instance *in;
    uint32_t index; /* UINT32_MAX = nowhere */
};

static struct declared find_declare(const struct node *call)
{
    const struct program_block *block = call->block;
    struct declared found = {NULL, UINT32_MAX};
    if (!block->declared_in)
        return found;
    if (!program_leads_to_import(block)) {
        found.in = instance_of(call->in, block->declared_in);
        found.index = block->declare;
    } else {
        const struct node *import = import_of(call);
        struct str space, rest;
        program_split_name(block->name, &space, &rest);
        found.in = import ? import->opens : NULL;
        if (found.in && space.len)
            found.index = program_find_declare(found.in->module, rest);
    }
    if (!found.in || (found.index != UINT32_MAX &&
                      !block_has_statements(&found.in->module->blocks[found.index])))
        found.index = UINT32_MAX;
    return found;
}

void open_call(struct preparing *p, struct node *call)
{
    struct declared declared = find_declare(call);
    if (declared.index == UINT32_MAX)
        call->missing = missing_text(p, call->block);
    else if (!has_room(p, call))
        call->missing = "custom components are nested too deeply";
    if (call->missing) {
        keep_old_module(p, call);
        return;
    }
    struct program_module *module = program_inner(declared.in->module, declared.index);
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
    struct instance *in = instance_new(p, call->in, module, call->cell->global_id);
    in->lexical = declared.in;
    in->from = &declared.in->module->blocks[declared.index];
    in->call = call;
    call->opens = in;
}

/* ---- imports ---- */

void open_import(struct preparing *p, struct node *node)
{
    const struct import *import = node->cell->import;
    struct program *program = import ? import->program : NULL;
    node->made_of = program;
    if (!program || !has_room(p, node))
        return;
    node->opens = instance_new(p, node->in, program->root, node->cell->global_id);
    node->opens->owner = node;
}

/* ---- foreach ---- */

/* The template as it was for this item. */
static struct instance *old_item(struct preparing *p, struct node *node, struct str id)
{
    struct generation *live = p->graph->live;
    struct instance *old = live && node->kept ? map_get(&live->modules, id) : NULL;
    if (!old)
        return NULL;
    struct instance *in = instance_new(p, node->in, old->module, id);
    in->lexical = instance_of(node->in, old->module->parent);
    in->frozen = true;
    return in;
}

static struct instance *open_item(struct preparing *p, struct node *node,
                                  const struct foreach_item *item, struct program_module *template)
{
    struct str id = arena_printf(&p->gen->arena, "%.*s/%.*s", STR_ARG(node->cell->global_id),
                                 STR_ARG(item->id));
    if (item->held || !template)
        return old_item(p, node, id);
    struct instance *in = instance_new(p, node->in, template, id);
    in->lexical = node->in;
    return in;
}

void open_foreach(struct preparing *p, struct node *node)
{
    const struct foreach_state *state = node->cell->foreach;
    if (!state)
        return;
    node->made_at = state->version;
    struct program_module *template =
        foreach_template(node->in->module, node->block, state->variable, NULL);
    struct instance *last = NULL;
    for (uint32_t i = 0; i < state->count && has_room(p, node); i++) {
        struct instance *in = open_item(p, node, &state->items[i], template);
        if (!in)
            continue;
        in->owner = node;
        in->item_in = in;
        in->item = value_ref(state->items[i].value);
        in->quiet |= !state->enable_metrics;
        if (last)
            last->sibling = in;
        else
            node->opens = in;
        last = in;
    }
}
