/*
 * Evaluating texts in tests: an expression to its value's text, or to its error with the place.
 */
#ifndef INVAR_TESTS_SUPPORT_VALUES_H
#define INVAR_TESTS_SUPPORT_VALUES_H

#include "compiler/eval.h"

/* A scope whose variables are the fields of an object value; `lib` may be NULL. */
struct values_scope {
    struct scope scope;
    const struct value *variables;
};

void values_scope_init(struct values_scope *s, const struct value *variables,
                       const struct stdlib *lib);
/* Appends the value as text, or "LINE:COL[-LINE:COL] MESSAGE\n" lines. */
void values_eval(struct buf *out, const char *text, const struct scope *scope);
/* An object value from an expression of literals. */
struct value *values_object(const char *text);
/* Variables for fuzzing: o an object, s a secret, p an optional one, t a target. */
struct value *values_objects(void);

#endif
