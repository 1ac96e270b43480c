/* Waves: who is evaluated when an export changes, in which order, how often. */

#include "tests/support/graph.h"
#include "tests/support/test.h"

TEST(graph_wave, evaluates_a_diamond_once_and_in_order)
{
    struct rig rig;
    rig_init(&rig);
    rig_load(&rig, "test.source \"s\" {\n  value = 1\n}\n"
                   "test.sum \"join\" {\n  inputs = [test.sum.l.sum, test.sum.r.sum]\n}\n"
                   "test.sum \"l\" {\n  plus = test.source.s.value\n}\n"
                   "test.sum \"r\" {\n  plus = test.source.s.value * 10\n}\n"
                   "test.sum \"other\" {}\n");
    cr_assert_str_eq(rig_export(&rig, "test.sum.join", "sum"), "11");
    rig_journal();
    rig_publish("s", 2);
    rig_settle(&rig);
    cr_assert_str_eq(rig_journal(), "update test.sum.l\nupdate test.sum.r\nupdate test.sum.join\n");
    cr_assert_str_eq(rig_export(&rig, "test.sum.join", "sum"), "22");
    /* Several publications in one turn are one wave, with the last value. */
    rig_publish("s", 3);
    rig_publish("s", 4);
    rig_settle(&rig);
    cr_assert_str_eq(rig_journal(), "update test.sum.l\nupdate test.sum.r\nupdate test.sum.join\n");
    cr_assert_str_eq(rig_export(&rig, "test.sum.join", "sum"), "44");
    rig_release(&rig);
}

TEST(graph_wave, stops_where_nothing_changed)
{
    struct rig rig;
    struct graph_counts before, after;
    rig_init(&rig);
    rig_load(&rig, "test.source \"s\" {\n  value = 1\n}\n"
                   "test.sum \"a\" {\n  plus = test.source.s.value\n}\n"
                   "test.sum \"odd\" {\n  plus = test.sum.a.odd\n}\n"
                   "test.sum \"sum\" {\n  plus = test.sum.a.sum\n}\n"
                   "test.sum \"behind\" {\n  plus = test.sum.odd.sum\n}\n"
                   "test.sum \"same\" {\n  plus = test.source.s.value * 0\n}\n"
                   "test.sum \"behind_same\" {\n  plus = test.sum.same.sum\n}\n");
    rig_journal();
    graph_count(rig.graph, &before);
    rig_publish("s", 3); /* still odd */
    rig_settle(&rig);
    graph_count(rig.graph, &after);
    cr_assert_str_eq(rig_journal(), "update test.sum.a\nupdate test.sum.sum\n");
    cr_assert_eq(after.evaluations - before.evaluations, 3, "a, sum and same; got %d",
                 (int)(after.evaluations - before.evaluations));
    cr_assert_eq(after.waves - before.waves, 1);
    rig_publish("s", 3); /* equal: no wave at all */
    rig_settle(&rig);
    graph_count(rig.graph, &before);
    cr_assert_eq(after.evaluations, before.evaluations);
    rig_release(&rig);
}

TEST(graph_wave, goes_on_past_failures_and_heals)
{
    struct rig rig;
    rig_init(&rig);
    rig_load(&rig, "test.source \"s\" {\n  value = 1\n}\n"
                   "test.sum \"bad\" {\n  plus = 12 / test.source.s.value\n}\n"
                   "test.sum \"after\" {\n  plus = test.sum.bad.sum\n}\n"
                   "test.sum \"good\" {\n  plus = test.source.s.value\n}\n");
    rig_journal();
    rig_publish("s", 0);
    rig_settle(&rig);
    cr_assert_str_eq(rig_journal(), "update test.sum.good\n");
    cr_assert_str_eq(rig_health(&rig, "test.sum.bad"),
                     "unhealthy: component evaluation failed: decoding configuration: "
                     "/main.alloy:5:15: test.source.s.value divide by zero error");
    cr_assert_str_eq(rig_export(&rig, "test.sum.bad", "sum"), "12");
    cr_assert_str_eq(rig_health(&rig, "test.sum.after"), "healthy: component evaluated");
    rig_publish("s", 3);
    rig_settle(&rig);
    cr_assert_str_eq(rig_health(&rig, "test.sum.bad"), "healthy: component evaluated");
    cr_assert_str_eq(rig_export(&rig, "test.sum.after", "sum"), "4");
    rig_release(&rig);
}

TEST(graph_wave, passes_through_modules)
{
    struct rig rig;
    rig_init(&rig);
    rig_load(&rig, "declare \"twice\" {\n"
                   "  argument \"x\" {}\n"
                   "  argument \"y\" {\n    optional = true\n    default = 5\n  }\n"
                   "  test.sum \"in\" {\n    inputs = [argument.x.value, argument.x.value]\n  }\n"
                   "  test.sum \"still\" {\n    plus = argument.y.value\n  }\n"
                   "  export \"out\" {\n    value = test.sum.in.sum\n  }\n"
                   "  export \"five\" {\n    value = test.sum.still.sum\n  }\n"
                   "}\n"
                   "declare \"four\" {\n  argument \"x\" {}\n"
                   "  twice \"a\" {\n    x = argument.x.value\n  }\n"
                   "  twice \"b\" {\n    x = twice.a.out\n  }\n"
                   "  export \"out\" {\n    value = twice.b.out\n  }\n}\n"
                   "test.source \"s\" {\n  value = 1\n}\n"
                   "four \"f\" {\n  x = test.source.s.value\n}\n"
                   "twice \"t\" {\n  x = four.f.out\n}\n"
                   "test.sum \"end\" {\n  plus = twice.t.out\n}\n"
                   "test.sum \"five\" {\n  plus = twice.t.five\n}\n");
    cr_assert_str_eq(rig_problems(&rig), "");
    cr_assert_str_eq(rig_export(&rig, "test.sum.end", "sum"), "8");
    cr_assert_str_eq(rig_export(&rig, "test.sum.five", "sum"), "5");
    cr_assert_str_eq(rig_export(&rig, "four.f/twice.b/test.sum.in", "sum"), "4");
    rig_journal();
    rig_publish("s", 2);
    rig_settle(&rig);
    cr_assert_str_eq(rig_journal(), "update four.f/twice.a/test.sum.in\n"
                                    "update four.f/twice.b/test.sum.in\n"
                                    "update twice.t/test.sum.in\nupdate test.sum.end\n");
    cr_assert_str_eq(rig_export(&rig, "twice.t", "out"), "16");
    rig_release(&rig);
}
