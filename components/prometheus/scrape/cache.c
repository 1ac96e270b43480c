/* The series of a target: a chained hash table whose entries carry their text. Owns the entries and
 * one reference on each label set. Bounded by the size of a page (the response limit) times the
 * scrapes an unseen series is remembered. */
#include "components/prometheus/scrape/scrape.h"

#include "base/hash.h"

enum { FIRST_BUCKETS = 16 };

static uint64_t hash_of(struct str text, uint8_t type)
{
    return hash_str(text) + type * 0x9e3779b97f4a7c15u;
}

void scrape_cache_each(struct scrape_cache *c, scrape_series_fn *fn, void *arg)
{
    for (size_t i = 0; c->buckets && i <= c->mask; i++) {
        for (struct scrape_series *s = c->buckets[i]; s; s = s->chain) {
            fn(arg, s);
        }
    }
}

static void free_series(struct scrape_series *s)
{
    if (s->labels) {
        labels_unref(s->labels);
    }
    mem_free(s);
}

void scrape_cache_release(struct scrape_cache *c)
{
    for (size_t i = 0; c->buckets && i <= c->mask; i++) {
        while (c->buckets[i]) {
            struct scrape_series *s = c->buckets[i];
            c->buckets[i] = s->chain;
            free_series(s);
        }
    }
    mem_free(c->buckets);
    *c = (struct scrape_cache){0};
}

struct scrape_series *scrape_cache_find(struct scrape_cache *c, struct str text, uint8_t type)
{
    if (!c->buckets) {
        return NULL;
    }
    uint64_t hash = hash_of(text, type);
    struct scrape_series *s = c->buckets[hash & c->mask];
    while (s && !(s->hash == hash && s->type == type && str_eq(text, str_of(s->text, s->len)))) {
        s = s->chain;
    }
    return s;
}

static void grow(struct scrape_cache *c)
{
    size_t buckets = c->buckets ? (c->mask + 1) * 2 : FIRST_BUCKETS;
    struct scrape_series **fresh = mem_array(NULL, buckets, sizeof(struct scrape_series *));
    for (size_t i = 0; c->buckets && i <= c->mask; i++) {
        while (c->buckets[i]) {
            struct scrape_series *s = c->buckets[i];
            c->buckets[i] = s->chain;
            s->chain = fresh[s->hash & (buckets - 1)];
            fresh[s->hash & (buckets - 1)] = s;
        }
    }
    mem_free(c->buckets);
    c->buckets = fresh;
    c->mask = buckets - 1;
}

struct scrape_series *scrape_cache_add(struct scrape_cache *c, struct str text, uint8_t type,
                                       struct labels *owned_labels)
{
    if (!c->buckets || c->count > c->mask) {
        grow(c);
    }
    struct scrape_series *s = mem_alloc(NULL, sizeof(*s) + text.len);
    *s = (struct scrape_series){.labels = owned_labels,
                                .hash = hash_of(text, type),
                                .len = (uint32_t)text.len,
                                .type = type};
    memcpy(s->text, text.ptr, text.len);
    s->chain = c->buckets[s->hash & c->mask];
    c->buckets[s->hash & c->mask] = s;
    c->count++;
    return s;
}

void scrape_cache_sweep(struct scrape_cache *c, uint32_t before)
{
    for (size_t i = 0; c->buckets && i <= c->mask; i++) {
        for (struct scrape_series *s = c->buckets[i]; s; s = s->chain) {
            if (s->follow && s->follow->seen < before) {
                s->follow = NULL;
            }
        }
    }
    if (c->first && c->first->seen < before) {
        c->first = NULL;
    }
    for (size_t i = 0; c->buckets && i <= c->mask; i++) {
        struct scrape_series **at = &c->buckets[i];
        while (*at) {
            struct scrape_series *s = *at;
            if (s->seen >= before) {
                at = &s->chain;
                continue;
            }
            *at = s->chain;
            free_series(s);
            c->count--;
        }
    }
}
