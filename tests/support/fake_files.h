#ifndef TESTS_SUPPORT_FAKE_FILES_H
#define TESTS_SUPPORT_FAKE_FILES_H

/* A world whose files live in memory, for tests of what a crash leaves: it can die at the Nth file
 * operation (whole, or with half of a write done), run out of space, and lose what was not synced.
 * Folders exist once made; there are no links. Time stands still unless it is moved. */

#include "base/world.h"

struct fake_files;

struct fake_files *fake_files_new(void);
void fake_files_free(struct fake_files *f);
struct world *fake_files_world(struct fake_files *f);

/* From the nth operation on everything fails with EIO and has no effect; 0 = never. When `torn`,
 * half of a write that is the nth operation still reaches the file. */
void fake_files_die_at(struct fake_files *f, uint64_t nth, bool torn);
bool fake_files_dead(const struct fake_files *f);
uint64_t fake_files_operations(const struct fake_files *f);
/* The process is gone: handles and locks are dropped, it may start again. When `power`, what was
 * not synced is gone too, sector by sector as `seed` decides. */
void fake_files_restart(struct fake_files *f, bool power, uint64_t seed);
/* Bytes that all files together may hold; 0 = no limit. */
void fake_files_space(struct fake_files *f, uint64_t bytes);
void fake_files_advance(struct fake_files *f, int64_t ns);

/* For damage and inspection: the nth file (in order of names) that is no folder, or NULL. */
struct fake_file_view {
    const char *path;
    char *bytes; /* may be changed in place */
    size_t len;
    unsigned mode;
};
bool fake_files_view(struct fake_files *f, size_t nth, struct fake_file_view *out);
void fake_files_resize(struct fake_files *f, const char *path, size_t len);
/* Makes or replaces a file (0600); the folders must exist. */
void fake_files_put(struct fake_files *f, const char *path, struct str bytes);
void fake_files_remove(struct fake_files *f, const char *path);

#endif
