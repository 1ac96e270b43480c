/* Doubles to text and back with <charconv>. Pure. */

#include "base/float_text.h"

#include <charconv>

size_t float_text_write(double value, char out[FLOAT_TEXT_MAX])
{
    auto end = std::to_chars(out, out + FLOAT_TEXT_MAX, value, std::chars_format::scientific);
    return static_cast<size_t>(end.ptr - out);
}

int float_text_read(const char *text, size_t len, double *out)
{
    return std::from_chars(text, text + len, *out).ec == std::errc();
}
