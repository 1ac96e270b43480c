#ifndef COMPONENTS_COMMON_MD5_H
#define COMPONENTS_COMMON_MD5_H

/* MD5 (RFC 1321), for the relabel action hashmod alone: it spreads, it does not protect. Pure. */

#include "base/str.h"

void md5_sum(struct str text, unsigned char out[16]);

#endif
