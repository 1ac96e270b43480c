#ifndef BASE_LINE_DIFF_H
#define BASE_LINE_DIFF_H

/* The difference of two texts line by line in the unified format of diff(1) and git: headers with
 * the names, hunks with three lines around each change. Shortest by Myers' algorithm up to
 * LINE_DIFF_EDITS differing lines between the first and the last difference; beyond, that stretch
 * is shown as replaced as a whole. */

#include "base/buf.h"

enum { LINE_DIFF_EDITS = 2000, LINE_DIFF_CONTEXT = 3 };

/* Appends nothing when the texts are equal. */
void line_diff(struct buf *out, struct str old_name, struct str new_name, struct str old_text,
               struct str new_text);

#endif
