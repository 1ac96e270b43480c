/* Block bodies: any text is read as a file; its first block is decoded into a struct with every
 * kind of member, checked statically, compared with itself and shown as the API does. */

#include "compiler/ast.h"
#include "compiler/decode.h"
#include "tests/support/fuzz_input.h"
#include "tests/support/sample.h"
#include "tests/support/values.h"

enum { INPUT_MAX = 8192 };

static ast_id first_block(const struct ast *ast)
{
    AST_EACH(ast, ast->root, node)
    {
        if (ast_at(ast, node)->kind == AST_BLOCK)
            return node;
    }
    return 0;
}

static void show(const struct args *args)
{
    struct buf out;
    struct json_writer w;
    buf_init(&out, NULL, 64 << 20);
    json_begin(&w, &out);
    schema_api_json(&w, &args_shape, args);
    buf_release(&out);
    struct value *v = schema_to_value(&args_shape, args);
    ASSERT(v->type == VALUE_OBJECT);
    value_unref(v);
    ASSERT(schema_equal(&args_shape, args, args) || args->ratio != args->ratio);
}

static void decode(const struct ast *ast, ast_id block)
{
    struct args args;
    struct arena arena;
    struct diags diags;
    struct values_scope scope;
    struct value *vars = values_objects();
    diags_init(&diags);
    arena_init(&arena, NULL, 0);
    values_scope_init(&scope, vars, NULL);
    struct body *body = body_compile(&arena, ast, block, &args_shape);
    bool ok = body_decode(body, &scope.scope, &arena, &args, &diags);
    ASSERT(ok == (diags.len == 0));
    if (ok) {
        show(&args);
        schema_release(&args_shape, &args);
    }
    check_body(ast, block, &args_shape, &diags);
    value_unref(vars);
    arena_release(&arena);
    diags_release(&diags);
}

static void work(void *arg)
{
    const struct str *input = arg;
    struct error err;
    struct diags diags;
    diags_init(&diags);
    struct source *source = source_new(STR("f"), *input, &err);
    struct ast *ast = ast_parse(source, &diags);
    if (ast && diags.errors == 0 && first_block(ast))
        decode(ast, first_block(ast));
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
