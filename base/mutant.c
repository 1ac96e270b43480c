/* The switch for deliberate bugs. In the product this file is empty. */

#include "base/mutant.h"

#ifdef INVAR_MUTANTS
static _Thread_local enum mutant current;

void mutant_set(enum mutant mutant)
{
    current = mutant;
}

bool mutant_is(enum mutant mutant)
{
    return current == mutant;
}
#endif
