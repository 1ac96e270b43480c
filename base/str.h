#ifndef BASE_STR_H
#define BASE_STR_H

/* Borrowed text: a pointer and a length, never owned, not NUL-terminated, any bytes.
 * Everything here is pure and thread-safe; nothing allocates. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *ptr; /* may be NULL only when len is 0 */
    size_t len;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
#define STR_INIT(literal)                                                                          \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }
#define STR_NONE ((struct str){NULL, 0})
/* For printf: "%.*s". */
#define STR_ARG(s) (int)(s).len, (s).ptr ? (s).ptr : ""

static inline struct str str_of(const char *ptr, size_t len)
{
    return (struct str){ptr, len};
}

static inline struct str str_from(const char *zero_terminated)
{
    return (struct str){zero_terminated, zero_terminated ? strlen(zero_terminated) : 0};
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool str_is(struct str a, const char *zero_terminated)
{
    return str_eq(a, str_from(zero_terminated));
}

/* Bytes [from, to) of s; both ends are clamped to the text. */
struct str str_slice(struct str s, size_t from, size_t to);
/* Bytewise order, as Go compares strings: <0, 0, >0. */
int str_cmp(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
/* Offset of the first occurrence at or after `from`, or SIZE_MAX. An empty needle is found at
 * `from`. */
size_t str_find(struct str s, struct str needle, size_t from);
size_t str_find_byte(struct str s, char byte, size_t from);
size_t str_rfind_byte(struct str s, char byte);
/* ASCII only. */
bool str_eq_fold(struct str a, struct str b);
/* Removes ASCII blanks (space, tab, CR, LF) from both ends. */
struct str str_trim(struct str s);
/* Splits at the first `byte`: `*head` gets what stands before it, `*rest` what follows.
 * Without the byte, head is everything, rest is empty and the result is false. */
bool str_cut(struct str s, char byte, struct str *head, struct str *rest);
/* Decimal digits only, whole text, no sign; false on anything else or overflow. */
bool str_to_u64(struct str s, uint64_t *out);
/* Optional leading '-' or '+'. */
bool str_to_i64(struct str s, int64_t *out);

#endif
