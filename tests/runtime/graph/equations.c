/* Random systems of equations against a naive evaluator: whatever is published in whatever order
 * and however the configuration changes, the graph ends where evaluating everything from scratch
 * ends, and no wave evaluates a node twice. */

#include "tests/support/graph.h"
#include "tests/support/test.h"

#include <stdio.h>

enum { NODES = 24, SOURCES = 3, INPUTS = 4, ROUNDS = 60, SYSTEMS = 12 };

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

static int64_t naive_input(const struct system *s, const struct equation *e, int i)
{
    if (e->inputs[i] < 0)
        return s->sources[-1 - e->inputs[i]];
    int64_t sum = s->sums[e->inputs[i]];
    return e->odd[i] ? sum & 1 : sum;
}

static void evaluate(struct system *s)
{
    for (int at = 0; at < NODES; at++) {
        const struct equation *e = &s->equations[at];
        s->sums[at] = e->plus;
        for (int i = 0; i < e->count; i++)
            s->sums[at] += naive_input(s, e, i);
    }
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
        buf_printf(text, "%s \"e%d\" {\n  plus = %d\n  inputs = [", at % 3 ? "test.sum" : "boxed",
                   at, (int)e->plus);
        for (int i = 0; i < e->count; i++) {
            if (e->inputs[i] < 0)
                buf_printf(text, "test.source.s%d.value, ", -1 - e->inputs[i]);
            else
                buf_printf(text, "%s.e%d.%s, ", e->inputs[i] % 3 ? "test.sum" : "boxed",
                           e->inputs[i], e->odd[i] ? "odd" : "sum");
        }
        buf_cstr(text, "]\n}\n");
    }
    buf_byte(text, '\0');
}

static void compare(struct rig *rig, struct system *s, int round)
{
    char id[32], want[32];
    evaluate(s);
    for (int at = 0; at < NODES; at++) {
        (void)snprintf(id, sizeof(id), "%s.e%d", at % 3 ? "test.sum" : "boxed", at);
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

static void change(struct rig *rig, struct system *s, struct buf *text)
{
    if (pick(s, 5) == 0) {
        invent(s, (int)pick(s, NODES));
        /* Arguments that a load changes make the sources publish their first value again only if
         * they differ, so the published values stay. */
        write_text(s, text);
        cr_assert_eq(rig_load(rig, text->data), GRAPH_APPLIED);
        cr_assert_str_eq(rig_problems(rig), "");
        rig_journal();
        return;
    }
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

TEST(graph_equations, end_where_evaluating_from_scratch_ends, .timeout = 120)
{
    struct buf text;
    buf_init(&text, NULL, 1 << 20);
    for (uint64_t seed = 1; seed <= SYSTEMS; seed++) {
        static struct system s;
        struct rig rig;
        s = (struct system){.random = seed};
        for (int at = 0; at < NODES; at++)
            invent(&s, at);
        rig_init(&rig);
        write_text(&s, &text);
        cr_assert_eq(rig_load(&rig, text.data), GRAPH_APPLIED);
        cr_assert_str_eq(rig_problems(&rig), "");
        rig_journal();
        for (int round = 0; round < ROUNDS; round++) {
            compare(&rig, &s, round);
            change(&rig, &s, &text);
        }
        rig_release(&rig);
    }
    buf_release(&text);
}
