#ifndef TESTS_SIMULATION_SIM_H
#define TESTS_SIMULATION_SIM_H

/* The simulator: the second implementation of the door to the world. One seed decides everything:
 * virtual time, a disk that can fail, fill and tear, peers that answer late, wrongly or never, and
 * the death of the process at any file operation or event. Whole pipelines run in it, in one
 * thread; the same seed gives the same run.
 *
 * A life is what happens between two deaths: sim_live(sim, life, arg) calls life, which builds the
 * program's objects and runs the loop. Death comes as a jump out of it: what the process held in
 * memory is forgotten (and leaked on purpose), what it had written stays (after a power cut only
 * what was synced). */

#include "base/world.h"
#include "runtime/loop/ops.h"
#include "runtime/net/http_client.h"

#include <setjmp.h>

enum { SIM_PATH_MAX = 512, SIM_FDS = 256, SIM_PEERS = 8, SIM_TRACE = 256 };

/* How often what goes wrong, in a million. */
struct sim_faults {
    unsigned death_at_file;  /* the process dies before a file operation */
    unsigned torn_write;     /* it dies in the middle of a write */
    unsigned death_at_event; /* it dies between two events */
    unsigned power_cut;      /* share of deaths that lose what was not synced */
    unsigned io_error;       /* EIO from a file operation that changes something */
    unsigned no_space;       /* ENOSPC from a write */
    unsigned short_write;
    unsigned peer_error;       /* 5xx */
    unsigned peer_throttle;    /* 429 with Retry-After */
    unsigned peer_lost_answer; /* the request arrived, the answer did not */
    unsigned peer_silent;      /* never answers */
    unsigned peer_refused;     /* connection refused */
    int64_t max_latency_ns;
};

/* What really happened, to prove that rare branches are reached. */
struct sim_seen {
    uint64_t deaths, power_cuts, torn_writes, io_errors, no_spaces, short_writes;
    uint64_t requests, errors, throttles, lost_answers, silences, refusals;
};

struct sim_inode;
struct sim_event;
struct sim_timer;

struct sim_request {
    struct str method;
    struct str path;
    struct str body;
    const struct http_header *headers;
    size_t header_count;
};

/* A peer sees every request that arrives, answered or not. Returns the status that it would answer
 * with. */
typedef int sim_peer_fn(void *arg, const struct sim_request *request);

struct sim_peer {
    struct str authority; /* "receiver:9090" */
    sim_peer_fn *handle;
    void *arg;
    bool is_down;
};

struct sim_fd {
    struct sim_inode *inode;
    int64_t offset;
    int flags;
};

struct sim {
    struct loop loop; /* must be first: the table's functions find the simulator by it */
    struct world world;
    struct world *former_world;
    uint64_t seed;
    uint64_t random;
    int64_t now;
    uint64_t order;
    struct sim_event *events; /* sorted by time and order */
    struct sim_timer *timers;
    struct sim_inode *root;
    struct sim_fd fds[SIM_FDS];
    struct sim_peer peers[SIM_PEERS];
    size_t peer_count;
    struct sim_faults faults;
    struct sim_seen seen;
    bool calm; /* no faults: to let the run come to rest */
    bool is_alive;
    bool stopped; /* loop_stop was called */
    jmp_buf death;
    char trace[SIM_TRACE][128];
    size_t traced;
};

struct sim *sim_new(uint64_t seed, const struct sim_faults *faults);
void sim_free(struct sim *sim);

/* True: life returned. False: the process died. */
bool sim_live(struct sim *sim, void (*life)(void *arg), void *arg);
/* Runs events until `until_ns` of virtual time (or until the loop is stopped or nothing is left).
 */
void sim_run(struct sim *sim, int64_t until_ns);
void sim_add_peer(struct sim *sim, struct str authority, sim_peer_fn *handle, void *arg);
uint64_t sim_random(struct sim *sim);
uint64_t sim_below(struct sim *sim, uint64_t bound);
/* True with a probability of `millionths`; always false when calm. */
bool sim_chance(struct sim *sim, unsigned millionths);
void sim_trace(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sim_print_trace(const struct sim *sim);
_Noreturn void sim_die(struct sim *sim, const char *why);

/* ---- between the files of the simulator ---- */
void *sim_alloc(size_t size);
extern const struct world_ops sim_world_ops;
extern const struct loop_ops sim_loop_ops;
extern const struct http_client_ops sim_http_ops;
void sim_disk_init(struct sim *sim);
void sim_disk_free(struct sim *sim);
void sim_disk_lose_unsynced(struct sim *sim);
void sim_close_files(struct sim *sim);
/* Runs fn(arg) at now + delay, unless the process dies before. */
void sim_after(struct sim *sim, int64_t delay, loop_fn *fn, void *arg);
void sim_forget_events(struct sim *sim);

#endif
