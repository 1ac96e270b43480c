#ifndef COMPONENTS_COMMON_GLOB_H
#define COMPONENTS_COMMON_GLOB_H

/* Patterns of paths as github.com/bmatcuk/doublestar v4 reads them: * and ? within a name,
 * [classes], {alternatives,…}, \ escapes, and ** as a whole component for any number of folders
 * (symbolic links are not followed by it). Limits: GLOB_MAX_PATTERNS patterns after alternatives
 * are written out, GLOB_MAX_VISITS entries looked at, GLOB_MAX_PATH bytes a path. */

#include "base/arena.h"
#include "base/error.h"

enum { GLOB_MAX_PATTERNS = 1000, GLOB_MAX_VISITS = 1000000, GLOB_MAX_PATH = 4096 };

struct glob_paths {
    struct str *items; /* in the arena, sorted, unique */
    size_t count;
};

/* Everything on disk that the pattern matches: files and folders. A folder that cannot be read is
 * passed over. STATUS_INVALID for a malformed pattern ("syntax error in pattern"). */
enum status glob_find(struct arena *arena, struct str pattern, struct glob_paths *out,
                      struct error *err);
/* Whether the pattern matches the whole path; false when malformed. */
bool glob_match(struct str pattern, struct str path);

#endif
