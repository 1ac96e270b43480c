/* Receivers as capsules of the language. */

#include "runtime/telemetry/sink.h"

static void release_sink(void *data)
{
    sink_unref(data);
}

/* The receiver's name, as the API of Alloy shows these. */
static void print_sink(const void *data, struct buf *out)
{
    buf_str(out, sink_name(data));
}

const struct capsule_type capsule_metrics = {
    .name = "storage.Appendable", .release = release_sink, .print = print_sink};
const struct capsule_type capsule_logs = {.name = "loki.LogsReceiver", .release = release_sink};
const struct capsule_type capsule_otlp = {.name = "otelcol.Consumer", .release = release_sink};

struct value *sink_value(const struct capsule_type *type, struct sink *sink)
{
    return value_capsule(type, sink_ref(sink));
}
