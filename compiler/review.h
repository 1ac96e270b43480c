#ifndef COMPILER_REVIEW_H
#define COMPILER_REVIEW_H

/* What lies between two configurations: blocks by their id, arguments by their path, edges by their
 * ends. Comments, blanks and places do not count. A block whose text stayed is affected when it
 * refers to one that is new or changed, directly or through others, or is an instance of a module
 * with changes. Texts of secret arguments are hidden as soon as they hold a literal, and user names
 * and passwords in URLs always. Lives in the arena; borrows from the charts. Linear in both. */

#include "compiler/chart.h"

enum review_change { REVIEW_ADDED, REVIEW_REMOVED, REVIEW_CHANGED, REVIEW_AFFECTED };

struct review_argument {
    struct str path;   /* "endpoint[0].url" */
    struct str before; /* text of the language; ptr NULL = absent */
    struct str after;
    struct range before_range;
    struct range after_range;
};

struct review_block {
    enum review_change change;
    const struct chart_node *before;   /* NULL = added */
    const struct chart_node *after;    /* NULL = removed */
    struct review_argument *arguments; /* CHANGED */
    size_t argument_count;
    const struct chart_node *cause; /* AFFECTED: what changed next to it */
};

struct review_edge {
    bool is_added; /* else removed */
    const struct chart_edge *edge;
};

struct review {
    struct review_block *blocks; /* in the order of the new text, then what was removed */
    size_t block_count;
    struct review_edge *edges; /* removed ones first; references only where no data flows */
    size_t edge_count;
    size_t counts[4]; /* by enum review_change */
    size_t kept;
};

void review_make(struct review *review, const struct chart *before, const struct chart *after,
                 struct arena *arena);
/* No block and no edge differs. */
bool review_is_empty(const struct review *review);
/* What a reload would do to the block: "starts", "goes on with new arguments" … */
const char *review_effect(const struct review_block *block);
/* Appends the whole as `invar review` prints it; the arena is for what it works with. */
void review_print(struct buf *out, const struct review *review, const struct chart *before,
                  const struct chart *after, struct arena *arena);

/* ---- inside the engine: arguments (compiler/review_arguments.c) ---- */

/* The arguments that differ between two blocks, in the order of the new one, then what is gone. */
struct review_argument *review_arguments(const struct program_block *before,
                                         const struct program_block *after, size_t *count,
                                         struct arena *arena);

#endif
