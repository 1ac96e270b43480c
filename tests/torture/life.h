#ifndef TESTS_TORTURE_LIFE_H
#define TESTS_TORTURE_LIFE_H

/* One life of a pipeline in a process of its own, on a real loop with loopback sockets and files in
 * memory: it loads and starts, takes a request, delivers it, reloads, takes another and stops.
 * In one phase of it the nth operation of a kind fails. Afterwards the same must work: a load that
 * was refused is made again, a request that failed is sent again and arrives. */

#include <stdbool.h>
#include <stdint.h>

enum torture_kind { TORTURE_MEMORY, TORTURE_FILES, TORTURE_DISK_FULL, TORTURE_SOCKETS };
enum torture_phase { PHASE_START, PHASE_REQUEST, PHASE_RELOAD, PHASE_STOP, PHASES };

struct pipeline {
    const char *name;
    /* %u stands for ports: in, out, page (a target of scrapes), each as often as it is named:
     * "{in}", "{out}", "{page}"; "{n}" differs after the reload. */
    const char *config;
    const char *path; /* of the request; NULL = scrapes come by themselves */
    const char *type;
    const char *body;
    unsigned body_len; /* 0 = a text */
    bool snappy;
};

enum life_end {
    LIFE_GOOD = 0,  /* the failure fired, and all went well */
    LIFE_SPARED = 9 /* there was no nth operation */
};

/* The exit status of the process: a life_end, or something else with a line on stderr. */
int life_run(const struct pipeline *pipeline, enum torture_phase phase, enum torture_kind kind,
             uint64_t nth);

#endif
