/* The simulator's disk: a tree of folders and files, each with what is written and what is durable.
 * A process that dies loses nothing that was written; a power cut brings back what was synced (a
 * file's bytes by its own sync, its name by the folder's). Every operation that changes something
 * may fail, be cut short, or be the process' last. Links do not exist; paths have no "..". */

#include "tests/simulation/sim.h"

#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

struct entry {
    char name[64];
    struct sim_inode *inode;
    struct entry *next;
};

struct sim_inode {
    struct sim_inode *all_next; /* every inode there ever was, freed with the disk */
    uint64_t number;
    bool is_dir;
    unsigned links;
    char *bytes, *durable;
    size_t len, durable_len, cap;
    struct entry *entries, *durable_entries;
    bool is_locked;
    int64_t changed;
};

static struct sim *sim_at(struct world *w)
{
    return w->state;
}

static int64_t wall_of(const struct sim *sim)
{
    return 1700000000000000000 + sim->now + sim->wall_skew;
}

static struct sim_inode *inode_new(struct sim *sim, bool is_dir)
{
    struct sim_inode *inode = sim_alloc(sizeof *inode);
    inode->is_dir = is_dir;
    inode->number = ++sim->order;
    inode->changed = wall_of(sim);
    inode->all_next = sim->root != NULL ? sim->root->all_next : NULL;
    if (sim->root != NULL)
        sim->root->all_next = inode;
    return inode;
}

void sim_disk_init(struct sim *sim)
{
    sim->root = inode_new(sim, true);
}

static void free_entries(struct entry *entry)
{
    while (entry != NULL) {
        struct entry *next = entry->next;
        mem_free(entry);
        entry = next;
    }
}

static struct entry *copy_entries(const struct entry *from)
{
    struct entry *first = NULL;
    struct entry **at = &first;
    for (; from != NULL; from = from->next) {
        *at = sim_alloc(sizeof **at);
        **at = *from;
        (*at)->next = NULL;
        at = &(*at)->next;
    }
    return first;
}

void sim_disk_free(struct sim *sim)
{
    for (struct sim_inode *inode = sim->root; inode != NULL;) {
        struct sim_inode *next = inode->all_next;
        free_entries(inode->entries);
        free_entries(inode->durable_entries);
        mem_free(inode->bytes);
        mem_free(inode->durable);
        mem_free(inode);
        inode = next;
    }
    sim->root = NULL;
}

static void set_bytes(char **to, size_t *to_len, const char *from, size_t len)
{
    mem_free(*to);
    *to = len != 0 ? sim_alloc(len) : NULL;
    if (len != 0)
        memcpy(*to, from, len);
    *to_len = len;
}

void sim_disk_lose_unsynced(struct sim *sim)
{
    for (struct sim_inode *inode = sim->root; inode != NULL; inode = inode->all_next) {
        set_bytes(&inode->bytes, &inode->len, inode->durable, inode->durable_len);
        inode->cap = inode->len;
        free_entries(inode->entries);
        inode->entries = copy_entries(inode->durable_entries);
        inode->links = 0;
    }
    for (struct sim_inode *inode = sim->root; inode != NULL; inode = inode->all_next) {
        for (struct entry *entry = inode->entries; entry != NULL; entry = entry->next)
            entry->inode->links++;
    }
}

void sim_close_files(struct sim *sim)
{
    for (int fd = 0; fd < SIM_FDS; fd++) {
        if (!sim->fds[fd].is_outside)
            sim->fds[fd] = (struct sim_fd){0};
    }
    for (struct sim_inode *inode = sim->root; inode != NULL; inode = inode->all_next) {
        inode->is_locked = false;
    }
}

static unsigned count_files(const struct sim_inode *dir, struct str suffix)
{
    unsigned count = 0;
    for (const struct entry *entry = dir->entries; entry != NULL; entry = entry->next) {
        if (entry->inode->is_dir)
            count += count_files(entry->inode, suffix);
        else
            count += str_ends(str_from(entry->name), suffix);
    }
    return count;
}

/* ---- faults ---- */
/* Before an operation that changes something: 0, or -errno. May not return. */
static int trouble(struct sim *sim, const char *what)
{
    if (sim->is_outside || !sim->is_alive)
        return 0;
    if (sim_fault(sim, SIM_DEATH_AT_FILE))
        sim_die(sim, what);
    if (!sim_fault(sim, SIM_IO_ERROR))
        return 0;
    sim_trace(sim, "EIO %s", what);
    return -EIO;
}

static int read_trouble(struct sim *sim)
{
    if (sim->is_outside || !sim->is_alive || !sim_fault(sim, SIM_READ_ERROR))
        return 0;
    sim_trace(sim, "EIO at a read");
    return -EIO;
}

static int space_trouble(struct sim *sim)
{
    if (sim->is_outside || !sim->is_alive)
        return 0;
    if (sim_fault(sim, SIM_DISK_FULL)) {
        sim->full_until = sim->now + (int64_t)(1 + sim_below(sim, 8)) * SECOND;
        sim_trace(sim, "the disk is full");
    }
    if (sim->now < sim->full_until || sim_fault(sim, SIM_NO_SPACE)) {
        sim_trace(sim, "ENOSPC");
        return -ENOSPC;
    }
    return 0;
}

/* ---- paths ---- */
static struct entry **find_entry(struct sim_inode *dir, struct str name)
{
    struct entry **at = &dir->entries;
    while (*at != NULL && !str_is(name, (*at)->name))
        at = &(*at)->next;
    return at;
}

static struct sim_inode *start_of(struct sim *sim, int dirfd, const char *path)
{
    if (path[0] == '/' || dirfd == AT_FDCWD)
        return sim->root;
    if (dirfd < 3 || dirfd >= SIM_FDS)
        return NULL;
    return sim->fds[dirfd].inode;
}

/* The folder that holds the last part of the path, and that part. */
static struct sim_inode *find_parent(struct sim *sim, int dirfd, const char *path, struct str *last)
{
    struct sim_inode *dir = start_of(sim, dirfd, path);
    struct str rest = str_from(path);
    *last = STR(".");
    while (dir != NULL && rest.len != 0) {
        struct str part;
        str_cut(rest, '/', &part, &rest);
        if (part.len == 0 || str_is(part, "."))
            continue;
        if (!str_is(*last, ".")) {
            struct entry *entry = *find_entry(dir, *last);
            if (entry == NULL || !entry->inode->is_dir)
                return NULL;
            dir = entry->inode;
        }
        *last = part;
    }
    return dir;
}

static struct sim_inode *find(struct sim *sim, int dirfd, const char *path)
{
    struct str last;
    struct sim_inode *dir = find_parent(sim, dirfd, path, &last);
    if (dir == NULL || str_is(last, "."))
        return dir;
    struct entry *entry = *find_entry(dir, last);
    return entry != NULL ? entry->inode : NULL;
}

static struct sim_fd *file_of(struct sim *sim, int fd)
{
    if (fd < 3 || fd >= SIM_FDS || sim->fds[fd].inode == NULL)
        return NULL;
    return &sim->fds[fd];
}

static void link_entry(struct sim_inode *dir, struct str name, struct sim_inode *inode)
{
    struct entry *entry = sim_alloc(sizeof *entry);
    ASSERT(name.len < sizeof entry->name);
    memcpy(entry->name, name.ptr, name.len);
    entry->inode = inode;
    inode->links++;
    entry->next = dir->entries;
    dir->entries = entry;
}

static void unlink_entry(struct entry **at)
{
    struct entry *entry = *at;
    *at = entry->next;
    entry->inode->links--;
    mem_free(entry);
}

/* ---- operations ---- */
static int64_t wall_ns(struct world *w)
{
    return wall_of(sim_at(w));
}

static int64_t monotonic_ns(struct world *w)
{
    return sim_at(w)->now;
}

static void fill_random(struct world *w, void *bytes, size_t len)
{
    unsigned char *p = bytes;
    while (len-- != 0)
        *p++ = (unsigned char)sim_random(sim_at(w));
}

static int free_fd(struct sim *sim)
{
    if (!sim->is_outside && sim->is_alive && sim_fault(sim, SIM_NO_FILES))
        return -EMFILE;
    for (int fd = 3; fd < SIM_FDS; fd++) {
        if (sim->fds[fd].inode == NULL)
            return fd;
    }
    return -EMFILE;
}

static int create(struct sim *sim, int dirfd, const char *path, struct sim_inode **out)
{
    struct str last;
    struct sim_inode *dir = find_parent(sim, dirfd, path, &last);
    if (dir == NULL || !dir->is_dir)
        return -ENOENT;
    int error = trouble(sim, "at the making of a file");
    if (error != 0)
        return error;
    *out = inode_new(sim, false);
    link_entry(dir, last, *out);
    return 0;
}

static int disk_open(struct world *w, int dirfd, const char *path, int flags, mode_t mode)
{
    struct sim *sim = sim_at(w);
    struct sim_inode *inode = find(sim, dirfd, path);
    int fd = free_fd(sim);
    (void)mode;
    if (fd < 0)
        return fd;
    if (inode != NULL && (flags & O_CREAT) != 0 && (flags & O_EXCL) != 0)
        return -EEXIST;
    if (inode == NULL) {
        if ((flags & O_CREAT) == 0)
            return -ENOENT;
        int error = create(sim, dirfd, path, &inode);
        if (error != 0)
            return error;
    }
    if ((flags & O_DIRECTORY) != 0 && !inode->is_dir)
        return -ENOTDIR;
    if ((flags & O_TRUNC) != 0)
        inode->len = 0;
    sim->fds[fd] = (struct sim_fd){inode, 0, flags, sim->is_outside};
    return fd;
}

static int disk_close(struct world *w, int fd)
{
    struct sim_fd *file = file_of(sim_at(w), fd);
    if (file == NULL)
        return -EBADF;
    file->inode->is_locked = false;
    *file = (struct sim_fd){0};
    return 0;
}

static ssize_t disk_pread(struct world *w, int fd, void *bytes, size_t len, off_t offset)
{
    struct sim_fd *file = file_of(sim_at(w), fd);
    if (file == NULL)
        return -EBADF;
    if (file->inode->is_dir)
        return -EISDIR;
    int error = read_trouble(sim_at(w));
    if (error != 0)
        return error;
    if (offset < 0 || (size_t)offset >= file->inode->len)
        return 0;
    size_t left = file->inode->len - (size_t)offset;
    size_t n = len < left ? len : left;
    memcpy(bytes, file->inode->bytes + offset, n);
    return (ssize_t)n;
}

static ssize_t disk_read(struct world *w, int fd, void *bytes, size_t len)
{
    struct sim_fd *file = file_of(sim_at(w), fd);
    if (file == NULL)
        return -EBADF;
    ssize_t n = disk_pread(w, fd, bytes, len, file->offset);
    if (n > 0)
        file->offset += n;
    return n;
}

static void put(struct sim *sim, struct sim_inode *inode, const void *bytes, size_t len, size_t at)
{
    size_t end = at + len;
    if (end > inode->cap) {
        size_t cap = inode->cap * 2 > end ? inode->cap * 2 : end;
        char *grown = sim_alloc(cap);
        if (inode->len != 0)
            memcpy(grown, inode->bytes, inode->len);
        mem_free(inode->bytes);
        inode->bytes = grown;
        inode->cap = cap;
    }
    if (at > inode->len)
        memset(inode->bytes + inode->len, 0, at - inode->len);
    if (len != 0)
        memcpy(inode->bytes + at, bytes, len);
    if (end > inode->len)
        inode->len = end;
    inode->changed = wall_of(sim);
}

static ssize_t disk_pwrite(struct world *w, int fd, const void *bytes, size_t len, off_t offset)
{
    struct sim *sim = sim_at(w);
    struct sim_fd *file = file_of(sim, fd);
    if (file == NULL)
        return -EBADF;
    int error = trouble(sim, "at a write");
    if (error == 0)
        error = space_trouble(sim);
    if (error != 0)
        return error;
    bool is_mine = sim->is_alive && !sim->is_outside && len > 1;
    if (is_mine && sim_fault(sim, SIM_TORN_WRITE)) {
        put(sim, file->inode, bytes, (size_t)sim_below(sim, len), (size_t)offset);
        sim_die(sim, "in the middle of a write");
    }
    if (is_mine && sim_fault(sim, SIM_SHORT_WRITE))
        len = 1 + (size_t)sim_below(sim, len - 1);
    put(sim, file->inode, bytes, len, (size_t)offset);
    return (ssize_t)len;
}

static ssize_t disk_write(struct world *w, int fd, const void *bytes, size_t len)
{
    struct sim_fd *file = file_of(sim_at(w), fd);
    if (file == NULL)
        return -EBADF;
    if ((file->flags & O_APPEND) != 0)
        file->offset = (int64_t)file->inode->len;
    ssize_t n = disk_pwrite(w, fd, bytes, len, file->offset);
    if (n > 0)
        file->offset += n;
    return n;
}

static off_t disk_seek(struct world *w, int fd, off_t offset, int whence)
{
    struct sim_fd *file = file_of(sim_at(w), fd);
    if (file == NULL)
        return -EBADF;
    int64_t base = whence == SEEK_SET   ? 0
                   : whence == SEEK_CUR ? file->offset
                                        : (int64_t)file->inode->len;
    if (base + offset < 0)
        return -EINVAL;
    return file->offset = base + offset;
}

static int disk_sync(struct world *w, int fd)
{
    struct sim *sim = sim_at(w);
    struct sim_fd *file = file_of(sim, fd);
    if (file == NULL)
        return -EBADF;
    int error = trouble(sim, "at a sync");
    if (error != 0)
        return error;
    struct sim_inode *inode = file->inode;
    if (inode->is_dir) {
        free_entries(inode->durable_entries);
        inode->durable_entries = copy_entries(inode->entries);
    } else {
        set_bytes(&inode->durable, &inode->durable_len, inode->bytes, inode->len);
    }
    return 0;
}

static int disk_truncate(struct world *w, int fd, off_t size)
{
    struct sim *sim = sim_at(w);
    struct sim_fd *file = file_of(sim, fd);
    if (file == NULL)
        return -EBADF;
    int error = trouble(sim, "at a truncation");
    if (error != 0)
        return error;
    if ((size_t)size < file->inode->len)
        file->inode->len = (size_t)size;
    put(sim, file->inode, NULL, 0, (size_t)size);
    return 0;
}

static void fill_stat(const struct sim_inode *inode, struct stat *out)
{
    memset(out, 0, sizeof *out);
    out->st_mode = inode->is_dir ? S_IFDIR | 0700 : S_IFREG | 0600;
    out->st_ino = inode->number;
    out->st_size = (off_t)inode->len;
    out->st_nlink = inode->links;
    out->st_mtim.tv_sec = inode->changed / 1000000000;
}

static int disk_stat(struct world *w, int dirfd, const char *path, int flags, struct stat *out)
{
    struct sim_inode *inode = find(sim_at(w), dirfd, path);
    int error = read_trouble(sim_at(w));
    (void)flags;
    if (error != 0)
        return error;
    if (inode == NULL)
        return -ENOENT;
    fill_stat(inode, out);
    return 0;
}

static int disk_fstat(struct world *w, int fd, struct stat *out)
{
    struct sim_fd *file = file_of(sim_at(w), fd);
    if (file == NULL)
        return -EBADF;
    fill_stat(file->inode, out);
    return 0;
}

static int disk_rename(struct world *w, int from_dir, const char *from, int to_dir, const char *to)
{
    struct sim *sim = sim_at(w);
    struct str old_name;
    struct str new_name;
    struct sim_inode *old_dir = find_parent(sim, from_dir, from, &old_name);
    struct sim_inode *new_dir = find_parent(sim, to_dir, to, &new_name);
    if (old_dir == NULL || new_dir == NULL)
        return -ENOENT;
    struct entry **at = find_entry(old_dir, old_name);
    if (*at == NULL)
        return -ENOENT;
    int error = trouble(sim, "at a rename");
    if (error != 0)
        return error;
    struct sim_inode *inode = (*at)->inode;
    unlink_entry(at);
    struct entry **target = find_entry(new_dir, new_name);
    if (*target != NULL)
        unlink_entry(target);
    link_entry(new_dir, new_name, inode);
    return 0;
}

static int disk_unlink(struct world *w, int dirfd, const char *path, int flags)
{
    struct sim *sim = sim_at(w);
    struct str last;
    struct sim_inode *dir = find_parent(sim, dirfd, path, &last);
    if (dir == NULL || *find_entry(dir, last) == NULL)
        return -ENOENT;
    bool is_dir = (*find_entry(dir, last))->inode->is_dir;
    if (is_dir != ((flags & AT_REMOVEDIR) != 0))
        return is_dir ? -EISDIR : -ENOTDIR;
    int error = trouble(sim, "at an unlink");
    if (error != 0)
        return error;
    unlink_entry(find_entry(dir, last));
    return 0;
}

static int disk_mkdir(struct world *w, int dirfd, const char *path, mode_t mode)
{
    struct sim *sim = sim_at(w);
    struct str last;
    struct sim_inode *dir = find_parent(sim, dirfd, path, &last);
    (void)mode;
    if (dir == NULL || !dir->is_dir)
        return -ENOENT;
    if (str_is(last, ".") || *find_entry(dir, last) != NULL)
        return -EEXIST;
    int error = trouble(sim, "at the making of a folder");
    if (error != 0)
        return error;
    link_entry(dir, last, inode_new(sim, true));
    return 0;
}

static int disk_list(struct world *w, int dirfd, const char *path, world_dir_fn *each, void *arg)
{
    struct sim_inode *dir = find(sim_at(w), dirfd, path);
    if (dir == NULL)
        return -ENOENT;
    if (!dir->is_dir)
        return -ENOTDIR;
    struct entry *copy = copy_entries(dir->entries);
    for (struct entry *entry = copy; entry != NULL; entry = entry->next) {
        struct world_dir_entry seen = {entry->name, entry->inode->is_dir ? DT_DIR : DT_REG};
        if (!each(arg, &seen))
            break;
    }
    free_entries(copy);
    return 0;
}

static ssize_t disk_readlink(struct world *w, int dirfd, const char *path, char *out, size_t len)
{
    (void)w;
    (void)dirfd;
    (void)path;
    (void)out;
    (void)len;
    return -EINVAL;
}

static int disk_lock(struct world *w, int fd)
{
    struct sim_fd *file = file_of(sim_at(w), fd);
    if (file == NULL)
        return -EBADF;
    if (file->inode->is_locked)
        return -EWOULDBLOCK;
    file->inode->is_locked = true;
    return 0;
}

unsigned sim_count_files(struct sim *sim, const char *folder, struct str suffix)
{
    const struct sim_inode *dir = find(sim, AT_FDCWD, folder);
    return dir != NULL ? count_files(dir, suffix) : 0;
}

static int disk_space(struct world *w, int fd, uint64_t *free_bytes, uint64_t *total_bytes)
{
    (void)w;
    (void)fd;
    *free_bytes = 1u << 30;
    *total_bytes = 1u << 31;
    return 0;
}

const struct world_ops sim_world_ops = {
    .wall_ns = wall_ns,
    .monotonic_ns = monotonic_ns,
    .random = fill_random,
    .open = disk_open,
    .close = disk_close,
    .read = disk_read,
    .pread = disk_pread,
    .write = disk_write,
    .pwrite = disk_pwrite,
    .seek = disk_seek,
    .sync = disk_sync,
    .truncate = disk_truncate,
    .stat = disk_stat,
    .fstat = disk_fstat,
    .rename = disk_rename,
    .unlink = disk_unlink,
    .mkdir = disk_mkdir,
    .list = disk_list,
    .readlink = disk_readlink,
    .lock = disk_lock,
    .space = disk_space,
};
