/* Conversions against what Go's strconv, unicode/utf8, time, prometheus/common and
 * alecthomas/units answer. */

#include "base/strconv.h"
#include "tests/support/test.h"

#include <math.h>

/* clang-format off */
static const struct {
    const char *text;
    int ok;
    int range;
    uint64_t bits;
} floats[] = {
    {"", 0, 0, 0x0000000000000000},
    {"1", 1, 0, 0x3ff0000000000000},
    {"+1", 1, 0, 0x3ff0000000000000},
    {"-1", 1, 0, 0xbff0000000000000},
    {"1.5", 1, 0, 0x3ff8000000000000},
    {".5", 1, 0, 0x3fe0000000000000},
    {"5.", 1, 0, 0x4014000000000000},
    {".", 0, 0, 0x0000000000000000},
    {"1e3", 1, 0, 0x408f400000000000},
    {"1E3", 1, 0, 0x408f400000000000},
    {"1e", 0, 0, 0x0000000000000000},
    {"1e+", 0, 0, 0x0000000000000000},
    {"1e-5", 1, 0, 0x3ee4f8b588e368f1},
    {"e5", 0, 0, 0x0000000000000000},
    {"0x10", 0, 0, 0x0000000000000000},
    {"0x1p4", 1, 0, 0x4030000000000000},
    {"0X1.8P1", 1, 0, 0x4008000000000000},
    {"0x.8p0", 1, 0, 0x3fe0000000000000},
    {"0x1p", 0, 0, 0x0000000000000000},
    {"0xp1", 0, 0, 0x0000000000000000},
    {"0x1.fffffffffffff8p0", 1, 0, 0x4000000000000000},
    {"0x1.fffffffffffffp1023", 1, 0, 0x7fefffffffffffff},
    {"0x1p1024", 1, 1, 0x7ff0000000000000},
    {"0x1p-1074", 1, 0, 0x0000000000000001},
    {"0x1p-1075", 1, 0, 0x0000000000000000},
    {"0x1.8p-1075", 1, 0, 0x0000000000000001},
    {"0x123456789abcdef0123p-60", 1, 0, 0x40b23456789abcdf},
    {"inf", 1, 0, 0x7ff0000000000000},
    {"+Inf", 1, 0, 0x7ff0000000000000},
    {"-INFINITY", 1, 0, 0xfff0000000000000},
    {"infinit", 0, 0, 0x0000000000000000},
    {"nan", 1, 0, 0x7ff8000000000001},
    {"NaN", 1, 0, 0x7ff8000000000001},
    {"-nan", 0, 0, 0x0000000000000000},
    {"+nan", 0, 0, 0x0000000000000000},
    {"1e400", 1, 1, 0x7ff0000000000000},
    {"-1e400", 1, 1, 0xfff0000000000000},
    {"1e-400", 1, 0, 0x0000000000000000},
    {"179769313486231580793728971405301199123456789012345e258", 1, 0, 0x7fefffffffffffff},
    {"9007199254740993", 1, 0, 0x4340000000000000},
    {"123456789012345678901234567890", 1, 0, 0x45f8ee90ff6c373e},
    {"0.1e-400000000000", 1, 0, 0x0000000000000000},
    {"0e99999999999", 1, 0, 0x0000000000000000},
    {"00012", 1, 0, 0x4028000000000000},
    {"1 ", 0, 0, 0x0000000000000000},
    {" 1", 0, 0, 0x0000000000000000},
    {"1f", 0, 0, 0x0000000000000000},
    {"0x", 0, 0, 0x0000000000000000},
    {"--1", 0, 0, 0x0000000000000000},
    {"1.7976931348623159e308", 1, 1, 0x7ff0000000000000},
    {"4.9e-324", 1, 0, 0x0000000000000001},
    {"2e-324", 1, 0, 0x0000000000000000},
    {"1e23", 1, 0, 0x44b52d02c7e14af6},
    {"1_0", 0, 0, 0},
};

static const struct {
    uint64_t bits;
    const char *f;
    const char *e;
    const char *g;
} printed_floats[] = {
    {0x0000000000000000, "0", "0e+00", "0"},
    {0x8000000000000000, "-0", "-0e+00", "-0"},
    {0x3ff0000000000000, "1", "1e+00", "1"},
    {0xbff0000000000000, "-1", "-1e+00", "-1"},
    {0x3fb999999999999a, "0.1", "1e-01", "0.1"},
    {0x4059000000000000, "100", "1e+02", "100"},
    {0x40fe240000000000, "123456", "1.23456e+05", "123456"},
    {0x4132d68700000000, "1234567", "1.234567e+06", "1.234567e+06"},
    {0x412e848000000000, "1000000", "1e+06", "1e+06"},
    {0x4415af1d78b58c40, "100000000000000000000", "1e+20", "1e+20"},
    {0x444b1ae4d6e2ef50, "1000000000000000000000", "1e+21", "1e+21"},
    {0x4480f0cf064dd592, "10000000000000000000000", "1e+22", "1e+22"},
    {0x44b52d02c7e14af6, "100000000000000000000000", "1e+23", "1e+23"},
    {0x3f1a36e2eb1c432d, "0.0001", "1e-04", "0.0001"},
    {0x3ee4f8b588e368f1, "0.00001", "1e-05", "1e-05"},
    {0x3e8421f5f40d8376, "0.00000015", "1.5e-07", "1.5e-07"},
    {0x405edd2f1a9fbe77, "123.456", "1.23456e+02", "123.456"},
    {0x7fefffffffffffff, "179769313486231570000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000", "1.7976931348623157e+308", "1.7976931348623157e+308"},
    {0x0000000000000001, "0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000005", "5e-324", "5e-324"},
    {0x7ff8000000000001, "NaN", "NaN", "NaN"},
    {0x7ff0000000000000, "+Inf", "+Inf", "+Inf"},
    {0xfff0000000000000, "-Inf", "-Inf", "-Inf"},
    {0x3fd5555555555555, "0.3333333333333333", "3.333333333333333e-01", "0.3333333333333333"},
};

static const struct {
    struct str text;
    const char *quoted;
} quotes[] = {
    {STR_INIT(""), "\"\""},
    {STR_INIT("abc"), "\"abc\""},
    {STR_INIT("a\"b\\c"), "\"a\\\"b\\\\c\""},
    {STR_INIT("\007\010\011\012\013\014\015"), "\"\\a\\b\\t\\n\\v\\f\\r\""},
    {STR_INIT("\000\177"), "\"\\x00\\x7f\""},
    {STR_INIT("\377\303"), "\"\\xff\\xc3\""},
    {STR_INIT("\303\251"), "\"\303\251\""},
    {STR_INIT("\302\240\342\200\213"), "\"\\u00a0\\u200b\""},
    {STR_INIT("\360\237\230\200\363\240\200\201"), "\"\360\237\230\200\\U000e0001\""},
    {STR_INIT("\346\227\245\346\234\254"), "\"\346\227\245\346\234\254\""},
    {STR_INIT("\357\277\275"), "\"\357\277\275\""},
    {STR_INIT("\314\200"), "\"\314\200\""},
};

static const struct {
    const char *literal;
    const char *text; /* NULL = malformed */
} unquotes[] = {
    {"\"\"", ""},
    {"\"abc\"", "abc"},
    {"\"a\\\"b\"", "a\"b"},
    {"\"\\a\\b\\f\\n\\r\\t\\v\\\\\"", "\007\010\014\012\015\011\013\\"},
    {"\"\\x41\\101\\u00e9\\U0001F600\"", "AA\303\251\360\237\230\200"},
    {"\"\\'\"", NULL},
    {"\"\\400\"", NULL},
    {"\"\\ud800\"", NULL},
    {"\"\\U00110000\"", NULL},
    {"\"\\x4\"", NULL},
    {"\"\\8\"", NULL},
    {"\"a\012b\"", NULL},
    {"`a\\n`", "a\\n"},
    {"`a\015\012b`", "a\012b"},
    {"`a`b`", NULL},
    {"\"a\"b\"", NULL},
    {"\"", NULL},
    {"abc", NULL},
    {"\"\\\"", NULL},
    {"\"\377\"", "\357\277\275"},
    {"\"\377\\n\"", "\357\277\275\012"},
    {"`\012`", "\012"},
};

struct duration_case {
    const char *text;
    int64_t ns;
    const char *message;
};

static const struct duration_case durations[] = {
    {"", 0, "time: invalid duration \"\""},
    {"0", 0, NULL},
    {"-0", 0, NULL},
    {"+0", 0, NULL},
    {"1", 0, "time: missing unit in duration \"1\""},
    {"1s", 1000000000, NULL},
    {"-1.5h", -5400000000000, NULL},
    {"+5m30s", 330000000000, NULL},
    {"1h2m3.5s", 3723500000000, NULL},
    {"100ms", 100000000, NULL},
    {"1us", 1000, NULL},
    {"1\302\265s", 1000, NULL},
    {"1\316\274s", 1000, NULL},
    {"1ns", 1, NULL},
    {".5s", 500000000, NULL},
    {"5.s", 5000000000, NULL},
    {".s", 0, "time: invalid duration \".s\""},
    {"1.", 0, "time: missing unit in duration \"1.\""},
    {"s", 0, "time: invalid duration \"s\""},
    {"1d", 0, "time: unknown unit \"d\" in duration \"1d\""},
    {"1x\"", 0, "time: unknown unit \"x\\\"\" in duration \"1x\\\"\""},
    {"1\303\251", 0, "time: unknown unit \"\\xc3\\xa9\" in duration \"1\\xc3\\xa9\""},
    {"-", 0, "time: invalid duration \"-\""},
    {"1h-1m", 0, "time: unknown unit \"h-\" in duration \"1h-1m\""},
    {"9223372036854775807ns", 9223372036854775807, NULL},
    {"9223372036854775808ns", 0, "time: invalid duration \"9223372036854775808ns\""},
    {"-9223372036854775808ns", INT64_MIN, NULL},
    {"9223372036.854775807s", 9223372036854775807, NULL},
    {"3000000h", 0, "time: invalid duration \"3000000h\""},
    {"99999999999999999999s", 0, "time: invalid duration \"99999999999999999999s\""},
    {"0.9223372036854775807h", 3320413933267, NULL},
    {"0.3333333333333333333h", 1200000000000, NULL},
    {"1\001s", 0, "time: unknown unit \"\\x01s\" in duration \"1\\x01s\""},
    {" 1s", 0, "time: invalid duration \" 1s\""},
    {"1 s", 0, "time: unknown unit \" s\" in duration \"1 s\""},
    {"0.1ns", 0, NULL},
};

static const struct duration_case prom_durations[] = {
    {"", 0, "empty duration string"},
    {"0", 0, NULL},
    {"1d", 86400000000000, NULL},
    {"1h30m", 5400000000000, NULL},
    {"1y2w3d4h5m6s7ms", 33019506007000000, NULL},
    {"30m1h", 0, "not a valid duration string: \"30m1h\""},
    {"1m1m", 0, "not a valid duration string: \"1m1m\""},
    {"1", 0, "not a valid duration string: \"1\""},
    {"1.5h", 0, "unknown unit \".\" in duration \"1.5h\""},
    {"-1s", 0, "not a valid duration string: \"-1s\""},
    {"1x", 0, "unknown unit \"x\" in duration \"1x\""},
    {"300y", 0, "duration out of range"},
    {"292y", 9208512000000000000, NULL},
    {"9223372036854ms", 9223372036854000000, NULL},
    {"99999999999999999999s", 0, "not a valid duration string: \"99999999999999999999s\""},
    {"1 h", 0, "unknown unit \" h\" in duration \"1 h\""},
    {"h", 0, "not a valid duration string: \"h\""},
    {"00", 0, "not a valid duration string: \"00\""},
    {"1ns", 0, "unknown unit \"ns\" in duration \"1ns\""},
};

static const struct duration_case sizes[] = {
    {"", 0, "units: invalid "},
    {"0", 0, NULL},
    {"1", 0, "units: unknown unit  in 1"},
    {"123", 0, "units: unknown unit  in 123"},
    {"5MiB", 5242880, NULL},
    {"10MB", 10485760, NULL},
    {"512KB", 524288, NULL},
    {"1GB", 1073741824, NULL},
    {"1kB", 0, "units: unknown unit kB in 1kB"},
    {"1.5KiB", 1536, NULL},
    {"1KiB5B", 1029, NULL},
    {"1KiB1KB", 0, "units: unknown unit KiB in 1KiB1KB"},
    {"1B", 1, NULL},
    {"-1KiB", -1024, NULL},
    {"+1KB", 1024, NULL},
    {"1EiB", 1152921504606846976, NULL},
    {"1PB", 1125899906842624, NULL},
    {"1TiB", 1099511627776, NULL},
    {".5KB", 512, NULL},
    {".B", 0, "units: invalid .B"},
    {"1KiBx", 0, "units: unknown unit KiBx in 1KiBx"},
    {"x", 0, "units: invalid x"},
    {"1 KB", 0, "units: unknown unit  KB in 1 KB"},
    {"99999999999999999999B", 0, "units: invalid 99999999999999999999B"},
    {"1K", 0, "units: unknown unit K in 1K"},
    {"7.5B", 7, NULL},
};

struct duration_text {
    int64_t ns;
    const char *text;
};

static const struct duration_text duration_texts[] = {
    {0, "0s"},
    {1, "1ns"},
    {999, "999ns"},
    {1000, "1\302\265s"},
    {1500, "1.5\302\265s"},
    {1000000, "1ms"},
    {1234567, "1.234567ms"},
    {1000000000, "1s"},
    {1500000000, "1.5s"},
    {60000000000, "1m0s"},
    {61000000000, "1m1s"},
    {3600000000000, "1h0m0s"},
    {5430000000000, "1h30m30s"},
    {-1500000000, "-1.5s"},
    {9223372036854775807, "2562047h47m16.854775807s"},
    {INT64_MIN, "-2562047h47m16.854775808s"},
    {90061001001001, "25h1m1.001001001s"},
};

static const struct duration_text prom_duration_texts[] = {
    {0, "0s"},
    {1, "0s"},
    {1000000, "1ms"},
    {1500000, "1ms"},
    {1000000000, "1s"},
    {60000000000, "1m"},
    {90000000000, "1m30s"},
    {5400000000000, "1h30m"},
    {86400000000000, "1d"},
    {604800000000000, "1w"},
    {691200000000000, "8d"},
    {31536000000000000, "1y"},
    {31622400000000000, "366d"},
    {7776000000000000, "90d"},
};

static const struct {
    const char *text;
    bool ok;
    int64_t ns;
    const char *printed;
} times[] = {
    {"1970-01-01T00:00:00Z", true, 0, "1970-01-01T00:00:00Z"},
    {"2024-02-29T23:59:59.999999999Z", true, 1709251199999999999, "2024-02-29T23:59:59.999999999Z"},
    {"2023-02-29T00:00:00Z", false, 0, NULL},
    {"2000-02-29T00:00:00Z", true, 951782400000000000, "2000-02-29T00:00:00Z"},
    {"1900-02-29T00:00:00Z", false, 0, NULL},
    {"2024-01-01T00:00:00+01:00", true, 1704063600000000000, "2023-12-31T23:00:00Z"},
    {"2024-01-01T00:00:00.5-00:30", true, 1704069000500000000, "2024-01-01T00:30:00.5Z"},
    {"1969-12-31T23:59:59.999999999Z", true, -1, "1969-12-31T23:59:59.999999999Z"},
    {"2024-1-1T00:00:00Z", false, 0, NULL},
    {"2024-01-01 00:00:00Z", false, 0, NULL},
    {"2024-01-01T00:00:00", false, 0, NULL},
    {"2024-01-01T24:00:00Z", false, 0, NULL},
    {"2024-01-01T00:60:00Z", false, 0, NULL},
    {"2024-01-01T00:00:60Z", false, 0, NULL},
    {"2024-01-01T00:00:00.Z", false, 0, NULL},
    {"2024-01-01T00:00:00,25Z", true, 1704067200250000000, "2024-01-01T00:00:00.25Z"},
    {"2024-01-01t00:00:00z", false, 0, NULL},
    {"2024-13-01T00:00:00Z", false, 0, NULL},
    {"2024-00-01T00:00:00Z", false, 0, NULL},
    {"2024-01-00T00:00:00Z", false, 0, NULL},
    {"2024-01-01T00:00:00.1234567891Z", true, 1704067200123456789, "2024-01-01T00:00:00.123456789Z"},
    {"2024-01-01T00:00:00+24:00", true, 1703980800000000000, "2023-12-31T00:00:00Z"},
    {"2024-01-01T00:00:00+25:00", false, 0, NULL},
    {"2024-01-01T00:00:00+01:60", true, 1704060000000000000, "2023-12-31T22:00:00Z"},
    {"2024-01-01T0:00:00Z", true, 1704067200000000000, "2024-01-01T00:00:00Z"},
    {"", false, 0, NULL},
    {"2024-01-01T00:00:00Zx", false, 0, NULL},
    {"2262-04-11T23:47:16.854775807Z", true, 9223372036854775807, "2262-04-11T23:47:16.854775807Z"},
};
/* clang-format on */

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static void assert_text(struct buf *b, const char *expected)
{
    cr_assert(str_is(buf_view(b), expected), "\"%.*s\" is not \"%s\"", STR_ARG(buf_view(b)),
              expected);
    buf_clear(b);
}

TEST(base_strconv, floats_as_go)
{
    for (size_t i = 0; i < COUNT(floats); i++) {
        double value = 0;
        bool range;
        bool ok = strconv_parse_float(str_from(floats[i].text), &value, &range);
        cr_assert_eq(ok, floats[i].ok, "%s", floats[i].text);
        if (!ok)
            continue;
        cr_assert_eq(range, floats[i].range, "%s", floats[i].text);
        double expected;
        memcpy(&expected, &floats[i].bits, sizeof(expected));
        cr_assert(bits_of(value) == floats[i].bits || (isnan(value) && isnan(expected)),
                  "%s gave %a", floats[i].text, value);
    }
    struct buf b;
    buf_init(&b, NULL, 4096);
    for (size_t i = 0; i < COUNT(printed_floats); i++) {
        double value;
        memcpy(&value, &printed_floats[i].bits, sizeof(value));
        strconv_float(&b, value, 'f');
        assert_text(&b, printed_floats[i].f);
        strconv_float(&b, value, 'e');
        assert_text(&b, printed_floats[i].e);
        strconv_float(&b, value, 'g');
        assert_text(&b, printed_floats[i].g);
    }
    buf_release(&b);
}

TEST(base_strconv, every_printed_float_reads_back)
{
    struct buf b;
    buf_init(&b, NULL, 4096);
    uint64_t random = 1;
    for (int i = 0; i < 20000; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        uint64_t bits = random ^ random >> 29;
        double value, back;
        memcpy(&value, &bits, sizeof(value));
        if (isnan(value) || isinf(value))
            continue;
        strconv_float(&b, value, "efg"[i % 3]);
        cr_assert(strconv_parse_float(buf_view(&b), &back, NULL));
        cr_assert_eq(bits_of(value), bits_of(back));
        buf_clear(&b);
    }
    buf_release(&b);
}

TEST(base_strconv, quotes_as_go)
{
    struct buf b;
    buf_init(&b, NULL, 4096);
    for (size_t i = 0; i < COUNT(quotes); i++) {
        strconv_quote(&b, quotes[i].text);
        assert_text(&b, quotes[i].quoted);
    }
    for (size_t i = 0; i < COUNT(unquotes); i++) {
        bool ok = strconv_unquote(&b, str_from(unquotes[i].literal));
        cr_assert_eq(ok, unquotes[i].text != NULL, "%s", unquotes[i].literal);
        if (ok)
            assert_text(&b, unquotes[i].text);
        buf_clear(&b);
    }
    cr_assert(strconv_unquote(&b, STR("\"\0\"")));
    cr_assert_eq(b.len, 1);
    buf_release(&b);
}

static void check_durations(const struct duration_case *cases, size_t count,
                            enum status parse(struct str, int64_t *, struct error *))
{
    for (size_t i = 0; i < count; i++) {
        struct error err = {0};
        int64_t ns = -1;
        enum status status = parse(str_from(cases[i].text), &ns, &err);
        cr_assert_eq(status == STATUS_OK, cases[i].message == NULL, "%s", cases[i].text);
        if (cases[i].message)
            cr_assert_str_eq(err.message, cases[i].message);
        else
            cr_assert_eq(ns, cases[i].ns, "%s", cases[i].text);
    }
}

static void check_texts(const struct duration_text *cases, size_t count,
                        void format(struct buf *, int64_t))
{
    struct buf b;
    buf_init(&b, NULL, 100);
    for (size_t i = 0; i < count; i++) {
        format(&b, cases[i].ns);
        assert_text(&b, cases[i].text);
    }
    buf_release(&b);
}

TEST(base_strconv, durations_and_sizes_as_go)
{
    check_durations(durations, COUNT(durations), duration_parse);
    check_durations(prom_durations, COUNT(prom_durations), prom_duration_parse);
    check_durations(sizes, COUNT(sizes), size_parse);
    check_texts(duration_texts, COUNT(duration_texts), duration_format);
    check_texts(prom_duration_texts, COUNT(prom_duration_texts), prom_duration_format);
    struct error err = {0};
    int64_t bytes;
    cr_assert_eq(size_parse(STR("8EiB"), &bytes, &err), STATUS_INVALID);
    cr_assert_str_eq(err.message, "units: overflow parsing unit");
    char many[3000];
    memset(many, '"', sizeof(many));
    cr_assert_eq(duration_parse(str_of(many, sizeof(many)), &bytes, &err), STATUS_INVALID);
    cr_assert_eq(prom_duration_parse(str_of(many, sizeof(many)), &bytes, &err), STATUS_INVALID);
}

TEST(base_strconv, times_as_go)
{
    struct buf b;
    buf_init(&b, NULL, 100);
    for (size_t i = 0; i < COUNT(times); i++) {
        int64_t ns;
        bool ok = time_parse_rfc3339(str_from(times[i].text), &ns);
        cr_assert_eq(ok, times[i].ok, "%s", times[i].text);
        if (!ok)
            continue;
        cr_assert_eq(ns, times[i].ns, "%s", times[i].text);
        time_format_rfc3339(&b, ns);
        assert_text(&b, times[i].printed);
    }
    int64_t ns;
    cr_assert_not(time_parse_rfc3339(STR("9999-01-01T00:00:00Z"), &ns), "beyond an int64");
    for (int64_t day = -100000; day < 100000; day += 7) {
        time_format_rfc3339(&b, day * 86400000000000);
        cr_assert(time_parse_rfc3339(buf_view(&b), &ns));
        cr_assert_eq(ns, day * 86400000000000);
        buf_clear(&b);
    }
    buf_release(&b);
}

TEST(base_strconv, utf8)
{
    static const struct {
        struct str text;
        bool valid;
        size_t count;
        uint32_t first;
        unsigned size;
    } cases[] = {
        {STR_INIT("a"), true, 1, 'a', 1},
        {STR_INIT("\xc3\xa9"), true, 1, 0xE9, 2},
        {STR_INIT("\xe2\x82\xac."), true, 2, 0x20AC, 3},
        {STR_INIT("\xf0\x9f\x98\x80"), true, 1, 0x1F600, 4},
        {STR_INIT("\xef\xbf\xbd"), true, 1, UTF8_BAD, 3},
        {STR_INIT("\xc0\x80"), false, 2, UTF8_BAD, 1},
        {STR_INIT("\xed\xa0\x80"), false, 3, UTF8_BAD, 1},
        {STR_INIT("\xf4\x90\x80\x80"), false, 4, UTF8_BAD, 1},
        {STR_INIT("\xe2\x82"), false, 2, UTF8_BAD, 1},
        {STR_INIT("\xff"), false, 1, UTF8_BAD, 1},
        {STR_INIT("\xe0\x9f\xbf"), false, 3, UTF8_BAD, 1},
        {STR_INIT("\xf0\x8f\xbf\xbf"), false, 4, UTF8_BAD, 1},
        {STR_INIT("\xc3("), false, 2, UTF8_BAD, 1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        unsigned size;
        cr_assert_eq(utf8_decode(cases[i].text, &size), cases[i].first);
        cr_assert_eq(size, cases[i].size);
        cr_assert_eq(utf8_valid(cases[i].text), cases[i].valid);
        cr_assert_eq(utf8_count(cases[i].text), cases[i].count);
    }
    cr_assert(utf8_valid(STR_NONE));
    cr_assert_eq(utf8_count(STR("0123456789\xc3\xa9"
                                "0123456789")),
                 21);
    cr_assert_not(utf8_valid(STR("0123456789\xc3")));
    struct buf b;
    buf_init(&b, NULL, 100);
    utf8_append(&b, 0xD800);
    utf8_append(&b, 0x110000);
    utf8_append(&b, 0x1F600);
    utf8_append(&b, 0x7FF);
    assert_text(&b, "\xef\xbf\xbd\xef\xbf\xbd\xf0\x9f\x98\x80\xdf\xbf");
    buf_release(&b);
}

TEST(base_strconv, unicode_properties_add_up_to_gos)
{
    unsigned letters = 0, digits = 0, spaces = 0, printed = 0, lowers = 0, uppers = 0;
    for (uint32_t rune = 0; rune <= 0x10FFFF; rune++) {
        letters += unicode_is_letter(rune);
        digits += unicode_is_digit(rune);
        spaces += unicode_is_space(rune);
        printed += unicode_is_print(rune);
        lowers += unicode_to_lower(rune) != rune;
        uppers += unicode_to_upper(rune) != rune;
    }
    cr_assert_eq(letters, 136104);
    cr_assert_eq(digits, 680);
    cr_assert_eq(spaces, 25);
    cr_assert_eq(printed, 148998);
    cr_assert_eq(lowers, 1433);
    cr_assert_eq(uppers, 1450);
    cr_assert(unicode_is_letter(0x3B1) && !unicode_is_letter(0x301) && unicode_is_digit(0x669));
    cr_assert_eq(unicode_to_lower(0x130), 'i');
    cr_assert_eq(unicode_to_upper(0xDF), 0xDF);
    cr_assert_eq(unicode_to_upper(0x1F80), 0x1F88);
    cr_assert_eq(unicode_to_lower(0x10400), 0x10428);
}
