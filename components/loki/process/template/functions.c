/* The functions of templates that work on texts and lists: promtail's own and the commoner ones of
 * sprig. Results live in the call's arena; repetition is bounded by MAX_TEXT. */

#include "base/hash.h"
#include "base/regex.h"
#include "base/strconv.h"
#include "components/loki/process/template/functions.h"
#include "components/loki/process/texts.h"

enum { MAX_TEXT = 16 * 1024 * 1024, MAX_GROUPS = 64 };

struct str tcall_text(struct tcall *c, size_t i)
{
    return i < c->count ? tval_text(&c->args[i], c->arena) : STR_NONE;
}

struct tval tcall_fail(struct tcall *c, const char *what)
{
    error_set(c->err, STATUS_INVALID, "%s", what);
    return (struct tval){0};
}

/* What was written to `b`, which is released. */
struct tval tcall_take(struct tcall *c, struct buf *b)
{
    struct tval v = TVAL_S(arena_str(c->arena, buf_view(b)));
    if (!buf_ok(b))
        error_set(c->err, STATUS_LIMIT, "the text is too large");
    buf_release(b);
    return v;
}

/* ---- case and trimming ---- */
static struct tval map_case(struct tcall *c, bool upper)
{
    struct buf out;
    buf_init(&out, NULL, MAX_TEXT);
    texts_case(&out, tcall_text(c, 0), upper);
    return tcall_take(c, &out);
}

struct tval tfn_lower(struct tcall *c)
{
    return map_case(c, false);
}

struct tval tfn_upper(struct tcall *c)
{
    return map_case(c, true);
}

struct tval tfn_trim(struct tcall *c)
{
    struct str cutset = tcall_text(c, 1);
    return TVAL_S(texts_cut_right(texts_cut_left(tcall_text(c, 0), cutset), cutset));
}

struct tval tfn_trim_left(struct tcall *c)
{
    return TVAL_S(texts_cut_left(tcall_text(c, 0), tcall_text(c, 1)));
}

struct tval tfn_trim_right(struct tcall *c)
{
    return TVAL_S(texts_cut_right(tcall_text(c, 0), tcall_text(c, 1)));
}

struct tval tfn_trim_space(struct tcall *c)
{
    return TVAL_S(texts_space_right(texts_space_left(tcall_text(c, 0))));
}

struct tval tfn_trim_prefix(struct tcall *c)
{
    struct str s = tcall_text(c, 0);
    struct str prefix = tcall_text(c, 1);
    return TVAL_S(str_starts(s, prefix) ? str_slice(s, prefix.len, s.len) : s);
}

struct tval tfn_trim_suffix(struct tcall *c)
{
    struct str s = tcall_text(c, 0);
    struct str suffix = tcall_text(c, 1);
    return TVAL_S(str_ends(s, suffix) ? str_slice(s, 0, s.len - suffix.len) : s);
}

/* sprig takes the text last. */
static struct tcall swapped(struct tcall *c, struct tval swap[2])
{
    swap[0] = c->args[1];
    swap[1] = c->args[0];
    return (struct tcall){c->arena, swap, 2, c->err};
}

struct tval tfn_sprig_trim_all(struct tcall *c)
{
    struct tval swap[2];
    struct tcall other = swapped(c, swap);
    return tfn_trim(&other);
}

struct tval tfn_sprig_trim_prefix(struct tcall *c)
{
    struct tval swap[2];
    struct tcall other = swapped(c, swap);
    return tfn_trim_prefix(&other);
}

struct tval tfn_sprig_trim_suffix(struct tcall *c)
{
    struct tval swap[2];
    struct tcall other = swapped(c, swap);
    return tfn_trim_suffix(&other);
}

/* ---- replacing ---- */
static struct tval replace(struct tcall *c, struct str s, struct str old, struct str with,
                           int64_t limit)
{
    struct buf out;
    buf_init(&out, NULL, MAX_TEXT);
    texts_replace(&out, s, old, with, limit);
    return tcall_take(c, &out);
}

struct tval tfn_replace_n(struct tcall *c)
{
    return replace(c, tcall_text(c, 0), tcall_text(c, 1), tcall_text(c, 2), c->args[3].integer);
}

struct tval tfn_sprig_replace(struct tcall *c)
{
    return replace(c, tcall_text(c, 2), tcall_text(c, 0), tcall_text(c, 1), -1);
}

/* $1, ${1}, ${name}, $$ as regexp.Expand reads them. */
static void expand(struct buf *out, struct str template_text, const struct regex *re,
                   const struct str *groups, unsigned count)
{
    for (size_t i = 0; i < template_text.len; i++) {
        char byte = template_text.ptr[i];
        if (byte != '$' || i + 1 == template_text.len) {
            buf_byte(out, byte);
            continue;
        }
        if (template_text.ptr[i + 1] == '$') {
            buf_byte(out, '$');
            i++;
            continue;
        }
        bool braced = template_text.ptr[i + 1] == '{';
        size_t from = i + 1 + braced;
        size_t to = from;
        while (to < template_text.len &&
               (template_text.ptr[to] == '_' ||
                (template_text.ptr[to] >= '0' && template_text.ptr[to] <= '9') ||
                ((template_text.ptr[to] | 32) >= 'a' && (template_text.ptr[to] | 32) <= 'z'))) {
            to++;
        }
        struct str name = str_slice(template_text, from, to);
        uint64_t number;
        if (name.len == 0 ||
            (braced && (to == template_text.len || template_text.ptr[to] != '}'))) {
            buf_byte(out, '$');
            continue;
        }
        if (str_to_u64(name, &number)) {
            if (number < count)
                buf_str(out, groups[number]);
        } else {
            for (unsigned g = 1; g < count; g++) {
                if (str_eq(regex_group_name(re, g), name))
                    buf_str(out, groups[g]);
            }
        }
        i = to - 1 + braced;
    }
}

static struct tval replace_all(struct tcall *c, bool is_literal)
{
    struct error err = {0};
    struct str groups[MAX_GROUPS];
    struct str s = tcall_text(c, 1);
    struct str with = tcall_text(c, 2);
    struct regex *re = regex_new(tcall_text(c, 0), REGEX_SEARCH, &err);
    struct buf out;
    size_t at = 0;
    if (re == NULL)
        return tcall_fail(c, err.message);
    unsigned count = regex_groups(re) + 1 < MAX_GROUPS ? regex_groups(re) + 1 : MAX_GROUPS;
    buf_init(&out, NULL, MAX_TEXT);
    for (size_t searched = 0; searched <= s.len && regex_capture(re, s, searched, groups, count);) {
        unsigned width = 1;
        size_t from = (size_t)(groups[0].ptr - s.ptr);
        size_t to = from + groups[0].len;
        buf_str(&out, str_slice(s, at, from));
        if ((to > at || from == 0) && is_literal)
            buf_str(&out, with);
        else if (to > at || from == 0)
            expand(&out, with, re, groups, count);
        at = to;
        if (searched < s.len)
            utf8_decode(str_slice(s, searched, s.len), &width);
        searched = searched + width > to ? searched + width : to;
    }
    buf_str(&out, str_slice(s, at, s.len));
    regex_unref(re);
    return tcall_take(c, &out);
}

struct tval tfn_regex_replace(struct tcall *c)
{
    return replace_all(c, false);
}

struct tval tfn_regex_replace_literal(struct tcall *c)
{
    return replace_all(c, true);
}

/* A wrong expression matches nothing. */
struct tval tfn_regex_match(struct tcall *c)
{
    struct error err = {0};
    struct regex *re = regex_new(tcall_text(c, 0), REGEX_SEARCH, &err);
    bool found = re != NULL && regex_match(re, tcall_text(c, 1));
    regex_unref(re);
    return TVAL_B(found);
}

struct tval tfn_regex_find(struct tcall *c)
{
    struct error err = {0};
    struct str whole = STR("");
    struct regex *re = regex_new(tcall_text(c, 0), REGEX_SEARCH, &err);
    if (re == NULL)
        return tcall_fail(c, err.message);
    if (!regex_capture(re, tcall_text(c, 1), 0, &whole, 1))
        whole = STR("");
    regex_unref(re);
    return TVAL_S(whole);
}

/* ---- hashes ---- */
static struct tval hex(struct tcall *c, const unsigned char *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    char *out = arena_alloc(c->arena, 2 * len);
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    return TVAL_S(str_of(out, 2 * len));
}

struct tval tfn_sha256(struct tcall *c)
{
    unsigned char digest[32];
    struct str s = arena_concat(c->arena, tcall_text(c, 0), tcall_text(c, 1));
    hash_sha256(s.ptr, s.len, digest);
    return hex(c, digest, sizeof digest);
}

struct tval tfn_sha3(struct tcall *c)
{
    unsigned char digest[32];
    struct str s = arena_concat(c->arena, tcall_text(c, 0), tcall_text(c, 1));
    template_sha3_256(s.ptr, s.len, digest);
    return hex(c, digest, sizeof digest);
}

/* ---- pieces ---- */
struct tval tfn_substr(struct tcall *c)
{
    struct str s = tcall_text(c, 2);
    int64_t from = c->args[0].integer, to = c->args[1].integer, len = (int64_t)s.len;
    if (from >= 0 && (to < 0 || to > len))
        to = len;
    from = from < 0 ? 0 : from;
    if (to < from || to > len)
        return tcall_fail(c, "slice bounds out of range");
    return TVAL_S(str_slice(s, (size_t)from, (size_t)to));
}

struct tval tfn_trunc(struct tcall *c)
{
    struct str s = tcall_text(c, 1);
    int64_t n = c->args[0].integer, len = (int64_t)s.len;
    if (n < 0)
        return TVAL_S(n > -len ? str_slice(s, (size_t)(len + n), s.len) : s);
    return TVAL_S(str_slice(s, 0, (size_t)n));
}

struct tval tfn_contains(struct tcall *c)
{
    return TVAL_B(str_find(tcall_text(c, 1), tcall_text(c, 0), 0) != SIZE_MAX);
}

struct tval tfn_has_prefix(struct tcall *c)
{
    return TVAL_B(str_starts(tcall_text(c, 1), tcall_text(c, 0)));
}

struct tval tfn_has_suffix(struct tcall *c)
{
    return TVAL_B(str_ends(tcall_text(c, 1), tcall_text(c, 0)));
}

struct tval tfn_repeat(struct tcall *c)
{
    struct buf out;
    struct str s = tcall_text(c, 1);
    int64_t n = c->args[0].integer;
    if (n < 0)
        return tcall_fail(c, "strings: negative Repeat count");
    buf_init(&out, NULL, MAX_TEXT);
    for (int64_t i = 0; i < n && buf_ok(&out) && s.len != 0; i++)
        buf_str(&out, s);
    return tcall_take(c, &out);
}

struct tval tfn_nospace(struct tcall *c)
{
    struct buf out;
    struct str s = tcall_text(c, 0);
    buf_init(&out, NULL, MAX_TEXT);
    while (s.len != 0) {
        unsigned size;
        uint32_t rune = utf8_decode(s, &size);
        if (!unicode_is_space(rune))
            buf_str(&out, str_slice(s, 0, size));
        s = str_slice(s, size, s.len);
    }
    return tcall_take(c, &out);
}

static struct tval quote(struct tcall *c, bool is_single)
{
    struct buf out;
    bool is_first = true;
    buf_init(&out, NULL, MAX_TEXT);
    for (size_t i = 0; i < c->count; i++) {
        if (c->args[i].kind == TVAL_NIL)
            continue;
        if (!is_first)
            buf_byte(&out, ' ');
        is_first = false;
        if (is_single) {
            buf_byte(&out, '\'');
            buf_str(&out, tcall_text(c, i));
            buf_byte(&out, '\'');
        } else {
            strconv_quote(&out, tcall_text(c, i));
        }
    }
    return tcall_take(c, &out);
}

struct tval tfn_quote(struct tcall *c)
{
    return quote(c, false);
}

struct tval tfn_squote(struct tcall *c)
{
    return quote(c, true);
}

/* ---- more of sprig ---- */
struct tval tfn_b64enc(struct tcall *c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct str s = tcall_text(c, 0);
    struct buf out;
    buf_init(&out, NULL, MAX_TEXT);
    for (size_t at = 0; at < s.len; at += 3) {
        size_t left = s.len - at < 3 ? s.len - at : 3;
        uint32_t group = 0;
        for (size_t i = 0; i < 3; i++)
            group = group << 8 | (i < left ? (unsigned char)s.ptr[at + i] : 0);
        for (size_t i = 0; i < 4; i++)
            buf_byte(&out, i <= left ? digits[group >> (18 - 6 * i) & 63] : '=');
    }
    return tcall_take(c, &out);
}

struct tval tfn_quote_meta(struct tcall *c)
{
    struct str s = tcall_text(c, 0);
    struct buf out;
    buf_init(&out, NULL, MAX_TEXT);
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] != '\0' && strchr("\\.+*?()|[]{}^$", s.ptr[i]) != NULL)
            buf_byte(&out, '\\');
        buf_byte(&out, s.ptr[i]);
    }
    return tcall_take(c, &out);
}

static void put_indented(struct buf *out, struct str pad, struct str s)
{
    struct str line;
    bool more = true;
    while (more) {
        more = str_cut(s, '\n', &line, &s);
        buf_str(out, pad);
        buf_str(out, line);
        if (more)
            buf_byte(out, '\n');
    }
}

static struct tval indent(struct tcall *c, bool on_new_line)
{
    struct buf out, pad;
    int64_t width = c->args[0].integer;
    if (width < 0 || width > MAX_TEXT)
        return tcall_fail(c, "strings: negative Repeat count");
    buf_init(&pad, NULL, MAX_TEXT + 1);
    buf_init(&out, NULL, MAX_TEXT);
    buf_fill(&pad, ' ', (size_t)width);
    if (on_new_line)
        buf_byte(&out, '\n');
    put_indented(&out, buf_view(&pad), tcall_text(c, 1));
    buf_release(&pad);
    return tcall_take(c, &out);
}

struct tval tfn_indent(struct tcall *c)
{
    return indent(c, false);
}

struct tval tfn_nindent(struct tcall *c)
{
    return indent(c, true);
}

/* strings.Title: the first letter of every word; what stands before it decides. */
struct tval tfn_title(struct tcall *c)
{
    struct str s = tcall_text(c, 0);
    struct buf out;
    uint32_t before = ' ';
    buf_init(&out, NULL, MAX_TEXT);
    while (s.len != 0) {
        unsigned size;
        uint32_t rune = utf8_decode(s, &size);
        bool in_word = before == '_' || unicode_is_letter(before) || unicode_is_digit(before) ||
                       (before >= 0x80 && !unicode_is_space(before));
        utf8_append(&out, in_word ? rune : unicode_to_upper(rune));
        before = rune;
        s = str_slice(s, size, s.len);
    }
    return tcall_take(c, &out);
}

struct tval tfn_swapcase(struct tcall *c)
{
    struct str s = tcall_text(c, 0);
    struct buf out;
    buf_init(&out, NULL, MAX_TEXT);
    while (s.len != 0) {
        unsigned size;
        uint32_t rune = utf8_decode(s, &size);
        uint32_t lower = unicode_to_lower(rune);
        utf8_append(&out, lower != rune ? lower : unicode_to_upper(rune));
        s = str_slice(s, size, s.len);
    }
    return tcall_take(c, &out);
}
