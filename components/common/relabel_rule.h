#ifndef COMPONENTS_COMMON_RELABEL_RULE_H
#define COMPONENTS_COMMON_RELABEL_RULE_H

/* What the engine (relabel.c) and the shape of rules (relabel_shape.c) share. Pure. */

#include "base/str.h"

/* A name a rule may give to a label: [a-zA-Z_][a-zA-Z0-9_]*, or else any valid UTF-8. */
bool relabel_name_valid(struct str name, bool legacy);

#endif
