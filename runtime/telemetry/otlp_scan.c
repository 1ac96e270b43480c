/* The walk over OTLP's wire bytes: a stack of open messages and one table that says what each field
 * of each message is. Fields that the table does not know are framed and skipped, as protobuf asks.
 * Bounded by the limits; the stack holds at most DEPTH_MAX messages. */

#include "runtime/telemetry/otlp_scan.h"

enum { DEPTH_DEFAULT = 100, DEPTH_MAX = 200, ELEMENTS_DEFAULT = 10000000, FIELDS = 17 };

enum message {
    M_TRACES,
    M_METRICS,
    M_LOGS,
    M_RESOURCE_SPANS,
    M_RESOURCE_METRICS,
    M_RESOURCE_LOGS,
    M_SCOPE_SPANS,
    M_SCOPE_METRICS,
    M_SCOPE_LOGS,
    M_RESOURCE,
    M_ENTITY,
    M_SCOPE,
    M_KEY_VALUE,
    M_ANY,
    M_ARRAY,
    M_KV_LIST,
    M_SPAN,
    M_EVENT,
    M_LINK,
    M_STATUS,
    M_LOG,
    M_METRIC,
    M_GAUGE,
    M_SUM,
    M_HISTOGRAM,
    M_EXP_HISTOGRAM,
    M_SUMMARY,
    M_NUMBER_POINT,
    M_HISTOGRAM_POINT,
    M_EXP_POINT,
    M_SUMMARY_POINT,
    M_BUCKETS,
    M_QUANTILE,
    M_EXEMPLAR,
    M_COUNT,
};

/* What a field is; MSG(m) is an embedded message. */
enum { UNKNOWN, VARINT, FIXED64, FIXED32, BYTES, VARINTS, FIXED64S, FIRST_MESSAGE };

#define MSG(m) (FIRST_MESSAGE + (m))

/* opentelemetry-proto 1.x: {trace,metrics,logs}/v1, common/v1, resource/v1. */
static const uint8_t fields[M_COUNT][FIELDS] = {
    [M_TRACES] = {[1] = MSG(M_RESOURCE_SPANS)},
    [M_METRICS] = {[1] = MSG(M_RESOURCE_METRICS)},
    [M_LOGS] = {[1] = MSG(M_RESOURCE_LOGS)},
    [M_RESOURCE_SPANS] = {[1] = MSG(M_RESOURCE), [2] = MSG(M_SCOPE_SPANS), [3] = BYTES},
    [M_RESOURCE_METRICS] = {[1] = MSG(M_RESOURCE), [2] = MSG(M_SCOPE_METRICS), [3] = BYTES},
    [M_RESOURCE_LOGS] = {[1] = MSG(M_RESOURCE), [2] = MSG(M_SCOPE_LOGS), [3] = BYTES},
    [M_SCOPE_SPANS] = {[1] = MSG(M_SCOPE), [2] = MSG(M_SPAN), [3] = BYTES},
    [M_SCOPE_METRICS] = {[1] = MSG(M_SCOPE), [2] = MSG(M_METRIC), [3] = BYTES},
    [M_SCOPE_LOGS] = {[1] = MSG(M_SCOPE), [2] = MSG(M_LOG), [3] = BYTES},
    [M_RESOURCE] = {[1] = MSG(M_KEY_VALUE), [2] = VARINT, [3] = MSG(M_ENTITY)},
    [M_ENTITY] = {[1] = BYTES, [2] = BYTES, [3] = BYTES, [4] = BYTES},
    [M_SCOPE] = {[1] = BYTES, [2] = BYTES, [3] = MSG(M_KEY_VALUE), [4] = VARINT},
    [M_KEY_VALUE] = {[1] = BYTES, [2] = MSG(M_ANY)},
    [M_ANY] = {[1] = BYTES,
               [2] = VARINT,
               [3] = VARINT,
               [4] = FIXED64,
               [5] = MSG(M_ARRAY),
               [6] = MSG(M_KV_LIST),
               [7] = BYTES},
    [M_ARRAY] = {[1] = MSG(M_ANY)},
    [M_KV_LIST] = {[1] = MSG(M_KEY_VALUE)},
    [M_SPAN] = {[1] = BYTES,
                [2] = BYTES,
                [3] = BYTES,
                [4] = BYTES,
                [5] = BYTES,
                [6] = VARINT,
                [7] = FIXED64,
                [8] = FIXED64,
                [9] = MSG(M_KEY_VALUE),
                [10] = VARINT,
                [11] = MSG(M_EVENT),
                [12] = VARINT,
                [13] = MSG(M_LINK),
                [14] = VARINT,
                [15] = MSG(M_STATUS),
                [16] = FIXED32},
    [M_EVENT] = {[1] = FIXED64, [2] = BYTES, [3] = MSG(M_KEY_VALUE), [4] = VARINT},
    [M_LINK] = {[1] = BYTES,
                [2] = BYTES,
                [3] = BYTES,
                [4] = MSG(M_KEY_VALUE),
                [5] = VARINT,
                [6] = FIXED32},
    [M_STATUS] = {[2] = BYTES, [3] = VARINT},
    [M_LOG] = {[1] = FIXED64,
               [2] = VARINT,
               [3] = BYTES,
               [5] = MSG(M_ANY),
               [6] = MSG(M_KEY_VALUE),
               [7] = VARINT,
               [8] = FIXED32,
               [9] = BYTES,
               [10] = BYTES,
               [11] = FIXED64,
               [12] = BYTES},
    [M_METRIC] = {[1] = BYTES,
                  [2] = BYTES,
                  [3] = BYTES,
                  [5] = MSG(M_GAUGE),
                  [7] = MSG(M_SUM),
                  [9] = MSG(M_HISTOGRAM),
                  [10] = MSG(M_EXP_HISTOGRAM),
                  [11] = MSG(M_SUMMARY),
                  [12] = MSG(M_KEY_VALUE)},
    [M_GAUGE] = {[1] = MSG(M_NUMBER_POINT)},
    [M_SUM] = {[1] = MSG(M_NUMBER_POINT), [2] = VARINT, [3] = VARINT},
    [M_HISTOGRAM] = {[1] = MSG(M_HISTOGRAM_POINT), [2] = VARINT},
    [M_EXP_HISTOGRAM] = {[1] = MSG(M_EXP_POINT), [2] = VARINT},
    [M_SUMMARY] = {[1] = MSG(M_SUMMARY_POINT)},
    [M_NUMBER_POINT] = {[2] = FIXED64,
                        [3] = FIXED64,
                        [4] = FIXED64,
                        [5] = MSG(M_EXEMPLAR),
                        [6] = FIXED64,
                        [7] = MSG(M_KEY_VALUE),
                        [8] = VARINT},
    [M_HISTOGRAM_POINT] =
        {[2] = FIXED64,
         [3] = FIXED64,
         [4] = FIXED64,
         [5] = FIXED64,
         [6] = FIXED64S,
         [7] = FIXED64S,
         [8] = MSG(M_EXEMPLAR),
         [9] = MSG(M_KEY_VALUE),
         [10] = VARINT,
         [11] = FIXED64,
         [12] = FIXED64},
    [M_EXP_POINT] = {[1] = MSG(M_KEY_VALUE),
                     [2] = FIXED64,
                     [3] = FIXED64,
                     [4] = FIXED64,
                     [5] = FIXED64,
                     [6] = VARINT,
                     [7] = FIXED64,
                     [8] = MSG(M_BUCKETS),
                     [9] = MSG(M_BUCKETS),
                     [10] = VARINT,
                     [11] = MSG(M_EXEMPLAR),
                     [12] = FIXED64,
                     [13] = FIXED64,
                     [14] = FIXED64},
    [M_SUMMARY_POINT] = {[2] = FIXED64,
                         [3] = FIXED64,
                         [4] = FIXED64,
                         [5] = FIXED64,
                         [6] = MSG(M_QUANTILE),
                         [7] = MSG(M_KEY_VALUE),
                         [8] = VARINT},
    [M_BUCKETS] = {[1] = VARINT, [2] = VARINTS},
    [M_QUANTILE] = {[1] = FIXED64, [2] = FIXED64},
    [M_EXEMPLAR] = {[2] = FIXED64,
                    [3] = FIXED64,
                    [4] = BYTES,
                    [5] = BYTES,
                    [6] = FIXED64,
                    [7] = MSG(M_KEY_VALUE)},
};

enum counter { COUNT_NONE, COUNT_ITEM, COUNT_RESOURCE, COUNT_SCOPE, COUNT_ATTRIBUTE };

static const uint8_t counted[M_COUNT] = {
    [M_RESOURCE_SPANS] = COUNT_RESOURCE,
    [M_RESOURCE_METRICS] = COUNT_RESOURCE,
    [M_RESOURCE_LOGS] = COUNT_RESOURCE,
    [M_SCOPE_SPANS] = COUNT_SCOPE,
    [M_SCOPE_METRICS] = COUNT_SCOPE,
    [M_SCOPE_LOGS] = COUNT_SCOPE,
    [M_KEY_VALUE] = COUNT_ATTRIBUTE,
    [M_SPAN] = COUNT_ITEM,
    [M_LOG] = COUNT_ITEM,
    [M_NUMBER_POINT] = COUNT_ITEM,
    [M_HISTOGRAM_POINT] = COUNT_ITEM,
    [M_EXP_POINT] = COUNT_ITEM,
    [M_SUMMARY_POINT] = COUNT_ITEM,
};

struct open_message {
    const uint8_t *end;
    uint8_t message;
};

struct walk {
    const uint8_t *at;
    const uint8_t *start;
    struct otlp_limits limits;
    size_t elements;
    size_t counts[COUNT_ATTRIBUTE + 1];
    struct error *err;
    size_t depth; /* open messages */
    struct open_message open[DEPTH_MAX + 1];
};

static enum status malformed(struct walk *w, const char *what)
{
    return error_set(w->err, STATUS_INVALID, "malformed OTLP: %s at byte %zu", what,
                     (size_t)(w->at - w->start));
}

/* False when the number is cut off or longer than 64 bits. */
static inline bool take_varint(struct walk *w, const uint8_t *end, uint64_t *out)
{
    uint64_t value = 0;
    for (unsigned shift = 0; w->at < end && shift < 70; shift += 7) {
        uint8_t byte = *w->at++;
        if (shift == 63 && byte > 1)
            return false;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out = value;
            return true;
        }
    }
    return false;
}

static enum status open_message(struct walk *w, uint8_t message, size_t len)
{
    if (w->depth >= w->limits.max_depth)
        return error_set(w->err, STATUS_LIMIT, "OTLP nested deeper than %u messages",
                         w->limits.max_depth);
    if (++w->elements > w->limits.max_elements)
        return error_set(w->err, STATUS_LIMIT, "OTLP with more than %zu elements",
                         w->limits.max_elements);
    w->counts[counted[message]]++;
    if (w->counts[COUNT_ITEM] > w->limits.max_items)
        return error_set(w->err, STATUS_LIMIT, "OTLP with more than %zu items",
                         w->limits.max_items);
    w->open[w->depth++] = (struct open_message){w->at + len, message};
    return STATUS_OK;
}

static enum status check_packed(struct walk *w, uint8_t kind, size_t len)
{
    const uint8_t *end = w->at + len;
    if (kind == FIXED64S) {
        w->at = end;
        return len % 8 == 0 ? STATUS_OK : malformed(w, "uneven packed field");
    }
    while (w->at < end) {
        uint64_t value;
        if (!take_varint(w, end, &value))
            return malformed(w, "bad packed number");
    }
    return STATUS_OK;
}

/* A number of one to three bytes, and nothing else. */
static inline bool is_short_number(const uint8_t *at, size_t len)
{
    return (len == 1 && at[0] < 0x80) || (len == 2 && at[0] >= 0x80 && at[1] < 0x80) ||
           (len == 3 && at[0] >= 0x80 && at[1] >= 0x80 && at[2] < 0x80);
}

/* Most attributes are a short key and a short text or number: {0x0a, n, key, 0x12, m, value} with
 * the value {0x0a, m - 2, text}, {0x10 or 0x18, number}. One that is exactly that is passed at
 * once; anything else takes the general way. */
static inline bool pass_plain_attribute(struct walk *w, size_t len)
{
    const uint8_t *p = w->at;
    if (len < 6 || len > 127 || p[0] != 0x0a || (size_t)p[1] + 6 > len)
        return false;
    const uint8_t *value = p + 2 + p[1];
    size_t left = len - 2 - p[1];
    if (value[0] != 0x12 || value[1] != left - 2 ||
        !((value[2] == 0x0a && value[3] == left - 4) ||
          ((value[2] == 0x18 || value[2] == 0x10) && is_short_number(value + 3, left - 3))) ||
        w->depth + 2 > w->limits.max_depth || w->elements + 2 > w->limits.max_elements)
        return false;
    w->elements += 2;
    w->counts[COUNT_ATTRIBUTE]++;
    w->at += len;
    return true;
}

static enum status walk_delimited(struct walk *w, const uint8_t *end, uint8_t kind)
{
    uint64_t len;
    if (!take_varint(w, end, &len))
        return malformed(w, "bad length");
    if (len > (uint64_t)(end - w->at))
        return malformed(w, "length beyond the message");
    if (kind == MSG(M_KEY_VALUE) && pass_plain_attribute(w, (size_t)len))
        return STATUS_OK;
    if (kind >= FIRST_MESSAGE)
        return open_message(w, (uint8_t)(kind - FIRST_MESSAGE), (size_t)len);
    if (kind == VARINTS || kind == FIXED64S)
        return check_packed(w, kind, (size_t)len);
    if (kind != BYTES && kind != UNKNOWN)
        return malformed(w, "wrong wire type");
    w->at += len;
    return STATUS_OK;
}

static enum status walk_fixed(struct walk *w, const uint8_t *end, size_t size, bool expected)
{
    if (!expected)
        return malformed(w, "wrong wire type");
    if (size > (size_t)(end - w->at))
        return malformed(w, "number beyond the message");
    w->at += size;
    return STATUS_OK;
}

static enum status walk_field(struct walk *w, const struct open_message *open)
{
    uint64_t key, value;
    if (!take_varint(w, open->end, &key) || key >> 3 == 0 || key >> 32)
        return malformed(w, "bad field key");
    uint64_t field = key >> 3;
    uint8_t kind = field < FIELDS ? fields[open->message][field] : UNKNOWN;
    switch (key & 7) {
    case 0:
        if (kind != VARINT && kind != VARINTS && kind != UNKNOWN)
            return malformed(w, "wrong wire type");
        return take_varint(w, open->end, &value) ? STATUS_OK : malformed(w, "bad number");
    case 1: return walk_fixed(w, open->end, 8, kind == FIXED64 || kind == FIXED64S || !kind);
    case 2: return walk_delimited(w, open->end, kind);
    case 5: return walk_fixed(w, open->end, 4, kind == FIXED32 || !kind);
    default: return malformed(w, "unsupported wire type");
    }
}

/* Passes the usual fields: a key of one byte with a short text, a plain attribute, or a fixed
 * number behind it. Stops in front of anything else, or at the message's end. */
static void pass_usual(struct walk *w, const struct open_message *open)
{
    const uint8_t *kinds = fields[open->message], *end = open->end;
    while (end - w->at >= 2 && w->at[0] < 0x80) {
        const uint8_t *at = w->at;
        unsigned kind = kinds[at[0] >> 3], wire = at[0] & 7, len = at[1];
        ptrdiff_t left = end - at - 2;
        if (wire == 2 && len < 0x80 && len <= left && kind == BYTES) {
            w->at = at + 2 + len;
        } else if (wire == 2 && len < 0x80 && len <= left && kind == MSG(M_KEY_VALUE)) {
            w->at = at + 2;
            if (!pass_plain_attribute(w, len)) {
                w->at = at;
                return;
            }
        } else if (wire == 1 && left >= 7 && kind == FIXED64) {
            w->at = at + 9;
        } else {
            return;
        }
    }
}

static enum status walk_all(struct walk *w)
{
    while (w->depth) {
        struct open_message *open = &w->open[w->depth - 1];
        pass_usual(w, open);
        if (w->at == open->end) {
            w->depth--;
            continue;
        }
        enum status status = walk_field(w, open);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static const uint8_t roots[OTLP_SIGNALS] = {
    [OTLP_TRACES] = M_TRACES,
    [OTLP_METRICS] = M_METRICS,
    [OTLP_LOGS] = M_LOGS,
};

enum status otlp_scan(enum otlp_signal signal, struct str bytes, struct otlp_limits limits,
                      struct otlp_counts *counts, struct error *err)
{
    struct walk w __attribute__((uninitialized)); /* the stack is filled as it is used */
    w.at = w.start = (const uint8_t *)(bytes.len ? bytes.ptr : "");
    w.limits = limits;
    w.elements = 0;
    w.err = err;
    w.depth = 1;
    memset(w.counts, 0, sizeof(w.counts));
    if (!w.limits.max_depth)
        w.limits.max_depth = DEPTH_DEFAULT;
    if (w.limits.max_depth > DEPTH_MAX)
        w.limits.max_depth = DEPTH_MAX;
    if (!w.limits.max_items)
        w.limits.max_items = BATCH_MAX_ITEMS;
    if (!w.limits.max_elements)
        w.limits.max_elements = ELEMENTS_DEFAULT;
    w.open[0] = (struct open_message){w.at + bytes.len, roots[signal]};
    w.limits.max_depth++; /* the root is not nested */
    enum status status = walk_all(&w);
    if (counts)
        *counts = (struct otlp_counts){.items = w.counts[COUNT_ITEM],
                                       .resources = w.counts[COUNT_RESOURCE],
                                       .scopes = w.counts[COUNT_SCOPE],
                                       .attributes = w.counts[COUNT_ATTRIBUTE]};
    return status;
}
