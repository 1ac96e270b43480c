/* The stage regex: named groups become extracted values, and labels where wanted. */

#include "base/regex.h"
#include "base/strconv.h"
#include "components/loki/process/args.h"
#include "components/loki/process/stage.h"

enum { MAX_GROUPS = 256 };

struct state {
    struct regex *regex;
    struct str source;
    bool makes_labels;
};

static const struct row rows[] = {
    {ATTR(struct stage_regex_args, expression), .required = true,
     .doc = "Regular expression whose named groups are extracted."},
    {ATTR(struct stage_regex_args, source),
     .doc = "Extracted value to search in; the line when absent."},
    {ATTR(struct stage_regex_args, labels_from_groups), .def = "false",
     .doc = "Whether the groups become labels as well."},
    {0},
};
STAGE_SHAPE(regex, rows, NULL);

static enum status create(struct stage *stage, const void *args, struct arena *arena,
                          struct error *err)
{
    const struct stage_regex_args *a = args;
    struct state *state = stage->state = ARENA_NEW(arena, struct state);
    if (a->expression.len == 0)
        return error_set(err, STATUS_INVALID, "expression is required");
    if (a->source.is_set && a->source.value.len == 0) {
        return error_set(err, STATUS_INVALID, "empty source");
    }
    state->source = arena_str(arena, a->source.value);
    state->makes_labels = a->labels_from_groups;
    state->regex = regex_new(a->expression, REGEX_SEARCH, err);
    if (state->regex == NULL)
        return error_prefix(err, "could not compile regular expression: ");
    if (regex_groups(state->regex) >= MAX_GROUPS) {
        regex_unref(state->regex);
        return error_set(err, STATUS_LIMIT, "more than %d groups", MAX_GROUPS - 1);
    }
    return STATUS_OK;
}

static enum stage_result run(struct stage *stage, struct log_line *line)
{
    const struct state *state = stage->state;
    struct str groups[MAX_GROUPS];
    struct str text;
    unsigned count = regex_groups(state->regex) + 1;
    if (!line_source(line, state->source, &text) ||
        !regex_capture(state->regex, text, 0, groups, count)) {
        return STAGE_KEEP;
    }
    for (unsigned i = 1; i < count; i++) {
        struct str name = regex_group_name(state->regex, i);
        if (name.len == 0)
            continue;
        line_set_string(line, name, groups[i]);
        if (state->makes_labels && label_name_valid(name) && utf8_valid(groups[i])) {
            line_set_label(line, name, groups[i]);
        }
    }
    return STAGE_KEEP;
}

static void release(struct stage *stage)
{
    struct state *state = stage->state;
    regex_unref(state->regex);
}

const struct stage_def stage_regex = {"regex", create, run, release};
