/* The scan of OTLP bytes: counts, limits, and damage. */

#include "tests/support/test.h"

#include "base/buf.h"
#include "runtime/telemetry/otlp_scan.h"

/* A message of one length-delimited field around what `b` holds. */
static void wrap(struct buf *b, unsigned field)
{
    char head[12];
    size_t n = 0, len = b->len;
    head[n++] = (char)(field << 3 | 2);
    for (; len > 0x7f; len >>= 7)
        head[n++] = (char)(len | 0x80);
    head[n++] = (char)len;
    buf_reserve(b, n);
    memmove(b->data + n, b->data, b->len);
    memcpy(b->data, head, n);
    b->len += n;
}

static enum status scan(enum otlp_signal signal, struct str bytes, struct otlp_counts *counts)
{
    struct error err = {0};
    return otlp_scan(signal, bytes, (struct otlp_limits){0}, counts, &err);
}

TEST(otlp_scan, counts_what_is_there)
{
    struct otlp_counts counts;
    static const char spans[] =
        "\x0a\x30"                                                   /* resource spans */
        "\x0a\x0a\x0a\x08\x0a\x01k\x12\x03\x0a\x01v"                 /* resource: k="v" */
        "\x12\x22"                                                   /* scope spans */
        "\x0a\x03\x0a\x01s"                                          /* scope "s" */
        "\x12\x0c\x2a\x01n\x39\1\2\3\4\5\6\7\x08"                    /* span, name, start time */
        "\x12\x0d\x4a\x0b\x0a\x01k\x12\x06\x2a\x04\x0a\x02\x18\x07"; /* span, k=[7] */
    struct str bytes = str_of(spans, sizeof(spans) - 1);
    cr_assert_eq(scan(OTLP_TRACES, bytes, &counts), STATUS_OK);
    cr_assert_eq(counts.items, 2);
    cr_assert_eq(counts.resources, 1);
    cr_assert_eq(counts.scopes, 1);
    cr_assert_eq(counts.attributes, 2);
    for (size_t len = 1; len < bytes.len; len++)
        cr_assert_neq(scan(OTLP_TRACES, str_of(spans, len), &counts), STATUS_OK, "cut at %d",
                      (int)len);
    cr_assert_eq(scan(OTLP_TRACES, STR_NONE, &counts), STATUS_OK);
    cr_assert_eq(counts.items, 0);

    /* resource metrics, scope metrics, metric, sum, two points of which one has an exemplar */
    static const char metrics[] =
        "\x0a\x12\x12\x10\x12\x0e\x0a\x01m\x3a\x09\x0a\x00\x0a\x05\x2a\x03\x22\x01x";
    cr_assert_eq(scan(OTLP_METRICS, str_of(metrics, sizeof(metrics) - 1), &counts), STATUS_OK);
    cr_assert_eq(counts.items, 2);
    /* an unknown field of every wire type is skipped */
    static const char unknown[] =
        "\xa0\x06\x01\xa1\x06\1\2\3\4\5\6\7\x08\xa2\x06\x01x\xa5\x06\1\2\3\4";
    cr_assert_eq(scan(OTLP_LOGS, str_of(unknown, sizeof(unknown) - 1), &counts), STATUS_OK);
}

TEST(otlp_scan, refuses_what_is_malformed)
{
    static const struct {
        const char *bytes;
        size_t len;
    } bad[] = {
#define B(text) {text, sizeof(text) - 1}
        B("\x00"),                                         /* field 0 */
        B("\x0b"),                                         /* a group */
        B("\x0c"),                                         /* its end */
        B("\x0a\xff\xff\xff\xff\x0f"),                     /* a length beyond the end */
        B("\x08\x01"),                                     /* a number where a message belongs */
        B("\x0d\1\2\3\4"),                                 /* the same, fixed */
        B("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"), /* an endless key */
        B("\xa0\x06\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), /* more than 64 bits */
        B("\x0a\x02\x18\x01"),                                 /* schema_url as a number */
#undef B
    };
    struct otlp_counts counts;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert_eq(scan(OTLP_LOGS, str_of(bad[i].bytes, bad[i].len), &counts), STATUS_INVALID,
                     "case %d", (int)i);
    /* histogram point with an uneven packed field */
    static const char packed[] = "\x0a\x0b\x12\x09\x12\x07\x4a\x05\x0a\x03\x32\x01x";
    cr_assert_eq(scan(OTLP_METRICS, str_of(packed, sizeof(packed) - 1), &counts), STATUS_INVALID);
}

TEST(otlp_scan, bounds_depth_items_and_elements)
{
    struct buf b;
    buf_init(&b, NULL, 1 << 20);
    struct otlp_counts counts;
    struct error err = {0};
    /* Body of a log record as arrays in arrays: two messages a level. */
    for (unsigned level = 0; level < 20000; level++) {
        wrap(&b, 1);
        wrap(&b, 5);
    }
    wrap(&b, 5);
    wrap(&b, 2);
    wrap(&b, 2);
    wrap(&b, 1);
    cr_assert_eq(otlp_scan(OTLP_LOGS, buf_view(&b), (struct otlp_limits){0}, &counts, &err),
                 STATUS_LIMIT);
    buf_clear(&b);
    for (unsigned i = 0; i < 100; i++)
        buf_append(&b, "\x12\x00", 2); /* 100 empty log records */
    wrap(&b, 2);
    wrap(&b, 1);
    cr_assert_eq(
        otlp_scan(OTLP_LOGS, buf_view(&b), (struct otlp_limits){.max_items = 100}, &counts, &err),
        STATUS_OK);
    cr_assert_eq(counts.items, 100);
    cr_assert_eq(
        otlp_scan(OTLP_LOGS, buf_view(&b), (struct otlp_limits){.max_items = 99}, &counts, &err),
        STATUS_LIMIT);
    cr_assert_eq(otlp_scan(OTLP_LOGS, buf_view(&b), (struct otlp_limits){.max_elements = 101},
                           &counts, &err),
                 STATUS_LIMIT);
    cr_assert_eq(otlp_scan(OTLP_LOGS, buf_view(&b),
                           (struct otlp_limits){.max_elements = 102, .max_depth = 3}, &counts,
                           &err),
                 STATUS_OK);
    cr_assert_eq(
        otlp_scan(OTLP_LOGS, buf_view(&b), (struct otlp_limits){.max_depth = 2}, &counts, &err),
        STATUS_LIMIT);
    buf_release(&b);
}
