#ifndef COMPILER_DEFAULT_H
#define COMPILER_DEFAULT_H

/* Inside the compiler: defaults of rows, which are literals of the language. */

#include "compiler/schema.h"

/* Reads null, booleans, numbers (also negative), strings, arrays and objects of them. A new value,
 * NULL with err. */
struct value *default_read(const char *text, struct arena *arena, struct error *err);
/* The usual plain cases (true, "text", "30s", 5) without making values; false = not done. The text
 * is borrowed from the row. */
bool default_fast(const struct row *row, void *member);

#endif
