/* OTLP on the wire: JSON in both directions, and cutting requests without unpacking them. */

#include "runtime/telemetry/otlp_scan.h"
#include "runtime/wire/otlp_json.h"
#include "runtime/wire/otlp_split.h"

#include "tests/support/test.h"

static enum status to_wire(enum otlp_signal signal, const char *json, struct buf *out,
                           struct error *err)
{
    struct arena arena;
    arena_init(&arena, NULL, 0);
    buf_init(out, NULL, 1 << 20);
    enum status status = otlp_from_json(signal, str_from(json), &arena, out, err);
    arena_release(&arena);
    return status;
}

static void round_trip(enum otlp_signal signal, const char *json, const char *expected,
                       size_t items)
{
    struct buf wire;
    struct buf text;
    struct error err = {0};
    struct otlp_counts counts;
    struct otlp_limits limits = {0};
    cr_assert_eq(to_wire(signal, json, &wire, &err), STATUS_OK, "%s: %s", json, err.message);
    cr_assert_eq(otlp_scan(signal, buf_view(&wire), limits, &counts, &err), STATUS_OK, "%s",
                 err.message);
    cr_assert_eq(counts.items, items);
    buf_init(&text, NULL, 1 << 20);
    cr_assert_eq(otlp_to_json(signal, buf_view(&wire), &text, &err), STATUS_OK);
    cr_assert(str_is(buf_view(&text), expected != NULL ? expected : json), "%.*s",
              STR_ARG(buf_view(&text)));
    buf_release(&text);
    buf_release(&wire);
}

TEST(otlp_json, keeps_every_kind_of_value)
{
    round_trip(
        OTLP_TRACES,
        "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"a\",\"value\":{"
        "\"stringValue\":\"x\"}}]},\"scopeSpans\":[{\"scope\":{\"name\":\"s\"},\"spans\":[{"
        "\"traceId\":\"0102030405060708090a0b0c0d0e0f10\",\"spanId\":\"0102030405060708\","
        "\"flags\":257,\"name\":\"n\",\"kind\":2,\"startTimeUnixNano\":\"1700000000000000000\","
        "\"attributes\":[{\"key\":\"i\",\"value\":{\"intValue\":\"-5\"}},{\"key\":\"b\","
        "\"value\":{\"boolValue\":false}},{\"key\":\"d\",\"value\":{\"doubleValue\":1.5}},{"
        "\"key\":\"l\",\"value\":{\"arrayValue\":{\"values\":[{\"bytesValue\":\"AQI=\"}]}}}],"
        "\"status\":{\"message\":\"m\",\"code\":2}}]}],\"schemaUrl\":\"u\"}]}",
        NULL, 1);
    round_trip(
        OTLP_METRICS,
        "{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"name\":\"h\","
        "\"histogram\":{\"dataPoints\":[{\"timeUnixNano\":\"5\",\"count\":\"3\",\"sum\":2.5,"
        "\"bucketCounts\":[\"1\",\"2\"],\"explicitBounds\":[0.5]}],"
        "\"aggregationTemporality\":2}},{\"name\":\"e\",\"exponentialHistogram\":{"
        "\"dataPoints\":[{\"scale\":-3,\"positive\":{\"offset\":-1,\"bucketCounts\":[\"7\"]}}]"
        "}}]}]}]}",
        NULL, 2);
    round_trip(
        OTLP_LOGS,
        "{\"resource_logs\": [{\"scopeLogs\": [{\"logRecords\": [{\"severityNumber\": "
        "\"SEVERITY_NUMBER_INFO\", \"body\": {\"stringValue\": \"hi\"}, \"timeUnixNano\": 7e0, "
        "\"unknown\": [1, {}]}]}]}]}",
        "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"timeUnixNano\":\"7\","
        "\"severityNumber\":9,\"body\":{\"stringValue\":\"hi\"}}]}]}]}",
        1);
}

TEST(otlp_json, refuses_what_is_not_otlp)
{
    static const char *const texts[] = {
        "x",
        "[]",
        "{\"resourceSpans\": 5}",
        "{\"resourceSpans\": [5]}",
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"startTimeUnixNano\":1.5}]}]}]}",
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"startTimeUnixNano\":\"-1\"}]}]}]}",
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"startTimeUnixNano\":2e19}]}]}]}",
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"flags\":4294967296}]}]}]}",
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"kind\":2147483648}]}]}]}",
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"kind\":\"\"}]}]}]}",
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"0g\"}]}]}]}",
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"012\"}]}]}]}",
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"kind\":[]}]}]}]}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct buf wire;
        struct error err = {0};
        cr_assert_neq(to_wire(OTLP_TRACES, texts[i], &wire, &err), STATUS_OK, "%s", texts[i]);
        cr_assert(err.message[0] != '\0');
        buf_release(&wire);
    }
}

TEST(otlp_json, bounds_nesting_in_both_directions)
{
    struct buf json;
    struct buf wire;
    struct error err = {0};
    buf_init(&json, NULL, 1 << 20);
    buf_cstr(&json, "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"body\":");
    for (int i = 0; i < 500; i++)
        buf_cstr(&json, "{\"arrayValue\":{\"values\":[");
    for (int i = 0; i < 500; i++)
        buf_cstr(&json, "]}}");
    buf_cstr(&json, "}]}]}]}");
    buf_byte(&json, '\0');
    cr_assert_eq(to_wire(OTLP_LOGS, json.data, &wire, &err), STATUS_LIMIT);
    buf_release(&wire);
    buf_release(&json);
}

struct pieces {
    enum otlp_signal signal;
    size_t sizes[16];
    size_t count;
};

static void take(void *arg, struct str piece, size_t items)
{
    struct pieces *p = arg;
    struct otlp_counts counts;
    struct otlp_limits limits = {0};
    struct error err = {0};
    cr_assert_eq(otlp_scan(p->signal, piece, limits, &counts, &err), STATUS_OK);
    cr_assert_eq(counts.items, items);
    cr_assert_geq(counts.resources, 1);
    cr_assert_lt(p->count, 16);
    p->sizes[p->count++] = items;
}

TEST(otlp_split, cuts_into_pieces_that_are_whole_requests)
{
    struct buf wire;
    struct error err = {0};
    struct pieces p = {.signal = OTLP_METRICS};
    to_wire(
        OTLP_METRICS,
        "{\"resourceMetrics\":[{\"resource\":{},\"scopeMetrics\":[{\"metrics\":[{\"name\":\"a\","
        "\"gauge\":{\"dataPoints\":[{\"asInt\":\"1\"},{\"asInt\":\"2\"},{\"asInt\":\"3\"}]}},{"
        "\"name\":\"b\",\"sum\":{\"dataPoints\":[{\"asDouble\":1}],\"isMonotonic\":true}}]}]},{"
        "\"scopeMetrics\":[{\"metrics\":[{\"name\":\"c\",\"gauge\":{\"dataPoints\":[{},{}]}}]}]}]}",
        &wire, &err);
    struct otlp_pieces rules = {.max_items = 2, .take = take, .arg = &p};
    cr_assert_eq(otlp_split(OTLP_METRICS, buf_view(&wire), &rules, &err), STATUS_OK);
    cr_assert_eq(p.count, 3);
    cr_assert(p.sizes[0] == 2 && p.sizes[1] == 2 && p.sizes[2] == 2);
    p.count = 0;
    cr_assert_neq(
        otlp_split(OTLP_METRICS, str_slice(buf_view(&wire), 0, wire.len - 3), &rules, &err),
        STATUS_OK);
    buf_release(&wire);
}
