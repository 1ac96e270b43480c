/* One pass over a plain object. */

#include "components/loki/process/json_scan.h"

#include "base/strconv.h"

struct scan {
    const char *at, *end;
};

static void blanks(struct scan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r'))
        s->at++;
}

static bool take(struct scan *s, char c)
{
    bool is = s->at < s->end && *s->at == c;
    s->at += is;
    return is;
}

/* Eight bytes at a time, while none of them is a quote, a backslash, a control character or above
 * ASCII. */
static const char *skip_words(const char *at, const char *end)
{
    const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
    while (end - at >= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        uint64_t quote = word ^ ones * '"', escape = word ^ ones * '\\';
        if ((word | (word - ones * 0x20) | ((quote - ones) & ~quote) |
             ((escape - ones) & ~escape)) &
            highs)
            break;
        at += 8;
    }
    return at;
}

/* Behind the opening quote. */
static bool take_string(struct scan *s, struct str *out)
{
    const char *from = s->at;
    const char *at = skip_words(from, s->end);
    while (at < s->end && *at != '"') {
        if (*at == '\\' || (unsigned char)*at < 0x20 || (unsigned char)*at >= 0x80)
            return false;
        at++;
    }
    if (at == s->end)
        return false;
    *out = str_of(from, (size_t)(at - from));
    s->at = at + 1;
    return true;
}

static bool take_digits(struct scan *s)
{
    const char *from = s->at;
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
        s->at++;
    return s->at > from;
}

static bool take_number(struct scan *s, struct doc *out)
{
    const char *from = s->at;
    take(s, '-');
    if (!take(s, '0') && !take_digits(s))
        return false;
    if (take(s, '.') && !take_digits(s))
        return false;
    if (take(s, 'e') || take(s, 'E')) {
        if (!take(s, '+'))
            take(s, '-');
        if (!take_digits(s))
            return false;
    }
    out->kind = DOC_FLOAT;
    out->text = str_of(from, (size_t)(s->at - from));
    return true;
}

static bool take_literal(struct scan *s, struct doc *out)
{
    struct str rest = str_of(s->at, (size_t)(s->end - s->at));
    if (str_starts(rest, STR("true")) || str_starts(rest, STR("null"))) {
        out->kind = *s->at == 't' ? DOC_BOOL : DOC_NULL;
        out->boolean = true;
        s->at += 4;
        return true;
    }
    if (!str_starts(rest, STR("false")))
        return false;
    out->kind = DOC_BOOL;
    out->boolean = false;
    s->at += 5;
    return true;
}

static bool take_value(struct scan *s, struct doc *out)
{
    *out = (struct doc){0};
    if (take(s, '"')) {
        out->kind = DOC_STRING;
        return take_string(s, &out->text);
    }
    if (s->at < s->end && (*s->at == '-' || (*s->at >= '0' && *s->at <= '9')))
        return take_number(s, out);
    return take_literal(s, out);
}

static bool take_member(struct scan *s, struct str *key, struct doc *value)
{
    blanks(s);
    if (!take(s, '"') || !take_string(s, key))
        return false;
    blanks(s);
    if (!take(s, ':'))
        return false;
    blanks(s);
    bool ok = take_value(s, value);
    blanks(s);
    return ok;
}

/* Numbers are read only where they are wanted. */
static bool finish(struct doc *found, size_t count)
{
    bool out_of_range = false;
    for (size_t i = 0; i < count; i++) {
        if (found[i].kind == DOC_FLOAT &&
            (!strconv_parse_float(found[i].text, &found[i].number, &out_of_range) || out_of_range))
            return false;
    }
    return true;
}

bool json_scan(struct str text, const struct str *names, size_t count, struct doc *found)
{
    struct scan s = {text.ptr, text.ptr + text.len};
    struct str key;
    struct doc value;
    for (size_t i = 0; i < count; i++)
        found[i] = (struct doc){.kind = DOC_NULL};
    blanks(&s);
    if (!take(&s, '{'))
        return false;
    do {
        if (!take_member(&s, &key, &value))
            return false;
        for (size_t i = 0; i < count; i++) {
            if (str_eq(key, names[i]))
                found[i] = value;
        }
    } while (take(&s, ','));
    if (!take(&s, '}'))
        return false;
    blanks(&s);
    return s.at == s.end && finish(found, count);
}
