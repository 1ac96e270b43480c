/* Random systems of equations against a naive evaluator: whatever is published in whatever order
 * and however the configuration changes, the graph ends where evaluating everything from scratch
 * ends, no wave evaluates a node twice, and exactly those expressions are evaluated that read
 * something that changed or stand in a text that did.
 *
 * EQUATIONS_WAVES=1000000 does more than a test run takes, EQUATIONS_STRIDE=10 compares values
 * after every tenth wave, EQUATIONS_SEED begins with another system. */

#include "tests/support/graph.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>

enum { NODES = 24, SOURCES = 3, INPUTS = 4, ROUNDS = 60, WAVES = 720 };

struct equation {
    int64_t plus;
    int inputs[INPUTS]; /* earlier equations, or -1 - source */
    int count;
    bool odd[INPUTS]; /* reads the remainder instead of the sum */
};

struct system {
    struct equation equations[NODES];
    int64_t sources[SOURCES];
    int64_t sums[NODES];
    /* As they were at the last comparison. */
    struct equation old_equations[NODES];
    int64_t old_sources[SOURCES];
    int64_t old_sums[NODES];
    uint64_t random;
};

static unsigned pick(struct system *s, unsigned bound)
{
    s->random = s->random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(s->random >> 33) % bound;
}

static void invent(struct system *s, int at)
{
    struct equation *e = &s->equations[at];
    e->plus = pick(s, 3);
    e->count = (int)pick(s, INPUTS + 1);
    for (int i = 0; i < e->count; i++) {
        bool source = at == 0 || pick(s, 4) == 0;
        e->inputs[i] = source ? -1 - (int)pick(s, SOURCES) : (int)pick(s, (unsigned)at);
        e->odd[i] = !source && pick(s, 2);
    }
}

static int64_t naive_input(const struct equation *e, int i, const int64_t *sources,
                           const int64_t *sums)
{
    if (e->inputs[i] < 0)
        return sources[-1 - e->inputs[i]];
    int64_t sum = sums[e->inputs[i]];
    return e->odd[i] ? sum & 1 : sum;
}

static void evaluate(struct system *s)
{
    for (int at = 0; at < NODES; at++) {
        const struct equation *e = &s->equations[at];
        s->sums[at] = e->plus;
        for (int i = 0; i < e->count; i++)
            s->sums[at] += naive_input(e, i, s->sources, s->sums);
    }
}

/* ---- what must be evaluated ---- */

static bool reads_a_change(const struct system *s, int at)
{
    const struct equation *e = &s->equations[at];
    for (int i = 0; i < e->count; i++) {
        if (naive_input(e, i, s->sources, s->sums) !=
            naive_input(e, i, s->old_sources, s->old_sums))
            return true;
    }
    return false;
}

static bool inputs_differ(const struct system *s, int at)
{
    const struct equation *e = &s->equations[at], *was = &s->old_equations[at];
    bool differs = e->count != was->count;
    for (int i = 0; i < e->count && !differs; i++)
        differs = naive_input(e, i, s->sources, s->sums) !=
                  naive_input(was, i, s->old_sources, s->old_sums);
    return differs;
}

static bool is_new(const struct system *s, int at)
{
    const struct equation *e = &s->equations[at], *was = &s->old_equations[at];
    bool differs = e->plus != was->plus || e->count != was->count;
    for (int i = 0; i < e->count && !differs; i++)
        differs = e->inputs[i] != was->inputs[i] || e->odd[i] != was->odd[i];
    return differs;
}

static bool is_boxed(int at)
{
    return at % 3 == 0;
}

/* The inputs of an equation are one expression; a box has one for each of its two arguments and
 * exports. */
static unsigned expressions(const struct system *s, int at)
{
    const struct equation *e = &s->equations[at];
    unsigned count = e->count && (is_new(s, at) || reads_a_change(s, at));
    if (is_boxed(at)) {
        count += inputs_differ(s, at);
        count += e->plus != s->old_equations[at].plus;
        count += s->sums[at] != s->old_sums[at];
        count += (s->sums[at] & 1) != (s->old_sums[at] & 1);
    }
    return count;
}

/* How many expressions the changes since the last comparison touch. */
static unsigned needed(struct system *s)
{
    unsigned count = 0;
    evaluate(s);
    for (int at = 0; at < NODES; at++)
        count += expressions(s, at);
    return count;
}

static void remember(struct system *s)
{
    memcpy(s->old_equations, s->equations, sizeof(s->equations));
    memcpy(s->old_sources, s->sources, sizeof(s->sources));
    memcpy(s->old_sums, s->sums, sizeof(s->sums));
}

/* Blocks in an order of their own; every third equation stands in a module. */
static void write_text(struct system *s, struct buf *text)
{
    buf_clear(text);
    buf_cstr(text, "declare \"boxed\" {\n  argument \"inputs\" { }\n  argument \"plus\" { }\n"
                   "  test.sum \"in\" {\n    inputs = argument.inputs.value\n"
                   "    plus = argument.plus.value\n  }\n"
                   "  export \"sum\" {\n    value = test.sum.in.sum\n  }\n"
                   "  export \"odd\" {\n    value = test.sum.in.odd\n  }\n}\n");
    for (int i = 0; i < SOURCES; i++)
        buf_printf(text, "test.source \"s%d\" {\n  value = 0\n}\n", i);
    unsigned first = pick(s, NODES);
    for (unsigned k = 0; k < NODES; k++) {
        int at = (int)((first + k * 7) % NODES);
        const struct equation *e = &s->equations[at];
        buf_printf(text, "%s \"e%d\" {\n  plus = %d\n  inputs = [",
                   is_boxed(at) ? "boxed" : "test.sum", at, (int)e->plus);
        for (int i = 0; i < e->count; i++) {
            if (e->inputs[i] < 0)
                buf_printf(text, "test.source.s%d.value, ", -1 - e->inputs[i]);
            else
                buf_printf(text, "%s.e%d.%s, ", is_boxed(e->inputs[i]) ? "boxed" : "test.sum",
                           e->inputs[i], e->odd[i] ? "odd" : "sum");
        }
        buf_cstr(text, "]\n}\n");
    }
    buf_byte(text, '\0');
}

static void compare(struct rig *rig, struct system *s, int round)
{
    char id[32], want[32];
    for (int at = 0; at < NODES; at++) {
        (void)snprintf(id, sizeof(id), "%s.e%d", is_boxed(at) ? "boxed" : "test.sum", at);
        (void)snprintf(want, sizeof(want), "%lld", (long long)s->sums[at]);
        cr_assert_str_eq(rig_export(rig, id, "sum"), want, "%s in round %d", id, round);
    }
}

/* No component is updated twice in what one wave noted. */
static void assert_once(const char *journal)
{
    for (const char *line = journal; *line; line = strchr(line, '\n') + 1) {
        size_t len = (size_t)(strchr(line, '\n') - line) + 1;
        for (const char *other = line + len; *other; other = strchr(other, '\n') + 1)
            cr_assert(strncmp(line, other, len) != 0, "twice: %.*s", (int)len, line);
    }
}

static void reload(struct rig *rig, struct system *s, struct buf *text)
{
    for (unsigned n = pick(s, 3); n > 0; n--)
        invent(s, (int)pick(s, NODES));
    write_text(s, text);
    cr_assert_eq(rig_load(rig, text->data), GRAPH_APPLIED);
    cr_assert_str_eq(rig_problems(rig), "");
    rig_journal();
}

static void publish(struct rig *rig, struct system *s)
{
    char label[8];
    for (unsigned n = 1 + pick(s, 3); n > 0; n--) {
        unsigned source = pick(s, SOURCES);
        s->sources[source] = pick(s, 4);
        (void)snprintf(label, sizeof(label), "s%u", source);
        rig_publish(label, s->sources[source]);
    }
    rig_settle(rig);
    assert_once(rig_journal());
}

static void change(struct rig *rig, struct system *s, struct buf *text)
{
    struct graph_counts before, after;
    graph_count(rig->graph, &before);
    if (pick(s, 5) == 0)
        reload(rig, s, text);
    else
        publish(rig, s);
    graph_count(rig->graph, &after);
    unsigned need = needed(s);
    cr_assert_eq(after.expressions - before.expressions, need, "%d evaluated, %u needed",
                 (int)(after.expressions - before.expressions), need);
    /* A node has an expression that needs it, or is an argument of a box, or its text is new. */
    cr_assert(after.waves - before.waves <= 1);
}

static uint64_t wish(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

static void run_system(uint64_t seed, struct buf *text)
{
    static _Thread_local struct system s;
    struct rig rig;
    s = (struct system){.random = seed};
    for (int at = 0; at < NODES; at++)
        invent(&s, at);
    rig_init(&rig);
    write_text(&s, text);
    cr_assert_eq(rig_load(&rig, text->data), GRAPH_APPLIED);
    cr_assert_str_eq(rig_problems(&rig), "");
    rig_journal();
    uint64_t stride = wish("EQUATIONS_STRIDE", 1);
    for (int round = 0; round < ROUNDS; round++) {
        evaluate(&s);
        remember(&s);
        if ((unsigned)round % stride == 0)
            compare(&rig, &s, round);
        change(&rig, &s, text);
    }
    evaluate(&s);
    compare(&rig, &s, ROUNDS);
    rig_release(&rig);
}

TEST(graph_equations, end_where_evaluating_from_scratch_ends_with_what_is_needed, .timeout = 36000)
{
    struct buf text;
    buf_init(&text, NULL, 1 << 20);
    uint64_t seed = wish("EQUATIONS_SEED", 1), waves = wish("EQUATIONS_WAVES", WAVES);
    for (uint64_t done = 0; done < waves; done += ROUNDS, seed++)
        run_system(seed, &text);
    buf_release(&text);
}
