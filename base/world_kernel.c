/* The world as the kernel gives it. Stateless but for a small pool of random bytes per thread. */

#include "base/world.h"

#include "base/error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum { POOL_SIZE = 256 };

struct random_pool {
    unsigned char bytes[POOL_SIZE];
    size_t left;
};

static _Thread_local struct random_pool pool;

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    ASSERT(clock_gettime(clock, &now) == 0);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t kernel_wall_ns(struct world *w)
{
    (void)w;
    return clock_ns(CLOCK_REALTIME);
}

static int64_t kernel_monotonic_ns(struct world *w)
{
    (void)w;
    return clock_ns(CLOCK_MONOTONIC);
}

static void random_fill(unsigned char *bytes, size_t len)
{
    while (len) {
        ssize_t got = getrandom(bytes, len, 0);
        if (got < 0) {
            ASSERT(errno == EINTR);
            continue;
        }
        bytes += got;
        len -= (size_t)got;
    }
}

/* Small requests are served from a pool, whose bytes are wiped as they are given out. */
static void kernel_random(struct world *w, void *bytes, size_t len)
{
    (void)w;
    if (len > POOL_SIZE / 8) {
        random_fill(bytes, len);
        return;
    }
    if (pool.left < len) {
        random_fill(pool.bytes, POOL_SIZE);
        pool.left = POOL_SIZE;
    }
    pool.left -= len;
    memcpy(bytes, pool.bytes + pool.left, len);
    explicit_bzero(pool.bytes + pool.left, len);
}

static int result(int value)
{
    return value < 0 ? -errno : value;
}

static ssize_t result_size(ssize_t value)
{
    return value < 0 ? -errno : value;
}

static int kernel_open(struct world *w, int dirfd, const char *path, int flags, mode_t mode)
{
    (void)w;
    return result(openat(dirfd, path, flags | O_CLOEXEC, mode));
}

static int kernel_close(struct world *w, int fd)
{
    (void)w;
    return result(close(fd));
}

static ssize_t kernel_read(struct world *w, int fd, void *bytes, size_t len)
{
    (void)w;
    return result_size(read(fd, bytes, len));
}

static ssize_t kernel_pread(struct world *w, int fd, void *bytes, size_t len, off_t offset)
{
    (void)w;
    return result_size(pread(fd, bytes, len, offset));
}

static ssize_t kernel_write(struct world *w, int fd, const void *bytes, size_t len)
{
    (void)w;
    return result_size(write(fd, bytes, len));
}

static ssize_t kernel_pwrite(struct world *w, int fd, const void *bytes, size_t len, off_t offset)
{
    (void)w;
    return result_size(pwrite(fd, bytes, len, offset));
}

static off_t kernel_seek(struct world *w, int fd, off_t offset, int whence)
{
    (void)w;
    off_t at = lseek(fd, offset, whence);
    return at < 0 ? -errno : at;
}

static int kernel_sync(struct world *w, int fd)
{
    (void)w;
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    return result(S_ISDIR(st.st_mode) ? fsync(fd) : fdatasync(fd));
}

static int kernel_truncate(struct world *w, int fd, off_t size)
{
    (void)w;
    return result(ftruncate(fd, size));
}

static int kernel_stat(struct world *w, int dirfd, const char *path, int flags, struct stat *out)
{
    (void)w;
    return result(fstatat(dirfd, path, out, flags));
}

static int kernel_fstat(struct world *w, int fd, struct stat *out)
{
    (void)w;
    return result(fstat(fd, out));
}

static int kernel_rename(struct world *w, int from_dir, const char *from, int to_dir,
                         const char *to)
{
    (void)w;
    return result(renameat(from_dir, from, to_dir, to));
}

static int kernel_unlink(struct world *w, int dirfd, const char *path, int flags)
{
    (void)w;
    return result(unlinkat(dirfd, path, flags));
}

static int kernel_mkdir(struct world *w, int dirfd, const char *path, mode_t mode)
{
    (void)w;
    return result(mkdirat(dirfd, path, mode));
}

static bool is_dot(const char *name)
{
    return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

static int kernel_list(struct world *w, int dirfd, const char *path, world_dir_fn *each, void *arg)
{
    (void)w;
    int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    DIR *dir = fdopendir(fd);
    if (!dir) {
        int error = errno;
        close(fd);
        return -error;
    }
    int error = 0;
    for (;;) {
        errno = 0;
        const struct dirent *item = readdir(dir);
        if (!item) {
            error = -errno;
            break;
        }
        struct world_dir_entry entry = {.name = item->d_name, .type = item->d_type};
        if (!is_dot(item->d_name) && !each(arg, &entry))
            break;
    }
    closedir(dir);
    return error;
}

static ssize_t kernel_readlink(struct world *w, int dirfd, const char *path, char *out, size_t len)
{
    (void)w;
    return result_size(readlinkat(dirfd, path, out, len));
}

static int kernel_lock(struct world *w, int fd)
{
    (void)w;
    return result(flock(fd, LOCK_EX | LOCK_NB));
}

static int kernel_space(struct world *w, int fd, uint64_t *free_bytes, uint64_t *total_bytes)
{
    (void)w;
    struct statvfs st;
    if (fstatvfs(fd, &st) < 0)
        return -errno;
    *free_bytes = (uint64_t)st.f_bavail * st.f_frsize;
    *total_bytes = (uint64_t)st.f_blocks * st.f_frsize;
    return 0;
}

static const struct world_ops kernel_ops = {
    .wall_ns = kernel_wall_ns,
    .monotonic_ns = kernel_monotonic_ns,
    .random = kernel_random,
    .open = kernel_open,
    .close = kernel_close,
    .read = kernel_read,
    .pread = kernel_pread,
    .write = kernel_write,
    .pwrite = kernel_pwrite,
    .seek = kernel_seek,
    .sync = kernel_sync,
    .truncate = kernel_truncate,
    .stat = kernel_stat,
    .fstat = kernel_fstat,
    .rename = kernel_rename,
    .unlink = kernel_unlink,
    .mkdir = kernel_mkdir,
    .list = kernel_list,
    .readlink = kernel_readlink,
    .lock = kernel_lock,
    .space = kernel_space,
};

/* Never written to: it has no state. */
static const struct world kernel_world = {.ops = &kernel_ops, .state = NULL};

struct world *world_kernel(void)
{
    return (struct world *)&kernel_world;
}
