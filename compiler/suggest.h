#ifndef COMPILER_SUGGEST_H
#define COMPILER_SUGGEST_H

/* "Did you mean": the candidate nearest to a word by edit distance (insertions, deletions,
 * replacements, neighbours swapped), near enough to be meant. Words above SUGGEST_MAX bytes have no
 * neighbours. A candidate costs at most 4 * SUGGEST_MAX steps a byte. Nothing is allocated; words
 * are borrowed. */

#include "base/str.h"

enum { SUGGEST_MAX = 64 };

struct suggest {
    struct str word;
    struct str best; /* ptr NULL = none yet */
    unsigned distance;
};

void suggest_init(struct suggest *s, struct str word);
/* Of candidates that are equally near, the first counts. */
void suggest_try(struct suggest *s, struct str candidate);

#endif
