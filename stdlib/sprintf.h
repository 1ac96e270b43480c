#ifndef STDLIB_SPRINTF_H
#define STDLIB_SPRINTF_H

/* Inside stdlib/: the printer behind go_sprintf, and its numbers and texts (Go's fmt/format.go). */

#include "stdlib/functions.h"

enum { WIDTH_MAX = 1000000 }; /* Go's limit for widths and precisions */

struct format_flags {
    bool width_set;
    bool precision_set;
    bool minus;
    bool plus;
    bool sharp;
    bool space;
    bool zero;
    bool plus_v;  /* %+v */
    bool sharp_v; /* %#v */
    int width;
    int precision;
};

struct format_printer {
    struct buf *out;
    struct format_flags f;
};

void format_pad(struct format_printer *p, struct str text);
/* False: the verb does not suit. */
bool format_bool(struct format_printer *p, bool b, uint32_t verb);
bool format_integer(struct format_printer *p, uint64_t n, bool is_signed, uint32_t verb);
bool format_float(struct format_printer *p, double n, uint32_t verb);
bool format_string(struct format_printer *p, struct str s, uint32_t verb);

#endif
