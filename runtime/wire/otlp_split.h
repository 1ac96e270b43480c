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

/* `bytes` have passed otlp_scan; max_items > 0. Pieces come in order; empty containers are left
 * out. Memory: twice a piece. STATUS_INVALID on broken framing. */
enum status otlp_split(enum otlp_signal signal, struct str bytes, size_t max_items,
                       struct mem_owner *owner, otlp_piece_fn *piece, void *arg, struct error *err);

#endif
