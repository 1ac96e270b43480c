/* array.*: on values as they are, without copies of their elements. */

#include "base/map.h"
#include "stdlib/functions.h"

static const enum param_type arrays[] = {PARAM_ANY};

static struct value *run_concat(struct call *call)
{
    size_t total = 0;
    for (size_t i = 0; i < call->count; i++) {
        if (call->args[i]->type != VALUE_ARRAY)
            return function_fail_type(call, call->args[i], "array");
        total += call->args[i]->count;
    }
    if (call->count == 1)
        return value_ref(call->args[0]);
    struct value **items = mem_array(NULL, total + 1, sizeof(struct value *));
    size_t n = 0;
    for (size_t i = 0; i < call->count; i++)
        for (uint32_t j = 0; j < call->args[i]->count; j++)
            items[n++] = value_ref(call->args[i]->as.elements[j]);
    struct value *array = value_array(items, n);
    mem_free(items);
    return array;
}

/* A new reference to the object that v is or converts to; NULL = it does not. */
static struct value *as_object(const struct value *v)
{
    if (v->type == VALUE_OBJECT)
        return value_ref(v);
    if (v->type == VALUE_CAPSULE && v->as.capsule.type->to_object)
        return v->as.capsule.type->to_object(v->as.capsule.data);
    return NULL;
}

/* All elements as objects; false = reported. */
static bool objects_of(struct call *call, const struct value *array, struct value **out)
{
    for (uint32_t i = 0; i < array->count; i++) {
        out[i] = as_object(array->as.elements[i]);
        if (out[i])
            continue;
        function_fail_type(call, array->as.elements[i], "object");
        while (i-- > 0)
            value_unref(out[i]);
        return false;
    }
    return true;
}

static void objects_release(struct value **objects, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        value_unref(objects[i]);
    mem_free(objects);
}

/* Values that Alloy can compare as they are: the same kind of number, no containers. */
static bool same(const struct value *a, const struct value *b)
{
    if (a->type != b->type || (a->type == VALUE_NUMBER && a->number_kind != b->number_kind))
        return false;
    return value_equal(a, b);
}

static bool matches(const struct value *left, const struct value *right, const struct value *keys)
{
    for (uint32_t i = 0; i < keys->count; i++) {
        const struct value *key = keys->as.elements[i];
        const struct value *a = value_field(left, key->as.string);
        const struct value *b = value_field(right, key->as.string);
        if (!a || !b || !same(a, b))
            return false;
    }
    return true;
}

static struct value *combine(const struct call *call, struct value *const *left,
                             struct value *const *right, bool keep_left)
{
    const struct value *lefts = call->args[0];
    const struct value *rights = call->args[1];
    VEC(struct value *) out = {0};
    for (uint32_t i = 0; i < lefts->count; i++) {
        for (uint32_t j = 0; j < rights->count; j++) {
            if (matches(left[i], right[j], call->args[2]))
                VEC_PUSH(&out, value_merge(left[i], right[j]));
            else if (keep_left)
                VEC_PUSH(&out, value_ref(lefts->as.elements[i]));
        }
    }
    struct value *array = value_array(out.items, out.len);
    VEC_RELEASE(&out);
    return array;
}

static struct value *combine_checked(struct call *call, bool keep_left)
{
    uint32_t left_count = call->args[0]->count;
    uint32_t right_count = call->args[1]->count;
    struct value **left = mem_array(NULL, left_count + 1, sizeof(struct value *));
    if (!objects_of(call, call->args[0], left)) {
        mem_free(left);
        return NULL;
    }
    struct value **right = mem_array(NULL, right_count + 1, sizeof(struct value *));
    if (!objects_of(call, call->args[1], right)) {
        mem_free(right);
        objects_release(left, left_count);
        return NULL;
    }
    struct value *result = NULL;
    const struct value *keys = call->args[2];
    const struct value *bad = NULL;
    bool compares = left_count > 0 && right_count > 0;
    for (uint32_t i = 0; compares && !bad && i < keys->count; i++)
        if (keys->as.elements[i]->type != VALUE_STRING)
            bad = keys->as.elements[i];
    if (bad)
        function_fail_type(call, bad, "string");
    else
        result = combine(call, left, right, keep_left);
    objects_release(left, left_count);
    objects_release(right, right_count);
    return result;
}

static struct value *check_elements(struct call *call, const struct value *array)
{
    for (uint32_t i = 0; i < array->count; i++) {
        struct value *object = as_object(array->as.elements[i]);
        if (!object)
            return function_fail_type(call, array->as.elements[i], "object");
        value_unref(object);
    }
    return value_null();
}

static struct value *run_combine_maps(struct call *call)
{
    if (call->count != 3 && call->count != 4)
        return function_fail_plain(call, "combine_maps: expected 3 or 4 arguments, got %zu",
                                   call->count);
    for (size_t i = 0; i < 2; i++) {
        if (call->args[i]->type != VALUE_ARRAY)
            return function_fail_type(call, call->args[i], "array");
        if (!check_elements(call, call->args[i]))
            return NULL;
    }
    const struct value *keys = call->args[2];
    if (keys->type != VALUE_ARRAY)
        return function_fail_type(call, keys, "array");
    if (keys->count == 0)
        return function_fail_at(call, keys, "combine_maps: merge conditions must not be empty");
    if (call->count == 4 && call->args[3]->type != VALUE_BOOL)
        return function_fail_type(call, call->args[3], "bool");
    return combine_checked(call, call->count == 4 && call->args[3]->as.boolean);
}

/* A group while items are sorted into groups. */
struct group {
    struct str value;
    VEC(struct value *) items;
};

struct grouping {
    struct map by_value; /* index + 1 into groups */
    VEC(struct group) groups;
};

static void add_to_group(struct grouping *g, struct str value, struct value *owned_item)
{
    size_t index = (size_t)(uintptr_t)map_get(&g->by_value, value);
    if (index == 0) {
        VEC_PUSH(&g->groups, ((struct group){.value = value}));
        index = g->groups.len;
        map_put(&g->by_value, value, (void *)(uintptr_t)index);
    }
    VEC_PUSH(&g->groups.items[index - 1].items, owned_item);
}

/* False = reported. */
static bool group_item(struct call *call, struct grouping *g, const struct value *item)
{
    struct value *object = as_object(item);
    if (!object) {
        function_fail_type(call, item, "object");
        return false;
    }
    const struct value *key = value_field(object, call->args[1]->as.string);
    if (!key && call->args[2]->as.boolean) {
        value_unref(object);
        return true;
    }
    if (key && key->type != VALUE_STRING) {
        function_fail_type(call, key, "string");
        function_keep(call, object);
        return false;
    }
    struct str group = key ? arena_str(call->arena, key->as.string) : STR("");
    add_to_group(g, group, object);
    return true;
}

static struct value *group_object(const struct group *group, struct str key)
{
    struct value_field fields[] = {
        {key, value_string(group->value)},
        {STR("items"), value_array(group->items.items, group->items.len)},
    };
    return value_object(fields, 2, false); /* with key "items" the items win */
}

static struct value *run_group_by(struct call *call)
{
    static const char *const types[] = {"array", "string", "bool"};
    static const enum value_type wanted[] = {VALUE_ARRAY, VALUE_STRING, VALUE_BOOL};
    if (call->count != 3)
        return function_fail_plain(call, "group_by: expected 3 arguments, got %zu", call->count);
    for (size_t i = 0; i < 3; i++)
        if (call->args[i]->type != wanted[i])
            return function_fail_type(call, call->args[i], types[i]);
    struct grouping g = {0};
    map_init(&g.by_value, NULL);
    bool ok = true;
    for (uint32_t i = 0; ok && i < call->args[0]->count; i++)
        ok = group_item(call, &g, call->args[0]->as.elements[i]);
    struct value *result = NULL;
    struct value **objects = mem_array(NULL, g.groups.len + 1, sizeof(struct value *));
    for (size_t i = 0; i < g.groups.len; i++) {
        objects[i] = group_object(&g.groups.items[i], call->args[1]->as.string);
        VEC_RELEASE(&g.groups.items[i].items);
    }
    result = value_array(objects, g.groups.len);
    mem_free(objects);
    VEC_RELEASE(&g.groups);
    map_release(&g.by_value);
    if (ok)
        return result;
    value_unref(result);
    return NULL;
}

const struct function_def function_array_concat = {
    .name = "array.concat",
    .params = arrays,
    .param_count = 1,
    .variadic = true,
    .run = run_concat,
    .signature = "array.concat(arrays ...list(any)) list(any)",
    .doc = "Joins lists into one.",
    .example = "array.concat([1, 2], [], [\"a\"])",
};

const struct function_def function_array_combine_maps = {
    .name = "array.combine_maps",
    .params = arrays,
    .param_count = 1,
    .variadic = true,
    .experimental = true,
    .run = run_combine_maps,
    .signature = "array.combine_maps(left list(map), right list(map), keys list(string), "
                 "keep_left bool) list(map)",
    .doc = "Merges the maps of two lists that agree in the given keys.",
    .example = "array.combine_maps([{a = 1, b = 2}, {a = 5}], [{a = 1, c = 3}], [\"a\"])",
};

const struct function_def function_array_group_by = {
    .name = "array.group_by",
    .params = arrays,
    .param_count = 1,
    .variadic = true,
    .experimental = true,
    .run = run_group_by,
    .signature = "array.group_by(items list(map), key string, drop_missing bool) list(map)",
    .doc = "Groups the maps of a list by the text they have under a key.",
    .example =
        "array.group_by([{job = \"a\", n = 1}, {n = 3}, {job = \"a\", n = 2}], \"job\", true)",
};
