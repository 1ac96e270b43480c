#ifndef COMPILER_PROGRAM_PARTS_H
#define COMPILER_PROGRAM_PARTS_H

/* What the files that make up program.h share; nobody else includes this. */

#include "compiler/program.h"

/* program.c: a program without modules yet. Takes the text. */
struct program *program_empty(struct program_text *owned_text,
                              const struct program_options *options);

/* program_module.c: classification, ids, names. */
struct program_module *module_new(struct program *program, struct program_module *parent);
uint32_t module_count_blocks(const struct ast *ast, ast_id body);
/* Appends the blocks of a body, classified; there must be room for them. */
void module_collect(struct program_module *module, const struct ast *ast, ast_id body);
struct program_module *module_of_files(struct program *program);
struct program_module *module_of_declare(struct program_module *parent,
                                         const struct program_block *declare);
struct program_module *module_of_template(struct program_module *parent,
                                          const struct program_block *foreach, ast_id template,
                                          struct str variable);
/* Is the statement the template of a foreach? */
bool program_is_template(const struct ast *ast, ast_id statement);
struct program_problem *module_problem(struct program_module *module,
                                       enum program_problem_kind kind, uint32_t block);
/* The declare or import that the first part of `name` means here, innermost first; the module it
 * stands in goes to *where. UINT32_MAX = none. */
uint32_t module_declared(struct program_module *module, struct str name,
                         struct program_module **where);

/* A set of block numbers under construction. */
struct program_deps {
    uint32_t *items;
    uint32_t len;
    uint32_t cap;
    uint32_t *seen; /* seen[block] = stamp of the block that last took it */
    uint32_t stamp;
    struct program_module *module;
};
void deps_add(struct program_deps *deps, uint32_t block);
/* Copies the set into the block, in ascending order. */
void deps_keep(struct program_deps *deps, struct program_block *block);

/* program.c: what the catalog says of a component, its schemas included. */
bool program_catalog(struct program *program, struct str name, struct program_symbol *out);

/* program_refs.c: what expressions refer to. Sets refs, and deps without order. */
void module_resolve(struct program_module *module);

/* program_order.c: edges to declares and imports, cycles, and the order of evaluation. */
void module_arrange(struct program_module *module);
/* Declares and imports that an instance or a declare uses. */
void module_further_deps(struct program_module *module, uint32_t block, struct program_deps *deps);

#endif
