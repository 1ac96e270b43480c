#ifndef BASE_VEC_H
#define BASE_VEC_H

/* Growing arrays of any type: VEC(struct thing) things = {0}; VEC_PUSH(&things, thing).
 * Memory comes from mem_general and is released by VEC_RELEASE; failing memory behaves as memory.h
 * says. Bounded by what the caller pushes: check the count where a peer decides it. */

#include "base/memory.h"

#define VEC(type)                                                                                  \
    struct {                                                                                       \
        type *items;                                                                               \
        size_t len;                                                                                \
        size_t cap;                                                                                \
    }

/* Grows `items` so that one more fits; returns the array. */
void *vec_room(void *items, size_t len, size_t *cap, size_t item_size);

#define VEC_PUSH(v, item)                                                                          \
    ((v)->items = vec_room((v)->items, (v)->len, &(v)->cap, sizeof(*(v)->items)),                  \
     (v)->items[(v)->len++] = (item))

#define VEC_RELEASE(v) (mem_free((v)->items), (v)->items = NULL, (v)->len = 0, (v)->cap = 0)

#endif
