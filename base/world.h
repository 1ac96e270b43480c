#ifndef BASE_WORLD_H
#define BASE_WORLD_H

/* The door to the world, first half: clock, randomness and files. (Timers, sockets, processes and
 * signals are runtime/loop/loop.h.) Everything that is not computation passes here, so that tests
 * can make the Nth operation fail and the simulator can replace the whole table.
 *
 * Each thread has a current world; the kernel's is the default. The functions below act on it.
 * All return >= 0 on success and -errno on failure, never -1 with errno. File operations block:
 * they are meant for local disks and bounded sizes. */

#include "base/str.h"

#include <sys/stat.h>
#include <sys/types.h>

struct world;

struct world_dir_entry {
    const char *name;   /* valid until the callback returns; "." and ".." are left out */
    unsigned char type; /* DT_REG, DT_DIR, DT_LNK, DT_UNKNOWN … */
};

typedef bool world_dir_fn(void *arg, const struct world_dir_entry *entry); /* false stops */

struct world_ops {
    int64_t (*wall_ns)(struct world *w);      /* since 1970-01-01 UTC */
    int64_t (*monotonic_ns)(struct world *w); /* never goes back */
    void (*random)(struct world *w, void *bytes, size_t len);
    /* dirfd as openat(2); flags as open(2), O_CLOEXEC is always added. */
    int (*open)(struct world *w, int dirfd, const char *path, int flags, mode_t mode);
    int (*close)(struct world *w, int fd);
    ssize_t (*read)(struct world *w, int fd, void *bytes, size_t len);
    ssize_t (*pread)(struct world *w, int fd, void *bytes, size_t len, off_t offset);
    ssize_t (*write)(struct world *w, int fd, const void *bytes, size_t len);
    ssize_t (*pwrite)(struct world *w, int fd, const void *bytes, size_t len, off_t offset);
    off_t (*seek)(struct world *w, int fd, off_t offset, int whence);
    int (*sync)(struct world *w, int fd); /* fdatasync; fsync for directories */
    int (*truncate)(struct world *w, int fd, off_t size);
    int (*stat)(struct world *w, int dirfd, const char *path, int flags, struct stat *out);
    int (*fstat)(struct world *w, int fd, struct stat *out);
    int (*rename)(struct world *w, int from_dir, const char *from, int to_dir, const char *to);
    int (*unlink)(struct world *w, int dirfd, const char *path, int flags);
    int (*mkdir)(struct world *w, int dirfd, const char *path, mode_t mode);
    int (*list)(struct world *w, int dirfd, const char *path, world_dir_fn *each, void *arg);
    ssize_t (*readlink)(struct world *w, int dirfd, const char *path, char *out, size_t len);
    int (*lock)(struct world *w, int fd); /* exclusive, does not wait: -EWOULDBLOCK */
    /* Free and total bytes of the file system. */
    int (*space)(struct world *w, int fd, uint64_t *free_bytes, uint64_t *total_bytes);
};

struct world {
    const struct world_ops *ops;
    void *state; /* the implementation's */
};

struct world *world_kernel(void);
struct world *world_current(void);
/* For this thread; NULL restores the kernel's. */
void world_enter(struct world *world);

/* The nth file operation of this thread from now on fails with `error` (positive errno); 0 switches
 * off. */
void world_fail_at(uint64_t nth, int error);
bool world_failed_once(void);
uint64_t world_count(void); /* file operations of this thread so far */

int64_t world_wall_ns(void);
int64_t world_wall_ms(void);
int64_t world_monotonic_ns(void);
uint64_t world_random_u64(void);
/* 0 <= result < bound. */
uint64_t world_random_below(uint64_t bound);

int world_open(int dirfd, const char *path, int flags, mode_t mode);
int world_close(int fd);
ssize_t world_read(int fd, void *bytes, size_t len);
ssize_t world_pread(int fd, void *bytes, size_t len, off_t offset);
ssize_t world_write(int fd, const void *bytes, size_t len);
ssize_t world_pwrite(int fd, const void *bytes, size_t len, off_t offset);
off_t world_seek(int fd, off_t offset, int whence);
int world_sync(int fd);
int world_truncate(int fd, off_t size);
int world_stat(int dirfd, const char *path, int flags, struct stat *out);
int world_fstat(int fd, struct stat *out);
int world_rename(int from_dir, const char *from, int to_dir, const char *to);
int world_unlink(int dirfd, const char *path, int flags);
int world_mkdir(int dirfd, const char *path, mode_t mode);
int world_list(int dirfd, const char *path, world_dir_fn *each, void *arg);
ssize_t world_readlink(int dirfd, const char *path, char *out, size_t len);
int world_lock(int fd);
int world_space(int fd, uint64_t *free_bytes, uint64_t *total_bytes);

#endif
