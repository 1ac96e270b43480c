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
    struct relabel_rules *rules;
};

static void publish(struct relabel *r, const struct relabel_rules *rules,
                    const struct target_list *targets)
{
    struct relabel_scratch scratch;
    relabel_scratch_init(&scratch, host_memory(r->host));
    struct target **kept = mem_array(host_memory(r->host), targets->count + 1, sizeof(*kept));
    size_t count = 0;
    for (size_t i = 0; i < targets->count; i++) {
        struct target *t = relabel_target(rules, &scratch, targets->items[i]);
        if (t) {
            kept[count++] = t;
        }
    }
    struct exports exports = {.output = {.items = kept,
                                         .count = count,
                                         .is_set = true,
                                         .owner = target_array(kept, count)},
                              .rules = {relabel_rules_value(rules)}};
    host_export(r->host, &exports);
    value_unref(exports.rules.value);
    value_unref(exports.output.owner);
    for (size_t i = 0; i < count; i++) {
        target_unref(kept[i]);
    }
    mem_free(kept);
    relabel_scratch_release(&scratch);
}

static enum status build(void *self, struct component_host *host, const void *args,
                         struct error *err)
{
    (void)err;
    struct relabel *r = self;
    const struct args *a = args;
    r->host = host;
    r->rules = relabel_rules_new(&a->rules);
    publish(r, r->rules, &a->targets);
    return STATUS_OK;
}

static enum status update(void *self, const void *args, const void *old_args, struct error *err)
{
    (void)old_args;
    (void)err;
    struct relabel *r = self;
    const struct args *a = args;
    struct relabel_rules *rules = relabel_rules_new(&a->rules);
    publish(r, rules, &a->targets);
    relabel_rules_unref(r->rules);
    r->rules = rules;
    return STATUS_OK;
}

static void release(void *self)
{
    struct relabel *r = self;
    relabel_rules_unref(r->rules);
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
