/* Every allocation and every file operation of a load and of a reload fails once. */

#include "tests/support/faults.h"
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

static void refused(struct rig *rig)
{
    cr_assert_str_eq(rig_journal(), "", "a load that is refused touches nothing");
    cr_assert_str_eq(rig_export(rig, "test.sum.user", "sum"), "2");
}

static void healed(struct rig *rig)
{
    cr_assert_str_eq(rig_export(rig, "test.sum.new", "sum"), "4");
    cr_assert_str_eq(rig_export(rig, "test.sum.gone", "sum"), "?");
}

static const struct faulty_load faulty = {.begin = rig_init,
                                          .before = before,
                                          .after = after,
                                          .strict = true,
                                          .refused = refused,
                                          .healed = healed};

TEST(graph_faults, a_first_load_survives_every_failing_allocation, .timeout = 120)
{
    every_allocation_of_a_load(&faulty);
}

TEST(graph_faults, a_reload_survives_every_failing_allocation, .timeout = 120)
{
    every_allocation_of_a_reload(&faulty);
}

static bool wave(const void *arg, uint64_t nth)
{
    (void)arg;
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
    each_in_turn(wave, NULL, 10);
}

static bool reload_with_file_error(const void *arg, uint64_t nth)
{
    (void)arg;
    struct rig rig;
    rig_init(&rig);
    rig_load(&rig, before);
    fake_files_put(rig.files, "/main.alloy", str_from(after));
    (void)rig_journal();
    world_fail_at(nth, 5 /* EIO */);
    enum graph_outcome outcome = rig_load_files(&rig);
    bool failed = world_failed_once();
    world_fail_at(0, 0);
    rig_settle(&rig);
    if (outcome == GRAPH_UNREAD) {
        cr_assert(failed);
        cr_assert(strstr(rig.err.message, "input/output error"), "%s", rig.err.message);
        refused(&rig);
    }
    rig_release(&rig);
    return failed;
}

TEST(graph_faults, a_reload_survives_every_failing_file_operation)
{
    each_in_turn(reload_with_file_error, NULL, 3);
}
