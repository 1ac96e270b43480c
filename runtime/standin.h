#ifndef RUNTIME_STANDIN_H
#define RUNTIME_STANDIN_H

/* Stand-ins for components that are known and not offered yet (run --feature.skip-unsupported):
 * they check their arguments as the catalog says, are unhealthy and say why, export receivers that
 * reject and count whatever they get, and no targets. Everything else of a configuration runs. */

#include "runtime/component.h"

/* What is offered, and a stand-in for every other component of the catalog; ends with NULL. In
 * `arena`, which must outlive the components. `capsules` (ends with NULL) are the types that the
 * offered components exchange. */
const struct component_def *const *standins_new(struct arena *arena,
                                                const struct component_def *const *offered,
                                                const struct capsule_type *const *capsules);

#endif
