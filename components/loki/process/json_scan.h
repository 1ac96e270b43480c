#ifndef COMPONENTS_LOKI_PROCESS_JSON_SCAN_H
#define COMPONENTS_LOKI_PROCESS_JSON_SCAN_H

/* The members of plain JSON objects, as most log lines are, without building a document. Plain
 * means: no containers inside, no escapes, no exponents, ASCII only. Everything else, malformed
 * text included, is left to the full reader. Pure. */

#include "base/json.h"

enum { JSON_SCAN_MAX = 32 };

/* Fills found[i] with the last member called names[i] (DOC_NULL without one), its key not set.
 * False: not plain; `found` means nothing then. At most JSON_SCAN_MAX names. */
bool json_scan(struct str text, const struct str *names, size_t count, struct doc *found);

#endif
