/* Code lenses and the call hierarchy: who refers to a block, and the flow of data through it.
 * `forward_to` and its kin lead downstream; what an argument reads of another block comes from
 * upstream. */

#include "compiler/lsp/live.h"
#include "compiler/lsp/names.h"
#include "compiler/schema.h"

/* ---- all references of a configuration, once ---- */

struct link {
    struct lsp_place from; /* the block that refers */
    struct lsp_place to;
    struct span span; /* of the path, in from's document */
    bool is_receiver; /* data runs from `from` to `to` */
};

struct links {
    VEC(struct link) list;
};

/* Is the export that the path names something that takes data? */
static bool leads_on(const struct lsp *lsp, const struct outline *o, uint32_t path, uint32_t used,
                     const struct lsp_place *to)
{
    struct program_symbol symbol;
    struct str field = outline_text(o, outline_part(o, o->nodes[path].name, used));
    if (lsp_symbol_of(lsp, lsp_outline(to->document), to->node, &symbol) && symbol.exports) {
        const struct row *row = schema_find(symbol.exports, field);
        return row && row->type->kind == FIELD_CAPSULE &&
               (str_is(field, "receiver") || str_is(field, "input"));
    }
    return str_ends(field, STR("receiver")) || str_is(field, "input");
}

static void collect(const struct lsp_view *view, struct links *links)
{
    for (size_t i = 0; i < view->unit.count; i++) {
        struct lsp_document *d = view->unit.items[i];
        const struct outline *o = lsp_outline(d);
        OUTLINE_EACH(o, id)
        {
            struct lsp_place to;
            uint32_t used;
            if (o->nodes[id].kind != OUTLINE_PATH || !lsp_resolve(view, d, id, &to, &used))
                continue;
            uint32_t block = lsp_component_of(o, outline_around(o, id, OUTLINE_BLOCK));
            if (block && links->list.len < LSP_MAX_RESULTS)
                VEC_PUSH(
                    &links->list,
                    ((struct link){
                        {d, block}, to, o->nodes[id].name, leads_on(view->lsp, o, id, used, &to)}));
        }
    }
}

static bool same(const struct lsp_place *a, const struct lsp_place *b)
{
    return a->document == b->document && a->node == b->node;
}

/* ---- lenses ---- */

static void put_command(struct json_writer *w, struct str title, const char *command)
{
    lsp_key(w, "command");
    json_object(w);
    lsp_put(w, "title", title);
    lsp_put(w, "command", str_from(command));
}

static void put_lens(struct lsp_request *rq, const struct lsp_place *at, struct str title,
                     const char *command, struct str url)
{
    const struct outline *o = lsp_outline(at->document);
    struct json_writer *w = rq->w;
    json_object(w);
    lsp_put_range(w, "range", rq->lsp, o->source, o->nodes[at->node].name);
    put_command(w, title, command);
    lsp_key(w, "arguments");
    json_array(w);
    if (url.len) {
        json_string(w, url);
    } else {
        json_string(w, str_from(at->document->uri));
        lsp_put_position(w, rq->lsp, o->source, outline_label_span(o, at->node).start);
    }
    json_array_end(w);
    json_object_end(w);
    json_object_end(w);
}

static void put_lenses(struct lsp_request *rq, const struct lsp_place *at, unsigned count)
{
    const struct outline *o = lsp_outline(at->document);
    struct buf live, page;
    put_lens(rq, at, arena_printf(rq->arena, "%u reference%s", count, count == 1 ? "" : "s"),
             "invar.showReferences", STR(""));
    buf_init(&live, NULL, 4096);
    buf_init(&page, NULL, LSP_MAX_PATH);
    if (live_lens_text(rq->lsp, o, at->node, &live) && live_page(rq->lsp, o, at->node, &page))
        put_lens(rq, at, buf_view(&live), "invar.openPage", buf_view(&page));
    buf_release(&live);
    buf_release(&page);
}

static uint32_t *count_links(const struct links *links, const struct lsp_document *d,
                             struct arena *arena)
{
    uint32_t *counts = ARENA_ARRAY(arena, d->outline.count + 1, uint32_t);
    for (size_t i = 0; i < links->list.len; i++) {
        if (links->list.items[i].to.document == d)
            counts[links->list.items[i].to.node]++;
    }
    return counts;
}

/* Instances of declares, and what comes from imports, refer by the block's name. */
static void count_instances(const struct lsp_view *view, const struct lsp_document *d,
                            uint32_t *counts)
{
    for (size_t i = 0; i < view->unit.count; i++) {
        struct lsp_document *other = view->unit.items[i];
        const struct outline *o = lsp_outline(other);
        OUTLINE_EACH(o, id)
        {
            struct lsp_place to;
            if (o->nodes[id].kind == OUTLINE_BLOCK && lsp_declared(view, other, id, &to) &&
                to.document == d)
                counts[to.node]++;
        }
    }
}

enum { LENSES_MAX = 20000 };

void lsp_code_lens(struct lsp_request *rq)
{
    struct lsp_document *d = lsp_document_of(rq);
    if (!d)
        return;
    struct lsp_view view;
    struct links links = {0};
    lsp_view_init(&view, rq->lsp, d, rq->arena);
    collect(&view, &links);
    const struct outline *o = lsp_outline(d);
    uint32_t *counts = count_links(&links, d, rq->arena);
    count_instances(&view, d, counts);
    size_t count = 0;
    json_array(rq->w);
    for (uint32_t id = 1; id < o->count && count < LENSES_MAX; id++) {
        const struct outline_node *node = &o->nodes[id];
        if (node->kind != OUTLINE_BLOCK || !lsp_is_scope(o, node->parent) ||
            !outline_label(o, id).len)
            continue;
        enum block_kind kind = lsp_kind_of(outline_text(o, node->name));
        if (kind != BLOCK_COMPONENT && kind != BLOCK_DECLARE && kind != BLOCK_IMPORT)
            continue;
        put_lenses(rq, &(struct lsp_place){d, id}, counts[id]);
        count++;
    }
    json_array_end(rq->w);
    VEC_RELEASE(&links.list);
    lsp_view_release(&view);
}

/* ---- hierarchy ---- */

static void put_item(struct lsp_request *rq, const struct lsp_place *at)
{
    const struct outline *o = lsp_outline(at->document);
    const struct outline_node *node = &o->nodes[at->node];
    json_object(rq->w);
    lsp_put(rq->w, "name",
            arena_printf(rq->arena, "%.*s.%.*s", STR_ARG(outline_text(o, node->name)),
                         STR_ARG(outline_label(o, at->node))));
    lsp_put_number(rq->w, "kind", 19);
    lsp_put(rq->w, "uri", str_from(at->document->uri));
    lsp_put_range(rq->w, "range", rq->lsp, o->source, node->all);
    lsp_put_range(rq->w, "selectionRange", rq->lsp, o->source, outline_label_span(o, at->node));
    json_object_end(rq->w);
}

void lsp_prepare_calls(struct lsp_request *rq)
{
    struct lsp_document *d = lsp_document_of(rq);
    if (!d)
        return;
    struct lsp_view view;
    struct lsp_name name;
    struct lsp_place at = {d, 0};
    const struct outline *o = lsp_outline(d);
    uint32_t cursor = lsp_cursor(rq, d);
    lsp_view_init(&view, rq->lsp, d, rq->arena);
    if (lsp_name_at(&view, d, cursor, &name) && name.kind == NAME_BLOCK)
        at = name.place;
    else
        at.node = lsp_component_of(o, outline_around(o, outline_at(o, cursor), OUTLINE_BLOCK));
    const struct outline *there = lsp_outline(at.document);
    if (!at.node || !outline_label(there, at.node).len) {
        json_null(rq->w);
    } else {
        json_array(rq->w);
        put_item(rq, &at);
        json_array_end(rq->w);
    }
    lsp_view_release(&view);
}

/* Does the link bring data to `at` (incoming) or take it away? The other end goes to *other. */
static bool runs(const struct link *link, const struct lsp_place *at, bool incoming,
                 struct lsp_place *other)
{
    bool refers = same(&link->from, at);
    bool referred = same(&link->to, at);
    *other = refers ? link->to : link->from;
    if (incoming)
        return (referred && link->is_receiver) || (refers && !link->is_receiver);
    return (refers && link->is_receiver) || (referred && !link->is_receiver);
}

static bool is_seen(const struct links *links, size_t index, const struct lsp_place *at,
                    bool incoming, const struct lsp_place *other)
{
    struct lsp_place before;
    for (size_t i = 0; i < index; i++) {
        if (runs(&links->list.items[i], at, incoming, &before) && same(&before, other))
            return true;
    }
    return false;
}

/* `from` ranges are in the document of the item whose calls are asked for when outgoing, in the
 * caller's when incoming; ours are where the reference stands if that is the same document. */
static void put_ranges(struct lsp_request *rq, const struct links *links,
                       const struct lsp_place *at, const struct lsp_place *other, bool incoming)
{
    const struct lsp_document *in = incoming ? other->document : at->document;
    struct lsp_place found;
    lsp_key(rq->w, "fromRanges");
    json_array(rq->w);
    for (size_t i = 0; i < links->list.len; i++) {
        const struct link *link = &links->list.items[i];
        if (runs(link, at, incoming, &found) && same(&found, other) && link->from.document == in)
            lsp_range(rq->w, rq->lsp, in->source, link->span);
    }
    json_array_end(rq->w);
}

static void put_calls(struct lsp_request *rq, bool incoming)
{
    const struct doc *item = lsp_member(rq->params, "item");
    struct lsp_document *d = lsp_document_find(rq->lsp, lsp_text_of(item, "uri"));
    if (!d) {
        lsp_fail(rq, LSP_INVALID_PARAMS, "the item's document is not open");
        return;
    }
    struct lsp_view view;
    struct links links = {0};
    const struct outline *o = lsp_outline(d);
    uint32_t offset = lsp_offset(rq->lsp, d->source, lsp_member_at(item, "selectionRange.start"));
    struct lsp_place at = {
        d, lsp_component_of(o, outline_around(o, outline_at(o, offset), OUTLINE_BLOCK))};
    lsp_view_init(&view, rq->lsp, d, rq->arena);
    collect(&view, &links);
    json_array(rq->w);
    for (size_t i = 0; i < links.list.len; i++) {
        struct lsp_place other;
        if (!runs(&links.list.items[i], &at, incoming, &other) ||
            is_seen(&links, i, &at, incoming, &other))
            continue;
        json_object(rq->w);
        lsp_key(rq->w, incoming ? "from" : "to");
        put_item(rq, &other);
        put_ranges(rq, &links, &at, &other, incoming);
        json_object_end(rq->w);
    }
    json_array_end(rq->w);
    VEC_RELEASE(&links.list);
    lsp_view_release(&view);
}

void lsp_incoming_calls(struct lsp_request *rq)
{
    put_calls(rq, true);
}

void lsp_outgoing_calls(struct lsp_request *rq)
{
    put_calls(rq, false);
}
