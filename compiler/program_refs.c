/* References: for every traversal of every expression, the block it means. The shortest prefix that
 * is a block's id wins (SEMANTICS §11.3). */

#include "compiler/program_parts.h"

enum { NAME_MAX_BYTES = 64 * 1024 };

struct resolving {
    struct program_module *module;
    const struct stdlib *stdlib;
    struct program_deps deps;
    struct buf dotted;    /* the traversal's names joined */
    struct arena scratch; /* expressions of a template */
};

void deps_add(struct program_deps *deps, uint32_t block)
{
    if (deps->seen[block] == deps->stamp)
        return;
    deps->seen[block] = deps->stamp;
    if (deps->len == deps->cap) {
        deps->cap = deps->cap ? deps->cap * 2 : 64;
        deps->items = mem_realloc(NULL, deps->items, deps->cap * sizeof(uint32_t));
    }
    deps->items[deps->len++] = block;
}

static struct str dotted(struct resolving *r, const struct expr_ref *ref, size_t count)
{
    buf_clear(&r->dotted);
    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_byte(&r->dotted, '.');
        buf_str(&r->dotted, ref->names[i]);
    }
    return buf_view(&r->dotted);
}

/* The shortest prefix that is a block's id in `module`. */
static bool find_in(struct resolving *r, const struct program_module *module,
                    const struct expr_ref *ref, struct program_ref *out)
{
    buf_clear(&r->dotted);
    for (size_t i = 0; i < ref->count && i < UINT16_MAX; i++) {
        if (i)
            buf_byte(&r->dotted, '.');
        buf_str(&r->dotted, ref->names[i]);
        if (!buf_ok(&r->dotted))
            return false;
        uint32_t found = program_find_block(module, buf_view(&r->dotted));
        if (found != UINT32_MAX) {
            *out =
                (struct program_ref){.kind = REF_BLOCK, .used = (uint16_t)(i + 1), .target = found};
            return true;
        }
    }
    return false;
}

static bool all_arguments(struct resolving *r, const struct program_module *module,
                          const struct expr_ref *ref, struct program_ref *out)
{
    if (!str_is(ref->names[0], "argument") || !module->has_arguments)
        return false;
    *out = (struct program_ref){.kind = REF_ARGUMENTS, .used = 1};
    for (uint32_t i = 0; module == r->module && i < module->count; i++) {
        if (module->blocks[i].usable && module->blocks[i].kind == BLOCK_ARGUMENT)
            deps_add(&r->deps, i);
    }
    return true;
}

/* Blocks of the module, then of those around it; of a template its item comes between. */
static bool find_block(struct resolving *r, const struct expr_ref *ref, struct program_ref *out)
{
    unsigned up = 0;
    bool found = false;
    for (const struct program_module *m = r->module; m && !found && up <= PROGRAM_MAX_UP;
         m = m->enclosing, up += !found) {
        found = find_in(r, m, ref, out);
        if (!found && m->enclosing && str_eq(m->variable, ref->names[0])) {
            *out = (struct program_ref){.kind = REF_VARIABLE, .used = 1};
            found = true;
        }
        found = found || all_arguments(r, m, ref, out);
    }
    if (found)
        out->up = (uint8_t)up;
    return found;
}

static struct program_problem *note(struct resolving *r, enum program_problem_kind kind,
                                    uint32_t block, const struct expr_ref *ref, struct str text)
{
    struct program_problem *problem = module_problem(r->module, kind, block);
    problem->node = ref->node;
    problem->text = arena_str(&r->module->program->arena, text);
    return problem;
}

static void check_function(struct resolving *r, uint32_t block, const struct expr_ref *ref)
{
    const struct stdlib_entry *entry = stdlib_entry(r->stdlib, ref->names[0]);
    if (entry && entry->deprecated) {
        note(r, PROBLEM_DEPRECATED, block, ref, ref->names[0]);
        return;
    }
    struct str name = dotted(r, ref, ref->count);
    entry = stdlib_entry(r->stdlib, name);
    if (entry && entry->function && entry->function->experimental &&
        r->module->program->options.min_stability > STABILITY_EXPERIMENTAL)
        note(r, PROBLEM_FUNCTION_STABILITY, block, ref, name);
}

static void resolve(struct resolving *r, uint32_t block, const struct expr_ref *ref,
                    struct program_ref *out)
{
    struct str first = ref->names[0];
    bool in_library = r->stdlib && stdlib_lookup(r->stdlib, first) != NULL;
    if (find_block(r, ref, out)) {
        if (out->kind == REF_BLOCK && !out->up)
            deps_add(&r->deps, out->target);
        if (in_library && out->kind == REF_BLOCK && !out->up)
            note(r, PROBLEM_SHADOWING, block, ref, first)->other = out->target;
        return;
    }
    *out = (struct program_ref){.kind = REF_NONE, .used = 1};
    if (str_is(first, "module_path")) {
        out->kind = REF_MODULE_PATH;
    } else if (in_library) {
        if (map_has(&r->module->firsts, first))
            out->kind = REF_SHADOWED;
        check_function(r, block, ref);
    } else if (r->module->blocks[block].kind != BLOCK_FOREACH) { /* they fail when evaluated */
        note(r, PROBLEM_UNKNOWN_REFERENCE, block, ref, dotted(r, ref, ref->count));
    }
}

/* A foreach comes after what its template refers to. */
static void add_template_deps(struct resolving *r, const struct program_block *foreach)
{
    const struct ast *ast = foreach->ast;
    ast_id template = program_template_of(foreach);
    if (!template)
        return;
    for (ast_id node = ast_first(ast, template); node <= template; node++) {
        if (ast_at(ast, node)->kind != AST_ATTRIBUTE)
            continue;
        arena_reset(&r->scratch);
        const struct expr *expr = expr_compile(&r->scratch, ast, ast_value(ast, node));
        for (size_t i = 0; i < expr_ref_count(expr); i++) {
            struct program_ref ref;
            if (find_in(r, r->module, expr_ref_at(expr, i), &ref))
                deps_add(&r->deps, ref.target);
            else
                (void)all_arguments(r, r->module, expr_ref_at(expr, i), &ref);
        }
    }
}

static int compare_u32(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

void deps_keep(struct program_deps *deps, struct program_block *block)
{
    if (!deps->len)
        return;
    qsort(deps->items, deps->len, sizeof(uint32_t), compare_u32);
    uint32_t *kept = ARENA_ARRAY(&deps->module->program->arena, deps->len, uint32_t);
    memcpy(kept, deps->items, deps->len * sizeof(uint32_t));
    block->deps = kept;
    block->dep_count = deps->len;
}

void module_resolve(struct program_module *module)
{
    struct resolving r = {.module = module, .stdlib = module->program->options.stdlib};
    r.deps.module = module;
    r.deps.seen = mem_array(NULL, module->count + 1, sizeof(uint32_t));
    buf_init(&r.dotted, NULL, NAME_MAX_BYTES);
    arena_init(&r.scratch, NULL, 0);
    for (uint32_t i = 0; i < module->count; i++) {
        struct program_block *block = &module->blocks[i];
        r.deps.len = 0;
        r.deps.stamp++;
        for (uint32_t e = 0; e < block->expr_count; e++) {
            const struct expr *expr = block->exprs[e].expr;
            size_t count = expr_ref_count(expr);
            for (size_t k = 0; k < count; k++)
                resolve(&r, i, expr_ref_at(expr, k), &block->refs[block->exprs[e].first_ref + k]);
        }
        if (block->usable && block->kind == BLOCK_FOREACH)
            add_template_deps(&r, block);
        if (block->usable)
            module_further_deps(module, i, &r.deps);
        deps_keep(&r.deps, block);
    }
    mem_free(r.deps.items);
    mem_free(r.deps.seen);
    buf_release(&r.dotted);
    arena_release(&r.scratch);
}

const struct program_ref *program_refs_of(const struct program_block *block,
                                          const struct expr *expr, uint32_t *hint)
{
    for (uint32_t step = 0; step < block->expr_count; step++) {
        uint32_t at = *hint + step;
        if (at >= block->expr_count)
            at -= block->expr_count;
        if (block->exprs[at].expr == expr) {
            *hint = at;
            return &block->refs[block->exprs[at].first_ref];
        }
    }
    return NULL;
}
