/* A hash map: entries in an array, found through a table of slots with linear probing, at most 3/4
 * full. A failing allocation leaves the map as it was. */

#include "base/map.h"

#include "base/error.h"

#include <string.h>
#include <xxhash.h>

enum { SLOTS_FIRST = 8 };

static uint64_t hash_key(const struct map *map, struct str key)
{
    return XXH3_64bits_withSeed(key.len ? key.ptr : "", key.len, map->seed);
}

void map_init(struct map *map, struct mem_owner *owner)
{
    /* Where code, stack and heap lie is random (ASLR); the order of entries does not depend on it.
     */
    uintptr_t places[2] = {(uintptr_t)map, (uintptr_t)&mem_general};
    *map = (struct map){.owner = owner, .seed = XXH3_64bits(places, sizeof(places))};
}

void map_init_borrowing(struct map *map, struct mem_owner *owner)
{
    map_init(map, owner);
    map->borrows = true;
}

void map_clear(struct map *map)
{
    for (size_t i = 0; i < map->len && !map->borrows; i++)
        mem_free((char *)map->entries[i].key.ptr);
    map->len = 0;
    if (map->slots)
        memset(map->slots, 0, map->slot_count * sizeof(*map->slots));
}

void map_release(struct map *map)
{
    map_clear(map);
    mem_free(map->entries);
    mem_free(map->slots);
    map_init(map, map->owner);
}

/* The slot that holds the key, or the free one where it would go. */
static size_t find_slot(const struct map *map, struct str key, uint64_t hash)
{
    size_t mask = map->slot_count - 1, at = hash & mask;
    for (;; at = (at + 1) & mask) {
        uint32_t index = map->slots[at];
        if (index == 0)
            return at;
        const struct map_entry *entry = &map->entries[index - 1];
        if (entry->hash == hash && str_eq(entry->key, key))
            return at;
    }
}

static struct map_entry *find(const struct map *map, struct str key)
{
    if (map->len == 0)
        return NULL;
    uint32_t index = map->slots[find_slot(map, key, hash_key(map, key))];
    return index ? &map->entries[index - 1] : NULL;
}

void *map_get(const struct map *map, struct str key)
{
    const struct map_entry *entry = find(map, key);
    return entry ? entry->value : NULL;
}

bool map_has(const struct map *map, struct str key)
{
    return find(map, key) != NULL;
}

static void slots_grow(struct map *map)
{
    size_t count = map->slot_count ? map->slot_count * 2 : SLOTS_FIRST;
    ASSERT(count <= UINT32_MAX);
    uint32_t *slots = mem_array(map->owner, count, sizeof(*slots));
    for (size_t i = 0; i < map->len; i++) {
        size_t at = map->entries[i].hash & (count - 1);
        while (slots[at])
            at = (at + 1) & (count - 1);
        slots[at] = (uint32_t)(i + 1);
    }
    mem_free(map->slots);
    map->slots = slots;
    map->slot_count = count;
}

/* Room for one more entry. */
static void make_room(struct map *map)
{
    if ((map->len + 1) * 4 > map->slot_count * 3)
        slots_grow(map);
    if (map->len == map->cap) {
        size_t cap = map->cap ? map->cap * 2 : 4;
        map->entries = mem_realloc(map->owner, map->entries, cap * sizeof(*map->entries));
        map->cap = cap;
    }
}

void *map_put(struct map *map, struct str key, void *value)
{
    uint64_t hash = hash_key(map, key);
    if (map->len) {
        uint32_t index = map->slots[find_slot(map, key, hash)];
        if (index) {
            void *former = map->entries[index - 1].value;
            map->entries[index - 1].value = value;
            return former;
        }
    }
    make_room(map);
    const char *kept = map->borrows ? key.ptr : mem_strdup(map->owner, key.ptr, key.len);
    size_t at = find_slot(map, key, hash);
    map->entries[map->len++] =
        (struct map_entry){.key = str_of(kept, key.len), .value = value, .hash = hash};
    map->slots[at] = (uint32_t)map->len;
    return NULL;
}

/* Frees a slot and moves later ones of its run forward, so that no search meets a gap. */
static void slot_remove(struct map *map, size_t gap)
{
    size_t mask = map->slot_count - 1;
    for (size_t at = (gap + 1) & mask; map->slots[at]; at = (at + 1) & mask) {
        size_t home = map->entries[map->slots[at] - 1].hash & mask;
        if (((at - home) & mask) >= ((at - gap) & mask)) {
            map->slots[gap] = map->slots[at];
            gap = at;
        }
    }
    map->slots[gap] = 0;
}

void *map_remove(struct map *map, struct str key)
{
    if (map->len == 0)
        return NULL;
    size_t at = find_slot(map, key, hash_key(map, key));
    if (!map->slots[at])
        return NULL;
    size_t index = map->slots[at] - 1, last = map->len - 1;
    struct map_entry removed = map->entries[index];
    slot_remove(map, at);
    if (index != last) {
        size_t mask = map->slot_count - 1, moved = map->entries[last].hash & mask;
        while (map->slots[moved] != last + 1)
            moved = (moved + 1) & mask;
        map->slots[moved] = (uint32_t)(index + 1);
        map->entries[index] = map->entries[last];
    }
    map->len--;
    if (!map->borrows)
        mem_free((char *)removed.key.ptr);
    return removed.value;
}
