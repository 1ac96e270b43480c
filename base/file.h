#ifndef BASE_FILE_H
#define BASE_FILE_H

/* Whole-file helpers over the door (world.h). Sizes are bounded by the caller. */

#include "base/buf.h"
#include "base/error.h"

/* Appends the whole file to `out`; STATUS_LIMIT when it does not fit into out->max. */
enum status file_read(int dirfd, const char *path, struct buf *out, struct error *err);
/* Writes all bytes, retrying short writes and EINTR. 0 or -errno. */
int file_write_all(int fd, const void *bytes, size_t len);
/* Replaces the file atomically: temporary file (0600, O_NOFOLLOW), sync, rename, directory sync. */
enum status file_replace(int dirfd, const char *path, struct str bytes, struct error *err);
/* Makes the folder and its parents, 0700. */
enum status file_make_dirs(const char *path, struct error *err);

#endif
