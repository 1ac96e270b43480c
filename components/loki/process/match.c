/* The stage match: entries that a selector chooses go through stages of their own, or are dropped.
 */

#include "components/loki/process/args.h"
#include "components/loki/process/selector.h"
#include "components/loki/process/stage.h"

struct state {
    struct selector selector;
    struct stage_list stages;
    struct str reason;
    bool drops;
};

static const char *const actions[] = {"", "keep", "drop", NULL};
static const struct row rows[] = {
    {ATTR(struct stage_match_args, selector), .required = true,
     .doc = "LogQL stream selector and line filters."},
    {ATTR(struct stage_match_args, action), .oneof = actions, .def = "\"\"",
     .doc = "Whether chosen entries go through the stages or are dropped."},
    {ATTR(struct stage_match_args, pipeline_name), .def = "\"\"", .no_effect = true,
     .doc = "Nested stages have no metrics of their own that could carry a name."},
    {ATTR(struct stage_match_args, drop_counter_reason), .def = "\"\"",
     .doc = "Reason in the counter of dropped lines; match_stage when empty."},
    {ENUM_BLOCKS(struct stage_match_args, stages, "stage", stage_variants),
     .doc = "The stages that chosen entries go through."},
    {0},
};
static enum status check(const struct stage_match_args *a, bool drops, struct error *err)
{
    if (a->selector.len == 0) {
        return error_set(err, STATUS_INVALID, "selector statement required for match stage");
    }
    if (!drops && a->stages.count == 0) {
        return error_set(err, STATUS_INVALID,
                         "match stage requires at least one additional stage to be defined in '- "
                         "stages'");
    }
    if (drops && a->stages.count != 0) {
        return error_set(err, STATUS_INVALID,
                         "match stage configured to drop entries cannot contains stages");
    }
    return STATUS_OK;
}

/* The nested stages are vetted by themselves. */
static enum status vet(void *args, struct arena *arena, struct error *err)
{
    const struct stage_match_args *a = args;
    struct selector selector = {0};
    if (check(a, str_is(a->action, "drop"), err) != STATUS_OK)
        return error_prefix(err, "invalid match stage config: ");
    enum status status = selector_parse(a->selector, arena, &selector, err);
    selector_release(&selector);
    return status == STATUS_OK
               ? STATUS_OK
               : error_prefix(err, "invalid match stage config: invalid selector syntax for match "
                                   "stage: ");
}

const struct shape stage_match_shape = {
    .rows = rows, .size = sizeof(struct stage_match_args), .check = NULL, .vet = vet};

static enum status create(struct stage *stage, const void *args, struct arena *arena,
                          struct error *err)
{
    const struct stage_match_args *a = args;
    struct state *state = stage->state = ARENA_NEW(arena, struct state);
    state->drops = str_is(a->action, "drop");
    state->reason = a->drop_counter_reason.len != 0 ? arena_str(arena, a->drop_counter_reason)
                                                    : STR("match_stage");
    if (check(a, state->drops, err) != STATUS_OK)
        return err->status;
    if (selector_parse(a->selector, arena, &state->selector, err) != STATUS_OK) {
        selector_release(&state->selector);
        return error_prefix(err, "invalid selector syntax for match stage: ");
    }
    if (stages_create(&state->stages, &a->stages, stage->context, arena, err) == STATUS_OK) {
        return STATUS_OK;
    }
    selector_release(&state->selector);
    return error_prefix(err, "match stage failed to create pipeline: ");
}

/* A pipeline begins with the labels as extracted values, a nested one too. */
static void extract_labels(struct log_line *line)
{
    for (size_t i = 0; i < line->labels->count; i++)
        line_set_string(line, line->labels->pairs[i].name, line->labels->pairs[i].value);
}

static enum stage_result run(struct stage *stage, struct log_line *line)
{
    const struct state *state = stage->state;
    if (!selector_matches(&state->selector, line->labels, line->line))
        return STAGE_KEEP;
    if (!state->drops) {
        extract_labels(line);
        return stages_run(&state->stages, line);
    }
    stage_dropped(stage, state->reason);
    return STAGE_DROP;
}

static void release(struct stage *stage)
{
    struct state *state = stage->state;
    selector_release(&state->selector);
    stages_release(&state->stages);
}

const struct stage_def stage_match = {"match", create, run, release};
