/* JMESPath: calls, and the functions on numbers, lists and objects. The table says what each takes;
 * what is wrong makes the search fail. */

#include "base/strconv.h"
#include "components/loki/process/jmespath/internal.h"

#include <math.h>
#include <stdlib.h>

enum { MAX_TEXT = 16 * 1024 * 1024 };

/* A node of an expression reference. */
static uint32_t expression_of(const struct doc *reference)
{
    return (uint32_t)reference->integer;
}

static const struct doc *apply(struct jcall *c, size_t reference, const struct doc *value)
{
    return jeval_node(c->e, expression_of(c->args[reference]), value);
}

/* ---- numbers ---- */
static const struct doc *fn_abs(struct jcall *c)
{
    return jv_number(c->e, fabs(c->args[0]->number));
}

static const struct doc *fn_ceil(struct jcall *c)
{
    return jv_number(c->e, ceil(c->args[0]->number));
}

static const struct doc *fn_floor(struct jcall *c)
{
    return jv_number(c->e, floor(c->args[0]->number));
}

static double sum_of(const struct doc *list)
{
    double sum = 0;
    for (const struct doc *d = list->child; d != NULL; d = d->next)
        sum += d->number;
    return sum;
}

static const struct doc *fn_sum(struct jcall *c)
{
    return jv_number(c->e, sum_of(c->args[0]));
}

static const struct doc *fn_avg(struct jcall *c)
{
    if (c->args[0]->count == 0)
        return &jmespath_null;
    return jv_number(c->e, sum_of(c->args[0]) / (double)c->args[0]->count);
}

static const struct doc *fn_to_number(struct jcall *c)
{
    const struct doc *of = c->args[0];
    double number;
    bool out_of_range = false;
    if (jv_is_number(of))
        return of;
    if ((int)of->kind == DOC_EXPREF)
        return NULL;
    if (of->kind == DOC_STRING && strconv_parse_float(of->text, &number, &out_of_range) &&
        !out_of_range)
        return jv_number(c->e, number);
    return &jmespath_null;
}

/* ---- the least and the greatest ---- */
/* Whether `a` stands before `b`; texts and numbers. */
static bool is_less(const struct doc *a, const struct doc *b)
{
    return jv_is_number(a) ? a->number < b->number : str_cmp(a->text, b->text) < 0;
}

static const struct doc *fn_max(struct jcall *c)
{
    const struct doc *best = c->args[0]->child;
    for (const struct doc *d = best; d != NULL; d = d->next)
        best = is_less(best, d) ? d : best;
    return best != NULL ? best : &jmespath_null;
}

static const struct doc *fn_min(struct jcall *c)
{
    const struct doc *best = c->args[0]->child;
    for (const struct doc *d = best; d != NULL; d = d->next)
        best = is_less(d, best) ? d : best;
    return best != NULL ? best : &jmespath_null;
}

/* Numbers or texts, all of one kind. */
static bool comparable(const struct doc *key, const struct doc *first)
{
    if (key == NULL)
        return false;
    return jv_is_number(first) ? jv_is_number(key)
                               : key->kind == DOC_STRING && first->kind == DOC_STRING;
}

static const struct doc *best_by(struct jcall *c, bool greatest)
{
    const struct doc *best = c->args[0]->child;
    if (best == NULL)
        return &jmespath_null;
    if (best->next == NULL)
        return best;
    const struct doc *best_key = apply(c, 1, best);
    if (!comparable(best_key, best_key != NULL ? best_key : &jmespath_null))
        return NULL;
    for (const struct doc *d = best->next; d != NULL; d = d->next) {
        const struct doc *key = apply(c, 1, d);
        if (!comparable(key, best_key))
            return NULL;
        if (greatest ? is_less(best_key, key) : is_less(key, best_key)) {
            best = d;
            best_key = key;
        }
    }
    return best;
}

static const struct doc *fn_max_by(struct jcall *c)
{
    return best_by(c, true);
}

static const struct doc *fn_min_by(struct jcall *c)
{
    return best_by(c, false);
}

/* ---- order ---- */
struct sortable {
    const struct doc *item, *key;
    size_t at;
};

/* Numbers that are none come first, as Go sorts them. */
static int by_key(const void *a, const void *b)
{
    const struct sortable *x = a;
    const struct sortable *y = b;
    int order;
    if (jv_is_number(x->key)) {
        bool x_is_none = isnan(x->key->number), y_is_none = isnan(y->key->number);
        order = x_is_none || y_is_none
                    ? y_is_none - x_is_none
                    : (x->key->number > y->key->number) - (x->key->number < y->key->number);
    } else {
        order = str_cmp(x->key->text, y->key->text);
    }
    return order != 0 ? order : (x->at > y->at) - (x->at < y->at);
}

/* Items with keys, in order; `by` is the argument with the expression, 0 for the items themselves.
 */
static struct sortable *sort(struct jcall *c, const struct doc *list, size_t by)
{
    struct sortable *items = jeval_alloc(c->e, list->count * sizeof *items);
    size_t n = 0;
    for (const struct doc *d = list->child; d != NULL && items != NULL; d = d->next, n++) {
        items[n] = (struct sortable){d, by != 0 ? apply(c, by, d) : d, n};
        if (items[n].key == NULL || !comparable(items[n].key, items[0].key))
            return NULL;
    }
    if (items != NULL)
        qsort(items, n, sizeof *items, by_key);
    return items;
}

static const struct doc *sorted(struct jcall *c, size_t by)
{
    struct jlist list = {0};
    const struct sortable *items = sort(c, c->args[0], by);
    if (items == NULL)
        return NULL;
    for (size_t i = 0; i < c->args[0]->count; i++) {
        if (!jlist_add(c->e, &list, items[i].item))
            return NULL;
    }
    return jlist_finish(c->e, &list, DOC_LIST);
}

static const struct doc *fn_sort(struct jcall *c)
{
    return sorted(c, 0);
}

static const struct doc *fn_sort_by(struct jcall *c)
{
    return c->args[0]->count < 2 ? c->args[0] : sorted(c, 1);
}

/* Lists by the text that the expression gives. */
static const struct doc *fn_group_by(struct jcall *c)
{
    struct jlist groups = {0};
    const struct doc *of = c->args[0];
    if (of->count == 0)
        return &jmespath_null;
    const struct sortable *items = sort(c, of, 1);
    if (items == NULL || items[0].key->kind != DOC_STRING)
        return NULL;
    for (size_t i = 0; i < of->count;) {
        struct jlist group = {0};
        struct str key = items[i].key->text;
        for (; i < of->count && str_eq(items[i].key->text, key); i++) {
            if (!jlist_add(c->e, &group, items[i].item))
                return NULL;
        }
        const struct doc *made = jlist_finish(c->e, &group, DOC_LIST);
        if (made == NULL || !jlist_put(c->e, &groups, key, made))
            return NULL;
    }
    return jlist_finish(c->e, &groups, DOC_MAP);
}

/* ---- objects ---- */
enum part { KEYS, VALUES, ITEMS };

static bool add_part(struct jcall *c, struct jlist *list, const struct doc *member, enum part part)
{
    if (part == VALUES)
        return jlist_add(c->e, list, member);
    const struct doc *key = jv_string(c->e, member->key);
    if (part == KEYS || key == NULL)
        return key != NULL && jlist_add(c->e, list, key);
    struct jlist pair = {0};
    if (!jlist_add(c->e, &pair, key) || !jlist_add(c->e, &pair, member))
        return false;
    const struct doc *made = jlist_finish(c->e, &pair, DOC_LIST);
    return made != NULL && jlist_add(c->e, list, made);
}

static const struct doc *parts(struct jcall *c, enum part part)
{
    struct jlist list = {0};
    size_t count;
    const struct jitem *items = jitems_of(c->e->arena, c->args[0], false, &count);
    for (size_t i = 0; i < count; i++) {
        if (!add_part(c, &list, items[i].doc, part))
            return NULL;
    }
    return items != NULL ? jlist_finish(c->e, &list, DOC_LIST) : NULL;
}

static const struct doc *fn_keys(struct jcall *c)
{
    return parts(c, KEYS);
}

static const struct doc *fn_values(struct jcall *c)
{
    return parts(c, VALUES);
}

static const struct doc *fn_items(struct jcall *c)
{
    return parts(c, ITEMS);
}

static const struct doc *fn_from_items(struct jcall *c)
{
    struct jlist list = {0};
    for (const struct doc *pair = c->args[0]->child; pair != NULL; pair = pair->next) {
        if (pair->kind != DOC_LIST || pair->count != 2 || pair->child->kind != DOC_STRING ||
            !jlist_put(c->e, &list, pair->child->text, pair->child->next))
            return NULL;
    }
    return jlist_finish(c->e, &list, DOC_MAP);
}

static const struct doc *fn_merge(struct jcall *c)
{
    struct jlist list = {0};
    for (size_t i = 0; i < c->count; i++) {
        for (const struct doc *d = c->args[i]->child; d != NULL; d = d->next) {
            if (!jlist_put(c->e, &list, d->key, d))
                return NULL;
        }
    }
    return jlist_finish(c->e, &list, DOC_MAP);
}

/* ---- lists ---- */
static const struct doc *fn_map(struct jcall *c)
{
    struct jlist list = {0};
    for (const struct doc *d = c->args[1]->child; d != NULL; d = d->next) {
        const struct doc *made = apply(c, 0, d);
        if (made == NULL || !jlist_add(c->e, &list, made))
            return NULL;
    }
    return jlist_finish(c->e, &list, DOC_LIST);
}

static const struct doc *fn_to_array(struct jcall *c)
{
    struct jlist list = {0};
    if (c->args[0]->kind == DOC_LIST)
        return c->args[0];
    return jlist_add(c->e, &list, c->args[0]) ? jlist_finish(c->e, &list, DOC_LIST) : NULL;
}

static const struct doc *fn_zip(struct jcall *c)
{
    struct jlist rows = {0};
    const struct doc **at = jeval_alloc(c->e, c->count * sizeof *at);
    size_t length = SIZE_MAX;
    for (size_t i = 0; i < c->count && at != NULL; i++) {
        at[i] = c->args[i]->child;
        length = c->args[i]->count < length ? c->args[i]->count : length;
    }
    for (size_t row = 0; row < length && at != NULL; row++) {
        struct jlist list = {0};
        for (size_t i = 0; i < c->count; i++) {
            if (!jlist_add(c->e, &list, at[i]))
                return NULL;
            at[i] = at[i]->next;
        }
        const struct doc *made = jlist_finish(c->e, &list, DOC_LIST);
        if (made == NULL || !jlist_add(c->e, &rows, made))
            return NULL;
    }
    return at != NULL ? jlist_finish(c->e, &rows, DOC_LIST) : NULL;
}

/* ---- any value ---- */
static const struct doc *fn_length(struct jcall *c)
{
    const struct doc *of = c->args[0];
    size_t count = of->count;
    if (of->kind == DOC_STRING)
        return jv_number(c->e, (double)utf8_count(of->text));
    if (of->kind == DOC_MAP && jitems_of(c->e->arena, of, true, &count) == NULL)
        return NULL;
    return jv_number(c->e, (double)count);
}

static const struct doc *fn_not_null(struct jcall *c)
{
    for (size_t i = 0; i < c->count; i++) {
        if (c->args[i]->kind != DOC_NULL)
            return c->args[i];
    }
    return &jmespath_null;
}

static const struct doc *fn_type(struct jcall *c)
{
    switch ((int)c->args[0]->kind) {
    case DOC_NULL: return jv_string(c->e, STR("null"));
    case DOC_BOOL: return jv_string(c->e, STR("boolean"));
    case DOC_INT:
    case DOC_FLOAT: return jv_string(c->e, STR("number"));
    case DOC_STRING: return jv_string(c->e, STR("string"));
    case DOC_LIST: return jv_string(c->e, STR("array"));
    case DOC_MAP: return jv_string(c->e, STR("object"));
    default: return NULL;
    }
}

static const struct doc *fn_to_string(struct jcall *c)
{
    struct buf text;
    if (c->args[0]->kind == DOC_STRING)
        return c->args[0];
    buf_init(&text, NULL, MAX_TEXT);
    if (jmespath_marshal(c->args[0], MARSHAL_GO, c->e->arena, &text))
        return jv_take(c->e, &text);
    buf_release(&text);
    return NULL;
}

static const struct jfunction functions[] = {
    {"abs", "n", fn_abs},
    {"avg", "N", fn_avg},
    {"ceil", "n", fn_ceil},
    {"floor", "n", fn_floor},
    {"from_items", "a", fn_from_items},
    {"group_by", "a,&", fn_group_by},
    {"items", "o", fn_items},
    {"keys", "o", fn_keys},
    {"length", "sao", fn_length},
    {"map", "&,a", fn_map},
    {"max", "NS", fn_max},
    {"max_by", "a,&", fn_max_by},
    {"merge", "o+", fn_merge},
    {"min", "NS", fn_min},
    {"min_by", "a,&", fn_min_by},
    {"not_null", "*+", fn_not_null},
    {"sort", "SN", fn_sort},
    {"sort_by", "a,&", fn_sort_by},
    {"sum", "N", fn_sum},
    {"to_array", "*", fn_to_array},
    {"to_number", "*", fn_to_number},
    {"to_string", "*", fn_to_string},
    {"type", "*", fn_type},
    {"values", "o", fn_values},
    {"zip", "a,a+", fn_zip},
    {NULL, NULL, NULL},
};

/* ---- calls ---- */
static bool all_are(const struct doc *list, bool numbers)
{
    if (list->kind != DOC_LIST)
        return false;
    for (const struct doc *d = list->child; d != NULL; d = d->next) {
        if (numbers ? !jv_is_number(d) : d->kind != DOC_STRING)
            return false;
    }
    return true;
}

static bool has_type(const struct doc *d, char type)
{
    switch (type) {
    case 'n': return jv_is_number(d);
    case 's': return d->kind == DOC_STRING;
    case 'a': return d->kind == DOC_LIST;
    case 'o': return d->kind == DOC_MAP;
    case 'N': return all_are(d, true);
    case 'S': return all_are(d, false);
    case '&': return (int)d->kind == DOC_EXPREF;
    default: return type == '*';
    }
}

/* Whether the arguments are those that the function takes. */
static bool fits(const struct jcall *c, const char *arguments)
{
    struct str rest = str_from(arguments), types;
    size_t at = 0;
    bool more = true;
    while (more) {
        more = str_cut(rest, ',', &types, &rest);
        char mark = types.ptr[types.len - 1];
        bool optional = mark == '?', repeats = mark == '+';
        types.len -= optional || repeats;
        if (at >= c->count && !optional)
            return false;
        for (bool again = at < c->count; again; again = repeats && at < c->count) {
            bool found = false;
            for (size_t i = 0; i < types.len && !found; i++)
                found = has_type(c->args[at], types.ptr[i]);
            if (!found)
                return false;
            at++;
        }
    }
    return at == c->count;
}

static const struct jfunction *find(const struct jfunction *table, struct str name)
{
    while (table->name != NULL && !str_is(name, table->name))
        table++;
    return table->name != NULL ? table : NULL;
}

const struct doc *jeval_call(struct jeval *e, struct str name, const struct doc *const *args,
                             size_t count)
{
    enum { BYTES_A_STEP = 16 };
    struct jcall call = {e, args, count};
    const struct jfunction *f = find(functions, name);
    if (f == NULL)
        f = find(jmespath_text_functions, name);
    size_t steps = 1;
    for (size_t i = 0; i < count; i++)
        steps += args[i]->count + args[i]->text.len / BYTES_A_STEP;
    return f != NULL && jeval_spend(e, steps) && fits(&call, f->arguments) ? f->run(&call) : NULL;
}
