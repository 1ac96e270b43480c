/* Relabelled sets: entries in one growing array and an open-addressed table of indexes. Sets come
 * in the same order again and again, so the entry behind the last one found is tried first: then
 * the array is read from front to back and the table not at all. When it is full, a hand goes round
 * and takes the first entry that was not used since it last passed. Owns references on the sets of
 * its entries. */
#include "components/common/relabel_cache.h"

#include "base/error.h"

enum { NONE = UINT32_MAX, ENTRIES_MAX = 10000000, FIRST_SLOTS = 64 };

struct entry {
    struct labels *in;  /* NULL = free */
    struct labels *out; /* NULL = dropped */
    int64_t used_ns;
    uint32_t next_free;
    bool is_used; /* since the hand passed */
};

struct relabel_cache {
    struct mem_owner *owner;
    size_t max;
    struct entry *entries;
    uint32_t cap, len, count;
    uint32_t last, hand, free;
    uint32_t *slots; /* index, or NONE */
    uint32_t slot_mask;
};

static void clear_slots(struct relabel_cache *c)
{
    for (uint32_t i = 0; i <= c->slot_mask; i++) {
        c->slots[i] = NONE;
    }
}

struct relabel_cache *relabel_cache_new(struct mem_owner *owner, size_t max)
{
    struct relabel_cache *c = mem_zalloc(owner, sizeof(*c));
    c->owner = owner;
    c->max = max == 0 || max > ENTRIES_MAX ? ENTRIES_MAX : max;
    c->last = c->free = NONE;
    return c;
}

void relabel_cache_clear(struct relabel_cache *c)
{
    for (uint32_t i = 0; i < c->len; i++) {
        if (c->entries[i].in) {
            labels_unref(c->entries[i].in);
            if (c->entries[i].out) {
                labels_unref(c->entries[i].out);
            }
        }
    }
    mem_free(c->entries);
    mem_free(c->slots);
    c->entries = NULL;
    c->slots = NULL;
    c->cap = c->len = c->count = c->slot_mask = 0;
    c->last = c->free = NONE;
    c->hand = 0;
}

void relabel_cache_free(struct relabel_cache *c)
{
    if (c) {
        relabel_cache_clear(c);
        mem_free(c);
    }
}

static uint32_t home(const struct relabel_cache *c, const struct labels *in)
{
    return (uint32_t)(in->hash ^ in->hash >> 32) & c->slot_mask;
}

/* The slot that holds `in`, or the free one where it belongs. */
static uint32_t slot_of(const struct relabel_cache *c, const struct labels *in)
{
    uint32_t slot = home(c, in);
    while (c->slots[slot] != NONE && c->entries[c->slots[slot]].in != in) {
        slot = (slot + 1) & c->slot_mask;
    }
    return slot;
}

static uint32_t find(const struct relabel_cache *c, const struct labels *in)
{
    uint32_t guess = c->last + 1; /* NONE + 1 is 0 */
    if (guess < c->len && c->entries[guess].in == in) {
        return guess;
    }
    return c->count == 0 ? NONE : c->slots[slot_of(c, in)];
}

bool relabel_cache_get(struct relabel_cache *c, const struct labels *in, int64_t now_ns,
                       struct labels **out)
{
    uint32_t i = find(c, in);
    if (i == NONE) {
        return false;
    }
    struct entry *e = &c->entries[i];
    c->last = i;
    e->used_ns = now_ns;
    e->is_used = true;
    *out = e->out;
    return true;
}

/* Closes the gap at `slot`: later entries of the same run move back if they may. */
static void erase_slot(struct relabel_cache *c, uint32_t slot)
{
    uint32_t gap = slot;
    for (uint32_t at = (slot + 1) & c->slot_mask; c->slots[at] != NONE;
         at = (at + 1) & c->slot_mask) {
        uint32_t want = home(c, c->entries[c->slots[at]].in);
        if (((at - want) & c->slot_mask) >= ((at - gap) & c->slot_mask)) {
            c->slots[gap] = c->slots[at];
            gap = at;
        }
    }
    c->slots[gap] = NONE;
}

static void remove_entry(struct relabel_cache *c, uint32_t i)
{
    struct entry *e = &c->entries[i];
    erase_slot(c, slot_of(c, e->in));
    labels_unref(e->in);
    if (e->out) {
        labels_unref(e->out);
    }
    e->in = e->out = NULL;
    e->next_free = c->free;
    c->free = i;
    c->count--;
}

bool relabel_cache_remove(struct relabel_cache *c, const struct labels *in)
{
    uint32_t i = c->count == 0 ? NONE : c->slots[slot_of(c, in)];
    if (i == NONE) {
        return false;
    }
    remove_entry(c, i);
    return true;
}

static void grow_slots(struct relabel_cache *c)
{
    uint32_t size = c->slots ? (c->slot_mask + 1) * 2 : FIRST_SLOTS;
    uint32_t *slots = mem_array(c->owner, size, sizeof(*slots));
    mem_free(c->slots);
    c->slots = slots;
    c->slot_mask = size - 1;
    clear_slots(c);
    for (uint32_t i = 0; i < c->len; i++) {
        if (c->entries[i].in) {
            c->slots[slot_of(c, c->entries[i].in)] = i;
        }
    }
}

static uint32_t free_entry(struct relabel_cache *c)
{
    if (c->free != NONE) {
        uint32_t i = c->free;
        c->free = c->entries[i].next_free;
        return i;
    }
    if (c->len == c->cap) {
        uint32_t cap = c->cap ? c->cap * 2 : FIRST_SLOTS / 2;
        c->entries = mem_realloc(c->owner, c->entries, cap * sizeof(*c->entries));
        c->cap = cap;
    }
    return c->len++;
}

/* Makes room for one: after one round every entry has lost its mark. */
static void evict(struct relabel_cache *c)
{
    for (;;) {
        uint32_t i = c->hand;
        struct entry *e = &c->entries[i];
        c->hand = i + 1 < c->len ? i + 1 : 0;
        if (e->in && !e->is_used) {
            remove_entry(c, i);
            return;
        }
        e->is_used = false;
    }
}

void relabel_cache_put(struct relabel_cache *c, const struct labels *in, const struct labels *out,
                       int64_t now_ns)
{
    while (c->count >= c->max) {
        evict(c);
    }
    if (!c->slots || (uint64_t)(c->count + 1) * 2 > c->slot_mask) {
        grow_slots(c);
    }
    uint32_t i = free_entry(c);
    c->entries[i] = (struct entry){
        .in = labels_ref(in), .out = out ? labels_ref(out) : NULL, .used_ns = now_ns};
    uint32_t slot = slot_of(c, in);
    ASSERT(c->slots[slot] == NONE);
    c->slots[slot] = i;
    c->last = i;
    c->count++;
}

size_t relabel_cache_expire(struct relabel_cache *c, int64_t before_ns)
{
    size_t gone = 0;
    for (uint32_t i = 0; i < c->len; i++) {
        if (c->entries[i].in && c->entries[i].used_ns < before_ns) {
            remove_entry(c, i);
            gone++;
        }
    }
    return gone;
}

size_t relabel_cache_count(const struct relabel_cache *c)
{
    return c->count;
}
