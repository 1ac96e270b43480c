#ifndef COMPONENTS_LOKI_PROCESS_JMESPATH_H
#define COMPONENTS_LOKI_PROCESS_JMESPATH_H

/* The part of JMESPath (jmespath.org/specification.html) that log pipelines use: identifiers,
 * quoted identifiers, "@", sub-expressions, indexes, pipes and the function length. Other
 * constructs are refused when compiled. */

#include "base/json.h"

enum jmespath_op_kind { JMESPATH_FIELD, JMESPATH_INDEX, JMESPATH_LENGTH };

struct jmespath_op {
    uint8_t kind; /* enum jmespath_op_kind */
    struct str name;
    int64_t index; /* negative counts from the end */
};

struct jmespath {
    struct jmespath_op *ops;
    size_t count;
};

enum status jmespath_compile(struct str text, struct arena *arena, struct jmespath *out,
                             struct error *err);
/* The result, a node of the document or made in `arena`; what is not there is DOC_NULL. NULL when a
 * function gets an argument of the wrong type. */
const struct doc *jmespath_search(const struct jmespath *path, const struct doc *doc,
                                  struct arena *arena);

#endif
