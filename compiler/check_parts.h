#ifndef COMPILER_CHECK_PARTS_H
#define COMPILER_CHECK_PARTS_H

/* What the files that make up check_program.h share; nobody else includes this. */

#include "base/vec.h"
#include "compiler/check_deep.h"
#include "compiler/program_parts.h"

enum { CHECK_MAX_DEPTH = 100 }; /* of modules inside modules */

/* An argument block of a declare. */
struct check_argument {
    struct str name;
    bool required;
    uint32_t given_by; /* stamp of the instance that gave it last */
};

enum { CHECK_SUGGESTIONS = 200000 }; /* candidates that are compared, in all */

/* A block that listens on an address of its own. */
struct check_listener {
    struct str address; /* "0.0.0.0:4317" */
    bool udp;
    struct source *source; /* borrowed from the tree */
    struct range range;
    struct str id;
};

/* One scope of blocks: the files, the body of a declare, or the template of a foreach. Its
 * program_module has the blocks in the order of their checks. */
struct check_module {
    struct program_module *module;
    struct check_module *parent;    /* whose declares and imports are visible */
    struct check_module *enclosing; /* foreach: whose blocks can be referred to; else NULL */
    struct check_module **inner;    /* by block; NULL = none */
    uint32_t *first;     /* by block: the one with the same id before it, or UINT32_MAX */
    uint32_t *seen;      /* for program_deps */
    struct str variable; /* foreach: the name of its variable, if known */
    uint32_t depth;      /* 0 = the files */
    bool in_root;        /* the files, or foreach templates in them */
    /* Of a declare: its arguments, made at the first instance. */
    struct map arguments; /* name → struct check_argument */
    struct check_argument **required;
    uint32_t required_count;
    bool has_arguments;
    /* What is used, for lints; made at the first use. */
    bool *used;              /* by block: something refers to it, or it is an instance's declare */
    struct map used_exports; /* of a declare: names that its users read */
    bool all_exports_used;   /* a user reads them as a whole */
    bool has_uses;
};

/* References of a block, gathered for its record (check_memo.h). */
struct memo_ref;
struct memo_name;
struct memo_notes {
    VEC(struct memo_ref) refs;
    VEC(struct memo_name) names;
};
struct memo_key {
    uint64_t hash;
    uint64_t other;
};

/* What is known of the block at hand. */
struct memo_now {
    const struct memo_record *record; /* NULL = nothing */
    struct memo_key key;
    uint64_t answers; /* if there is a record */
    bool clean;       /* its body was in order just now */
    bool learns;      /* references are to be noted, and the record to be made or judged */
};

struct check {
    struct program *program;
    struct check_memo *memo; /* NULL = nothing is remembered */
    struct memo_now now;
    struct memo_notes notes;
    struct diags *diags;
    VEC(struct check_module *) modules; /* all; the first is the root */
    struct program_deps deps;
    struct arena scratch; /* expressions of the block at hand */
    struct expr_compiler compiler;
    struct buf dotted;
    uint32_t stamp;
    uint32_t suggestions; /* compared so far */
    VEC(struct check_listener) listeners;
};

/* Where an expression stands. */
struct check_place {
    struct check *check;
    struct check_module *m;
    const struct ast *ast;
};

/* check_module.c: the modules of the program, their blocks in order, names registered. */
void check_modules(struct check *check);
/* The declare or import that the name of a component leads to; its module in *where. NULL = none.
 */
struct program_block *check_declared(struct check_module *m, struct str name,
                                     struct check_module **where);
/* The block with this id in the module or those around it; *where = the module. UINT32_MAX = none.
 */
uint32_t check_find(struct check_module *m, struct str id, struct check_module **where);

/* check_block.c: what is wrong with a block and its body. False: its references are not looked at.
 */
bool check_block(struct check *check, struct check_module *m, uint32_t index);
/* As many bytes as `len` says from where the block begins. */
struct range check_head(const struct program_block *block, size_t len);

/* check_refs.c: the references of a block; sets its deps. */
void check_references(struct check *check, struct check_module *m, uint32_t index);
/* check_scope.resolve; `arg` is a struct check_place. */
void check_resolve(void *arg, const struct expr_ref *ref, struct check_ref *out);
/* What the builtin component of this block is; false = custom, or unknown. */
bool check_symbol(struct check *check, struct check_module *m, const struct program_block *block,
                  struct program_symbol *out);

/* check_hint.c: what could be meant. `diag` may be NULL. */
void hint_reference(const struct check_place *place, const struct expr_ref *ref, struct diag *diag);
void hint_component(const struct check_place *place, struct str name, struct diag *diag);
void hint_argument(struct check *check, const struct check_module *inner, struct str name,
                   struct diag *diag);
void hint_custom_export(struct check *check, const struct check_module *inner, struct str name,
                        struct diag *diag);
void hint_export(struct check *check, const struct shape *exports, struct str name,
                 struct diag *diag);

/* check_listen.c: remembers where a component listens, and says if that address is taken. */
void check_listen(struct check *check, const struct program_block *block);

/* check_unused.c */
void check_use(struct check *check, struct check_module *m, uint32_t block);
void check_use_export(struct check *check, struct check_module *inner, struct str name);
/* After all references are known. */
void check_unused(struct check *check);

#endif
