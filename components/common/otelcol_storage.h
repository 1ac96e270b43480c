#ifndef COMPONENTS_COMMON_OTELCOL_STORAGE_H
#define COMPONENTS_COMMON_OTELCOL_STORAGE_H

/* The handler that otelcol.storage.file exports and `sending_queue { storage = … }` takes: a folder
 * for queues. */

#include "compiler/value.h"

struct otelcol_storage {
    struct str directory;
    bool sync; /* whether every commit goes to the platter */
};

extern const struct capsule_type capsule_otel_storage;

/* Copies. */
struct value *otelcol_storage_value(const struct otelcol_storage *storage);

#endif
