#ifndef CLI_PATHS_H
#define CLI_PATHS_H

/* The configuration files that paths on the command line stand for: a file for itself, a folder for
 * the *.alloy files in it and in the folders below, in the order of their names. Folders whose name
 * begins with a dot and symbolic links to folders are not entered. At most PATHS_MAX files. */

#include "base/arena.h"
#include "base/error.h"

enum { PATHS_MAX = 100000 };

struct paths {
    const char **items; /* in the arena */
    size_t count;
};

/* STATUS_LIMIT, or what the world says of a path. */
enum status paths_expand(struct paths *paths, char *const *given, size_t count, struct arena *arena,
                         struct error *err);

#endif
