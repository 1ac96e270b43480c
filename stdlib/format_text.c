/* Padding, booleans and texts of string.format. */

#include "base/strconv.h"
#include "stdlib/sprintf.h"

void format_pad(struct format_printer *p, struct str text)
{
    size_t width = utf8_count(text);
    size_t fill = 0;
    if (p->f.width_set && (size_t)p->f.width > width)
        fill = (size_t)p->f.width - width;
    if (!p->f.minus)
        buf_fill(p->out, p->f.zero ? '0' : ' ', fill);
    buf_str(p->out, text);
    if (p->f.minus)
        buf_fill(p->out, ' ', fill);
}

bool format_bool(struct format_printer *p, bool b, uint32_t verb)
{
    if (verb != 't' && verb != 'v')
        return false;
    format_pad(p, b ? STR("true") : STR("false"));
    return true;
}

/* The first `precision` runes. */
static struct str cut(const struct format_printer *p, struct str s)
{
    if (!p->f.precision_set)
        return s;
    size_t at = 0;
    for (int n = 0; at < s.len && n < p->f.precision; n++) {
        unsigned size;
        utf8_decode(str_slice(s, at, s.len), &size);
        at += size;
    }
    return str_slice(s, 0, at);
}

/* Go's strconv.CanBackquote. */
static bool can_backquote(struct str s)
{
    for (size_t at = 0; at < s.len;) {
        unsigned size;
        uint32_t rune = utf8_decode(str_slice(s, at, s.len), &size);
        if (rune == 0xFEFF || (rune == UTF8_BAD && size == 1))
            return false;
        if (size == 1 && ((rune < ' ' && rune != '\t') || rune == '`' || rune == 0x7F))
            return false;
        at += size;
    }
    return true;
}

/* strconv.QuoteToASCII: what Quote leaves beyond ASCII becomes \u or \U. */
static void quote_ascii(struct buf *out, struct str s)
{
    struct buf quoted;
    buf_init(&quoted, NULL, RESULT_MAX);
    strconv_quote(&quoted, s);
    for (size_t at = 0; at < quoted.len;) {
        unsigned size;
        uint32_t rune = utf8_decode(str_slice(buf_view(&quoted), at, quoted.len), &size);
        if (rune < 0x80)
            buf_byte(out, (char)rune);
        else if (rune < 0x10000)
            buf_printf(out, "\\u%04x", rune);
        else
            buf_printf(out, "\\U%08x", rune);
        at += size;
    }
    buf_release(&quoted);
}

static void print_quoted(struct format_printer *p, struct str s)
{
    struct buf text;
    buf_init(&text, NULL, RESULT_MAX);
    s = cut(p, s);
    if (p->f.sharp && can_backquote(s)) {
        buf_byte(&text, '`');
        buf_str(&text, s);
        buf_byte(&text, '`');
    } else if (p->f.plus) {
        quote_ascii(&text, s);
    } else {
        strconv_quote(&text, s);
    }
    format_pad(p, buf_view(&text));
    buf_release(&text);
}

static void hex_bytes(const struct format_printer *p, struct buf *out, struct str s, bool upper)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    for (size_t i = 0; i < s.len; i++) {
        if (p->f.space && i > 0)
            buf_byte(out, ' ');
        if (p->f.sharp && (p->f.space || i == 0))
            buf_cstr(out, upper ? "0X" : "0x");
        buf_byte(out, digits[(unsigned char)s.ptr[i] >> 4]);
        buf_byte(out, digits[(unsigned char)s.ptr[i] & 15]);
    }
}

static void print_hex(struct format_printer *p, struct str s, bool upper)
{
    struct buf text;
    buf_init(&text, NULL, RESULT_MAX);
    if (p->f.precision_set && (size_t)p->f.precision < s.len)
        s = str_slice(s, 0, (size_t)p->f.precision);
    hex_bytes(p, &text, s, upper);
    format_pad(p, buf_view(&text));
    buf_release(&text);
}

bool format_string(struct format_printer *p, struct str s, uint32_t verb)
{
    switch (verb) {
    case 'v':
        if (p->f.sharp_v)
            print_quoted(p, s);
        else
            format_pad(p, cut(p, s));
        return true;
    case 's': format_pad(p, cut(p, s)); return true;
    case 'q': print_quoted(p, s); return true;
    case 'x':
    case 'X': print_hex(p, s, verb == 'X'); return true;
    default: return false;
    }
}
