#ifndef RUNTIME_TELEMETRY_OTLP_SCAN_H
#define RUNTIME_TELEMETRY_OTLP_SCAN_H

/* A linear, non-recursive walk over the wire bytes of OTLP messages (opentelemetry-proto 1.x):
 * checks framing, bounds depth and counts, counts items. Nothing is allocated. Whatever passes may
 * be stored, spliced and forwarded as bytes. */

#include "base/error.h"
#include "runtime/telemetry/batch.h"

struct otlp_limits {
    unsigned max_depth;  /* 0 = 100 nested messages; at most 200 */
    size_t max_items;    /* 0 = BATCH_MAX_ITEMS */
    size_t max_elements; /* messages in all; 0 = 10,000,000 */
};

struct otlp_counts {
    size_t items; /* spans, data points, log records */
    size_t resources;
    size_t scopes;
    size_t attributes;
};

/* STATUS_INVALID or STATUS_LIMIT with the reason. */
enum status otlp_scan(enum otlp_signal signal, struct str bytes, struct otlp_limits limits,
                      struct otlp_counts *counts, struct error *err);

#endif
