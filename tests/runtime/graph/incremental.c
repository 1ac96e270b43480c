/* A load evaluates what it touches, and nothing else; a change evaluates the expressions that read
 * it, in order, each once. */

#include "tests/support/graph.h"
#include "tests/support/test.h"

struct counts {
    struct graph_counts before;
    struct graph *graph;
};

static struct counts begin(struct rig *rig)
{
    struct counts counts = {.graph = rig->graph};
    graph_count(rig->graph, &counts.before);
    return counts;
}

static void assert_evaluated(const struct counts *counts, unsigned nodes, unsigned expressions)
{
    struct graph_counts after;
    graph_count(counts->graph, &after);
    cr_assert_eq(after.evaluations - counts->before.evaluations, nodes, "%d nodes, not %u",
                 (int)(after.evaluations - counts->before.evaluations), nodes);
    cr_assert_eq(after.expressions - counts->before.expressions, expressions,
                 "%d expressions, not %u", (int)(after.expressions - counts->before.expressions),
                 expressions);
}

TEST(graph_incremental, load_evaluates_the_blocks_that_changed)
{
    struct rig rig;
    rig_init(&rig);
    rig_load(&rig, "test.source \"s\" {\n  value = 1\n}\n"
                   "test.sum \"a\" {\n  plus = test.source.s.value\n}\n"
                   "test.sum \"b\" {\n  plus = test.sum.a.odd\n}\n");
    rig_journal();
    struct counts c = begin(&rig);
    /* Other places, an old block with a new comment, a new block. */
    rig_load(&rig, "// moved\n\ntest.sum \"b\" {\n  plus = test.sum.a.odd\n}\n"
                   "test.sum \"new\" {\n  plus = test.sum.b.sum\n}\n"
                   "test.sum \"a\" {\n  plus = test.source.s.value // one\n}\n"
                   "test.source \"s\" {\n  value = 1\n}\n");
    assert_evaluated(&c, 2, 2); /* a and new */
    cr_assert_str_eq(rig_journal(), "build test.sum.new\nstart test.sum.new\n");
    /* A change that goes on: a's sum is 3 now, and still odd. */
    c = begin(&rig);
    rig_load(&rig, "test.source \"s\" {\n  value = 1\n}\n"
                   "test.sum \"a\" {\n  plus = test.source.s.value + 2\n}\n"
                   "test.sum \"b\" {\n  plus = test.sum.a.odd\n}\n"
                   "test.sum \"new\" {\n  plus = test.sum.b.sum\n}\n");
    assert_evaluated(&c, 1, 1);
    cr_assert_str_eq(rig_journal(), "update test.sum.a\n");
    rig_release(&rig);
}

TEST(graph_incremental, what_is_kept_is_named_by_its_new_place)
{
    struct rig rig;
    rig_init(&rig);
    rig_load(&rig, "test.source \"s\" {\n  value = 1\n}\n"
                   "test.sum \"a\" {\n  plus = [5, 6][test.source.s.value]\n}\n");
    struct counts c = begin(&rig);
    rig_load(&rig, "\n\n\ntest.source \"s\" {\n  value = 1\n}\n"
                   "test.sum \"a\" {\n  plus = [5, 6][test.source.s.value]\n}\n");
    assert_evaluated(&c, 0, 0);
    rig_publish("s", 7);
    rig_settle(&rig);
    cr_assert(strstr(rig_health(&rig, "test.sum.a"), "/main.alloy:8:17: "), "%s",
              rig_health(&rig, "test.sum.a"));
    cr_assert_str_eq(rig_export(&rig, "test.sum.a", "sum"), "6");
    /* What failed is tried again by every load. */
    c = begin(&rig);
    rig_load_files(&rig);
    cr_assert(strstr(rig_problems(&rig), "/main.alloy:8:17: "), "%s", rig_problems(&rig));
    assert_evaluated(&c, 1, 0);
    rig_publish("s", 0);
    rig_settle(&rig);
    cr_assert_str_eq(rig_health(&rig, "test.sum.a"), "healthy: component evaluated");
    rig_release(&rig);
}

TEST(graph_incremental, references_that_mean_something_else_are_followed)
{
    struct rig rig;
    rig_init(&rig);
    rig_load(&rig, "test.source \"s\" {\n  value = 1\n}\n"
                   "test.sum \"a\" {\n  plus = x.s.value\n}\n"
                   "x \"s\" {}\n"
                   "declare \"x\" {\n  export \"value\" {\n    value = 2\n  }\n}\n");
    rig_load(&rig, "test.source \"s\" {\n  value = 1\n}\n"
                   "test.sum \"a\" {\n  plus = x.s.value\n}\n"
                   "x \"s\" {}\n"
                   "declare \"x\" {\n  export \"value\" {\n    value = 3\n  }\n}\n");
    cr_assert_str_eq(rig_export(&rig, "test.sum.a", "sum"), "3");
    /* The export is gone, then the module grows one again. */
    rig_load(&rig, "test.source \"s\" {\n  value = 1\n}\n"
                   "test.sum \"a\" {\n  plus = x.s.value\n}\n"
                   "x \"s\" {}\n"
                   "declare \"x\" {\n  export \"other\" {\n    value = 3\n  }\n}\n");
    cr_assert(strstr(rig_problems(&rig), "field \"value\" does not exist"), "%s",
              rig_problems(&rig));
    rig_load(&rig, "test.source \"s\" {\n  value = 1\n}\n"
                   "test.sum \"a\" {\n  plus = x.s.value\n}\n"
                   "x \"s\" {}\n"
                   "declare \"x\" {\n  export \"value\" {\n    value = 4\n  }\n}\n");
    cr_assert_str_eq(rig_problems(&rig), "");
    cr_assert_str_eq(rig_export(&rig, "test.sum.a", "sum"), "4");
    rig_release(&rig);
}

static const char modules[] =
    "declare \"box\" {\n"
    "  argument \"a\" { }\n"
    "  argument \"b\" {\n    optional = true\n    default = 5\n  }\n"
    "  test.sum \"in\" {\n    plus = argument.a.value.x\n    inputs = [argument.b.value]\n  }\n"
    "  export \"o\" {\n    value = test.sum.in.sum\n  }\n"
    "  export \"odd\" {\n    value = test.sum.in.odd\n  }\n}\n"
    "test.source \"s\" {\n  value = 1\n}\n"
    "test.source \"t\" {\n  value = 1\n}\n"
    "box \"l\" {\n  a = {x = test.source.s.value, y = 1}\n}\n"
    "box \"r\" {\n  a = {x = 1, y = test.source.s.value}\n  b = test.source.t.value\n}\n"
    "test.sum \"join\" {\n  inputs = [box.l.o, box.r.o]\n  plus = box.l.odd\n}\n";

TEST(graph_incremental, change_evaluates_the_expressions_that_read_it)
{
    struct rig rig;
    rig_init(&rig);
    rig_load(&rig, modules);
    cr_assert_str_eq(rig_problems(&rig), "");
    cr_assert_str_eq(rig_export(&rig, "test.sum.join", "sum"), "8");
    rig_journal();
    /* box.l: call, argument a, in (plus), exports o (in.odd stays), then join's inputs. box.r: its
     * call, and argument a, of which nobody reads y. */
    struct counts c = begin(&rig);
    rig_publish("s", 3);
    rig_settle(&rig);
    cr_assert_str_eq(rig_journal(), "update box.l/test.sum.in\nupdate test.sum.join\n");
    assert_evaluated(&c, 7, 5);
    cr_assert_str_eq(rig_export(&rig, "test.sum.join", "sum"), "10");
    /* The other argument alone: call b, argument b, in (inputs), exports o and odd, join. */
    c = begin(&rig);
    rig_publish("t", 2);
    rig_settle(&rig);
    cr_assert_str_eq(rig_journal(), "update box.r/test.sum.in\nupdate test.sum.join\n");
    assert_evaluated(&c, 6, 5);
    /* The same text again. */
    c = begin(&rig);
    rig_load(&rig, modules);
    assert_evaluated(&c, 0, 0);
    cr_assert_str_eq(rig_journal(), "");
    rig_release(&rig);
}

TEST(graph_incremental, load_looks_only_into_the_modules_that_changed)
{
    struct rig rig;
    rig_init(&rig);
    rig_load(&rig, "declare \"in\" {\n  test.sum \"x\" {\n    plus = 1\n  }\n"
                   "  test.sum \"y\" {\n    plus = test.sum.x.sum\n  }\n"
                   "  export \"o\" {\n    value = test.sum.y.sum\n  }\n}\n"
                   "declare \"out\" {\n  in \"i\" { }\n"
                   "  export \"o\" {\n    value = in.i.o\n  }\n}\n"
                   "out \"a\" { }\nout \"b\" { }\n");
    cr_assert_str_eq(rig_problems(&rig), "");
    rig_journal();
    struct counts c = begin(&rig);
    rig_load(&rig, "declare \"in\" {\n  test.sum \"x\" {\n    plus = 1\n  }\n"
                   "  test.sum \"y\" {\n    plus = test.sum.x.sum + 1\n  }\n"
                   "  export \"o\" {\n    value = test.sum.y.sum\n  }\n}\n"
                   "declare \"out\" {\n  in \"i\" { }\n"
                   "  export \"o\" {\n    value = in.i.o\n  }\n}\n"
                   "out \"a\" { }\nout \"b\" { }\n");
    /* Twice y and the two exports behind it. */
    assert_evaluated(&c, 6, 6);
    cr_assert_str_eq(rig_journal(), "update out.a/in.i/test.sum.y\nupdate out.b/in.i/test.sum.y\n");
    cr_assert_str_eq(rig_export(&rig, "out.b", "o"), "2");
    rig_release(&rig);
}

TEST(graph_incremental, arguments_change_one_by_one_again_and_again)
{
    struct rig rig;
    rig_init(&rig);
    rig_load(&rig, "test.source \"s\" {\n  value = 0\n}\n"
                   "test.source \"t\" {\n  value = 0\n}\n"
                   "test.sum \"a\" {\n  plus = test.source.s.value\n"
                   "  inputs = [1000, test.source.t.value]\n}\n");
    unsigned s = 0, t = 0;
    for (unsigned i = 1; i <= 60; i++) {
        struct counts c = begin(&rig);
        bool first = i % 3 != 1, second = i % 3 != 2; /* one, the other, both */
        if (first)
            rig_publish("s", s = i);
        if (second)
            rig_publish("t", t = 100 * i);
        rig_settle(&rig);
        char sum[16];
        (void)snprintf(sum, sizeof(sum), "%u", 1000 + s + t);
        cr_assert_str_eq(rig_export(&rig, "test.sum.a", "sum"), sum);
        assert_evaluated(&c, 1, first + second);
    }
    /* A load decodes the whole; then it goes on in parts. */
    rig_load(&rig, "test.source \"s\" {\n  value = 0\n}\n"
                   "test.source \"t\" {\n  value = 0\n}\n"
                   "test.sum \"a\" {\n  plus = test.source.s.value + 7\n"
                   "  inputs = [1000, test.source.t.value]\n}\n");
    rig_publish("s", 1);
    rig_settle(&rig);
    char sum[16];
    (void)snprintf(sum, sizeof(sum), "%u", 1008 + t);
    cr_assert_str_eq(rig_export(&rig, "test.sum.a", "sum"), sum);
    rig_release(&rig);
}
