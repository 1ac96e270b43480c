/* The stages that set and remove labels and structured metadata: labels, static_labels, label_drop,
 * label_keep, structured_metadata, structured_metadata_drop. Their state is a table in the
 * pipeline's arena. */

#include "base/regex.h"
#include "base/strconv.h"
#include "components/loki/process/args.h"
#include "components/loki/process/stage.h"

struct rename {
    struct str name; /* of the label */
    struct str source;
};

struct renames {
    struct rename *items;
    size_t count;
};

static enum status read_renames(const struct str_map *map, struct renames *out, struct arena *arena,
                                struct error *err)
{
    out->items = ARENA_ARRAY(arena, map->count, struct rename);
    out->count = map->count;
    for (size_t i = 0; i < map->count; i++) {
        struct str name = map->items[i].key;
        struct str source = map->items[i].value;
        if (!label_name_valid(name)) {
            return error_set(err, STATUS_INVALID, "invalid label name: %.*s", STR_ARG(name));
        }
        out->items[i].name = arena_str(arena, name);
        out->items[i].source = source.len != 0 ? arena_str(arena, source) : out->items[i].name;
    }
    return STATUS_OK;
}

static bool contains(const struct str_list *list, struct str text)
{
    for (size_t i = 0; i < list->count; i++) {
        if (str_eq(list->items[i], text))
            return true;
    }
    return false;
}

static struct str_list *copy_list(const struct str_list *list, struct arena *arena)
{
    struct str_list *copy = ARENA_NEW(arena, struct str_list);
    copy->items = ARENA_ARRAY(arena, list->count, struct str);
    copy->count = list->count;
    for (size_t i = 0; i < list->count; i++)
        copy->items[i] = arena_str(arena, list->items[i]);
    return copy;
}

/* ---- labels ---- */
struct labels_state {
    struct renames renames;
    bool from_metadata;
};

static const char *const source_types[] = {"", "extracted", "structured_metadata", NULL};
static const struct row labels_rows[] = {
    {ATTR(struct stage_labels_args, values), .required = true,
     .doc = "Names of labels and the values they are made of; an empty text means the same name."},
    {ATTR(struct stage_labels_args, source_type), .oneof = source_types, .def = "\"\"",
     .doc = "Whether values come from extracted values or from structured metadata."},
    {0},
};
STAGE_SHAPE(labels, labels_rows, NULL);

static enum status labels_create(struct stage *stage, const void *args, struct arena *arena,
                                 struct error *err)
{
    const struct stage_labels_args *a = args;
    struct labels_state *state = stage->state = ARENA_NEW(arena, struct labels_state);
    state->from_metadata = str_is(a->source_type, "structured_metadata");
    return read_renames(&a->values, &state->renames, arena, err);
}

static const struct label *find_metadata(const struct log_line *line, struct str name)
{
    for (size_t i = 0; i < line->metadata_count; i++) {
        if (str_eq(line->metadata[i].name, name))
            return &line->metadata[i];
    }
    return NULL;
}

static enum stage_result labels_run(struct stage *stage, struct log_line *line)
{
    const struct labels_state *state = stage->state;
    for (size_t i = 0; i < state->renames.count; i++) {
        const struct rename *rename = &state->renames.items[i];
        struct str text;
        if (state->from_metadata) {
            const struct label *metadata = find_metadata(line, rename->source);
            if (metadata == NULL)
                continue;
            text = metadata->value;
        } else if (!line_text(line, line_value(line, rename->source), &text)) {
            continue;
        }
        if (utf8_valid(text))
            line_set_label(line, rename->name, text);
    }
    return STAGE_KEEP;
}

const struct stage_def stage_labels = {"labels", labels_create, labels_run, NULL};

/* ---- static_labels ---- */
static const struct row static_rows[] = {
    {ATTR(struct stage_static_labels_args, values), .required = true,
     .doc = "Labels to set; those with an empty value are left as they are."},
    {0},
};
STAGE_SHAPE(static_labels, static_rows, NULL);

static enum status static_create(struct stage *stage, const void *args, struct arena *arena,
                                 struct error *err)
{
    const struct stage_static_labels_args *a = args;
    struct renames *state = stage->state = ARENA_NEW(arena, struct renames);
    if (read_renames(&a->values, state, arena, err) != STATUS_OK)
        return err->status;
    state->count = 0;
    for (size_t i = 0; i < a->values.count; i++) {
        struct str value = a->values.items[i].value;
        if (!utf8_valid(value))
            return error_set(err, STATUS_INVALID, "invalid label value: %.*s", STR_ARG(value));
        if (value.len != 0)
            state->items[state->count++] = state->items[i];
    }
    return STATUS_OK;
}

static enum stage_result static_run(struct stage *stage, struct log_line *line)
{
    const struct renames *state = stage->state;
    for (size_t i = 0; i < state->count; i++) {
        line_set_label(line, state->items[i].name, state->items[i].source);
    }
    return STAGE_KEEP;
}

const struct stage_def stage_static_labels = {"static_labels", static_create, static_run, NULL};

/* ---- label_drop, label_keep ---- */
static const struct row label_drop_rows[] = {
    {ATTR(struct stage_label_drop_args, values), .required = true, .doc = "Labels to remove."},
    {0},
};
STAGE_SHAPE(label_drop, label_drop_rows, NULL);

static enum status drop_create(struct stage *stage, const void *args, struct arena *arena,
                               struct error *err)
{
    const struct stage_label_drop_args *a = args;
    if (a->values.count == 0) {
        return error_set(err, STATUS_INVALID, "labeldrop stage config cannot be empty");
    }
    stage->state = copy_list(&a->values, arena);
    return STATUS_OK;
}

static enum stage_result drop_run(struct stage *stage, struct log_line *line)
{
    const struct str_list *names = stage->state;
    for (size_t i = 0; i < names->count; i++)
        line_remove_label(line, names->items[i]);
    return STAGE_KEEP;
}

const struct stage_def stage_label_drop = {"label_drop", drop_create, drop_run, NULL};

static const struct row label_keep_rows[] = {
    {ATTR(struct stage_label_keep_args, values), .required = true, .doc = "Labels that stay."},
    {0},
};
STAGE_SHAPE(label_keep, label_keep_rows, NULL);

static enum status keep_create(struct stage *stage, const void *args, struct arena *arena,
                               struct error *err)
{
    const struct stage_label_keep_args *a = args;
    if (a->values.count == 0) {
        return error_set(err, STATUS_INVALID, "labelallow stage config cannot be empty");
    }
    stage->state = copy_list(&a->values, arena);
    return STATUS_OK;
}

static enum stage_result keep_run(struct stage *stage, struct log_line *line)
{
    const struct str_list *names = stage->state;
    for (size_t i = line->labels->count; i-- > 0;) {
        struct str name = line->labels->pairs[i].name;
        if (!contains(names, name))
            line_remove_label(line, name);
    }
    return STAGE_KEEP;
}

const struct stage_def stage_label_keep = {"label_keep", keep_create, keep_run, NULL};

/* ---- structured_metadata ---- */
struct metadata_state {
    struct renames renames;
    struct regex *regex; /* NULL = none */
};

static const struct row metadata_rows[] = {
    {ATTR(struct stage_structured_metadata_args, values),
     .doc = "Names of metadata and the values or labels they are made of."},
    {ATTR(struct stage_structured_metadata_args, regex), .def = "\"\"",
     .doc = "Regular expression of the names that are taken as well."},
    {0},
};
STAGE_SHAPE(structured_metadata, metadata_rows, NULL);

static enum status metadata_create(struct stage *stage, const void *args, struct arena *arena,
                                   struct error *err)
{
    const struct stage_structured_metadata_args *a = args;
    struct metadata_state *state = stage->state = ARENA_NEW(arena, struct metadata_state);
    if (read_renames(&a->values, &state->renames, arena, err) != STATUS_OK)
        return err->status;
    if (a->regex.len == 0)
        return STATUS_OK;
    state->regex = regex_new(a->regex, REGEX_SEARCH, err);
    return state->regex != NULL ? STATUS_OK : err->status;
}

static void put_metadata(struct log_line *line, struct str name, struct str value)
{
    for (size_t i = 0; i < line->metadata_count; i++) {
        if (str_eq(line->metadata[i].name, name)) {
            line->metadata[i].value = value;
            return;
        }
    }
    line_add_metadata(line, name, value);
}

/* A label that became metadata is a label no more. */
static void metadata_from_labels(const struct metadata_state *state, struct log_line *line)
{
    for (size_t i = 0; i < state->renames.count; i++) {
        const struct rename *rename = &state->renames.items[i];
        for (size_t k = 0; k < line->labels->count; k++) {
            struct label label = line->labels->pairs[k];
            if (!str_eq(label.name, rename->source))
                continue;
            put_metadata(line, rename->name, label.value);
            line_remove_label(line, label.name);
            break;
        }
    }
    if (state->regex == NULL)
        return;
    for (size_t k = line->labels->count; k-- > 0;) {
        struct label label = line->labels->pairs[k];
        if (!regex_match(state->regex, label.name))
            continue;
        put_metadata(line, label.name, label.value);
        line_remove_label(line, label.name);
    }
}

static enum stage_result metadata_run(struct stage *stage, struct log_line *line)
{
    const struct metadata_state *state = stage->state;
    struct str text;
    for (size_t i = 0; i < state->renames.count; i++) {
        const struct rename *rename = &state->renames.items[i];
        if (line_text(line, line_value(line, rename->source), &text) && utf8_valid(text)) {
            put_metadata(line, rename->name, text);
        }
    }
    for (size_t i = 0; state->regex != NULL && i < line->value_count; i++) {
        const struct extracted *value = &line->values[i];
        if (regex_match(state->regex, value->key) && line_text(line, value, &text)) {
            put_metadata(line, value->key, text);
        }
    }
    metadata_from_labels(state, line);
    return STAGE_KEEP;
}

static void metadata_release(struct stage *stage)
{
    struct metadata_state *state = stage->state;
    regex_unref(state->regex);
}

const struct stage_def stage_structured_metadata = {
    "structured_metadata",
    metadata_create,
    metadata_run,
    metadata_release,
};

/* ---- structured_metadata_drop ---- */
static const struct row metadata_drop_rows[] = {
    {ATTR(struct stage_structured_metadata_drop_args, values), .required = true,
     .doc = "Metadata to remove."},
    {0},
};
STAGE_SHAPE(structured_metadata_drop, metadata_drop_rows, NULL);

static enum status metadata_drop_create(struct stage *stage, const void *args, struct arena *arena,
                                        struct error *err)
{
    const struct stage_structured_metadata_drop_args *a = args;
    if (a->values.count == 0) {
        return error_set(err, STATUS_INVALID,
                         "structured_metadata_drop stage config cannot be empty");
    }
    stage->state = copy_list(&a->values, arena);
    return STATUS_OK;
}

static enum stage_result metadata_drop_run(struct stage *stage, struct log_line *line)
{
    size_t kept = 0;
    for (size_t i = 0; i < line->metadata_count; i++) {
        if (!contains(stage->state, line->metadata[i].name)) {
            line->metadata[kept++] = line->metadata[i];
        }
    }
    line->metadata_count = kept;
    return STAGE_KEEP;
}

const struct stage_def stage_structured_metadata_drop = {
    "structured_metadata_drop",
    metadata_drop_create,
    metadata_drop_run,
    NULL,
};
