/* Loki push requests in JSON: {"streams": [{"stream": {…}, "values": [["ns", "line", {…}], …]}]}.
 * Read as it stands, without a tree: a document of many small entries would be many times its size
 * in nodes. No recursion; what is not known is skipped, NEST_MAX deep at most. */

#include "runtime/wire/loki_push.h"

#include "base/strconv.h"
#include "runtime/wire/loki_entry.h"

enum { NEST_MAX = 64 };

struct json {
    const char *start, *at, *end;
    struct loki_entries *entries;
    struct label_builder labels;
    struct arena scratch; /* texts of the stream at hand */
};

static enum status malformed(struct json *j, const char *what)
{
    return error_set(j->entries->err, STATUS_INVALID, "malformed push request: %s at byte %zu",
                     what, (size_t)(j->at - j->start));
}

static char peek(struct json *j)
{
    while (j->at < j->end && (*j->at == ' ' || *j->at == '\t' || *j->at == '\n' || *j->at == '\r'))
        j->at++;
    return j->at < j->end ? *j->at : '\0';
}

static bool take(struct json *j, char c)
{
    if (peek(j) != c)
        return false;
    j->at++;
    return true;
}

/* Texts. */

/* The raw text between quotes; *escaped tells whether it has escapes. */
static bool raw_string(struct json *j, struct str *out, bool *escaped)
{
    *escaped = false;
    if (!take(j, '"'))
        return false;
    const char *start = j->at;
    while (j->at < j->end && *j->at != '"') {
        if ((unsigned char)*j->at < 0x20)
            return false;
        if (*j->at == '\\') {
            *escaped = true;
            j->at++;
        }
        j->at++;
    }
    if (j->at >= j->end)
        return false;
    *out = str_of(start, (size_t)(j->at - start));
    j->at++;
    return true;
}

static bool hex4(const char *at, uint32_t *out)
{
    *out = 0;
    for (unsigned i = 0; i < 4; i++) {
        char c = at[i];
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                                : 16;
        if (digit == 16)
            return false;
        *out = *out << 4 | digit;
    }
    return true;
}

/* \uXXXX, or a pair of them; half a pair is U+FFFD. Returns the bytes consumed behind the
 * backslash. */
static size_t unescape_rune(const char *at, size_t len, uint32_t *rune)
{
    uint32_t low;
    if (len < 5 || !hex4(at + 1, rune))
        return 0;
    if (*rune < 0xd800 || *rune > 0xdfff)
        return 5;
    bool pair = *rune < 0xdc00 && len >= 11 && at[5] == '\\' && at[6] == 'u' &&
                hex4(at + 7, &low) && low >= 0xdc00 && low <= 0xdfff;
    *rune = pair ? 0x10000 + ((*rune - 0xd800) << 10) + (low - 0xdc00) : UTF8_BAD;
    return pair ? 11 : 5;
}

static size_t put_rune(char *out, uint32_t rune)
{
    if (rune < 0x80) {
        out[0] = (char)rune;
        return 1;
    }
    if (rune < 0x800) {
        out[0] = (char)(0xc0 | rune >> 6);
        out[1] = (char)(0x80 | (rune & 0x3f));
        return 2;
    }
    if (rune < 0x10000) {
        out[0] = (char)(0xe0 | rune >> 12);
        out[1] = (char)(0x80 | (rune >> 6 & 0x3f));
        out[2] = (char)(0x80 | (rune & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | rune >> 18);
    out[1] = (char)(0x80 | (rune >> 12 & 0x3f));
    out[2] = (char)(0x80 | (rune >> 6 & 0x3f));
    out[3] = (char)(0x80 | (rune & 0x3f));
    return 4;
}

/* An unescaped text is never longer than the escaped one. */
static bool unescape(struct str raw, char *out, size_t *len)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    size_t used = 0;
    for (size_t i = 0; i < raw.len; i++) {
        if (raw.ptr[i] != '\\') {
            out[used++] = raw.ptr[i];
            continue;
        }
        if (++i >= raw.len)
            return false;
        const char *simple = memchr(from, raw.ptr[i], sizeof(from) - 1);
        if (simple) {
            out[used++] = to[simple - from];
            continue;
        }
        uint32_t rune = 0;
        size_t taken = raw.ptr[i] == 'u' ? unescape_rune(raw.ptr + i, raw.len - i, &rune) : 0;
        if (taken == 0)
            return false;
        used += put_rune(out + used, rune);
        i += taken - 1;
    }
    *len = used;
    return true;
}

/* A text, copied to the arena. */
static bool take_string(struct json *j, struct arena *arena, struct str *out)
{
    struct str raw;
    bool escaped;
    if (!raw_string(j, &raw, &escaped))
        return false;
    if (!escaped) {
        *out = arena_str(arena, raw);
        return true;
    }
    char *text = arena_alloc(arena, raw.len);
    out->ptr = text;
    return unescape(raw, text, &out->len);
}

/* Skipping. */

static bool skip_scalar(struct json *j)
{
    struct str raw;
    bool escaped;
    if (peek(j) == '"')
        return raw_string(j, &raw, &escaped);
    const char *start = j->at;
    while (j->at < j->end && memchr("+-.0123456789aeflnrstuE", *j->at, 23))
        j->at++;
    return j->at > start;
}

/* One value whatever it is; commas and colons inside are taken as they come. */
static bool skip_value(struct json *j)
{
    unsigned depth = 0;
    do {
        char c = peek(j);
        if (c == '{' || c == '[') {
            if (++depth > NEST_MAX)
                return false;
            j->at++;
        } else if (depth && (c == '}' || c == ']')) {
            depth--;
            j->at++;
        } else if (depth && (c == ',' || c == ':')) {
            j->at++;
        } else if (!skip_scalar(j)) {
            return false;
        }
    } while (depth);
    return true;
}

/* The next key of an object whose brace is taken; false at its end or when malformed (*ok). */
static bool next_key(struct json *j, bool first, struct str *key, bool *ok)
{
    bool escaped;
    *ok = true;
    if (take(j, '}'))
        return false;
    *ok = (first || take(j, ',')) && (peek(j), raw_string(j, key, &escaped)) && take(j, ':');
    return *ok;
}

/* Content. */

static enum status read_labels(struct json *j, struct arena *arena)
{
    bool ok = take(j, '{'), first = true;
    label_builder_clear(&j->labels);
    while (ok && !take(j, '}')) {
        struct label pair;
        ok = (first || take(j, ',')) && (peek(j), take_string(j, arena, &pair.name)) &&
             take(j, ':') && (peek(j), take_string(j, arena, &pair.value)) &&
             j->labels.count < LABELS_MAX;
        if (ok)
            label_builder_set(&j->labels, pair.name, pair.value);
        first = false;
    }
    return ok ? STATUS_OK : malformed(j, "labels");
}

static bool take_time(struct json *j, int64_t *out)
{
    struct str raw;
    bool escaped;
    if (peek(j) == '"')
        return raw_string(j, &raw, &escaped) && str_to_i64(raw, out);
    const char *start = j->at;
    while (j->at < j->end && (*j->at == '-' || (*j->at >= '0' && *j->at <= '9')))
        j->at++;
    return str_to_i64(str_of(start, (size_t)(j->at - start)), out);
}

static enum status read_value(struct json *j)
{
    struct arena *arena = &j->entries->out->base.arena;
    struct log_entry entry = {0};
    if (!take(j, '[') || !take_time(j, &entry.t_ns) || !take(j, ',') ||
        (peek(j), !take_string(j, arena, &entry.line)))
        return malformed(j, "entry");
    if (take(j, ',')) {
        enum status status = read_labels(j, arena);
        if (status != STATUS_OK)
            return status;
        size_t count = j->labels.count;
        struct label *pairs = arena_alloc(arena, count * sizeof(*pairs));
        if (count)
            memcpy(pairs, j->labels.pairs, count * sizeof(*pairs));
        entry.metadata = pairs;
        entry.metadata_count = count;
    }
    return take(j, ']') ? loki_entries_add(j->entries, entry) : malformed(j, "entry");
}

static enum status read_values(struct json *j)
{
    enum status status = STATUS_OK;
    if (!take(j, '['))
        return malformed(j, "values");
    if (take(j, ']'))
        return status;
    do
        status = read_value(j);
    while (status == STATUS_OK && take(j, ','));
    return status != STATUS_OK || take(j, ']') ? status : malformed(j, "values");
}

typedef enum status member_fn(struct json *j);

/* Walks the members of an object and gives the one named `wanted` to `read`. */
static enum status walk(struct json *j, const char *wanted, member_fn *read)
{
    struct str key;
    bool first = true, ok = take(j, '{');
    while (ok && next_key(j, first, &key, &ok)) {
        first = false;
        if (str_is(key, wanted)) {
            enum status status = read(j);
            if (status != STATUS_OK)
                return status;
        } else {
            ok = skip_value(j);
        }
    }
    return ok ? STATUS_OK : malformed(j, "object");
}

static enum status read_stream_labels(struct json *j)
{
    return read_labels(j, &j->scratch);
}

/* Labels may stand behind the values, so the object is walked twice. */
static enum status read_stream(struct json *j)
{
    const char *start = j->at;
    arena_reset(&j->scratch);
    label_builder_clear(&j->labels);
    enum status status = walk(j, "stream", read_stream_labels);
    if (status == STATUS_OK)
        status = loki_entries_stream(j->entries, &j->labels);
    if (status != STATUS_OK)
        return status;
    j->at = start;
    return walk(j, "values", read_values);
}

static enum status read_streams(struct json *j)
{
    enum status status = STATUS_OK;
    if (!take(j, '['))
        return malformed(j, "streams");
    if (take(j, ']'))
        return status;
    do {
        peek(j);
        status = read_stream(j);
    } while (status == STATUS_OK && take(j, ','));
    return status != STATUS_OK || take(j, ']') ? status : malformed(j, "streams");
}

enum status loki_push_read_json(struct str body, struct label_table *table,
                                struct loki_push_limits limits, struct log_batch *out,
                                struct error *err)
{
    const char *text = body.len ? body.ptr : "";
    struct json j = {.start = text, .at = text, .end = text + body.len};
    j.entries = loki_entries_new(table, limits, out, err);
    label_builder_init(&j.labels);
    arena_init(&j.scratch, NULL, 4 * (size_t)LABELS_MAX_BYTES);
    enum status status = walk(&j, "streams", read_streams);
    if (status == STATUS_OK && (peek(&j), j.at != j.end))
        status = malformed(&j, "text behind the object");
    label_builder_release(&j.labels);
    arena_release(&j.scratch);
    loki_entries_free(j.entries);
    return status;
}
