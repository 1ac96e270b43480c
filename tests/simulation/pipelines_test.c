/* A few seeds of each pipeline in every test run (make simulate runs many), and those that once
 * found something. */

#include "tests/simulation/run.h"
#include "tests/support/test.h"

enum { SEEDS = 12 };

static void run(const char *name, uint64_t seed)
{
    struct outcome outcome;
    run_seed(pipeline_find(name), seed, false, &outcome);
    cr_assert(outcome.reason[0] == '\0', "%s seed %llu: %s", name, (unsigned long long)seed,
              outcome.reason);
}

static void run_some(const char *name)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        run(name, seed);
}

Test(simulation, metrics, .timeout = 300)
{
    run_some("metrics");
}

Test(simulation, logs, .timeout = 300)
{
    run_some("logs");
}

Test(simulation, otlp, .timeout = 300)
{
    run_some("otlp");
}

Test(simulation, the_same_seed_is_the_same_run, .timeout = 300)
{
    struct outcome once, again;
    for (uint64_t seed = 7; seed < 10; seed++) {
        run_seed(&pipeline_logs, seed, false, &once);
        run_seed(&pipeline_logs, seed, false, &again);
        cr_assert_eq(once.digest, again.digest, "seed %llu", (unsigned long long)seed);
        run_seed(&pipeline_logs, seed + 100, false, &again);
        cr_assert_neq(once.digest, again.digest);
    }
}

/* What a seed found once, as long as it still means the same run. */
Test(simulation, regressions, .timeout = 300)
{
    static const struct {
        const char *pipeline;
        uint64_t seed;
    } rows[] = {
        {"metrics", 18},  /* EIO at opening: a segment was left out, a cursor taken for unknown */
        {"metrics", 130}, /* a scrape that was refused is overtaken by the next */
        {"metrics", 33},  {"otlp", 43},  {"otlp", 60}, /* EIO while the queue is opened */
        {"otlp", 87},     {"otlp", 173}, /* EIO while a batch processor reads what it had taken */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        run(rows[i].pipeline, rows[i].seed);
}

/* A deliberate bug is found within so many seeds; all of them: simulate --mutants. */
Test(simulation, finds_a_cursor_that_is_written_before_the_answer, .timeout = 300)
{
    bool found = false;
    mutant_set(MUTANT_CURSOR_BEFORE_ANSWER);
    for (uint64_t seed = 1; seed <= 100 && !found; seed++) {
        struct outcome outcome;
        run_seed(&pipeline_logs, seed, false, &outcome);
        found = outcome.reason[0] != '\0';
    }
    mutant_set(MUTANT_NONE);
    cr_assert(found, "no seed finds the planted bug");
}
