#ifndef COMPILER_CODE_H
#define COMPILER_CODE_H

/* Inside the compiler: expression code and one run of it. Code is postfix: every operation takes
 * its operands from the stack and leaves one value. There are no jumps, so operation i makes at
 * most one value, which the run keeps in trace[i] until it ends: that is how a value finds its
 * place in the text. */

#include "base/vec.h"
#include "compiler/eval.h"
#include "compiler/fault.h"
#include "compiler/literal.h"

enum op_kind {
    OP_LITERAL,
    OP_LOAD,
    OP_ACCESS,
    OP_INDEX,
    OP_ARRAY,
    OP_OBJECT,
    OP_CALLEE, /* what is about to be called must be a function */
    OP_CALL,
    OP_UNARY,
    OP_BINARY,
};

struct op {
    uint8_t kind;   /* enum op_kind */
    uint8_t sub;    /* UNARY, BINARY: enum ast_op; ARRAY, OBJECT: 1 = made of literals alone */
    uint16_t span;  /* how many operations make its value, itself the last; 0 = not counted */
    uint32_t count; /* ARRAY, OBJECT: items; CALL: arguments; LOAD: index of the reference */
    ast_id node;    /* the outermost pair of parentheses around it, else itself */
    ast_id name;    /* ACCESS: the NAME node; LOAD: the IDENT */
    union {
        const struct literal *literal;
        struct str text;        /* ACCESS: field */
        const struct str *keys; /* OBJECT */
    } as;
};

struct expr {
    const struct ast *ast;
    ast_id node;
    struct op *ops;
    uint32_t op_count;
    struct expr_ref *refs;
    size_t ref_count;
    bool calls; /* calls a function */
};

struct expr_visit {
    ast_id node;
    ast_id next; /* child to visit next; 0 = all done */
};

/* What compiling needs, kept from one expression to the next. Zeroed at first. */
struct expr_compiler {
    struct arena *arena;
    const struct ast *ast;
    VEC(struct expr_visit) visits;
    VEC(struct op) ops;
    VEC(struct expr_ref) refs;
    VEC(struct str) names; /* of all references, one after the other */
    VEC(size_t) first;     /* where the names of a reference begin */
    VEC(const struct expr *) found;
    int64_t open; /* the reference that the next .name prolongs; -1 = none */
    bool calls;
};
struct expr *expr_compile_with(struct expr_compiler *compiler, struct arena *arena,
                               const struct ast *ast, ast_id node);
void expr_compiler_release(struct expr_compiler *compiler);

enum { RUN_INLINE = 24 };

/* One evaluation. Values in the trace live until run_end. */
struct run {
    const struct expr *e;
    struct value **trace; /* by operation; NULL = none */
    bool *owned;          /* the run holds a reference */
    uint32_t *stack;      /* indexes into trace */
    uint32_t depth;
    uint32_t count; /* operations in the trace: none when the value was known */
    struct value *inline_trace[RUN_INLINE];
    bool inline_owned[RUN_INLINE];
    uint32_t inline_stack[RUN_INLINE];
};

/* The value (borrowed from the run), or NULL with a diagnostic. Always to be ended. */
const struct value *run_begin(struct run *run, const struct expr *e, const struct scope *scope,
                              struct fault *fault, struct diags *diags);
void run_end(struct run *run);
/* Adds the diagnostic of a fault about a value of this run. */
void run_report(const struct run *run, const struct fault *fault, struct diags *diags);
/* The same, blaming the operation `op` whatever values it shares with others. */
void run_report_at(const struct run *run, uint32_t op, const struct fault *fault,
                   struct diags *diags);

/* Calls the function below `argc` arguments on the stack; a new reference, or NULL and reported. */
struct value *run_call(struct run *run, uint32_t argc, struct fault *fault, struct diags *diags);

#endif
