/* Hover: what the name under the cursor is, and what a running instance says about it. */

#include "compiler/lsp/live.h"
#include "compiler/lsp/names.h"
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

static void component_text(struct lsp_request *rq, const struct outline *o, uint32_t block,
                           struct buf *out)
{
    struct str name = outline_text(o, o->nodes[block].name);
    struct program_symbol symbol;
    if (!lsp_symbol_of(rq->lsp, o, block, &symbol))
        return;
    const char *summary = rq->lsp->options->summary(rq->lsp->options->arg, name);
    buf_printf(out, "**%.*s** (%s%s)", STR_ARG(name), symbol.community ? "community, " : "",
               stability_name(symbol.stability));
    if (summary)
        buf_printf(out, "\n\n%s", summary);
}

static void function_text(const struct stdlib_entry *entry, struct buf *out)
{
    const struct function_def *f = entry->function;
    if (f)
        buf_printf(out, "`%s`\n\n%s", f->signature ? f->signature : entry->name,
                   f->doc ? f->doc : "");
    else
        buf_printf(out, "`%s`\n\nA constant of the library.", entry->name);
    if (entry->deprecated)
        buf_cstr(out, "\n\nDeprecated.");
    if (f && f->experimental)
        buf_cstr(out, "\n\nExperimental.");
}

/* The head of the block that defines a name, and what it says of itself. */
static void name_text(struct lsp_request *rq, const struct lsp_name *name, struct buf *out)
{
    const struct outline *o = lsp_outline(name->place.document);
    const struct outline_node *block = &o->nodes[name->place.node];
    buf_printf(out, "`%.*s \"%.*s\"`", STR_ARG(outline_text(o, block->name)),
               STR_ARG(outline_label(o, name->place.node)));
    uint32_t comment = lsp_child_named(o, name->place.node, STR("comment"));
    if (comment && comment + 1 < o->nodes[comment].stop)
        buf_printf(out, "\n\n%.*s", STR_ARG(outline_text(o, o->nodes[comment + 1].all)));
    if (name->kind == NAME_BLOCK) {
        buf_cstr(out, "\n\n");
        component_text(rq, o, name->place.node, out);
    }
}

struct hover {
    struct lsp_request *rq;
    const struct lsp_view *view;
    struct lsp_document *d;
    const struct outline *o;
    uint32_t node;
    uint32_t cursor;
    struct span span; /* what it is about */
    struct buf *out;
};

/* A path behind its block: the export. */
static bool export_text(struct hover *h)
{
    struct lsp_place at;
    struct program_symbol symbol;
    uint32_t used;
    if (!lsp_resolve(h->view, h->d, h->node, &at, &used))
        return false;
    const struct outline *there = lsp_outline(at.document);
    h->span = outline_part(h->o, h->o->nodes[h->node].name, used);
    if (h->cursor < h->span.start || h->cursor > h->span.end || h->span.start == h->span.end ||
        !lsp_symbol_of(h->rq->lsp, there, at.node, &symbol) || !symbol.exports)
        return false;
    const struct row *row = schema_find(symbol.exports, outline_text(h->o, h->span));
    if (!row)
        return false;
    row_text(h->out, row);
    live_export_text(h->rq->lsp, there, at.node, row->name, h->out);
    return true;
}

static void path_text(struct hover *h)
{
    struct lsp_name name;
    if (export_text(h))
        return;
    if (lsp_name_at(h->view, h->d, h->cursor, &name)) {
        h->span = name.at;
        name_text(h->rq, &name, h->out);
        if (name.kind == NAME_BLOCK)
            live_block_text(h->rq->lsp, lsp_outline(name.place.document), name.place.node, h->out);
        return;
    }
    struct str text = outline_text(h->o, h->o->nodes[h->node].name);
    const struct stdlib_entry *entry = stdlib_entry(h->rq->lsp->program.stdlib, text);
    h->span = h->o->nodes[h->node].name;
    if (entry)
        function_text(entry, h->out);
    else if (str_is(text, "module_path"))
        buf_cstr(h->out, "`module_path`\n\nThe folder of this module.");
}

static bool within(struct span span, uint32_t offset)
{
    return span.end && offset >= span.start && offset <= span.end;
}

static void block_text(struct hover *h)
{
    const struct outline_node *n = &h->o->nodes[h->node];
    struct lsp_name name;
    bool top = lsp_is_scope(h->o, n->parent);
    bool on_name = within(n->name, h->cursor);
    const struct row *row = top ? NULL : lsp_row_of(h->rq->lsp, h->o, h->node);
    if (on_name && row)
        row_text(h->out, row);
    else if (top && on_name && lsp_name_at(h->view, h->d, h->cursor, &name))
        name_text(h->rq, &name, h->out);
    else if (top && on_name)
        component_text(h->rq, h->o, h->node, h->out);
    if (within(n->label, h->cursor))
        h->span = n->label;
    if (top && (on_name || within(n->label, h->cursor)))
        live_block_text(h->rq->lsp, h->o, h->node, h->out);
}

static void attribute_text(struct hover *h)
{
    struct lsp_name name;
    if (!within(h->o->nodes[h->node].name, h->cursor))
        return;
    const struct row *row = lsp_row_of(h->rq->lsp, h->o, h->node);
    if (row)
        row_text(h->out, row);
    else if (lsp_name_at(h->view, h->d, h->cursor, &name))
        name_text(h->rq, &name, h->out);
    if (lsp_constant(h->rq->lsp, h->o, h->node, h->out, "\n\nValue: `"))
        buf_byte(h->out, '`');
    live_argument_text(h->rq->lsp, h->o, h->node, h->out);
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

void lsp_hover(struct lsp_request *rq)
{
    struct lsp_document *d = lsp_document_of(rq);
    if (!d)
        return;
    struct lsp_view view;
    struct buf text;
    buf_init(&text, NULL, HOVER_MAX);
    lsp_view_init(&view, rq->lsp, d, rq->arena);
    struct hover h = {
        .rq = rq, .view = &view, .d = d, .o = lsp_outline(d), .cursor = lsp_cursor(rq, d)};
    h.out = &text;
    h.node = outline_at(h.o, h.cursor);
    h.span = h.o->nodes[h.node].name;
    switch (h.o->nodes[h.node].kind) {
    case OUTLINE_BLOCK: block_text(&h); break;
    case OUTLINE_ATTRIBUTE: attribute_text(&h); break;
    case OUTLINE_PATH: path_text(&h); break;
    default: break;
    }
    put(rq, d, h.span, &text);
    lsp_view_release(&view);
    buf_release(&text);
}
