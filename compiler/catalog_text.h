#ifndef COMPILER_CATALOG_TEXT_H
#define COMPILER_CATALOG_TEXT_H

/* The text of the catalog (catalog.h); static. */

#include "base/str.h"

struct str catalog_text(void);

#endif
