#ifndef TESTS_SUPPORT_FAILING_LOOP_H
#define TESTS_SUPPORT_FAILING_LOOP_H

/* A real loop whose nth socket operation fails once: a connect goes to nobody, a listen finds no
 * address, a write or a read breaks the stream, a watched descriptor of a library reports an
 * error. */

#include "runtime/loop/loop.h"

/* Puts the failing table in front of the loop's own; once, for one loop a thread. */
void failing_loop_wrap(struct loop *loop);
/* The nth operation from now on fails; 0 switches it off. */
void failing_loop_at(uint64_t nth);
bool failing_loop_failed(void);
/* Frees what the wrapper holds, after the loop. */
void failing_loop_release(void);

#endif
