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
    bool is_wrong;
};

static bool is_blank(char c)
{
    return (unsigned char)c <= ' ';
}

/* Up to a blank, '=' or '"'. */
static struct str read_word(struct cursor *c)
{
    size_t from = c->at;
    while (c->at < c->text.len) {
        char byte = c->text.ptr[c->at];
        if (is_blank(byte) || byte == '"' || byte == '=')
            break;
        c->at++;
    }
    return str_slice(c->text, from, c->at);
}

/* Four hexadecimal digits; UINT32_MAX when they are none. */
static uint32_t hex4(struct str text)
{
    uint32_t value = 0;
    if (text.len < 4)
        return UINT32_MAX;
    for (size_t i = 0; i < 4; i++) {
        char c = text.ptr[i];
        char lower = (char)(c | 32);
        if (c >= '0' && c <= '9')
            value = value * 16 + (uint32_t)(c - '0');
        else if (lower >= 'a' && lower <= 'f')
            value = value * 16 + (uint32_t)(lower - 'a' + 10);
        else
            return UINT32_MAX;
    }
    return value;
}

/* \uXXXX behind the u; halves of pairs that stand alone become U+FFFD. */
static bool unescape_rune(struct buf *out, struct str *text)
{
    uint32_t rune = hex4(*text);
    if (rune == UINT32_MAX)
        return false;
    *text = str_slice(*text, 4, text->len);
    if (rune >= 0xd800 && rune < 0xe000) {
        uint32_t low = str_starts(*text, STR("\\u")) ? hex4(str_slice(*text, 2, text->len)) : 0;
        bool is_pair = rune < 0xdc00 && low >= 0xdc00 && low < 0xe000;
        rune = is_pair ? 0x10000 + ((rune - 0xd800) << 10) + (low - 0xdc00) : UTF8_BAD;
        if (is_pair)
            *text = str_slice(*text, 6, text->len);
    }
    utf8_append(out, rune);
    return true;
}

/* The escapes of JSON, and \'. */
static bool unescape(struct buf *out, struct str text)
{
    static const char from[] = "\"\\/'bfnrt", to[] = "\"\\/'\b\f\n\r\t";
    while (text.len != 0) {
        unsigned size = 1;
        char c = text.ptr[0];
        if ((unsigned char)c < ' ')
            return false;
        if (c != '\\') {
            utf8_append(out, utf8_decode(text, &size));
            text = str_slice(text, size, text.len);
            continue;
        }
        const char *known = text.len > 1 && text.ptr[1] != '\0' ? strchr(from, text.ptr[1]) : NULL;
        bool is_rune = text.len > 1 && text.ptr[1] == 'u';
        text = str_slice(text, 2, text.len);
        if (known != NULL)
            buf_byte(out, to[known - from]);
        else if (!is_rune || !unescape_rune(out, &text))
            return false;
    }
    return true;
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
    *value = str_slice(c->text, from + 1, c->at++);
    if (!has_escape)
        return true;
    struct buf text;
    buf_init(&text, NULL, value->len * 3 + 16);
    bool ok = unescape(&text, *value);
    if (ok)
        *value = arena_str(arena, buf_view(&text));
    buf_release(&text);
    return ok;
}

static bool at_end_of_pair(const struct cursor *c)
{
    return c->at == c->text.len || is_blank(c->text.ptr[c->at]);
}

/* Names are UTF-8 without U+FFFD. */
static bool is_name(struct str key)
{
    for (size_t i = 0; i < key.len; i++) {
        if ((unsigned char)key.ptr[i] >= 0x80)
            return utf8_valid(key) && str_find(key, STR("\xef\xbf\xbd"), 0) == SIZE_MAX;
    }
    return key.len != 0;
}

/* False at the end and at a malformed pair, which c->is_wrong tells. Another pair may follow a
 * quoted value at once. */
static bool next_pair(struct cursor *c, struct arena *arena, struct str *key, struct str *value)
{
    while (c->at < c->text.len && is_blank(c->text.ptr[c->at]))
        c->at++;
    if (c->at == c->text.len)
        return false;
    *value = STR("");
    *key = read_word(c);
    c->is_wrong = !is_name(*key) || (!at_end_of_pair(c) && c->text.ptr[c->at] != '=');
    if (c->is_wrong || at_end_of_pair(c))
        return !c->is_wrong;
    c->at++;
    if (at_end_of_pair(c))
        return true;
    if (c->text.ptr[c->at] == '"') {
        c->is_wrong = !read_quoted(c, arena, value);
    } else {
        *value = read_word(c);
        c->is_wrong = !at_end_of_pair(c);
    }
    return !c->is_wrong;
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
    struct str text = STR(""), key, value;
    bool more = line_source(line, state->source, &text);
    while (more) {
        struct cursor cursor = {0};
        more = str_cut(text, '\n', &cursor.text, &text);
        while (next_pair(&cursor, line->arena, &key, &value))
            extract(state, line, key, value);
        more = more && !cursor.is_wrong;
    }
    return STAGE_KEEP;
}

static void release(struct stage *stage)
{
    struct state *state = stage->state;
    regex_unref(state->regex);
}

const struct stage_def stage_logfmt = {"logfmt", create, run, release};
