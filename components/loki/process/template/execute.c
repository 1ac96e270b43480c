/* Templates: executing nodes, with the rules of Go's text/template about what may be given to what.
 * The depth of what is executed is that of the parsed template, which is bounded. */

#include "base/strconv.h"
#include "components/loki/process/template/internal.h"

#include <stdlib.h>

enum { MAX_VARIABLES = 96, MAX_ITERATIONS = 100000 };

enum flow { FLOW_ON, FLOW_BREAK, FLOW_CONTINUE };

struct variable {
    struct str name;
    struct tval value;
};

struct run {
    const struct template_data *data;
    struct arena *arena;
    struct buf *out;
    struct error *err;
    struct tval dot;
    struct variable variables[MAX_VARIABLES];
    size_t variable_count;
    size_t iterations;
    enum flow flow;
};

static const struct tval nil = {0};

static struct tval wrong(struct run *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static struct tval wrong(struct run *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct str what = arena_vprintf(r->arena, format, args);
    va_end(args);
    if (r->err->status == STATUS_OK)
        error_set(r->err, STATUS_INVALID, "%.*s", STR_ARG(what));
    return nil;
}

static bool failed(const struct run *r)
{
    return r->err->status != STATUS_OK;
}

/* ---- the data ---- */
static int by_text(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* The data as a map; every other value is itself. */
static struct tval as_map(struct run *r, struct tval v)
{
    if (v.kind != TVAL_DATA)
        return v;
    size_t count = 0;
    struct str *names =
        r->data->names != NULL ? r->data->names(r->data->arg, r->arena, &count) : NULL;
    struct tval *items = ARENA_ARRAY(r->arena, count, struct tval);
    if (count != 0)
        qsort(names, count, sizeof *names, by_text);
    for (size_t i = 0; i < count; i++) {
        items[i].kind = TVAL_STRING;
        r->data->get(r->data->arg, names[i], &items[i].text);
    }
    return (struct tval){.kind = TVAL_MAP,
                         .items = items,
                         .names = names,
                         .count = count,
                         .is_text_map = r->data->is_text_map};
}

static struct tval member(struct run *r, struct tval of, struct str name)
{
    struct str text;
    if (of.kind == TVAL_NIL)
        return nil;
    if (of.kind == TVAL_DATA)
        return r->data->get(r->data->arg, name, &text) ? TVAL_S(text) : nil;
    if (of.kind != TVAL_MAP)
        return wrong(r, "can't evaluate field %.*s", STR_ARG(name));
    const struct tval *found = tval_member(&of, name);
    return found != NULL ? *found : nil;
}

/* ---- variables ---- */
static struct variable *find_variable(struct run *r, struct str name)
{
    for (size_t i = r->variable_count; i-- > 0;) {
        if (str_eq(r->variables[i].name, name))
            return &r->variables[i];
    }
    wrong(r, "undefined variable: %.*s", STR_ARG(name));
    return NULL;
}

static void set_variable(struct run *r, struct str name, struct tval value)
{
    struct variable *v = find_variable(r, name);
    if (v != NULL)
        v->value = value;
}

static void push_variable(struct run *r, struct str name, struct tval value)
{
    if (r->variable_count == MAX_VARIABLES)
        wrong(r, "too many variables");
    else
        r->variables[r->variable_count++] = (struct variable){name, value};
}

/* ---- expressions ---- */
static struct tval eval_pipe(struct run *r, const struct tpipe *pipe);
static struct tval eval_call(struct run *r, const struct template_function *f,
                             const struct texpr *const *args, size_t count,
                             const struct tval *piped);

/* A path; the last field may not be given arguments. */
static struct tval eval_path(struct run *r, struct tval of, const struct texpr *e, bool has_args)
{
    for (size_t i = 0; i < e->path_count && !failed(r); i++) {
        bool is_called = has_args && i + 1 == e->path_count && of.kind != TVAL_NIL;
        of = is_called ? wrong(r, "%.*s is not a method but has arguments", STR_ARG(e->path[i]))
                       : member(r, of, e->path[i]);
    }
    return of;
}

static struct tval eval_variable(struct run *r, const struct texpr *e, bool has_args)
{
    const struct variable *v = find_variable(r, e->name);
    if (v == NULL)
        return nil;
    if (e->path_count == 0 && has_args)
        return wrong(r, "can't give argument to non-function %.*s", STR_ARG(e->name));
    return eval_path(r, v->value, e, has_args);
}

/* Go's rule for constants that nothing demands a type of. */
static struct tval eval_operand(struct run *r, const struct texpr *e, bool has_args)
{
    switch ((enum texpr_kind)e->kind) {
    case TEXPR_LITERAL: return e->literal;
    case TEXPR_NIL: return nil;
    case TEXPR_DOT: return r->dot;
    case TEXPR_FIELD: return eval_path(r, r->dot, e, has_args);
    case TEXPR_VARIABLE: return eval_variable(r, e, has_args);
    case TEXPR_FUNCTION: return eval_call(r, e->function, NULL, 0, NULL);
    case TEXPR_PIPE: return eval_pipe(r, e->pipe);
    case TEXPR_CHAIN: break;
    }
    return eval_path(r, eval_operand(r, e->base, false), e, has_args);
}

/* ---- arguments ---- */
static const char *type_name(char type)
{
    switch (type) {
    case 's': return "string";
    case 'i': return "int";
    case 'f': return "float64";
    case 'b': return "bool";
    default: return "value";
    }
}

static struct tval checked(struct run *r, struct tval v, char type)
{
    if (type == 'a' || type == 'v')
        return as_map(r, v);
    if (v.kind == TVAL_NIL)
        return wrong(r, "invalid value; expected %s", type_name(type));
    bool fits = (type == 's' && v.kind == TVAL_STRING) ||
                (type == 'i' && v.kind == TVAL_INT && !v.is_wide) ||
                (type == 'f' && v.kind == TVAL_FLOAT) || (type == 'b' && v.kind == TVAL_BOOL);
    return fits ? v : wrong(r, "wrong type for value; expected %s", type_name(type));
}

static struct tval eval_argument(struct run *r, const struct texpr *e, char type)
{
    bool is_any = type == 'a' || type == 'v';
    if (e->kind == TEXPR_NIL)
        return is_any ? nil : wrong(r, "cannot assign nil to %s", type_name(type));
    if (e->kind != TEXPR_LITERAL)
        return checked(r, eval_operand(r, e, false), type);
    if (type == 'i' && e->is_int)
        return TVAL_I(e->literal.integer);
    if (type == 'f' && e->is_float)
        return TVAL_F(e->literal.number);
    bool fits = is_any || (type == 's' && e->literal.kind == TVAL_STRING) ||
                (type == 'b' && e->literal.kind == TVAL_BOOL);
    return fits ? e->literal : wrong(r, "expected %s", type_name(type));
}

/* Whether there may be so many. */
static bool count_fits(const char *arguments, size_t count)
{
    size_t fixed = strlen(arguments);
    bool repeats = fixed != 0 && arguments[fixed - 1] == '*';
    return repeats ? count + 2 >= fixed : count == fixed;
}

/* `and` and `or` stop at the argument that decides. */
static bool decides(const struct template_function *f, const struct tval *v)
{
    return (strcmp(f->name, "and") == 0 && !tval_truth(v)) ||
           (strcmp(f->name, "or") == 0 && tval_truth(v));
}

static struct tval eval_call(struct run *r, const struct template_function *f,
                             const struct texpr *const *args, size_t count,
                             const struct tval *piped)
{
    struct tval values[TEMPLATE_MAX_ARGS + 1];
    size_t total = count + (piped != NULL);
    const char *type = f->arguments;
    if (!count_fits(type, total))
        return wrong(r, "wrong number of args for %s: got %zu", f->name, total);
    for (size_t i = 0; i < total; i++) {
        values[i] = i < count ? eval_argument(r, args[i], *type) : checked(r, *piped, *type);
        if (failed(r) || decides(f, &values[i]))
            return values[i];
        type += type[0] != '\0' && type[1] != '*';
    }
    struct tcall call = {r->arena, values, total, r->err};
    struct tval result = f->run(&call);
    return failed(r) ? nil : result;
}

/* ---- pipelines ---- */
static struct tval eval_command(struct run *r, const struct tcommand *c, const struct tval *piped)
{
    const struct texpr *first = c->args[0];
    bool has_args = c->count > 1 || piped != NULL;
    if (first->kind == TEXPR_FUNCTION)
        return eval_call(r, first->function, c->args + 1, c->count - 1, piped);
    bool takes =
        first->kind == TEXPR_FIELD || first->kind == TEXPR_VARIABLE || first->kind == TEXPR_CHAIN;
    if (has_args && !takes)
        return wrong(r, "can't give argument to non-function");
    if (first->kind == TEXPR_NIL)
        return wrong(r, "nil is not a command");
    return eval_operand(r, first, has_args);
}

static struct tval eval_pipe(struct run *r, const struct tpipe *pipe)
{
    struct tval value = nil;
    for (const struct tcommand *c = pipe->first; c != NULL && !failed(r); c = c->next)
        value = eval_command(r, c, c == pipe->first ? NULL : &value);
    for (size_t i = 0; i < pipe->declared_count && !failed(r); i++) {
        if (pipe->assigns)
            set_variable(r, pipe->declared[i], value);
        else
            push_variable(r, pipe->declared[i], value);
    }
    return value;
}

/* ---- nodes ---- */
static void run_list(struct run *r, const struct tnode *n);

static void run_with_dot(struct run *r, const struct tnode *body, struct tval dot)
{
    struct tval outer = r->dot;
    r->dot = dot;
    run_list(r, body);
    r->dot = outer;
}

static void set_loop_variables(struct run *r, const struct tpipe *pipe, struct tval index,
                               struct tval item)
{
    size_t count = pipe->declared_count;
    for (size_t i = 0; i < count; i++) {
        struct tval value = i + 1 == count ? item : index;
        if (pipe->assigns)
            set_variable(r, pipe->declared[i], value);
        else
            r->variables[r->variable_count - count + i].value = value;
    }
}

/* False: the loop is over. */
static bool run_iteration(struct run *r, const struct tnode *n, struct tval index, struct tval item)
{
    size_t mark = r->variable_count;
    if (++r->iterations > MAX_ITERATIONS) {
        wrong(r, "too many iterations");
        return false;
    }
    set_loop_variables(r, n->pipe, index, item);
    run_with_dot(r, n->body, item);
    r->variable_count = mark;
    bool on = r->flow != FLOW_BREAK && !failed(r);
    r->flow = FLOW_ON;
    return on;
}

static void run_range(struct run *r, const struct tnode *n)
{
    struct tval over = as_map(r, eval_pipe(r, n->pipe));
    bool is_int = over.kind == TVAL_INT;
    if (failed(r))
        return;
    if (is_int && n->pipe->declared_count > 1) {
        wrong(r, "can't use the value to iterate over more than one variable");
        return;
    }
    size_t count = is_int ? (over.integer > 0 ? (size_t)over.integer : 0) : over.count;
    if (!is_int && over.kind != TVAL_LIST && over.kind != TVAL_MAP && over.kind != TVAL_NIL) {
        wrong(r, "range can't iterate over the value");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct tval index = over.kind == TVAL_MAP ? TVAL_S(over.names[i]) : TVAL_I((int64_t)i);
        struct tval item = index;
        item.is_wide = is_int && over.is_wide;
        if (!run_iteration(r, n, index, is_int ? item : over.items[i]))
            return;
    }
    if (count == 0)
        run_list(r, n->otherwise);
}

static void run_block(struct run *r, const struct tnode *n)
{
    size_t mark = r->variable_count;
    if (n->kind == TNODE_RANGE) {
        run_range(r, n);
    } else {
        struct tval value = eval_pipe(r, n->pipe);
        bool is_true = !failed(r) && tval_truth(&value);
        if (is_true && n->kind == TNODE_WITH)
            run_with_dot(r, n->body, value);
        else if (!failed(r))
            run_list(r, is_true ? n->body : n->otherwise);
    }
    r->variable_count = mark;
}

static void run_action(struct run *r, const struct tnode *n)
{
    struct tval value = eval_pipe(r, n->pipe);
    if (failed(r) || n->pipe->declared_count != 0)
        return;
    if (value.kind == TVAL_NIL) {
        buf_cstr(r->out, "<no value>");
        return;
    }
    value = as_map(r, value);
    tval_print(r->out, &value);
}

static void run_list(struct run *r, const struct tnode *n)
{
    for (; n != NULL && !failed(r) && r->flow == FLOW_ON && buf_ok(r->out); n = n->next) {
        switch ((enum tnode_kind)n->kind) {
        case TNODE_TEXT: buf_str(r->out, n->text); break;
        case TNODE_ACTION: run_action(r, n); break;
        case TNODE_BREAK: r->flow = FLOW_BREAK; break;
        case TNODE_CONTINUE: r->flow = FLOW_CONTINUE; break;
        case TNODE_IF:
        case TNODE_WITH:
        case TNODE_RANGE: run_block(r, n); break;
        }
    }
}

enum status template_execute(const struct template *t, const struct template_data *data,
                             struct arena *arena, struct buf *out, struct error *err)
{
    struct run r __attribute__((uninitialized));
    r.data = data;
    r.arena = arena;
    r.out = out;
    r.err = err;
    r.dot = (struct tval){.kind = TVAL_DATA, .count = 1};
    r.variables[0] = (struct variable){STR("$"), r.dot};
    r.variable_count = 1;
    r.iterations = 0;
    r.flow = FLOW_ON;
    error_clear(err);
    run_list(&r, t->first);
    if (err->status == STATUS_OK && !buf_ok(out))
        return error_set(err, STATUS_LIMIT, "the template's output is too large");
    return err->status;
}
