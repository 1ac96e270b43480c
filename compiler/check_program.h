#ifndef COMPILER_CHECK_PROGRAM_H
#define COMPILER_CHECK_PROGRAM_H

/* The static checks of a whole configuration, as `validate` makes them (SEMANTICS §10): nothing is
 * evaluated, no import is read. Adds every problem to `diags`, warnings included, in Alloy's order:
 * block by block (declares, config blocks, components, services, each in source order) what is
 * wrong with the block itself, its body, the blocks inside it, its references; then cycles.
 *
 * Takes the text, which had no diagnostics. What the options point to must live until the end of
 * the call. Linear in the text, apart from what a required argument costs every instance that lacks
 * it; a memory scope may be left at any point. */

#include "compiler/program.h"

void check_program(struct program_text *owned_text, const struct program_options *options,
                   struct diags *diags);

/* The same for a configuration that is checked again and again while it is edited: blocks that have
 * not changed cost little. The diagnostics are those of check_program. */
struct check_memo;
struct check_memo *check_memo_new(void);
void check_memo_free(struct check_memo *memo);
void check_program_again(struct program_text *owned_text, const struct program_options *options,
                         struct check_memo *memo, struct diags *diags);

#endif
