/* The door to the world and whole files over it, with every operation failing in turn. */

#include "base/error.h"
#include "base/file.h"
#include "base/world.h"
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct place {
    char path[64];
    int fd;
};

static struct place place_new(void)
{
    struct place p = {.path = "/tmp/invar-file-XXXXXX"};
    cr_assert_not_null(mkdtemp(p.path));
    p.fd = world_open(AT_FDCWD, p.path, O_RDONLY | O_DIRECTORY, 0);
    cr_assert_geq(p.fd, 0);
    return p;
}

static void place_free(struct place *p, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        world_unlink(p->fd, names[i], 0);
    world_close(p->fd);
    cr_assert_eq(rmdir(p->path), 0, "only the named files are left in %s", p->path);
}

static void assert_content(int dirfd, const char *name, const char *text)
{
    struct buf b;
    struct error err = {0};
    buf_init(&b, NULL, 4096);
    cr_assert_eq(file_read(dirfd, name, &b, &err), STATUS_OK, "%s", err.message);
    cr_assert(str_is(buf_view(&b), text));
    buf_release(&b);
}

TEST(base_world, clock_and_randomness)
{
    int64_t a = world_monotonic_ns(), b = world_monotonic_ns();
    cr_assert_leq(a, b);
    cr_assert_gt(world_wall_ms(), 1700000000000);
    cr_assert_neq(world_random_u64(), world_random_u64());
    bool seen[10] = {0};
    for (int i = 0; i < 2000; i++)
        seen[world_random_below(10)] = true;
    for (int i = 0; i < 10; i++)
        cr_assert(seen[i]);
}

static int64_t fixed_ns(struct world *w)
{
    return *(int64_t *)w->state;
}

TEST(base_world, a_thread_can_enter_another_world)
{
    int64_t now = 42000000;
    const struct world_ops ops = {.wall_ns = fixed_ns};
    struct world w = {.ops = &ops, .state = &now};
    world_enter(&w);
    cr_assert_eq(world_wall_ms(), 42);
    cr_assert_eq(world_current(), &w);
    world_enter(NULL);
    cr_assert_eq(world_current(), world_kernel());
}

struct listing {
    int count;
    int stop_at;
};

static bool count_entry(void *arg, const struct world_dir_entry *entry)
{
    struct listing *l = arg;
    cr_assert(str_starts(str_from(entry->name), STR("f")));
    return ++l->count != l->stop_at;
}

TEST(base_world, files)
{
    struct place p = place_new();
    struct stat st;
    cr_assert_eq(world_open(p.fd, "none", O_RDONLY, 0), -ENOENT);
    int fd = world_open(p.fd, "f1", O_RDWR | O_CREAT, 0600);
    cr_assert_geq(fd, 0);
    cr_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    cr_assert_eq(world_write(fd, "hello", 5), 5);
    cr_assert_eq(world_pwrite(fd, "J", 1, 0), 1);
    char text[8] = {0};
    cr_assert_eq(world_pread(fd, text, 8, 0), 5);
    cr_assert_str_eq(text, "Jello");
    cr_assert_eq(world_seek(fd, 1, SEEK_SET), 1);
    cr_assert_eq(world_read(fd, text, 2), 2);
    cr_assert_eq(world_truncate(fd, 3), 0);
    cr_assert_eq(world_sync(fd), 0);
    cr_assert_eq(world_sync(p.fd), 0);
    cr_assert_eq(world_fstat(fd, &st), 0);
    cr_assert_eq(st.st_size, 3);
    cr_assert_eq(world_lock(fd), 0);
    int other = world_open(p.fd, "f1", O_RDONLY, 0);
    cr_assert_eq(world_lock(other), -EWOULDBLOCK);
    world_close(other);
    uint64_t free_bytes, total_bytes;
    cr_assert_eq(world_space(fd, &free_bytes, &total_bytes), 0);
    cr_assert_leq(free_bytes, total_bytes);
    cr_assert_eq(world_close(fd), 0);
    cr_assert_eq(world_rename(p.fd, "f1", p.fd, "f2"), 0);
    cr_assert_eq(world_stat(p.fd, "f1", 0, &st), -ENOENT);
    cr_assert_eq(symlinkat("f2", p.fd, "f3"), 0);
    cr_assert_eq(world_readlink(p.fd, "f3", text, sizeof(text)), 2);
    struct listing all = {0}, one = {.stop_at = 1};
    cr_assert_eq(world_list(p.fd, ".", count_entry, &all), 0);
    cr_assert_eq(all.count, 2);
    cr_assert_eq(world_list(p.fd, ".", count_entry, &one), 0);
    cr_assert_eq(one.count, 1);
    cr_assert_eq(world_list(p.fd, "f2", count_entry, &all), -ENOTDIR);
    cr_assert_eq(world_mkdir(p.fd, "f2", 0700), -EEXIST);
    world_fail_at(2, EIO);
    cr_assert_eq(world_stat(p.fd, "f2", 0, &st), 0);
    cr_assert_not(world_failed_once());
    cr_assert_eq(world_stat(p.fd, "f2", 0, &st), -EIO);
    cr_assert(world_failed_once());
    cr_assert_eq(world_stat(p.fd, "f2", 0, &st), 0);
    world_fail_at(0, 0);
    static const char *const names[] = {"f2", "f3"};
    place_free(&p, names, 2);
}

TEST(base_file, reads_within_the_buffers_bound)
{
    struct place p = place_new();
    struct error err = {0};
    cr_assert_eq(file_replace(p.fd, "f", STR("12345"), &err), STATUS_OK, "%s", err.message);
    struct stat st;
    cr_assert_eq(world_stat(p.fd, "f", 0, &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0600);
    struct buf b;
    buf_init(&b, NULL, 4);
    cr_assert_eq(file_read(p.fd, "f", &b, &err), STATUS_LIMIT);
    cr_assert_str_eq(err.message, "read f: larger than 4 bytes");
    buf_release(&b);
    buf_init(&b, NULL, 5);
    cr_assert_eq(file_read(p.fd, "f", &b, &err), STATUS_OK);
    cr_assert(str_is(buf_view(&b), "12345"));
    cr_assert_eq(file_read(p.fd, "f", &b, &err), STATUS_LIMIT);
    cr_assert_eq(b.len, 5);
    cr_assert_eq(file_read(p.fd, "none", &b, &err), STATUS_NOT_FOUND);
    cr_assert_str_eq(err.message, "open none: no such file or directory");
    buf_release(&b);
    buf_init(&b, NULL, 1 << 20);
    cr_assert_eq(file_read(p.fd, ".", &b, &err), STATUS_IO);
    cr_assert_str_eq(err.message, "read .: is a directory");
    cr_assert_eq(file_read(AT_FDCWD, "/proc/self/status", &b, &err), STATUS_OK);
    cr_assert(str_starts(buf_view(&b), STR("Name:")));
    buf_release(&b);
    buf_init(&b, NULL, 10);
    cr_assert_eq(file_read(AT_FDCWD, "/proc/self/status", &b, &err), STATUS_LIMIT);
    cr_assert_eq(b.len, 0);
    buf_release(&b);
    static const char *const names[] = {"f"};
    place_free(&p, names, 1);
}

TEST(base_file, replace_keeps_old_or_new_content_at_any_failure)
{
    struct place p = place_new();
    struct error err = {0};
    static const int errors[] = {EIO, ENOSPC, EINTR, EACCES};
    for (size_t e = 0; e < sizeof(errors) / sizeof(errors[0]); e++) {
        cr_assert_eq(file_replace(p.fd, "f", STR("old"), &err), STATUS_OK);
        for (uint64_t n = 1;; n++) {
            world_fail_at(n, errors[e]);
            enum status status = file_replace(p.fd, "f", STR("new"), &err);
            bool hit = world_failed_once();
            world_fail_at(0, 0);
            struct buf b;
            buf_init(&b, NULL, 100);
            cr_assert_eq(file_read(p.fd, "f", &b, &err), STATUS_OK, "operation %d", (int)n);
            bool is_new = str_is(buf_view(&b), "new");
            cr_assert(is_new || str_is(buf_view(&b), "old"));
            cr_assert(is_new || status != STATUS_OK, "success reported for the old content");
            buf_release(&b);
            if (!hit)
                break;
            cr_assert_lt(n, 50);
        }
        assert_content(p.fd, "f", "new");
    }
    /* A temporary file left by a crash is in nobody's way. */
    cr_assert_eq(symlinkat("f", p.fd, "f.tmp"), 0);
    cr_assert_eq(file_replace(p.fd, "f", STR("newer"), &err), STATUS_OK);
    assert_content(p.fd, "f", "newer");
    static const char *const names[] = {"f"};
    place_free(&p, names, 1);
}

TEST(base_file, makes_folders_with_their_parents)
{
    struct place p = place_new();
    struct error err = {0};
    char path[128];
    (void)snprintf(path, sizeof(path), "%s//a/b/", p.path);
    cr_assert_eq(file_make_dirs(path, &err), STATUS_OK, "%s", err.message);
    cr_assert_eq(file_make_dirs(path, &err), STATUS_OK, "%s", err.message);
    struct stat st;
    cr_assert_eq(world_stat(p.fd, "a/b", 0, &st), 0);
    cr_assert_eq(st.st_mode & 07777, 0700);
    cr_assert_eq(file_replace(p.fd, "f", STR(""), &err), STATUS_OK);
    (void)snprintf(path, sizeof(path), "%s/f/x", p.path);
    cr_assert_neq(file_make_dirs(path, &err), STATUS_OK);
    cr_assert(str_ends(str_from(err.message), STR("/f: not a directory")), "%s", err.message);
    cr_assert_neq(file_make_dirs("", &err), STATUS_OK);
    world_unlink(p.fd, "a/b", AT_REMOVEDIR);
    world_unlink(p.fd, "a", AT_REMOVEDIR);
    static const char *const names[] = {"f"};
    place_free(&p, names, 1);
}

TEST(base_error, words)
{
    struct error err = {0};
    cr_assert_eq(error_set(&err, STATUS_INVALID, "bad %d", 7), STATUS_INVALID);
    cr_assert_eq(error_prefix(&err, "line %d: ", 3), STATUS_INVALID);
    cr_assert_str_eq(err.message, "line 3: bad 7");
    cr_assert_eq(error_set(NULL, STATUS_IO, "x"), STATUS_IO);
    cr_assert_eq(error_errno(&err, EACCES, "open", "/x"), STATUS_DENIED);
    cr_assert_str_eq(err.message, "open /x: permission denied");
    cr_assert_eq(error_errno(&err, ECONNREFUSED, "connect", NULL), STATUS_UNAVAILABLE);
    cr_assert_str_eq(err.message, "connect: connection refused");
    for (int i = 0; i < 10; i++)
        error_prefix(&err, "%300s", "x");
    cr_assert_eq(strlen(err.message), ERROR_MAX - 1, "cut, not overrun");
    for (int i = 0; i < STATUS_COUNT; i++)
        cr_assert_neq(strlen(status_name((enum status)i)), 0);
    error_clear(&err);
    cr_assert_eq(err.status, STATUS_OK);
}
