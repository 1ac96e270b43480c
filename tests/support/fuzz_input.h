#ifndef TESTS_SUPPORT_FUZZ_INPUT_H
#define TESTS_SUPPORT_FUZZ_INPUT_H

/* What fuzz targets share. An input runs once as it is and, if its hash says so (one in four), once
 * more with one failing allocation, which the hash chooses among those that the first run made
 * between fuzz_begin and fuzz_end. So every input says everything about its run, and a saved one
 * repeats it. */

#include "base/error.h"
#include "base/memory.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef void fuzz_fn(struct str input);

/* The body of LLVMFuzzerTestOneInput; returns 0. Inputs of more than `max` bytes are left out. */
int fuzz_run(const uint8_t *data, size_t size, size_t max, fuzz_fn *once);

/* The code under test runs between these; several stretches of a run count as one. */
void fuzz_begin(void);
void fuzz_end(void);
/* Whether an allocation has failed in this run. */
bool fuzz_has_failed(void);
/* The same for work in a scope of memory. False: refused, which only a failed allocation may do
 * unless the scope has limits of its own. */
bool fuzz_scope(void (*work)(void *arg), void *arg);

/* The first byte of an input, which chooses a variant, and the rest. False when there is none. */
bool fuzz_choice(struct str *input, uint8_t *choice);

#endif
