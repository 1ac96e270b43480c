#ifndef RUNTIME_STORAGE_RECORD_H
#define RUNTIME_STORAGE_RECORD_H

/* The bytes of a segment. All numbers are little-endian.
 *
 *   segment   "INVARWAL", u32 version, u32 0, u64 first sequence, u64 creation (ns since 1970),
 * then records record    u8 0xd5, u8 0x7a, u8 type, u8 flags (0), u32 length, u32 crc, u64
 * sequence, body
 *
 * The CRC32C covers the record without the CRC itself. The two constant bytes only help to find the
 * next record behind damage: a record counts when its CRC is right and its sequence is in order. */

#include "base/memory.h"
#include "base/str.h"

enum { SEGMENT_HEAD = 32, RECORD_HEAD = 20 };

static const char RECORD_MARK = '\xd5';

struct record_head {
    uint8_t type;
    uint32_t length;
    uint32_t crc;
    uint64_t sequence;
};

void put_le32(char *out, uint32_t value);
void put_le64(char *out, uint64_t value);
uint32_t get_le32(const char *at);
uint64_t get_le64(const char *at);

void segment_head_write(char out[SEGMENT_HEAD], uint64_t first_sequence, int64_t created_ns);
/* The body is `first` and then `rest`. */
void record_head_write(char out[RECORD_HEAD], uint8_t type, uint64_t sequence, struct str first,
                       struct str rest);
/* False when these bytes cannot begin a record. */
bool record_head_read(const char at[RECORD_HEAD], struct record_head *out);
/* Whether head and body (which stands behind it) are as they were written. */
bool record_intact(const char *at, const struct record_head *head);

/* A window over one segment that walks its records, past damage. */
struct reader {
    int fd; /* -1 = none; borrowed */
    struct mem_owner *owner;
    char *window;
    size_t window_len, window_cap;
    uint64_t window_at; /* offset of the window in the file */
    uint64_t offset;    /* of the next record */
    uint64_t limit;     /* what the caller said last */
    uint64_t file_end;  /* where the file ended before that; 0 = it did not */
    uint64_t last;      /* sequence of the last record, or first - 1 */
    uint64_t end;       /* behind the last intact record */
    uint64_t damaged;   /* places where something was skipped */
    bool skipping;
    bool sure; /* the window was never read from a disk: its records are intact */
};

enum reader_result { READER_RECORD, READER_END, READER_ERROR };

void reader_init(struct reader *r, struct mem_owner *owner);
void reader_release(struct reader *r);
/* Begins at the first record of a segment whose first sequence is `first`. */
void reader_start(struct reader *r, int fd, uint64_t first);
/* Whether the next byte of the file is to be had, and is not in the window. */
bool reader_wants(const struct reader *r, uint64_t from, size_t len);
/* A window that holds `len` bytes of the file as they were written at `from`, in exchange for the
 * window at hand. */
void reader_swap_window(struct reader *r, char **window, size_t *cap, uint64_t from, size_t len);
/* The next intact record that lies below `limit` bytes and whose sequence is at most `last`. The
 * body is valid until the next call. READER_ERROR: the file cannot be read, *error = -errno. */
enum reader_result reader_next(struct reader *r, uint64_t limit, uint64_t last,
                               struct record_head *head, struct str *body, int *error);

#endif
