#ifndef BASE_TIME_LAYOUT_H
#define BASE_TIME_LAYOUT_H

/* Parsing times by layouts as Go's time package writes them: "2006-01-02T15:04:05Z07:00"
 * (pkg.go.dev/time#Layout). Pure. */

#include "base/timezone.h"

struct layout_time {
    struct civil_time civil; /* year 0 when the layout has none */
    int64_t unix_ns;
};

/* `zone` gives the offset of times that do not say one. False when the text does not fit the
 * layout. */
bool time_layout_parse(struct str layout, struct str text, const struct timezone_rules *zone,
                       struct layout_time *out);
/* Whether the layout has a year. */
bool time_layout_has_year(struct str layout);

#endif
