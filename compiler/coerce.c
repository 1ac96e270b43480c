/* One value into one C member: a function for each kind of field, in a table. Depth is that of the
 * schema's types, not of the input. */

#include "compiler/coerce.h"

#include "base/strconv.h"

typedef bool coerce_fn(struct coercion *c, const struct field_type *type, const struct row *row,
                       const struct value *v, void *member);

static bool check_bounds(struct coercion *c, const struct row *row, const struct value *v, double n)
{
    const struct number_bounds *bounds = row ? row->bounds : NULL;
    if (!bounds || v->type == VALUE_NULL)
        return true;
    if (bounds->above_min && n <= bounds->min)
        return fault_set(c->fault, v, "must be greater than %g", bounds->min);
    if (bounds->has_min && n < bounds->min)
        return fault_set(c->fault, v, "must be at least %g", bounds->min);
    if (bounds->has_max && n > bounds->max)
        return fault_set(c->fault, v, "must be at most %g", bounds->max);
    return true;
}

static bool coerce_integer(struct coercion *c, const struct field_type *type, const struct row *row,
                           const struct value *v, void *member)
{
    struct value number;
    if (!coerce_number(c, v, &number))
        return false;
    int64_t i = value_to_int(&number);
    uint64_t u = value_to_uint(&number);
    switch (type->kind) {
    case FIELD_I8: *(int8_t *)member = (int8_t)i; break;
    case FIELD_I16: *(int16_t *)member = (int16_t)i; break;
    case FIELD_I32: *(int32_t *)member = (int32_t)i; break;
    case FIELD_I64: *(int64_t *)member = i; break;
    case FIELD_U8: *(uint8_t *)member = (uint8_t)u; break;
    case FIELD_U16: *(uint16_t *)member = (uint16_t)u; break;
    case FIELD_U32: *(uint32_t *)member = (uint32_t)u; break;
    default: *(uint64_t *)member = u; break;
    }
    return check_bounds(c, row, v, value_to_float(&number));
}

static bool coerce_float(struct coercion *c, const struct field_type *type, const struct row *row,
                         const struct value *v, void *member)
{
    struct value number;
    if (!coerce_number(c, v, &number))
        return false;
    double f = value_to_float(&number);
    if (type->kind == FIELD_F32)
        *(float *)member = (float)f;
    else
        *(double *)member = f;
    return check_bounds(c, row, v, f);
}

static bool coerce_bool(struct coercion *c, const struct field_type *type, const struct row *row,
                        const struct value *v, void *member)
{
    (void)type;
    (void)row;
    if (v->type == VALUE_BOOL)
        *(bool *)member = v->as.boolean;
    else if (value_capsule_data(v, &capsule_target))
        return fault_set(c->fault, v,
                         "target::ConvertInto: conversion to '*bool' is not supported");
    else if (v->type != VALUE_NULL)
        return fault_type(c->fault, v, "bool");
    return true;
}

static bool check_oneof(struct coercion *c, const struct row *row, const struct value *v,
                        struct str text)
{
    for (const char *const *name = row->oneof; *name; name++)
        if (str_is(text, *name))
            return true;
    return fault_set(c->fault, v, "unknown value \"%.*s\"", STR_ARG(text));
}

static bool coerce_str(struct coercion *c, const struct field_type *type, const struct row *row,
                       const struct value *v, void *member)
{
    (void)type;
    struct str text;
    if (!coerce_text(c, v, &text))
        return false;
    *(struct str *)member = arena_str(c->arena, text);
    if (!row || v->type == VALUE_NULL)
        return true;
    if (row->check && row->check(text, &c->fault->err) != STATUS_OK)
        return fault_at(c->fault, v);
    return row->check || !row->oneof || check_oneof(c, row, v, text);
}

static bool coerce_choice(struct coercion *c, const struct field_type *type, const struct row *row,
                          const struct value *v, void *member)
{
    (void)type;
    struct str text;
    if (!coerce_text(c, v, &text))
        return false;
    if (v->type == VALUE_NULL)
        return true;
    if (row->check && row->check(text, &c->fault->err) != STATUS_OK)
        return fault_at(c->fault, v);
    for (uint32_t i = 0; row->oneof[i]; i++) {
        if (str_is(text, row->oneof[i])) {
            memcpy(member, &i, sizeof(i));
            return true;
        }
    }
    return fault_set(c->fault, v, "unknown value \"%.*s\"", STR_ARG(text));
}

static bool coerce_secret_field(struct coercion *c, const struct field_type *type,
                                const struct row *row, const struct value *v, void *member)
{
    (void)row;
    struct str text;
    bool is_secret;
    bool optional = type->kind == FIELD_OPTIONAL_SECRET;
    if (!coerce_secret(c, v, optional ? &capsule_optional_secret : &capsule_secret, &text,
                       &is_secret))
        return false;
    text = arena_str(c->arena, text);
    if (optional)
        *(struct optional_secret *)member = (struct optional_secret){text, is_secret};
    else
        *(struct secret *)member = (struct secret){text};
    return true;
}

/* Kinds that are text in the language and a number in C. */
static bool coerce_measure(struct coercion *c, const struct field_type *type, const struct row *row,
                           const struct value *v, void *member)
{
    struct str text;
    if (!coerce_text(c, v, &text))
        return false;
    if (v->type == VALUE_NULL)
        return true;
    int64_t *number = member; /* the only member of struct duration and struct size_bytes */
    enum status status = type->kind == FIELD_DURATION ? duration_parse(text, number, &c->fault->err)
                                                      : size_parse(text, number, &c->fault->err);
    if (status != STATUS_OK)
        return fault_at(c->fault, v);
    double unit = type->kind == FIELD_DURATION ? 1e9 : 1;
    return check_bounds(c, row, v, (double)*number / unit);
}

static bool coerce_time(struct coercion *c, const struct field_type *type, const struct row *row,
                        const struct value *v, void *member)
{
    (void)type;
    (void)row;
    struct str text;
    if (!coerce_text(c, v, &text))
        return false;
    if (v->type == VALUE_NULL)
        return true;
    struct time_point *point = member;
    point->is_set = true;
    if (time_parse_rfc3339(text, &point->unix_ns))
        return true;
    struct buf why;
    buf_init(&why, NULL, ERROR_MAX);
    time_fault(&why, text);
    fault_set(c->fault, v, "%.*s", STR_ARG(buf_view(&why)));
    buf_release(&why);
    return false;
}

static bool coerce_bytes(struct coercion *c, const struct field_type *type, const struct row *row,
                         const struct value *v, void *member)
{
    (void)type;
    (void)row;
    struct bytes *bytes = member;
    if (v->type == VALUE_NULL)
        return true;
    if (v->type == VALUE_STRING && !v->is_text_form) {
        bytes->text = arena_str(c->arena, v->as.string);
        return true;
    }
    if (value_capsule_data(v, &capsule_target))
        return fault_set(c->fault, v,
                         "target::ConvertInto: conversion to '*[]uint8' is not supported");
    if (v->type != VALUE_ARRAY)
        return fault_type(c->fault, v, "array");
    char *text = arena_alloc(c->arena, v->count + 1);
    for (uint32_t i = 0; i < v->count; i++) {
        struct value number;
        if (!coerce_number(c, v->as.elements[i], &number))
            return fault_index(c->fault, v, i);
        text[i] = (char)value_to_uint(&number);
    }
    bytes->text = str_of(text, v->count);
    return true;
}

static bool coerce_text_type(struct coercion *c, const struct field_type *type,
                             const struct row *row, const struct value *v, void *member)
{
    (void)row;
    struct str text;
    if (!coerce_text(c, v, &text))
        return false;
    if (v->type == VALUE_NULL)
        return true;
    text = arena_str(c->arena, text);
    enum status status = type->text->parse(text, member, c->arena, &c->fault->err);
    if (status == STATUS_OK)
        return true;
    if (c->fault->err.status == STATUS_MEMORY && mem_scope_active())
        mem_scope_refuse(); /* no fault of the text's */
    return fault_at(c->fault, v);
}

static bool coerce_any_field(struct coercion *c, const struct field_type *type,
                             const struct row *row, const struct value *v, void *member)
{
    (void)c;
    (void)type;
    (void)row;
    ((struct any *)member)->value = v->type == VALUE_NULL ? NULL : coerce_any(v);
    return true;
}

static bool coerce_capsule(struct coercion *c, const struct field_type *type, const struct row *row,
                           const struct value *v, void *member)
{
    (void)type;
    const struct capsule_type *wanted = row ? row->capsule : NULL;
    if (v->type == VALUE_NULL)
        return true;
    if (v->type != VALUE_CAPSULE)
        return fault_type(c->fault, v, "capsule");
    if (wanted && v->as.capsule.type != wanted) {
        if (value_capsule_data(v, &capsule_target))
            return fault_set(c->fault, v,
                             "target::ConvertInto: conversion to '*%s' is not supported",
                             wanted->name);
        return fault_set(c->fault, v, "expected capsule(\"%s\"), got capsule(\"%s\")", wanted->name,
                         v->as.capsule.type->name);
    }
    ((struct capsule_ref *)member)->value = value_ref(v);
    return true;
}

static bool coerce_target_field(struct coercion *c, const struct field_type *type,
                                const struct row *row, const struct value *v, void *member)
{
    (void)type;
    (void)row;
    struct target **target = &((struct target_ref *)member)->target;
    return v->type == VALUE_NULL || coerce_target(c, v, target);
}

/* Null is the empty target. A new reference. */
static bool target_element(struct coercion *c, const struct value *array, uint32_t i,
                           struct target **out)
{
    const struct value *v = array->as.elements[i];
    if (v->type == VALUE_NULL) {
        *out = target_new(NULL, 0);
        return true;
    }
    return coerce_target(c, v, out) || fault_index(c->fault, array, i);
}

static bool expect_array(struct coercion *c, const struct value *v)
{
    if (value_capsule_data(v, &capsule_target))
        return fault_set(c->fault, v, "target::ConvertInto: conversion to 'list' is not supported");
    return v->type == VALUE_ARRAY || fault_type(c->fault, v, "array");
}

/* An array of targets is kept as a whole; anything else is made into one. */
static bool coerce_targets(struct coercion *c, const struct field_type *type, const struct row *row,
                           const struct value *v, void *member)
{
    (void)type;
    (void)row;
    struct target_list *list = member;
    if (v->type == VALUE_NULL)
        return true;
    if (!expect_array(c, v))
        return false;
    bool alike = true;
    for (uint32_t i = 0; alike && i < v->count; i++)
        alike = value_capsule_data(v->as.elements[i], &capsule_target);
    if (alike) {
        list->owner = value_ref(v);
    } else {
        struct value *made = value_array_room(v->count);
        struct target *target;
        list->owner = made;
        for (made->count = 0; made->count < v->count; made->count++) {
            if (!target_element(c, v, made->count, &target))
                return false;
            made->as.elements[made->count] = value_capsule(&capsule_target, target);
        }
    }
    list->items = arena_array(c->arena, v->count + 1, sizeof(struct target *));
    for (uint32_t i = 0; i < v->count; i++)
        list->items[i] = list->owner->as.elements[i]->as.capsule.data;
    list->count = v->count;
    list->is_set = true;
    return true;
}

static bool coerce_list(struct coercion *c, const struct field_type *type, const struct row *row,
                        const struct value *v, void *member)
{
    struct field_items *list = member;
    if (v->type == VALUE_NULL)
        return true;
    if (!expect_array(c, v))
        return false;
    size_t size = type->item->size;
    char *items = arena_array(c->arena, v->count + 1, size);
    list->items = items;
    list->is_set = true;
    for (uint32_t i = 0; i < v->count; i++) {
        list->count = i + 1;
        if (!coerce(c, type->item, row, v->as.elements[i], items + i * size))
            return fault_index(c->fault, v, i);
    }
    return true;
}

static bool coerce_fixed(struct coercion *c, const struct field_type *type, const struct row *row,
                         const struct value *v, void *member)
{
    if (v->type == VALUE_NULL)
        return true;
    if (!expect_array(c, v))
        return false;
    if (v->count != type->count)
        return fault_set(c->fault, v, "array must have exactly %zu elements, got %u", type->count,
                         v->count);
    for (uint32_t i = 0; i < v->count; i++)
        if (!coerce(c, type->item, row, v->as.elements[i], (char *)member + i * type->item->size))
            return fault_index(c->fault, v, i);
    return true;
}

/* A converted container is released, or kept for the fault that may name its parts. */
static bool converted(struct coercion *c, struct value *owned, bool ok)
{
    if (ok) {
        value_unref(owned);
    } else if (owned) {
        fault_release(c->fault);
        c->fault->kept = owned;
    }
    return ok;
}

static bool map_entries(struct coercion *c, const struct field_type *type, const struct row *row,
                        const struct value *object, struct field_items *map)
{
    size_t size = sizeof(struct str) + ((type->item->size + 7) & ~(size_t)7);
    char *items = arena_array(c->arena, object->count + 1, size);
    map->items = items;
    map->is_set = true;
    for (uint32_t i = 0; i < object->count; i++) {
        const struct value_field *field = &object->as.fields[i];
        char *pair = items + i * size;
        *(struct str *)(void *)pair = arena_str(c->arena, field->key);
        map->count = i + 1;
        if (!coerce(c, type->item, row, field->value, pair + sizeof(struct str)))
            return fault_field(c->fault, object, field->key);
    }
    return true;
}

static bool coerce_map(struct coercion *c, const struct field_type *type, const struct row *row,
                       const struct value *v, void *member)
{
    if (v->type == VALUE_NULL)
        return true;
    const struct value *object;
    struct value *owned;
    if (!coerce_object(c, v, type->item->kind == FIELD_STR, &object, &owned))
        return false;
    if (object->keeps_order) { /* a map is sorted by key */
        value_unref(owned);
        owned = coerce_any(object);
        object = owned;
    }
    return converted(c, owned, map_entries(c, type, row, object, member));
}

static bool coerce_nullable(struct coercion *c, const struct field_type *type,
                            const struct row *row, const struct value *v, void *member)
{
    if (v->type == VALUE_NULL)
        return true;
    *((bool *)member + type->item->size) = true;
    return coerce(c, type->item, row, v, member);
}

static bool coerce_struct(struct coercion *c, const struct field_type *type, const struct row *row,
                          const struct value *v, void *member)
{
    const struct shape *shape = type->shape ? type->shape : row->shape;
    if (v->type == VALUE_NULL)
        return true;
    const struct value *object;
    struct value *owned;
    if (!coerce_object(c, v, false, &object, &owned))
        return false;
    schema_defaults(shape, member, c->arena);
    bool ok = true;
    for (uint32_t i = 0; ok && i < object->count; i++) {
        const struct value_field *field = &object->as.fields[i];
        struct schema_hit hit = schema_lookup(shape, field->key);
        if (!hit.row || row_is_block(hit.row)) {
            ok = fault_set(c->fault, field->value, "does not have field named \"%.*s\"",
                           STR_ARG(field->key));
            break;
        }
        if (hit.row->refused) {
            ok = fault_set(c->fault, field->value,
                           "argument \"%.*s\" is not supported by invar yet: %s",
                           STR_ARG(field->key), hit.row->doc);
            break;
        }
        char *at = (char *)member + hit.base + hit.row->offset;
        schema_reset(hit.row, at);
        ok = coerce(c, hit.row->type, hit.row, field->value, at) ||
             fault_field(c->fault, object, field->key);
    }
    if (ok && shape->check && shape->check(member, c->arena, &c->fault->err) != STATUS_OK) {
        c->fault->plain = true;
        ok = fault_at(c->fault, v);
    }
    return converted(c, owned, ok);
}

static coerce_fn *const coercions[] = {
    [FIELD_STR] = coerce_str,
    [FIELD_BOOL] = coerce_bool,
    [FIELD_I8] = coerce_integer,
    [FIELD_I16] = coerce_integer,
    [FIELD_I32] = coerce_integer,
    [FIELD_I64] = coerce_integer,
    [FIELD_U8] = coerce_integer,
    [FIELD_U16] = coerce_integer,
    [FIELD_U32] = coerce_integer,
    [FIELD_U64] = coerce_integer,
    [FIELD_F32] = coerce_float,
    [FIELD_F64] = coerce_float,
    [FIELD_SECRET] = coerce_secret_field,
    [FIELD_OPTIONAL_SECRET] = coerce_secret_field,
    [FIELD_DURATION] = coerce_measure,
    [FIELD_SIZE] = coerce_measure,
    [FIELD_TIME] = coerce_time,
    [FIELD_BYTES] = coerce_bytes,
    [FIELD_TEXT] = coerce_text_type,
    [FIELD_CHOICE] = coerce_choice,
    [FIELD_ANY] = coerce_any_field,
    [FIELD_CAPSULE] = coerce_capsule,
    [FIELD_TARGET] = coerce_target_field,
    [FIELD_TARGETS] = coerce_targets,
    [FIELD_LIST] = coerce_list,
    [FIELD_MAP] = coerce_map,
    [FIELD_NULLABLE] = coerce_nullable,
    [FIELD_FIXED] = coerce_fixed,
    [FIELD_OBJECT] = coerce_struct,
};

bool coerce(struct coercion *c, const struct field_type *type, const struct row *row,
            const struct value *v, void *member)
{
    return coercions[type->kind](c, type, row, v, member);
}
