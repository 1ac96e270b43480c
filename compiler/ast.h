#ifndef COMPILER_AST_H
#define COMPILER_AST_H

/* The syntax tree: a compact array of 20-byte nodes, linked by index, immutable once parsed. Later
 * stages add side tables indexed by node; they never rewrite nodes. Index 0 is "none". The tree
 * owns its arrays and keeps its source alive.
 *
 * Shapes (children in source order, linked through `next`):
 *   BODY       statements
 *   ATTRIBUTE  NAME, expression
 *   BLOCK      NAME (one a fragment of the dotted name), [LABEL], BODY
 *   LITERAL    op = enum ast_literal
 *   IDENT
 *   ARRAY      expressions
 *   OBJECT     FIELD …     FIELD: NAME (op = 1 when quoted), expression
 *   ACCESS     expression, NAME         INDEX   expression, expression
 *   CALL       function, arguments …    PAREN   expression
 *   UNARY      op = enum ast_op         BINARY  left, right
 * Offsets are half-open [start, end) in bytes. LABEL and quoted NAMEs include their quotes. The
 * BODY of a block spans its braces, that of a file the whole text.
 *
 * Nodes are stored in post-order: a subtree is the contiguous range ast_first(ast, id) … id,
 * children before their parent, so a walk bottom-up is a loop and needs no stack. Brackets, blocks,
 * unary operators and right operands nest at most SOURCE_MAX_DEPTH deep; left operands, accesses
 * and calls (a + b + c, a.b.c) may form longer chains. */

#include "compiler/diag.h"

typedef uint32_t ast_id; /* the one plain alias of the code base: an index, not a struct */

enum ast_kind {
    AST_NONE,
    AST_BODY,
    AST_ATTRIBUTE,
    AST_BLOCK,
    AST_NAME,
    AST_LABEL,
    AST_LITERAL,
    AST_IDENT,
    AST_ARRAY,
    AST_OBJECT,
    AST_FIELD,
    AST_ACCESS,
    AST_INDEX,
    AST_CALL,
    AST_PAREN,
    AST_UNARY,
    AST_BINARY,
};

enum ast_literal { AST_NULL, AST_BOOL, AST_NUMBER, AST_FLOAT, AST_STRING };

enum ast_op {
    AST_OP_NONE,
    AST_OP_OR,
    AST_OP_AND,
    AST_OP_EQ,
    AST_OP_NEQ,
    AST_OP_LT,
    AST_OP_LTE,
    AST_OP_GT,
    AST_OP_GTE,
    AST_OP_ADD,
    AST_OP_SUB,
    AST_OP_MUL,
    AST_OP_DIV,
    AST_OP_MOD,
    AST_OP_POW,
    AST_OP_NOT,
    AST_OP_NEG,
};

struct ast_node {
    uint8_t kind;
    uint8_t op; /* enum ast_op or enum ast_literal or a flag, by kind */
    uint16_t spare;
    uint32_t start;
    uint32_t end;
    ast_id child;
    ast_id next;
};

struct ast_comment {
    uint32_t start;
    uint32_t end;
    uint32_t group; /* comments of one group share a number */
};

/* More nodes are refused: 160 MB, what a text of 50 MB needs as a rule. */
enum { AST_MAX_NODES = 8 * 1000 * 1000 };

struct ast {
    struct source *source;
    struct ast_node *nodes;
    uint32_t node_count;
    ast_id root; /* BODY of a file, or the expression of ast_parse_expression */
    struct ast_comment *comments;
    uint32_t comment_count;
};

/* Parses a file with Alloy's messages, positions and recovery (SEMANTICS §2). The tree is the
 * program's only if `diags` got no error. With errors it is what was understood, for editors: the
 * shapes hold, but subtrees need not be contiguous, and what was skipped is missing. NULL when a
 * limit was reached. Takes a reference to source. */
struct ast *ast_parse(struct source *source, struct diags *diags);
struct ast *ast_parse_expression(struct source *source, struct diags *diags);
void ast_free(struct ast *ast);

static inline const struct ast_node *ast_at(const struct ast *ast, ast_id id)
{
    return &ast->nodes[id];
}

/* The first node of a subtree in storage order. */
static inline ast_id ast_first(const struct ast *ast, ast_id id)
{
    while (ast->nodes[id].child != 0) {
        id = ast->nodes[id].child;
    }
    return id;
}

struct str ast_text(const struct ast *ast, ast_id id);
struct range ast_range(const struct ast *ast, ast_id id);
#define AST_EACH(ast, parent, id)                                                                  \
    for (ast_id id = (ast)->nodes[parent].child; id != 0; id = (ast)->nodes[id].next)

const char *ast_op_text(enum ast_op op);
/* ATTRIBUTE or FIELD: the name (raw text between the quotes if quoted, with the quirk of SEMANTICS
 * §2 for empty keys) and the value. */
struct str ast_name(const struct ast *ast, ast_id id);
ast_id ast_value(const struct ast *ast, ast_id id);
/* BLOCK: "prometheus.scrape" (into `arena` only if blanks stand between the fragments), label text
 * ("" = none), body. */
struct str ast_block_name(const struct ast *ast, ast_id block, struct arena *arena);
struct str ast_block_label(const struct ast *ast, ast_id block);
bool ast_block_has_label(const struct ast *ast, ast_id block);
ast_id ast_block_body(const struct ast *ast, ast_id block);
/* From the name to `{`, or the name alone: the ranges that messages point at. */
struct range ast_block_head_range(const struct ast *ast, ast_id block);
struct range ast_block_name_range(const struct ast *ast, ast_id block);

#endif
