#ifndef BASE_FLOAT_TEXT_H
#define BASE_FLOAT_TEXT_H

/* The two conversions of doubles that the C++ library does well (Ryu, Eisel-Lemire). Internal to
 * base/strconv.c. Pure, allocate nothing. */

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { FLOAT_TEXT_MAX = 32 };

/* Shortest "d.ddde±dd" of a finite value that is not negative; returns the length. */
size_t float_text_write(double value, char out[FLOAT_TEXT_MAX]);
/* Reads digits with an optional fraction and exponent, the whole text, no sign. False on overflow
 * and underflow, which leave *out alone. */
int float_text_read(const char *text, size_t len, double *out);

#ifdef __cplusplus
}
#endif

#endif
