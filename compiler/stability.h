#ifndef COMPILER_STABILITY_H
#define COMPILER_STABILITY_H

/* Stability levels of components, blocks and functions, and of what --stability.level admits. */

#include "base/str.h"

enum stability { STABILITY_EXPERIMENTAL, STABILITY_PUBLIC_PREVIEW, STABILITY_GA };

/* "experimental", "public-preview", "generally-available". */
const char *stability_name(enum stability level);
bool stability_parse(struct str text, enum stability *out);

#endif
