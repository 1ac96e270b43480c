/* The stage json: values of a JSON object become extracted values, found by JMESPath or by a
 * regular expression over the names of members. The document lives until the next line; what is
 * extracted is a view into the line, or a copy in the batch's arena. */

#include "base/json.h"
#include "base/regex.h"
#include "components/loki/process/args.h"
#include "components/loki/process/jmespath/jmespath.h"
#include "components/loki/process/json_scan.h"
#include "components/loki/process/stage.h"

enum { MAX_DEPTH = 10000, MAX_TEXT = 64 * 1024 * 1024 };

struct expression {
    struct str name;
    struct jmespath path;
};

struct state {
    struct expression *expressions;
    size_t count;
    struct str members[JSON_SCAN_MAX]; /* when every expression is one member */
    bool are_members;
    struct str source;
    struct regex *regex; /* NULL = none */
    bool drop_malformed;
    struct arena documents; /* the line's at hand */
    struct error err;       /* too large to be cleared for every line */
};

static enum status vet_path(struct str text, struct error *err)
{
    struct arena arena;
    struct jmespath path;
    arena_init(&arena, NULL, MAX_TEXT);
    enum status status = text.len != 0 ? jmespath_compile(text, &arena, &path, err) : STATUS_OK;
    arena_release(&arena);
    return status == STATUS_OK ? STATUS_OK
                               : error_prefix(err, "could not compile JMES expression: ");
}

static const struct row rows[] = {
    {ATTR(struct stage_json_args, expressions), .vet = vet_path,
     .doc = "Names of extracted values and the JMESPath they are found by; empty means the name."},
    {ATTR(struct stage_json_args, regex), .def = "\"\"",
     .doc = "Regular expression of members that are extracted as well."},
    {ATTR(struct stage_json_args, source), .doc = "Extracted value to read; the line when absent."},
    {ATTR(struct stage_json_args, drop_malformed), .def = "false",
     .doc = "Whether lines that are no JSON object are dropped."},
    {0},
};
STAGE_SHAPE(json, rows, NULL);

static void note_members(struct state *state, bool has_regex)
{
    state->are_members = !has_regex && state->count <= JSON_SCAN_MAX;
    for (size_t i = 0; i < state->count && state->are_members; i++) {
        const struct jmespath *path = &state->expressions[i].path;
        state->are_members = path->field_count == 1;
        if (state->are_members)
            state->members[i] = path->fields[0];
    }
}

static enum status create(struct stage *stage, const void *args, struct arena *arena,
                          struct error *err)
{
    const struct stage_json_args *a = args;
    struct state *state = stage->state = ARENA_NEW(arena, struct state);
    arena_init(&state->documents, NULL, 0);
    if (a->expressions.count == 0 && a->regex.len == 0) {
        return error_set(err, STATUS_INVALID, "JMES expressions or regex is required");
    }
    if (a->source.is_set && a->source.value.len == 0) {
        return error_set(err, STATUS_INVALID, "empty source");
    }
    state->source = arena_str(arena, a->source.value);
    state->drop_malformed = a->drop_malformed;
    state->expressions = ARENA_ARRAY(arena, a->expressions.count, struct expression);
    for (size_t i = 0; i < a->expressions.count; i++) {
        struct expression *e = &state->expressions[state->count++];
        e->name = arena_str(arena, a->expressions.items[i].key);
        struct str text = a->expressions.items[i].value;
        if (jmespath_compile(text.len != 0 ? text : e->name, arena, &e->path, err) != STATUS_OK) {
            return error_prefix(err, "could not compile JMES expression: ");
        }
    }
    note_members(state, a->regex.len != 0);
    if (a->regex.len == 0)
        return STATUS_OK;
    state->regex = regex_new(a->regex, REGEX_SEARCH, err);
    return state->regex != NULL ? STATUS_OK : err->status;
}

/* Objects and arrays become their text; what has none becomes empty, as Alloy has it. */
static struct str marshal(const struct doc *d, struct arena *scratch, struct arena *arena)
{
    struct buf out;
    buf_init(&out, NULL, MAX_TEXT);
    bool ok = jmespath_marshal(d, MARSHAL_JSONITER, scratch, &out);
    struct str text = ok ? arena_str(arena, buf_view(&out)) : STR("");
    buf_release(&out);
    return text;
}

/* A text of the document for longer than the document. */
static struct str keep(struct log_line *line, struct str source, struct str text)
{
    bool is_view = text.ptr >= source.ptr && text.ptr + text.len <= source.ptr + source.len;
    return is_view || text.len == 0 ? text : arena_str(line->arena, text);
}

static void extract(struct state *state, struct log_line *line, struct str source, struct str name,
                    const struct doc *d)
{
    switch (d->kind) {
    case DOC_NULL: line_set_null(line, name); break;
    case DOC_BOOL: line_set_bool(line, name, d->boolean); break;
    case DOC_INT:
    case DOC_FLOAT: line_set_number(line, name, d->number); break;
    case DOC_STRING:
    case DOC_TIME: line_set_string(line, name, keep(line, source, d->text)); break;
    case DOC_LIST:
    case DOC_MAP: line_set_string(line, name, marshal(d, &state->documents, line->arena)); break;
    }
}

/* Most lines need no document. */
static bool scan(struct state *state, struct log_line *line, struct str text)
{
    struct doc found[JSON_SCAN_MAX] __attribute__((uninitialized));
    if (!state->are_members || !json_scan(text, state->members, state->count, found))
        return false;
    for (size_t i = 0; i < state->count; i++)
        extract(state, line, text, state->expressions[i].name, &found[i]);
    return true;
}

static enum stage_result run(struct stage *stage, struct log_line *line)
{
    struct state *state = stage->state;
    struct doc *doc = NULL;
    struct str text;
    struct doc_limits limits = {.max_depth = MAX_DEPTH, .finite = true};
    if (!line_source(line, state->source, &text))
        return STAGE_KEEP;
    if (scan(state, line, text))
        return STAGE_KEEP;
    arena_reset(&state->documents);
    if (json_read(&state->documents, text, limits, &doc, &state->err) != STATUS_OK ||
        (doc->kind != DOC_MAP && doc->kind != DOC_NULL)) {
        return state->drop_malformed ? STAGE_DROP : STAGE_KEEP;
    }
    for (size_t i = 0; i < state->count; i++) {
        const struct expression *e = &state->expressions[i];
        const struct doc *found = jmespath_search(&e->path, doc, &state->documents);
        if (found != NULL)
            extract(state, line, text, e->name, found);
    }
    for (const struct doc *d = doc->child; state->regex != NULL && d != NULL; d = d->next) {
        if (regex_match(state->regex, d->key))
            extract(state, line, text, keep(line, text, d->key), d);
    }
    return STAGE_KEEP;
}

static void release(struct stage *stage)
{
    struct state *state = stage->state;
    regex_unref(state->regex);
    arena_release(&state->documents);
}

const struct stage_def stage_json = {"json", create, run, release};
