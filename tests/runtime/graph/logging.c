/* The logging block: level and format at once, lines to receivers a little later. */

#include "base/log.h"
#include "tests/support/graph.h"
#include "tests/support/test.h"

#include <fcntl.h>

enum { FIRST_FD = 1000 }; /* of the files in memory */

static void write_lines(struct log_sink *sink)
{
    struct log log = {.sink = sink};
    LOG_PLAIN(&log, LOG_DEBUG, "quiet");
    LOG_PLAIN(&log, LOG_WARN, "loud");
}

TEST(graph_logging, writes_lines_to_receivers)
{
    struct rig rig;
    struct log_sink *sink = log_sink_new(FIRST_FD);
    rig_init_with(&rig, &(struct graph_options){.min_stability = STABILITY_GA, .log = sink});
    cr_assert_eq(world_open(-1, "/log", O_WRONLY | O_CREAT, 0600), FIRST_FD);
    rig_load(&rig, "logging {\n  level = \"warn\"\n  format = \"json\"\n"
                   "  write_to = [test.pipe.p.logs]\n}\n"
                   "test.pipe \"p\" { }\n");
    cr_assert_str_eq(rig_problems(&rig), "");
    rig_journal();
    write_lines(sink);
    cr_assert_str_eq(rig_journal(), "", "never from where the line is written");
    fake_clock_run(rig.clock, INT64_C(200000000));
    const char *journal = rig_journal();
    cr_assert(strstr(journal, "\"msg\":\"loud\"") && !strstr(journal, "quiet"), "%s", journal);
    cr_assert_eq(strchr(journal, '\n') + 1, journal + strlen(journal), "one line: %s", journal);
    /* Without the block everything is as before. */
    rig_load(&rig, "test.pipe \"p\" { }\n");
    write_lines(sink);
    fake_clock_run(rig.clock, INT64_C(200000000));
    cr_assert_str_eq(rig_journal(), "");
    world_close(FIRST_FD);
    rig_release(&rig);
    log_sink_free(sink);
}

TEST(graph_logging, says_what_it_does_not_know)
{
    struct rig rig;
    rig_init(&rig);
    rig_load(&rig, "logging {\n  level = \"loud\"\n}\n");
    cr_assert_str_eq(rig_problems(&rig),
                     "/main.alloy:1:1: Failed to evaluate node for config block: decoding "
                     "configuration: /main.alloy:2:11: \"loud\" unrecognized log level \"loud\"");
    rig_load(&rig, "logging {\n  destination = \"stderr\"\n}\n");
    cr_assert(strstr(rig_problems(&rig), "\"destination\" is not supported by invar yet"), "%s",
              rig_problems(&rig));
    rig_release(&rig);
}
