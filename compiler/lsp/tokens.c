/* Semantic tokens: full, of a range, and as the difference to the last answer. The grammar's query
 * says what is what, the outline what kind of name it is; inside errors the outline fills what the
 * query leaves open, and it serves alone where there is no tree. A token of several lines is one a
 * line. */

#include "compiler/lsp/names.h"
#include "compiler/lsp/tree.h"

enum token_type {
    TYPE_TYPE,      /* a component */
    TYPE_STRUCT,    /* a block inside one */
    TYPE_NAMESPACE, /* import, the first part of what comes from it */
    TYPE_KEYWORD,
    TYPE_PROPERTY,
    TYPE_VARIABLE,
    TYPE_FUNCTION,
    TYPE_STRING,
    TYPE_NUMBER,
    TYPE_COMMENT,
};
enum { MOD_DECLARATION = 1, MOD_DEPRECATED = 2, MOD_LIBRARY = 4, MOD_READONLY = 8 };

/* The legend (session.c) has the names in this order. */

struct colour {
    struct span span;
    uint32_t type;
    uint32_t mods;
};

struct emitter {
    const struct lsp *lsp;
    const struct outline *o;
    VEC(struct colour) outlined; /* by the outline */
    VEC(struct colour) found;    /* by the query */
    size_t at;                   /* in `outlined`, while the query runs */
    VEC(uint32_t) data;
    uint32_t line;
    uint32_t character;
    uint32_t offset;  /* of the last token */
    struct span only; /* what is asked for */
};

/* ---- as the protocol has them ---- */

static void emit_line(struct emitter *e, struct span span, const struct colour *token)
{
    uint32_t line, character;
    struct str text = outline_text(e->o, span);
    if (!text.len || span.end <= e->only.start || span.start >= e->only.end)
        return;
    line = source_pos(e->o->source, span.start).line - 1;
    if (e->data.len && line == e->line) /* a line may be long */
        character = e->character +
                    lsp_width(e->lsp, outline_text(e->o, (struct span){e->offset, span.start}));
    else
        lsp_place(e->lsp, e->o->source, span.start, &line, &character);
    VEC_PUSH(&e->data, line - e->line);
    VEC_PUSH(&e->data, line == e->line ? character - e->character : character);
    VEC_PUSH(&e->data, lsp_width(e->lsp, text));
    VEC_PUSH(&e->data, token->type);
    VEC_PUSH(&e->data, token->mods);
    e->line = line;
    e->character = character;
    e->offset = span.start;
}

static void emit_token(struct emitter *e, const struct colour *token)
{
    const char *text = e->o->source->text.ptr;
    struct span span = token->span;
    while (span.start < span.end) {
        uint32_t end = span.start;
        while (end < span.end && text[end] != '\n')
            end++;
        uint32_t trimmed = end > span.start && text[end - 1] == '\r' ? end - 1 : end;
        emit_line(e, (struct span){span.start, trimmed}, token);
        span.start = end + 1;
    }
}

/* ---- what the outline says ---- */

static void emit(struct emitter *e, struct span span, enum token_type type, uint32_t mods)
{
    if (span.end > span.start)
        VEC_PUSH(&e->outlined, ((struct colour){span, (uint32_t)type, mods}));
}

static void emit_block(struct emitter *e, uint32_t id)
{
    const struct outline_node *node = &e->o->nodes[id];
    enum token_type type = TYPE_STRUCT;
    if (lsp_is_scope(e->o, node->parent)) {
        enum block_kind kind = lsp_kind_of(outline_text(e->o, node->name));
        type = kind == BLOCK_COMPONENT ? TYPE_TYPE : TYPE_KEYWORD;
    }
    emit(e, node->name, type, 0);
    if (node->label.end)
        emit(e, node->label, TYPE_VARIABLE, MOD_DECLARATION);
}

static void emit_path(struct emitter *e, uint32_t id)
{
    const struct outline_node *node = &e->o->nodes[id];
    const struct stdlib_entry *entry =
        stdlib_entry(e->lsp->program.stdlib, outline_text(e->o, node->name));
    uint32_t mods = entry ? MOD_LIBRARY | (entry->deprecated ? MOD_DEPRECATED : 0) : 0;
    /* The call's arguments follow its function. */
    bool called = id + 1 < e->o->count && e->o->nodes[id + 1].kind == OUTLINE_CALL &&
                  e->o->nodes[id + 1].name.start == node->name.start;
    if (called)
        emit(e, node->name, TYPE_FUNCTION, mods);
    else
        emit(e, node->name, TYPE_VARIABLE, entry ? mods | MOD_READONLY : 0);
}

static void emit_node(struct emitter *e, uint32_t id)
{
    const struct outline_node *node = &e->o->nodes[id];
    switch (node->kind) {
    case OUTLINE_BLOCK: emit_block(e, id); break;
    case OUTLINE_STUB: emit(e, node->name, TYPE_TYPE, 0); break;
    case OUTLINE_ATTRIBUTE:
    case OUTLINE_FIELD: emit(e, node->name, TYPE_PROPERTY, 0); break;
    case OUTLINE_PATH: emit_path(e, id); break;
    case OUTLINE_STRING: emit(e, node->all, TYPE_STRING, 0); break;
    case OUTLINE_NUMBER: emit(e, node->all, TYPE_NUMBER, 0); break;
    case OUTLINE_WORD: emit(e, node->all, TYPE_KEYWORD, 0); break;
    case OUTLINE_COMMENT: emit(e, node->all, TYPE_COMMENT, 0); break;
    default: break;
    }
}

static void read_outline(struct emitter *e)
{
    OUTLINE_EACH(e->o, id)
    {
        const struct outline_node *node = &e->o->nodes[id];
        if (node->all.start >= e->only.end)
            break;
        if (node->all.end > e->only.start)
            emit_node(e, id);
    }
    /* A comment between a name and its label is found after both. */
    for (size_t i = 1; i < e->outlined.len; i++) {
        struct colour *t = e->outlined.items;
        for (size_t k = i; k > 0 && t[k].span.start < t[k - 1].span.start; k--) {
            struct colour held = t[k];
            t[k] = t[k - 1];
            t[k - 1] = held;
        }
    }
}

/* ---- what the query says ---- */

static const struct capture {
    const char *name;
    enum token_type type;
    uint32_t mods;
    uint32_t refined; /* the types that the outline may make of it */
} captures[] = {
    {"comment", TYPE_COMMENT, 0, 1u << TYPE_COMMENT},
    {"type", TYPE_TYPE, 0, 1u << TYPE_TYPE | 1u << TYPE_STRUCT | 1u << TYPE_KEYWORD},
    {"label", TYPE_VARIABLE, MOD_DECLARATION, 1u << TYPE_VARIABLE},
    {"property", TYPE_PROPERTY, 0, 1u << TYPE_PROPERTY},
    {"variable", TYPE_VARIABLE, 0, 1u << TYPE_VARIABLE | 1u << TYPE_FUNCTION},
    {"function", TYPE_FUNCTION, 0, 1u << TYPE_VARIABLE | 1u << TYPE_FUNCTION},
    {"string", TYPE_STRING, 0, 1u << TYPE_STRING | 1u << TYPE_PROPERTY},
    {"number", TYPE_NUMBER, 0, 1u << TYPE_NUMBER},
    {"boolean", TYPE_KEYWORD, 0, 1u << TYPE_KEYWORD},
    {"constant.builtin", TYPE_KEYWORD, 0, 1u << TYPE_KEYWORD},
};

/* The outline knows more of the same place, or nothing of it. */
static void take_capture(void *arg, struct str name, TSNode node)
{
    struct emitter *e = arg;
    struct span span = tree_span(node);
    size_t i = 0;
    while (i < sizeof(captures) / sizeof(captures[0]) && !str_is(name, captures[i].name))
        i++;
    bool covered = e->found.len && span.start < e->found.items[e->found.len - 1].span.end;
    if (i == sizeof(captures) / sizeof(captures[0]) || covered || span.end <= span.start)
        return;
    const struct capture *c = &captures[i];
    while (e->at < e->outlined.len && e->outlined.items[e->at].span.start < span.start)
        e->at++;
    struct colour token = {span, (uint32_t)c->type, c->mods};
    const struct colour *known = e->at < e->outlined.len ? &e->outlined.items[e->at] : NULL;
    if (known && known->span.start == span.start && (c->refined & 1u << known->type))
        token = *known;
    VEC_PUSH(&e->found, token);
}

/* Both in order; what the outline says stands where the query says nothing. */
static void merge(struct emitter *e)
{
    size_t k = 0;
    for (size_t i = 0; i < e->outlined.len; i++) {
        const struct colour *token = &e->outlined.items[i];
        while (k < e->found.len && e->found.items[k].span.end <= token->span.start)
            emit_token(e, &e->found.items[k++]);
        if (k == e->found.len || e->found.items[k].span.start >= token->span.end)
            emit_token(e, token);
    }
    while (k < e->found.len)
        emit_token(e, &e->found.items[k++]);
}

static void compute(struct emitter *e, struct lsp *lsp, struct lsp_document *d, struct span only)
{
    *e = (struct emitter){.lsp = lsp, .o = lsp_outline(d), .only = only};
    read_outline(e);
    const TSTree *tree = lsp_tree(lsp, d);
    if (tree && !lsp_tree_captures(lsp, tree, TREE_HIGHLIGHTS, only, take_capture, e))
        e->found.len = 0;
    merge(e);
    VEC_RELEASE(&e->outlined);
    VEC_RELEASE(&e->found);
}

static void put_data(struct json_writer *w, const char *key, const uint32_t *data, size_t count)
{
    lsp_key(w, key);
    json_array(w);
    for (size_t i = 0; i < count; i++)
        json_u64(w, data[i]);
    json_array_end(w);
}

static void put_id(struct json_writer *w, uint32_t id)
{
    char text[16];
    int len = snprintf(text, sizeof(text), "%u", id);
    lsp_put(w, "resultId", str_of(text, (size_t)len));
}

/* The document keeps the answer, for the next difference. Takes the data. */
static void keep(struct lsp_request *rq, struct lsp_document *d, struct emitter *e)
{
    mem_free(d->tokens);
    d->tokens = e->data.items;
    d->token_count = e->data.len;
    d->token_id = ++rq->lsp->token_id;
}

static const struct span everything = {0, UINT32_MAX};

void lsp_tokens_full(struct lsp_request *rq)
{
    struct lsp_document *d = lsp_document_of(rq);
    if (!d)
        return;
    struct emitter e;
    compute(&e, rq->lsp, d, everything);
    keep(rq, d, &e);
    json_object(rq->w);
    put_id(rq->w, d->token_id);
    put_data(rq->w, "data", d->tokens, d->token_count);
    json_object_end(rq->w);
}

void lsp_tokens_range(struct lsp_request *rq)
{
    struct lsp_document *d = lsp_document_of(rq);
    if (!d)
        return;
    struct emitter e;
    compute(&e, rq->lsp, d, lsp_span_of(rq->lsp, d->source, lsp_member(rq->params, "range")));
    json_object(rq->w);
    put_data(rq->w, "data", e.data.items, e.data.len);
    json_object_end(rq->w);
    VEC_RELEASE(&e.data);
}

void lsp_tokens_delta(struct lsp_request *rq)
{
    struct lsp_document *d = lsp_document_of(rq);
    uint64_t id = 0;
    if (!d)
        return;
    str_to_u64(lsp_text_of(rq->params, "previousResultId"), &id);
    if (!d->tokens || id != d->token_id) {
        lsp_tokens_full(rq);
        return;
    }
    struct emitter e;
    compute(&e, rq->lsp, d, everything);
    size_t head = 0, tail = 0;
    while (head < e.data.len && head < d->token_count && e.data.items[head] == d->tokens[head])
        head++;
    while (tail < e.data.len - head && tail < d->token_count - head &&
           e.data.items[e.data.len - 1 - tail] == d->tokens[d->token_count - 1 - tail])
        tail++;
    size_t removed = d->token_count - head - tail;
    keep(rq, d, &e);
    json_object(rq->w);
    put_id(rq->w, d->token_id);
    lsp_key(rq->w, "edits");
    json_array(rq->w);
    if (removed || d->token_count - head - tail) {
        json_object(rq->w);
        lsp_put_number(rq->w, "start", (int64_t)head);
        lsp_put_number(rq->w, "deleteCount", (int64_t)removed);
        put_data(rq->w, "data", d->tokens + head, d->token_count - head - tail);
        json_object_end(rq->w);
    }
    json_array_end(rq->w);
    json_object_end(rq->w);
}
