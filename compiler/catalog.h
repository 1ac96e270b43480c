#ifndef COMPILER_CATALOG_H
#define COMPILER_CATALOG_H

/* Every component of Alloy 1.18, from compiler/catalog/alloy.txt, which is part of the program as
 * text: names and levels to tell a component that is not offered from a wrong name, and schemas to
 * check its blocks with. Nothing is read before the first question; shapes are made in the arena of
 * the asker, a component at a time. They have no docs, and what they decode into is read by nobody.
 *
 * The text, a line each (a body's lines follow it; required !, repeated *, never empty: full):
 *   component NAME ga|preview|experimental|community BODY [EXPORT:TYPE]...
 *   body NUMBER [label]
 *   a NAME TYPE [!] [full] [one:A|B] [min:N] [max:N] [above:N] [= DEFAULT]     an attribute
 *   b NAME BODY [!] [*]                                                        a block
 *   e NAME BODY                                                 one of several in an ordered list
 *   r KIND NAME...                                              a rule, see struct schema_rule
 * TYPE: string bool duration size url regex time secret optional_secret any target targets, numbers
 * i8 … u64 f32 f64, and list(T) map(T) null(T) capsule(NAME) object(BODY). */

#include "compiler/program.h"

struct catalog;

/* In `arena`, which holds everything it makes and must outlive its use. `capsules` (ends with NULL,
 * may be NULL) are the types that stand for their names; others are made. */
struct catalog *catalog_new(struct arena *arena, const struct capsule_type *const *capsules);
/* With shapes of arguments and exports; `out->refused` is set. False = Alloy has none of that name.
 */
bool catalog_find(struct catalog *catalog, struct str name, struct program_symbol *out);

/* The name and level alone, from the text. */
bool catalog_component(struct str name, struct program_symbol *out);
/* The names, sorted: begin with {0}; false = that was the last. The text is static. */
struct catalog_name {
    struct str name;
    struct str rest;
    bool begun;
};
bool catalog_next(struct catalog_name *at);

#endif
