#ifndef CLI_CONFORM_SCHEMA_H
#define CLI_CONFORM_SCHEMA_H

/* Schemas of the corpus' little language, made into rows at run time, and decoded structs in tagged
 * form. */

#include "cli/conform_value.h"
#include "compiler/schema.h"

enum { CONFORM_STRUCT_SIZE = 2048 }; /* of every struct made here */

/* From {"attrs": …, "blocks": …}. */
const struct shape *conform_shape(struct arena *arena, const struct doc *schema);
/* One attribute `v` of the type ("list(map(string))"); NULL = unknown type. */
const struct shape *conform_shape_of_type(struct arena *arena, struct str type);
/* {"$object": every field}, or the member of the only row when `alone`. */
void conform_struct_write(struct json_writer *w, const struct shape *shape, const void *args);
void conform_field_write(struct json_writer *w, const struct row *row, const void *args);

#endif
