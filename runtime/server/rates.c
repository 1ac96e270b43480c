/* Rates of components. Two snapshots of their counts: the older one is what rates are measured
 * against, the newer one takes its place when it is old enough. Bounded by the number of
 * components. */

#include "runtime/server/rates.h"

static const int64_t STEP_NS = 5000000000;

void rates_init(struct rates *r, int64_t now_ns)
{
    map_init(&r->base.counts, NULL);
    map_init(&r->next.counts, NULL);
    r->base.at_ns = r->next.at_ns = now_ns;
}

void rates_release(struct rates *r)
{
    map_release(&r->base.counts);
    map_release(&r->next.counts);
}

bool rates_begin(struct rates *r, int64_t now_ns)
{
    if (now_ns - r->next.at_ns < STEP_NS)
        return false;
    map_release(&r->base.counts);
    r->base = r->next;
    map_init(&r->next.counts, NULL);
    r->next.at_ns = now_ns;
    return true;
}

void rates_note(struct rates *r, struct str id, uint64_t count)
{
    map_put(&r->next.counts, id, (void *)(uintptr_t)count);
}

double rates_of(const struct rates *r, struct str id, uint64_t count, int64_t now_ns)
{
    uint64_t before = (uint64_t)(uintptr_t)map_get(&r->base.counts, id);
    int64_t passed = now_ns - r->base.at_ns;
    if (passed <= 0 || count < before)
        return 0;
    return (double)(count - before) / ((double)passed / 1e9);
}
