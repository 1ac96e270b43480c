/* The kinds of the reader: lex (tokens), parse (tree, comments, diagnostics and their rendering),
 * fmt. */

#include "cli/conform.h"
#include "compiler/format.h"
#include "compiler/lexer.h"
#include "base/vec.h"

enum { RESULT_MAX = 256 * 1024 * 1024 };

/* ---- lex ---- */

/* The text of a token as Alloy's scanner returns it. */
static void token_literal(struct buf *out, const struct source *source, const struct token *token)
{
    struct str text = str_slice(source->text, token->start, token->end);
    switch (token->kind) {
    case TOKEN_TERMINATOR: buf_byte(out, '\n'); break;
    case TOKEN_COMMENT: lex_comment_text(out, text); break;
    case TOKEN_ILLEGAL:
        if (text.len == 1 && (unsigned char)text.ptr[0] >= 0x80) {
            text = STR("\xEF\xBF\xBD");
        }
        buf_str(out, text);
        break;
    case TOKEN_IDENT:
    case TOKEN_NUMBER:
    case TOKEN_FLOAT:
    case TOKEN_STRING:
    case TOKEN_BOOL:
    case TOKEN_NULL: buf_str(out, text); break;
    default: break;
    }
}

static void write_token(struct json_writer *w, const struct source *source,
                        const struct token *token)
{
    struct pos pos = source_pos(source, token->start);
    struct buf literal;
    buf_init(&literal, NULL, RESULT_MAX);
    token_literal(&literal, source, token);
    json_array(w);
    json_string(w, str_from(token_name(token->kind)));
    conform_string(w, buf_view(&literal));
    json_u64(w, pos.line);
    json_u64(w, pos.col);
    json_array_end(w);
    buf_release(&literal);
}

void conform_lex(struct conform_case *c)
{
    struct source *source = conform_source(c, STR_NONE);
    if (!source) {
        return;
    }
    struct diags diags;
    diags_init(&diags);
    struct lexer lexer;
    lex_init(&lexer, source, &diags);
    json_key(c->out, STR("tokens"));
    json_array(c->out);
    struct token token;
    do {
        lex_next(&lexer, &token);
        write_token(c->out, source, &token);
    } while (token.kind != TOKEN_EOF);
    json_array_end(c->out);
    conform_bool(c, "ok", diags.len == 0);
    conform_diags(c, "diagnostics", &diags);
    diags_release(&diags);
    source_unref(source);
}

/* ---- parse ---- */

/* Nodes in post-order: what is written before, between and after the children of a node. Names
 * inside a node are written by it. */
struct walk {
    const struct ast *ast;
    struct json_writer *out;
    ast_id *open; /* the nodes being written, outermost first */
    size_t depth;
    size_t cap;
};

static void begin(struct walk *w, const char *kind)
{
    json_array(w->out);
    json_string(w->out, str_from(kind));
}

static void string(struct walk *w, struct str text)
{
    conform_string(w->out, text);
}

static void begin_block(struct walk *w, ast_id id)
{
    begin(w, "block");
    json_array(w->out);
    AST_EACH(w->ast, id, part)
    {
        if (ast_at(w->ast, part)->kind == AST_NAME) {
            string(w, ast_text(w->ast, part));
        }
    }
    json_array_end(w->out);
    string(w, ast_block_label(w->ast, id));
}

static void begin_literal(struct walk *w, ast_id id)
{
    static const char *const kinds[] = {
        [AST_NULL] = "NULL",   [AST_BOOL] = "BOOL",     [AST_NUMBER] = "NUMBER",
        [AST_FLOAT] = "FLOAT", [AST_STRING] = "STRING",
    };
    begin(w, "lit");
    string(w, str_from(kinds[ast_at(w->ast, id)->op]));
    string(w, ast_text(w->ast, id));
}

static void begin_field(struct walk *w, ast_id id)
{
    json_array(w->out);
    struct str name = ast_name(w->ast, id);
    string(w, name);
    const struct ast_node *node = ast_at(w->ast, ast_at(w->ast, id)->child);
    json_bool(w->out, node->op == 1 && node->end - node->start > 2);
}

static void begin_operator(struct walk *w, const char *kind, ast_id id)
{
    begin(w, kind);
    string(w, str_from(ast_op_text(ast_at(w->ast, id)->op)));
}

/* What stands before the children. */
static void enter(struct walk *w, ast_id id)
{
    switch (ast_at(w->ast, id)->kind) {
    case AST_BODY: json_array(w->out); break;
    case AST_ATTRIBUTE:
        begin(w, "attr");
        string(w, ast_name(w->ast, id));
        break;
    case AST_BLOCK: begin_block(w, id); break;
    case AST_LITERAL: begin_literal(w, id); break;
    case AST_IDENT:
        begin(w, "ident");
        string(w, ast_text(w->ast, id));
        break;
    case AST_ARRAY: begin(w, "array"); break;
    case AST_OBJECT: begin(w, "object"); break;
    case AST_FIELD: begin_field(w, id); break;
    case AST_ACCESS: begin(w, "access"); break;
    case AST_INDEX: begin(w, "index"); break;
    case AST_CALL: begin(w, "call"); break;
    case AST_PAREN: begin(w, "paren"); break;
    case AST_UNARY: begin_operator(w, "unary", id); break;
    case AST_BINARY: begin_operator(w, "binary", id); break;
    default: break;
    }
}

static void leave(struct walk *w, ast_id id)
{
    const struct ast_node *node = ast_at(w->ast, id);
    if (node->kind == AST_ACCESS) {
        string(w, ast_text(w->ast, ast_at(w->ast, node->child)->next));
    }
    json_array_end(w->out);
}

static bool is_written(const struct ast *ast, ast_id id)
{
    return ast_at(ast, id)->kind != AST_NAME && ast_at(ast, id)->kind != AST_LABEL;
}

static void push(struct walk *w, ast_id id)
{
    w->open = vec_room(w->open, w->depth, &w->cap, sizeof(*w->open));
    w->open[w->depth++] = id;
    enter(w, id);
}

static void write_tree(struct json_writer *out, const struct ast *ast)
{
    struct walk w = {.ast = ast, .out = out};
    push(&w, ast->root);
    ast_id next = ast_at(ast, ast->root)->child;
    while (w.depth > 0) {
        while (next != 0 && !is_written(ast, next)) {
            next = ast_at(ast, next)->next;
        }
        if (next != 0) {
            push(&w, next);
            next = ast_at(ast, next)->child;
        } else {
            ast_id id = w.open[--w.depth];
            leave(&w, id);
            next = ast_at(ast, id)->next;
        }
    }
    mem_free(w.open);
}

static void write_comments(struct json_writer *w, const struct ast *ast)
{
    uint32_t group = 0;
    json_array(w);
    for (uint32_t i = 0; i < ast->comment_count; i++) {
        const struct ast_comment *comment = &ast->comments[i];
        if (comment->group != group) {
            if (group != 0) {
                json_array_end(w);
            }
            group = comment->group;
            json_array(w);
        }
        struct pos pos = source_pos(ast->source, comment->start);
        struct buf text;
        buf_init(&text, NULL, RESULT_MAX);
        lex_comment_text(&text, str_slice(ast->source->text, comment->start, comment->end));
        json_array(w);
        conform_string(w, buf_view(&text));
        json_u64(w, pos.line);
        json_u64(w, pos.col);
        json_array_end(w);
        buf_release(&text);
    }
    if (group != 0) {
        json_array_end(w);
    }
    json_array_end(w);
}

static void write_rendered(struct conform_case *c, const struct diags *diags)
{
    struct buf text;
    buf_init(&text, NULL, RESULT_MAX);
    diags_render(&text, diags, (struct diag_style){0});
    conform_text(c, "rendered", buf_view(&text));
    buf_release(&text);
}

void conform_parse(struct conform_case *c)
{
    struct source *source = conform_source(c, STR("test.alloy"));
    if (!source) {
        return;
    }
    struct diags diags;
    diags_init(&diags);
    struct ast *ast = ast_parse(source, &diags);
    conform_bool(c, "ok", diags.len == 0);
    conform_diags(c, "diagnostics", &diags);
    if (diags.len > 0) {
        write_rendered(c, &diags);
    } else {
        json_key(c->out, STR("ast"));
        write_tree(c->out, ast);
        json_key(c->out, STR("comments"));
        write_comments(c->out, ast);
    }
    ast_free(ast);
    diags_release(&diags);
    source_unref(source);
}

/* ---- fmt ---- */

void conform_fmt(struct conform_case *c)
{
    struct source *source = conform_source(c, STR("test.alloy"));
    if (!source) {
        return;
    }
    struct diags diags;
    diags_init(&diags);
    struct ast *ast = ast_parse(source, &diags);
    conform_bool(c, "ok", diags.len == 0);
    conform_diags(c, "diagnostics", &diags);
    if (diags.len == 0) {
        struct buf text;
        buf_init(&text, NULL, RESULT_MAX);
        format_file(&text, ast);
        buf_byte(&text, '\n');
        conform_text(c, "formatted", buf_view(&text));
        buf_release(&text);
    }
    ast_free(ast);
    diags_release(&diags);
    source_unref(source);
}
