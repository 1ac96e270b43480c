/* The meaning of YAML scalars. Pure but for the arena. */

#include "base/yaml_scalar.h"

#include "base/strconv.h"

#include <math.h>

struct word {
    struct str text;
    enum doc_kind kind;
    double number; /* BOOL: 1 is true */
};

static const struct word words[] = {
    {STR_INIT("true"), DOC_BOOL, 1},
    {STR_INIT("True"), DOC_BOOL, 1},
    {STR_INIT("TRUE"), DOC_BOOL, 1},
    {STR_INIT("false"), DOC_BOOL, 0},
    {STR_INIT("False"), DOC_BOOL, 0},
    {STR_INIT("FALSE"), DOC_BOOL, 0},
    {STR_INIT(""), DOC_NULL, 0},
    {STR_INIT("~"), DOC_NULL, 0},
    {STR_INIT("null"), DOC_NULL, 0},
    {STR_INIT("Null"), DOC_NULL, 0},
    {STR_INIT("NULL"), DOC_NULL, 0},
    {STR_INIT(".nan"), DOC_FLOAT, NAN},
    {STR_INIT(".NaN"), DOC_FLOAT, NAN},
    {STR_INIT(".NAN"), DOC_FLOAT, NAN},
    {STR_INIT(".inf"), DOC_FLOAT, INFINITY},
    {STR_INIT(".Inf"), DOC_FLOAT, INFINITY},
    {STR_INIT(".INF"), DOC_FLOAT, INFINITY},
    {STR_INIT("+.inf"), DOC_FLOAT, INFINITY},
    {STR_INIT("+.Inf"), DOC_FLOAT, INFINITY},
    {STR_INIT("+.INF"), DOC_FLOAT, INFINITY},
    {STR_INIT("-.inf"), DOC_FLOAT, -INFINITY},
    {STR_INIT("-.Inf"), DOC_FLOAT, -INFINITY},
    {STR_INIT("-.INF"), DOC_FLOAT, -INFINITY},
};

static const struct {
    struct str tag;
    enum doc_kind kind;
} tags[] = {
    {STR_INIT("!!null"), DOC_NULL},  {STR_INIT("!!bool"), DOC_BOOL},
    {STR_INIT("!!int"), DOC_INT},    {STR_INIT("!!float"), DOC_FLOAT},
    {STR_INIT("!!str"), DOC_STRING}, {STR_INIT("!!timestamp"), DOC_TIME},
};

enum { WORDS = sizeof(words) / sizeof(words[0]), TAGS = sizeof(tags) / sizeof(tags[0]) };
/* Longer texts are neither numbers nor times. */
enum { SHORT_MAX = 512 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool as_word(struct doc *node)
{
    if (node->text.len > 5)
        return false;
    for (size_t i = 0; i < WORDS; i++) {
        if (!str_eq(node->text, words[i].text))
            continue;
        node->kind = words[i].kind;
        node->boolean = words[i].kind == DOC_BOOL && words[i].number == 1;
        node->number = words[i].number;
        return true;
    }
    return false;
}

/* Numbers. */

static unsigned number_base(struct str *digits)
{
    static const struct {
        char letter;
        unsigned base;
    } prefixes[] = {{'x', 16}, {'b', 2}, {'o', 8}};
    if (digits->len < 2 || digits->ptr[0] != '0')
        return 10;
    for (size_t i = 0; i < 3; i++) {
        if ((digits->ptr[1] | 0x20) == prefixes[i].letter) {
            *digits = str_slice(*digits, 2, digits->len);
            return prefixes[i].base;
        }
    }
    *digits = str_slice(*digits, 1, digits->len);
    return 8;
}

static bool whole_number(struct str digits, uint64_t *value)
{
    unsigned base = number_base(&digits);
    *value = 0;
    for (size_t i = 0; i < digits.len; i++) {
        char c = digits.ptr[i], low = (char)(c | 0x20);
        unsigned digit = is_digit(c)                ? (unsigned)(c - '0')
                         : low >= 'a' && low <= 'f' ? (unsigned)(low - 'a' + 10)
                                                    : 99;
        if (digit >= base || __builtin_mul_overflow(*value, base, value) ||
            __builtin_add_overflow(*value, digit, value))
            return false;
    }
    return digits.len > 0;
}

static bool as_int(struct doc *node, struct str plain)
{
    bool sign = plain.len && (plain.ptr[0] == '-' || plain.ptr[0] == '+');
    bool minus = sign && plain.ptr[0] == '-';
    uint64_t value;
    if (!whole_number(str_slice(plain, sign, plain.len), &value))
        return false;
    uint64_t most = (uint64_t)INT64_MAX + minus;
    if (value <= most) {
        node->kind = DOC_INT;
        node->integer = (int64_t)(minus ? 0 - value : value);
        node->number = (double)node->integer;
        return true;
    }
    if (sign)
        return false;
    node->kind = DOC_FLOAT;
    node->is_uint = true;
    node->integer = (int64_t)value;
    node->number = (double)value;
    return true;
}

static size_t skip_digits(struct str s, size_t at)
{
    while (at < s.len && is_digit(s.ptr[at]))
        at++;
    return at;
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static bool is_float(struct str s)
{
    size_t at = s.len && (s.ptr[0] == '-' || s.ptr[0] == '+');
    size_t whole = skip_digits(s, at) - at;
    at += whole;
    size_t fraction = 0;
    if (at < s.len && s.ptr[at] == '.') {
        fraction = skip_digits(s, at + 1) - (at + 1);
        at += 1 + fraction;
    }
    if (!whole && !fraction)
        return false;
    if (at < s.len && (s.ptr[at] | 0x20) == 'e') {
        at++;
        if (at < s.len && (s.ptr[at] == '-' || s.ptr[at] == '+'))
            at++;
        size_t end = skip_digits(s, at);
        if (end == at)
            return false;
        at = end;
    }
    return at == s.len;
}

static bool as_float(struct doc *node, struct str text)
{
    bool range;
    double value;
    if (!strconv_parse_float(text, &value, &range) || range)
        return false;
    node->kind = DOC_FLOAT;
    node->number = value;
    return true;
}

static bool as_number(struct doc *node)
{
    char memory[SHORT_MAX];
    struct buf plain = {.data = memory, .cap = sizeof(memory), .max = sizeof(memory)};
    for (size_t i = 0; i < node->text.len; i++)
        if (node->text.ptr[i] != '_')
            buf_byte(&plain, node->text.ptr[i]);
    if (as_int(node, buf_view(&plain)))
        return true;
    return is_float(buf_view(&plain)) && as_float(node, buf_view(&plain));
}

/* Times. */

/* One or two digits, copied as two. */
static bool copy_two(struct buf *out, struct str s, size_t *at)
{
    size_t end = skip_digits(s, *at), len = end - *at;
    if (len < 1 || len > 2)
        return false;
    if (len == 1)
        buf_byte(out, '0');
    buf_str(out, str_slice(s, *at, end));
    *at = end;
    return true;
}

static bool copy_byte(struct buf *out, struct str s, size_t *at, char byte)
{
    if (*at >= s.len || s.ptr[*at] != byte)
        return false;
    buf_byte(out, byte);
    ++*at;
    return true;
}

static bool copy_clock(struct buf *out, struct str s, size_t *at)
{
    if (!copy_two(out, s, at) || !copy_byte(out, s, at, ':') || !copy_two(out, s, at) ||
        !copy_byte(out, s, at, ':') || !copy_two(out, s, at))
        return false;
    if (*at >= s.len || (s.ptr[*at] != '.' && s.ptr[*at] != ','))
        return true;
    size_t first = *at + 1, end = skip_digits(s, first), last = end;
    *at = end;
    if (end == first)
        return false;
    if (last > first + 9)
        last = first + 9;
    while (last > first && s.ptr[last - 1] == '0')
        last--;
    if (last > first)
        buf_byte(out, '.');
    buf_str(out, str_slice(s, first, last));
    return true;
}

/* The four formats of yaml.v3, rewritten as RFC 3339 with its own offset. */
static bool normal_time(struct str s, struct buf *out)
{
    size_t at = skip_digits(s, 0);
    if (at != 4 || s.len == 4 || s.ptr[4] != '-')
        return false;
    buf_str(out, str_slice(s, 0, 4));
    if (!copy_byte(out, s, &at, '-') || !copy_two(out, s, &at) || !copy_byte(out, s, &at, '-') ||
        !copy_two(out, s, &at))
        return false;
    if (at == s.len) {
        buf_cstr(out, "T00:00:00Z");
        return true;
    }
    char mark = s.ptr[at++];
    buf_byte(out, 'T');
    if (mark == ' ') {
        if (!copy_clock(out, s, &at) || at != s.len)
            return false;
        buf_byte(out, 'Z');
        return true;
    }
    if ((mark != 'T' && mark != 't') || !copy_clock(out, s, &at))
        return false;
    struct str zone = str_slice(s, at, s.len);
    if (str_is(zone, "+00:00") || str_is(zone, "-00:00"))
        zone = STR("Z");
    buf_str(out, zone);
    return true;
}

static bool as_time(struct arena *arena, struct doc *node)
{
    char memory[64];
    struct buf text = {.data = memory, .cap = sizeof(memory), .max = sizeof(memory)};
    int64_t seconds, ns;
    if (!normal_time(node->text, &text) || !buf_ok(&text) ||
        !time_split_rfc3339(buf_view(&text), &seconds, &ns))
        return false;
    char *copy = arena_try_alloc(arena, text.len);
    if (!copy)
        return false;
    memcpy(copy, text.data, text.len);
    node->kind = DOC_TIME;
    node->text = str_of(copy, text.len);
    return true;
}

/* Tags. */

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (is_digit(c))
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* RFC 4648 §4 with padding; line ends are skipped. */
static bool decode_base64(struct str s, char *out, size_t *len)
{
    uint32_t group = 0;
    unsigned have = 0, padding = 0;
    *len = 0;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == '\n' || c == '\r')
            continue;
        if (c == '=' && have + padding < 4 && have >= 2) {
            padding++;
            continue;
        }
        int value = base64_value(c);
        if (value < 0 || padding)
            return false;
        group = group << 6 | (uint32_t)value;
        if (++have < 4)
            continue;
        out[(*len)++] = (char)(group >> 16);
        out[(*len)++] = (char)(group >> 8);
        out[(*len)++] = (char)group;
        have = 0;
        group = 0;
    }
    if (have == 0 && padding == 0)
        return true;
    if (have < 2 || have + padding != 4)
        return false;
    group <<= 6 * padding;
    out[(*len)++] = (char)(group >> 16);
    if (have == 3)
        out[(*len)++] = (char)(group >> 8);
    return true;
}

static enum status as_binary(struct arena *arena, struct doc *node, struct error *err)
{
    char *out = arena_try_alloc(arena, node->text.len + 3);
    if (!out)
        return error_set(err, STATUS_MEMORY, "yaml: document needs too much memory");
    size_t len;
    if (!decode_base64(node->text, out, &len))
        return error_set(err, STATUS_INVALID, "yaml: !!binary value contains invalid base64 data");
    node->text = str_of(out, len);
    return STATUS_OK;
}

static const char *tag_of(enum doc_kind kind)
{
    for (size_t i = 0; i < TAGS; i++)
        if (tags[i].kind == kind)
            return tags[i].tag.ptr;
    return "";
}

static void resolve_plain(struct arena *arena, bool times, struct doc *node)
{
    node->kind = DOC_STRING;
    if (as_word(node) || node->text.len == 0 || node->text.len > SHORT_MAX)
        return;
    char first = node->text.ptr[0];
    if (first == '.')
        as_float(node, node->text);
    else if (is_digit(first) || first == '-' || first == '+')
        (void)((times && as_time(arena, node)) || as_number(node));
}

enum status yaml_resolve(struct arena *arena, struct str tag, struct doc *node, struct error *err)
{
    struct str text = node->text;
    if (str_is(tag, "!!binary"))
        return as_binary(arena, node, err);
    size_t i = 0;
    while (i < TAGS && !str_eq(tags[i].tag, tag))
        i++;
    if (tag.len && i == TAGS)
        return STATUS_OK; /* a foreign tag leaves the text */
    if (tag.len && tags[i].kind == DOC_STRING)
        return STATUS_OK;
    resolve_plain(arena, !tag.len || tags[i].kind == DOC_TIME, node);
    if (!tag.len || node->kind == tags[i].kind)
        return STATUS_OK;
    if (tags[i].kind == DOC_FLOAT && (node->kind == DOC_INT || node->is_uint)) {
        node->is_uint = false;
        node->kind = DOC_FLOAT;
        return STATUS_OK;
    }
    return error_set(err, STATUS_INVALID, "yaml: cannot decode %s `%.*s` as a %s",
                     tag_of(node->kind), STR_ARG(text), tags[i].tag.ptr);
}
