#ifndef BASE_REGEX_SHAPE_H
#define BASE_REGEX_SHAPE_H

/* Patterns simple enough to be matched without an engine, for regex.c alone: texts, alternations of
 * texts, and texts around ".*" and ".+", where at most the whole or single wildcards are groups.
 * They are matched as a whole, and "." is any byte. Pure but for shape_new. */

#include "base/str.h"

struct shape;

/* NULL when the pattern is not of that kind (or memory fails: the engine can do it all). */
struct shape *shape_new(struct str pattern);
void shape_free(struct shape *shape);
unsigned shape_groups(const struct shape *shape);
/* groups[0 … count-1] as regex_capture. */
bool shape_match(const struct shape *shape, struct str text, struct str *groups, unsigned count);

#endif
