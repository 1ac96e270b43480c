/* The JSON reader. One pass, no recursion: while a container is open its `next` points to its
 * parent. Bounded by depth, node count and the caller's arena. Grammar: RFC 8259; words: Go's
 * encoding/json. */

#include "base/json.h"

#include "base/strconv.h"

#include <stdio.h>
#include <string.h>

enum { DEPTH_DEFAULT = 1000, NODES_DEFAULT = 1000000 };

struct reader {
    const char *at;
    const char *end;
    struct arena *arena;
    struct doc *open; /* innermost open container */
    struct doc *tail; /* its last child */
    struct doc *root;
    struct str key; /* of the next member */
    unsigned depth;
    unsigned max_depth;
    size_t nodes_left;
    bool finite;
    struct error *err;
};

static enum status bad_byte(struct reader *r, unsigned char c, const char *context)
{
    char memory[32];
    struct buf text = {.data = memory, .cap = sizeof(memory), .max = sizeof(memory)};
    if (c == '\'' || c == '"') {
        buf_cstr(&text, c == '"' ? "'\"'" : "'\\''");
    } else {
        /* Go prints the byte as if it were a rune. */
        char rune[4];
        struct buf one = {.data = rune, .cap = sizeof(rune), .max = sizeof(rune)};
        utf8_append(&one, c);
        strconv_quote(&text, buf_view(&one));
        text.data[0] = text.data[text.len - 1] = '\'';
    }
    return error_set(r->err, STATUS_INVALID, "invalid character %.*s %s", STR_ARG(buf_view(&text)),
                     context);
}

static enum status bad(struct reader *r, const char *context)
{
    if (r->at == r->end)
        return error_set(r->err, STATUS_INVALID, "unexpected end of JSON input");
    return bad_byte(r, (unsigned char)*r->at, context);
}

/* In the middle of a token the end counts as a blank. */
static enum status bad_token(struct reader *r, const char *context)
{
    return bad_byte(r, r->at == r->end ? ' ' : (unsigned char)*r->at, context);
}

static enum status no_memory(struct reader *r)
{
    return error_set(r->err, STATUS_MEMORY, "JSON document needs too much memory");
}

static void skip_blanks(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '\r'))
        r->at++;
}

/* The next byte that is not blank, or 0 at the end (an actual 0 is an error to every caller). */
static char peek(struct reader *r)
{
    skip_blanks(r);
    return r->at < r->end ? *r->at : '\0';
}

/* Strings. */

static const uint64_t ONES = 0x0101010101010101u, HIGHS = 0x8080808080808080u;

/* Marks in the highest bit of each byte what ends the plain part of a string: quote, backslash,
 * control characters, and bytes from 0x80. Exact for the lowest mark. */
static uint64_t specials(uint64_t word)
{
    uint64_t quote = word ^ ONES * '"', escape = word ^ ONES * '\\';
    return (word | (word - ONES * 0x20) | ((quote - ONES) & ~quote) | ((escape - ONES) & ~escape)) &
           HIGHS;
}

static const char *skip_plain(const char *at, const char *end)
{
    while (end - at >= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        uint64_t marks = specials(word);
        if (marks) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
            return at + (__builtin_ctzll(marks) >> 3);
#else
            break;
#endif
        }
        at += 8;
    }
    while (at < end && (unsigned char)*at >= 0x20 && (unsigned char)*at < 0x80 && *at != '"' &&
           *at != '\\')
        at++;
    return at;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char low = (char)(c | 0x20);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* Behind a backslash. */
static enum status check_escape(struct reader *r)
{
    if (r->at == r->end || !*r->at || !strchr("bfnrt\\/\"u", *r->at))
        return bad_token(r, "in string escape code");
    if (*r->at++ != 'u')
        return STATUS_OK;
    for (int i = 0; i < 4; i++, r->at++)
        if (r->at == r->end || hex_value(*r->at) < 0)
            return bad_token(r, "in \\u hexadecimal character escape");
    return STATUS_OK;
}

static unsigned hex4(const char *at)
{
    unsigned value = 0;
    for (int i = 0; i < 4; i++)
        value = value << 4 | (unsigned)hex_value(at[i]);
    return value;
}

/* The checked escape behind a backslash; returns what follows it. */
static const char *decode_escape(struct buf *out, const char *at, const char *end)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    const char *known = strchr(from, *at);
    if (known) {
        buf_byte(out, to[known - from]);
        return at + 1;
    }
    if (*at != 'u') {
        buf_byte(out, *at);
        return at + 1;
    }
    uint32_t rune = hex4(at + 1);
    at += 5;
    if (rune >= 0xD800 && rune < 0xDC00 && end - at >= 6 && at[0] == '\\' && at[1] == 'u') {
        uint32_t low = hex4(at + 2);
        if (low >= 0xDC00 && low < 0xE000) {
            utf8_append(out, 0x10000 + ((rune - 0xD800) << 10 | (low - 0xDC00)));
            return at + 6;
        }
    }
    utf8_append(out, rune); /* a lone surrogate becomes U+FFFD */
    return at;
}

/* A checked string with escapes or invalid UTF-8, of which each byte becomes three. */
static enum status decode_string(struct reader *r, struct str raw, size_t invalid, struct str *out)
{
    size_t most = raw.len + 2 * invalid;
    char *memory = arena_try_alloc(r->arena, most + 1);
    if (!memory)
        return no_memory(r);
    struct buf text = {.data = memory, .cap = most, .max = most};
    const char *end = raw.ptr + raw.len;
    for (const char *at = raw.ptr; at < end;) {
        const char *plain = skip_plain(at, end);
        buf_append(&text, at, (size_t)(plain - at));
        at = plain;
        if (at == end)
            break;
        if (*at == '\\') {
            at = decode_escape(&text, at + 1, end);
        } else {
            unsigned size;
            utf8_append(&text, utf8_decode(str_of(at, (size_t)(end - at)), &size));
            at += size;
        }
    }
    *out = buf_view(&text);
    return STATUS_OK;
}

/* From behind the opening quote to behind the closing one. */
static enum status read_string(struct reader *r, struct str *out)
{
    const char *start = r->at;
    bool escaped = false;
    size_t invalid = 0;
    for (;;) {
        r->at = skip_plain(r->at, r->end);
        if (r->at == r->end)
            return bad(r, "");
        unsigned char c = (unsigned char)*r->at;
        if (c == '"')
            break;
        if (c == '\\') {
            escaped = true;
            r->at++;
            enum status status = check_escape(r);
            if (status != STATUS_OK)
                return status;
        } else if (c >= 0x80) {
            unsigned size;
            uint32_t rune = utf8_decode(str_of(r->at, (size_t)(r->end - r->at)), &size);
            invalid += rune == UTF8_BAD && size == 1;
            r->at += size;
        } else {
            return bad(r, "in string literal");
        }
    }
    struct str raw = str_of(start, (size_t)(r->at - start));
    r->at++;
    if (escaped || invalid)
        return decode_string(r, raw, invalid, out);
    *out = raw;
    return STATUS_OK;
}

/* The tree. */

static enum status add(struct reader *r, enum doc_kind kind, struct doc **out)
{
    if (r->nodes_left-- == 0)
        return error_set(r->err, STATUS_LIMIT, "JSON document has too many values");
    struct doc *node = arena_try_alloc(r->arena, sizeof(*node));
    if (!node)
        return no_memory(r);
    *node = (struct doc){.kind = kind, .key = r->key};
    if (!r->open) {
        r->root = node;
    } else {
        if (r->tail)
            r->tail->next = node;
        else
            r->open->child = node;
        r->open->count++;
    }
    r->key = STR_NONE;
    r->tail = node;
    *out = node;
    return STATUS_OK;
}

static enum status open_container(struct reader *r, enum doc_kind kind)
{
    if (r->depth == r->max_depth)
        return error_set(r->err, STATUS_LIMIT, "exceeded max depth");
    struct doc *node;
    enum status status = add(r, kind, &node);
    if (status != STATUS_OK)
        return status;
    r->depth++;
    r->at++;
    node->next = r->open;
    r->open = node;
    r->tail = NULL;
    return STATUS_OK;
}

static void close_container(struct reader *r)
{
    struct doc *node = r->open;
    r->at++;
    r->depth--;
    r->open = node->next;
    r->tail = node;
    node->next = NULL;
}

/* A member's name and colon, from its quote on. */
static enum status read_key(struct reader *r)
{
    if (peek(r) != '"')
        return bad(r, "looking for beginning of object key string");
    r->at++;
    enum status status = read_string(r, &r->key);
    if (status != STATUS_OK)
        return status;
    if (peek(r) != ':')
        return bad(r, "after object key");
    r->at++;
    return STATUS_OK;
}

/* Numbers. */

static bool is_digit(struct reader *r)
{
    return r->at < r->end && *r->at >= '0' && *r->at <= '9';
}

static void skip_digits(struct reader *r)
{
    while (is_digit(r))
        r->at++;
}

static enum status check_number(struct reader *r, bool *whole)
{
    if (*r->at == '-')
        r->at++;
    if (!is_digit(r))
        return bad_token(r, "in numeric literal");
    if (*r->at == '0')
        r->at++;
    else
        skip_digits(r);
    *whole = true;
    if (r->at < r->end && *r->at == '.') {
        *whole = false;
        r->at++;
        if (!is_digit(r))
            return bad_token(r, "after decimal point in numeric literal");
        skip_digits(r);
    }
    if (r->at < r->end && (*r->at | 0x20) == 'e') {
        *whole = false;
        r->at++;
        if (r->at < r->end && (*r->at == '+' || *r->at == '-'))
            r->at++;
        if (!is_digit(r))
            return bad_token(r, "in exponent of numeric literal");
        skip_digits(r);
    }
    return STATUS_OK;
}

static enum status read_number(struct reader *r)
{
    const char *start = r->at;
    bool whole;
    enum status status = check_number(r, &whole);
    struct doc *node;
    if (status == STATUS_OK)
        status = add(r, DOC_FLOAT, &node);
    if (status != STATUS_OK)
        return status;
    node->text = str_of(start, (size_t)(r->at - start));
    if (whole && str_to_i64(node->text, &node->integer)) {
        node->kind = DOC_INT;
        node->number = node->integer || *start != '-' ? (double)node->integer : -0.0;
        return STATUS_OK;
    }
    bool out_of_range = false;
    strconv_parse_float(node->text, &node->number, &out_of_range);
    if (!out_of_range || !r->finite)
        return STATUS_OK;
    return error_set(r->err, STATUS_INVALID,
                     "json: cannot unmarshal number %.*s into Go value of type float64",
                     STR_ARG(node->text));
}

/* true, false and null. */
static enum status read_word(struct reader *r)
{
    static const char *const words[] = {"true", "false", "null"};
    const char *word = words[*r->at == 't' ? 0 : *r->at == 'f' ? 1 : 2];
    for (const char *expected = word + (r->at++, 1); *expected; expected++, r->at++) {
        if (r->at < r->end && *r->at == *expected)
            continue;
        char context[64];
        (void)snprintf(context, sizeof(context), "in literal %s (expecting '%c')", word, *expected);
        return bad_token(r, context);
    }
    struct doc *node;
    enum status status = add(r, *word == 'n' ? DOC_NULL : DOC_BOOL, &node);
    if (status == STATUS_OK)
        node->boolean = *word == 't';
    return status;
}

/* A value; of a container with content only what stands before its first value. */
static enum status read_value(struct reader *r, bool *closed)
{
    enum status status;
    struct doc *node;
    *closed = true;
    switch (peek(r)) {
    case '{':
        status = open_container(r, DOC_MAP);
        if (status != STATUS_OK)
            return status;
        if (peek(r) == '}') {
            close_container(r);
            return STATUS_OK;
        }
        *closed = false;
        return read_key(r);
    case '[':
        status = open_container(r, DOC_LIST);
        if (status != STATUS_OK)
            return status;
        if (peek(r) == ']')
            close_container(r);
        else
            *closed = false;
        return STATUS_OK;
    case '"':
        r->at++;
        status = add(r, DOC_STRING, &node);
        return status == STATUS_OK ? read_string(r, &node->text) : status;
    case 't':
    case 'f':
    case 'n': return read_word(r);
    default:
        if (is_digit(r) || (r->at < r->end && *r->at == '-'))
            return read_number(r);
        return bad(r, "looking for beginning of value");
    }
}

/* Closes what ends behind a value. `*more` tells that another value follows. */
static enum status end_value(struct reader *r, bool *more)
{
    *more = false;
    while (r->open) {
        bool map = r->open->kind == DOC_MAP;
        char c = peek(r);
        if (c == ',') {
            r->at++;
            *more = true;
            return map ? read_key(r) : STATUS_OK;
        }
        if (c != (map ? '}' : ']'))
            return bad(r, map ? "after object key:value pair" : "after array element");
        close_container(r);
    }
    skip_blanks(r);
    return r->at == r->end ? STATUS_OK : bad(r, "after top-level value");
}

enum status json_read(struct arena *arena, struct str text, struct doc_limits limits,
                      struct doc **out, struct error *err)
{
    struct reader r = {.at = text.len ? text.ptr : "",
                       .arena = arena,
                       .max_depth = limits.max_depth ? limits.max_depth : DEPTH_DEFAULT,
                       .nodes_left = limits.max_nodes ? limits.max_nodes : NODES_DEFAULT,
                       .finite = limits.finite,
                       .err = err};
    r.end = r.at + text.len;
    *out = NULL;
    enum status status = STATUS_OK;
    for (bool more = true, closed; more && status == STATUS_OK;) {
        status = read_value(&r, &closed);
        if (status == STATUS_OK && closed)
            status = end_value(&r, &more);
    }
    if (status == STATUS_OK)
        *out = r.root;
    return status;
}

const struct doc *doc_get(const struct doc *map, struct str key)
{
    const struct doc *found = NULL;
    if (map->kind != DOC_MAP)
        return NULL;
    for (const struct doc *member = map->child; member; member = member->next)
        if (str_eq(member->key, key) && !member->key_doc)
            found = member;
    return found;
}
