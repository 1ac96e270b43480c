#ifndef TESTS_SUPPORT_FAKE_LOOP_H
#define TESTS_SUPPORT_FAKE_LOOP_H

/* Loops without threads, sockets or waiting: jobs and timers of any number of loops on one virtual
 * clock, in one thread. What is called from outside runs as the loop that was entered last. */

#include "runtime/loop/loop.h"

struct fake_clock;

struct fake_clock *fake_clock_new(void);
/* Frees its loops too; asserts that no timer was left open. */
void fake_clock_free(struct fake_clock *clock);
struct loop *fake_loop_new(struct fake_clock *clock);
/* From now on the caller is on this loop. */
void fake_clock_enter(struct fake_clock *clock, struct loop *loop);
/* Runs jobs and timers until `ns` have passed and nothing is left to do at that moment. */
void fake_clock_run(struct fake_clock *clock, int64_t ns);
int64_t fake_clock_now(const struct fake_clock *clock);

#endif
