/* Expressions by operator precedence: operands, postfixes, operators, and the lists between
 * brackets. */

#include "compiler/parser.h"

enum { RANK_POWER = 6 };

struct infix {
    uint8_t op;
    uint8_t rank; /* 0 = not a binary operator; all but ^ group to the left */
};

static const struct infix infixes[TOKEN_COUNT] = {
    [TOKEN_OR] = {AST_OP_OR, 1},   [TOKEN_AND] = {AST_OP_AND, 2},
    [TOKEN_EQ] = {AST_OP_EQ, 3},   [TOKEN_NEQ] = {AST_OP_NEQ, 3},
    [TOKEN_LT] = {AST_OP_LT, 3},   [TOKEN_LTE] = {AST_OP_LTE, 3},
    [TOKEN_GT] = {AST_OP_GT, 3},   [TOKEN_GTE] = {AST_OP_GTE, 3},
    [TOKEN_ADD] = {AST_OP_ADD, 4}, [TOKEN_SUB] = {AST_OP_SUB, 4},
    [TOKEN_MUL] = {AST_OP_MUL, 5}, [TOKEN_DIV] = {AST_OP_DIV, 5},
    [TOKEN_MOD] = {AST_OP_MOD, 5}, [TOKEN_POW] = {AST_OP_POW, RANK_POWER},
};

static enum state open_bracket(struct parser *p, enum frame_kind kind, enum state next)
{
    if (!parser_push(p, kind, p->token.start)) {
        return STATE_DONE;
    }
    parser_next(p);
    return next;
}

/* ---- operands ---- */

static enum state leaf(struct parser *p, enum ast_kind kind, unsigned op)
{
    p->value = parser_node(p, kind, op, p->token.start, p->token.end);
    parser_next(p);
    return STATE_POSTFIX;
}

static enum state unary(struct parser *p, enum ast_op op)
{
    struct frame *frame = parser_push(p, FRAME_UNARY, p->token.start);
    if (!frame) {
        return STATE_DONE;
    }
    frame->op = (uint8_t)op;
    parser_next(p);
    return STATE_OPERAND;
}

/* Skips the rest of what should have been an expression; a null stands for it. */
static enum state missing_operand(struct parser *p)
{
    const uint64_t ends = 1ull << TOKEN_TERMINATOR | 1ull << TOKEN_RPAREN | 1ull << TOKEN_RCURLY |
                          1ull << TOKEN_RBRACK | 1ull << TOKEN_COMMA | 1ull << TOKEN_EOF;
    parser_error(p, DIAG_NOT_EXPRESSION);
    p->value = parser_node(p, AST_LITERAL, AST_NULL, p->token.start, p->token.start);
    while ((ends >> p->token.kind & 1) == 0) {
        parser_next(p);
    }
    return STATE_POSTFIX;
}

static enum state open_object(struct parser *p)
{
    if (!parser_push(p, FRAME_OBJECT, p->token.start)) {
        return STATE_DONE;
    }
    parser_next(p);
    /* Alloy looks for the wrong bracket here, so that `{]` has no fields. */
    return at_token(p, TOKEN_RBRACK) ? STATE_ITEM : STATE_FIELD;
}

enum state parser_operand(struct parser *p)
{
    switch (p->token.kind) {
    case TOKEN_IDENT: return leaf(p, AST_IDENT, 0);
    case TOKEN_STRING: return leaf(p, AST_LITERAL, AST_STRING);
    case TOKEN_NUMBER: return leaf(p, AST_LITERAL, AST_NUMBER);
    case TOKEN_FLOAT: return leaf(p, AST_LITERAL, AST_FLOAT);
    case TOKEN_BOOL: return leaf(p, AST_LITERAL, AST_BOOL);
    case TOKEN_NULL: return leaf(p, AST_LITERAL, AST_NULL);
    case TOKEN_NOT: return unary(p, AST_OP_NOT);
    case TOKEN_SUB: return unary(p, AST_OP_NEG);
    case TOKEN_LPAREN: return open_bracket(p, FRAME_PAREN, STATE_OPERAND);
    case TOKEN_LBRACK: return open_bracket(p, FRAME_ARRAY, STATE_ITEM);
    case TOKEN_LCURLY: return open_object(p);
    default: return missing_operand(p);
    }
}

/* ---- postfixes ---- */

/* A child that stands beside the value just read, under a new parent. */
static void join(struct parser *p, enum ast_kind kind, unsigned op, ast_id left, ast_id right,
                 uint32_t end)
{
    p->nodes[left].next = right;
    p->value = parser_parent(p, kind, op, left, end);
}

static enum state access_name(struct parser *p)
{
    ast_id left = p->value;
    parser_next(p);
    struct token name = parser_expect(p, TOKEN_IDENT);
    ast_id right = parser_node(p, AST_NAME, 0, name.start, name.end);
    join(p, AST_ACCESS, 0, left, right, name.end);
    return STATE_POSTFIX;
}

static enum state open_postfix(struct parser *p, enum frame_kind kind, enum state next)
{
    ast_id left = p->value;
    enum state state = open_bracket(p, kind, next);
    if (state != STATE_DONE) {
        chain_add(p, &top_frame(p)->items, left);
    }
    return state;
}

/* Alloy reads a block that stands as a value to its end, to say what is wrong with it. */
static enum state stray_block(struct parser *p)
{
    ast_id before = p->value;
    if (at_token(p, TOKEN_STRING)) {
        parser_next(p);
    }
    struct token brace = parser_expect(p, TOKEN_LCURLY);
    if (brace.kind != TOKEN_LCURLY) {
        parser_skip_statement(p);
        return STATE_OPERATOR;
    }
    struct frame *frame = parser_push(p, FRAME_STRAY, brace.start);
    if (!frame) {
        return STATE_DONE;
    }
    frame->head.first = before;
    return STATE_STATEMENT;
}

enum state parser_stray_end(struct parser *p)
{
    p->value = top_frame(p)->head.first;
    p->depth--;
    struct token brace = parser_expect(p, TOKEN_RCURLY);
    if (brace.kind != TOKEN_RCURLY) {
        parser_skip_statement(p);
        return STATE_OPERATOR;
    }
    diag_add(p->diags, DIAG_BLOCK_VALUE, p->ast->source,
             parser_range(p, p->nodes[p->value].start, brace.end));
    return STATE_POSTFIX;
}

enum state parser_postfix(struct parser *p)
{
    switch (p->token.kind) {
    case TOKEN_DOT: return access_name(p);
    case TOKEN_LBRACK: return open_postfix(p, FRAME_INDEX, STATE_OPERAND);
    case TOKEN_LPAREN: return open_postfix(p, FRAME_CALL, STATE_ITEM);
    case TOKEN_STRING:
    case TOKEN_LCURLY: return stray_block(p);
    default: return STATE_OPERATOR;
    }
}

/* ---- operators ---- */

static void close_unary(struct parser *p)
{
    while (top_frame(p)->kind == FRAME_UNARY) {
        const struct frame *frame = top_frame(p);
        uint32_t end = p->nodes[p->value].end;
        ast_id node = parser_node(p, AST_UNARY, frame->op, frame->start, end);
        p->nodes[node].child = p->value;
        p->value = node;
        p->depth--;
    }
}

/* Whether an operator that waits for its right side gets it now that one of `rank` follows. */
static bool binds_first(const struct frame *frame, unsigned rank)
{
    return frame->kind == FRAME_BINARY &&
           (frame->rank > rank || (frame->rank == rank && rank != RANK_POWER));
}

static void close_binary(struct parser *p, unsigned rank)
{
    while (binds_first(top_frame(p), rank)) {
        const struct frame *frame = top_frame(p);
        uint32_t end = p->nodes[p->value].end;
        join(p, AST_BINARY, frame->op, frame->items.first, p->value, end);
        p->depth--;
    }
}

enum state parser_operator(struct parser *p)
{
    close_unary(p);
    struct infix infix = infixes[p->token.kind];
    close_binary(p, infix.rank);
    if (infix.rank == 0) {
        return STATE_VALUE;
    }
    struct frame *frame = parser_push(p, FRAME_BINARY, p->token.start);
    if (!frame) {
        return STATE_DONE;
    }
    frame->op = infix.op;
    frame->rank = infix.rank;
    frame->items.first = p->value;
    parser_next(p);
    return STATE_OPERAND;
}

/* ---- lists ---- */

/* The node of a bracketed frame, once its closing token is here. */
static enum state close_bracket(struct parser *p, enum ast_kind kind, enum token_kind closer)
{
    struct token bracket = parser_expect(p, closer);
    struct frame frame = *top_frame(p);
    p->depth--;
    if (kind == AST_CALL || kind == AST_INDEX) {
        frame.start = p->nodes[frame.items.first].start;
    }
    p->value = parser_node(p, kind, 0, frame.start, bracket.end);
    p->nodes[p->value].child = frame.items.first;
    return STATE_POSTFIX;
}

static enum state close_list(struct parser *p)
{
    switch (top_frame(p)->kind) {
    case FRAME_ARRAY: return close_bracket(p, AST_ARRAY, TOKEN_RBRACK);
    case FRAME_CALL: return close_bracket(p, AST_CALL, TOKEN_RPAREN);
    default: return close_bracket(p, AST_OBJECT, TOKEN_RCURLY);
    }
}

static enum token_kind list_closer(struct parser *p)
{
    switch (top_frame(p)->kind) {
    case FRAME_ARRAY: return TOKEN_RBRACK;
    case FRAME_CALL: return TOKEN_RPAREN;
    default: return TOKEN_RCURLY;
    }
}

enum state parser_item(struct parser *p)
{
    bool ends = at_token(p, list_closer(p)) || at_token(p, TOKEN_EOF);
    if (ends || top_frame(p)->kind == FRAME_OBJECT) {
        return close_list(p);
    }
    return STATE_OPERAND;
}

enum state parser_field(struct parser *p)
{
    if (at_token(p, TOKEN_RCURLY) || at_token(p, TOKEN_EOF)) {
        return close_list(p);
    }
    bool is_quoted = at_token(p, TOKEN_STRING);
    uint32_t end = p->token.end;
    if (is_quoted || at_token(p, TOKEN_IDENT)) {
        top_frame(p)->head.first = parser_node(p, AST_NAME, is_quoted, p->token.start, end);
        parser_next(p);
    } else {
        parser_error(p, DIAG_FIELD_NAME);
        parser_skip_to(p, TOKEN_ASSIGN);
        uint32_t at = p->token.start;
        top_frame(p)->head.first = parser_node(p, AST_NAME, 0, at, at);
    }
    parser_expect(p, TOKEN_ASSIGN);
    return STATE_OPERAND;
}

/* After an element, argument or field: the comma or the end. */
static enum state list_comma(struct parser *p, enum diag_id missing, enum state next)
{
    if (at_token(p, list_closer(p))) {
        return close_list(p);
    }
    if (!at_token(p, TOKEN_COMMA)) {
        parser_error(p, missing);
    }
    parser_next(p);
    return next;
}

static enum state field_end(struct parser *p)
{
    ast_id name = top_frame(p)->head.first;
    join(p, AST_FIELD, 0, name, p->value, p->nodes[p->value].end);
    chain_add(p, &top_frame(p)->items, p->value);
    return list_comma(p, DIAG_FIELD_COMMA, STATE_FIELD);
}

static enum state lone_end(struct parser *p)
{
    p->ast->root = p->value;
    parser_expect(p, TOKEN_TERMINATOR);
    return STATE_DONE;
}

enum state parser_value(struct parser *p)
{
    switch (top_frame(p)->kind) {
    case FRAME_ATTRIBUTE: return parser_attribute_end(p);
    case FRAME_PAREN:
        chain_add(p, &top_frame(p)->items, p->value);
        return close_bracket(p, AST_PAREN, TOKEN_RPAREN);
    case FRAME_INDEX:
        chain_add(p, &top_frame(p)->items, p->value);
        return close_bracket(p, AST_INDEX, TOKEN_RBRACK);
    case FRAME_ARRAY:
    case FRAME_CALL:
        chain_add(p, &top_frame(p)->items, p->value);
        return list_comma(p, DIAG_LIST_COMMA, STATE_ITEM);
    case FRAME_OBJECT: return field_end(p);
    default: return lone_end(p);
    }
}
