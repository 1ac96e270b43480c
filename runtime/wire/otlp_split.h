#ifndef RUNTIME_WIRE_OTLP_SPLIT_H
#define RUNTIME_WIRE_OTLP_SPLIT_H

/* Cuts an OTLP request into requests of at most so many items (spans, data points, log records), on
 * wire bytes: items are copied as they are, the resource, scope and metric around them are repeated
 * in each piece. */

#include "base/buf.h"
#include "base/error.h"
#include "runtime/telemetry/batch.h"

/* `piece` is valid during the call. */
typedef void otlp_piece_fn(void *arg, struct str piece, size_t items);

struct otlp_pieces {
    size_t max_items;        /* of a piece; > 0 */
    size_t first_items;      /* of the first piece; 0 = max_items */
    struct mem_owner *owner; /* pays for the scratch: twice a piece */
    otlp_piece_fn *take;
    void *arg;
};

/* `bytes` have passed otlp_scan. Pieces come in order; empty containers are left out.
 * STATUS_INVALID on broken framing. */
enum status otlp_split(enum otlp_signal signal, struct str bytes, const struct otlp_pieces *pieces,
                       struct error *err);

#endif
