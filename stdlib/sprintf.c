/* string.format: Go's fmt.Sprintf over values of the language, with its marks for what does not fit
 * (%!d(string=x), %!(EXTRA int=1) …). Containers are printed with a stack. */

#include "base/strconv.h"
#include "compiler/target.h"
#include "stdlib/sprintf.h"

struct format_frame {
    const struct value *v;
    uint32_t next;
};

struct formatter {
    struct format_printer p;
    struct str format;
    size_t at;
    const struct value *const *args;
    size_t count;
    size_t arg;     /* next */
    bool reordered; /* some verb named its argument */
    bool good_index;
    bool after_index; /* the last thing read was [n] */
};

static const char *type_name(const struct value *v)
{
    switch (v->type) {
    case VALUE_NUMBER:
        return v->number_kind == NUMBER_FLOAT ? "float64"
               : v->number_kind == NUMBER_INT ? "int"
                                              : "uint64";
    case VALUE_STRING: return "string";
    case VALUE_BOOL: return "bool";
    case VALUE_ARRAY: return "[]interface {}";
    case VALUE_OBJECT: return "map[string]interface {}";
    case VALUE_FUNCTION: return "value.RawFunction";
    case VALUE_CAPSULE: return v->as.capsule.type->name;
    default: return "<nil>";
    }
}

/* An optional secret is a struct of two fields in Go. */
static bool print_optional_secret(struct format_printer *p, const struct value *v, uint32_t verb)
{
    bool is_secret = false;
    struct str text = value_secret_reveal(v, &is_secret);
    bool named = p->f.plus_v || p->f.sharp_v;
    if (p->f.sharp_v)
        buf_cstr(p->out, "alloytypes.OptionalSecret");
    buf_cstr(p->out, named ? "{IsSecret:" : "{");
    if (!format_bool(p, is_secret, verb))
        buf_printf(p->out, "%%!%c(bool=%s)", (int)verb, is_secret ? "true" : "false");
    buf_cstr(p->out, p->f.sharp_v ? ", Value:" : named ? " Value:" : " ");
    if (!format_string(p, text, verb))
        buf_printf(p->out, "%%!%c(string=%.*s)", (int)verb, STR_ARG(text));
    buf_byte(p->out, '}');
    return true;
}

static bool print_capsule(struct format_printer *p, const struct value *v, uint32_t verb)
{
    bool is_secret = false;
    if (value_capsule_data(v, &capsule_secret))
        return format_string(p, value_secret_reveal(v, &is_secret), verb);
    if (value_capsule_data(v, &capsule_optional_secret))
        return print_optional_secret(p, v, verb);
    struct buf text;
    buf_init(&text, NULL, RESULT_MAX);
    value_print(&text, v);
    format_pad(p, buf_view(&text));
    buf_release(&text);
    return true;
}

/* Anything but containers. False: the verb does not suit. */
static bool print_leaf(struct format_printer *p, const struct value *v, uint32_t verb)
{
    switch (v->type) {
    case VALUE_BOOL: return format_bool(p, v->as.boolean, verb);
    case VALUE_NUMBER:
        if (v->number_kind == NUMBER_FLOAT)
            return format_float(p, v->as.f, verb);
        return format_integer(p, v->as.u, v->number_kind == NUMBER_INT, verb);
    case VALUE_STRING: return format_string(p, v->as.string, verb);
    case VALUE_CAPSULE: return print_capsule(p, v, verb);
    default:
        buf_cstr(p->out, "0x0"); /* a function: some address */
        return true;
    }
}

static void bad_verb_head(struct format_printer *p, uint32_t verb)
{
    buf_cstr(p->out, "%!");
    utf8_append(p->out, verb);
    buf_byte(p->out, '(');
}

static void print_child(struct format_printer *p, const struct value *v, uint32_t verb)
{
    if (v->type == VALUE_NULL) {
        if (p->f.sharp_v)
            buf_cstr(p->out, "interface {}(nil)");
        else
            buf_cstr(p->out, "<nil>");
        return;
    }
    size_t from = p->out->len;
    if (print_leaf(p, v, verb))
        return;
    p->out->len = from;
    bad_verb_head(p, verb);
    buf_printf(p->out, "%s=", type_name(v));
    print_leaf(p, v, 'v');
    buf_byte(p->out, ')');
}

static void open_container(struct format_printer *p, const struct value *v)
{
    if (p->f.sharp_v)
        buf_printf(p->out, "%s{", type_name(v));
    else
        buf_cstr(p->out, v->type == VALUE_ARRAY ? "[" : "map[");
}

static void next_entry(struct format_printer *p, const struct format_frame *frame, uint32_t verb)
{
    if (frame->next > 0)
        buf_cstr(p->out, p->f.sharp_v ? ", " : " ");
    if (frame->v->type == VALUE_ARRAY)
        return;
    struct str key = frame->v->as.fields[frame->next].key;
    if (!format_string(p, key, verb)) {
        bad_verb_head(p, verb);
        buf_cstr(p->out, "string=");
        format_string(p, key, 'v');
        buf_byte(p->out, ')');
    }
    buf_byte(p->out, ':');
}

static void print_container(struct format_printer *p, const struct value *root, uint32_t verb)
{
    VEC(struct format_frame) frames = {0};
    open_container(p, root);
    VEC_PUSH(&frames, ((struct format_frame){root, 0}));
    while (frames.len > 0) {
        struct format_frame *top = &frames.items[frames.len - 1];
        if (top->next == top->v->count) {
            buf_byte(p->out, p->f.sharp_v ? '}' : ']');
            frames.len--;
            continue;
        }
        next_entry(p, top, verb);
        uint32_t i = top->next++;
        const struct value *child =
            top->v->type == VALUE_ARRAY ? top->v->as.elements[i] : top->v->as.fields[i].value;
        if (child->type == VALUE_ARRAY || child->type == VALUE_OBJECT) {
            open_container(p, child);
            VEC_PUSH(&frames, ((struct format_frame){child, 0}));
        } else {
            print_child(p, child, verb);
        }
    }
    VEC_RELEASE(&frames);
}

static bool is_container(const struct value *v)
{
    return v->type == VALUE_ARRAY || v->type == VALUE_OBJECT;
}

static void print_arg(struct format_printer *p, const struct value *v, uint32_t verb)
{
    if (v->type == VALUE_NULL && (verb == 'v' || verb == 'T')) {
        format_pad(p, STR("<nil>"));
    } else if (v->type == VALUE_NULL) {
        bad_verb_head(p, verb);
        buf_cstr(p->out, "<nil>)");
    } else if (verb == 'T') {
        format_string(p, str_from(type_name(v)), 's');
    } else if (is_container(v)) {
        print_container(p, v, verb);
    } else {
        print_child(p, v, verb);
    }
}

/* ---- the format ---- */

static bool at_end(const struct formatter *s)
{
    return s->at >= s->format.len;
}

static char here(const struct formatter *s)
{
    return s->format.ptr[s->at];
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Digits; false = none or too large. */
static bool read_number(struct formatter *s, int *out)
{
    bool any = false;
    *out = 0;
    while (!at_end(s) && is_digit(here(s))) {
        if (*out > WIDTH_MAX) {
            *out = 0;
            return false;
        }
        *out = *out * 10 + (here(s) - '0');
        any = true;
        s->at++;
    }
    return any;
}

static void read_flags(struct formatter *s)
{
    struct format_flags *f = &s->p.f;
    for (; !at_end(s); s->at++) {
        switch (here(s)) {
        case '#': f->sharp = true; break;
        case '0': f->zero = true; break;
        case '+': f->plus = true; break;
        case '-': f->minus = true; break;
        case ' ': f->space = true; break;
        default: return;
        }
    }
}

/* "[3]": the next argument by number. */
static void read_index(struct formatter *s)
{
    if (at_end(s) || here(s) != '[')
        return;
    s->reordered = true;
    size_t close = str_find_byte(s->format, ']', s->at);
    if (close == SIZE_MAX) {
        s->good_index = false;
        s->at++;
        return;
    }
    struct str digits = str_slice(s->format, s->at + 1, close);
    uint64_t n = 0;
    s->at = close + 1;
    if (!str_to_u64(digits, &n) || n == 0 || n > s->count) {
        s->good_index = false;
        return;
    }
    s->arg = (size_t)n - 1;
    s->after_index = true;
}

/* The value of a '*'; false = none or no sensible number. */
static bool read_star(struct formatter *s, int *out)
{
    *out = 0;
    s->at++;
    s->after_index = false;
    if (s->arg >= s->count)
        return false;
    const struct value *v = s->args[s->arg++];
    bool integer = v->type == VALUE_NUMBER && v->number_kind != NUMBER_FLOAT;
    if (!integer || (v->number_kind == NUMBER_UINT && v->as.u > WIDTH_MAX) || v->as.i > WIDTH_MAX ||
        v->as.i < -WIDTH_MAX)
        return false;
    *out = (int)v->as.i;
    return true;
}

static void read_width(struct formatter *s)
{
    struct format_flags *f = &s->p.f;
    if (!at_end(s) && here(s) == '*') {
        f->width_set = read_star(s, &f->width);
        if (!f->width_set)
            buf_cstr(s->p.out, "%!(BADWIDTH)");
        if (f->width < 0) {
            f->width = -f->width;
            f->minus = true;
            f->zero = false;
        }
        return;
    }
    f->width_set = read_number(s, &f->width);
    if (s->after_index && f->width_set)
        s->good_index = false;
}

static void read_precision(struct formatter *s)
{
    struct format_flags *f = &s->p.f;
    if (at_end(s) || here(s) != '.')
        return;
    s->at++;
    if (s->after_index)
        s->good_index = false;
    s->after_index = false;
    read_index(s);
    if (!at_end(s) && here(s) == '*') {
        f->precision_set = read_star(s, &f->precision);
        if (f->precision < 0) {
            f->precision = 0;
            f->precision_set = false;
        }
        if (!f->precision_set)
            buf_cstr(s->p.out, "%!(BADPREC)");
        return;
    }
    f->precision_set = true;
    if (!read_number(s, &f->precision))
        f->precision = 0;
}

static void finish_verb(struct formatter *s)
{
    if (at_end(s)) {
        buf_cstr(s->p.out, "%!(NOVERB)");
        return;
    }
    unsigned size;
    uint32_t verb = utf8_decode(str_slice(s->format, s->at, s->format.len), &size);
    s->at += size;
    struct format_flags *f = &s->p.f;
    if (verb == '%') {
        buf_byte(s->p.out, '%');
        return;
    }
    if (!s->good_index || s->arg >= s->count) {
        buf_cstr(s->p.out, "%!");
        utf8_append(s->p.out, verb);
        buf_cstr(s->p.out, s->good_index ? "(MISSING)" : "(BADINDEX)");
        return;
    }
    if (verb == 'v' || verb == 'w') {
        f->sharp_v = f->sharp;
        f->sharp = false;
        f->plus_v = f->plus;
        f->plus = false;
    }
    print_arg(&s->p, s->args[s->arg++], verb);
}

static void read_directive(struct formatter *s)
{
    s->p.f = (struct format_flags){0};
    s->good_index = true;
    s->after_index = false;
    read_flags(s);
    read_index(s);
    read_width(s);
    read_precision(s);
    if (!s->after_index)
        read_index(s);
    finish_verb(s);
}

static void print_extra(struct formatter *s)
{
    s->p.f = (struct format_flags){0};
    buf_cstr(s->p.out, "%!(EXTRA ");
    for (size_t i = s->arg; i < s->count; i++) {
        if (i > s->arg)
            buf_cstr(s->p.out, ", ");
        if (s->args[i]->type != VALUE_NULL)
            buf_printf(s->p.out, "%s=", type_name(s->args[i]));
        print_arg(&s->p, s->args[i], 'v');
    }
    buf_byte(s->p.out, ')');
}

void go_sprintf(struct buf *out, struct str format, const struct value *const *args, size_t count)
{
    struct formatter s = {.p = {.out = out}, .format = format, .args = args, .count = count};
    while (!at_end(&s)) {
        size_t percent = str_find_byte(format, '%', s.at);
        size_t end = percent == SIZE_MAX ? format.len : percent;
        buf_str(out, str_slice(format, s.at, end));
        s.at = end;
        if (percent == SIZE_MAX)
            break;
        s.at++;
        read_directive(&s);
    }
    if (!s.reordered && s.arg < count)
        print_extra(&s);
}
