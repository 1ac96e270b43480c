/* The walk over a segment. The window is WINDOW bytes and grows to the largest record at hand, at
 * most WAL_BODY_MAX and a head. */

#include "runtime/storage/record.h"

#include "base/error.h"
#include "base/world.h"
#include "runtime/storage/wal.h"

#include <errno.h>

enum { WINDOW = 64 * 1024, WINDOW_KEPT = 1024 * 1024 };

void reader_init(struct reader *r, struct mem_owner *owner)
{
    *r = (struct reader){.fd = -1, .owner = owner};
}

void reader_release(struct reader *r)
{
    mem_free(r->window);
    reader_init(r, r->owner);
}

void reader_start(struct reader *r, int fd, uint64_t first)
{
    r->fd = fd;
    r->window_len = 0;
    r->window_at = 0;
    r->offset = SEGMENT_HEAD;
    r->end = SEGMENT_HEAD;
    r->last = first - 1;
    r->skipping = r->sure = false;
    r->limit = r->file_end = 0;
}

/* Room for `len` bytes. A window that a very large record left behind is given back. */
static int window_fit(struct reader *r, size_t len)
{
    size_t want = len > WINDOW ? len : WINDOW;
    if (r->window_cap >= want && (r->window_cap <= WINDOW_KEPT || want > r->window_cap / 2))
        return 0;
    char *window = mem_try_alloc_shared(r->owner, want);
    if (!window)
        return -ENOMEM;
    mem_free(r->window);
    r->window = window;
    r->window_cap = want;
    r->window_len = 0;
    return 0;
}

static uint64_t limit_of(const struct reader *r)
{
    return r->file_end && r->file_end < r->limit ? r->file_end : r->limit;
}

static int window_fill(struct reader *r, size_t len)
{
    int failed = window_fit(r, len);
    if (failed)
        return failed;
    size_t want = r->window_cap;
    if (want > r->limit - r->offset)
        want = (size_t)(r->limit - r->offset);
    r->window_at = r->offset;
    r->window_len = 0;
    r->sure = false;
    while (r->window_len < want) {
        ssize_t got = world_pread(r->fd, r->window + r->window_len, want - r->window_len,
                                  (off_t)(r->window_at + r->window_len));
        if (got == -EINTR)
            continue;
        if (got < 0)
            return (int)got;
        if (got == 0) {
            r->file_end = r->window_at + r->window_len;
            break;
        }
        r->window_len += (size_t)got;
    }
    return 0;
}

bool reader_wants(const struct reader *r, uint64_t from, size_t len)
{
    bool in_window =
        r->offset >= r->window_at && r->offset + RECORD_HEAD <= r->window_at + r->window_len;
    return !in_window && r->offset >= from && r->offset + RECORD_HEAD <= from + len;
}

void reader_swap_window(struct reader *r, char **window, size_t *cap, uint64_t from, size_t len)
{
    char *mine = r->window;
    size_t my_cap = r->window_cap;
    r->window = *window;
    r->window_cap = *cap;
    r->window_at = from;
    r->window_len = len;
    r->sure = true;
    *window = mine;
    *cap = my_cap;
}

/* The `len` bytes at r->offset, or NULL with *error 0 when the file ends before. */
static const char *bytes_at(struct reader *r, size_t len, int *error)
{
    *error = 0;
    if (r->offset + len > limit_of(r))
        return NULL;
    bool inside = r->offset >= r->window_at && r->offset - r->window_at <= r->window_len &&
                  len <= r->window_len - (size_t)(r->offset - r->window_at);
    if (!inside) {
        *error = window_fill(r, len);
        if (*error || r->window_len < len)
            return NULL;
    }
    return r->window + (r->offset - r->window_at);
}

/* Goes to the next byte that may begin a record. */
static void next_mark(struct reader *r)
{
    r->offset++;
    size_t from = (size_t)(r->offset - r->window_at);
    if (from >= r->window_len)
        return;
    const char *found = memchr(r->window + from, RECORD_MARK, r->window_len - from);
    r->offset = found ? r->window_at + (uint64_t)(found - r->window) : r->window_at + r->window_len;
}

static void skip(struct reader *r)
{
    if (!r->skipping) {
        r->damaged++;
        r->skipping = true;
    }
    next_mark(r);
}

/* The intact record at r->offset, its bytes or NULL. */
static const char *record_at(struct reader *r, uint64_t last, struct record_head *head, int *error)
{
    const char *at = bytes_at(r, RECORD_HEAD, error);
    if (!at || !record_head_read(at, head) || head->length > WAL_BODY_MAX ||
        head->sequence <= r->last || head->sequence > last)
        return NULL;
    at = bytes_at(r, RECORD_HEAD + head->length, error);
    return at && (r->sure || record_intact(at, head)) ? at : NULL;
}

/* Sequences have no gaps. Behind damage a record may be a later one that was copied here: then an
 * earlier one follows, which is looked for not too far away. */
static bool is_misplaced(struct reader *r, const struct record_head *head, uint64_t last,
                         int *error)
{
    uint64_t here = r->offset, end = here + RECORD_HEAD + head->length + WINDOW;
    bool misplaced = false;
    r->offset += RECORD_HEAD + head->length;
    while (!misplaced && r->offset < end && r->offset + RECORD_HEAD <= limit_of(r)) {
        struct record_head next;
        if (record_at(r, last, &next, error)) {
            misplaced = next.sequence < head->sequence;
            r->offset += RECORD_HEAD + next.length;
        } else if (*error) {
            break;
        } else {
            next_mark(r);
        }
    }
    r->offset = here;
    return misplaced;
}

static enum reader_result try_record(struct reader *r, uint64_t last, struct record_head *head,
                                     struct str *body, int *error)
{
    const char *at = record_at(r, last, head, error);
    if (at && head->sequence != r->last + 1)
        at = is_misplaced(r, head, last, error) ? NULL
                                                : bytes_at(r, RECORD_HEAD + head->length, error);
    if (!at)
        return *error ? READER_ERROR : READER_END;
    *body = str_of(at + RECORD_HEAD, head->length);
    return READER_RECORD;
}

enum reader_result reader_next(struct reader *r, uint64_t limit, uint64_t last,
                               struct record_head *head, struct str *body, int *error)
{
    *error = 0;
    if (r->limit != limit)
        r->file_end = 0;
    r->limit = limit;
    while (r->offset + RECORD_HEAD <= limit_of(r)) {
        uint64_t before = r->offset;
        enum reader_result result = try_record(r, last, head, body, error);
        if (result == READER_ERROR)
            return result;
        if (result == READER_RECORD) {
            r->offset += RECORD_HEAD + head->length;
            r->end = r->offset;
            r->last = head->sequence;
            r->skipping = false;
            return result;
        }
        skip(r);
        ASSERT(r->offset > before);
    }
    return READER_END;
}
