/* Definition, references, highlights and rename: all from one search for the places that mean what
 * the cursor is on. */

#include "compiler/lsp/names.h"

enum { VIEWS_MAX = 64 };

/* ---- the search ---- */

struct search {
    struct lsp_request *rq;
    const struct lsp_name *name;
    struct str text;
    lsp_occurrence_fn *each;
    void *arg;
    struct lsp_view views[VIEWS_MAX]; /* one a configuration that was needed */
    size_t view_count;
};

static struct lsp_view *view_for(struct search *s, struct lsp_document *d)
{
    for (size_t i = 0; i < s->view_count; i++) {
        const struct lsp_unit_files *unit = &s->views[i].unit;
        for (size_t k = 0; k < unit->count; k++) {
            if (unit->items[k] == d)
                return &s->views[i];
        }
    }
    if (s->view_count == VIEWS_MAX)
        lsp_view_release(&s->views[--s->view_count]);
    struct lsp_view *view = &s->views[s->view_count++];
    lsp_view_init(view, s->rq->lsp, d, s->rq->arena);
    return view;
}

static void try_span(struct search *s, struct lsp_document *d, struct span span)
{
    struct lsp_name found;
    if (!str_eq(outline_text(lsp_outline(d), span), s->text) ||
        !lsp_name_at(view_for(s, d), d, span.start, &found) || found.kind != s->name->kind ||
        found.place.document != s->name->place.document || found.place.node != s->name->place.node)
        return;
    struct span own = lsp_name_span(&found);
    bool is_definition = d == found.place.document && own.start == found.at.start;
    if (found.at.start == span.start)
        s->each(s->arg, d, found.at, is_definition);
}

static void try_node(struct search *s, struct lsp_document *d, uint32_t id)
{
    const struct outline *o = lsp_outline(d);
    const struct outline_node *node = &o->nodes[id];
    switch (node->kind) {
    case OUTLINE_BLOCK:
        try_span(s, d, outline_part(o, node->name, 0));
        try_span(s, d, outline_part(o, node->name, 1));
        try_span(s, d, outline_label_span(o, id));
        break;
    case OUTLINE_ATTRIBUTE: try_span(s, d, node->name); break;
    case OUTLINE_STRING:
        if (s->name->kind == NAME_VARIABLE)
            try_span(s, d, (struct span){node->all.start + 1, node->all.end - 1});
        break;
    case OUTLINE_PATH:
        if (str_find(outline_text(o, node->name), s->text, 0) != SIZE_MAX) {
            uint32_t parts = outline_part_count(o, node->name);
            for (uint32_t n = 0; n < parts && n < 16; n++)
                try_span(s, d, outline_part(o, node->name, n));
        }
        break;
    default: break;
    }
}

void lsp_each_occurrence(struct lsp_request *rq, const struct lsp_name *name,
                         lsp_occurrence_fn *each, void *arg)
{
    struct search *s = arena_zalloc(rq->arena, sizeof(*s));
    *s = (struct search){
        .rq = rq, .name = name, .text = lsp_name_text(name), .each = each, .arg = arg};
    lsp_load_workspace(rq->lsp);
    for (size_t i = 0; i < rq->lsp->documents.len; i++) {
        struct lsp_document *d = rq->lsp->documents.entries[i].value;
        if (!d->exists)
            continue;
        const struct outline *o = lsp_outline(d);
        OUTLINE_EACH(o, id)
        {
            try_node(s, d, id);
        }
    }
    for (size_t i = 0; i < s->view_count; i++)
        lsp_view_release(&s->views[i]);
}

/* The name under the cursor of a request. */
static bool name_of(struct lsp_request *rq, struct lsp_document **document, struct lsp_name *out)
{
    struct lsp_document *d = lsp_document_of(rq);
    *document = d;
    if (!d)
        return false;
    struct lsp_view view;
    lsp_view_init(&view, rq->lsp, d, rq->arena);
    bool found = lsp_name_at(&view, d, lsp_cursor(rq, d), out);
    lsp_view_release(&view);
    return found;
}

/* ---- definition, references, highlights ---- */

/* The file that an import's `filename` leads to. */
static bool put_imported(struct lsp_request *rq, struct lsp_document *d)
{
    const struct outline *o = lsp_outline(d);
    uint32_t node = outline_at(o, lsp_cursor(rq, d));
    uint32_t attribute = outline_around(o, node, OUTLINE_ATTRIBUTE);
    uint32_t block = attribute ? o->nodes[attribute].parent : 0;
    if (o->nodes[node].kind != OUTLINE_STRING || !block ||
        !str_is(outline_text(o, o->nodes[block].name), "import.file"))
        return false;
    struct lsp_view view;
    struct lsp_document *file;
    lsp_view_init(&view, rq->lsp, d, rq->arena);
    size_t count = lsp_import_files(&view, d, block, &file, 1);
    lsp_view_release(&view);
    if (count)
        lsp_location(rq->w, rq->lsp, file, (struct span){0, 0});
    return count != 0;
}

void lsp_definition(struct lsp_request *rq)
{
    struct lsp_document *d;
    struct lsp_name name;
    if (name_of(rq, &d, &name))
        lsp_location(rq->w, rq->lsp, name.place.document, lsp_name_span(&name));
    else if (d && !put_imported(rq, d))
        json_null(rq->w);
}

struct listing {
    struct lsp_request *rq;
    struct lsp_document *only; /* NULL = all */
    bool with_definition;
    size_t count;
};

static void list_location(void *arg, struct lsp_document *d, struct span span, bool is_definition)
{
    struct listing *l = arg;
    if ((is_definition && !l->with_definition) || l->count++ >= LSP_MAX_RESULTS)
        return;
    lsp_location(l->rq->w, l->rq->lsp, d, span);
}

void lsp_references(struct lsp_request *rq)
{
    struct lsp_document *d;
    struct lsp_name name;
    bool found = name_of(rq, &d, &name);
    if (!d)
        return;
    struct listing l = {.rq = rq,
                        .with_definition = lsp_flag_at(rq->params, "context.includeDeclaration")};
    json_array(rq->w);
    if (found)
        lsp_each_occurrence(rq, &name, list_location, &l);
    json_array_end(rq->w);
}

static void list_highlight(void *arg, struct lsp_document *d, struct span span, bool is_definition)
{
    struct listing *l = arg;
    if (d != l->only)
        return;
    json_object(l->rq->w);
    lsp_put_range(l->rq->w, "range", l->rq->lsp, d->source, span);
    lsp_put_number(l->rq->w, "kind", is_definition ? 3 : 2);
    json_object_end(l->rq->w);
}

void lsp_document_highlight(struct lsp_request *rq)
{
    struct lsp_document *d;
    struct lsp_name name;
    bool found = name_of(rq, &d, &name);
    if (!d)
        return;
    struct listing l = {.rq = rq, .only = d};
    json_array(rq->w);
    if (found)
        lsp_each_occurrence(rq, &name, list_highlight, &l);
    json_array_end(rq->w);
}

/* ---- rename ---- */

void lsp_prepare_rename(struct lsp_request *rq)
{
    struct lsp_document *d;
    struct lsp_name name;
    if (name_of(rq, &d, &name)) {
        json_object(rq->w);
        lsp_put_range(rq->w, "range", rq->lsp, d->source, name.at);
        lsp_put(rq->w, "placeholder", lsp_name_text(&name));
        json_object_end(rq->w);
    } else if (d) {
        lsp_fail(rq, LSP_REQUEST_FAILED, "nothing here can be renamed");
    }
}

struct edit {
    struct lsp_document *document;
    struct span span;
};

struct edits {
    VEC(struct edit) list;
};

static void collect_edit(void *arg, struct lsp_document *d, struct span span, bool is_definition)
{
    (void)is_definition;
    struct edits *e = arg;
    if (e->list.len < LSP_MAX_RESULTS)
        VEC_PUSH(&e->list, ((struct edit){d, span}));
}

/* Does the scope have another block of that kind and name? */
static bool is_taken(const struct lsp_name *name, struct str text)
{
    const struct outline *o = lsp_outline(name->place.document);
    const struct outline_node *block = &o->nodes[name->place.node];
    OUTLINE_CHILDREN(o, block->parent, node)
    {
        if (name->kind != NAME_VARIABLE && node != name->place.node &&
            o->nodes[node].kind == OUTLINE_BLOCK && str_eq(outline_label(o, node), text) &&
            str_eq(outline_text(o, o->nodes[node].name), outline_text(o, block->name)))
            return true;
    }
    return false;
}

static void put_edits(struct lsp_request *rq, const struct edits *edits, struct str text)
{
    const struct lsp_document *at = NULL;
    json_object(rq->w);
    lsp_key(rq->w, "changes");
    json_object(rq->w);
    for (size_t i = 0; i < edits->list.len; i++) {
        const struct edit *e = &edits->list.items[i];
        if (e->document != at) {
            if (at)
                json_array_end(rq->w);
            lsp_key(rq->w, e->document->uri);
            json_array(rq->w);
            at = e->document;
        }
        lsp_edit(rq->w, rq->lsp, e->document->source, e->span, text);
    }
    if (at)
        json_array_end(rq->w);
    json_object_end(rq->w);
    json_object_end(rq->w);
}

void lsp_rename(struct lsp_request *rq)
{
    struct lsp_document *d;
    struct lsp_name name;
    struct str text = lsp_text_of(rq->params, "newName");
    if (!name_of(rq, &d, &name)) {
        if (d)
            lsp_fail(rq, LSP_REQUEST_FAILED, "nothing here can be renamed");
        return;
    }
    if (!lex_is_identifier(text)) {
        lsp_fail(rq, LSP_REQUEST_FAILED, "the new name is not an identifier");
        return;
    }
    if (is_taken(&name, text)) {
        lsp_fail(rq, LSP_REQUEST_FAILED, "the name is taken already");
        return;
    }
    struct edits edits = {0};
    lsp_each_occurrence(rq, &name, collect_edit, &edits);
    put_edits(rq, &edits, text);
    VEC_RELEASE(&edits.list);
}
