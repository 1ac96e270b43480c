/* Loading and reloading as a transaction: what is kept, updated, started and stopped, and in which
 * order; what a rejected configuration leaves alone. */

#include "tests/support/graph.h"
#include "tests/support/test.h"

static const char chain[] = "test.sum \"b\" {\n  inputs = [test.sum.a.sum]\n}\n"
                            "test.sum \"a\" {\n  plus = 3\n}\n"
                            "test.sum \"c\" {\n  inputs = [test.sum.b.sum, test.sum.a.sum]\n}\n";

TEST(graph_load, starts_used_components_first_and_stops_users_first)
{
    struct rig rig;
    rig_init(&rig);
    cr_assert_eq(rig_load(&rig, chain), GRAPH_APPLIED);
    cr_assert_str_eq(rig_journal(), "build test.sum.a\nbuild test.sum.b\nbuild test.sum.c\n"
                                    "start test.sum.a\nstart test.sum.b\nstart test.sum.c\n");
    cr_assert_str_eq(rig_export(&rig, "test.sum.c", "sum"), "6");
    cr_assert_str_eq(rig_health(&rig, "test.sum.c"), "healthy: component evaluated");
    cr_assert(graph_ready(rig.graph));
    rig_release(&rig);
    cr_assert_str_eq(rig_journal(), "stop test.sum.c\nrelease test.sum.c\n"
                                    "stop test.sum.b\nrelease test.sum.b\n"
                                    "stop test.sum.a\nrelease test.sum.a\n");
}

TEST(graph_load, touches_only_what_changed)
{
    struct rig rig;
    rig_init(&rig);
    rig_load(&rig, chain);
    rig_journal();
    cr_assert_eq(rig_load(&rig, chain), GRAPH_APPLIED);
    cr_assert_str_eq(rig_journal(), "", "the same text changes nothing");
    rig_load(&rig, "test.sum \"a\" {\n  plus = 4\n}\n"
                   "test.sum \"b\" {\n  inputs = [test.sum.a.sum]\n}\n"
                   "test.sum \"d\" {\n  plus = 1\n}\n");
    cr_assert_str_eq(rig_journal(), "update test.sum.a\nupdate test.sum.b\nbuild test.sum.d\n"
                                    "stop test.sum.c\nrelease test.sum.c\nstart test.sum.d\n");
    cr_assert_str_eq(rig_export(&rig, "test.sum.b", "sum"), "4");
    rig_load(&rig, "");
    cr_assert_str_eq(rig_export(&rig, "test.sum.a", "sum"), "?");
    rig_release(&rig);
}

static void assert_rejected(struct rig *rig, enum graph_outcome want, const char *text,
                            const char *problems)
{
    cr_assert_eq(rig_load(rig, text), want, "%s", text);
    cr_assert_str_eq(rig_problems(rig), problems);
    cr_assert_str_eq(rig_journal(), "");
    cr_assert_str_eq(rig_export(rig, "test.sum.c", "sum"), "6");
}

TEST(graph_load, leaves_everything_alone_when_rejected)
{
    static const struct {
        enum graph_outcome outcome;
        const char *text, *problems;
    } cases[] = {
        {GRAPH_UNREAD, "test.sum \"a\" {\n", "/main.alloy:2:1: expected }, got EOF"},
        {GRAPH_UNREAD, "x = 1\n", "/main.alloy:1:1: unrecognized attribute x"},
        {GRAPH_REJECTED, "nope \"x\" {}\n",
         "/main.alloy:1:1: cannot find the definition of component name \"nope\""},
        {GRAPH_REJECTED, "test.sum {}\n",
         "/main.alloy:1:1: component \"test.sum\" must have a label"},
        {GRAPH_REJECTED, "test.sum \"a\" {}\ntest.sum \"a\" {}\n",
         "/main.alloy:2:1: block test.sum.a already declared at /main.alloy:1:1"},
        {GRAPH_REJECTED, "test.sum \"a\" { plus = test.sum.z.sum }\n",
         "/main.alloy:1:23: component \"test.sum.z.sum\" does not exist or is out of scope"},
        {GRAPH_REJECTED, "test.sum \"a\" { plus = test.sum.a.sum }\n",
         "-: self reference: test.sum.a"},
        {GRAPH_REJECTED,
         "test.sum \"x\" { plus = test.sum.y.sum }\ntest.sum \"y\" { plus = test.sum.x.sum }\n",
         "-: cycle: test.sum.x, test.sum.y"},
        {GRAPH_REJECTED, "argument \"x\" {}\n",
         "/main.alloy:1:1: argument blocks only allowed inside a module"},
        {GRAPH_REJECTED, "test.rare \"x\" {}\n",
         "/main.alloy:1:1: component \"test.rare\" is at stability level \"experimental\", which is "
         "below the minimum allowed stability level \"generally-available\". Use --stability.level "
         "command-line flag to enable \"experimental\" features"},
    };
    struct rig rig;
    rig_init(&rig);
    rig_load(&rig, chain);
    rig_journal();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_rejected(&rig, cases[i].outcome, cases[i].text, cases[i].problems);
    fake_files_remove(rig.files, "/main.alloy");
    cr_assert_eq(rig_load_files(&rig), GRAPH_UNREAD);
    cr_assert_str_eq(rig_problems(&rig), "stat /main.alloy: no such file or directory");
    /* The old text goes on reacting. */
    rig_load(&rig, chain);
    cr_assert_str_eq(rig_journal(), "");
    rig_release(&rig);
}

TEST(graph_load, keeps_the_last_good_state_of_what_fails)
{
    struct rig rig;
    rig_init(&rig);
    rig_load(&rig, chain);
    rig_journal();
    cr_assert_eq(rig_load(&rig, "test.sum \"a\" {\n  plus = 9\n  fail = \"update\"\n}\n"
                                "test.sum \"b\" {\n  inputs = [test.sum.a.sum]\n}\n"
                                "test.sum \"n\" {\n  fail = \"build\"\n}\n"
                                "test.sum \"u\" {\n  plus = test.sum.n.sum + 1\n}\n"
                                "test.sum \"w\" {\n  wrong = 1\n}\n"),
                 GRAPH_APPLIED);
    cr_assert_eq(rig.diags.len, 3);
    cr_assert_str_eq(rig_problems(&rig), "/main.alloy:1:1: Failed to build component: updating "
                                         "component: told to fail (and 2 more diagnostics)");
    cr_assert_str_eq(rig_export(&rig, "test.sum.a", "sum"), "3");
    cr_assert_str_eq(rig_export(&rig, "test.sum.b", "sum"), "3");
    cr_assert_str_eq(rig_export(&rig, "test.sum.u", "sum"), "1", "reads the zero of what failed");
    cr_assert_str_eq(rig_health(&rig, "test.sum.a"),
                     "unhealthy: component evaluation failed: updating component: told to fail");
    cr_assert_str_eq(rig_health(&rig, "test.sum.n"),
                     "unhealthy: component evaluation failed: building component: told to fail");
    cr_assert_str_eq(rig_health(&rig, "test.sum.w"),
                     "unhealthy: component evaluation failed: decoding configuration: "
                     "/main.alloy:15:3: unrecognized attribute name \"wrong\"");
    /* A later load heals it. */
    cr_assert_eq(rig_load(&rig, "test.sum \"a\" {\n  plus = 9\n}\ntest.sum \"n\" {}\n"),
                 GRAPH_APPLIED);
    cr_assert_eq(rig.diags.len, 0);
    cr_assert_str_eq(rig_export(&rig, "test.sum.a", "sum"), "9");
    cr_assert_str_eq(rig_health(&rig, "test.sum.n"), "healthy: component evaluated");
    rig_release(&rig);
}
