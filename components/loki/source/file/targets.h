#ifndef COMPONENTS_LOKI_SOURCE_FILE_TARGETS_H
#define COMPONENTS_LOKI_SOURCE_FILE_TARGETS_H

/* From targets to files: each target's __path__ as it stands, or, with file_match, every file that
 * it matches as a pattern and __path_exclude__ does not. Labels that begin with "__" are left out.
 */

#include "base/arena.h"
#include "base/log.h"
#include "compiler/field.h"
#include "runtime/telemetry/labels.h"

struct file_target {
    struct str path;
    const struct target *target;
};

struct file_targets {
    struct file_target *items; /* in the arena; targets are borrowed */
    size_t count;
};

struct file_match {
    bool enabled;
    struct duration sync_period;
    struct duration ignore_older_than;
};

void file_targets_find(const struct target_list *targets, const struct file_match *match,
                       struct arena *arena, const struct log *log, struct file_targets *out);
/* The labels of a target's entries, with `filename` or without; a reference, or NULL with err. */
struct labels *file_target_labels(const struct file_target *t, struct label_table *table,
                                  bool with_filename, struct error *err);

#endif
