/* Numbers of string.format, as Go's fmt prints them. */

#include "base/strconv.h"
#include "stdlib/sprintf.h"

#include <math.h>
#include <stdio.h>

enum { DIGITS_MAX = 72 }; /* 64 binary digits, a prefix and a sign */

/* ---- integers ---- */

static void without_zero(struct format_printer *p, struct str text)
{
    bool zero = p->f.zero;
    p->f.zero = false;
    format_pad(p, text);
    p->f.zero = zero;
}

static size_t digits_of(char *end, uint64_t n, unsigned base, bool upper)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    size_t len = 0;
    do {
        *--end = digits[n % base];
        len++;
        n /= base;
    } while (n > 0);
    return len;
}

static void prefix_of(const struct format_printer *p, struct buf *out, unsigned base, uint32_t verb,
                      bool leading_zero)
{
    if (p->f.sharp && base == 2)
        buf_cstr(out, "0b");
    else if (p->f.sharp && base == 8 && !leading_zero)
        buf_byte(out, '0');
    else if (p->f.sharp && base == 16)
        buf_cstr(out, verb == 'X' ? "0X" : "0x");
    if (verb == 'O')
        buf_cstr(out, "0o");
}

static void print_based(struct format_printer *p, uint64_t n, bool is_signed, unsigned base,
                        uint32_t verb)
{
    bool negative = is_signed && (int64_t)n < 0;
    if (negative)
        n = 0 - n;
    size_t least = 0;
    if (p->f.precision_set) {
        least = (size_t)p->f.precision;
        if (least == 0 && n == 0) {
            without_zero(p, STR(""));
            return;
        }
    } else if (p->f.zero && !p->f.minus && p->f.width_set) {
        least = (size_t)p->f.width;
        if (least > 0 && (negative || p->f.plus || p->f.space))
            least--;
    }
    char digits[DIGITS_MAX];
    size_t len = digits_of(digits + DIGITS_MAX, n, base, verb == 'X');
    struct buf text;
    buf_init(&text, NULL, RESULT_MAX);
    if (negative)
        buf_byte(&text, '-');
    else if (p->f.plus)
        buf_byte(&text, '+');
    else if (p->f.space)
        buf_byte(&text, ' ');
    prefix_of(p, &text, base, verb, n == 0 || least > len);
    buf_fill(&text, '0', least > len ? least - len : 0);
    buf_append(&text, digits + DIGITS_MAX - len, len);
    without_zero(p, buf_view(&text));
    buf_release(&text);
}

static uint32_t as_rune(uint64_t n)
{
    return n > 0x10FFFF || (n >= 0xD800 && n < 0xE000) ? UTF8_BAD : (uint32_t)n;
}

static void print_char(struct format_printer *p, uint64_t n)
{
    struct buf text;
    buf_init(&text, NULL, 8);
    utf8_append(&text, as_rune(n));
    format_pad(p, buf_view(&text));
    buf_release(&text);
}

static void quote_rune(struct format_printer *p, struct buf *out, uint32_t rune)
{
    struct buf utf8;
    struct buf quoted;
    buf_init(&utf8, NULL, 8);
    buf_init(&quoted, NULL, 64);
    utf8_append(&utf8, rune);
    strconv_quote(&quoted, buf_view(&utf8));
    buf_byte(out, '\'');
    if (rune == '"')
        buf_byte(out, '"');
    else if (rune == '\'')
        buf_cstr(out, "\\'");
    else if (p->f.plus && rune >= 0x80)
        buf_printf(out, rune < 0x10000 ? "\\u%04x" : "\\U%08x", rune);
    else
        buf_str(out, str_slice(buf_view(&quoted), 1, quoted.len - 1));
    buf_byte(out, '\'');
    buf_release(&utf8);
    buf_release(&quoted);
}

static void print_quoted_char(struct format_printer *p, uint64_t n)
{
    struct buf text;
    buf_init(&text, NULL, 64);
    quote_rune(p, &text, as_rune(n));
    format_pad(p, buf_view(&text));
    buf_release(&text);
}

static void print_unicode(struct format_printer *p, uint64_t n)
{
    struct buf text;
    buf_init(&text, NULL, RESULT_MAX);
    int digits = p->f.precision_set && p->f.precision > 4 ? p->f.precision : 4;
    char hex[DIGITS_MAX];
    size_t len = digits_of(hex + DIGITS_MAX, n, 16, true);
    buf_cstr(&text, "U+");
    buf_fill(&text, '0', (size_t)digits > len ? (size_t)digits - len : 0);
    buf_append(&text, hex + DIGITS_MAX - len, len);
    if (p->f.sharp && n <= 0x10FFFF && unicode_is_print((uint32_t)n)) {
        buf_cstr(&text, " '");
        utf8_append(&text, (uint32_t)n);
        buf_byte(&text, '\'');
    }
    without_zero(p, buf_view(&text));
    buf_release(&text);
}

bool format_integer(struct format_printer *p, uint64_t n, bool is_signed, uint32_t verb)
{
    switch (verb) {
    case 'v':
        if (p->f.sharp_v && !is_signed) {
            p->f.sharp = true;
            print_based(p, n, is_signed, 16, 'v');
            p->f.sharp = false;
            return true;
        }
        print_based(p, n, is_signed, 10, verb);
        return true;
    case 'd': print_based(p, n, is_signed, 10, verb); return true;
    case 'b': print_based(p, n, is_signed, 2, verb); return true;
    case 'o':
    case 'O': print_based(p, n, is_signed, 8, verb); return true;
    case 'x':
    case 'X': print_based(p, n, is_signed, 16, verb); return true;
    case 'c': print_char(p, n); return true;
    case 'q': print_quoted_char(p, n); return true;
    case 'U': print_unicode(p, n); return true;
    default: return false;
    }
}

/* ---- floats ---- */

/* "4503599627370496p-52" */
static void print_binary(struct buf *out, double n)
{
    int exponent;
    double fraction = frexp(fabs(n), &exponent);
    if (signbit(n))
        buf_byte(out, '-');
    if (n == 0)
        exponent = -1074 + 53;
    buf_u64(out, (uint64_t)ldexp(fraction, 53));
    buf_printf(out, "p%+d", exponent - 53);
}

/* C writes 0x1.8p+0, Go 0x1.8p+00. */
static void print_hex_float(struct buf *out, double n, int precision, bool upper)
{
    char text[64 + 1100];
    if (precision > 1000)
        precision = 1000;
    int len = precision < 0 ? snprintf(text, sizeof(text), upper ? "%A" : "%a", n)
                            : snprintf(text, sizeof(text), upper ? "%.*A" : "%.*a", precision, n);
    struct str whole = str_of(text, (size_t)len);
    size_t p = str_find_byte(whole, upper ? 'P' : 'p', 0);
    if (p == SIZE_MAX) {
        buf_str(out, whole);
        return;
    }
    buf_str(out, str_slice(whole, 0, p + 2));
    if (whole.len - p == 3)
        buf_byte(out, '0');
    buf_str(out, str_slice(whole, p + 2, whole.len));
}

static void print_precise(struct buf *out, double n, uint32_t verb, int precision)
{
    switch (verb) {
    case 'e': buf_printf(out, "%.*e", precision, n); break;
    case 'E': buf_printf(out, "%.*E", precision, n); break;
    case 'g': buf_printf(out, "%.*g", precision, n); break;
    case 'G': buf_printf(out, "%.*G", precision, n); break;
    default: buf_printf(out, "%.*f", precision, n); break;
    }
}

/* The bare number, always with a sign. */
static void float_text(struct buf *out, double n, uint32_t verb, int precision)
{
    if (isnan(n) || isinf(n)) {
        buf_cstr(out, isnan(n) ? "+NaN" : n > 0 ? "+Inf" : "-Inf");
        return;
    }
    if (!signbit(n))
        buf_byte(out, '+');
    if (verb == 'b')
        print_binary(out, n);
    else if (verb == 'x' || verb == 'X')
        print_hex_float(out, n, precision, verb == 'X');
    else if (precision >= 0)
        print_precise(out, n, verb, precision);
    else if (verb == 'G') {
        size_t from = out->len;
        strconv_float(out, n, 'g');
        for (size_t i = from; i < out->len; i++)
            if (out->data[i] == 'e')
                out->data[i] = 'E';
    } else {
        strconv_float(out, n, 'g');
    }
}

/* %#g and friends: a decimal point always, zeros up to the precision. */
static void sharpen(struct buf *text, uint32_t verb, int precision)
{
    char tail_bytes[16];
    size_t tail_len = 0;
    int digits = 0;
    bool hex = verb == 'x' || verb == 'X';
    if (verb == 'g' || verb == 'G' || hex)
        digits = precision < 0 ? 6 : precision;
    bool point = false;
    bool nonzero = false;
    for (size_t i = 1; i < text->len; i++) {
        char c = text->data[i];
        bool exponent = c == 'p' || c == 'P' || (!hex && (c == 'e' || c == 'E'));
        if (exponent) {
            tail_len = text->len - i;
            memcpy(tail_bytes, text->data + i, tail_len);
            text->len = i;
        } else if (c == '.') {
            point = true;
        } else {
            nonzero |= c != '0';
            digits -= nonzero;
        }
    }
    if (!point) {
        if (text->len == 2 && text->data[1] == '0')
            digits--;
        buf_byte(text, '.');
    }
    buf_fill(text, '0', digits > 0 ? (size_t)digits : 0);
    buf_append(text, tail_bytes, tail_len);
}

static void pad_float(struct format_printer *p, struct str text)
{
    bool shows_sign = p->f.plus || text.ptr[0] != '+';
    size_t width = p->f.width_set ? (size_t)p->f.width : 0;
    if (!shows_sign) {
        format_pad(p, str_slice(text, 1, text.len));
    } else if (p->f.zero && !p->f.minus && width > text.len) {
        buf_byte(p->out, text.ptr[0]);
        buf_fill(p->out, '0', width - text.len);
        buf_str(p->out, str_slice(text, 1, text.len));
    } else {
        format_pad(p, text);
    }
}

static void print_float(struct format_printer *p, double n, uint32_t verb, int precision)
{
    struct buf text;
    buf_init(&text, NULL, RESULT_MAX);
    if (p->f.precision_set)
        precision = p->f.precision;
    float_text(&text, n, verb, precision);
    if (text.len > 0 && p->f.space && text.data[0] == '+' && !p->f.plus)
        text.data[0] = ' ';
    if (isnan(n) || isinf(n)) {
        bool bare = isnan(n) && !p->f.space && !p->f.plus;
        without_zero(p, str_slice(buf_view(&text), bare, text.len));
    } else if (text.len > 0) {
        if (p->f.sharp && verb != 'b')
            sharpen(&text, verb, precision);
        pad_float(p, buf_view(&text));
    }
    buf_release(&text);
}

bool format_float(struct format_printer *p, double n, uint32_t verb)
{
    switch (verb) {
    case 'v': print_float(p, n, 'g', -1); return true;
    case 'b':
    case 'g':
    case 'G':
    case 'x':
    case 'X': print_float(p, n, verb, -1); return true;
    case 'f':
    case 'F': print_float(p, n, 'f', 6); return true;
    case 'e':
    case 'E': print_float(p, n, verb, 6); return true;
    default: return false;
    }
}
