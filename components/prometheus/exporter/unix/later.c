/* Samples that are kept until a collector ends and then written family by family, sorted by name.
 * They live in the collector's arena; at most LATER_MAX. */

#include "components/prometheus/exporter/unix/collector.h"

#include <stdlib.h>

struct later_sample {
    struct family family;
    const struct label *labels;
    size_t label_count, number;
    double value;
};

static void grow(struct collect *c)
{
    struct later *l = &c->later;
    size_t cap = l->cap != 0 ? 2 * l->cap : 64;
    struct later_sample *grown = ARENA_ARRAY(&c->arena, cap, struct later_sample);
    if (l->count != 0)
        memcpy(grown, l->items, l->count * sizeof *grown);
    l->items = grown;
    l->cap = cap;
}

void page_later(struct collect *c, const struct family *family, const struct label *labels,
                size_t count, double value)
{
    struct later *l = &c->later;
    if (l->count == LATER_MAX) {
        collect_failed(c, "more than %d samples", LATER_MAX);
        return;
    }
    if (l->count == l->cap)
        grow(c);
    struct label *kept = ARENA_ARRAY(&c->arena, count + 1, struct label);
    for (size_t i = 0; i < count; i++) {
        struct str text = labels[i].value;
        kept[i].name = labels[i].name;
        kept[i].value = text.len != 0 ? arena_str(&c->arena, text) : STR("");
    }
    l->items[l->count] = (struct later_sample){*family, kept, count, l->count, value};
    l->count++;
}

static int by_family(const void *a, const void *b)
{
    const struct later_sample *x = a;
    const struct later_sample *y = b;
    int order = strcmp(x->family.name, y->family.name);
    if (order != 0)
        return order;
    return x->number < y->number ? -1 : 1;
}

void page_flush(struct collect *c)
{
    struct later *l = &c->later;
    const char *last = NULL;
    if (l->count != 0)
        qsort(l->items, l->count, sizeof *l->items, by_family);
    for (size_t i = 0; i < l->count; i++) {
        const struct later_sample *s = &l->items[i];
        if (last == NULL || strcmp(last, s->family.name) != 0)
            page_family(c, s->family.type, s->family.name, s->family.help);
        last = s->family.name;
        page_sample(c, s->labels, s->label_count, s->value);
    }
    *l = (struct later){0};
}
