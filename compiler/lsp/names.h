#ifndef COMPILER_LSP_NAMES_H
#define COMPILER_LSP_NAMES_H

/* Names: what is defined where, and what a place in a text means. By outlines, so that half-typed
 * texts work too; scopes are those of the language (a file or folder, the body of a declare, the
 * template of a foreach). */

#include "compiler/lsp/inner.h"

enum lsp_name_kind {
    NAME_NONE,
    NAME_BLOCK, /* a component's label */
    NAME_DECLARE,
    NAME_IMPORT,
    NAME_ARGUMENT,
    NAME_EXPORT,
    NAME_VARIABLE, /* of a foreach */
};

struct lsp_place {
    struct lsp_document *document;
    uint32_t node;
};

struct lsp_name {
    enum lsp_name_kind kind;
    struct lsp_place place; /* the block that defines it */
    struct span at;         /* what was asked about */
};

/* One configuration, for the time of a request. */
struct lsp_view {
    struct lsp *lsp;
    struct arena *arena;
    struct lsp_unit_files unit;
    struct map ids; /* of the top level: "prometheus.scrape.x", ":declare", → struct lsp_place */
};

void lsp_view_init(struct lsp_view *view, struct lsp *lsp, struct lsp_document *document,
                   struct arena *arena);
void lsp_view_release(struct lsp_view *view);

/* The scope a node stands in: a node for which lsp_is_scope holds; 0 = the top level. */
uint32_t lsp_scope_of(const struct outline *o, uint32_t node);
/* The block that a path begins with; *used = how many parts that takes. */
bool lsp_resolve(const struct lsp_view *view, struct lsp_document *document, uint32_t path,
                 struct lsp_place *out, uint32_t *used);
/* The declare or import that a block's name begins with. */
bool lsp_declared(const struct lsp_view *view, struct lsp_document *document, uint32_t block,
                  struct lsp_place *out);
/* The declare whose instance a block is, through imports too. */
bool lsp_declare_of(const struct lsp_view *view, struct lsp_document *document, uint32_t block,
                    struct lsp_place *out);
/* The argument or export block of that name in a declare. */
bool lsp_declare_member(const struct lsp_place *declare, const char *kind, struct str name,
                        struct lsp_place *out);
/* The files that an import leads to, as far as its text says; returns how many. */
size_t lsp_import_files(const struct lsp_view *view, struct lsp_document *document, uint32_t import,
                        struct lsp_document **out, size_t max);

/* What the text at the offset names. */
bool lsp_name_at(const struct lsp_view *view, struct lsp_document *document, uint32_t offset,
                 struct lsp_name *out);
/* Where the name is written in its definition, and the text. */
struct span lsp_name_span(const struct lsp_name *name);
struct str lsp_name_text(const struct lsp_name *name);

/* Every place that means `name`, definition included. */
typedef void lsp_occurrence_fn(void *arg, struct lsp_document *document, struct span span,
                               bool is_definition);
void lsp_each_occurrence(struct lsp_request *rq, const struct lsp_name *name,
                         lsp_occurrence_fn *each, void *arg);
/* Reads all *.alloy files below the workspace's folders into the documents, within limits. */
void lsp_load_workspace(struct lsp *lsp);

#endif
