#ifndef COMPILER_OPERATOR_H
#define COMPILER_OPERATOR_H

/* Inside the compiler: operators on values (SEMANTICS §6). A new reference, or NULL with the fault;
 * for binary operators *blames_right tells which operand the fault is about. */

#include "compiler/ast.h"
#include "compiler/fault.h"

struct value *operator_binary(enum ast_op op, const struct value *left, const struct value *right,
                              struct fault *f, bool *blames_right);
struct value *operator_unary(enum ast_op op, const struct value *operand, struct fault *f);

#endif
