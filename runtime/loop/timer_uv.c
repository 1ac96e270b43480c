/* Timers on libuv, which counts in whole milliseconds: a timer never fires before its time and at
 * most about a millisecond after it. A repeating timer keeps its rhythm and skips the beats it
 * missed. */

#include "runtime/loop/loop_uv.h"

struct timer_uv {
    struct loop_timer base;
    uv_timer_t uv;
    loop_fn *fn;
    void *arg;
    int64_t due_ns;
    int64_t repeat_ns;
};

enum { NS_PER_MS = 1000000 };

static struct timer_uv *timer_of(const struct loop_timer *timer)
{
    return (struct timer_uv *)(uintptr_t)timer;
}

static void on_timer(uv_timer_t *uv);

/* libuv adds the delay to its cached time, which may lag behind the clock. */
static void arm(struct timer_uv *timer)
{
    int64_t due_ms = timer->due_ns / NS_PER_MS + (timer->due_ns % NS_PER_MS != 0);
    int64_t cached_ms = (int64_t)uv_now(timer->uv.loop);
    uint64_t delay = due_ms > cached_ms ? (uint64_t)(due_ms - cached_ms) : 0;
    ASSERT(uv_timer_start(&timer->uv, on_timer, delay, 0) == 0);
}

static void on_timer(uv_timer_t *uv)
{
    struct timer_uv *timer = uv->data;
    if (timer->repeat_ns > 0) {
        int64_t missed = ((int64_t)uv_hrtime() - timer->due_ns) / timer->repeat_ns;
        timer->due_ns += timer->repeat_ns * ((missed > 0 ? missed : 0) + 1);
        arm(timer);
    }
    timer->fn(timer->arg);
}

static void free_timer(uv_handle_t *handle)
{
    mem_lib_free(handle->data);
}

static void undo_timer(void *arg)
{
    loop_uv_timer_close(arg);
}

struct loop_timer *loop_uv_timer_new(struct loop *loop, loop_fn *fn, void *arg)
{
    struct timer_uv *timer = loop_uv_alloc(sizeof(*timer));
    timer->base.loop = loop;
    timer->fn = fn;
    timer->arg = arg;
    (void)uv_timer_init(&loop_uv_of(loop)->uv, &timer->uv);
    timer->uv.data = timer;
    mem_scope_guard(undo_timer, timer);
    return &timer->base;
}

void loop_uv_timer_start(struct loop_timer *base, int64_t delay_ns, int64_t repeat_ns)
{
    struct timer_uv *timer = timer_of(base);
    int64_t now = (int64_t)uv_hrtime();
    int64_t delay = delay_ns > 0 ? delay_ns : 0;
    timer->due_ns = delay < INT64_MAX - now - NS_PER_MS ? now + delay : INT64_MAX - NS_PER_MS;
    timer->repeat_ns = repeat_ns;
    arm(timer);
}

void loop_uv_timer_stop(struct loop_timer *timer)
{
    (void)uv_timer_stop(&timer_of(timer)->uv);
}

bool loop_uv_timer_active(const struct loop_timer *timer)
{
    return uv_is_active((const uv_handle_t *)&timer_of(timer)->uv) != 0;
}

void loop_uv_timer_close(struct loop_timer *base)
{
    struct timer_uv *timer = timer_of(base);
    mem_scope_unguard(undo_timer, timer);
    uv_close((uv_handle_t *)&timer->uv, free_timer);
}
