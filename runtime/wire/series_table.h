#ifndef RUNTIME_WIRE_SERIES_TABLE_H
#define RUNTIME_WIRE_SERIES_TABLE_H

/* What an endpoint knows of the segment it reads: its series, relabelled and encoded as its
 * requests want them, and the metadata of families. Bounded by the segment's dictionary. */

#include "base/map.h"
#include "runtime/wire/metric_record.h"
#include "runtime/wire/remote_write.h"

struct run;

struct series {
    bool known;
    bool dropped;
    uint32_t lane_hash;
    struct str labels;     /* version 1: encoded pairs */
    const uint32_t *texts; /* version 2: name and value numbers in turn */
    uint32_t text_count;
    uint32_t name;                  /* number of its __name__ */
    const struct family_meta *meta; /* version 2; NULL = none */
    struct run *run;                /* version 1: one that begins with it (series_run.h), or NULL */
};

struct family_meta {
    struct str family, help, unit;
    uint32_t help_text, unit_text; /* version 2 */
    uint8_t type;
};

struct series_table {
    struct mem_owner *owner;
    const struct remote_write_options *options;
    uint64_t segment;
    struct arena arena;
    struct series *series;
    size_t count, cap;
    struct map texts; /* version 2: text → its number + 1 */
    struct str *text_of;
    size_t text_count, text_cap;
    struct map families; /* name → struct family_meta */
    struct label_builder scratch;
};

void series_table_init(struct series_table *t, const struct remote_write_options *options,
                       struct mem_owner *owner);
void series_table_release(struct series_table *t);
void series_table_clear(struct series_table *t);
/* A dictionary record. False when it is malformed. */
bool series_table_read(struct series_table *t, const struct wal_record *record);
/* NULL when the log did not say what it is. */
const struct series *series_table_get(const struct series_table *t, uint32_t number);

#endif
