/* Telemetry as text, as the Collector's debug exporter shows it with verbosity "normal". Reads the
 * wire bytes message by message; values that nest are shown as OTLP/JSON shows them. Owns nothing.
 */

#include "components/otelcol/exporter/debug/text.h"

#include "base/strconv.h"
#include "runtime/wire/pb.h"

/* The last field of that number, or nothing. */
static bool find(struct str message, uint32_t number, struct pb_field *out)
{
    struct pb_reader r = pb_read(message);
    struct pb_field f;
    bool found = false;
    while (pb_next(&r, &f)) {
        if (f.number != number)
            continue;
        *out = f;
        found = true;
    }
    return found;
}

static struct str find_bytes(struct str message, uint32_t number)
{
    struct pb_field f;
    return find(message, number, &f) && f.wire == PB_BYTES ? f.bytes : STR_NONE;
}

static bool next_message(struct pb_reader *r, uint32_t number, struct str *out)
{
    struct pb_field f;
    while (pb_next(r, &f)) {
        if (f.number == number && f.wire == PB_BYTES) {
            *out = f.bytes;
            return true;
        }
    }
    return false;
}

static void write_hex(struct buf *out, struct str bytes)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char c = (unsigned char)bytes.ptr[i];
        buf_byte(out, digits[c >> 4]);
        buf_byte(out, digits[c & 15]);
    }
}

/* AnyValue: arrays and maps are shown by their kind, because they nest. */
static void write_value(struct buf *out, struct str value)
{
    struct pb_reader r = pb_read(value);
    struct pb_field f;
    if (!pb_next(&r, &f))
        return;
    switch (f.number) {
    case 1: buf_str(out, f.bytes); break;
    case 2: buf_cstr(out, f.value != 0 ? "true" : "false"); break;
    case 3: buf_i64(out, (int64_t)f.value); break;
    case 4: strconv_float(out, pb_double(f.value), 'g'); break;
    case 5: buf_cstr(out, "[…]"); break;
    case 6: buf_cstr(out, "{…}"); break;
    default: write_hex(out, f.bytes);
    }
}

/* key=value of the repeated field `number`, joined. */
static void write_attributes(struct buf *out, struct str message, uint32_t number,
                             const char *separator)
{
    struct pb_reader r = pb_read(message);
    struct str pair;
    bool is_first = true;
    while (next_message(&r, number, &pair)) {
        if (!is_first)
            buf_cstr(out, separator);
        is_first = false;
        buf_str(out, find_bytes(pair, 1));
        buf_byte(out, '=');
        write_value(out, find_bytes(pair, 2));
    }
}

static void write_schema(struct buf *out, struct str message)
{
    struct str url = find_bytes(message, 3);
    if (url.len != 0)
        buf_printf(out, " [%.*s]", STR_ARG(url));
}

static void write_head_attributes(struct buf *out, struct str message, uint32_t number)
{
    if (find_bytes(message, number).ptr == NULL)
        return;
    buf_byte(out, ' ');
    write_attributes(out, message, number, " ");
}

static void write_scope(struct buf *out, struct str scope)
{
    struct str name = find_bytes(scope, 1);
    struct str version = find_bytes(scope, 2);
    if (name.len != 0)
        buf_printf(out, " %.*s", STR_ARG(name));
    if (version.len != 0)
        buf_printf(out, "@%.*s", STR_ARG(version));
    write_head_attributes(out, scope, 3);
}

/* ---- items ---- */
static void write_span(struct buf *out, struct str span)
{
    buf_str(out, find_bytes(span, 5));
    buf_byte(out, ' ');
    write_hex(out, find_bytes(span, 1));
    buf_byte(out, ' ');
    write_hex(out, find_bytes(span, 2));
    write_head_attributes(out, span, 9);
    buf_byte(out, '\n');
}

static void write_record(struct buf *out, struct str record)
{
    write_value(out, find_bytes(record, 5));
    buf_byte(out, ' ');
    write_attributes(out, record, 6, " ");
    buf_byte(out, '\n');
}

static void write_number(struct buf *out, const char *name, struct str point, uint32_t number,
                         bool is_double)
{
    struct pb_field f;
    if (!find(point, number, &f))
        return;
    buf_printf(out, " %s=", name);
    if (is_double) {
        strconv_float(out, pb_double(f.value), 'g');
    } else {
        buf_u64(out, f.value);
    }
}

/* One row a kind of metric: its field in Metric, the attributes' field, and what stands behind the
 * name. */
struct metric_kind {
    uint32_t field, attributes;
    struct {
        const char *name;
        uint32_t number;
        bool is_double;
    } values[4];
};

static const struct metric_kind kinds[] = {
    {5, 7, {{NULL, 0, false}}},
    {7, 7, {{NULL, 0, false}}},
    {9, 9, {{"count", 4, false}, {"sum", 5, true}, {"min", 11, true}, {"max", 12, true}}},
    {10, 1, {{"count", 4, false}, {"sum", 5, true}, {"min", 12, true}, {"max", 13, true}}},
    {11, 7, {{"count", 4, false}, {"sum", 5, true}}},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static void write_point(struct buf *out, const struct metric_kind *kind, struct str name,
                        struct str point)
{
    struct pb_field f;
    buf_str(out, name);
    buf_byte(out, '{');
    write_attributes(out, point, kind->attributes, ",");
    buf_byte(out, '}');
    if (kind->values[0].name == NULL) {
        buf_byte(out, ' ');
        if (find(point, 4, &f))
            strconv_float(out, pb_double(f.value), 'g');
        if (find(point, 6, &f))
            buf_i64(out, (int64_t)f.value);
    }
    for (size_t i = 0; i < 4 && kind->values[i].name != NULL; i++) {
        write_number(out, kind->values[i].name, point, kind->values[i].number,
                     kind->values[i].is_double);
    }
    buf_byte(out, '\n');
}

static void write_metric(struct buf *out, struct str metric)
{
    struct str name = find_bytes(metric, 1);
    for (size_t i = 0; i < KINDS; i++) {
        struct str data = find_bytes(metric, kinds[i].field);
        struct pb_reader r = pb_read(data);
        struct str point;
        while (next_message(&r, 1, &point))
            write_point(out, &kinds[i], name, point);
    }
}

/* ---- the walk ---- */
void debug_text(struct buf *out, enum otlp_signal signal, struct str bytes)
{
    static const struct {
        const char *resource, *scope;
        void (*item)(struct buf *out, struct str item);
    } rows[OTLP_SIGNALS] = {
        [OTLP_TRACES] = {"ResourceTraces", "ScopeTraces", write_span},
        [OTLP_METRICS] = {"ResourceMetrics", "ScopeMetrics", write_metric},
        [OTLP_LOGS] = {"ResourceLog", "ScopeLog", write_record},
    };
    struct pb_reader resources = pb_read(bytes);
    struct str resource;
    for (unsigned i = 0; next_message(&resources, 1, &resource); i++) {
        struct pb_reader scopes = pb_read(resource);
        struct str scope;
        buf_printf(out, "%s #%u", rows[signal].resource, i);
        write_schema(out, resource);
        write_head_attributes(out, find_bytes(resource, 1), 1);
        buf_byte(out, '\n');
        for (unsigned k = 0; next_message(&scopes, 2, &scope); k++) {
            struct pb_reader items = pb_read(scope);
            struct str item;
            buf_printf(out, "%s #%u", rows[signal].scope, k);
            write_schema(out, scope);
            write_scope(out, find_bytes(scope, 1));
            buf_byte(out, '\n');
            while (next_message(&items, 2, &item))
                rows[signal].item(out, item);
        }
    }
}

struct debug_counts debug_count(enum otlp_signal signal, struct str bytes)
{
    struct debug_counts counts = {0};
    struct pb_reader resources = pb_read(bytes);
    struct str resource;
    while (next_message(&resources, 1, &resource)) {
        struct pb_reader scopes = pb_read(resource);
        struct str scope;
        counts.resources++;
        while (signal == OTLP_METRICS && next_message(&scopes, 2, &scope)) {
            struct pb_reader metrics = pb_read(scope);
            struct str metric;
            while (next_message(&metrics, 2, &metric))
                counts.metrics++;
        }
    }
    return counts;
}
