#ifndef COMPILER_LSP_COMPLETE_H
#define COMPILER_LSP_COMPLETE_H

/* What the files of completion share. */

#include "compiler/lsp/names.h"
#include "compiler/schema.h"

/* The order of a list: what fits best comes first. */
enum complete_rank {
    RANK_REQUIRED = 0, /* also: what has exactly the type */
    RANK_FITS,
    RANK_BLOCK,
    RANK_FUNCTION,
    RANK_OTHER,
    RANK_DEPRECATED,
};

/* CompletionItemKind of the protocol. */
enum complete_kind {
    ITEM_FUNCTION = 3,
    ITEM_FIELD = 5,
    ITEM_VARIABLE = 6,
    ITEM_CLASS = 7,
    ITEM_MODULE = 9,
    ITEM_PROPERTY = 10,
    ITEM_KEYWORD = 14,
    ITEM_FILE = 17,
    ITEM_FOLDER = 19,
    ITEM_ENUM_MEMBER = 20,
    ITEM_CONSTANT = 21,
    ITEM_STRUCT = 22,
};

struct complete {
    struct lsp_request *rq;
    struct lsp *lsp;
    struct lsp_document *document;
    const struct outline *o;
    struct lsp_view *view;
    uint32_t cursor;
    struct span replaced; /* what is typed already */
    struct str prefix;    /* its text */
    uint32_t container;   /* the innermost node that is open at the cursor */
    uint32_t attribute;   /* whose value is written; 0 = none */
    const struct row *row;
    bool in_list; /* inside the brackets of the attribute's list */
    size_t count;
    bool cut; /* there were more */
};

struct complete_item {
    struct str label;
    enum complete_kind kind;
    enum complete_rank rank;
    const char *detail;       /* NULL = none */
    struct str documentation; /* "" = none, or given when resolved */
    const char *resolve;      /* "component", "function": documentation comes later */
    struct str insert;        /* "" = the label */
    bool is_snippet;
};

/* Adds an item if what is typed fits. */
void complete_add(struct complete *c, const struct complete_item *item);

/* complete_body.c: where a statement begins, in the block or file `container`. */
void complete_statement(struct complete *c);
/* complete_value.c: where an expression begins. */
void complete_expression(struct complete *c);
/* Names of the fields of an object. */
void complete_field(struct complete *c);
/* complete_string.c: inside a string. */
void complete_string(struct complete *c, uint32_t string);

/* The texts that the attribute may have, ends with NULL; NULL = any. */
const char *const *complete_choices(const struct complete *c);
/* Appends what is written for a row: `name = "$1"`, `name {…}`, with the next snippet number. */
void complete_row_text(struct buf *out, const struct row *row, unsigned *number, unsigned indent);
/* Labels that the discovery component `name` gives its targets; ends with NULL. NULL = unknown. */
const char *const *complete_meta_labels(struct str name);

#endif
