#ifndef COMPILER_OPERATOR_H
#define COMPILER_OPERATOR_H

/* Inside the compiler: operators on values (SEMANTICS §6). A new reference, or NULL with the fault.
 */

#include "compiler/ast.h"
#include "compiler/fault.h"

struct value *operator_binary(enum ast_op op, const struct value *left, const struct value *right,
                              struct fault *f);
struct value *operator_unary(enum ast_op op, const struct value *operand, struct fault *f);

/* x ^ y of floating-point numbers, as math.Pow of Go. */
double operator_power(double x, double y);

#endif
