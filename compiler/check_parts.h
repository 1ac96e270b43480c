#ifndef COMPILER_CHECK_PARTS_H
#define COMPILER_CHECK_PARTS_H

/* What the files that make up check_program.h share; nobody else includes this. */

#include "base/vec.h"
#include "compiler/body.h"
#include "compiler/program_parts.h"

enum { CHECK_MAX_DEPTH = 100 }; /* of modules inside modules */

/* An argument block of a declare. */
struct check_argument {
    struct str name;
    bool required;
    uint32_t given_by; /* stamp of the instance that gave it last */
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
};

struct check {
    struct program *program;
    struct diags *diags;
    VEC(struct check_module *) modules; /* all; the first is the root */
    struct program_deps deps;
    struct arena scratch; /* expressions of the block at hand */
    struct buf dotted;
    uint32_t stamp;
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

#endif
