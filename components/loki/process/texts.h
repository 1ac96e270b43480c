#ifndef COMPONENTS_LOKI_PROCESS_TEXTS_H
#define COMPONENTS_LOKI_PROCESS_TEXTS_H

/* Texts as Go's package strings changes them, for templates and JMESPath. Runes are UTF-8; an
 * invalid byte is a rune of its own. Pure, but for what is appended to `out`. */

#include "base/buf.h"

/* Appends the text in upper or lower case; invalid bytes become U+FFFD. */
void texts_case(struct buf *out, struct str text, bool upper);
/* Appends the text with the first `limit` occurrences replaced, all when negative. An empty `old`
 * is found before every rune and at the end. */
void texts_replace(struct buf *out, struct str text, struct str old, struct str with,
                   int64_t limit);
/* Without the runes of `set` at the beginning, the end. */
struct str texts_cut_left(struct str text, struct str set);
struct str texts_cut_right(struct str text, struct str set);
/* Without white space (Unicode's) there. */
struct str texts_space_left(struct str text);
struct str texts_space_right(struct str text);
/* Where the last rune begins; the text must not be empty. */
size_t texts_last_rune(struct str text);

#endif
