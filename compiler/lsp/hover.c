/* Hover: what the name under the cursor is. */

#include "compiler/lsp/inner.h"

#include "compiler/schema.h"

enum { HOVER_MAX = 1024 * 1024 };

static void row_text(struct buf *out, const struct row *row)
{
    buf_printf(out, "**%s** `", row->name);
    lsp_type_text(out, row);
    buf_cstr(out, row->required ? "`, required" : "`");
    if (row->def)
        buf_printf(out, ", default `%s`", row->def);
    if (row->refused)
        buf_cstr(out, ", not supported by invar yet");
    buf_cstr(out, "\n\n");
    buf_cstr(out, row->doc ? row->doc : "");
    if (row->oneof) {
        buf_cstr(out, "\n\nOne of");
        for (size_t i = 0; row->oneof[i]; i++)
            buf_printf(out, "%s `\"%s\"`", i ? "," : "", row->oneof[i]);
        buf_cstr(out, ".");
    }
}

static void put(struct lsp_request *rq, const struct lsp_document *d, struct span span,
                const struct buf *text)
{
    if (!text->len) {
        json_null(rq->w);
        return;
    }
    json_object(rq->w);
    lsp_put_markdown(rq->w, "contents", buf_view(text));
    lsp_put_range(rq->w, "range", rq->lsp, d->source, span);
    json_object_end(rq->w);
}

static void component_text(struct lsp_request *rq, const struct outline *o, uint32_t block,
                           struct buf *out)
{
    struct str name = outline_text(o, o->nodes[block].name);
    struct program_symbol symbol;
    if (!lsp_symbol_of(rq->lsp, o, block, &symbol))
        return;
    const char *summary = rq->lsp->options->summary(rq->lsp->options->arg, name);
    buf_printf(out, "**%.*s** (%s%s)\n\n%s", STR_ARG(name), symbol.community ? "community, " : "",
               stability_name(symbol.stability), summary ? summary : "");
}

static bool inside(struct span span, uint32_t offset)
{
    return span.end && offset >= span.start && offset <= span.end;
}

void lsp_hover(struct lsp_request *rq)
{
    struct lsp_document *d = lsp_document_of(rq);
    if (!d)
        return;
    const struct outline *o = lsp_outline(d);
    uint32_t cursor = lsp_cursor(rq, d);
    uint32_t node = outline_at(o, cursor);
    const struct outline_node *n = &o->nodes[node];
    struct buf text;
    buf_init(&text, NULL, HOVER_MAX);
    struct span span = n->name;
    bool on_name = node && inside(n->name, cursor);
    if (on_name && (n->kind == OUTLINE_BLOCK || n->kind == OUTLINE_ATTRIBUTE)) {
        const struct row *row = lsp_row_of(rq->lsp, o, node);
        if (row)
            row_text(&text, row);
        else if (n->kind == OUTLINE_BLOCK && lsp_is_scope(o, n->parent))
            component_text(rq, o, node, &text);
    }
    put(rq, d, span, &text);
    buf_release(&text);
}
