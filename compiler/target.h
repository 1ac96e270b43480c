#ifndef COMPILER_TARGET_H
#define COMPILER_TARGET_H

/* A target: an immutable, sorted set of labels, reference-counted. What discovery exports and
 * prometheus.scrape, discovery.relabel, loki.source.file … consume. Thread-safe to share. */

#include "compiler/value.h"

struct target_label {
    struct str name;
    struct str value;
};

struct target {
    atomic_uint refs;
    uint32_t count;
    uint64_t hash;
    struct target_label labels[]; /* sorted by name, unique; texts stand behind the array */
};

/* Labels in any order; the last of equal names wins. Copies. Labels with an empty value are kept.
 */
struct target *target_new(const struct target_label *labels, size_t count);
struct target *target_ref(const struct target *t);
void target_unref(const struct target *t);
/* Empty if absent. */
struct str target_get(const struct target *t, struct str name);
bool target_equal(const struct target *a, const struct target *b);
/* An array value of target capsules (one reference each is added). */
struct value *target_array(struct target *const *targets, size_t count);

#endif
