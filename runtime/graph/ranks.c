/* Sets of ranks. Adding and taking the lowest cost a step a level, whatever the set holds; nothing
 * is allocated after the start, so that marking cannot fail. */

#include "runtime/graph/parts.h"

enum { BITS = 6 };

void ranks_init(struct ranks *ranks, struct arena *arena, uint32_t size)
{
    ranks->count = 0;
    size_t words = size;
    for (unsigned level = 0; level < RANKS_LEVELS; level++) {
        words = (words >> BITS) + 1;
        ranks->words[level] = ARENA_ARRAY(arena, words, uint64_t);
    }
    ASSERT(words == 1);
}

void ranks_add(struct ranks *ranks, uint32_t rank)
{
    uint32_t at = rank;
    for (unsigned level = 0; level < RANKS_LEVELS; level++, at >>= BITS) {
        uint64_t *word = &ranks->words[level][at >> BITS];
        uint64_t bit = 1ull << (at & 63), was = *word;
        if (was & bit)
            return;
        *word = was | bit;
        ranks->count += level == 0;
        if (was)
            return; /* the levels above know of the word */
    }
}

bool ranks_has(const struct ranks *ranks, uint32_t rank)
{
    return ranks->words[0][rank >> BITS] >> (rank & 63) & 1;
}

uint32_t ranks_take(struct ranks *ranks)
{
    ASSERT(ranks->count);
    uint32_t at = 0;
    for (unsigned level = RANKS_LEVELS; level-- > 0;)
        at = at << BITS | (uint32_t)__builtin_ctzll(ranks->words[level][at]);
    ranks->count--;
    uint32_t child = at;
    for (unsigned level = 0; level < RANKS_LEVELS; level++, child >>= BITS) {
        uint64_t *word = &ranks->words[level][child >> BITS];
        *word &= ~(1ull << (child & 63));
        if (*word)
            break;
    }
    return at;
}
