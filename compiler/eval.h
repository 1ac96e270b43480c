#ifndef COMPILER_EVAL_H
#define COMPILER_EVAL_H

/* Expressions: compiled once to flat code with their leaf references, evaluated many times without
 * recursion (SEMANTICS §6, §7). */

#include "compiler/ast.h"
#include "compiler/function.h"
#include "compiler/value.h"

struct expr;

/* A leaf reference: an identifier followed by an uninterrupted chain of .name (SEMANTICS §11.3). */
struct expr_ref {
    const struct str *names;
    size_t count;
    ast_id node; /* of the whole traversal */
};

/* Lives in `arena`; keeps no reference to ast beyond it: the ast must outlive the expression.
 * Cannot fail on a clean tree, except for number literals out of range, which fail at evaluation.
 */
struct expr *expr_compile(struct arena *arena, const struct ast *ast, ast_id node);
size_t expr_ref_count(const struct expr *e);
const struct expr_ref *expr_ref_at(const struct expr *e, size_t index);
/* No references and no calls with effects: the value never changes. */
bool expr_is_constant(const struct expr *e);

/* Where references lead. `load` returns a new reference to the value for the longest prefix of the
 * traversal that it knows and sets *used to how many names that took (>= 1); NULL = unknown, then
 * the stdlib is asked. The rest of the chain is ordinary field access. */
struct scope {
    struct value *(*load)(void *arg, const struct expr *e, size_t ref_index, size_t *used);
    /* The value of an expression that need not be evaluated again (borrowed), or NULL. A fault that
     * is found in such a value has no exact place: evaluate again without it to report. May be
     * NULL. */
    const struct value *(*known)(void *arg, const struct expr *e);
    /* Told of each value that an evaluation gave. May be NULL. */
    void (*made)(void *arg, const struct expr *e, const struct value *value);
    void *arg;
    const struct stdlib *stdlib;
};

/* A new reference, or NULL with one diagnostic added (position as SEMANTICS §7). */
struct value *expr_eval(const struct expr *e, const struct scope *scope, struct diags *diags);
/* The same, where `was` is what this code gave before: parts that are as they were are taken from
 * it, and *out is NULL when the whole is. False = a diagnostic, whose place may be inexact. */
bool expr_eval_again(const struct expr *e, const struct scope *scope, const struct value *was,
                     struct value **out, struct diags *diags);

#endif
