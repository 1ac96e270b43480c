/* Formatting, equal to `invar fmt`: the whole text is printed, and what differs is sent as few
 * edits as lines allow. A text with errors is left alone. */

#include "compiler/lsp/inner.h"

#include "compiler/format.h"

enum { OUTPUT_FACTOR = 8, OUTPUT_EXTRA = 16 * 1024 * 1024 };

/* The text as the formatter has it, false if it has errors. */
static bool print(const struct lsp_document *d, struct buf *out)
{
    struct diags diags;
    diags_init(&diags);
    struct ast *ast = ast_parse(d->source, &diags);
    bool good = ast && !diags.errors;
    if (good) {
        format_file(out, ast);
        buf_byte(out, '\n');
    }
    ast_free(ast);
    diags_release(&diags);
    return good && buf_ok(out);
}

/* The edit without the lines at both ends that stay as they are. */
static void put_difference(struct lsp_request *rq, const struct source *source, struct str made)
{
    struct str old = source->text;
    size_t head = 0;
    size_t line = 0; /* after the last common newline */
    while (head < old.len && head < made.len && old.ptr[head] == made.ptr[head]) {
        head++;
        if (old.ptr[head - 1] == '\n')
            line = head;
    }
    if (head == old.len && head == made.len)
        return;
    size_t tail = 0;
    size_t kept = 0;
    while (tail < old.len - line && tail < made.len - line &&
           old.ptr[old.len - 1 - tail] == made.ptr[made.len - 1 - tail]) {
        tail++;
        bool whole = tail < old.len - line && tail < made.len - line &&
                     old.ptr[old.len - 1 - tail] == '\n' && made.ptr[made.len - 1 - tail] == '\n';
        if (whole)
            kept = tail;
    }
    lsp_edit(rq->w, rq->lsp, source, (struct span){(uint32_t)line, (uint32_t)(old.len - kept)},
             str_slice(made, line, made.len - kept));
}

/* ---- a part of the text: the statements that a range touches ----
 *
 * The formatter keeps the order of statements, so that the n-th of a body before is the n-th after.
 */

struct statements {
    uint32_t parent;
    uint32_t first; /* numbers of the first and last one */
    uint32_t last;
};

static bool is_statement(const struct outline *o, uint32_t node)
{
    return o->nodes[node].kind == OUTLINE_BLOCK || o->nodes[node].kind == OUTLINE_ATTRIBUTE;
}

/* The n-th statement of a body; 0 = none. */
static uint32_t nth(const struct outline *o, uint32_t parent, uint32_t n)
{
    OUTLINE_CHILDREN(o, parent, node)
    {
        if (is_statement(o, node) && n-- == 0)
            return node;
    }
    return 0;
}

/* The statements of a body that the range touches, with the attributes beside them, which are
 * aligned with each other. */
static bool touched(const struct outline *o, uint32_t parent, struct span within,
                    struct statements *out)
{
    uint32_t n = 0;
    uint32_t run = 0; /* first of the attributes in a row */
    bool found = false;
    bool grows = false;
    OUTLINE_CHILDREN(o, parent, node)
    {
        if (!is_statement(o, node))
            continue;
        bool attribute = o->nodes[node].kind == OUTLINE_ATTRIBUTE;
        bool hit = o->nodes[node].all.end >= within.start && o->nodes[node].all.start <= within.end;
        if (!attribute)
            run = n + 1;
        if (hit && !found)
            *out = (struct statements){parent, attribute ? run : n, n};
        if (hit || (grows && attribute))
            out->last = n;
        found |= hit;
        grows = attribute && (hit || grows);
        n++;
    }
    return found;
}

/* From the beginning of the first one's line to the end of the last one; false if something else
 * stands on that line. */
static bool lines_of(const struct outline *o, const struct statements *s, uint32_t parent,
                     struct span *out)
{
    uint32_t first = nth(o, parent, s->first);
    uint32_t last = nth(o, parent, s->last);
    if (!first || !last)
        return false;
    uint32_t start = o->nodes[first].all.start;
    const char *text = o->source->text.ptr;
    while (start && (text[start - 1] == ' ' || text[start - 1] == '\t'))
        start--;
    *out = (struct span){start, o->nodes[last].all.end};
    return start == 0 || text[start - 1] == '\n';
}

static void put_statements(struct lsp_request *rq, const struct outline *old,
                           const struct outline *made, struct span within)
{
    uint32_t parent = 0, made_parent = 0;
    struct statements s;
    struct span from = {0, 0}, to = {0, 0};
    bool have = false;
    while (touched(old, parent, within, &s)) {
        struct span a, b;
        if (!lines_of(old, &s, parent, &a) || !lines_of(made, &s, made_parent, &b))
            break;
        from = a;
        to = b;
        have = true;
        uint32_t only = nth(old, parent, s.first);
        const struct outline_node *node = &old->nodes[only];
        if (s.first != s.last || node->kind != OUTLINE_BLOCK || within.start <= node->open ||
            within.end >= node->close)
            break;
        made_parent = nth(made, made_parent, s.first);
        parent = only;
    }
    struct str text = outline_text(made, to);
    if (have && !str_eq(text, outline_text(old, from)))
        lsp_edit(rq->w, rq->lsp, old->source, from, text);
}

static void put_part(struct lsp_request *rq, struct lsp_document *d, struct str made,
                     struct span within)
{
    struct source *source = source_new(STR(""), made, NULL);
    if (!source)
        return;
    struct outline outline;
    outline_init(&outline, source);
    put_statements(rq, lsp_outline(d), &outline, within);
    outline_release(&outline);
    source_unref(source);
}

static void format(struct lsp_request *rq, struct lsp_document *d, const struct span *within)
{
    struct buf made;
    buf_init(&made, NULL, OUTPUT_FACTOR * d->source->text.len + OUTPUT_EXTRA);
    json_array(rq->w);
    if (print(d, &made)) {
        if (within)
            put_part(rq, d, buf_view(&made), *within);
        else
            put_difference(rq, d->source, buf_view(&made));
    }
    json_array_end(rq->w);
    buf_release(&made);
}

void lsp_formatting(struct lsp_request *rq)
{
    struct lsp_document *d = lsp_document_of(rq);
    if (d)
        format(rq, d, NULL);
}

/* Up to the end of its last line. */
static struct span whole_lines(const struct source *source, struct span span)
{
    uint32_t line = source_pos(source, span.end).line;
    bool at_start = span.end == source->lines[line - 1];
    if (span.end == span.start || !at_start)
        span.end = source->lines[line - 1] + (uint32_t)source_line(source, line).len;
    return span;
}

void lsp_range_formatting(struct lsp_request *rq)
{
    struct lsp_document *d = lsp_document_of(rq);
    if (!d)
        return;
    struct span span = lsp_span_of(rq->lsp, d->source, lsp_member(rq->params, "range"));
    span = whole_lines(d->source, span);
    format(rq, d, &span);
}

/* After a closing brace its block, after a newline the line before it. */
void lsp_on_type_formatting(struct lsp_request *rq)
{
    struct lsp_document *d = lsp_document_of(rq);
    if (!d)
        return;
    uint32_t cursor = lsp_cursor(rq, d);
    struct span span = {cursor, cursor};
    if (str_is(lsp_text_of(rq->params, "ch"), "}")) {
        const struct outline *o = lsp_outline(d);
        uint32_t node = cursor ? outline_around(o, outline_at(o, cursor - 1), OUTLINE_BLOCK) : 0;
        if (node)
            span = o->nodes[node].all;
    } else if (cursor) {
        uint32_t line = source_pos(d->source, cursor).line;
        uint32_t before = line > 1 ? d->source->lines[line - 2] : 0;
        span = whole_lines(d->source, (struct span){before, before});
    }
    format(rq, d, &span);
}
