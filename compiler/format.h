#ifndef COMPILER_FORMAT_H
#define COMPILER_FORMAT_H

/* The formatter (SEMANTICS §4): prints a clean tree as `alloy fmt` does, without the final newline
 * that the command adds, except that literals keep their bytes (§16). Linear in the text. */

#include "compiler/ast.h"

void format_file(struct buf *out, const struct ast *ast);
/* One expression on its own, as error messages quote it. */
void format_expression(struct buf *out, const struct ast *ast, ast_id expr);

#endif
