/* loki.source.file on virtual files and time: lines end in a receiver that notes them. */
#include "base/compress.h"
#include "tests/support/graph.h"
#include "tests/support/lines.h"
#include "tests/support/test.h"

#include <fcntl.h>

static const int64_t SECOND_NS = 1000000000;

extern const struct component_def loki_source_file;
static const struct component_def *const components[] = {&loki_source_file, &test_lines, NULL};

#define SOURCE_OF(targets, more)                                                                   \
    "test.lines \"l\" { }\n"                                                                       \
    "loki.source.file \"f\" {\n  targets = [" targets "]\n"                                        \
    "  forward_to = [test.lines.l.receiver]\n" more "}\n"
#define SOURCE(more) SOURCE_OF("{__path__ = \"/log/a\", job = \"j\", __x = \"y\"}", more)
#define NOTHING "test.lines \"l\" { }\n"

static void load(struct rig *rig, const char *text)
{
    cr_assert(rig_load(rig, text) == GRAPH_APPLIED, "%s", rig_problems(rig));
    rig_settle(rig);
}

static void refuse(struct rig *rig, const char *text, const char *why)
{
    (void)rig_load(rig, text);
    rig_settle(rig);
    const char *health = rig_health(rig, "loki.source.file.f");
    const char *problems = rig_problems(rig);
    cr_assert(strstr(health, why) || strstr(problems, why), "%s; %s", health, problems);
}

static void begin(struct rig *rig)
{
    lines_begin();
    lines_view()->with_labels = false;
    rig_init_with(rig,
                  &(struct graph_options){.components = components, .min_stability = STABILITY_GA});
    cr_assert(world_mkdir(AT_FDCWD, "/log", 0700) == 0);
}

static void end(struct rig *rig)
{
    rig_release(rig);
    lines_end();
}

static void append(const char *path, const char *text)
{
    int fd = world_open(AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT, 0600);
    cr_assert(fd >= 0);
    struct stat st;
    cr_assert(world_fstat(fd, &st) == 0);
    cr_assert(world_pwrite(fd, text, strlen(text), st.st_size) == (ssize_t)strlen(text));
    world_close(fd);
}

/* Lets time pass and compares what was noted in it. */
static void expect(struct rig *rig, const char *notes, int line)
{
    fake_files_advance(rig->files, SECOND_NS);
    fake_clock_run(rig->clock, 4 * SECOND_NS);
    struct str got = buf_view(&lines_view()->notes);
    cr_assert(str_is(got, notes), "line %d: got\n%.*s\ninstead of\n%s", line, STR_ARG(got), notes);
    buf_clear(&lines_view()->notes);
}

#define EXPECT(notes) expect(&rig, notes, __LINE__)

TEST(components_loki_file, follows_a_file_and_keeps_a_begun_line_until_it_ends)
{
    struct rig rig;
    begin(&rig);
    append("/log/a", "one\r\n\n two \npart");
    lines_view()->with_labels = true;
    load(&rig, SOURCE(""));
#define LABELS "{filename=\"/log/a\", job=\"j\"} "
    EXPECT(LABELS "one\n" LABELS "\n" LABELS " two \n");
    append("/log/a", "ial\nnext\n");
    EXPECT(LABELS "partial\n" LABELS "next\n");
    EXPECT("");
    end(&rig);
}

TEST(components_loki_file, rotation_truncation_and_absence_lose_and_repeat_nothing)
{
    struct rig rig;
    begin(&rig);
    load(&rig, SOURCE(""));
    EXPECT("");
    append("/log/a", "one\n");
    EXPECT("one\n");
    /* By rename, with a line that was not read yet and one without end. */
    append("/log/a", "late\nno end");
    cr_assert(world_rename(AT_FDCWD, "/log/a", AT_FDCWD, "/log/a.1") == 0);
    append("/log/a", "new\n");
    EXPECT("late\nno end\nnew\n");
    /* Begun anew in place: shorter, and longer than it was. */
    fake_files_put(rig.files, "/log/a", STR("t\n"));
    EXPECT("t\n");
    fake_files_put(rig.files, "/log/a", STR("another beginning\n"));
    EXPECT("another beginning\n");
    /* Gone, and back. */
    cr_assert(world_unlink(AT_FDCWD, "/log/a", 0) == 0);
    EXPECT("");
    append("/log/a", "back\n");
    EXPECT("back\n");
    end(&rig);
}

TEST(components_loki_file, a_restart_goes_on_where_lines_were_acknowledged)
{
    struct rig rig;
    begin(&rig);
    append("/log/a", "one\ntwo\n");
    load(&rig, SOURCE(""));
    EXPECT("one\ntwo\n");
    load(&rig, NOTHING);
    append("/log/a", "while away\n");
    load(&rig, SOURCE(""));
    EXPECT("while away\n");
    /* Rotated while away: the old file is finished first. */
    load(&rig, NOTHING);
    append("/log/a", "old\n");
    cr_assert(world_rename(AT_FDCWD, "/log/a", AT_FDCWD, "/log/a.1") == 0);
    append("/log/a", "new\n");
    load(&rig, SOURCE(""));
    EXPECT("old\nnew\n");
    /* Replaced by another file while away. */
    load(&rig, NOTHING);
    cr_assert(world_unlink(AT_FDCWD, "/log/a", 0) == 0);
    append("/log/a", "other\n");
    load(&rig, SOURCE(""));
    EXPECT("other\n");
    /* Replaced by a longer copy. */
    load(&rig, NOTHING);
    append("/log/b", "other\nmore\n");
    cr_assert(world_rename(AT_FDCWD, "/log/b", AT_FDCWD, "/log/a") == 0);
    load(&rig, SOURCE(""));
    EXPECT("more\n");
    end(&rig);
}

TEST(components_loki_file, a_busy_receiver_stops_reading_and_gets_everything_once)
{
    struct rig rig;
    begin(&rig);
    lines_view()->refuse = 5;
    append("/log/a", "one\n");
    load(&rig, SOURCE(""));
    append("/log/a", "two\n");
    EXPECT("one\ntwo\n");
    cr_assert(lines_view()->refused == 5);
    /* Refused until it ends: the position did not move. */
    lines_view()->refuse = 1000;
    append("/log/a", "three\n");
    EXPECT("");
    load(&rig, NOTHING);
    lines_view()->refuse = 0;
    load(&rig, SOURCE(""));
    EXPECT("three\n");
    /* What will never be taken is passed over. */
    lines_view()->answer = ACK_REJECTED;
    append("/log/a", "four\n");
    EXPECT("four\n");
    EXPECT("");
    end(&rig);
}

TEST(components_loki_file, encodings_and_compressed_files)
{
    static const char utf16[] = "\xff\xfe"
                                "a\0\r\0\n\0\x03\x26\n\0x\0";
    struct rig rig;
    struct buf gzip;
    struct error err;
    begin(&rig);
    fake_files_put(rig.files, "/log/a", str_of(utf16, sizeof utf16 - 1));
    load(&rig, SOURCE("  encoding = \"UTF-16\"\n"));
    EXPECT("a\n\xe2\x98\x83\n");
    refuse(&rig, SOURCE("  encoding = \"EBCDIC\"\n"), "UTF-16LE and ISO-8859-1");
    fake_files_put(rig.files, "/log/b",
                   STR("\xef\xbb\xbf"
                       "b\xff\n"));
    load(&rig, SOURCE_OF("{__path__ = \"/log/b\"}", "  encoding = \"utf-8\"\n"));
    EXPECT("b\xff\n"); /* a mark says that nothing is to be decoded */
    fake_files_put(rig.files, "/log/c", STR("c\xff\n"));
    load(&rig, SOURCE_OF("{__path__ = \"/log/c\"}", "  encoding = \"utf-8\"\n"));
    EXPECT("c\xef\xbf\xbd\n");
    load(&rig, SOURCE_OF("{__path__ = \"/log/c\", x = \"y\"}", "  encoding = \"ISO-8859-1\"\n"));
    EXPECT("c\xc3\xbf\n");

    buf_init(&gzip, NULL, 1 << 20);
    cr_assert(compress_bytes(COMPRESSION_GZIP, 0, STR("g1\ng2\n"), &gzip, &err) == STATUS_OK);
    cr_assert(compress_bytes(COMPRESSION_GZIP, 0, STR("g3"), &gzip, &err) == STATUS_OK);
    fake_files_put(rig.files, "/log/g", buf_view(&gzip));
    const char *compressed =
        SOURCE_OF("{__path__ = \"/log/g\"}", "  decompression {\n    enabled = true\n    format = "
                                             "\"gz\"\n  }\n");
    load(&rig, compressed);
    EXPECT("g1\ng2\ng3\n");
    load(&rig, NOTHING);
    load(&rig, compressed);
    EXPECT("");
    buf_release(&gzip);
    end(&rig);
}

TEST(components_loki_file, patterns_new_files_and_reading_from_the_end)
{
    struct rig rig;
    begin(&rig);
    append("/log/a", "old\nbegun");
    load(&rig, SOURCE("  tail_from_end = true\n"));
    EXPECT("");
    append("/log/a", " line\n");
    EXPECT("begun line\n");
    append("/log/x.log", "x\n");
    append("/log/y.log", "y\n");
    load(&rig, SOURCE_OF("{__path__ = \"/log/*.log\", __path_exclude__ = \"/log/y*\"}",
                         "  file_match {\n    enabled = true\n    sync_period = \"1s\"\n  }\n"));
    EXPECT("x\n");
    append("/log/z.log", "z\n");
    EXPECT("z\n");
    refuse(&rig, SOURCE("  legacy_positions_file = \"/x\"\n"), "not supported by invar yet");
    end(&rig);
}

TEST(components_loki_file, long_lines_and_a_damaged_positions_file)
{
    struct rig rig;
    char *text = mem_alloc(NULL, 400001);
    begin(&rig);
    memset(text, 'x', 400000);
    text[399999] = '\n';
    text[400000] = '\0';
    append("/log/a", text);
    load(&rig, SOURCE(""));
    EXPECT(text);
    mem_free(text);
    load(&rig, NOTHING);
    fake_files_put(rig.files, "/data/loki.source.file.f/positions", STR("garbage"));
    append("/log/a", "more\n");
    load(&rig, SOURCE("  on_positions_file_error = \"restart_from_end\"\n"));
    EXPECT("");
    append("/log/a", "end\n");
    EXPECT("end\n");
    load(&rig, NOTHING);
    fake_files_put(rig.files, "/data/loki.source.file.f/positions", STR("garbage"));
    load(&rig, SOURCE("  on_positions_file_error = \"skip\"\n"));
    EXPECT("");
    end(&rig);
}
