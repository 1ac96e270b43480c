/* Programs that loops start: what they say, and that nothing of them outstays its limits. */

#include "runtime/loop/loop.h"

#include "tests/support/test.h"

#include <signal.h>
#include <unistd.h>

struct rig {
    struct loop *loop;
    int status;
    char out[4096];
    char err[4096];
    struct error why;
    int calls;
};

static void ended(void *arg, const struct process_result *result, const struct error *err)
{
    struct rig *rig = arg;
    rig->calls++;
    rig->status = result->status;
    (void)snprintf(rig->out, sizeof(rig->out), "%.*s", STR_ARG(result->out));
    (void)snprintf(rig->err, sizeof(rig->err), "%.*s", STR_ARG(result->err));
    rig->why = *err;
    loop_stop(rig->loop);
}

static struct loop_process *begin(struct rig *rig, const char *script, int64_t timeout_ns)
{
    static const char *const env[] = {"INVAR_TEST_WORD=word", "LANG=C", NULL};
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};
    const struct process_options options = {
        .argv = argv, .env = env, .timeout_ns = timeout_ns, .max_output = 100};
    *rig = (struct rig){0};
    rig->loop = loop_new("test", &rig->why);
    cr_assert(rig->loop);
    return loop_process_new(rig->loop, &options, ended, rig, &rig->why);
}

static void run(struct rig *rig, const char *script, int64_t timeout_ns)
{
    cr_assert(begin(rig, script, timeout_ns), "%s", rig->why.message);
    loop_run(rig->loop);
    loop_free(rig->loop);
    cr_assert(rig->calls == 1);
}

static const int64_t LONG_NS = 20000000000, SHORT_NS = 50000000;

TEST(process, says_what_it_says)
{
    struct rig rig;
    run(&rig, "echo \"$INVAR_TEST_WORD $LANG\"; echo no >&2; read x || exit 7", LONG_NS);
    cr_assert(rig.status == 7 && rig.why.status == STATUS_OK);
    cr_assert_str_eq(rig.out, "word C\n");
    cr_assert_str_eq(rig.err, "no\n");
    run(&rig, "kill -9 $$", LONG_NS);
    cr_assert(rig.status == 128 + SIGKILL && rig.why.status == STATUS_OK);
}

TEST(process, is_killed_with_what_it_started)
{
    struct rig rig;
    run(&rig, "while :; do sleep 100 & wait; done", SHORT_NS);
    cr_assert(rig.why.status == STATUS_TIMEOUT);
    run(&rig, "while :; do echo and on; done", LONG_NS);
    cr_assert(rig.why.status == STATUS_LIMIT && strlen(rig.out) == 100);
    /* Who is left behind keeps the pipe open: it goes, too. */
    run(&rig, "sleep 100 & exit 3", LONG_NS);
    cr_assert(rig.status == 3 && rig.why.status == STATUS_OK);
}

TEST(process, that_cannot_start_is_an_error)
{
    struct rig rig = {.loop = loop_new("test", NULL)};
    static const char *const argv[] = {"/no/such/program", NULL};
    const struct process_options options = {.argv = argv, .timeout_ns = LONG_NS, .max_output = 1};
    cr_assert_null(loop_process_new(rig.loop, &options, ended, &rig, &rig.why));
    cr_assert_str_eq(rig.why.message, "/no/such/program is not installed");
    loop_free(rig.loop);
}

TEST(process, that_nobody_waits_for_is_silent)
{
    struct rig rig;
    struct loop_process *process = begin(&rig, "sleep 100", LONG_NS);
    cr_assert(process);
    loop_process_close(process);
    loop_stop(rig.loop);
    loop_run(rig.loop);
    loop_free(rig.loop);
    cr_assert(rig.calls == 0);
}
