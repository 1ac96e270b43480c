/* One pass over a plain object. */

#include "components/loki/process/json_scan.h"

#include "base/strconv.h"

struct value {
    enum doc_kind kind;
    bool boolean;
    struct str text;
};

/* Every reader gets the place of what it is to read and returns the place behind it, or NULL when
 * that is not plain. */

static inline const char *blanks(const char *at, const char *end)
{
    while (at < end && (unsigned char)*at <= ' ' &&
           (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
        at++;
    return at;
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

/* `at` is behind the opening quote. */
static inline const char *read_string(const char *at, const char *end, struct str *out)
{
    const char *from = at;
    at = skip_plain(at, end);
    while (at < end && !is_special((signed char)*at))
        at++;
    if (at == end || *at != '"')
        return NULL;
    *out = str_of(from, (size_t)(at - from));
    return at + 1;
}

static inline const char *digits(const char *at, const char *end)
{
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

static const char *read_number(const char *at, const char *end, struct value *out)
{
    const char *from = at;
    at += at < end && *at == '-';
    const char *whole = at;
    at = digits(at, end);
    if (at == whole || (*whole == '0' && at - whole > 1))
        return NULL;
    if (at < end && *at == '.') {
        const char *fraction = ++at;
        at = digits(at, end);
        if (at == fraction)
            return NULL;
    }
    if (at < end && (*at == 'e' || *at == 'E')) /* it may be beyond all numbers */
        return NULL;
    out->kind = DOC_FLOAT;
    out->text = str_of(from, (size_t)(at - from));
    return at;
}

static const char *read_literal(const char *at, const char *end, struct value *out)
{
    struct str rest = str_of(at, (size_t)(end - at));
    if (str_starts(rest, STR("true")) || str_starts(rest, STR("null"))) {
        out->kind = *at == 't' ? DOC_BOOL : DOC_NULL;
        out->boolean = true;
        return at + 4;
    }
    if (!str_starts(rest, STR("false")))
        return NULL;
    out->kind = DOC_BOOL;
    out->boolean = false;
    return at + 5;
}

static inline const char *read_value(const char *at, const char *end, struct value *out)
{
    *out = (struct value){0};
    if (at == end)
        return NULL;
    if (*at == '"') {
        out->kind = DOC_STRING;
        return read_string(at + 1, end, &out->text);
    }
    if (*at == '-' || (*at >= '0' && *at <= '9'))
        return read_number(at, end, out);
    return read_literal(at, end, out);
}

/* A name and its value, with the blanks around them. */
static inline const char *read_member(const char *at, const char *end, struct str *key,
                                      struct value *value)
{
    at = blanks(at, end);
    if (at == end || *at != '"')
        return NULL;
    at = read_string(at + 1, end, key);
    if (!at)
        return NULL;
    at = blanks(at, end);
    if (at == end || *at != ':')
        return NULL;
    at = read_value(blanks(at + 1, end), end, value);
    return at ? blanks(at, end) : NULL;
}

/* Most numbers are whole and short. */
static bool read_whole(struct str text, double *out)
{
    uint64_t value;
    if (text.len > 15 || !str_to_u64(text, &value))
        return false;
    *out = (double)value;
    return true;
}

/* Numbers are read only where they are wanted. */
static bool finish(struct doc *found, size_t count)
{
    bool out_of_range = false;
    for (size_t i = 0; i < count; i++) {
        if (found[i].kind == DOC_FLOAT && !read_whole(found[i].text, &found[i].number) &&
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
    const char *end = text.ptr + text.len, *at = blanks(text.ptr, end);
    struct value value;
    struct str key;
    for (size_t i = 0; i < count; i++)
        found[i] = (struct doc){.kind = DOC_NULL};
    if (at == end || *at != '{')
        return false;
    do {
        at = read_member(at + 1, end, &key, &value);
        if (!at)
            return false;
        for (size_t i = 0; i < count; i++) {
            if (is_same(key, names[i]))
                found[i] =
                    (struct doc){.kind = value.kind, .boolean = value.boolean, .text = value.text};
        }
    } while (at < end && *at == ',');
    if (at == end || *at != '}')
        return false;
    return blanks(at + 1, end) == end && finish(found, count);
}
