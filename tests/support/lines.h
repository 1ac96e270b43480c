#ifndef TESTS_SUPPORT_LINES_H
#define TESTS_SUPPORT_LINES_H

/* A receiver of log entries that tests read and steer: test.lines, exporting `receiver`. Every
 * entry is noted as {labels} line; structured metadata follows as name=value. */

#include "runtime/component.h"

struct lines_view {
    struct buf notes;
    unsigned refuse;  /* so many pushes are asked to come again */
    unsigned refused; /* were */
    bool with_labels; /* false: lines only */
    enum ack_result answer;
};

/* Of this thread. */
struct lines_view *lines_view(void);
void lines_begin(void);
void lines_end(void);
extern const struct component_def test_lines;

#endif
