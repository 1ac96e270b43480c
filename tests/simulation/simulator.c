/* The simulator itself: the same seed is the same run, deaths keep what was written, power cuts
 * what was synced. */

#include "tests/simulation/sim.h"

#include "base/memory.h"
#include "tests/support/test.h"

#include <fcntl.h>

struct run {
    struct sim *sim;
    struct http_client *client;
    unsigned answers, calls;
    uint64_t taken;
};

static void write_file(const char *path, const char *text, bool sync)
{
    int fd = world_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    cr_assert_geq(fd, 0);
    world_write(fd, text, strlen(text));
    if (sync)
        world_sync(fd);
    world_close(fd);
    int dir = world_open(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY, 0);
    if (sync)
        world_sync(dir);
    world_close(dir);
}

static size_t file_size(const char *path)
{
    struct stat st;
    return world_stat(AT_FDCWD, path, 0, &st) == 0 ? (size_t)st.st_size : SIZE_MAX;
}

static void write_and_die(void *arg)
{
    write_file("/synced", "12345", true);
    write_file("/written", "123", false);
    sim_die(arg, "on purpose");
}

TEST(simulator, keeps_what_was_written_at_a_death_and_what_was_synced_at_a_power_cut)
{
    struct sim_faults faults = {0};
    struct sim *sim = sim_new(1, &faults);
    cr_assert_not(sim_live(sim, write_and_die, sim));
    cr_assert_eq(file_size("/written"), 3);
    sim->faults.power_cut = 1000000;
    cr_assert_not(sim_live(sim, write_and_die, sim));
    cr_assert_eq(file_size("/synced"), 5);
    cr_assert_eq(file_size("/written"), 0);
    sim_free(sim);
}

static int take(void *arg, const struct sim_request *request)
{
    struct run *run = arg;
    run->taken = run->taken * 31 + request->body.len;
    return 200;
}

static void answered(void *arg, const struct http_response *response, const struct error *err)
{
    struct run *run = arg;
    (void)err;
    run->answers = run->answers * 31 + (unsigned)response->status;
}

static void call(void *arg)
{
    struct run *run = arg;
    struct http_call_options options = {
        .method = STR("POST"),
        .url = STR("http://receiver:9090/push"),
        .body = str_of("0123456789", run->calls % 10),
        .timeout_ns = 5000000000,
    };
    sim_http_ops.send(run->client, &options, answered, run);
    if (++run->calls < 200)
        sim_after(run->sim, 10000000, call, run);
}

static void call_peer(void *arg)
{
    struct run *run = arg;
    struct http_client_options options = {0};
    struct error err = {0};
    run->client = sim_http_ops.client_new(&run->sim->loop, &options, &err);
    call(run);
    sim_run(run->sim, INT64_MAX);
    sim_http_ops.client_free(run->client);
}

static uint64_t outcome(uint64_t seed, struct sim_seen *seen)
{
    struct sim_faults faults = {
        .peer_error = 100000,
        .peer_throttle = 50000,
        .peer_lost_answer = 50000,
        .peer_silent = 50000,
        .peer_refused = 50000,
        .max_latency_ns = 50000000,
    };
    struct run run = {.sim = sim_new(seed, &faults)};
    sim_add_peer(run.sim, STR("receiver:9090"), take, &run);
    cr_assert(sim_live(run.sim, call_peer, &run));
    *seen = run.sim->seen;
    uint64_t result = run.taken ^ run.answers ^ (uint64_t)run.sim->now;
    sim_free(run.sim);
    return result;
}

TEST(simulator, repeats_a_run_from_its_seed_and_reaches_every_fault_of_peers)
{
    struct sim_seen seen;
    struct sim_seen again;
    cr_assert_eq(outcome(7, &seen), outcome(7, &again));
    cr_assert_eq(memcmp(&seen, &again, sizeof seen), 0);
    cr_assert_neq(outcome(8, &again), outcome(7, &seen));
    cr_assert(seen.errors && seen.throttles && seen.lost_answers && seen.silences && seen.refusals);
}
