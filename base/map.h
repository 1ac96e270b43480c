#ifndef BASE_MAP_H
#define BASE_MAP_H

/* A hash map from text to pointer. Iteration is in the order of insertion (a removal moves the last
 * entry into the gap). The map copies its keys, unless it was made to borrow them; values are the
 * caller's. One thread at a time. */

#include "base/memory.h"
#include "base/str.h"

struct map_entry {
    struct str key;
    void *value;
    uint64_t hash;
};

struct map {
    struct mem_owner *owner;
    struct map_entry *entries;
    size_t len;
    size_t cap;
    uint32_t *slots;   /* index + 1 into entries; 0 = free */
    size_t slot_count; /* a power of two */
    bool borrows;      /* the keys are not copied */
    uint64_t seed;     /* differs from run to run, so that a peer cannot choose colliding keys */
};

void map_init(struct map *map, struct mem_owner *owner);
/* Keys that are put live until the map is released or cleared, and are not removed alone. */
void map_init_borrowing(struct map *map, struct mem_owner *owner);
/* Frees the map and its keys, not the values. */
void map_release(struct map *map);
/* NULL when absent. */
void *map_get(const struct map *map, struct str key);
bool map_has(const struct map *map, struct str key);
/* Inserts or replaces; returns the former value or NULL. */
void *map_put(struct map *map, struct str key, void *value);
/* Returns the removed value or NULL. */
void *map_remove(struct map *map, struct str key);
void map_clear(struct map *map);

#define MAP_EACH(map, entry)                                                                       \
    for (struct map_entry *entry = (map)->entries;                                                 \
         (map)->len > 0 && entry < (map)->entries + (map)->len; entry++)

#endif
