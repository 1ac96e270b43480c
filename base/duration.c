/* Durations as Go's time package and Prometheus' model package read and print them. Pure. */

#include "base/strconv.h"

#include <string.h>

struct unit {
    struct str name;
    int64_t ns;
};

static const int64_t US = 1000, MS = 1000000, SECOND = 1000000000;
static const uint64_t LIMIT = (uint64_t)1 << 63;

static const struct unit go_units[] = {
    {STR_INIT("ns"), 1},           {STR_INIT("us"), 1000},
    {STR_INIT("\xc2\xb5s"), 1000}, /* micro sign */
    {STR_INIT("\xce\xbcs"), 1000}, /* Greek mu */
    {STR_INIT("ms"), 1000000},     {STR_INIT("s"), 1000000000},
    {STR_INIT("m"), 60000000000},  {STR_INIT("h"), 3600000000000},
};

/* From the largest, in the order in which they may be written. */
static const struct unit prom_units[] = {
    {STR_INIT("y"), 365 * 86400000000000},
    {STR_INIT("w"), 7 * 86400000000000},
    {STR_INIT("d"), 86400000000000},
    {STR_INIT("h"), 3600000000000},
    {STR_INIT("m"), 60000000000},
    {STR_INIT("s"), 1000000000},
    {STR_INIT("ms"), 1000000},
};

enum { GO_UNITS = sizeof(go_units) / sizeof(go_units[0]) };
enum { PROM_UNITS = sizeof(prom_units) / sizeof(prom_units[0]) };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* time's own quoting, which is bytewise. For an error message. */
struct quoted {
    char text[256];
};

static struct quoted time_quote(struct str s)
{
    static const char hex[] = "0123456789abcdef";
    struct quoted q;
    size_t at = 0;
    q.text[at++] = '"';
    for (size_t i = 0; i < s.len && at < sizeof(q.text) - 8; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c < ' ' || c >= 0x80) {
            q.text[at++] = '\\';
            q.text[at++] = 'x';
            q.text[at++] = hex[c >> 4];
            q.text[at++] = hex[c & 15];
            continue;
        }
        if (c == '"' || c == '\\')
            q.text[at++] = '\\';
        q.text[at++] = (char)c;
    }
    q.text[at++] = '"';
    q.text[at] = '\0';
    return q;
}

static const struct unit *find_unit(const struct unit *units, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(units[i].name, name))
            return &units[i];
    return NULL;
}

/* One "1.5h" of a duration. */
struct part {
    uint64_t whole;
    uint64_t fraction;
    double scale;
    bool any;
};

static bool take_whole(struct str *s, struct part *part)
{
    size_t i = 0;
    for (; i < s->len && is_digit(s->ptr[i]); i++) {
        if (part->whole > LIMIT / 10)
            return false;
        part->whole = part->whole * 10 + (unsigned)(s->ptr[i] - '0');
        if (part->whole > LIMIT)
            return false;
    }
    part->any = i > 0;
    *s = str_slice(*s, i, s->len);
    return true;
}

/* Digits that no longer fit are dropped. */
static void take_fraction(struct str *s, struct part *part)
{
    part->scale = 1;
    if (s->len == 0 || s->ptr[0] != '.')
        return;
    size_t i = 1;
    bool full = false;
    for (; i < s->len && is_digit(s->ptr[i]); i++) {
        uint64_t next = part->fraction * 10 + (unsigned)(s->ptr[i] - '0');
        full = full || part->fraction > (LIMIT - 1) / 10 || next > LIMIT;
        if (full)
            continue;
        part->fraction = next;
        part->scale *= 10;
    }
    part->any = part->any || i > 1;
    *s = str_slice(*s, i, s->len);
}

static struct str take_unit(struct str *s, bool dots)
{
    size_t i = 0;
    while (i < s->len && !is_digit(s->ptr[i]) && (dots || s->ptr[i] != '.'))
        i++;
    struct str name = str_slice(*s, 0, i);
    *s = str_slice(*s, i, s->len);
    return name;
}

/* Adds the part to the sum; false on overflow. */
static bool add_part(const struct part *part, int64_t unit, uint64_t *sum)
{
    uint64_t size = (uint64_t)unit, value = part->whole;
    if (value > LIMIT / size)
        return false;
    value *= size;
    if (part->fraction > 0) {
        value += (uint64_t)((double)part->fraction * ((double)size / part->scale));
        if (value > LIMIT)
            return false;
    }
    *sum += value;
    return *sum <= LIMIT;
}

static enum status invalid_duration(struct str whole, struct error *err)
{
    return error_set(err, STATUS_INVALID, "time: invalid duration %s", time_quote(whole).text);
}

static enum status sum_parts(struct str whole, struct str s, uint64_t *sum, struct error *err)
{
    while (s.len) {
        struct part part = {0};
        if ((s.ptr[0] != '.' && !is_digit(s.ptr[0])) || !take_whole(&s, &part))
            return invalid_duration(whole, err);
        take_fraction(&s, &part);
        if (!part.any)
            return invalid_duration(whole, err);
        struct str name = take_unit(&s, false);
        if (name.len == 0)
            return error_set(err, STATUS_INVALID, "time: missing unit in duration %s",
                             time_quote(whole).text);
        const struct unit *unit = find_unit(go_units, GO_UNITS, name);
        if (!unit)
            return error_set(err, STATUS_INVALID, "time: unknown unit %s in duration %s",
                             time_quote(name).text, time_quote(whole).text);
        if (!add_part(&part, unit->ns, sum))
            return invalid_duration(whole, err);
    }
    return STATUS_OK;
}

enum status duration_parse(struct str s, int64_t *ns, struct error *err)
{
    struct str rest = s;
    bool minus = s.len && s.ptr[0] == '-';
    if (s.len && (s.ptr[0] == '-' || s.ptr[0] == '+'))
        rest = str_slice(s, 1, s.len);
    *ns = 0;
    if (str_is(rest, "0"))
        return STATUS_OK;
    if (rest.len == 0)
        return invalid_duration(s, err);
    uint64_t sum = 0;
    enum status status = sum_parts(s, rest, &sum, err);
    if (status != STATUS_OK)
        return status;
    if (!minus && sum > LIMIT - 1)
        return invalid_duration(s, err);
    *ns = (int64_t)(minus ? 0 - sum : sum);
    return STATUS_OK;
}

/* Prints value / 10^digits without zeros at the end. */
static void print_fraction(struct buf *out, uint64_t value, unsigned digits)
{
    uint64_t scale = 1;
    for (unsigned i = 0; i < digits; i++)
        scale *= 10;
    buf_u64(out, value / scale);
    value %= scale;
    if (value == 0)
        return;
    buf_byte(out, '.');
    while (value) {
        scale /= 10;
        buf_byte(out, (char)('0' + value / scale));
        value %= scale;
    }
}

void duration_format(struct buf *out, int64_t ns)
{
    uint64_t value = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    if (ns < 0)
        buf_byte(out, '-');
    if (value == 0) {
        buf_cstr(out, "0s");
    } else if (value < (uint64_t)US) {
        buf_u64(out, value);
        buf_cstr(out, "ns");
    } else if (value < (uint64_t)MS) {
        print_fraction(out, value, 3);
        buf_cstr(out, "\xc2\xb5s");
    } else if (value < (uint64_t)SECOND) {
        print_fraction(out, value, 6);
        buf_cstr(out, "ms");
    } else {
        uint64_t minutes = value / (uint64_t)SECOND / 60;
        if (minutes >= 60) {
            buf_u64(out, minutes / 60);
            buf_byte(out, 'h');
        }
        if (minutes > 0) {
            buf_u64(out, minutes % 60);
            buf_byte(out, 'm');
        }
        print_fraction(out, value - minutes * 60 * (uint64_t)SECOND, 9);
        buf_byte(out, 's');
    }
}

static enum status not_prom(struct str s, struct error *err)
{
    char memory[256];
    struct buf quoted = {.data = memory, .cap = sizeof(memory), .max = sizeof(memory)};
    strconv_quote(&quoted, str_slice(s, 0, 50));
    return error_set(err, STATUS_INVALID, "not a valid duration string: %.*s",
                     STR_ARG(buf_view(&quoted)));
}

static enum status unknown_prom_unit(struct str name, struct str s, struct error *err)
{
    char memory[512];
    struct buf text = {.data = memory, .cap = sizeof(memory), .max = sizeof(memory)};
    buf_cstr(&text, "unknown unit ");
    strconv_quote(&text, str_slice(name, 0, 50));
    buf_cstr(&text, " in duration ");
    strconv_quote(&text, str_slice(s, 0, 50));
    return error_set(err, STATUS_INVALID, "%.*s", STR_ARG(buf_view(&text)));
}

enum status prom_duration_parse(struct str s, int64_t *ns, struct error *err)
{
    *ns = 0;
    if (str_is(s, "0"))
        return STATUS_OK;
    if (s.len == 0)
        return error_set(err, STATUS_INVALID, "empty duration string");
    uint64_t sum = 0;
    const struct unit *after = prom_units; /* units must go from the largest to the smallest */
    for (struct str rest = s; rest.len;) {
        size_t digits = 0;
        while (digits < rest.len && is_digit(rest.ptr[digits]))
            digits++;
        uint64_t value;
        if (!str_to_u64(str_slice(rest, 0, digits), &value))
            return not_prom(s, err);
        rest = str_slice(rest, digits, rest.len);
        struct str name = take_unit(&rest, true);
        if (name.len == 0)
            return not_prom(s, err);
        const struct unit *unit = find_unit(prom_units, PROM_UNITS, name);
        if (!unit)
            return unknown_prom_unit(name, s, err);
        if (unit < after)
            return not_prom(s, err);
        after = unit + 1;
        if (value > LIMIT / (uint64_t)unit->ns || (sum += value * (uint64_t)unit->ns) > LIMIT - 1)
            return error_set(err, STATUS_INVALID, "duration out of range");
    }
    *ns = (int64_t)sum;
    return STATUS_OK;
}

void prom_duration_format(struct buf *out, int64_t ns)
{
    int64_t left = ns / MS;
    if (left == 0) {
        buf_cstr(out, "0s");
        return;
    }
    for (size_t i = 0; i < PROM_UNITS; i++) {
        int64_t unit = prom_units[i].ns / MS;
        /* Years and weeks only if nothing remains: 90d reads better than 12w6d. */
        bool exact_only = i < 2;
        if (left < unit || (exact_only && left % unit != 0))
            continue;
        buf_i64(out, left / unit);
        buf_str(out, prom_units[i].name);
        left %= unit;
    }
}
