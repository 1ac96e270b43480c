/* The stage logfmt: pairs of key=value become extracted values. Reads as
 * github.com/go-logfmt/logfmt does: what stands before a malformed pair counts, the rest does not.
 */

#include "base/regex.h"
#include "base/strconv.h"
#include "components/loki/process/args.h"
#include "components/loki/process/stage.h"

struct state {
    struct pair {
        struct str key, name;
    } * pairs; /* by key of the line */
    size_t count;
    struct str source;
    struct regex *regex; /* NULL = none */
};

static const struct row rows[] = {
    {ATTR(struct stage_logfmt_args, mapping),
     .doc = "Names of extracted values and the keys they are taken from; empty means the same."},
    {ATTR(struct stage_logfmt_args, source), .def = "\"\"",
     .doc = "Extracted value to read; the line when empty."},
    {ATTR(struct stage_logfmt_args, regex), .def = "\"\"",
     .doc = "Regular expression of keys that are extracted as well."},
    {0},
};
STAGE_SHAPE(logfmt, rows, NULL);

static enum status create(struct stage *stage, const void *args, struct arena *arena,
                          struct error *err)
{
    const struct stage_logfmt_args *a = args;
    struct state *state = stage->state = ARENA_NEW(arena, struct state);
    if (a->mapping.count == 0 && a->regex.len == 0) {
        return error_set(err, STATUS_INVALID, "logfmt mapping or regex is required");
    }
    state->pairs = ARENA_ARRAY(arena, a->mapping.count, struct pair);
    state->source = arena_str(arena, a->source);
    for (size_t i = 0; i < a->mapping.count; i++) {
        struct str name = arena_str(arena, a->mapping.items[i].key);
        struct str key = a->mapping.items[i].value;
        state->pairs[state->count++] =
            (struct pair){key.len != 0 ? arena_str(arena, key) : name, name};
    }
    if (a->regex.len == 0)
        return STATUS_OK;
    state->regex = regex_new(a->regex, REGEX_SEARCH, err);
    return state->regex != NULL ? STATUS_OK : err->status;
}

/* ---- reading ---- */
struct cursor {
    struct str text;
    size_t at;
};

static bool is_blank(char c)
{
    return (unsigned char)c <= ' ';
}

/* Up to a blank, '=' or '"'. */
static struct str read_word(struct cursor *c, bool stops_at_equals)
{
    size_t from = c->at;
    while (c->at < c->text.len) {
        char byte = c->text.ptr[c->at];
        if (is_blank(byte) || byte == '"' || (byte == '=' && stops_at_equals))
            break;
        if (byte == '=')
            break;
        c->at++;
    }
    return str_slice(c->text, from, c->at);
}

static bool read_quoted(struct cursor *c, struct arena *arena, struct str *value)
{
    size_t from = c->at++;
    bool has_escape = false;
    while (c->at < c->text.len && c->text.ptr[c->at] != '"') {
        if (c->text.ptr[c->at] == '\\') {
            has_escape = true;
            c->at++;
        }
        c->at++;
    }
    if (c->at >= c->text.len)
        return false;
    c->at++;
    *value = str_slice(c->text, from + 1, c->at - 1);
    if (!has_escape)
        return true;
    struct buf text;
    struct str json = str_slice(c->text, from, c->at);
    buf_init(&text, NULL, json.len + 16);
    bool ok = strconv_unquote(&text, json);
    if (ok)
        *value = arena_str(arena, buf_view(&text));
    buf_release(&text);
    return ok;
}

static bool at_end_of_pair(const struct cursor *c)
{
    return c->at == c->text.len || is_blank(c->text.ptr[c->at]);
}

/* False at the end and at a malformed pair. */
static bool next_pair(struct cursor *c, struct arena *arena, struct str *key, struct str *value)
{
    while (c->at < c->text.len && is_blank(c->text.ptr[c->at]))
        c->at++;
    if (c->at == c->text.len)
        return false;
    *value = STR("");
    *key = read_word(c, true);
    if (key->len == 0)
        return false;
    if (at_end_of_pair(c))
        return true;
    if (c->text.ptr[c->at] != '=')
        return false;
    c->at++;
    if (at_end_of_pair(c))
        return true;
    if (c->text.ptr[c->at] == '"') {
        if (!read_quoted(c, arena, value))
            return false;
    } else {
        *value = read_word(c, false);
    }
    return at_end_of_pair(c);
}

static void extract(const struct state *state, struct log_line *line, struct str key,
                    struct str value)
{
    for (size_t i = 0; i < state->count; i++) {
        if (str_eq(state->pairs[i].key, key))
            line_set_string(line, state->pairs[i].name, value);
    }
    if (state->regex != NULL && regex_match(state->regex, key))
        line_set_string(line, key, value);
}

static enum stage_result run(struct stage *stage, struct log_line *line)
{
    const struct state *state = stage->state;
    struct cursor cursor = {0};
    struct str key;
    struct str value;
    if (!line_source(line, state->source, &cursor.text))
        return STAGE_KEEP;
    while (next_pair(&cursor, line->arena, &key, &value))
        extract(state, line, key, value);
    return STAGE_KEEP;
}

static void release(struct stage *stage)
{
    struct state *state = stage->state;
    regex_unref(state->regex);
}

const struct stage_def stage_logfmt = {"logfmt", create, run, release};
