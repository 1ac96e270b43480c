/* Imports: what they bring, how changes of their content are taken, and their limits. */

#include "tests/support/graph.h"
#include "tests/support/test.h"

#include <stdio.h>

static const char user[] = "import.file \"m\" {\n  filename = \"/m.alloy\"\n}\n"
                           "m.c \"x\" {\n  a = 1\n}\n"
                           "test.sum \"user\" {\n  plus = m.c.x.o\n}\n";
static const char module_one[] = "declare \"c\" {\n  argument \"a\" { }\n"
                                 "  test.sum \"in\" {\n    plus = argument.a.value\n  }\n"
                                 "  export \"o\" {\n    value = test.sum.in.sum\n  }\n}\n";
static const char module_ten[] = "declare \"c\" {\n  argument \"a\" { }\n"
                                 "  test.sum \"in\" {\n    plus = argument.a.value + 10\n  }\n"
                                 "  export \"o\" {\n    value = test.sum.in.sum\n  }\n}\n";

static void put(struct rig *rig, const char *path, const char *text)
{
    fake_files_advance(rig->files, 1000000);
    fake_files_put(rig->files, path, str_from(text));
}

/* Lets the watchers look. */
static void pass_time(struct rig *rig)
{
    for (unsigned i = 0; i < 3; i++) {
        fake_clock_run(rig->clock, 1000000000);
        rig_settle(rig);
    }
}

TEST(graph_import, a_file_brings_declares_and_its_changes_are_taken_as_they_come)
{
    struct rig rig;
    rig_init(&rig);
    put(&rig, "/m.alloy", module_one);
    cr_assert_eq(rig_load(&rig, user), GRAPH_APPLIED);
    cr_assert_str_eq(rig_problems(&rig), "");
    cr_assert_str_eq(rig_export(&rig, "test.sum.user", "sum"), "1");
    rig_journal();
    put(&rig, "/m.alloy", module_ten);
    pass_time(&rig);
    cr_assert_str_eq(rig_export(&rig, "test.sum.user", "sum"), "11");
    cr_assert_str_eq(rig_journal(), "update m.c.x/test.sum.in\nupdate test.sum.user\n",
                     "nothing is built anew");
    rig_release(&rig);
}

TEST(graph_import, broken_content_leaves_the_old_running)
{
    static const char *const broken[] = {"declare \"c\" {\n", "x = 1\n", "test.sum \"a\" { }\n",
                                         "declare \"c\" { c \"x\" { } }\n"};
    struct rig rig;
    rig_init(&rig);
    put(&rig, "/m.alloy", module_one);
    rig_load(&rig, user);
    rig_journal();
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        put(&rig, "/m.alloy", broken[i]);
        pass_time(&rig);
        cr_assert_str_eq(rig_export(&rig, "test.sum.user", "sum"), "1");
        cr_assert_str_eq(rig_health(&rig, "m.c.x"), "healthy: component evaluated");
    }
    cr_assert_str_eq(rig_journal(), "");
    put(&rig, "/m.alloy", module_ten);
    pass_time(&rig);
    cr_assert_str_eq(rig_export(&rig, "test.sum.user", "sum"), "11");
    rig_release(&rig);
}

TEST(graph_import, a_declare_that_goes_leaves_its_instances_running)
{
    struct rig rig;
    rig_init(&rig);
    put(&rig, "/m.alloy", module_one);
    rig_load(&rig, user);
    put(&rig, "/m.alloy", "declare \"other\" { export \"o\" { value = 1 } }\n");
    pass_time(&rig);
    cr_assert_str_eq(rig_health(&rig, "m.c.x"),
                     "unhealthy: component evaluation failed: loading custom component controller: "
                     "custom component config not found in the registry, namespace: \"m\", "
                     "componentName: \"c\"");
    cr_assert_str_eq(rig_export(&rig, "test.sum.user", "sum"), "1");
    put(&rig, "/m.alloy", module_ten);
    pass_time(&rig);
    cr_assert_str_eq(rig_export(&rig, "test.sum.user", "sum"), "11");
    rig_release(&rig);
}

TEST(graph_import, a_string_may_come_from_a_component)
{
    struct rig rig;
    rig_init(&rig);
    rig_load(&rig,
             "import.string \"m\" {\n"
             "  content = string.format(\"declare \\\"c\\\" { export \\\"o\\\" { value = %d } }\","
             " test.source.s.value)\n}\n"
             "test.source \"s\" {\n  value = 3\n}\n"
             "m.c \"x\" { }\n"
             "test.sum \"user\" {\n  plus = m.c.x.o\n}\n");
    cr_assert_str_eq(rig_problems(&rig), "");
    cr_assert_str_eq(rig_export(&rig, "test.sum.user", "sum"), "3");
    rig_publish("s", 8);
    rig_settle(&rig);
    cr_assert_str_eq(rig_export(&rig, "test.sum.user", "sum"), "8");
    rig_release(&rig);
}

TEST(graph_import, folders_nest_and_know_where_they_are)
{
    struct rig rig;
    rig_init(&rig);
    cr_assert_eq(world_mkdir(-1, "/mods", 0700), 0);
    put(&rig, "/mods/a.alloy",
        "declare \"a\" {\n  inner.leaf \"l\" { }\n"
        "  export \"o\" {\n    value = module_path + inner.leaf.l.o\n  }\n}\n");
    put(&rig, "/mods/b.alloy",
        "import.file \"inner\" {\n"
        "  filename = file.path_join(module_path, \"leaf.txt\")\n}\n");
    put(&rig, "/mods/leaf.txt",
        "declare \"leaf\" {\n  export \"o\" {\n    value = \"!\"\n  }\n}\n");
    rig_load(&rig, "import.file \"m\" {\n  filename = \"/mods\"\n}\nm.a \"x\" { }\n"
                   "test.sum \"user\" {\n  fail = m.a.x.o\n}\n");
    cr_assert_str_eq(rig_problems(&rig), "");
    cr_assert_str_eq(rig_export(&rig, "m.a.x", "o"), "/mods!");
    put(&rig, "/mods/leaf.txt",
        "declare \"leaf\" {\n  export \"o\" {\n    value = \"??\"\n  }\n}\n");
    pass_time(&rig);
    cr_assert_str_eq(rig_export(&rig, "m.a.x", "o"), "/mods??");
    rig_release(&rig);
}

TEST(graph_import, loops_end)
{
    struct rig rig;
    rig_init(&rig);
    put(&rig, "/a.alloy",
        "import.file \"b\" { filename = \"/b.alloy\" }\n"
        "declare \"c\" { export \"o\" { value = 1 } }\n");
    put(&rig, "/b.alloy", "import.file \"a\" { filename = \"/a.alloy\" }\n");
    rig_load(&rig, "import.file \"m\" {\n  filename = \"/a.alloy\"\n}\nm.c \"x\" { }\n");
    cr_assert_str_eq(rig_problems(&rig), "", "trouble inside is no trouble outside");
    cr_assert_str_eq(rig_export(&rig, "m.c.x", "o"), "1");
    rig_release(&rig);
}

/* Every level has twice as many instances as the one before. */
TEST(graph_import, bombs_are_refused)
{
    struct buf text;
    struct rig rig;
    rig_init(&rig);
    buf_init(&text, NULL, 1 << 20);
    buf_cstr(&text, "declare \"d0\" { test.sum \"x\" { } }\n");
    for (unsigned i = 1; i < 30; i++)
        buf_printf(&text, "declare \"d%u\" {\n  d%u \"a\" { }\n  d%u \"b\" { }\n}\n", i, i - 1,
                   i - 1);
    buf_printf(&text, "d29 \"bomb\" { }\n");
    buf_byte(&text, '\0');
    cr_assert_eq(rig_load(&rig, text.data), GRAPH_REJECTED);
    cr_assert_str_eq(rig_problems(&rig), "-: modules have more than 200000 blocks in use");
    buf_release(&text);
    rig_release(&rig);
}
