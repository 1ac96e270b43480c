/* Where reading begins: positions of earlier runs, rotated files, fingerprints, byte order marks.
 *
 * A position is kept for a path, a label set and an inode, with a fingerprint of the file's first
 * bytes. A file is continued when both fit; when the path has another inode, the former file is
 * looked for in its folder (a rotation while the program was down) and finished first; when it is
 * gone, and the new one begins like it, it was replaced by a copy and is continued. */

#include "components/loki/source/file/tailer.h"

#include "base/mutant.h"
#include "base/hash.h"
#include "base/world.h"
#include "components/loki/source/file/inflate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

enum { FOLDER_MAX = 4096, PATH_LIMIT = 4096, BLOCK = 64 * 1024, LENGTH_SHIFT = 48 };

static struct position_key key_of(const struct tailer *t)
{
    return (struct position_key){
        .path = str_from(t->path),
        .labels = str_from(t->key),
        .device = t->file.device,
        .inode = t->file.inode,
    };
}

/* ---- fingerprints: the length and a hash of so many first bytes ---- */
static uint64_t fingerprint(const char *bytes, size_t len)
{
    const uint64_t mask = ((uint64_t)1 << LENGTH_SHIFT) - 1;
    return len == 0 ? 0 : (uint64_t)len << LENGTH_SHIFT | (hash_bytes(bytes, len) & mask);
}

static size_t read_beginning(int fd, char out[FILE_SIGNATURE])
{
    ssize_t got = world_pread(fd, out, FILE_SIGNATURE, 0);
    return got > 0 ? (size_t)got : 0;
}

/* 0 = nothing is known of it. */
static bool fits(int fd, uint64_t wanted)
{
    char bytes[FILE_SIGNATURE];
    size_t len = (size_t)(wanted >> LENGTH_SHIFT);
    if (wanted == 0)
        return true;
    return len <= read_beginning(fd, bytes) && fingerprint(bytes, len) == wanted;
}

bool tail_same_beginning(struct tailer *t)
{
    char bytes[FILE_SIGNATURE];
    struct tail_file *f = &t->file;
    if (f->inflate != NULL)
        return true;
    size_t len = read_beginning(f->fd, bytes);
    if (len < f->signature_len || memcmp(bytes, f->signature, f->signature_len) != 0)
        return false;
    memcpy(f->signature, bytes, len);
    f->signature_len = len;
    return true;
}

/* ---- positions ---- */
void tail_keep_position(struct tailer *t)
{
    struct position_key key = key_of(t);
    /* Only bytes that were read tell something: those behind may still be written. */
    size_t len = t->file.signature_len;
    if (t->file.inflate == NULL && (int64_t)len > t->position)
        len = (size_t)t->position;
    struct position position = {(uint64_t)t->position, fingerprint(t->file.signature, len)};
    positions_set(t->source->positions, &key, position);
}

void tail_forget_position(struct tailer *t)
{
    struct position_key key = key_of(t);
    positions_remove(t->source->positions, &key);
}

/* The entries for the path and labels of a tailer. */
struct former {
    const struct tailer *tailer;
    bool found;
    struct position position;
    uint64_t device, inode;
};

static bool note_former(void *arg, const struct position_key *key, struct position position)
{
    struct former *f = arg;
    if (str_is(key->path, f->tailer->path) && str_is(key->labels, f->tailer->key)) {
        f->found = true;
        f->position = position;
        f->device = key->device;
        f->inode = key->inode;
    }
    return true;
}

static bool drop_former(void *arg, const struct position_key *key, struct position position)
{
    const struct tailer *t = arg;
    (void)position;
    return !str_is(key->path, t->path) || !str_is(key->labels, t->key);
}

/* ---- a rotated file ---- */
struct search {
    const struct former *former;
    const char *folder;
    char path[PATH_LIMIT];
    unsigned looked;
    bool found;
};

static bool look_at_name(void *arg, const struct world_dir_entry *entry)
{
    struct search *s = arg;
    struct stat st;
    int len = snprintf(s->path, sizeof s->path, "%s/%s", s->folder, entry->name);
    if (len < 0 || (size_t)len >= sizeof s->path)
        return true;
    s->found = world_stat(AT_FDCWD, s->path, AT_SYMLINK_NOFOLLOW, &st) == 0 &&
               S_ISREG(st.st_mode) && st.st_ino == s->former->inode &&
               st.st_dev == s->former->device && (uint64_t)st.st_size >= s->former->position.offset;
    return !s->found && ++s->looked < FOLDER_MAX;
}

/* Opens the former file under its new name; -1 when it is not in the folder. */
static int find_rotated(const struct tailer *t, const struct former *former)
{
    char folder[PATH_LIMIT] = ".";
    struct search search = {.former = former, .folder = folder};
    const char *slash = strrchr(t->path, '/');
    if (slash != NULL) {
        size_t len = slash == t->path ? 1 : (size_t)(slash - t->path);
        if (len >= sizeof folder)
            return -1;
        memcpy(folder, t->path, len);
        folder[len] = '\0';
    }
    world_list(AT_FDCWD, folder, look_at_name, &search);
    int fd = search.found ? world_open(AT_FDCWD, search.path, O_RDONLY | O_NOFOLLOW, 0) : -1;
    if (fd >= 0 && !fits(fd, former->position.fingerprint)) {
        world_close(fd);
        return -1;
    }
    return fd < 0 ? -1 : fd;
}

/* ---- beginning ---- */
static int64_t behind_last_line(int fd, int64_t size, enum text_encoding encoding)
{
    char *block = mem_try_alloc(NULL, BLOCK);
    int64_t end = size & ~(int64_t)1;
    int64_t found = 0;
    if (encoding != TEXT_UTF16BE && encoding != TEXT_UTF16LE)
        end = size;
    while (block != NULL && end > 0 && found == 0) {
        int64_t from = end > BLOCK ? end - BLOCK : 0;
        ssize_t got = world_pread(fd, block, (size_t)(end - from), from);
        if (got <= 0)
            break;
        size_t behind = lines_last_end(str_of(block, (size_t)got), encoding);
        found = behind != 0 ? from + (int64_t)behind : 0;
        end = from;
    }
    mem_free(block);
    return found;
}

static void begin(struct tailer *t, int fd, const struct stat *st)
{
    struct tail_file *f = &t->file;
    f->fd = fd;
    f->device = st->st_dev;
    f->inode = st->st_ino;
    f->rotated = f->deleted = false;
    f->encoding = t->source->settings.encoding;
    f->signature_len = read_beginning(fd, f->signature);
    t->position = t->seen = 0;
    t->quiet_since_ns = 0;
    t->slice = FILE_SLICE;
}

/* Continues at `position`, or behind the byte order mark. */
static void go_to(struct tailer *t, int64_t position)
{
    struct tail_file *f = &t->file;
    struct str start = str_of(f->signature, f->signature_len);
    int64_t mark = f->inflate != NULL ? 0 : (int64_t)text_encoding_mark(start, &f->encoding);
    t->position = position > mark ? position : mark;
    t->seen = t->position;
}

void tail_restart(struct tailer *t)
{
    t->file.signature_len = read_beginning(t->file.fd, t->file.signature);
    t->file.encoding = t->source->settings.encoding;
    go_to(t, 0);
    tail_keep_position(t);
}

static enum status open_inflate(struct tailer *t, struct error *err)
{
    const struct tail_settings *s = &t->source->settings;
    if (!s->is_gzip && !s->is_zlib)
        return STATUS_OK;
    t->file.inflate = inflate_new(t->file.fd, s->is_zlib, host_memory(t->source->host), err);
    return t->file.inflate != NULL ? STATUS_OK : err->status;
}

static int64_t fresh_start(struct tailer *t, int64_t size, bool known)
{
    const struct tail_settings *s = &t->source->settings;
    bool damaged = !known && positions_damaged(t->source->positions);
    bool from_end = damaged ? s->on_error == ON_ERROR_END || s->from_end : s->from_end;
    if (known || !from_end || t->file.inflate != NULL)
        return 0;
    return behind_last_line(t->file.fd, size, t->file.encoding);
}

static enum status open_path(struct tailer *t, int *fd, struct stat *st, struct error *err)
{
    *fd = world_open(AT_FDCWD, t->path, O_RDONLY | O_NONBLOCK, 0);
    if (*fd < 0) {
        error_errno(err, -*fd, "open", t->path);
        return err->status = *fd == -ENOENT ? STATUS_NOT_FOUND : STATUS_IO;
    }
    int failed = world_fstat(*fd, st);
    if (failed == 0 && S_ISREG(st->st_mode))
        return STATUS_OK;
    world_close(*fd);
    if (failed != 0)
        return error_errno(err, -failed, "stat", t->path);
    return error_set(err, STATUS_INVALID, "failed to tail file, %s",
                     S_ISDIR(st->st_mode) ? "is directory" : "is no regular file");
}

/* Nothing is kept for the file at hand: what is kept for the path decides. `former` is it. */
static int64_t start_of_unknown(struct tailer *t, const struct stat *st,
                                const struct former *former)
{
    int64_t offset = (int64_t)former->position.offset;
    bool copied = former->found && former->position.fingerprint != 0 &&
                  fits(t->file.fd, former->position.fingerprint) &&
                  (t->file.inflate != NULL || offset <= st->st_size);
    go_to(t, 0); /* the encoding is known from now on */
    return copied ? offset : fresh_start(t, st->st_size, former->found);
}

static enum status begin_rotated(struct tailer *t, int fd, const struct former *former)
{
    struct stat st;
    if (world_fstat(fd, &st) != 0) {
        world_close(fd);
        return STATUS_IO;
    }
    begin(t, fd, &st);
    t->file.rotated = true;
    go_to(t, MUTANT(ROTATION_READS_TWICE) ? 0 : (int64_t)former->position.offset);
    return STATUS_OK;
}

enum status tail_open(struct tailer *t, struct error *err)
{
    struct former former = {.tailer = t};
    struct position position;
    struct stat st;
    int fd;
    enum status status = open_path(t, &fd, &st, err);
    bool is_plain = !t->source->settings.is_gzip && !t->source->settings.is_zlib;
    if (status == STATUS_OK) {
        begin(t, fd, &st);
        struct position_key key = key_of(t);
        if (positions_get(t->source->positions, &key, &position)) {
            bool same = (!is_plain || (int64_t)position.offset <= st.st_size) &&
                        fits(fd, position.fingerprint);
            status = open_inflate(t, err);
            go_to(t, same ? (int64_t)position.offset : 0);
            return status;
        }
    }
    positions_filter(t->source->positions, note_former, &former);
    int rotated = former.found && is_plain ? find_rotated(t, &former) : -1;
    if (rotated >= 0) {
        if (status == STATUS_OK)
            world_close(fd);
        return begin_rotated(t, rotated, &former);
    }
    if (status != STATUS_OK)
        return status;
    status = open_inflate(t, err);
    if (status != STATUS_OK)
        return status;
    if (!former.found && positions_damaged(t->source->positions) &&
        t->source->settings.on_error == ON_ERROR_SKIP) {
        return error_set(err, STATUS_INVALID, "failed to get file position");
    }
    go_to(t, start_of_unknown(t, &st, &former));
    positions_filter(t->source->positions, drop_former, t);
    tail_keep_position(t);
    return STATUS_OK;
}

void tail_close(struct tailer *t)
{
    inflate_free(t->file.inflate);
    t->file.inflate = NULL;
    if (t->file.fd >= 0)
        world_close(t->file.fd);
    t->file.fd = -1;
}

/* Whether the file that now stands there is the old one, written anew with more behind it. */
static bool is_rewritten(const struct tail_file *old, int64_t position, int fd,
                         const struct stat *st)
{
    char bytes[FILE_SIGNATURE];
    size_t len = read_beginning(fd, bytes);
    bool sure = old->deleted || old->signature_len == FILE_SIGNATURE;
    return sure && old->signature_len != 0 && len >= old->signature_len &&
           memcmp(bytes, old->signature, old->signature_len) == 0 && st->st_size >= position;
}

enum status tail_open_next(struct tailer *t, struct error *err)
{
    struct stat st;
    int fd;
    enum status status = open_path(t, &fd, &st, err);
    if (status != STATUS_OK)
        return status;
    int64_t position = is_rewritten(&t->file, t->position, fd, &st) ? t->position : 0;
    tail_forget_position(t);
    tail_close(t);
    begin(t, fd, &st);
    go_to(t, position);
    tail_keep_position(t);
    return STATUS_OK;
}
