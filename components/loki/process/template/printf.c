/* print, println and printf of templates: Go's fmt for texts, numbers, booleans and lists. Verbs s
 * v d q t f g e x X c U and o, with width, precision and the flags - + 0 and blank; what a verb
 * cannot print becomes %!verb(type=value) as in Go. */

#include "base/strconv.h"
#include "components/loki/process/template/functions.h"

enum { MAX_TEXT = 16 * 1024 * 1024, MAX_WIDTH = 10000 };

struct spec {
    bool minus, plus, zero, blank, has_precision;
    unsigned width, precision;
    char verb;
};

struct printing {
    struct tcall *call;
    struct buf out;
    size_t next; /* argument */
};

static unsigned take_number(struct str format, size_t *at, bool *any)
{
    unsigned n = 0;
    for (; *at < format.len && format.ptr[*at] >= '0' && format.ptr[*at] <= '9'; ++*at) {
        n = n < MAX_WIDTH ? n * 10 + (unsigned)(format.ptr[*at] - '0') : n;
        *any = true;
    }
    return n;
}

static struct spec take_spec(struct str format, size_t *at)
{
    struct spec s = {0};
    bool any = false;
    for (; *at < format.len && strchr("-+0 ", format.ptr[*at]) != NULL; ++*at) {
        s.minus |= format.ptr[*at] == '-';
        s.plus |= format.ptr[*at] == '+';
        s.zero |= format.ptr[*at] == '0';
        s.blank |= format.ptr[*at] == ' ';
    }
    s.width = take_number(format, at, &any);
    if (*at < format.len && format.ptr[*at] == '.') {
        ++*at;
        s.has_precision = true;
        s.precision = take_number(format, at, &any);
    }
    s.verb = *at < format.len ? format.ptr[(*at)++] : '\0';
    return s;
}

static void pad(struct printing *p, const struct spec *s, struct str text, bool zero)
{
    size_t runes = utf8_count(text);
    size_t fill = s->width > runes ? s->width - runes : 0;
    bool has_sign = text.len != 0 && (text.ptr[0] == '-' || text.ptr[0] == '+');
    if (fill != 0 && !s->minus && zero && has_sign) {
        buf_byte(&p->out, text.ptr[0]);
        text = str_slice(text, 1, text.len);
    }
    if (!s->minus)
        buf_fill(&p->out, zero ? '0' : ' ', fill);
    buf_str(&p->out, text);
    if (s->minus)
        buf_fill(&p->out, ' ', fill);
}

static const char *type_name(const struct tval *v)
{
    switch ((enum tval_kind)v->kind) {
    case TVAL_STRING: return "string";
    case TVAL_INT: return v->is_wide ? "int64" : "int";
    case TVAL_FLOAT: return "float64";
    case TVAL_BOOL: return "bool";
    default: return "[]interface {}";
    }
}

static struct str first_runes(struct str text, unsigned count)
{
    size_t len = 0;
    unsigned size;
    for (; count != 0 && len < text.len; count--, len += size)
        utf8_decode(str_slice(text, len, text.len), &size);
    return str_slice(text, 0, len);
}

static void print_text(struct printing *p, const struct spec *s, struct str text)
{
    struct buf made;
    buf_init(&made, NULL, MAX_TEXT);
    if (s->has_precision)
        text = s->verb == 'x' || s->verb == 'X' ? str_slice(text, 0, s->precision)
                                                : first_runes(text, s->precision);
    if (s->verb == 'q') {
        strconv_quote(&made, text);
    } else if (s->verb == 'x' || s->verb == 'X') {
        for (size_t i = 0; i < text.len; i++)
            buf_printf(&made, s->verb == 'x' ? "%02x" : "%02X", (unsigned char)text.ptr[i]);
    } else {
        buf_str(&made, text);
    }
    pad(p, s, buf_view(&made), s->zero && !s->minus);
    buf_release(&made);
}

/* The precision is the least number of digits; with 0 of them, zero is empty. */
static void print_integer(struct printing *p, const struct spec *s, int64_t n)
{
    struct buf text;
    uintmax_t size = n < 0 ? 0 - (uintmax_t)n : (uintmax_t)n;
    int digits = s->has_precision ? (int)s->precision : 1;
    buf_init(&text, NULL, MAX_TEXT);
    if (s->verb != 'U')
        buf_cstr(&text, n < 0 ? "-" : s->plus ? "+" : s->blank ? " " : "");
    if (s->has_precision && digits == 0 && n == 0)
        buf_clear(&text);
    else if (s->verb == 'U')
        buf_printf(&text, "U+%04jX", size);
    else if (s->verb == 'x')
        buf_printf(&text, "%.*jx", digits, size);
    else if (s->verb == 'X')
        buf_printf(&text, "%.*jX", digits, size);
    else if (s->verb == 'o')
        buf_printf(&text, "%.*jo", digits, size);
    else
        buf_printf(&text, "%.*ju", digits, size);
    pad(p, s, buf_view(&text), s->zero && !s->minus && s->verb != 'U' && !s->has_precision);
    buf_release(&text);
}

/* %q puts it between single quotes. */
static void print_rune(struct printing *p, const struct spec *s, int64_t n)
{
    struct buf rune, quoted;
    buf_init(&rune, NULL, 16);
    buf_init(&quoted, NULL, 32);
    utf8_append(&rune, n >= 0 && n <= 0x10ffff ? (uint32_t)n : UTF8_BAD);
    if (s->verb == 'q' && n == '\'') {
        buf_cstr(&quoted, "'\\''");
    } else if (s->verb == 'q' && n == '"') {
        buf_cstr(&quoted, "'\"'");
    } else if (s->verb == 'q') {
        strconv_quote(&quoted, buf_view(&rune));
        quoted.data[0] = quoted.data[quoted.len - 1] = '\'';
    }
    pad(p, s, buf_view(s->verb == 'q' ? &quoted : &rune), false);
    buf_release(&quoted);
    buf_release(&rune);
}

static void print_float(struct printing *p, const struct spec *s, double number)
{
    enum { DEFAULT_PRECISION = 6 };
    struct buf text;
    int precision = s->has_precision ? (int)s->precision : DEFAULT_PRECISION;
    buf_init(&text, NULL, MAX_TEXT);
    if (s->plus && number >= 0)
        buf_byte(&text, '+');
    if (s->verb == 'f')
        buf_printf(&text, "%.*f", precision, number);
    else if (s->verb == 'e')
        buf_printf(&text, "%.*e", precision, number);
    else if (s->has_precision)
        buf_printf(&text, "%.*g", precision, number);
    else
        strconv_float(&text, number, 'g');
    pad(p, s, buf_view(&text), s->zero && !s->minus);
    buf_release(&text);
}

static bool print_known(struct printing *p, const struct spec *s, const struct tval *v)
{
    switch ((enum tval_kind)v->kind) {
    case TVAL_STRING:
        if (strchr("svqxX", s->verb) == NULL)
            return false;
        print_text(p, s, v->text);
        return true;
    case TVAL_INT:
        if (s->verb == 'c' || s->verb == 'q')
            print_rune(p, s, v->integer);
        else if (strchr("dvxXoU", s->verb) != NULL)
            print_integer(p, s, v->integer);
        else
            return false;
        return true;
    case TVAL_FLOAT:
        if (strchr("vgfe", s->verb) == NULL)
            return false;
        print_float(p, s, v->number);
        return true;
    case TVAL_BOOL:
        if (strchr("tv", s->verb) == NULL)
            return false;
        pad(p, s, v->boolean ? STR("true") : STR("false"), s->zero && !s->minus);
        return true;
    case TVAL_NIL:
        if (s->verb == 'v')
            pad(p, s, STR("<nil>"), false);
        return s->verb == 'v';
    default: return false;
    }
}

static void print_bad(struct printing *p, const struct spec *s, const struct tval *v)
{
    buf_cstr(&p->out, "%!");
    buf_byte(&p->out, s->verb);
    if (v->kind == TVAL_NIL) {
        buf_cstr(&p->out, "(<nil>)");
        return;
    }
    buf_printf(&p->out, "(%s=", type_name(v));
    struct spec plain = *s;
    plain.verb = 'v';
    print_known(p, &plain, v);
    buf_byte(&p->out, ')');
}

static bool print_argument(struct printing *p, const struct spec *s)
{
    if (p->next >= p->call->count) {
        buf_printf(&p->out, "%%!%c(MISSING)", s->verb);
        return true;
    }
    const struct tval *v = &p->call->args[p->next++];
    if (v->kind == TVAL_LIST || v->kind == TVAL_MAP) {
        if ((s->verb != 'v' && s->verb != 's') || s->width != 0 || s->has_precision)
            return false;
        tval_print(&p->out, v);
        return true;
    }
    if (!print_known(p, s, v))
        print_bad(p, s, v);
    return true;
}

static void print_extra(struct printing *p)
{
    if (p->next >= p->call->count)
        return;
    buf_cstr(&p->out, "%!(EXTRA ");
    for (size_t i = p->next; i < p->call->count; i++) {
        const struct tval *v = &p->call->args[i];
        if (i != p->next)
            buf_cstr(&p->out, ", ");
        if (v->kind == TVAL_NIL) {
            buf_cstr(&p->out, "<nil>");
            continue;
        }
        buf_printf(&p->out, "%s=", type_name(v));
        buf_str(&p->out, tval_text(v, p->call->arena));
    }
    buf_byte(&p->out, ')');
}

struct tval tfn_printf(struct tcall *c)
{
    struct printing p = {.call = c, .next = 1};
    struct str format = c->args[0].text;
    size_t at = 0;
    buf_init(&p.out, NULL, MAX_TEXT);
    while (at < format.len) {
        size_t percent = str_find_byte(format, '%', at);
        buf_str(&p.out, str_slice(format, at, percent));
        if (percent == SIZE_MAX)
            break;
        at = percent + 1;
        struct spec s = take_spec(format, &at);
        if (s.verb == '\0') {
            buf_cstr(&p.out, "%!(NOVERB)");
        } else if (s.verb == '%') {
            buf_byte(&p.out, '%');
        } else if (strchr("svdqtfgexXcUo", s.verb) == NULL || !print_argument(&p, &s)) {
            buf_release(&p.out);
            return tcall_fail(c, "printf: a verb that is not supported");
        }
    }
    print_extra(&p);
    return tcall_take(c, &p.out);
}

/* fmt.Sprint puts blanks only between two values of which neither is a text. */
struct tval tfn_print(struct tcall *c)
{
    struct buf out;
    buf_init(&out, NULL, MAX_TEXT);
    for (size_t i = 0; i < c->count; i++) {
        bool is_text = c->args[i].kind == TVAL_STRING;
        if (i != 0 && !is_text && c->args[i - 1].kind != TVAL_STRING)
            buf_byte(&out, ' ');
        tval_print(&out, &c->args[i]);
    }
    return tcall_take(c, &out);
}

struct tval tfn_println(struct tcall *c)
{
    struct buf out;
    buf_init(&out, NULL, MAX_TEXT);
    for (size_t i = 0; i < c->count; i++) {
        if (i != 0)
            buf_byte(&out, ' ');
        tval_print(&out, &c->args[i]);
    }
    buf_byte(&out, '\n');
    return tcall_take(c, &out);
}
