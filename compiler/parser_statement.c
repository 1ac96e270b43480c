/* Statements: attributes and blocks, their names and labels. */

#include "compiler/parser.h"

/* What stands before `=` or `{`. */
struct head {
    struct chain names;
    uint32_t start;
    uint32_t joined; /* length of the fragments with dots between them */
    unsigned count;
    bool is_labelled; /* with a string, even an empty one */
    struct str label;
    uint32_t label_start;
};

/* The length of the current token's text as messages count it. */
static uint32_t literal_len(const struct parser *p)
{
    bool has_text = p->token.kind <= TOKEN_NULL || p->token.kind == TOKEN_TERMINATOR;
    if (!has_text) {
        return 0;
    }
    uint32_t len = p->token.end - p->token.start;
    if (at_token(p, TOKEN_TERMINATOR)) {
        return 1;
    }
    bool is_broken = len == 1 && (unsigned char)p->lexer.text[p->token.start] >= 0x80;
    return is_broken ? 3 : len; /* a byte that is not UTF-8 stands for U+FFFD */
}

static void add_fragment(struct parser *p, struct head *head)
{
    ast_id name = parser_node(p, AST_NAME, 0, p->token.start, p->token.end);
    chain_add(p, &head->names, name);
    head->joined += literal_len(p) + (head->count > 0);
    head->count++;
    parser_next(p);
}

static void read_label(struct parser *p, struct head *head)
{
    if (!at_token(p, TOKEN_STRING)) {
        parser_error(p, DIAG_NOT_LABEL);
        parser_next(p);
        return;
    }
    struct str text = str_of(p->lexer.text + p->token.start, p->token.end - p->token.start);
    if (text.ptr[0] != '"') {
        parser_error_quoting(p, DIAG_LABEL_RAW, text);
    }
    if (text.len > 2) {
        head->label = str_slice(text, 1, text.len - 1);
        if (!lex_is_identifier(head->label)) {
            parser_error_quoting(p, DIAG_LABEL_NAME, head->label);
        }
    }
    head->is_labelled = true;
    head->label_start = p->token.start;
    chain_add(p, &head->names, parser_node(p, AST_LABEL, 0, p->token.start, p->token.end));
    parser_next(p);
}

/* False when there is no name at all. */
static bool read_head(struct parser *p, struct head *head)
{
    *head = (struct head){.start = p->token.start};
    if (!at_token(p, TOKEN_IDENT)) {
        parser_error(p, DIAG_NOT_IDENT);
        return false;
    }
    add_fragment(p, head);
    while (at_token(p, TOKEN_DOT) && !parser_is_full(p)) {
        parser_next(p);
        if (!at_token(p, TOKEN_IDENT)) {
            parser_error(p, DIAG_NOT_IDENT);
        }
        add_fragment(p, head);
    }
    if (!at_token(p, TOKEN_ASSIGN) && !at_token(p, TOKEN_LCURLY)) {
        read_label(p, head);
    }
    return true;
}

static enum state attribute(struct parser *p, const struct head *head)
{
    parser_next(p);
    struct source *source = p->ast->source;
    if (head->count != 1) {
        diag_add(p->diags, DIAG_ATTRIBUTE_DOTTED, source,
                 parser_range(p, head->start, head->start + head->joined));
    } else if (head->is_labelled) {
        uint32_t end = head->label_start + (uint32_t)head->label.len + 2;
        diag_add(p->diags, DIAG_ATTRIBUTE_LABEL, source, parser_range(p, head->label_start, end));
    }
    struct frame *frame = parser_push(p, FRAME_ATTRIBUTE, head->start);
    if (!frame) {
        return STATE_DONE;
    }
    ast_id name = head->names.first;
    p->nodes[name].next = 0;
    frame->head = (struct chain){name, name};
    return STATE_OPERAND;
}

enum state parser_attribute_end(struct parser *p)
{
    struct frame *frame = top_frame(p);
    chain_add(p, &frame->head, p->value);
    ast_id name = frame->head.first;
    p->depth--;
    uint32_t end = p->nodes[p->value].end;
    ast_id node = parser_parent(p, AST_ATTRIBUTE, 0, name, end);
    chain_add(p, &top_frame(p)->items, node);
    return STATE_SEPARATOR;
}

static enum state block(struct parser *p, const struct head *head)
{
    struct frame *frame = parser_push(p, FRAME_BLOCK, head->start);
    if (!frame) {
        return STATE_DONE;
    }
    frame->head = head->names;
    frame->open = p->token.start;
    parser_next(p);
    return STATE_STATEMENT;
}

static ast_id body_node(struct parser *p, const struct frame *frame, uint32_t end)
{
    ast_id body = parser_node(p, AST_BODY, 0, frame->open, end);
    p->nodes[body].child = frame->items.first;
    return body;
}

static enum state body_end(struct parser *p)
{
    struct frame *frame = top_frame(p);
    if (frame->kind == FRAME_FILE) {
        p->ast->root = body_node(p, frame, (uint32_t)p->ast->source->text.len);
        return STATE_DONE;
    }
    if (frame->kind == FRAME_STRAY) {
        return parser_stray_end(p);
    }
    struct token brace = parser_expect(p, TOKEN_RCURLY);
    ast_id body = body_node(p, frame, brace.end);
    chain_add(p, &frame->head, body);
    ast_id name = frame->head.first;
    p->depth--;
    chain_add(p, &top_frame(p)->items, parser_parent(p, AST_BLOCK, 0, name, brace.end));
    return STATE_SEPARATOR;
}

static enum token_kind body_closer(const struct frame *frame)
{
    return frame->kind == FRAME_FILE ? TOKEN_EOF : TOKEN_RCURLY;
}

enum state parser_statement(struct parser *p)
{
    if (at_token(p, body_closer(top_frame(p))) || at_token(p, TOKEN_EOF)) {
        return body_end(p);
    }
    struct head head;
    if (!read_head(p, &head)) {
        parser_skip_to(p, TOKEN_IDENT);
        return STATE_SEPARATOR;
    }
    if (at_token(p, TOKEN_ASSIGN)) {
        return attribute(p, &head);
    }
    if (at_token(p, TOKEN_LCURLY)) {
        return block(p, &head);
    }
    bool is_plain = head.count == 1 && head.label.len == 0;
    parser_error(p, is_plain ? DIAG_NOT_STATEMENT : DIAG_NOT_BODY);
    parser_skip_to(p, TOKEN_IDENT);
    return STATE_SEPARATOR;
}

enum state parser_separator(struct parser *p)
{
    if (at_token(p, body_closer(top_frame(p)))) {
        return body_end(p);
    }
    if (!at_token(p, TOKEN_TERMINATOR)) {
        parser_error_expected(p, TOKEN_TERMINATOR);
        parser_skip_statement(p);
    }
    parser_next(p);
    return STATE_STATEMENT;
}
