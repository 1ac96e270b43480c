/*
 * Reading texts in tests: what a parse says, as lines of text that can be compared.
 */
#ifndef INVAR_TESTS_SUPPORT_READER_H
#define INVAR_TESTS_SUPPORT_READER_H

#include "compiler/ast.h"

/* "LINE:COL[-LINE:COL] MESSAGE\n" for each diagnostic. */
void reader_lines(struct buf *out, const struct diags *diags);
/* Parses a text; NULL when there was a diagnostic. The source belongs to the tree. */
struct ast *reader_parse(struct str text, struct diags *diags);
/* Whether the compiler's reader has nothing to say about the text. */
bool reader_is_silent(struct str text);
/* The formatted text with its final newline; false when it does not parse. */
bool reader_format(struct buf *out, struct str text);
/* The tree in short: kinds, operators, leaves. Equal for texts that differ only in layout. */
void reader_shape(struct buf *out, const struct ast *ast);

#endif
