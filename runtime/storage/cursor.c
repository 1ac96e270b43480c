/* Cursors: the files that say how far each endpoint is, and reading from there.
 *
 *   file   two slots of SLOT bytes, the older one overwritten:
 *          "INVARCUR", u32 crc32c over what follows, u32 0, u64 generation, u64 sequence, u64 items
 */

#include "runtime/storage/wal_internal.h"

#include "base/mutant.h"
#include "base/hash.h"
#include "base/world.h"

#include <errno.h>
#include <fcntl.h>

enum {
    SLOT = 512, /* a sector: a torn write cannot reach the other slot */
    SLOT_USED = 40,
    CRC_FROM = 12,
    FAILURES_MAX = 8,
    CURSORS_MAX = 1024,
};

static const char digits[] = "0123456789abcdef";

static void cursor_name(char out[WAL_NAME_MAX], struct str name)
{
    uint64_t hash = hash_str(name);
    for (unsigned i = 0; i < 16; i++)
        out[i] = digits[hash >> (60 - 4 * i) & 15];
    memcpy(out + 16, ".cur", 5);
}

static bool is_cursor_name(const char *name)
{
    size_t len = strlen(name);
    return len == 20 && strcmp(name + 16, ".cur") == 0 && strspn(name, digits) == 16;
}

/* Slots. */

struct slot {
    uint64_t generation; /* 0 = none */
    struct wal_position position;
};

static void slot_write(char out[SLOT], struct slot slot)
{
    memset(out, 0, SLOT);
    memcpy(out, "INVARCUR", 8);
    put_le64(out + 16, slot.generation);
    put_le64(out + 24, slot.position.sequence);
    put_le64(out + 32, slot.position.items);
    put_le32(out + 8, hash_crc32c(0, out + CRC_FROM, SLOT_USED - CRC_FROM));
}

static struct slot slot_read(const char at[SLOT])
{
    if (memcmp(at, "INVARCUR", 8) != 0 ||
        get_le32(at + 8) != hash_crc32c(0, at + CRC_FROM, SLOT_USED - CRC_FROM))
        return (struct slot){0};
    return (struct slot){.generation = get_le64(at + 16),
                         .position = {get_le64(at + 24), get_le64(at + 32)}};
}

bool wal_may_go_away(int error)
{
    return error == -EIO || error == -EMFILE || error == -ENFILE || error == -ENOMEM ||
           error == -EAGAIN;
}

/* There may be a cursor that could not be read: to go on without it would skip what it has not
 * passed. Nothing of that name, or what is no file, is no cursor. */
static bool hides_a_cursor(int error)
{
    return error < 0 && error != -ENOENT && error != -ELOOP && error != -EISDIR &&
           error != -ENXIO && !MUTANT(UNKNOWN_AT_ERROR);
}

/* The newer slot of a file; generation 0 when there is none. *error: it could not be read now. */
static struct slot file_slot(struct wal *wal, const char *name, int *error)
{
    char bytes[2 * SLOT] = {0};
    struct slot best = {0};
    int fd = world_open(wal->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    if (fd < 0) {
        *error = hides_a_cursor(fd) ? fd : 0;
        return best;
    }
    size_t len = 0;
    ssize_t got = 1;
    while (len < sizeof(bytes) && (got > 0 || got == -EINTR)) {
        got = world_pread(fd, bytes + len, sizeof(bytes) - len, (off_t)len);
        len += got > 0 ? (size_t)got : 0;
    }
    *error = hides_a_cursor((int)got) ? (int)got : 0;
    world_close(fd);
    for (size_t i = 0; i < 2; i++) {
        struct slot slot = slot_read(bytes + i * SLOT);
        if (slot.generation > best.generation && slot.position.sequence < UINT64_MAX / 2)
            best = slot;
    }
    return best;
}

static int slot_put(int fd, const char slot[SLOT], uint64_t generation)
{
    off_t at = (off_t)(generation % 2) * SLOT;
    size_t done = 0;
    while (done < SLOT) {
        ssize_t written = world_pwrite(fd, slot + done, SLOT - done, at + (off_t)done);
        if (written == -EINTR)
            continue;
        if (written <= 0)
            return written ? (int)written : -ENOSPC;
        done += (size_t)written;
    }
    return 0;
}

/* Writes the cursor's position into the older slot, so that a torn write costs no more than what
 * was in flight (tests/models/wal.pml: repeats_only_in_flight). */
static enum status persist(struct wal_cursor *cursor, struct error *err)
{
    struct wal *wal = cursor->wal;
    char slot[SLOT];
    slot_write(slot, (struct slot){cursor->generation + 1, cursor->position});
    int fd = world_open(wal->dir, cursor->name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0)
        return error_errno(err, -fd, "open", cursor->name);
    int failed = slot_put(fd, slot, cursor->generation + 1);
    if (!failed && wal->options.sync_interval_ns == 0)
        failed = world_sync(fd);
    world_close(fd);
    if (failed)
        return error_errno(err, -failed, "write", cursor->name);
    cursor->generation++;
    return STATUS_OK;
}

/* All files. */

struct highest {
    struct wal *wal;
    uint64_t sequence;
    size_t files;
    int error;
};

static bool look(void *arg, const struct world_dir_entry *entry)
{
    struct highest *h = arg;
    if (!is_cursor_name(entry->name) || ++h->files > CURSORS_MAX)
        return true;
    struct slot slot = file_slot(h->wal, entry->name, &h->error);
    if (h->error)
        return false;
    uint64_t sequence = slot.position.sequence + (slot.position.items > 0);
    if (slot.generation && sequence > h->sequence)
        h->sequence = sequence;
    return true;
}

enum status wal_cursors_highest(struct wal *wal, uint64_t *sequence, struct error *err)
{
    struct highest h = {.wal = wal};
    int failed = world_list(wal->dir, ".", look, &h);
    *sequence = h.sequence;
    if (h.error)
        failed = h.error;
    return failed < 0 ? error_errno(err, -failed, "read", "cursors") : STATUS_OK;
}

struct keeping {
    const struct str *names;
    size_t count;
    VEC(char *) gone;
};

static bool sort_out(void *arg, const struct world_dir_entry *entry)
{
    struct keeping *k = arg;
    if (!is_cursor_name(entry->name) || k->gone.len >= CURSORS_MAX)
        return true;
    for (size_t i = 0; i < k->count; i++) {
        char name[WAL_NAME_MAX];
        cursor_name(name, k->names[i]);
        if (strcmp(name, entry->name) == 0)
            return true;
    }
    VEC_PUSH(&k->gone, mem_strdup(NULL, entry->name, strlen(entry->name)));
    return true;
}

void wal_keep_cursors(struct wal *wal, const struct str *names, size_t count)
{
    struct keeping k = {.names = names, .count = count};
    world_list(wal->dir, ".", sort_out, &k);
    for (size_t i = 0; i < k.gone.len; i++) {
        world_unlink(wal->dir, k.gone.items[i], 0);
        mem_free(k.gone.items[i]);
    }
    VEC_RELEASE(&k.gone);
}

/* One cursor. */

enum status wal_cursor_open(struct wal *wal, struct str name, bool from_start,
                            struct wal_cursor **out, struct error *err)
{
    struct wal_cursor *cursor = mem_try_alloc_shared(wal->owner, sizeof(*cursor));
    if (!cursor)
        return error_set(err, STATUS_MEMORY, "no memory for a cursor");
    *cursor = (struct wal_cursor){.wal = wal};
    cursor_name(cursor->name, name);
    int error = 0;
    struct slot slot = file_slot(wal, cursor->name, &error);
    if (error) {
        mem_free(cursor);
        return error_errno(err, -error, "read", "cursor");
    }
    reader_init(&cursor->reader, wal->owner);
    cursor->generation = slot.generation;
    cursor->position = slot.position;
    uint64_t first = wal->segments.len ? wal->segments.items[0].first : wal->committed;
    if (slot.generation && cursor->position.sequence + 1 < first)
        cursor->position = (struct wal_position){.sequence = first - 1};
    if (!slot.generation) {
        cursor->position.sequence = (from_start ? first : wal->committed) - 1;
        /* Both slots get their room on the disk now; not to have it yet is no reason to refuse. */
        if (persist(cursor, NULL) == STATUS_OK)
            persist(cursor, NULL);
    }
    cursor->next = wal->cursors;
    wal->cursors = cursor;
    *out = cursor;
    return STATUS_OK;
}

static void leave_segment(struct wal_cursor *cursor)
{
    if (cursor->reader.fd >= 0)
        world_close(cursor->reader.fd);
    cursor->reader.fd = -1;
    cursor->segment = 0;
    cursor->failures = 0;
}

void wal_cursor_free(struct wal_cursor *cursor)
{
    struct wal_cursor **at = &cursor->wal->cursors;
    while (*at != cursor)
        at = &(*at)->next;
    *at = cursor->next;
    leave_segment(cursor);
    reader_release(&cursor->reader);
    mem_free(cursor);
}

void wal_cursor_close(struct wal_cursor *cursor)
{
    if (cursor)
        wal_cursor_free(cursor);
}

void wal_cursor_remove(struct wal_cursor *cursor)
{
    struct wal *wal = cursor->wal;
    world_unlink(wal->dir, cursor->name, 0);
    wal_cursor_free(cursor);
    wal_truncate(wal);
}

struct wal_position wal_cursor_position(const struct wal_cursor *cursor)
{
    return cursor->position;
}

uint64_t wal_pending_records(const struct wal_cursor *cursor)
{
    uint64_t end = cursor->wal->committed - 1;
    return end > cursor->position.sequence ? end - cursor->position.sequence : 0;
}

/* The segment that the cursor stands in counts in proportion to its records. */
uint64_t wal_pending_bytes(const struct wal_cursor *cursor)
{
    const struct wal *wal = cursor->wal;
    uint64_t next = cursor->position.sequence + 1, bytes = 0;
    for (size_t i = wal_segment_find(wal, next); i < wal->segments.len; i++) {
        const struct segment *segment = &wal->segments.items[i];
        uint64_t last = wal_segment_last(wal, i);
        if (next <= segment->first)
            bytes += segment->bytes;
        else if (next <= last)
            bytes += (uint64_t)((double)segment->bytes * (double)(last - next + 1) /
                                (double)(last - segment->first + 1));
    }
    return bytes;
}

enum status wal_delivered_part(struct wal_cursor *cursor, struct wal_position position,
                               struct error *err)
{
    cursor->position = position;
    enum status status = persist(cursor, err);
    wal_truncate(cursor->wal);
    return status;
}

enum status wal_delivered(struct wal_cursor *cursor, uint64_t sequence, struct error *err)
{
    return wal_delivered_part(cursor, (struct wal_position){.sequence = sequence}, err);
}

/* What is removed is behind every cursor (tests/models/wal.pml: all_arrives). */
void wal_cursors_advance(struct wal *wal, uint64_t first)
{
    for (struct wal_cursor *c = wal->cursors; c; c = c->next) {
        if (c->position.sequence + 1 < first)
            c->position = (struct wal_position){.sequence = first - 1};
        if (c->segment && c->segment < first)
            leave_segment(c);
    }
}

/* Reading. */

void wal_rewind(struct wal_cursor *cursor)
{
    leave_segment(cursor);
    cursor->reader.last = 0;
}

static enum status enter_segment(struct wal_cursor *cursor, size_t index, struct error *err)
{
    uint64_t first = cursor->wal->segments.items[index].first;
    int fd = wal_segment_open(cursor->wal, first);
    if (fd < 0)
        return error_errno(err, -fd, "open", "segment");
    leave_segment(cursor);
    reader_start(&cursor->reader, fd, first);
    cursor->segment = first;
    return STATUS_OK;
}

/* The index of the segment to read from; the count when all is read. */
static size_t segment_to_read(const struct wal_cursor *cursor)
{
    const struct wal *wal = cursor->wal;
    uint64_t read = cursor->reader.last > cursor->position.sequence ? cursor->reader.last
                                                                    : cursor->position.sequence;
    return read + 1 >= wal->committed ? wal->segments.len : wal_segment_find(wal, read + 1);
}

static bool is_written_to(const struct wal *wal, size_t index)
{
    return wal->fd >= 0 && index + 1 == wal->segments.len;
}

/* The rest of this segment is unreadable, or empty. */
static void give_up_segment(struct wal_cursor *cursor, size_t index)
{
    uint64_t last = wal_segment_last(cursor->wal, index);
    if (!is_written_to(cursor->wal, index))
        leave_segment(cursor);
    if (cursor->reader.last < last)
        cursor->reader.last = last;
}

static void read_failed(struct wal_cursor *cursor, size_t index, const struct error *err)
{
    bool gone = strstr(err->message, error_errno_text(ENOENT)) != NULL;
    if ((++cursor->failures >= FAILURES_MAX || gone) && !is_written_to(cursor->wal, index)) {
        cursor->wal->stats.damaged_records++;
        give_up_segment(cursor, index);
    }
}

/* What was written last need not be read from the disk. */
static void take_kept(struct wal_cursor *cursor)
{
    struct wal *wal = cursor->wal;
    if (wal->kept == 0 || wal->buffered != 0 || wal->kept_segment != cursor->segment ||
        !reader_wants(&cursor->reader, wal->kept_at, wal->kept))
        return;
    reader_swap_window(&cursor->reader, &wal->buffer, &wal->buffer_cap, wal->kept_at, wal->kept);
    wal->kept = 0;
}

static enum status read_here(struct wal_cursor *cursor, size_t index, struct wal_record *out,
                             struct error *err)
{
    struct wal *wal = cursor->wal;
    struct record_head head;
    struct str body;
    int error;
    uint64_t damaged = cursor->reader.damaged;
    enum reader_result result;
    take_kept(cursor);
    do
        result = reader_next(&cursor->reader, wal->segments.items[index].bytes,
                             wal_segment_last(wal, index), &head, &body, &error);
    while (result == READER_RECORD && head.sequence <= cursor->position.sequence &&
           (!(head.type & WAL_DICTIONARY) || MUTANT(DICTIONARY_SKIPPED)));
    wal->stats.damaged_records += cursor->reader.damaged - damaged;
    if (result == READER_ERROR)
        return error_errno(err, -error, "read", "segment");
    if (result == READER_END)
        return STATUS_NOT_FOUND;
    cursor->failures = 0;
    *out = (struct wal_record){head.sequence, cursor->segment, head.type, body};
    return STATUS_OK;
}

enum status wal_read(struct wal_cursor *cursor, struct wal_record *out, struct error *err)
{
    struct wal *wal = cursor->wal;
    for (;;) {
        size_t index = segment_to_read(cursor);
        if (index >= wal->segments.len)
            return STATUS_NOT_FOUND;
        struct error why __attribute__((uninitialized));
        enum status status = STATUS_OK;
        if (cursor->segment != wal->segments.items[index].first)
            status = enter_segment(cursor, index, &why);
        if (status == STATUS_OK)
            status = read_here(cursor, index, out, &why);
        if (status == STATUS_OK)
            return status;
        if (status != STATUS_NOT_FOUND) {
            read_failed(cursor, index, &why);
            return error_set(err, STATUS_IO, "%s", why.message);
        }
        /* Nothing more in it, though its number range goes on: what is missing was damaged. */
        give_up_segment(cursor, index);
    }
}
