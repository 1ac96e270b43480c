#ifndef RUNTIME_STORAGE_WAL_H
#define RUNTIME_STORAGE_WAL_H

/* The write-ahead log: one library for metrics, logs and OTLP queues, in a format of its own.
 *
 * A log is a folder (0700) of segments (0600): a header, then records with CRC32C (record.h).
 * Sequences count records and never repeat. Cursors are files of their own (two alternating slots
 * with generation and CRC): how far an endpoint has delivered. Opened relative to a folder handle,
 * no symlink is followed, one process at a time (lock).
 *
 * Promise: a record whose wal_commit succeeded survives the death of the process at any point, and
 * the machine's if sync_interval is 0. A torn tail is cut at opening; a damaged record is skipped
 * and counted, and what follows it in the segment is still delivered. Whole segments behind the
 * slowest open cursor are removed at once. Caps by size and age drop the oldest segment, counted.
 *
 * One loop at a time. File operations go through base/world.h. */

#include "base/error.h"
#include "base/memory.h"

struct wal;
struct wal_cursor;

enum {
    /* Added to a record's type: what follows in its segment refers to it, so it is read again
     * whenever reading begins inside the segment. */
    WAL_DICTIONARY = 0x80,
    WAL_BODY_MAX = 64 * 1024 * 1024,
};

struct wal_options {
    const char *path;     /* folder; made if missing */
    size_t segment_bytes; /* 0 = 16 MiB, less when the cap or the free space is small */
    uint64_t max_bytes;   /* 0 = none: beyond, appends are STATUS_UNAVAILABLE unless drop_oldest */
    bool drop_oldest;
    int64_t max_age_ns;       /* 0 = none */
    int64_t sync_interval_ns; /* < 0: never sync to the platter (page cache: survives kill -9); 0:
                                 each commit; else at most this late (wal_tick) */
    struct mem_owner *owner;
};

struct wal_stats {
    uint64_t first_sequence, next_sequence;
    uint64_t bytes, segments;
    uint64_t damaged_records, truncated_bytes;
    uint64_t dropped_size, dropped_age; /* records dropped by the caps, not yet delivered to all */
};

/* Repairs what a crash left, then is ready to append. STATUS_EXISTS: another process has it. */
enum status wal_open(const struct wal_options *options, struct wal **out, struct error *err);
/* Drops what was not committed. */
void wal_close(struct wal *wal);
void wal_get_stats(const struct wal *wal, struct wal_stats *out);
/* Syncs when it is due and applies max_age; call about every sync_interval, at least every minute.
 */
void wal_tick(struct wal *wal);

/* Begins a group of records that will stand in one segment, after a change of segments if one is
 * due. Returns the segment's identity. */
uint64_t wal_begin(struct wal *wal);
/* A new segment at the next wal_begin (a dictionary has grown too large). */
void wal_want_segment(struct wal *wal);
/* Appends one record; *sequence (may be NULL) gets its number. STATUS_UNAVAILABLE when full (caps,
 * ENOSPC), STATUS_LIMIT when it is too large. */
enum status wal_append(struct wal *wal, uint8_t type, struct str body, uint64_t *sequence,
                       struct error *err);
/* The same with a body that is in two pieces. */
enum status wal_append_pair(struct wal *wal, uint8_t type, struct str first, struct str rest,
                            uint64_t *sequence, struct error *err);
/* Everything appended since the last commit is in the kernel (and on the platter when sync_interval
 * is 0). Call before acknowledging. If it fails, all of these records are gone, as they are when a
 * wal_append before it failed. */
enum status wal_commit(struct wal *wal, struct error *err);
/* Makes the coming wal_commit fail: whoever wrote a part of this group could not write the rest. */
void wal_abandon(struct wal *wal);

/* How far an endpoint is: all records up to `sequence`, and `items` of the one after it. */
struct wal_position {
    uint64_t sequence;
    uint64_t items;
};

/* `name` is the endpoint's, used for the file after hashing; an unknown one starts at the oldest
 * record (`from_start`) or at the next one. Open all cursors before the first wal_delivered. */
enum status wal_cursor_open(struct wal *wal, struct str name, bool from_start,
                            struct wal_cursor **out, struct error *err);
void wal_cursor_close(struct wal_cursor *cursor);
/* Closes and forgets the cursor for good: it no longer holds back truncation. */
void wal_cursor_remove(struct wal_cursor *cursor);
/* Removes cursors whose names are not in `names` (endpoints gone from the configuration). */
void wal_keep_cursors(struct wal *wal, const struct str *names, size_t count);

struct wal_record {
    uint64_t sequence;
    uint64_t segment; /* identity; a dictionary holds within one segment */
    uint8_t type;     /* with WAL_DICTIONARY */
    struct str body;  /* valid until the next read on this cursor */
};

/* The next record after the last one read: only committed ones; STATUS_NOT_FOUND at the end (more
 * may come). Reading begins behind the cursor's position, with the dictionary of that segment
 * first. Damaged records are skipped. STATUS_IO may go away; a segment that cannot be read is given
 * up after a few of them. */
enum status wal_read(struct wal_cursor *cursor, struct wal_record *out, struct error *err);
/* Begins again behind the cursor's position. */
void wal_rewind(struct wal_cursor *cursor);
/* Delivered up to and including `sequence`, or that far: persisted before it returns; may remove
 * segments. A failure means only that a crash would deliver more than necessary again. */
enum status wal_delivered(struct wal_cursor *cursor, uint64_t sequence, struct error *err);
enum status wal_delivered_part(struct wal_cursor *cursor, struct wal_position position,
                               struct error *err);
struct wal_position wal_cursor_position(const struct wal_cursor *cursor);
/* Records (gaps of lost ones included) and bytes between the cursor and the end. */
uint64_t wal_pending_records(const struct wal_cursor *cursor);
uint64_t wal_pending_bytes(const struct wal_cursor *cursor);

#endif
