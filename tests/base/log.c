/* The logger: the form of its lines, levels, holding back, the tap. */

#include "base/log.h"
#include "base/memory.h"
#include "base/world.h"
#include "tests/support/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A world whose files are the kernel's and whose clock stands still. */
static int64_t fixed_ns(struct world *w)
{
    (void)w;
    return 1704067200250000000;
}

struct bench {
    struct world world;
    struct world_ops ops;
    struct log_sink *sink;
    int fd;
};

static void bench_init(struct bench *b)
{
    char path[] = "/tmp/invar-log-XXXXXX";
    b->fd = mkstemp(path);
    cr_assert_geq(b->fd, 0);
    unlink(path);
    b->ops = *world_kernel()->ops;
    b->ops.wall_ns = fixed_ns;
    b->world = (struct world){.ops = &b->ops};
    world_enter(&b->world);
    b->sink = log_sink_new(b->fd);
}

static void bench_release(struct bench *b)
{
    log_sink_free(b->sink);
    close(b->fd);
    world_enter(NULL);
}

static void assert_written(struct bench *b, const char *expected)
{
    static char text[1 << 20];
    ssize_t len = pread(b->fd, text, sizeof(text) - 1, 0);
    cr_assert_geq(len, 0);
    text[len] = '\0';
    cr_assert_str_eq(text, expected);
    cr_assert_eq(ftruncate(b->fd, 0), 0);
    lseek(b->fd, 0, SEEK_SET);
}

#define TS "ts=2024-01-01T00:00:00.25Z "

TEST(base_log, writes_logfmt_and_json_as_slog_does)
{
    struct bench b;
    bench_init(&b);
    log_open(b.sink, LOG_INFO, LOG_LOGFMT);
    struct log log = {.sink = b.sink};
    LOG_PLAIN(&log, LOG_INFO, "plain");
    LOG_PLAIN(&log, LOG_DEBUG, "below the level");
    assert_written(&b, TS "level=info msg=plain\n");
    log.component_path = STR("/");
    log.component_id = STR("loki.write.x");
    log.extra_key = STR("target");
    log.extra_value = STR("a b");
    LOG(&log, LOG_ERROR, "two words", LOG_C("err", "a=\"b\"\n"), LOG_I("n", -3), LOG_F("f", 1e21),
        LOG_B("ok", true), LOG_NS("took", 1500000000), LOG_C("empty", ""), LOG_C("u", "é"),
        LOG_C("bad", "\xff"), LOG_C("slash", "a\\b"));
    assert_written(&b,
                   TS "level=error msg=\"two words\" component_path=/ component_id=loki.write.x "
                      "target=\"a b\" err=\"a=\\\"b\\\"\\n\" n=-3 f=1e+21 ok=true took=1.5s "
                      "empty=\"\" u=é bad=\"\\xff\" slash=a\\b\n");
    log_open(b.sink, LOG_DEBUG, LOG_JSON);
    cr_assert(log_enabled(&log, LOG_DEBUG));
    LOG(&log, LOG_DEBUG, "m<", LOG_C("err", "a\"b"), LOG_I("n", 1), LOG_F("f", 0.5),
        LOG_B("ok", false), LOG_NS("took", 1000));
    assert_written(&b, "{\"ts\":\"2024-01-01T00:00:00.25Z\",\"level\":\"debug\",\"msg\":\"m<\","
                       "\"component_path\":\"/\",\"component_id\":\"loki.write.x\","
                       "\"target\":\"a b\",\"err\":\"a\\\"b\",\"n\":1,\"f\":0.5,\"ok\":false,"
                       "\"took\":\"1µs\"}\n");
    enum log_level level;
    cr_assert(log_level_parse(STR("warn"), &level) && level == LOG_WARN);
    cr_assert_not(log_level_parse(STR("WARN"), &level));
    bench_release(&b);
}

TEST(base_log, holds_lines_until_the_format_is_known)
{
    struct bench b;
    bench_init(&b);
    struct log log = {.sink = b.sink};
    LOG_PLAIN(&log, LOG_DEBUG, "one");
    LOG_PLAIN(&log, LOG_WARN, "two");
    assert_written(&b, "");
    log_open(b.sink, LOG_INFO, LOG_JSON);
    assert_written(&b, "{\"ts\":\"2024-01-01T00:00:00.25Z\",\"level\":\"warn\",\"msg\":\"two\"}\n");
    bench_release(&b);

    bench_init(&b);
    log.sink = b.sink;
    LOG_PLAIN(&log, LOG_INFO, "at the end");
    log_sink_free(b.sink);
    assert_written(&b, TS "level=info msg=\"at the end\"\n");
    b.sink = NULL;
    bench_release(&b);
}

TEST(base_log, gives_up_the_oldest_held_lines_and_counts_them)
{
    struct bench b;
    bench_init(&b);
    struct log log = {.sink = b.sink};
    for (int i = 0; i < 5000; i++)
        LOG(&log, LOG_INFO, "x", LOG_I("i", i));
    log_open(b.sink, LOG_INFO, LOG_LOGFMT);
    static char text[1 << 20];
    ssize_t len = pread(b.fd, text, sizeof(text) - 1, 0);
    text[len] = '\0';
    cr_assert_null(strstr(text, "i=0\n"));
    cr_assert_not_null(strstr(text, "i=4999\n"));
    char *note = strstr(text, "were dropped\" lines=");
    cr_assert_not_null(note);
    cr_assert_gt(len, 100000);
    bench_release(&b);
}

TEST(base_log, a_huge_line_is_cut_and_failing_memory_costs_lines_only)
{
    struct bench b;
    bench_init(&b);
    struct log log = {.sink = b.sink};
    for (uint64_t n = 1; n <= 3; n++) {
        mem_fail_at(n);
        LOG_PLAIN(&log, LOG_INFO, "x");
        mem_fail_at(0);
    }
    log_open(b.sink, LOG_INFO, LOG_LOGFMT);
    assert_written(&b, TS "level=info msg=x\n" TS
                          "level=warn msg=\"log lines from before the configuration were dropped\" "
                          "lines=2\n");
    char *huge = mem_zalloc(NULL, 300001);
    memset(huge, 'y', 300000);
    LOG(&log, LOG_INFO, "short", LOG_C("value", huge));
    assert_written(&b, TS "level=info msg=short\n");
    mem_free(huge);
    bench_release(&b);
}

struct tapped {
    int count;
    char last[100];
};

static void tap(void *arg, enum log_level level, struct str line)
{
    struct tapped *t = arg;
    t->count++;
    cr_assert_eq(level, LOG_INFO);
    (void)snprintf(t->last, sizeof(t->last), "%.*s", STR_ARG(line));
}

TEST(base_log, a_tap_sees_what_passes_the_level)
{
    struct bench b;
    bench_init(&b);
    struct tapped t = {0};
    struct log log = {.sink = b.sink};
    log_open(b.sink, LOG_INFO, LOG_LOGFMT);
    log_set_tap(b.sink, tap, &t);
    LOG_PLAIN(&log, LOG_DEBUG, "a");
    LOG_PLAIN(&log, LOG_INFO, "b");
    cr_assert_eq(t.count, 1);
    cr_assert_str_eq(t.last, TS "level=info msg=b");
    log_set_tap(b.sink, NULL, NULL);
    LOG_PLAIN(&log, LOG_INFO, "c");
    cr_assert_eq(t.count, 1);
    bench_release(&b);
}
