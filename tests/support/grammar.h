/*
 * The tree-sitter parser in tests.
 */
#ifndef INVAR_TESTS_SUPPORT_GRAMMAR_H
#define INVAR_TESTS_SUPPORT_GRAMMAR_H

#include "base/str.h"

#include <tree_sitter/api.h>

const TSLanguage *tree_sitter_alloy(void);

/* A new tree, to be deleted with ts_tree_delete. */
TSTree *grammar_parse(struct str text);
bool grammar_is_clean(struct str text);

#endif
