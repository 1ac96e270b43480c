#ifndef COMPILER_LSP_LIVE_H
#define COMPILER_LSP_LIVE_H

/* What a running instance says about its components (GET /api/v0/web/components, …/ID and
 * /api/v0/web/modules/ID/components): health, evaluated arguments and exports, items that left.
 * Secrets arrive as "(secret)" and stay so. Kept for the components of open documents, inside
 * declares and templates too; forgotten when the instance does not answer. */

#include "compiler/lsp/inner.h"

struct lsp_live *live_new(void);
void live_free(struct lsp_live *live);
/* Forgets everything: the endpoint may be another one. */
void live_reset(struct lsp_live *live);
/* The next fetch is POST /-/reload. */
void live_reload(struct lsp *lsp);
/* POST /api/v0/web/review with this body; the request is answered when the instance has. */
void live_review(struct lsp_request *rq, struct str body);

/* Has an instance answered? */
bool live_is_known(const struct lsp *lsp);
/* Each appends nothing if nothing is known. */
void live_block_text(const struct lsp *lsp, const struct outline *o, uint32_t block,
                     struct buf *out);
void live_export_text(const struct lsp *lsp, const struct outline *o, uint32_t block,
                      const char *name, struct buf *out);
void live_argument_text(const struct lsp *lsp, const struct outline *o, uint32_t attribute,
                        struct buf *out);
bool live_argument_hint(const struct lsp *lsp, const struct outline *o, uint32_t attribute,
                        struct buf *out);
/* "healthy · 12.5/s", "1 of 3 unhealthy" */
bool live_lens_text(const struct lsp *lsp, const struct outline *o, uint32_t block,
                    struct buf *out);
/* What the unhealthy ones say; false = the block is well, or not known. */
bool live_complaint(const struct lsp *lsp, const struct outline *o, uint32_t block,
                    struct buf *out);
/* The URL of the component's page; false = not known. */
bool live_page(const struct lsp *lsp, const struct outline *o, uint32_t block, struct buf *out);

#endif
