/* Civil time, and zones from TZif files. A zone is a sorted table of transitions in the caller's
 * arena; times after the last transition follow its POSIX rule only as far as the file's own
 * transitions go (to 2037 for fat files), or the rule of the last two years repeated. Files are at
 * most MAX_FILE bytes. */

#include "base/timezone.h"

#include "base/buf.h"
#include "base/file.h"

#include <fcntl.h>

enum { MAX_FILE = 256 * 1024, HEADER = 44 };
static const int64_t DAY = 86400;

struct zone_type {
    int64_t offset;
    struct str name;
};

/* The footer: standard and daylight time with the rules for when each begins. */
struct zone_rule {
    int month, week, weekday;
    int64_t seconds; /* local time of day */
};

struct timezone_rules {
    const int64_t *times;
    const uint8_t *indexes;
    size_t count;
    const struct zone_type *types;
    size_t type_count;
    bool has_footer, has_daylight;
    struct zone_type standard, daylight;
    struct zone_rule starts, ends;
};

/* ---- civil time (days_from_civil, H. Hinnant, "chrono-Compatible Low-Level Date Algorithms") ----
 */
int64_t civil_days(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

int civil_month_days(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && is_leap);
}

int64_t civil_seconds(const struct civil_time *t)
{
    return civil_days(t->year, t->month, t->day) * DAY + t->hour * 3600 + t->minute * 60 +
           t->second;
}

void civil_from_seconds(int64_t seconds, struct civil_time *out)
{
    int64_t days = seconds / DAY - (seconds % DAY < 0);
    int64_t rest = seconds - days * DAY;
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted_month = (5 * day_of_year + 2) / 153;
    out->day = (int)(day_of_year - (153 * shifted_month + 2) / 5 + 1);
    out->month = (int)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
    out->year = year_of_era + era * 400 + (out->month <= 2);
    out->hour = (int)(rest / 3600);
    out->minute = (int)(rest / 60 % 60);
    out->second = (int)(rest % 60);
    out->nanosecond = 0;
}

/* ---- TZif ---- */
static uint32_t read_u32(const char *p)
{
    const unsigned char *b = (const unsigned char *)p;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static int64_t read_i64(const char *p)
{
    return (int64_t)((uint64_t)read_u32(p) << 32 | read_u32(p + 4));
}

struct counts {
    size_t isutc, isstd, leap, times, types, chars;
};

static bool read_counts(struct str file, struct counts *c)
{
    if (file.len < HEADER || memcmp(file.ptr, "TZif", 4) != 0)
        return false;
    c->isutc = read_u32(file.ptr + 20);
    c->isstd = read_u32(file.ptr + 24);
    c->leap = read_u32(file.ptr + 28);
    c->times = read_u32(file.ptr + 32);
    c->types = read_u32(file.ptr + 36);
    c->chars = read_u32(file.ptr + 40);
    return c->isutc <= MAX_FILE && c->isstd <= MAX_FILE && c->leap <= MAX_FILE &&
           c->times <= MAX_FILE && c->types <= MAX_FILE && c->chars <= MAX_FILE;
}

static size_t data_size(const struct counts *c, size_t time_size)
{
    return c->times * (time_size + 1) + c->types * 6 + c->chars + c->leap * (time_size + 4) +
           c->isstd + c->isutc;
}

/* ---- the footer: "EST5EDT,M3.2.0,M11.1.0" ---- */
static bool take_number(struct str *s, int64_t *out)
{
    size_t n = 0;
    *out = 0;
    while (n < s->len && n < 6 && s->ptr[n] >= '0' && s->ptr[n] <= '9') {
        *out = *out * 10 + (s->ptr[n++] - '0');
    }
    *s = str_slice(*s, n, s->len);
    return n != 0;
}

static bool take_byte(struct str *s, char byte)
{
    if (s->len == 0 || s->ptr[0] != byte)
        return false;
    *s = str_slice(*s, 1, s->len);
    return true;
}

static bool take_time(struct str *s, int64_t *seconds)
{
    int64_t part = 0;
    bool is_negative = take_byte(s, '-');
    if (!is_negative)
        take_byte(s, '+');
    if (!take_number(s, seconds))
        return false;
    *seconds *= 3600;
    if (take_byte(s, ':') && take_number(s, &part))
        *seconds += part * 60;
    if (take_byte(s, ':') && take_number(s, &part))
        *seconds += part;
    if (is_negative)
        *seconds = -*seconds;
    return true;
}

static bool take_name(struct str *s, struct str *name)
{
    size_t n = 0;
    if (take_byte(s, '<')) {
        size_t close = str_find_byte(*s, '>', 0);
        if (close == SIZE_MAX)
            return false;
        *name = str_slice(*s, 0, close);
        *s = str_slice(*s, close + 1, s->len);
        return true;
    }
    while (n < s->len && ((s->ptr[n] | 32) >= 'a' && (s->ptr[n] | 32) <= 'z'))
        n++;
    *name = str_slice(*s, 0, n);
    *s = str_slice(*s, n, s->len);
    return n != 0;
}

static bool take_rule(struct str *s, struct zone_rule *rule)
{
    int64_t month = 0;
    int64_t week = 0;
    int64_t weekday = 0;
    rule->seconds = 7200;
    if (!take_byte(s, ',') || !take_byte(s, 'M') || !take_number(s, &month) || !take_byte(s, '.') ||
        !take_number(s, &week) || !take_byte(s, '.') || !take_number(s, &weekday)) {
        return false;
    }
    if (month < 1 || month > 12 || week < 1 || week > 5 || weekday > 6)
        return false;
    rule->month = (int)month;
    rule->week = (int)week;
    rule->weekday = (int)weekday;
    return !take_byte(s, '/') || take_time(s, &rule->seconds);
}

static void read_footer(struct timezone_rules *zone, struct str s)
{
    int64_t west = 0;
    if (!take_name(&s, &zone->standard.name) || !take_time(&s, &west))
        return;
    zone->standard.offset = -west;
    zone->has_footer = true;
    if (!take_name(&s, &zone->daylight.name))
        return;
    zone->daylight.offset = zone->standard.offset + 3600;
    if (s.len != 0 && s.ptr[0] != ',' && take_time(&s, &west))
        zone->daylight.offset = -west;
    zone->has_daylight = take_rule(&s, &zone->starts) && take_rule(&s, &zone->ends);
}

/* The day of the rule in a year, as seconds since 1970 of local time. */
static int64_t rule_seconds(const struct zone_rule *rule, int64_t year)
{
    int64_t first = civil_days(year, rule->month, 1);
    int64_t weekday = ((first + 4) % 7 + 7) % 7;
    int64_t day = (rule->weekday - weekday + 7) % 7 + 7 * (rule->week - 1);
    while (day >= civil_month_days(year, rule->month))
        day -= 7;
    return (first + day) * DAY + rule->seconds;
}

static const struct zone_type *footer_type(const struct timezone_rules *zone, int64_t unix_seconds)
{
    struct civil_time t;
    if (!zone->has_daylight)
        return &zone->standard;
    civil_from_seconds(unix_seconds + zone->standard.offset, &t);
    int64_t starts = rule_seconds(&zone->starts, t.year) - zone->standard.offset;
    int64_t ends = rule_seconds(&zone->ends, t.year) - zone->daylight.offset;
    bool is_daylight = starts < ends ? unix_seconds >= starts && unix_seconds < ends
                                     : unix_seconds >= starts || unix_seconds < ends;
    return is_daylight ? &zone->daylight : &zone->standard;
}

static bool read_zone(struct str file, struct timezone_rules *zone, struct arena *arena)
{
    struct counts c;
    if (!read_counts(file, &c) || file.ptr[4] < '2')
        return false;
    size_t skip = HEADER + data_size(&c, 4);
    if (skip > file.len)
        return false;
    file = str_slice(file, skip, file.len);
    if (!read_counts(file, &c) || c.types == 0 || HEADER + data_size(&c, 8) > file.len) {
        return false;
    }
    const char *times = file.ptr + HEADER;
    const char *indexes = times + 8 * c.times;
    const char *types = indexes + c.times;
    struct str names = str_of(types + 6 * c.types, c.chars);
    int64_t *time_table = ARENA_ARRAY(arena, c.times, int64_t);
    uint8_t *index_table = ARENA_ARRAY(arena, c.times, uint8_t);
    struct zone_type *type_table = ARENA_ARRAY(arena, c.types, struct zone_type);
    for (size_t i = 0; i < c.times; i++) {
        time_table[i] = read_i64(times + 8 * i);
        index_table[i] = (uint8_t)indexes[i];
        if (index_table[i] >= c.types)
            return false;
    }
    for (size_t i = 0; i < c.types; i++) {
        size_t at = (unsigned char)types[6 * i + 5];
        size_t end = str_find_byte(names, '\0', at);
        type_table[i].offset = (int32_t)read_u32(types + 6 * i);
        type_table[i].name = str_slice(names, at, end);
    }
    *zone = (struct timezone_rules){.times = time_table,
                                    .indexes = index_table,
                                    .count = c.times,
                                    .types = type_table,
                                    .type_count = c.types};
    struct str footer = str_slice(file, HEADER + data_size(&c, 8), file.len);
    if (footer.len > 2)
        read_footer(zone, str_slice(footer, 1, footer.len - 1));
    return true;
}

static bool name_is_safe(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '-' || c == '+' || c == '/';
        if (!ok)
            return false;
    }
    return name.len != 0 && name.len < 128 && name.ptr[0] != '/';
}

const struct timezone_rules *timezone_load(struct str name, struct arena *arena, struct error *err)
{
    static const struct zone_type utc = {0, STR_INIT("UTC")};
    struct timezone_rules *zone = ARENA_NEW(arena, struct timezone_rules);
    struct buf file;
    if (name.len == 0 || str_is(name, "UTC")) {
        zone->types = &utc;
        zone->type_count = 1;
        return zone;
    }
    bool ok = false;
    buf_init(&file, arena->owner, MAX_FILE);
    if (name_is_safe(name)) {
        struct str path = arena_printf(arena, "/usr/share/zoneinfo/%.*s", STR_ARG(name));
        ok = file_read(AT_FDCWD, path.ptr, &file, err) == STATUS_OK &&
             read_zone(arena_str(arena, buf_view(&file)), zone, arena);
    }
    buf_release(&file);
    if (ok)
        return zone;
    error_set(err, STATUS_NOT_FOUND, "unknown time zone %.*s", STR_ARG(name));
    return NULL;
}

static const struct zone_type *type_at(const struct timezone_rules *zone, int64_t unix_seconds)
{
    size_t from = 0;
    size_t count = zone->count;
    while (count != 0) {
        size_t half = count / 2;
        if (zone->times[from + half] <= unix_seconds) {
            from += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    if (from == 0)
        return &zone->types[0];
    if (from == zone->count && zone->has_footer)
        return footer_type(zone, unix_seconds);
    return &zone->types[zone->indexes[from - 1]];
}

int64_t timezone_offset(const struct timezone_rules *zone, int64_t unix_seconds)
{
    return type_at(zone, unix_seconds)->offset;
}

int64_t timezone_seconds(const struct timezone_rules *zone, int64_t civil)
{
    int64_t guess = civil - timezone_offset(zone, civil);
    int64_t offset = timezone_offset(zone, guess);
    int64_t second = civil - offset;
    return timezone_offset(zone, second) == offset ? second : guess;
}

bool timezone_abbreviation(const struct timezone_rules *zone, struct str name, int64_t *offset)
{
    for (size_t i = zone->type_count; i-- > 0;) {
        if (str_eq(zone->types[i].name, name)) {
            *offset = zone->types[i].offset;
            return true;
        }
    }
    return false;
}
