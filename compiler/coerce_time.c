/* Why a text is no RFC 3339 time, in the words of Go's time package: the element of the layout
 * where parsing ends, then the stricter rules of RFC 3339. */

#include "compiler/coerce.h"

struct element {
    const char *name;   /* as the layout writes it */
    const char *beyond; /* what is out of range, NULL = not checked here */
    uint8_t least;      /* digits; 0 = a literal */
    uint8_t most;
    uint8_t first;
    uint8_t last;
};

static const struct element elements[] = {
    {"2006", NULL, 4, 4, 0, 0},  {"-", NULL, 0, 0, 0, 0},       {"01", "month", 2, 2, 1, 12},
    {"-", NULL, 0, 0, 0, 0},     {"02", NULL, 2, 2, 0, 0},      {"T", NULL, 0, 0, 0, 0},
    {"15", "hour", 1, 2, 0, 23}, {":", NULL, 0, 0, 0, 0},       {"04", "minute", 2, 2, 0, 59},
    {":", NULL, 0, 0, 0, 0},     {"05", "second", 2, 2, 0, 59},
};

/* Quotes and backslashes escaped, bytes that are not plain ASCII as \xNN. */
static void quote(struct buf *out, struct str text)
{
    buf_byte(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else if (c < ' ' || c >= 0x80)
            buf_printf(out, "\\x%02x", c);
        else
            buf_byte(out, (char)c);
    }
    buf_byte(out, '"');
}

static void cannot_parse(struct buf *out, struct str rest, const char *element)
{
    buf_cstr(out, " as \"2006-01-02T15:04:05Z07:00\": cannot parse ");
    quote(out, rest);
    buf_printf(out, " as \"%s\"", element);
}

static size_t digits_at(struct str text, size_t at, size_t most)
{
    size_t n = 0;
    while (n < most && at + n < text.len && text.ptr[at + n] >= '0' && text.ptr[at + n] <= '9')
        n++;
    return n;
}

static unsigned number_at(struct str text, size_t at, size_t digits)
{
    unsigned n = 0;
    for (size_t i = 0; i < digits; i++)
        n = n * 10 + (unsigned)(text.ptr[at + i] - '0');
    return n;
}

/* Where the element ends, or SIZE_MAX with the reason written. */
static size_t take_element(struct buf *out, struct str text, size_t at, const struct element *e)
{
    struct str rest = str_slice(text, at, text.len);
    if (e->least == 0) {
        if (str_starts(rest, str_from(e->name)))
            return at + 1;
        cannot_parse(out, rest, e->name);
        return SIZE_MAX;
    }
    size_t digits = digits_at(text, at, e->most);
    if (digits < e->least) {
        cannot_parse(out, rest, e->name);
        return SIZE_MAX;
    }
    unsigned n = number_at(text, at, digits);
    if (e->beyond && (n < e->first || n > e->last)) {
        buf_printf(out, ": %s out of range", e->beyond);
        return SIZE_MAX;
    }
    return at + digits;
}

/* ".5" and ",5" after the seconds. */
static size_t skip_fraction(struct str text, size_t at)
{
    bool mark = at + 1 < text.len && (text.ptr[at] == '.' || text.ptr[at] == ',');
    size_t digits = mark ? digits_at(text, at + 1, text.len) : 0;
    return digits > 0 ? at + 1 + digits : at;
}

/* Z or ±07:00. */
static size_t take_zone(struct buf *out, struct str text, size_t at)
{
    struct str rest = str_slice(text, at, text.len);
    if (rest.len > 0 && rest.ptr[0] == 'Z')
        return at + 1;
    bool shape = rest.len >= 6 && rest.ptr[3] == ':' && digits_at(rest, 1, 2) == 2 &&
                 digits_at(rest, 4, 2) == 2;
    if (!shape) {
        cannot_parse(out, rest, "Z07:00");
        return SIZE_MAX;
    }
    unsigned hour = number_at(rest, 1, 2);
    unsigned minute = number_at(rest, 4, 2);
    if (hour > 24 || minute > 60) {
        buf_printf(out, ": time zone offset %s out of range", hour > 24 ? "hour" : "minute");
        return SIZE_MAX;
    }
    if (rest.ptr[0] != '+' && rest.ptr[0] != '-') {
        cannot_parse(out, rest, "Z07:00");
        return SIZE_MAX;
    }
    return at + 6;
}

static bool day_exists(struct str text)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    unsigned year = number_at(text, 0, 4);
    unsigned month = number_at(text, 5, 2);
    unsigned day = number_at(text, 8, 2);
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day >= 1 && day <= days[month - 1] + (unsigned)(leap && month == 2);
}

/* Go's Parse takes these, RFC 3339 does not. */
static void strict(struct buf *out, struct str text)
{
    if (text.len > 12 && text.ptr[12] == ':')
        cannot_parse(out, str_slice(text, 11, 12), "15");
    else if (text.len > 19 && text.ptr[19] == ',')
        cannot_parse(out, STR(","), ".");
    else
        cannot_parse(out, str_slice(text, text.len - 6, text.len), "Z07:00");
}

void time_fault(struct buf *out, struct str text)
{
    size_t at = 0;
    buf_cstr(out, "parsing time ");
    quote(out, text);
    for (size_t i = 0; i < sizeof(elements) / sizeof(elements[0]); i++) {
        at = take_element(out, text, at, &elements[i]);
        if (at == SIZE_MAX)
            return;
    }
    at = take_zone(out, text, skip_fraction(text, at));
    if (at == SIZE_MAX)
        return;
    if (at < text.len) {
        buf_cstr(out, ": extra text: ");
        quote(out, str_slice(text, at, text.len));
    } else if (!day_exists(text)) {
        buf_cstr(out, ": day out of range");
    } else {
        strict(out, text);
    }
}
