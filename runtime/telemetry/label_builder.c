/* The scratch for building and changing label sets: a sorted array that grows. Bounded by
 * LABELS_MAX when it is interned; a caller whose input decides the number of labels checks `count`
 * itself. */

#include "runtime/telemetry/labels.h"

#include "base/vec.h"

void label_builder_init(struct label_builder *b)
{
    *b = (struct label_builder){0};
}

void label_builder_release(struct label_builder *b)
{
    mem_free(b->pairs);
    label_builder_init(b);
}

void label_builder_clear(struct label_builder *b)
{
    b->count = 0;
}

void label_builder_from(struct label_builder *b, const struct labels *l)
{
    if (l->count > b->cap) {
        b->pairs = mem_realloc(NULL, b->pairs, l->count * sizeof(*b->pairs));
        b->cap = l->count;
    }
    if (l->count)
        memcpy(b->pairs, l->pairs, l->count * sizeof(*b->pairs));
    b->count = l->count;
}

/* Where `name` stands or would; *found tells which. Label sets are short and often built in order.
 */
static size_t place(const struct label_builder *b, struct str name, bool *found)
{
    size_t from = 0, count = b->count;
    *found = false;
    if (count && str_cmp(b->pairs[count - 1].name, name) < 0)
        return count;
    while (count) {
        size_t half = count / 2;
        int order = str_cmp(b->pairs[from + half].name, name);
        if (order == 0) {
            *found = true;
            return from + half;
        }
        if (order < 0) {
            from += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return from;
}

void label_builder_put(struct label_builder *b, struct str name, struct str value)
{
    bool found;
    size_t at = place(b, name, &found);
    if (found) {
        b->pairs[at].value = value;
        return;
    }
    b->pairs = vec_room(b->pairs, b->count, &b->cap, sizeof(*b->pairs));
    memmove(b->pairs + at + 1, b->pairs + at, (b->count - at) * sizeof(*b->pairs));
    b->pairs[at] = (struct label){name, value};
    b->count++;
}

void label_builder_set(struct label_builder *b, struct str name, struct str value)
{
    if (value.len == 0)
        label_builder_remove(b, name);
    else
        label_builder_put(b, name, value);
}

void label_builder_remove(struct label_builder *b, struct str name)
{
    bool found;
    size_t at = place(b, name, &found);
    if (!found)
        return;
    b->count--;
    memmove(b->pairs + at, b->pairs + at + 1, (b->count - at) * sizeof(*b->pairs));
}

struct str label_builder_get(const struct label_builder *b, struct str name)
{
    bool found;
    size_t at = place(b, name, &found);
    return found ? b->pairs[at].value : STR_NONE;
}

struct labels *label_builder_intern(const struct label_builder *b, struct label_table *table,
                                    struct error *err)
{
    return labels_intern(table, b->pairs, b->count, err);
}

struct labels *label_builder_intern_stream(const struct label_builder *b, struct label_table *table,
                                           struct error *err)
{
    return labels_intern_stream(table, b->pairs, b->count, err);
}
