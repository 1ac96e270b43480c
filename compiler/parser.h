#ifndef COMPILER_PARSER_H
#define COMPILER_PARSER_H

/* The inside of the reader, shared by parser.c (tokens, nodes, errors, the loop),
 * parser_statement.c and parser_expression.c.
 *
 * The parser is a machine: a state is a function that reads some tokens and names the next state;
 * what is open (a block, a list, an operator waiting for its right side) is a frame on an explicit
 * stack. Messages and recovery are those of Alloy's recursive-descent parser (SEMANTICS §2), whose
 * calls the frames stand for. */

#include "compiler/ast.h"
#include "compiler/lexer.h"

enum state {
    STATE_STATEMENT, /* in a body, before a statement or its end */
    STATE_SEPARATOR, /* after a statement */
    STATE_ITEM,      /* in a list, before an expression or its end */
    STATE_FIELD,     /* in an object, before a field or its end */
    STATE_OPERAND,   /* before an expression */
    STATE_POSTFIX,   /* after a primary: .name, [index], (arguments) */
    STATE_OPERATOR,  /* after an operand with its postfixes */
    STATE_VALUE,     /* after a whole expression: back to what asked for it */
    STATE_DONE
};

enum frame_kind {
    FRAME_FILE,      /* the body of the file */
    FRAME_BLOCK,     /* the body of a block */
    FRAME_STRAY,     /* the body of a block that stands where an expression should */
    FRAME_ATTRIBUTE, /* waits for its value */
    FRAME_LONE,      /* the expression of ast_parse_expression */
    FRAME_ARRAY,
    FRAME_CALL,
    FRAME_OBJECT,
    FRAME_INDEX,
    FRAME_PAREN,
    FRAME_UNARY,
    FRAME_BINARY,
};

/* A chain of sibling nodes under construction. */
struct chain {
    ast_id first;
    ast_id last;
};

struct frame {
    uint8_t kind;
    uint8_t op;         /* UNARY, BINARY: enum ast_op */
    uint8_t rank;       /* BINARY: precedence */
    uint32_t start;     /* of the node to be */
    uint32_t open;      /* BLOCK: offset of the brace */
    struct chain head;  /* ATTRIBUTE, BLOCK: names and label; OBJECT: name of the field; STRAY: the
                           value before it */
    struct chain items; /* statements, elements, arguments, fields; BINARY, INDEX: the left side */
};

struct parser {
    struct lexer lexer;
    struct token token;
    struct diags *diags;
    struct ast *ast;
    struct ast_node *nodes; /* become the tree's at the end */
    uint32_t node_count;
    uint32_t node_cap;
    uint32_t comment_cap;
    uint32_t comment_groups;
    ast_id value;          /* the expression just read */
    uint32_t silent_start; /* bytes of the line of the last syntax error: a second one there is
                              dropped */
    uint32_t silent_end;
    size_t depth;
    bool stopped; /* at a limit: the tree is of no use */
    struct frame frames[SOURCE_MAX_DEPTH];
};

/* The current token. */
static inline bool at_token(const struct parser *p, enum token_kind kind)
{
    return p->token.kind == kind;
}

static inline struct frame *top_frame(struct parser *p)
{
    return &p->frames[p->depth - 1];
}

/* ---- parser.c ---- */

/* To the next token, past comments. */
void parser_next(struct parser *p);
/* Skips to a token of that kind, or to the end. */
void parser_skip_to(struct parser *p, enum token_kind kind);
/* To the TERMINATOR that ends the statement, with all brackets closed. */
void parser_skip_statement(struct parser *p);
/* An error at the current token, unless its line has had one. The parser's own messages only. */
void parser_error(struct parser *p, enum diag_id id);
/* The same, with a Go-quoted text instead of the token's name. */
void parser_error_quoting(struct parser *p, enum diag_id id, struct str text);
/* "expected KIND, got …". */
void parser_error_expected(struct parser *p, enum token_kind kind);
/* Consumes a token; if it is not the right one, that is an error. Returns it. */
struct token parser_expect(struct parser *p, enum token_kind kind);
struct range parser_range(const struct parser *p, uint32_t start, uint32_t end);
/* Whether there is no room for more nodes, which ends the parse. */
bool parser_is_full(struct parser *p);
/* Room for a frame: NULL when nesting is too deep, which ends the parse. */
struct frame *parser_push(struct parser *p, enum frame_kind kind, uint32_t start);

/* Room for more nodes. */
void parser_grow(struct parser *p);

static inline ast_id parser_node(struct parser *p, enum ast_kind kind, unsigned op, uint32_t start,
                                 uint32_t end)
{
    if (p->node_count == p->node_cap) {
        parser_grow(p);
    }
    ast_id id = p->node_count++;
    p->nodes[id] =
        (struct ast_node){.kind = (uint8_t)kind, .op = (uint8_t)op, .start = start, .end = end};
    return id;
}

/* A node that begins where its first child does. */
static inline ast_id parser_parent(struct parser *p, enum ast_kind kind, unsigned op, ast_id child,
                                   uint32_t end)
{
    ast_id id = parser_node(p, kind, op, p->nodes[child].start, end);
    p->nodes[id].child = child;
    return id;
}

static inline void chain_add(struct parser *p, struct chain *chain, ast_id node)
{
    if (chain->first == 0) {
        chain->first = node;
    } else {
        p->nodes[chain->last].next = node;
    }
    chain->last = node;
}

/* ---- the states ---- */

enum state parser_statement(struct parser *p);
enum state parser_separator(struct parser *p);
/* The expression after `name =` has been read. */
enum state parser_attribute_end(struct parser *p);

enum state parser_item(struct parser *p);
enum state parser_field(struct parser *p);
enum state parser_operand(struct parser *p);
enum state parser_postfix(struct parser *p);
enum state parser_operator(struct parser *p);
enum state parser_value(struct parser *p);
/* The braces of a block in an expression have been read, up to the closing one. */
enum state parser_stray_end(struct parser *p);

#endif
