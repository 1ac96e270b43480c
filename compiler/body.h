#ifndef COMPILER_BODY_H
#define COMPILER_BODY_H

/* Inside the compiler: compiled bodies (decode.h) and the missing rows that decoding and the static
 * check both report. */

#include "compiler/code.h"
#include "compiler/decode.h"

/* A statement that is wrong whatever its value: reported when its turn comes. */
struct statement {
    struct schema_hit hit;
    const struct expr
        *expr;         /* ATTRIBUTE that refers to something; others are compiled when needed */
    struct body *body; /* BLOCK */
    struct str name;
    uint32_t index; /* BLOCKS, ENUM_BLOCKS: which of `total` */
    uint32_t total;
    enum diag_id problem; /* 0 (DIAG_PLAIN) = none */
    const struct ast *ast;
    ast_id node;
};

struct missing {
    enum diag_id problem; /* DIAG_ATTRIBUTE_MISSING, DIAG_BLOCK_MISSING */
    const char *name;
};

/* Expressions that refer to something, in source order. */
struct body_exprs {
    const struct expr **items;
    size_t count;
};

struct body {
    const struct shape *shape; /* NULL = free-form */
    const struct row *label_row;
    struct str label;
    struct statement *statements;
    uint32_t count;
    struct missing *missing; /* required rows that are absent, in schema order */
    uint32_t missing_count;
    const struct statement **idle; /* of the outermost body: arguments that change nothing */
    size_t idle_count;
};

/* Names, rows, counts and what is missing of one body, without its expressions and nested bodies.
 */
struct body *body_survey(struct arena *arena, const struct ast *ast, ast_id block,
                         const struct shape *shape);
void statement_report(const struct statement *s, struct diags *diags);

/* Those of a body, wherever they stand in it, except for the statements named `skipped` (empty =
 * none) of the outermost body. For trees without errors. */
struct body_exprs body_find_exprs(struct expr_compiler *compiler, struct arena *arena,
                                  const struct ast *ast, ast_id block, struct str skipped);
/* body_compile, as if the statements named `skipped` were not in the outermost body; `exprs` are
 * its expressions and outlive it. */
struct body *body_compile_without(struct arena *arena, const struct ast *ast, ast_id block,
                                  const struct shape *shape, struct str skipped,
                                  const struct body_exprs *exprs);
/* Where the struct of a nested block goes in its parent's `args`: made, counted, without defaults
 * yet. */
char *body_room(struct arena *arena, const struct statement *s, char *args);

/* hint_name.c: what could be meant by a wrong statement of a body of this shape, and by a name that
 * the shape does not have. */
void hint_statement(struct diags *diags, struct diag *diag, const struct statement *s,
                    const struct shape *shape);
/* What a value of this row looks like, for what was wrong with one. */
void hint_value(struct diags *diags, struct diag *diag, const struct row *row, struct str text);
void hint_name(struct diags *diags, struct diag *diag, struct str name, const struct shape *shape);

struct check_scope;

/* check_body, except for the statements named `skipped` (a module's blocks, checked as such). With
 * a scope (compiler/check_deep.h) also what `run` would say when it decodes the body. False =
 * something was reported. */
bool check_body_in(const struct check_scope *scope, const struct ast *ast, ast_id block,
                   const struct shape *shape, struct str skipped, struct diags *diags);
/* The rules of the body's shape (rules.c). */
void rules_check(const struct ast *ast, ast_id block, const struct body *body, struct diags *diags);
/* A value where anything fits: literals must still be ones. */
void check_any(const struct check_scope *scope, const struct ast *ast, ast_id value,
               struct diags *diags);

#endif
