/* `conform decode`: a value into one field of a type, or a block into a struct by a schema; and
 * what the static check says of the same text. */

#include "cli/conform_schema.h"
#include "compiler/ast.h"
#include "compiler/decode.h"

static ast_id first_block(const struct ast *ast)
{
    AST_EACH(ast, ast->root, node)
    {
        if (ast_at(ast, node)->kind == AST_BLOCK)
            return node;
    }
    return 0;
}

/* The label of the outermost block, which body_decode leaves to its caller. */
static bool check_label(const struct ast *ast, ast_id block, const struct shape *shape,
                        struct arena *arena, struct diags *diags)
{
    struct str name = ast_block_name(ast, block, arena);
    bool labelled = ast_block_label(ast, block).len > 0;
    bool wanted = schema_label_row(shape);
    if (labelled != wanted)
        diag_add(diags, labelled ? DIAG_LABEL_EXTRA : DIAG_LABEL_MISSING, ast->source,
                 ast_block_head_range(ast, block), STR_ARG(name));
    return labelled == wanted;
}

static void write_result(struct conform_case *c, const struct shape *shape, const void *args)
{
    conform_bool(c, "ok", true);
    json_key(c->out, STR("value"));
    if (doc_get(c->input, STR("target")))
        conform_field_write(c->out, shape->rows, args);
    else
        conform_struct_write(c->out, shape, args);
}

static void decode(struct conform_case *c, const struct ast *ast, const struct shape *shape)
{
    struct conform_scope scope;
    struct diags diags;
    ast_id block = first_block(ast);
    conform_scope_init(&scope, c);
    diags_init(&diags);
    struct body *body = body_compile(c->arena, ast, block, shape);
    void *args = arena_zalloc(c->arena, CONFORM_STRUCT_SIZE);
    if (check_label(ast, block, shape, c->arena, &diags) &&
        body_decode(body, &scope.scope, c->arena, args, &diags)) {
        write_result(c, shape, args);
        schema_release(shape, args);
    } else {
        conform_bool(c, "ok", false);
        conform_error(c, &diags);
    }
    diags_release(&diags);
    diags_init(&diags);
    check_body(ast, block, shape, &diags);
    conform_diags(c, "typecheck", &diags);
    diags_release(&diags);
    conform_scope_release(&scope);
}

static const struct shape *shape_of(struct conform_case *c)
{
    const struct doc *target = doc_get(c->input, STR("target"));
    const struct doc *schema = doc_get(c->input, STR("schema"));
    if (target)
        return conform_shape_of_type(c->arena, target->text);
    return schema ? conform_shape(c->arena, schema) : NULL;
}

void conform_decode(struct conform_case *c)
{
    const struct doc *expr = doc_get(c->input, STR("expr"));
    if (expr) {
        struct str text = expr->text;
        c->src = arena_concat(c->arena, arena_concat(c->arena, STR("test {\n\tv = "), text),
                              STR("\n}\n"));
    }
    const struct shape *shape = shape_of(c);
    struct diags diags;
    diags_init(&diags);
    struct source *source = conform_source(c, STR(""));
    struct ast *ast = source ? ast_parse(source, &diags) : NULL;
    if (ast && diags.errors == 0 && shape && first_block(ast)) {
        decode(c, ast, shape);
    } else if (source) {
        conform_bool(c, "ok", false);
        conform_text(c, "stage", STR("parse"));
        conform_diags(c, "diagnostics", &diags);
    }
    if (ast)
        ast_free(ast);
    source_unref(source);
    diags_release(&diags);
}
