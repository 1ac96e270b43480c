/* Equality of decoded structs: what decides whether a component is updated. */

#include "base/vec.h"
#include "compiler/field_walk.h"

struct twins {
    const struct shape *shape;
    const char *a;
    const char *b;
};

enum { TWINS_INLINE = 16 };

struct comparing {
    VEC(struct twins) todo; /* what `few` has no room for */
    struct twins few[TWINS_INLINE];
    size_t few_len;
};

static bool later(struct comparing *c, const struct shape *shape, const void *a, const void *b)
{
    if (c->few_len < TWINS_INLINE)
        c->few[c->few_len++] = (struct twins){shape, a, b};
    else
        VEC_PUSH(&c->todo, ((struct twins){shape, a, b}));
    return true;
}

static bool values_equal(const struct value *a, const struct value *b)
{
    return a == b || (a && b && value_equal(a, b));
}

static bool targets_equal(const struct target_list *a, const struct target_list *b)
{
    if (a->is_set != b->is_set || a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!target_equal(a->items[i], b->items[i]))
            return false;
    return true;
}

static bool text_types_equal(const struct text_type *type, const void *a, const void *b)
{
    if (type->equal)
        return type->equal(a, b);
    struct buf x;
    struct buf y;
    buf_init(&x, NULL, 1 << 20);
    buf_init(&y, NULL, 1 << 20);
    type->print(a, &x);
    type->print(b, &y);
    bool equal = str_eq(buf_view(&x), buf_view(&y));
    buf_release(&x);
    buf_release(&y);
    return equal;
}

static bool field_equal(struct comparing *c, const struct field_type *type, const struct row *row,
                        const void *a, const void *b);

static bool items_equal(struct comparing *c, const struct field_type *type, const struct row *row,
                        const void *a, const void *b)
{
    const struct field_items *x = a;
    const struct field_items *y = b;
    if (x->is_set != y->is_set || x->count != y->count)
        return false;
    for (size_t i = 0; i < x->count; i++) {
        bool equal =
            type->kind == FIELD_LIST
                ? field_equal(c, type->item, row, list_item(type, x, i), list_item(type, y, i))
                : str_eq(*map_key(type, x, i), *map_key(type, y, i)) &&
                      field_equal(c, type->item, row, map_value(type, x, i), map_value(type, y, i));
        if (!equal)
            return false;
    }
    return true;
}

static bool fixed_equal(struct comparing *c, const struct field_type *type, const struct row *row,
                        const char *a, const char *b)
{
    for (size_t i = 0; i < type->count; i++)
        if (!field_equal(c, type->item, row, a + i * type->item->size, b + i * type->item->size))
            return false;
    return true;
}

static bool optional_secrets_equal(const struct optional_secret *a, const struct optional_secret *b)
{
    return a->is_secret == b->is_secret && str_eq(a->text, b->text);
}

static bool nullables_equal(struct comparing *c, const struct field_type *type,
                            const struct row *row, const void *a, const void *b)
{
    bool x = *((const bool *)a + type->item->size);
    bool y = *((const bool *)b + type->item->size);
    return x == y && (!x || field_equal(c, type->item, row, a, b));
}

static bool time_equal(const struct time_point *a, const struct time_point *b)
{
    return a->is_set == b->is_set && a->unix_ns == b->unix_ns;
}

static bool number_equal(const struct field_type *type, const void *a, const void *b)
{
    if (type->kind == FIELD_F32)
        return *(const float *)a == *(const float *)b;
    if (type->kind == FIELD_F64)
        return *(const double *)a == *(const double *)b;
    return memcmp(a, b, type->size) == 0;
}

static bool field_equal(struct comparing *c, const struct field_type *type, const struct row *row,
                        const void *a, const void *b)
{
    switch (type->kind) {
    case FIELD_STR:
    case FIELD_SECRET:
    case FIELD_BYTES: return str_eq(*(const struct str *)a, *(const struct str *)b);
    case FIELD_OPTIONAL_SECRET: return optional_secrets_equal(a, b);
    case FIELD_TIME: return time_equal(a, b);
    case FIELD_TEXT: return text_types_equal(type->text, a, b);
    case FIELD_ANY:
    case FIELD_CAPSULE:
        return values_equal(((const struct any *)a)->value, ((const struct any *)b)->value);
    case FIELD_TARGET: {
        const struct target *x = ((const struct target_ref *)a)->target;
        const struct target *y = ((const struct target_ref *)b)->target;
        return x == y || (x && y && target_equal(x, y));
    }
    case FIELD_TARGETS: return targets_equal(a, b);
    case FIELD_LIST:
    case FIELD_MAP: return items_equal(c, type, row, a, b);
    case FIELD_NULLABLE: return nullables_equal(c, type, row, a, b);
    case FIELD_FIXED: return fixed_equal(c, type, row, a, b);
    case FIELD_OBJECT: return later(c, field_shape(type, row), a, b);
    default: return number_equal(type, a, b);
    }
}

static bool lists_equal(struct comparing *c, const struct row *row, const void *a, const void *b)
{
    const struct field_items *x = a;
    const struct field_items *y = b;
    if (x->count != y->count)
        return false;
    for (size_t i = 0; i < x->count; i++)
        later(c, row->shape, (const char *)x->items + i * row->shape->size,
              (const char *)y->items + i * row->shape->size);
    return true;
}

static bool enums_equal(struct comparing *c, const struct enum_block_list *a,
                        const struct enum_block_list *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (a->items[i].row != b->items[i].row)
            return false;
        later(c, a->items[i].row->shape, a->items[i].item, b->items[i].item);
    }
    return true;
}

static bool row_equal(struct comparing *c, const struct row *row, const void *a, const void *b)
{
    if (row->refused)
        return true;
    switch (row->type->kind) {
    case FIELD_BLOCK: return later(c, row->shape, a, b);
    case FIELD_BLOCK_OPT: {
        const void *x = *(void *const *)a;
        const void *y = *(void *const *)b;
        if (x && y)
            return later(c, row->shape, x, y);
        return x == y;
    }
    case FIELD_BLOCKS: return lists_equal(c, row, a, b);
    case FIELD_ENUM_BLOCKS: return enums_equal(c, a, b);
    default: return field_equal(c, row->type, row, a, b);
    }
}

static void begin(struct comparing *c)
{
    memset(&c->todo, 0, sizeof(c->todo));
    c->few_len = 0;
}

static bool finish(struct comparing *c, bool equal)
{
    while (equal && (c->todo.len > 0 || c->few_len > 0)) {
        struct twins at = c->todo.len > 0 ? c->todo.items[--c->todo.len] : c->few[--c->few_len];
        for (const struct row *row = at.shape->rows; equal && row->name; row++)
            equal = row_equal(c, row, at.a + row->offset, at.b + row->offset);
    }
    VEC_RELEASE(&c->todo);
    return equal;
}

bool schema_equal(const struct shape *shape, const void *a, const void *b)
{
    struct comparing c __attribute__((uninitialized)); /* large */
    begin(&c);
    return finish(&c, later(&c, shape, a, b));
}

bool schema_member_equal(const struct row *row, const void *a, const void *b)
{
    struct comparing c __attribute__((uninitialized)); /* large */
    begin(&c);
    return finish(&c, row_equal(&c, row, a, b));
}
