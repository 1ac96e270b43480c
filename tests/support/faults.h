#ifndef TESTS_SUPPORT_FAULTS_H
#define TESTS_SUPPORT_FAULTS_H

/* Loads and reloads of a graph under failure: the nth allocation fails for n = 1, 2, … until there
 * is no nth any more. Whatever failed, the next load heals it, and nothing leaks. */

#include "tests/support/graph.h"

struct faulty_load {
    void (*begin)(struct rig *rig);   /* as far as the first load */
    const char *before, *after;       /* texts of /main.alloy */
    bool strict;                      /* the first load says so whenever an allocation failed */
    void (*refused)(struct rig *rig); /* checks after a reload that changed nothing; may be NULL */
    void (*healed)(struct rig *rig);  /* checks in the end; may be NULL */
};

void every_allocation_of_a_load(const struct faulty_load *f);
void every_allocation_of_a_reload(const struct faulty_load *f);

/* Runs `once` for n = 1, 2, … while it says that there was an nth operation; more than `least`
 * times. */
void each_in_turn(bool (*once)(const void *arg, uint64_t nth), const void *arg, uint64_t least);

#endif
