/* The judge's books. */

#include "tests/simulation/judge.h"

#include "base/hash.h"

#include <stdarg.h>
#include <stdio.h>

struct judge *judge_new(struct sim *sim, unsigned receivers)
{
    struct judge *j = sim_alloc(sizeof *j);
    j->sim = sim;
    j->receivers = receivers;
    for (unsigned r = 0; r < RECEIVERS; r++) {
        for (unsigned s = 0; s < STREAMS; s++)
            j->newest[r][s] = -1;
    }
    if (receivers > 1)
        sim_saw(sim, SIM_FAN_OUT);
    return j;
}

void judge_violate(struct judge *j, const char *format, ...)
{
    va_list args;
    if (j->violation[0] != '\0')
        return;
    va_start(args, format);
    (void)vsnprintf(j->violation, sizeof j->violation, format, args);
    va_end(args);
    sim_trace(j->sim, "VIOLATION: %s", j->violation);
}

bool judge_next(struct judge *j, unsigned stream, unsigned *n)
{
    if (j->is_quiet || j->sent[stream] >= ITEMS)
        return false;
    *n = j->sent[stream]++;
    return true;
}

static uint64_t mix(const struct judge *j, unsigned stream, unsigned n)
{
    uint64_t key[3] = {j->sim->seed, stream, n};
    return hash_bytes((const char *)key, sizeof key);
}

struct str judge_text(const struct judge *j, unsigned stream, unsigned n, char out[ITEM_TEXT])
{
    uint64_t bits = mix(j, stream, n);
    int len = snprintf(out, ITEM_TEXT, "<<s=%u n=%u x=", stream, n);
    for (size_t i = bits % 200; i > 0; i--) {
        bits = bits * 6364136223846793005u + 1442695040888963407u;
        out[len++] = (char)('a' + (bits >> 40) % 26);
    }
    len += snprintf(out + len, ITEM_TEXT - (size_t)len, ">>");
    return str_of(out, (size_t)len);
}

bool judge_is_poison(const struct judge *j, unsigned stream, unsigned n)
{
    return j->sim->faults[SIM_REJECT] != 0 && mix(j, stream, n) % 211 == 0;
}

/* The number behind `key` at the start of *text, which moves on. */
static bool read_number(struct str *text, struct str key, unsigned *out)
{
    uint64_t n = 0;
    size_t digits = 0;
    if (!str_starts(*text, key))
        return false;
    *text = str_slice(*text, key.len, text->len);
    while (digits < text->len && text->ptr[digits] >= '0' && text->ptr[digits] <= '9')
        digits++;
    if (digits > 6 || !str_to_u64(str_slice(*text, 0, digits), &n))
        return false;
    *out = (unsigned)n;
    *text = str_slice(*text, digits, text->len);
    return true;
}

bool judge_read(struct judge *j, struct str text, unsigned *stream, unsigned *n)
{
    char expected[ITEM_TEXT];
    struct str rest = text;
    if (!read_number(&rest, STR("<<s="), stream) || !read_number(&rest, STR(" n="), n) ||
        *stream >= STREAMS || *n >= ITEMS) {
        judge_violate(j, "what arrives is no item: %.*s", STR_ARG(str_slice(text, 0, 40)));
        return false;
    }
    struct str whole = judge_text(j, *stream, *n, expected);
    if (!str_starts(text, whole)) {
        judge_violate(j, "item %u of stream %u is not as it was given", *n, *stream);
        return false;
    }
    return true;
}

void judge_acked(struct judge *j, unsigned stream, unsigned n)
{
    j->items[stream][n].flags |= ITEM_ACKED;
    j->items[stream][n].life = (uint8_t)j->life;
}

void judge_pushed_again(struct judge *j, unsigned stream, unsigned n)
{
    j->items[stream][n].flags |= ITEM_OPEN;
}

void judge_arrived(struct judge *j, unsigned receiver, unsigned stream, unsigned n)
{
    struct item *item = &j->items[stream][n];
    int *newest = &j->newest[receiver][stream];
    j->arrived++;
    if (n >= j->sent[stream]) {
        judge_violate(j, "item %u of stream %u arrives, and nobody sent it", n, stream);
        return;
    }
    if (item->arrivals[receiver] < UINT8_MAX)
        item->arrivals[receiver]++;
    if (item->arrivals[receiver] > 1) {
        sim_saw(j->sim, SIM_DUPLICATE);
        if ((item->flags & ITEM_OPEN) == 0) {
            j->duplicates++;
            j->again[receiver]++;
        }
        return;
    }
    if ((item->flags & ITEM_ACKED) != 0 && item->life != j->life)
        sim_saw(j->sim, SIM_BACKLOG_SURVIVES);
    /* What was refused together with others may be taken in other company, later. Bytes that the
     * network still holds may arrive after the log has lost their items. */
    bool is_ordered = (j->unordered >> stream & 1) == 0 && (item->refused >> receiver & 1) == 0 &&
                      (item->flags & ITEM_EXCUSED) == 0;
    if ((int)n < *newest && is_ordered)
        judge_violate(j, "item %u of stream %u arrives at receiver %u behind %d", n, stream,
                      receiver, *newest);
    if ((int)n > *newest)
        *newest = (int)n;
}

void judge_refused(struct judge *j, unsigned receiver, unsigned stream, unsigned n)
{
    j->items[stream][n].refused |= (uint8_t)(1u << receiver);
    j->refused++;
}

/* Faults after which a request is repeated, or after which others go ahead of it. */
static bool was_troubled(const struct sim *sim)
{
    static const enum sim_kind kinds[] = {
        SIM_IO_ERROR, SIM_READ_ERROR, SIM_NO_SPACE,  SIM_DISK_FULL,   SIM_NO_FILES,
        SIM_REFUSE,   SIM_RESET,      SIM_PARTITION, SIM_HALF_OPEN,   SIM_ERROR,
        SIM_THROTTLE, SIM_LATE,       SIM_SILENT,    SIM_LOST_ANSWER, SIM_SLOW_READER,
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (sim->seen[kinds[i]] != 0)
            return true;
    }
    return false;
}

/* Where only deaths and reloads happened, what may repeat is known. */
static void judge_repeats(struct judge *j)
{
    for (unsigned r = 0; r < j->receivers && !j->is_troubled; r++) {
        if (j->again[r] > j->may_repeat)
            judge_violate(j, "%llu items arrive again at receiver %u, at most %u were in flight",
                          (unsigned long long)j->again[r], r, j->may_repeat);
    }
}

void judge_reloaded(struct judge *j, unsigned in_flight)
{
    j->allowance += in_flight;
    j->may_repeat += in_flight;
}

void judge_life_over(struct judge *j, enum life_end end, unsigned in_flight)
{
    j->is_troubled = j->is_troubled || (!j->sim->calm && was_troubled(j->sim));
    judge_repeats(j);
    memset(j->again, 0, sizeof j->again);
    j->life++;
    j->arrived = j->refused = 0;
    j->allowance += in_flight;
    j->may_repeat = end == END_STOP ? 0 : in_flight;
    if (end != END_POWER_CUT)
        return;
    j->allowance += (uint64_t)STREAMS * ITEMS; /* cursors may go back */
    j->is_troubled = true;
    for (unsigned s = 0; s < STREAMS && !j->is_strict; s++) {
        for (unsigned n = 0; n < j->sent[s]; n++)
            j->items[s][n].flags |= ITEM_EXCUSED;
    }
}

void judge_open_outcome(struct judge *j, size_t items)
{
    j->allowance += items;
}

/* A receiver that misses the item, or -1. */
static int missing_at(const struct judge *j, const struct item *item)
{
    if ((item->flags & (ITEM_ACKED | ITEM_EXCUSED)) != ITEM_ACKED)
        return -1;
    for (unsigned r = 0; r < j->receivers; r++) {
        if (item->arrivals[r] == 0 && (item->refused >> r & 1) == 0)
            return (int)r;
    }
    return -1;
}

static bool find_missing(const struct judge *j, unsigned *stream, unsigned *n, int *receiver)
{
    for (*stream = 0; *stream < STREAMS; ++*stream) {
        for (*n = 0; *n < j->sent[*stream]; ++*n) {
            *receiver = missing_at(j, &j->items[*stream][*n]);
            if (*receiver >= 0)
                return true;
        }
    }
    return false;
}

bool judge_is_settled(const struct judge *j)
{
    unsigned stream, n;
    int receiver;
    return !find_missing(j, &stream, &n, &receiver);
}

void judge_finish(struct judge *j)
{
    unsigned stream, n;
    int receiver;
    if (find_missing(j, &stream, &n, &receiver))
        judge_violate(j, "item %u of stream %u was acknowledged and never arrives at receiver %d",
                      n, stream, receiver);
    const uint64_t *seen = j->sim->seen;
    bool disk = seen[SIM_IO_ERROR] + seen[SIM_NO_SPACE] + seen[SIM_DISK_FULL] +
                    seen[SIM_READ_ERROR] + seen[SIM_NO_FILES] !=
                0;
    if (!disk && j->duplicates > j->allowance)
        judge_violate(j, "%llu items arrive again, at most %llu were in flight",
                      (unsigned long long)j->duplicates, (unsigned long long)j->allowance);
}
