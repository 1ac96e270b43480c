/* Edges that no expression shows, cycles, and the order of evaluation: Tarjan's components over the
 * dependencies, without recursion. */

#include "compiler/program_parts.h"

/* ---- declares and imports used inside a declare ---- */

struct inside {
    ast_id statement; /* next to look at */
    ast_id body;
};

static bool declares_label(const struct ast *ast, ast_id body, struct str label)
{
    AST_EACH(ast, body, statement)
    {
        if (ast_at(ast, statement)->kind == AST_BLOCK &&
            str_eq(ast_block_label(ast, statement), label) &&
            str_is(ast_text(ast, ast_at(ast, statement)->child), "declare"))
            return true;
    }
    return false;
}

static bool hidden_inside(const struct ast *ast, const struct inside *stack, size_t depth,
                          struct str label)
{
    for (size_t i = 0; i < depth; i++) {
        if (declares_label(ast, stack[i].body, label))
            return true;
    }
    return false;
}

static bool has_blocks_of_its_own(struct str name)
{
    return str_is(name, "declare") || str_is(name, "foreach") || str_is(name, "template");
}

static void add_used(struct program_module *module, const struct program_block *declare,
                     struct program_deps *deps)
{
    const struct ast *ast = declare->ast;
    struct inside *stack = mem_array(NULL, SOURCE_MAX_DEPTH, sizeof(*stack));
    size_t depth = 1;
    stack[0].body = ast_block_body(ast, declare->node);
    stack[0].statement = ast_at(ast, stack[0].body)->child;
    while (depth) {
        struct inside *top = &stack[depth - 1];
        ast_id statement = top->statement;
        if (!statement) {
            depth--;
            continue;
        }
        top->statement = ast_at(ast, statement)->next;
        if (ast_at(ast, statement)->kind != AST_BLOCK)
            continue;
        struct str first = ast_text(ast, ast_at(ast, statement)->child);
        struct program_block *used = map_get(&module->declares, first);
        if (used && !hidden_inside(ast, stack, depth, first))
            deps_add(deps, (uint32_t)(used - module->blocks));
        if (has_blocks_of_its_own(first) && depth < SOURCE_MAX_DEPTH) {
            ast_id body = ast_block_body(ast, statement);
            stack[depth++] = (struct inside){ast_at(ast, body)->child, body};
        }
    }
    mem_free(stack);
}

void module_further_deps(struct program_module *module, uint32_t index, struct program_deps *deps)
{
    struct program_block *block = &module->blocks[index];
    if (block->kind == BLOCK_DECLARE || block->kind == BLOCK_FOREACH) {
        add_used(module, block, deps);
    } else if (block->kind == BLOCK_CUSTOM) {
        struct str first, rest;
        str_cut(block->name, '.', &first, &rest);
        struct program_block *target = map_get(&module->declares, first);
        if (target)
            deps_add(deps, (uint32_t)(target - module->blocks));
    }
}

/* ---- Tarjan ---- */

struct visit {
    uint32_t block;
    uint32_t next_dep;
};

struct arranging {
    struct program_module *module;
    uint32_t *index; /* 0 = not seen */
    uint32_t *low;
    bool *on_stack;
    uint32_t *stack;
    uint32_t stack_len;
    struct visit *path;
    uint32_t path_len;
    uint32_t counter;
    uint32_t *order;
    uint32_t order_len;
};

static void enter(struct arranging *a, uint32_t block)
{
    a->index[block] = a->low[block] = ++a->counter;
    a->stack[a->stack_len++] = block;
    a->on_stack[block] = true;
    a->path[a->path_len++] = (struct visit){block, 0};
}

static bool depends_on_itself(const struct program_block *block, uint32_t index)
{
    for (uint32_t i = 0; i < block->dep_count; i++) {
        if (block->deps[i] == index)
            return true;
    }
    return false;
}

static void close_component(struct arranging *a, uint32_t root)
{
    uint32_t first = a->stack_len;
    do {
        first--;
        a->on_stack[a->stack[first]] = false;
    } while (a->stack[first] != root);
    uint32_t count = a->stack_len - first;
    a->stack_len = first;
    memcpy(a->order + a->order_len, a->stack + first, count * sizeof(uint32_t));
    if (count > 1) {
        struct program_problem *problem = module_problem(a->module, PROBLEM_CYCLE, root);
        problem->members = a->order + a->order_len;
        problem->member_count = count;
    } else if (depends_on_itself(&a->module->blocks[root], root)) {
        module_problem(a->module, PROBLEM_SELF, root);
    }
    a->order_len += count;
}

static void leave(struct arranging *a)
{
    uint32_t block = a->path[--a->path_len].block;
    if (a->low[block] == a->index[block])
        close_component(a, block);
    if (a->path_len) {
        uint32_t above = a->path[a->path_len - 1].block;
        if (a->low[block] < a->low[above])
            a->low[above] = a->low[block];
    }
}

static void walk_from(struct arranging *a, uint32_t start)
{
    enter(a, start);
    while (a->path_len) {
        struct visit *at = &a->path[a->path_len - 1];
        const struct program_block *block = &a->module->blocks[at->block];
        if (at->next_dep == block->dep_count) {
            leave(a);
            continue;
        }
        uint32_t dep = block->deps[at->next_dep++];
        if (!a->index[dep])
            enter(a, dep);
        else if (a->on_stack[dep] && a->index[dep] < a->low[at->block])
            a->low[at->block] = a->index[dep];
    }
}

void module_arrange(struct program_module *module)
{
    uint32_t count = module->count;
    struct arranging a = {.module = module};
    a.index = mem_array(NULL, count + 1, sizeof(uint32_t));
    a.low = mem_array(NULL, count + 1, sizeof(uint32_t));
    a.on_stack = mem_array(NULL, count + 1, sizeof(bool));
    a.stack = mem_array(NULL, count + 1, sizeof(uint32_t));
    a.path = mem_array(NULL, count + 1, sizeof(struct visit));
    a.order = ARENA_ARRAY(&module->program->arena, count + 1, uint32_t);
    for (uint32_t i = 0; i < count; i++) {
        if (module->blocks[i].usable && !a.index[i])
            walk_from(&a, i);
    }
    module->order = a.order;
    module->order_count = a.order_len;
    mem_free(a.index);
    mem_free(a.low);
    mem_free(a.on_stack);
    mem_free(a.stack);
    mem_free(a.path);
}
