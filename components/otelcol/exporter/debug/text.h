#ifndef COMPONENTS_OTELCOL_EXPORTER_DEBUG_TEXT_H
#define COMPONENTS_OTELCOL_EXPORTER_DEBUG_TEXT_H

/* Private to otelcol.exporter.debug: telemetry as text, one line an item. */

#include "base/buf.h"
#include "runtime/telemetry/batch.h"

struct debug_counts {
    size_t resources;
    size_t metrics; /* OTLP_METRICS only */
};

/* Appends the text; `bytes` have passed otlp_scan. */
void debug_text(struct buf *out, enum otlp_signal signal, struct str bytes);
/* What the summary line needs besides the number of items. */
struct debug_counts debug_count(enum otlp_signal signal, struct str bytes);

#endif
