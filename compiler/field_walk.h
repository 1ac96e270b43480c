#ifndef COMPILER_FIELD_WALK_H
#define COMPILER_FIELD_WALK_H

/* Inside the compiler: members in memory, by their descriptions. */

#include "compiler/schema.h"

/* Entry i of a list, the value of entry i of a map. */
static inline size_t map_pair_size(const struct field_type *type)
{
    return sizeof(struct str) + ((type->item->size + 7) & ~(size_t)7);
}

static inline void *list_item(const struct field_type *type, const struct field_items *list,
                              size_t i)
{
    return (char *)list->items + i * type->item->size;
}

static inline struct str *map_key(const struct field_type *type, const struct field_items *map,
                                  size_t i)
{
    return (struct str *)(void *)((char *)map->items + i * map_pair_size(type));
}

static inline void *map_value(const struct field_type *type, const struct field_items *map,
                              size_t i)
{
    return map_key(type, map, i) + 1;
}

/* The shape of what a row's block or object decodes into. */
static inline const struct shape *field_shape(const struct field_type *type, const struct row *row)
{
    return type->shape ? type->shape : row ? row->shape : NULL;
}

#endif
