/* A whole pipeline in the simulator: a source pushes numbered samples, prometheus.remote_write
 * keeps them in its log and sends them, the remote fails in every way it can, the process dies and
 * comes back. The judge: everything acknowledged arrives, in order per series, and again only where
 * a fault left the outcome open.
 *
 * SEED=n replays one seed and prints its trace; SEEDS=n runs so many. */

#include "base/compress.h"
#include "base/file.h"
#include "base/mutant.h"
#include "runtime/graph/graph.h"
#include "runtime/wire/remote_write.h"
#include "stdlib/stdlib.h"
#include "tests/simulation/sim.h"
#include "tests/support/test.h"

#include <fcntl.h>

enum { STREAMS = 4, MAX_ITEMS = 4000, LIVES = 5, DEFAULT_SEEDS = 100 };
static const int64_t SECOND = 1000000000;

static const char CONFIG[] = "test.source \"s\" {\n"
                             "  forward_to = [prometheus.remote_write.w.receiver]\n"
                             "}\n"
                             "prometheus.remote_write \"w\" {\n"
                             "  endpoint {\n"
                             "    url = \"http://receiver:9090/api/v1/write\"\n"
                             "    remote_timeout = \"2s\"\n"
                             "    queue_config {\n"
                             "      batch_send_deadline = \"100ms\"\n"
                             "      min_backoff = \"50ms\"\n"
                             "      max_backoff = \"1s\"\n"
                             "      max_samples_per_send = 50\n"
                             "    }\n"
                             "  }\n"
                             "}\n";

/* What the test knows, outside of the process that dies. */
struct judge {
    struct sim *sim;
    struct label_table *table; /* of the receiver */
    unsigned sent[STREAMS];    /* numbers given out */
    bool acked[STREAMS][MAX_ITEMS];
    unsigned arrivals[STREAMS][MAX_ITEMS];
    int newest[STREAMS]; /* largest number that arrived first */
    unsigned lost, repeated, disordered, foreign;
    bool is_calm; /* no new samples: only what is there is to be delivered */
};

static _Thread_local struct judge *judge;

/* ---- the source: a component of the test ---- */
struct numbers_args {
    struct capsule_list forward_to;
};
static const struct row source_rows[] = {
    {ATTR(struct numbers_args, forward_to), .required = true, .capsule = &capsule_metrics,
     .doc = "Receivers."},
    {0},
};
static const struct shape source_shape = SHAPE(struct numbers_args, source_rows, NULL);

struct numbers {
    struct component_host *host;
    struct fanout next;
    struct loop_timer *timer;
    struct ack ack;
    struct metric_batch *batch; /* under way, or to be tried again */
    unsigned first[STREAMS], count;
    bool is_pushing, stopping;
};

static void push_again(struct numbers *s);

static void taken(struct ack *ack, enum ack_result result, int64_t retry_ns)
{
    struct numbers *s = (struct numbers *)((char *)ack - offsetof(struct numbers, ack));
    (void)retry_ns;
    s->is_pushing = false;
    if (result != ACK_DONE)
        return;
    for (unsigned i = 0; i < STREAMS; i++) {
        for (unsigned k = 0; k < s->count; k++)
            judge->acked[i][s->first[i] + k] = true;
    }
    batch_unref(&s->batch->base);
    s->batch = NULL;
}

static struct labels *stream_labels(struct numbers *s, unsigned stream)
{
    char text[16];
    int n = snprintf(text, sizeof text, "%u", stream);
    struct label pairs[] = {{STR_INIT("__name__"), STR_INIT("numbers")},
                            {STR_INIT("stream"), str_of(text, (size_t)n)}};
    return labels_intern(host_labels(s->host), pairs, 2, NULL);
}

static void make_batch(struct numbers *s)
{
    s->batch = metric_batch_new(STREAMS * 16);
    s->count = 1 + (unsigned)sim_below(judge->sim, 16);
    for (unsigned i = 0; i < STREAMS; i++) {
        s->first[i] = judge->sent[i];
        for (unsigned k = 0; k < s->count; k++) {
            unsigned n = judge->sent[i]++;
            cr_assert_lt(n, MAX_ITEMS);
            metric_batch_add(s->batch, stream_labels(s, i), 1700000000000 + (int64_t)n, n);
        }
    }
}

static void push_again(struct numbers *s)
{
    if (s->is_pushing || s->stopping)
        return;
    if (s->batch == NULL) {
        if (judge->is_calm || judge->sent[0] + 16 >= MAX_ITEMS)
            return;
        make_batch(s);
    }
    s->is_pushing = true;
    s->ack = (struct ack){.done = taken, .loop = host_loop(s->host)};
    fanout_push(&s->next, &s->batch->base, &s->ack);
}

static void tick(void *arg)
{
    push_again(arg);
}

static enum status source_build(void *self, struct component_host *host, const void *args,
                                struct error *err)
{
    struct numbers *s = self;
    (void)err;
    s->host = host;
    fanout_init(&s->next);
    fanout_set(&s->next, &((const struct numbers_args *)args)->forward_to);
    return STATUS_OK;
}

static void source_start(void *self)
{
    struct numbers *s = self;
    s->timer = loop_timer_new(host_loop(s->host), tick, s);
    loop_timer_start(s->timer, 0, SECOND / 10);
}

static void source_stop(void *self)
{
    struct numbers *s = self;
    s->stopping = true;
    loop_timer_close(s->timer);
    host_stopped(s->host);
}

static void source_release(void *self)
{
    struct numbers *s = self;
    if (s->batch != NULL)
        batch_unref(&s->batch->base);
    fanout_release(&s->next);
}

static const struct component_def test_source = {
    .name = "test.source",
    .summary = "Pushes numbered samples.",
    .stability = STABILITY_GA,
    .args = &source_shape,
    .size = sizeof(struct numbers),
    .build = source_build,
    .start = source_start,
    .stop = source_stop,
    .release = source_release,
};

/* ---- the receiver ---- */
static void arrived(struct judge *j, const struct sample *sample)
{
    uint64_t stream;
    unsigned n = (unsigned)sample->value;
    if (!str_to_u64(labels_get(sample->labels, STR("stream")), &stream) || stream >= STREAMS ||
        n >= j->sent[stream]) {
        j->foreign++;
        return;
    }
    if (j->arrivals[stream][n]++ != 0) {
        j->repeated++;
        return;
    }
    if ((int)n < j->newest[stream])
        j->disordered++;
    if ((int)n > j->newest[stream])
        j->newest[stream] = (int)n;
}

static int receive(void *arg, const struct sim_request *request)
{
    struct judge *j = arg;
    struct error err = {0};
    struct buf body;
    struct metric_batch *batch = metric_batch_new(64);
    struct remote_write_limits limits = {0};
    struct remote_write_counts counts = {0};
    buf_init(&body, NULL, 16 * 1024 * 1024);
    enum status status = decompress_bytes(COMPRESSION_SNAPPY, request->body, &body, &err);
    if (status == STATUS_OK) {
        struct remote_write_body wire = {REMOTE_WRITE_1, buf_view(&body)};
        status = remote_write_read(wire, j->table, limits, batch, &counts, &err);
    }
    sim_trace(j->sim, "a request of %zu samples from number %.0f arrives", batch->sample_count,
              batch->sample_count != 0 ? batch->samples[0].value : 0);
    for (size_t i = 0; status == STATUS_OK && i < batch->sample_count; i++) {
        arrived(j, &batch->samples[i]);
    }
    buf_release(&body);
    batch_unref(&batch->base);
    return status == STATUS_OK ? 204 : 400;
}

/* ---- a life ---- */
extern const struct component_def prometheus_remote_write;

struct life {
    struct judge *judge;
    int64_t until;
    bool stops; /* ends in good order */
};

static void stopped(void *arg)
{
    *(bool *)arg = true;
}

static void live(void *arg)
{
    static const struct component_def *const components[] = {&prometheus_remote_write, &test_source,
                                                             NULL};
    struct life *life = arg;
    struct sim *sim = life->judge->sim;
    struct error err = {0};
    struct diags diags;
    struct stdlib lib;
    struct log_sink *sink = log_sink_new(-1);
    struct self_registry *metrics = self_registry_new();
    bool is_stopped = false;
    stdlib_init(&lib);
    struct graph_options options = {
        .components = components,
        .stdlib = &lib,
        .min_stability = STABILITY_GA,
        .control = &sim->loop,
        .log = sink,
        .metrics = metrics,
        .storage_path = STR("/data"),
    };
    sim_trace(sim, "the program starts");
    struct graph *graph = graph_new(&options, &err);
    cr_assert(graph != NULL, "%s", err.message);
    if (graph_load(graph, "/config.alloy", &diags, &err) == GRAPH_APPLIED) {
        graph_run(graph, &err);
        sim_run(sim, life->until);
    } else {
        sim_trace(sim, "the configuration could not be loaded: %s", err.message);
        is_stopped = true;
    }
    diags_release(&diags);
    if (is_stopped || !life->stops)
        sim_die(sim, "at the end of its time");
    sim_trace(sim, "the program is told to stop");
    graph_stop(graph, 10 * SECOND, stopped, &is_stopped);
    for (int i = 0; i < 200 && !is_stopped; i++)
        sim_run(sim, sim->now + SECOND / 10);
    cr_assert(is_stopped, "the graph does not stop");
    sim_run(sim, sim->now + SECOND);
    graph_free(graph);
    stdlib_release(&lib);
    self_registry_free(metrics);
    log_sink_free(sink);
}

static void write_config(void)
{
    int fd = world_open(AT_FDCWD, "/config.alloy", O_WRONLY | O_CREAT, 0600);
    cr_assert_geq(fd, 0);
    cr_assert_eq(file_write_all(fd, CONFIG, sizeof CONFIG - 1), 0);
    world_close(fd);
    world_mkdir(AT_FDCWD, "/data", 0700);
}

/* A random subset of the faults is on. */
static struct sim_faults draw_faults(uint64_t seed)
{
    struct sim_faults faults = {.max_latency_ns = 20000000};
    const struct {
        unsigned *fault, often;
    } table[] = {
        {&faults.death_at_file, 1500},     {&faults.torn_write, 3000},
        {&faults.death_at_event, 1500},    {&faults.io_error, 4000},
        {&faults.no_space, 4000},          {&faults.short_write, 20000},
        {&faults.peer_error, 150000},      {&faults.peer_throttle, 60000},
        {&faults.peer_lost_answer, 60000}, {&faults.peer_silent, 40000},
        {&faults.peer_refused, 60000},
    };
    uint64_t bits = seed * 0x9e3779b97f4a7c15u >> 20;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if ((bits >> i & 1) != 0)
            *table[i].fault = table[i].often;
    }
    return faults;
}

static bool settled(const struct judge *j)
{
    for (unsigned i = 0; i < STREAMS; i++) {
        for (unsigned n = 0; n < j->sent[i]; n++) {
            if (j->acked[i][n] && j->arrivals[i][n] == 0)
                return false;
        }
    }
    return true;
}

static void count_lost(struct judge *j)
{
    for (unsigned i = 0; i < STREAMS; i++) {
        for (unsigned n = 0; n < j->sent[i]; n++) {
            if (j->acked[i][n] && j->arrivals[i][n] == 0)
                j->lost++;
        }
    }
}

static bool open_outcomes(const struct sim_seen *seen)
{
    return seen->deaths + seen->lost_answers + seen->silences + seen->io_errors + seen->no_spaces !=
           0;
}

/* Runs one seed; the reason of a violation, or NULL. */
static const char *run_seed(uint64_t seed, struct sim_seen *seen, bool show)
{
    struct sim_faults faults = draw_faults(seed);
    struct judge j = {.sim = sim_new(seed, &faults), .table = label_table_new(NULL)};
    const char *reason = NULL;
    for (unsigned i = 0; i < STREAMS; i++)
        j.newest[i] = -1;
    judge = &j;
    sim_add_peer(j.sim, STR("receiver:9090"), receive, &j);
    j.sim->calm = true;
    write_config();
    j.sim->calm = false;
    for (int i = 0; i < LIVES; i++) {
        int64_t until = j.sim->now + SECOND + (int64_t)sim_below(j.sim, 8 * (uint64_t)SECOND);
        struct life life = {&j, until, sim_below(j.sim, 2) == 0};
        sim_live(j.sim, live, &life);
    }
    j.sim->calm = true;
    j.is_calm = true;
    for (int i = 0; i < 20 && !settled(&j); i++) {
        struct life life = {&j, j.sim->now + 20 * SECOND, true};
        sim_live(j.sim, live, &life);
    }
    count_lost(&j);
    if (j.lost != 0)
        reason = "acknowledged samples are lost";
    if (j.disordered != 0)
        reason = "samples of a series arrive out of order";
    if (j.foreign != 0)
        reason = "samples arrive that nobody sent";
    if (j.repeated != 0 && !open_outcomes(&j.sim->seen))
        reason = "samples are repeated without cause";
    *seen = j.sim->seen;
    if (show) {
        sim_print_trace(j.sim);
        fprintf(stderr, "seed %llu: %u lost, %u repeated, %u out of order, %u foreign\n",
                (unsigned long long)seed, j.lost, j.repeated, j.disordered, j.foreign);
    }
    sim_free(j.sim);
    label_table_free(j.table);
    judge = NULL;
    return reason;
}

static void add_seen(struct sim_seen *sum, const struct sim_seen *seen)
{
    const uint64_t *from = (const uint64_t *)seen;
    uint64_t *to = (uint64_t *)sum;
    for (size_t i = 0; i < sizeof *sum / sizeof *to; i++)
        to[i] += from[i];
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
    uint64_t n;
    const char *text = getenv(name);
    return text != NULL && str_to_u64(str_from(text), &n) ? n : otherwise;
}

Test(simulation_metrics, delivers_everything_acknowledged_whatever_fails, .timeout = 600)
{
    struct sim_seen sum = {0};
    uint64_t only = from_environment("SEED", 0);
    uint64_t first = only != 0 ? only : 1;
    uint64_t count = only != 0 ? 1 : from_environment("SEEDS", DEFAULT_SEEDS);
    for (uint64_t seed = first; seed < first + count; seed++) {
        struct sim_seen seen;
        const char *reason = run_seed(seed, &seen, only != 0);
        cr_assert(
            reason == NULL,
            "seed %llu: %s; replay: SEED=%llu build/asan/test_simulation --filter 'simulation_metrics/delivers*'",
            (unsigned long long)seed, reason, (unsigned long long)seed);
        add_seen(&sum, &seen);
    }
    if (only != 0)
        return;
    const uint64_t *each = (const uint64_t *)&sum;
    for (size_t i = 0; i < sizeof sum / sizeof *each; i++) {
        bool is_power_cut = &each[i] == &sum.power_cuts; /* logs are not synced by default */
        cr_assert(each[i] != 0 || is_power_cut, "kind %zu of faults never happened", i);
    }
}

Test(simulation_metrics, finds_a_cursor_that_is_written_before_the_answer, .timeout = 600)
{
    bool found = false;
    mutant_set(MUTANT_CURSOR_BEFORE_ANSWER);
    for (uint64_t seed = 1; seed <= DEFAULT_SEEDS && !found; seed++) {
        struct sim_seen seen;
        found = run_seed(seed, &seen, false) != NULL;
    }
    mutant_set(MUTANT_NONE);
    cr_assert(found, "no seed finds the planted bug");
}
