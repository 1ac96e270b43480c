#ifndef COMPONENTS_LOKI_PROCESS_SELECTOR_H
#define COMPONENTS_LOKI_PROCESS_SELECTOR_H

/* The part of LogQL that stage.match takes: a stream selector {name="value", …} with =, !=, =~, !~,
 * and line filters |=, !=,
 * |~, !~. */

#include "base/arena.h"
#include "base/regex.h"
#include "runtime/telemetry/labels.h"

struct selector_matcher {
    struct str name; /* empty: a filter of the line */
    struct str value;
    struct regex *regex; /* NULL: the text itself */
    bool is_negative;
};

struct selector {
    struct selector_matcher *matchers;
    size_t count;
};

/* Texts in `arena`; release drops the regular expressions, also after an error. */
enum status selector_parse(struct str text, struct arena *arena, struct selector *out,
                           struct error *err);
void selector_release(struct selector *s);
bool selector_matches(const struct selector *s, const struct label_builder *labels,
                      struct str line);

#endif
