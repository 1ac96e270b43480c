/* What both text readers share: numbers, guesses, errors, and the labels of a series' text. Owns
 * nothing. */
#include "components/prometheus/scrape/exposition.h"

#include "base/strconv.h"

enum { EXACT_DIGITS = 15, EXACT_POWER = 22, SHOWN_MAX = 120 };

void exposition_init(struct exposition *e, struct str page, bool is_openmetrics)
{
    *e = (struct exposition){
        .at = page.ptr, .limit = page.ptr + page.len, .is_openmetrics = is_openmetrics};
}

enum exposition_entry exposition_next(struct exposition *e)
{
    return e->is_openmetrics ? exposition_next_openmetrics(e) : exposition_next_text(e);
}

enum exposition_entry exposition_bad(struct exposition *e, const char *expected, const char *token)
{
    size_t left = (size_t)(e->limit - e->at);
    const char *line = memchr(e->at, '\n', left);
    size_t shown = line ? (size_t)(line - e->at) : left;
    shown = shown < SHOWN_MAX ? shown : SHOWN_MAX;
    struct str rest = str_of(e->at, shown);
    if (token) {
        error_set(&e->err, STATUS_INVALID, "expected %s, got \"%s\"", expected, token);
    } else {
        error_set(&e->err, STATUS_INVALID, "expected %s, got \"%.*s\"", expected, STR_ARG(rest));
    }
    return EXPOSITION_BAD;
}

bool exposition_number(struct str text, double *out)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == 'p' || c == 'P' || c == '_' || c == 'x' || c == 'X') {
            return false;
        }
    }
    bool range = false;
    return strconv_parse_float(text, out, &range) && !range;
}

static const double powers[EXACT_POWER + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                               1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                               1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* Decimal digits; returns how many, at most 100. */
static int read_digits(const char **at, uint64_t *digits)
{
    const char *start = *at;
    while (**at >= '0' && **at <= '9') {
        *digits = *digits * 10 + (uint64_t)(*(*at)++ - '0');
    }
    return *at - start < 100 ? (int)(*at - start) : 100;
}

/* Behind a number, an exponent of one or two digits; false if it is written otherwise. */
static bool read_exponent(const char **at, int *exponent)
{
    if (**at != 'e' && **at != 'E') {
        return true;
    }
    (*at)++;
    bool down = **at == '-';
    *at += down || **at == '+' ? 1 : 0;
    uint64_t value = 0;
    int count = read_digits(at, &value);
    *exponent = count <= 2 ? (int)value : 0;
    *exponent = down ? -*exponent : *exponent;
    return count == 1 || count == 2;
}

/* Up to 15 digits are an exact integer and 10^0 … 10^22 are exact, so one operation rounds
 * correctly (Clinger 1990). The page ends with a NUL, so looking ahead is safe. */
const char *exposition_fast_number(const char *at, double *out)
{
    bool negative = *at == '-';
    at += negative ? 1 : 0;
    uint64_t digits = 0;
    int count = read_digits(&at, &digits);
    int fraction = 0;
    if (*at == '.') {
        at++;
        fraction = read_digits(&at, &digits);
        count += fraction;
    }
    int exponent = 0;
    if (count == 0 || count > EXACT_DIGITS || !read_exponent(&at, &exponent)) {
        return NULL;
    }
    exponent -= fraction;
    if ((*at != '\n' && *at != ' ') || exponent < -EXACT_POWER || exponent > EXACT_POWER) {
        return NULL;
    }
    double value = (double)digits;
    value = exponent < 0 ? value / powers[-exponent] : value * powers[exponent];
    *out = negative ? -value : value;
    return at;
}

bool exposition_guess_fits(const struct exposition *e)
{
    size_t len = e->guess.len;
    if (len == 0 || (size_t)(e->limit - e->at) <= len || memcmp(e->at, e->guess.ptr, len) != 0) {
        return false;
    }
    if (e->guess.ptr[len - 1] == '}') {
        return true;
    }
    /* A name alone: it must end there, and no labels may follow. */
    const char *next = e->at + len;
    if (*next != ' ' && *next != '\t') {
        return false;
    }
    while (*next == ' ' || *next == '\t') {
        next++;
    }
    return *next != '{';
}

/* ---- labels ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The end of the quoted text that begins at `at`: its closing quote. */
static const char *closing_quote(const char *at, const char *limit, bool *escapes)
{
    *escapes = false;
    for (at++; at < limit && *at != '"'; at++) {
        if (*at == '\\') {
            *escapes = true;
            at++;
        }
    }
    return at;
}

static void skip_blanks(struct exposition_labels *l)
{
    while (l->at < l->limit && (is_blank(*l->at) || *l->at == ',')) {
        l->at++;
    }
}

void exposition_labels_begin(struct exposition_labels *l, struct str series, bool inside,
                             struct str *name)
{
    *l = (struct exposition_labels){
        .at = series.ptr, .limit = series.ptr + series.len, .inside = inside};
    *name = STR_NONE;
    if (inside) {
        return;
    }
    const char *brace = memchr(series.ptr, '{', series.len);
    const char *end = brace ? brace : l->limit;
    l->at = brace ? brace + 1 : l->limit;
    while (end > series.ptr && is_blank(end[-1])) {
        end--;
    }
    *name = str_of(series.ptr, (size_t)(end - series.ptr));
}

bool exposition_labels_next(struct exposition_labels *l, struct exposition_label *out)
{
    skip_blanks(l);
    if (l->at >= l->limit || *l->at == '}') {
        return false;
    }
    *out = (struct exposition_label){0};
    const char *start = l->at;
    bool escapes = false;
    if (*start == '"') {
        const char *end = closing_quote(start, l->limit, &escapes);
        out->name = str_of(start + 1, (size_t)(end - start) - 1);
        out->quoted_name = true;
        l->at = end < l->limit ? end + 1 : end;
    } else {
        while (l->at < l->limit && *l->at != '=' && !is_blank(*l->at)) {
            l->at++;
        }
        out->name = str_of(start, (size_t)(l->at - start));
    }
    while (l->at < l->limit && is_blank(*l->at)) {
        l->at++;
    }
    if (l->at >= l->limit || *l->at != '=') {
        return true; /* a quoted metric name */
    }
    l->at++;
    while (l->at < l->limit && *l->at != '"') {
        l->at++;
    }
    if (l->at >= l->limit) {
        return false;
    }
    const char *open = l->at;
    const char *end = closing_quote(open, l->limit, &out->has_escapes);
    out->value = str_of(open + 1, (size_t)(end - open) - 1);
    l->at = end < l->limit ? end + 1 : end;
    return true;
}

size_t exposition_unescape(struct str raw, char *out)
{
    size_t len = 0;
    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.ptr[i];
        char next = i + 1 < raw.len ? raw.ptr[i + 1] : '\0';
        if (c == '\\' && (next == 'n' || next == '\\' || next == '"')) {
            c = next == 'n' ? '\n' : next;
            i++;
        }
        out[len++] = c;
    }
    return len;
}
