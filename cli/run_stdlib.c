/* Stands in for the language's library until stdlib/ is part of the program: no names. Weak, so
 * that the library takes its place by being linked. */

#include "cli/run_stdlib.h"

__attribute__((weak)) const struct value *stdlib_lookup(const struct stdlib *lib, struct str name)
{
    (void)lib;
    (void)name;
    return NULL;
}

__attribute__((weak)) const struct stdlib_entry *stdlib_entry(const struct stdlib *lib,
                                                              struct str dotted)
{
    (void)lib;
    (void)dotted;
    return NULL;
}

const struct stdlib *run_stdlib(void)
{
    return NULL;
}
