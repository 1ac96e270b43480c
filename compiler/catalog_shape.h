#ifndef COMPILER_CATALOG_SHAPE_H
#define COMPILER_CATALOG_SHAPE_H

/* What catalog.c and catalog_shape.c share; nobody else includes this. */

#include "compiler/schema.h"

struct catalog_body {
    struct str lines; /* the text behind the body's line */
    bool labelled;
    struct shape *shape;       /* NULL = not asked for yet */
    struct catalog_body *next; /* of those whose shape is still empty */
};

/* A component that was asked for. */
struct catalog_made {
    struct str name;
    const struct shape *args;
    const struct shape *exports;
    struct catalog_made *next;
};

/* A capsule type made of a name. */
struct catalog_capsule {
    struct capsule_type type;
    struct catalog_capsule *next;
};

struct catalog {
    struct arena *arena;
    struct catalog_body *bodies; /* by number; NULL = the text was not read yet */
    size_t count;
    struct catalog_body *todo;
    struct catalog_made *made;
    const struct capsule_type *const *given;
    struct catalog_capsule *capsules; /* made */
};

/* The shape of a body, empty until its turn comes. */
struct shape *catalog_shape(struct catalog *c, uint64_t number);
/* Makes the rows of a body's shape. */
void catalog_shape_fill(struct catalog *c, const struct catalog_body *body);

#endif
