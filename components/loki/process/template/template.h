#ifndef COMPONENTS_LOKI_PROCESS_TEMPLATE_TEMPLATE_H
#define COMPONENTS_LOKI_PROCESS_TEMPLATE_TEMPLATE_H

/* Go's text/template (pkg.go.dev/text/template) over a map of texts, with Go's rules of types and
 * its errors: text, trimming, comments, if, with, range, break, continue, variables, pipelines,
 * literals, and a table of functions (builtins, promtail's own, and the commoner ones of
 * Masterminds/sprig). define, block, template, complex numbers and other functions of sprig are
 * refused by name when the template is compiled. Nesting, variables, iterations and output are
 * bounded. */

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

/* The data: texts by name. False when there is none of that name. */
struct template_data {
    bool (*get)(void *arg, struct str name, struct str *out);
    /* All names, in any order, in `arena`; NULL = none can be listed. */
    struct str *(*names)(void *arg, struct arena *arena, size_t *count);
    void *arg;
    bool is_text_map; /* Go's map[string]string: index gives "" for what is not there */
};

struct template;

/* In `arena`. NULL with err, worded as Go words it. */
struct template *template_compile(struct str text, struct arena *arena, struct error *err);
/* Appends to `out`; `arena` is scratch. What was written before an error stays in `out`. */
enum status template_execute(const struct template *t, const struct template_data *data,
                             struct arena *arena, struct buf *out, struct error *err);

#endif
