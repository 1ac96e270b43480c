/* JMESPath: a search. A function a kind of node; NULL means that the search failed. */

#include "components/loki/process/jmespath/internal.h"

#include "base/strconv.h"

#include <math.h>

enum {
    MAX_STEPS = 4 * 1000 * 1000,
    MAX_BYTES = 64 * 1024 * 1024,
    MAX_RUNES_TEXT = 16 * 1024 * 1024,
};

typedef const struct doc *(*eval_fn)(struct jeval *e, const struct jnode *n,
                                     const struct doc *value);

static const struct jnode *node_at(const struct jeval *e, uint32_t index)
{
    return &e->nodes[index];
}

static uint32_t second(const struct jeval *e, const struct jnode *n)
{
    return node_at(e, n->first)->next;
}

/* ---- values ---- */
static const struct doc *eval_current(struct jeval *e, const struct jnode *n,
                                      const struct doc *value)
{
    (void)e;
    (void)n;
    return value;
}

static const struct doc *eval_root(struct jeval *e, const struct jnode *n, const struct doc *value)
{
    (void)n;
    (void)value;
    return e->root;
}

static const struct doc *eval_literal(struct jeval *e, const struct jnode *n,
                                      const struct doc *value)
{
    (void)e;
    (void)value;
    return n->literal;
}

static const struct doc *eval_field(struct jeval *e, const struct jnode *n, const struct doc *value)
{
    const struct doc *found = NULL;
    if (value->kind == DOC_MAP && jeval_spend(e, value->count))
        found = doc_get(value, n->text);
    return found != NULL ? found : &jmespath_null;
}

static const struct doc *eval_index(struct jeval *e, const struct jnode *n, const struct doc *value)
{
    int64_t index = n->parts[0];
    if (value->kind != DOC_LIST)
        return &jmespath_null;
    if (index < 0)
        index += (int64_t)value->count;
    if (index < 0 || index >= (int64_t)value->count || !jeval_spend(e, (size_t)index))
        return &jmespath_null;
    const struct doc *child = value->child;
    while (index-- > 0)
        child = child->next;
    return child;
}

static const struct doc *eval_expref(struct jeval *e, const struct jnode *n,
                                     const struct doc *value)
{
    struct doc *doc = jeval_alloc(e, sizeof *doc);
    (void)value;
    if (doc == NULL)
        return NULL;
    *doc = (struct doc){.kind = (enum doc_kind)DOC_EXPREF, .integer = n->first, .text = STR("")};
    return doc;
}

/* ---- slices ---- */
struct range {
    int64_t start, stop, step;
};

static int64_t cap_end(int64_t length, int64_t at, int64_t step)
{
    if (at < 0) {
        at += length;
        if (at < 0)
            return step < 0 ? -1 : 0;
        return at;
    }
    if (at >= length)
        return step < 0 ? length - 1 : length;
    return at;
}

static bool range_of(const struct jnode *n, int64_t length, struct range *out)
{
    out->step = n->given & 4 ? n->parts[2] : 1;
    bool backward = out->step < 0;
    out->start = n->given & 1 ? cap_end(length, n->parts[0], out->step) : backward ? length - 1 : 0;
    out->stop = n->given & 2 ? cap_end(length, n->parts[1], out->step) : backward ? -1 : length;
    return out->step != 0;
}

/* False at the end; a step beyond the range of numbers ends too. */
static bool range_next(const struct range *r, int64_t *at)
{
    if (r->step > 0 ? *at >= r->stop : *at <= r->stop)
        return false;
    return true;
}

static void range_step(const struct range *r, int64_t *at)
{
    if (__builtin_add_overflow(*at, r->step, at))
        *at = r->stop;
}

static const struct doc *slice_text(struct jeval *e, const struct jnode *n, struct str text)
{
    struct range r;
    struct buf out;
    size_t count = 0;
    uint32_t *runes = text.len < MAX_RUNES_TEXT ? jeval_alloc(e, text.len * sizeof *runes) : NULL;
    if (runes == NULL || !jeval_spend(e, text.len))
        return NULL;
    while (text.len != 0) {
        unsigned size;
        runes[count++] = utf8_decode(text, &size);
        text = str_slice(text, size, text.len);
    }
    if (!range_of(n, (int64_t)count, &r))
        return &jmespath_null;
    buf_init(&out, NULL, MAX_BYTES);
    for (int64_t at = r.start; range_next(&r, &at); range_step(&r, &at))
        utf8_append(&out, runes[at]);
    return jv_take(e, &out);
}

static const struct doc *eval_slice(struct jeval *e, const struct jnode *n, const struct doc *value)
{
    struct jlist list = {0};
    struct range r;
    size_t count;
    if (value->kind == DOC_STRING)
        return slice_text(e, n, value->text);
    if (value->kind != DOC_LIST)
        return &jmespath_null;
    struct jitem *items = jitems_of(e->arena, value, false, &count);
    if (items == NULL || !jeval_spend(e, count) || !range_of(n, (int64_t)count, &r))
        return NULL;
    for (int64_t at = r.start; range_next(&r, &at); range_step(&r, &at)) {
        if (!jlist_add(e, &list, items[at].doc))
            return NULL;
    }
    return jlist_finish(e, &list, DOC_LIST);
}

/* ---- chains ---- */
static const struct doc *eval_subexpression(struct jeval *e, const struct jnode *n,
                                            const struct doc *value)
{
    const struct doc *left = jeval_node(e, n->first, value);
    if (left == NULL || left->kind == DOC_NULL)
        return left;
    return jeval_node(e, second(e, n), left);
}

static const struct doc *eval_pipe(struct jeval *e, const struct jnode *n, const struct doc *value)
{
    const struct doc *left = jeval_node(e, n->first, value);
    return left != NULL ? jeval_node(e, second(e, n), left) : NULL;
}

static const struct doc *eval_or(struct jeval *e, const struct jnode *n, const struct doc *value)
{
    const struct doc *left = jeval_node(e, n->first, value);
    if (left == NULL || !jv_is_false(left))
        return left;
    return jeval_node(e, second(e, n), value);
}

static const struct doc *eval_and(struct jeval *e, const struct jnode *n, const struct doc *value)
{
    const struct doc *left = jeval_node(e, n->first, value);
    if (left == NULL || jv_is_false(left))
        return left;
    return jeval_node(e, second(e, n), value);
}

static const struct doc *eval_not(struct jeval *e, const struct jnode *n, const struct doc *value)
{
    const struct doc *of = jeval_node(e, n->first, value);
    return of != NULL ? jv_bool(jv_is_false(of)) : NULL;
}

/* ---- projections ---- */
/* Appends what the node makes of a value, if it is anything. */
static bool project(struct jeval *e, struct jlist *list, uint32_t node, const struct doc *value)
{
    const struct doc *made = jeval_node(e, node, value);
    if (made == NULL)
        return false;
    return made->kind == DOC_NULL || jlist_add(e, list, made);
}

static const struct doc *project_children(struct jeval *e, uint32_t node, const struct doc *left)
{
    struct jlist list = {0};
    for (const struct doc *child = left->child; child != NULL; child = child->next) {
        if (!project(e, &list, node, child))
            return NULL;
    }
    return jlist_finish(e, &list, DOC_LIST);
}

/* A slice of a text is a text, which nothing is projected on. */
static const struct doc *eval_projection(struct jeval *e, const struct jnode *n,
                                         const struct doc *value)
{
    const struct jnode *from = node_at(e, n->first);
    bool is_slice = from->kind == N_INDEX_EXPRESSION &&
                    node_at(e, node_at(e, from->first)->next)->kind == N_SLICE;
    const struct doc *left = jeval_node(e, n->first, value);
    if (left == NULL || (is_slice && left->kind == DOC_STRING))
        return left;
    return left->kind == DOC_LIST ? project_children(e, second(e, n), left) : &jmespath_null;
}

/* What fails on the left of these three counts as null. */
static const struct doc *eval_values(struct jeval *e, const struct jnode *n,
                                     const struct doc *value)
{
    struct jlist list = {0};
    size_t count;
    const struct doc *left = jeval_node(e, n->first, value);
    if (left == NULL || left->kind != DOC_MAP)
        return &jmespath_null;
    struct jitem *items = jitems_of(e->arena, left, false, &count);
    if (items == NULL || !jeval_spend(e, count))
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (!project(e, &list, second(e, n), items[i].doc))
            return NULL;
    }
    return jlist_finish(e, &list, DOC_LIST);
}

static const struct doc *eval_filter(struct jeval *e, const struct jnode *n,
                                     const struct doc *value)
{
    struct jlist list = {0};
    uint32_t right = second(e, n);
    uint32_t condition = node_at(e, right)->next;
    const struct doc *left = jeval_node(e, n->first, value);
    if (left == NULL || left->kind != DOC_LIST)
        return &jmespath_null;
    for (const struct doc *child = left->child; child != NULL; child = child->next) {
        const struct doc *met = jeval_node(e, condition, child);
        if (met == NULL || (!jv_is_false(met) && !project(e, &list, right, child)))
            return NULL;
    }
    return jlist_finish(e, &list, DOC_LIST);
}

static const struct doc *eval_flatten(struct jeval *e, const struct jnode *n,
                                      const struct doc *value)
{
    struct jlist list = {0};
    const struct doc *left = jeval_node(e, n->first, value);
    if (left == NULL || left->kind != DOC_LIST)
        return &jmespath_null;
    for (const struct doc *child = left->child; child != NULL; child = child->next) {
        if (child->kind != DOC_LIST && !jlist_add(e, &list, child))
            return NULL;
        const struct doc *inner = child->kind == DOC_LIST ? child->child : NULL;
        for (; inner != NULL; inner = inner->next) {
            if (!jlist_add(e, &list, inner))
                return NULL;
        }
    }
    return jlist_finish(e, &list, DOC_LIST);
}

/* ---- what makes lists and objects ---- */
static const struct doc *eval_list(struct jeval *e, const struct jnode *n, const struct doc *value)
{
    struct jlist list = {0};
    for (uint32_t at = n->first; at != 0; at = node_at(e, at)->next) {
        const struct doc *item = jeval_node(e, at, value);
        if (item == NULL || !jlist_add(e, &list, item))
            return NULL;
    }
    return jlist_finish(e, &list, DOC_LIST);
}

static const struct doc *eval_hash(struct jeval *e, const struct jnode *n, const struct doc *value)
{
    struct jlist list = {0};
    for (uint32_t at = n->first; at != 0; at = node_at(e, at)->next) {
        const struct doc *item = jeval_node(e, node_at(e, at)->first, value);
        if (item == NULL || !jlist_put(e, &list, node_at(e, at)->text, item))
            return NULL;
    }
    return jlist_finish(e, &list, DOC_MAP);
}

/* ---- operators ---- */
static const struct doc *eval_comparator(struct jeval *e, const struct jnode *n,
                                         const struct doc *value)
{
    const struct doc *left = jeval_node(e, n->first, value);
    const struct doc *right = left != NULL ? jeval_node(e, second(e, n), value) : NULL;
    if (right == NULL)
        return NULL;
    if (n->op == J_EQ || n->op == J_NE)
        return jv_bool(jv_equal(e, left, right) == (n->op == J_EQ));
    if (!jv_is_number(left) || !jv_is_number(right))
        return &jmespath_null;
    switch (n->op) {
    case J_GT: return jv_bool(left->number > right->number);
    case J_GTE: return jv_bool(left->number >= right->number);
    case J_LT: return jv_bool(left->number < right->number);
    default: return jv_bool(left->number <= right->number);
    }
}

static const struct doc *eval_arithmetic(struct jeval *e, const struct jnode *n,
                                         const struct doc *value)
{
    const struct doc *left = jeval_node(e, n->first, value);
    const struct doc *right = left != NULL ? jeval_node(e, second(e, n), value) : NULL;
    if (right == NULL)
        return NULL;
    if (!jv_is_number(left) || !jv_is_number(right))
        return &jmespath_null;
    double a = left->number, b = right->number;
    switch (n->op) {
    case J_Plus: return jv_number(e, a + b);
    case J_Minus: return jv_number(e, a - b);
    case J_Star:
    case J_Multiply: return jv_number(e, a * b);
    case J_Modulo: return jv_number(e, fmod(a, b));
    case J_Div: return jv_number(e, floor(a / b));
    default: return jv_number(e, a / b);
    }
}

static const struct doc *eval_sign(struct jeval *e, const struct jnode *n, const struct doc *value)
{
    const struct doc *of = jeval_node(e, n->first, value);
    if (of == NULL || !jv_is_number(of))
        return of != NULL ? &jmespath_null : NULL;
    return n->op == J_Plus ? of : jv_number(e, -of->number);
}

/* ---- functions and variables ---- */
static const struct doc *eval_function(struct jeval *e, const struct jnode *n,
                                       const struct doc *value)
{
    size_t count = 0;
    for (uint32_t at = n->first; at != 0; at = node_at(e, at)->next)
        count++;
    const struct doc **args = jeval_alloc(e, count * sizeof *args);
    if (args == NULL)
        return NULL;
    count = 0;
    for (uint32_t at = n->first; at != 0; at = node_at(e, at)->next) {
        args[count] = jeval_node(e, at, value);
        if (args[count++] == NULL)
            return NULL;
    }
    return jeval_call(e, n->text, args, count);
}

static const struct doc *eval_variable(struct jeval *e, const struct jnode *n,
                                       const struct doc *value)
{
    (void)value;
    for (const struct jbinding *b = e->bindings; b != NULL; b = b->outer) {
        if (str_eq(b->name, n->text))
            return b->value;
    }
    return NULL;
}

/* The values of one let do not see each other. Any node with a name on its left and a right binds,
 * as in Alloy's library; what has no name is refused here, where the library ends the process. */
static const struct doc *eval_let(struct jeval *e, const struct jnode *n, const struct doc *value)
{
    const struct jbinding *outer = e->bindings;
    const struct jbinding *inner = outer;
    for (uint32_t at = node_at(e, n->first)->first; at != 0; at = node_at(e, at)->next) {
        const struct jnode *binding = node_at(e, at);
        struct jbinding *b = jeval_alloc(e, sizeof *b);
        if (b == NULL || binding->first == 0 || second(e, binding) == 0)
            return NULL;
        b->outer = inner;
        b->name = node_at(e, binding->first)->text;
        if (b->name.len == 0)
            return NULL;
        b->value = jeval_node(e, second(e, binding), value);
        if (b->value == NULL)
            return NULL;
        inner = b;
    }
    e->bindings = inner;
    const struct doc *result = jeval_node(e, second(e, n), value);
    e->bindings = outer;
    return result;
}

static const eval_fn evals[N_COUNT] = {
    [N_ARITHMETIC] = eval_arithmetic,
    [N_SIGN] = eval_sign,
    [N_COMPARATOR] = eval_comparator,
    [N_CURRENT] = eval_current,
    [N_ROOT] = eval_root,
    [N_EXPREF] = eval_expref,
    [N_FUNCTION] = eval_function,
    [N_FIELD] = eval_field,
    [N_FILTER] = eval_filter,
    [N_FLATTEN] = eval_flatten,
    [N_INDEX] = eval_index,
    [N_INDEX_EXPRESSION] = eval_subexpression,
    [N_LITERAL] = eval_literal,
    [N_HASH] = eval_hash,
    [N_LIST] = eval_list,
    [N_OR] = eval_or,
    [N_AND] = eval_and,
    [N_NOT] = eval_not,
    [N_PIPE] = eval_pipe,
    [N_PROJECTION] = eval_projection,
    [N_SUBEXPRESSION] = eval_subexpression,
    [N_SLICE] = eval_slice,
    [N_VALUES] = eval_values,
    [N_LET] = eval_let,
    [N_VARIABLE] = eval_variable,
};

const struct doc *jeval_node(struct jeval *e, uint32_t node, const struct doc *value)
{
    const struct jnode *n = node_at(e, node);
    eval_fn eval = evals[n->kind];
    return eval != NULL && jeval_spend(e, 1) ? eval(e, n, value) : NULL;
}

static const struct doc *search_fields(const struct jmespath *path, const struct doc *doc)
{
    for (size_t i = 0; i < path->field_count && doc != NULL; i++)
        doc = doc->kind == DOC_MAP ? doc_get(doc, path->fields[i]) : NULL;
    return doc != NULL ? doc : &jmespath_null;
}

const struct doc *jmespath_search(const struct jmespath *path, const struct doc *doc,
                                  struct arena *arena)
{
    if (path->fields != NULL)
        return search_fields(path, doc);
    struct jeval e = {.nodes = path->nodes, .root = doc, .arena = arena, .steps = MAX_STEPS};
    e.arena_end = arena->max - arena->used > MAX_BYTES ? arena->used + MAX_BYTES : arena->max;
    return jeval_node(&e, path->root, doc);
}
