/* Text, numbers and secrets out of values (SEMANTICS §9.1). */

#include "base/strconv.h"
#include "compiler/coerce.h"

void number_print(struct buf *out, const struct value *number)
{
    switch (number->number_kind) {
    case NUMBER_INT: buf_i64(out, number->as.i); break;
    case NUMBER_UINT: buf_u64(out, number->as.u); break;
    default: strconv_float(out, number->as.f, 'f'); break;
    }
}

enum { NUMBER_TEXT_MAX = 512 }; /* 1.8e308 has 309 digits, 5e-324 has 326 */

static struct str number_text(struct arena *arena, const struct value *number)
{
    struct buf text;
    buf_init(&text, NULL, NUMBER_TEXT_MAX);
    number_print(&text, number);
    struct str result = arena_str(arena, buf_view(&text));
    buf_release(&text);
    return result;
}

static struct str bytes_text(struct arena *arena, const struct value *array)
{
    char *text = arena_alloc(arena, array->count + 1);
    for (uint32_t i = 0; i < array->count; i++)
        text[i] = (char)array->as.elements[i]->as.u;
    return str_of(text, array->count);
}

static bool capsule_text(struct coercion *c, const struct value *v, struct str *out)
{
    bool is_secret = false;
    struct str text = value_secret_reveal(v, &is_secret);
    if (text.ptr && is_secret)
        return fault_set(c->fault, v, "secrets may not be converted into strings");
    if (value_capsule_data(v, &capsule_target))
        return fault_set(c->fault, v,
                         "target::ConvertInto: conversion to '*string' is not supported");
    if (!text.ptr)
        return fault_type(c->fault, v, "string");
    *out = text;
    return true;
}

bool coerce_text(struct coercion *c, const struct value *v, struct str *out)
{
    switch (v->type) {
    case VALUE_NULL: *out = STR(""); return true;
    case VALUE_STRING: *out = v->as.string; return true;
    case VALUE_NUMBER: *out = number_text(c->arena, v); return true;
    case VALUE_CAPSULE: return capsule_text(c, v, out);
    case VALUE_ARRAY:
        if (v->is_bytes) {
            *out = bytes_text(c->arena, v);
            return true;
        }
        return fault_type(c->fault, v, "string");
    default: return fault_type(c->fault, v, "string");
    }
}

static bool all_digits(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
    return s.len > 0;
}

/* "-5", "1.5e3", "7": no sign '+', blanks, '_', other bases. */
static bool text_number(struct str s, struct value *out)
{
    out->type = VALUE_NUMBER;
    if (s.len == 0)
        return false;
    if (s.ptr[0] == '-') {
        out->number_kind = NUMBER_INT;
        return all_digits(str_slice(s, 1, s.len)) && str_to_i64(s, &out->as.i);
    }
    bool is_float = false;
    for (size_t i = 0; i < s.len; i++)
        is_float |= s.ptr[i] == '.' || s.ptr[i] == 'e' || s.ptr[i] == 'E';
    if (is_float) {
        bool range = false;
        out->number_kind = NUMBER_FLOAT;
        return strconv_parse_float(s, &out->as.f, &range) && !range;
    }
    out->number_kind = NUMBER_UINT;
    return str_to_u64(s, &out->as.u);
}

bool coerce_number(struct coercion *c, const struct value *v, struct value *out)
{
    *out = (struct value){.type = VALUE_NUMBER, .number_kind = NUMBER_INT};
    bool is_secret = true;
    switch (v->type) {
    case VALUE_NULL: return true;
    case VALUE_NUMBER:
        out->number_kind = v->number_kind;
        out->as.u = v->as.u;
        return true;
    case VALUE_STRING:
        if (text_number(v->as.string, out))
            return true;
        break;
    case VALUE_CAPSULE: {
        struct str text = value_secret_reveal(v, &is_secret);
        if (text.ptr && !is_secret && text_number(text, out))
            return true;
        if (value_capsule_data(v, &capsule_target))
            return fault_set(c->fault, v,
                             "target::ConvertInto: conversion to 'number' is not supported");
        break;
    }
    default: break;
    }
    return fault_type(c->fault, v, "number");
}

bool coerce_secret(struct coercion *c, const struct value *v, const struct capsule_type *wanted,
                   struct str *out, bool *is_secret)
{
    *is_secret = false;
    *out = STR("");
    if (v->type == VALUE_NULL)
        return true;
    if (v->type == VALUE_STRING && !v->is_text_form) {
        *out = v->as.string;
        return true;
    }
    if (v->type != VALUE_CAPSULE)
        return fault_type(c->fault, v, "capsule");
    struct str text = value_secret_reveal(v, is_secret);
    if (text.ptr) {
        *out = text;
        return true;
    }
    if (value_capsule_data(v, &capsule_target))
        return fault_set(c->fault, v, "target::ConvertInto: conversion to '*%s' is not supported",
                         wanted->name);
    return fault_set(c->fault, v, "expected capsule(\"%s\"), got capsule(\"%s\")", wanted->name,
                     v->as.capsule.type->name);
}
