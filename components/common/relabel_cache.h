#ifndef COMPONENTS_COMMON_RELABEL_CACHE_H
#define COMPONENTS_COMMON_RELABEL_CACHE_H

/* Results of relabelling, found by the pointer of the interned input set: bounded by a number of
 * entries, of which those not used for long leave first, or by disuse alone (max 0). Holds
 * references on both sets. One thread at a time. Memory: 32 bytes an entry and a slot table of at
 * most 8, grown as needed. */

#include "base/memory.h"
#include "runtime/telemetry/labels.h"

struct relabel_cache;

/* `max` entries; 0 = no bound but relabel_cache_expire (and 10,000,000). */
struct relabel_cache *relabel_cache_new(struct mem_owner *owner, size_t max);
void relabel_cache_free(struct relabel_cache *cache); /* NULL is fine */
/* True when known: *out (borrowed) is the result, NULL = dropped. */
bool relabel_cache_get(struct relabel_cache *cache, const struct labels *in, int64_t now_ns,
                       struct labels **out);
/* `in` must not be in it. Adds references. An entry may leave for it. */
void relabel_cache_put(struct relabel_cache *cache, const struct labels *in,
                       const struct labels *out, int64_t now_ns);
/* True when it was there. */
bool relabel_cache_remove(struct relabel_cache *cache, const struct labels *in);
void relabel_cache_clear(struct relabel_cache *cache);
/* Removes what was last used before `before_ns`; returns how many. */
size_t relabel_cache_expire(struct relabel_cache *cache, int64_t before_ns);
size_t relabel_cache_count(const struct relabel_cache *cache);

#endif
