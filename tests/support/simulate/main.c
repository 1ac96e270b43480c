/* simulate: runs seeds of the simulated pipelines, each in a process of its own, so that a seed is
 * the same run whatever ran before it, and a crash is a finding like any other.
 *
 *   simulate [--pipeline NAME] [--first N] [--seeds N] [--jobs N] [--mutant NAME] [--trace]
 * [--digest] simulate --mutant NAME --hunt [--seeds N]: the first seed that finds a deliberate bug
 *   simulate --list-mutants: a line a bug (base/mutant.def), for tests/mutants.sh
 *
 * Prints a line a violation with the command that replays it, then how often each kind of fault and
 * each rare branch was seen. Exits 1 on a violation, or when one was never seen in 1,000 seeds. */

#include "base/memory.h"
#include "tests/simulation/run.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { JOBS_MAX = 16, SEED_SECONDS = 120, SHOWN_MAX = 20, ENOUGH = 1000 };

struct job {
    int fd; /* -1 = free */
    pid_t pid;
    uint64_t seed;
};

struct session {
    const char *program;
    const struct pipeline *pipeline;
    uint64_t first, count, next;
    unsigned jobs, mutant;
    bool trace, digest, until_found, quiet, hunts, lists;
    struct job running[JOBS_MAX];
    uint64_t seen[SIM_KINDS], failed, done, items;
    uint64_t first_failed;
};

static void run_child(const struct session *s, uint64_t seed, int fd)
{
    struct outcome outcome;
    struct rlimit cores = {0, 0};
    setrlimit(RLIMIT_CORE, &cores);
    alarm(SEED_SECONDS);
    mutant_set((enum mutant)s->mutant);
    run_seed(s->pipeline, seed, s->trace, &outcome);
    const char *from = (const char *)&outcome;
    size_t left = sizeof outcome;
    while (left != 0) {
        ssize_t n = write(fd, from, left);
        if (n <= 0)
            _exit(1);
        from += n;
        left -= (size_t)n;
    }
    _exit(0);
}

static void start(struct session *s, struct job *job)
{
    int ends[2];
    ASSERT(pipe(ends) == 0);
    (void)fflush(stdout);
    job->seed = s->next++;
    job->pid = fork();
    ASSERT(job->pid >= 0);
    if (job->pid == 0) {
        close(ends[0]);
        run_child(s, job->seed, ends[1]);
    }
    close(ends[1]);
    job->fd = ends[0];
}

static void say_failed(struct session *s, uint64_t seed, const char *reason)
{
    if (s->failed++ == 0 || seed < s->first_failed)
        s->first_failed = seed;
    if (s->failed > SHOWN_MAX || s->quiet)
        return;
    printf("%s seed %" PRIu64 ": %s\n", s->pipeline->name, seed, reason);
    if (!s->trace)
        printf("  replay: %s --pipeline %s --first %" PRIu64 " --seeds 1 --trace\n", s->program,
               s->pipeline->name, seed);
}

static void finish(struct session *s, struct job *job)
{
    struct outcome outcome;
    char *to = (char *)&outcome;
    size_t got = 0;
    ssize_t n;
    int status = 0;
    while (got < sizeof outcome && (n = read(job->fd, to + got, sizeof outcome - got)) > 0)
        got += (size_t)n;
    close(job->fd);
    job->fd = -1;
    waitpid(job->pid, &status, 0);
    s->done++;
    if (got != sizeof outcome) {
        char reason[80];
        (void)snprintf(reason, sizeof reason, "the run ends by %s %d",
                       WIFSIGNALED(status) ? "signal" : "exit code",
                       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        say_failed(s, job->seed, reason);
        return;
    }
    if (outcome.reason[0] != '\0')
        say_failed(s, job->seed, outcome.reason);
    if (s->digest)
        printf("%s %" PRIu64 " %016" PRIx64 "\n", s->pipeline->name, job->seed, outcome.digest);
    for (int i = 0; i < SIM_KINDS; i++)
        s->seen[i] += outcome.seen[i];
    s->items += outcome.items;
}

static void wait_for_one(struct session *s)
{
    struct pollfd fds[JOBS_MAX];
    for (unsigned i = 0; i < s->jobs; i++)
        fds[i] = (struct pollfd){.fd = s->running[i].fd, .events = POLLIN};
    if (poll(fds, s->jobs, -1) <= 0)
        return;
    for (unsigned i = 0; i < s->jobs; i++) {
        if (fds[i].fd >= 0 && fds[i].revents != 0)
            finish(s, &s->running[i]);
    }
}

static void run_all(struct session *s)
{
    const uint64_t end = s->first + s->count;
    s->next = s->first;
    for (unsigned i = 0; i < JOBS_MAX; i++)
        s->running[i].fd = -1;
    while (s->done < s->count && !(s->until_found && s->failed != 0)) {
        for (unsigned i = 0; i < s->jobs && s->next < end; i++) {
            if (s->running[i].fd < 0)
                start(s, &s->running[i]);
        }
        wait_for_one(s);
    }
    for (unsigned i = 0; i < s->jobs; i++) {
        if (s->running[i].fd >= 0)
            finish(s, &s->running[i]);
    }
}

/* The kinds that a pipeline has no use for. */
static bool belongs(const struct pipeline *pipeline, int kind)
{
    bool logs_only = kind >= SIM_ROTATE && kind <= SIM_HALF_LINE;
    bool metrics_only = kind == SIM_SERIES_GONE || kind == SIM_STALE_MARKER;
    if (logs_only)
        return pipeline == &pipeline_logs;
    return !metrics_only || pipeline == &pipeline_metrics;
}

static unsigned print_seen(const struct session *s)
{
    unsigned zeros = 0;
    for (int i = 0; i < SIM_KINDS; i++) {
        if (!belongs(s->pipeline, i))
            continue;
        printf("  %12" PRIu64 "  %s\n", s->seen[i], sim_kinds[i].text);
        zeros += s->seen[i] == 0;
    }
    return zeros;
}

static bool run_pipeline(struct session *s)
{
    struct timespec from, to;
    s->done = s->failed = s->items = 0;
    memset(s->seen, 0, sizeof s->seen);
    clock_gettime(CLOCK_MONOTONIC, &from);
    run_all(s);
    clock_gettime(CLOCK_MONOTONIC, &to);
    if (s->quiet)
        return s->failed == 0;
    printf("%s: %" PRIu64 " seeds from %" PRIu64 ", %" PRIu64 " items, %" PRIu64
           " violations, %.1f s\n",
           s->pipeline->name, s->done, s->first, s->items, s->failed,
           (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9);
    if (s->trace || s->digest || s->until_found)
        return s->failed == 0;
    unsigned zeros = print_seen(s);
    if (zeros != 0 && s->count >= ENOUGH) {
        printf("%u kinds were never seen\n", zeros);
        return false;
    }
    return s->failed == 0;
}

/* ---- mutants ---- */
static const struct {
    const char *name, *text, *test;
} mutants[MUTANTS] = {
    [MUTANT_NONE] = {"NONE", "", NULL},
#define MUTANT_OF(name, text, test) [MUTANT_##name] = {#name, text, test},
#include "base/mutant.def"
#undef MUTANT_OF
};

static void list_mutants(void)
{
    for (unsigned i = MUTANT_NONE + 1; i < MUTANTS; i++)
        printf("%s|%s|%s\n", mutants[i].name, mutants[i].text,
               mutants[i].test != NULL ? mutants[i].test : "");
}

static unsigned find_mutant_name(const char *name)
{
    for (unsigned i = MUTANT_NONE + 1; name != NULL && i < MUTANTS; i++) {
        if (strcmp(mutants[i].name, name) == 0)
            return i;
    }
    (void)fprintf(stderr, "the name of a mutant is expected (--list-mutants)\n");
    exit(2);
}

/* The first seed that finds the mutant, a few seeds of each pipeline in turn. */
static bool hunt(struct session *s)
{
    const uint64_t last = s->first + s->count;
    const uint64_t step = 25;
    s->until_found = s->quiet = true;
    for (uint64_t first = s->first; first < last; first += step) {
        s->first = first;
        s->count = last - first < step ? last - first : step;
        for (size_t i = 0; pipelines[i] != NULL; i++) {
            s->pipeline = pipelines[i];
            if (!run_pipeline(s)) {
                printf("%s, seed %" PRIu64 "\n", s->pipeline->name, s->first_failed);
                return true;
            }
        }
    }
    printf("not found\n");
    return false;
}

static uint64_t number(const char *text)
{
    uint64_t n = 0;
    if (text == NULL || !str_to_u64(str_from(text), &n)) {
        (void)fprintf(stderr, "a number is expected\n");
        exit(2);
    }
    return n;
}

static void read_arguments(struct session *s, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        const char *name = argv[i];
        if (strcmp(name, "--trace") == 0)
            s->trace = true;
        else if (strcmp(name, "--digest") == 0)
            s->digest = true;
        else if (strcmp(name, "--until-found") == 0)
            s->until_found = true;
        else if (strcmp(name, "--hunt") == 0)
            s->hunts = true;
        else if (strcmp(name, "--list-mutants") == 0)
            s->lists = true;
        else if (strcmp(name, "--pipeline") == 0 && value != NULL)
            s->pipeline = pipeline_find(argv[++i]);
        else if (strcmp(name, "--first") == 0)
            s->first = number(argv[++i]);
        else if (strcmp(name, "--seeds") == 0)
            s->count = number(argv[++i]);
        else if (strcmp(name, "--jobs") == 0)
            s->jobs = (unsigned)number(argv[++i]);
        else if (strcmp(name, "--mutant") == 0)
            s->mutant = find_mutant_name(argv[++i]);
        else
            exit((fprintf(stderr, "unknown argument %s\n", name), 2));
    }
    s->jobs = s->jobs == 0 || s->jobs > JOBS_MAX ? 1 : s->jobs;
}

/* libcurl goes through the requests of a connection in the order of their addresses: the same seed
 * is the same run only where every process of a seed has the same addresses. */
static void fix_addresses(char **argv)
{
    static char buffer[BUFSIZ];
    const unsigned long ask = 0xffffffff;
    int now = personality(ask);
    (void)setvbuf(stdout, buffer, _IOLBF,
                  sizeof buffer); /* or the first print would move the heap */
    if (now < 0 || (now & ADDR_NO_RANDOMIZE) != 0)
        return;
    if (personality((unsigned long)now | ADDR_NO_RANDOMIZE) >= 0 &&
        (personality(ask) & ADDR_NO_RANDOMIZE) != 0)
        execv("/proc/self/exe", argv);
    (void)fprintf(stderr, "addresses are random here: a seed may not repeat exactly\n");
}

int main(int argc, char **argv)
{
    fix_addresses(argv);
    struct session s = {.program = argv[0], .first = 1, .count = 100, .jobs = 2};
    bool ok = true;
    read_arguments(&s, argc, argv);
    if (s.lists)
        list_mutants();
    if (s.lists || s.hunts)
        return s.lists || hunt(&s) ? 0 : 1;
    if (s.pipeline != NULL)
        return run_pipeline(&s) ? 0 : 1;
    for (size_t i = 0; pipelines[i] != NULL; i++) {
        s.pipeline = pipelines[i];
        ok = run_pipeline(&s) && ok;
    }
    return ok ? 0 : 1;
}
