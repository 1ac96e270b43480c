/* Making and releasing values. A value is one block: the struct, then its elements, fields, keys or
 * text. Release follows children through a list threaded through the dying values themselves, so
 * it needs neither recursion nor memory. */

#include "compiler/value.h"

enum { VALUE_MAX_COUNT = 64 * 1024 * 1024 };

static const struct value null_value = {.refs = VALUE_STATIC, .type = VALUE_NULL};
static const struct value true_value = {
    .refs = VALUE_STATIC, .type = VALUE_BOOL, .as.boolean = true};
static const struct value false_value = {.refs = VALUE_STATIC, .type = VALUE_BOOL};

static struct value *value_new(enum value_type type, size_t room)
{
    struct value *v = mem_alloc(NULL, sizeof(*v) + room);
    *v = (struct value){.type = (uint8_t)type};
    atomic_init(&v->refs, 1);
    return v;
}

struct value *value_null(void)
{
    return (struct value *)&null_value;
}

struct value *value_bool(bool b)
{
    return (struct value *)(b ? &true_value : &false_value);
}

struct value *value_bool_new(bool b)
{
    struct value *v = value_new(VALUE_BOOL, 0);
    v->as.boolean = b;
    return v;
}

struct value *value_int(int64_t i)
{
    struct value *v = value_new(VALUE_NUMBER, 0);
    v->number_kind = NUMBER_INT;
    v->as.i = i;
    return v;
}

struct value *value_uint(uint64_t u)
{
    struct value *v = value_new(VALUE_NUMBER, 0);
    v->number_kind = NUMBER_UINT;
    v->as.u = u;
    return v;
}

struct value *value_float(double f)
{
    struct value *v = value_new(VALUE_NUMBER, 0);
    v->number_kind = NUMBER_FLOAT;
    v->as.f = f;
    return v;
}

struct value *value_string_room(size_t len, char **bytes)
{
    struct value *v = value_new(VALUE_STRING, len);
    *bytes = (char *)(v + 1);
    v->as.string = str_of(*bytes, len);
    return v;
}

struct value *value_string(struct str s)
{
    char *bytes;
    struct value *v = value_string_room(s.len, &bytes);
    if (s.len > 0)
        memcpy(bytes, s.ptr, s.len);
    return v;
}

struct value *value_text_form(struct str s)
{
    struct value *v = value_string(s);
    v->is_text_form = true;
    return v;
}

struct value *value_array_room(size_t count)
{
    ASSERT(count <= VALUE_MAX_COUNT);
    struct value *v = value_new(VALUE_ARRAY, count * sizeof(struct value *));
    v->count = (uint32_t)count;
    v->as.elements = (struct value **)(v + 1);
    return v;
}

struct value *value_array(struct value *const *owned_items, size_t count)
{
    struct value *v = value_array_room(count);
    if (count > 0)
        memcpy(v->as.elements, owned_items, count * sizeof(struct value *));
    return v;
}

struct value *value_bytes(struct str bytes)
{
    struct value *v = value_array_room(bytes.len);
    v->is_bytes = true;
    for (size_t i = 0; i < bytes.len; i++)
        v->as.elements[i] = value_uint((unsigned char)bytes.ptr[i]);
    return v;
}

/* Merges the sorted runs [from, middle) and [middle, to); of equal keys the left run's come first.
 */
static void fields_merge(const struct value_field *in, struct value_field *out, size_t from,
                         size_t middle, size_t to)
{
    size_t left = from;
    size_t right = middle;
    for (size_t i = from; i < to; i++) {
        if (left < middle && (right >= to || str_cmp(in[left].key, in[right].key) <= 0))
            out[i] = in[left++];
        else
            out[i] = in[right++];
    }
}

/* Stable, n log n. */
static void fields_sort(struct value_field *fields, size_t count)
{
    size_t sorted = 1;
    while (sorted < count && str_cmp(fields[sorted - 1].key, fields[sorted].key) <= 0)
        sorted++;
    if (sorted >= count)
        return;
    struct value_field *other = mem_array(NULL, count, sizeof(*other));
    struct value_field *from = fields;
    struct value_field *to = other;
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t i = 0; i < count; i += 2 * width) {
            size_t middle = i + width < count ? i + width : count;
            size_t end = i + 2 * width < count ? i + 2 * width : count;
            fields_merge(from, to, i, middle, end);
        }
        struct value_field *swap = from;
        from = to;
        to = swap;
    }
    if (from != fields)
        memcpy(fields, from, count * sizeof(*fields));
    mem_free(other);
}

/* Of neighbours with equal keys keeps the last. */
static size_t fields_unique(struct value_field *fields, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && str_eq(fields[kept - 1].key, fields[i].key)) {
            value_unref(fields[kept - 1].value);
            fields[kept - 1] = fields[i];
        } else {
            fields[kept++] = fields[i];
        }
    }
    return kept;
}

static size_t keys_size(const struct value_field *fields, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += fields[i].key.len;
    return size;
}

struct value *value_object(const struct value_field *owned_fields, size_t count, bool keeps_order)
{
    ASSERT(count <= VALUE_MAX_COUNT);
    size_t fields_size = count * sizeof(struct value_field);
    struct value *v = value_new(VALUE_OBJECT, fields_size + keys_size(owned_fields, count));
    v->keeps_order = keeps_order;
    v->as.fields = (struct value_field *)(v + 1);
    char *text = (char *)(v->as.fields + count);
    for (size_t i = 0; i < count; i++) {
        struct str key = owned_fields[i].key;
        if (key.len > 0)
            memcpy(text, key.ptr, key.len);
        v->as.fields[i] = (struct value_field){str_of(text, key.len), owned_fields[i].value};
        text += key.len;
    }
    if (!keeps_order) {
        fields_sort(v->as.fields, count);
        count = fields_unique(v->as.fields, count);
    }
    v->count = (uint32_t)count;
    return v;
}

struct value *value_record(const struct value_field *owned_fields, size_t count)
{
    struct value *v = value_new(VALUE_OBJECT, count * sizeof(struct value_field));
    v->keeps_order = true;
    v->count = (uint32_t)count;
    v->as.fields = (struct value_field *)(v + 1);
    if (count > 0)
        memcpy(v->as.fields, owned_fields, count * sizeof(struct value_field));
    return v;
}

struct value *value_merge(const struct value *a, const struct value *b)
{
    size_t count = (size_t)a->count + b->count;
    struct value_field *fields = mem_array(NULL, count + 1, sizeof(*fields));
    size_t n = 0;
    for (uint32_t i = 0; i < a->count; i++)
        fields[n++] = (struct value_field){a->as.fields[i].key, value_ref(a->as.fields[i].value)};
    for (uint32_t i = 0; i < b->count; i++)
        fields[n++] = (struct value_field){b->as.fields[i].key, value_ref(b->as.fields[i].value)};
    struct value *v = value_object(fields, n, false);
    mem_free(fields);
    return v;
}

struct value *value_function(const struct function_def *def)
{
    struct value *v = value_new(VALUE_FUNCTION, 0);
    v->as.function = def;
    return v;
}

bool capsule_type_same(const struct capsule_type *a, const struct capsule_type *b)
{
    return a == b || strcmp(a->name, b->name) == 0;
}

struct value *value_capsule(const struct capsule_type *type, void *owned_data)
{
    struct value *v = value_new(VALUE_CAPSULE, 0);
    v->as.capsule.type = type;
    v->as.capsule.data = owned_data;
    return v;
}

static void undo_ref(void *arg);

/* Takes one reference away; the value joins the list of the dead when it was the last. */
static void decrement(struct value *v, struct value **dead)
{
    if (atomic_fetch_sub_explicit(&v->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (v->type == VALUE_CAPSULE && v->as.capsule.type->release)
        v->as.capsule.type->release(v->as.capsule.data);
    v->as.dead.next = *dead;
    *dead = v;
}

/* A last reference is never guarded: guards stand for references beyond the first. */
static void drop(struct value *v, struct value **dead)
{
    unsigned refs = atomic_load_explicit(&v->refs, memory_order_relaxed);
    if (refs == VALUE_STATIC)
        return;
    if (refs > 1 && mem_scope_active())
        mem_scope_unguard(undo_ref, v);
    decrement(v, dead);
}

static void bury(struct value *dead)
{
    while (dead) {
        struct value *v = dead;
        dead = v->as.dead.next;
        if (v->type == VALUE_ARRAY) {
            struct value **elements = v->as.dead.children;
            for (uint32_t i = 0; i < v->count; i++)
                drop(elements[i], &dead);
        } else if (v->type == VALUE_OBJECT) {
            struct value_field *fields = v->as.dead.children;
            for (uint32_t i = 0; i < v->count; i++)
                drop(fields[i].value, &dead);
        }
        mem_free(v);
    }
}

static void undo_ref(void *arg)
{
    struct value *dead = NULL;
    decrement(arg, &dead);
    bury(dead);
}

struct value *value_ref(const struct value *v)
{
    struct value *mine = (struct value *)v;
    if (atomic_load_explicit(&mine->refs, memory_order_relaxed) == VALUE_STATIC)
        return mine;
    atomic_fetch_add_explicit(&mine->refs, 1, memory_order_relaxed);
    if (mem_scope_active())
        mem_scope_guard(undo_ref, mine);
    return mine;
}

void value_unref(const struct value *v)
{
    if (!v)
        return;
    struct value *dead = NULL;
    drop((struct value *)v, &dead);
    bury(dead);
}
