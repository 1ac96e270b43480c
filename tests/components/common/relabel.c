/* Relabelling: every action on label sets and targets, and the cache of results. */
#include "components/common/relabel.h"

#include "base/regex.h"
#include "compiler/target.h"
#include "components/common/md5.h"
#include "components/common/relabel_cache.h"
#include "tests/support/test.h"

/* A rule with the defaults of the shape. */
static struct relabel_rule rule(enum relabel_action action, const char *source, const char *regex)
{
    static struct str sources[8];
    static unsigned used;
    struct str *name = &sources[used++ % 8];
    *name = str_from(source);
    struct relabel_rule r = {.action = action,
                             .separator = STR(";"),
                             .replacement = STR("$1"),
                             .regex = {regex_new(str_from(regex), REGEX_FULL, NULL)}};
    if (source) {
        r.source_labels = (struct str_list){.items = name, .count = 1, .is_set = true};
    }
    return r;
}

static struct relabel_rules *rules_of(struct relabel_rule *rules, size_t count)
{
    const struct relabel_rule_list list = {.items = rules, .count = count, .is_set = true};
    struct relabel_rules *compiled = relabel_rules_new(&list);
    for (size_t i = 0; i < count; i++) {
        regex_unref(rules[i].regex.re);
    }
    return compiled;
}

static struct label_table *table;
static struct relabel_scratch scratch;

static void begin(void)
{
    table = label_table_new(NULL);
    relabel_scratch_init(&scratch, NULL);
}

static void end(void)
{
    relabel_scratch_release(&scratch);
    label_table_free(table);
}

/* Applies one rule to {__name__="m", a="x-1", b="y"} and checks what is printed; NULL = dropped. */
static void check(struct relabel_rule r, const char *expected)
{
    const struct label pairs[] = {
        {STR("__name__"), STR("m")}, {STR("a"), STR("x-1")}, {STR("b"), STR("y")}};
    struct labels *in = labels_intern(table, pairs, 3, NULL);
    struct relabel_rules *rules = rules_of(&r, 1);
    struct error err;
    struct labels *out = relabel_labels(rules, table, &scratch, in, &err);
    if (expected) {
        struct buf text;
        buf_init(&text, NULL, 1000);
        cr_assert(out != NULL, "%s was dropped", expected);
        labels_print(&text, out);
        cr_assert(str_is(buf_view(&text), expected), "%.*s instead of %s", STR_ARG(buf_view(&text)),
                  expected);
        buf_release(&text);
        labels_unref(out);
    } else {
        cr_assert(out == NULL);
    }
    relabel_rules_unref(rules);
    labels_unref(in);
}

static struct relabel_rule with(struct relabel_rule r, const char *target, const char *replacement)
{
    r.target_label = str_from(target);
    r.replacement = str_from(replacement);
    return r;
}

/* A set that memory failed for is not taken for a dropped one. */
TEST(components_relabel, failing_memory_is_not_a_drop)
{
    struct relabel_rule r = rule(RELABEL_REPLACE, "a", "(.*)");
    const struct label pairs[] = {{STR("__name__"), STR("m")}, {STR("a"), STR("x-1")}};
    struct error err;
    unsigned failures = 0;
    begin();
    struct labels *in = labels_intern(table, pairs, 2, NULL);
    r.target_label = STR("new");
    r.replacement = STR("a value that stands in no other set");
    struct relabel_rules *rules = rules_of(&r, 1);
    /* What the first call keeps (texts, buckets) the second no longer asks for. */
    for (int turn = 0; turn < 4; turn++) {
        mem_fail_at(1);
        struct labels *out = relabel_labels(rules, table, &scratch, in, &err);
        mem_fail_at(0);
        cr_expect(out || err.status == STATUS_MEMORY, "turn %d", turn);
        failures += !out;
        labels_unref(out);
    }
    cr_expect_gt(failures, 0);
    relabel_rules_unref(rules);
    labels_unref(in);
    end();
}

TEST(components_relabel, actions_change_sets_as_prometheus_does)
{
    begin();
    struct relabel_rule r;
    check(with(rule(RELABEL_REPLACE, "a", "(.)-(\\d)"), "c", "${2}_$1$$"),
          "{__name__=\"m\", a=\"x-1\", b=\"y\", c=\"1_x$\"}");
    check(with(rule(RELABEL_REPLACE, "a", "x"), "c", "no"), "{__name__=\"m\", a=\"x-1\", b=\"y\"}");
    check(with(rule(RELABEL_REPLACE, "a", "(?P<l>.)-(.)"), "n_${l}", "$2"),
          "{__name__=\"m\", a=\"x-1\", b=\"y\", n_x=\"1\"}");
    check(with(rule(RELABEL_REPLACE, "a", "(.*)"), "n_$1", "v"),
          "{__name__=\"m\", a=\"x-1\", b=\"y\"}"); /* n_x-1 is no name */
    check(with(rule(RELABEL_REPLACE, "b", "y"), "b", ""), "{__name__=\"m\", a=\"x-1\"}");
    check(with(rule(RELABEL_REPLACE, "none", "(.*)"), "c", "[$1]"),
          "{__name__=\"m\", a=\"x-1\", b=\"y\", c=\"[]\"}");
    check(rule(RELABEL_KEEP, "a", "x.*"), "{__name__=\"m\", a=\"x-1\", b=\"y\"}");
    check(rule(RELABEL_KEEP, "a", "x"), NULL);
    check(rule(RELABEL_DROP, "b", "y|z"), NULL);
    check(rule(RELABEL_LABELDROP, NULL, "a|b"), "{__name__=\"m\"}");
    check(rule(RELABEL_LABELKEEP, NULL, "b"), "{b=\"y\"}");
    check(rule(RELABEL_LABELKEEP, NULL, "none"), NULL);
    check(with(rule(RELABEL_LABELMAP, NULL, "(a|b)"), "", "tag_$1"),
          "{__name__=\"m\", a=\"x-1\", b=\"y\", tag_a=\"x-1\", tag_b=\"y\"}");
    check(with(rule(RELABEL_UPPERCASE, "a", "(.*)"), "a", "$1"),
          "{__name__=\"m\", a=\"X-1\", b=\"y\"}");
    check(with(rule(RELABEL_KEEPEQUAL, "a", "(.*)"), "b", "$1"), NULL);
    check(with(rule(RELABEL_DROPEQUAL, "a", "(.*)"), "b", "$1"),
          "{__name__=\"m\", a=\"x-1\", b=\"y\"}");
    r = with(rule(RELABEL_HASHMOD, "b", "(.*)"), "h", "$1");
    r.modulus = 1000;
    check(r, "{__name__=\"m\", a=\"x-1\", b=\"y\", h=\"269\"}");
    struct str two[] = {STR("a"), STR("b")};
    r = with(rule(RELABEL_REPLACE, "a", "(.*)"), "j", "$1");
    r.source_labels.items = two;
    r.source_labels.count = 2;
    check(r, "{__name__=\"m\", a=\"x-1\", b=\"y\", j=\"x-1;y\"}");
    end();
}

TEST(components_relabel, targets_keep_what_no_rule_touches)
{
    begin();
    const struct target_label labels[] = {
        {STR("__address__"), STR("h:1")}, {STR("env"), STR("dev")}, {STR("empty"), STR("")}};
    struct target *t = target_new(labels, 2);
    struct relabel_rule keep = rule(RELABEL_KEEP, "env", "dev");
    struct relabel_rules *rules = rules_of(&keep, 1);
    struct target *same = relabel_target(rules, &scratch, t);
    cr_assert(same == t, "an unchanged target is shared");
    target_unref(same);
    relabel_rules_unref(rules);

    struct relabel_rule set = with(rule(RELABEL_REPLACE, "env", "(.*)"), "a b", "$1");
    rules = rules_of(&set, 1);
    struct target *changed = relabel_target(rules, &scratch, t);
    cr_assert(changed->count == 3 && str_is(target_get(changed, STR("a b")), "dev"));
    target_unref(changed);
    relabel_rules_unref(rules);

    /* A label without a value is none, also when there are no rules. */
    struct target *with_empty = target_new(labels, 3);
    rules = rules_of(NULL, 0);
    changed = relabel_target(rules, &scratch, with_empty);
    cr_assert(changed->count == 2 && target_equal(changed, t));
    target_unref(changed);
    target_unref(with_empty);
    relabel_rules_unref(rules);
    target_unref(t);
    end();
}

TEST(components_relabel, cache_is_bounded_and_keeps_what_is_used)
{
    begin();
    struct relabel_cache *cache = relabel_cache_new(NULL, 100);
    struct labels *sets[300];
    for (int i = 0; i < 300; i++) {
        char text[16];
        (void)snprintf(text, sizeof(text), "%d", i);
        const struct label pair = {STR("n"), str_from(text)};
        sets[i] = labels_intern(table, &pair, 1, NULL);
        relabel_cache_put(cache, sets[i], i % 2 ? sets[0] : NULL, i);
        struct labels *out = sets[1];
        cr_assert(relabel_cache_get(cache, sets[0], i, &out) && out == NULL);
    }
    cr_assert(relabel_cache_count(cache) == 100);
    struct labels *out = NULL;
    size_t known = 0;
    for (int i = 0; i < 300; i++) {
        known += relabel_cache_get(cache, sets[i], 300, &out);
        cr_assert(i == 0 || !out || out == sets[0]);
    }
    cr_assert(known == 100 && relabel_cache_get(cache, sets[299], 300, &out));
    cr_assert(relabel_cache_remove(cache, sets[299]) && !relabel_cache_remove(cache, sets[299]));
    cr_assert(relabel_cache_expire(cache, 300) == 0 && relabel_cache_expire(cache, 301) == 99);
    relabel_cache_free(cache);
    for (int i = 0; i < 300; i++) {
        labels_unref(sets[i]);
    }
    cr_assert(label_table_count(table) == 0);
    end();
}

TEST(components_relabel, md5_gives_the_sums_of_rfc_1321)
{
    static const struct {
        const char *text;
        unsigned char first, last;
    } sums[] = {{"", 0xd4, 0x7e},
                {"abc", 0x90, 0x72},
                {"message digest", 0xf9, 0xd0},
                {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
                 0x57, 0x7a}};
    for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
        unsigned char out[16];
        md5_sum(str_from(sums[i].text), out);
        cr_assert(out[0] == sums[i].first && out[15] == sums[i].last, "%s", sums[i].text);
    }
}

TEST(components_relabel, shape_of_rules_is_sound)
{
    struct error err = {0};
    cr_assert(schema_verify(&relabel_rule_shape, &err), "%s", err.message);
}
