/* A pipeline of metrics loads and reloads while every allocation fails once: nothing leaks, nothing
 * is half done, and the next load heals what failed. */
#include "runtime/component.h"
#include "tests/support/graph.h"
#include "tests/support/test.h"

#include <fcntl.h>

extern const struct component_def discovery_relabel, local_file, local_file_match, prometheus_echo,
    prometheus_exporter_self, prometheus_receive_http, prometheus_relabel, prometheus_remote_write,
    prometheus_scrape;
static const struct component_def *const components[] = {
    &discovery_relabel,        &local_file,
    &local_file_match,         &prometheus_echo,
    &prometheus_exporter_self, &prometheus_receive_http,
    &prometheus_relabel,       &prometheus_scrape,
    &prometheus_remote_write,  NULL};

#define PIPELINE(drop, interval)                                                                   \
    "local.file \"f\" {\n  filename = \"/etc/a\"\n}\n"                                             \
    "local.file_match \"m\" {\n  path_targets = [{__path__ = \"/etc/**/a*\"}]\n}\n"                \
    "discovery.relabel \"d\" {\n  targets = [{__address__ = \"h:1\", a = \"b\"}]\n"                \
    "  rule {\n    source_labels = [\"a\"]\n    target_label = \"c\"\n"                            \
    "    regex = \"(b|" drop ")\"\n    replacement = \"x${1}y\"\n  }\n}\n"                         \
    "prometheus.scrape \"s\" {\n  targets = discovery.relabel.d.output\n"                          \
    "  forward_to = [prometheus.relabel.r.receiver]\n  scrape_interval = \"" interval "\"\n}\n"    \
    "prometheus.relabel \"r\" {\n"                                                                 \
    "  forward_to = [prometheus.echo.e.receiver, prometheus.remote_write.w.receiver]\n"            \
    "  rule {\n    regex = \"" drop "\"\n    action = \"labeldrop\"\n  }\n}\n"                     \
    "prometheus.remote_write \"w\" {\n  endpoint {\n    url = \"http://h:9/" drop "\"\n"           \
    "    basic_auth {\n      username = \"u\"\n      password = local.file.f.content\n    }\n"     \
    "  }\n}\n"                                                                                     \
    "prometheus.receive_http \"i\" {\n  forward_to = [prometheus.relabel.r.receiver]\n}\n"         \
    "prometheus.echo \"e\" { }\n"                                                                  \
    "prometheus.exporter.self \"x\" { }\n"

static void begin(struct rig *rig, const char *text)
{
    rig_init_with(rig,
                  &(struct graph_options){.components = components, .min_stability = STABILITY_GA});
    cr_assert(world_mkdir(AT_FDCWD, "/etc", 0700) == 0);
    fake_files_put(rig->files, "/etc/a", STR("secret"));
    fake_files_put(rig->files, "/main.alloy", str_from(text));
}

static bool load(uint64_t nth)
{
    struct rig rig;
    begin(&rig, PIPELINE("one", "60s"));
    mem_fail_at(nth);
    enum graph_outcome outcome = rig_load_files(&rig);
    bool failed = mem_failed_once();
    mem_fail_at(0);
    cr_assert(failed || outcome == GRAPH_APPLIED, "%s", rig_problems(&rig));
    rig_release(&rig);
    return failed;
}

TEST(components_faults, a_load_survives_every_failing_allocation, .timeout = 300)
{
    uint64_t nth = 1;
    while (load(nth)) {
        nth++;
    }
    cr_assert_gt(nth, 100);
}

static bool reload(uint64_t nth)
{
    struct rig rig;
    begin(&rig, PIPELINE("one", "60s"));
    cr_assert_eq(rig_load_files(&rig), GRAPH_APPLIED, "%s", rig_problems(&rig));
    fake_files_put(rig.files, "/main.alloy", str_from(PIPELINE("two", "30s")));
    mem_fail_at(nth);
    (void)rig_load_files(&rig);
    bool failed = mem_failed_once();
    mem_fail_at(0);
    rig_settle(&rig);
    cr_assert_eq(rig_load_files(&rig), GRAPH_APPLIED);
    cr_assert_str_eq(rig_problems(&rig), "", "after allocation %d", (int)nth);
    rig_release(&rig);
    return failed;
}

TEST(components_faults, a_reload_survives_every_failing_allocation, .timeout = 300)
{
    uint64_t nth = 1;
    while (reload(nth)) {
        nth++;
    }
    cr_assert_gt(nth, 100);
}
