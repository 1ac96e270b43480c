/* Every allocation and every file operation of a load and of a reload fails once. */

#include "tests/support/graph.h"
#include "tests/support/test.h"

static const char before[] = "declare \"d\" {\n  argument \"a\" { }\n"
                             "  test.sum \"in\" {\n    plus = argument.a.value\n  }\n"
                             "  export \"o\" {\n    value = test.sum.in.sum\n  }\n}\n"
                             "test.source \"s\" {\n  value = 1\n}\n"
                             "d \"x\" {\n  a = test.source.s.value\n}\n"
                             "test.sum \"user\" {\n  inputs = [d.x.o, 1]\n}\n"
                             "test.sum \"gone\" {\n  plus = 4\n}\n";
static const char after[] = "declare \"d\" {\n  argument \"a\" { }\n"
                            "  test.sum \"in\" {\n    plus = argument.a.value + 1\n  }\n"
                            "  export \"o\" {\n    value = test.sum.in.sum\n  }\n}\n"
                            "test.source \"s\" {\n  value = 1\n}\n"
                            "d \"x\" {\n  a = test.source.s.value\n}\n"
                            "test.sum \"user\" {\n  inputs = [d.x.o, 2]\n}\n"
                            "test.sum \"new\" {\n  inputs = [test.sum.user.sum]\n}\n";

/* A first load with the nth allocation failing; false when there was no nth. */
static bool first_load(uint64_t nth)
{
    struct rig rig;
    rig_init(&rig);
    fake_files_put(rig.files, "/main.alloy", str_from(before));
    mem_fail_at(nth);
    enum graph_outcome outcome = rig_load_files(&rig);
    bool failed = mem_failed_once();
    mem_fail_at(0);
    if (failed) {
        cr_assert(outcome != GRAPH_APPLIED || rig.diags.errors || rig.err.status != STATUS_OK,
                  "allocation %d failed unnoticed", (int)nth);
    } else {
        cr_assert_eq(outcome, GRAPH_APPLIED);
        cr_assert_eq(rig.diags.errors, 0);
    }
    rig_release(&rig);
    return failed;
}

TEST(graph_faults, a_first_load_survives_every_failing_allocation, .timeout = 120)
{
    uint64_t nth = 1;
    while (first_load(nth))
        nth++;
    cr_assert_gt(nth, 100);
}

static bool reload(uint64_t nth)
{
    struct rig rig;
    rig_init(&rig);
    rig_load(&rig, before);
    fake_files_put(rig.files, "/main.alloy", str_from(after));
    rig_journal();
    mem_fail_at(nth);
    enum graph_outcome outcome = rig_load_files(&rig);
    bool failed = mem_failed_once();
    mem_fail_at(0);
    rig_settle(&rig);
    if (outcome == GRAPH_UNREAD) {
        cr_assert(failed);
        cr_assert_str_eq(rig.err.message, "out of memory");
        cr_assert_str_eq(rig_journal(), "", "a load that is refused touches nothing");
        cr_assert_str_eq(rig_export(&rig, "test.sum.user", "sum"), "2");
    } /* else: a node kept its last state, or a comparison took the safe answer */
    /* The next load heals whatever failed. */
    cr_assert_eq(rig_load(&rig, after), GRAPH_APPLIED);
    cr_assert_str_eq(rig_problems(&rig), "");
    cr_assert_str_eq(rig_export(&rig, "test.sum.new", "sum"), "4", "after allocation %d", (int)nth);
    cr_assert_str_eq(rig_export(&rig, "test.sum.gone", "sum"), "?");
    rig_release(&rig);
    return failed;
}

TEST(graph_faults, a_reload_survives_every_failing_allocation, .timeout = 120)
{
    uint64_t nth = 1;
    while (reload(nth))
        nth++;
    cr_assert_gt(nth, 100);
}

static bool wave(uint64_t nth)
{
    struct rig rig;
    rig_init(&rig);
    rig_load(&rig, before);
    rig_publish("s", 5);
    mem_fail_at(nth);
    graph_flush(rig.graph);
    bool failed = mem_failed_once();
    mem_fail_at(0);
    rig_publish("s", 6);
    rig_settle(&rig);
    cr_assert_str_eq(rig_export(&rig, "test.sum.user", "sum"), "7", "after allocation %d",
                     (int)nth);
    cr_assert_str_eq(rig_health(&rig, "test.sum.user"), "healthy: component evaluated");
    rig_release(&rig);
    return failed;
}

TEST(graph_faults, a_wave_survives_every_failing_allocation, .timeout = 120)
{
    uint64_t nth = 1;
    while (wave(nth))
        nth++;
    cr_assert_gt(nth, 10);
}

static bool reload_with_file_error(uint64_t nth)
{
    struct rig rig;
    rig_init(&rig);
    rig_load(&rig, before);
    fake_files_put(rig.files, "/main.alloy", str_from(after));
    rig_journal();
    world_fail_at(nth, 5 /* EIO */);
    enum graph_outcome outcome = rig_load_files(&rig);
    bool failed = world_failed_once();
    world_fail_at(0, 0);
    rig_settle(&rig);
    if (outcome == GRAPH_UNREAD) {
        cr_assert(failed);
        cr_assert(strstr(rig.err.message, "input/output error"), "%s", rig.err.message);
        cr_assert_str_eq(rig_journal(), "");
        cr_assert_str_eq(rig_export(&rig, "test.sum.user", "sum"), "2");
    }
    rig_release(&rig);
    return failed;
}

TEST(graph_faults, a_reload_survives_every_failing_file_operation)
{
    uint64_t nth = 1;
    while (reload_with_file_error(nth))
        nth++;
    cr_assert_gt(nth, 3);
}
