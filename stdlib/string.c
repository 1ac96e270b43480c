/* string.*: as Go's strings package does it. Texts are bytes; runes matter only where Go decodes
 * them. */

#include "base/strconv.h"
#include "stdlib/functions.h"

static const enum param_type one_str[] = {PARAM_STR};
static const enum param_type two_strs[] = {PARAM_STR, PARAM_STR};
static const enum param_type three_strs[] = {PARAM_STR, PARAM_STR, PARAM_STR};
static const enum param_type list_and_str[] = {PARAM_STR_LIST, PARAM_STR};
static const enum param_type format_params[] = {PARAM_STR, PARAM_PLAIN};

static struct value *run_format(struct call *call)
{
    struct buf out;
    buf_init(&out, NULL, RESULT_MAX);
    go_sprintf(&out, arg_str(call, 0), call->args + 1, call->count - 1);
    return finish_text(call, &out);
}

static struct value *run_join(struct call *call)
{
    const struct value *list = call->args[0];
    struct buf out;
    buf_init(&out, NULL, RESULT_MAX);
    for (uint32_t i = 0; i < list->count; i++) {
        if (i > 0)
            buf_str(&out, arg_str(call, 1));
        buf_str(&out, list->as.elements[i]->as.string);
    }
    return finish_text(call, &out);
}

static size_t rune_size(struct str s, size_t at)
{
    unsigned size;
    utf8_decode(str_slice(s, at, s.len), &size);
    return size;
}

/* An empty `old` is found before and behind every rune. */
static void replace_between(struct buf *out, struct str s, struct str new_text)
{
    buf_str(out, new_text);
    for (size_t at = 0; at < s.len;) {
        size_t size = rune_size(s, at);
        buf_str(out, str_slice(s, at, at + size));
        buf_str(out, new_text);
        at += size;
    }
}

static struct value *run_replace(struct call *call)
{
    struct str s = arg_str(call, 0);
    struct str old = arg_str(call, 1);
    struct buf out;
    buf_init(&out, NULL, RESULT_MAX);
    if (old.len == 0) {
        replace_between(&out, s, arg_str(call, 2));
        return finish_text(call, &out);
    }
    size_t at = 0;
    for (size_t hit; (hit = str_find(s, old, at)) != SIZE_MAX; at = hit + old.len) {
        buf_str(&out, str_slice(s, at, hit));
        buf_str(&out, arg_str(call, 2));
    }
    buf_str(&out, str_slice(s, at, s.len));
    return finish_text(call, &out);
}

static struct value *run_split(struct call *call)
{
    struct str s = arg_str(call, 0);
    struct str sep = arg_str(call, 1);
    VEC(struct value *) parts = {0};
    size_t at = 0;
    while (sep.len == 0 && at < s.len) {
        size_t size = rune_size(s, at);
        VEC_PUSH(&parts, value_string(str_slice(s, at, at + size)));
        at += size;
    }
    if (sep.len > 0) {
        for (size_t hit; (hit = str_find(s, sep, at)) != SIZE_MAX; at = hit + sep.len)
            VEC_PUSH(&parts, value_string(str_slice(s, at, hit)));
        VEC_PUSH(&parts, value_string(str_slice(s, at, s.len)));
    }
    struct value *list = value_array(parts.items, parts.len);
    VEC_RELEASE(&parts);
    return list;
}

static bool is_ascii(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] >= 0x80)
            return false;
    return true;
}

static struct value *map_runes(struct call *call, uint32_t (*map)(uint32_t rune))
{
    struct str s = arg_str(call, 0);
    struct buf out;
    buf_init(&out, NULL, RESULT_MAX);
    if (is_ascii(s)) {
        for (size_t i = 0; i < s.len; i++)
            buf_byte(&out, (char)map((unsigned char)s.ptr[i]));
        return finish_text(call, &out);
    }
    for (size_t at = 0; at < s.len;) {
        unsigned size;
        uint32_t rune = utf8_decode(str_slice(s, at, s.len), &size);
        utf8_append(&out, map(rune));
        at += size;
    }
    return finish_text(call, &out);
}

static struct value *run_to_lower(struct call *call)
{
    return map_runes(call, unicode_to_lower);
}

static struct value *run_to_upper(struct call *call)
{
    return map_runes(call, unicode_to_upper);
}

/* Whether a rune is to be cut off; `set` is the cutset or unused. */
typedef bool cut_fn(struct str set, uint32_t rune);

static bool in_set(struct str set, uint32_t rune)
{
    for (size_t at = 0; at < set.len;) {
        unsigned size;
        if (utf8_decode(str_slice(set, at, set.len), &size) == rune)
            return true;
        at += size;
    }
    return false;
}

static bool is_space(struct str set, uint32_t rune)
{
    (void)set;
    return unicode_is_space(rune);
}

/* Where the last rune of a text begins, and the rune. */
static size_t last_rune(struct str s, uint32_t *rune)
{
    unsigned size;
    size_t least = s.len > 4 ? s.len - 4 : 0;
    for (size_t start = s.len - 1; start + 1 > least; start--) {
        *rune = utf8_decode(str_slice(s, start, s.len), &size);
        if (start + size == s.len && (size > 1 || (unsigned char)s.ptr[start] < 0x80))
            return start;
        if (start == 0)
            break;
    }
    *rune = UTF8_BAD;
    return s.len - 1;
}

static struct str cut_both_ends(struct str s, cut_fn *cut, struct str set)
{
    while (s.len > 0) {
        unsigned size;
        if (!cut(set, utf8_decode(s, &size)))
            break;
        s = str_slice(s, size, s.len);
    }
    while (s.len > 0) {
        uint32_t rune;
        size_t start = last_rune(s, &rune);
        if (!cut(set, rune))
            break;
        s = str_slice(s, 0, start);
    }
    return s;
}

static struct value *run_trim(struct call *call)
{
    return value_string(cut_both_ends(arg_str(call, 0), in_set, arg_str(call, 1)));
}

static struct value *run_trim_space(struct call *call)
{
    return value_string(cut_both_ends(arg_str(call, 0), is_space, STR_NONE));
}

static struct value *run_trim_prefix(struct call *call)
{
    struct str s = arg_str(call, 0);
    struct str prefix = arg_str(call, 1);
    return value_string(str_starts(s, prefix) ? str_slice(s, prefix.len, s.len) : s);
}

static struct value *run_trim_suffix(struct call *call)
{
    struct str s = arg_str(call, 0);
    struct str suffix = arg_str(call, 1);
    return value_string(str_ends(s, suffix) ? str_slice(s, 0, s.len - suffix.len) : s);
}

const struct function_def function_string_format = {
    .name = "string.format",
    .params = format_params,
    .param_count = 2,
    .variadic = true,
    .run = run_format,
    .signature = "string.format(format string, values ...any) string",
    .doc = "Fills the verbs of a format (%s, %d, %v …) with values.",
    .example = "string.format(\"%s has %03d items, %.1f%% done\", \"job\", 7, 12.345)",
};

const struct function_def function_string_join = {
    .name = "string.join",
    .params = list_and_str,
    .param_count = 2,
    .run = run_join,
    .signature = "string.join(list list(string), separator string) string",
    .doc = "Joins the items of a list with a separator between them.",
    .example = "string.join([\"a\", \"b\", 3], \"-\")",
};

const struct function_def function_string_replace = {
    .name = "string.replace",
    .params = three_strs,
    .param_count = 3,
    .run = run_replace,
    .signature = "string.replace(text string, old string, new string) string",
    .doc = "Replaces every occurrence of a text by another.",
    .example = "string.replace(\"a.b.c\", \".\", \"_\")",
};

const struct function_def function_string_split = {
    .name = "string.split",
    .params = two_strs,
    .param_count = 2,
    .run = run_split,
    .signature = "string.split(text string, separator string) list(string)",
    .doc = "Splits a text at every separator.",
    .example = "string.split(\"a,b,,c\", \",\")",
};

const struct function_def function_string_to_lower = {
    .name = "string.to_lower",
    .params = one_str,
    .param_count = 1,
    .run = run_to_lower,
    .signature = "string.to_lower(text string) string",
    .doc = "Turns all letters to lower case.",
    .example = "string.to_lower(\"\xc3"
               "\x84"
               "BC\")",
};

const struct function_def function_string_to_upper = {
    .name = "string.to_upper",
    .params = one_str,
    .param_count = 1,
    .run = run_to_upper,
    .signature = "string.to_upper(text string) string",
    .doc = "Turns all letters to upper case.",
    .example = "string.to_upper(\"stra\xc3"
               "\x9f"
               "e\")",
};

const struct function_def function_string_trim = {
    .name = "string.trim",
    .params = two_strs,
    .param_count = 2,
    .run = run_trim,
    .signature = "string.trim(text string, cutset string) string",
    .doc = "Cuts all characters of the cutset from both ends.",
    .example = "string.trim(\"--a-b--\", \"-\")",
};

const struct function_def function_string_trim_prefix = {
    .name = "string.trim_prefix",
    .params = two_strs,
    .param_count = 2,
    .run = run_trim_prefix,
    .signature = "string.trim_prefix(text string, prefix string) string",
    .doc = "Cuts a prefix, once, if the text begins with it.",
    .example = "string.trim_prefix(\"v1.2.3\", \"v\")",
};

const struct function_def function_string_trim_space = {
    .name = "string.trim_space",
    .params = one_str,
    .param_count = 1,
    .run = run_trim_space,
    .signature = "string.trim_space(text string) string",
    .doc = "Cuts white space from both ends.",
    .example = "string.trim_space(\"  a b\\n\")",
};

const struct function_def function_string_trim_suffix = {
    .name = "string.trim_suffix",
    .params = two_strs,
    .param_count = 2,
    .run = run_trim_suffix,
    .signature = "string.trim_suffix(text string, suffix string) string",
    .doc = "Cuts a suffix, once, if the text ends with it.",
    .example = "string.trim_suffix(\"host.local\", \".local\")",
};
