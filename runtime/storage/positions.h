#ifndef RUNTIME_STORAGE_POSITIONS_H
#define RUNTIME_STORAGE_POSITIONS_H

/* How far files have been read: one small file that is replaced whole, at most once a second while
 * something changes and when it is closed. An offset is to be set when everything before it was
 * acknowledged, so that a crash repeats at most a second of lines and loses none.
 *
 * A file is known by its path, the labels it is read with, and its device and inode: after a
 * rotation the old and the new one are two entries. What cannot be read (damage, another version)
 * is as if it had never been there, line by line. 0600, written aside and renamed, no link
 * followed.
 *
 * One loop. Bounded by POSITIONS_MAX entries and POSITIONS_BYTES. */

#include "base/error.h"
#include "base/log.h"
#include "runtime/loop/loop.h"

enum { POSITIONS_MAX = 1000000, POSITIONS_BYTES = 256 * 1024 * 1024 };

struct positions;

struct position_key {
    struct str path;
    struct str labels; /* as text; empty = none */
    uint64_t device, inode;
};

struct position {
    uint64_t offset;
    uint64_t fingerprint; /* the caller's, e.g. a hash of the file's first bytes; 0 = none */
};

/* `folder` is made if missing; the file in it is "positions". */
enum status positions_open(struct loop *loop, const char *folder, const struct log *log,
                           struct positions **out, struct error *err);
/* Whether something in the file could not be read when it was opened. */
bool positions_damaged(const struct positions *p);
/* Saves once more. NULL is fine. */
void positions_close(struct positions *p);
/* False when the file is not known. */
bool positions_get(const struct positions *p, const struct position_key *key, struct position *out);
/* False at the limits: the position is not kept. */
bool positions_set(struct positions *p, const struct position_key *key, struct position position);
void positions_remove(struct positions *p, const struct position_key *key);
/* Visits every entry; those for which `keep` is false are removed. */
typedef bool position_fn(void *arg, const struct position_key *key, struct position position);
void positions_filter(struct positions *p, position_fn *keep, void *arg);
/* Writes now what has changed. */
enum status positions_save(struct positions *p, struct error *err);

#endif
