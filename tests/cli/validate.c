/* `invar validate`: what it prints where, exit statuses, and failing memory. Standard output and
 * error are caught in memory files; the configuration is a file in memory too. */

#include "cli/command.h"
#include "base/file.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { CAUGHT_MAX = 64 * 1024 };

struct rig {
    int source;
    char path[64];
    char out[CAUGHT_MAX];
    char err[CAUGHT_MAX];
};

static void rig_init(struct rig *rig, struct str source)
{
    memset(rig, 0, sizeof(*rig));
    rig->source = memfd_create("c.alloy", 0);
    cr_assert_geq(rig->source, 0);
    cr_assert_eq(file_write_all(rig->source, source.ptr, source.len), 0);
    int len = snprintf(rig->path, sizeof(rig->path), "/dev/fd/%d", rig->source);
    cr_assert_lt(len, (int)sizeof(rig->path));
    setenv("NO_COLOR", "1", 1);
}

static int catch_fd(int fd, int *kept)
{
    int file = memfd_create("caught", 0);
    *kept = dup(fd);
    cr_assert_geq(dup2(file, fd), 0);
    return file;
}

static void give_back(int fd, int kept, int file, char *into)
{
    dup2(kept, fd);
    close(kept);
    ssize_t got = pread(file, into, CAUGHT_MAX - 1, 0);
    into[got > 0 ? got : 0] = '\0';
    close(file);
}

/* Words end with NULL; "@" stands for the file. */
static int validate(struct rig *rig, const char *const *words, uint64_t fail_at)
{
    char *argv[8] = {(char[]){"validate"}};
    int argc = 1;
    for (; *words; words++)
        argv[argc++] = strcmp(*words, "@") == 0 ? rig->path : (char *)(uintptr_t)*words;
    int kept_out, kept_err;
    int out = catch_fd(STDOUT_FILENO, &kept_out);
    int err = catch_fd(STDERR_FILENO, &kept_err);
    mem_fail_at(fail_at);
    int status = cli_validate(argc, argv);
    give_back(STDOUT_FILENO, kept_out, out, rig->out);
    give_back(STDERR_FILENO, kept_err, err, rig->err);
    return status;
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* "@" stands for the name of the file, which differs from run to run. */
static void fill(char want[CAUGHT_MAX], const char *text, const char *path)
{
    size_t len = 0;
    for (; *text; text++)
        len += (size_t)snprintf(want + len, CAUGHT_MAX - len, "%.*s", *text == '@' ? 64 : 1,
                                *text == '@' ? path : text);
    want[len] = '\0';
}

static void assert_answer(const char *source, const char *const *words, const char *out,
                          const char *err)
{
    static char want[CAUGHT_MAX];
    struct rig rig;
    rig_init(&rig, str_from(source));
    int status = validate(&rig, words, 0);
    fill(want, out, rig.path);
    cr_expect_str_eq(rig.out, want);
    fill(want, err, rig.path);
    cr_expect_str_eq(rig.err, want);
    cr_expect_eq(status, *err ? 1 : 0);
    close(rig.source);
}

#define UNUSED(id)                                                                                 \
    "@:1:1: warning[W2101]: nothing uses component \"" id "\"\n"                                   \
    "@:1:1: hint[W2101]: it only serves components that refer to it: refer to it, or remove it\n"

TEST(cli_validate, answers_as_alloy_does)
{
    assert_answer("", WORDS("@"), "", "");
    assert_answer("prometheus.scrape \"x\" {\n  targets = []\n  forward_to = []\n}\n", WORDS("@"),
                  "", "");
    assert_answer("local.file \"x\" { filename = \"y\" }\n", WORDS("@"), UNUSED("local.file.x"),
                  "");
    assert_answer("local.file \"x\" { filename = \"y\" }\n", WORDS("--deny-warnings", "@"),
                  UNUSED("local.file.x"), "Error: validation failed: warnings are denied\n");
    assert_answer("local.file \"x\" {\n}\n", WORDS("@"),
                  "\n@:1:1: hint[E3112]: Add it.\n" UNUSED("local.file.x"),
                  "Error: @:1:1: missing required attribute \"filename\"\n\n"
                  "1 |   local.file \"x\" {\n  |  _^^^^^^^^^^^^^^^^\n2 | | }\n  | |_^\n3 |   \n"
                  "Error: validation failed\n");
    assert_answer("local.file \"x\" { filename = trim_space(\"y\") }\n", WORDS("@"),
                  "\n@:1:29: hint[W2002]: Use the function of the namespace: string.to_lower for "
                  "to_lower, sys.env for env.\n" UNUSED("local.file.x"),
                  "Warning: @:1:29: this stdlib function is deprecated; please refer to the "
                  "documentation for updated usage and alternatives\n\n"
                  "1 | local.file \"x\" { filename = trim_space(\"y\") }\n"
                  "  |                             ^^^^^^^^^^\n2 | \n"
                  "Error: validation failed\n");
    assert_answer(
        "a = 1\n", WORDS("@"),
        "\n@:1:1: hint[E2001]: attributes stand inside blocks; the file itself has blocks "
        "only\n",
        "Error: @:1:1: unrecognized attribute a\n\n1 | a = 1\n  | ^\n2 | \n"
        "Error: validation failed\n");
    assert_answer("\xff", WORDS("@"), "",
                  "validation failed: unknown encoding for configError: validation failed\n");
    assert_answer("", WORDS("/no/such"), "", "Error: stat /no/such: no such file or directory\n");
    assert_answer("", WORDS("--stability.level=beta", "@"), "",
                  "Error: invalid argument \"beta\" for \"--stability.level\" flag: invalid "
                  "stability level \"beta\"\n");
    assert_answer("", WORDS("@", "@"), "", "");
    assert_answer("", WORDS("--deny-warnings"), "", "Error: accepts 1 arg(s), received 0\n");
    assert_answer("", WORDS("--format=xml", "@"), "",
                  "Error: invalid argument \"xml\" for \"--format\" flag: expected text, json, "
                  "sarif, github or rdjson\n");
    assert_answer("", WORDS("--config.format=static", "@"), "",
                  "Error: --config.format=static is not supported by invar yet: convert the file "
                  "first\n");
    assert_answer("", WORDS("--config.extra-args=x", "@"), "",
                  "Error: --config.extra-args is not supported by invar yet\n");
    assert_answer("prometheus.echo \"x\" { }\n", WORDS("--stability.level=experimental", "@"),
                  UNUSED("prometheus.echo.x"), "");
}

/* What is known from the catalog alone stands beside what is built in. */
TEST(cli_validate, known_components_may_send_to_built_in_ones)
{
    struct rig rig;
    static const char *const words[] = {"@", NULL};
    rig_init(&rig, STR("loki.source.journal \"j\" {\n  forward_to = [loki.write.w.receiver]\n}\n"
                       "loki.write \"w\" {\n  endpoint {\n    url = \"http://a/b\"\n  }\n}\n"));
    cr_assert_eq(validate(&rig, words, 0), 0, "%s", rig.err);
    close(rig.source);
    rig_init(&rig,
             STR("loki.source.journal \"j\" {\n  forward_to = [prometheus.echo.e.receiver]\n}\n"
                 "prometheus.echo \"e\" { }\n"));
    cr_assert_eq(validate(&rig, words, 0), 1);
    cr_assert(strstr(rig.err, "expected capsule(\"loki.LogsReceiver\"), got "
                              "capsule(\"storage.Appendable\")"),
              "%s", rig.err);
    close(rig.source);
}

TEST(cli_validate, survives_every_failing_allocation, .timeout = 120)
{
    struct rig rig;
    rig_init(&rig,
             STR("declare \"d\" {\n  argument \"a\" { }\n"
                 "  local.file \"x\" { filename = argument.a.value }\n}\n"
                 "d \"i\" { b = 1 }\nlocal.file \"y\" { filename = d.i.x + local.file.y.z }\n"));
    uint64_t nth = 1;
    do {
        cr_assert_eq(validate(&rig, WORDS("@"), nth++), 1);
        cr_assert(mem_failed_once() ? strstr(rig.err, "Error: out of memory\n") != NULL
                                    : strstr(rig.err, "cannot reference self") != NULL,
                  "%s", rig.err);
    } while (mem_failed_once());
    mem_fail_at(0);
    cr_assert_gt(nth, 50);
    close(rig.source);
}
