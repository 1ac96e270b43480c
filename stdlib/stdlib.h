#ifndef STDLIB_STDLIB_H
#define STDLIB_STDLIB_H

/* The language's functions and constants (SEMANTICS §8). */

#include "compiler/function.h"

/* All names with their values; to be released by stdlib_release when no value of the language is
 * left. */
void stdlib_init(struct stdlib *lib);
void stdlib_release(struct stdlib *lib);

#endif
