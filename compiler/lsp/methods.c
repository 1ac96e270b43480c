/* The table of methods. */

#include "compiler/lsp/inner.h"

#define METHOD(name, function, notification) {name, function, notification},
static const struct lsp_method methods[] = {
#include "compiler/lsp/methods.def"
};
#undef METHOD

const struct lsp_method *lsp_method_find(struct str name)
{
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (str_is(name, methods[i].name))
            return &methods[i];
    }
    return NULL;
}

void lsp_nothing(struct lsp_request *rq)
{
    (void)rq;
}
