#ifndef COMPILER_FORMAT_INNER_H
#define COMPILER_FORMAT_INNER_H

/* The inside of the formatter, three layers: the walker (format.c) names tokens, blanks and line
 * breaks; the printer (format_print.c) puts comments and indentation between them; the columns
 * (format_columns.c) align cells. */

#include "compiler/format.h"

/* ---- columns: elastic tab stops ---- */

struct column_cell {
    uint32_t len;    /* bytes */
    uint32_t width;  /* characters */
    uint32_t column; /* index of the column it belongs to */
};

/* A run of lines that have a cell at the same place. */
struct column {
    uint32_t width;
    bool is_kept; /* has text, or a tab of the indentation */
};

struct column_line {
    uint32_t first_cell;
    uint32_t cells;    /* those ended by a tab; the text behind the last one belongs to no column */
    uint32_t text_end; /* offset in `text` */
    uint32_t fixed_end; /* offset in `text` up to which blanks at the line's end stay */
};

struct columns {
    struct buf *out;
    char *text; /* of the lines not yet written */
    size_t text_len;
    size_t text_cap;
    struct column_cell *cells;
    size_t cell_count;
    size_t cell_cap;
    struct column_line *lines;
    size_t line_count;
    size_t line_cap;
    struct column *columns;
    size_t column_count;
    size_t column_cap;
    uint32_t *open; /* the column at each place of the line above */
    size_t open_count;
    size_t open_cap;
    size_t line_first; /* first cell of the line being built */
    size_t cell_start; /* offset in `text` */
    size_t fixed_end;
};

void columns_init(struct columns *c, struct buf *out);
void columns_release(struct columns *c);
void columns_text(struct columns *c, struct str text);
/* Text whose blanks at the end of a line stay. */
void columns_fixed(struct columns *c, struct str text);
/* Ends a cell: '\t' (of the indentation or before a comment) or '\v'. */
void columns_tab(struct columns *c, bool is_hard);
/* Ends a line; `ends_run` as a form feed does: columns do not go on. */
void columns_newline(struct columns *c, bool ends_run);
/* Writes what is left, without a newline. */
void columns_finish(struct columns *c);

/* ---- printer ---- */

enum print_space {
    SPACE_NONE,
    SPACE_BLANK,
    SPACE_TAB,      /* ends a cell */
    SPACE_NEWLINE,  /* columns go on below */
    SPACE_FORMFEED, /* columns end */
    SPACE_INDENT,
    SPACE_UNINDENT,
};

enum { PRINT_SPACES = 16 };

struct printer {
    const struct ast *ast;
    struct columns columns;
    uint32_t offset; /* where the next token is thought to stand in the source */
    uint32_t line;
    uint32_t last_line; /* of the end of what was written last */
    uint32_t indent;
    bool is_line_start;
    bool is_empty;                /* nothing has been written */
    bool after_number;            /* a dot would join the number before it */
    uint8_t spaces[PRINT_SPACES]; /* due before the next token */
    unsigned space_count;
    uint32_t next_comment;
    uint32_t comment_limit; /* offset of the next comment, UINT32_MAX = none */
};

void print_init(struct printer *p, const struct ast *ast, struct buf *out, bool has_comments);
/* Remaining comments, then the last line. */
void print_finish(struct printer *p);
/* The next token stands at this offset of the source. */
void print_at(struct printer *p, uint32_t offset);
void print_space(struct printer *p, enum print_space space);
void print_token(struct printer *p, struct str text);
void print_literal(struct printer *p, struct str text, bool is_number);
/* The line of an offset that is near the token printed last. */
uint32_t print_line(const struct printer *p, uint32_t offset);

#endif
