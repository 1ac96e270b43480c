/* Following JSON paths through a document: step by step over lists of nodes. Filters are computed
 * on a stack; they call path_find for the paths in them, at most PATH_DEPTH deep. */

#include "base/regex.h"
#include "base/strconv.h"
#include "base/vec.h"
#include "stdlib/json_path.h"

static bool is_container(const struct doc *d)
{
    return d->kind == DOC_LIST || d->kind == DOC_MAP;
}

/* Kept in the arena, doubled when full. */
static bool add(struct path_nodes *out, const struct doc *d, struct arena *arena)
{
    if (out->len == PATH_RESULTS_MAX)
        return false;
    if (out->len == out->cap) {
        size_t cap = out->cap ? 2 * out->cap : 16;
        const struct doc **items = arena_array(arena, cap, sizeof(const struct doc *));
        if (out->len > 0)
            memcpy(items, out->items, out->len * sizeof(const struct doc *));
        out->items = items;
        out->cap = cap;
    }
    out->items[out->len++] = d;
    return true;
}

static bool add_children(struct path_nodes *out, const struct doc *d, struct arena *arena)
{
    bool ok = true;
    for (const struct doc *child = d->child; ok && is_container(d) && child; child = child->next)
        ok = add(out, child, arena);
    return ok;
}

/* The node and all below it, parents first. */
static bool add_tree(struct path_nodes *out, const struct doc *root, struct arena *arena)
{
    VEC(const struct doc *) todo = {0}; /* each stands for itself and its later siblings */
    bool ok = add(out, root, arena);
    if (is_container(root) && root->child)
        VEC_PUSH(&todo, root->child);
    while (ok && todo.len > 0) {
        const struct doc *d = todo.items[--todo.len];
        ok = add(out, d, arena);
        if (d->next)
            VEC_PUSH(&todo, d->next);
        if (is_container(d) && d->child)
            VEC_PUSH(&todo, d->child);
    }
    VEC_RELEASE(&todo);
    return ok;
}

static const struct doc *element(const struct doc *list, int64_t index)
{
    if (list->kind != DOC_LIST)
        return NULL;
    if (index < 0)
        index += (int64_t)list->count;
    if (index < 0 || index >= (int64_t)list->count)
        return NULL;
    const struct doc *d = list->child;
    while (index-- > 0)
        d = d->next;
    return d;
}

static const struct doc *member(const struct doc *map, struct str name)
{
    return map->kind == DOC_MAP ? doc_get(map, name) : NULL;
}

/* [from:to:-n], down to the element after `to`. */
static bool add_backwards(struct path_nodes *out, const struct path_step *step,
                          const struct doc *list, struct arena *arena)
{
    int64_t count = (int64_t)list->count;
    int64_t from = step->from < 0 ? step->from + count : step->from;
    int64_t to = !step->has_to ? count : step->to < 0 ? step->to + count : step->to;
    bool ok = true;
    from = from < 0 ? 0 : from;
    to = to < -1 ? -1 : to;
    if (from >= count)
        return true;
    for (int64_t i = from; ok && i > to; i += step->by)
        ok = add(out, element(list, i), arena);
    return ok;
}

static bool add_slice(struct path_nodes *out, const struct path_step *step, const struct doc *list,
                      struct arena *arena)
{
    if (list->kind != DOC_LIST || step->by == 0)
        return true;
    int64_t count = (int64_t)list->count;
    if (step->by < 0)
        return add_backwards(out, step, list, arena);
    int64_t from = step->from < 0 ? step->from + count : step->from;
    int64_t to = !step->has_to ? count : step->to < 0 ? step->to + count : step->to;
    int64_t i = 0;
    bool ok = true;
    from = from < 0 ? 0 : from;
    for (const struct doc *d = list->child; ok && d; d = d->next, i++)
        if (i >= from && i < to && (i - from) % step->by == 0)
            ok = add(out, d, arena);
    return ok;
}

static bool add_union(struct path_nodes *out, const struct path_step *step, const struct doc *d,
                      struct arena *arena)
{
    bool ok = true;
    for (size_t i = 0; ok && i < step->key_count; i++) {
        const struct path_key *key = &step->keys[i];
        const struct doc *found = key->name.ptr ? member(d, key->name) : element(d, key->index);
        ok = !found || add(out, found, arena);
    }
    return ok;
}

static bool add_filtered(struct path_nodes *out, const struct path_step *step,
                         const struct doc *root, const struct doc *d, struct arena *arena)
{
    bool ok = true;
    for (const struct doc *child = d->child; ok && is_container(d) && child; child = child->next)
        if (path_filter_holds(step->filter, root, child, arena))
            ok = add(out, child, arena);
    return ok;
}

static bool take_step(struct path_nodes *out, const struct path_step *step, const struct doc *root,
                      const struct doc *d, struct arena *arena)
{
    const struct doc *found;
    switch (step->kind) {
    case STEP_ROOT: return add(out, root, arena);
    case STEP_CURRENT: return add(out, d, arena);
    case STEP_CHILD: found = member(d, step->name); return !found || add(out, found, arena);
    case STEP_INDEX: found = element(d, step->from); return !found || add(out, found, arena);
    case STEP_ANY: return add_children(out, d, arena);
    case STEP_DESCENT: return add_tree(out, d, arena);
    case STEP_SLICE: return add_slice(out, step, d, arena);
    case STEP_UNION: return add_union(out, step, d, arena);
    default: return add_filtered(out, step, root, d, arena);
    }
}

enum status path_find(const struct path_step *path, const struct doc *root,
                      const struct doc *current, struct path_nodes *out, struct arena *arena)
{
    struct path_nodes nodes = {0};
    bool ok = add(&nodes, current, arena);
    for (const struct path_step *step = path; ok && step; step = step->next) {
        struct path_nodes next = {0};
        for (size_t i = 0; ok && i < nodes.len; i++)
            ok = take_step(&next, step, root, nodes.items[i], arena);
        nodes = next;
    }
    *out = nodes;
    return ok ? STATUS_OK : STATUS_LIMIT;
}

/* ---- filters ---- */

enum operand_kind {
    OPERAND_MISSING,
    OPERAND_NULL,
    OPERAND_BOOL,
    OPERAND_NUMBER,
    OPERAND_STRING,
    OPERAND_NODE
};

struct operand {
    enum operand_kind kind;
    bool boolean;
    double number;
    struct str text;
    const struct doc *node; /* a container */
    size_t found;           /* by a path */
};

static struct operand of_bool(bool b)
{
    return (struct operand){.kind = OPERAND_BOOL, .boolean = b};
}

static struct operand of_number(double n)
{
    return (struct operand){.kind = OPERAND_NUMBER, .number = n};
}

static struct operand of_doc(const struct doc *d)
{
    switch (d->kind) {
    case DOC_NULL: return (struct operand){.kind = OPERAND_NULL, .found = 1};
    case DOC_BOOL: return (struct operand){OPERAND_BOOL, d->boolean, 0, STR_NONE, NULL, 1};
    case DOC_INT:
    case DOC_FLOAT: return (struct operand){OPERAND_NUMBER, false, d->number, STR_NONE, NULL, 1};
    case DOC_LIST:
    case DOC_MAP: return (struct operand){.kind = OPERAND_NODE, .node = d, .found = 1};
    default: return (struct operand){.kind = OPERAND_STRING, .text = d->text, .found = 1};
    }
}

static struct operand of_path(const struct path_step *path, const struct doc *root,
                              const struct doc *current, struct arena *arena)
{
    struct path_nodes nodes;
    if (path_find(path, root, current, &nodes, arena) != STATUS_OK || nodes.len == 0)
        return (struct operand){.kind = OPERAND_MISSING};
    struct operand o = of_doc(nodes.items[0]);
    o.found = nodes.len;
    return o;
}

/* What a path found is true even when it is `false`. */
static bool is_true(const struct operand *o)
{
    return o->found > 0 || (o->kind == OPERAND_BOOL && o->boolean);
}

static bool equal(const struct operand *a, const struct operand *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case OPERAND_BOOL: return a->boolean == b->boolean;
    case OPERAND_NUMBER: return a->number == b->number;
    case OPERAND_STRING: return str_eq(a->text, b->text);
    case OPERAND_NODE: return a->node == b->node;
    default: return true;
    }
}

/* Numbers with numbers, texts with texts; anything else compares as false. */
static bool ordered(enum path_op op, const struct operand *a, const struct operand *b)
{
    int order = 0;
    if (a->kind == OPERAND_NUMBER && b->kind == OPERAND_NUMBER)
        order = (a->number > b->number) - (a->number < b->number);
    else if (a->kind == OPERAND_STRING && b->kind == OPERAND_STRING)
        order = str_cmp(a->text, b->text);
    else
        return false;
    switch (op) {
    case PATH_LT: return order < 0;
    case PATH_LTE: return order <= 0;
    case PATH_GT: return order > 0;
    default: return order >= 0;
    }
}

static bool matches(const struct operand *text, const struct operand *pattern,
                    enum regex_anchor anchor)
{
    struct error err;
    if (text->kind != OPERAND_STRING || pattern->kind != OPERAND_STRING)
        return false;
    struct regex *re = regex_new(pattern->text, anchor, &err);
    bool hit = re && regex_match(re, text->text);
    if (re)
        regex_unref(re);
    return hit;
}

static struct operand arithmetic(enum path_op op, const struct operand *a, const struct operand *b,
                                 struct arena *arena)
{
    if (op == PATH_ADD && a->kind == OPERAND_STRING && b->kind == OPERAND_STRING)
        return (struct operand){.kind = OPERAND_STRING,
                                .text = arena_concat(arena, a->text, b->text)};
    if (a->kind != OPERAND_NUMBER || b->kind != OPERAND_NUMBER)
        return (struct operand){.kind = OPERAND_MISSING};
    switch (op) {
    case PATH_ADD: return of_number(a->number + b->number);
    case PATH_SUB: return of_number(a->number - b->number);
    case PATH_MUL: return of_number(a->number * b->number);
    default: return of_number(b->number == 0 ? 0 : a->number / b->number);
    }
}

static bool is_in(const struct operand *o, const struct operand *list)
{
    bool in = false;
    bool is_list = list->kind == OPERAND_NODE && list->node->kind == DOC_LIST;
    for (const struct doc *d = is_list ? list->node->child : NULL; !in && d; d = d->next) {
        struct operand element = of_doc(d);
        in = element.kind != OPERAND_NODE && equal(o, &element);
    }
    return in;
}

/* `empty true`: a text, list or map that is; the right side of these two must be a boolean. */
static bool is_empty(const struct operand *o, const struct operand *wanted)
{
    bool empty = o->kind == OPERAND_STRING ? o->text.len == 0
                                           : o->kind == OPERAND_NODE && o->node->count == 0;
    bool known = o->kind == OPERAND_STRING || o->kind == OPERAND_NODE;
    return known && wanted->kind == OPERAND_BOOL && wanted->boolean == empty;
}

static bool has(const struct operand *o, const struct operand *wanted)
{
    return wanted->kind == OPERAND_BOOL && wanted->boolean == (o->kind != OPERAND_MISSING);
}

static struct operand length_of(const struct operand *o)
{
    if (o->kind == OPERAND_STRING)
        return of_number((double)o->text.len);
    if (o->kind == OPERAND_NODE)
        return of_number((double)o->node->count);
    return (struct operand){.kind = OPERAND_MISSING};
}

static struct operand apply_binary(enum path_op op, const struct operand *a,
                                   const struct operand *b, struct arena *arena)
{
    switch (op) {
    case PATH_OR: return of_bool(is_true(a) || is_true(b));
    case PATH_AND: return of_bool(is_true(a) && is_true(b));
    case PATH_EQ: return of_bool(equal(a, b));
    case PATH_NEQ: return of_bool(!equal(a, b));
    case PATH_LT:
    case PATH_LTE:
    case PATH_GT:
    case PATH_GTE: return of_bool(ordered(op, a, b));
    case PATH_IN: return of_bool(is_in(a, b));
    case PATH_EMPTY: return of_bool(is_empty(a, b));
    case PATH_HAS: return of_bool(has(a, b));
    case PATH_MATCHES:
    case PATH_SEARCH: return of_bool(matches(a, b, REGEX_SEARCH));
    case PATH_MATCH: return of_bool(matches(a, b, REGEX_FULL));
    default: return arithmetic(op, a, b, arena);
    }
}

static struct operand apply_unary(enum path_op op, const struct operand *a)
{
    if (op == PATH_NOT)
        return of_bool(!is_true(a));
    return op == PATH_COUNT ? of_number((double)a->found) : length_of(a);
}

static struct operand of_term(const struct path_term *term, const struct doc *root,
                              const struct doc *current, struct arena *arena)
{
    switch (term->kind) {
    case TERM_BOOL: return of_bool(term->boolean);
    case TERM_NUMBER: return of_number(term->number);
    case TERM_STRING:
    case TERM_REGEX: return (struct operand){.kind = OPERAND_STRING, .text = term->text};
    case TERM_LIST: return of_doc(term->list);
    case TERM_PATH: return of_path(term->path, root, current, arena);
    default: return (struct operand){.kind = OPERAND_NULL};
    }
}

static bool is_unary(enum path_op op)
{
    return op == PATH_NOT || op == PATH_LENGTH || op == PATH_COUNT;
}

bool path_filter_holds(const struct path_filter *filter, const struct doc *root,
                       const struct doc *current, struct arena *arena)
{
    VEC(struct operand) stack = {0};
    bool ok = true;
    for (const struct path_term *term = filter->terms; ok && term; term = term->next) {
        if (term->kind != TERM_OPERATOR) {
            VEC_PUSH(&stack, of_term(term, root, current, arena));
            continue;
        }
        size_t needs = is_unary(term->op) ? 1 : 2;
        ok = stack.len >= needs; /* match(x) has one argument too few */
        if (!ok)
            break;
        struct operand *first = &stack.items[stack.len - needs];
        *first = needs == 1 ? apply_unary(term->op, first)
                            : apply_binary(term->op, first, first + 1, arena);
        stack.len -= needs - 1;
    }
    ok = ok && stack.len == 1 && is_true(&stack.items[0]);
    VEC_RELEASE(&stack);
    return ok;
}
