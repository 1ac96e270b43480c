/* local.file and local.file_match in a live graph. */
#include "runtime/component.h"
#include "tests/support/graph.h"
#include "tests/support/test.h"

#include <fcntl.h>

extern const struct component_def local_file, local_file_match, discovery_relabel;
static const struct component_def *const components[] = {&local_file, &local_file_match,
                                                         &discovery_relabel, NULL};
static const int64_t SECOND_NS = 1000000000;

static void begin(struct rig *rig)
{
    rig_init_with(rig,
                  &(struct graph_options){.components = components, .min_stability = STABILITY_GA});
    cr_assert(world_mkdir(AT_FDCWD, "/etc", 0700) == 0);
}

static void pass(struct rig *rig, int64_t seconds)
{
    fake_files_advance(rig->files, seconds * SECOND_NS);
    fake_clock_run(rig->clock, seconds * SECOND_NS);
    rig_settle(rig);
}

/* Whether the component's page as JSON holds the text. */
static bool shows(struct rig *rig, const char *id, const char *text)
{
    struct buf json;
    struct json_writer w;
    buf_init(&json, NULL, 100000);
    json_begin(&w, &json);
    cr_assert(graph_component_json(rig->graph, str_from(id), &w));
    bool found = str_find(buf_view(&json), str_from(text), 0) != SIZE_MAX;
    buf_release(&json);
    return found;
}

TEST(components_local, content_follows_the_file_and_survives_its_absence)
{
    struct rig rig;
    begin(&rig);
    fake_files_put(rig.files, "/etc/a", STR("one"));
    cr_assert(rig_load(&rig,
                       "local.file \"f\" {\n  filename = \"/etc/a\"\n}\n"
                       "local.file \"s\" {\n  filename = \"/etc/a\"\n  is_secret = true\n"
                       "  detector = \"poll\"\n  poll_frequency = \"10s\"\n}\n") == GRAPH_APPLIED,
              "%s", rig_problems(&rig));
    rig_settle(&rig);
    cr_assert_str_eq(rig_export(&rig, "local.file.f", "content"), "\"one\"");
    cr_assert_str_eq(rig_export(&rig, "local.file.s", "content"), "(secret)");
    fake_files_put(rig.files, "/etc/a", STR("two, and longer"));
    pass(&rig, 2);
    cr_assert_str_eq(rig_export(&rig, "local.file.f", "content"), "\"two, and longer\"");
    fake_files_remove(rig.files, "/etc/a");
    pass(&rig, 2);
    cr_assert_str_eq(rig_export(&rig, "local.file.f", "content"), "\"two, and longer\"");
    cr_assert(strstr(rig_health(&rig, "local.file.f"), "unhealthy: failed to read file: "), "%s",
              rig_health(&rig, "local.file.f"));
    fake_files_put(rig.files, "/etc/a", STR("three"));
    pass(&rig, 2);
    cr_assert_str_eq(rig_export(&rig, "local.file.f", "content"), "\"three\"");
    cr_assert_str_eq(rig_health(&rig, "local.file.f"), "healthy: read file");
    rig_release(&rig);
}

TEST(components_local, a_missing_file_fails_the_load)
{
    struct rig rig;
    begin(&rig);
    cr_assert(rig_load(&rig, "local.file \"f\" {\n  filename = \"/etc/none\"\n}\n") != GRAPH_BUSY);
    cr_assert(strstr(rig_problems(&rig), "failed to read file: open /etc/none: no such file or "
                                         "directory"),
              "%s", rig_problems(&rig));
    rig_release(&rig);
}

TEST(components_local, matched_files_become_targets_and_relabelling_follows)
{
    struct rig rig;
    begin(&rig);
    fake_files_put(rig.files, "/etc/a.log", STR("x"));
    fake_files_put(rig.files, "/etc/b.txt", STR("x"));
    cr_assert(rig_load(&rig, "local.file_match \"m\" {\n"
                             "  path_targets = [{__path__ = \"/etc/*\", "
                             "__path_exclude__ = \"/etc/*.txt\", job = \"j\"}]\n"
                             "  sync_period = \"1s\"\n}\n"
                             "discovery.relabel \"r\" {\n  targets = local.file_match.m.targets\n"
                             "  rule {\n    regex = \"__path_exclude__\"\n"
                             "    action = \"labeldrop\"\n  }\n"
                             "  rule {\n    source_labels = [\"__path__\"]\n"
                             "    regex = \"/etc/(.*)\\\\.log\"\n    target_label = \"name\"\n"
                             "  }\n}\n") == GRAPH_APPLIED,
              "%s", rig_problems(&rig));
    rig_settle(&rig);
    cr_assert(shows(&rig, "discovery.relabel.r", "/etc/a.log"));
    cr_assert(!shows(&rig, "discovery.relabel.r", "/etc/b.txt"));
    cr_assert(shows(&rig, "local.file_match.m", "__path_exclude__"));
    fake_files_put(rig.files, "/etc/c.log", STR("x"));
    pass(&rig, 2);
    cr_assert(shows(&rig, "discovery.relabel.r", "/etc/a.log"));
    cr_assert(shows(&rig, "discovery.relabel.r", "/etc/c.log"));
    rig_release(&rig);
}
