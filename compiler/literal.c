/* Numbers with octal and overflow as Go's base detection has them, strings with escapes. */

#include "compiler/literal.h"

#include "base/strconv.h"

/* Digits of `base`; false on another character or beyond 64 bits. */
static bool read_digits(struct str s, unsigned base, uint64_t *out)
{
    uint64_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        unsigned digit = (unsigned)(unsigned char)s.ptr[i] - '0';
        if (digit >= base || n > (UINT64_MAX - digit) / base)
            return false;
        n = n * base + digit;
    }
    *out = n;
    return true;
}

static void read_float(struct literal *out, struct str source)
{
    bool range = false;
    out->number_kind = NUMBER_FLOAT;
    if (!strconv_parse_float(source, &out->number.f, &range) || range) {
        out->out_of_range = true;
        out->text = source;
    }
}

static void read_number(struct literal *out, struct str source)
{
    bool octal = source.len > 1 && source.ptr[0] == '0';
    uint64_t n;
    if (!read_digits(source, octal ? 8 : 10, &n)) {
        read_float(out, source);
        return;
    }
    out->number_kind = n <= INT64_MAX ? NUMBER_INT : NUMBER_UINT;
    out->number.u = n;
}

static void read_string(struct literal *out, struct str source, struct arena *arena)
{
    struct str inner = str_slice(source, 1, source.len - 1);
    char special = source.ptr[0] == '"' ? '\\' : '\r';
    if (str_find_byte(inner, special, 0) == SIZE_MAX) {
        out->text = inner;
        return;
    }
    struct buf text;
    buf_init(&text, NULL, source.len + 1);
    strconv_unquote(&text, source);
    out->text = arena_str(arena, buf_view(&text));
    buf_release(&text);
}

void literal_read(struct literal *out, enum ast_literal kind, struct str source,
                  struct arena *arena)
{
    *out = (struct literal){.kind = (uint8_t)kind};
    switch (kind) {
    case AST_BOOL: out->boolean = str_eq(source, STR("true")); break;
    case AST_NUMBER: read_number(out, source); break;
    case AST_FLOAT: read_float(out, source); break;
    case AST_STRING: read_string(out, source, arena); break;
    default: break;
    }
}

static struct value *number_value(const struct literal *literal)
{
    switch (literal->number_kind) {
    case NUMBER_INT: return value_int(literal->number.i);
    case NUMBER_UINT: return value_uint(literal->number.u);
    default: return value_float(literal->number.f);
    }
}

struct value *literal_value(const struct literal *literal, struct error *err)
{
    if (literal->out_of_range) {
        error_set(err, STATUS_INVALID, "strconv.ParseFloat: parsing \"%.*s\": value out of range",
                  STR_ARG(literal->text));
        return NULL;
    }
    switch (literal->kind) {
    case AST_BOOL: return value_bool_new(literal->boolean);
    case AST_NUMBER:
    case AST_FLOAT: return number_value(literal);
    case AST_STRING: return value_string(literal->text);
    default: return value_null();
    }
}
