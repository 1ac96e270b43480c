#ifndef BASE_MUTANT_H
#define BASE_MUTANT_H

/* Deliberate bugs, to prove that the tests find them. They exist in test builds only
 * (INVAR_MUTANTS); in the product MUTANT is false and the code behind it is gone. One at a time, of
 * the calling thread; at first the one that INVAR_MUTANT names. tests/mutants.sh tries all. */

#include <stdbool.h>

enum mutant {
    MUTANT_NONE,
#define MUTANT_OF(name, text, test) MUTANT_##name,
#include "base/mutant.def"
#undef MUTANT_OF
    MUTANTS,
};

#ifdef INVAR_MUTANTS
void mutant_set(enum mutant mutant);
bool mutant_is(enum mutant mutant);
#define MUTANT(name) mutant_is(MUTANT_##name)
#else
#define MUTANT(name) false
#endif

#endif
