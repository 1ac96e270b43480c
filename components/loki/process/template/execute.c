/* Templates: executing nodes. The depth of what is executed is that of the parsed template, which
 * is bounded. */

#include "base/strconv.h"
#include "components/loki/process/template/template.h"

enum { MAX_VARIABLES = 64, MAX_ITERATIONS = 100000, MAX_ARGS = 32 };

struct variable {
    struct str name;
    struct tval value;
};

struct run {
    const struct template_data *data;
    struct arena *arena;
    struct buf *out;
    struct error *err;
    const struct tval *dot; /* NULL: the data itself */
    struct variable variables[MAX_VARIABLES];
    size_t variable_count;
    size_t iterations;
};

bool tval_truth(const struct tval *v)
{
    switch ((enum tval_kind)v->kind) {
    case TVAL_STRING: return v->text.len != 0;
    case TVAL_INT: return v->integer != 0;
    case TVAL_FLOAT: return v->number != 0;
    case TVAL_BOOL: return v->boolean;
    case TVAL_LIST: return v->count != 0;
    case TVAL_NIL: break;
    }
    return false;
}

static void print_scalar(struct buf *out, const struct tval *v)
{
    switch ((enum tval_kind)v->kind) {
    case TVAL_STRING: buf_str(out, v->text); break;
    case TVAL_INT: buf_i64(out, v->integer); break;
    case TVAL_FLOAT: strconv_float(out, v->number, 'g'); break;
    case TVAL_BOOL: buf_cstr(out, v->boolean ? "true" : "false"); break;
    case TVAL_NIL: buf_cstr(out, "<no value>"); break;
    case TVAL_LIST: buf_cstr(out, "[…]"); break;
    }
}

/* A list within a list is shown as such only. */
static void print(struct buf *out, const struct tval *v)
{
    if (v->kind != TVAL_LIST) {
        print_scalar(out, v);
        return;
    }
    buf_byte(out, '[');
    for (size_t i = 0; i < v->count; i++) {
        if (i != 0)
            buf_byte(out, ' ');
        print_scalar(out, &v->items[i]);
    }
    buf_byte(out, ']');
}

struct str tval_text(const struct tval *v, struct arena *arena)
{
    struct buf text;
    if (v->kind == TVAL_STRING)
        return v->text;
    buf_init(&text, NULL, 1024 * 1024);
    print(&text, v);
    struct str copy = arena_str(arena, buf_view(&text));
    buf_release(&text);
    return copy;
}

static struct tval eval(struct run *r, const struct texpr *e);

static struct tval eval_field(struct run *r, const struct texpr *e)
{
    struct str text;
    if (e->base != NULL && !(e->base->kind == TEXPR_VARIABLE && e->base->name.len == 0)) {
        error_set(r->err, STATUS_INVALID, "can't evaluate field %.*s", STR_ARG(e->name));
        return (struct tval){0};
    }
    if (e->base == NULL && r->dot != NULL) {
        error_set(r->err, STATUS_INVALID, "can't evaluate field %.*s", STR_ARG(e->name));
        return (struct tval){0};
    }
    if (r->data->get(r->data->arg, e->name, &text))
        return TVAL_S(text);
    return (struct tval){0};
}

static struct tval eval_variable(struct run *r, struct str name)
{
    for (size_t i = r->variable_count; i-- > 0;) {
        if (str_eq(r->variables[i].name, name))
            return r->variables[i].value;
    }
    error_set(r->err, STATUS_INVALID, "undefined variable \"$%.*s\"", STR_ARG(name));
    return (struct tval){0};
}

/* `and` and `or` stop at the argument that decides. */
static bool decides(const struct template_function *f, const struct tval *v)
{
    return (strcmp(f->name, "and") == 0 && !tval_truth(v)) ||
           (strcmp(f->name, "or") == 0 && tval_truth(v));
}

static struct tval eval_call(struct run *r, const struct texpr *e)
{
    struct tval args[MAX_ARGS];
    if (e->arg_count < e->function->min_args) { /* a name alone, as in "or.x" */
        error_set(r->err, STATUS_INVALID, "wrong number of args for %s", e->function->name);
        return (struct tval){0};
    }
    for (size_t i = 0; i < e->arg_count; i++) {
        args[i] = eval(r, e->args[i]);
        if (r->err->status != STATUS_OK || decides(e->function, &args[i]))
            return args[i];
    }
    struct tcall call = {r->arena, args, e->arg_count, r->err};
    return e->function->run(&call);
}

static struct tval eval(struct run *r, const struct texpr *e)
{
    switch ((enum texpr_kind)e->kind) {
    case TEXPR_LITERAL: return e->literal;
    case TEXPR_DOT: return r->dot != NULL ? *r->dot : TVAL_S(STR("map[]"));
    case TEXPR_FIELD: return eval_field(r, e);
    case TEXPR_VARIABLE: return eval_variable(r, e->name);
    case TEXPR_CALL: break;
    }
    return eval_call(r, e);
}

static void run_list(struct run *r, const struct tnode *n);

static void run_range(struct run *r, const struct tnode *n, const struct tval *list)
{
    const struct tval *outer = r->dot;
    if (list->kind != TVAL_LIST && list->kind != TVAL_NIL) {
        error_set(r->err, STATUS_INVALID, "range can't iterate over the value");
        return;
    }
    for (size_t i = 0; i < list->count && r->err->status == STATUS_OK; i++) {
        if (++r->iterations > MAX_ITERATIONS) {
            error_set(r->err, STATUS_LIMIT, "too many iterations");
            return;
        }
        r->dot = &list->items[i];
        run_list(r, n->body);
    }
    r->dot = outer;
    if (list->count == 0)
        run_list(r, n->otherwise);
}

static void run_block(struct run *r, const struct tnode *n, const struct tval *value)
{
    const struct tval *outer = r->dot;
    size_t variables = r->variable_count;
    if (n->kind == TNODE_RANGE) {
        run_range(r, n, value);
    } else if (tval_truth(value)) {
        if (n->kind == TNODE_WITH)
            r->dot = value;
        run_list(r, n->body);
        r->dot = outer;
    } else {
        run_list(r, n->otherwise);
    }
    r->variable_count = variables;
}

static void set_variable(struct run *r, struct str name, const struct tval *value)
{
    for (size_t i = r->variable_count; i-- > 0;) {
        if (str_eq(r->variables[i].name, name)) {
            r->variables[i].value = *value;
            return;
        }
    }
    if (r->variable_count == MAX_VARIABLES) {
        error_set(r->err, STATUS_LIMIT, "too many variables");
        return;
    }
    r->variables[r->variable_count++] = (struct variable){name, *value};
}

static void run_list(struct run *r, const struct tnode *n)
{
    for (; n != NULL && r->err->status == STATUS_OK; n = n->next) {
        if (n->kind == TNODE_TEXT) {
            buf_str(r->out, n->text);
            continue;
        }
        struct tval value = eval(r, n->value);
        if (r->err->status != STATUS_OK)
            return;
        if (n->kind == TNODE_PRINT) {
            print(r->out, &value);
        } else if (n->kind == TNODE_SET) {
            set_variable(r, n->text, &value);
        } else {
            run_block(r, n, &value);
        }
    }
}

enum status template_execute(const struct template *t, const struct template_data *data,
                             struct arena *arena, struct buf *out, struct error *err)
{
    struct run r = {.data = data, .arena = arena, .out = out, .err = err};
    error_clear(err);
    run_list(&r, t->first);
    if (err->status == STATUS_OK && !buf_ok(out)) {
        return error_set(err, STATUS_LIMIT, "the template's output is too large");
    }
    return err->status;
}
