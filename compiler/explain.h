#ifndef COMPILER_EXPLAIN_H
#define COMPILER_EXPLAIN_H

/* What the codes of diagnostics mean, one constant row each (compiler/explain.def). Everything is
 * borrowed for ever. */

#include "compiler/diag.h"

enum explain_by { EXPLAIN_VALIDATE, EXPLAIN_RUN, EXPLAIN_FMT, EXPLAIN_NOTHING };

struct explain {
    enum diag_id id;
    enum explain_by by;  /* the command that says this about the example */
    const char *meaning; /* a sentence */
    struct str example;  /* a configuration; may have any bytes */
    unsigned repeat;     /* how often `tail` stands behind the example */
    struct str tail;
    const char *mend;
};

/* False = there is no such code ("E1001"). */
bool explain_code(struct str code, struct explain *out);
void explain_at(enum diag_id id, struct explain *out);
/* Gives every diagnostic without a hint the general one of its code. */
void explain_hints(struct diags *d);
/* As a page of Markdown. */
void explain_page(struct buf *out, const struct explain *explain);

#endif
