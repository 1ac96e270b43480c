#ifndef RUNTIME_TELEMETRY_LABELS_H
#define RUNTIME_TELEMETRY_LABELS_H

/* Label sets: sorted by name (bytewise), unique, no empty values; immutable, reference-counted,
 * interned, so that equal sets of one table are one pointer. Tables are thread-safe (sharded
 * locks); a set may be used on any thread and keeps what it needs alive. Limits: LABELS_MAX labels,
 * LABELS_MAX_BYTES of text. */

#include "base/error.h"
#include "base/memory.h"
#include "base/str.h"

#include <stdatomic.h>

enum { LABELS_MAX = 512, LABELS_MAX_BYTES = 256 * 1024 };

struct label_table;

struct label {
    struct str name;
    struct str value;
};

struct labels {
    atomic_uint refs;
    uint32_t count;
    uint32_t text_len; /* bytes of the texts: name 0xff value 0xff …, in one piece */
    uint64_t hash;     /* over these bytes, as Prometheus hashes */
    struct label_table *table;
    struct labels *next;  /* the table's chain */
    struct label pairs[]; /* texts stand behind the array */
};

struct label_table *label_table_new(struct mem_owner *owner);
void label_table_free(struct label_table *table); /* every set must have been dropped */
size_t label_table_count(struct label_table *table);

/* Pairs in any order; later duplicates win, empty values are dropped. Returns a reference, or NULL
 * (STATUS_LIMIT, STATUS_MEMORY). */
struct labels *labels_intern(struct label_table *table, const struct label *pairs, size_t count,
                             struct error *err);
/* The same, but labels with an empty value are kept, as Loki's streams may have them. */
struct labels *labels_intern_stream(struct label_table *table, const struct label *pairs,
                                    size_t count, struct error *err);
struct labels *labels_ref(const struct labels *l);
void labels_unref(const struct labels *l);
struct str labels_get(const struct labels *l, struct str name); /* empty when absent */
/* {a="1", b="2"} as Prometheus prints it. */
struct buf;
void labels_print(struct buf *out, const struct labels *l);

/* A scratch for building and changing a set: starts from a set, then set/remove, then intern. Texts
 * are borrowed. */
struct label_builder {
    struct label *pairs; /* sorted by name */
    size_t count;
    size_t cap;
};

void label_builder_init(struct label_builder *b);
void label_builder_release(struct label_builder *b);
void label_builder_from(struct label_builder *b, const struct labels *l);
void label_builder_clear(struct label_builder *b);
/* An empty value removes. */
void label_builder_set(struct label_builder *b, struct str name, struct str value);
/* An empty value stays: for streams. */
void label_builder_put(struct label_builder *b, struct str name, struct str value);
void label_builder_remove(struct label_builder *b, struct str name);
struct str label_builder_get(const struct label_builder *b, struct str name);
struct labels *label_builder_intern(const struct label_builder *b, struct label_table *table,
                                    struct error *err);
struct labels *label_builder_intern_stream(const struct label_builder *b, struct label_table *table,
                                           struct error *err);

#endif
