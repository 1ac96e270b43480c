/* Whole files. Nothing is kept; memory is bounded by the caller's buffer. */

#include "base/file.h"

#include "base/memory.h"
#include "base/world.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { READ_STEP = 64 * 1024, PATH_LIMIT = 4096 };

static enum status read_all(int fd, const char *path, struct buf *out, struct error *err)
{
    struct stat st;
    int failed = world_fstat(fd, &st);
    if (failed)
        return error_errno(err, -failed, "stat", path);
    if (S_ISDIR(st.st_mode))
        return error_errno(err, EISDIR, "read", path);
    /* Files of /proc and pipes say 0; the last read that finds the end needs one byte of room. */
    size_t expected = st.st_size > 0 ? (size_t)st.st_size : 0;
    size_t room = out->max - out->len;
    if (expected > room)
        return error_set(err, STATUS_LIMIT, "read %s: larger than %zu bytes", path, out->max);
    size_t step = expected ? expected + 1 : READ_STEP;
    for (;;) {
        room = out->max - out->len;
        char past_end;
        size_t want = step < room ? step : room;
        char *to = want ? buf_reserve(out, want) : &past_end;
        ssize_t got = world_read(fd, to, want ? want : 1);
        if (got == -EINTR)
            continue;
        if (got < 0)
            return error_errno(err, (int)-got, "read", path);
        if (got == 0)
            return STATUS_OK;
        if (!want)
            return error_set(err, STATUS_LIMIT, "read %s: larger than %zu bytes", path, out->max);
        out->len += (size_t)got;
        step = (size_t)got < step ? step - (size_t)got : READ_STEP;
    }
}

/* The descriptor as a pointer that is not NULL. */
static void *fd_arg(int fd)
{
    return (void *)((intptr_t)fd + 1);
}

static void close_fd(void *arg)
{
    world_close((int)((intptr_t)arg - 1));
}

enum status file_read(int dirfd, const char *path, struct buf *out, struct error *err)
{
    if (!buf_ok(out))
        return error_set(err, STATUS_LIMIT, "read %s: larger than %zu bytes", path, out->max);
    int fd = world_open(dirfd, path, O_RDONLY | O_NOCTTY, 0);
    if (fd < 0)
        return error_errno(err, -fd, "open", path);
    mem_scope_guard(close_fd, fd_arg(fd));
    size_t before = out->len;
    enum status status = read_all(fd, path, out, err);
    if (status != STATUS_OK)
        out->len = before;
    mem_scope_unguard(close_fd, fd_arg(fd));
    world_close(fd);
    return status;
}

int file_write_all(int fd, const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len) {
        ssize_t written = world_write(fd, at, len);
        if (written == -EINTR)
            continue;
        if (written < 0)
            return (int)written;
        if (written == 0)
            return -ENOSPC;
        at += written;
        len -= (size_t)written;
    }
    return 0;
}

/* Creates the temporary file; what a crash left behind under its name is removed first. */
static int create_temporary(int dirfd, const char *name)
{
    enum { FLAGS = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW };
    int fd = world_open(dirfd, name, FLAGS, 0600);
    if (fd != -EEXIST)
        return fd;
    int failed = world_unlink(dirfd, name, 0);
    return failed ? failed : world_open(dirfd, name, FLAGS, 0600);
}

static int sync_parent(int dirfd, const char *path)
{
    char parent[PATH_LIMIT] = ".";
    const char *slash = strrchr(path, '/');
    if (slash) {
        size_t len = slash == path ? 1 : (size_t)(slash - path);
        memcpy(parent, path, len);
        parent[len] = '\0';
    }
    int fd = world_open(dirfd, parent, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0)
        return fd;
    int failed = world_sync(fd);
    world_close(fd);
    return failed;
}

enum status file_replace(int dirfd, const char *path, struct str bytes, struct error *err)
{
    static const char suffix[] = ".tmp";
    char temporary[PATH_LIMIT];
    size_t len = strlen(path);
    if (len + sizeof(suffix) > sizeof(temporary))
        return error_errno(err, ENAMETOOLONG, "open", path);
    memcpy(temporary, path, len);
    memcpy(temporary + len, suffix, sizeof(suffix));

    int fd = create_temporary(dirfd, temporary);
    if (fd < 0)
        return error_errno(err, -fd, "open", temporary);
    const char *operation = "write";
    int failed = file_write_all(fd, bytes.ptr, bytes.len);
    if (!failed) {
        operation = "sync";
        failed = world_sync(fd);
    }
    int not_closed = world_close(fd);
    if (!failed && not_closed) {
        operation = "close";
        failed = not_closed;
    }
    if (!failed) {
        operation = "rename";
        failed = world_rename(dirfd, temporary, dirfd, path);
    }
    if (failed) {
        world_unlink(dirfd, temporary, 0);
        return error_errno(err, -failed, operation, temporary);
    }
    /* The new content is in place; without this it may be the old one again after a power loss. */
    failed = sync_parent(dirfd, path);
    return failed ? error_errno(err, -failed, "sync", path) : STATUS_OK;
}

static int make_dir(const char *path)
{
    int failed = world_mkdir(AT_FDCWD, path, 0700);
    if (failed != -EEXIST)
        return failed;
    struct stat st;
    failed = world_stat(AT_FDCWD, path, 0, &st);
    if (failed)
        return failed;
    return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

enum status file_make_dirs(const char *path, struct error *err)
{
    char part[PATH_LIMIT];
    size_t len = strlen(path);
    if (len == 0)
        return error_errno(err, ENOENT, "mkdir", path);
    if (len >= sizeof(part))
        return error_errno(err, ENAMETOOLONG, "mkdir", path);
    memcpy(part, path, len + 1);
    for (size_t i = 1; i <= len; i++) {
        if (part[i] != '/' && part[i] != '\0')
            continue;
        char kept = part[i];
        part[i] = '\0';
        int failed = part[i - 1] == '/' ? 0 : make_dir(part);
        if (failed)
            return error_errno(err, -failed, "mkdir", part);
        part[i] = kept;
    }
    return STATUS_OK;
}
