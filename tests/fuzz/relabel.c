/* Rules of relabelling over label sets and targets. The first byte chooses the action and the kind;
 * then come, each ended by a NUL: source labels (split at ","), separator, expression, target,
 * replacement, and pairs of a set. */

#include "base/arena.h"
#include "base/regex.h"
#include "compiler/target.h"
#include "components/common/relabel.h"
#include "tests/support/fuzz_input.h"

enum { INPUT_MAX = 4096, SOURCES = 8, PAIRS = 16, RULES = 2 };

struct job {
    struct label_table *table;
    struct str rest;
    uint8_t choice;
    struct relabel_scratch scratch;
};

static struct str next_text(struct job *job)
{
    struct str head;
    str_cut(job->rest, '\0', &head, &job->rest);
    return head;
}

static struct relabel_rules *read_rules(struct job *job)
{
    struct str sources[RULES][SOURCES];
    struct relabel_rule rules[RULES] = {0};
    size_t count = 1 + (job->choice >> 6 & 1);
    for (size_t i = 0; i < count; i++) {
        struct relabel_rule *r = &rules[i];
        struct str names = next_text(job);
        for (r->source_labels.items = sources[i];
             names.len > 0 && r->source_labels.count < SOURCES;)
            str_cut(names, ',', &sources[i][r->source_labels.count++], &names);
        r->action = (enum relabel_action)((job->choice & 31) % (RELABEL_UPPERCASE + 1));
        r->separator = next_text(job);
        r->regex.re = regex_new(next_text(job), REGEX_FULL, NULL);
        r->target_label = next_text(job);
        if (r->target_label.len == 0)
            r->target_label = STR("t"); /* as the shape of rules demands */
        r->replacement = next_text(job);
        r->modulus = 1 + r->replacement.len;
    }
    const struct relabel_rule_list list = {.items = rules, .count = count, .is_set = true};
    struct relabel_rules *compiled = relabel_rules_new(&list);
    for (size_t i = 0; i < count; i++)
        regex_unref(rules[i].regex.re);
    return compiled;
}

static void change_labels(struct job *job, const struct relabel_rules *rules)
{
    struct label pairs[PAIRS];
    size_t count = 0;
    for (; job->rest.len > 0 && count < PAIRS; count++) {
        pairs[count].name = next_text(job);
        pairs[count].value = next_text(job);
        if (pairs[count].name.len == 0)
            return;
    }
    struct labels *in = labels_intern(job->table, pairs, count, NULL);
    if (!in)
        return;
    struct error err;
    struct labels *out = relabel_labels(rules, job->table, &job->scratch, in, &err);
    struct labels *again = relabel_labels(rules, job->table, &job->scratch, in, &err);
    ASSERT(out == again || fuzz_has_failed());
    for (uint32_t i = 0; out && i < out->count; i++)
        ASSERT(out->pairs[i].value.len > 0);
    labels_unref(out);
    labels_unref(again);
    labels_unref(in);
}

static void change_target(struct job *job, const struct relabel_rules *rules)
{
    struct target_label pairs[PAIRS];
    size_t count = 0;
    for (; job->rest.len > 0 && count < PAIRS; count++) {
        pairs[count].name = next_text(job);
        pairs[count].value = next_text(job);
    }
    struct target *in = target_new(pairs, count);
    struct target *out = relabel_target(rules, &job->scratch, in);
    struct target *again = relabel_target(rules, &job->scratch, in);
    ASSERT(!out == !again && (!out || target_equal(out, again)));
    if (out)
        target_unref(out);
    if (again)
        target_unref(again);
    target_unref(in);
}

/* Sets live outside of scopes; so this runs without one. */
static void once(struct str input)
{
    struct job job = {.table = label_table_new(NULL)};
    fuzz_choice(&input, &job.choice);
    job.rest = input;
    relabel_scratch_init(&job.scratch, NULL);
    fuzz_begin();
    struct relabel_rules *rules = read_rules(&job);
    if (job.choice & 32)
        change_target(&job, rules);
    else
        change_labels(&job, rules);
    relabel_rules_unref(rules);
    fuzz_end();
    relabel_scratch_release(&job.scratch);
    ASSERT(label_table_count(job.table) == 0);
    label_table_free(job.table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(data, size, INPUT_MAX, once);
}
