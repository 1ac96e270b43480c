#ifndef CLI_CONFIGURATION_H
#define CLI_CONFIGURATION_H

/* What commands that look at a configuration without running it share: the names that it may use,
 * and reading it into a program. */

#include "base/map.h"
#include "compiler/program.h"
#include "stdlib/stdlib.h"

/* The components, blocks and functions of this program. At first everything is admitted; who wants
 * a minimum of stability sets it in the options. Its address must not change. */
struct vocabulary {
    struct map components; /* name → struct component_def */
    struct stdlib stdlib;
    struct program_options options;
};

void vocabulary_init(struct vocabulary *v);
void vocabulary_release(struct vocabulary *v);

/* Reads and analyses a file or folder; the vocabulary must outlive the program. NULL when it cannot
 * be read or its text is no configuration, which has been printed. What is wrong beyond that is for
 * `validate` to say. */
struct program *configuration_read(const char *path, struct vocabulary *v);

#endif
