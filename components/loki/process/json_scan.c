/* One pass over a plain object. */

#include "components/loki/process/json_scan.h"

#include "base/strconv.h"

struct scan {
    const char *at, *end;
};

struct value {
    enum doc_kind kind;
    bool boolean;
    struct str text;
};

static inline void blanks(struct scan *s)
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

/* A string ends, or is no longer plain, at a quote, a backslash, a control character or a byte
 * above ASCII (which is negative here). */
static bool is_special(signed char c)
{
    return c == '"' || c == '\\' || c < ' ';
}

/* Goes on block by block while there are whole ones; at most to the first special byte. */
#if defined(__x86_64__)

static const char *skip_plain(const char *at, const char *end)
{
    typedef signed char block __attribute__((vector_size(16)));
    typedef char chars __attribute__((vector_size(16)));
    for (; end - at >= (ptrdiff_t)sizeof(block); at += sizeof(block)) {
        block bytes;
        memcpy(&bytes, at, sizeof(bytes));
        block special = (bytes == '"') | (bytes == '\\') | (bytes < ' ');
        unsigned bits = (unsigned)__builtin_ia32_pmovmskb128((chars)special);
        if (bits)
            return at + __builtin_ctz(bits);
    }
    return at;
}

#else

static const char *skip_plain(const char *at, const char *end)
{
    const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
    for (; end - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        uint64_t quote = word ^ ones * '"', escape = word ^ ones * '\\';
        if ((word | (word - ones * 0x20) | ((quote - ones) & ~quote) |
             ((escape - ones) & ~escape)) &
            highs)
            break;
    }
    return at;
}

#endif

/* Behind the opening quote. */
static bool take_string(struct scan *s, struct str *out)
{
    const char *at = skip_plain(s->at, s->end);
    while (at < s->end && !is_special((signed char)*at))
        at++;
    if (at == s->end || *at != '"')
        return false;
    *out = str_of(s->at, (size_t)(at - s->at));
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

static bool take_number(struct scan *s, struct value *out)
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

static bool take_literal(struct scan *s, struct value *out)
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

static bool take_value(struct scan *s, struct value *out)
{
    if (take(s, '"')) {
        out->kind = DOC_STRING;
        return take_string(s, &out->text);
    }
    if (s->at < s->end && (*s->at == '-' || (*s->at >= '0' && *s->at <= '9')))
        return take_number(s, out);
    return take_literal(s, out);
}

static bool take_member(struct scan *s, struct str *key, struct value *value)
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

static inline bool is_same(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool json_scan(struct str text, const struct str *names, size_t count, struct doc *found)
{
    struct scan s = {text.ptr, text.ptr + text.len};
    struct str key;
    for (size_t i = 0; i < count; i++)
        found[i] = (struct doc){.kind = DOC_NULL};
    blanks(&s);
    if (!take(&s, '{'))
        return false;
    do {
        struct value value = {0};
        if (!take_member(&s, &key, &value))
            return false;
        for (size_t i = 0; i < count; i++) {
            if (is_same(key, names[i]))
                found[i] =
                    (struct doc){.kind = value.kind, .boolean = value.boolean, .text = value.text};
        }
    } while (take(&s, ','));
    if (!take(&s, '}'))
        return false;
    blanks(&s);
    return s.at == s.end && finish(found, count);
}
