/* The segments of a log: found at opening, looked up by sequence, removed from the front. */

#include "runtime/storage/wal_internal.h"

#include "base/mutant.h"
#include "base/world.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

enum { SEGMENTS_MAX = 1000000 };

static const char digits[] = "0123456789abcdef";

void wal_segment_name(char out[WAL_NAME_MAX], uint64_t first)
{
    for (unsigned i = 0; i < 16; i++)
        out[i] = digits[first >> (60 - 4 * i) & 15];
    memcpy(out + 16, ".seg", 5);
}

static bool name_parse(const char *name, uint64_t *first)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 16; i++) {
        const char *digit = name[i] ? memchr(digits, name[i], 16) : NULL;
        if (!digit)
            return false;
        value = value << 4 | (uint64_t)(digit - digits);
    }
    *first = value;
    return strcmp(name + 16, ".seg") == 0 && value != 0 && value < UINT64_MAX / 2;
}

int wal_segment_open(const struct wal *wal, uint64_t first)
{
    char name[WAL_NAME_MAX];
    wal_segment_name(name, first);
    return world_open(wal->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
}

size_t wal_segment_find(const struct wal *wal, uint64_t sequence)
{
    size_t from = 0, count = wal->segments.len;
    while (count) {
        size_t half = count / 2;
        if (wal->segments.items[from + half].first <= sequence) {
            from += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    /* `from` is the first segment behind it. */
    if (from > 0 && sequence <= wal_segment_last(wal, from - 1))
        return from - 1;
    return from;
}

uint64_t wal_segment_last(const struct wal *wal, size_t index)
{
    return index + 1 < wal->segments.len ? wal->segments.items[index + 1].first - 1
                                         : wal->committed - 1;
}

uint64_t wal_bytes(const struct wal *wal)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < wal->segments.len; i++)
        bytes += wal->segments.items[i].bytes;
    if (wal->fd >= 0)
        bytes += wal->written + wal->buffered - wal->segments.items[wal->segments.len - 1].bytes;
    return bytes;
}

bool wal_segment_add(struct wal *wal, struct segment segment)
{
    if (wal->segments.len == wal->segments.cap) {
        size_t cap = wal->segments.cap ? wal->segments.cap * 2 : 8;
        struct segment *items = NULL;
        if (cap <= 2 * (size_t)SEGMENTS_MAX)
            items = mem_try_alloc_shared(wal->owner, cap * sizeof(*items));
        if (!items)
            return false;
        if (wal->segments.len)
            memcpy(items, wal->segments.items, wal->segments.len * sizeof(*items));
        mem_free(wal->segments.items);
        wal->segments.items = items;
        wal->segments.cap = cap;
    }
    wal->segments.items[wal->segments.len++] = segment;
    return true;
}

static void forget_first(struct wal *wal)
{
    wal->segments.len--;
    memmove(wal->segments.items, wal->segments.items + 1,
            wal->segments.len * sizeof(*wal->segments.items));
}

bool wal_segment_drop(struct wal *wal)
{
    char name[WAL_NAME_MAX];
    wal_segment_name(name, wal->segments.items[0].first);
    int failed = world_unlink(wal->dir, name, 0);
    if (failed && failed != -ENOENT && !MUTANT(SEGMENT_LEFT_OUT))
        return false;
    /* A reader's handle would keep the space. */
    uint64_t last = wal_segment_last(wal, 0);
    forget_first(wal);
    wal_cursors_advance(wal, last + 1);
    return true;
}

/* Loading. */

struct finding {
    struct wal *wal;
    bool no_memory;
};

static bool found(void *arg, const struct world_dir_entry *entry)
{
    struct finding *f = arg;
    uint64_t first;
    if (!name_parse(entry->name, &first))
        return true;
    f->no_memory = !wal_segment_add(f->wal, (struct segment){.first = first});
    return !f->no_memory;
}

static int by_first(const void *a, const void *b)
{
    uint64_t x = ((const struct segment *)a)->first, y = ((const struct segment *)b)->first;
    return x < y ? -1 : x > y;
}

/* Size and age. False when it is no file of ours; *error: that cannot be told now. */
static bool measure(const struct wal *wal, struct segment *segment, int *error)
{
    char name[WAL_NAME_MAX];
    struct stat st;
    wal_segment_name(name, segment->first);
    int failed = world_stat(wal->dir, name, AT_SYMLINK_NOFOLLOW, &st);
    if (wal_may_go_away(failed) && !MUTANT(SEGMENT_LEFT_OUT))
        *error = failed;
    if (failed || !S_ISREG(st.st_mode))
        return false;
    segment->bytes = (uint64_t)st.st_size;
    segment->touched_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    return true;
}

static void cut_tail(struct wal *wal, struct segment *segment, uint64_t end)
{
    if (end >= segment->bytes || MUTANT(TORN_TAIL_KEPT))
        return;
    char name[WAL_NAME_MAX];
    wal_segment_name(name, segment->first);
    int fd = world_open(wal->dir, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    if (fd < 0)
        return;
    if (world_truncate(fd, (off_t)end) == 0) {
        wal->stats.truncated_bytes += segment->bytes - end;
        segment->bytes = end;
    }
    world_close(fd);
}

/* The sequence behind the last record of the newest segment, whose torn tail is cut. If it cannot
 * be read, a sequence that it cannot hold. */
static uint64_t scan_last(struct wal *wal, struct segment *segment)
{
    uint64_t most = segment->first + segment->bytes / RECORD_HEAD + 1;
    int fd = wal_segment_open(wal, segment->first);
    if (fd < 0)
        return most;
    struct reader reader;
    struct record_head head;
    struct str body;
    int error;
    reader_init(&reader, wal->owner);
    reader_start(&reader, fd, segment->first);
    enum reader_result result;
    do
        result = reader_next(&reader, segment->bytes, most, &head, &body, &error);
    while (result == READER_RECORD);
    world_close(fd);
    uint64_t next = result == READER_ERROR ? most : reader.last + 1;
    if (result == READER_END)
        cut_tail(wal, segment, reader.end);
    reader_release(&reader);
    return next;
}

/* Segments without a record are removed from the end: their names may be needed again. */
static void drop_empty(struct wal *wal)
{
    while (wal->segments.len) {
        struct segment *last = &wal->segments.items[wal->segments.len - 1];
        uint64_t next = scan_last(wal, last);
        if (next > wal->next)
            wal->next = next;
        if (next > last->first)
            return;
        char name[WAL_NAME_MAX];
        wal_segment_name(name, last->first);
        if (world_unlink(wal->dir, name, 0) != 0) {
            wal->next = last->first + 1;
            return;
        }
        wal->segments.len--;
    }
}

enum status wal_segments_load(struct wal *wal, struct error *err)
{
    struct finding f = {.wal = wal};
    int failed = world_list(wal->dir, ".", found, &f);
    if (f.no_memory)
        return error_set(err, STATUS_MEMORY, "no memory for the log's segments");
    if (failed < 0)
        return error_errno(err, -failed, "list", "write-ahead log");
    if (wal->segments.len)
        qsort(wal->segments.items, wal->segments.len, sizeof(*wal->segments.items), by_first);
    size_t kept = 0;
    for (size_t i = 0; i < wal->segments.len; i++) {
        struct segment segment = wal->segments.items[i];
        if (measure(wal, &segment, &failed))
            wal->segments.items[kept++] = segment;
    }
    wal->segments.len = kept;
    if (failed < 0)
        return error_errno(err, -failed, "stat", "segment");
    wal->next = 1;
    drop_empty(wal);
    return STATUS_OK;
}
