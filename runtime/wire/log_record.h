#ifndef RUNTIME_WIRE_LOG_RECORD_H
#define RUNTIME_WIRE_LOG_RECORD_H

/* Log batches as records of the log; each stands for itself. Numbers are varints, signed ones
 * zigzag, texts have their length in front.
 *
 *   streams   count, then per stream: text as Loki writes it ({a="b"}), tenant
 *   entries   per entry: stream, ns since the last entry, line, pair count, pairs of structured
 * metadata */

#include "runtime/wire/metric_record.h"

struct log_item {
    uint32_t stream;
    int64_t t_ns;
    struct str line;
    size_t pair_count;
    struct str pairs; /* name, value, … as texts */
};

/* A walk over a RECORD_LOGS. */
struct log_items {
    struct record_texts rest;
    struct record_texts streams;
    size_t stream_count;
    int64_t t_ns;
    bool bad;
};

struct log_stream {
    struct str labels;
    struct str tenant;
};

struct log_items log_items_read(struct str body);
bool log_items_next(struct log_items *items, struct log_item *out);
bool log_items_count(struct str body, size_t *count);
/* Takes the streams in order, before the first item. */
bool log_items_stream(struct log_items *items, struct log_stream *out);

/* ---- the writing side of outbox_logs ---- */
void *log_writer_new(struct mem_owner *owner);
void log_writer_free(void *writer);
enum status log_writer_write(void *writer, struct wal *wal, struct batch *batch, struct error *err);
void log_writer_lost(void *writer);

#endif
