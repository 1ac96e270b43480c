/* The tables of components and imports that the runtime is given. Owns nothing. */

#include "components/import/http.h"
#include "runtime/component.h"

#define COMPONENT(symbol) extern const struct component_def symbol;
#include "components/registry.def"
#undef COMPONENT

#define COMPONENT(symbol) &(symbol),
const struct component_def *const component_registry[] = {
#include "components/registry.def"
    NULL,
};
#undef COMPONENT

const struct import_source *const import_registry[] = {&import_http, NULL};
