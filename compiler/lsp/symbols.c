/* Symbols: the blocks and attributes of a document as a tree, and the blocks of all files by name.
 */

#include "compiler/lsp/names.h"

enum { DETAIL_MAX = 80 };

/* SymbolKind of the protocol. */
enum {
    KIND_MODULE = 2,
    KIND_NAMESPACE = 3,
    KIND_PROPERTY = 7,
    KIND_INTERFACE = 11,
    KIND_VARIABLE = 13,
    KIND_OBJECT = 19,
    KIND_STRUCT = 23
};

static int kind_of(const struct outline *o, uint32_t block)
{
    if (!lsp_is_scope(o, o->nodes[block].parent))
        return KIND_STRUCT;
    switch (lsp_kind_of(outline_text(o, o->nodes[block].name))) {
    case BLOCK_DECLARE:
    case BLOCK_FOREACH: return KIND_MODULE;
    case BLOCK_IMPORT: return KIND_NAMESPACE;
    case BLOCK_ARGUMENT: return KIND_VARIABLE;
    case BLOCK_EXPORT: return KIND_INTERFACE;
    default: return KIND_OBJECT;
    }
}

static void put_name(struct json_writer *w, const struct outline *o, uint32_t id)
{
    struct str name = outline_text(o, o->nodes[id].name);
    struct str label = outline_label(o, id);
    struct buf text;
    buf_init(&text, NULL, 64 * 1024);
    buf_str(&text, name);
    if (label.len)
        buf_printf(&text, " \"%.*s\"", STR_ARG(label));
    lsp_put(w, "name", buf_view(&text));
    buf_release(&text);
}

/* The first line of an attribute's value. */
static void put_detail(struct json_writer *w, const struct outline *o, uint32_t id)
{
    const struct outline_node *node = &o->nodes[id];
    struct str value = str_slice(o->source->text, node->open + 1, node->all.end);
    struct str line, rest;
    str_cut(value, '\n', &line, &rest);
    line = str_trim(line);
    if (line.len && line.len <= DETAIL_MAX)
        lsp_put(w, "detail", line);
}

static void open_symbol(struct lsp_request *rq, const struct outline *o, uint32_t id)
{
    const struct outline_node *node = &o->nodes[id];
    bool block = node->kind == OUTLINE_BLOCK;
    json_object(rq->w);
    put_name(rq->w, o, id);
    if (!block)
        put_detail(rq->w, o, id);
    lsp_put_number(rq->w, "kind", block ? kind_of(o, id) : KIND_PROPERTY);
    lsp_put_range(rq->w, "range", rq->lsp, o->source, node->all);
    struct span name = node->label.end ? node->label : node->name;
    lsp_put_range(rq->w, "selectionRange", rq->lsp, o->source, name);
    if (block) {
        lsp_key(rq->w, "children");
        json_array(rq->w);
    }
}

static void close_block(struct lsp_request *rq)
{
    json_array_end(rq->w);
    json_object_end(rq->w);
}

void lsp_document_symbol(struct lsp_request *rq)
{
    struct lsp_document *d = lsp_document_of(rq);
    if (!d)
        return;
    const struct outline *o = lsp_outline(d);
    VEC(uint32_t) open = {0};
    size_t count = 0;
    json_array(rq->w);
    for (uint32_t id = 1; id < o->count && count < LSP_MAX_RESULTS; id++) {
        const struct outline_node *node = &o->nodes[id];
        enum outline_kind parent = o->nodes[node->parent].kind;
        bool attribute = node->kind == OUTLINE_ATTRIBUTE;
        if ((node->kind != OUTLINE_BLOCK && !attribute) ||
            (parent != OUTLINE_BLOCK && parent != OUTLINE_FILE))
            continue;
        while (open.len && o->nodes[open.items[open.len - 1]].stop <= id) {
            close_block(rq);
            open.len--;
        }
        open_symbol(rq, o, id);
        count++;
        if (attribute)
            json_object_end(rq->w);
        else
            VEC_PUSH(&open, id);
    }
    for (; open.len; open.len--)
        close_block(rq);
    json_array_end(rq->w);
    VEC_RELEASE(&open);
}

/* ---- of the workspace ---- */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* The query's characters stand in the text in that order. */
static bool matches(struct str text, struct str query)
{
    size_t at = 0;
    for (size_t i = 0; i < text.len && at < query.len; i++)
        at += lower(text.ptr[i]) == lower(query.ptr[at]);
    return at == query.len;
}

static size_t put_document(struct lsp_request *rq, struct lsp_document *d, struct str query,
                           size_t room)
{
    const struct outline *o = lsp_outline(d);
    size_t count = 0;
    OUTLINE_EACH(o, id)
    {
        const struct outline_node *node = &o->nodes[id];
        if (node->kind != OUTLINE_BLOCK || !lsp_is_scope(o, node->parent))
            continue;
        struct span head = {node->name.start, node->label.end ? node->label.end : node->name.end};
        if (!matches(outline_text(o, head), query) || count == room)
            continue;
        json_object(rq->w);
        put_name(rq->w, o, id);
        lsp_put_number(rq->w, "kind", kind_of(o, id));
        lsp_key(rq->w, "location");
        lsp_location(rq->w, rq->lsp, d, head);
        if (node->parent)
            lsp_put(rq->w, "containerName", outline_label(o, node->parent));
        json_object_end(rq->w);
        count++;
    }
    return count;
}

void lsp_workspace_symbol(struct lsp_request *rq)
{
    enum { SYMBOLS_MAX = 2000 };
    struct str query = lsp_text_of(rq->params, "query");
    size_t count = 0;
    lsp_load_workspace(rq->lsp);
    json_array(rq->w);
    for (size_t i = 0; i < rq->lsp->documents.len; i++) {
        struct lsp_document *d = rq->lsp->documents.entries[i].value;
        if (d->exists && count < SYMBOLS_MAX)
            count += put_document(rq, d, query, SYMBOLS_MAX - count);
    }
    json_array_end(rq->w);
}
