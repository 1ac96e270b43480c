/* The reader's core: tokens and comments, nodes, errors with Alloy's one-per-line rule, and the
 * loop over states. A parser is one heap block of about 40 KB (its frames); the tree's arrays grow
 * with the text, which is bounded. */

#include "compiler/parser.h"
#include "base/strconv.h"

/* ---- tokens ---- */

static void add_comment(struct parser *p, uint32_t group)
{
    struct ast *ast = p->ast;
    if (ast->comment_count == p->comment_cap) {
        p->comment_cap = p->comment_cap > 0 ? p->comment_cap * 2 : 32;
        ast->comments =
            mem_realloc(&compiler_memory, ast->comments, p->comment_cap * sizeof(*ast->comments));
    }
    ast->comments[ast->comment_count++] = (struct ast_comment){p->token.start, p->token.end, group};
}

/* Comments that follow each other with no empty line between them form a group. */
static void take_comments(struct parser *p)
{
    const struct source *source = p->ast->source;
    uint32_t line = 1;
    uint32_t end_line = 0;
    while (at_token(p, TOKEN_COMMENT)) {
        line = source_line_near(source, p->token.start, line);
        if (end_line == 0 || line > end_line + 1) {
            p->comment_groups++;
        }
        add_comment(p, p->comment_groups);
        end_line = line;
        if (p->lexer.text[p->token.start + 1] == '*') {
            end_line = source_line_near(source, p->token.end - 1, line);
        }
        lex_next(&p->lexer, &p->token);
    }
}

void parser_next(struct parser *p)
{
    lex_next(&p->lexer, &p->token);
    if (at_token(p, TOKEN_COMMENT)) {
        take_comments(p);
    }
}

void parser_skip_to(struct parser *p, enum token_kind kind)
{
    while (!at_token(p, TOKEN_EOF) && !at_token(p, kind)) {
        parser_next(p);
    }
}

void parser_skip_statement(struct parser *p)
{
    static const struct {
        uint8_t pair; /* which counter */
        int8_t step;
    } brackets[TOKEN_COUNT] = {
        [TOKEN_LCURLY] = {0, 1},  [TOKEN_RCURLY] = {0, -1}, [TOKEN_LBRACK] = {1, 1},
        [TOKEN_RBRACK] = {1, -1}, [TOKEN_LPAREN] = {2, 1},  [TOKEN_RPAREN] = {2, -1},
    };
    int64_t open[3] = {0};
    while (!at_token(p, TOKEN_EOF)) {
        enum token_kind kind = p->token.kind;
        open[brackets[kind].pair] += brackets[kind].step;
        if (kind == TOKEN_TERMINATOR && open[0] <= 0 && open[1] <= 0 && open[2] <= 0) {
            return;
        }
        parser_next(p);
    }
}

/* ---- errors ---- */

/* Whether a syntax error at the current token is to be reported; if so its line is silent from now
 * on. */
static bool may_report(struct parser *p)
{
    uint32_t at = p->token.start;
    if (at >= p->silent_start && at < p->silent_end) {
        return false;
    }
    const struct source *source = p->ast->source;
    uint32_t line = source_pos(source, at).line;
    p->silent_start = source->lines[line - 1];
    p->silent_end = line < source->line_count ? source->lines[line] : UINT32_MAX;
    return true;
}

struct range parser_range(const struct parser *p, uint32_t start, uint32_t end)
{
    return source_range(p->ast->source, start, end);
}

static struct range here(const struct parser *p)
{
    return (struct range){.start = source_pos(p->ast->source, p->token.start)};
}

void parser_error(struct parser *p, enum diag_id id)
{
    if (may_report(p)) {
        diag_add(p->diags, id, p->ast->source, here(p), token_name(p->token.kind));
    }
}

void parser_error_expected(struct parser *p, enum token_kind kind)
{
    if (may_report(p)) {
        diag_add(p->diags, DIAG_EXPECTED, p->ast->source, here(p), token_name(kind),
                 token_name(p->token.kind));
    }
}

void parser_error_quoting(struct parser *p, enum diag_id id, struct str text)
{
    if (may_report(p)) {
        struct buf quoted;
        buf_init(&quoted, NULL, SOURCE_MAX_BYTES);
        strconv_quote(&quoted, text);
        diag_add(p->diags, id, p->ast->source, here(p), STR_ARG(buf_view(&quoted)));
        buf_release(&quoted);
    }
}

struct token parser_expect(struct parser *p, enum token_kind kind)
{
    struct token token = p->token;
    if (token.kind != kind) {
        parser_error_expected(p, kind);
    }
    parser_next(p);
    return token;
}

/* ---- nodes and frames ---- */

void parser_grow(struct parser *p)
{
    p->node_cap += p->node_cap / 2;
    p->nodes = mem_realloc(&compiler_memory, p->nodes, p->node_cap * sizeof(*p->nodes));
}

static void stop(struct parser *p, enum diag_id id, unsigned limit)
{
    if (!p->stopped) {
        p->stopped = true;
        diag_add(p->diags, id, p->ast->source, here(p), limit);
    }
}

bool parser_is_full(struct parser *p)
{
    if (p->node_count >= AST_MAX_NODES) {
        stop(p, DIAG_NODES, AST_MAX_NODES);
    }
    return p->stopped;
}

struct frame *parser_push(struct parser *p, enum frame_kind kind, uint32_t start)
{
    if (p->depth == SOURCE_MAX_DEPTH) {
        stop(p, DIAG_DEPTH, SOURCE_MAX_DEPTH);
        return NULL;
    }
    struct frame *frame = &p->frames[p->depth++];
    *frame = (struct frame){.kind = (uint8_t)kind, .start = start};
    return frame;
}

/* ---- the loop ---- */

typedef enum state state_fn(struct parser *p);

static state_fn *const states[] = {
    [STATE_STATEMENT] = parser_statement, [STATE_SEPARATOR] = parser_separator,
    [STATE_ITEM] = parser_item,           [STATE_FIELD] = parser_field,
    [STATE_OPERAND] = parser_operand,     [STATE_POSTFIX] = parser_postfix,
    [STATE_OPERATOR] = parser_operator,   [STATE_VALUE] = parser_value,
};

static struct parser *parser_new(struct source *source, struct diags *diags)
{
    struct parser *p = mem_alloc(&compiler_memory, sizeof(*p));
    memset(p, 0, offsetof(struct parser, frames));
    p->diags = diags;
    p->ast = mem_zalloc(&compiler_memory, sizeof(*p->ast));
    p->ast->source = source_ref(source);
    p->node_cap = (uint32_t)source->text.len / 8 + 64;
    p->nodes = mem_alloc(&compiler_memory, p->node_cap * sizeof(*p->nodes));
    parser_node(p, AST_NONE, 0, 0, 0);
    lex_init(&p->lexer, source, diags);
    parser_next(p);
    return p;
}

/* Gives the arrays their final size and the parser up. */
static struct ast *finish(struct parser *p)
{
    struct ast *ast = p->ast;
    bool stopped = p->stopped;
    ast->node_count = p->node_count;
    ast->nodes = p->nodes;
    if (!stopped) {
        ast->nodes =
            mem_realloc(&compiler_memory, p->nodes, p->node_count * sizeof(struct ast_node));
    }
    mem_free(p);
    if (stopped) {
        ast_free(ast);
        return NULL;
    }
    return ast;
}

static struct ast *run(struct source *source, struct diags *diags, enum frame_kind kind,
                       enum state state)
{
    struct parser *p = parser_new(source, diags);
    parser_push(p, kind, 0);
    while (state != STATE_DONE && !parser_is_full(p)) {
        state = states[state](p);
    }
    return finish(p);
}

struct ast *ast_parse(struct source *source, struct diags *diags)
{
    return run(source, diags, FRAME_FILE, STATE_STATEMENT);
}

struct ast *ast_parse_expression(struct source *source, struct diags *diags)
{
    return run(source, diags, FRAME_LONE, STATE_OPERAND);
}

void ast_free(struct ast *ast)
{
    if (!ast) {
        return;
    }
    source_unref(ast->source);
    mem_free(ast->nodes);
    mem_free(ast->comments);
    mem_free(ast);
}
