#ifndef TESTS_SIMULATION_RUN_H
#define TESTS_SIMULATION_RUN_H

/* A run: one pipeline, one seed, several lives of the process under faults, then rest, and the
 * verdict. */

#include "base/buf.h"
#include "base/mutant.h"
#include "tests/simulation/peers.h"

enum { SENDERS = 4, REASON_MAX = 400 };

struct writer;
struct scraped;

/* What the seed has drawn for the whole run; a reload changes only what `tuning` draws. */
struct run {
    struct sim *sim;
    struct judge *j;
    const struct pipeline *pipeline;
    struct sender *senders[SENDERS];
    struct receiver *receiver[RECEIVERS];
    struct writer *writer;   /* logs */
    struct scraped *scraped; /* metrics */
    unsigned receivers;
    uint64_t shape;     /* random bits: which components there are */
    uint64_t tuning;    /* random bits: their settings, drawn again by a reload */
    unsigned in_flight; /* items that a death may repeat at a receiver, with any settings so far */
    struct graph *graph;
};

/* Bits of shape and tuning, a number below `bound`. */
unsigned draw_bits(uint64_t *bits, unsigned bound);
/* With these settings so many requests with so many items each may be in flight. With more than
 * one, some are answered while another still waits. */
void may_fly(struct run *run, unsigned requests, unsigned items);

/* A counter of the program that is to equal what arrived or was refused in the last life. */
struct count_rule {
    const char *delivered[3]; /* names, added up over their labels */
    const char *dropped[3];
};

struct pipeline {
    const char *name;
    void (*set_up)(struct run *run);
    void (*write_config)(struct run *run, struct buf *out);
    void (*finish)(struct run *run); /* further violations; may be NULL */
    struct count_rule counts;
};

extern const struct pipeline pipeline_metrics, pipeline_logs, pipeline_otlp;
extern const struct pipeline *const pipelines[]; /* ends with NULL */
const struct pipeline *pipeline_find(const char *name);

struct outcome {
    char reason[REASON_MAX]; /* "" = nothing is wrong */
    uint64_t seen[SIM_KINDS];
    uint64_t digest; /* of what happened: equal for equal seeds */
    uint64_t items;
};

/* `loud`: the trace goes to standard error. */
void run_seed(const struct pipeline *pipeline, uint64_t seed, bool loud, struct outcome *out);

/* ---- writer.c: a program that writes a log file ---- */
struct writer *writer_new(struct run *run, unsigned stream);
void writer_free(struct writer *w);
/* ---- scraped.c: a scrape target ---- */
struct scraped *scraped_new(struct run *run);
void scraped_free(struct scraped *t);
void scraped_sample(void *arg, unsigned receiver, struct str name, int64_t t_ms, double value);
void scraped_finish(struct scraped *t);

#endif
