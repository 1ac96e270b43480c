/* Looking at values: types, fields, numbers, equality (SEMANTICS §6). Comparing keeps its own stack
 * of what is still to be compared. */

#include "base/vec.h"
#include "compiler/value.h"

static const char *const type_names[] = {
    [VALUE_NULL] = "null",         [VALUE_NUMBER] = "number",   [VALUE_STRING] = "string",
    [VALUE_BOOL] = "bool",         [VALUE_ARRAY] = "array",     [VALUE_OBJECT] = "object",
    [VALUE_FUNCTION] = "function", [VALUE_CAPSULE] = "capsule",
};

const char *value_type_name(const struct value *v)
{
    return type_names[v->type];
}

const struct value *value_field(const struct value *object, struct str key)
{
    const struct value_field *fields = object->as.fields;
    if (object->keeps_order) {
        for (uint32_t i = 0; i < object->count; i++)
            if (str_eq(fields[i].key, key))
                return fields[i].value;
        return NULL;
    }
    uint32_t low = 0;
    uint32_t high = object->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = str_cmp(fields[middle].key, key);
        if (order == 0)
            return fields[middle].value;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

void *value_capsule_data(const struct value *v, const struct capsule_type *type)
{
    return v->type == VALUE_CAPSULE && v->as.capsule.type == type ? v->as.capsule.data : NULL;
}

/* Out of range is what x86-64 does (SEMANTICS §9: hardware dependent), without undefined behaviour.
 */
static int64_t float_to_int(double f)
{
    if (f >= -9223372036854775808.0 && f < 9223372036854775808.0)
        return (int64_t)f;
    return INT64_MIN;
}

int64_t value_to_int(const struct value *number)
{
    if (number->number_kind == NUMBER_FLOAT)
        return float_to_int(number->as.f);
    return number->as.i;
}

uint64_t value_to_uint(const struct value *number)
{
    if (number->number_kind != NUMBER_FLOAT)
        return number->as.u;
    double f = number->as.f;
    if (f >= 9223372036854775808.0 && f < 18446744073709551616.0)
        return (uint64_t)f;
    return (uint64_t)float_to_int(f);
}

double value_to_float(const struct value *number)
{
    switch (number->number_kind) {
    case NUMBER_FLOAT: return number->as.f;
    case NUMBER_INT: return (double)number->as.i;
    default: return (double)number->as.u;
    }
}

static bool number_equal(const struct value *a, const struct value *b)
{
    if (a->number_kind == NUMBER_FLOAT || b->number_kind == NUMBER_FLOAT)
        return value_to_float(a) == value_to_float(b);
    return a->as.u == b->as.u;
}

static bool capsule_equal(const struct value *a, const struct value *b)
{
    const struct capsule_type *type = a->as.capsule.type;
    if (type != b->as.capsule.type)
        return false;
    if (a->as.capsule.data == b->as.capsule.data)
        return true;
    return type->equal && type->equal(a->as.capsule.data, b->as.capsule.data);
}

struct pair {
    const struct value *a;
    const struct value *b;
};

enum { PAIRS_INLINE = 16 };

struct comparison {
    VEC(struct pair) todo; /* what `few` has no room for */
    struct pair few[PAIRS_INLINE];
    size_t few_len;
    bool only_few;
    bool too_large;
};

static void later(struct comparison *c, const struct value *a, const struct value *b)
{
    if (c->few_len < PAIRS_INLINE)
        c->few[c->few_len++] = (struct pair){a, b};
    else if (c->only_few)
        c->too_large = true;
    else
        VEC_PUSH(&c->todo, ((struct pair){a, b}));
}

static bool take(struct comparison *c, struct pair *out)
{
    if (c->todo.len > 0)
        *out = c->todo.items[--c->todo.len];
    else if (c->few_len > 0)
        *out = c->few[--c->few_len];
    else
        return false;
    return true;
}

/* Equal as far as the two alone are concerned; children are left to do. */
static bool shallow_equal(struct comparison *c, const struct value *a, const struct value *b)
{
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case VALUE_NULL: return true;
    case VALUE_NUMBER: return number_equal(a, b);
    case VALUE_STRING: return str_eq(a->as.string, b->as.string);
    case VALUE_BOOL: return a->as.boolean == b->as.boolean;
    case VALUE_CAPSULE: return capsule_equal(a, b);
    case VALUE_ARRAY:
    case VALUE_OBJECT:
        if (a->count != b->count)
            return false;
        if (a->count > 0)
            later(c, a, b);
        return true;
    default: /* functions are never equal, not even to themselves */ return false;
    }
}

static bool children_equal(struct comparison *c, const struct value *a, const struct value *b)
{
    if (a->type == VALUE_ARRAY) {
        for (uint32_t i = 0; i < a->count; i++)
            if (!shallow_equal(c, a->as.elements[i], b->as.elements[i]))
                return false;
        return true;
    }
    bool aligned = !a->keeps_order && !b->keeps_order;
    for (uint32_t i = 0; i < a->count; i++) {
        struct str key = a->as.fields[i].key, same = b->as.fields[i].key;
        const struct value *other = NULL;
        if (str_eq(key, same))
            other = b->as.fields[i].value;
        else if (!aligned)
            other = value_field(b, key);
        if (!other || !shallow_equal(c, a->as.fields[i].value, other))
            return false;
    }
    return true;
}

static bool compare(struct comparison *c, const struct value *a, const struct value *b)
{
    memset(&c->todo, 0, sizeof(c->todo));
    c->few_len = 0;
    c->too_large = false;
    bool equal = shallow_equal(c, a, b);
    struct pair next;
    while (equal && take(c, &next))
        equal = children_equal(c, next.a, next.b);
    VEC_RELEASE(&c->todo);
    return equal;
}

bool value_equal(const struct value *a, const struct value *b)
{
    struct comparison c __attribute__((uninitialized)); /* large */
    c.only_few = false;
    return compare(&c, a, b);
}

bool value_equal_small(const struct value *a, const struct value *b, bool *equal)
{
    struct comparison c __attribute__((uninitialized));
    c.only_few = true;
    bool answer = compare(&c, a, b);
    if (answer && c.too_large)
        return false;
    *equal = answer;
    return true;
}
