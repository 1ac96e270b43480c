#ifndef COMPILER_DECODE_H
#define COMPILER_DECODE_H

/* From a block body to a C struct by its schema (SEMANTICS §9), in two steps: body_compile once per
 * load (expressions to code, names to rows), body_decode at each evaluation. */

#include "compiler/eval.h"
#include "compiler/schema.h"

struct body;
struct statement;

/* Compiles every attribute expression of a block body, nested blocks included. `shape` NULL = a
 * free-form body (custom components: attributes only). Unknown names are not an error here
 * (body_decode and check report them). In `arena`. */
struct body *body_compile(struct arena *arena, const struct ast *ast, ast_id block,
                          const struct shape *shape);
/* A warning for every argument that is given and changes nothing (row->no_effect). */
void body_warn(const struct body *b, struct diags *diags);
/* Sets defaults, decodes in source order (first error stops), checks required, runs shape->check.
 * `args` points to shape->size bytes; on failure it is released and unusable. Plain errors (no
 * position) are added as diagnostics without range: callers attach the block. Memory is taken from
 * `arena`. */
bool body_decode(const struct body *b, const struct scope *scope, struct arena *arena, void *args,
                 struct diags *diags);
/* The attribute of the outermost body that has this expression, if it can be decoded alone; NULL =
 * it stands in a block, or a rule looks at the whole. */
const struct statement *body_attribute(const struct body *b, const struct expr *e);
/* Decodes that attribute into `args`, whatever its member holds; that is not released. What the
 * member needs is in `arena` and its references; on failure it is zero. */
bool body_decode_attribute(const struct statement *s, const struct scope *scope,
                           struct arena *arena, void *args, struct diags *diags);
/* Where the attribute stands in `args`. */
void *body_member(const struct statement *s, void *args, const struct row **row);
/* Free-form body: an object value of all attributes. */
struct value *body_values(const struct body *b, const struct scope *scope, struct diags *diags);

/* One value into one member, e.g. for defaults and tests. `err` gets "should be …" without
 * position. */
enum status decode_value(const struct value *v, const struct row *row, void *member,
                         struct arena *arena, struct error *err);

/* Static type check of literals (SEMANTICS §10, typecheck): adds every problem. shape NULL:
 * `attributes` of a custom component. */
void check_body(const struct ast *ast, ast_id block, const struct shape *shape,
                struct diags *diags);

#endif
