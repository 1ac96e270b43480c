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
    if (c->args[3].kind != TVAL_INT)
        return tcall_fail(c, "the number of replacements must be an integer");
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
    size_t searched = 0;
    while (searched <= s.len && regex_capture(re, s, searched, groups, count)) {
        size_t from = (size_t)(groups[0].ptr - s.ptr);
        buf_str(&out, str_slice(s, at, from));
        if (is_literal) {
            buf_str(&out, with);
        } else {
            expand(&out, with, re, groups, count);
        }
        at = from + groups[0].len;
        searched = groups[0].len != 0 ? at : at + 1;
        if (groups[0].len == 0 && at < s.len)
            buf_byte(&out, s.ptr[at++]);
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

struct tval tfn_regex_match(struct tcall *c)
{
    struct error err = {0};
    struct regex *re = regex_new(tcall_text(c, 0), REGEX_SEARCH, &err);
    if (re == NULL)
        return tcall_fail(c, err.message);
    bool found = regex_match(re, tcall_text(c, 1));
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
    int64_t from = tcall_int(c, 0);
    int64_t to = tcall_int(c, 1);
    if (from < 0)
        return TVAL_S(str_slice(s, 0, to < 0 ? 0 : (size_t)to));
    if (to < 0 || to > (int64_t)s.len)
        to = (int64_t)s.len;
    return TVAL_S(str_slice(s, (size_t)from, (size_t)to));
}

struct tval tfn_trunc(struct tcall *c)
{
    struct str s = tcall_text(c, 1);
    int64_t n = tcall_int(c, 0);
    if (n < 0 && (int64_t)s.len + n > 0)
        return TVAL_S(str_slice(s, (size_t)((int64_t)s.len + n), s.len));
    return TVAL_S(n >= 0 ? str_slice(s, 0, (size_t)n) : s);
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
    int64_t n = tcall_int(c, 0);
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
