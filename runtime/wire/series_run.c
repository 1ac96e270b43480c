/* Runs are remembered at their first series. The packer is a plain LZ77 over the request's bytes,
 * region by region: a region is what stands between two values, and begins (but for the first) with
 * the time of the sample before. */

#include "runtime/wire/series_run.h"

#include "runtime/wire/sample_v1.h"
#include "runtime/wire/series_table.h"

enum {
    CHANGES_MAX = 4,
    VALUE = 8,
    ITEM_MAX = 48 * 1024, /* bytes of a sample: matches reach back 64 KiB */
    ITEM_HEAD = 40,       /* of a sample beside its labels, at most */
    RAW_MAX = 16 * 1024 * 1024,
    HASH_BITS = 14,
    PLACES = 4,
    MATCH_LEAST = 4,
    NEAR = 2048, /* a short copy from nearer takes two bytes */
    OFFSET_MAX = 65535,
};

/* ---- elements of Snappy ---- */
static char *put_literal(char *at, const char *bytes, size_t len)
{
    if (len == 0)
        return at;
    size_t n = len - 1;
    if (n < 60) {
        *at++ = (char)(n << 2);
    } else {
        unsigned width = n < 1u << 8 ? 1 : n < 1u << 16 ? 2 : 3;
        *at++ = (char)((59 + width) << 2);
        for (; width; width--, n >>= 8)
            *at++ = (char)n;
    }
    memcpy(at, bytes, len);
    return at + len;
}

static char *put_copy(char *at, size_t offset, size_t len)
{
    while (len) {
        if (len >= 4 && len <= 11 && offset < NEAR) {
            *at++ = (char)(1 | (len - 4) << 2 | offset >> 8 << 5);
            *at++ = (char)offset;
            return at;
        }
        size_t part = len < 64 ? len : 64;
        *at++ = (char)(2 | (part - 1) << 2);
        *at++ = (char)offset;
        *at++ = (char)(offset >> 8);
        len -= part;
    }
    return at;
}

/* ---- packing ---- */
/* Places with one hash, the newest first. */
struct seen {
    struct {
        uint32_t at; /* + 1; 0 = none */
        uint32_t end;
    } places[PLACES];
};

struct match {
    size_t from, len;
};

struct packer {
    const char *raw;
    size_t len, count;
    const uint32_t *values; /* where they stand in `raw` */
    size_t time_size;       /* with its tag */
    char *out;
    size_t literal; /* `raw` from here on is not written yet */
    struct seen *seen;
};

static uint32_t load(const char *at)
{
    uint32_t word;
    memcpy(&word, at, 4);
    return word;
}

static struct seen *slot_of(const struct packer *p, size_t at)
{
    return &p->seen[load(p->raw + at) * 0x9e3779b1u >> (32 - HASH_BITS)];
}

static size_t same_bytes(const struct packer *p, size_t a, size_t b, size_t most)
{
    size_t len = 0;
    while (len < most && p->raw[a + len] == p->raw[b + len])
        len++;
    return len;
}

static void write_literal(struct packer *p, size_t end)
{
    p->out = put_literal(p->out, p->raw + p->literal, end - p->literal);
    p->literal = end;
}

static void write_copy(struct packer *p, size_t at, size_t from, size_t len)
{
    write_literal(p, at);
    p->out = put_copy(p->out, at - from, len);
    p->literal = at + len;
}

static void note(struct packer *p, size_t from, size_t to, size_t end)
{
    for (; from < to && from + MATCH_LEAST <= end; from++) {
        struct seen *slot = slot_of(p, from);
        memmove(slot->places + 1, slot->places, (PLACES - 1) * sizeof(slot->places[0]));
        slot->places[0].at = (uint32_t)from + 1;
        slot->places[0].end = (uint32_t)end;
    }
}

/* The longest match; len 0 when there is none that is worth it. */
static struct match find(const struct packer *p, size_t at, size_t end)
{
    const struct seen *slot = slot_of(p, at);
    struct match best = {0, 0};
    for (size_t i = 0; i < PLACES && slot->places[i].at; i++) {
        size_t from = slot->places[i].at - 1, left = slot->places[i].end - from;
        if (at - from > OFFSET_MAX)
            break;
        size_t len = same_bytes(p, from, at, end - at < left ? end - at : left);
        if (len > best.len && len >= MATCH_LEAST + (size_t)(at - from >= NEAR))
            best = (struct match){from, len};
    }
    return best;
}

/* A match waits for a longer one that begins a byte later. */
static void pack_labels(struct packer *p, size_t at, size_t end)
{
    struct match held = {0, 0};
    while (at + MATCH_LEAST <= end) {
        struct match match = find(p, at, end);
        if (held.len && held.len >= match.len) {
            size_t to = at - 1 + held.len;
            write_copy(p, at - 1, held.from, held.len);
            note(p, at, to, end);
            at = to;
            held.len = 0;
            continue;
        }
        note(p, at, at + 1, end);
        held = match;
        at++;
    }
    if (held.len)
        write_copy(p, at - 1, held.from, held.len);
}

/* The time, which is the one before, and as much behind it as is the same. */
static size_t pack_time(struct packer *p, size_t i, size_t at, size_t end)
{
    size_t from = p->values[i - 2] + VALUE, from_end = p->values[i - 1];
    size_t most = end - at < from_end - from ? end - at : from_end - from;
    size_t len = same_bytes(p, from, at, most);
    write_copy(p, at, from, len);
    note(p, at + p->time_size, at + len, end);
    return at + len;
}

/* Writes everything but the values, whose places are noted, and the time's. */
static void pack(struct packer *p, struct run *run)
{
    const char *start = p->out;
    for (size_t i = 0; i <= p->count; i++) {
        size_t at = i ? p->values[i - 1] + VALUE : 0;
        size_t end = i < p->count ? p->values[i] : p->len;
        if (i == 1) {
            at += p->time_size;
            write_literal(p, at);
            run->time_at = (size_t)(p->out - start) - p->time_size;
        } else if (i > 1) {
            at = pack_time(p, i, at, end);
        }
        pack_labels(p, at, end);
        write_literal(p, end);
        if (i == p->count)
            break;
        size_t back = i ? p->values[i] - p->values[i - 1] : 0;
        run->gaps[i].at = (uint32_t)(p->out - start);
        run->gaps[i].back = back < NEAR ? (uint16_t)back : 0;
        p->literal = end + VALUE;
    }
    run->packed_len = (size_t)(p->out - start);
}

/* ---- building ---- */
/* The request's bytes, and where the values stand. */
static size_t write_raw(const struct series_table *table, const struct run *run, int64_t t_ms,
                        char *raw, uint32_t *values)
{
    char *at = raw;
    for (size_t i = 0; i < run->count; i++) {
        struct str labels = table->series[run->series[i]].labels;
        at = put_sample_v1(at, labels, 0, t_ms);
        values[i] = (uint32_t)((size_t)(at - raw) - 1 - varint_size((uint64_t)t_ms) - VALUE);
    }
    return (size_t)(at - raw);
}

/* 0 when it is too much, or a sample is. */
static size_t raw_most(const struct series_table *table, const struct run *run)
{
    size_t most = 0;
    for (size_t i = 0; i < run->count; i++) {
        size_t len = table->series[run->series[i]].labels.len;
        most += len + ITEM_HEAD;
        if (len > ITEM_MAX || most > RAW_MAX)
            return 0;
    }
    return most;
}

static void pack_raw(struct packer *p, struct run *run, char *out, struct arena *arena)
{
    p->out = out;
    pack(p, run);
    run->packed = arena_try_alloc(arena, run->packed_len);
    if (run->packed)
        memcpy(run->packed, out, run->packed_len);
    run->raw_len = p->len;
}

static void build(struct series_table *table, struct run *run, int64_t t_ms)
{
    struct mem_owner *owner = table->owner;
    size_t most = raw_most(table, run), count = run->count;
    run->gaps = arena_try_alloc(&table->arena, count * sizeof(*run->gaps));
    run->time_size = 1 + varint_size((uint64_t)t_ms);
    char *raw = most ? mem_try_alloc(owner, most) : NULL;
    /* An element is at least as long as its head, and there are no two literals in a row but
     * around values and the first time. */
    char *out = most ? mem_try_alloc(owner, most + most / 2 + 8 * count + 64) : NULL;
    uint32_t *values = mem_try_alloc(owner, count * sizeof(*values));
    size_t slots = (size_t)1 << HASH_BITS;
    struct seen *seen = mem_try_alloc(owner, slots * sizeof(*seen));
    if (run->gaps && raw && out && values && seen) {
        memset(seen, 0, slots * sizeof(*seen));
        struct packer p = {.raw = raw,
                           .len = write_raw(table, run, t_ms, raw, values),
                           .count = count,
                           .values = values,
                           .time_size = run->time_size,
                           .seen = seen};
        pack_raw(&p, run, out, &table->arena);
    }
    if (!run->packed)
        run->changes = CHANGES_MAX;
    mem_free(seen);
    mem_free(values);
    mem_free(out);
    mem_free(raw);
}

/* ---- finding ---- */
static bool is_sequence(const struct run *run, const struct run_sample *samples, size_t count)
{
    if (run->count != count)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (run->series[i] != samples[i].series)
            return false;
    }
    return true;
}

/* False when there is no memory to do so. */
static bool remember(struct run *run, struct arena *arena, const struct run_sample *samples,
                     size_t count)
{
    if (count > run->room) {
        run->series = arena_try_alloc(arena, count * sizeof(*run->series));
        run->room = run->series ? count : 0;
    }
    run->packed = NULL;
    run->count = run->series ? count : 0;
    for (size_t i = 0; i < run->count; i++)
        run->series[i] = samples[i].series;
    return run->series != NULL;
}

const struct run *run_find(struct series_table *table, const struct run_sample *samples,
                           size_t count, int64_t t_ms)
{
    struct series *first = &table->series[samples[0].series];
    struct run *run = first->run;
    if (!run) {
        run = first->run = arena_try_alloc(&table->arena, sizeof(*run));
        if (run) {
            *run = (struct run){0};
            (void)remember(run, &table->arena, samples, count);
        }
        return NULL;
    }
    if (run->changes >= CHANGES_MAX && !run->packed)
        return NULL;
    if (!is_sequence(run, samples, count)) {
        if (run->changes < CHANGES_MAX) {
            run->changes++;
            (void)remember(run, &table->arena, samples, count);
        }
        return NULL;
    }
    if (!run->packed)
        build(table, run, t_ms);
    return run->packed && run->time_size == 1 + varint_size((uint64_t)t_ms) ? run : NULL;
}

/* Low bytes that are as they were before, zeros most often, are a copy. */
static char *put_value(char *at, double value, double before, size_t back)
{
    char bytes[VALUE];
    uint64_t bits, bits_before;
    memcpy(&bits, &value, sizeof(bits));
    memcpy(&bits_before, &before, sizeof(bits_before));
    uint64_t differs = bits ^ bits_before;
    size_t same = differs ? (size_t)__builtin_ctzll(differs) / 8 : VALUE;
    (void)put_double(bytes, value);
    if (same < MATCH_LEAST || back == 0) {
        *at++ = (VALUE - 1) << 2;
        memcpy(at, bytes, VALUE);
        return at + VALUE;
    }
    return put_literal(put_copy(at, back, same), bytes + same, VALUE - same);
}

bool run_write(const struct run *run, const struct run_sample *samples, int64_t t_ms,
               struct buf *out)
{
    char *start = buf_reserve(out, run->packed_len + run->count * (VALUE + 2)), *at = start;
    const char *from = run->packed;
    double before = 0;
    if (!at)
        return false;
    (void)put_varint(run->packed + run->time_at + 1, (uint64_t)t_ms);
    for (size_t i = 0; i < run->count; i++) {
        const char *to = run->packed + run->gaps[i].at;
        memcpy(at, from, (size_t)(to - from));
        at += to - from;
        from = to;
        at = put_value(at, samples[i].value, before, run->gaps[i].back);
        before = samples[i].value;
    }
    memcpy(at, from, run->packed_len - (size_t)(from - run->packed));
    at += run->packed_len - (size_t)(from - run->packed);
    out->len += (size_t)(at - start);
    return true;
}
