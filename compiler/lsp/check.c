/* Diagnostics: pushed when texts change, or given when asked for; the reader's and the checks', the
 * same calls that `invar validate` makes. */

#include "compiler/lsp/inner.h"

#include "compiler/check_program.h"
#include "compiler/lsp/live.h"

bool lsp_unit_text(const struct lsp_unit_files *unit, struct program_text *out, struct diags *diags)
{
    struct str first = str_from(unit->items[0]->path);
    size_t slash = str_rfind_byte(first, '/');
    struct str folder = slash == SIZE_MAX ? STR(".") : str_slice(first, 0, slash ? slash : 1);
    *out = (struct program_text){.module_path =
                                     str_of(mem_strdup(NULL, folder.ptr, folder.len), folder.len)};
    for (size_t i = 0; i < unit->count; i++)
        program_text_add(out, unit->items[i]->source, diags);
    if (diags->errors)
        program_text_release(out);
    return !diags->errors;
}

void lsp_diagnose(struct lsp *lsp, const struct lsp_unit_files *unit, struct diags *diags)
{
    struct program_text text;
    if (!lsp_unit_text(unit, &text, diags))
        return;
    struct lsp_document *first = unit->items[0];
    if (!first->memo)
        first->memo = check_memo_new();
    check_program_again(&text, &lsp->program, first->memo, diags);
}

/* ---- one diagnostic ---- */

static struct span span_of(const struct source *source, struct range range)
{
    if (!source || !range.start.line)
        return (struct span){0, 0};
    uint32_t start = range.start.offset;
    uint32_t end = range.end.line ? range.end.offset + 1 : start + 1;
    if (end > source->text.len)
        end = (uint32_t)source->text.len;
    return (struct span){start, end < start ? start : end};
}

static void put_tags(struct json_writer *w, const struct diag *diag)
{
    enum { TAG_UNUSED = 1, TAG_DEPRECATED = 2 };
    bool unused = diag->id == DIAG_UNUSED_COMPONENT || diag->id == DIAG_UNUSED_DECLARE ||
                  diag->id == DIAG_UNUSED_ARGUMENT || diag->id == DIAG_UNUSED_EXPORT;
    if (!unused && diag->id != DIAG_DEPRECATED)
        return;
    lsp_key(w, "tags");
    json_array(w);
    json_i64(w, unused ? TAG_UNUSED : TAG_DEPRECATED);
    json_array_end(w);
}

/* The page of a code; the editor opens it. */
static void put_code(struct json_writer *w, const struct lsp *lsp, const struct diag *diag)
{
    const char *code = diag_code(diag->id);
    struct buf page;
    buf_init(&page, NULL, LSP_MAX_PATH + 64);
    buf_printf(&page, "%s/errors/%s.md", lsp->settings.docs, code);
    lsp_put(w, "code", str_from(code));
    lsp_key(w, "codeDescription");
    json_object(w);
    lsp_put(w, "href", buf_view(&page));
    json_object_end(w);
    buf_release(&page);
}

static void put_message(struct json_writer *w, const struct diag *diag)
{
    struct buf text;
    buf_init(&text, NULL, 1024 * 1024);
    buf_str(&text, diag->message);
    if (diag->value.len)
        buf_printf(&text, "\n\n%.*s", STR_ARG(diag->value));
    if (diag->hint.len)
        buf_printf(&text, "\n%.*s", STR_ARG(diag->hint));
    lsp_put(w, "message", buf_view(&text));
    buf_release(&text);
}

/* Places in documents the editor can open. */
static void put_related(struct json_writer *w, const struct lsp *lsp, const struct diag *diag)
{
    lsp_key(w, "relatedInformation");
    json_array(w);
    for (const struct diag_related *r = diag->related; r; r = r->next) {
        const struct lsp_document *d = r->source ? map_get(&lsp->documents, r->source->name) : NULL;
        if (!d || !d->source)
            continue;
        json_object(w);
        lsp_key(w, "location");
        lsp_location(w, lsp, d, span_of(r->source, r->range));
        lsp_put(w, "message", r->message);
        json_object_end(w);
    }
    json_array_end(w);
}

static int severity_of(const struct diag *diag)
{
    return diag->severity == DIAG_ERROR ? 1 : diag->severity == DIAG_WARNING ? 2 : 3;
}

static void put_diag(struct json_writer *w, const struct lsp *lsp, const struct diag *diag,
                     const struct source *source)
{
    json_object(w);
    lsp_put_range(w, "range", lsp, source, span_of(diag->source, diag->range));
    lsp_put_number(w, "severity", severity_of(diag));
    put_code(w, lsp, diag);
    lsp_put(w, "source", STR("invar"));
    put_message(w, diag);
    put_tags(w, diag);
    if (diag->related)
        put_related(w, lsp, diag);
    json_object_end(w);
}

/* What a running instance says of its components, at their blocks. */
static size_t put_complaints(struct json_writer *w, const struct lsp *lsp, struct lsp_document *d)
{
    size_t count = 0;
    if (!d->open || !live_is_known(lsp))
        return 0;
    const struct outline *o = lsp_outline(d);
    struct buf message;
    buf_init(&message, NULL, 1024 * 1024);
    OUTLINE_EACH(o, node)
    {
        buf_clear(&message);
        if (o->nodes[node].kind != OUTLINE_BLOCK || !lsp_is_scope(o, o->nodes[node].parent) ||
            !live_complaint(lsp, o, node, &message))
            continue;
        json_object(w);
        lsp_put_range(w, "range", lsp, o->source,
                      (struct span){o->nodes[node].name.start, o->nodes[node].open});
        lsp_put_number(w, "severity", 2);
        lsp_put(w, "source", STR("invar (running)"));
        lsp_put(w, "message", buf_view(&message));
        json_object_end(w);
        count++;
    }
    buf_release(&message);
    return count;
}

/* What is about this document; diagnostics without a place stand at the beginning of the first. */
static size_t put_diags(struct json_writer *w, const struct lsp *lsp, const struct diags *diags,
                        struct lsp_document *d, bool is_first)
{
    size_t count = 0;
    json_array(w);
    for (size_t i = 0; i < diags->len; i++) {
        const struct diag *diag = &diags->items[i];
        if (diag->source != d->source && !(is_first && !diag->source))
            continue;
        put_diag(w, lsp, diag, d->source);
        count++;
    }
    count += put_complaints(w, lsp, d);
    json_array_end(w);
    return count;
}

/* ---- pushed ---- */

static bool concerns(const struct diags *diags, const struct lsp_document *d, bool is_first)
{
    for (size_t i = 0; i < diags->len; i++) {
        if (diags->items[i].source == d->source || (is_first && !diags->items[i].source))
            return true;
    }
    return false;
}

static void publish(struct lsp *lsp, const struct diags *diags, struct lsp_document *d,
                    bool is_first)
{
    if (!d->open && !d->reported && !concerns(diags, d, is_first))
        return;
    struct json_writer w;
    size_t mark;
    lsp_send_begin(lsp, &w, &mark, "textDocument/publishDiagnostics", false);
    json_object(&w);
    lsp_put(&w, "uri", str_from(d->uri));
    if (d->open)
        lsp_put_number(&w, "version", d->version);
    lsp_key(&w, "diagnostics");
    d->reported = put_diags(&w, lsp, diags, d, is_first) != 0;
    json_object_end(&w);
    lsp_send_end(lsp, &w, mark);
}

static void check_unit(struct lsp *lsp, struct lsp_document *d)
{
    struct arena arena;
    struct lsp_unit_files unit;
    struct diags diags;
    arena_init(&arena, NULL, 0);
    diags_init(&diags);
    lsp_unit_of(lsp, d, &arena, &unit);
    lsp_diagnose(lsp, &unit, &diags);
    for (size_t i = 0; i < unit.count; i++) {
        publish(lsp, &diags, unit.items[i], i == 0);
        unit.items[i]->checked = true;
    }
    diags_release(&diags);
    arena_release(&arena);
}

bool lsp_settle(struct lsp *lsp)
{
    if (!lsp->dirty || !lsp->initialized || lsp->shut_down || lsp->over)
        return false;
    lsp->dirty = false;
    if (lsp->pull)
        return false;
    /* Checking may read further files into the map. */
    for (size_t i = 0; i < lsp->documents.len; i++) {
        struct lsp_document *d = lsp->documents.entries[i].value;
        if (d->open && d->exists && !d->checked)
            check_unit(lsp, d);
    }
    return true;
}

/* ---- asked for ---- */

static void put_report(struct json_writer *w, const struct lsp *lsp, const struct diags *diags,
                       struct lsp_document *d, bool is_first)
{
    lsp_put(w, "kind", STR("full"));
    lsp_key(w, "items");
    put_diags(w, lsp, diags, d, is_first);
}

void lsp_document_diagnostic(struct lsp_request *rq)
{
    struct lsp_document *d = lsp_document_of(rq);
    if (!d)
        return;
    struct lsp_unit_files unit;
    struct diags diags;
    diags_init(&diags);
    lsp_unit_of(rq->lsp, d, rq->arena, &unit);
    lsp_diagnose(rq->lsp, &unit, &diags);
    json_object(rq->w);
    put_report(rq->w, rq->lsp, &diags, d, d == unit.items[0]);
    lsp_key(rq->w, "relatedDocuments");
    json_object(rq->w);
    for (size_t i = 0; i < unit.count; i++) {
        struct lsp_document *other = unit.items[i];
        if (other == d)
            continue;
        lsp_key(rq->w, other->uri);
        json_object(rq->w);
        put_report(rq->w, rq->lsp, &diags, other, i == 0);
        json_object_end(rq->w);
    }
    json_object_end(rq->w);
    json_object_end(rq->w);
    diags_release(&diags);
}

void lsp_workspace_diagnostic(struct lsp_request *rq)
{
    struct lsp *lsp = rq->lsp;
    json_object(rq->w);
    lsp_key(rq->w, "items");
    json_array(rq->w);
    for (size_t i = 0; i < lsp->documents.len; i++) {
        struct lsp_document *d = lsp->documents.entries[i].value;
        if (!d->open || !d->exists)
            continue;
        struct lsp_unit_files unit;
        struct diags diags;
        diags_init(&diags);
        lsp_unit_of(lsp, d, rq->arena, &unit);
        lsp_diagnose(lsp, &unit, &diags);
        json_object(rq->w);
        lsp_put(rq->w, "uri", str_from(d->uri));
        lsp_put_number(rq->w, "version", d->version);
        put_report(rq->w, lsp, &diags, d, d == unit.items[0]);
        json_object_end(rq->w);
        diags_release(&diags);
    }
    json_array_end(rq->w);
    json_object_end(rq->w);
}
