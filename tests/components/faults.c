/* A pipeline of metrics loads and reloads while every allocation fails once: nothing leaks, nothing
 * is half done, and the next load heals what failed. */
#include "runtime/component.h"
#include "tests/support/faults.h"
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

static void begin(struct rig *rig)
{
    rig_init_with(rig,
                  &(struct graph_options){.components = components, .min_stability = STABILITY_GA});
    cr_assert(world_mkdir(AT_FDCWD, "/etc", 0700) == 0);
    fake_files_put(rig->files, "/etc/a", STR("secret"));
}

static const struct faulty_load faulty = {
    .begin = begin, .before = PIPELINE("one", "60s"), .after = PIPELINE("two", "30s")};

TEST(components_faults, a_load_survives_every_failing_allocation, .timeout = 300)
{
    every_allocation_of_a_load(&faulty);
}

TEST(components_faults, a_reload_survives_every_failing_allocation, .timeout = 300)
{
    every_allocation_of_a_reload(&faulty);
}
