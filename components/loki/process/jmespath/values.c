/* JMESPath: values. They are documents; lists and objects that a search makes are copies of nodes
 * in a row that share their children. What a search makes lives in its arena and is counted. */

#include "components/loki/process/jmespath/internal.h"

#include <stdlib.h>

const struct doc jmespath_null = {.kind = DOC_NULL};
const struct doc jmespath_true = {.kind = DOC_BOOL, .boolean = true};
const struct doc jmespath_false = {.kind = DOC_BOOL};

bool jeval_spend(struct jeval *e, size_t steps)
{
    bool enough = e->steps > steps;
    e->steps = enough ? e->steps - steps : 0;
    return enough;
}

void *jeval_alloc(struct jeval *e, size_t size)
{
    if (e->arena->used > e->arena_end || size > e->arena_end - e->arena->used)
        return NULL;
    return arena_try_alloc(e->arena, size != 0 ? size : 1);
}

static struct doc *new_doc(struct jeval *e, enum doc_kind kind)
{
    struct doc *doc = jeval_alloc(e, sizeof *doc);
    if (doc != NULL)
        *doc = (struct doc){.kind = kind};
    return doc;
}

const struct doc *jv_number(struct jeval *e, double number)
{
    struct doc *doc = new_doc(e, DOC_FLOAT);
    if (doc != NULL)
        doc->number = number;
    return doc;
}

const struct doc *jv_string(struct jeval *e, struct str text)
{
    struct doc *doc = new_doc(e, DOC_STRING);
    if (doc != NULL)
        doc->text = text.ptr != NULL ? text : STR("");
    return doc;
}

const struct doc *jv_take(struct jeval *e, struct buf *text)
{
    enum { BYTES_A_STEP = 16 };
    struct str view = buf_view(text);
    bool ok = buf_ok(text) && jeval_spend(e, view.len / BYTES_A_STEP);
    char *copy = ok ? jeval_alloc(e, view.len) : NULL;
    if (copy != NULL && view.len != 0)
        memcpy(copy, view.ptr, view.len);
    buf_release(text);
    return copy != NULL ? jv_string(e, str_of(copy, view.len)) : NULL;
}

bool jv_is_false(const struct doc *d)
{
    switch ((int)d->kind) {
    case DOC_NULL: return true;
    case DOC_BOOL: return !d->boolean;
    case DOC_STRING: return d->text.len == 0;
    case DOC_LIST:
    case DOC_MAP: return d->count == 0;
    default: return false;
    }
}

/* ---- lists ---- */
bool jlist_put(struct jeval *e, struct jlist *list, struct str key, const struct doc *item)
{
    struct doc *copy = jeval_spend(e, 1) ? jeval_alloc(e, sizeof *copy) : NULL;
    if (copy == NULL)
        return false;
    *copy = *item;
    copy->key = key;
    copy->next = NULL;
    if (list->last != NULL) {
        list->last->next = copy;
    } else {
        list->first = copy;
    }
    list->last = copy;
    list->count++;
    return true;
}

bool jlist_add(struct jeval *e, struct jlist *list, const struct doc *item)
{
    return jlist_put(e, list, STR_NONE, item);
}

const struct doc *jlist_finish(struct jeval *e, const struct jlist *list, enum doc_kind kind)
{
    struct doc *doc = new_doc(e, kind);
    if (doc != NULL) {
        doc->child = list->first;
        doc->count = list->count;
    }
    return doc;
}

/* ---- members ---- */
static int by_key(const void *a, const void *b)
{
    const struct jitem *x = a;
    const struct jitem *y = b;
    int order = str_cmp(x->doc->key, y->doc->key);
    return order != 0 ? order : (x->at > y->at) - (x->at < y->at);
}

static int by_place(const void *a, const void *b)
{
    const struct jitem *x = a;
    const struct jitem *y = b;
    return (x->at > y->at) - (x->at < y->at);
}

struct jitem *jitems_of(struct arena *arena, const struct doc *d, bool sorted, size_t *count)
{
    size_t n = 0;
    struct jitem *items = arena_try_alloc(arena, (d->count != 0 ? d->count : 1) * sizeof *items);
    *count = 0;
    if (items == NULL)
        return NULL;
    for (const struct doc *child = d->child; child != NULL; child = child->next, n++)
        items[n] = (struct jitem){child, n};
    *count = n;
    if (d->kind != DOC_MAP || n < 2)
        return items;
    qsort(items, n, sizeof *items, by_key);
    *count = 0;
    for (size_t i = 0; i < n; i++) {
        if (i + 1 == n || !str_eq(items[i].doc->key, items[i + 1].doc->key))
            items[(*count)++] = items[i];
    }
    if (!sorted)
        qsort(items, *count, sizeof *items, by_place);
    return items;
}

/* ---- equality, as Go's reflect.DeepEqual: by kind, without recursion ---- */
struct pair {
    struct jitem *left, *right;
    size_t count, at;
    bool is_map;
};

struct comparison {
    struct jeval *e;
    struct pair *stack;
    size_t depth, cap;
};

static bool scalars_equal(const struct doc *a, const struct doc *b)
{
    if (jv_is_number(a) || jv_is_number(b))
        return jv_is_number(a) && jv_is_number(b) && a->number == b->number;
    if (a->kind != b->kind)
        return false;
    switch ((int)a->kind) {
    case DOC_NULL: return true;
    case DOC_BOOL: return a->boolean == b->boolean;
    case DOC_STRING: return str_eq(a->text, b->text);
    default: return false;
    }
}

/* Two values: scalars are compared, containers of one size go onto the stack. */
static bool compare(struct comparison *c, const struct doc *a, const struct doc *b)
{
    if (a->kind != b->kind || (a->kind != DOC_LIST && a->kind != DOC_MAP))
        return scalars_equal(a, b);
    if (a->child == b->child && a->count == b->count) /* one container, or both empty */
        return true;
    if (a->kind == DOC_LIST && a->count != b->count)
        return false;
    if (!jeval_spend(c->e, a->count + b->count))
        return false;
    if (c->depth == c->cap) {
        size_t cap = c->cap != 0 ? c->cap * 2 : 16;
        struct pair *grown = jeval_alloc(c->e, cap * sizeof *grown);
        if (grown == NULL)
            return false;
        if (c->depth != 0)
            memcpy(grown, c->stack, c->depth * sizeof *grown);
        c->stack = grown;
        c->cap = cap;
    }
    struct pair *pair = &c->stack[c->depth++];
    size_t other;
    *pair = (struct pair){.is_map = a->kind == DOC_MAP};
    pair->left = jitems_of(c->e->arena, a, true, &pair->count);
    pair->right = jitems_of(c->e->arena, b, true, &other);
    return pair->left != NULL && pair->right != NULL && pair->count == other;
}

bool jv_equal(struct jeval *e, const struct doc *a, const struct doc *b)
{
    struct comparison c = {.e = e};
    if (!compare(&c, a, b))
        return false;
    while (c.depth != 0) {
        struct pair *top = &c.stack[c.depth - 1];
        if (top->at == top->count) {
            c.depth--;
            continue;
        }
        const struct doc *left = top->left[top->at].doc;
        const struct doc *right = top->right[top->at].doc;
        top->at++;
        if ((top->is_map && !str_eq(left->key, right->key)) || !compare(&c, left, right))
            return false;
    }
    return true;
}
