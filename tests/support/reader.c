/* Reading texts for tests: parses, formats, and writes down what came out. */
#include "tests/support/reader.h"

#include "compiler/format.h"

void reader_lines(struct buf *out, const struct diags *diags)
{
    for (size_t i = 0; i < diags->len; i++) {
        const struct diag *diag = &diags->items[i];
        buf_printf(out, "%u:%u", diag->range.start.line, diag->range.start.col);
        if (diag->range.end.line > 0) {
            buf_printf(out, "-%u:%u", diag->range.end.line, diag->range.end.col);
        }
        buf_printf(out, " %.*s\n", STR_ARG(diag->message));
    }
}

struct ast *reader_parse(struct str text, struct diags *diags)
{
    struct source *source = source_new(STR("test.alloy"), text, NULL);
    struct ast *ast = ast_parse(source, diags);
    source_unref(source);
    if (diags->len > 0) {
        ast_free(ast);
        ast = NULL;
    }
    return ast;
}

bool reader_is_silent(struct str text)
{
    struct diags diags;
    diags_init(&diags);
    ast_free(reader_parse(text, &diags));
    bool is_silent = diags.len == 0;
    diags_release(&diags);
    return is_silent;
}

bool reader_format(struct buf *out, struct str text)
{
    struct diags diags;
    diags_init(&diags);
    struct ast *ast = reader_parse(text, &diags);
    diags_release(&diags);
    if (!ast) {
        return false;
    }
    format_file(out, ast);
    buf_byte(out, '\n');
    ast_free(ast);
    return true;
}

/* Keys may change their quotes, literals may not change at all. */
static void leaf(struct buf *out, const struct ast *ast, ast_id id)
{
    const struct ast_node *node = ast_at(ast, id);
    if (node->kind == AST_NAME) {
        buf_str(out, ast_name(ast, id));
    } else if (node->kind == AST_IDENT || node->kind == AST_LITERAL || node->kind == AST_LABEL) {
        buf_str(out, ast_text(ast, id));
    }
}

void reader_shape(struct buf *out, const struct ast *ast)
{
    for (ast_id id = 1; id < ast->node_count; id++) {
        const struct ast_node *node = ast_at(ast, id);
        bool is_empty_label = node->kind == AST_LABEL && node->end - node->start == 2;
        if (is_empty_label) {
            continue;
        }
        unsigned op = node->kind == AST_NAME ? 0 : node->op;
        unsigned children = 0;
        AST_EACH(ast, id, child)
        {
            const struct ast_node *part = ast_at(ast, child);
            children += part->kind != AST_LABEL || part->end - part->start > 2;
        }
        buf_printf(out, "%u.%u.%u ", node->kind, op, children);
        leaf(out, ast, id);
        buf_byte(out, '\n');
    }
}
