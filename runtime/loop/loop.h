#ifndef RUNTIME_LOOP_LOOP_H
#define RUNTIME_LOOP_LOOP_H

/* The door to the world, second half: event loops, timers, sockets, worker threads, signals (the
 * first half is base/world.h). In the product a loop is libuv on a thread of its own; in the
 * simulator it is virtual time in one thread. Both fill struct loop_ops; nothing else in the house
 * knows libuv.
 *
 * Threads: everything that takes a loop, a timer or a stream is called on that loop's thread,
 * except loop_post, loop_call and loop_stop. Callbacks run on the loop's thread. Nothing is called
 * re-entrantly from the function that starts it: completions come in a later step of the loop.
 * Memory: objects are freed by their _close; the closed callback, if any, is the last one. Creating
 * inside a memory scope registers a guard that closes the object if the scope fails. */

#include "base/buf.h"
#include "base/error.h"

struct loop;
struct loop_timer;
struct stream;
struct listener;

typedef void loop_fn(void *arg);

/* ---- the loop ---- */
/* `name` for logs; borrowed. Fails when the kernel has no file descriptors left. */
struct loop *loop_new(const char *name, struct error *err);
/* One that stands in for `other` while that waits; the simulator has none. */
struct loop *loop_new_beside(const struct loop *other, const char *name, struct error *err);
/* On the current thread, until loop_stop and nothing is left alive. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop); /* any thread */
void loop_free(struct loop *loop);
/* A thread that runs the loop; the counterpart waits for it to end. */
enum status loop_start_thread(struct loop *loop, struct error *err);
void loop_join_thread(struct loop *loop);
bool loop_is_current(const struct loop *loop);

/* Runs fn(arg) on the loop, in order of posting; any thread. Allocates one small block; for
 * control, not for data. */
void loop_post(struct loop *loop, loop_fn *fn, void *arg);
/* Runs fn(arg) on the loop and waits for it; a direct call when already there. A data loop never
 * calls the control loop this way (that would be a deadlock, and is asserted). */
void loop_call(struct loop *loop, loop_fn *fn, void *arg);
/* Stops the loop's thread between two callbacks and makes the calling thread the loop's, so that
 * many calls cost no more than one; loop_return gives it back. For short moments of the control
 * loop. False = it was the caller's already. */
bool loop_borrow(struct loop *loop);
void loop_return(struct loop *loop);
/* Once, after the current callback returned. */
void loop_defer(struct loop *loop, loop_fn *fn, void *arg);
/* work(arg) on a worker thread, then done(arg) on the loop. In the simulator both run on the loop.
 */
void loop_work(struct loop *loop, loop_fn *work, loop_fn *done, void *arg);

/* ---- time; virtual in the simulator ---- */
int64_t loop_now_ns(const struct loop *loop); /* monotonic, read at each call */

struct loop_timer *loop_timer_new(struct loop *loop, loop_fn *fn, void *arg);
/* Restarting an active timer moves it. repeat_ns 0 = once. */
void loop_timer_start(struct loop_timer *timer, int64_t delay_ns, int64_t repeat_ns);
void loop_timer_stop(struct loop_timer *timer);
bool loop_timer_active(const struct loop_timer *timer);
void loop_timer_close(struct loop_timer *timer); /* no callback after this; NULL is fine */

/* ---- streams: TCP and Unix sockets ---- */
struct address {
    char text[300]; /* "127.0.0.1:12345", "[::1]:80", "unix:/path" */
};

/* Splits "host:port" (IPv6 in brackets), checks the port; STATUS_INVALID otherwise. */
enum status address_parse(struct str text, struct address *out, struct error *err);

struct stream_events {
    /* Bytes arrived; the slice is valid during the call. */
    void (*read)(void *arg, struct str bytes);
    /* The peer ended (status OK) or the stream broke. No read comes after it. */
    void (*end)(void *arg, enum status status);
    /* Everything written so far has left; sent when the write queue drains to empty. NULL = not
     * wanted. */
    void (*drained)(void *arg);
};

/* Resolves and connects to "host:port" or "unix:/path"; `connected` comes once, in a later step:
 * the stream, or NULL with err. Until then the result is good for stream_close only, which cancels
 * (no callback). */
typedef void connected_fn(void *arg, struct stream *stream, const struct error *err);
struct stream *stream_connect(struct loop *loop, struct str host_port, int64_t timeout_ns,
                              connected_fn *connected, void *arg);
void stream_start(struct stream *stream, const struct stream_events *events, void *arg);
/* Stops reading: back-pressure to the peer. */
void stream_pause(struct stream *stream, bool paused);
/* Copies what the kernel does not take at once. Returns bytes waiting in our queue. */
size_t stream_write(struct stream *stream, struct str bytes);
size_t stream_pending(const struct stream *stream);
void stream_shutdown(struct stream *stream); /* half-close after what is queued has left */
void stream_close(struct stream *stream);    /* no callback after this */
void stream_peer(const struct stream *stream, struct address *out);

/* `accepted` gets a stream it owns. */
typedef void accepted_fn(void *arg, struct stream *stream);
/* Port 0 picks one; listener_address tells which. */
struct listener *listener_new(struct loop *loop, struct str host_port, accepted_fn *accepted,
                              void *arg, struct error *err);
void listener_address(const struct listener *listener, struct address *out);
void listener_close(struct listener *listener);

/* ---- file descriptors and signals ---- */
struct loop_poll;
enum { LOOP_READABLE = 1, LOOP_WRITABLE = 2 };
typedef void poll_fn(void *arg, int events, int error);
/* Watches a descriptor that a library owns (libcurl). events 0 pauses. */
struct loop_poll *loop_poll_new(struct loop *loop, int fd, poll_fn *fn, void *arg);
void loop_poll_set(struct loop_poll *poll, int events);
void loop_poll_close(struct loop_poll *poll);

/* Tells that something in a folder may have changed: entries, or what stands in files. A hint for
 * those who look now and then anyway: NULL where nobody can tell (the simulator, kernel limits). */
struct loop_watch;
struct loop_watch *loop_watch_new(struct loop *loop, const char *folder, loop_fn *changed,
                                  void *arg);
void loop_watch_close(struct loop_watch *watch);

/* ---- other programs ---- */
struct loop_process;
struct process_options {
    const char *const *argv; /* the program is looked for on PATH; ends with NULL */
    const char *const
        *env;           /* "NAME=value", besides or instead of ours; ends with NULL or is NULL */
    int64_t timeout_ns; /* then it is killed, and what it started with it */
    size_t max_output;  /* bytes of each kind; more ends it the same way */
};
struct process_result {
    int status;     /* what it ended with; 128 + N: signal N ended it */
    struct str out; /* valid during the callback */
    struct str err;
};
/* err->status OK whenever it ended by itself, whatever its status. */
typedef void process_done_fn(void *arg, const struct process_result *result,
                             const struct error *err);
/* Runs a program with nothing to read, in a session of its own, so that nobody can be asked.
 * `done` comes once, in a later step, and frees it. Everything is copied. NULL with err: it cannot
 * be started; the simulator starts none. */
struct loop_process *loop_process_new(struct loop *loop, const struct process_options *options,
                                      process_done_fn *done, void *arg, struct error *err);
void loop_process_close(struct loop_process *process); /* kills it; no callback after this */

typedef void signal_fn(void *arg, int signum);
struct loop_signal *loop_signal_new(struct loop *loop, int signum, signal_fn *fn, void *arg);
void loop_signal_close(struct loop_signal *signal);

#endif
