#ifndef TESTS_TORTURE_TAKE_H
#define TESTS_TORTURE_TAKE_H

/* test.take: a component whose receivers (metrics, logs, otlp) count the items that reach them. */

#include "runtime/component.h"

extern const struct component_def test_take;
/* Items so far, of this thread. */
uint64_t take_count(void);

#endif
