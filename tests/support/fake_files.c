/* The files in memory: a table of nodes by absolute path, and one of handles. Bounded by what tests
 * do. */

#include "tests/support/fake_files.h"

#include "base/error.h"
#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { PATH_BYTES = 512, NODES_MAX = 4096, HANDLES = 256, FIRST_FD = 1000, SECTOR = 512 };

struct content {
    char *bytes;
    size_t len;
};

struct node {
    char path[PATH_BYTES];
    bool is_dir, linked, entry_synced;
    unsigned handles;
    mode_t mode;
    uint64_t inode;
    int64_t changed;
    struct content now, synced;
    struct handle *locked_by;
};

struct handle {
    struct node *node; /* NULL = free */
    off_t offset;
};

struct fake_files {
    struct world world;
    struct node *nodes[NODES_MAX];
    size_t node_count;
    struct handle handles[HANDLES];
    uint64_t operations, die_at, space;
    bool torn, dead;
    int64_t time;
    uint64_t random;
    uint64_t last_inode;
};

static struct fake_files *of(struct world *w)
{
    return w->state;
}

/* A test's failing allocation is not meant for us: it fails once only. */
static void *take(size_t size)
{
    void *block = mem_try_alloc_shared(NULL, size);
    if (!block)
        block = mem_try_alloc_shared(NULL, size);
    ASSERT(block);
    memset(block, 0, size);
    return block;
}

static void content_set(struct content *c, const char *bytes, size_t len)
{
    char *copy = take(len ? len : 1);
    if (len)
        memcpy(copy, bytes, len);
    mem_free(c->bytes);
    *c = (struct content){copy, len};
}

static void content_resize(struct content *c, size_t len)
{
    char *bytes = take(len ? len : 1);
    if (c->len)
        memcpy(bytes, c->bytes, c->len < len ? c->len : len);
    mem_free(c->bytes);
    *c = (struct content){bytes, len};
}

/* 0, or the error of a dead process. */
static int step(struct fake_files *f)
{
    f->operations++;
    if (f->die_at && f->operations >= f->die_at)
        f->dead = true;
    return f->dead ? -EIO : 0;
}

static struct node *find(struct fake_files *f, const char *path)
{
    for (size_t i = 0; i < f->node_count; i++) {
        if (f->nodes[i]->linked && strcmp(f->nodes[i]->path, path) == 0)
            return f->nodes[i];
    }
    return NULL;
}

static struct node *add(struct fake_files *f, const char *path, bool is_dir, mode_t mode)
{
    ASSERT(f->node_count < NODES_MAX);
    struct node *node = take(sizeof(*node));
    *node = (struct node){.is_dir = is_dir, .linked = true, .mode = mode, .changed = f->time};
    (void)snprintf(node->path, sizeof(node->path), "%s", path);
    node->inode = ++f->last_inode;
    f->nodes[f->node_count++] = node;
    return node;
}

static struct handle *handle_of(struct fake_files *f, int fd)
{
    if (fd < FIRST_FD || fd >= FIRST_FD + HANDLES || !f->handles[fd - FIRST_FD].node)
        return NULL;
    return &f->handles[fd - FIRST_FD];
}

static void absolute(struct fake_files *f, int dirfd, const char *path, char out[PATH_BYTES])
{
    struct handle *dir = handle_of(f, dirfd);
    int len;
    if (path[0] == '/')
        len = snprintf(out, PATH_BYTES, "%s", path);
    else if (strcmp(path, ".") == 0 && dir)
        len = snprintf(out, PATH_BYTES, "%s", dir->node->path);
    else
        len = snprintf(out, PATH_BYTES, "%s/%s", dir ? dir->node->path : "", path);
    ASSERT(len > 0 && len < PATH_BYTES);
    if (len > 1 && out[len - 1] == '/')
        out[len - 1] = '\0';
}

static void maybe_forget(struct fake_files *f, struct node *node)
{
    if (node->linked || node->handles)
        return;
    for (size_t i = 0; i < f->node_count; i++) {
        if (f->nodes[i] == node) {
            f->nodes[i] = f->nodes[--f->node_count];
            break;
        }
    }
    mem_free(node->now.bytes);
    mem_free(node->synced.bytes);
    mem_free(node);
}

static int fake_open(struct world *w, int dirfd, const char *path, int flags, mode_t mode)
{
    struct fake_files *f = of(w);
    char whole[PATH_BYTES];
    if (step(f))
        return -EIO;
    absolute(f, dirfd, path, whole);
    struct node *node = find(f, whole);
    if (node && (flags & O_EXCL) && (flags & O_CREAT))
        return -EEXIST;
    if (!node && !(flags & O_CREAT))
        return -ENOENT;
    for (int i = 0; i < HANDLES; i++) {
        if (f->handles[i].node)
            continue;
        if (!node)
            node = add(f, whole, false, mode);
        if (flags & O_TRUNC)
            content_resize(&node->now, 0);
        f->handles[i] = (struct handle){node, 0};
        node->handles++;
        return FIRST_FD + i;
    }
    return -EMFILE;
}

static void drop(struct fake_files *f, struct handle *h)
{
    struct node *node = h->node;
    if (node->locked_by == h)
        node->locked_by = NULL;
    h->node = NULL;
    node->handles--;
    maybe_forget(f, node);
}

/* A dead process's handles are gone too, so this works even then. */
static int fake_close(struct world *w, int fd)
{
    struct fake_files *f = of(w);
    int failed = step(f);
    struct handle *h = handle_of(f, fd);
    ASSERT(h);
    drop(f, h);
    return failed;
}

static ssize_t fake_pread(struct world *w, int fd, void *bytes, size_t len, off_t offset)
{
    struct fake_files *f = of(w);
    if (step(f))
        return -EIO;
    const struct content *c = &handle_of(f, fd)->node->now;
    if ((size_t)offset >= c->len)
        return 0;
    size_t rest = c->len - (size_t)offset;
    if (rest > len)
        rest = len;
    memcpy(bytes, c->bytes + offset, rest);
    return (ssize_t)rest;
}

static ssize_t fake_read(struct world *w, int fd, void *bytes, size_t len)
{
    struct handle *h = handle_of(of(w), fd);
    ssize_t got = fake_pread(w, fd, bytes, len, h->offset);
    if (got > 0)
        h->offset += got;
    return got;
}

static uint64_t used(const struct fake_files *f)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < f->node_count; i++)
        bytes += f->nodes[i]->now.len;
    return bytes;
}

static ssize_t fake_pwrite(struct world *w, int fd, const void *bytes, size_t len, off_t offset)
{
    struct fake_files *f = of(w);
    bool was_dead = f->dead;
    int failed = step(f);
    if (failed && (was_dead || !f->torn))
        return failed;
    if (failed)
        len /= 2;
    struct node *node = handle_of(f, fd)->node;
    size_t end = (size_t)offset + len;
    if (end > node->now.len && f->space) {
        uint64_t taken = used(f), room = f->space > taken ? f->space - taken : 0;
        if (end - node->now.len > room)
            end = node->now.len + (size_t)room;
        if (end <= (size_t)offset)
            return -ENOSPC;
        len = end - (size_t)offset;
    }
    if (end > node->now.len)
        content_resize(&node->now, end);
    memcpy(node->now.bytes + offset, bytes, len);
    node->changed = f->time;
    return failed ? failed : (ssize_t)len;
}

static ssize_t fake_write(struct world *w, int fd, const void *bytes, size_t len)
{
    struct handle *h = handle_of(of(w), fd);
    ssize_t done = fake_pwrite(w, fd, bytes, len, h->offset);
    if (done > 0)
        h->offset += done;
    return done;
}

static off_t fake_seek(struct world *w, int fd, off_t offset, int whence)
{
    struct handle *h = handle_of(of(w), fd);
    if (step(of(w)))
        return -EIO;
    if (whence == SEEK_CUR)
        offset += h->offset;
    else if (whence == SEEK_END)
        offset += (off_t)h->node->now.len;
    h->offset = offset;
    return offset;
}

static int fake_sync(struct world *w, int fd)
{
    struct fake_files *f = of(w);
    if (step(f))
        return -EIO;
    struct node *node = handle_of(f, fd)->node;
    if (!node->is_dir) {
        content_set(&node->synced, node->now.bytes, node->now.len);
        return 0;
    }
    size_t len = strlen(node->path);
    for (size_t i = 0; i < f->node_count; i++) {
        if (strncmp(f->nodes[i]->path, node->path, len) == 0)
            f->nodes[i]->entry_synced = true;
    }
    return 0;
}

static int fake_truncate(struct world *w, int fd, off_t size)
{
    struct fake_files *f = of(w);
    if (step(f))
        return -EIO;
    content_resize(&handle_of(f, fd)->node->now, (size_t)size);
    return 0;
}

static void stat_fill(const struct node *node, struct stat *out)
{
    memset(out, 0, sizeof(*out));
    out->st_mode = (node->is_dir ? S_IFDIR : S_IFREG) | node->mode;
    out->st_size = (off_t)node->now.len;
    out->st_uid = geteuid();
    out->st_ino = node->inode;
    out->st_nlink = node->linked;
    out->st_mtim.tv_sec = node->changed / 1000000000;
    out->st_mtim.tv_nsec = node->changed % 1000000000;
}

static int fake_stat(struct world *w, int dirfd, const char *path, int flags, struct stat *out)
{
    (void)flags;
    char whole[PATH_BYTES];
    if (step(of(w)))
        return -EIO;
    absolute(of(w), dirfd, path, whole);
    struct node *node = find(of(w), whole);
    if (!node)
        return -ENOENT;
    stat_fill(node, out);
    return 0;
}

static int fake_fstat(struct world *w, int fd, struct stat *out)
{
    if (step(of(w)))
        return -EIO;
    stat_fill(handle_of(of(w), fd)->node, out);
    return 0;
}

static void unlink_node(struct fake_files *f, struct node *node)
{
    node->linked = false;
    maybe_forget(f, node);
}

static int fake_rename(struct world *w, int from_dir, const char *from, int to_dir, const char *to)
{
    struct fake_files *f = of(w);
    char source[PATH_BYTES], target[PATH_BYTES];
    if (step(f))
        return -EIO;
    absolute(f, from_dir, from, source);
    absolute(f, to_dir, to, target);
    struct node *node = find(f, source), *old = find(f, target);
    if (!node)
        return -ENOENT;
    if (old && old != node)
        unlink_node(f, old);
    (void)snprintf(node->path, sizeof(node->path), "%s", target);
    return 0;
}

static int fake_unlink(struct world *w, int dirfd, const char *path, int flags)
{
    (void)flags;
    struct fake_files *f = of(w);
    char whole[PATH_BYTES];
    if (step(f))
        return -EIO;
    absolute(f, dirfd, path, whole);
    struct node *node = find(f, whole);
    if (!node)
        return -ENOENT;
    unlink_node(f, node);
    return 0;
}

static int fake_mkdir(struct world *w, int dirfd, const char *path, mode_t mode)
{
    struct fake_files *f = of(w);
    char whole[PATH_BYTES];
    if (step(f))
        return -EIO;
    absolute(f, dirfd, path, whole);
    if (find(f, whole))
        return -EEXIST;
    add(f, whole, true, mode)->entry_synced = true;
    return 0;
}

static int by_path(const void *a, const void *b)
{
    return strcmp((*(struct node *const *)a)->path, (*(struct node *const *)b)->path);
}

static int fake_list(struct world *w, int dirfd, const char *path, world_dir_fn *each, void *arg)
{
    struct fake_files *f = of(w);
    char whole[PATH_BYTES];
    if (step(f))
        return -EIO;
    absolute(f, dirfd, path, whole);
    size_t len = strlen(whole);
    qsort(f->nodes, f->node_count, sizeof(struct node *), by_path);
    for (size_t i = 0; i < f->node_count; i++) {
        const struct node *node = f->nodes[i];
        if (!node->linked || strncmp(node->path, whole, len) != 0 || node->path[len] != '/' ||
            strchr(node->path + len + 1, '/'))
            continue;
        struct world_dir_entry entry = {node->path + len + 1, node->is_dir ? DT_DIR : DT_REG};
        if (!each(arg, &entry))
            break;
    }
    return 0;
}

static ssize_t fake_readlink(struct world *w, int dirfd, const char *path, char *out, size_t len)
{
    (void)w, (void)dirfd, (void)path, (void)out, (void)len;
    return -EINVAL;
}

static int fake_lock(struct world *w, int fd)
{
    struct fake_files *f = of(w);
    if (step(f))
        return -EIO;
    struct handle *h = handle_of(f, fd);
    if (h->node->locked_by && h->node->locked_by != h)
        return -EWOULDBLOCK;
    h->node->locked_by = h;
    return 0;
}

static int fake_space(struct world *w, int fd, uint64_t *free_bytes, uint64_t *total_bytes)
{
    (void)fd;
    struct fake_files *f = of(w);
    if (step(f))
        return -EIO;
    uint64_t total = f->space ? f->space : (uint64_t)1 << 40, taken = used(f);
    *total_bytes = total;
    *free_bytes = total > taken ? total - taken : 0;
    return 0;
}

static int64_t fake_time(struct world *w)
{
    return of(w)->time;
}

static void fake_random(struct world *w, void *bytes, size_t len)
{
    struct fake_files *f = of(w);
    for (size_t i = 0; i < len; i++) {
        f->random = f->random * 6364136223846793005u + 1442695040888963407u;
        ((char *)bytes)[i] = (char)(f->random >> 33);
    }
}

static const struct world_ops ops = {
    .wall_ns = fake_time,
    .monotonic_ns = fake_time,
    .random = fake_random,
    .open = fake_open,
    .close = fake_close,
    .read = fake_read,
    .pread = fake_pread,
    .write = fake_write,
    .pwrite = fake_pwrite,
    .seek = fake_seek,
    .sync = fake_sync,
    .truncate = fake_truncate,
    .stat = fake_stat,
    .fstat = fake_fstat,
    .rename = fake_rename,
    .unlink = fake_unlink,
    .mkdir = fake_mkdir,
    .list = fake_list,
    .readlink = fake_readlink,
    .lock = fake_lock,
    .space = fake_space,
};

struct fake_files *fake_files_new(void)
{
    struct fake_files *f = take(sizeof(*f));
    f->world = (struct world){&ops, f};
    f->time = 1700000000000000000;
    add(f, "/", true, 0755)->entry_synced = true;
    return f;
}

void fake_files_free(struct fake_files *f)
{
    for (size_t i = 0; i < f->node_count; i++) {
        mem_free(f->nodes[i]->now.bytes);
        mem_free(f->nodes[i]->synced.bytes);
        mem_free(f->nodes[i]);
    }
    mem_free(f);
}

struct world *fake_files_world(struct fake_files *f)
{
    return &f->world;
}

void fake_files_die_at(struct fake_files *f, uint64_t nth, bool torn)
{
    f->die_at = nth ? f->operations + nth : 0;
    f->torn = torn;
}

bool fake_files_dead(const struct fake_files *f)
{
    return f->dead;
}

uint64_t fake_files_operations(const struct fake_files *f)
{
    return f->operations;
}

static void lose(struct fake_files *f, struct node *node)
{
    struct content kept = {NULL, 0};
    content_set(&kept, node->synced.bytes, node->synced.len);
    if (f->random % 3 == 0 && node->now.len > kept.len)
        content_resize(&kept, node->now.len); /* the length arrived, the bytes did not */
    for (size_t at = 0; at < kept.len && at < node->now.len; at += SECTOR) {
        unsigned char coin;
        fake_random(&f->world, &coin, 1);
        size_t len = kept.len - at < SECTOR ? kept.len - at : SECTOR;
        if (len > node->now.len - at)
            len = node->now.len - at;
        if (coin & 1)
            memcpy(kept.bytes + at, node->now.bytes + at, len);
    }
    mem_free(node->now.bytes);
    node->now = kept;
}

void fake_files_restart(struct fake_files *f, bool power, uint64_t seed)
{
    for (size_t i = 0; i < HANDLES; i++) {
        if (f->handles[i].node)
            drop(f, &f->handles[i]);
    }
    f->dead = false;
    f->die_at = 0;
    f->random = seed;
    for (size_t i = f->node_count; power && i > 0; i--) {
        struct node *node = f->nodes[i - 1];
        if (node->is_dir)
            continue;
        lose(f, node);
        if (!node->entry_synced)
            unlink_node(f, node);
    }
}

void fake_files_space(struct fake_files *f, uint64_t bytes)
{
    f->space = bytes;
}

void fake_files_advance(struct fake_files *f, int64_t ns)
{
    f->time += ns;
}

bool fake_files_view(struct fake_files *f, size_t nth, struct fake_file_view *out)
{
    qsort(f->nodes, f->node_count, sizeof(struct node *), by_path);
    for (size_t i = 0; i < f->node_count; i++) {
        struct node *node = f->nodes[i];
        if (node->is_dir || !node->linked || nth-- > 0)
            continue;
        *out = (struct fake_file_view){node->path, node->now.bytes, node->now.len, node->mode};
        return true;
    }
    return false;
}

void fake_files_resize(struct fake_files *f, const char *path, size_t len)
{
    content_resize(&find(f, path)->now, len);
}

void fake_files_remove(struct fake_files *f, const char *path)
{
    unlink_node(f, find(f, path));
}

void fake_files_put(struct fake_files *f, const char *path, struct str bytes)
{
    struct node *node = find(f, path);
    if (!node)
        node = add(f, path, false, 0600);
    content_set(&node->now, bytes.ptr, bytes.len);
}
