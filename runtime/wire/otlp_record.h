#ifndef RUNTIME_WIRE_OTLP_RECORD_H
#define RUNTIME_WIRE_OTLP_RECORD_H

/* OTLP requests as records of the log (outbox_otlp): the wire bytes as they came, one batch a
 * record. A request to be sent is one record, or several as their batches' `joining` says.
 * Endpoints have one lane, or OTLP_SIGNALS and as many more as there may be requests of traces. */

#include "base/compress.h"

/* For outbox_otlp. */
struct otlp_send_options {
    enum compression compression; /* of the request's body */
    int level;
    size_t headroom; /* bytes left free before the body, for whoever sends it */
};

#endif
