#ifndef RUNTIME_WIRE_OTLP_JSON_H
#define RUNTIME_WIRE_OTLP_JSON_H

/* OTLP/JSON (opentelemetry-proto, docs/specification "JSON Protobuf Encoding"): lowerCamelCase
 * names, ids in hexadecimal, 64-bit integers as text or numbers, enums as numbers (names are
 * accepted), unknown members ignored. Neither direction recurses; depth, node count and output are
 * bounded. */

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "runtime/wire/otlp_schema.h"

/* Appends the protobuf form of an ExportXServiceRequest. `arena` is scratch for the document. */
enum status otlp_from_json(enum otlp_signal signal, struct str json, struct arena *arena,
                           struct buf *out, struct error *err);
/* Appends the JSON form of wire bytes that have passed otlp_scan. */
enum status otlp_to_json(enum otlp_signal signal, struct str bytes, struct buf *out,
                         struct error *err);

#endif
