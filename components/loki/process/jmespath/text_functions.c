/* JMESPath: the functions on texts. Places and lengths are bytes where Alloy's library counts
 * bytes.
 */

#include "base/strconv.h"
#include "components/loki/process/jmespath/internal.h"
#include "components/loki/process/texts.h"

#include <math.h>

enum { MAX_TEXT = 16 * 1024 * 1024 };

static struct str text_of(const struct jcall *c, size_t i)
{
    return c->args[i]->text;
}

/* A whole number, as Go converts it. */
static bool integer_of(const struct jcall *c, size_t i, int64_t *out)
{
    const double limit = 9223372036854775808.0;
    double number = c->args[i]->number;
    if (isnan(number) || floor(number) != number)
        return false;
    *out = number >= -limit && number < limit ? (int64_t)number : INT64_MIN;
    return true;
}

static bool count_of(const struct jcall *c, size_t i, int64_t *out)
{
    return integer_of(c, i, out) && *out >= 0;
}

/* ---- searching ---- */
/* A member of a list is found by its value; lists and objects cannot be looked for. */
static const struct doc *fn_contains(struct jcall *c)
{
    const struct doc *in = c->args[0], *what = c->args[1];
    if (in->kind == DOC_STRING) {
        return jv_bool(what->kind == DOC_STRING && str_find(in->text, what->text, 0) != SIZE_MAX);
    }
    bool is_scalar =
        what->kind != DOC_LIST && what->kind != DOC_MAP && (int)what->kind != DOC_EXPREF;
    for (const struct doc *d = in->child; d != NULL; d = d->next) {
        if (is_scalar && jv_equal(c->e, d, what))
            return &jmespath_true;
        if (!is_scalar && d->kind == what->kind)
            return NULL;
    }
    return &jmespath_false;
}

static const struct doc *fn_starts_with(struct jcall *c)
{
    return jv_bool(str_starts(text_of(c, 0), text_of(c, 1)));
}

static const struct doc *fn_ends_with(struct jcall *c)
{
    return jv_bool(str_ends(text_of(c, 0), text_of(c, 1)));
}

static size_t find_last(struct str text, struct str what)
{
    size_t last = SIZE_MAX;
    for (size_t at = str_find(text, what, 0); at != SIZE_MAX; at = str_find(text, what, at + 1))
        last = at;
    return last;
}

static const struct doc *find(struct jcall *c, bool from_end)
{
    struct str text = text_of(c, 0), what = text_of(c, 1);
    int64_t start = 0, end = (int64_t)text.len;
    if (text.len == 0 || what.len == 0)
        return &jmespath_null;
    if (c->count > 2 && !integer_of(c, 2, &start))
        return NULL;
    if (c->count > 3 && !integer_of(c, 3, &end))
        return NULL;
    start = start < 0 ? 0 : start;
    end = end > (int64_t)text.len ? (int64_t)text.len : end;
    if (start > end) /* Alloy's library ends the process */
        return NULL;
    text = str_slice(text, (size_t)start, (size_t)end);
    size_t at = from_end ? find_last(text, what) : str_find(text, what, 0);
    return at == SIZE_MAX ? &jmespath_null : jv_number(c->e, (double)start + (double)at);
}

static const struct doc *fn_find_first(struct jcall *c)
{
    return find(c, false);
}

static const struct doc *fn_find_last(struct jcall *c)
{
    return find(c, true);
}

/* ---- changing ---- */
static const struct doc *map_case(struct jcall *c, bool upper)
{
    struct buf out;
    buf_init(&out, NULL, MAX_TEXT);
    texts_case(&out, text_of(c, 0), upper);
    return jv_take(c->e, &out);
}

static const struct doc *fn_lower(struct jcall *c)
{
    return map_case(c, false);
}

static const struct doc *fn_upper(struct jcall *c)
{
    return map_case(c, true);
}

static const struct doc *trim(struct jcall *c, bool left, bool right)
{
    struct str text = text_of(c, 0);
    struct str set = c->count > 1 ? text_of(c, 1) : STR_NONE;
    if (left)
        text = set.len != 0 ? texts_cut_left(text, set) : texts_space_left(text);
    if (right)
        text = set.len != 0 ? texts_cut_right(text, set) : texts_space_right(text);
    return jv_string(c->e, text);
}

static const struct doc *fn_trim(struct jcall *c)
{
    return trim(c, true, true);
}

static const struct doc *fn_trim_left(struct jcall *c)
{
    return trim(c, true, false);
}

static const struct doc *fn_trim_right(struct jcall *c)
{
    return trim(c, false, true);
}

static const struct doc *fn_replace(struct jcall *c)
{
    struct buf out;
    int64_t count = -1;
    if (c->count > 3 && !count_of(c, 3, &count))
        return NULL;
    buf_init(&out, NULL, MAX_TEXT);
    texts_replace(&out, text_of(c, 0), text_of(c, 1), text_of(c, 2), count);
    return jv_take(c->e, &out);
}

static const struct doc *pad(struct jcall *c, bool left)
{
    struct str text = text_of(c, 0);
    struct str with = c->count > 2 ? text_of(c, 2) : STR(" ");
    struct buf out;
    int64_t width;
    if (!count_of(c, 1, &width) || width > MAX_TEXT || with.len > 1)
        return NULL;
    size_t fill = with.len != 0 && (size_t)width > text.len ? (size_t)width - text.len : 0;
    buf_init(&out, NULL, MAX_TEXT);
    if (!left)
        buf_str(&out, text);
    if (fill != 0)
        buf_fill(&out, with.ptr[0], fill);
    if (left)
        buf_str(&out, text);
    return jv_take(c->e, &out);
}

static const struct doc *fn_pad_left(struct jcall *c)
{
    return pad(c, true);
}

static const struct doc *fn_pad_right(struct jcall *c)
{
    return pad(c, false);
}

/* ---- lists of texts ---- */
static const struct doc *reverse_text(struct jcall *c)
{
    struct buf out;
    struct str text = text_of(c, 0);
    buf_init(&out, NULL, MAX_TEXT);
    while (text.len != 0) {
        unsigned size;
        size_t from = texts_last_rune(text);
        utf8_append(&out, utf8_decode(str_slice(text, from, text.len), &size));
        text.len = from;
    }
    return jv_take(c->e, &out);
}

static const struct doc *fn_reverse(struct jcall *c)
{
    struct jlist list = {0};
    const struct doc *of = c->args[0];
    size_t count;
    if (of->kind == DOC_STRING)
        return reverse_text(c);
    struct jitem *items = jitems_of(c->e->arena, of, false, &count);
    while (items != NULL && count-- > 0) {
        if (!jlist_add(c->e, &list, items[count].doc))
            return NULL;
    }
    return items != NULL ? jlist_finish(c->e, &list, DOC_LIST) : NULL;
}

static const struct doc *fn_join(struct jcall *c)
{
    struct buf out;
    buf_init(&out, NULL, MAX_TEXT);
    for (const struct doc *d = c->args[1]->child; d != NULL; d = d->next) {
        if (d != c->args[1]->child)
            buf_str(&out, text_of(c, 0));
        buf_str(&out, d->text);
    }
    return jv_take(c->e, &out);
}

static bool add_text(struct jcall *c, struct jlist *list, struct str text)
{
    const struct doc *made = jv_string(c->e, text);
    return made != NULL && jlist_add(c->e, list, made);
}

/* At most `cuts` cuts; an empty separator cuts behind every rune. */
static const struct doc *fn_split(struct jcall *c)
{
    struct jlist list = {0};
    struct str text = text_of(c, 0), by = text_of(c, 1);
    int64_t cuts = INT64_MAX;
    if (text.len == 0)
        return jlist_finish(c->e, &list, DOC_LIST);
    if (c->count > 2 && !count_of(c, 2, &cuts))
        return NULL;
    for (; cuts > 0; cuts--) {
        unsigned size = 0;
        if (by.len == 0)
            utf8_decode(text, &size);
        size_t at = by.len == 0 ? size : str_find(text, by, 0);
        if (at == SIZE_MAX || (by.len == 0 && at >= text.len))
            break;
        if (!add_text(c, &list, str_slice(text, 0, at)))
            return NULL;
        text = str_slice(text, at + by.len, text.len);
    }
    return add_text(c, &list, text) ? jlist_finish(c->e, &list, DOC_LIST) : NULL;
}

const struct jfunction jmespath_text_functions[] = {
    {"contains", "as,*", fn_contains},
    {"ends_with", "s,s", fn_ends_with},
    {"find_first", "s,s,n?,n?", fn_find_first},
    {"find_last", "s,s,n?,n?", fn_find_last},
    {"join", "s,S", fn_join},
    {"lower", "s", fn_lower},
    {"pad_left", "s,n,s?", fn_pad_left},
    {"pad_right", "s,n,s?", fn_pad_right},
    {"replace", "s,s,s,n?", fn_replace},
    {"reverse", "as", fn_reverse},
    {"split", "s,s,n?", fn_split},
    {"starts_with", "s,s", fn_starts_with},
    {"trim", "s,s?", fn_trim},
    {"trim_left", "s,s?", fn_trim_left},
    {"trim_right", "s,s?", fn_trim_right},
    {"upper", "s", fn_upper},
    {NULL, NULL, NULL},
};
