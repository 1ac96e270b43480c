#ifndef COMPILER_LSP_TREE_H
#define COMPILER_LSP_TREE_H

/* The tree-sitter trees of documents and the queries of the grammar (grammar/queries). A tree is
 * kept over edits and brought up to date when it is asked for. There is none for a document over
 * TREE_MAX_BYTES, for one whose brackets or operators nest deeper than TREE_MAX_DEPTH, or when the
 * parser takes longer than TREE_PARSE_US: garbage can cost it seconds. Then the outline alone
 * serves. tree-sitter's memory is counted (mem_lib_malloc); without memory it ends the process. */

#include "compiler/lsp/inner.h"

#include <tree_sitter/api.h>

enum {
    TREE_MAX_BYTES = 2 * 1024 * 1024,
    TREE_MAX_DEPTH = 200,
    TREE_PARSE_US = 500 * 1000,
    TREE_QUERY_MS = 300, /* one walk over captures */
};

struct lsp_trees *trees_new(void);
void trees_free(struct lsp_trees *trees);

/* The tree of the document's text; NULL = none. Valid until the text changes. */
const TSTree *lsp_tree(struct lsp *lsp, struct lsp_document *document);
/* The text between two offsets of `before` was replaced, which made `after`. */
void lsp_tree_edit(struct lsp_document *document, struct span removed, uint32_t inserted,
                   const struct source *before, const struct source *after);
void lsp_tree_drop(struct lsp_document *document);

enum tree_query { TREE_HIGHLIGHTS, TREE_FOLDS, TREE_QUERIES };

/* Calls each(arg, name of the capture, its node) in the order of the text; false: it took too long
 * and was left. */
typedef void tree_capture_fn(void *arg, struct str name, TSNode node);
bool lsp_tree_captures(struct lsp *lsp, const TSTree *tree, enum tree_query which, struct span only,
                       tree_capture_fn *each, void *arg);
static inline struct span tree_span(TSNode node)
{
    return (struct span){ts_node_start_byte(node), ts_node_end_byte(node)};
}
/* The spans of the nodes around a place, from the innermost to the file; at most `max` of the
 * innermost. Returns how many. */
size_t lsp_tree_around(const TSTree *tree, uint32_t from, uint32_t to, struct span *out,
                       size_t max);

#endif
