/* The stages template (an extracted value becomes what a template makes of all of them) and replace
 * (what the groups of a regular expression match becomes what a template makes of it). */

#include "components/loki/process/template/template.h"

#include "base/regex.h"
#include "base/strconv.h"
#include "components/loki/process/args.h"
#include "components/loki/process/stage.h"

enum { MAX_OUTPUT = 16 * 1024 * 1024, MAX_GROUPS = 64 };

/* What templates see: extracted values as texts, .Value, .Entry. */
struct view {
    struct log_line *line;
    struct str value;
    bool has_value, has_entry;
};

static bool get(void *arg, struct str name, struct str *out)
{
    struct view *view = arg;
    if (str_is(name, "Value") && view->has_value) {
        *out = view->value;
        return true;
    }
    if (str_is(name, "Entry") && view->has_entry) {
        *out = view->line->line;
        return true;
    }
    return line_text(view->line, line_value(view->line, name), out);
}

/* The names that `get` knows, each once. */
static struct str *names(void *arg, struct arena *arena, size_t *count)
{
    const struct view *view = arg;
    const struct log_line *line = view->line;
    struct str *out = ARENA_ARRAY(arena, line->value_count + 2, struct str);
    *count = 0;
    for (size_t i = 0; i < line->value_count; i++) {
        const struct extracted *value = &line->values[i];
        bool is_ours = (view->has_value && str_is(value->key, "Value")) ||
                       (view->has_entry && str_is(value->key, "Entry"));
        if (value->kind != EXTRACTED_NULL && !is_ours)
            out[(*count)++] = value->key;
    }
    if (view->has_value)
        out[(*count)++] = STR("Value");
    if (view->has_entry)
        out[(*count)++] = STR("Entry");
    return out;
}

static bool execute(const struct template *t, struct view *view, struct str *out)
{
    struct template_data data = {get, names, view, !view->has_entry};
    struct error err = {0};
    struct buf text;
    buf_init(&text, NULL, MAX_OUTPUT);
    bool ok = template_execute(t, &data, view->line->arena, &text, &err) == STATUS_OK;
    if (ok)
        *out = arena_str(view->line->arena, buf_view(&text));
    buf_release(&text);
    return ok;
}

static enum status check_template(struct str text, struct error *err)
{
    struct arena arena;
    arena_init(&arena, NULL, MAX_OUTPUT);
    template_compile(text, &arena, err);
    arena_release(&arena);
    return err->status;
}

/* ---- template ---- */
struct template_state {
    struct str source;
    struct template *template;
};

static const struct row template_rows[] = {
    {ATTR(struct stage_template_args, source), .required = true,
     .doc = "Extracted value that is set to the result."},
    {ATTR_AS(struct stage_template_args, template_text, "template"), .required = true,
     .check = check_template, .doc = "Template in the language of Go's text/template."},
    {0},
};

static enum status check_source(void *args, struct arena *arena, struct error *err)
{
    const struct stage_template_args *a = args;
    (void)arena;
    if (a->source.len != 0)
        return STATUS_OK;
    return error_set(err, STATUS_INVALID, "template source value is required");
}

STAGE_SHAPE(template, template_rows, check_source);

static enum status template_create(struct stage *stage, const void *args, struct arena *arena,
                                   struct error *err)
{
    const struct stage_template_args *a = args;
    struct template_state *state = stage->state = ARENA_NEW(arena, struct template_state);
    state->source = arena_str(arena, a->source);
    state->template = template_compile(a->template_text, arena, err);
    return state->template != NULL ? STATUS_OK : err->status;
}

static enum stage_result template_run(struct stage *stage, struct log_line *line)
{
    const struct template_state *state = stage->state;
    struct view view = {.line = line, .has_entry = true};
    struct str text;
    view.has_value = line_text(line, line_value(line, state->source), &view.value);
    if (!execute(state->template, &view, &text))
        return STAGE_KEEP;
    if (text.len != 0) {
        line_set_string(line, state->source, text);
    } else {
        line_remove_value(line, state->source);
    }
    return STAGE_KEEP;
}

const struct stage_def stage_template = {"template", template_create, template_run, NULL};

/* ---- replace ---- */
struct replace_state {
    struct str source;
    struct regex *regex;
    struct template *template;
};

static const struct row replace_rows[] = {
    {ATTR(struct stage_replace_args, expression), .required = true,
     .doc = "Regular expression whose groups are replaced."},
    {ATTR(struct stage_replace_args, source), .def = "\"\"",
     .doc = "Extracted value to change; the line when empty."},
    {ATTR(struct stage_replace_args, replace), .def = "\"\"",
     .doc = "Template of what groups become; .Value is the group."},
    {0},
};
STAGE_SHAPE(replace, replace_rows, NULL);

static enum status replace_create(struct stage *stage, const void *args, struct arena *arena,
                                  struct error *err)
{
    const struct stage_replace_args *a = args;
    struct replace_state *state = stage->state = ARENA_NEW(arena, struct replace_state);
    if (a->expression.len == 0)
        return error_set(err, STATUS_INVALID, "expression is required");
    state->source = arena_str(arena, a->source);
    state->template = template_compile(a->replace, arena, err);
    if (state->template == NULL)
        return error_prefix(err, "failed to compile template: ");
    state->regex = regex_new(a->expression, REGEX_SEARCH, err);
    if (state->regex == NULL)
        return error_prefix(err, "could not compile regular expression: ");
    if (regex_groups(state->regex) < MAX_GROUPS)
        return STATUS_OK;
    regex_unref(state->regex);
    return error_set(err, STATUS_LIMIT, "more than %d groups", MAX_GROUPS - 1);
}

struct replacing {
    const struct replace_state *state;
    struct view view;
    struct str input;
    struct buf out;
    size_t done;                  /* bytes of the input that are in `out` */
    struct str first[MAX_GROUPS]; /* the groups of the first match; empty where none took part */
    struct str made[MAX_GROUPS];  /* what the same text became last; NULL = never met */
    unsigned count;
    bool found;
};

/* What a named group of the first match held is extracted as what that text became last, in
 * whichever match. */
static void note_made(struct replacing *r, struct str captured, struct str made)
{
    for (unsigned i = 1; i < r->count; i++) {
        if (str_eq(r->first[i], captured))
            r->made[i] = made;
    }
}

/* One match: its groups are replaced from left to right; one that begins before the last ended is
 * skipped. */
static bool replace_match(struct replacing *r, const struct str *groups)
{
    for (unsigned i = 1; i < r->count && !r->found; i++)
        r->first[i] = groups[i].ptr != NULL ? groups[i] : STR("");
    r->found = true;
    for (unsigned i = 1; i < r->count; i++) {
        struct str text;
        if (groups[i].ptr == NULL)
            continue;
        size_t from = (size_t)(groups[i].ptr - r->input.ptr);
        r->view.value = groups[i];
        if (!execute(r->state->template, &r->view, &text))
            return false;
        note_made(r, groups[i], text);
        if (r->done > from)
            continue;
        buf_str(&r->out, str_slice(r->input, r->done, from));
        buf_str(&r->out, text);
        r->done = from + groups[i].len;
    }
    return true;
}

/* All matches, as Go finds them: an empty one that follows another at once does not count. */
static bool replace_all(struct replacing *r)
{
    struct str groups[MAX_GROUPS];
    size_t previous = SIZE_MAX;
    size_t at = 0;
    r->count = regex_groups(r->state->regex) + 1;
    while (at <= r->input.len && regex_capture(r->state->regex, r->input, at, groups, r->count)) {
        size_t from = (size_t)(groups[0].ptr - r->input.ptr);
        size_t to = from + groups[0].len;
        bool is_new = to != at || from != previous;
        unsigned width = 1;
        if (to == at && at < r->input.len)
            utf8_decode(str_slice(r->input, at, r->input.len), &width);
        at = to == at ? at + width : to;
        previous = to;
        if (is_new && !replace_match(r, groups))
            return false;
    }
    buf_str(&r->out, str_slice(r->input, r->done, r->input.len));
    return r->found && buf_ok(&r->out);
}

static void replace_extract(struct replacing *r)
{
    for (unsigned i = 1; i < r->count; i++) {
        struct str name = regex_group_name(r->state->regex, i);
        if (name.len != 0 && r->made[i].ptr != NULL)
            line_set_string(r->view.line, name, r->made[i]);
    }
}

static enum stage_result replace_run(struct stage *stage, struct log_line *line)
{
    const struct replace_state *state = stage->state;
    struct replacing r __attribute__((uninitialized));
    r.state = state;
    r.view = (struct view){.line = line, .has_value = true};
    r.done = 0;
    r.found = false;
    memset(r.made, 0, sizeof r.made);
    if (!line_source(line, state->source, &r.input))
        return STAGE_KEEP;
    buf_init(&r.out, NULL, MAX_OUTPUT);
    if (replace_all(&r)) {
        struct str text = arena_str(line->arena, buf_view(&r.out));
        if (state->source.len != 0) {
            line_set_string(line, state->source, text);
        } else {
            line->line = text;
        }
        replace_extract(&r);
    }
    buf_release(&r.out);
    return STAGE_KEEP;
}

static void replace_release(struct stage *stage)
{
    struct replace_state *state = stage->state;
    regex_unref(state->regex);
}

const struct stage_def stage_replace = {"replace", replace_create, replace_run, replace_release};
