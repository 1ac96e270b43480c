/* The references of a block, in the words of `validate`: what is out of scope, warnings about
 * shadowed and deprecated names, functions below the stability level (SEMANTICS §10, §11.3). Every
 * expression of the body counts, those in blocks that the schema does not know as well. */

#include "compiler/check_parts.h"

/* One traversal of one block. */
struct lookup {
    struct check *check;
    struct check_module *m;
    const struct ast *ast;
    const struct expr_ref *ref;
};

static struct str dotted(const struct lookup *l)
{
    struct buf *text = &l->check->dotted;
    buf_clear(text);
    for (size_t i = 0; i < l->ref->count; i++) {
        buf_cstr(text, i ? "." : "");
        buf_str(text, l->ref->names[i]);
    }
    return buf_view(text);
}

/* The shortest prefix that is a block's id. */
static bool find_block(const struct lookup *l)
{
    struct buf *text = &l->check->dotted;
    buf_clear(text);
    for (size_t i = 0; i < l->ref->count; i++) {
        buf_cstr(text, i ? "." : "");
        buf_str(text, l->ref->names[i]);
        if (!buf_ok(text))
            return false;
        struct check_module *where;
        uint32_t found = check_find(l->m, buf_view(text), &where);
        if (found == UINT32_MAX)
            continue;
        if (where == l->m)
            deps_add(&l->check->deps, found);
        return true;
    }
    return false;
}

static bool in_scope(const struct lookup *l, struct str name)
{
    if (str_is(name, "module_path"))
        return true;
    for (const struct check_module *m = l->m; m; m = m->enclosing) {
        bool is_declare = !m->in_root && !m->enclosing;
        if (m->variable.len && str_eq(m->variable, name))
            return true;
        if (is_declare && str_is(name, "argument"))
            return true;
    }
    return false;
}

static void report(const struct lookup *l, enum diag_id id, struct str text)
{
    diag_add(l->check->diags, id, l->ast->source, ast_range(l->ast, l->ref->node), STR_ARG(text));
}

static void check_function(const struct lookup *l)
{
    const struct program_options *options = &l->check->program->options;
    const struct stdlib_entry *entry = stdlib_entry(options->stdlib, l->ref->names[0]);
    if (entry && entry->deprecated) {
        diag_add(l->check->diags, DIAG_DEPRECATED, l->ast->source, ast_range(l->ast, l->ref->node));
        return;
    }
    struct str name = dotted(l);
    entry = stdlib_entry(options->stdlib, name);
    bool experimental = entry && entry->function && entry->function->experimental;
    if (experimental && options->min_stability > STABILITY_EXPERIMENTAL)
        report(l, DIAG_STABILITY,
               program_stability_text(&l->check->diags->arena, "", name, STABILITY_EXPERIMENTAL,
                                      options->min_stability));
}

static void resolve(const struct lookup *l)
{
    const struct stdlib *stdlib = l->check->program->options.stdlib;
    struct str first = l->ref->names[0];
    bool in_library = stdlib && stdlib_lookup(stdlib, first);
    if (find_block(l)) {
        uint32_t start = ast_at(l->ast, l->ref->node)->start;
        if (in_library)
            diag_add(l->check->diags, DIAG_SHADOWING, l->ast->source,
                     source_range(l->ast->source, start, start + (uint32_t)first.len));
    } else if (in_scope(l, first)) {
        return;
    } else if (in_library) {
        check_function(l);
    } else {
        report(l, DIAG_UNKNOWN_REFERENCE, dotted(l));
    }
}

static void check_expression(struct lookup *l, ast_id value)
{
    const struct expr *expr = expr_compile(&l->check->scratch, l->ast, value);
    for (size_t i = 0; i < expr_ref_count(expr); i++) {
        l->ref = expr_ref_at(expr, i);
        resolve(l);
    }
}

void check_references(struct check *check, struct check_module *m, uint32_t index)
{
    struct program_block *block = &m->module->blocks[index];
    if (block->kind == BLOCK_DECLARE)
        return;
    struct lookup l = {.check = check, .m = m, .ast = block->ast};
    check->deps.len = 0;
    check->deps.stamp = index + 1;
    check->deps.seen = m->seen;
    check->deps.module = m->module;
    AST_EACH(l.ast, ast_block_body(l.ast, block->node), statement)
    {
        if (block->kind == BLOCK_FOREACH && program_is_template(l.ast, statement))
            continue;
        /* Post-order: the attributes of nested blocks come in the order of the text. */
        for (ast_id node = ast_first(l.ast, statement); node <= statement; node++) {
            if (ast_at(l.ast, node)->kind != AST_ATTRIBUTE)
                continue;
            arena_reset(&check->scratch);
            check_expression(&l, ast_value(l.ast, node));
        }
    }
    deps_keep(&check->deps, block);
}
