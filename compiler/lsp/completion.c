/* Completion: what stands at the cursor decides which list is made. The text before the cursor is
 * looked at, for what follows may be the rest of another statement. */

#include "compiler/lsp/complete.h"

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || (unsigned char)c >= 0x80;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* What is typed stands in the label, in either case. */
static bool fits(struct str label, struct str typed)
{
    for (size_t from = 0; from + typed.len <= label.len; from++) {
        size_t at = 0;
        while (at < typed.len && lower(label.ptr[from + at]) == lower(typed.ptr[at]))
            at++;
        if (at == typed.len)
            return true;
    }
    return false;
}

static void put_text(struct complete *c, const struct complete_item *item)
{
    struct json_writer *w = c->rq->w;
    bool snippet = item->is_snippet && c->lsp->snippets;
    struct str text =
        item->insert.len && (snippet || !item->is_snippet) ? item->insert : item->label;
    lsp_put_number(w, "insertTextFormat", snippet ? 2 : 1);
    lsp_key(w, "textEdit");
    lsp_edit(w, c->lsp, c->o->source, c->replaced, text);
}

void complete_add(struct complete *c, const struct complete_item *item)
{
    struct json_writer *w = c->rq->w;
    if (!fits(item->label, c->prefix))
        return;
    if (c->count == LSP_MAX_COMPLETIONS) {
        c->cut = true;
        return;
    }
    c->count++;
    json_object(w);
    lsp_put(w, "label", item->label);
    lsp_put_number(w, "kind", item->kind);
    char rank[2] = {(char)('0' + item->rank), 0};
    lsp_put(w, "sortText", arena_printf(c->rq->arena, "%s%.*s", rank, STR_ARG(item->label)));
    if (item->detail)
        lsp_put(w, "detail", str_from(item->detail));
    if (item->documentation.len)
        lsp_put_markdown(w, "documentation", item->documentation);
    if (item->rank == RANK_DEPRECATED) {
        lsp_key(w, "tags");
        json_array(w);
        json_i64(w, 1);
        json_array_end(w);
    }
    put_text(c, item);
    if (item->resolve) {
        lsp_key(w, "data");
        json_object(w);
        lsp_put(w, "of", str_from(item->resolve));
        lsp_put(w, "name", item->label);
        json_object_end(w);
    }
    json_object_end(w);
}

/* ---- where the cursor is ---- */

static bool begins_operand(char before)
{
    return before && strchr("=,[(+-*/%^<>!&|", before) != NULL;
}

static bool is_list(enum outline_kind kind)
{
    return kind == OUTLINE_ARRAY || kind == OUTLINE_CALL || kind == OUTLINE_PAREN ||
           kind == OUTLINE_INDEX || kind == OUTLINE_OBJECT;
}

static void locate_attribute(struct complete *c, uint32_t node)
{
    c->attribute = outline_around(c->o, node, OUTLINE_ATTRIBUTE);
    c->row = c->attribute ? lsp_row_of(c->lsp, c->o, c->attribute) : NULL;
    for (uint32_t at = node; at && at != c->attribute; at = c->o->nodes[at].parent)
        c->in_list |= c->o->nodes[at].kind == OUTLINE_ARRAY;
}

/* The string whose inside the cursor is in; 0 = none. An open string reaches to its line's end. */
static uint32_t string_at(const struct complete *c)
{
    uint32_t node = outline_at(c->o, c->cursor);
    const struct outline_node *n = &c->o->nodes[node];
    if (n->kind == OUTLINE_STRING && c->cursor > n->all.start)
        return c->cursor < n->all.end || c->o->source->text.ptr[n->all.end - 1] != '"' ||
                       n->all.end - n->all.start == 1
                   ? node
                   : 0;
    return 0;
}

/* The innermost node that is open at a place; a value that is missing ends its attribute at the
 * sign before it. */
static uint32_t open_at(const struct complete *c, uint32_t back)
{
    uint32_t node = outline_at(c->o, back);
    for (; node; node = c->o->nodes[node].parent) {
        enum outline_kind kind = c->o->nodes[node].kind;
        if (is_list(kind) || kind == OUTLINE_ATTRIBUTE || kind == OUTLINE_FIELD ||
            kind == OUTLINE_BLOCK)
            break;
    }
    return node;
}

static void complete_at(struct complete *c)
{
    const char *text = c->o->source->text.ptr;
    uint32_t back = c->replaced.start;
    bool newline = false;
    while (back && is_blank(text[back - 1]))
        newline |= text[--back] == '\n';
    char before = back ? text[back - 1] : '\n';
    uint32_t node;
    if (begins_operand(before) || before == '{') {
        node = open_at(c, back);
    } else {
        node = outline_at(c->o, c->replaced.start);
        while (node && !is_list(c->o->nodes[node].kind) && c->o->nodes[node].kind != OUTLINE_BLOCK)
            node = c->o->nodes[node].parent;
    }
    enum outline_kind kind = c->o->nodes[node].kind;
    c->container = node;
    if (kind == OUTLINE_FILE || kind == OUTLINE_BLOCK) {
        /* Behind a finished value on the same line nothing can follow. */
        if (newline || before == '{' || before == '}' || before == '\n')
            complete_statement(c);
        return;
    }
    locate_attribute(c, node);
    if (kind == OUTLINE_OBJECT)
        complete_field(c);
    else
        complete_expression(c);
}

static void put_list(struct complete *c)
{
    uint32_t string = string_at(c);
    uint32_t node = outline_at(c->o, c->cursor);
    const char *text = c->o->source->text.ptr;
    if (string) {
        locate_attribute(c, string);
        complete_string(c, string);
        return;
    }
    if (c->o->nodes[node].kind == OUTLINE_COMMENT && c->cursor > c->o->nodes[node].all.start)
        return;
    c->replaced = (struct span){c->cursor, c->cursor};
    while (c->replaced.start && is_name_byte(text[c->replaced.start - 1]))
        c->replaced.start--;
    c->prefix = outline_text(c->o, c->replaced);
    complete_at(c);
}

void lsp_completion(struct lsp_request *rq)
{
    struct lsp_document *d = lsp_document_of(rq);
    if (!d)
        return;
    struct lsp_view view;
    lsp_view_init(&view, rq->lsp, d, rq->arena);
    struct complete c = {.rq = rq,
                         .lsp = rq->lsp,
                         .document = d,
                         .o = lsp_outline(d),
                         .view = &view,
                         .cursor = lsp_cursor(rq, d)};
    json_object(rq->w);
    lsp_key(rq->w, "items");
    json_array(rq->w);
    put_list(&c);
    json_array_end(rq->w);
    lsp_put_flag(rq->w, "isIncomplete", c.cut);
    json_object_end(rq->w);
    lsp_view_release(&view);
}

/* ---- resolve ---- */

static void copy_doc(struct json_writer *w, const struct doc *doc);

static void copy_scalar(struct json_writer *w, const struct doc *doc)
{
    switch (doc->kind) {
    case DOC_BOOL: json_bool(w, doc->boolean); break;
    case DOC_INT: json_i64(w, doc->integer); break;
    case DOC_FLOAT: json_double(w, doc->number); break;
    case DOC_STRING: json_string(w, doc->text); break;
    default: json_null(w); break;
    }
}

/* One level below the item (textEdit.range.start) is the deepest an item of ours is. */
static void copy_doc(struct json_writer *w, const struct doc *doc)
{
    enum { DEPTH = 8 };
    const struct doc *open[DEPTH];
    size_t depth = 0;
    const struct doc *at = doc;
    for (;;) {
        bool nested = at->kind == DOC_MAP || at->kind == DOC_LIST;
        if (nested && depth < DEPTH) {
            if (at->kind == DOC_MAP)
                json_object(w);
            else
                json_array(w);
            open[depth++] = at;
            at = at->child;
        } else {
            copy_scalar(w, at);
            at = depth ? at->next : NULL;
        }
        while (!at && depth) {
            const struct doc *done = open[--depth];
            if (done->kind == DOC_MAP)
                json_object_end(w);
            else
                json_array_end(w);
            at = depth ? done->next : NULL;
        }
        if (!at)
            return;
        if (depth && open[depth - 1]->kind == DOC_MAP)
            json_key(w, at->key);
    }
}

static struct str documentation_of(struct lsp_request *rq, struct str of, struct str name)
{
    if (str_is(of, "component")) {
        const char *summary = rq->lsp->options->summary(rq->lsp->options->arg, name);
        return str_from(summary);
    }
    const struct stdlib_entry *entry = stdlib_entry(rq->lsp->program.stdlib, name);
    const struct function_def *f = entry ? entry->function : NULL;
    if (!f)
        return STR("");
    return arena_printf(rq->arena, "`%s`\n\n%s", f->signature ? f->signature : f->name,
                        f->doc ? f->doc : "");
}

void lsp_completion_resolve(struct lsp_request *rq)
{
    const struct doc *item = rq->params;
    if (!item || item->kind != DOC_MAP) {
        lsp_fail(rq, LSP_INVALID_PARAMS, "not a completion item");
        return;
    }
    const struct doc *data = lsp_member(item, "data");
    struct str text = documentation_of(rq, lsp_text_of(data, "of"), lsp_text_of(data, "name"));
    json_object(rq->w);
    for (const struct doc *member = item->child; member; member = member->next) {
        if (str_is(member->key, "documentation") && text.len)
            continue;
        json_key(rq->w, member->key);
        copy_doc(rq->w, member);
    }
    if (text.len)
        lsp_put_markdown(rq->w, "documentation", text);
    json_object_end(rq->w);
}
