/* `^` on floating-point numbers, to the last bit as Go's math.Pow has it: by repeated squaring of
 * the mantissa with the exponents kept apart, so that results differ from the C library's in the
 * last place. */

#include "compiler/operator.h"

#include <math.h>

enum { EXPONENT_MAX = 1 << 12 }; /* beyond, the result is zero or infinite anyway */

/* y is neither zero, infinite nor beyond int64. */
static double power_of_finite(double x, double y)
{
    double whole;
    double fraction = modf(fabs(y), &whole);
    double mantissa = 1;
    int exponent = 0;
    if (fraction != 0) {
        if (fraction > 0.5) {
            fraction--;
            whole++;
        }
        mantissa = exp(fraction * log(x));
    }
    int square_exponent;
    double square = frexp(x, &square_exponent);
    for (int64_t i = (int64_t)whole; i != 0; i >>= 1) {
        if (square_exponent < -EXPONENT_MAX || square_exponent > EXPONENT_MAX) {
            exponent += square_exponent;
            break;
        }
        if (i & 1) {
            mantissa *= square;
            exponent += square_exponent;
        }
        square *= square;
        square_exponent *= 2;
        if (square < 0.5) {
            square += square;
            square_exponent--;
        }
    }
    if (y < 0) {
        mantissa = 1 / mantissa;
        exponent = -exponent;
    }
    return ldexp(mantissa, exponent);
}

double operator_power(double x, double y)
{
    bool special = x == 0 || y == 0 || x == 1 || y == 1 || !isfinite(x) || !isfinite(y);
    if (special || fabs(y) >= 0x1p63 || (x < 0 && y != trunc(y)))
        return pow(x, y);
    if (y == 0.5)
        return sqrt(x);
    if (y == -0.5)
        return 1 / sqrt(x);
    return power_of_finite(x, y);
}
