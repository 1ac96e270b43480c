/* What is wrong with one block: where it stands, its name and label, and its body (SEMANTICS §10,
 * structural diagnostics and type checking). */

#include "compiler/check_memo.h"

struct range check_head(const struct program_block *block, size_t len)
{
    uint32_t start = ast_at(block->ast, block->node)->start;
    uint32_t end = (uint32_t)block->ast->source->text.len;
    if (len < end - start)
        end = start + (uint32_t)len;
    return source_range(block->ast->source, start, end);
}

/* One block under scrutiny. */
struct subject {
    struct check *check;
    struct check_module *m;
    struct program_block *block;
    struct source *source;
    uint32_t index;
};

static struct range name_of(const struct subject *s)
{
    return check_head(s->block, s->block->name.len);
}

/* ---- rules that several kinds share ---- */

static void check_twice(const struct subject *s)
{
    uint32_t first = s->m->first[s->index];
    if (first == UINT32_MAX)
        return;
    const struct program_block *other = &s->m->module->blocks[first];
    struct pos at = program_block_range(other).start;
    struct diag *diag = diag_add(s->check->diags, DIAG_BLOCK_TWICE, s->source,
                                 check_head(s->block, s->block->id.len), STR_ARG(s->block->id),
                                 STR_ARG(other->ast->source->name), at.line, at.col);
    diag_relate(s->check->diags, diag, other->ast->source, check_head(other, other->id.len),
                "first declared here");
    diag_hint(s->check->diags, diag, "give one of the two another label");
}

static void check_label(const struct subject *s)
{
    if (!s->block->label.len)
        diag_add(s->check->diags, DIAG_BLOCK_NO_LABEL, s->source, name_of(s),
                 STR_ARG(s->block->name));
}

static void check_place(const struct subject *s)
{
    const char *inside = !s->m->in_root ? "module" : s->m->enclosing ? "foreach" : NULL;
    if (inside)
        diag_add(s->check->diags, DIAG_NOT_ALLOWED_IN, s->source,
                 check_head(s->block, s->block->id.len), STR_ARG(s->block->id), inside);
}

static void check_in_module(const struct subject *s)
{
    if (s->m->in_root)
        diag_add(s->check->diags, DIAG_ONLY_IN_MODULE, s->source, program_block_range(s->block),
                 STR_ARG(s->block->name));
}

static void check_statements(const struct subject *s, ast_id of)
{
    const struct ast *ast = s->block->ast;
    AST_EACH(ast, ast_block_body(ast, of), statement)
    {
        if (ast_at(ast, statement)->kind == AST_ATTRIBUTE)
            diag_add(s->check->diags, DIAG_STATEMENT_TYPE, s->source, ast_range(ast, statement));
    }
}

static bool is_stable(const struct subject *s, const char *subject, enum stability level)
{
    enum stability minimum = s->check->program->options.min_stability;
    if (level >= minimum)
        return true;
    struct str text =
        program_stability_text(&s->check->diags->arena, subject, s->block->name, level, minimum);
    diag_add(s->check->diags, DIAG_STABILITY, s->source, name_of(s), STR_ARG(text));
    return false;
}

static bool find_symbol(const struct subject *s)
{
    const struct program_options *options = &s->check->program->options;
    return options->find(options->arg, s->block->kind, s->block->name, &s->block->symbol);
}

static void check_offered(const struct subject *s, bool found)
{
    if (!found || s->block->symbol.refused)
        diag_add(s->check->diags, DIAG_NOT_OFFERED, s->source, name_of(s), STR_ARG(s->block->name));
}

static const char *failure_of(const struct program_block *block)
{
    switch (block->kind) {
    case BLOCK_COMPONENT: return "Failed to build component: ";
    case BLOCK_SERVICE: return "Failed to evaluate service: ";
    default: return "Failed to evaluate node for config block: ";
    }
}

static struct check_scope scope_of(const struct subject *s, struct check_place *place)
{
    *place = (struct check_place){s->check, s->m, s->block->ast};
    return (struct check_scope){.resolve = check_resolve,
                                .arg = place,
                                .stdlib = s->check->program->options.stdlib,
                                .compiler = &s->check->compiler,
                                .module_path = s->check->program->text.module_path,
                                .beyond = s->m,
                                .subject = failure_of(s->block)};
}

/* Bodies of declares and templates stand for none or many listeners. */
static void note_listener(const struct subject *s)
{
    s->check->diags->beyond = s->m;
    if (s->m->depth == 0)
        check_listen(s->check, s->block);
    s->check->diags->beyond = NULL;
}

static void check_type(const struct subject *s, struct str skipped)
{
    struct check_place place;
    const struct check_scope scope = scope_of(s, &place);
    const struct shape *shape = s->block->symbol.args;
    if (shape &&
        check_body_in(&scope, s->block->ast, s->block->node, shape, skipped, s->check->diags))
        note_listener(s);
}

static size_t reported(const struct diags *diags)
{
    return diags->errors + diags->warnings + diags->lints;
}

/* check_type of a component: not again, if its text is known and means what it meant. */
static void check_type_again(const struct subject *s)
{
    struct check *check = s->check;
    struct memo_now *now = &check->now;
    if (!check->memo) {
        check_type(s, STR(""));
        return;
    }
    struct check_place place = {check, s->m, s->block->ast};
    now->key = memo_key(s->block);
    now->record = memo_find(check->memo, &now->key);
    now->answers = now->record ? memo_answers(now->record, s->block, &place, &check->scratch) : 0;
    if (now->record && memo_is_clean(now->record, now->answers)) {
        note_listener(s);
        return;
    }
    size_t before = reported(check->diags);
    check_type(s, STR(""));
    now->clean = s->block->symbol.args && reported(check->diags) == before;
    now->learns = true;
}

static void check_depth(const struct subject *s)
{
    if (s->m->depth == CHECK_MAX_DEPTH)
        diag_add(s->check->diags, DIAG_MODULE_DEPTH, s->source, name_of(s), CHECK_MAX_DEPTH);
}

/* ---- custom components ---- */

static bool is_optional(const struct program_block *argument)
{
    const struct ast *ast = argument->ast;
    AST_EACH(ast, ast_block_body(ast, argument->node), statement)
    {
        if (ast_at(ast, statement)->kind != AST_ATTRIBUTE ||
            !str_is(ast_name(ast, statement), "optional"))
            continue;
        ast_id value = ast_value(ast, statement);
        const struct ast_node *node = ast_at(ast, value);
        return node->kind == AST_LITERAL && node->op == AST_BOOL &&
               str_is(ast_text(ast, value), "true");
    }
    return false;
}

static void find_arguments(struct check *check, struct check_module *inner)
{
    if (inner->has_arguments)
        return;
    inner->has_arguments = true;
    struct program_module *module = inner->module;
    struct arena *arena = &check->program->arena;
    inner->required = ARENA_ARRAY(arena, module->count + 1, struct check_argument *);
    for (uint32_t i = 0; i < module->count; i++) {
        const struct program_block *block = &module->blocks[i];
        if (block->kind != BLOCK_ARGUMENT || !block->usable || !block->label.len)
            continue;
        struct check_argument *argument = ARENA_NEW(arena, struct check_argument);
        argument->name = block->label;
        argument->required = !is_optional(block);
        map_put(&inner->arguments, block->label, argument);
        if (argument->required)
            inner->required[inner->required_count++] = argument;
    }
}

static enum diag_id given_problem(const struct subject *s, struct check_argument *argument,
                                  bool is_block)
{
    if (is_block)
        return argument ? DIAG_MUST_BE_ATTRIBUTE : DIAG_BLOCK_UNKNOWN;
    if (!argument)
        return DIAG_ATTRIBUTE_UNKNOWN;
    bool again = argument->given_by == s->check->stamp;
    argument->given_by = s->check->stamp;
    return again ? DIAG_ATTRIBUTE_TWICE : DIAG_PLAIN;
}

static void check_missing(const struct subject *s, const struct check_module *inner)
{
    struct diags *diags = s->check->diags;
    for (uint32_t i = 0; i < inner->required_count; i++) {
        const struct check_argument *argument = inner->required[i];
        if (argument->given_by == s->check->stamp)
            continue;
        diag_add(diags, DIAG_ATTRIBUTE_MISSING, s->source, program_block_range(s->block),
                 arena_cstr(&s->check->scratch, argument->name));
        if (diags->dropped) /* many arguments times many instances is too much to count */
            break;
    }
}

static void check_instance(const struct subject *s, struct check_module *inner)
{
    const struct ast *ast = s->block->ast;
    struct check_place place;
    const struct check_scope scope = scope_of(s, &place);
    find_arguments(s->check, inner);
    s->check->stamp++;
    AST_EACH(ast, ast_block_body(ast, s->block->node), statement)
    {
        bool is_block = ast_at(ast, statement)->kind == AST_BLOCK;
        struct str name = is_block ? ast_block_name(ast, statement, &s->check->scratch)
                                   : ast_name(ast, statement);
        enum diag_id problem = given_problem(s, map_get(&inner->arguments, name), is_block);
        if (problem != DIAG_PLAIN)
            hint_argument(s->check, inner, name,
                          diag_add(s->check->diags, problem, s->source, ast_range(ast, statement),
                                   STR_ARG(name)));
        else
            check_any(&scope, ast, ast_value(ast, statement), s->check->diags);
    }
    check_missing(s, inner);
}

/* ---- each kind's own; false: its references are not looked at ---- */

static bool check_declare(const struct subject *s)
{
    check_label(s);
    check_twice(s);
    check_statements(s, s->block->node);
    check_depth(s);
    return true;
}

static bool check_config(const struct subject *s)
{
    check_twice(s);
    bool found = find_symbol(s);
    switch (s->block->kind) {
    case BLOCK_ARGUMENT:
    case BLOCK_EXPORT:
        check_in_module(s);
        check_label(s);
        break;
    case BLOCK_IMPORT: check_label(s); break;
    default: check_place(s); break;
    }
    check_offered(s, found);
    check_type(s, STR(""));
    return true;
}

static bool check_foreach(const struct subject *s)
{
    check_twice(s);
    bool found = find_symbol(s);
    bool stable = is_stable(s, "foreach block", s->block->symbol.stability);
    check_label(s);
    ast_id template = program_template_of(s->block);
    if (template)
        check_statements(s, template);
    else
        diag_add(s->check->diags, DIAG_BLOCK_MISSING, s->source, program_block_range(s->block),
                 "template");
    check_depth(s);
    if (stable)
        check_offered(s, found);
    check_type(s, STR("template"));
    return true;
}

static bool check_service(const struct subject *s)
{
    check_twice(s);
    check_place(s);
    bool found = find_symbol(s);
    check_offered(s, found);
    if (found && !s->block->symbol.configurable)
        diag_add(s->check->diags, DIAG_SERVICE_FIXED, s->source, program_block_range(s->block),
                 STR_ARG(s->block->id));
    check_type(s, STR(""));
    return true;
}

/* Is there a component of that name, and may it be used? */
static bool check_known(const struct subject *s)
{
    struct program_block *block = s->block;
    struct diags *diags = s->check->diags;
    bool offered = find_symbol(s);
    if (!offered && !program_catalog(s->check->program, block->name, &block->symbol)) {
        const struct check_place place = {s->check, s->m, block->ast};
        hint_component(
            &place, block->name,
            diag_add(diags, DIAG_UNKNOWN_COMPONENT, s->source, name_of(s), STR_ARG(block->name)));
        return false;
    }
    if (block->symbol.community && !s->check->program->options.community) {
        diag_add(diags, DIAG_COMMUNITY, s->source, name_of(s), STR_ARG(block->name));
        return false;
    }
    if (!block->symbol.community && !is_stable(s, "component", block->symbol.stability))
        return false;
    if (!offered)
        diag_add(diags, DIAG_NOT_RUNNABLE, s->source, name_of(s), STR_ARG(block->name));
    return true;
}

static bool check_component(const struct subject *s)
{
    if (!s->block->label.len)
        diag_add(s->check->diags, DIAG_NO_LABEL, s->source, name_of(s), STR_ARG(s->block->name));
    check_twice(s);
    struct check_module *where;
    struct program_block *declared = check_declared(s->m, s->block->name, &where);
    if (!declared) {
        if (!check_known(s))
            return false;
        check_type_again(s);
        return true;
    }
    if (declared->kind != BLOCK_DECLARE) { /* what an import offers is not known */
        check_use(s->check, where, (uint32_t)(declared - where->module->blocks));
        return false;
    }
    check_use(s->check, where, (uint32_t)(declared - where->module->blocks));
    struct check_module *inner = where->inner[declared - where->module->blocks];
    if (inner)
        check_instance(s, inner);
    return true;
}

bool check_block(struct check *check, struct check_module *m, uint32_t index)
{
    struct program_block *block = &m->module->blocks[index];
    struct subject s = {check, m, block, block->ast->source, index};
    arena_reset(&check->scratch);
    check->now = (struct memo_now){0};
    switch (block->kind) {
    case BLOCK_DECLARE: return check_declare(&s);
    case BLOCK_FOREACH: return check_foreach(&s);
    case BLOCK_SERVICE: return check_service(&s);
    case BLOCK_COMPONENT: return check_component(&s);
    default: return check_config(&s);
    }
}
