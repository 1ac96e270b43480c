/* Values as `any` holds them, and objects and targets out of values. */

#include "base/strconv.h"
#include "base/vec.h"
#include "compiler/coerce.h"

/* A value that `any` holds as it is, children aside. */
static bool is_plain(const struct value *v)
{
    if (v->type == VALUE_NUMBER)
        return v->number_kind != NUMBER_UINT || v->as.u > INT64_MAX;
    return !(v->type == VALUE_ARRAY && v->is_bytes) && !(v->type == VALUE_OBJECT && v->keeps_order);
}

static bool has_children(const struct value *v)
{
    return (v->type == VALUE_ARRAY || v->type == VALUE_OBJECT) && v->count > 0;
}

static const struct value *child_of(const struct value *v, uint32_t i)
{
    return v->type == VALUE_ARRAY ? v->as.elements[i] : v->as.fields[i].value;
}

static bool is_plain_throughout(const struct value *root)
{
    VEC(const struct value *) todo = {0};
    bool plain = is_plain(root);
    if (has_children(root))
        VEC_PUSH(&todo, root);
    while (plain && todo.len > 0) {
        const struct value *v = todo.items[--todo.len];
        for (uint32_t i = 0; plain && i < v->count; i++) {
            const struct value *child = child_of(v, i);
            plain = is_plain(child);
            if (plain && has_children(child))
                VEC_PUSH(&todo, child);
        }
    }
    VEC_RELEASE(&todo);
    return plain;
}

struct level {
    const struct value *v;
    uint32_t next;
};

struct rebuild {
    VEC(struct level) levels;
    VEC(struct value *) made; /* children of unfinished containers, in order */
};

static struct value *plain_leaf(const struct value *v)
{
    if (v->type == VALUE_NUMBER && !is_plain(v))
        return value_int((int64_t)v->as.u);
    return value_ref(v);
}

static struct value *plain_container(struct rebuild *r, const struct value *v)
{
    struct value **children = r->made.items + (r->made.len - v->count);
    r->made.len -= v->count;
    if (v->type == VALUE_ARRAY)
        return value_array(children, v->count);
    struct value_field *fields = mem_array(NULL, v->count, sizeof(*fields));
    for (uint32_t i = 0; i < v->count; i++)
        fields[i] = (struct value_field){v->as.fields[i].key, children[i]};
    struct value *object = value_object(fields, v->count, false);
    mem_free(fields);
    return object;
}

struct value *coerce_any(const struct value *v)
{
    if (is_plain_throughout(v))
        return value_ref(v);
    if (!has_children(v))
        return v->type == VALUE_ARRAY ? value_array(NULL, 0) : plain_leaf(v);
    struct rebuild r = {0};
    VEC_PUSH(&r.levels, ((struct level){v, 0}));
    while (r.levels.len > 0) {
        struct level *top = &r.levels.items[r.levels.len - 1];
        if (top->next == top->v->count) {
            const struct value *done = top->v;
            r.levels.len--;
            struct value *container = plain_container(&r, done);
            VEC_PUSH(&r.made, container);
            continue;
        }
        const struct value *child = child_of(top->v, top->next++);
        if (has_children(child))
            VEC_PUSH(&r.levels, ((struct level){child, 0}));
        else
            VEC_PUSH(&r.made, plain_leaf(child));
    }
    struct value *result = r.made.items[0];
    VEC_RELEASE(&r.levels);
    VEC_RELEASE(&r.made);
    return result;
}

bool coerce_object(struct coercion *c, const struct value *v, bool of_strings,
                   const struct value **out, struct value **owned)
{
    *owned = NULL;
    *out = v;
    if (v->type == VALUE_OBJECT)
        return true;
    if (value_capsule_data(v, &capsule_target) && !of_strings)
        return fault_set(c->fault, v, "target::ConvertInto: conversion to 'map' is not supported");
    if (v->type == VALUE_CAPSULE && v->as.capsule.type->to_object) {
        *owned = v->as.capsule.type->to_object(v->as.capsule.data);
        *out = *owned;
        return true;
    }
    return fault_type(c->fault, v, "object");
}

/* What Go's fmt calls each thing where a target cannot be made of it; only read by people. */
static const char *go_type(const struct value *v)
{
    static const char *const names[] = {
        [VALUE_NULL] = "nil",          [VALUE_NUMBER] = "number",   [VALUE_STRING] = "string",
        [VALUE_BOOL] = "bool",         [VALUE_ARRAY] = "array",     [VALUE_OBJECT] = "object",
        [VALUE_FUNCTION] = "function", [VALUE_CAPSULE] = "capsule",
    };
    return v->type == VALUE_CAPSULE ? v->as.capsule.type->name : names[v->type];
}

static bool label_text(struct coercion *c, const struct value *whole, const struct value *v,
                       struct str *out)
{
    bool is_secret = false;
    if (v->type == VALUE_STRING) {
        *out = v->as.string;
        return true;
    }
    if (v->type == VALUE_NULL)
        return fault_set(c->fault, whole,
                         "target::ConvertFrom: cannot convert a nil value to a target value");
    struct str text = value_secret_reveal(v, &is_secret);
    if (is_secret)
        return fault_set(c->fault, whole,
                         "target::ConvertFrom: cannot use a secret as a target value");
    if (!text.ptr) {
        struct buf printed;
        buf_init(&printed, NULL, 1 << 20);
        value_print_go(&printed, v);
        text = arena_str(c->arena, buf_view(&printed));
        buf_release(&printed);
    }
    *out = text;
    return true;
}

enum { LABELS_INLINE = 16 };

bool coerce_target(struct coercion *c, const struct value *v, struct target **out)
{
    const struct target *target = value_capsule_data(v, &capsule_target);
    if (target) {
        *out = target_ref(target);
        return true;
    }
    if (v->type != VALUE_OBJECT)
        return fault_set(c->fault, v, "target::ConvertFrom: conversion from '%s' is not supported",
                         go_type(v));
    struct target_label few[LABELS_INLINE] __attribute__((uninitialized));
    struct target_label *labels = few;
    if (v->count > LABELS_INLINE)
        labels = mem_array(NULL, v->count, sizeof(*labels));
    bool ok = true;
    for (uint32_t i = 0; ok && i < v->count; i++) {
        labels[i].name = v->as.fields[i].key;
        ok = label_text(c, v, v->as.fields[i].value, &labels[i].value);
    }
    if (ok)
        *out = target_new(labels, v->count);
    if (labels != few)
        mem_free(labels);
    return ok;
}
