#ifndef COMPILER_CHECK_DEEP_H
#define COMPILER_CHECK_DEEP_H

/* Inside the compiler: what `run` would say about a body when it decodes it, as far as the text
 * alone tells. Expressions without anything unknown in them are evaluated and decoded; of the
 * others the parts are, and references to components are compared by the types of their exports.
 * Rules of shapes (shape->check, shape->vet) run on what was decoded.
 *
 * Nothing here touches files, addresses or the environment. */

#include "compiler/body.h"
#include "compiler/fault.h"

enum check_ref_kind {
    CHECK_REF_OPEN,   /* its value is not known before `run` */
    CHECK_REF_CLOSED, /* the library, or module_path: can be evaluated now */
    CHECK_REF_TYPED,  /* a component's export: of a known type */
};

struct check_ref {
    enum check_ref_kind kind;
    const struct shape *exports; /* TYPED */
    const struct row *row;       /* TYPED: the export; NULL = all of them, an object */
    struct str id;               /* TYPED: of the component */
};

/* What the program around a body knows. */
struct check_scope {
    void (*resolve)(void *arg, const struct expr_ref *ref, struct check_ref *out);
    void *arg;
    const struct stdlib *stdlib;
    struct expr_compiler *compiler;
    struct str module_path;
    const void *beyond;  /* the mark of what goes further than Alloy's check (diag.h) */
    const char *subject; /* what the failure of a rule begins with: "Failed to build component: " */
};

/* A member whose value is not known. */
struct open_member {
    const struct row *row;
    char *member;
    struct open_member *next;
};

struct deep {
    const struct check_scope *scope;
    const struct ast *ast;
    struct diags *diags;
    struct arena *arena;
    struct fault *fault;
    struct range outer; /* of the outermost block */
};

/* The value of an attribute or an element, decoded into `member`. False: it is not known, or wrong
 * and reported. */
bool deep_value(struct deep *d, const struct field_type *type, const struct row *row, ast_id value,
                void *member);
/* A value without a type: only what is wrong with the expression itself. */
void deep_any(struct deep *d, ast_id value);
/* The rules of a body's shape on its decoded struct; false = reported. */
bool deep_rules(struct deep *d, const struct body *body, ast_id block, void *args,
                const struct open_member *open);

/* check_typed.c: an export in a place of this type. */
void deep_typed(struct deep *d, const struct field_type *type, const struct row *row, ast_id node,
                const struct check_ref *ref);
/* Text where this type is wanted, as sys.env gives it. */
void deep_text(struct deep *d, const struct field_type *type, ast_id node);

#endif
