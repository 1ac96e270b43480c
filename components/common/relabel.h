#ifndef COMPONENTS_COMMON_RELABEL_H
#define COMPONENTS_COMMON_RELABEL_H

/* Relabelling: the shape of a `rule` block and its engine, for label sets of metrics and logs and
 * for targets. Semantics: Prometheus' relabel_config (legacy label names for label sets, any UTF-8
 * for targets), as Alloy words and checks them.
 *
 *   struct args { … struct relabel_rule_list rules; };
 *   {BLOCKS(struct args, rules, "rule", relabel_rule_shape), .doc = "…"},
 *
 * Rules are compiled once into a struct relabel_rules: immutable, reference-counted, thread-safe, a
 * capsule of the language (exports `rules`, arguments `relabel_rules`). A scratch holds what one
 * thread needs while it applies rules; texts of a result live until its next use. */

#include "base/arena.h"
#include "compiler/schema.h"
#include "runtime/telemetry/labels.h"

enum relabel_action {
    RELABEL_REPLACE,
    RELABEL_KEEP,
    RELABEL_DROP,
    RELABEL_KEEPEQUAL,
    RELABEL_DROPEQUAL,
    RELABEL_HASHMOD,
    RELABEL_LABELMAP,
    RELABEL_LABELDROP,
    RELABEL_LABELKEEP,
    RELABEL_LOWERCASE,
    RELABEL_UPPERCASE,
};

struct relabel_rule {
    struct str_list source_labels;
    struct str separator;
    struct regex_ref regex; /* anchored; NULL when null: matches everything */
    uint64_t modulus;
    struct str target_label;
    struct str replacement;
    enum relabel_action action;
};
struct relabel_rule_list LIST_OF(struct relabel_rule);

extern const struct shape relabel_rule_shape;

struct relabel_rules;

/* Compiles decoded rules; copies all texts, shares the expressions. No rules is a valid list. */
struct relabel_rules *relabel_rules_new(const struct relabel_rule_list *rules);
struct relabel_rules *relabel_rules_ref(const struct relabel_rules *rules);
void relabel_rules_unref(const struct relabel_rules *rules); /* NULL is fine */
size_t relabel_rules_count(const struct relabel_rules *rules);
bool relabel_rules_equal(const struct relabel_rules *a, const struct relabel_rules *b);

/* "relabel.Rules"; data = struct relabel_rules *. */
extern const struct capsule_type capsule_relabel_rules;
/* A value that adds a reference. */
struct value *relabel_rules_value(const struct relabel_rules *rules);
/* What an argument of that type holds (borrowed), or NULL when null or absent. */
const struct relabel_rules *relabel_rules_of(struct capsule_ref ref);

struct relabel_scratch {
    struct arena texts; /* ≤ 16 MiB; reset at every use */
    struct label_builder builder;
};

void relabel_scratch_init(struct relabel_scratch *s, struct mem_owner *owner);
void relabel_scratch_release(struct relabel_scratch *s);

/* Changes the set in `b`; false = dropped. New texts live in `texts`. */
bool relabel_apply(const struct relabel_rules *rules, struct label_builder *b, struct arena *texts);

/* The relabelled set as a new reference (the same set when nothing changed), or NULL: dropped,
 * nothing left, beyond the limits of labels.h, or no memory: err->status is then STATUS_MEMORY, and
 * nothing is known of the set. */
struct labels *relabel_labels(const struct relabel_rules *rules, struct label_table *table,
                              struct relabel_scratch *s, const struct labels *in,
                              struct error *err);
/* The same for a target: a new reference, or NULL when dropped. */
struct target *relabel_target(const struct relabel_rules *rules, struct relabel_scratch *s,
                              const struct target *in);

#endif
