/* The growth of VEC arrays: at least 4 items, then doubling. */

#include "base/vec.h"

void *vec_room(void *items, size_t len, size_t *cap, size_t item_size)
{
    if (len < *cap)
        return items;
    size_t grown = *cap < 4 ? 4 : *cap * 2, bytes;
    if (__builtin_mul_overflow(grown, item_size, &bytes))
        mem_exhausted();
    items = mem_realloc(NULL, items, bytes);
    *cap = grown;
    return items;
}
