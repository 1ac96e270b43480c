#ifndef COMPILER_KEYWORD_H
#define COMPILER_KEYWORD_H

#include "base/str.h"

/* A name of the language: letters, digits and '_', not beginning with a digit, not true, false or
 * null. */
bool keyword_is_identifier(struct str text);

#endif
