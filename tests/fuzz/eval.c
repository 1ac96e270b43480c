/* Expressions: any text is parsed and, if it is one, evaluated with the library and a small scope.
 * Whatever comes out is printed in both forms. */

#include "compiler/ast.h"
#include "stdlib/stdlib.h"
#include "tests/support/fuzz_input.h"
#include "tests/support/values.h"

enum { INPUT_MAX = 4096 };

static void print(const struct value *v)
{
    struct buf out;
    struct json_writer w;
    buf_init(&out, NULL, 64 << 20);
    value_print(&out, v);
    buf_clear(&out);
    json_begin(&w, &out);
    value_api_json(&w, v);
    buf_release(&out);
}

static void evaluate(const struct ast *ast, struct diags *diags)
{
    struct stdlib lib;
    struct values_scope scope;
    struct arena arena;
    struct value *vars = values_objects();
    stdlib_init(&lib);
    arena_init(&arena, NULL, 0);
    values_scope_init(&scope, vars, &lib);
    struct value *v = expr_eval(expr_compile(&arena, ast, ast->root), &scope.scope, diags);
    ASSERT((v != NULL) == (diags->len == 0));
    if (v) {
        ASSERT(v->type == VALUE_FUNCTION || !value_equal(v, value_null()) || v->type == VALUE_NULL);
        print(v);
    }
    value_unref(v);
    value_unref(vars);
    arena_release(&arena);
    stdlib_release(&lib);
}

static void work(void *arg)
{
    const struct str *input = arg;
    struct error err;
    struct diags diags;
    diags_init(&diags);
    struct source *source = source_new(STR("f"), *input, &err);
    struct ast *ast = ast_parse_expression(source, &diags);
    if (ast && diags.errors == 0)
        evaluate(ast, &diags);
    ast_free(ast);
    source_unref(source);
    diags_release(&diags);
}

static void once(struct str input)
{
    ASSERT(fuzz_scope(work, &input) || fuzz_has_failed());
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(data, size, INPUT_MAX, once);
}
