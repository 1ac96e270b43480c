/* UTF-8 and the properties of runes. Pure. */

#include "base/strconv.h"
#include "base/unicode_tables.h"

#include <string.h>

/* First byte → length and the range of the second byte (Unicode 15, table 3-7). */
static bool second_byte_fits(unsigned char first, unsigned char second)
{
    switch (first) {
    case 0xE0: return second >= 0xA0 && second <= 0xBF;
    case 0xED: return second >= 0x80 && second <= 0x9F;
    case 0xF0: return second >= 0x90 && second <= 0xBF;
    case 0xF4: return second >= 0x80 && second <= 0x8F;
    default: return second >= 0x80 && second <= 0xBF;
    }
}

static unsigned length_of(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first < 0xC2 || first > 0xF4)
        return 0;
    return first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

uint32_t utf8_decode(struct str s, unsigned *size)
{
    const unsigned char *at = (const unsigned char *)s.ptr;
    unsigned len = length_of(at[0]);
    *size = 1;
    if (len == 1)
        return at[0];
    if (len == 0 || s.len < len || !second_byte_fits(at[0], at[1]))
        return UTF8_BAD;
    uint32_t rune = at[0] & (0x7Fu >> len);
    for (unsigned i = 1; i < len; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return UTF8_BAD;
        rune = rune << 6 | (at[i] & 0x3F);
    }
    *size = len;
    return rune;
}

void utf8_append(struct buf *out, uint32_t rune)
{
    if (rune > 0x10FFFF || (rune >= 0xD800 && rune <= 0xDFFF))
        rune = UTF8_BAD;
    char bytes[4];
    size_t len;
    if (rune < 0x80) {
        bytes[0] = (char)rune;
        len = 1;
    } else if (rune < 0x800) {
        bytes[0] = (char)(0xC0 | rune >> 6);
        len = 2;
    } else if (rune < 0x10000) {
        bytes[0] = (char)(0xE0 | rune >> 12);
        len = 3;
    } else {
        bytes[0] = (char)(0xF0 | rune >> 18);
        len = 4;
    }
    for (size_t i = 1; i < len; i++)
        bytes[i] = (char)(0x80 | (rune >> 6 * (len - 1 - i) & 0x3F));
    buf_append(out, bytes, len);
}

/* Bytes at the start that are ASCII, in steps of eight. */
static size_t ascii_prefix(struct str s)
{
    size_t i = 0;
    for (; i + 8 <= s.len; i += 8) {
        uint64_t word;
        memcpy(&word, s.ptr + i, 8);
        if (word & 0x8080808080808080u)
            break;
    }
    while (i < s.len && (unsigned char)s.ptr[i] < 0x80)
        i++;
    return i;
}

bool utf8_valid(struct str s)
{
    for (;;) {
        s = str_slice(s, ascii_prefix(s), s.len);
        if (s.len == 0)
            return true;
        unsigned size;
        if (utf8_decode(s, &size) == UTF8_BAD && size == 1)
            return false;
        s = str_slice(s, size, s.len);
    }
}

size_t utf8_count(struct str s)
{
    size_t count = 0;
    while (s.len) {
        size_t plain = ascii_prefix(s);
        count += plain;
        s = str_slice(s, plain, s.len);
        if (s.len == 0)
            break;
        unsigned size;
        utf8_decode(s, &size);
        count++;
        s = str_slice(s, size, s.len);
    }
    return count;
}

static bool in_ranges(const struct rune_range *ranges, size_t count, uint32_t rune)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (rune > ranges[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && rune >= ranges[low].first;
}

static uint32_t change(const struct rune_change *changes, size_t count, uint32_t rune)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (rune > changes[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == count || rune < changes[low].first ||
        (rune - changes[low].first) % changes[low].stride != 0)
        return rune;
    return rune + (uint32_t)changes[low].delta;
}

static bool is_ascii_letter(uint32_t rune)
{
    return (rune | 0x20) - 'a' < 26;
}

bool unicode_is_letter(uint32_t rune)
{
    return rune < 0x80 ? is_ascii_letter(rune)
                       : in_ranges(unicode_letters, unicode_letters_count, rune);
}

bool unicode_is_digit(uint32_t rune)
{
    return rune < 0x80 ? rune - '0' < 10 : in_ranges(unicode_digits, unicode_digits_count, rune);
}

bool unicode_is_space(uint32_t rune)
{
    return rune < 0x80 ? rune == ' ' || rune - '\t' < 5
                       : in_ranges(unicode_spaces, unicode_spaces_count, rune);
}

bool unicode_is_print(uint32_t rune)
{
    return rune < 0x80 ? rune >= ' ' && rune < 0x7F
                       : in_ranges(unicode_printed, unicode_printed_count, rune);
}

uint32_t unicode_to_lower(uint32_t rune)
{
    if (rune < 0x80)
        return rune - 'A' < 26 ? rune + ('a' - 'A') : rune;
    return change(unicode_lowers, unicode_lowers_count, rune);
}

uint32_t unicode_to_upper(uint32_t rune)
{
    if (rune < 0x80)
        return rune - 'a' < 26 ? rune - ('a' - 'A') : rune;
    return change(unicode_uppers, unicode_uppers_count, rune);
}
