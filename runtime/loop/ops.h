#ifndef RUNTIME_LOOP_OPS_H
#define RUNTIME_LOOP_OPS_H

/* What an implementation of loops provides: libuv (loop_uv.c) in the product, the simulator
 * (tests/simulation) in tests. loop.c turns the public functions into calls of this table. The
 * first member of every implementation's object is the struct named here, so that the public
 * functions find the table. */

#include "runtime/loop/loop.h"

struct sockaddr;

struct loop_ops {
    void (*run)(struct loop *loop);
    void (*stop)(struct loop *loop);
    void (*free)(struct loop *loop);
    enum status (*start_thread)(struct loop *loop, struct error *err);
    void (*join_thread)(struct loop *loop);
    bool (*is_current)(const struct loop *loop);
    void (*post)(struct loop *loop, loop_fn *fn, void *arg);
    void (*call)(struct loop *loop, loop_fn *fn, void *arg);
    /* NULL where all loops share a thread. */
    void (*borrow)(struct loop *loop);
    void (*give_back)(struct loop *loop);
    void (*defer)(struct loop *loop, loop_fn *fn, void *arg);
    void (*work)(struct loop *loop, loop_fn *work, loop_fn *done, void *arg);
    int64_t (*now_ns)(const struct loop *loop);

    struct loop_timer *(*timer_new)(struct loop *loop, loop_fn *fn, void *arg);
    void (*timer_start)(struct loop_timer *timer, int64_t delay_ns, int64_t repeat_ns);
    void (*timer_stop)(struct loop_timer *timer);
    bool (*timer_active)(const struct loop_timer *timer);
    void (*timer_close)(struct loop_timer *timer);

    struct stream *(*connect)(struct loop *loop, struct str host_port, int64_t timeout_ns,
                              connected_fn *connected, void *arg);
    void (*stream_start)(struct stream *s, const struct stream_events *events, void *arg);
    void (*stream_pause)(struct stream *s, bool paused);
    size_t (*stream_write)(struct stream *s, struct str bytes);
    size_t (*stream_pending)(const struct stream *s);
    void (*stream_shutdown)(struct stream *s);
    void (*stream_close)(struct stream *s);
    void (*stream_peer)(const struct stream *s, struct address *out);
    struct listener *(*listen)(struct loop *loop, struct str host_port, accepted_fn *accepted,
                               void *arg, struct error *err);
    void (*listener_address)(const struct listener *l, struct address *out);
    void (*listener_close)(struct listener *l);

    struct loop_poll *(*poll_new)(struct loop *loop, int fd, poll_fn *fn, void *arg);
    void (*poll_set)(struct loop_poll *poll, int events);
    void (*poll_close)(struct loop_poll *poll);
    /* NULL in the simulator. */
    struct loop_watch *(*watch_new)(struct loop *loop, const char *folder, loop_fn *fn, void *arg);
    void (*watch_close)(struct loop_watch *watch);
    struct loop_process *(*process_new)(struct loop *loop, const struct process_options *options,
                                        process_done_fn *done, void *arg, struct error *err);
    void (*process_close)(struct loop_process *process);
    struct loop_signal *(*signal_new)(struct loop *loop, int signum, signal_fn *fn, void *arg);
    void (*signal_close)(struct loop_signal *signal);
    /* How http_client.h reaches peers: NULL = libcurl on this loop. */
    const struct http_client_ops *http_client;
    /* For libcurl: a socket towards the address, which it then connects, or -1. NULL = the
     * kernel's. */
    int (*client_socket)(struct loop *loop, const struct sockaddr *to);
};

struct loop {
    const struct loop_ops *ops;
    const char *name;
};

// clang-format off
struct loop_timer { struct loop *loop; };
struct stream { struct loop *loop; };
struct listener { struct loop *loop; };
struct loop_poll { struct loop *loop; };
struct loop_watch { struct loop *loop; };
struct loop_process { struct loop *loop; };
struct loop_signal { struct loop *loop; };
// clang-format on

#endif
