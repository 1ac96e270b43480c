/* discovery.relabel: rewrites targets. Owns nothing but its compiled rules; its output is as large
 * as its input. */
#include "components/common/relabel.h"

#include "compiler/target.h"
#include "runtime/component.h"

struct args {
    struct target_list targets;
    struct relabel_rule_list rules;
};

struct exports {
    struct target_list output;
    struct capsule_ref rules;
};

static const struct row rows[] = {
    {ATTR(struct args, targets), .required = true, .doc = "Targets to relabel."},
    {BLOCKS(struct args, rules, "rule", relabel_rule_shape), .doc = "Rules, applied in order."},
    {0},
};
static const struct shape args_shape = {
    .name = "discovery.relabel", .rows = rows, .size = sizeof(struct args)};

static const struct row export_rows[] = {
    {ATTR(struct exports, output), .doc = "The targets that were kept."},
    {ATTR(struct exports, rules), .capsule = &capsule_relabel_rules, .doc = "The rules."},
    {0},
};
static const struct shape exports_shape = {
    .name = "exports", .rows = export_rows, .size = sizeof(struct exports)};

struct relabel {
    struct component_host *host;
    struct value *rules; /* the capsule that is exported */
};

static const struct relabel_rules *rules_of(struct value *value)
{
    return relabel_rules_of((struct capsule_ref){value});
}

/* The targets as they came, when all were kept as they are. */
static struct value *output_of(const struct target_list *targets, struct target *const *kept,
                               size_t count)
{
    bool same = count == targets->count && targets->owner;
    for (size_t i = 0; same && i < count; i++) {
        same = kept[i] == targets->items[i];
    }
    return same ? value_ref(targets->owner) : target_array(kept, count);
}

static void publish(struct relabel *r, struct value *rules, size_t rule_count,
                    const struct target_list *targets)
{
    struct exports exports = {.output = {.is_set = true}, .rules = {rules}};
    if (!rule_count && targets->owner) {
        exports.output = *targets;
        host_export(r->host, &exports);
        return;
    }
    struct relabel_scratch scratch;
    relabel_scratch_init(&scratch, host_memory(r->host));
    struct target **kept = mem_array(host_memory(r->host), targets->count + 1, sizeof(*kept));
    size_t count = 0;
    for (size_t i = 0; i < targets->count; i++) {
        struct target *t = relabel_target(rules_of(rules), &scratch, targets->items[i]);
        if (t) {
            kept[count++] = t;
        }
    }
    exports.output.items = kept;
    exports.output.count = count;
    exports.output.owner = output_of(targets, kept, count);
    host_export(r->host, &exports);
    value_unref(exports.output.owner);
    for (size_t i = 0; i < count; i++) {
        target_unref(kept[i]);
    }
    mem_free(kept);
    relabel_scratch_release(&scratch);
}

static struct value *compile(const struct args *args)
{
    struct relabel_rules *rules = relabel_rules_new(&args->rules);
    struct value *value = relabel_rules_value(rules);
    relabel_rules_unref(rules);
    return value;
}

static enum status build(void *self, struct component_host *host, const void *args,
                         struct error *err)
{
    (void)err;
    struct relabel *r = self;
    const struct args *a = args;
    r->host = host;
    r->rules = compile(a);
    publish(r, r->rules, a->rules.count, &a->targets);
    return STATUS_OK;
}

/* Arguments that share the list of rules with the former ones have the same rules. */
static enum status update(void *self, const void *args, const void *old_args, struct error *err)
{
    (void)err;
    struct relabel *r = self;
    const struct args *a = args, *old = old_args;
    bool same_rules = a->rules.items == old->rules.items && a->rules.count == old->rules.count;
    struct value *rules = same_rules ? r->rules : compile(a);
    publish(r, rules, a->rules.count, &a->targets);
    if (!same_rules) {
        value_unref(r->rules);
        r->rules = rules;
    }
    return STATUS_OK;
}

static void release(void *self)
{
    struct relabel *r = self;
    value_unref(r->rules);
}

const struct component_def discovery_relabel = {
    .name = "discovery.relabel",
    .summary = "Rewrites the labels of targets.",
    .stability = STABILITY_GA,
    .args = &args_shape,
    .exports = &exports_shape,
    .size = sizeof(struct relabel),
    .build = build,
    .update = update,
    .release = release,
};
