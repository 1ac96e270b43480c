#ifndef RUNTIME_STORAGE_WAL_INTERNAL_H
#define RUNTIME_STORAGE_WAL_INTERNAL_H

/* What the files of the log share: its segments, its cursors, and the state of the end being
 * written.
 *
 * Segments are named SEQUENCE.seg, cursors HASH.cur (16 hexadecimal digits each). A log never
 * appends to a segment of an earlier run, so that only the files' readers have to cope with what a
 * crash left. */

#include "base/vec.h"
#include "runtime/storage/record.h"
#include "runtime/storage/wal.h"

enum { WAL_NAME_MAX = 24 };

struct segment {
    uint64_t first;     /* sequence of its first record */
    uint64_t bytes;     /* committed, readable */
    int64_t touched_ns; /* wall time of the last commit */
};

struct wal_cursor {
    struct wal *wal;
    struct wal_cursor *next;
    char name[WAL_NAME_MAX];
    struct wal_position position;
    uint64_t generation;
    struct reader reader;
    uint64_t segment; /* that the reader is in; 0 = none */
    unsigned failures;
};

struct wal {
    struct mem_owner *owner;
    struct wal_options options; /* path is not kept */
    int dir, lock;
    VEC(struct segment) segments; /* oldest first */
    struct wal_cursor *cursors;

    /* The end. The last segment is the one being written when fd >= 0. */
    int fd;
    bool want_segment;
    bool lost;           /* records of this group are gone: the next commit says so */
    bool refused;        /* the disk was full since the segment began */
    uint64_t dictionary; /* bytes of dictionaries in the segment: they do not make it full */
    uint64_t committed_dictionary;
    uint64_t written; /* bytes in the file; the segment's `bytes` of them committed */
    char *buffer;     /* behind them, not yet in the file; NULL until it is needed */
    size_t buffered, buffer_cap;
    /* The buffer still holds what went to the file last: a cursor that comes to it takes the buffer
     * in exchange for its own window, and reads nothing from the disk. */
    size_t kept;
    uint64_t kept_at, kept_segment;
    uint64_t next;      /* sequence of the next record */
    uint64_t committed; /* the same at the last commit */
    int64_t began_ns;   /* wall time of the segment's beginning */
    int64_t synced_ns;  /* monotonic */
    bool unsynced;
    struct wal_stats stats; /* the counters in it */
};

/* The buffer grows to a record, at most to WAL_BUFFER_MAX. */
enum { WAL_BUFFER = 128 * 1024, WAL_BUFFER_MAX = 1024 * 1024 };

/* segments.c */
void wal_segment_name(char out[WAL_NAME_MAX], uint64_t first);
/* Finds what is there, repairs the last one, sets wal->next. */
enum status wal_segments_load(struct wal *wal, struct error *err);
int wal_segment_open(const struct wal *wal, uint64_t first);
/* Index of the segment that holds, or would hold, the record; the count when it is past all. */
size_t wal_segment_find(const struct wal *wal, uint64_t sequence);
/* The last sequence that may stand in that segment. */
uint64_t wal_segment_last(const struct wal *wal, size_t index);
/* A newer one; false when memory fails. */
bool wal_segment_add(struct wal *wal, struct segment segment);
/* Removes the oldest; the file first. False when it could not be removed. */
bool wal_segment_drop(struct wal *wal);
uint64_t wal_bytes(const struct wal *wal);

/* cursor.c */
/* An error that tells nothing about the file (EIO, EMFILE …). Taking it for a missing file would
 * lose the backlog, or begin the sequences again before a cursor. */
bool wal_may_go_away(int error);
/* The highest sequence in any cursor file. */
enum status wal_cursors_highest(struct wal *wal, uint64_t *sequence, struct error *err);
/* Cursors before `first` go to it. */
void wal_cursors_advance(struct wal *wal, uint64_t first);
void wal_cursor_free(struct wal_cursor *cursor);

/* wal.c */
/* Removes segments that every cursor has delivered. */
void wal_truncate(struct wal *wal);
void wal_end_segment(struct wal *wal);

#endif
