#ifndef BASE_UNICODE_TABLES_H
#define BASE_UNICODE_TABLES_H

/* The tables behind unicode.c, written by base/tables/unicode.py. Sorted; runes from U+0080. */

#include <stddef.h>
#include <stdint.h>

struct rune_range {
    uint32_t first;
    uint32_t last;
};

/* Every stride-th rune from first to last changes case by delta. */
struct rune_change {
    uint32_t first;
    uint32_t last;
    uint32_t stride;
    int32_t delta;
};

extern const struct rune_range unicode_letters[], unicode_digits[], unicode_spaces[],
    unicode_printed[];
extern const size_t unicode_letters_count, unicode_digits_count, unicode_spaces_count,
    unicode_printed_count;
extern const struct rune_change unicode_lowers[], unicode_uppers[];
extern const size_t unicode_lowers_count, unicode_uppers_count;

#endif
