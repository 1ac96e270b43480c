/* The label table: 64 shards, each a chained hash table under its own lock. A set's count may fall
 * to zero only under its shard's lock, so that a set found under the lock is alive. Sets and chains
 * belong to no memory scope, because other threads may hold them. Bounded by the owner's budget. */

#include "runtime/telemetry/labels.h"

#include "base/hash.h"

#include <pthread.h>

enum {
    SHARDS = 64,
    SHARD_SHIFT = 58, /* the hash's top bits choose the shard */
    FIRST_BUCKETS = 64,
    SMALL_COUNT = 48,
    SMALL_TEXT = 2048,
};

struct shard {
    pthread_mutex_t lock;
    struct labels **buckets;
    size_t bucket_count; /* power of two, 0 at first */
    size_t count;
};

struct label_table {
    struct mem_owner *owner;
    struct shard shards[SHARDS];
};

/* A set to be: pairs in order and their text in one piece. */
struct draft {
    const struct label *pairs;
    size_t count;
    char *text;
    size_t text_len;
    uint64_t hash;
    void *owned_pairs; /* NULL when `small_pairs` was enough */
    void *owned_text;
    struct label small_pairs[SMALL_COUNT];
    char small_text[SMALL_TEXT];
};

struct label_table *label_table_new(struct mem_owner *owner)
{
    struct label_table *table = mem_zalloc(owner, sizeof(*table));
    table->owner = owner;
    for (size_t i = 0; i < SHARDS; i++)
        ASSERT(pthread_mutex_init(&table->shards[i].lock, NULL) == 0);
    return table;
}

void label_table_free(struct label_table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < SHARDS; i++) {
        ASSERT(table->shards[i].count == 0);
        mem_free(table->shards[i].buckets);
        pthread_mutex_destroy(&table->shards[i].lock);
    }
    mem_free(table);
}

size_t label_table_count(struct label_table *table)
{
    size_t count = 0;
    for (size_t i = 0; i < SHARDS; i++) {
        pthread_mutex_lock(&table->shards[i].lock);
        count += table->shards[i].count;
        pthread_mutex_unlock(&table->shards[i].lock);
    }
    return count;
}

/* Order. */

static bool in_order(const struct label *pairs, size_t count, bool keep_empty)
{
    for (size_t i = 0; i < count; i++) {
        if ((pairs[i].value.len == 0 && !keep_empty) ||
            (i > 0 && str_cmp(pairs[i - 1].name, pairs[i].name) >= 0))
            return false;
    }
    return true;
}

/* Where `name` stands in the sorted pairs, or would. */
static size_t lower_bound(const struct label *pairs, size_t count, struct str name)
{
    size_t from = 0;
    while (count) {
        size_t half = count / 2;
        if (str_cmp(pairs[from + half].name, name) < 0) {
            from += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return from;
}

static size_t sort_pairs(struct label *out, const struct label *pairs, size_t count,
                         bool keep_empty)
{
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        size_t at = lower_bound(out, used, pairs[i].name);
        if (at < used && str_eq(out[at].name, pairs[i].name)) {
            out[at] = pairs[i];
            continue;
        }
        memmove(out + at + 1, out + at, (used - at) * sizeof(*out));
        out[at] = pairs[i];
        used++;
    }
    size_t kept = 0;
    for (size_t i = 0; i < used; i++) {
        if (out[i].value.len || keep_empty)
            out[kept++] = out[i];
    }
    return kept;
}

/* Drafts. */

static enum status draft_order(struct draft *d, struct mem_owner *owner, const struct label *pairs,
                               size_t count, bool keep_empty, struct error *err)
{
    d->pairs = pairs;
    d->count = count;
    if (in_order(pairs, count, keep_empty))
        return STATUS_OK;
    struct label *sorted = d->small_pairs;
    if (count > SMALL_COUNT) {
        sorted = d->owned_pairs = mem_try_alloc_shared(owner, count * sizeof(*sorted));
        if (!sorted)
            return error_set(err, STATUS_MEMORY, "no memory for %zu labels", count);
    }
    d->count = sort_pairs(sorted, pairs, count, keep_empty);
    d->pairs = sorted;
    return STATUS_OK;
}

static void text_write(char *at, const struct label *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (pairs[i].name.len)
            memcpy(at, pairs[i].name.ptr, pairs[i].name.len);
        at += pairs[i].name.len;
        *at++ = '\xff';
        if (pairs[i].value.len)
            memcpy(at, pairs[i].value.ptr, pairs[i].value.len);
        at += pairs[i].value.len;
        *at++ = '\xff';
    }
}

static enum status draft_text(struct draft *d, struct mem_owner *owner, struct error *err)
{
    size_t len = 0;
    for (size_t i = 0; i < d->count; i++) {
        const struct label *pair = &d->pairs[i];
        if (pair->name.len > LABELS_MAX_BYTES || pair->value.len > LABELS_MAX_BYTES)
            len = SIZE_MAX / 2;
        else
            len += pair->name.len + pair->value.len + 2;
        if (len > LABELS_MAX_BYTES)
            return error_set(err, STATUS_LIMIT, "label set of more than %d bytes",
                             LABELS_MAX_BYTES);
    }
    d->text = d->small_text;
    if (len > SMALL_TEXT) {
        d->text = d->owned_text = mem_try_alloc_shared(owner, len);
        if (!d->text)
            return error_set(err, STATUS_MEMORY, "no memory for a label set");
    }
    d->text_len = len;
    text_write(d->text, d->pairs, d->count);
    d->hash = hash_bytes(d->text, len);
    return STATUS_OK;
}

/* Lookup. */

static bool same(const struct labels *l, const struct draft *d)
{
    if (l->hash != d->hash || l->count != d->count || l->text_len != d->text_len)
        return false;
    for (size_t i = 0; i < d->count; i++) {
        if (!str_eq(l->pairs[i].name, d->pairs[i].name) ||
            !str_eq(l->pairs[i].value, d->pairs[i].value))
            return false;
    }
    return true;
}

static struct labels *shard_find(const struct shard *shard, const struct draft *d)
{
    if (!shard->bucket_count)
        return NULL;
    struct labels *l = shard->buckets[d->hash & (shard->bucket_count - 1)];
    while (l && !same(l, d))
        l = l->next;
    return l;
}

/* Without memory the chains grow longer instead. False when there is no bucket at all. */
static bool shard_grow(struct shard *shard, struct mem_owner *owner)
{
    if (shard->count < shard->bucket_count)
        return true;
    size_t count = shard->bucket_count ? shard->bucket_count * 2 : FIRST_BUCKETS;
    struct labels **buckets = mem_try_alloc_shared(owner, count * sizeof(struct labels *));
    if (!buckets)
        return shard->bucket_count != 0;
    memset(buckets, 0, count * sizeof(struct labels *));
    for (size_t i = 0; i < shard->bucket_count; i++) {
        for (struct labels *l = shard->buckets[i], *next; l; l = next) {
            next = l->next;
            struct labels **head = &buckets[l->hash & (count - 1)];
            l->next = *head;
            *head = l;
        }
    }
    mem_free(shard->buckets);
    shard->buckets = buckets;
    shard->bucket_count = count;
    return true;
}

static struct labels *labels_make(struct label_table *table, const struct draft *d)
{
    size_t head = sizeof(struct labels) + d->count * sizeof(struct label);
    struct labels *l = mem_try_alloc_shared(table->owner, head + d->text_len);
    if (!l)
        return NULL;
    *l = (struct labels){.count = (uint32_t)d->count,
                         .text_len = (uint32_t)d->text_len,
                         .hash = d->hash,
                         .table = table};
    atomic_init(&l->refs, 1);
    char *at = (char *)l + head;
    memcpy(at, d->text, d->text_len);
    for (size_t i = 0; i < d->count; i++) {
        l->pairs[i].name = str_of(at, d->pairs[i].name.len);
        at += d->pairs[i].name.len + 1;
        l->pairs[i].value = str_of(at, d->pairs[i].value.len);
        at += d->pairs[i].value.len + 1;
    }
    return l;
}

static struct labels *find_or_add(struct label_table *table, const struct draft *d)
{
    struct shard *shard = &table->shards[d->hash >> SHARD_SHIFT];
    pthread_mutex_lock(&shard->lock);
    struct labels *l = shard_find(shard, d);
    if (l) {
        atomic_fetch_add_explicit(&l->refs, 1, memory_order_relaxed);
    } else if (shard_grow(shard, table->owner)) {
        l = labels_make(table, d);
        if (l) {
            struct labels **head = &shard->buckets[d->hash & (shard->bucket_count - 1)];
            l->next = *head;
            *head = l;
            shard->count++;
        }
    }
    pthread_mutex_unlock(&shard->lock);
    return l;
}

static struct labels *intern(struct label_table *table, const struct label *pairs, size_t count,
                             bool keep_empty, struct error *err)
{
    if (count > LABELS_MAX) {
        error_set(err, STATUS_LIMIT, "label set of more than %d labels", LABELS_MAX);
        return NULL;
    }
    struct draft d __attribute__((uninitialized)); /* large, and filled where it is used */
    d.owned_pairs = d.owned_text = NULL;
    struct labels *l = NULL;
    if (draft_order(&d, table->owner, pairs, count, keep_empty, err) == STATUS_OK &&
        draft_text(&d, table->owner, err) == STATUS_OK) {
        l = find_or_add(table, &d);
        if (!l)
            error_set(err, STATUS_MEMORY, "no memory for a label set");
    }
    mem_free(d.owned_pairs);
    mem_free(d.owned_text);
    return l;
}

struct labels *labels_intern(struct label_table *table, const struct label *pairs, size_t count,
                             struct error *err)
{
    return intern(table, pairs, count, false, err);
}

struct labels *labels_intern_stream(struct label_table *table, const struct label *pairs,
                                    size_t count, struct error *err)
{
    return intern(table, pairs, count, true, err);
}

/* References. */

struct labels *labels_ref(const struct labels *l)
{
    struct labels *set = (struct labels *)l;
    if (set)
        atomic_fetch_add_explicit(&set->refs, 1, memory_order_relaxed);
    return set;
}

static void drop_last(struct labels *l)
{
    struct shard *shard = &l->table->shards[l->hash >> SHARD_SHIFT];
    pthread_mutex_lock(&shard->lock);
    bool gone = atomic_fetch_sub_explicit(&l->refs, 1, memory_order_acq_rel) == 1;
    if (gone) {
        struct labels **at = &shard->buckets[l->hash & (shard->bucket_count - 1)];
        while (*at != l)
            at = &(*at)->next;
        *at = l->next;
        shard->count--;
    }
    pthread_mutex_unlock(&shard->lock);
    if (gone)
        mem_free(l);
}

void labels_unref(const struct labels *l)
{
    if (!l)
        return;
    struct labels *set = (struct labels *)l;
    unsigned refs = atomic_load_explicit(&set->refs, memory_order_relaxed);
    while (refs > 1) {
        if (atomic_compare_exchange_weak_explicit(&set->refs, &refs, refs - 1, memory_order_acq_rel,
                                                  memory_order_relaxed))
            return;
    }
    drop_last(set);
}

struct str labels_get(const struct labels *l, struct str name)
{
    size_t at = lower_bound(l->pairs, l->count, name);
    return at < l->count && str_eq(l->pairs[at].name, name) ? l->pairs[at].value : STR_NONE;
}
