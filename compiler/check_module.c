/* Modules of the static checks: the blocks of every scope in the order of their checks, ids and
 * names of custom components. Bodies are found with a list of work, not by recursion: their nesting
 * is bounded by CHECK_MAX_DEPTH, their number by the text. */

#include "compiler/check_parts.h"

#include "compiler/literal.h"

/* ---- order ---- */

static const unsigned groups[] = {
    1u << BLOCK_DECLARE,
    1u << BLOCK_ARGUMENT | 1u << BLOCK_EXPORT | 1u << BLOCK_LOGGING | 1u << BLOCK_TRACING |
        1u << BLOCK_IMPORT | 1u << BLOCK_FOREACH,
    1u << BLOCK_COMPONENT,
    1u << BLOCK_SERVICE,
};

static void put_in_order(struct program_module *module)
{
    struct program_block *ordered =
        ARENA_ARRAY(&module->program->arena, module->count + 1, struct program_block);
    uint32_t count = 0;
    for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++) {
        for (uint32_t i = 0; i < module->count; i++) {
            if (groups[g] >> module->blocks[i].kind & 1)
                ordered[count++] = module->blocks[i];
        }
    }
    module->blocks = ordered;
}

/* ---- names ---- */

static void take_ids(struct check_module *m)
{
    struct program_module *module = m->module;
    for (uint32_t i = 0; i < module->count; i++) {
        struct program_block *block = &module->blocks[i];
        struct program_block *first = map_get(&module->ids, block->id);
        m->first[i] = first ? (uint32_t)(first - module->blocks) : UINT32_MAX;
        block->usable = !first;
        if (!first)
            map_put(&module->ids, block->id, block);
        /* Of declares with one name, the last counts. */
        if (block->label.len &&
            (block->kind == BLOCK_DECLARE || (block->kind == BLOCK_IMPORT && block->usable)))
            map_put(&module->declares, block->label, block);
    }
}

struct program_block *check_declared(struct check_module *m, struct str name,
                                     struct check_module **where)
{
    struct str first, rest;
    str_cut(name, '.', &first, &rest);
    for (; m; m = m->parent) {
        struct program_block *block = map_get(&m->module->declares, first);
        if (block) {
            *where = m;
            return block;
        }
    }
    return NULL;
}

uint32_t check_find(struct check_module *m, struct str id, struct check_module **where)
{
    for (; m; m = m->enclosing) {
        uint32_t found = program_find_block(m->module, id);
        if (found != UINT32_MAX) {
            *where = m;
            return found;
        }
    }
    return UINT32_MAX;
}

/* ---- modules ---- */

static struct check_module *module_start(struct check *check, struct check_module *parent,
                                         uint32_t room)
{
    struct arena *arena = &check->program->arena;
    struct check_module *m = ARENA_NEW(arena, struct check_module);
    m->module = module_new(check->program, parent ? parent->module : NULL);
    m->module->blocks = ARENA_ARRAY(arena, room + 1, struct program_block);
    m->parent = parent;
    m->depth = parent ? parent->depth + 1 : 0;
    m->inner = ARENA_ARRAY(arena, room + 1, struct check_module *);
    m->first = ARENA_ARRAY(arena, room + 1, uint32_t);
    m->seen = ARENA_ARRAY(arena, room + 1, uint32_t);
    map_init(&m->arguments, NULL);
    VEC_PUSH(&check->modules, m);
    return m;
}

static struct check_module *module_inside(struct check *check, struct check_module *parent,
                                          const struct program_block *block, ast_id of)
{
    ast_id body = ast_block_body(block->ast, of);
    struct check_module *m = module_start(check, parent, module_count_blocks(block->ast, body));
    module_collect(m->module, block->ast, body);
    return m;
}

/* The text of `var`, if it is written as a plain string. */
static struct str variable_of(struct check *check, const struct program_block *block)
{
    AST_EACH(block->ast, ast_block_body(block->ast, block->node), statement)
    {
        if (ast_at(block->ast, statement)->kind != AST_ATTRIBUTE ||
            !str_is(ast_name(block->ast, statement), "var"))
            continue;
        ast_id value = ast_value(block->ast, statement);
        const struct ast_node *node = ast_at(block->ast, value);
        if (node->kind != AST_LITERAL || node->op != AST_STRING)
            return STR("");
        struct literal literal;
        literal_read(&literal, AST_STRING, ast_text(block->ast, value), &check->program->arena);
        return literal.text;
    }
    return STR("");
}

static void open_inner(struct check *check, struct check_module *m, uint32_t index)
{
    const struct program_block *block = &m->module->blocks[index];
    if (m->depth == CHECK_MAX_DEPTH)
        return;
    if (block->kind == BLOCK_DECLARE) {
        m->inner[index] = module_inside(check, m, block, block->node);
    } else if (block->kind == BLOCK_FOREACH) {
        ast_id template = program_template_of(block);
        if (!template)
            return;
        struct check_module *inner = module_inside(check, m, block, template);
        inner->enclosing = m;
        inner->in_root = m->in_root;
        inner->variable = variable_of(check, block);
        m->inner[index] = inner;
    }
}

void check_modules(struct check *check)
{
    const struct program_text *text = &check->program->text;
    uint32_t count = 0;
    for (size_t i = 0; i < text->count; i++)
        count += module_count_blocks(text->asts[i], text->asts[i]->root);
    struct check_module *root = module_start(check, NULL, count);
    root->in_root = true;
    for (size_t i = 0; i < text->count; i++)
        module_collect(root->module, text->asts[i], text->asts[i]->root);
    for (size_t at = 0; at < check->modules.len; at++) {
        struct check_module *m = check->modules.items[at];
        put_in_order(m->module);
        take_ids(m);
        for (uint32_t i = 0; i < m->module->count; i++)
            open_inner(check, m, i);
    }
}
