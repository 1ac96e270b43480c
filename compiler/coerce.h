#ifndef COMPILER_COERCE_H
#define COMPILER_COERCE_H

/* Inside the compiler: one value into one C member (SEMANTICS §9.1). */

#include "compiler/fault.h"
#include "compiler/schema.h"

struct coercion {
    struct arena *arena; /* gets texts, lists and nested structs */
    struct fault *fault;
};

/* `member` is zeroed; on failure it may be half filled and is to be released. */
bool coerce(struct coercion *c, const struct field_type *type, const struct row *row,
            const struct value *v, void *member);

/* The text that a value stands for where text is wanted; borrowed from the value or in c->arena. */
bool coerce_text(struct coercion *c, const struct value *v, struct str *out);
/* A number, or text that is one; *out borrows from or equals v. */
bool coerce_number(struct coercion *c, const struct value *v, struct value *out);
/* Text for a secret: what string, secret and optional_secret hold. `wanted` names the type in
 * messages. */
bool coerce_secret(struct coercion *c, const struct value *v, const struct capsule_type *wanted,
                   struct str *out, bool *is_secret);
/* As the language's `any` has it: integers, plain lists, sorted objects. A new reference. */
struct value *coerce_any(const struct value *v);
/* A target from an object, map or target. A new reference. */
bool coerce_target(struct coercion *c, const struct value *v, struct target **out);
/* An object value, from an object or what converts to one; *owned is to be released (may be NULL).
 */
bool coerce_object(struct coercion *c, const struct value *v, bool of_strings,
                   const struct value **out, struct value **owned);
/* A number in Go's %v or decimal form, as it becomes text. */
void number_print(struct buf *out, const struct value *number);
/* Go's fmt %v of any value: what a label of a target becomes. */
void value_print_go(struct buf *out, const struct value *v);

/* Why `text` is no time of RFC 3339, as Go words it. */
void time_fault(struct buf *out, struct str text);

#endif
