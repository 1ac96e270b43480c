#ifndef RUNTIME_STORAGE_WAL_H
#define RUNTIME_STORAGE_WAL_H

/* The write-ahead log: one library for metrics, logs and OTLP queues, in a format of its own.
 *
 * A log is a folder (0700) of segments (0600): a header (magic, version, first sequence), then
 * records {u32 length, u32 crc32c over the rest, u64 sequence, u8 type, u8 flags, body}; the body
 * may be compressed. Sequences count records and never repeat. Cursors are files of their own (two
 * alternating slots with generation and CRC): the sequence up to which an endpoint has delivered.
 * Opened relative to a folder handle, no symlink is followed, one process at a time (lock).
 *
 * Promise: a record whose append was synced (wal_sync OK) survives the death of the process at any
 * point, and the machine's if sync_interval is 0. A torn tail is cut at opening; a damaged record
 * is skipped and counted, and what follows it in the segment is still delivered. Truncation drops
 * whole segments behind the slowest cursor at once. Caps by size and age drop the oldest segment,
 * counted with a reason.
 *
 * One loop at a time. File operations go through base/world.h. */

#include "base/buf.h"
#include "base/error.h"

struct wal;
struct wal_cursor;

struct wal_options {
    const char *path;     /* folder; made if missing */
    size_t segment_bytes; /* 0 = 16 MiB */
    uint64_t max_bytes;   /* 0 = none: appends beyond are STATUS_UNAVAILABLE (counted) unless
                             drop_oldest */
    bool drop_oldest;
    int64_t max_age_ns;       /* 0 = none */
    int64_t sync_interval_ns; /* < 0: never sync to the platter (page cache: survives kill -9); 0:
                                 each commit; else at most this late */
    struct mem_owner *owner;
};

struct wal_stats {
    uint64_t first_sequence, next_sequence;
    uint64_t bytes, segments;
    uint64_t damaged_records, truncated_bytes, dropped_records;
};

/* Repairs what a crash left, then is ready to append. */
enum status wal_open(const struct wal_options *options, struct wal **out, struct error *err);
void wal_close(struct wal *wal);
void wal_get_stats(const struct wal *wal, struct wal_stats *out);

/* Appends one record; *sequence gets its number. Nothing is kept when it fails (a partial write is
 * cut off again). STATUS_UNAVAILABLE when full (caps, ENOSPC). */
enum status wal_append(struct wal *wal, uint8_t type, struct str body, uint64_t *sequence,
                       struct error *err);
/* Everything appended so far is in the kernel (and on the platter when sync_interval is 0). Call
 * before acknowledging. */
enum status wal_commit(struct wal *wal, struct error *err);

/* `name` is the endpoint's, used for the file after hashing; an unknown one starts at the oldest
 * record (`from_start`) or at the next one. */
enum status wal_cursor_open(struct wal *wal, struct str name, bool from_start,
                            struct wal_cursor **out, struct error *err);
void wal_cursor_close(struct wal_cursor *cursor);
/* Forgets the cursor for good: it no longer holds back truncation. */
void wal_cursor_remove(struct wal_cursor *cursor);

struct wal_record {
    uint64_t sequence;
    uint8_t type;
    struct str body; /* valid until the next read on this cursor */
};

/* The next record after the last one read; STATUS_NOT_FOUND at the end (more may come). Damaged
 * ones are skipped. */
enum status wal_read(struct wal_cursor *cursor, struct wal_record *out, struct error *err);
/* Reading goes on behind `sequence` (to retry from there). */
void wal_seek(struct wal_cursor *cursor, uint64_t sequence);
/* Delivered up to and including `sequence`: persisted before it returns; may truncate. */
enum status wal_delivered(struct wal_cursor *cursor, uint64_t sequence, struct error *err);
uint64_t wal_cursor_sequence(const struct wal_cursor *cursor);
/* Bytes and records between the cursor and the end. */
uint64_t wal_pending_records(const struct wal_cursor *cursor);
/* Removes cursors whose names are not in `names` (endpoints gone from the configuration). */
void wal_keep_cursors(struct wal *wal, const struct str *names, size_t count);

#endif
