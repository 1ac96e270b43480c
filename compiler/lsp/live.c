/* The state of a running instance. */

#include "compiler/lsp/live.h"

#include "compiler/lsp/inner.h"

struct lsp_live {
    bool known;
};

struct lsp_live *live_new(void)
{
    return mem_zalloc(NULL, sizeof(struct lsp_live));
}

void live_free(struct lsp_live *live)
{
    mem_free(live);
}

void live_reset(struct lsp_live *live)
{
    live->known = false;
}
