/* See values.h. */

#include "tests/support/values.h"

#include "compiler/ast.h"
#include "compiler/target.h"
#include "tests/support/reader.h"

static struct value *load(void *arg, const struct expr *e, size_t ref_index, size_t *used)
{
    const struct values_scope *s = arg;
    const struct value *v = NULL;
    if (s->variables)
        v = value_field(s->variables, expr_ref_at(e, ref_index)->names[0]);
    *used = 1;
    return v ? value_ref(v) : NULL;
}

void values_scope_init(struct values_scope *s, const struct value *variables,
                       const struct stdlib *lib)
{
    s->variables = variables;
    s->scope = (struct scope){.load = load, .arg = s, .stdlib = lib};
}

static struct value *eval(const char *text, const struct scope *scope, struct diags *diags)
{
    struct error err;
    struct value *v = NULL;
    struct arena arena;
    struct source *source = source_new(STR(""), str_from(text), &err);
    struct ast *ast = ast_parse_expression(source, diags);
    arena_init(&arena, NULL, 0);
    if (ast && diags->errors == 0)
        v = expr_eval(expr_compile(&arena, ast, ast->root), scope, diags);
    arena_release(&arena);
    ast_free(ast);
    source_unref(source);
    return v;
}

void values_eval(struct buf *out, const char *text, const struct scope *scope)
{
    struct diags diags;
    diags_init(&diags);
    struct value *v = eval(text, scope, &diags);
    if (v)
        value_print(out, v);
    else
        reader_lines(out, &diags);
    value_unref(v);
    diags_release(&diags);
}

struct value *values_object(const char *text)
{
    struct diags diags;
    struct values_scope scope;
    values_scope_init(&scope, NULL, NULL);
    diags_init(&diags);
    struct value *v = eval(text, &scope.scope, &diags);
    diags_release(&diags);
    return v;
}

struct value *values_objects(void)
{
    struct target_label label = {STR("a"), STR("1")};
    struct value_field fields[] = {
        {STR("o"), values_object("{a = [1, {b = \"x\"}], n = null}")},
        {STR("s"), value_secret(STR("hush"))},
        {STR("p"), value_optional_secret(STR("plain"), false)},
        {STR("t"), value_capsule(&capsule_target, target_new(&label, 1))},
    };
    return value_object(fields, sizeof(fields) / sizeof(fields[0]), false);
}
