/* A review as text: a line a block that differs, its arguments below, then the edges. */

#include "compiler/review.h"

#include "base/line_diff.h"

enum { DIFF_MAX = 256 * 1024 * 1024, LINE_MAX_WIDTH = 100 };

const char *review_effect(const struct review_block *b)
{
    const struct chart_node *node = b->after ? b->after : b->before;
    enum block_kind kind = node->block->kind;
    bool runs = kind == BLOCK_COMPONENT || kind == BLOCK_CUSTOM || kind == BLOCK_FOREACH;
    switch (b->change) {
    case REVIEW_ADDED: return runs ? "starts" : "is new";
    case REVIEW_REMOVED: return runs ? "stops" : "is gone";
    case REVIEW_CHANGED:
        if (b->before->block->kind != kind)
            return "stops and starts as something else";
        return runs ? "goes on with new arguments" : "has changed";
    default: return "goes on, its arguments are evaluated again";
    }
}

static void print_place(struct buf *out, const struct program_block *block)
{
    struct range range = program_block_range(block);
    buf_printf(out, " (%.*s:%u:%u)", STR_ARG(block->ast->source->name), range.start.line,
               range.start.col);
}

static bool is_short(struct str text)
{
    return text.len <= LINE_MAX_WIDTH && str_find_byte(text, '\n', 0) == SIZE_MAX;
}

/* Every line of the text behind eight blanks. */
static void print_lines(struct buf *out, struct str text)
{
    for (size_t at = 0; at < text.len;) {
        size_t end = str_find_byte(text, '\n', at);
        end = end == SIZE_MAX ? text.len : end;
        buf_fill(out, ' ', 8);
        buf_str(out, str_slice(text, at, end));
        buf_byte(out, '\n');
        at = end + 1;
    }
}

/* Values of several lines: what differs of them, without the two lines of names. */
static void print_long(struct buf *out, const struct review_argument *a, struct arena *arena)
{
    struct buf diff;
    buf_init(&diff, NULL, DIFF_MAX);
    line_diff(&diff, STR("a"), STR("b"), arena_concat(arena, a->before, STR("\n")),
              arena_concat(arena, a->after, STR("\n")));
    struct str text = buf_view(&diff);
    size_t hunks = str_find(text, STR("@@"), 0);
    buf_byte(out, '\n');
    if (hunks == SIZE_MAX) { /* both are hidden */
        print_lines(out, a->before);
        print_lines(out, a->after);
    } else {
        print_lines(out, str_slice(text, hunks, text.len));
    }
    buf_release(&diff);
}

static void print_argument(struct buf *out, const struct review_argument *a, struct arena *arena)
{
    char mark = !a->before.ptr ? '+' : !a->after.ptr ? '-' : '~';
    buf_printf(out, "    %c %.*s:", mark, STR_ARG(a->path));
    if (a->before.ptr && a->after.ptr) {
        if (is_short(a->before) && is_short(a->after))
            buf_printf(out, " %.*s -> %.*s\n", STR_ARG(a->before), STR_ARG(a->after));
        else
            print_long(out, a, arena);
        return;
    }
    struct str text = a->before.ptr ? a->before : a->after;
    if (is_short(text)) {
        buf_printf(out, " %.*s\n", STR_ARG(text));
    } else {
        buf_byte(out, '\n');
        print_lines(out, text);
    }
}

static void print_blocks(struct buf *out, const struct review *review, struct arena *arena)
{
    static const char marks[] = {[REVIEW_ADDED] = '+',
                                 [REVIEW_REMOVED] = '-',
                                 [REVIEW_CHANGED] = '~',
                                 [REVIEW_AFFECTED] = '*'};
    for (size_t i = 0; i < review->block_count; i++) {
        const struct review_block *b = &review->blocks[i];
        const struct chart_node *node = b->after ? b->after : b->before;
        buf_printf(out, "%c %.*s", marks[b->change], STR_ARG(node->id));
        print_place(out, node->block);
        buf_printf(out, " %s", review_effect(b));
        if (b->cause)
            buf_printf(out, " (%.*s)", STR_ARG(b->cause->id));
        buf_byte(out, '\n');
        for (size_t k = 0; k < b->argument_count; k++)
            print_argument(out, &b->arguments[k], arena);
    }
}

static void print_edges(struct buf *out, const struct review *review, const struct chart *before,
                        const struct chart *after)
{
    if (review->edge_count > 0)
        buf_cstr(out, "\nedges\n");
    for (size_t i = 0; i < review->edge_count; i++) {
        const struct review_edge *r = &review->edges[i];
        const struct chart *c = r->is_added ? after : before;
        const struct chart_edge *e = r->edge;
        struct range range = ast_range(e->ast, e->node);
        buf_printf(out, "%c %.*s %s %.*s (%.*s:%u:%u)\n", r->is_added ? '+' : '-',
                   STR_ARG(c->nodes[e->from].id), e->is_data ? "sends to" : "refers to",
                   STR_ARG(c->nodes[e->to].id), STR_ARG(e->ast->source->name), range.start.line,
                   range.start.col);
    }
}

void review_print(struct buf *out, const struct review *review, const struct chart *before,
                  const struct chart *after, struct arena *arena)
{
    const size_t *n = review->counts;
    buf_printf(out, "%zu added, %zu changed, %zu removed, %zu affected, %zu kept\n",
               n[REVIEW_ADDED], n[REVIEW_CHANGED], n[REVIEW_REMOVED], n[REVIEW_AFFECTED],
               review->kept);
    if (review->block_count > 0)
        buf_byte(out, '\n');
    print_blocks(out, review, arena);
    print_edges(out, review, before, after);
}
