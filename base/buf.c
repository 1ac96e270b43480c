/* Growing byte buffers. Doubles from 64 bytes; bounded by b->max. */

#include "base/buf.h"

#include "base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 64 };

void buf_init(struct buf *b, struct mem_owner *owner, size_t max)
{
    ASSERT(max != 0);
    *b = (struct buf){.owner = owner, .max = max};
}

void buf_release(struct buf *b)
{
    mem_free(b->data);
    buf_init(b, b->owner, b->max);
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->overflow = false;
}

static void grow(struct buf *b, size_t need)
{
    size_t cap = b->cap < FIRST_CAP ? FIRST_CAP : b->cap;
    while (cap < need)
        cap = cap > SIZE_MAX / 2 ? need : cap * 2;
    if (cap > b->max)
        cap = b->max;
    b->data = mem_realloc(b->owner, b->data, cap);
    b->cap = cap;
}

char *buf_reserve(struct buf *b, size_t more)
{
    if (b->overflow || more > b->max - b->len) {
        b->overflow = true;
        return NULL;
    }
    if (more > b->cap - b->len || !b->data)
        grow(b, b->len + more);
    return b->data + b->len;
}

void buf_append(struct buf *b, const void *bytes, size_t len)
{
    if (len == 0)
        return;
    char *to = buf_reserve(b, len);
    if (!to)
        return;
    memcpy(to, bytes, len);
    b->len += len;
}

void buf_str(struct buf *b, struct str s)
{
    buf_append(b, s.ptr, s.len);
}

void buf_cstr(struct buf *b, const char *text)
{
    buf_append(b, text, strlen(text));
}

void buf_byte(struct buf *b, char byte)
{
    if (b->len < b->cap && !b->overflow) {
        b->data[b->len++] = byte;
        return;
    }
    buf_append(b, &byte, 1);
}

void buf_fill(struct buf *b, char byte, size_t count)
{
    if (count == 0)
        return;
    char *to = buf_reserve(b, count);
    if (!to)
        return;
    memset(to, byte, count);
    b->len += count;
}

void buf_vprintf(struct buf *b, const char *format, va_list args)
{
    if (b->overflow)
        return;
    va_list again;
    va_copy(again, args);
    size_t room = b->cap - b->len;
    int len = vsnprintf(room ? b->data + b->len : NULL, room, format, args);
    if (len > 0 && (size_t)len < room) {
        b->len += (size_t)len;
    } else if (len > 0) {
        /* One byte more than the text for the NUL, unless the maximum leaves no place for it. */
        size_t size = (size_t)len + 1;
        char *spare = NULL;
        if ((size_t)len <= b->max - b->len && size > b->max - b->len)
            spare = mem_alloc(b->owner, size);
        char *to = spare ? spare : buf_reserve(b, size);
        if (to)
            (void)vsnprintf(to, size, format, again);
        if (spare)
            buf_append(b, spare, (size_t)len);
        else if (to)
            b->len += (size_t)len;
        mem_free(spare);
    }
    va_end(again);
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_vprintf(b, format, args);
    va_end(args);
}

void buf_u64(struct buf *b, uint64_t value)
{
    char digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    buf_append(b, digits + at, sizeof(digits) - at);
}

void buf_i64(struct buf *b, int64_t value)
{
    char digits[21];
    size_t at = sizeof(digits);
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0)
        digits[--at] = '-';
    buf_append(b, digits + at, sizeof(digits) - at);
}

void buf_drop_front(struct buf *b, size_t count)
{
    if (count >= b->len) {
        b->len = 0;
        return;
    }
    memmove(b->data, b->data + count, b->len - count);
    b->len -= count;
}

char *buf_take(struct buf *b, size_t *len)
{
    char *text = mem_realloc(b->owner, b->data, b->len + 1);
    text[b->len] = '\0';
    if (len)
        *len = b->len;
    buf_init(b, b->owner, b->max);
    return text;
}
