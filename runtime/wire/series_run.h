#ifndef RUNTIME_WIRE_SERIES_RUN_H
#define RUNTIME_WIRE_SERIES_RUN_H

/* Runs: samples of one time whose series come in the same order again and again, as scrapes of one
 * target do. The request's bytes of a run differ from one time to the next only in the values and
 * the time; so they are compressed once, with these left out, and later runs are a copy of that
 * with values and time put in.
 *
 * Matches stay within the run and never touch a value or a time, but for a value's match with the
 * one before; so a run may stand anywhere in a Snappy stream, in front of or behind other elements
 * (google/snappy, format_description.txt).
 * Memory of a run is the arena's: some 30 bytes a sample. Where it fails, or a run is unusual, the
 * answer is that there is none, and the caller writes the samples one by one. */

#include "base/arena.h"
#include "base/buf.h"

struct series_table;

enum { RUN_LEAST = 8 }; /* samples */

struct run_sample {
    uint32_t series;
    double value;
};

struct run {
    uint32_t *series;
    size_t count, room;
    unsigned changes; /* how often another sequence began with the same series */
    char *packed;     /* NULL until the sequence came twice */
    size_t packed_len, raw_len;
    struct run_gap {
        uint32_t at;   /* in `packed`: where the value goes */
        uint16_t back; /* from the value to the one before in the request; 0 = too far */
    } * gaps;
    size_t time_at; /* in `packed` */
    size_t time_size;
};

/* The run that these samples are, packed; NULL when there is none (yet). All series are known to
 * the table and wanted. */
const struct run *run_find(struct series_table *table, const struct run_sample *samples,
                           size_t count, int64_t t_ms);
/* Appends the elements of the run with these values. False when memory is out. */
bool run_write(const struct run *run, const struct run_sample *samples, int64_t t_ms,
               struct buf *out);

#endif
