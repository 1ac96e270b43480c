/* Diagnostics for programs: JSON, SARIF 2.1.0, workflow commands of GitHub Actions, and the
 * Reviewdog Diagnostic Format. Columns of SARIF count code points (its columnKind), those of the
 * others bytes; ends are behind the last character where the format says so. Bounded by the list of
 * diagnostics. */

#include "base/strconv.h"
#include "compiler/explain.h"

static void json_text(struct json_writer *w, const char *key, struct str text)
{
    if (text.len > 0) {
        json_key(w, str_from(key));
        json_string(w, text);
    }
}

static void json_number(struct json_writer *w, const char *key, uint64_t number)
{
    json_key(w, str_from(key));
    json_u64(w, number);
}

static void open_object(struct json_writer *w, const char *key)
{
    json_key(w, str_from(key));
    json_object(w);
}

static void open_array(struct json_writer *w, const char *key)
{
    json_key(w, str_from(key));
    json_array(w);
}

static struct str file_of(struct source *source)
{
    return source ? source->name : STR_NONE;
}

/* Diagnostics without an end have one character. */
static struct pos end_of(struct range range)
{
    return range.end.line > 0 ? range.end : range.start;
}

/* ---- JSON ---- */

static void json_pos(struct json_writer *w, const char *key, struct pos pos)
{
    if (pos.line == 0) {
        return;
    }
    open_object(w, key);
    json_number(w, "line", pos.line);
    json_number(w, "col", pos.col);
    json_number(w, "offset", pos.offset);
    json_object_end(w);
}

static void json_place(struct json_writer *w, struct source *source, struct range range)
{
    json_text(w, "file", file_of(source));
    json_pos(w, "start", range.start);
    json_pos(w, "end", range.end);
}

void diags_json(struct json_writer *w, const struct diags *d)
{
    json_array(w);
    for (size_t i = 0; i < d->len; i++) {
        const struct diag *diag = &d->items[i];
        json_object(w);
        json_text(w, "severity", diag->severity == DIAG_ERROR ? STR("error") : STR("warning"));
        json_text(w, "code", str_from(diag_code(diag->id)));
        json_text(w, "message", diag->message);
        json_place(w, diag->source, diag->range);
        json_text(w, "value", diag->value);
        json_text(w, "hint", diag->hint);
        if (diag->related) {
            open_array(w, "related");
            for (const struct diag_related *r = diag->related; r; r = r->next) {
                json_object(w);
                json_text(w, "message", r->message);
                json_place(w, r->source, r->range);
                json_object_end(w);
            }
            json_array_end(w);
        }
        json_object_end(w);
    }
    json_array_end(w);
}

/* ---- SARIF ---- */

/* The column in code points of a byte column (1-based). */
static uint32_t column(struct source *source, struct pos pos)
{
    struct str line = source_line(source, pos.line);
    uint32_t count = 1;
    for (size_t i = 0; i + 1 < pos.col && i < line.len; i++) {
        count += ((unsigned char)line.ptr[i] & 0xC0) != 0x80;
    }
    uint32_t behind = pos.col > line.len + 1 ? pos.col - (uint32_t)line.len - 1 : 0;
    return count + behind;
}

/* A relative reference or a file: address; what a URI may not hold is escaped (RFC 3986). */
static void sarif_uri(struct json_writer *w, struct str path)
{
    struct buf uri;
    buf_init(&uri, NULL, 64 * 1024);
    if (str_starts(path, STR("/"))) {
        buf_cstr(&uri, "file://");
    }
    for (size_t i = 0; i < path.len; i++) {
        unsigned char byte = (unsigned char)path.ptr[i];
        bool is_plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                        (byte >= '0' && byte <= '9') || (byte && strchr("-._~/", byte));
        if (is_plain) {
            buf_byte(&uri, (char)byte);
        } else {
            buf_printf(&uri, "%%%02X", byte);
        }
    }
    json_key(w, STR("uri"));
    json_string(w, buf_view(&uri));
    buf_release(&uri);
}

static void sarif_region(struct json_writer *w, struct source *source, struct range range)
{
    struct pos end = end_of(range);
    uint32_t start_column = column(source, range.start);
    struct pos behind = {.line = end.line, .col = end.col + 1};
    uint32_t end_column = column(source, behind);
    open_object(w, "region");
    json_number(w, "startLine", range.start.line);
    json_number(w, "startColumn", start_column);
    json_number(w, "endLine", end.line);
    json_number(w, "endColumn", end_column);
    json_object_end(w);
}

static void sarif_message(struct json_writer *w, const char *key, struct str text)
{
    open_object(w, key);
    json_key(w, STR("text"));
    json_string(w, text);
    json_object_end(w);
}

static void sarif_place(struct json_writer *w, struct source *source, struct range range)
{
    open_object(w, "physicalLocation");
    open_object(w, "artifactLocation");
    sarif_uri(w, file_of(source));
    json_object_end(w);
    if (range.start.line > 0) {
        sarif_region(w, source, range);
    }
    json_object_end(w);
}

/* Codes of the list, each once, in the order of the table: index[id] is where a code stands. */
static void sarif_rules(struct json_writer *w, const struct diags *d, uint32_t index[DIAG_ID_COUNT])
{
    bool used[DIAG_ID_COUNT] = {0};
    for (size_t i = 0; i < d->len; i++) {
        used[d->items[i].id] = true;
    }
    uint32_t count = 0;
    open_array(w, "rules");
    for (int id = 0; id < DIAG_ID_COUNT; id++) {
        if (!used[id]) {
            continue;
        }
        index[id] = count++;
        json_object(w);
        json_text(w, "id", str_from(diag_code((enum diag_id)id)));
        struct explain what;
        explain_at((enum diag_id)id, &what);
        sarif_message(w, "shortDescription", str_from(what.meaning));
        sarif_message(w, "help", str_from(what.mend));
        open_object(w, "defaultConfiguration");
        bool is_error = diag_severity((enum diag_id)id) == DIAG_ERROR;
        json_text(w, "level", is_error ? STR("error") : STR("warning"));
        json_object_end(w);
        json_object_end(w);
    }
    json_array_end(w);
}

static void sarif_result(struct json_writer *w, const struct diag *diag, uint32_t rule)
{
    struct buf text;
    buf_init(&text, NULL, 1 << 24);
    buf_str(&text, diag->message);
    if (diag->hint.len > 0) {
        buf_printf(&text, "\nHint: %.*s", STR_ARG(diag->hint));
    }
    json_object(w);
    json_text(w, "ruleId", str_from(diag_code(diag->id)));
    json_number(w, "ruleIndex", rule);
    json_text(w, "level", diag->severity == DIAG_ERROR ? STR("error") : STR("warning"));
    sarif_message(w, "message", buf_view(&text));
    buf_release(&text);
    open_array(w, "locations");
    if (diag->source) {
        json_object(w);
        sarif_place(w, diag->source, diag->range);
        json_object_end(w);
    }
    json_array_end(w);
    if (diag->related) {
        open_array(w, "relatedLocations");
        uint64_t id = 1;
        for (const struct diag_related *r = diag->related; r; r = r->next) {
            json_object(w);
            json_number(w, "id", id++);
            sarif_place(w, r->source, r->range);
            sarif_message(w, "message", r->message);
            json_object_end(w);
        }
        json_array_end(w);
    }
    json_object_end(w);
}

void diags_sarif(struct json_writer *w, const struct diags *d, const char *version)
{
    uint32_t index[DIAG_ID_COUNT] = {0};
    json_object(w);
    json_text(w, "$schema", STR("https://json.schemastore.org/sarif-2.1.0.json"));
    json_text(w, "version", STR("2.1.0"));
    open_array(w, "runs");
    json_object(w);
    open_object(w, "tool");
    open_object(w, "driver");
    json_text(w, "name", STR("invar"));
    json_text(w, "version", str_from(version));
    sarif_rules(w, d, index);
    json_object_end(w);
    json_object_end(w);
    json_text(w, "columnKind", STR("unicodeCodePoints"));
    open_array(w, "results");
    for (size_t i = 0; i < d->len; i++) {
        sarif_result(w, &d->items[i], index[d->items[i].id]);
    }
    json_array_end(w);
    json_object_end(w);
    json_array_end(w);
    json_object_end(w);
}

/* ---- GitHub ---- */

/* Escapes as actions/toolkit does: properties also lose ':' and ','. */
static void github_text(struct buf *out, struct str text, bool is_property)
{
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.ptr[i];
        bool special = byte == '%' || byte == '\r' || byte == '\n' ||
                       (is_property && (byte == ':' || byte == ','));
        if (special) {
            buf_printf(out, "%%%02X", (unsigned)byte);
        } else {
            buf_byte(out, byte);
        }
    }
}

void diags_github(struct buf *out, const struct diags *d)
{
    for (size_t i = 0; i < d->len; i++) {
        const struct diag *diag = &d->items[i];
        struct pos end = end_of(diag->range);
        buf_cstr(out, diag->severity == DIAG_ERROR ? "::error " : "::warning ");
        if (diag->source) {
            buf_cstr(out, "file=");
            github_text(out, diag->source->name, true);
            buf_byte(out, ',');
        }
        if (diag->range.start.line > 0) {
            buf_printf(out, "line=%u,endLine=%u,", diag->range.start.line, end.line);
        }
        if (diag->range.start.line > 0 && diag->range.start.line == end.line) {
            buf_printf(out, "col=%u,endColumn=%u,", diag->range.start.col, end.col + 1);
        }
        buf_printf(out, "title=invar %s::", diag_code(diag->id));
        github_text(out, diag->message, false);
        if (diag->hint.len > 0) {
            buf_cstr(out, "%0AHint: ");
            github_text(out, diag->hint, false);
        }
        buf_byte(out, '\n');
    }
}

/* ---- rdjson ---- */

static void rd_pos(struct json_writer *w, const char *key, uint32_t line, uint32_t col)
{
    open_object(w, key);
    json_number(w, "line", line);
    json_number(w, "column", col);
    json_object_end(w);
}

static void rd_location(struct json_writer *w, struct source *source, struct range range)
{
    open_object(w, "location");
    json_key(w, STR("path"));
    json_string(w, file_of(source));
    if (range.start.line > 0) {
        struct pos end = end_of(range);
        open_object(w, "range");
        rd_pos(w, "start", range.start.line, range.start.col);
        rd_pos(w, "end", end.line, end.col + 1);
        json_object_end(w);
    }
    json_object_end(w);
}

void diags_rdjson(struct json_writer *w, const struct diags *d)
{
    json_object(w);
    open_object(w, "source");
    json_text(w, "name", STR("invar"));
    json_object_end(w);
    open_array(w, "diagnostics");
    for (size_t i = 0; i < d->len; i++) {
        const struct diag *diag = &d->items[i];
        struct buf text;
        buf_init(&text, NULL, 1 << 24);
        buf_str(&text, diag->message);
        if (diag->hint.len > 0) {
            buf_printf(&text, "\nHint: %.*s", STR_ARG(diag->hint));
        }
        json_object(w);
        json_text(w, "message", buf_view(&text));
        buf_release(&text);
        rd_location(w, diag->source, diag->range);
        json_text(w, "severity", diag->severity == DIAG_ERROR ? STR("ERROR") : STR("WARNING"));
        open_object(w, "code");
        json_text(w, "value", str_from(diag_code(diag->id)));
        json_object_end(w);
        if (diag->related) {
            open_array(w, "relatedLocations");
            for (const struct diag_related *r = diag->related; r; r = r->next) {
                json_object(w);
                json_text(w, "message", r->message);
                rd_location(w, r->source, r->range);
                json_object_end(w);
            }
            json_array_end(w);
        }
        json_object_end(w);
    }
    json_array_end(w);
    json_object_end(w);
}
