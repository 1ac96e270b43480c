#ifndef RUNTIME_SERVER_RATES_H
#define RUNTIME_SERVER_RATES_H

/* Rates of components for the page: how many items a second left each, over the last 5 to 10
 * seconds in which somebody looked, or since the start. Counts are remembered only while the page
 * is looked at. Control loop. */

#include "base/map.h"

struct rates_snapshot {
    struct map counts; /* global id → the count as a pointer-sized number */
    int64_t at_ns;     /* loop time */
};

struct rates {
    struct rates_snapshot base, next;
};

void rates_init(struct rates *r, int64_t now_ns);
void rates_release(struct rates *r);
/* Before the components are listed; says whether rates_note is to be called for each. */
bool rates_begin(struct rates *r, int64_t now_ns);
void rates_note(struct rates *r, struct str id, uint64_t count);
/* Items a second. */
double rates_of(const struct rates *r, struct str id, uint64_t count, int64_t now_ns);

#endif
