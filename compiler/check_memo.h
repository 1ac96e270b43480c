#ifndef COMPILER_CHECK_MEMO_H
#define COMPILER_CHECK_MEMO_H

/* Inside the static checks: what is remembered of blocks from one check to the next (check_memo.c).
 * A key is a hash of 128 bits of a block's text, its length among them. */

#include "compiler/check_parts.h"
#include "compiler/check_program.h"

struct memo_record;

/* Begins a check; with other options than the last one's, everything is forgotten. */
void memo_begin(struct check_memo *memo, const struct program *program);
struct memo_key memo_key(const struct program_block *block);
/* NULL = not known. */
const struct memo_record *memo_find(struct check_memo *memo, const struct memo_key *key);
/* A record with these references; there may be one already. */
const struct memo_record *memo_learn(struct check_memo *memo, const struct memo_key *key,
                                     const struct memo_notes *notes);
/* Was the body in order, when its references had these answers? */
void memo_judge(const struct memo_record *record, bool clean, uint64_t answers);
bool memo_is_clean(const struct memo_record *record, uint64_t answers);

/* Notes a reference of the block, in the order of the text. */
void memo_note(struct memo_notes *notes, const struct program_block *block,
               const struct expr_ref *ref);
void memo_notes_release(struct memo_notes *notes);
typedef void memo_ref_fn(void *arg, const struct expr_ref *ref);
void memo_each(const struct memo_record *record, const struct program_block *block,
               struct arena *scratch, memo_ref_fn *fn, void *arg);
/* What all references lead to, as far as a body's check asks. */
uint64_t memo_answers(const struct memo_record *record, const struct program_block *block,
                      const struct check_place *place, struct arena *scratch);

#endif
