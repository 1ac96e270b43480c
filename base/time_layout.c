/* Go's time layouts. A layout is read element by element: a table says which texts are elements, a
 * function an element reads the value. Owns nothing. */

#include "base/time_layout.h"

enum element {
    NONE,
    LONG_MONTH,
    MONTH,
    NUM_MONTH,
    ZERO_MONTH,
    LONG_WEEKDAY,
    WEEKDAY,
    DAY,
    UNDER_DAY,
    ZERO_DAY,
    UNDER_YEAR_DAY,
    ZERO_YEAR_DAY,
    HOUR,
    HOUR12,
    ZERO_HOUR12,
    MINUTE,
    ZERO_MINUTE,
    SECOND,
    ZERO_SECOND,
    LONG_YEAR,
    YEAR,
    UPPER_PM,
    LOWER_PM,
    ZONE_NAME,
    ISO_ZONE,
    ISO_SECONDS_ZONE,
    ISO_SHORT_ZONE,
    ISO_COLON_ZONE,
    ISO_COLON_SECONDS_ZONE,
    NUM_ZONE,
    NUM_SECONDS_ZONE,
    NUM_SHORT_ZONE,
    NUM_COLON_ZONE,
    NUM_COLON_SECONDS_ZONE,
    FRACTION,
};

/* Longer texts first where one begins with another. */
static const struct {
    const char *text;
    enum element element;
} elements[] = {
    {"January", LONG_MONTH},
    {"Jan", MONTH},
    {"Monday", LONG_WEEKDAY},
    {"Mon", WEEKDAY},
    {"MST", ZONE_NAME},
    {"002", ZERO_YEAR_DAY},
    {"01", ZERO_MONTH},
    {"02", ZERO_DAY},
    {"03", ZERO_HOUR12},
    {"04", ZERO_MINUTE},
    {"05", ZERO_SECOND},
    {"06", YEAR},
    {"15", HOUR},
    {"1", NUM_MONTH},
    {"2006", LONG_YEAR},
    {"2", DAY},
    {"__2", UNDER_YEAR_DAY},
    {"_2", UNDER_DAY},
    {"3", HOUR12},
    {"4", MINUTE},
    {"5", SECOND},
    {"PM", UPPER_PM},
    {"pm", LOWER_PM},
    {"-070000", NUM_SECONDS_ZONE},
    {"-07:00:00", NUM_COLON_SECONDS_ZONE},
    {"-0700", NUM_ZONE},
    {"-07:00", NUM_COLON_ZONE},
    {"-07", NUM_SHORT_ZONE},
    {"Z070000", ISO_SECONDS_ZONE},
    {"Z07:00:00", ISO_COLON_SECONDS_ZONE},
    {"Z0700", ISO_ZONE},
    {"Z07:00", ISO_COLON_ZONE},
    {"Z07", ISO_SHORT_ZONE},
};

static const char *const months[] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};
static const char *const weekdays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};

struct parse {
    struct str value;
    struct layout_time *out;
    int year_day;
    bool is_pm, is_am, has_offset, is_utc, has_month;
    int64_t offset;
    struct str zone_name;
};

static bool is_digit(struct str s, size_t at)
{
    return at < s.len && s.ptr[at] >= '0' && s.ptr[at] <= '9';
}

static void skip(struct parse *p, size_t n)
{
    p->value = str_slice(p->value, n, p->value.len);
}

/* ".000", ",000", ".999": a separator and equal digits that no digit follows. */
static size_t fraction_size(struct str s)
{
    if (s.len < 2 || (s.ptr[0] != '.' && s.ptr[0] != ',') || (s.ptr[1] != '0' && s.ptr[1] != '9')) {
        return 0;
    }
    size_t n = 1;
    while (n < s.len && s.ptr[n] == s.ptr[1])
        n++;
    return is_digit(s, n) ? 0 : n;
}

static bool word_goes_on(struct str layout, size_t at)
{
    return at < layout.len && layout.ptr[at] >= 'a' && layout.ptr[at] <= 'z';
}

/* The element that `layout` begins with, and its length. */
static enum element element_at(struct str layout, size_t *size)
{
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++) {
        struct str text = str_from(elements[i].text);
        if (!str_starts(layout, text))
            continue;
        enum element e = elements[i].element;
        if ((e == MONTH || e == WEEKDAY) && word_goes_on(layout, 3))
            continue;
        if (e == UNDER_DAY && str_starts(layout, STR("_2006")))
            continue;
        *size = text.len;
        return e;
    }
    *size = fraction_size(layout);
    return *size != 0 ? FRACTION : NONE;
}

/* One or two digits (exactly two when fixed), blank-padded when allowed. */
static bool read_number(struct parse *p, bool fixed, int *out)
{
    if (!is_digit(p->value, 0))
        return false;
    if (!is_digit(p->value, 1)) {
        if (fixed)
            return false;
        *out = p->value.ptr[0] - '0';
        skip(p, 1);
        return true;
    }
    *out = (p->value.ptr[0] - '0') * 10 + (p->value.ptr[1] - '0');
    skip(p, 2);
    return true;
}

static bool read_digits(struct parse *p, size_t count, int *out)
{
    *out = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_digit(p->value, i))
            return false;
        *out = *out * 10 + (p->value.ptr[i] - '0');
    }
    skip(p, count);
    return true;
}

static bool read_name(struct parse *p, const char *const *names, int count, size_t len, int *out)
{
    for (int i = 0; i < count; i++) {
        struct str name = str_slice(str_from(names[i]), 0, len);
        if (!str_eq_fold(str_slice(p->value, 0, name.len), name))
            continue;
        skip(p, name.len);
        *out = i;
        return true;
    }
    return false;
}

static bool read_month(struct parse *p, enum element e)
{
    int month = 0;
    p->has_month = true;
    if (e == LONG_MONTH || e == MONTH) {
        if (!read_name(p, months, 12, e == MONTH ? 3 : SIZE_MAX, &month))
            return false;
        p->out->civil.month = month + 1;
        return true;
    }
    return read_number(p, e == ZERO_MONTH, &p->out->civil.month) && p->out->civil.month >= 1 &&
           p->out->civil.month <= 12;
}

static bool read_day(struct parse *p, enum element e)
{
    if (e == UNDER_DAY && p->value.len != 0 && p->value.ptr[0] == ' ')
        skip(p, 1);
    return read_number(p, e == ZERO_DAY, &p->out->civil.day);
}

static bool read_year_day(struct parse *p, enum element e)
{
    if (e == ZERO_YEAR_DAY)
        return read_digits(p, 3, &p->year_day);
    for (int i = 0; i < 2 && p->value.len != 0 && p->value.ptr[0] == ' '; i++)
        skip(p, 1);
    size_t digits = 0;
    while (digits < 3 && digits < p->value.len && p->value.ptr[digits] >= '0' &&
           p->value.ptr[digits] <= '9')
        digits++;
    return digits != 0 && read_digits(p, digits, &p->year_day);
}

static bool read_year(struct parse *p, enum element e)
{
    int year = 0;
    if (!read_digits(p, e == LONG_YEAR ? 4 : 2, &year))
        return false;
    if (e == YEAR)
        year += year >= 69 ? 1900 : 2000;
    p->out->civil.year = year;
    return true;
}

static bool read_fraction_digits(struct parse *p, size_t size)
{
    int64_t ns = 0;
    for (size_t i = 1; i < size; i++) {
        if (!is_digit(p->value, i))
            return false;
        if (i <= 9)
            ns = ns * 10 + (p->value.ptr[i] - '0');
    }
    for (size_t i = size; i < 10; i++)
        ns *= 10;
    p->out->civil.nanosecond = ns;
    skip(p, size);
    return true;
}

static size_t count_fraction(struct str s)
{
    size_t n = 1;
    if (s.len < 2 || (s.ptr[0] != '.' && s.ptr[0] != ',') || !is_digit(s, 1))
        return 0;
    while (is_digit(s, n))
        n++;
    return n;
}

/* A fraction may follow the seconds even where the layout has none. */
static bool read_second(struct parse *p, enum element e, struct str layout_rest)
{
    size_t size;
    if (!read_number(p, e == ZERO_SECOND, &p->out->civil.second) || p->out->civil.second > 59) {
        return false;
    }
    if (element_at(layout_rest, &size) == FRACTION)
        return true;
    size = count_fraction(p->value);
    return size == 0 || read_fraction_digits(p, size);
}

static bool read_fraction(struct parse *p, struct str layout, size_t size)
{
    if (layout.ptr[1] == '9') {
        size = count_fraction(p->value);
        return size == 0 || read_fraction_digits(p, size);
    }
    if (p->value.len < size || (p->value.ptr[0] != '.' && p->value.ptr[0] != ','))
        return false;
    return read_fraction_digits(p, size);
}

static bool read_offset_part(struct parse *p, bool colon, int64_t factor)
{
    int part = 0;
    if (colon) {
        if (p->value.len == 0 || p->value.ptr[0] != ':')
            return false;
        skip(p, 1);
    }
    if (!read_digits(p, 2, &part))
        return false;
    p->offset += part * factor;
    return true;
}

/* How an offset is written: ISO kinds also as Z, with colons, how many parts of hour, minute,
 * second. */
struct offset_form {
    bool takes_z;
    bool colon;
    int parts;
};

static struct offset_form offset_form_of(enum element e)
{
    struct offset_form form = {.takes_z = e >= ISO_ZONE && e <= ISO_COLON_SECONDS_ZONE, .parts = 2};
    switch (e) {
    case ISO_COLON_ZONE:
    case NUM_COLON_ZONE: form.colon = true; break;
    case ISO_SECONDS_ZONE:
    case NUM_SECONDS_ZONE: form.parts = 3; break;
    case ISO_COLON_SECONDS_ZONE:
    case NUM_COLON_SECONDS_ZONE:
        form.colon = true;
        form.parts = 3;
        break;
    case ISO_SHORT_ZONE:
    case NUM_SHORT_ZONE: form.parts = 1; break;
    default: break;
    }
    return form;
}

static bool read_offset(struct parse *p, enum element e)
{
    struct offset_form form = offset_form_of(e);
    p->has_offset = true;
    p->offset = 0;
    if (form.takes_z && p->value.len != 0 && p->value.ptr[0] == 'Z') {
        skip(p, 1);
        return true;
    }
    if (p->value.len == 0 || (p->value.ptr[0] != '+' && p->value.ptr[0] != '-'))
        return false;
    bool is_west = p->value.ptr[0] == '-';
    skip(p, 1);
    int factor = 3600;
    for (int i = 0; i < form.parts; i++, factor /= 60) {
        if (!read_offset_part(p, i > 0 && form.colon, factor))
            return false;
    }
    if (is_west)
        p->offset = -p->offset;
    return true;
}

/* Three to five capitals, or "+03". */
static bool read_zone_name(struct parse *p)
{
    size_t n = 0;
    if (str_starts(p->value, STR("UTC"))) {
        p->is_utc = true;
        skip(p, 3);
        return true;
    }
    if (p->value.len != 0 && (p->value.ptr[0] == '+' || p->value.ptr[0] == '-')) {
        return read_offset(p, NUM_SHORT_ZONE);
    }
    while (n < p->value.len && n < 6 && p->value.ptr[n] >= 'A' && p->value.ptr[n] <= 'Z')
        n++;
    if (n < 3 || n > 5)
        return false;
    p->zone_name = str_slice(p->value, 0, n);
    skip(p, n);
    return true;
}

static bool read_hour(struct parse *p, enum element e)
{
    int *hour = &p->out->civil.hour;
    if (!read_number(p, e == ZERO_HOUR12, hour))
        return false;
    return *hour >= 0 && *hour <= (e == HOUR ? 23 : 12);
}

static bool read_half(struct parse *p, enum element e)
{
    bool upper = e == UPPER_PM;
    p->is_pm = str_starts(p->value, upper ? STR("PM") : STR("pm"));
    p->is_am = str_starts(p->value, upper ? STR("AM") : STR("am"));
    skip(p, 2);
    return p->is_pm || p->is_am;
}

static bool read_date(struct parse *p, enum element e)
{
    int ignored;
    switch (e) {
    case LONG_WEEKDAY:
    case WEEKDAY: return read_name(p, weekdays, 7, e == WEEKDAY ? 3 : SIZE_MAX, &ignored);
    case DAY:
    case UNDER_DAY:
    case ZERO_DAY: return read_day(p, e);
    case UNDER_YEAR_DAY:
    case ZERO_YEAR_DAY: return read_year_day(p, e);
    case LONG_YEAR:
    case YEAR: return read_year(p, e);
    default: return read_month(p, e);
    }
}

static bool read_element(struct parse *p, enum element e, struct str layout, size_t size)
{
    switch (e) {
    case HOUR:
    case HOUR12:
    case ZERO_HOUR12: return read_hour(p, e);
    case MINUTE:
    case ZERO_MINUTE:
        return read_number(p, e == ZERO_MINUTE, &p->out->civil.minute) &&
               p->out->civil.minute <= 59;
    case SECOND:
    case ZERO_SECOND: return read_second(p, e, str_slice(layout, size, layout.len));
    case UPPER_PM:
    case LOWER_PM: return read_half(p, e);
    case ZONE_NAME: return read_zone_name(p);
    case FRACTION: return read_fraction(p, layout, size);
    default:
        return e >= ISO_ZONE && e <= NUM_COLON_SECONDS_ZONE ? read_offset(p, e) : read_date(p, e);
    }
}

static size_t blanks(struct str s)
{
    size_t n = 0;
    while (n < s.len && s.ptr[n] == ' ')
        n++;
    return n;
}

static bool read_all(struct parse *p, struct str layout)
{
    while (layout.len != 0) {
        size_t size;
        enum element e = element_at(layout, &size);
        if (e == NONE && layout.ptr[0] == ' ') {
            /* Blanks match any number of blanks, none at the end. */
            if (p->value.len != 0 && p->value.ptr[0] != ' ')
                return false;
            p->value = str_slice(p->value, blanks(p->value), p->value.len);
            size = blanks(layout);
        } else if (e == NONE) {
            if (p->value.len == 0 || p->value.ptr[0] != layout.ptr[0])
                return false;
            skip(p, 1);
            size = 1;
        } else if (!read_element(p, e, layout, size)) {
            return false;
        }
        layout = str_slice(layout, size, layout.len);
    }
    return p->value.len == 0;
}

static bool settle_date(struct parse *p)
{
    struct civil_time *t = &p->out->civil;
    if (p->is_pm && t->hour < 12)
        t->hour += 12;
    if (p->is_am && t->hour == 12)
        t->hour = 0;
    if (p->year_day > 0) {
        if (p->year_day > 365 + (civil_month_days(t->year, 2) == 29))
            return false;
        struct civil_time day;
        civil_from_seconds((civil_days(t->year, 1, 1) + p->year_day - 1) * 86400, &day);
        if (p->has_month && (t->month != day.month || t->day != day.day))
            return false;
        t->month = day.month;
        t->day = day.day;
    }
    return t->day >= 1 && t->day <= civil_month_days(t->year, t->month);
}

static int64_t settle_zone(const struct parse *p, const struct timezone_rules *zone)
{
    int64_t civil = civil_seconds(&p->out->civil);
    int64_t offset = 0;
    if (p->has_offset)
        return civil - p->offset;
    if (p->is_utc)
        return civil;
    if (p->zone_name.len == 0)
        return timezone_seconds(zone, civil);
    return timezone_abbreviation(zone, p->zone_name, &offset) ? civil - offset : civil;
}

bool time_layout_parse(struct str layout, struct str text, const struct timezone_rules *zone,
                       struct layout_time *out)
{
    struct parse p = {.value = text, .out = out};
    *out = (struct layout_time){.civil = {.month = 1, .day = 1}};
    if (!read_all(&p, layout) || !settle_date(&p))
        return false;
    int64_t seconds = settle_zone(&p, zone);
    if (seconds > 9223372035 || seconds < -9223372036) {
        out->unix_ns = 0;
        return out->civil.year == 0;
    }
    out->unix_ns = seconds * 1000000000 + out->civil.nanosecond;
    return true;
}

bool time_layout_has_year(struct str layout)
{
    return str_find(layout, STR("06"), 0) != SIZE_MAX;
}
