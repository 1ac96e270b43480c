#ifndef COMPONENTS_LOKI_PROCESS_JMESPATH_JMESPATH_H
#define COMPONENTS_LOKI_PROCESS_JMESPATH_JMESPATH_H

/* JMESPath as jmespath.site specifies it (the community edition: let, arithmetic, string slices and
 * its functions), over documents. Where Alloy's library goes its own way (commas that may be left
 * out, errors on the left of a projection that become null), so does this.
 *
 * Bounds: an expression has at most JMESPATH_MAX_TEXT bytes and JMESPATH_MAX_DEPTH levels; a search
 * takes a bounded number of steps and bytes and fails beyond. Members of objects come in the order
 * of the document. */

#include "base/json.h"

enum { JMESPATH_MAX_TEXT = 16 * 1024, JMESPATH_MAX_DEPTH = 200 };

struct jnode;

struct jmespath {
    const struct jnode *nodes;
    uint32_t root;
    const struct str *fields; /* a path of plain fields, a.b.c; NULL when it is more */
    size_t field_count;
};

/* The words of errors are those of Alloy's library. Everything lives in `arena`. */
enum status jmespath_compile(struct str text, struct arena *arena, struct jmespath *out,
                             struct error *err);
/* The result, a node of the document, of the expression, or made in `arena`; what is not there is
 * DOC_NULL. NULL when the search fails: a function gets an argument of the wrong type, say. */
const struct doc *jmespath_search(const struct jmespath *path, const struct doc *doc,
                                  struct arena *arena);

enum marshal_style {
    MARSHAL_GO,       /* as encoding/json */
    MARSHAL_JSONITER, /* as json-iterator, which Alloy's stages use */
};

/* Appends the document as Go marshals it: members sorted, HTML escaped. False when it has what JSON
 * has not (infinities, references to expressions), or is larger than `out`. */
bool jmespath_marshal(const struct doc *doc, enum marshal_style style, struct arena *scratch,
                      struct buf *out);

#endif
