/* The door to the world: hands every operation to the thread's world, after the switch that lets a
 * chosen file operation fail. */

#include "base/world.h"

#include "base/error.h"

#include <errno.h>

struct world_thread {
    struct world *current; /* NULL = the kernel's */
    uint64_t count;        /* file operations so far */
    uint64_t fail_at;      /* the count that fails; 0 = none */
    int fail_error;
    bool failed;
};

static _Thread_local struct world_thread thread;

struct world *world_current(void)
{
    return thread.current ? thread.current : world_kernel();
}

void world_enter(struct world *world)
{
    thread.current = world;
}

void world_fail_at(uint64_t nth, int error)
{
    ASSERT(nth == 0 || error > 0);
    thread.fail_at = nth ? thread.count + nth : 0;
    thread.fail_error = error;
    thread.failed = false;
}

bool world_failed_once(void)
{
    return thread.failed;
}

uint64_t world_count(void)
{
    return thread.count;
}

/* 0, or the -errno with which this operation has to fail. */
static int file_operation(void)
{
    if (++thread.count != thread.fail_at)
        return 0;
    thread.failed = true;
    return -thread.fail_error;
}

int64_t world_wall_ns(void)
{
    struct world *w = world_current();
    return w->ops->wall_ns(w);
}

int64_t world_wall_ms(void)
{
    return world_wall_ns() / 1000000;
}

int64_t world_monotonic_ns(void)
{
    struct world *w = world_current();
    return w->ops->monotonic_ns(w);
}

uint64_t world_random_u64(void)
{
    struct world *w = world_current();
    uint64_t value = 0;
    w->ops->random(w, &value, sizeof(value));
    return value;
}

uint64_t world_random_below(uint64_t bound)
{
    ASSERT(bound > 0);
    /* Values below `skewed` would make small results likelier. */
    uint64_t skewed = (0 - bound) % bound, value;
    do
        value = world_random_u64();
    while (value < skewed);
    return value % bound;
}

int world_open(int dirfd, const char *path, int flags, mode_t mode)
{
    struct world *w = world_current();
    int failure = file_operation();
    return failure ? failure : w->ops->open(w, dirfd, path, flags, mode);
}

/* A close that reports an error has closed all the same, so the failing one still closes. */
int world_close(int fd)
{
    struct world *w = world_current();
    int failure = file_operation();
    int result = w->ops->close(w, fd);
    return failure ? failure : result;
}

ssize_t world_read(int fd, void *bytes, size_t len)
{
    struct world *w = world_current();
    int failure = file_operation();
    return failure ? failure : w->ops->read(w, fd, bytes, len);
}

ssize_t world_pread(int fd, void *bytes, size_t len, off_t offset)
{
    struct world *w = world_current();
    int failure = file_operation();
    return failure ? failure : w->ops->pread(w, fd, bytes, len, offset);
}

ssize_t world_write(int fd, const void *bytes, size_t len)
{
    struct world *w = world_current();
    int failure = file_operation();
    return failure ? failure : w->ops->write(w, fd, bytes, len);
}

ssize_t world_pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
    struct world *w = world_current();
    int failure = file_operation();
    return failure ? failure : w->ops->pwrite(w, fd, bytes, len, offset);
}

off_t world_seek(int fd, off_t offset, int whence)
{
    struct world *w = world_current();
    int failure = file_operation();
    return failure ? failure : w->ops->seek(w, fd, offset, whence);
}

int world_sync(int fd)
{
    struct world *w = world_current();
    int failure = file_operation();
    return failure ? failure : w->ops->sync(w, fd);
}

int world_truncate(int fd, off_t size)
{
    struct world *w = world_current();
    int failure = file_operation();
    return failure ? failure : w->ops->truncate(w, fd, size);
}

int world_stat(int dirfd, const char *path, int flags, struct stat *out)
{
    struct world *w = world_current();
    int failure = file_operation();
    return failure ? failure : w->ops->stat(w, dirfd, path, flags, out);
}

int world_fstat(int fd, struct stat *out)
{
    struct world *w = world_current();
    int failure = file_operation();
    return failure ? failure : w->ops->fstat(w, fd, out);
}

int world_rename(int from_dir, const char *from, int to_dir, const char *to)
{
    struct world *w = world_current();
    int failure = file_operation();
    return failure ? failure : w->ops->rename(w, from_dir, from, to_dir, to);
}

int world_unlink(int dirfd, const char *path, int flags)
{
    struct world *w = world_current();
    int failure = file_operation();
    return failure ? failure : w->ops->unlink(w, dirfd, path, flags);
}

int world_mkdir(int dirfd, const char *path, mode_t mode)
{
    struct world *w = world_current();
    int failure = file_operation();
    return failure ? failure : w->ops->mkdir(w, dirfd, path, mode);
}

int world_list(int dirfd, const char *path, world_dir_fn *each, void *arg)
{
    struct world *w = world_current();
    int failure = file_operation();
    return failure ? failure : w->ops->list(w, dirfd, path, each, arg);
}

ssize_t world_readlink(int dirfd, const char *path, char *out, size_t len)
{
    struct world *w = world_current();
    int failure = file_operation();
    return failure ? failure : w->ops->readlink(w, dirfd, path, out, len);
}

int world_lock(int fd)
{
    struct world *w = world_current();
    int failure = file_operation();
    return failure ? failure : w->ops->lock(w, fd);
}

int world_space(int fd, uint64_t *free_bytes, uint64_t *total_bytes)
{
    struct world *w = world_current();
    int failure = file_operation();
    return failure ? failure : w->ops->space(w, fd, free_bytes, total_bytes);
}
