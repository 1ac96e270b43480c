#ifndef COMPILER_LSP_ACTIONS_H
#define COMPILER_LSP_ACTIONS_H

/* What the files of code actions share. */

#include "compiler/lsp/names.h"

struct actions {
    struct lsp_request *rq;
    struct lsp_document *document;
    const struct outline *o;
    const struct lsp_view *view;
};

struct action_edit {
    struct span span;
    struct str text;
};

/* One action of the answer; edits are of the document. `code` is the diagnostic's, NULL = none. */
void action_put(struct actions *a, const char *kind, struct str title, const char *code,
                const struct action_edit *edits, size_t count);
/* extract.c: the selected blocks become a declare and its instance. */
void action_extract(struct actions *a, struct span selection);

#endif
