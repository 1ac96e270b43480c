/* The log's writing end: opening, groups of records, commits, and what happens when the disk fails.
 * Records wait in one buffer until the commit; one larger than WAL_BUFFER_MAX goes straight to the
 * file. Until its commit nothing of a group can be seen by a cursor, and a group that failed is
 * cut off. */

#include "runtime/storage/wal_internal.h"

#include "base/mutant.h"
#include "base/file.h"
#include "base/world.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { NAME_TRIES = 4, WAL_PATH_MAX = 4096 };

static const size_t SEGMENT_DEFAULT = (size_t)16 * 1024 * 1024;
static const size_t SEGMENT_LEAST = (size_t)256 * 1024;

static enum status disk_error(struct error *err, int code, const char *what)
{
    enum status status = error_errno(err, -code, what, "write-ahead log");
    if (code == -ENOSPC || code == -EDQUOT || code == -EFBIG) {
        status = STATUS_UNAVAILABLE;
        if (err)
            err->status = status;
    }
    return status;
}

/* The segment that is being written. */
static struct segment *end_segment(struct wal *wal)
{
    return &wal->segments.items[wal->segments.len - 1];
}

/* Dictionaries are not counted: a new segment would begin with the same ones. */
static bool is_full(const struct wal *wal)
{
    return wal->written >= wal->options.segment_bytes + wal->dictionary;
}

void wal_end_segment(struct wal *wal)
{
    if (wal->fd < 0)
        return;
    if (wal->unsynced && wal->options.sync_interval_ns >= 0)
        world_sync(wal->fd);
    world_close(wal->fd);
    wal->fd = -1;
    wal->written = 0;
    wal->unsynced = false;
    wal->refused = false;
}

/* Opening. */

/* What may not be opened was not made here. */
static int sync_folder(const char *path)
{
    int fd = world_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0)
        return wal_may_go_away(fd) ? fd : 0;
    int failed = world_sync(fd);
    world_close(fd);
    return failed == -EINVAL || failed == -EROFS ? 0 : failed;
}

/* A folder that was made is on the disk when the one it stands in is synced. */
static int sync_ancestors(const char *path)
{
    char part[WAL_PATH_MAX];
    size_t len = strlen(path);
    if (len >= sizeof(part))
        return -ENAMETOOLONG;
    int failed = path[0] != '/' ? sync_folder(".") : 0;
    while (!failed && len > 0) {
        if (path[--len] != '/')
            continue;
        memcpy(part, path, len + 1);
        part[len + 1] = '\0';
        failed = sync_folder(part);
    }
    return failed;
}

static enum status open_folder(struct wal *wal, const char *path, struct error *err)
{
    enum status status = file_make_dirs(path, err);
    if (status != STATUS_OK)
        return status;
    int failed = wal->options.sync_interval_ns >= 0 ? sync_ancestors(path) : 0;
    if (failed)
        return error_errno(err, -failed, "sync", path);
    wal->dir = world_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    if (wal->dir < 0)
        return error_errno(err, -wal->dir, "open", path);
    struct stat st;
    failed = world_fstat(wal->dir, &st);
    if (failed)
        return error_errno(err, -failed, "stat", path);
    if (st.st_uid != geteuid())
        return error_set(err, STATUS_DENIED, "%s belongs to another user", path);
    wal->lock = world_open(wal->dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (wal->lock < 0)
        return error_errno(err, -wal->lock, "open", "lock");
    failed = world_lock(wal->lock);
    if (failed == -EWOULDBLOCK)
        return error_set(err, STATUS_EXISTS, "%s is in use by another process", path);
    return failed ? error_errno(err, -failed, "lock", path) : STATUS_OK;
}

static size_t at_most(size_t value, uint64_t most)
{
    if (value > most)
        value = (size_t)most;
    return value < SEGMENT_LEAST ? SEGMENT_LEAST : value;
}

/* Space comes back a segment at a time: small where there is little of it. */
static void choose_segment_size(struct wal *wal)
{
    if (wal->options.segment_bytes)
        return;
    size_t size = SEGMENT_DEFAULT;
    uint64_t available, total;
    if (wal->options.max_bytes)
        size = at_most(size, wal->options.max_bytes / 8);
    if (world_space(wal->dir, &available, &total) == 0)
        size = at_most(size, (available + wal_bytes(wal)) / 16);
    wal->options.segment_bytes = size;
}

static enum status open_all(struct wal *wal, const char *path, struct error *err)
{
    enum status status = open_folder(wal, path, err);
    if (status == STATUS_OK)
        status = wal_segments_load(wal, err);
    if (status != STATUS_OK)
        return status;
    uint64_t highest;
    status = wal_cursors_highest(wal, &highest, err);
    if (status != STATUS_OK)
        return status;
    if (wal->next <= highest)
        wal->next = highest + 1;
    wal->committed = wal->next;
    choose_segment_size(wal);
    return STATUS_OK;
}

static void undo_open(void *arg)
{
    wal_close(arg);
}

enum status wal_open(const struct wal_options *options, struct wal **out, struct error *err)
{
    struct wal *wal = mem_try_alloc_shared(options->owner, sizeof(*wal));
    if (!wal)
        return error_set(err, STATUS_MEMORY, "no memory for the log");
    *wal =
        (struct wal){.owner = options->owner, .options = *options, .dir = -1, .lock = -1, .fd = -1};
    wal->options.path = NULL;
    wal->synced_ns = world_monotonic_ns();
    mem_scope_guard(undo_open, wal);
    enum status status = open_all(wal, options->path, err);
    if (status != STATUS_OK) {
        wal_close(wal);
        return status;
    }
    *out = wal;
    return STATUS_OK;
}

static uint64_t slowest(const struct wal *wal)
{
    uint64_t least = UINT64_MAX;
    for (const struct wal_cursor *c = wal->cursors; c; c = c->next) {
        if (c->position.sequence < least)
            least = c->position.sequence;
    }
    return least == UINT64_MAX ? 0 : least;
}

void wal_close(struct wal *wal)
{
    if (!wal)
        return;
    if (mem_scope_active())
        mem_scope_unguard(undo_open, wal);
    if (wal->fd >= 0) {
        wal->lost = true;
        wal_commit(wal, NULL); /* cuts off what was not committed */
        bool delivered = slowest(wal) + 1 >= wal->committed && !MUTANT(SEGMENT_KEPT);
        wal_end_segment(wal);
        while (delivered && wal->segments.len && wal_segment_drop(wal)) {}
    }
    while (wal->cursors)
        wal_cursor_free(wal->cursors);
    if (wal->lock >= 0)
        world_close(wal->lock);
    if (wal->dir >= 0)
        world_close(wal->dir);
    VEC_RELEASE(&wal->segments);
    mem_free(wal->buffer);
    mem_free(wal);
}

void wal_get_stats(const struct wal *wal, struct wal_stats *out)
{
    *out = wal->stats;
    out->first_sequence = wal->segments.len ? wal->segments.items[0].first : wal->committed;
    out->next_sequence = wal->committed;
    out->bytes = wal_bytes(wal);
    out->segments = wal->segments.len;
}

/* Removing from the front, behind the slowest cursor (tests/models/wal.pml:
 * segment_is_needed_by_nobody). */

void wal_truncate(struct wal *wal)
{
    if (!wal->cursors)
        return;
    uint64_t done = slowest(wal);
    while (wal->segments.len > 1 &&
           wal->segments.items[1].first <= done + 1 + MUTANT(TRUNCATES_TOO_MUCH)) {
        if (!wal_segment_drop(wal))
            return;
    }
    bool idle = wal->next == wal->committed && done + 1 >= wal->committed;
    if (!idle || wal->segments.len != 1)
        return;
    if (wal->fd >= 0 && !wal->refused && !is_full(wal))
        return;
    wal_end_segment(wal);
    wal_segment_drop(wal);
}

/* Gives up the oldest segment. False when it is the one being written. */
static bool sacrifice(struct wal *wal, uint64_t *counter)
{
    if (wal->segments.len == 0 || (wal->segments.len == 1 && wal->fd >= 0))
        return false;
    uint64_t first = wal->segments.items[0].first, last = wal_segment_last(wal, 0);
    uint64_t done = wal->cursors ? slowest(wal) : 0;
    if (!wal_segment_drop(wal))
        return false;
    uint64_t from = done + 1 > first ? done + 1 : first;
    if (last >= from)
        *counter += last - from + 1;
    return true;
}

static void apply_age(struct wal *wal)
{
    if (!wal->options.max_age_ns)
        return;
    int64_t now = world_wall_ns(), oldest = now - wal->options.max_age_ns;
    if (wal->fd >= 0 && wal->next == wal->committed && end_segment(wal)->touched_ns < oldest)
        wal_end_segment(wal);
    while (wal->segments.len && wal->segments.items[0].touched_ns < oldest) {
        if (!sacrifice(wal, &wal->stats.dropped_age))
            return;
    }
    if (wal->fd >= 0 && now - wal->began_ns > wal->options.max_age_ns / 4)
        wal->want_segment = true;
}

static void sync_now(struct wal *wal)
{
    if (wal->fd >= 0 && world_sync(wal->fd) == 0)
        wal->unsynced = false;
    wal->synced_ns = world_monotonic_ns();
}

void wal_tick(struct wal *wal)
{
    int64_t interval = wal->options.sync_interval_ns;
    if (interval > 0 && wal->unsynced && world_monotonic_ns() - wal->synced_ns >= interval)
        sync_now(wal);
    apply_age(wal);
}

/* A failed group. */

/* The file is cut back to what was committed. If even that fails, nothing more goes into this
 * segment. */
static void cut_off(struct wal *wal)
{
    wal->buffered = wal->kept = 0;
    wal->next = wal->committed;
    wal->dictionary = wal->committed_dictionary;
    if (wal->fd < 0)
        return;
    uint64_t committed = end_segment(wal)->bytes;
    if (committed == 0) {
        char name[WAL_NAME_MAX];
        wal_segment_name(name, end_segment(wal)->first);
        wal_end_segment(wal);
        wal->segments.len--;
        world_unlink(wal->dir, name, 0);
        return;
    }
    if (wal->written > committed && world_truncate(wal->fd, (off_t)committed) != 0)
        wal_end_segment(wal);
    else
        wal->written = committed;
}

/* Writes at the end of the file. */
static int put(struct wal *wal, const char *bytes, size_t len)
{
    while (len) {
        ssize_t done = world_pwrite(wal->fd, bytes, len, (off_t)wal->written);
        if (done == -EINTR)
            continue;
        if (done <= 0)
            return done ? (int)done : -ENOSPC;
        wal->written += (uint64_t)done;
        bytes += done;
        len -= (size_t)done;
    }
    return 0;
}

static int flush(struct wal *wal)
{
    if (wal->buffered == 0)
        return 0;
    uint64_t at = wal->written;
    int failed = put(wal, wal->buffer, wal->buffered);
    if (failed)
        return failed;
    wal->kept = wal->buffered;
    wal->kept_at = at;
    wal->kept_segment = end_segment(wal)->first;
    wal->buffered = 0;
    return 0;
}

static enum status group_failed(struct wal *wal, int code, struct error *err)
{
    bool full = code == -ENOSPC || code == -EDQUOT;
    wal->lost = true;
    cut_off(wal);
    wal->refused = wal->fd >= 0 && full;
    return disk_error(err, code, "write");
}

/* Groups. */

static int segment_create(struct wal *wal)
{
    for (unsigned i = 0; i < NAME_TRIES; i++) {
        char name[WAL_NAME_MAX];
        wal_segment_name(name, wal->next);
        int fd = world_open(wal->dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
        if (fd != -EEXIST)
            return fd;
        wal->committed = ++wal->next;
    }
    return -EEXIST;
}

static enum status segment_begin(struct wal *wal, struct error *err)
{
    int fd = segment_create(wal);
    if (fd < 0)
        return disk_error(err, fd, "create");
    struct segment segment = {.first = wal->next, .touched_ns = world_wall_ns()};
    bool syncs = wal->options.sync_interval_ns >= 0 && !MUTANT(FOLDER_UNSYNCED);
    int failed = syncs ? world_sync(wal->dir) : 0;
    bool is_sure = !failed || wal->options.sync_interval_ns > 0;
    if (!is_sure || !wal_segment_add(wal, segment)) {
        char name[WAL_NAME_MAX];
        wal_segment_name(name, segment.first);
        world_close(fd);
        world_unlink(wal->dir, name, 0);
        if (!is_sure)
            return disk_error(err, failed, "sync");
        return error_set(err, STATUS_UNAVAILABLE, "no memory for another segment");
    }
    wal->fd = fd;
    wal->written = wal->dictionary = wal->committed_dictionary = 0;
    wal->want_segment = wal->refused = false;
    wal->began_ns = segment.touched_ns;
    segment_head_write(wal->buffer, segment.first, segment.touched_ns);
    wal->buffered = SEGMENT_HEAD;
    wal->kept = 0;
    return STATUS_OK;
}

uint64_t wal_begin(struct wal *wal)
{
    bool between = wal->next == wal->committed && wal->buffered == 0;
    if (wal->fd >= 0 && between && !wal->lost && (wal->want_segment || is_full(wal))) {
        wal_end_segment(wal);
        wal_truncate(wal);
    }
    return wal->fd >= 0 ? end_segment(wal)->first : wal->next;
}

void wal_want_segment(struct wal *wal)
{
    wal->want_segment = true;
}

static enum status check_cap(struct wal *wal, size_t more, struct error *err)
{
    uint64_t max = wal->options.max_bytes;
    if (!max)
        return STATUS_OK;
    while (wal_bytes(wal) + more > max) {
        if (!wal->options.drop_oldest || !sacrifice(wal, &wal->stats.dropped_size)) {
            wal->refused = wal->fd >= 0;
            return error_set(err, STATUS_UNAVAILABLE, "write-ahead log is full: %llu bytes",
                             (unsigned long long)max);
        }
    }
    return STATUS_OK;
}

/* A buffer of at least `want` bytes; what it held is in the file. */
static bool buffer_fit(struct wal *wal, size_t want)
{
    if (wal->buffer_cap >= want)
        return true;
    char *grown = mem_try_alloc_shared(wal->owner, want);
    if (!grown)
        return false;
    mem_free(wal->buffer);
    wal->buffer = grown;
    wal->buffer_cap = want;
    wal->kept = 0;
    return true;
}

/* Makes room in the buffer for the whole record, or for less of it when it is too large. */
static int make_room(struct wal *wal, size_t whole)
{
    if (whole <= wal->buffer_cap - wal->buffered)
        return 0;
    int failed = flush(wal);
    if (failed || whole <= wal->buffer_cap || whole > WAL_BUFFER_MAX)
        return failed;
    (void)buffer_fit(wal, (whole | (WAL_BUFFER / 2 - 1)) + 1);
    return 0;
}

static void buffer_put(struct wal *wal, struct str bytes)
{
    if (bytes.len)
        memcpy(wal->buffer + wal->buffered, bytes.ptr, bytes.len);
    wal->buffered += bytes.len;
}

static int record_put(struct wal *wal, uint8_t type, struct str first, struct str rest)
{
    size_t whole = RECORD_HEAD + first.len + rest.len;
    int failed = make_room(wal, whole);
    if (failed)
        return failed;
    wal->kept = 0;
    record_head_write(wal->buffer + wal->buffered, type, wal->next, first, rest);
    wal->buffered += RECORD_HEAD;
    if (whole <= wal->buffer_cap) {
        buffer_put(wal, first);
        buffer_put(wal, rest);
        return 0;
    }
    failed = flush(wal);
    if (!failed)
        failed = put(wal, first.ptr, first.len);
    return failed ? failed : put(wal, rest.ptr, rest.len);
}

enum status wal_append_pair(struct wal *wal, uint8_t type, struct str first, struct str rest,
                            uint64_t *sequence, struct error *err)
{
    size_t len = first.len + rest.len;
    if (wal->lost)
        return error_set(err, STATUS_UNAVAILABLE, "write-ahead log failed before this record");
    if (len > WAL_BODY_MAX)
        return error_set(err, STATUS_LIMIT, "record of %zu bytes", len);
    wal_begin(wal);
    enum status status = check_cap(wal, RECORD_HEAD + len, err);
    if (status == STATUS_OK && wal->buffered == 0 && !buffer_fit(wal, WAL_BUFFER))
        status = error_set(err, STATUS_UNAVAILABLE, "no memory for the log");
    if (status == STATUS_OK && wal->fd < 0)
        status = segment_begin(wal, err);
    if (status != STATUS_OK) {
        wal->lost = wal->lost || wal->next != wal->committed;
        if (wal->lost)
            cut_off(wal);
        return status;
    }
    int failed = record_put(wal, type, first, rest);
    if (failed)
        return group_failed(wal, failed, err);
    if (type & WAL_DICTIONARY)
        wal->dictionary += RECORD_HEAD + len;
    if (sequence)
        *sequence = wal->next;
    wal->next++;
    return STATUS_OK;
}

enum status wal_append(struct wal *wal, uint8_t type, struct str body, uint64_t *sequence,
                       struct error *err)
{
    return wal_append_pair(wal, type, body, STR_NONE, sequence, err);
}

void wal_abandon(struct wal *wal)
{
    wal->lost = true;
}

enum status wal_commit(struct wal *wal, struct error *err)
{
    if (wal->lost) {
        cut_off(wal);
        wal->lost = false;
        return error_set(err, STATUS_UNAVAILABLE, "write-ahead log could not be written");
    }
    if (wal->next == wal->committed)
        return STATUS_OK;
    int failed = flush(wal);
    if (!failed && wal->options.sync_interval_ns == 0 && !MUTANT(SYNC_SKIPPED))
        failed = world_sync(wal->fd);
    if (failed) {
        group_failed(wal, failed, err);
        wal->lost = false;
        return disk_error(err, failed, "write");
    }
    struct segment *segment = end_segment(wal);
    segment->bytes = wal->written;
    segment->touched_ns = world_wall_ns();
    wal->committed = wal->next;
    wal->committed_dictionary = wal->dictionary;
    wal->unsynced = wal->options.sync_interval_ns != 0;
    if (wal->options.sync_interval_ns > 0)
        wal_tick(wal);
    return STATUS_OK;
}
