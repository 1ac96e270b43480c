/* Go's quoted texts: strconv.Quote and Unquote. Pure. */

#include "base/strconv.h"

#include <string.h>

static const char hex_digits[] = "0123456789abcdef";

static void quote_rune(struct buf *out, uint32_t rune)
{
    static const char names[] = "abtnvfr"; /* from 7 */
    if (rune >= 7 && rune <= 13) {
        buf_byte(out, '\\');
        buf_byte(out, names[rune - 7]);
        return;
    }
    unsigned width = rune < 0x80 ? 2 : rune < 0x10000 ? 4 : 8;
    buf_cstr(out, width == 2 ? "\\x" : width == 4 ? "\\u" : "\\U");
    while (width-- > 0)
        buf_byte(out, hex_digits[rune >> 4 * width & 15]);
}

/* How many bytes from the beginning are ASCII that is printed as it is. */
static size_t plain_prefix(struct str s)
{
    size_t len = 0;
    while (len < s.len && s.ptr[len] >= ' ' && s.ptr[len] < 0x7f && s.ptr[len] != '"' &&
           s.ptr[len] != '\\')
        len++;
    return len;
}

void strconv_quote(struct buf *out, struct str s)
{
    buf_byte(out, '"');
    size_t plain = 0; /* start of what needs no escape */
    for (size_t i = plain_prefix(s); i < s.len;) {
        unsigned size;
        uint32_t rune = utf8_decode(str_slice(s, i, s.len), &size);
        bool bad = rune == UTF8_BAD && size == 1;
        if (!bad && rune != '"' && rune != '\\' && unicode_is_print(rune)) {
            i += size;
            continue;
        }
        buf_str(out, str_slice(s, plain, i));
        if (bad) {
            unsigned char byte = (unsigned char)s.ptr[i];
            buf_cstr(out, "\\x");
            buf_byte(out, hex_digits[byte >> 4]);
            buf_byte(out, hex_digits[byte & 15]);
        } else if (rune == '"' || rune == '\\') {
            buf_byte(out, '\\');
            buf_byte(out, (char)rune);
        } else {
            quote_rune(out, rune);
        }
        i += size;
        plain = i;
    }
    buf_str(out, str_slice(s, plain, s.len));
    buf_byte(out, '"');
}

/* Reading. */

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char low = (char)(c | 0x20);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : 99;
}

/* `count` digits of that base at *at; false if there are fewer. */
static bool read_digits(struct str s, size_t *at, unsigned count, unsigned base, uint32_t *value)
{
    *value = 0;
    for (; count; count--, ++*at) {
        if (*at >= s.len || (unsigned)digit_value(s.ptr[*at]) >= base)
            return false;
        *value = *value * base + (unsigned)digit_value(s.ptr[*at]);
    }
    return true;
}

/* The escape whose letter stands at *at. */
static bool unescape(struct buf *out, struct str s, size_t *at)
{
    static const char letters[] = "abtnvfr", verbatim[] = "\\\"";
    char c = s.ptr[*at];
    const char *known = c ? strchr(letters, c) : NULL;
    uint32_t value;
    if (known) {
        buf_byte(out, (char)(7 + (known - letters)));
        ++*at;
        return true;
    }
    if (c && strchr(verbatim, c)) {
        buf_byte(out, c);
        ++*at;
        return true;
    }
    if (c >= '0' && c <= '7') {
        if (!read_digits(s, at, 3, 8, &value) || value > 255)
            return false;
        buf_byte(out, (char)value);
        return true;
    }
    unsigned width = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    ++*at;
    if (!width || !read_digits(s, at, width, 16, &value))
        return false;
    if (c == 'x') {
        buf_byte(out, (char)value);
        return true;
    }
    if (value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
        return false;
    utf8_append(out, value);
    return true;
}

static bool unquote_raw(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '`')
            return false;
        if (s.ptr[i] != '\r')
            buf_byte(out, s.ptr[i]);
    }
    return true;
}

bool strconv_unquote(struct buf *out, struct str literal)
{
    if (literal.len < 2 || literal.ptr[0] != literal.ptr[literal.len - 1])
        return false;
    struct str s = str_slice(literal, 1, literal.len - 1);
    if (literal.ptr[0] == '`')
        return unquote_raw(out, s);
    if (literal.ptr[0] != '"')
        return false;
    for (size_t i = 0; i < s.len;) {
        char c = s.ptr[i];
        if (c == '"' || c == '\n')
            return false;
        if (c != '\\') {
            unsigned size;
            utf8_append(out, utf8_decode(str_slice(s, i, s.len), &size));
            i += size;
            continue;
        }
        if (++i == s.len || !unescape(out, s, &i))
            return false;
    }
    return true;
}
