/* Loki push requests (protobuf) into batches, and the selectors that name streams. Bounded by the
 * limits; texts are copied to the batch. */

#include "runtime/wire/loki_push.h"

#include "base/strconv.h"
#include "runtime/wire/loki_entry.h"
#include "runtime/wire/pb.h"

enum { ENTRIES_DEFAULT = 500000, STREAMS_DEFAULT = 100000, LITERAL_MAX = LABELS_MAX_BYTES };

/* Adding entries: shared with the JSON form. */

static void undo_entries(void *arg)
{
    labels_unref(((struct loki_entries *)arg)->stream);
}

struct loki_entries *loki_entries_new(struct label_table *table, struct loki_push_limits limits,
                                      struct log_batch *out, struct error *err)
{
    struct loki_entries *e = mem_zalloc(NULL, sizeof(*e));
    *e = (struct loki_entries){.table = table, .limits = limits, .out = out, .err = err};
    if (!e->limits.max_entries)
        e->limits.max_entries = ENTRIES_DEFAULT;
    if (!e->limits.max_streams)
        e->limits.max_streams = STREAMS_DEFAULT;
    mem_scope_guard(undo_entries, e);
    return e;
}

void loki_entries_free(struct loki_entries *e)
{
    mem_scope_unguard(undo_entries, e);
    undo_entries(e);
    mem_free(e);
}

enum status loki_entries_stream(struct loki_entries *e, const struct label_builder *labels)
{
    labels_unref(e->stream);
    e->stream = NULL;
    if (++e->streams > e->limits.max_streams)
        return error_set(e->err, STATUS_LIMIT, "push request of more than %zu streams",
                         e->limits.max_streams);
    e->stream = label_builder_intern(labels, e->table, e->err);
    return e->stream ? STATUS_OK : (e->err ? e->err->status : STATUS_MEMORY);
}

enum status loki_entries_add(struct loki_entries *e, struct log_entry entry)
{
    if (e->entries >= e->limits.max_entries)
        return error_set(e->err, STATUS_LIMIT, "push request of more than %zu entries",
                         e->limits.max_entries);
    entry.labels = e->stream;
    if (!log_batch_add(e->out, &entry))
        return error_set(e->err, STATUS_MEMORY, "no memory for a push request");
    labels_ref(e->stream);
    e->entries++;
    return STATUS_OK;
}

/* Selectors. */

static struct str skip_blanks(struct str s)
{
    size_t i = 0;
    while (i < s.len &&
           (s.ptr[i] == ' ' || s.ptr[i] == '\t' || s.ptr[i] == '\n' || s.ptr[i] == '\r'))
        i++;
    return str_slice(s, i, s.len);
}

static size_t name_length(struct str s)
{
    size_t i = 0;
    for (; i < s.len; i++) {
        char c = s.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
        if (!letter && !(i > 0 && ((c >= '0' && c <= '9') || c == '.')))
            break;
    }
    return i;
}

/* Bytes of the quoted literal that `s` begins with; 0 when it does not end. */
static size_t literal_length(struct str s)
{
    if (s.len == 0 || (s.ptr[0] != '"' && s.ptr[0] != '`'))
        return 0;
    for (size_t i = 1; i < s.len; i++) {
        if (s.ptr[i] == s.ptr[0])
            return i + 1;
        if (s.ptr[i] == '\\' && s.ptr[0] == '"')
            i++;
    }
    return 0;
}

static bool take_value(struct str *rest, struct arena *arena, struct str *out)
{
    size_t len = literal_length(*rest);
    if (len == 0)
        return false;
    struct str literal = str_slice(*rest, 0, len);
    *rest = str_slice(*rest, len, rest->len);
    if (!memchr(literal.ptr, '\\', len) || literal.ptr[0] == '`') {
        *out = arena_str(arena, str_slice(literal, 1, len - 1));
        return true;
    }
    struct buf text;
    buf_init(&text, arena->owner, LITERAL_MAX);
    bool ok = strconv_unquote(&text, literal) && buf_ok(&text);
    if (ok)
        *out = arena_str(arena, buf_view(&text));
    buf_release(&text);
    return ok;
}

static bool take_pair(struct str *rest, struct arena *arena, struct label *out)
{
    size_t len = name_length(*rest);
    if (len == 0)
        return false;
    out->name = arena_str(arena, str_slice(*rest, 0, len));
    *rest = skip_blanks(str_slice(*rest, len, rest->len));
    if (rest->len == 0 || rest->ptr[0] != '=')
        return false;
    *rest = skip_blanks(str_slice(*rest, 1, rest->len));
    if (!take_value(rest, arena, &out->value))
        return false;
    *rest = skip_blanks(*rest);
    return true;
}

enum status loki_labels_parse(struct str text, struct label_builder *out, struct arena *arena,
                              struct error *err)
{
    struct str rest = skip_blanks(text);
    label_builder_clear(out);
    bool ok = rest.len > 0 && rest.ptr[0] == '{';
    rest = ok ? skip_blanks(str_slice(rest, 1, rest.len)) : rest;
    while (ok && !(rest.len > 0 && rest.ptr[0] == '}')) {
        struct label pair;
        ok = out->count < LABELS_MAX && take_pair(&rest, arena, &pair);
        if (!ok)
            break;
        label_builder_set(out, pair.name, pair.value);
        if (rest.len > 0 && rest.ptr[0] == ',')
            rest = skip_blanks(str_slice(rest, 1, rest.len));
        else
            ok = rest.len > 0 && rest.ptr[0] == '}';
    }
    if (!ok || skip_blanks(str_slice(rest, 1, rest.len)).len)
        return error_set(err, STATUS_INVALID, "malformed stream labels: %.*s",
                         (int)(text.len < 200 ? text.len : 200), text.ptr ? text.ptr : "");
    return STATUS_OK;
}

/* Protobuf. */

static enum status malformed(struct loki_entries *e, const char *what)
{
    return error_set(e->err, STATUS_INVALID, "malformed push request: %s", what);
}

static bool read_time(struct str bytes, int64_t *out)
{
    struct pb_reader r = pb_read(bytes);
    struct pb_field field;
    int64_t seconds = 0, nanos = 0;
    while (pb_next(&r, &field)) {
        if (field.number == 1 && field.wire == PB_VARINT)
            seconds = (int64_t)field.value;
        else if (field.number == 2 && field.wire == PB_VARINT)
            nanos = (int64_t)field.value;
    }
    return !r.bad && nanos >= 0 && nanos < 1000000000 &&
           !__builtin_mul_overflow(seconds, 1000000000, out) &&
           !__builtin_add_overflow(*out, nanos, out);
}

static bool read_pair(struct str bytes, struct label *out)
{
    struct pb_reader r = pb_read(bytes);
    struct pb_field field;
    *out = (struct label){STR_NONE, STR_NONE};
    while (pb_next(&r, &field)) {
        if (field.number == 1 && field.wire == PB_BYTES)
            out->name = field.bytes;
        else if (field.number == 2 && field.wire == PB_BYTES)
            out->value = field.bytes;
    }
    return !r.bad;
}

static enum status read_metadata(struct loki_entries *e, struct str bytes, size_t count,
                                 struct log_entry *entry)
{
    struct arena *arena = &e->out->base.arena;
    if (count > LABELS_MAX)
        return error_set(e->err, STATUS_LIMIT, "entry of more than %d labels", LABELS_MAX);
    struct label *pairs = arena_try_alloc(arena, count * sizeof(*pairs));
    if (!pairs)
        return error_set(e->err, STATUS_MEMORY, "no memory for a push request");
    struct pb_reader r = pb_read(bytes);
    struct pb_field field;
    for (size_t i = 0; i < count && pb_next(&r, &field);) {
        if (field.number != 3)
            continue;
        if (field.wire != PB_BYTES || !read_pair(field.bytes, &pairs[i]))
            return malformed(e, "structured metadata");
        pairs[i].name = arena_str(arena, pairs[i].name);
        pairs[i].value = arena_str(arena, pairs[i].value);
        i++;
    }
    entry->metadata = pairs;
    entry->metadata_count = count;
    return STATUS_OK;
}

static enum status read_entry(struct loki_entries *e, struct str bytes)
{
    struct pb_reader r = pb_read(bytes);
    struct pb_field field;
    struct log_entry entry = {0};
    size_t pairs = 0;
    while (pb_next(&r, &field)) {
        if (field.number > 0 && field.number <= 3 && field.wire != PB_BYTES)
            return malformed(e, "entry");
        if (field.number == 1 && !read_time(field.bytes, &entry.t_ns))
            return malformed(e, "timestamp");
        if (field.number == 2)
            entry.line = field.bytes;
        pairs += field.number == 3;
    }
    if (r.bad)
        return malformed(e, "entry");
    char *line = arena_try_alloc(&e->out->base.arena, entry.line.len);
    if (!line)
        return error_set(e->err, STATUS_MEMORY, "no memory for a push request");
    if (entry.line.len)
        memcpy(line, entry.line.ptr, entry.line.len);
    entry.line.ptr = line;
    enum status status = pairs ? read_metadata(e, bytes, pairs, &entry) : STATUS_OK;
    return status == STATUS_OK ? loki_entries_add(e, entry) : status;
}

static enum status read_stream(struct loki_entries *e, struct str bytes,
                               struct label_builder *labels)
{
    struct pb_reader r = pb_read(bytes);
    struct pb_field field;
    struct str text = STR_NONE;
    while (pb_next(&r, &field)) {
        if (field.number == 1 && field.wire == PB_BYTES)
            text = field.bytes;
    }
    if (r.bad)
        return malformed(e, "stream");
    struct arena scratch;
    arena_init(&scratch, NULL, 4 * (size_t)LABELS_MAX_BYTES);
    enum status status = loki_labels_parse(text, labels, &scratch, e->err);
    if (status == STATUS_OK)
        status = loki_entries_stream(e, labels);
    arena_release(&scratch);
    r = pb_read(bytes);
    while (status == STATUS_OK && pb_next(&r, &field)) {
        if (field.number == 2)
            status = field.wire == PB_BYTES ? read_entry(e, field.bytes) : malformed(e, "entry");
    }
    return status;
}

enum status loki_push_read(struct str body, struct label_table *table,
                           struct loki_push_limits limits, struct log_batch *out, struct error *err)
{
    struct loki_entries *e = loki_entries_new(table, limits, out, err);
    struct label_builder labels;
    enum status status = STATUS_OK;
    struct pb_reader r = pb_read(body);
    struct pb_field field;
    label_builder_init(&labels);
    while (status == STATUS_OK && pb_next(&r, &field)) {
        if (field.number == 1)
            status = field.wire == PB_BYTES ? read_stream(e, field.bytes, &labels)
                                            : malformed(e, "stream");
    }
    if (status == STATUS_OK && r.bad)
        status = malformed(e, "framing");
    label_builder_release(&labels);
    loki_entries_free(e);
    return status;
}
