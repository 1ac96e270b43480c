/* The simulator's core: seed, death, lives, events. Owns its own memory outside of any scope; what
 * a dead process leaves behind is leaked on purpose. */

#include "tests/simulation/sim.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>

#ifdef INVAR_ASAN
#include <sanitizer/lsan_interface.h>
#define LEAKS_OFF() __lsan_disable()
#define LEAKS_ON() __lsan_enable()
#else
#define LEAKS_OFF() (void)0
#define LEAKS_ON() (void)0
#endif

const struct sim_kind_info sim_kinds[SIM_KINDS] = {
#define KIND(name, often, text) {#name, text, often},
#include "tests/simulation/kinds.def"
#undef KIND
};

static _Thread_local struct sim *current;

struct sim *sim_current(void)
{
    return current;
}

void *sim_alloc(size_t size)
{
    void *block = mem_try_alloc_shared(current != NULL ? &current->memory : NULL, size);
    ASSERT(block != NULL);
    memset(block, 0, size);
    return block;
}

/* ---- chance: splitmix64 (Steele, Lea, Flood 2014) ---- */
uint64_t sim_random(struct sim *sim)
{
    uint64_t z = sim->random += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint64_t sim_below(struct sim *sim, uint64_t bound)
{
    return bound == 0 ? 0 : sim_random(sim) % bound;
}

void sim_saw(struct sim *sim, enum sim_kind kind)
{
    sim->seen[kind]++;
}

bool sim_fault(struct sim *sim, enum sim_kind kind)
{
    if (sim->calm || sim->faults[kind] == 0 || sim_below(sim, 1000000) >= sim->faults[kind])
        return false;
    sim_saw(sim, kind);
    return true;
}

/* Each fault is on in a third of the runs; one run in sixteen has none. */
static void draw_faults(struct sim *sim)
{
    bool none = sim_below(sim, 16) == 0;
    for (int i = 0; i < SIM_KINDS; i++) {
        bool on = sim_below(sim, 3) == 0;
        sim->faults[i] = on && !none ? sim_kinds[i].often : 0;
    }
    sim->max_latency = (int64_t)(1 + sim_below(sim, 40)) * MILLISECOND;
}

/* ---- the trace ---- */
void sim_trace(struct sim *sim, const char *format, ...)
{
    va_list args;
    const size_t room = sizeof sim->trace[0];
    char *line = sim->trace[sim->traced++ % SIM_TRACE];
    int n = snprintf(line, room, "%12.6f ", (double)sim->now / 1e9);
    va_start(args, format);
    (void)vsnprintf(line + n, room - (size_t)n, format, args);
    va_end(args);
    if (sim->is_loud)
        (void)fprintf(stderr, "%s\n", line);
}

void sim_print_trace(const struct sim *sim)
{
    size_t first = sim->traced > SIM_TRACE ? sim->traced - SIM_TRACE : 0;
    for (size_t i = first; i < sim->traced && !sim->is_loud; i++)
        (void)fprintf(stderr, "%s\n", sim->trace[i % SIM_TRACE]);
}

/* ---- events ---- */
struct sim_event {
    struct sim_event *prev, *next;
    int64_t when;
    uint64_t order;
    loop_fn *fn;
    void *arg;
    bool is_outside;
};

struct sim *sim_of(const struct loop *loop)
{
    return ((const struct sim_loop *)loop)->sim;
}

bool sim_loop_is_outside(const struct loop *loop)
{
    return ((const struct sim_loop *)loop)->is_outside;
}

struct sim_event *sim_after(const struct loop *loop, int64_t delay, loop_fn *fn, void *arg)
{
    struct sim *sim = sim_of(loop);
    struct sim_event *event = sim_alloc(sizeof *event);
    event->when = sim->now + (delay > 0 ? delay : 0);
    event->order = sim->order++;
    event->fn = fn;
    event->arg = arg;
    event->is_outside = sim_loop_is_outside(loop);
    struct sim_event *before = sim->last;
    while (before != NULL && before->when > event->when)
        before = before->prev;
    event->prev = before;
    event->next = before != NULL ? before->next : sim->first;
    *(event->next != NULL ? &event->next->prev : &sim->last) = event;
    *(before != NULL ? &before->next : &sim->first) = event;
    return event;
}

void sim_cancel(struct sim *sim, struct sim_event *event)
{
    *(event->prev != NULL ? &event->prev->next : &sim->first) = event->next;
    *(event->next != NULL ? &event->next->prev : &sim->last) = event->prev;
    mem_free(event);
}

static void forget_events(struct sim *sim, bool outside_too)
{
    for (struct sim_event *event = sim->first, *next; event != NULL; event = next) {
        next = event->next;
        if (outside_too || !event->is_outside)
            sim_cancel(sim, event);
    }
}

static void run_first(struct sim *sim)
{
    struct sim_event *event = sim->first;
    loop_fn *fn = event->fn;
    void *arg = event->arg;
    bool is_outside = event->is_outside;
    sim->now = event->when;
    if (!is_outside && sim->is_alive && sim_fault(sim, SIM_DEATH_AT_EVENT))
        sim_die(sim, "between two events");
    sim_cancel(sim, event);
    sim->is_outside = is_outside;
    fn(arg);
    sim->is_outside = false;
}

void sim_run(struct sim *sim, int64_t until)
{
    do {
        sim_pump(sim);
        if (sim->stopped || sim->first == NULL || sim->first->when > until)
            break;
        run_first(sim);
    } while (true);
    if (!sim->stopped && sim->now < until)
        sim->now = until;
}

/* ---- the loops ---- */
static void loop_run_all(struct loop *loop)
{
    sim_run(sim_of(loop), INT64_MAX);
}

static void loop_stop_now(struct loop *loop)
{
    sim_of(loop)->stopped = true;
}

static void loop_free_nothing(struct loop *loop)
{
    (void)loop;
}

static enum status loop_no_thread(struct loop *loop, struct error *err)
{
    (void)loop;
    error_clear(err);
    return STATUS_OK;
}

static bool loop_always_current(const struct loop *loop)
{
    (void)loop;
    return true;
}

static void loop_post_event(struct loop *loop, loop_fn *fn, void *arg)
{
    (void)sim_after(loop, 0, fn, arg);
}

static void loop_call_now(struct loop *loop, loop_fn *fn, void *arg)
{
    (void)loop;
    fn(arg);
}

struct work {
    loop_fn *work, *done;
    void *arg;
};

static void work_done(void *arg)
{
    struct work copy = *(struct work *)arg;
    mem_free(arg);
    copy.work(copy.arg);
    copy.done(copy.arg);
}

static void loop_work_later(struct loop *loop, loop_fn *fn, loop_fn *done, void *arg)
{
    struct work *work = sim_alloc(sizeof *work);
    *work = (struct work){fn, done, arg};
    (void)sim_after(loop, (int64_t)sim_below(sim_of(loop), 1000000), work_done, work);
}

static int64_t loop_now(const struct loop *loop)
{
    return sim_of(loop)->now;
}

/* ---- timers ---- */
struct sim_timer {
    struct loop_timer base;
    struct sim_timer *prev, *next;
    struct sim_event *event; /* NULL = not active */
    loop_fn *fn;
    void *arg;
    int64_t repeat;
};

static struct loop_timer *timer_new(struct loop *loop, loop_fn *fn, void *arg);

static void timer_fire(void *arg)
{
    struct sim_timer *timer = arg;
    timer->event = NULL;
    if (timer->repeat > 0)
        timer->event = sim_after(timer->base.loop, timer->repeat, timer_fire, timer);
    timer->fn(timer->arg);
}

static void timer_stop(struct loop_timer *base)
{
    struct sim_timer *timer = (struct sim_timer *)base;
    if (timer->event != NULL)
        sim_cancel(sim_of(base->loop), timer->event);
    timer->event = NULL;
}

static void timer_start(struct loop_timer *base, int64_t delay_ns, int64_t repeat_ns)
{
    struct sim_timer *timer = (struct sim_timer *)base;
    timer_stop(base);
    timer->repeat = repeat_ns;
    timer->event = sim_after(base->loop, delay_ns, timer_fire, timer);
}

static bool timer_active(const struct loop_timer *base)
{
    return ((const struct sim_timer *)base)->event != NULL;
}

static void undo_timer(void *arg);

static void timer_close(struct loop_timer *base)
{
    struct sim_timer *timer = (struct sim_timer *)base;
    struct sim *sim = sim_of(base->loop);
    mem_scope_unguard(undo_timer, timer);
    timer_stop(base);
    *(timer->prev != NULL ? &timer->prev->next : &sim->timers) = timer->next;
    if (timer->next != NULL)
        timer->next->prev = timer->prev;
    mem_free(timer);
}

static void undo_timer(void *arg)
{
    timer_close(arg);
}

static struct loop_timer *timer_new(struct loop *loop, loop_fn *fn, void *arg)
{
    struct sim *sim = sim_of(loop);
    struct sim_timer *timer = sim_alloc(sizeof *timer);
    timer->base.loop = loop;
    timer->fn = fn;
    timer->arg = arg;
    timer->next = sim->timers;
    if (timer->next != NULL)
        timer->next->prev = timer;
    sim->timers = timer;
    mem_scope_guard(undo_timer, timer);
    return &timer->base;
}

static void forget_timers(struct sim *sim, bool outside_too)
{
    for (struct sim_timer *timer = sim->timers, *next; timer != NULL; timer = next) {
        next = timer->next;
        if (outside_too || !sim_loop_is_outside(timer->base.loop))
            timer_close(&timer->base);
    }
}

const struct loop_ops sim_loop_ops = {
    .run = loop_run_all,
    .stop = loop_stop_now,
    .free = loop_free_nothing,
    .start_thread = loop_no_thread,
    .join_thread = loop_free_nothing,
    .is_current = loop_always_current,
    .post = loop_post_event,
    .call = loop_call_now,
    .defer = loop_post_event,
    .work = loop_work_later,
    .now_ns = loop_now,
    .timer_new = timer_new,
    .timer_start = timer_start,
    .timer_stop = timer_stop,
    .timer_active = timer_active,
    .timer_close = timer_close,
    .connect = sim_connect,
    .stream_start = sim_stream_start,
    .stream_pause = sim_stream_pause,
    .stream_write = sim_stream_write,
    .stream_pending = sim_stream_pending,
    .stream_shutdown = sim_stream_shutdown,
    .stream_close = sim_stream_close,
    .stream_peer = sim_stream_peer,
    .listen = sim_listen,
    .listener_address = sim_listener_address,
    .listener_close = sim_listener_close,
    .poll_new = sim_poll_new,
    .poll_set = sim_poll_set,
    .poll_close = sim_poll_close,
    .client_socket = sim_client_socket,
};

/* ---- lives ---- */
/* What dies is leaked on purpose, and its peers with it. */
struct sim *sim_new(uint64_t seed)
{
    LEAKS_OFF();
    struct sim *sim = sim_alloc(sizeof *sim);
    sim->process = (struct sim_loop){{&sim_loop_ops, "process"}, sim, false};
    sim->outside = (struct sim_loop){{&sim_loop_ops, "outside"}, sim, true};
    sim->world.ops = &sim_world_ops;
    sim->world.state = sim;
    sim->seed = seed;
    sim->random = seed * 0x9e3779b97f4a7c15u + 1;
    sim->now = SECOND;
    draw_faults(sim);
    sim_disk_init(sim);
    sim->former_world = world_current();
    world_enter(&sim->world);
    current = sim;
    return sim;
}

void sim_free(struct sim *sim)
{
    sim_net_free(sim);
    forget_timers(sim, true);
    forget_events(sim, true);
    world_enter(sim->former_world);
    sim_disk_free(sim);
    current = NULL;
    mem_free(sim);
    LEAKS_ON();
}

void sim_die(struct sim *sim, const char *why)
{
    sim_trace(sim, "the process dies %s", why);
    ASSERT(sim->is_alive && !sim->is_outside);
    longjmp(sim->death, 1);
}

bool sim_live(struct sim *sim, void (*life)(void *arg), void *arg)
{
    volatile bool survived = false;
    sim->is_alive = true;
    sim->stopped = false;
    if (setjmp(sim->death) == 0) {
        life(arg);
        survived = true;
    } else {
        mem_scope_forget();
    }
    sim->is_alive = false;
    sim->is_outside = false;
    sim_net_death(sim);
    forget_timers(sim, false);
    forget_events(sim, false);
    sim_close_files(sim);
    if (!survived && sim_fault(sim, SIM_POWER_CUT)) {
        sim_trace(sim, "the power is cut");
        sim_disk_lose_unsynced(sim);
    }
    return survived;
}

void sim_begin_outside(struct sim *sim)
{
    ASSERT(!sim->is_outside);
    sim->is_outside = true;
}

void sim_end_outside(struct sim *sim)
{
    sim->is_outside = false;
}

struct sim_held sim_held(const struct sim *sim)
{
    struct sim_held held = {0};
    for (const struct sim_timer *timer = sim->timers; timer != NULL; timer = timer->next)
        held.timers += !sim_loop_is_outside(timer->base.loop);
    for (int fd = 0; fd < SIM_FDS; fd++)
        held.files += sim->fds[fd].inode != NULL && !sim->fds[fd].is_outside;
    sim_net_held(sim, &held);
    return held;
}
