/* The fake loops: one list of jobs and one of timers, both of the clock. Bounded by what tests do.
 */

#include "tests/support/fake_loop.h"

#include "runtime/loop/ops.h"

struct fake_loop {
    struct loop base;
    struct fake_clock *clock;
    struct fake_loop *next;
};

struct fake_job {
    struct loop *loop;
    loop_fn *fn;
    void *arg;
    struct fake_job *next;
};

struct fake_timer {
    struct loop_timer base;
    loop_fn *fn;
    void *arg;
    bool active;
    int64_t when, repeat;
    uint64_t order;
    struct fake_timer *next;
};

struct fake_clock {
    int64_t now;
    struct loop *current;
    struct fake_job *first, **last;
    struct fake_timer *timers;
    struct fake_loop *loops;
    uint64_t order;
};

static struct fake_clock *clock_of(const struct loop *loop)
{
    return ((const struct fake_loop *)loop)->clock;
}

static void *take(size_t size)
{
    void *block = mem_try_alloc_shared(NULL, size);
    ASSERT(block);
    memset(block, 0, size);
    return block;
}

static void fake_post(struct loop *loop, loop_fn *fn, void *arg)
{
    struct fake_clock *clock = clock_of(loop);
    struct fake_job *job = take(sizeof(*job));
    *job = (struct fake_job){.loop = loop, .fn = fn, .arg = arg};
    *clock->last = job;
    clock->last = &job->next;
}

static void fake_call(struct loop *loop, loop_fn *fn, void *arg)
{
    struct fake_clock *clock = clock_of(loop);
    struct loop *before = clock->current;
    clock->current = loop;
    fn(arg);
    clock->current = before;
}

static void fake_work(struct loop *loop, loop_fn *work, loop_fn *done, void *arg)
{
    work(arg);
    fake_post(loop, done, arg);
}

static bool fake_is_current(const struct loop *loop)
{
    return clock_of(loop)->current == loop;
}

static int64_t fake_now_ns(const struct loop *loop)
{
    return clock_of(loop)->now;
}

static struct loop_timer *fake_timer_new(struct loop *loop, loop_fn *fn, void *arg)
{
    struct fake_timer *timer = take(sizeof(*timer));
    *timer = (struct fake_timer){
        .base.loop = loop, .fn = fn, .arg = arg, .next = clock_of(loop)->timers};
    clock_of(loop)->timers = timer;
    return &timer->base;
}

static void fake_timer_start(struct loop_timer *base, int64_t delay_ns, int64_t repeat_ns)
{
    struct fake_timer *timer = (struct fake_timer *)base;
    struct fake_clock *clock = clock_of(base->loop);
    timer->active = true;
    timer->when = clock->now + (delay_ns > 0 ? delay_ns : 0);
    timer->repeat = repeat_ns;
    timer->order = clock->order++;
}

static void fake_timer_stop(struct loop_timer *base)
{
    ((struct fake_timer *)base)->active = false;
}

static bool fake_timer_active(const struct loop_timer *base)
{
    return ((const struct fake_timer *)base)->active;
}

static void fake_timer_close(struct loop_timer *base)
{
    if (!base)
        return;
    struct fake_timer **at = &clock_of(base->loop)->timers;
    while (*at != (struct fake_timer *)base)
        at = &(*at)->next;
    *at = (*at)->next;
    mem_free(base);
}

static const struct loop_ops ops = {
    .is_current = fake_is_current,
    .post = fake_post,
    .call = fake_call,
    .defer = fake_post,
    .work = fake_work,
    .now_ns = fake_now_ns,
    .timer_new = fake_timer_new,
    .timer_start = fake_timer_start,
    .timer_stop = fake_timer_stop,
    .timer_active = fake_timer_active,
    .timer_close = fake_timer_close,
};

struct fake_clock *fake_clock_new(void)
{
    struct fake_clock *clock = take(sizeof(*clock));
    clock->last = &clock->first;
    clock->now = 1000000000;
    return clock;
}

void fake_clock_free(struct fake_clock *clock)
{
    ASSERT(!clock->timers);
    for (struct fake_job *job = clock->first, *next; job; job = next) {
        next = job->next;
        mem_free(job);
    }
    for (struct fake_loop *loop = clock->loops, *next; loop; loop = next) {
        next = loop->next;
        mem_free(loop);
    }
    mem_free(clock);
}

struct loop *fake_loop_new(struct fake_clock *clock)
{
    struct fake_loop *loop = take(sizeof(*loop));
    *loop = (struct fake_loop){
        .base.ops = &ops, .base.name = "fake", .clock = clock, .next = clock->loops};
    clock->loops = loop;
    if (!clock->current)
        clock->current = &loop->base;
    return &loop->base;
}

void fake_clock_enter(struct fake_clock *clock, struct loop *loop)
{
    clock->current = loop;
}

static struct fake_timer *next_timer(struct fake_clock *clock, int64_t until)
{
    struct fake_timer *best = NULL;
    for (struct fake_timer *timer = clock->timers; timer; timer = timer->next) {
        if (!timer->active || timer->when > until)
            continue;
        if (!best || timer->when < best->when ||
            (timer->when == best->when && timer->order < best->order))
            best = timer;
    }
    return best;
}

static void run_jobs(struct fake_clock *clock)
{
    while (clock->first) {
        struct fake_job *job = clock->first;
        clock->first = job->next;
        if (!clock->first)
            clock->last = &clock->first;
        clock->current = job->loop;
        job->fn(job->arg);
        mem_free(job);
    }
}

void fake_clock_run(struct fake_clock *clock, int64_t ns)
{
    struct loop *before = clock->current;
    int64_t until = clock->now + ns;
    run_jobs(clock);
    for (struct fake_timer *timer; (timer = next_timer(clock, until)) != NULL;) {
        if (timer->when > clock->now)
            clock->now = timer->when;
        timer->active = timer->repeat > 0;
        if (timer->repeat > 0) {
            timer->when += timer->repeat;
            timer->order = clock->order++;
        }
        clock->current = timer->base.loop;
        timer->fn(timer->arg);
        run_jobs(clock);
    }
    clock->now = until;
    clock->current = before;
}

int64_t fake_clock_now(const struct fake_clock *clock)
{
    return clock->now;
}
