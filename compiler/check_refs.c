/* The references of a block, in the words of `validate`: what is out of scope, warnings about
 * shadowed and deprecated names, functions below the stability level (SEMANTICS §10, §11.3). Every
 * expression of the body counts, those in blocks that the schema does not know as well. */

#include "compiler/check_memo.h"

enum {
    ID_NAMES_MAX = 64, /* no id has more parts: what refers further is a field */
    LARGE_NODES = 50000,
};

/* One traversal of one block. */
struct lookup {
    struct check *check;
    struct check_module *m;
    const struct program_block *block;
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

/* The shortest prefix that is a block's id: its index in *where, after *used names. */
static uint32_t find_prefix(const struct lookup *l, struct check_module **where, size_t *used)
{
    struct buf *text = &l->check->dotted;
    buf_clear(text);
    for (size_t i = 0; i < l->ref->count && i < ID_NAMES_MAX; i++) {
        buf_cstr(text, i ? "." : "");
        buf_str(text, l->ref->names[i]);
        if (!buf_ok(text))
            return UINT32_MAX;
        uint32_t found = check_find(l->m, buf_view(text), where);
        *used = i + 1;
        if (found != UINT32_MAX)
            return found;
    }
    return UINT32_MAX;
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

/* ---- what a block that was found offers ---- */

bool check_symbol(struct check *check, struct check_module *m, const struct program_block *block,
                  struct program_symbol *out)
{
    const struct program_options *options = &check->program->options;
    struct check_module *where;
    *out = (struct program_symbol){0};
    if (block->kind != BLOCK_COMPONENT || check_declared(m, block->name, &where))
        return false;
    return options->find(options->arg, block->kind, block->name, out) ||
           program_catalog(check->program, block->name, out);
}

/* The place of the name at `index` of the traversal. */
static struct range name_range(const struct lookup *l, size_t index)
{
    ast_id node = l->ref->node;
    for (size_t i = l->ref->count - 1; i > index && ast_at(l->ast, node)->kind == AST_ACCESS; i--)
        node = ast_at(l->ast, node)->child;
    if (index == 0 || ast_at(l->ast, node)->kind != AST_ACCESS)
        return ast_range(l->ast, node);
    return ast_range(l->ast, ast_at(l->ast, ast_at(l->ast, node)->child)->next);
}

static struct diag *no_field(const struct lookup *l, size_t index)
{
    return diag_add(l->check->diags, DIAG_NO_FIELD, l->ast->source, name_range(l, index),
                    STR_ARG(l->ref->names[index]));
}

static bool offers(const struct shape *exports, struct str name)
{
    return exports && schema_find(exports, name);
}

static void check_custom(const struct lookup *l, struct check_module *inner, size_t used)
{
    struct str name = used < l->ref->count ? l->ref->names[used] : STR_NONE;
    check_use_export(l->check, inner, name);
    struct buf *text = &l->check->dotted;
    if (used == l->ref->count)
        return;
    buf_clear(text);
    buf_printf(text, "export.%.*s", STR_ARG(name));
    if (program_find_block(inner->module, buf_view(text)) == UINT32_MAX)
        hint_custom_export(l->check, inner, name, no_field(l, used));
}

/* What follows the block's id must be there. */
static void check_fields(const struct lookup *l, struct check_module *where, uint32_t found,
                         size_t used)
{
    const struct program_block *block = &where->module->blocks[found];
    struct check_module *declares;
    struct program_block *declared = NULL;
    struct program_symbol symbol;
    switch (block->kind) {
    case BLOCK_COMPONENT: declared = check_declared(where, block->name, &declares); break;
    case BLOCK_ARGUMENT:
        if (used < l->ref->count && !str_is(l->ref->names[used], "value"))
            no_field(l, used);
        return;
    case BLOCK_FOREACH:
    case BLOCK_IMPORT: return;
    default: {
        struct str name = l->ref->names[0];
        diag_add(l->check->diags, DIAG_UNKNOWN_IDENTIFIER, l->ast->source, name_range(l, 0),
                 STR_ARG(name));
        return;
    }
    }
    if (declared && declared->kind == BLOCK_DECLARE) {
        struct check_module *inner = declares->inner[declared - declares->module->blocks];
        if (inner)
            check_custom(l, inner, used);
    } else if (used < l->ref->count && check_symbol(l->check, where, block, &symbol) &&
               symbol.args && !offers(symbol.exports, l->ref->names[used])) {
        hint_export(l->check, symbol.exports, l->ref->names[used], no_field(l, used));
    }
}

void check_resolve(void *arg, const struct expr_ref *ref, struct check_ref *out)
{
    const struct check_place *place = arg;
    const struct lookup l = {.check = place->check, .m = place->m, .ast = place->ast, .ref = ref};
    const struct stdlib *stdlib = place->check->program->options.stdlib;
    struct check_module *where;
    struct program_symbol symbol;
    size_t used;
    uint32_t found = find_prefix(&l, &where, &used);
    *out = (struct check_ref){.kind = CHECK_REF_OPEN};
    if (found == UINT32_MAX) {
        bool known = in_scope(&l, ref->names[0]) ? str_is(ref->names[0], "module_path")
                                                 : stdlib && stdlib_lookup(stdlib, ref->names[0]);
        out->kind = known ? CHECK_REF_CLOSED : CHECK_REF_OPEN;
        return;
    }
    const struct program_block *block = &where->module->blocks[found];
    if (used + 1 < ref->count || !check_symbol(place->check, where, block, &symbol) ||
        !symbol.exports)
        return;
    out->row = used < ref->count ? schema_find(symbol.exports, ref->names[used]) : NULL;
    out->kind = used == ref->count || out->row ? CHECK_REF_TYPED : CHECK_REF_OPEN;
    out->exports = symbol.exports;
    out->id = block->id;
}

static void resolve(const struct lookup *l)
{
    const struct stdlib *stdlib = l->check->program->options.stdlib;
    struct str first = l->ref->names[0];
    bool in_library = stdlib && stdlib_lookup(stdlib, first);
    struct check_module *where;
    size_t used;
    uint32_t found = find_prefix(l, &where, &used);
    if (found != UINT32_MAX) {
        if (where == l->m)
            deps_add(&l->check->deps, found);
        check_use(l->check, where, found);
        uint32_t start = ast_at(l->ast, l->ref->node)->start;
        if (in_library)
            diag_add(l->check->diags, DIAG_SHADOWING, l->ast->source,
                     source_range(l->ast->source, start, start + (uint32_t)first.len));
        l->check->diags->beyond = l->m;
        check_fields(l, where, found, used);
        l->check->diags->beyond = NULL;
    } else if (in_scope(l, first)) {
        return;
    } else if (in_library) {
        check_function(l);
    } else {
        const struct check_place place = {l->check, l->m, l->ast};
        struct str text = dotted(l);
        hint_reference(&place, l->ref,
                       diag_add(l->check->diags, DIAG_UNKNOWN_REFERENCE, l->ast->source,
                                ast_range(l->ast, l->ref->node), STR_ARG(text)));
    }
}

/* A very large expression, without code for it: references are read off the nodes, which stand in
 * post-order; of a very long one the beginning. */
static void check_large(struct lookup *l, ast_id value)
{
    struct str names[ID_NAMES_MAX];
    for (ast_id at = ast_first(l->ast, value); at <= value; at++) {
        if (ast_at(l->ast, at)->kind != AST_IDENT)
            continue;
        struct expr_ref ref = {.names = names, .count = 1, .node = at};
        names[0] = ast_text(l->ast, at);
        for (ast_id node = at; ref.count < ID_NAMES_MAX && node + 2 <= value; node += 2) {
            const struct ast_node *access = ast_at(l->ast, node + 2);
            if (access->kind != AST_ACCESS || access->child != node)
                break;
            names[ref.count++] = ast_text(l->ast, node + 1);
            ref.node = node + 2;
        }
        l->ref = &ref;
        resolve(l);
        l->ref = NULL;
    }
}

static void check_expression(struct lookup *l, ast_id value)
{
    struct check *check = l->check;
    if (value - ast_first(l->ast, value) > LARGE_NODES) {
        check->now.learns = false;
        check_large(l, value);
        return;
    }
    const struct expr *expr = expr_compile_with(&check->compiler, &check->scratch, l->ast, value);
    for (size_t i = 0; i < expr_ref_count(expr); i++) {
        l->ref = expr_ref_at(expr, i);
        if (check->now.learns)
            memo_note(&check->notes, l->block, l->ref);
        resolve(l);
    }
}

static void check_remembered(void *arg, const struct expr_ref *ref)
{
    struct lookup *l = arg;
    l->ref = ref;
    resolve(l);
}

static void learn(struct check *check, const struct lookup *l)
{
    struct memo_now *now = &check->now;
    if (!now->record) {
        const struct check_place place = {check, l->m, l->ast};
        now->record = memo_learn(check->memo, &now->key, &check->notes);
        now->answers = memo_answers(now->record, l->block, &place, &check->scratch);
    }
    memo_judge(now->record, now->clean, now->answers);
}

static void check_statements(struct check *check, struct lookup *l)
{
    const struct program_block *block = l->block;
    AST_EACH(l->ast, ast_block_body(l->ast, block->node), statement)
    {
        if (block->kind == BLOCK_FOREACH && program_is_template(l->ast, statement))
            continue;
        /* Post-order: the attributes of nested blocks come in the order of the text. */
        for (ast_id node = ast_first(l->ast, statement); node <= statement; node++) {
            if (ast_at(l->ast, node)->kind != AST_ATTRIBUTE)
                continue;
            arena_reset(&check->scratch);
            check_expression(l, ast_value(l->ast, node));
        }
    }
}

void check_references(struct check *check, struct check_module *m, uint32_t index)
{
    struct program_block *block = &m->module->blocks[index];
    if (block->kind == BLOCK_DECLARE)
        return;
    struct lookup l = {.check = check, .m = m, .block = block, .ast = block->ast};
    check->deps.len = 0;
    check->deps.stamp = index + 1;
    check->deps.seen = m->seen;
    check->deps.module = m->module;
    check->notes.refs.len = check->notes.names.len = 0;
    if (check->now.record)
        memo_each(check->now.record, block, &check->scratch, check_remembered, &l);
    else
        check_statements(check, &l);
    if (check->now.learns)
        learn(check, &l);
    check->now = (struct memo_now){0}; /* around an inner block is another one */
    deps_keep(&check->deps, block);
}
