/*
 * The runner behind the tsan flavor's stand-in for Criterion. Its state is the list of tests and
 * where the running one returns to when it fails; tests run on the main thread, one after another.
 */
#include "criterion/criterion.h"

#include <fnmatch.h>
#include <stdarg.h>

static struct {
    struct tsan_test *first;
    jmp_buf out;
    bool failed;
    bool skipped;
} run;

void tsan_add(struct tsan_test *test)
{
    test->next = run.first;
    run.first = test;
}

void tsan_failed(const char *file, int line, bool fatal, const char *what, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)fprintf(stderr, "%s:%d: %s:", file, line, what ? what : "skipped");
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
    run.failed |= what != NULL;
    run.skipped |= what == NULL;
    if (fatal) {
        longjmp(run.out, 1);
    }
}

static void run_one(struct tsan_test *test)
{
    run.failed = false;
    run.skipped = false;
    (void)fprintf(stderr, "[RUN ] %s::%s\n", test->suite, test->name);
    if (test->init) {
        test->init();
    }
    if (setjmp(run.out) == 0) {
        test->body();
    }
    if (test->fini) {
        test->fini();
    }
}

/* Options as Criterion spells them, --filter SUITE/NAME alone; others are of no use here. */
int main(int argc, char **argv)
{
    const char *filter = NULL;
    for (int i = 1; i < argc - 1; i++) {
        if (strcmp(argv[i], "--filter") == 0) {
            filter = argv[i + 1];
        }
    }
    size_t passed = 0;
    size_t failed = 0;
    for (struct tsan_test *test = run.first; test; test = test->next) {
        char id[256];
        (void)snprintf(id, sizeof id, "%s/%s", test->suite, test->name);
        if (test->disabled || test->signal || test->exit_code ||
            (filter && fnmatch(filter, id, 0) != 0)) {
            continue;
        }
        run_one(test);
        if (run.failed) {
            failed++;
        } else if (!run.skipped) {
            passed++;
        }
    }
    (void)fprintf(stderr,
                  "[====] Synthesis: Tested: %zu | Passing: %zu | Failing: %zu | Crashing: 0\n",
                  passed + failed, passed, failed);
    return failed ? 1 : 0;
}
