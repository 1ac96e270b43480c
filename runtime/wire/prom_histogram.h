#ifndef RUNTIME_WIRE_PROM_HISTOGRAM_H
#define RUNTIME_WIRE_PROM_HISTOGRAM_H

/* Native histograms as prometheus.Histogram; io.prometheus.write.v2.Histogram has the same fields.
 */

#include "base/error.h"
#include "runtime/telemetry/batch.h"

void prom_histogram_write(struct buf *out, const struct histogram *h);
/* All but `labels`; the arrays go to the arena. */
enum status prom_histogram_read(struct str bytes, struct arena *arena, struct histogram *out,
                                struct error *err);

#endif
