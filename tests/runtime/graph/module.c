/* Custom components: what they may see, what is wrong with them, and how a reload treats them. */

#include "tests/support/graph.h"
#include "tests/support/test.h"

static void assert_fails(const char *text, const char *problem)
{
    struct rig rig;
    rig_init(&rig);
    rig_load(&rig, text);
    cr_assert_str_eq(rig_problems(&rig), problem, "%s", text);
    rig_release(&rig);
}

TEST(graph_module, refuses_what_is_wrong)
{
    static const char *const cases[][2] = {
        {"declare \"d\" { }\nd \"x\" { }\n",
         "/main.alloy:2:1: Failed to build component: loading custom component controller: custom "
         "component config not found in the registry, namespace: \"\", componentName: \"d\""},
        {"declare \"d\" {\n  logging { }\n}\nd \"x\" { }\n",
         "/main.alloy:2:3: logging block not allowed inside a module"},
        {"declare \"d\" {\n  http { }\n}\nd \"x\" { }\n",
         "/main.alloy:2:3: service blocks not allowed inside a module: \"http\""},
        {"declare \"d\" {\n  x = 1\n}\nd \"x\" { }\n", "/main.alloy:2:3: unrecognized attribute x"},
        {"declare \"a\" {\n  a \"x\" { }\n}\n", "-: self reference: declare.a"},
        {"declare \"d\" {\n  argument \"a\" { }\n}\nd \"x\" { }\n",
         "/main.alloy:2:3: Failed to evaluate node for config block: missing required argument "
         "\"a\" to module"},
        {"declare \"d\" {\n  export \"e\" { value = 1 }\n}\nd \"x\" {\n  b = 1\n}\n",
         "-: Provided argument \"b\" is not defined in the module"},
        {"declare \"d\" {\n  export \"e\" { value = 1 }\n}\nd \"x\" {\n  b { }\n}\n",
         "/main.alloy:5:3: nested blocks not supported here"},
        {"declare \"d\" {\n  export \"e\" { value = test.sum.a.sum }\n}\nd \"x\" { }\n"
         "test.sum \"a\" { }\n",
         "/main.alloy:2:24: component \"test.sum.a.sum\" does not exist or is out of scope"},
        {"declare \"d\" {\n  export \"e\" { value = 1 }\n}\nd \"x\" { }\n"
         "test.sum \"a\" { plus = d.x.nope }\n",
         "/main.alloy:5:27: field \"nope\" does not exist"},
        {"import.file \"m\" { filename = \"/x\" }\n",
         "/main.alloy:1:1: Failed to evaluate node for config block: failed to read file: stat /x: "
         "no such file or directory"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_fails(cases[i][0], cases[i][1]);
}

static const char first[] = "declare \"d\" {\n  argument \"a\" { }\n"
                            "  test.sum \"in\" {\n    plus = argument.a.value\n  }\n"
                            "  export \"o\" {\n    value = test.sum.in.sum\n  }\n}\n"
                            "d \"x\" {\n  a = 1\n}\n"
                            "test.sum \"user\" {\n  plus = d.x.o\n}\n";

TEST(graph_module, goes_on_with_its_old_body_when_the_new_one_is_wrong)
{
    struct rig rig;
    rig_init(&rig);
    rig_load(&rig, first);
    rig_journal();
    cr_assert_eq(rig_load(&rig, "declare \"d\" {\n  argument \"a\" { }\n  nope \"x\" { }\n"
                                "  export \"o\" {\n    value = 7\n  }\n}\n"
                                "d \"x\" {\n  a = 2\n}\n"
                                "test.sum \"user\" {\n  plus = d.x.o + 1\n}\n"),
                 GRAPH_APPLIED);
    cr_assert_str_eq(rig_problems(&rig),
                     "/main.alloy:3:3: cannot find the definition of component name \"nope\"");
    cr_assert_str_eq(rig_health(&rig, "d.x"),
                     "unhealthy: component evaluation failed: updating custom component: "
                     "/main.alloy:3:3: cannot find the definition of component name \"nope\"");
    cr_assert_str_eq(rig_journal(), "update test.sum.user\n");
    cr_assert_str_eq(rig_export(&rig, "d.x", "o"), "1");
    cr_assert_str_eq(rig_export(&rig, "test.sum.user", "sum"), "2");
    /* Healed: the inner component is the same one. */
    rig_load(&rig, first);
    cr_assert_str_eq(rig_journal(), "update test.sum.user\n");
    cr_assert_str_eq(rig_health(&rig, "d.x"), "healthy: component evaluated");
    rig_release(&rig);
}

TEST(graph_module, shows_what_fails_inside_when_it_is_loaded)
{
    struct rig rig;
    rig_init(&rig);
    rig_load(&rig, "declare \"d\" {\n  test.sum \"in\" {\n    fail = \"build\"\n  }\n}\n"
                   "d \"x\" { }\n");
    cr_assert_str_eq(rig_problems(&rig), "/main.alloy:2:3: Failed to build component: building "
                                         "component: told to fail");
    cr_assert_str_eq(rig_health(&rig, "d.x"),
                     "unhealthy: component evaluation failed: updating custom component: "
                     "/main.alloy:2:3: Failed to build component: building component: told to "
                     "fail");
    rig_release(&rig);
}

/* Each declare uses the one before twice: 2^n components. */
TEST(graph_module, bounds_what_modules_multiply_to)
{
    struct buf text;
    struct rig rig;
    buf_init(&text, NULL, 1 << 20);
    buf_cstr(&text, "declare \"d0\" {\n  export \"o\" { value = 1 }\n}\n");
    for (int i = 1; i < 200; i++)
        buf_printf(&text, "declare \"d%d\" {\n  d%d \"a\" { }\n}\n", i, i - 1);
    buf_cstr(&text, "d199 \"x\" { }\n");
    buf_byte(&text, '\0');
    rig_init(&rig);
    rig_load(&rig, text.data);
    cr_assert(strstr(rig_problems(&rig), "custom components are nested too deeply"), "%s",
              rig_problems(&rig));
    rig_release(&rig);
    buf_release(&text);
}
