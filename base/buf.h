#ifndef BASE_BUF_H
#define BASE_BUF_H

/* A growing byte buffer with a maximum. An append that would pass the maximum changes nothing and
 * sets `overflow`, after which every append is ignored: write a whole message, then ask buf_ok
 * once. Failing memory behaves as memory.h says. Owned by its creator; one thread at a time. */

#include "base/memory.h"
#include "base/str.h"

#include <stdarg.h>

struct buf {
    char *data;
    size_t len;
    size_t cap;
    size_t max;
    struct mem_owner *owner;
    bool overflow;
};

/* `max` in bytes, must not be 0. Nothing is allocated before the first append. */
void buf_init(struct buf *b, struct mem_owner *owner, size_t max);
void buf_release(struct buf *b);
/* Empties it and clears `overflow`, keeps the memory. */
void buf_clear(struct buf *b);
/* Makes room for `more` bytes behind len and returns where they go; NULL on overflow. The caller
 * writes there and then adds to len. */
char *buf_reserve(struct buf *b, size_t more);
void buf_append(struct buf *b, const void *bytes, size_t len);
void buf_str(struct buf *b, struct str s);
void buf_cstr(struct buf *b, const char *text);
void buf_byte(struct buf *b, char byte);
void buf_fill(struct buf *b, char byte, size_t count);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *format, va_list args);
void buf_u64(struct buf *b, uint64_t value);
void buf_i64(struct buf *b, int64_t value);
/* Removes the first `count` bytes (moves the rest). */
void buf_drop_front(struct buf *b, size_t count);

static inline bool buf_ok(const struct buf *b)
{
    return !b->overflow;
}

static inline struct str buf_view(const struct buf *b)
{
    return (struct str){b->data, b->len};
}

/* Moves the bytes out, with a NUL behind them; the caller frees them with mem_free. */
char *buf_take(struct buf *b, size_t *len);

#endif
