/* The stages docker (JSON lines of Docker's json-file driver) and cri (kubelet's Container Runtime
 * Interface, with lines that come in parts). cri holds the parts it has, at most max_partial_lines
 * streams. */

#include "base/strconv.h"
#include "base/vec.h"
#include "components/loki/process/args.h"
#include "components/loki/process/stage.h"

/* ---- docker ---- */
static const struct row docker_rows[] = {{0}};
STAGE_SHAPE(docker, docker_rows, NULL);

static enum status docker_create(struct stage *stage, const void *args, struct arena *arena,
                                 struct error *err)
{
    (void)args;
    (void)arena;
    (void)err;
    stage->state = NULL;
    return STATUS_OK;
}

/* Go decodes member names without regard to case, and null as nothing; other kinds are errors. */
static bool docker_member(const struct doc *map, const char *name, struct str *out)
{
    *out = STR("");
    for (const struct doc *d = map->child; d != NULL; d = d->next) {
        if (!str_eq_fold(d->key, str_from(name)) || d->kind == DOC_NULL)
            continue;
        if (d->kind != DOC_STRING)
            return false;
        *out = d->text;
    }
    return true;
}

static enum stage_result docker_run(struct stage *stage, struct log_line *line)
{
    struct doc *doc = NULL;
    struct error err = {0};
    struct str output;
    struct str stream;
    struct str time;
    struct doc_limits limits = {0};
    (void)stage;
    if (json_read(line->arena, line->line, limits, &doc, &err) != STATUS_OK ||
        doc->kind != DOC_MAP || !docker_member(doc, "log", &output) ||
        !docker_member(doc, "stream", &stream) || !docker_member(doc, "time", &time) ||
        output.len == 0) {
        return STAGE_KEEP;
    }
    line_set_string(line, STR("output"), output);
    line_set_string(line, STR("stream"), stream);
    line_set_string(line, STR("timestamp"), time);
    line->line = output;
    line_set_label(line, STR("stream"), stream);
    time_parse_rfc3339(time, &line->t_ns);
    return STAGE_KEEP;
}

const struct stage_def stage_docker = {"docker", docker_create, docker_run, NULL};

/* ---- cri ---- */
struct part {
    struct labels *labels; /* of the stream; a reference */
    struct buf text;
};

struct cri_state {
    size_t max_parts;
    size_t max_size; /* 0 = no limit, else lines are cut there */
    VEC(struct part) parts;
    struct self_metric *flushed, *truncated;
};

enum { MAX_LINE = 16 * 1024 * 1024 };

static const struct row cri_rows[] = {
    {ATTR(struct stage_cri_args, max_partial_lines), .def = "100",
     .doc = "Streams whose unfinished lines are held at most."},
    {ATTR(struct stage_cri_args, max_partial_line_size), .def = "0",
     .doc = "Length at which lines are cut, if max_partial_line_size_truncate is set."},
    {ATTR(struct stage_cri_args, max_partial_line_size_truncate), .def = "false",
     .doc = "Whether long lines are cut."},
    {0},
};

static enum status check_cri(void *args, struct arena *arena, struct error *err)
{
    const struct stage_cri_args *a = args;
    (void)arena;
    if (a->max_partial_lines > 0)
        return STATUS_OK;
    return error_set(err, STATUS_INVALID, "max_partial_lines must be greater than 0");
}

const struct shape stage_cri_shape = SHAPE(struct stage_cri_args, cri_rows, check_cri);

static enum status cri_create(struct stage *stage, const void *args, struct arena *arena,
                              struct error *err)
{
    const struct stage_cri_args *a = args;
    struct cri_state *state = stage->state = ARENA_NEW(arena, struct cri_state);
    (void)err;
    state->max_parts = (size_t)a->max_partial_lines;
    state->max_size = a->max_partial_line_size_truncate ? (size_t)a->max_partial_line_size : 0;
    if (state->max_size == 0 || state->max_size > MAX_LINE)
        state->max_size = MAX_LINE;
    state->flushed = self_metric(
        stage_metrics(stage), SELF_COUNTER, "loki_process_cri_partial_lines_flushed_total",
        "A count of partial lines that were flushed prematurely due to the max_partial_lines "
        "limit being exceeded",
        NULL, 0);
    state->truncated = self_metric(
        stage_metrics(stage), SELF_COUNTER, "loki_process_cri_lines_truncated_total",
        "A count of lines that were truncated due to the max_partial_line_size limit", NULL, 0);
    return STATUS_OK;
}

struct cri_line {
    struct str time, stream, content;
    bool is_partial;
};

static bool skip_blank(struct str *text)
{
    if (text->len == 0 || text->ptr[0] != ' ')
        return false;
    *text = str_slice(*text, 1, text->len);
    return true;
}

/* Where the first white space (Unicode's) stands. */
static size_t find_space(struct str text)
{
    unsigned size = 1;
    for (size_t at = 0; at < text.len; at += size, size = 1) {
        unsigned char c = (unsigned char)text.ptr[at];
        if (c == ' ' || (c >= '\t' && c <= '\r'))
            return at;
        if (c >= 0x80 && unicode_is_space(utf8_decode(str_slice(text, at, text.len), &size)))
            return at;
    }
    return 0;
}

static bool read_cri(struct str text, struct cri_line *out)
{
    size_t blank = find_space(text);
    out->time = str_slice(text, 0, blank);
    text = str_slice(text, blank, text.len);
    if (!skip_blank(&text))
        return false;
    if (!str_starts(text, STR("stdout")) && !str_starts(text, STR("stderr")))
        return false;
    out->stream = str_slice(text, 0, 6);
    text = str_slice(text, 6, text.len);
    if (!skip_blank(&text))
        return false;
    bool has_flag = text.len != 0 && (text.ptr[0] == 'P' || text.ptr[0] == 'F');
    out->is_partial = has_flag && text.ptr[0] == 'P';
    if (has_flag)
        text = str_slice(text, 1, text.len);
    skip_blank(&text);
    out->content = text;
    return true;
}

static struct part *find_part(struct cri_state *state, const struct labels *labels)
{
    for (size_t i = 0; i < state->parts.len; i++) {
        if (state->parts.items[i].labels == labels)
            return &state->parts.items[i];
    }
    return NULL;
}

static void remove_part(struct cri_state *state, struct part *part)
{
    size_t at = (size_t)(part - state->parts.items);
    labels_unref(part->labels);
    buf_release(&part->text);
    memmove(part, part + 1, (state->parts.len - at - 1) * sizeof *part);
    state->parts.len--;
}

static void append(struct cri_state *state, struct part *part, struct str text)
{
    size_t room = state->max_size - part->text.len;
    if (text.len > room)
        self_inc(state->truncated);
    buf_str(&part->text, str_slice(text, 0, room));
}

/* The text of the part becomes the line, which has the part's labels. */
static void give_out(struct cri_state *state, struct log_line *line, struct part *part)
{
    line->line = arena_str(line->arena, buf_view(&part->text));
    remove_part(state, part);
}

/* Holds the text. When too many streams are held, the oldest one's text goes out in this line's
 * place. */
static enum stage_result hold(struct cri_state *state, struct log_line *line,
                              struct labels *owned_labels, struct str text)
{
    struct part *part = find_part(state, owned_labels);
    enum stage_result result = STAGE_HOLD;
    if (part != NULL) {
        labels_unref(owned_labels);
    } else {
        if (state->parts.len >= state->max_parts) {
            struct part *oldest = &state->parts.items[0];
            self_inc(state->flushed);
            label_builder_clear(line->labels);
            for (uint32_t i = 0; i < oldest->labels->count; i++) {
                const struct label *pair = &oldest->labels->pairs[i];
                line_set_label(line, arena_str(line->arena, pair->name),
                               arena_str(line->arena, pair->value));
            }
            give_out(state, line, oldest);
            result = STAGE_KEEP;
        }
        struct part fresh = {.labels = owned_labels};
        buf_init(&fresh.text, NULL, MAX_LINE);
        VEC_PUSH(&state->parts, fresh);
        part = &state->parts.items[state->parts.len - 1];
    }
    append(state, part, text);
    return result;
}

static enum stage_result cri_run(struct stage *stage, struct log_line *line)
{
    struct cri_state *state = stage->state;
    struct cri_line parsed;
    struct error err = {0};
    if (!read_cri(line->line, &parsed))
        return STAGE_KEEP;
    line_set_string(line, STR("flags"), parsed.is_partial ? STR("P") : STR("F"));
    line_set_string(line, STR("stream"), parsed.stream);
    line_set_string(line, STR("content"), parsed.content);
    line_set_string(line, STR("time"), parsed.time);
    line->line = parsed.content;
    time_parse_rfc3339(parsed.time, &line->t_ns);
    line_set_label(line, STR("stream"), parsed.stream);
    if (!parsed.is_partial && state->parts.len == 0) {
        if (parsed.content.len > state->max_size) {
            self_inc(state->truncated);
            line->line = str_slice(parsed.content, 0, state->max_size);
        }
        return STAGE_KEEP;
    }
    struct labels *labels = label_builder_intern_stream(line->labels, line->original->table, &err);
    if (labels == NULL)
        return STAGE_KEEP;
    if (parsed.is_partial)
        return hold(state, line, labels, parsed.content);
    struct part *part = find_part(state, labels);
    if (part != NULL) {
        append(state, part, parsed.content);
        give_out(state, line, part);
    }
    labels_unref(labels);
    return STAGE_KEEP;
}

static void cri_release(struct stage *stage)
{
    struct cri_state *state = stage->state;
    while (state->parts.len != 0)
        remove_part(state, &state->parts.items[state->parts.len - 1]);
    VEC_RELEASE(&state->parts);
}

const struct stage_def stage_cri = {"cri", cri_create, cri_run, cri_release};
