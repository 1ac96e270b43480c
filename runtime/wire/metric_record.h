#ifndef RUNTIME_WIRE_METRIC_RECORD_H
#define RUNTIME_WIRE_METRIC_RECORD_H

/* Metric batches as records of the log. Series and metadata stand once a segment, in dictionary
 * records; samples name them by number. Numbers are varints, signed ones zigzag; labels are written
 * as the repeated field 1 {1: name, 2: value} of prometheus.TimeSeries, histograms as
 * prometheus.Histogram, so that a request copies them.
 *
 *   RECORD_SERIES     first number, then per series: length, labels
 *   RECORD_METADATA   per family: type byte, then length and text of name, help and unit
 *   RECORD_METRICS    sections {kind byte, count, items}; in each, times are relative to the
 * section's first number (ms), series numbers to the number after the last one samples series,
 * time, value (8 bytes) histograms      series, time, length, histogram exemplars       series,
 * time, value (8 bytes), has-time byte, length, labels */

#include "runtime/storage/wal.h"
#include "runtime/telemetry/batch.h"

enum {
    RECORD_METRICS = 1,
    RECORD_LOGS = 2,
    RECORD_OTLP = 3,
    RECORD_SERIES = 4 | WAL_DICTIONARY,
    RECORD_METADATA = 5 | WAL_DICTIONARY,
};

enum metric_item_kind { ITEM_SAMPLE = 1, ITEM_HISTOGRAM, ITEM_EXEMPLAR, ITEM_KINDS };

struct metric_item {
    enum metric_item_kind kind;
    uint32_t series;
    int64_t t_ms;
    double value;
    bool has_time;
    struct str bytes; /* histogram, or exemplar labels */
};

/* A walk over the items of a RECORD_METRICS. */
struct metric_items {
    const uint8_t *at, *end;
    uint8_t kind;
    size_t left; /* in this section */
    int64_t base;
    int64_t series; /* the number after the last one */
    bool bad;
};

struct metric_items metric_items_read(struct str body);
/* False at the end, or when the record is malformed (bad). */
bool metric_items_next(struct metric_items *items, struct metric_item *out);
/* All of them; false when the record is malformed. */
bool metric_items_count(struct str body, size_t *count);

/* A walk over varint-framed texts. */
struct record_texts {
    const uint8_t *at, *end;
};
bool record_varint(struct record_texts *r, uint64_t *out);
bool record_text(struct record_texts *r, struct str *out);

/* ---- the writing side of outbox_metrics ---- */
void *metric_writer_new(struct mem_owner *owner);
void metric_writer_free(void *writer);
enum status metric_writer_write(void *writer, struct wal *wal, struct batch *batch,
                                struct error *err);
void metric_writer_lost(void *writer);

#endif
