/* See faults.h. */

#include "tests/support/faults.h"

#include "tests/support/test.h"

enum { LEAST = 100 };

void each_in_turn(bool (*once)(const void *arg, uint64_t nth), const void *arg, uint64_t least)
{
    uint64_t nth = 1;
    while (once(arg, nth))
        nth++;
    cr_assert_gt(nth, least);
}

static enum graph_outcome load_under_failure(struct rig *rig, uint64_t nth, bool *failed)
{
    mem_fail_at(nth);
    enum graph_outcome outcome = rig_load_files(rig);
    *failed = mem_failed_once();
    mem_fail_at(0);
    if (outcome == GRAPH_UNREAD) {
        cr_assert(*failed);
        cr_assert_str_eq(rig->err.message, "out of memory");
    }
    return outcome;
}

static void heal(const struct faulty_load *f, struct rig *rig, uint64_t nth)
{
    rig_settle(rig);
    cr_assert_eq(rig_load_files(rig), GRAPH_APPLIED, "after allocation %d", (int)nth);
    cr_assert_str_eq(rig_problems(rig), "", "after allocation %d", (int)nth);
    if (f->healed)
        f->healed(rig);
}

static bool load(const void *arg, uint64_t nth)
{
    const struct faulty_load *f = arg;
    struct rig rig;
    bool failed = false;
    f->begin(&rig);
    fake_files_put(rig.files, "/main.alloy", str_from(f->before));
    enum graph_outcome outcome = load_under_failure(&rig, nth, &failed);
    bool good = outcome == GRAPH_APPLIED && !rig.diags.errors && rig.err.status == STATUS_OK;
    cr_assert(failed || good, "%s", rig_problems(&rig));
    cr_assert(!failed || !good || !f->strict, "allocation %d failed unnoticed", (int)nth);
    fake_files_put(rig.files, "/main.alloy", str_from(f->after));
    heal(f, &rig, nth);
    rig_release(&rig);
    return failed;
}

static bool reload(const void *arg, uint64_t nth)
{
    const struct faulty_load *f = arg;
    struct rig rig;
    bool failed = false;
    f->begin(&rig);
    fake_files_put(rig.files, "/main.alloy", str_from(f->before));
    cr_assert_eq(rig_load_files(&rig), GRAPH_APPLIED, "%s", rig_problems(&rig));
    fake_files_put(rig.files, "/main.alloy", str_from(f->after));
    (void)rig_journal();
    enum graph_outcome outcome = load_under_failure(&rig, nth, &failed);
    rig_settle(&rig);
    if (outcome == GRAPH_UNREAD && f->refused)
        f->refused(&rig);
    heal(f, &rig, nth);
    rig_release(&rig);
    return failed;
}

void every_allocation_of_a_load(const struct faulty_load *f)
{
    each_in_turn(load, f, LEAST);
}

void every_allocation_of_a_reload(const struct faulty_load *f)
{
    each_in_turn(reload, f, LEAST);
}
