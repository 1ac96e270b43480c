/* foreach: what its items run, and how it goes on when they change or fail. */

#include "tests/support/graph.h"
#include "tests/support/test.h"

static void start(struct rig *rig)
{
    rig_init_with(rig, &(struct graph_options){.min_stability = STABILITY_EXPERIMENTAL});
}

static const char live[] = "test.source \"s\" {\n  value = 1\n}\n"
                           "foreach \"f\" {\n  collection = [1, test.source.s.value]\n"
                           "  var = \"it\"\n  template {\n"
                           "    test.sum \"x\" {\n      plus = it + test.source.s.value\n    }\n"
                           "  }\n}\n";

TEST(graph_foreach, items_come_and_go_with_the_collection)
{
    struct rig rig;
    start(&rig);
    rig_load(&rig, live);
    cr_assert_str_eq(rig_problems(&rig), "");
    cr_assert_str_eq(rig_export(&rig, "foreach.f/foreach_1_1/test.sum.x", "sum"), "2");
    cr_assert_str_eq(rig_export(&rig, "foreach.f/foreach_1_2/test.sum.x", "sum"), "2");
    rig_journal();
    rig_publish("s", 5);
    rig_settle(&rig);
    cr_assert_str_eq(rig_export(&rig, "foreach.f/foreach_1_1/test.sum.x", "sum"), "6");
    cr_assert_str_eq(rig_export(&rig, "foreach.f/foreach_5_1/test.sum.x", "sum"), "10");
    cr_assert_str_eq(rig_export(&rig, "foreach.f/foreach_1_2/test.sum.x", "sum"), "?");
    cr_assert_str_eq(rig_journal(), "update foreach.f/foreach_1_1/test.sum.x\n"
                                    "build foreach.f/foreach_5_1/test.sum.x\n"
                                    "stop foreach.f/foreach_1_2/test.sum.x\n"
                                    "release foreach.f/foreach_1_2/test.sum.x\n"
                                    "start foreach.f/foreach_5_1/test.sum.x\n");
    rig_release(&rig);
}

TEST(graph_foreach, a_failing_item_stops_the_change)
{
    static const char *const before = "foreach \"f\" {\n  collection = [1, 2]\n  var = \"it\"\n"
                                      "  template {\n    test.sum \"x\" {\n      plus = it\n    }\n"
                                      "  }\n}\n";
    static const char *const after =
        "foreach \"f\" {\n  collection = [1, \"a\", 3]\n  var = \"it\"\n"
        "  template {\n    test.sum \"x\" {\n      plus = it + 10\n    }\n"
        "  }\n}\n";
    struct rig rig;
    start(&rig);
    rig_load(&rig, before);
    cr_assert_eq(rig_load(&rig, after), GRAPH_APPLIED);
    cr_assert_str_eq(rig_problems(&rig), "/main.alloy:6:19: 10 should be string, got number");
    cr_assert_str_eq(rig_export(&rig, "foreach.f/foreach_1_1/test.sum.x", "sum"), "11");
    cr_assert_str_eq(rig_export(&rig, "foreach.f/foreach_2_1/test.sum.x", "sum"), "2");
    cr_assert_str_eq(rig_export(&rig, "foreach.f/foreach_3_1/test.sum.x", "sum"), "?");
    rig_load(&rig, before);
    cr_assert_str_eq(rig_problems(&rig), "");
    cr_assert_str_eq(rig_export(&rig, "foreach.f/foreach_1_1/test.sum.x", "sum"), "1");
    rig_release(&rig);
}

TEST(graph_foreach, nests_in_itself_and_in_modules)
{
    struct rig rig;
    start(&rig);
    rig_load(&rig, "declare \"d\" {\n  argument \"c\" { }\n"
                   "  foreach \"f\" {\n    collection = argument.c.value\n    var = \"it\"\n"
                   "    template {\n      foreach \"g\" {\n        collection = [it, it + 1]\n"
                   "        var = \"jt\"\n        template {\n"
                   "          test.sum \"x\" {\n            plus = it * 100 + jt\n          }\n"
                   "        }\n      }\n    }\n  }\n}\n"
                   "d \"i\" {\n  c = [1, 2]\n}\n");
    cr_assert_str_eq(rig_problems(&rig), "");
    cr_assert_str_eq(
        rig_export(&rig, "d.i/foreach.f/foreach_2_1/foreach.g/foreach_3_1/test.sum.x", "sum"),
        "203");
    rig_release(&rig);
}

static void note_change(void *arg, enum load_change change, struct str id)
{
    static const char *const names[] = {[LOAD_ADDED] = "added",
                                        [LOAD_CHANGED] = "changed",
                                        [LOAD_REMOVED] = "removed",
                                        [LOAD_KEPT] = "kept"};
    buf_printf(arg, "%s %.*s\n", names[change], STR_ARG(id));
}

TEST(graph_foreach, a_load_reports_what_became_of_each_item)
{
    struct rig rig;
    struct buf report;
    buf_init(&report, NULL, 4096);
    start(&rig);
    rig_load(&rig, "foreach \"f\" {\n  collection = [1, 2, 3]\n  var = \"it\"\n"
                   "  template {\n    test.sum \"x\" {\n      plus = it\n    }\n  }\n}\n");
    rig_load(&rig, "foreach \"f\" {\n  collection = [1, 4]\n  var = \"it\"\n"
                   "  template {\n    test.sum \"x\" {\n      plus = it\n    }\n  }\n}\n");
    cr_assert_str_eq(rig_problems(&rig), "");
    graph_last_load(rig.graph, note_change, &report);
    buf_byte(&report, 0);
    cr_assert_str_eq((const char *)report.data, "kept foreach.f/foreach_1_1/test.sum.x\n"
                                                "added foreach.f/foreach_4_1/test.sum.x\n"
                                                "removed foreach.f/foreach_2_1/test.sum.x\n"
                                                "removed foreach.f/foreach_3_1/test.sum.x\n");
    buf_release(&report);
    rig_release(&rig);
}

static void assert_fails(const char *text, const char *problem)
{
    struct rig rig;
    start(&rig);
    rig_load(&rig, text);
    cr_assert_str_eq(rig_problems(&rig), problem, "%s", text);
    rig_release(&rig);
}

TEST(graph_foreach, says_what_is_wrong)
{
    assert_fails("foreach \"f\" { }\n", "/main.alloy:1:1: Failed to build component: the block "
                                        "template is missing in the foreach block");
    assert_fails("foreach \"f\" {\n  collection = [-1]\n  var = \"v\"\n  template { }\n}\n",
                 "/main.alloy:1:1: Failed to build component: creating custom component: "
                 "customComponent ID \"foreach_-1_1\" is not a valid identifier");
    assert_fails("foreach \"f\" {\n  collection = [1]\n  var = \"v\"\n"
                 "  template {\n    nope \"x\" { }\n  }\n}\n",
                 "/main.alloy:5:5: cannot find the definition of component name \"nope\"");
    assert_fails("foreach \"f\" {\n  collection = [1]\n  var = \"test\"\n"
                 "  template {\n    test.sum \"x\" {\n      plus = test\n    }\n  }\n}\n",
                 "/main.alloy:5:5: Failed to build component: expected a map but found a value for "
                 "\"test\" when trying to cache the export for test.sum.x");
    assert_fails("foreach \"f\" {\n  collection = nope.x\n  var = \"v\"\n  template { }\n}\n",
                 "/main.alloy:2:16: identifier \"nope\" does not exist");
}
