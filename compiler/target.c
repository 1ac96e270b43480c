/* Targets: one block holds the sorted labels and their texts. */

#include "compiler/target.h"

#include "base/hash.h"

static void labels_merge(const struct target_label *in, struct target_label *out, size_t from,
                         size_t middle, size_t to)
{
    size_t left = from;
    size_t right = middle;
    for (size_t i = from; i < to; i++) {
        if (left < middle && (right >= to || str_cmp(in[left].name, in[right].name) <= 0))
            out[i] = in[left++];
        else
            out[i] = in[right++];
    }
}

/* Stable, n log n; `spare` has the same size. Returns the one of the two that holds the result. */
static struct target_label *labels_sort(struct target_label *labels, struct target_label *spare,
                                        size_t count)
{
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t i = 0; i < count; i += 2 * width) {
            size_t middle = i + width < count ? i + width : count;
            size_t end = i + 2 * width < count ? i + 2 * width : count;
            labels_merge(labels, spare, i, middle, end);
        }
        struct target_label *swap = labels;
        labels = spare;
        spare = swap;
    }
    return labels;
}

static struct target *pack(const struct target_label *sorted, size_t count)
{
    size_t texts = 0;
    for (size_t i = 0; i < count; i++)
        texts += sorted[i].name.len + sorted[i].value.len;
    struct target *t = mem_alloc(NULL, sizeof(*t) + count * sizeof(struct target_label) + texts);
    atomic_init(&t->refs, 1);
    t->count = (uint32_t)count;
    t->hash = 0;
    char *text = (char *)(t->labels + count);
    for (size_t i = 0; i < count; i++) {
        struct str name = sorted[i].name;
        struct str value = sorted[i].value;
        if (name.len > 0)
            memcpy(text, name.ptr, name.len);
        t->labels[i].name = str_of(text, name.len);
        text += name.len;
        if (value.len > 0)
            memcpy(text, value.ptr, value.len);
        t->labels[i].value = str_of(text, value.len);
        text += value.len;
        t->hash = hash_mix(t->hash, hash_str(t->labels[i].name));
        t->hash = hash_mix(t->hash, hash_str(t->labels[i].value));
    }
    return t;
}

struct target *target_new(const struct target_label *labels, size_t count)
{
    ASSERT(count < UINT32_MAX / 2);
    size_t sorted = count > 0 ? 1 : 0;
    while (sorted < count && str_cmp(labels[sorted - 1].name, labels[sorted].name) < 0)
        sorted++;
    if (sorted == count)
        return pack(labels, count);
    struct target_label *copy = mem_array(NULL, 2 * count, sizeof(*copy));
    memcpy(copy, labels, count * sizeof(*copy));
    struct target_label *result = labels_sort(copy, copy + count, count);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && str_eq(result[kept - 1].name, result[i].name))
            kept--;
        result[kept++] = result[i];
    }
    struct target *t = pack(result, kept);
    mem_free(copy);
    return t;
}

static void undo_ref(void *arg)
{
    struct target *t = arg;
    if (atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) == 1)
        mem_free(t);
}

struct target *target_ref(const struct target *t)
{
    struct target *mine = (struct target *)t;
    atomic_fetch_add_explicit(&mine->refs, 1, memory_order_relaxed);
    if (mem_scope_active())
        mem_scope_guard(undo_ref, mine);
    return mine;
}

void target_unref(const struct target *t)
{
    if (!t)
        return;
    struct target *mine = (struct target *)t;
    /* As in value_unref: a last reference is never guarded. */
    if (mem_scope_active() && atomic_load_explicit(&mine->refs, memory_order_relaxed) > 1)
        mem_scope_unguard(undo_ref, mine);
    undo_ref(mine);
}

static const struct target_label *find(const struct target *t, struct str name)
{
    uint32_t low = 0;
    uint32_t high = t->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = str_cmp(t->labels[middle].name, name);
        if (order == 0)
            return &t->labels[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

struct str target_get(const struct target *t, struct str name)
{
    const struct target_label *label = find(t, name);
    return label ? label->value : STR("");
}

bool target_equal(const struct target *a, const struct target *b)
{
    if (a == b)
        return true;
    if (a->count != b->count || a->hash != b->hash)
        return false;
    for (uint32_t i = 0; i < a->count; i++)
        if (!str_eq(a->labels[i].name, b->labels[i].name) ||
            !str_eq(a->labels[i].value, b->labels[i].value))
            return false;
    return true;
}

struct value *target_array(struct target *const *targets, size_t count)
{
    struct value *array = value_array_room(count);
    for (size_t i = 0; i < count; i++)
        array->as.elements[i] = value_capsule(&capsule_target, target_ref(targets[i]));
    return array;
}

/* The capsule that carries a target through the language. */

static void capsule_release(void *data)
{
    target_unref(data);
}

static bool capsule_equal(const void *a, const void *b)
{
    return target_equal(a, b);
}

static struct value *capsule_to_object(const void *data)
{
    const struct target *t = data;
    struct value_field *fields = mem_array(NULL, t->count + 1, sizeof(*fields));
    for (uint32_t i = 0; i < t->count; i++)
        fields[i] = (struct value_field){t->labels[i].name, value_string(t->labels[i].value)};
    struct value *object = value_object(fields, t->count, false);
    mem_free(fields);
    return object;
}

static struct value *capsule_field(const void *data, struct str key)
{
    const struct target_label *label = find(data, key);
    return label ? value_string(label->value) : NULL;
}

const struct capsule_type capsule_target = {
    .name = "discovery.Target",
    .release = capsule_release,
    .equal = capsule_equal,
    .to_object = capsule_to_object,
    .field = capsule_field,
};
