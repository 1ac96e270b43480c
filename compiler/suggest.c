/* The edit distance, row by row, given up as soon as it cannot be the best. */

#include "compiler/suggest.h"

static unsigned limit_of(size_t len)
{
    return len <= 2 ? 0 : len <= 4 ? 1 : len <= 8 ? 2 : len <= 16 ? 3 : 4;
}

void suggest_init(struct suggest *s, struct str word)
{
    *s = (struct suggest){.word = word, .distance = limit_of(word.len) + 1};
    if (word.len > SUGGEST_MAX)
        s->distance = 0;
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Upper and lower case, and the separators that people mix up, count as the same. */
static char fold(char byte)
{
    if (byte >= 'A' && byte <= 'Z')
        return (char)(byte + 'a' - 'A');
    return byte == '-' ? '_' : byte;
}

/* The distance, or `max` when it is not below that. */
static unsigned distance(struct str a, struct str b, unsigned max)
{
    unsigned rows[3][SUGGEST_MAX + 1];
    for (size_t j = 0; j <= b.len; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a.len; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3];
        const unsigned *two_above = rows[(i + 1) % 3];
        unsigned smallest = row[0] = (unsigned)i;
        for (size_t j = 1; j <= b.len; j++) {
            char x = fold(a.ptr[i - 1]), y = fold(b.ptr[j - 1]);
            row[j] = least(above[j - 1] + (x != y), least(above[j], row[j - 1]) + 1);
            bool swapped = i > 1 && j > 1 && x == fold(b.ptr[j - 2]) && y == fold(a.ptr[i - 2]);
            if (swapped)
                row[j] = least(row[j], two_above[j - 2] + 1);
            smallest = least(smallest, row[j]);
        }
        if (smallest >= max)
            return max;
    }
    return rows[a.len % 3][b.len];
}

/* "user" for "username". */
static bool is_beginning(struct str word, struct str candidate)
{
    return word.len >= 4 && word.len < candidate.len && str_starts(candidate, word);
}

void suggest_try(struct suggest *s, struct str candidate)
{
    if (!s->best.ptr && s->distance && is_beginning(s->word, candidate)) {
        s->best = candidate;
        return;
    }
    size_t a = s->word.len, b = candidate.len;
    size_t apart = a > b ? a - b : b - a;
    if (b == 0 || b > SUGGEST_MAX || apart >= s->distance)
        return;
    unsigned found = distance(s->word, candidate, s->distance);
    if (found >= s->distance)
        return;
    s->distance = found;
    s->best = candidate;
}
