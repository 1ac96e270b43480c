/* The walk over a program's modules, with a stack: a block, the blocks inside it, its references,
 * the next block; at a module's end its cycles. */

#include "compiler/check_program.h"

#include "compiler/check_memo.h"

enum {
    NAME_MAX_BYTES = 64 * 1024,
    CYCLE_NAMES_MAX = 100, /* every member of a cycle gets the whole list */
};

/* ---- cycles ---- */

static int compare_ids(const void *a, const void *b)
{
    const struct program_block *const *x = a, *const *y = b;
    return str_cmp((*x)->id, (*y)->id);
}

static struct range up_to_brace(const struct program_block *block)
{
    uint32_t start = ast_at(block->ast, block->node)->start;
    uint32_t brace = ast_at(block->ast, ast_block_body(block->ast, block->node))->start;
    return source_range(block->ast->source, start, brace + 1);
}

static void report_cycle(struct check *check, const struct check_module *m,
                         const struct program_problem *problem)
{
    struct arena *arena = &check->program->arena;
    uint32_t count = problem->member_count;
    const struct program_block **members = ARENA_ARRAY(arena, count, const struct program_block *);
    for (uint32_t i = 0; i < count; i++)
        members[i] = &m->module->blocks[problem->members[i]];
    qsort(members, count, sizeof(*members), compare_ids);
    struct buf names;
    buf_init(&names, NULL, CYCLE_NAMES_MAX * NAME_MAX_BYTES);
    for (uint32_t i = 0; i < count && i < CYCLE_NAMES_MAX; i++) {
        buf_cstr(&names, i ? ", " : "");
        buf_str(&names, members[i]->id);
    }
    if (count > CYCLE_NAMES_MAX)
        buf_printf(&names, " and %u more", count - CYCLE_NAMES_MAX);
    for (uint32_t i = 0; i < count; i++)
        diag_add(check->diags, DIAG_CYCLE_MEMBER, members[i]->ast->source, up_to_brace(members[i]),
                 STR_ARG(buf_view(&names)));
    buf_release(&names);
}

static void check_cycles(struct check *check, const struct check_module *m)
{
    struct program_module *module = m->module;
    module_arrange(module);
    for (uint32_t i = 0; i < module->problem_count; i++) {
        if (module->problems[i].kind == PROBLEM_CYCLE)
            report_cycle(check, m, &module->problems[i]);
    }
    for (uint32_t i = 0; i < module->count; i++) {
        const struct program_block *block = &module->blocks[i];
        for (uint32_t d = 0; d < block->dep_count; d++) {
            if (block->deps[d] == i)
                diag_add(check->diags, DIAG_REFERS_TO_ITSELF, block->ast->source,
                         up_to_brace(block));
        }
    }
}

/* ---- the walk ---- */

struct visit {
    struct check_module *m;
    uint32_t next;
    bool inside; /* the block at `next` was checked, and the blocks inside it */
};

static void walk(struct check *check)
{
    VEC(struct visit) visits = {0};
    VEC_PUSH(&visits, ((struct visit){.m = check->modules.items[0]}));
    while (visits.len) {
        struct visit *top = &visits.items[visits.len - 1];
        struct check_module *m = top->m;
        if (top->next == m->module->count) {
            check_cycles(check, m);
            visits.len--;
        } else if (top->inside) {
            top->inside = false;
            check_references(check, m, top->next++);
        } else if (!check_block(check, m, top->next)) {
            top->next++;
        } else {
            top->inside = true;
            struct check_module *inner = m->inner[top->next];
            if (inner) /* moves the stack: top is of no use afterwards */
                VEC_PUSH(&visits, ((struct visit){.m = inner}));
        }
    }
    VEC_RELEASE(&visits);
}

/* Does `run` look into this module at all? Declares that are never used stay unread. */
static bool is_live(const struct check_module *m)
{
    for (; m->parent; m = m->parent) {
        const struct check_module *around = m->parent;
        for (uint32_t i = 0; i < around->module->count; i++) {
            bool is_declare = around->module->blocks[i].kind == BLOCK_DECLARE;
            if (around->inner[i] == m && is_declare && !(around->has_uses && around->used[i]))
                return false;
        }
    }
    return true;
}

/* What only `run` would say is an error only where `run` would say it. */
static void demote_unread(struct check *check)
{
    for (size_t i = 0; i < check->diags->len; i++) {
        struct diag *diag = &check->diags->items[i];
        if (diag->beyond && !is_live(diag->beyond))
            diag_demote(check->diags, diag);
    }
}

void check_program(struct program_text *owned_text, const struct program_options *options,
                   struct diags *diags)
{
    check_program_again(owned_text, options, NULL, diags);
}

void check_program_again(struct program_text *owned_text, const struct program_options *options,
                         struct check_memo *memo, struct diags *diags)
{
    struct check check = {
        .program = program_empty(owned_text, options), .memo = memo, .diags = diags};
    if (memo)
        memo_begin(memo, check.program);
    arena_init(&check.scratch, NULL, 0);
    buf_init(&check.dotted, NULL, NAME_MAX_BYTES);
    check_modules(&check);
    walk(&check);
    demote_unread(&check);
    check_unused(&check);
    for (size_t i = 0; i < check.modules.len; i++) {
        if (check.modules.items[i]->has_uses)
            map_release(&check.modules.items[i]->used_exports);
    }
    VEC_RELEASE(&check.listeners);
    memo_notes_release(&check.notes);
    expr_compiler_release(&check.compiler);
    for (size_t i = 0; i < check.modules.len; i++)
        map_release(&check.modules.items[i]->arguments);
    VEC_RELEASE(&check.modules);
    mem_free(check.deps.items);
    buf_release(&check.dotted);
    arena_release(&check.scratch);
    program_unref(check.program);
}
