/* The tree-sitter parser for tests; parsers and trees are the caller's or gone. */
#include "tests/support/grammar.h"

#include "base/error.h"

TSTree *grammar_parse(struct str text)
{
    TSParser *parser = ts_parser_new();
    ASSERT(ts_parser_set_language(parser, tree_sitter_alloy()));
    TSTree *tree =
        ts_parser_parse_string(parser, NULL, text.len > 0 ? text.ptr : "", (uint32_t)text.len);
    ASSERT(tree);
    ts_parser_delete(parser);
    return tree;
}

bool grammar_is_clean(struct str text)
{
    TSTree *tree = grammar_parse(text);
    bool is_clean = !ts_node_has_error(ts_tree_root_node(tree));
    ts_tree_delete(tree);
    return is_clean;
}
