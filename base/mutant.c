/* The switch for deliberate bugs. In the product this file is empty. */

#include "base/mutant.h"

#ifdef INVAR_MUTANTS
#include <stdlib.h>
#include <string.h>

static _Thread_local enum mutant current = MUTANTS; /* not asked yet */

static enum mutant from_environment(void)
{
    static const char *const names[MUTANTS] = {
        [MUTANT_NONE] = "",
#define MUTANT_OF(name, text, test) [MUTANT_##name] = #name,
#include "base/mutant.def"
#undef MUTANT_OF
    };
    const char *wanted = getenv("INVAR_MUTANT");
    for (unsigned i = 0; wanted != NULL && i < MUTANTS; i++) {
        if (strcmp(names[i], wanted) == 0)
            return (enum mutant)i;
    }
    return MUTANT_NONE;
}

void mutant_set(enum mutant mutant)
{
    current = mutant;
}

bool mutant_is(enum mutant mutant)
{
    if (current == MUTANTS)
        current = from_environment();
    return current == mutant;
}
#endif
