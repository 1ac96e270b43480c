/* The OTLP messages as tables. Owns nothing, pure. Field numbers: opentelemetry-proto 1.x. */

#include "runtime/wire/otlp_schema.h"

#define END                                                                                        \
    {                                                                                              \
        NULL, 0, 0, false, NULL, NULL                                                              \
    }
#define F(json, number, type)                                                                      \
    {                                                                                              \
        json, number, OTLP_T_##type, false, NULL, NULL                                             \
    }
#define R(json, number, type)                                                                      \
    {                                                                                              \
        json, number, OTLP_T_##type, true, NULL, NULL                                              \
    }
#define E(json, number, names)                                                                     \
    {                                                                                              \
        json, number, OTLP_T_ENUM, false, NULL, names                                              \
    }
#define M(json, number, m)                                                                         \
    {                                                                                              \
        json, number, OTLP_T_MESSAGE, false, &(m), NULL                                            \
    }
#define RM(json, number, m)                                                                        \
    {                                                                                              \
        json, number, OTLP_T_MESSAGE, true, &(m), NULL                                             \
    }

static const struct otlp_message any_value;
static const struct otlp_message key_value;

static const char *const span_kinds[] = {
    "SPAN_KIND_UNSPECIFIED",
    "SPAN_KIND_INTERNAL",
    "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",
    "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
    NULL,
};
static const char *const status_codes[] = {
    "STATUS_CODE_UNSET",
    "STATUS_CODE_OK",
    "STATUS_CODE_ERROR",
    NULL,
};
static const char *const temporalities[] = {
    "AGGREGATION_TEMPORALITY_UNSPECIFIED",
    "AGGREGATION_TEMPORALITY_DELTA",
    "AGGREGATION_TEMPORALITY_CUMULATIVE",
    NULL,
};
static const char *const severities[] = {
    "SEVERITY_NUMBER_UNSPECIFIED", "SEVERITY_NUMBER_TRACE",
    "SEVERITY_NUMBER_TRACE2",      "SEVERITY_NUMBER_TRACE3",
    "SEVERITY_NUMBER_TRACE4",      "SEVERITY_NUMBER_DEBUG",
    "SEVERITY_NUMBER_DEBUG2",      "SEVERITY_NUMBER_DEBUG3",
    "SEVERITY_NUMBER_DEBUG4",      "SEVERITY_NUMBER_INFO",
    "SEVERITY_NUMBER_INFO2",       "SEVERITY_NUMBER_INFO3",
    "SEVERITY_NUMBER_INFO4",       "SEVERITY_NUMBER_WARN",
    "SEVERITY_NUMBER_WARN2",       "SEVERITY_NUMBER_WARN3",
    "SEVERITY_NUMBER_WARN4",       "SEVERITY_NUMBER_ERROR",
    "SEVERITY_NUMBER_ERROR2",      "SEVERITY_NUMBER_ERROR3",
    "SEVERITY_NUMBER_ERROR4",      "SEVERITY_NUMBER_FATAL",
    "SEVERITY_NUMBER_FATAL2",      "SEVERITY_NUMBER_FATAL3",
    "SEVERITY_NUMBER_FATAL4",      NULL,
};

/* ---- common ---- */
static const struct otlp_field array_fields[] = {RM("values", 1, any_value), END};
static const struct otlp_message array_value = {"ArrayValue", array_fields};
static const struct otlp_field kvlist_fields[] = {RM("values", 1, key_value), END};
static const struct otlp_message kvlist_value = {"KeyValueList", kvlist_fields};
static const struct otlp_field any_fields[] = {
    F("stringValue", 1, STRING),     F("boolValue", 2, BOOL),
    F("intValue", 3, INT64),         F("doubleValue", 4, DOUBLE),
    M("arrayValue", 5, array_value), M("kvlistValue", 6, kvlist_value),
    F("bytesValue", 7, BYTES),       END,
};
static const struct otlp_message any_value = {"AnyValue", any_fields};
static const struct otlp_field key_value_fields[] = {
    F("key", 1, STRING),
    M("value", 2, any_value),
    END,
};
static const struct otlp_message key_value = {"KeyValue", key_value_fields};
static const struct otlp_field scope_fields[] = {
    F("name", 1, STRING),
    F("version", 2, STRING),
    RM("attributes", 3, key_value),
    F("droppedAttributesCount", 4, UINT32),
    END,
};
static const struct otlp_message scope = {"InstrumentationScope", scope_fields};
static const struct otlp_field entity_fields[] = {
    F("schemaUrl", 1, STRING),
    F("type", 2, STRING),
    R("idKeys", 3, STRING),
    R("descriptionKeys", 4, STRING),
    END,
};
static const struct otlp_message entity = {"EntityRef", entity_fields};
static const struct otlp_field resource_fields[] = {
    RM("attributes", 1, key_value),
    F("droppedAttributesCount", 2, UINT32),
    RM("entityRefs", 3, entity),
    END,
};
static const struct otlp_message resource = {"Resource", resource_fields};

/* ---- traces ---- */
static const struct otlp_field event_fields[] = {
    F("timeUnixNano", 1, FIXED64),
    F("name", 2, STRING),
    RM("attributes", 3, key_value),
    F("droppedAttributesCount", 4, UINT32),
    END,
};
static const struct otlp_message event = {"Event", event_fields};
static const struct otlp_field link_fields[] = {
    F("traceId", 1, ID),
    F("spanId", 2, ID),
    F("traceState", 3, STRING),
    RM("attributes", 4, key_value),
    F("droppedAttributesCount", 5, UINT32),
    F("flags", 6, FIXED32),
    END,
};
static const struct otlp_message link = {"Link", link_fields};
static const struct otlp_field status_fields[] = {
    F("message", 2, STRING),
    E("code", 3, status_codes),
    END,
};
static const struct otlp_message status = {"Status", status_fields};
static const struct otlp_field span_fields[] = {
    F("traceId", 1, ID),
    F("spanId", 2, ID),
    F("traceState", 3, STRING),
    F("parentSpanId", 4, ID),
    F("flags", 16, FIXED32),
    F("name", 5, STRING),
    E("kind", 6, span_kinds),
    F("startTimeUnixNano", 7, FIXED64),
    F("endTimeUnixNano", 8, FIXED64),
    RM("attributes", 9, key_value),
    F("droppedAttributesCount", 10, UINT32),
    RM("events", 11, event),
    F("droppedEventsCount", 12, UINT32),
    RM("links", 13, link),
    F("droppedLinksCount", 14, UINT32),
    M("status", 15, status),
    END,
};
static const struct otlp_message span = {"Span", span_fields};
static const struct otlp_field scope_spans_fields[] = {
    M("scope", 1, scope),
    RM("spans", 2, span),
    F("schemaUrl", 3, STRING),
    END,
};
static const struct otlp_message scope_spans = {"ScopeSpans", scope_spans_fields};
static const struct otlp_field resource_spans_fields[] = {
    M("resource", 1, resource),
    RM("scopeSpans", 2, scope_spans),
    F("schemaUrl", 3, STRING),
    END,
};
static const struct otlp_message resource_spans = {"ResourceSpans", resource_spans_fields};
static const struct otlp_field traces_fields[] = {RM("resourceSpans", 1, resource_spans), END};
static const struct otlp_message traces = {"TracesData", traces_fields};

/* ---- metrics ---- */
static const struct otlp_field exemplar_fields[] = {
    RM("filteredAttributes", 7, key_value),
    F("timeUnixNano", 2, FIXED64),
    F("asDouble", 3, DOUBLE),
    F("asInt", 6, SFIXED64),
    F("spanId", 4, ID),
    F("traceId", 5, ID),
    END,
};
static const struct otlp_message exemplar = {"Exemplar", exemplar_fields};
static const struct otlp_field number_fields[] = {
    RM("attributes", 7, key_value), F("startTimeUnixNano", 2, FIXED64),
    F("timeUnixNano", 3, FIXED64),  F("asDouble", 4, DOUBLE),
    F("asInt", 6, SFIXED64),        RM("exemplars", 5, exemplar),
    F("flags", 8, UINT32),          END,
};
static const struct otlp_message number_point = {"NumberDataPoint", number_fields};
static const struct otlp_field histogram_point_fields[] = {
    RM("attributes", 9, key_value),
    F("startTimeUnixNano", 2, FIXED64),
    F("timeUnixNano", 3, FIXED64),
    F("count", 4, FIXED64),
    F("sum", 5, DOUBLE),
    R("bucketCounts", 6, FIXED64),
    R("explicitBounds", 7, DOUBLE),
    RM("exemplars", 8, exemplar),
    F("flags", 10, UINT32),
    F("min", 11, DOUBLE),
    F("max", 12, DOUBLE),
    END,
};
static const struct otlp_message histogram_point = {"HistogramDataPoint", histogram_point_fields};
static const struct otlp_field buckets_fields[] = {
    F("offset", 1, SINT32),
    R("bucketCounts", 2, UINT64),
    END,
};
static const struct otlp_message buckets = {"Buckets", buckets_fields};
static const struct otlp_field exponential_point_fields[] = {
    RM("attributes", 1, key_value),
    F("startTimeUnixNano", 2, FIXED64),
    F("timeUnixNano", 3, FIXED64),
    F("count", 4, FIXED64),
    F("sum", 5, DOUBLE),
    F("scale", 6, SINT32),
    F("zeroCount", 7, FIXED64),
    M("positive", 8, buckets),
    M("negative", 9, buckets),
    F("flags", 10, UINT32),
    RM("exemplars", 11, exemplar),
    F("min", 12, DOUBLE),
    F("max", 13, DOUBLE),
    F("zeroThreshold", 14, DOUBLE),
    END,
};
static const struct otlp_message exponential_point = {
    "ExponentialHistogramDataPoint",
    exponential_point_fields,
};
static const struct otlp_field quantile_fields[] = {
    F("quantile", 1, DOUBLE),
    F("value", 2, DOUBLE),
    END,
};
static const struct otlp_message quantile = {"ValueAtQuantile", quantile_fields};
static const struct otlp_field summary_point_fields[] = {
    RM("attributes", 7, key_value),
    F("startTimeUnixNano", 2, FIXED64),
    F("timeUnixNano", 3, FIXED64),
    F("count", 4, FIXED64),
    F("sum", 5, DOUBLE),
    RM("quantileValues", 6, quantile),
    F("flags", 8, UINT32),
    END,
};
static const struct otlp_message summary_point = {"SummaryDataPoint", summary_point_fields};
static const struct otlp_field gauge_fields[] = {RM("dataPoints", 1, number_point), END};
static const struct otlp_message gauge = {"Gauge", gauge_fields};
static const struct otlp_field sum_fields[] = {
    RM("dataPoints", 1, number_point),
    E("aggregationTemporality", 2, temporalities),
    F("isMonotonic", 3, BOOL),
    END,
};
static const struct otlp_message sum = {"Sum", sum_fields};
static const struct otlp_field histogram_fields[] = {
    RM("dataPoints", 1, histogram_point),
    E("aggregationTemporality", 2, temporalities),
    END,
};
static const struct otlp_message histogram = {"Histogram", histogram_fields};
static const struct otlp_field exponential_fields[] = {
    RM("dataPoints", 1, exponential_point),
    E("aggregationTemporality", 2, temporalities),
    END,
};
static const struct otlp_message exponential = {"ExponentialHistogram", exponential_fields};
static const struct otlp_field summary_fields[] = {RM("dataPoints", 1, summary_point), END};
static const struct otlp_message summary = {"Summary", summary_fields};
static const struct otlp_field metric_fields[] = {
    F("name", 1, STRING),
    F("description", 2, STRING),
    F("unit", 3, STRING),
    M("gauge", 5, gauge),
    M("sum", 7, sum),
    M("histogram", 9, histogram),
    M("exponentialHistogram", 10, exponential),
    M("summary", 11, summary),
    RM("metadata", 12, key_value),
    END,
};
static const struct otlp_message metric = {"Metric", metric_fields};
static const struct otlp_field scope_metrics_fields[] = {
    M("scope", 1, scope),
    RM("metrics", 2, metric),
    F("schemaUrl", 3, STRING),
    END,
};
static const struct otlp_message scope_metrics = {"ScopeMetrics", scope_metrics_fields};
static const struct otlp_field resource_metrics_fields[] = {
    M("resource", 1, resource),
    RM("scopeMetrics", 2, scope_metrics),
    F("schemaUrl", 3, STRING),
    END,
};
static const struct otlp_message resource_metrics = {"ResourceMetrics", resource_metrics_fields};
static const struct otlp_field metrics_fields[] = {RM("resourceMetrics", 1, resource_metrics), END};
static const struct otlp_message metrics = {"MetricsData", metrics_fields};

/* ---- logs ---- */
static const struct otlp_field record_fields[] = {
    F("timeUnixNano", 1, FIXED64),
    F("observedTimeUnixNano", 11, FIXED64),
    E("severityNumber", 2, severities),
    F("severityText", 3, STRING),
    M("body", 5, any_value),
    RM("attributes", 6, key_value),
    F("droppedAttributesCount", 7, UINT32),
    F("flags", 8, FIXED32),
    F("traceId", 9, ID),
    F("spanId", 10, ID),
    F("eventName", 12, STRING),
    END,
};
static const struct otlp_message record = {"LogRecord", record_fields};
static const struct otlp_field scope_logs_fields[] = {
    M("scope", 1, scope),
    RM("logRecords", 2, record),
    F("schemaUrl", 3, STRING),
    END,
};
static const struct otlp_message scope_logs = {"ScopeLogs", scope_logs_fields};
static const struct otlp_field resource_logs_fields[] = {
    M("resource", 1, resource),
    RM("scopeLogs", 2, scope_logs),
    F("schemaUrl", 3, STRING),
    END,
};
static const struct otlp_message resource_logs = {"ResourceLogs", resource_logs_fields};
static const struct otlp_field logs_fields[] = {RM("resourceLogs", 1, resource_logs), END};
static const struct otlp_message logs = {"LogsData", logs_fields};

const struct otlp_message *const otlp_requests[OTLP_SIGNALS] = {
    [OTLP_TRACES] = &traces,
    [OTLP_METRICS] = &metrics,
    [OTLP_LOGS] = &logs,
};

/* Compares lowerCamelCase `camel` with a name in either spelling. */
static bool same_name(const char *camel, struct str name)
{
    size_t i = 0;
    for (; *camel != '\0'; camel++, i++) {
        char c = *camel;
        if (i < name.len && name.ptr[i] == '_' && c >= 'A' && c <= 'Z') {
            i++;
            c = (char)(c - 'A' + 'a');
        }
        if (i >= name.len || name.ptr[i] != c)
            return false;
    }
    return i == name.len;
}

const struct otlp_field *otlp_field_by_name(const struct otlp_message *m, struct str name)
{
    for (const struct otlp_field *f = m->fields; f->number != 0; f++) {
        if (same_name(f->name, name))
            return f;
    }
    return NULL;
}

const struct otlp_field *otlp_field_by_number(const struct otlp_message *m, uint32_t number)
{
    for (const struct otlp_field *f = m->fields; f->number != 0; f++) {
        if (f->number == number)
            return f;
    }
    return NULL;
}
