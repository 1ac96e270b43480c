#ifndef RUNTIME_LOOP_LOOP_UV_H
#define RUNTIME_LOOP_LOOP_UV_H

/* Between the files that put loops on libuv (*_uv.c); nobody else includes it. */

#include "base/memory.h"
#include "runtime/loop/ops.h"

#include <stdatomic.h>
#include <uv.h>

enum { LOOP_READ_BUFFER = 64 * 1024 };

/* Something to run once; part of the object it is about, or a block of its own (owned). */
struct loop_job {
    struct loop_job *next;
    loop_fn *fn;
    void *arg;
    bool owned;  /* freed after its run */
    bool queued; /* in the loop's list of deferred jobs */
};

struct loop_queue {
    struct loop_job *first;
    struct loop_job **last; /* NULL until the first use */
};

struct loop_uv {
    struct loop base;
    uv_loop_t uv;
    uv_async_t wake;
    uv_idle_t soon; /* active while jobs are deferred */
    uv_mutex_t lock;
    struct loop_queue mailbox; /* under lock */
    struct loop_queue deferred;
    atomic_bool stopping;
    _Atomic(pthread_t) owner;
    uv_thread_t thread;
    uv_sem_t resting; /* both only while the loop is borrowed */
    uv_sem_t resume;
    struct loop_job rest;
    bool has_thread;
    char *read_buffer; /* shared by all streams: bytes are handed on before the next read */
};

static inline struct loop_uv *loop_uv_of(const struct loop *loop)
{
    return (struct loop_uv *)(uintptr_t)loop;
}

/* Memory of objects that libuv may still hold when a scope fails: outside of every scope. Zeroed; a
 * failure is the scope's, or ends the process. Freed with mem_lib_free. */
void *loop_uv_alloc(size_t size);
/* Runs the job after the current callback; once, however often it is asked for until then. */
void loop_uv_soon(struct loop_uv *loop, struct loop_job *job);
void loop_uv_forget(struct loop_uv *loop, struct loop_job *job);
enum status loop_uv_error(struct error *err, int code, const char *operation, struct str what);

struct loop_timer *loop_uv_timer_new(struct loop *loop, loop_fn *fn, void *arg);
void loop_uv_timer_start(struct loop_timer *timer, int64_t delay_ns, int64_t repeat_ns);
void loop_uv_timer_stop(struct loop_timer *timer);
bool loop_uv_timer_active(const struct loop_timer *timer);
void loop_uv_timer_close(struct loop_timer *timer);

/* A stream over an accepted connection's handle; stream_uv.c. */
struct stream_uv {
    struct stream base;
    union {
        uv_handle_t any;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    struct stream_events events;
    void *arg;
    uv_shutdown_t shutdown;
    struct loop_job ending; /* reports `end_status` */
    struct connect_uv *connecting;
    size_t pending;
    enum status end_status;
    bool is_pipe;
    bool reading;
    bool paused;
    bool ended;
    bool closed;
};

/* NULL when memory or descriptors are out. */
struct stream_uv *stream_uv_new(struct loop_uv *loop, bool is_pipe);
void stream_uv_start(struct stream *stream, const struct stream_events *events, void *arg);
void stream_uv_pause(struct stream *stream, bool paused);
size_t stream_uv_write(struct stream *stream, struct str bytes);
size_t stream_uv_pending(const struct stream *stream);
void stream_uv_shutdown(struct stream *stream);
void stream_uv_close(struct stream *stream);
void stream_uv_peer(const struct stream *stream, struct address *out);

struct stream *connect_uv_start(struct loop *loop, struct str host_port, int64_t timeout_ns,
                                connected_fn *connected, void *arg);
/* The stream under way is being closed. */
void connect_uv_cancel(struct connect_uv *connect);

struct listener *listener_uv_new(struct loop *loop, struct str host_port, accepted_fn *accepted,
                                 void *arg, struct error *err);
void listener_uv_address(const struct listener *listener, struct address *out);
void listener_uv_close(struct listener *listener);

struct loop_watch *watch_uv_new(struct loop *loop, const char *folder, loop_fn *fn, void *arg);
void watch_uv_close(struct loop_watch *watch);
struct loop_poll *poll_uv_new(struct loop *loop, int fd, poll_fn *fn, void *arg);
void poll_uv_set(struct loop_poll *poll, int events);
void poll_uv_close(struct loop_poll *poll);
struct loop_process *process_uv_new(struct loop *loop, const struct process_options *options,
                                    process_done_fn *done, void *arg, struct error *err);
void process_uv_close(struct loop_process *process);
struct loop_signal *signal_uv_new(struct loop *loop, int signum, signal_fn *fn, void *arg);
void signal_uv_close(struct loop_signal *signal);

/* "unix:/path": true, with the path copied. */
bool address_is_unix(struct str text, char *path, size_t size);
/* From what getpeername and getsockname give. */
void address_from_sockaddr(const struct sockaddr *from, struct address *out);
/* Splits what address_parse accepts; `host` gets a NUL. */
enum status address_split(struct str text, char *host, size_t size, unsigned *port,
                          struct error *err);

#endif
