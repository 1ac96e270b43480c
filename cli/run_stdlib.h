#ifndef CLI_RUN_STDLIB_H
#define CLI_RUN_STDLIB_H

#include "compiler/function.h"

/* The language's library; NULL while there is none. */
const struct stdlib *run_stdlib(void);

#endif
