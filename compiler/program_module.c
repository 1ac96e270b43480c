/* Classification: which kind each block of a module is, its id, what its name stands for, and
 * whether it may stand where it stands. Bounded by PROGRAM_MAX_BLOCKS a module. */

#include "compiler/body.h"
#include "compiler/program_parts.h"

static const struct {
    const char *name;
    enum block_kind kind;
} known_blocks[] = {
    {"declare", BLOCK_DECLARE},      {"argument", BLOCK_ARGUMENT}, {"export", BLOCK_EXPORT},
    {"logging", BLOCK_LOGGING},      {"tracing", BLOCK_TRACING},   {"foreach", BLOCK_FOREACH},
    {"import.file", BLOCK_IMPORT},   {"import.git", BLOCK_IMPORT}, {"import.http", BLOCK_IMPORT},
    {"import.string", BLOCK_IMPORT},
};
/* A service is named by the whole id: `http "x"` is a component of that name. */
static const char *const services[] = {
    "http", "remotecfg", "livedebugging", "cluster", "labelstore", "otel", "ui"};

static enum block_kind classify(const struct program_block *block)
{
    for (size_t i = 0; i < sizeof(known_blocks) / sizeof(known_blocks[0]); i++) {
        if (str_is(block->name, known_blocks[i].name))
            return known_blocks[i].kind;
    }
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        if (str_is(block->id, services[i]))
            return BLOCK_SERVICE;
    }
    return BLOCK_COMPONENT;
}

struct program_problem *module_problem(struct program_module *module,
                                       enum program_problem_kind kind, uint32_t block)
{
    if (module->problem_count == module->problem_cap) {
        module->problem_cap = module->problem_cap ? module->problem_cap * 2 : 8;
        module->problems =
            mem_realloc(NULL, module->problems, module->problem_cap * sizeof(module->problems[0]));
    }
    struct program_problem *problem = &module->problems[module->problem_count++];
    const struct program_block *at = &module->blocks[block];
    *problem = (struct program_problem){
        .kind = kind, .block = block, .other = UINT32_MAX, .ast = at->ast, .node = at->node};
    return problem;
}

struct program_module *module_new(struct program *program, struct program_module *parent)
{
    struct program_module *module = arena_zalloc(&program->arena, sizeof(*module));
    module->program = program;
    module->parent = parent;
    module->is_root = parent == NULL;
    map_init_borrowing(&module->ids, NULL);
    map_init(&module->declares, NULL);
    map_init(&module->firsts, NULL);
    module->next = program->modules;
    program->modules = module;
    return module;
}

uint32_t module_count_blocks(const struct ast *ast, ast_id body)
{
    uint32_t count = 0;
    AST_EACH(ast, body, statement)
    {
        count += ast_at(ast, statement)->kind == AST_BLOCK;
    }
    return count;
}

void module_collect(struct program_module *module, const struct ast *ast, ast_id body)
{
    struct arena *arena = &module->program->arena;
    AST_EACH(ast, body, statement)
    {
        if (ast_at(ast, statement)->kind != AST_BLOCK)
            continue;
        struct program_block *block = &module->blocks[module->count++];
        block->ast = ast;
        block->node = statement;
        block->name = ast_block_name(ast, statement, arena);
        block->label = ast_block_label(ast, statement);
        block->id = block->label.len ? arena_printf(arena, "%.*s.%.*s", STR_ARG(block->name),
                                                    STR_ARG(block->label))
                                     : block->name;
        block->kind = classify(block);
    }
}

static void note_attributes(struct program_module *module, const struct ast *ast, ast_id body)
{
    AST_EACH(ast, body, statement)
    {
        if (ast_at(ast, statement)->kind != AST_ATTRIBUTE)
            continue;
        /* A body of attributes alone has no block to point at. */
        struct program_problem *problem = module_problem(module, PROBLEM_ATTRIBUTE, 0);
        problem->ast = ast;
        problem->node = statement;
        problem->text = ast_name(ast, statement);
    }
}

uint32_t module_declared(struct program_module *module, struct str name,
                         struct program_module **where)
{
    struct str first, rest;
    str_cut(name, '.', &first, &rest);
    for (; module; module = module->parent) {
        struct program_block *block = map_get(&module->declares, first);
        if (block) {
            *where = module;
            return (uint32_t)(block - module->blocks);
        }
    }
    return UINT32_MAX;
}

/* ---- each kind's own rules; true: the block takes its place ---- */

static bool find_symbol(struct program_module *module, struct program_block *block)
{
    const struct program_options *options = &module->program->options;
    return options->find(options->arg, block->kind, block->name, &block->symbol);
}

static bool stable_enough(struct program_module *module, uint32_t index)
{
    if (module->blocks[index].symbol.stability >= module->program->options.min_stability)
        return true;
    module_problem(module, PROBLEM_STABILITY, index);
    return false;
}

static bool is_new(struct program_module *module, uint32_t index, enum program_problem_kind kind)
{
    struct program_block *block = &module->blocks[index];
    struct program_block *first = map_get(&module->ids, block->id);
    if (!first)
        return true;
    module_problem(module, kind, index)->other = (uint32_t)(first - module->blocks);
    return false;
}

static bool place_service(struct program_module *module, uint32_t index)
{
    struct program_block *block = &module->blocks[index];
    if (!module->is_root) {
        module_problem(module, PROBLEM_NOT_IN_MODULE, index);
        return false;
    }
    if (!find_symbol(module, block) || block->symbol.refused) {
        module_problem(module, PROBLEM_NOT_OFFERED, index);
        return false;
    }
    if (!stable_enough(module, index) || !is_new(module, index, PROBLEM_DUPLICATE_SERVICE))
        return false;
    if (!block->symbol.configurable)
        module_problem(module, PROBLEM_SERVICE_FIXED, index);
    return true;
}

static bool place_declare(struct program_module *module, uint32_t index)
{
    struct program_block *block = &module->blocks[index];
    if (str_is(block->label, "declare")) {
        module_problem(module, PROBLEM_RESERVED_LABEL, index);
        return false;
    }
    if (!block->label.len)
        module_problem(module, PROBLEM_NO_LABEL, index);
    if (!is_new(module, index, PROBLEM_DUPLICATE))
        return false;
    map_put(&module->declares, block->label, block);
    return true;
}

static bool place_config(struct program_module *module, uint32_t index)
{
    struct program_block *block = &module->blocks[index];
    bool for_modules = block->kind == BLOCK_ARGUMENT || block->kind == BLOCK_EXPORT;
    bool for_root = block->kind == BLOCK_LOGGING || block->kind == BLOCK_TRACING;
    if (!is_new(module, index, PROBLEM_DUPLICATE))
        return false;
    bool found = find_symbol(module, block) && !block->symbol.refused;
    if (!stable_enough(module, index))
        return false;
    if (!for_root && !block->label.len)
        module_problem(module, PROBLEM_NO_LABEL, index);
    if (for_modules && module->is_root)
        module_problem(module, PROBLEM_ONLY_IN_MODULE, index);
    else if (for_root && !module->is_root)
        module_problem(module, PROBLEM_NOT_IN_MODULE, index);
    else if (!found)
        module_problem(module, PROBLEM_NOT_OFFERED, index);
    if (block->kind == BLOCK_IMPORT)
        map_put(&module->declares, block->label, block);
    module->has_arguments |= block->kind == BLOCK_ARGUMENT;
    return true;
}

/* A declare or import of that first name comes before the builtin component. */
static bool place_custom(struct program_module *module, uint32_t index)
{
    struct program_block *block = &module->blocks[index];
    struct program_module *where;
    uint32_t declare = module_declared(module, block->name, &where);
    if (declare == UINT32_MAX)
        return false;
    block->kind = BLOCK_CUSTOM;
    block->declare = declare;
    const struct program_block *target = &where->blocks[declare];
    bool leads_on = target->kind == BLOCK_IMPORT || str_eq(target->label, block->name);
    block->declared_in = leads_on ? where : NULL;
    block->symbol = (struct program_symbol){.stability = STABILITY_GA};
    return true;
}

static bool place_component(struct program_module *module, uint32_t index)
{
    struct program_block *block = &module->blocks[index];
    if (!is_new(module, index, PROBLEM_DUPLICATE))
        return false;
    if (place_custom(module, index))
        return true;
    bool offered = find_symbol(module, block);
    if (!offered && !program_catalog(module->program, block->name, &block->symbol)) {
        module_problem(module, PROBLEM_UNKNOWN_NAME, index);
        return false;
    }
    if (block->symbol.community && !module->program->options.community) {
        module_problem(module, PROBLEM_COMMUNITY, index);
        return false;
    }
    if (!block->symbol.community && !stable_enough(module, index))
        return false;
    if (!block->label.len) {
        module_problem(module, PROBLEM_NO_LABEL, index);
        return false;
    }
    /* It takes its place nevertheless: what refers to it is not wrong. */
    if (!offered)
        module_problem(module, PROBLEM_NOT_OFFERED, index);
    return true;
}

static void note_first(struct program_module *module, struct program_block *block)
{
    struct str first, rest;
    str_cut(block->id, '.', &first, &rest);
    const struct stdlib *stdlib = module->program->options.stdlib;
    if (stdlib && stdlib_lookup(stdlib, first))
        map_put(&module->firsts, first, block);
}

/* Blocks take their places kind by kind, as the order of Alloy's messages has it. */
static const struct {
    bool (*place)(struct program_module *module, uint32_t index);
    unsigned kinds;
} passes[] = {
    {place_service, 1u << BLOCK_SERVICE},
    {place_declare, 1u << BLOCK_DECLARE},
    {place_config, 1u << BLOCK_ARGUMENT | 1u << BLOCK_EXPORT | 1u << BLOCK_LOGGING |
                       1u << BLOCK_TRACING | 1u << BLOCK_IMPORT | 1u << BLOCK_FOREACH},
    {place_component, 1u << BLOCK_COMPONENT},
};

static void place_all(struct program_module *module)
{
    for (size_t p = 0; p < sizeof(passes) / sizeof(passes[0]); p++) {
        for (uint32_t i = 0; i < module->count; i++) {
            struct program_block *block = &module->blocks[i];
            if (!(passes[p].kinds >> block->kind & 1) || !passes[p].place(module, i))
                continue;
            block->usable = true;
            map_put(&module->ids, block->id, block);
            if (block->kind == BLOCK_COMPONENT || block->kind == BLOCK_CUSTOM)
                note_first(module, block);
        }
    }
}

/* A foreach's template is a module of its own. */
static struct str left_out(const struct program_block *block)
{
    return block->kind == BLOCK_FOREACH ? STR("template") : STR("");
}

static bool has_body(const struct program_block *block)
{
    return block->usable && block->kind != BLOCK_DECLARE &&
           (block->symbol.args || block->kind == BLOCK_CUSTOM);
}

static void keep_exprs(struct arena *arena, struct program_block *block,
                       const struct body_exprs *exprs)
{
    block->expr_count = (uint32_t)exprs->count;
    block->exprs = ARENA_ARRAY(arena, exprs->count, struct program_expr);
    for (uint32_t e = 0; e < block->expr_count; e++) {
        block->exprs[e].expr = exprs->items[e];
        block->exprs[e].first_ref = block->ref_count;
        block->ref_count += (uint32_t)expr_ref_count(exprs->items[e]);
    }
    block->refs = ARENA_ARRAY(arena, block->ref_count, struct program_ref);
}

static void compile_exprs(struct program_module *module)
{
    struct arena *arena = &module->program->arena;
    struct expr_compiler compiler = {0};
    for (uint32_t i = 0; i < module->count; i++) {
        struct program_block *block = &module->blocks[i];
        block->has_body = has_body(block);
        if (!block->has_body)
            continue;
        struct body_exprs exprs =
            body_find_exprs(&compiler, arena, block->ast, block->node, left_out(block));
        if (exprs.count)
            keep_exprs(arena, block, &exprs);
    }
    expr_compiler_release(&compiler);
}

enum { CODE_CHUNK = 512 };

struct block_code *program_compile_body(const struct program_block *block)
{
    struct block_code *code = mem_zalloc(NULL, sizeof(*code));
    arena_init(&code->arena, NULL, 0);
    code->arena.chunk_size = CODE_CHUNK;
    struct body_exprs exprs = {.count = block->expr_count};
    exprs.items = mem_array(NULL, block->expr_count + 1, sizeof(const struct expr *));
    for (uint32_t e = 0; e < block->expr_count; e++)
        exprs.items[e] = block->exprs[e].expr;
    code->body = body_compile_without(&code->arena, block->ast, block->node, block->symbol.args,
                                      left_out(block), &exprs);
    mem_free(exprs.items);
    return code;
}

void block_code_free(struct block_code *code)
{
    if (!code)
        return;
    arena_release(&code->arena);
    mem_free(code);
}

void program_keep_code(struct program_module *module, const struct program_block *block,
                       struct block_code *owned)
{
    struct program_block *at = &module->blocks[block - module->blocks];
    block_code_free(at->code);
    at->code = owned;
}

static void analyse(struct program_module *module)
{
    place_all(module);
    compile_exprs(module);
    module_resolve(module);
    module_arrange(module);
}

struct program_module *module_of_files(struct program *program)
{
    struct program_module *module = module_new(program, NULL);
    uint32_t count = 0;
    for (size_t i = 0; i < program->text.count; i++)
        count += module_count_blocks(program->text.asts[i], program->text.asts[i]->root);
    module->blocks = ARENA_ARRAY(&program->arena, count, struct program_block);
    for (size_t i = 0; i < program->text.count; i++)
        module_collect(module, program->text.asts[i], program->text.asts[i]->root);
    analyse(module);
    return module;
}

static void take_body(struct program_module *module, const struct ast *ast, ast_id block)
{
    ast_id body = ast_block_body(ast, block);
    /* One more, for problems that have no block of their own. */
    module->blocks = ARENA_ARRAY(&module->program->arena, module_count_blocks(ast, body) + 1,
                                 struct program_block);
    module_collect(module, ast, body);
    note_attributes(module, ast, body);
}

struct program_module *module_of_declare(struct program_module *parent,
                                         const struct program_block *declare)
{
    struct program_module *module = module_new(parent->program, parent);
    take_body(module, declare->ast, declare->node);
    analyse(module);
    return module;
}

/* ---- templates ---- */

bool program_is_template(const struct ast *ast, ast_id statement)
{
    const struct ast_node *node = ast_at(ast, statement);
    if (node->kind != AST_BLOCK || !str_is(ast_text(ast, node->child), "template"))
        return false;
    ast_id next = ast_at(ast, node->child)->next;
    return ast_at(ast, next)->kind != AST_NAME;
}

ast_id program_template_of(const struct program_block *foreach)
{
    ast_id found = 0;
    AST_EACH(foreach->ast, ast_block_body(foreach->ast, foreach->node), statement)
    {
        if (program_is_template(foreach->ast, statement))
            found = statement;
    }
    return found;
}

struct program_module *module_of_template(struct program_module *parent,
                                          const struct program_block *foreach, ast_id template,
                                          struct str variable)
{
    struct program_module *module = module_new(parent->program, parent);
    module->enclosing = parent;
    module->variable = arena_str(&parent->program->arena, variable);
    take_body(module, foreach->ast, template);
    analyse(module);
    return module;
}
