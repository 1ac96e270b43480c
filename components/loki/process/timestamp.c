/* The stage timestamp: an extracted value becomes the entry's time. Remembers the last time of each
 * set of labels, at most MAX_STREAMS of them, to keep entries of equal or unreadable times in
 * order. */

#include "base/map.h"
#include "base/strconv.h"
#include "base/time_layout.h"
#include "components/loki/process/args.h"
#include "components/loki/process/stage.h"

enum { MAX_STREAMS = 10000 };

struct last_time {
    int64_t parsed, adjusted;
};

struct state {
    struct str source;
    struct str *formats; /* the format, then the fallbacks */
    size_t format_count;
    const struct timezone_rules *zone;
    bool fudges_failures, fudges_duplicates;
    struct map last; /* label text → struct last_time */
};

static const char *const failure_actions[] = {"", "skip", "fudge", NULL};
static const char *const duplicate_actions[] = {"", "keep", "fudge", NULL};
static const struct row rows[] = {
    {ATTR(struct stage_timestamp_args, source), .required = true,
     .doc = "Extracted value that holds the time."},
    {ATTR(struct stage_timestamp_args, format), .required = true,
     .doc = "Name of a format, or a layout of Go."},
    {ATTR(struct stage_timestamp_args, fallback_formats),
     .doc = "Formats that are tried when the first one does not fit."},
    {ATTR(struct stage_timestamp_args, location),
     .doc = "Time zone of times that do not say one, by its IANA name."},
    {ATTR(struct stage_timestamp_args, action_on_failure), .oneof = failure_actions, .def = "\"\"",
     .doc = "What happens to unreadable times: skip, or fudge (the last time plus 1 ns)."},
    {ATTR(struct stage_timestamp_args, action_on_duplicate_timestamp), .oneof = duplicate_actions,
     .def = "\"\"", .doc = "What happens to equal times: keep, or fudge (1 ns later each)."},
    {0},
};
STAGE_SHAPE(timestamp, rows, NULL);

/* ---- formats with a name ---- */
static const struct {
    const char *name, *layout;
} named[] = {
    {"ANSIC", "Mon Jan _2 15:04:05 2006"},
    {"UnixDate", "Mon Jan _2 15:04:05 MST 2006"},
    {"RubyDate", "Mon Jan 02 15:04:05 -0700 2006"},
    {"RFC822", "02 Jan 06 15:04 MST"},
    {"RFC822Z", "02 Jan 06 15:04 -0700"},
    {"RFC850", "Monday, 02-Jan-06 15:04:05 MST"},
    {"RFC1123", "Mon, 02 Jan 2006 15:04:05 MST"},
    {"RFC1123Z", "Mon, 02 Jan 2006 15:04:05 -0700"},
    {"RFC3339", "2006-01-02T15:04:05Z07:00"},
    {"RFC3339Nano", "2006-01-02T15:04:05.999999999Z07:00"},
};

static const struct {
    const char *name;
    int64_t ns;
} units[] = {{"UnixMs", 1000000}, {"UnixUs", 1000}, {"UnixNs", 1}};

static enum status create(struct stage *stage, const void *args, struct arena *arena,
                          struct error *err)
{
    const struct stage_timestamp_args *a = args;
    struct state *state = stage->state = ARENA_NEW(arena, struct state);
    if (a->source.len == 0) {
        return error_set(err, STATUS_INVALID,
                         "timestamp source value is required if timestamp is specified");
    }
    if (a->format.len == 0)
        return error_set(err, STATUS_INVALID, "timestamp format is required");
    state->source = arena_str(arena, a->source);
    state->fudges_failures = !str_is(a->action_on_failure, "skip");
    state->fudges_duplicates = !str_is(a->action_on_duplicate_timestamp, "keep");
    state->formats = ARENA_ARRAY(arena, a->fallback_formats.count + 1, struct str);
    state->formats[state->format_count++] = arena_str(arena, a->format);
    for (size_t i = 0; i < a->fallback_formats.count; i++) {
        state->formats[state->format_count++] = arena_str(arena, a->fallback_formats.items[i]);
    }
    state->zone = timezone_load(a->location.value, arena, err);
    if (state->zone == NULL)
        return error_prefix(err, "invalid location specified: ");
    map_init(&state->last, NULL);
    return STATUS_OK;
}

/* ---- reading ---- */
static bool read_unix(struct str text, int64_t *ns)
{
    struct str whole;
    struct str fraction;
    int64_t seconds;
    int64_t part = 0;
    bool has_point = str_cut(text, '.', &whole, &fraction);
    if (!str_to_i64(whole, &seconds) || (has_point && !str_to_i64(fraction, &part)))
        return false;
    if (seconds > 9223372035 || seconds < -9223372035 || fraction.len > 18)
        return false;
    for (size_t i = fraction.len; i < 9; i++)
        part *= 10;
    for (size_t i = fraction.len; i > 9; i--)
        part /= 10;
    *ns = seconds * 1000000000 + (has_point ? part : 0);
    return true;
}

static bool read_units(struct str text, int64_t unit, int64_t *ns)
{
    int64_t n;
    return str_to_i64(text, &n) && !__builtin_mul_overflow(n, unit, ns);
}

/* Without a year: this one, or the one next to it around New Year. */
static bool add_year(struct layout_time *t, int64_t now_ns, const struct timezone_rules *zone)
{
    struct civil_time now;
    civil_from_seconds(now_ns / 1000000000, &now);
    t->civil.year = now.year;
    if (t->civil.month == 12 && now.month == 1)
        t->civil.year--;
    if (t->civil.month == 1 && now.month == 12)
        t->civil.year++;
    t->unix_ns =
        timezone_seconds(zone, civil_seconds(&t->civil)) * 1000000000 + t->civil.nanosecond;
    return true;
}

static bool read_time(struct stage *stage, struct str format, struct str text, int64_t *ns)
{
    const struct state *state = stage->state;
    const struct timezone_rules *zone = state->zone;
    struct layout_time t;
    bool is_named = false;
    if (str_is(format, "Unix"))
        return read_unix(text, ns);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (str_is(format, units[i].name))
            return read_units(text, units[i].ns, ns);
    }
    for (size_t i = 0; i < sizeof named / sizeof *named && !is_named; i++) {
        is_named = str_is(format, named[i].name);
        if (is_named)
            format = str_from(named[i].layout);
    }
    if (!time_layout_parse(format, text, zone, &t))
        return false;
    if (!time_layout_has_year(format))
        add_year(&t, stage_now_ns(stage), zone);
    *ns = t.unix_ns;
    return true;
}

static bool read_source(struct stage *stage, struct log_line *line, int64_t *ns)
{
    const struct state *state = stage->state;
    struct str text;
    if (!line_text(line, line_value(line, state->source), &text))
        return false;
    for (size_t i = 0; i < state->format_count; i++) {
        if (read_time(stage, state->formats[i], text, ns))
            return true;
    }
    return false;
}

/* ---- the last times ---- */
static struct str stream_key(struct log_line *line)
{
    struct str key = STR_NONE;
    for (size_t i = 0; i < line->labels->count; i++) {
        struct label pair = line->labels->pairs[i];
        struct str text =
            line_print(line, "%.*s\xff%.*s\xff", STR_ARG(pair.name), STR_ARG(pair.value));
        key = arena_concat(line->arena, key, text);
    }
    return key;
}

static struct last_time *remember(struct state *state, struct str key)
{
    struct last_time *last = map_get(&state->last, key);
    if (last != NULL)
        return last;
    if (state->last.len >= MAX_STREAMS) {
        struct map_entry *oldest = &state->last.entries[0];
        mem_free(map_remove(&state->last, oldest->key));
    }
    last = mem_zalloc(NULL, sizeof *last);
    map_put(&state->last, key, last);
    return last;
}

static enum stage_result run(struct stage *stage, struct log_line *line)
{
    struct state *state = stage->state;
    struct last_time *last;
    int64_t ns = 0;
    if (!read_source(stage, line, &ns)) {
        last = state->fudges_failures ? map_get(&state->last, stream_key(line)) : NULL;
        if (last != NULL)
            line->t_ns = ++last->adjusted;
        return STAGE_KEEP;
    }
    line->t_ns = ns;
    if (!state->fudges_failures && !state->fudges_duplicates)
        return STAGE_KEEP;
    struct str key = stream_key(line);
    last = map_get(&state->last, key);
    if (last != NULL && state->fudges_duplicates && last->parsed == ns) {
        line->t_ns = last->adjusted + 1;
    }
    last = remember(state, key);
    *last = (struct last_time){ns, line->t_ns};
    return STAGE_KEEP;
}

static void release(struct stage *stage)
{
    struct state *state = stage->state;
    MAP_EACH(&state->last, entry)
    {
        mem_free(entry->value);
    }
    map_release(&state->last);
}

const struct stage_def stage_timestamp = {"timestamp", create, run, release};
