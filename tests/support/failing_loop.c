/* See failing_loop.h. What is known of each stream and each watched descriptor is kept until the
 * end, so that a late callback finds it; bounded by the tests. */

#include "tests/support/failing_loop.h"

#include "base/error.h"
#include "base/memory.h"
#include "runtime/loop/ops.h"

#include <errno.h>

struct watched {
    struct watched *next;
    void *object; /* stream or poll; NULL = closed */
    struct loop *loop;
    struct stream_events events;
    poll_fn *poll;
    void *arg;
};

static _Thread_local struct {
    struct loop_ops ops;
    const struct loop_ops *real;
    struct watched *all;
    uint64_t count, at;
    bool failed;
} state;

static bool fails(void)
{
    if (state.at == 0 || ++state.count != state.at)
        return false;
    state.failed = true;
    return true;
}

static struct watched *find(const void *object)
{
    for (struct watched *w = state.all; w; w = w->next) {
        if (w->object == object)
            return w;
    }
    return NULL;
}

static struct watched *watch(struct loop *loop, void *arg)
{
    struct watched *w = mem_lib_calloc(1, sizeof(*w));
    if (!w)
        w = mem_lib_calloc(1, sizeof(*w));
    *w = (struct watched){.next = state.all, .loop = loop, .arg = arg};
    state.all = w;
    return w;
}

static struct stream *failing_connect(struct loop *loop, struct str host_port, int64_t timeout_ns,
                                      connected_fn *connected, void *arg)
{
    struct str to = fails() ? STR("127.0.0.1:1") : host_port;
    return state.real->connect(loop, to, timeout_ns, connected, arg);
}

static struct listener *failing_listen(struct loop *loop, struct str host_port,
                                       accepted_fn *accepted, void *arg, struct error *err)
{
    if (fails()) {
        error_set(err, STATUS_IO, "address in use, says the test");
        return NULL;
    }
    return state.real->listen(loop, host_port, accepted, arg, err);
}

static void broken(void *arg)
{
    struct watched *w = arg;
    if (w->object)
        w->events.end(w->arg, STATUS_IO);
}

static void on_read(void *arg, struct str bytes)
{
    struct watched *w = arg;
    if (!fails()) {
        w->events.read(w->arg, bytes);
        return;
    }
    state.real->stream_pause(w->object, true);
    w->events.end(w->arg, STATUS_IO);
}

static void on_end(void *arg, enum status status)
{
    struct watched *w = arg;
    w->events.end(w->arg, status);
}

static void on_drained(void *arg)
{
    struct watched *w = arg;
    w->events.drained(w->arg);
}

static void failing_start(struct stream *s, const struct stream_events *events, void *arg)
{
    static const struct stream_events with = {on_read, on_end, on_drained};
    static const struct stream_events without = {on_read, on_end, NULL};
    struct watched *w = find(s);
    if (!w)
        w = watch(s->loop, arg);
    w->object = s;
    w->events = *events;
    w->arg = arg;
    state.real->stream_start(s, events->drained ? &with : &without, w);
}

static size_t failing_write(struct stream *s, struct str bytes)
{
    struct watched *w = find(s);
    if (!w || !fails())
        return state.real->stream_write(s, bytes);
    state.real->stream_pause(s, true);
    state.real->defer(s->loop, broken, w);
    return 0;
}

static void failing_close(struct stream *s)
{
    struct watched *w = find(s);
    if (w)
        w->object = NULL;
    state.real->stream_close(s);
}

static void on_poll(void *arg, int events, int error)
{
    struct watched *w = arg;
    w->poll(w->arg, events, error ? error : fails() ? -ECONNRESET : 0);
}

static struct loop_poll *failing_poll(struct loop *loop, int fd, poll_fn *fn, void *arg)
{
    struct watched *w = watch(loop, arg);
    w->poll = fn;
    return state.real->poll_new(loop, fd, on_poll, w);
}

void failing_loop_wrap(struct loop *loop)
{
    state.real = loop->ops;
    state.ops = *loop->ops;
    state.ops.connect = failing_connect;
    state.ops.listen = failing_listen;
    state.ops.stream_start = failing_start;
    state.ops.stream_write = failing_write;
    state.ops.stream_close = failing_close;
    state.ops.poll_new = failing_poll;
    loop->ops = &state.ops;
}

void failing_loop_at(uint64_t nth)
{
    state.count = 0;
    state.at = nth;
    if (nth)
        state.failed = false;
}

bool failing_loop_failed(void)
{
    return state.failed;
}

void failing_loop_release(void)
{
    while (state.all) {
        struct watched *w = state.all;
        state.all = w->next;
        mem_lib_free(w);
    }
}
