/* Arenas: a list of chunks, newest first, of which only the newest is filled. A block too large for
 * the current chunk's kind gets a chunk of its own behind it. Bounded by arena->max. */

#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__) || defined(INVAR_ASAN)
#include <sanitizer/asan_interface.h>
#define POISON(from, len) ASAN_POISON_MEMORY_REGION((from), (len))
#define UNPOISON(from, len) ASAN_UNPOISON_MEMORY_REGION((from), (len))
enum { GAP = 16 }; /* stays poisoned behind every block */
#else
#define POISON(from, len) ((void)0)
#define UNPOISON(from, len) ((void)0)
enum { GAP = 0 };
#endif

enum {
    CHUNK_FIRST = 4 * 1024, /* doubles when a few of its size are full */
    CHUNKS_A_SIZE = 3,
    CHUNK_LARGEST = 256 * 1024,
    ALIGN = 16,
};

static const size_t MAX_DEFAULT = (size_t)1 << 30;

struct arena_chunk {
    struct arena_chunk *older;
    size_t size; /* of the bytes behind this header */
};

_Static_assert(sizeof(struct arena_chunk) % ALIGN == 0, "blocks are aligned");

void arena_init(struct arena *arena, struct mem_owner *owner, size_t max)
{
    *arena =
        (struct arena){.owner = owner, .max = max ? max : MAX_DEFAULT, .chunk_size = CHUNK_FIRST};
}

static void chunk_free(struct arena_chunk *chunk)
{
    UNPOISON(chunk + 1, chunk->size);
    mem_free(chunk);
}

static void chunks_free(struct arena_chunk *chunk)
{
    while (chunk) {
        struct arena_chunk *older = chunk->older;
        chunk_free(chunk);
        chunk = older;
    }
}

void arena_reset(struct arena *arena)
{
    arena->used = 0;
    struct arena_chunk *kept = arena->chunks;
    if (!kept)
        return;
    chunks_free(kept->older);
    kept->older = NULL;
    if (!arena->next) { /* a block's own chunk, not one to fill */
        chunk_free(kept);
        arena->chunks = NULL;
        return;
    }
    arena->next = (char *)(kept + 1);
    arena->end = arena->next + kept->size;
    POISON(arena->next, kept->size);
}

void arena_release(struct arena *arena)
{
    chunks_free(arena->chunks);
    arena_init(arena, arena->owner, arena->max);
}

static struct arena_chunk *chunk_new(struct arena *arena, size_t size)
{
    struct arena_chunk *chunk = mem_try_alloc(arena->owner, sizeof(*chunk) + size);
    if (!chunk)
        return NULL;
    chunk->size = size;
    POISON(chunk + 1, size);
    return chunk;
}

/* A chunk for this block alone; the current one stays current. */
static char *own_chunk(struct arena *arena, size_t need)
{
    struct arena_chunk *chunk = chunk_new(arena, need);
    if (!chunk)
        return NULL;
    struct arena_chunk **at = arena->next ? &arena->chunks->older : &arena->chunks;
    chunk->older = *at;
    *at = chunk;
    return (char *)(chunk + 1);
}

static bool next_chunk(struct arena *arena)
{
    /* With malloc's and our own headers it fills whole pages. */
    struct arena_chunk *chunk = chunk_new(arena, arena->chunk_size - 2 * sizeof(*chunk) - ALIGN);
    if (!chunk)
        return false;
    chunk->older = arena->chunks;
    arena->chunks = chunk;
    arena->next = (char *)(chunk + 1);
    arena->end = arena->next + chunk->size;
    if (arena->chunk_size < CHUNK_LARGEST && arena->used >= CHUNKS_A_SIZE * arena->chunk_size)
        arena->chunk_size *= 2;
    return true;
}

void *arena_try_alloc(struct arena *arena, size_t size)
{
    if (size > arena->max)
        return NULL;
    size_t rounded = ((size ? size : 1) + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (arena->used > arena->max || rounded > arena->max - arena->used)
        return NULL;
    size_t need = rounded + GAP;
    char *at;
    if (need <= (size_t)(arena->end - arena->next)) {
        at = arena->next;
        arena->next += need;
    } else if (need > arena->chunk_size / 4) {
        at = own_chunk(arena, need);
    } else {
        at = next_chunk(arena) ? arena->next : NULL;
        if (at)
            arena->next += need;
    }
    if (!at)
        return NULL;
    arena->used += rounded;
    UNPOISON(at, size);
    return at;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    void *block = arena_try_alloc(arena, size);
    if (!block && mem_spend_reserve())
        block = arena_try_alloc(arena, size);
    if (!block)
        mem_exhausted();
    return block;
}

void *arena_zalloc(struct arena *arena, size_t size)
{
    void *block = arena_alloc(arena, size);
    memset(block, 0, size);
    return block;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        mem_exhausted();
    return arena_zalloc(arena, bytes);
}

struct str arena_concat(struct arena *arena, struct str a, struct str b)
{
    size_t len;
    if (__builtin_add_overflow(a.len, b.len, &len) || len == SIZE_MAX)
        mem_exhausted();
    char *copy = arena_alloc(arena, len + 1);
    if (a.len)
        memcpy(copy, a.ptr, a.len);
    if (b.len)
        memcpy(copy + a.len, b.ptr, b.len);
    copy[len] = '\0';
    return str_of(copy, len);
}

struct str arena_str(struct arena *arena, struct str s)
{
    return arena_concat(arena, s, STR_NONE);
}

char *arena_cstr(struct arena *arena, struct str s)
{
    return (char *)arena_concat(arena, s, STR_NONE).ptr;
}

struct str arena_vprintf(struct arena *arena, const char *format, va_list args)
{
    char small[256];
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(small, sizeof(small), format, args);
    if (len < 0)
        len = 0;
    char *text = arena_alloc(arena, (size_t)len + 1);
    if ((size_t)len < sizeof(small))
        memcpy(text, small, (size_t)len + 1);
    else
        (void)vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    text[len] = '\0';
    return str_of(text, (size_t)len);
}

struct str arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct str text = arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}
