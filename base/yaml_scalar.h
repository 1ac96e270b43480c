#ifndef BASE_YAML_SCALAR_H
#define BASE_YAML_SCALAR_H

/* What a scalar of YAML means, for yaml.c alone: the rules of gopkg.in/yaml.v3 (resolve.go). */

#include "base/json.h"

/* Sets the kind and value of `node`, whose text is the scalar's. `tag` is the short form ("!!int")
 * or empty. Memory comes from `arena`. */
enum status yaml_resolve(struct arena *arena, struct str tag, struct doc *node, struct error *err);

#endif
