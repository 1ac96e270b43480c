/* The public face of loops, timers, streams and watches: every function finds the implementation's
 * table in its object and calls it. Owns nothing. loop_new is with the implementation (loop_uv.c).
 */

#include "runtime/loop/ops.h"

struct loop *loop_new_beside(const struct loop *other, const char *name, struct error *err)
{
    if (other->ops->process_new)
        return loop_new(name, err);
    error_set(err, STATUS_UNSUPPORTED, "nothing is fetched here");
    return NULL;
}

void loop_run(struct loop *loop)
{
    loop->ops->run(loop);
}

void loop_stop(struct loop *loop)
{
    loop->ops->stop(loop);
}

void loop_free(struct loop *loop)
{
    if (loop)
        loop->ops->free(loop);
}

enum status loop_start_thread(struct loop *loop, struct error *err)
{
    return loop->ops->start_thread(loop, err);
}

void loop_join_thread(struct loop *loop)
{
    loop->ops->join_thread(loop);
}

bool loop_is_current(const struct loop *loop)
{
    return loop->ops->is_current(loop);
}

void loop_post(struct loop *loop, loop_fn *fn, void *arg)
{
    loop->ops->post(loop, fn, arg);
}

void loop_call(struct loop *loop, loop_fn *fn, void *arg)
{
    loop->ops->call(loop, fn, arg);
}

bool loop_borrow(struct loop *loop)
{
    if (!loop->ops->borrow || loop_is_current(loop))
        return false;
    loop->ops->borrow(loop);
    return true;
}

void loop_return(struct loop *loop)
{
    loop->ops->give_back(loop);
}

void loop_defer(struct loop *loop, loop_fn *fn, void *arg)
{
    loop->ops->defer(loop, fn, arg);
}

void loop_work(struct loop *loop, loop_fn *work, loop_fn *done, void *arg)
{
    loop->ops->work(loop, work, done, arg);
}

int64_t loop_now_ns(const struct loop *loop)
{
    return loop->ops->now_ns(loop);
}

struct loop_timer *loop_timer_new(struct loop *loop, loop_fn *fn, void *arg)
{
    return loop->ops->timer_new(loop, fn, arg);
}

void loop_timer_start(struct loop_timer *timer, int64_t delay_ns, int64_t repeat_ns)
{
    timer->loop->ops->timer_start(timer, delay_ns, repeat_ns);
}

void loop_timer_stop(struct loop_timer *timer)
{
    timer->loop->ops->timer_stop(timer);
}

bool loop_timer_active(const struct loop_timer *timer)
{
    return timer->loop->ops->timer_active(timer);
}

void loop_timer_close(struct loop_timer *timer)
{
    if (timer)
        timer->loop->ops->timer_close(timer);
}

struct stream *stream_connect(struct loop *loop, struct str host_port, int64_t timeout_ns,
                              connected_fn *connected, void *arg)
{
    return loop->ops->connect(loop, host_port, timeout_ns, connected, arg);
}

void stream_start(struct stream *stream, const struct stream_events *events, void *arg)
{
    stream->loop->ops->stream_start(stream, events, arg);
}

void stream_pause(struct stream *stream, bool paused)
{
    stream->loop->ops->stream_pause(stream, paused);
}

size_t stream_write(struct stream *stream, struct str bytes)
{
    return stream->loop->ops->stream_write(stream, bytes);
}

size_t stream_pending(const struct stream *stream)
{
    return stream->loop->ops->stream_pending(stream);
}

void stream_shutdown(struct stream *stream)
{
    stream->loop->ops->stream_shutdown(stream);
}

void stream_close(struct stream *stream)
{
    if (stream)
        stream->loop->ops->stream_close(stream);
}

void stream_peer(const struct stream *stream, struct address *out)
{
    stream->loop->ops->stream_peer(stream, out);
}

struct listener *listener_new(struct loop *loop, struct str host_port, accepted_fn *accepted,
                              void *arg, struct error *err)
{
    return loop->ops->listen(loop, host_port, accepted, arg, err);
}

void listener_address(const struct listener *listener, struct address *out)
{
    listener->loop->ops->listener_address(listener, out);
}

void listener_close(struct listener *listener)
{
    if (listener)
        listener->loop->ops->listener_close(listener);
}

struct loop_poll *loop_poll_new(struct loop *loop, int fd, poll_fn *fn, void *arg)
{
    ASSERT(loop->ops->poll_new);
    return loop->ops->poll_new(loop, fd, fn, arg);
}

void loop_poll_set(struct loop_poll *poll, int events)
{
    poll->loop->ops->poll_set(poll, events);
}

void loop_poll_close(struct loop_poll *poll)
{
    if (poll)
        poll->loop->ops->poll_close(poll);
}

struct loop_watch *loop_watch_new(struct loop *loop, const char *folder, loop_fn *changed,
                                  void *arg)
{
    return loop->ops->watch_new ? loop->ops->watch_new(loop, folder, changed, arg) : NULL;
}

void loop_watch_close(struct loop_watch *watch)
{
    if (watch)
        watch->loop->ops->watch_close(watch);
}

struct loop_process *loop_process_new(struct loop *loop, const struct process_options *options,
                                      process_done_fn *done, void *arg, struct error *err)
{
    if (loop->ops->process_new)
        return loop->ops->process_new(loop, options, done, arg, err);
    error_set(err, STATUS_UNSUPPORTED, "no programs are started here");
    return NULL;
}

void loop_process_close(struct loop_process *process)
{
    if (process)
        process->loop->ops->process_close(process);
}

struct loop_signal *loop_signal_new(struct loop *loop, int signum, signal_fn *fn, void *arg)
{
    ASSERT(loop->ops->signal_new);
    return loop->ops->signal_new(loop, signum, fn, arg);
}

void loop_signal_close(struct loop_signal *signal)
{
    if (signal)
        signal->loop->ops->signal_close(signal);
}
