#ifndef RUNTIME_WIRE_LOKI_ENTRY_H
#define RUNTIME_WIRE_LOKI_ENTRY_H

/* What the two readers of push requests share: streams and entries go into a batch, within limits.
 */

#include "runtime/wire/loki_push.h"

struct loki_entries {
    struct label_table *table;
    struct loki_push_limits limits;
    struct log_batch *out;
    struct error *err;
    struct labels *stream; /* of the entries that follow */
    size_t streams, entries;
};

/* A block of its own, so that a failing memory scope can still drop the stream's reference. */
struct loki_entries *loki_entries_new(struct label_table *table, struct loki_push_limits limits,
                                      struct log_batch *out, struct error *err);
void loki_entries_free(struct loki_entries *e);
enum status loki_entries_stream(struct loki_entries *e, const struct label_builder *labels);
/* Texts of the entry live in the batch; its labels are the stream's. */
enum status loki_entries_add(struct loki_entries *e, struct log_entry entry);

#endif
