/* Floats as Go's strconv reads and prints them. Pure.
 * Rules: pkg.go.dev/strconv, ParseFloat and FormatFloat. */

#include "base/strconv.h"

#include "base/float_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS_MAX = 17, MANTISSA_DIGITS = 19, EXACT_POWER = 22 };

static const double powers[EXACT_POWER + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                               1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                               1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* Reading. */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A number's text taken apart. */
struct number {
    const char *at;
    const char *end;
    uint64_t mantissa; /* of the first digits */
    int digits;        /* significant ones in the mantissa */
    int dropped;       /* digits before the point that did not fit */
    int fraction;      /* digits behind the point in the mantissa */
    bool any;
    bool lost; /* a digit that is not 0 did not fit */
    int exponent;
};

static int hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    char low = (char)(c | 0x20);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

static void read_mantissa(struct number *n, unsigned base, int digits_max)
{
    bool point = false;
    for (; n->at < n->end; n->at++) {
        if (*n->at == '.' && !point) {
            point = true;
            continue;
        }
        int digit = hex_value(*n->at);
        if (digit < 0 || (unsigned)digit >= base)
            return;
        n->any = true;
        if (n->digits < digits_max) {
            n->mantissa = n->mantissa * base + (unsigned)digit;
            n->digits += n->mantissa != 0;
            n->fraction += point;
        } else {
            n->lost |= digit != 0;
            n->dropped += !point;
        }
    }
}

/* "e-5" and the like after the letter has been seen; a huge exponent stops growing. */
static bool read_exponent(struct number *n)
{
    n->at++;
    bool minus = n->at < n->end && *n->at == '-';
    if (n->at < n->end && (*n->at == '-' || *n->at == '+'))
        n->at++;
    if (n->at == n->end || !is_digit(*n->at))
        return false;
    int value = 0;
    for (; n->at < n->end && is_digit(*n->at); n->at++)
        if (value < 100000)
            value = value * 10 + (*n->at - '0');
    n->exponent = minus ? -value : value;
    return true;
}

/* The C library rounds; it gets at most 16 digits and one more that stands for the rest. */
static double round_hex(const struct number *n)
{
    char text[64];
    int power = n->exponent + 4 * (n->dropped - n->fraction) - 4;
    (void)snprintf(text, sizeof(text), "0x%llx%cp%d", (unsigned long long)n->mantissa,
                   n->lost ? '1' : '0', power);
    return strtod(text, NULL);
}

static bool parse_hex(struct str s, double *out)
{
    struct number n = {.at = s.ptr + 2, .end = s.ptr + s.len};
    read_mantissa(&n, 16, 16);
    if (!n.any || n.at == n.end || (*n.at | 0x20) != 'p' || !read_exponent(&n) || n.at != n.end)
        return false;
    *out = n.mantissa ? round_hex(&n) : 0;
    return true;
}

/* What the fast reader refuses is too large or too small. */
static double out_of_range(struct str s, const struct number *n)
{
    double value;
    if (float_text_read(s.ptr, s.len, &value))
        return value;
    return n->exponent + n->digits + n->dropped - n->fraction > 0 ? HUGE_VAL : 0;
}

static bool parse_decimal(struct str s, double *out)
{
    struct number n = {.at = s.ptr, .end = s.ptr + s.len};
    read_mantissa(&n, 10, MANTISSA_DIGITS);
    if (!n.any)
        return false;
    if (n.at < n.end && ((*n.at | 0x20) != 'e' || !read_exponent(&n)))
        return false;
    if (n.at != n.end)
        return false;
    int power = n.exponent - n.fraction;
    if (n.mantissa == 0) {
        *out = 0;
    } else if (n.mantissa <= (uint64_t)1 << 53 && !n.lost && n.dropped == 0 &&
               power >= -EXACT_POWER && power <= EXACT_POWER) {
        double whole = (double)n.mantissa;
        *out = power < 0 ? whole / powers[-power] : whole * powers[power];
    } else {
        *out = out_of_range(s, &n);
    }
    return true;
}

static bool parse_word(struct str s, bool sign, double *out)
{
    if (str_eq_fold(s, STR("inf")) || str_eq_fold(s, STR("infinity"))) {
        *out = HUGE_VAL;
        return true;
    }
    *out = NAN;
    return !sign && str_eq_fold(s, STR("nan"));
}

bool strconv_parse_float(struct str s, double *out, bool *range)
{
    if (range)
        *range = false;
    bool sign = s.len && (s.ptr[0] == '-' || s.ptr[0] == '+'), minus = sign && s.ptr[0] == '-';
    s = str_slice(s, sign, s.len);
    if (s.len == 0)
        return false;
    double value;
    if (is_digit(s.ptr[0]) || s.ptr[0] == '.') {
        bool hex = s.len > 2 && s.ptr[0] == '0' && (s.ptr[1] | 0x20) == 'x';
        if (!(hex ? parse_hex(s, &value) : parse_decimal(s, &value)))
            return false;
        if (range)
            *range = isinf(value);
    } else if (!parse_word(s, sign, &value)) {
        return false;
    }
    *out = minus ? -value : value;
    return true;
}

/* Printing. */

/* 0.DIGITS × 10^point. */
struct decimal {
    char digits[DIGITS_MAX + 1];
    size_t count;
    int point;
};

static struct decimal shortest(double value)
{
    struct decimal d = {0};
    if (value == 0) {
        d.digits[0] = '0';
        d.count = 1;
        d.point = 1;
        return d;
    }
    char text[FLOAT_TEXT_MAX];
    size_t len = float_text_write(value, text), i = 0;
    for (; i < len && text[i] != 'e'; i++)
        if (text[i] != '.' && d.count < DIGITS_MAX)
            d.digits[d.count++] = text[i];
    bool minus = i + 1 < len && text[i + 1] == '-';
    int exponent = 0;
    for (i += 2; i < len; i++)
        exponent = exponent * 10 + (text[i] - '0');
    d.point = (minus ? -exponent : exponent) + 1;
    return d;
}

static void print_exponent(struct buf *out, const struct decimal *d)
{
    buf_byte(out, d->digits[0]);
    if (d->count > 1) {
        buf_byte(out, '.');
        buf_append(out, d->digits + 1, d->count - 1);
    }
    int exponent = d->point - 1;
    buf_cstr(out, exponent < 0 ? "e-" : "e+");
    unsigned distance = (unsigned)abs(exponent);
    if (distance < 10)
        buf_byte(out, '0');
    buf_u64(out, distance);
}

static void print_fixed(struct buf *out, const struct decimal *d)
{
    size_t point = d->point > 0 ? (size_t)d->point : 0;
    if (d->point <= 0) {
        buf_cstr(out, "0.");
        buf_fill(out, '0', (size_t)-d->point);
        buf_append(out, d->digits, d->count);
    } else if (point >= d->count) {
        buf_append(out, d->digits, d->count);
        buf_fill(out, '0', point - d->count);
    } else {
        buf_append(out, d->digits, point);
        buf_byte(out, '.');
        buf_append(out, d->digits + point, d->count - point);
    }
}

void strconv_float(struct buf *out, double value, char format)
{
    if (isnan(value)) {
        buf_cstr(out, "NaN");
        return;
    }
    if (isinf(value)) {
        buf_cstr(out, value > 0 ? "+Inf" : "-Inf");
        return;
    }
    if (signbit(value))
        buf_byte(out, '-');
    struct decimal d = shortest(fabs(value));
    /* 'g' decides as if for 6 digits. */
    bool far = d.point < -3 || d.point > 6;
    if (format == 'e' || (format == 'g' && far))
        print_exponent(out, &d);
    else
        print_fixed(out, &d);
}
