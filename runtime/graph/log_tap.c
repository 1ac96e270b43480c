/* logging.write_to: log lines as log entries. Lines are copied where they are written, on any
 * thread, and pushed from the control loop a little later, so that a log line never waits for a
 * receiver and never needs the loop. Bounded by WAITING_MAX bytes; what does not fit is counted. As
 * in Alloy nothing is retried. */

#include "runtime/graph/parts.h"

#include "base/world.h"

enum { WAITING_MAX = 1 << 20 };

static const int64_t PERIOD_NS = INT64_C(100000000);

struct tapped_line {
    struct tapped_line *next;
    int64_t t_ns;
    size_t len;
    char text[];
};

struct log_tap {
    struct graph *graph;
    struct loop_timer *timer;
    struct fanout receivers;
    struct labels *labels;
    struct self_metric *dropped;
    pthread_mutex_t lock; /* of what follows */
    struct tapped_line *first;
    struct tapped_line **last;
    size_t bytes;
};

/* Under the log's lock. */
static void on_line(void *arg, enum log_level level, struct str line)
{
    (void)level;
    struct log_tap *tap = arg;
    size_t size = sizeof(struct tapped_line) + line.len;
    pthread_mutex_lock(&tap->lock);
    struct tapped_line *copy =
        tap->bytes + size <= WAITING_MAX ? mem_try_alloc_shared(NULL, size) : NULL;
    if (copy) {
        *copy = (struct tapped_line){.t_ns = world_wall_ns(), .len = line.len};
        memcpy(copy->text, line.ptr, line.len);
        *tap->last = copy;
        tap->last = &copy->next;
        tap->bytes += size;
    } else {
        self_inc(tap->dropped);
    }
    pthread_mutex_unlock(&tap->lock);
}

static struct tapped_line *take_lines(struct log_tap *tap)
{
    pthread_mutex_lock(&tap->lock);
    struct tapped_line *first = tap->first;
    tap->first = NULL;
    tap->last = &tap->first;
    tap->bytes = 0;
    pthread_mutex_unlock(&tap->lock);
    return first;
}

struct filling {
    struct log_tap *tap;
    const struct tapped_line *lines;
    struct log_batch *batch;
};

static void fill_work(void *arg)
{
    struct filling *f = arg;
    f->batch = log_batch_new(16);
    for (const struct tapped_line *line = f->lines; line; line = line->next) {
        struct log_entry entry = {
            .t_ns = line->t_ns,
            .line = arena_str(&f->batch->base.arena, str_of(line->text, line->len)),
            .labels = labels_ref(f->tap->labels)};
        if (!log_batch_add(f->batch, &entry)) {
            labels_unref(entry.labels);
            self_inc(f->tap->dropped);
        }
    }
}

static void on_timer(void *arg)
{
    struct log_tap *tap = arg;
    struct filling f = {.tap = tap, .lines = take_lines(tap)};
    if (f.lines && mem_scope_run(fill_work, &f) && f.batch) {
        fanout_push(&tap->receivers, &f.batch->base, NULL);
        batch_unref(&f.batch->base);
    }
    for (struct tapped_line *line = (struct tapped_line *)f.lines, *next; line; line = next) {
        next = line->next;
        mem_free(line);
    }
}

static struct log_tap *tap_new(struct graph *graph)
{
    struct label label = {STR("component"), STR("alloy")};
    struct log_tap *tap = mem_zalloc(NULL, sizeof(*tap));
    tap->graph = graph;
    tap->last = &tap->first;
    tap->labels = labels_intern(graph->labels, &label, 1, NULL);
    tap->dropped =
        self_metric(graph->metrics, SELF_COUNTER, "invar_log_lines_dropped_total",
                    "Log lines that the receivers of logging.write_to did not get.", NULL, 0);
    ASSERT(tap->labels && pthread_mutex_init(&tap->lock, NULL) == 0);
    fanout_init(&tap->receivers);
    tap->timer = loop_timer_new(graph->options.control, on_timer, tap);
    loop_timer_start(tap->timer, PERIOD_NS, PERIOD_NS);
    return tap;
}

void log_tap_free(struct graph *graph)
{
    struct log_tap *tap = graph->tap;
    if (!tap)
        return;
    log_set_tap(graph->options.log, NULL, NULL);
    on_timer(tap); /* what is still waiting */
    loop_timer_close(tap->timer);
    fanout_release(&tap->receivers);
    labels_unref(tap->labels);
    pthread_mutex_destroy(&tap->lock);
    mem_free(tap);
    graph->tap = NULL;
}

struct setting {
    struct graph *graph;
    const struct capsule_list *receivers;
    struct fanout fanout;
    struct log_tap *tap;
};

static void set_work(void *arg)
{
    struct setting *s = arg;
    fanout_init(&s->fanout);
    fanout_set(&s->fanout, s->receivers);
    s->tap = s->graph->tap ? s->graph->tap : tap_new(s->graph);
}

bool log_tap_set(struct graph *graph, const struct capsule_list *receivers)
{
    if (!receivers || !receivers->count || !graph->options.log) {
        log_tap_free(graph);
        return true;
    }
    struct setting s = {.graph = graph, .receivers = receivers};
    if (!mem_scope_run(set_work, &s))
        return false;
    fanout_release(&s.tap->receivers);
    s.tap->receivers = s.fanout;
    graph->tap = s.tap;
    log_set_tap(graph->options.log, on_line, s.tap);
    return true;
}
