#ifndef BASE_ARENA_H
#define BASE_ARENA_H

/* An arena: memory for what lives and dies together (a parse, a request, a decoded batch).
 * Freed whole. Born with a maximum; passing it counts as a memory failure (see memory.h).
 * Owned by its creator; one thread at a time. All blocks are aligned to 16 bytes. */

#include "base/memory.h"
#include "base/str.h"

#include <stdarg.h>

struct arena_chunk;

struct arena {
    struct mem_owner *owner;
    struct arena_chunk *chunks;
    char *next;
    char *end;
    size_t used; /* bytes handed out */
    size_t max;
    size_t chunk_size;
};

/* `max` in bytes; 0 means 1 GiB. Nothing is allocated before the first use. */
void arena_init(struct arena *arena, struct mem_owner *owner, size_t max);
/* Forgets all blocks, keeps the newest chunk (at most 256 KiB) for reuse. */
void arena_reset(struct arena *arena);
void arena_release(struct arena *arena);

void *arena_alloc(struct arena *arena, size_t size);
void *arena_zalloc(struct arena *arena, size_t size);
void *arena_array(struct arena *arena, size_t count, size_t size);
/* NULL when the maximum or the machine's memory is reached. */
void *arena_try_alloc(struct arena *arena, size_t size);

/* Copies, NUL-terminated behind the text. */
struct str arena_str(struct arena *arena, struct str s);
char *arena_cstr(struct arena *arena, struct str s);
struct str arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct str arena_vprintf(struct arena *arena, const char *format, va_list args);
/* Joins two texts. */
struct str arena_concat(struct arena *arena, struct str a, struct str b);

#define ARENA_NEW(arena, type) ((type *)arena_zalloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, count, type) ((type *)arena_array((arena), (count), sizeof(type)))

#endif
