#ifndef CLI_CONFORM_VALUE_H
#define CLI_CONFORM_VALUE_H

/* Tagged values of the corpus, scopes made of them, and errors: what `conform eval` and `conform
 * decode` share. */

#include "cli/conform.h"
#include "compiler/eval.h"

extern const struct capsule_type conform_receiver;
extern const struct capsule_type conform_sink;

/* A value from its tagged form. */
struct value *conform_value_read(struct arena *arena, const struct doc *doc);
/* The tagged form; `clear` shows secrets. */
void conform_value_write(struct json_writer *w, const struct value *v, bool clear);
void conform_float(struct json_writer *w, double n);

/* The case's "scope" and "env", and the standard library. */
struct conform_scope {
    struct scope scope;
    struct stdlib stdlib;
    struct value *variables; /* object */
};

void conform_scope_init(struct conform_scope *s, struct conform_case *c);
void conform_scope_release(struct conform_scope *s);

/* "error": the first diagnostic with its kind. */
void conform_error(struct conform_case *c, const struct diags *diags);

#endif
