#ifndef BASE_TIMEZONE_H
#define BASE_TIMEZONE_H

/* Civil time and time zones: days of the proleptic Gregorian calendar, and zones read from the
 * system's TZif files (RFC 8536, /usr/share/zoneinfo). */

#include "base/arena.h"
#include "base/error.h"

struct timezone_rules;

struct civil_time {
    int64_t year;
    int month, day; /* from 1 */
    int hour, minute, second;
    int64_t nanosecond;
};

/* Days since 1970-01-01. */
int64_t civil_days(int64_t year, int month, int day);
int civil_month_days(int64_t year, int month);
/* Seconds since 1970 of a civil time in UTC; fields may be out of their ranges. */
int64_t civil_seconds(const struct civil_time *t);
void civil_from_seconds(int64_t seconds, struct civil_time *out);

/* "UTC", "" (UTC), "America/New_York". In `arena`; NULL with err ("unknown time zone X"). */
const struct timezone_rules *timezone_load(struct str name, struct arena *arena, struct error *err);
/* Offset east of UTC, in seconds, at an instant. */
int64_t timezone_offset(const struct timezone_rules *zone, int64_t unix_seconds);
/* Seconds since 1970 of a civil time that was read off a clock of the zone, as Go's time.Date
 * resolves gaps and overlaps. */
int64_t timezone_seconds(const struct timezone_rules *zone, int64_t civil);
/* Looks an abbreviation ("EST") up in the zone. */
bool timezone_abbreviation(const struct timezone_rules *zone, struct str name, int64_t *offset);

#endif
