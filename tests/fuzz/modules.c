/* Modules of every kind in a graph that lives in memory: a configuration, files that it may import,
 * then other texts of those files and another configuration. The parts of the input stand between
 * lines of "=====": main, a.alloy, lib/b.alloy, the next a.alloy, the next main. Whatever they say,
 * the graph is left clean; a load that is not applied changes no component. */

#include "base/world.h"
#include "tests/support/graph.h"

#include <fcntl.h>

enum { INPUT_MAX = 16 * 1024, PARTS = 5 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void split(struct str input, struct str parts[PARTS])
{
    for (int i = 0; i < PARTS; i++) {
        size_t end = i + 1 < PARTS ? str_find(input, STR("=====\n"), 0) : SIZE_MAX;
        parts[i] = end == SIZE_MAX ? input : str_slice(input, 0, end);
        input = end == SIZE_MAX ? STR_NONE : str_slice(input, end + 6, input.len);
    }
}

static void put(struct rig *rig, const char *path, struct str text)
{
    fake_files_advance(rig->files, 1000000);
    fake_files_put(rig->files, path, text);
}

static void count(void *arg, const struct graph_item *item)
{
    (void)item;
    ++*(size_t *)arg;
}

static void load(struct rig *rig, struct str text)
{
    size_t before = 0, after = 0;
    graph_each(rig->graph, count, &before);
    put(rig, "/main.alloy", text);
    enum graph_outcome outcome = rig_load_files(rig);
    graph_each(rig->graph, count, &after);
    ASSERT(outcome == GRAPH_APPLIED || before == after);
    if (outcome == GRAPH_APPLIED && !rig->diags.errors)
        (void)graph_run(rig->graph, &rig->err);
    rig_settle(rig);
}

/* Lets the watchers look. */
static void pass_time(struct rig *rig)
{
    for (int i = 0; i < 3; i++)
        fake_clock_run(rig->clock, 1000000000);
    rig_settle(rig);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str parts[PARTS];
    struct rig rig;
    if (size > INPUT_MAX)
        return 0;
    split(str_of((const char *)data, size), parts);
    rig_init_with(&rig, &(struct graph_options){.min_stability = STABILITY_EXPERIMENTAL});
    (void)world_mkdir(AT_FDCWD, "/lib", 0700);
    put(&rig, "/a.alloy", parts[1]);
    put(&rig, "/lib/b.alloy", parts[2]);
    load(&rig, parts[0]);
    put(&rig, "/a.alloy", parts[3]);
    pass_time(&rig);
    load(&rig, parts[4]);
    pass_time(&rig);
    rig_release(&rig);
    (void)rig_journal();
    return 0;
}
