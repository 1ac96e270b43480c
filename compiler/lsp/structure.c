/* The structure of a text: what folds, what a selection grows to, what links lead to. Folds come
 * from the grammar's query and selections from its tree; where there is none, from the outline. */

#include "compiler/lsp/names.h"
#include "compiler/lsp/tree.h"

#include "base/strconv.h"
#include "base/world.h"

#include <fcntl.h>

/* ---- folding ---- */

static uint32_t line_of(const struct source *source, uint32_t offset)
{
    return source_pos(source, offset).line - 1;
}

static void put_fold(struct json_writer *w, uint32_t first, uint32_t last, const char *kind)
{
    if (last <= first)
        return;
    json_object(w);
    lsp_put_number(w, "startLine", first);
    lsp_put_number(w, "endLine", last);
    if (kind)
        lsp_put(w, "kind", str_from(kind));
    json_object_end(w);
}

static bool has_brackets(const struct outline_node *node)
{
    switch (node->kind) {
    case OUTLINE_BLOCK:
    case OUTLINE_ARRAY:
    case OUTLINE_OBJECT:
    case OUTLINE_CALL:
    case OUTLINE_INDEX:
    case OUTLINE_PAREN: return true;
    default: return false;
    }
}

/* The last of the comments that follow each other line by line. */
static uint32_t comment_run(const struct outline *o, uint32_t id, uint32_t *last_line)
{
    uint32_t next = id;
    *last_line = line_of(o->source, o->nodes[id].all.end - 1);
    while (next + 1 < o->count && o->nodes[next + 1].kind == OUTLINE_COMMENT &&
           line_of(o->source, o->nodes[next + 1].all.start) == *last_line + 1) {
        next++;
        *last_line = line_of(o->source, o->nodes[next].all.end - 1);
    }
    return next;
}

static void fold_outline(struct json_writer *w, const struct outline *o)
{
    for (uint32_t id = 1; id < o->count; id++) {
        const struct outline_node *node = &o->nodes[id];
        if (node->kind == OUTLINE_COMMENT) {
            uint32_t first = line_of(o->source, node->all.start);
            uint32_t last;
            id = comment_run(o, id, &last);
            put_fold(w, first, last, "comment");
        } else if (has_brackets(node)) {
            /* The line of the closing bracket stays. */
            uint32_t last = line_of(o->source, node->close);
            last -= node->closed && last > 0;
            put_fold(w, line_of(o->source, node->open), last, NULL);
        }
    }
}

struct fold {
    uint32_t first; /* lines */
    uint32_t last;
    bool is_comment;
};

struct folding {
    const struct source *source;
    VEC(struct fold) folds;
};

static void take_fold(void *arg, struct str name, TSNode node)
{
    struct folding *f = arg;
    struct span span = tree_span(node);
    (void)name;
    if (span.end <= span.start)
        return;
    struct fold fold = {line_of(f->source, span.start), line_of(f->source, span.end - 1),
                        f->source->text.ptr[span.start] == '/'};
    struct fold *before = f->folds.len ? &f->folds.items[f->folds.len - 1] : NULL;
    if (!fold.is_comment) {
        TSNode last = ts_node_child(node, ts_node_child_count(node) - 1);
        fold.last -= !ts_node_is_missing(last) && fold.last > 0; /* the closing bracket's stays */
    } else if (before && before->is_comment && fold.first == before->last + 1) {
        before->last = fold.last; /* a run of comments is one */
        return;
    }
    VEC_PUSH(&f->folds, fold);
}

void lsp_folding_range(struct lsp_request *rq)
{
    struct lsp_document *d = lsp_document_of(rq);
    if (!d)
        return;
    struct folding f = {.source = d->source};
    const TSTree *tree = lsp_tree(rq->lsp, d);
    bool folded = tree && lsp_tree_captures(rq->lsp, tree, TREE_FOLDS, (struct span){0, UINT32_MAX},
                                            take_fold, &f);
    json_array(rq->w);
    for (size_t i = 0; folded && i < f.folds.len; i++) {
        struct fold fold = f.folds.items[i];
        put_fold(rq->w, fold.first, fold.last, fold.is_comment ? "comment" : NULL);
    }
    if (!folded)
        fold_outline(rq->w, lsp_outline(d));
    json_array_end(rq->w);
    VEC_RELEASE(&f.folds);
}

/* ---- selection ---- */

enum { SELECTION_MAX = 256 };

struct growth {
    struct span items[SELECTION_MAX]; /* from small to large */
    size_t count;
};

static void grow(struct growth *g, struct span span, uint32_t cursor)
{
    const struct span *last = g->count ? &g->items[g->count - 1] : NULL;
    if (cursor < span.start || cursor > span.end || span.end <= span.start ||
        g->count == SELECTION_MAX)
        return;
    if (last && (span.start > last->start || span.end < last->end ||
                 (span.start == last->start && span.end == last->end)))
        return;
    g->items[g->count++] = span;
}

static struct span trimmed(const struct source *source, uint32_t start, uint32_t end)
{
    const char *text = source->text.ptr;
    while (start < end && strchr(" \t\r\n", text[start]))
        start++;
    while (end > start && strchr(" \t\r\n", text[end - 1]))
        end--;
    return (struct span){start, end};
}

static void grow_node(struct growth *g, const struct outline *o, uint32_t id, uint32_t cursor)
{
    const struct outline_node *node = &o->nodes[id];
    if (node->kind == OUTLINE_STRING)
        grow(g, (struct span){node->all.start + 1, node->all.end - 1}, cursor);
    if (node->kind == OUTLINE_PATH) {
        for (uint32_t n = 0; n < 16; n++)
            grow(g, outline_part(o, node->name, n), cursor);
    }
    if (node->kind == OUTLINE_BLOCK) {
        grow(g, outline_label_span(o, id), cursor);
        grow(g, node->name, cursor);
    }
    if (node->kind == OUTLINE_ATTRIBUTE || node->kind == OUTLINE_FIELD) {
        grow(g, node->name, cursor);
        grow(g, trimmed(o->source, node->open + 1, node->all.end), cursor);
    }
    if (has_brackets(node))
        grow(g, trimmed(o->source, node->open + 1, node->close), cursor);
    grow(g, node->all, cursor);
}

static void grow_by_outline(struct growth *g, const struct outline *o, uint32_t cursor)
{
    for (uint32_t id = outline_at(o, cursor);; id = o->nodes[id].parent) {
        grow_node(g, o, id, cursor);
        if (!id)
            break;
    }
}

static bool is_word(char c)
{
    return c == '_' || (c & 0x80) || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

/* What stands between brackets or quotes first, then with them. */
static void grow_by_tree(struct growth *g, const struct source *source, const TSTree *tree,
                         uint32_t cursor)
{
    const char *text = source->text.ptr;
    struct span around[SELECTION_MAX];
    /* At the end of a word it is the word that is meant. */
    bool behind = cursor > 0 && is_word(text[cursor - 1]) && !is_word(text[cursor]);
    uint32_t from = cursor - behind;
    size_t count = lsp_tree_around(tree, from, cursor, around, SELECTION_MAX);
    for (size_t i = 0; i < count; i++) {
        struct span span = around[i];
        bool closes = span.end - span.start >= 2 && strchr("}])\"`", text[span.end - 1]);
        if (closes && strchr("{[(\"`", text[span.start]))
            grow(g,
                 strchr("\"`", text[span.start]) ? (struct span){span.start + 1, span.end - 1}
                                                 : trimmed(source, span.start + 1, span.end - 1),
                 cursor);
        grow(g, span, cursor);
    }
    grow(g, (struct span){0, (uint32_t)source->text.len}, cursor);
}

static void put_selection(struct lsp_request *rq, struct lsp_document *d, uint32_t cursor)
{
    struct growth *g = arena_zalloc(rq->arena, sizeof(*g));
    const TSTree *tree = lsp_tree(rq->lsp, d);
    if (tree)
        grow_by_tree(g, d->source, tree, cursor);
    else
        grow_by_outline(g, lsp_outline(d), cursor);
    if (!g->count)
        g->items[g->count++] = (struct span){cursor, cursor};
    for (size_t i = 0; i < g->count; i++) {
        json_object(rq->w);
        lsp_put_range(rq->w, "range", rq->lsp, d->source, g->items[i]);
        if (i + 1 < g->count)
            lsp_key(rq->w, "parent");
    }
    for (size_t i = 0; i < g->count; i++)
        json_object_end(rq->w);
}

void lsp_selection_range(struct lsp_request *rq)
{
    enum { POSITIONS_MAX = 1000 };
    struct lsp_document *d = lsp_document_of(rq);
    const struct doc *positions = lsp_member(rq->params, "positions");
    if (!d)
        return;
    if (!positions || positions->kind != DOC_LIST) {
        lsp_fail(rq, LSP_INVALID_PARAMS, "positions are missing");
        return;
    }
    size_t count = 0;
    json_array(rq->w);
    for (const struct doc *one = positions->child; one && count < POSITIONS_MAX; one = one->next) {
        put_selection(rq, d, lsp_offset(rq->lsp, d->source, one));
        count++;
    }
    json_array_end(rq->w);
}

/* ---- links ---- */

static bool names_a_file(struct str name)
{
    return str_is(name, "filename") || str_ends(name, STR("_file")) || str_is(name, "path");
}

/* The file that a string names, if there is one. */
static bool file_of(const struct lsp_document *d, struct str literal, struct buf *path)
{
    struct buf text;
    struct stat info;
    buf_init(&text, NULL, LSP_MAX_PATH);
    bool good = strconv_unquote(&text, literal) && text.len;
    struct str folder = str_from(d->path);
    if (good && text.data[0] != '/')
        buf_str(path, str_slice(folder, 0, str_rfind_byte(folder, '/') + 1));
    if (good)
        buf_str(path, buf_view(&text));
    buf_release(&text);
    buf_byte(path, '\0');
    if (!good || !buf_ok(path) || d->path[0] != '/')
        return false;
    path->len--;
    return world_stat(AT_FDCWD, path->data, 0, &info) >= 0 && S_ISREG(info.st_mode);
}

void lsp_document_link(struct lsp_request *rq)
{
    struct lsp_document *d = lsp_document_of(rq);
    if (!d)
        return;
    const struct outline *o = lsp_outline(d);
    json_array(rq->w);
    OUTLINE_EACH(o, id)
    {
        const struct outline_node *node = &o->nodes[id];
        const struct outline_node *parent = &o->nodes[node->parent];
        if (node->kind != OUTLINE_STRING || parent->kind != OUTLINE_ATTRIBUTE ||
            !names_a_file(outline_text(o, parent->name)))
            continue;
        struct buf path, uri;
        buf_init(&path, NULL, LSP_MAX_PATH);
        buf_init(&uri, NULL, LSP_MAX_PATH * 3 + 16);
        if (file_of(d, outline_text(o, node->all), &path)) {
            lsp_uri_of_path(&uri, buf_view(&path));
            json_object(rq->w);
            lsp_put_range(rq->w, "range", rq->lsp, d->source,
                          (struct span){node->all.start + 1, node->all.end - 1});
            lsp_put(rq->w, "target", buf_view(&uri));
            json_object_end(rq->w);
        }
        buf_release(&path);
        buf_release(&uri);
    }
    json_array_end(rq->w);
}
