#ifndef TESTS_SIMULATION_SIM_H
#define TESTS_SIMULATION_SIM_H

/* The simulator: the second implementation of the door to the world. One seed decides everything:
 * virtual time, a disk that can fail, fill and tear, a network that can delay, cut and swallow, and
 * the death of the process at any file operation or event. Whole pipelines run in it, in one
 * thread, libcurl and nghttp2 included; the same seed gives the same run.
 *
 * There are two loops on one clock: the process', and the outside's, where peers live. A life is
 * what happens to the process between two deaths: sim_live(sim, life, arg) calls life, which builds
 * the program's objects and runs the loop. Death comes as a jump out of it: what the process held
 * in memory is forgotten (and leaked on purpose), its connections end, what it had written stays
 * (after a power cut only what was synced). Nothing that happens to the outside's loop can kill. */

#include "base/memory.h"
#include "base/world.h"
#include "runtime/loop/ops.h"

#include <poll.h>
#include <setjmp.h>

enum { SIM_FDS = 128, SIM_TRACE = 600, SIM_LISTENERS = 16, SIM_POLLFDS = 512, SIM_SOCKETS = 1024 };
enum { CHUNK_MAX = 16 * 1024 };

static const int64_t SECOND = 1000000000;
static const int64_t MILLISECOND = 1000000;

/* What can happen; kinds.def. */
enum sim_kind {
#define KIND(name, often, text) SIM_##name,
#include "tests/simulation/kinds.def"
#undef KIND
    SIM_KINDS,
};

struct sim_kind_info {
    const char *name, *text;
    unsigned often;
};
extern const struct sim_kind_info sim_kinds[SIM_KINDS];

struct sim_inode;
struct sim_event;
struct sim_timer;
struct sim_conn;
struct sim_poll;

struct sim_fd {
    struct sim_inode *inode;
    int64_t offset;
    int flags;
    bool is_outside;
};

/* ---- the two loops ---- */
struct sim_loop {
    struct loop base; /* must be first */
    struct sim *sim;
    bool is_outside;
};

struct sim_listener {
    struct listener base; /* must be first */
    unsigned port;        /* 0 = closed */
    accepted_fn *accepted;
    void *arg;
    int64_t cut_until; /* partition */
};

struct sim {
    struct world world;
    struct mem_owner memory; /* of sim_alloc: no part of the process' */
    struct world *former_world;
    struct sim_loop process, outside;
    uint64_t seed;
    uint64_t random;
    int64_t now;
    int64_t wall_skew;
    uint64_t order;
    struct sim_event *first, *last; /* sorted by time and order */
    struct sim_timer *timers;
    struct sim_inode *root;
    struct sim_fd fds[SIM_FDS];
    int64_t full_until;
    struct sim_listener listeners[SIM_LISTENERS];
    struct sim_conn *conns, *old_conns;
    struct pollfd pollfds[SIM_POLLFDS];
    char scratch[CHUNK_MAX];
    struct sim_poll *polls;
    struct {
        bool is_ours;
        size_t unread;      /* bytes, and 1 for the end */
    } sockets[SIM_SOCKETS]; /* what the kernel holds for the clients' ends */
    int64_t max_latency;
    unsigned faults[SIM_KINDS]; /* chances in a million; 0 = switched off */
    uint64_t seen[SIM_KINDS];
    bool calm;       /* no faults: to let the run come to rest */
    bool is_outside; /* what runs now is the outside's */
    bool is_alive;
    bool stopped; /* loop_stop was called */
    int64_t poke_delay;
    uint64_t bytes_moved;
    bool poke;       /* descriptors are to be looked at again */
    bool is_touched; /* something happened to descriptors: some may be ready */
    jmp_buf death;
    bool is_loud; /* the trace goes to standard error at once */
    char trace[SIM_TRACE][160];
    size_t traced;
};

/* A random subset of the faults is switched on. */
struct sim *sim_new(uint64_t seed);
void sim_free(struct sim *sim);
struct sim *sim_current(void); /* of this thread, or NULL */

/* True: life returned. False: the process died. */
bool sim_live(struct sim *sim, void (*life)(void *arg), void *arg);
/* Runs events until `until` of virtual time, or until the loop is stopped. */
void sim_run(struct sim *sim, int64_t until);
uint64_t sim_random(struct sim *sim);
uint64_t sim_below(struct sim *sim, uint64_t bound);
/* True with the chance of the fault, and then counted; never when calm. */
bool sim_fault(struct sim *sim, enum sim_kind kind);
void sim_saw(struct sim *sim, enum sim_kind kind);
void sim_trace(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sim_print_trace(const struct sim *sim);
_Noreturn void sim_die(struct sim *sim, const char *why);
/* What the outside does to the disk: it never fails, and is durable at once. */
void sim_begin_outside(struct sim *sim);
void sim_end_outside(struct sim *sim);
/* No more partitions, full disks, held connections. */
void sim_heal(struct sim *sim);
/* What the process holds: timers, open files, connections; for the baseline. */
struct sim_held {
    unsigned timers, files, streams, sockets, polls;
};
/* Files below the folder whose names end so. */
unsigned sim_count_files(struct sim *sim, const char *folder, struct str suffix);
struct sim_held sim_held(const struct sim *sim);

/* ---- between the files of the simulator ---- */
void *sim_alloc(size_t size);
extern const struct world_ops sim_world_ops;
extern const struct loop_ops sim_loop_ops;
void sim_disk_init(struct sim *sim);
void sim_disk_free(struct sim *sim);
void sim_disk_lose_unsynced(struct sim *sim);
void sim_close_files(struct sim *sim);
/* The owner of a loop that runs here. */
struct sim *sim_of(const struct loop *loop);
bool sim_loop_is_outside(const struct loop *loop);
/* Runs fn(arg) after a delay. Events of the process are dropped when it dies. */
struct sim_event *sim_after(const struct loop *loop, int64_t delay, loop_fn *fn, void *arg);
void sim_cancel(struct sim *sim, struct sim_event *event);

/* net.c */
struct stream *sim_connect(struct loop *loop, struct str host_port, int64_t timeout_ns,
                           connected_fn *connected, void *arg);
void sim_stream_start(struct stream *s, const struct stream_events *events, void *arg);
void sim_stream_pause(struct stream *s, bool paused);
size_t sim_stream_write(struct stream *s, struct str bytes);
size_t sim_stream_pending(const struct stream *s);
void sim_stream_shutdown(struct stream *s);
void sim_stream_close(struct stream *s);
void sim_stream_peer(const struct stream *s, struct address *out);
struct listener *sim_listen(struct loop *loop, struct str host_port, accepted_fn *accepted,
                            void *arg, struct error *err);
void sim_listener_address(const struct listener *l, struct address *out);
void sim_listener_close(struct listener *l);
/* socket.c */
int sim_client_socket(struct loop *loop, const struct sockaddr *to);
struct loop_poll *sim_poll_new(struct loop *loop, int fd, poll_fn *fn, void *arg);
void sim_poll_set(struct loop_poll *poll, int events);
void sim_poll_close(struct loop_poll *poll);
/* What a client has not yet read of its socket; NULL: it is no socket of the simulator's. */
size_t *sim_unread(int fd);
/* Moves bytes between descriptors and the network; calls those who watch. */
void sim_pump(struct sim *sim);
/* Whether bytes to servers are under way. */
bool sim_net_is_busy(const struct sim *sim);
/* The process is gone. */
void sim_net_death(struct sim *sim);
void sim_net_free(struct sim *sim);
void sim_net_held(const struct sim *sim, struct sim_held *held);

#endif
