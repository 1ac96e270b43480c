/* The stages drop and output. Their states live in the pipeline's arena. */

#include "base/regex.h"
#include "components/loki/process/args.h"
#include "components/loki/process/stage.h"

/* ---- drop: every condition that is given must hold ---- */
struct drop_state {
    struct str reason, separator;
    struct str *sources;
    size_t source_count;
    struct regex *regex; /* NULL = none */
    int64_t older_than_ns;
    int64_t longer_than;
};

static const struct row drop_rows[] = {
    {ATTR(struct stage_drop_args, drop_counter_reason), .def = "\"\"",
     .doc = "Reason in the counter of dropped lines; drop_stage when empty."},
    {ATTR(struct stage_drop_args, source), .def = "\"\"",
     .doc = "Extracted values to look at, separated by commas; the line when empty."},
    {ATTR(struct stage_drop_args, value), .def = "\"\"",
     .doc = "Text that the sources must equal."},
    {ATTR(struct stage_drop_args, separator), .def = "\"\"",
     .doc = "Text put between several sources; a semicolon when empty."},
    {ATTR(struct stage_drop_args, expression), .def = "\"\"",
     .doc = "Regular expression that the sources, or the line, must match."},
    {ATTR(struct stage_drop_args, older_than), .def = "\"0s\"", .doc = "Age that is exceeded."},
    {ATTR(struct stage_drop_args, longer_than), .def = "\"0B\"", .doc = "Length that is exceeded."},
    {0},
};
STAGE_SHAPE(drop, drop_rows, NULL);

static enum status check_drop(const struct stage_drop_args *a, struct error *err)
{
    if (a->source.len == 0 && a->expression.len == 0 && a->older_than.ns == 0 &&
        a->longer_than.bytes == 0) {
        return error_set(err, STATUS_INVALID,
                         "drop stage config must contain at least one of `source`, `expression`, "
                         "`older_than` or `longer_than`");
    }
    if (a->value.len != 0 && a->expression.len != 0) {
        return error_set(err, STATUS_INVALID,
                         "drop stage config can not contain both `value` and `expression`");
    }
    if (a->value.len != 0 && a->source.len == 0) {
        return error_set(err, STATUS_INVALID,
                         "drop stage config must contain `source` if `value` is specified");
    }
    return STATUS_OK;
}

/* The text as a pattern that means itself, between ^ and $. */
static struct str quote_value(struct arena *arena, struct str value)
{
    char *out = arena_alloc(arena, 2 * value.len + 3);
    size_t n = 0;
    out[n++] = '^';
    for (size_t i = 0; i < value.len; i++) {
        if (memchr("\\.+*?()|[]{}^$", value.ptr[i], 14) != NULL)
            out[n++] = '\\';
        out[n++] = value.ptr[i];
    }
    out[n++] = '$';
    return str_of(out, n);
}

static void split_sources(struct drop_state *state, struct str text, struct arena *arena)
{
    size_t max = 1;
    for (size_t i = 0; i < text.len; i++)
        max += text.ptr[i] == ',';
    state->sources = ARENA_ARRAY(arena, max, struct str);
    text = arena_str(arena, text);
    bool more = text.len != 0;
    while (more)
        more = str_cut(text, ',', &state->sources[state->source_count++], &text);
}

static enum status drop_create(struct stage *stage, const void *args, struct arena *arena,
                               struct error *err)
{
    const struct stage_drop_args *a = args;
    struct drop_state *state = stage->state = ARENA_NEW(arena, struct drop_state);
    if (check_drop(a, err) != STATUS_OK)
        return err->status;
    state->reason = a->drop_counter_reason.len != 0 ? arena_str(arena, a->drop_counter_reason)
                                                    : STR("drop_stage");
    state->separator = a->separator.len != 0 ? arena_str(arena, a->separator) : STR(";");
    state->older_than_ns = a->older_than.ns;
    state->longer_than = a->longer_than.bytes;
    split_sources(state, a->source, arena);
    struct str pattern = a->value.len != 0 ? quote_value(arena, a->value) : a->expression;
    if (pattern.len == 0)
        return STATUS_OK;
    state->regex = regex_new(pattern, REGEX_SEARCH, err);
    if (state->regex != NULL)
        return STATUS_OK;
    return error_prefix(err, "drop stage regex compilation error: ");
}

static bool has_sources(const struct drop_state *state, const struct log_line *line)
{
    for (size_t i = 0; i < state->source_count; i++) {
        if (line_value(line, state->sources[i]) == NULL)
            return false;
    }
    return true;
}

/* The sources that are there, joined; false when one has no text. */
static bool join_sources(const struct drop_state *state, struct log_line *line, struct str *out)
{
    bool is_first = true;
    *out = STR_NONE;
    for (size_t i = 0; i < state->source_count; i++) {
        const struct extracted *value = line_value(line, state->sources[i]);
        struct str text;
        if (value == NULL)
            continue;
        if (!line_text(line, value, &text))
            return false;
        if (!is_first)
            *out = arena_concat(line->arena, *out, state->separator);
        *out = is_first ? text : arena_concat(line->arena, *out, text);
        is_first = false;
    }
    return true;
}

static bool should_drop(struct stage *stage, struct log_line *line)
{
    const struct drop_state *state = stage->state;
    struct str text = line->line;
    if (state->longer_than != 0 && (int64_t)line->line.len <= state->longer_than)
        return false;
    if (state->older_than_ns != 0 && line->t_ns >= stage_now_ns(stage) - state->older_than_ns) {
        return false;
    }
    if (state->regex == NULL)
        return state->source_count == 0 || has_sources(state, line);
    if (state->source_count != 0 && !join_sources(state, line, &text))
        return false;
    return regex_match(state->regex, text);
}

static enum stage_result drop_run(struct stage *stage, struct log_line *line)
{
    const struct drop_state *state = stage->state;
    if (!should_drop(stage, line))
        return STAGE_KEEP;
    stage_dropped(stage, state->reason);
    return STAGE_DROP;
}

static void drop_release(struct stage *stage)
{
    struct drop_state *state = stage->state;
    regex_unref(state->regex);
}

const struct stage_def stage_drop = {"drop", drop_create, drop_run, drop_release};

/* ---- output ---- */
static const struct row output_rows[] = {
    {ATTR(struct stage_output_args, source), .required = true,
     .doc = "Extracted value that becomes the line."},
    {0},
};
STAGE_SHAPE(output, output_rows, NULL);

static enum status output_create(struct stage *stage, const void *args, struct arena *arena,
                                 struct error *err)
{
    const struct stage_output_args *a = args;
    if (a->source.len == 0) {
        return error_set(err, STATUS_INVALID,
                         "output source value is required if output is specified");
    }
    struct str *source = stage->state = ARENA_NEW(arena, struct str);
    *source = arena_str(arena, a->source);
    return STATUS_OK;
}

static enum stage_result output_run(struct stage *stage, struct log_line *line)
{
    const struct str *source = stage->state;
    struct str text;
    if (line_text(line, line_value(line, *source), &text))
        line->line = text;
    return STAGE_KEEP;
}

const struct stage_def stage_output = {"output", output_create, output_run, NULL};
