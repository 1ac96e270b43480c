#ifndef COMPILER_LSP_OUTLINE_H
#define COMPILER_LSP_OUTLINE_H

/* The outline of a text: a tree made of tokens that exists for every text, however broken, and that
 * says what a place in it is. Brackets that are missing are closed where the next statement
 * evidently begins. Nodes are in pre-order: a node's descendants are the nodes from it up to
 * `stop`. One pass, no recursion; nesting beyond SOURCE_MAX_DEPTH is not represented. */

#include "compiler/lexer.h"

enum outline_kind {
    OUTLINE_FILE,
    OUTLINE_BLOCK,     /* name, [label], braces */
    OUTLINE_ATTRIBUTE, /* name, value inside */
    OUTLINE_STUB,      /* a name where a statement begins, with neither = nor { behind it */
    OUTLINE_ARRAY,
    OUTLINE_OBJECT,
    OUTLINE_FIELD, /* of an object: name, value inside */
    OUTLINE_CALL,  /* the arguments; name = the function's */
    OUTLINE_INDEX,
    OUTLINE_PAREN,
    OUTLINE_PATH, /* a.b.c in an expression; a dot may end it */
    OUTLINE_STRING,
    OUTLINE_NUMBER,
    OUTLINE_WORD, /* true, false, null */
    OUTLINE_COMMENT,
    OUTLINE_COMMA, /* of an array or of arguments: splits them */
};

/* Half-open ranges of bytes. */
struct span {
    uint32_t start;
    uint32_t end;
};

struct outline_node {
    uint8_t kind;
    bool closed; /* the closing bracket is there */
    uint16_t depth;
    uint32_t parent;
    uint32_t stop;
    struct span all;
    struct span name;  /* BLOCK, STUB: the dotted name; ATTRIBUTE, FIELD, CALL */
    struct span label; /* BLOCK: with its quotes; end 0 = none */
    uint32_t open;     /* offset of the bracket; of ATTRIBUTE, FIELD the `=` */
    uint32_t close;    /* offset of the closing bracket, or where it is missed */
};

enum { OUTLINE_MAX_NODES = 8 * 1000 * 1000 };

struct outline {
    struct source *source;
    struct outline_node *nodes; /* nodes[0] is the file */
    uint32_t count;
    uint32_t cap;
};

void outline_init(struct outline *outline, struct source *source);
void outline_release(struct outline *outline);

static inline struct str outline_text(const struct outline *o, struct span span)
{
    return str_slice(o->source->text, span.start, span.end);
}

/* The innermost node that contains the offset (its end included). */
uint32_t outline_at(const struct outline *o, uint32_t offset);
/* The nearest node of that kind that contains it: the node itself or one around it; 0 = none. */
uint32_t outline_around(const struct outline *o, uint32_t node, enum outline_kind kind);
/* Label without its quotes, "" = none. */
struct str outline_label(const struct outline *o, uint32_t block);
struct span outline_label_span(const struct outline *o, uint32_t block);
/* The n-th part of a dotted span ("a.b.c"), blanks cut off; an empty span past the last. */
struct span outline_part(const struct outline *o, struct span dotted, uint32_t n);
uint32_t outline_part_count(const struct outline *o, struct span dotted);

#define OUTLINE_EACH(o, node_id) for (uint32_t node_id = 1; node_id < (o)->count; node_id++)
#define OUTLINE_CHILDREN(o, parent_id, node_id)                                                    \
    for (uint32_t node_id = (parent_id) + 1; node_id < (o)->nodes[parent_id].stop;                 \
         node_id = (o)->nodes[node_id].stop)

#endif
