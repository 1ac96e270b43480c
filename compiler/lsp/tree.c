/* Trees and queries of tree-sitter. */

#include "compiler/lsp/tree.h"

#include "base/world.h"

const TSLanguage *tree_sitter_alloy(void); /* grammar/src/parser.c */

struct lsp_trees {
    TSParser *parser;
    TSQuery *queries[TREE_QUERIES];
};

/* grammar/queries/NAME.scm as a constant of the program. */
#define QUERY_TEXT(name)                                                                           \
    __asm__(".pushsection .rodata\n"                                                               \
            ".globl tree_query_" #name "\n"                                                        \
            "tree_query_" #name ":\n"                                                              \
            ".incbin \"" QUERIES_PATH "/" #name ".scm\"\n"                                         \
            ".byte 0\n"                                                                            \
            ".popsection\n");                                                                      \
    extern const char tree_query_##name[]

QUERY_TEXT(highlights);
QUERY_TEXT(folds);

static TSQuery *read_query(const char *text)
{
    uint32_t at = 0;
    TSQueryError error = TSQueryErrorNone;
    TSQuery *query = ts_query_new(tree_sitter_alloy(), text, (uint32_t)strlen(text), &at, &error);
    ASSERT(query && error == TSQueryErrorNone);
    return query;
}

/* The parser and the queries are made when a tree is first wanted: they take 2 ms. */
struct lsp_trees *trees_new(void)
{
    ts_set_allocator(mem_lib_malloc, mem_lib_calloc, mem_lib_realloc, mem_lib_free);
    return mem_zalloc(NULL, sizeof(struct lsp_trees));
}

void trees_free(struct lsp_trees *trees)
{
    for (size_t i = 0; i < TREE_QUERIES; i++) {
        if (trees->queries[i])
            ts_query_delete(trees->queries[i]);
    }
    if (trees->parser)
        ts_parser_delete(trees->parser);
    mem_free(trees);
}

static void make_ready(struct lsp_trees *trees)
{
    if (trees->parser)
        return;
    trees->parser = ts_parser_new();
    ASSERT(ts_parser_set_language(trees->parser, tree_sitter_alloy()));
    ts_parser_set_timeout_micros(trees->parser, TREE_PARSE_US);
    trees->queries[TREE_HIGHLIGHTS] = read_query(tree_query_highlights);
    trees->queries[TREE_FOLDS] = read_query(tree_query_folds);
}

void lsp_tree_drop(struct lsp_document *d)
{
    if (d->tree)
        ts_tree_delete(d->tree);
    d->tree = NULL;
    d->tree_current = false;
    d->tree_refused = false;
}

static TSPoint point_of(const struct source *source, uint32_t offset)
{
    struct pos pos = source_pos(source, offset);
    return (TSPoint){pos.line - 1, pos.col - 1};
}

void lsp_tree_edit(struct lsp_document *d, struct span removed, uint32_t inserted,
                   const struct source *before, const struct source *after)
{
    d->tree_current = false;
    d->tree_refused = false;
    if (!d->tree)
        return;
    uint32_t end = removed.start + inserted;
    TSInputEdit edit = {.start_byte = removed.start,
                        .old_end_byte = removed.end,
                        .new_end_byte = end,
                        .start_point = point_of(before, removed.start),
                        .old_end_point = point_of(before, removed.end),
                        .new_end_point = point_of(after, end)};
    ts_tree_edit(d->tree, &edit);
}

/* Operands that follow each other without a comma: operators and calls nest the tree on the left.
 */
static bool has_long_chain(const struct outline *o, uint32_t parent)
{
    uint32_t run = 0;
    OUTLINE_CHILDREN(o, parent, child)
    {
        run = o->nodes[child].kind == OUTLINE_COMMA ? 0 : run + 1;
        if (run > TREE_MAX_DEPTH)
            return true;
    }
    return false;
}

/* Signs in front of an operand nest too; blanks between them do not matter. */
static bool has_many_signs(struct str text)
{
    enum { SIGNS_MAX = 1000 };
    uint32_t run = 0;
    for (size_t i = 0; i < text.len && run <= SIGNS_MAX; i++) {
        char c = text.ptr[i];
        if (c == '-' || c == '!')
            run++;
        else if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
            run = 0;
    }
    return run > SIGNS_MAX;
}

/* Would the tree be so deep that walks over it, which are quadratic there, take seconds? */
static bool is_deep(const struct outline *o)
{
    for (uint32_t id = 0; id < o->count; id++) {
        const struct outline_node *node = &o->nodes[id];
        bool is_body = node->kind == OUTLINE_FILE || node->kind == OUTLINE_BLOCK;
        bool is_long_path = node->kind == OUTLINE_PATH && node->name.end - node->name.start > 4096;
        if (node->depth > TREE_MAX_DEPTH || is_long_path || (!is_body && has_long_chain(o, id)))
            return true;
    }
    return has_many_signs(o->source->text);
}

/* What tree-sitter makes of an error depends on what it could take over from the tree before. A
 * text shall have one meaning, however it was typed: a tree with errors is made afresh. */
static TSTree *parse(TSParser *parser, TSTree *owned_before, struct str text)
{
    TSTree *tree = ts_parser_parse_string(parser, owned_before, text.ptr, (uint32_t)text.len);
    bool afresh = tree && owned_before && ts_node_has_error(ts_tree_root_node(tree));
    if (owned_before)
        ts_tree_delete(owned_before);
    if (afresh) { /* one tree at a time: they are large */
        ts_tree_delete(tree);
        tree = ts_parser_parse_string(parser, NULL, text.ptr, (uint32_t)text.len);
    }
    if (!tree)
        ts_parser_reset(parser);
    return tree;
}

const TSTree *lsp_tree(struct lsp *lsp, struct lsp_document *d)
{
    struct str text = d->source->text;
    if (d->tree_current)
        return d->tree;
    if (d->tree_refused || text.len > TREE_MAX_BYTES || is_deep(lsp_outline(d)))
        return NULL;
    make_ready(lsp->trees);
    TSTree *tree = parse(lsp->trees->parser, d->tree, text);
    d->tree = tree;
    d->tree_current = tree != NULL;
    d->tree_refused = tree == NULL;
    return tree;
}

bool lsp_tree_captures(struct lsp *lsp, const TSTree *tree, enum tree_query which, struct span only,
                       tree_capture_fn *each, void *arg)
{
    enum { LOOK_EVERY = 256 };
    const TSQuery *query = lsp->trees->queries[which];
    int64_t limit = world_monotonic_ns() + (int64_t)TREE_QUERY_MS * 1000000;
    TSQueryCursor *cursor = ts_query_cursor_new();
    TSQueryMatch match;
    uint32_t at;
    uint32_t count = 0;
    bool in_time = true;
    ts_query_cursor_set_byte_range(cursor, only.start, only.end);
    ts_query_cursor_exec(cursor, query, ts_tree_root_node(tree));
    while (in_time && ts_query_cursor_next_capture(cursor, &match, &at)) {
        const TSQueryCapture *capture = &match.captures[at];
        uint32_t len;
        const char *name = ts_query_capture_name_for_id(query, capture->index, &len);
        each(arg, str_of(name, len), capture->node);
        if (++count % LOOK_EVERY == 0)
            in_time = world_monotonic_ns() < limit;
    }
    ts_query_cursor_delete(cursor);
    return in_time;
}

size_t lsp_tree_around(const TSTree *tree, uint32_t from, uint32_t to, struct span *out, size_t max)
{
    TSTreeCursor cursor = ts_tree_cursor_new(ts_tree_root_node(tree));
    VEC(struct span) found = {0}; /* from the outermost */
    for (bool inside = true; inside;) {
        struct span span = tree_span(ts_tree_cursor_current_node(&cursor));
        if (span.start > from || span.end < to)
            break;
        VEC_PUSH(&found, span);
        inside = ts_tree_cursor_goto_first_child_for_byte(&cursor, from) >= 0;
    }
    ts_tree_cursor_delete(&cursor);
    size_t count = found.len < max ? found.len : max;
    for (size_t i = 0; i < count; i++)
        out[i] = found.items[found.len - 1 - i];
    VEC_RELEASE(&found);
    return count;
}
