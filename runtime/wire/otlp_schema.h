#ifndef RUNTIME_WIRE_OTLP_SCHEMA_H
#define RUNTIME_WIRE_OTLP_SCHEMA_H

/* The messages of OTLP (opentelemetry-proto 1.x: trace, metrics, logs, common, resource) as tables:
 * field number, JSON name, type. The JSON reader and writer and the debug printer read them. */

#include "base/str.h"
#include "runtime/telemetry/batch.h"

enum otlp_type {
    OTLP_T_STRING,
    OTLP_T_BYTES, /* base64 in JSON */
    OTLP_T_ID,    /* bytes, hexadecimal in JSON (trace and span ids) */
    OTLP_T_BOOL,
    OTLP_T_UINT32,
    OTLP_T_ENUM,  /* int32; a number or a name in JSON */
    OTLP_T_INT64, /* varint; text in JSON */
    OTLP_T_UINT64,
    OTLP_T_SINT32, /* zigzag */
    OTLP_T_FIXED32,
    OTLP_T_FIXED64, /* text in JSON */
    OTLP_T_SFIXED64,
    OTLP_T_DOUBLE,
    OTLP_T_MESSAGE,
};

struct otlp_message;

struct otlp_field {
    const char *name; /* lowerCamelCase */
    uint32_t number;
    uint8_t type;  /* enum otlp_type */
    bool repeated; /* numbers are packed */
    const struct otlp_message *message;
    const char *const *names; /* ENUM: names by value, NULL-terminated; gaps are "" */
};

struct otlp_message {
    const char *name;
    const struct otlp_field *fields; /* ends with number 0 */
};

/* ExportXServiceRequest, which equals XData: repeated ResourceX as field 1. */
extern const struct otlp_message *const otlp_requests[OTLP_SIGNALS];

/* NULL when unknown. Accepts snake_case too, as protobuf's JSON does. */
const struct otlp_field *otlp_field_by_name(const struct otlp_message *m, struct str name);
const struct otlp_field *otlp_field_by_number(const struct otlp_message *m, uint32_t number);

#endif
