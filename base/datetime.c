/* RFC 3339 times and sizes in bytes. Pure. */

#include "base/strconv.h"

static const int64_t SECOND = 1000000000;
enum { DAY_SECONDS = 86400, ERA_DAYS = 146097 };

/* Days from 1970-01-01 of the Gregorian calendar; years begin in March, so that the leap day is the
 * last, and an era is 400 years. */
static int64_t days_of(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * ERA_DAYS + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

struct date {
    int64_t year;
    unsigned month;
    unsigned day;
};

static struct date date_of(int64_t days)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - (ERA_DAYS - 1)) / ERA_DAYS;
    int64_t day = days - era * ERA_DAYS;
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    int64_t day_of_year = day - (365 * year + year / 4 - year / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;
    unsigned month = (unsigned)(shifted < 10 ? shifted + 3 : shifted - 9);
    return (struct date){.year = year + era * 400 + (month <= 2),
                         .month = month,
                         .day = (unsigned)(day_of_year - (153 * shifted + 2) / 5 + 1)};
}

static void print_padded(struct buf *out, uint64_t value, unsigned width)
{
    char digits[20];
    for (unsigned i = width; i-- > 0; value /= 10)
        digits[i] = (char)('0' + value % 10);
    buf_append(out, digits, width);
}

void time_format_rfc3339(struct buf *out, int64_t unix_ns)
{
    int64_t seconds = unix_ns / SECOND, ns = unix_ns % SECOND;
    if (ns < 0) {
        ns += SECOND;
        seconds--;
    }
    int64_t days = seconds / DAY_SECONDS, rest = seconds % DAY_SECONDS;
    if (rest < 0) {
        rest += DAY_SECONDS;
        days--;
    }
    struct date date = date_of(days);
    print_padded(out, (uint64_t)date.year, 4);
    buf_byte(out, '-');
    print_padded(out, date.month, 2);
    buf_byte(out, '-');
    print_padded(out, date.day, 2);
    buf_byte(out, 'T');
    print_padded(out, (uint64_t)rest / 3600, 2);
    buf_byte(out, ':');
    print_padded(out, (uint64_t)rest / 60 % 60, 2);
    buf_byte(out, ':');
    print_padded(out, (uint64_t)rest % 60, 2);
    if (ns) {
        unsigned width = 9;
        for (; ns % 10 == 0; ns /= 10)
            width--;
        buf_byte(out, '.');
        print_padded(out, (uint64_t)ns, width);
    }
    buf_byte(out, 'Z');
}

/* Exactly `width` digits at *at, not above `max`. */
static bool take_number(struct str s, size_t *at, unsigned width, unsigned max, unsigned *out)
{
    *out = 0;
    for (; width; width--, ++*at) {
        unsigned digit = *at < s.len ? (unsigned)(s.ptr[*at] - '0') : 10;
        if (digit > 9)
            return false;
        *out = *out * 10 + digit;
    }
    return *out <= max;
}

static bool take_byte(struct str s, size_t *at, char byte)
{
    if (*at >= s.len || s.ptr[*at] != byte)
        return false;
    ++*at;
    return true;
}

static bool take_date(struct str s, size_t *at, int64_t *days)
{
    static const unsigned char lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    unsigned year, month, day;
    if (!take_number(s, at, 4, 9999, &year) || !take_byte(s, at, '-') ||
        !take_number(s, at, 2, 12, &month) || !take_byte(s, at, '-') ||
        !take_number(s, at, 2, 31, &day) || month == 0 || day == 0)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (day > lengths[month - 1] + (unsigned)(month == 2 && leap))
        return false;
    *days = days_of(year, month, day);
    return true;
}

/* Digits beyond nanoseconds are dropped. */
static bool take_fraction(struct str s, size_t *at, int64_t *ns)
{
    *ns = 0;
    if (*at >= s.len || (s.ptr[*at] != '.' && s.ptr[*at] != ','))
        return true;
    size_t first = ++*at;
    int64_t scale = SECOND;
    for (; *at < s.len && s.ptr[*at] >= '0' && s.ptr[*at] <= '9'; ++*at) {
        scale /= 10;
        *ns += (s.ptr[*at] - '0') * scale;
    }
    return *at > first;
}

static bool take_offset(struct str s, size_t *at, int64_t *seconds)
{
    *seconds = 0;
    if (take_byte(s, at, 'Z'))
        return true;
    bool minus = *at < s.len && s.ptr[*at] == '-';
    unsigned hours, minutes;
    if (!take_byte(s, at, minus ? '-' : '+') || !take_number(s, at, 2, 24, &hours) ||
        !take_byte(s, at, ':') || !take_number(s, at, 2, 60, &minutes))
        return false;
    *seconds = (int64_t)(hours * 3600 + minutes * 60) * (minus ? -1 : 1);
    return true;
}

/* Go takes an hour of one digit, too. */
static bool take_hour(struct str s, size_t *at, unsigned *hour)
{
    unsigned width = *at + 1 < s.len && s.ptr[*at + 1] == ':' ? 1 : 2;
    return take_number(s, at, width, 23, hour);
}

bool time_split_rfc3339(struct str s, int64_t *seconds, int64_t *ns)
{
    size_t at = 0;
    int64_t days, offset;
    unsigned hour, minute, second;
    if (!take_date(s, &at, &days) || !take_byte(s, &at, 'T') || !take_hour(s, &at, &hour) ||
        !take_byte(s, &at, ':') || !take_number(s, &at, 2, 59, &minute) ||
        !take_byte(s, &at, ':') || !take_number(s, &at, 2, 59, &second) ||
        !take_fraction(s, &at, ns) || !take_offset(s, &at, &offset) || at != s.len)
        return false;
    *seconds = days * DAY_SECONDS + hour * 3600 + minute * 60 + second - offset;
    return true;
}

bool time_parse_rfc3339(struct str s, int64_t *unix_ns)
{
    int64_t seconds, ns, whole;
    return time_split_rfc3339(s, &seconds, &ns) &&
           !__builtin_mul_overflow(seconds, SECOND, &whole) &&
           !__builtin_add_overflow(whole, ns, unix_ns);
}

/* Sizes: github.com/alecthomas/units, ParseBase2Bytes. A text uses either "KiB" or "KB" units. */

static bool size_unit(struct str name, bool iec, double *factor)
{
    static const char letters[] = "KMGTPE";
    if (str_is(name, "B")) {
        *factor = 1;
        return true;
    }
    *factor = 1;
    for (size_t i = 0; letters[i]; i++) {
        *factor *= 1024;
        if (name.len && name.ptr[0] == letters[i])
            return str_is(str_slice(name, 1, name.len), iec ? "iB" : "B");
    }
    return false;
}

/* Digits; false when they are too many. */
static bool size_digits(struct str *s, double *value, unsigned *count)
{
    int64_t whole = 0;
    size_t i = 0;
    for (; i < s->len && s->ptr[i] >= '0' && s->ptr[i] <= '9'; i++) {
        if (whole >= (INT64_MAX - 9) / 10)
            return false;
        whole = whole * 10 + (s->ptr[i] - '0');
    }
    *count = (unsigned)i;
    *value = (double)whole;
    *s = str_slice(*s, i, s->len);
    return true;
}

static enum status size_invalid(struct str s, struct error *err)
{
    return error_set(err, STATUS_INVALID, "units: invalid %.*s", STR_ARG(s));
}

static enum status size_sum(struct str whole, struct str s, bool iec, double *sum,
                            struct error *err)
{
    while (s.len) {
        double value = 0, fraction = 0;
        unsigned before = 0, behind = 0;
        if (s.ptr[0] != '.' && (s.ptr[0] < '0' || s.ptr[0] > '9'))
            return size_invalid(whole, err);
        if (!size_digits(&s, &value, &before))
            return size_invalid(whole, err);
        if (s.len && s.ptr[0] == '.') {
            s = str_slice(s, 1, s.len);
            if (!size_digits(&s, &fraction, &behind))
                return size_invalid(whole, err);
        }
        if (!before && !behind)
            return size_invalid(whole, err);
        double scale = 1, factor;
        for (unsigned i = 0; i < behind; i++)
            scale *= 10;
        size_t end = 0;
        while (end < s.len && s.ptr[end] != '.' && (s.ptr[end] < '0' || s.ptr[end] > '9'))
            end++;
        struct str name = str_slice(s, 0, end);
        s = str_slice(s, end, s.len);
        if (!size_unit(name, iec, &factor))
            return error_set(err, STATUS_INVALID, "units: unknown unit %.*s in %.*s", STR_ARG(name),
                             STR_ARG(whole));
        *sum += (value + fraction / scale) * factor;
    }
    return STATUS_OK;
}

enum status size_parse(struct str s, int64_t *bytes, struct error *err)
{
    bool minus = s.len && s.ptr[0] == '-';
    struct str rest = s;
    if (s.len && (s.ptr[0] == '-' || s.ptr[0] == '+'))
        rest = str_slice(s, 1, s.len);
    *bytes = 0;
    if (str_is(rest, "0"))
        return STATUS_OK;
    if (rest.len == 0)
        return size_invalid(s, err);
    double sum = 0;
    if (size_sum(s, rest, true, &sum, NULL) != STATUS_OK) {
        sum = 0;
        enum status status = size_sum(s, rest, false, &sum, err);
        if (status != STATUS_OK)
            return status;
    }
    if (sum >= 0x1p63)
        return error_set(err, STATUS_INVALID, "units: overflow parsing unit");
    *bytes = (int64_t)(minus ? -sum : sum);
    return STATUS_OK;
}
