/* See memory_loop.h. Objects of the loop are allocated so that the failure switch of the allocator
 * passes them by: it is the code under test that must fail. */

#include "tests/support/memory_loop.h"

#include "base/memory.h"
#include "runtime/loop/ops.h"

enum { KEPT_MAX = 16 * 1024 * 1024 };

struct job {
    struct job *next;
    loop_fn *fn;
    void *arg;
};

struct memory_timer {
    struct loop_timer base;
    struct memory_timer *next;
    loop_fn *fn;
    void *arg;
    int64_t due; /* 0 = stopped */
    int64_t repeat;
};

struct memory_stream {
    struct stream base;
    struct memory_stream *next;
    struct stream_events events;
    void *arg;
    char *received;
    size_t len;
    size_t cap;
    bool paused;
    bool closed;
    bool ended;
};

struct memory_listener {
    struct listener base;
    accepted_fn *accepted;
    void *arg;
};

struct memory_loop {
    struct loop base;
    struct job *first;
    struct job **last;
    struct memory_timer *timers;
    struct memory_stream *streams;
    struct memory_listener *listener;
    int64_t now;
};

static struct memory_loop *loop_of(const struct loop *loop)
{
    return (struct memory_loop *)(uintptr_t)loop;
}

static void *new_object(size_t size)
{
    void *object = mem_lib_calloc(1, size);
    return object ? object : mem_lib_calloc(1, size);
}

static void defer(struct loop *base, loop_fn *fn, void *arg)
{
    struct memory_loop *loop = loop_of(base);
    struct job *job = new_object(sizeof(*job));
    *job = (struct job){NULL, fn, arg};
    *loop->last = job;
    loop->last = &job->next;
}

static void call(struct loop *base, loop_fn *fn, void *arg)
{
    (void)base;
    fn(arg);
}

static void work(struct loop *base, loop_fn *fn, loop_fn *done, void *arg)
{
    fn(arg);
    defer(base, done, arg);
}

static bool is_current(const struct loop *base)
{
    (void)base;
    return true;
}

static int64_t now_ns(const struct loop *base)
{
    return loop_of(base)->now;
}

static struct loop_timer *timer_new(struct loop *base, loop_fn *fn, void *arg)
{
    struct memory_timer *timer = new_object(sizeof(*timer));
    timer->base.loop = base;
    timer->fn = fn;
    timer->arg = arg;
    timer->next = loop_of(base)->timers;
    loop_of(base)->timers = timer;
    return &timer->base;
}

static void timer_start(struct loop_timer *base, int64_t delay_ns, int64_t repeat_ns)
{
    struct memory_timer *timer = (struct memory_timer *)base;
    timer->due = loop_of(base->loop)->now + delay_ns;
    timer->repeat = repeat_ns;
}

static void timer_stop(struct loop_timer *base)
{
    ((struct memory_timer *)base)->due = 0;
}

static bool timer_active(const struct loop_timer *base)
{
    return ((const struct memory_timer *)base)->due != 0;
}

static void timer_close(struct loop_timer *base)
{
    struct memory_timer **at = &loop_of(base->loop)->timers;
    while (&(*at)->base != base)
        at = &(*at)->next;
    struct memory_timer *timer = *at;
    *at = timer->next;
    mem_lib_free(timer);
}

static void start(struct stream *base, const struct stream_events *events, void *arg)
{
    struct memory_stream *stream = (struct memory_stream *)base;
    stream->events = *events;
    stream->arg = arg;
}

static void pause_stream(struct stream *base, bool paused)
{
    ((struct memory_stream *)base)->paused = paused;
}

static size_t write_stream(struct stream *base, struct str bytes)
{
    struct memory_stream *stream = (struct memory_stream *)base;
    ASSERT(!stream->closed);
    bytes = str_slice(bytes, 0, KEPT_MAX - stream->len);
    if (bytes.len > stream->cap - stream->len) {
        stream->cap = 2 * stream->cap + bytes.len;
        char *grown = mem_lib_realloc(stream->received, stream->cap);
        stream->received = grown ? grown : mem_lib_realloc(stream->received, stream->cap);
    }
    if (bytes.len)
        memcpy(stream->received + stream->len, bytes.ptr, bytes.len);
    stream->len += bytes.len;
    return 0;
}

static size_t pending(const struct stream *base)
{
    (void)base;
    return 0;
}

static void shutdown_stream(struct stream *base)
{
    ASSERT(!((struct memory_stream *)base)->closed);
}

static void close_stream(struct stream *base)
{
    struct memory_stream *stream = (struct memory_stream *)base;
    ASSERT(!stream->closed);
    stream->closed = true;
}

static void peer(const struct stream *base, struct address *out)
{
    (void)base;
    memcpy(out->text, "192.0.2.1:1", sizeof("192.0.2.1:1"));
}

static struct listener *listen_memory(struct loop *base, struct str where, accepted_fn *accepted,
                                      void *arg, struct error *err)
{
    struct memory_listener *listener = new_object(sizeof(*listener));
    (void)where, (void)err;
    *listener = (struct memory_listener){{base}, accepted, arg};
    loop_of(base)->listener = listener;
    return &listener->base;
}

static void listener_text(const struct listener *base, struct address *out)
{
    (void)base;
    memcpy(out->text, "192.0.2.2:80", sizeof("192.0.2.2:80"));
}

static void close_listener(struct listener *base)
{
    loop_of(base->loop)->listener = NULL;
    mem_lib_free(base);
}

static void run(struct loop *base)
{
    memory_loop_turn(base);
}

static void nothing(struct loop *base)
{
    (void)base;
}

static const struct loop_ops ops = {
    .run = run,
    .stop = nothing,
    .free = memory_loop_free,
    .is_current = is_current,
    .post = defer,
    .call = call,
    .defer = defer,
    .work = work,
    .now_ns = now_ns,
    .timer_new = timer_new,
    .timer_start = timer_start,
    .timer_stop = timer_stop,
    .timer_active = timer_active,
    .timer_close = timer_close,
    .stream_start = start,
    .stream_pause = pause_stream,
    .stream_write = write_stream,
    .stream_pending = pending,
    .stream_shutdown = shutdown_stream,
    .stream_close = close_stream,
    .stream_peer = peer,
    .listen = listen_memory,
    .listener_address = listener_text,
    .listener_close = close_listener,
};

struct loop *memory_loop_new(void)
{
    struct memory_loop *loop = new_object(sizeof(*loop));
    loop->base = (struct loop){&ops, "memory"};
    loop->last = &loop->first;
    loop->now = 1000000000;
    return &loop->base;
}

void memory_loop_free(struct loop *base)
{
    struct memory_loop *loop = loop_of(base);
    memory_loop_turn(base);
    ASSERT(!loop->timers && !loop->listener);
    for (struct memory_stream *each = loop->streams, *next; each; each = next) {
        next = each->next;
        ASSERT(each->closed);
        mem_lib_free(each->received);
        mem_lib_free(each);
    }
    mem_lib_free(loop);
}

void memory_loop_turn(struct loop *base)
{
    struct memory_loop *loop = loop_of(base);
    while (loop->first) {
        struct job job = *loop->first;
        mem_lib_free(loop->first);
        loop->first = job.next;
        if (!loop->first)
            loop->last = &loop->first;
        job.fn(job.arg);
    }
}

void memory_loop_advance(struct loop *base, int64_t ns)
{
    struct memory_loop *loop = loop_of(base);
    int64_t end = loop->now + ns;
    for (;;) {
        struct memory_timer *due = NULL;
        for (struct memory_timer *each = loop->timers; each; each = each->next) {
            if (each->due != 0 && each->due <= end && (!due || each->due < due->due))
                due = each;
        }
        if (!due)
            break;
        loop->now = due->due > loop->now ? due->due : loop->now;
        due->due = due->repeat > 0 ? due->due + due->repeat : 0;
        due->fn(due->arg);
        memory_loop_turn(base);
    }
    loop->now = end;
}

struct memory_stream *memory_connect(struct loop *base)
{
    struct memory_loop *loop = loop_of(base);
    struct memory_stream *stream = new_object(sizeof(*stream));
    stream->base.loop = base;
    stream->next = loop->streams;
    loop->streams = stream;
    loop->listener->accepted(loop->listener->arg, &stream->base);
    return stream;
}

void memory_send(struct memory_stream *stream, struct str bytes)
{
    if (stream->closed || stream->ended || stream->paused || bytes.len == 0)
        return;
    char *exact = mem_lib_malloc(bytes.len);
    if (!exact)
        exact = mem_lib_malloc(bytes.len);
    memcpy(exact, bytes.ptr, bytes.len);
    stream->events.read(stream->arg, str_of(exact, bytes.len));
    mem_lib_free(exact);
}

void memory_end(struct memory_stream *stream, enum status status)
{
    if (stream->closed || stream->ended)
        return;
    stream->ended = true;
    stream->events.end(stream->arg, status);
}

bool memory_closed(const struct memory_stream *stream)
{
    return stream->closed;
}

struct str memory_received(const struct memory_stream *stream)
{
    return str_of(stream->received, stream->len);
}
