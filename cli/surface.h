#ifndef CLI_SURFACE_H
#define CLI_SURFACE_H

/* Everything that can be configured: components, those that are only known included, and the
 * language's own blocks, with their schemas. For the commands that show them (schema, docs). */

#include "base/arena.h"
#include "base/buf.h"
#include "compiler/program.h"

struct surface_item {
    const char *name;
    const char *summary; /* NULL = none */
    bool is_block;       /* a block of the language or of the program, no component */
    bool is_supported;   /* this program runs it */
    struct program_symbol symbol;
};

/* Components in the order of their names, then blocks. */
struct surface {
    struct arena arena;
    struct surface_item *items;
    size_t count;
};

void surface_init(struct surface *surface);
void surface_release(struct surface *surface);
/* NULL = there is none of that name. */
const struct surface_item *surface_find(const struct surface *surface, struct str name);

/* The type of an attribute: "list(string)", "capsule(loki.LogsReceiver)". */
void surface_type(struct buf *out, const struct row *row);

/* The rows of a shape with those of its squashed structs and the variants of lists in their places;
 * ends with NULL. In `arena`. */
const struct row **surface_rows(struct arena *arena, const struct shape *shape);
bool surface_repeats(const struct row *row, const struct shape *shape);

#endif
