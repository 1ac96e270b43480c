#ifndef CLI_RUN_FLAGS_H
#define CLI_RUN_FLAGS_H

/* The flags of `run`: Alloy's names and defaults. A flag that asks for something not offered is an
 * error, never ignored. */

#include "base/error.h"
#include "compiler/stability.h"

struct run_flags {
    const char *path;
    const char *listen;
    const char *storage_path;
    enum stability stability;
    bool community;
    bool skip_unsupported; /* stand-ins for what is not offered yet */
    bool pprof;
    bool watch; /* the configuration */
    int64_t shutdown_deadline_ns;
    unsigned data_loops;
};

enum run_verdict { RUN_GO, RUN_HELP, RUN_WRONG };

/* Texts are borrowed from argv. Prints the help itself. */
enum run_verdict run_flags_parse(struct run_flags *out, int argc, char **argv, struct error *err);

#endif
