/* The simulator's core: seed, death, lives, events, timers. Owns its own memory outside of any
 * scope; what a dead process leaves behind is leaked on purpose. */

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

struct sim_event {
    struct sim_event *next;
    int64_t when;
    uint64_t order;
    loop_fn *fn;
    void *arg;
};

struct sim_timer {
    struct loop_timer base;
    struct sim_timer *next;
    loop_fn *fn;
    void *arg;
    int64_t when, repeat;
    uint64_t generation; /* of the last start: older events are void */
    bool is_active, is_closed;
};

struct timer_shot {
    struct sim_timer *timer;
    uint64_t generation;
};

static struct sim *sim_of(const struct loop *loop)
{
    return (struct sim *)loop;
}

void *sim_alloc(size_t size)
{
    void *block = mem_try_alloc_shared(NULL, size);
    ASSERT(block != NULL);
    memset(block, 0, size);
    return block;
}

/* splitmix64 (Steele, Lea, Flood 2014). */
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

bool sim_chance(struct sim *sim, unsigned millionths)
{
    return !sim->calm && millionths != 0 && sim_below(sim, 1000000) < millionths;
}

void sim_trace(struct sim *sim, const char *format, ...)
{
    va_list args;
    char *line = sim->trace[sim->traced++ % SIM_TRACE];
    int n = snprintf(line, sizeof sim->trace[0], "%12.6f ", (double)sim->now / 1e9);
    va_start(args, format);
    vsnprintf(line + n, sizeof sim->trace[0] - (size_t)n, format, args);
    va_end(args);
}

void sim_print_trace(const struct sim *sim)
{
    size_t first = sim->traced > SIM_TRACE ? sim->traced - SIM_TRACE : 0;
    for (size_t i = first; i < sim->traced; i++)
        fprintf(stderr, "%s\n", sim->trace[i % SIM_TRACE]);
}

/* ---- events ---- */
void sim_after(struct sim *sim, int64_t delay, loop_fn *fn, void *arg)
{
    struct sim_event *event = sim_alloc(sizeof *event);
    struct sim_event **at = &sim->events;
    *event = (struct sim_event){NULL, sim->now + (delay > 0 ? delay : 0), sim->order++, fn, arg};
    while (*at != NULL && (*at)->when <= event->when)
        at = &(*at)->next;
    event->next = *at;
    *at = event;
}

void sim_forget_events(struct sim *sim)
{
    while (sim->events != NULL) {
        struct sim_event *next = sim->events->next;
        mem_free(sim->events);
        sim->events = next;
    }
    while (sim->timers != NULL) {
        struct sim_timer *next = sim->timers->next;
        mem_free(sim->timers);
        sim->timers = next;
    }
}

void sim_run(struct sim *sim, int64_t until_ns)
{
    while (!sim->stopped && sim->events != NULL && sim->events->when <= until_ns) {
        struct sim_event *event = sim->events;
        sim->events = event->next;
        sim->now = event->when;
        loop_fn *fn = event->fn;
        void *arg = event->arg;
        mem_free(event);
        if (sim_chance(sim, sim->faults.death_at_event))
            sim_die(sim, "between two events");
        fn(arg);
    }
    if (!sim->stopped && sim->now < until_ns)
        sim->now = until_ns;
}

/* ---- the loop ---- */
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
    sim_after(sim_of(loop), 0, fn, arg);
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
    struct work *work = arg;
    struct work copy = *work;
    mem_free(work);
    copy.work(copy.arg);
    copy.done(copy.arg);
}

static void loop_work_later(struct loop *loop, loop_fn *fn, loop_fn *done, void *arg)
{
    struct sim *sim = sim_of(loop);
    struct work *work = sim_alloc(sizeof *work);
    *work = (struct work){fn, done, arg};
    sim_after(sim, (int64_t)sim_below(sim, 1000000), work_done, work);
}

static int64_t loop_now(const struct loop *loop)
{
    return sim_of(loop)->now;
}

/* ---- timers ---- */
static struct loop_timer *timer_new(struct loop *loop, loop_fn *fn, void *arg)
{
    struct sim *sim = sim_of(loop);
    struct sim_timer *timer = sim_alloc(sizeof *timer);
    timer->base.loop = loop;
    timer->fn = fn;
    timer->arg = arg;
    timer->next = sim->timers;
    sim->timers = timer;
    return &timer->base;
}

static void timer_fire(void *arg);

static void timer_schedule(struct sim_timer *timer, int64_t delay)
{
    struct timer_shot *shot = sim_alloc(sizeof *shot);
    *shot = (struct timer_shot){timer, timer->generation};
    sim_after(sim_of(timer->base.loop), delay, timer_fire, shot);
}

static void timer_fire(void *arg)
{
    struct timer_shot shot = *(struct timer_shot *)arg;
    mem_free(arg);
    struct sim_timer *timer = shot.timer;
    if (timer->is_closed || !timer->is_active || timer->generation != shot.generation)
        return;
    if (timer->repeat > 0) {
        timer_schedule(timer, timer->repeat);
    } else {
        timer->is_active = false;
    }
    timer->fn(timer->arg);
}

static void timer_start(struct loop_timer *base, int64_t delay_ns, int64_t repeat_ns)
{
    struct sim_timer *timer = (struct sim_timer *)base;
    timer->generation++;
    timer->is_active = true;
    timer->repeat = repeat_ns;
    timer_schedule(timer, delay_ns);
}

static void timer_stop(struct loop_timer *base)
{
    struct sim_timer *timer = (struct sim_timer *)base;
    timer->generation++;
    timer->is_active = false;
}

static bool timer_active(const struct loop_timer *base)
{
    return ((const struct sim_timer *)base)->is_active;
}

/* The object stays until the end of the life, because shots may still point to it. */
static void timer_close(struct loop_timer *base)
{
    ((struct sim_timer *)base)->is_closed = true;
    timer_stop(base);
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
    .http_client = &sim_http_ops,
};

/* ---- lives ---- */
struct sim *sim_new(uint64_t seed, const struct sim_faults *faults)
{
    struct sim *sim = sim_alloc(sizeof *sim);
    sim->loop.ops = &sim_loop_ops;
    sim->loop.name = "simulator";
    sim->world.ops = &sim_world_ops;
    sim->world.state = sim;
    sim->seed = seed;
    sim->random = seed * 0x9e3779b97f4a7c15u + 1;
    sim->now = 1000000000;
    sim->faults = *faults;
    sim_disk_init(sim);
    sim->former_world = world_current();
    world_enter(&sim->world);
    return sim;
}

void sim_free(struct sim *sim)
{
    world_enter(sim->former_world);
    sim_forget_events(sim);
    sim_disk_free(sim);
    mem_free(sim);
}

void sim_die(struct sim *sim, const char *why)
{
    sim_trace(sim, "the process dies %s", why);
    ASSERT(sim->is_alive);
    longjmp(sim->death, 1);
}

bool sim_live(struct sim *sim, void (*life)(void *arg), void *arg)
{
    volatile bool survived = false;
    LEAKS_OFF();
    sim->is_alive = true;
    sim->stopped = false;
    if (setjmp(sim->death) == 0) {
        life(arg);
        survived = true;
    } else {
        mem_scope_forget();
        sim->seen.deaths++;
    }
    sim->is_alive = false;
    LEAKS_ON();
    sim_forget_events(sim);
    sim_close_files(sim);
    if (!survived && sim_below(sim, 1000000) < sim->faults.power_cut) {
        sim->seen.power_cuts++;
        sim_trace(sim, "the power is cut");
        sim_disk_lose_unsynced(sim);
    }
    return survived;
}

void sim_add_peer(struct sim *sim, struct str authority, sim_peer_fn *handle, void *arg)
{
    ASSERT(sim->peer_count < SIM_PEERS);
    sim->peers[sim->peer_count++] = (struct sim_peer){authority, handle, arg, false};
}
