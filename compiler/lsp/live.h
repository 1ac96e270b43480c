#ifndef COMPILER_LSP_LIVE_H
#define COMPILER_LSP_LIVE_H

/* What a running instance says about its components. */

#include "base/str.h"

struct lsp_live;

struct lsp_live *live_new(void);
void live_free(struct lsp_live *live);
/* Forgets everything: the endpoint may be another one. */
void live_reset(struct lsp_live *live);

#endif
