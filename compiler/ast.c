/* Views of the syntax tree: texts, names and ranges of nodes. */

#include "compiler/ast.h"

struct str ast_text(const struct ast *ast, ast_id id)
{
    const struct ast_node *node = ast_at(ast, id);
    return str_slice(ast->source->text, node->start, node->end);
}

struct range ast_range(const struct ast *ast, ast_id id)
{
    const struct ast_node *node = ast_at(ast, id);
    return source_range(ast->source, node->start, node->end);
}

const char *ast_op_text(enum ast_op op)
{
    static const char *const texts[] = {
        [AST_OP_NONE] = "",  [AST_OP_OR] = "||", [AST_OP_AND] = "&&", [AST_OP_EQ] = "==",
        [AST_OP_NEQ] = "!=", [AST_OP_LT] = "<",  [AST_OP_LTE] = "<=", [AST_OP_GT] = ">",
        [AST_OP_GTE] = ">=", [AST_OP_ADD] = "+", [AST_OP_SUB] = "-",  [AST_OP_MUL] = "*",
        [AST_OP_DIV] = "/",  [AST_OP_MOD] = "%", [AST_OP_POW] = "^",  [AST_OP_NOT] = "!",
        [AST_OP_NEG] = "-",
    };
    return texts[op];
}

struct str ast_name(const struct ast *ast, ast_id id)
{
    ast_id name = ast_at(ast, id)->kind == AST_NAME ? id : ast_at(ast, id)->child;
    struct str text = ast_text(ast, name);
    bool is_quoted = ast_at(ast, name)->op == 1;
    /* Two quotes with nothing between them keep their quotes. */
    return is_quoted && text.len > 2 ? str_slice(text, 1, text.len - 1) : text;
}

ast_id ast_value(const struct ast *ast, ast_id id)
{
    return ast_at(ast, ast_at(ast, id)->child)->next;
}

struct str ast_block_name(const struct ast *ast, ast_id block, struct arena *arena)
{
    ast_id first = ast_at(ast, block)->child;
    ast_id last = first;
    size_t len = 0;
    AST_EACH(ast, block, id)
    {
        if (ast_at(ast, id)->kind == AST_NAME) {
            len += ast_text(ast, id).len + (id != first);
            last = id;
        }
    }
    uint32_t start = ast_at(ast, first)->start;
    if (ast_at(ast, last)->end - start == len) {
        return str_slice(ast->source->text, start, start + len);
    }
    char *joined = arena_alloc(arena, len + 1);
    size_t at = 0;
    AST_EACH(ast, block, id)
    {
        if (ast_at(ast, id)->kind == AST_NAME) {
            struct str text = ast_text(ast, id);
            if (id != first) {
                joined[at++] = '.';
            }
            memcpy(joined + at, text.ptr, text.len);
            at += text.len;
        }
    }
    joined[at] = '\0';
    return str_of(joined, len);
}

struct str ast_block_label(const struct ast *ast, ast_id block)
{
    AST_EACH(ast, block, id)
    {
        if (ast_at(ast, id)->kind == AST_LABEL) {
            struct str text = ast_text(ast, id);
            return text.len > 2 ? str_slice(text, 1, text.len - 1) : STR_NONE;
        }
    }
    return STR_NONE;
}

bool ast_block_has_label(const struct ast *ast, ast_id block)
{
    return ast_block_label(ast, block).len > 0;
}

ast_id ast_block_body(const struct ast *ast, ast_id block)
{
    AST_EACH(ast, block, id)
    {
        if (ast_at(ast, id)->kind == AST_BODY) {
            return id;
        }
    }
    return 0;
}

struct range ast_block_head_range(const struct ast *ast, ast_id block)
{
    uint32_t brace = ast_at(ast, ast_block_body(ast, block))->start;
    return source_range(ast->source, ast_at(ast, block)->start, brace + 1);
}

struct range ast_block_name_range(const struct ast *ast, ast_id block)
{
    uint32_t end = 0;
    AST_EACH(ast, block, id)
    {
        if (ast_at(ast, id)->kind == AST_NAME) {
            end = ast_at(ast, id)->end;
        }
    }
    return source_range(ast->source, ast_at(ast, block)->start, end);
}
