/* Runs a seed: draws, lives, reloads, stops, deaths, rest, verdict. */

#include "tests/simulation/run.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"
#include "runtime/graph/graph.h"
#include "stdlib/stdlib.h"

#include <fcntl.h>
#include <stdio.h>

enum { LIVES = 4, CONFIG_MAX = 64 * 1024, SETTLE_LIVES = 4, METRICS_MAX = 4 * 1024 * 1024 };
static const char CONFIG_PATH[] = "/config.alloy";

const struct pipeline *const pipelines[] = {&pipeline_metrics, &pipeline_logs, &pipeline_otlp,
                                            NULL};

const struct pipeline *pipeline_find(const char *name)
{
    for (size_t i = 0; pipelines[i] != NULL; i++) {
        if (strcmp(pipelines[i]->name, name) == 0)
            return pipelines[i];
    }
    return NULL;
}

unsigned draw_bits(uint64_t *bits, unsigned bound)
{
    unsigned drawn = (unsigned)(*bits % bound);
    *bits = *bits / bound ^ *bits << 40;
    return drawn;
}

void may_fly(struct run *run, unsigned requests, unsigned items)
{
    unsigned most = items * (requests > 1 ? 2 * requests : 1);
    if (most > run->in_flight)
        run->in_flight = most;
}

/* ---- a life ---- */
struct life {
    struct run *run;
    int64_t until;
    bool is_last;
    bool is_settling;
    bool is_idle;
    bool is_stopped;
};

static void write_config(struct run *run, bool is_bad)
{
    struct buf text;
    buf_init(&text, NULL, CONFIG_MAX);
    run->pipeline->write_config(run, &text);
    if (is_bad)
        buf_cstr(&text, "prometheus.scrape \"broken\" { forward_to = [no.such.thing] }\n");
    bool was_outside = run->sim->is_outside;
    if (run->sim->is_loud)
        (void)fprintf(stderr, "%.*s", STR_ARG(buf_view(&text)));
    run->sim->is_outside = true;
    int fd = world_open(AT_FDCWD, CONFIG_PATH, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ASSERT(fd >= 0 && file_write_all(fd, text.data, text.len) == 0);
    world_sync(fd);
    world_close(fd);
    run->sim->is_outside = was_outside;
    buf_release(&text);
}

static void reload(void *arg)
{
    struct run *run = arg;
    struct sim *sim = run->sim;
    struct error err = {0};
    struct diags diags;
    bool is_bad = sim_fault(sim, SIM_BAD_RELOAD);
    uint64_t former = run->tuning;
    run->tuning = sim_random(sim);
    write_config(run, is_bad);
    enum graph_outcome outcome = graph_load(run->graph, CONFIG_PATH, &diags, &err);
    static const char *const names[] = {"unread", "rejected", "applied", "busy"};
    sim_trace(sim, "a reload%s: %s", is_bad ? " of a wrong configuration" : "", names[outcome]);
    if (outcome == GRAPH_APPLIED)
        judge_reloaded(run->j, run->in_flight);
    if (is_bad && outcome == GRAPH_APPLIED)
        judge_violate(run->j, "a wrong configuration is applied");
    if (!is_bad && outcome == GRAPH_REJECTED)
        judge_violate(run->j, "a right configuration is refused at a reload");
    diags_release(&diags);
    if (is_bad || outcome != GRAPH_APPLIED) {
        run->tuning = former;
        write_config(run, false);
    }
}

static void jump(void *arg)
{
    struct run *run = arg;
    struct sim *sim = run->sim;
    (void)sim_after(&sim->process.base, SECOND / 2, jump, run);
    if (!sim_fault(sim, SIM_CLOCK_JUMP))
        return;
    sim->wall_skew = ((int64_t)sim_below(sim, 7200) - 3600) * SECOND;
    sim_trace(sim, "the wall clock jumps by %lld s", (long long)(sim->wall_skew / SECOND));
}

static void stopped(void *arg)
{
    *(bool *)arg = true;
}

/* ---- counters ---- */
static double add_up(struct str text, const char *const names[3])
{
    double sum = 0;
    struct str line;
    while (text.len != 0) {
        str_cut(text, '\n', &line, &text);
        for (size_t i = 0; i < 3 && names[i] != NULL; i++) {
            size_t len = strlen(names[i]);
            if (str_starts(line, str_from(names[i])) && line.len > len &&
                (line.ptr[len] == '{' || line.ptr[len] == ' ')) {
                char number[64] = "";
                size_t at = str_rfind_byte(line, ' ') + 1;
                memcpy(number, line.ptr + at, line.len - at < 63 ? line.len - at : 63);
                sum += strtod(number, NULL);
            }
        }
    }
    return sum;
}

/* The last life had no faults: its counters are exact. */
static void compare_counters(struct run *run, struct self_registry *metrics)
{
    const struct count_rule *rule = &run->pipeline->counts;
    struct buf text;
    buf_init(&text, NULL, METRICS_MAX);
    self_registry_write(metrics, &text);
    uint64_t delivered = (uint64_t)add_up(buf_view(&text), rule->delivered);
    uint64_t dropped = (uint64_t)add_up(buf_view(&text), rule->dropped);
    if (delivered != run->j->arrived)
        judge_violate(run->j, "%llu items arrived in the last life, %llu are counted",
                      (unsigned long long)run->j->arrived, (unsigned long long)delivered);
    if (dropped != run->j->refused)
        judge_violate(run->j, "%llu items were refused in the last life, %llu are counted",
                      (unsigned long long)run->j->refused, (unsigned long long)dropped);
    buf_release(&text);
}

/* ---- what a life does ---- */
static void wait_settled(struct run *run, const char *what)
{
    for (int i = 0; i < 120 && !judge_is_settled(run->j); i++)
        sim_run(run->sim, run->sim->now + SECOND);
    sim_trace(run->sim, "%s: %s", what, judge_is_settled(run->j) ? "all arrived" : "not settled");
}

static void live_on(struct life *life)
{
    struct run *run = life->run;
    struct sim *sim = run->sim;
    if (!life->is_settling) {
        if (sim_fault(sim, SIM_RELOAD)) {
            int64_t delay = (int64_t)sim_below(sim, (uint64_t)(life->until - sim->now));
            (void)sim_after(&sim->process.base, delay, reload, run);
        }
        (void)sim_after(&sim->process.base, SECOND / 2, jump, run);
        sim_run(sim, life->until);
        return;
    }
    if (life->is_idle) {
        sim_run(sim, sim->now + 3 * SECOND);
        return;
    }
    wait_settled(run, "the backlog");
    if (!life->is_last)
        return;
    run->j->is_quiet = false;
    sim_run(sim, sim->now + 3 * SECOND);
    run->j->is_quiet = true;
    wait_settled(run, "fresh items");
    sim_run(sim, sim->now + 5 * SECOND);
}

static void check_baseline(struct run *run)
{
    struct sim_held held = sim_held(run->sim);
    if (held.timers + held.files + held.sockets + held.streams + held.polls != 0)
        judge_violate(run->j,
                      "after a stop %u timers, %u files, %u sockets, %u streams, %u watches "
                      "are left",
                      held.timers, held.files, held.sockets, held.streams, held.polls);
}

static void stop_in_order(struct life *life)
{
    struct run *run = life->run;
    struct sim *sim = run->sim;
    sim_trace(sim, "the program is told to stop");
    sim_saw(sim, SIM_CLEAN_STOP);
    graph_stop(run->graph, 40 * SECOND, stopped, &life->is_stopped);
    for (int i = 0; i < 600 && !life->is_stopped; i++)
        sim_run(sim, sim->now + SECOND / 10);
    if (!life->is_stopped)
        judge_violate(run->j, "the graph does not stop");
    sim_run(sim, sim->now + SECOND);
}

static void live(void *arg)
{
    struct life *life = arg;
    struct run *run = life->run;
    struct sim *sim = run->sim;
    struct error err = {0};
    struct diags diags;
    struct stdlib lib;
    struct log_sink *sink = log_sink_new(-1);
    struct self_registry *metrics = self_registry_new();
    stdlib_init(&lib);
    struct graph_options options = {
        .components = component_registry,
        .stdlib = &lib,
        .min_stability = STABILITY_EXPERIMENTAL,
        .control = &sim->process.base,
        .log = sink,
        .metrics = metrics,
        .storage_path = STR("/data"),
    };
    sim_trace(sim, "the program starts");
    run->graph = graph_new(&options, &err);
    ASSERT(run->graph != NULL);
    enum graph_outcome loaded = graph_load(run->graph, CONFIG_PATH, &diags, &err);
    bool works = loaded == GRAPH_APPLIED && diags.len == 0;
    if (works) {
        graph_run(run->graph, &err);
        live_on(life);
    } else {
        sim_trace(sim, "the configuration could not be loaded: %s", err.message);
        if (loaded == GRAPH_REJECTED || diags.len != 0)
            judge_violate(run->j, "the configuration is refused");
    }
    diags_release(&diags);
    if (life->is_last)
        compare_counters(run, metrics);
    if (works && sim_fault(sim, SIM_DEATH_AT_END))
        sim_die(sim, "at the end of its time");
    if (loaded == GRAPH_APPLIED)
        stop_in_order(life);
    graph_free(run->graph);
    run->graph = NULL;
    stdlib_release(&lib);
    self_registry_free(metrics);
    log_sink_free(sink);
    sim_run(sim, sim->now + 1);
    check_baseline(run);
}

static void one_life(struct run *run, struct life *life)
{
    uint64_t cuts = run->sim->seen[SIM_POWER_CUT];
    life->run = run;
    bool survived = sim_live(run->sim, live, life);
    bool cut = run->sim->seen[SIM_POWER_CUT] != cuts;
    judge_life_over(run->j, survived ? END_STOP : cut ? END_POWER_CUT : END_DEATH, run->in_flight);
    run->sim->stopped = false;
    if (life->is_last)
        return;
    if (sim_fault(run->sim, SIM_LONG_IDLE))
        sim_run(run->sim, run->sim->now + (int64_t)sim_below(run->sim, 120) * SECOND);
    sim_run(run->sim, run->sim->now + (int64_t)sim_below(run->sim, 2000) * MILLISECOND);
}

/* ---- the run ---- */
/* Everything is delivered and nothing comes: no segment of a log is left, and a life leaves the
 * memory as it found it. */
static void compare_idle_lives(struct run *run)
{
    struct life idle = {.is_settling = true, .is_idle = true};
    for (size_t i = 0; i < SENDERS; i++) {
        sender_free(run->senders[i]); /* with the connections that it keeps */
        run->senders[i] = NULL;
    }
    size_t used[2] = {0};
    one_life(run, &idle);
    for (size_t i = 0; i < 2; i++) {
        used[i] = mem_used(NULL);
        one_life(run, &idle);
    }
    unsigned segments = sim_count_files(run->sim, "/data", STR(".seg")) +
                        sim_count_files(run->sim, "/store", STR(".seg"));
    if (segments != 0)
        judge_violate(run->j, "%u segments are left after everything is delivered", segments);
    if (used[1] != used[0])
        judge_violate(run->j, "%zu bytes of memory before a life, %zu after it", used[0], used[1]);
}

static void run_lives(struct run *run)
{
    struct sim *sim = run->sim;
    for (int i = 0; i < LIVES; i++) {
        int64_t length = SECOND / 2 + (int64_t)sim_below(sim, 8 * (uint64_t)SECOND);
        struct life life = {.until = sim->now + length};
        one_life(run, &life);
    }
    sim_heal(sim);
    run->j->is_quiet = true;
    struct life life = {.is_settling = true};
    one_life(run, &life);
    /* What is still on its way arrives. After that nothing may arrive twice. */
    sim_run(sim, sim->now + 20 * SECOND);
    for (int i = 0; i < 300 && sim_net_is_busy(sim); i++)
        sim_run(sim, sim->now + SECOND);
    run->j->is_troubled = false;
    memset(run->j->again, 0, sizeof run->j->again);
    run->j->arrived = run->j->refused = 0;
    struct life last = {.is_settling = true, .is_last = true};
    one_life(run, &last);
    if (run->pipeline->finish != NULL)
        run->pipeline->finish(run);
    compare_idle_lives(run);
}

static void set_up(struct run *run)
{
    run->shape = sim_random(run->sim);
    run->tuning = sim_random(run->sim);
    run->receivers = 1 + draw_bits(&run->shape, RECEIVERS);
    run->j = judge_new(run->sim, run->receivers);
    sim_begin_outside(run->sim);
    world_mkdir(AT_FDCWD, "/data", 0700);
    world_mkdir(AT_FDCWD, "/logs", 0700);
    run->pipeline->set_up(run);
    write_config(run, false);
    int root = world_open(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY, 0);
    world_sync(root);
    world_close(root);
    sim_end_outside(run->sim);
}

static void take_down(struct run *run)
{
    for (size_t i = 0; i < SENDERS; i++)
        sender_free(run->senders[i]);
    for (size_t i = 0; i < RECEIVERS; i++) {
        if (run->receiver[i] != NULL)
            receiver_free(run->receiver[i]);
    }
    writer_free(run->writer);
    scraped_free(run->scraped);
}

static uint64_t digest_of(const struct run *run)
{
    const struct sim *sim = run->sim;
    uint64_t parts[] = {hash_bytes(run->j->items, sizeof run->j->items),
                        hash_bytes(sim->seen, sizeof sim->seen), (uint64_t)sim->now, sim->random};
    return hash_bytes(parts, sizeof parts);
}

void run_seed(const struct pipeline *pipeline, uint64_t seed, bool loud, struct outcome *out)
{
    struct run run = {.sim = sim_new(seed), .pipeline = pipeline};
    memset(out, 0, sizeof *out);
    run.sim->is_loud = loud;
    set_up(&run);
    run_lives(&run);
    judge_finish(run.j);
    memcpy(out->reason, run.j->violation, sizeof run.j->violation);
    memcpy(out->seen, run.sim->seen, sizeof out->seen);
    out->digest = digest_of(&run);
    for (unsigned s = 0; s < STREAMS; s++)
        out->items += run.j->sent[s];
    take_down(&run);
    mem_free(run.j);
    sim_free(run.sim);
}
