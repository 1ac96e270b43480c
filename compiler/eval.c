/* Running expression code (SEMANTICS §6). One pass over the operations; the stack holds indexes
 * into the trace. Containers take over their elements' references, everything else is kept by the
 * run. */

#include "compiler/eval.h"

#include "compiler/code.h"
#include "compiler/operator.h"

/* The step of one operation: false = reported. */
typedef bool step_fn(struct run *run, uint32_t *at, const struct scope *scope, struct fault *fault,
                     struct diags *diags);

static void push(struct run *run, uint32_t op, struct value *v, bool owned)
{
    run->trace[op] = v;
    run->owned[op] = owned;
    run->stack[run->depth++] = op;
}

static struct value *peek(const struct run *run, uint32_t below)
{
    return run->trace[run->stack[run->depth - 1 - below]];
}

static bool report_top(const struct run *run, uint32_t below, const struct fault *fault,
                       struct diags *diags)
{
    run_report_at(run, run->stack[run->depth - 1 - below], fault, diags);
    return false;
}

static bool step_literal(struct run *run, uint32_t *at, const struct scope *scope,
                         struct fault *fault, struct diags *diags)
{
    (void)scope;
    struct value *v = literal_value(run->e->ops[*at].as.literal, &fault->err);
    if (!v) {
        fault->plain = true;
        fault_at(fault, NULL);
        run_report(run, fault, diags);
        return false;
    }
    push(run, *at, v, true);
    return true;
}

static bool step_load(struct run *run, uint32_t *at, const struct scope *scope, struct fault *fault,
                      struct diags *diags)
{
    (void)fault;
    const struct expr *e = run->e;
    const struct op *op = &e->ops[*at];
    size_t used = 1;
    bool owned = true;
    struct value *v = scope->load ? scope->load(scope->arg, e, op->count, &used) : NULL;
    if (!v && scope->stdlib) {
        used = 1;
        owned = false;
        v = (struct value *)stdlib_lookup(scope->stdlib, e->refs[op->count].names[0]);
    }
    if (!v) {
        struct str name = e->refs[op->count].names[0];
        diag_add(diags, DIAG_UNKNOWN_IDENTIFIER, e->ast->source, ast_range(e->ast, op->name),
                 STR_ARG(name));
        return false;
    }
    *at += (uint32_t)used - 1;
    push(run, *at, v, owned);
    return true;
}

static bool no_field(const struct run *run, const struct op *op, struct diags *diags)
{
    diag_add(diags, DIAG_NO_FIELD, run->e->ast->source, ast_range(run->e->ast, op->name),
             STR_ARG(op->as.text));
    return false;
}

static bool step_access(struct run *run, uint32_t *at, const struct scope *scope,
                        struct fault *fault, struct diags *diags)
{
    (void)scope;
    const struct op *op = &run->e->ops[*at];
    const struct value *v = peek(run, 0);
    struct value *field = NULL;
    bool owned = false;
    if (v->type == VALUE_OBJECT) {
        field = (struct value *)value_field(v, op->as.text);
    } else if (v->type == VALUE_CAPSULE && v->as.capsule.type->field) {
        field = v->as.capsule.type->field(v->as.capsule.data, op->as.text);
        owned = true;
    } else if (v->type == VALUE_CAPSULE) {
        fault_set(fault, v,
                  "expected object or array or a capsule convertible to an object, got capsule");
        return report_top(run, 0, fault, diags);
    } else {
        fault_set(fault, v, "cannot access field \"%.*s\" on value of type %s",
                  STR_ARG(op->as.text), value_type_name(v));
        return report_top(run, 0, fault, diags);
    }
    if (!field)
        return no_field(run, op, diags);
    run->depth--;
    push(run, *at, field, owned);
    return true;
}

static bool index_array(struct run *run, uint32_t at, struct fault *fault, struct diags *diags)
{
    const struct value *array = peek(run, 1);
    const struct value *index = peek(run, 0);
    if (index->type != VALUE_NUMBER) {
        fault_type(fault, index, "number");
        return report_top(run, 0, fault, diags);
    }
    int64_t i = value_to_int(index);
    if (i < 0 || i >= (int64_t)array->count) {
        fault_set(fault, index, "index %lld is out of range of array with length %u", (long long)i,
                  array->count);
        return report_top(run, 0, fault, diags);
    }
    run->depth -= 2;
    push(run, at, array->as.elements[i], false);
    return true;
}

static bool index_object(struct run *run, uint32_t at, struct fault *fault, struct diags *diags)
{
    const struct value *object = peek(run, 1);
    const struct value *key = peek(run, 0);
    if (key->type != VALUE_STRING) {
        fault_type(fault, key, "string");
        return report_top(run, 0, fault, diags);
    }
    bool owned = object->type == VALUE_CAPSULE;
    struct value *field =
        owned ? object->as.capsule.type->field(object->as.capsule.data, key->as.string)
              : (struct value *)value_field(object, key->as.string);
    run->depth -= 2;
    push(run, at, field ? field : value_null(), owned);
    return true;
}

static bool step_index(struct run *run, uint32_t *at, const struct scope *scope,
                       struct fault *fault, struct diags *diags)
{
    (void)scope;
    const struct value *v = peek(run, 1);
    if (v->type == VALUE_ARRAY)
        return index_array(run, *at, fault, diags);
    bool is_capsule = v->type == VALUE_CAPSULE;
    if (v->type == VALUE_OBJECT || (is_capsule && v->as.capsule.type->field))
        return index_object(run, *at, fault, diags);
    if (is_capsule)
        fault_set(fault, v,
                  "expected object or array or a capsule convertible to an object, got capsule");
    else
        fault_set(fault, v, "expected object or array, got %s", value_type_name(v));
    return report_top(run, 1, fault, diags);
}

/* A reference for a container: the run's own if it has one, which it gives up. */
static struct value *hand_over(struct run *run, uint32_t op)
{
    struct value *v = run->trace[op];
    if (!run->owned[op])
        return value_ref(v);
    run->owned[op] = false;
    return v;
}

static bool step_array(struct run *run, uint32_t *at, const struct scope *scope,
                       struct fault *fault, struct diags *diags)
{
    (void)scope;
    (void)fault;
    (void)diags;
    uint32_t count = run->e->ops[*at].count;
    struct value *array = value_array_room(count);
    run->depth -= count;
    for (uint32_t i = 0; i < count; i++)
        array->as.elements[i] = hand_over(run, run->stack[run->depth + i]);
    push(run, *at, array, true);
    return true;
}

enum { FIELDS_INLINE = 16 };

static bool step_object(struct run *run, uint32_t *at, const struct scope *scope,
                        struct fault *fault, struct diags *diags)
{
    (void)scope;
    (void)fault;
    (void)diags;
    const struct op *op = &run->e->ops[*at];
    struct value_field few[FIELDS_INLINE] __attribute__((uninitialized));
    struct value_field *fields = few;
    if (op->count > FIELDS_INLINE)
        fields = mem_array(NULL, op->count, sizeof(*fields));
    run->depth -= op->count;
    for (uint32_t i = 0; i < op->count; i++)
        fields[i] =
            (struct value_field){op->as.keys[i], hand_over(run, run->stack[run->depth + i])};
    push(run, *at, value_object(fields, op->count, false), true);
    if (fields != few)
        mem_free(fields);
    return true;
}

/* Before the arguments are evaluated, as Alloy does. */
static bool step_callee(struct run *run, uint32_t *at, const struct scope *scope,
                        struct fault *fault, struct diags *diags)
{
    (void)at;
    (void)scope;
    const struct value *function = peek(run, 0);
    if (function->type == VALUE_FUNCTION)
        return true;
    fault_type(fault, function, "function");
    return report_top(run, 0, fault, diags);
}

static bool step_call(struct run *run, uint32_t *at, const struct scope *scope, struct fault *fault,
                      struct diags *diags)
{
    (void)scope;
    uint32_t argc = run->e->ops[*at].count;
    struct value *result = run_call(run, argc, fault, diags);
    if (!result)
        return false;
    run->depth -= argc + 1;
    push(run, *at, result, true);
    return true;
}

static bool step_unary(struct run *run, uint32_t *at, const struct scope *scope,
                       struct fault *fault, struct diags *diags)
{
    (void)scope;
    struct value *result = operator_unary(run->e->ops[*at].sub, peek(run, 0), fault);
    if (!result)
        return report_top(run, 0, fault, diags);
    run->depth--;
    push(run, *at, result, true);
    return true;
}

static bool step_binary(struct run *run, uint32_t *at, const struct scope *scope,
                        struct fault *fault, struct diags *diags)
{
    (void)scope;
    struct value *result = operator_binary(run->e->ops[*at].sub, peek(run, 1), peek(run, 0), fault);
    if (!result) {
        run_report(run, fault, diags);
        return false;
    }
    run->depth -= 2;
    push(run, *at, result, true);
    return true;
}

static step_fn *const steps[] = {
    [OP_LITERAL] = step_literal, [OP_LOAD] = step_load,   [OP_ACCESS] = step_access,
    [OP_INDEX] = step_index,     [OP_ARRAY] = step_array, [OP_OBJECT] = step_object,
    [OP_CALLEE] = step_callee,   [OP_CALL] = step_call,   [OP_UNARY] = step_unary,
    [OP_BINARY] = step_binary,
};

static void make_room(struct run *run, uint32_t count)
{
    if (count <= RUN_INLINE) {
        run->trace = run->inline_trace;
        run->owned = run->inline_owned;
        run->stack = run->inline_stack;
    } else {
        run->trace = mem_array(NULL, count, sizeof(struct value *));
        run->owned = mem_array(NULL, count, sizeof(*run->owned));
        run->stack = mem_array(NULL, count, sizeof(*run->stack));
    }
    memset(run->trace, 0, count * sizeof(struct value *));
    memset(run->owned, 0, count * sizeof(*run->owned));
    run->count = count;
}

const struct value *run_begin(struct run *run, const struct expr *e, const struct scope *scope,
                              struct fault *fault, struct diags *diags)
{
    run->e = e;
    run->depth = 0;
    run->count = 0;
    run->trace = run->inline_trace;
    const struct value *known = scope->known ? scope->known(scope->arg, e) : NULL;
    if (known)
        return known;
    make_room(run, e->op_count);
    for (uint32_t at = 0; at < e->op_count; at++)
        if (!steps[e->ops[at].kind](run, &at, scope, fault, diags))
            return NULL;
    const struct value *value = peek(run, 0);
    if (scope->made)
        scope->made(scope->arg, e, value);
    return value;
}

void run_end(struct run *run)
{
    for (uint32_t i = run->count; i-- > 0;)
        if (run->owned[i])
            value_unref(run->trace[i]);
    if (run->trace != run->inline_trace) {
        mem_free(run->trace);
        mem_free(run->owned);
        mem_free(run->stack);
    }
}

struct value *expr_eval(const struct expr *e, const struct scope *scope, struct diags *diags)
{
    struct run run __attribute__((uninitialized)); /* large, and filled where they are used */
    struct fault fault __attribute__((uninitialized));
    fault_init(&fault);
    const struct value *v = run_begin(&run, e, scope, &fault, diags);
    struct value *result = NULL;
    if (v)
        result = run.count ? hand_over(&run, run.stack[run.depth - 1]) : value_ref(v);
    run_end(&run);
    fault_release(&fault);
    return result;
}

/* ---- again ---- */

struct again {
    const struct value *was[RUN_INLINE]; /* by operation; NULL = not known */
    uint8_t literal_to[RUN_INLINE];      /* 1 + the operation that ends literals beginning here */
};

/* Does the value have the parts that the operation makes? */
static bool has_parts(const struct op *op, const struct value *was)
{
    if (op->kind == OP_ARRAY)
        return was->type == VALUE_ARRAY && was->count == op->count;
    return op->kind == OP_OBJECT && was->type == VALUE_OBJECT && was->count == op->count &&
           !was->keeps_order;
}

static const struct value *part_of(const struct op *op, const struct value *was, uint32_t i)
{
    return op->kind == OP_ARRAY ? was->as.elements[i] : value_field(was, op->as.keys[i]);
}

/* From the whole to its parts: which operation made which. */
static void take_apart(struct again *a, const struct expr *e, const struct value *was)
{
    memset(a->was, 0, e->op_count * sizeof(a->was[0]));
    memset(a->literal_to, 0, e->op_count);
    a->was[e->op_count - 1] = was;
    for (uint32_t i = e->op_count; i-- > 0;) {
        const struct op *op = &e->ops[i];
        if (!a->was[i])
            continue;
        bool is_container = op->kind == OP_ARRAY || op->kind == OP_OBJECT;
        if (op->kind == OP_LITERAL || (is_container && op->sub)) {
            uint32_t first = i + 1 - op->span;
            a->literal_to[first] = (uint8_t)(i + 1);
            i = first;
        } else if (is_container && has_parts(op, a->was[i])) {
            uint32_t at = i;
            for (uint32_t k = op->count; k-- > 0; at -= e->ops[at - 1].span)
                a->was[at - 1] = part_of(op, a->was[i], k);
        }
    }
}

/* A container whose parts are all the ones that it had. */
static bool is_as_it_was(const struct run *run, const struct again *a, const struct op *op)
{
    for (uint32_t i = 0; i < op->count; i++) {
        uint32_t part = run->stack[run->depth - op->count + i];
        if (run->trace[part] != a->was[part])
            return false;
    }
    return true;
}

static bool step_again(struct run *run, const struct again *a, uint32_t *at,
                       const struct scope *scope, struct fault *fault, struct diags *diags)
{
    const struct op *op = &run->e->ops[*at];
    const struct value *was = a->was[*at];
    bool parted = was && has_parts(op, was);
    if (parted && is_as_it_was(run, a, op)) {
        run->depth -= op->count;
        push(run, *at, (struct value *)was, false);
        return true;
    }
    if (!steps[op->kind](run, at, scope, fault, diags))
        return false;
    was = a->was[*at]; /* a load goes on to the last name that it knows */
    struct value *now = run->trace[*at];
    if (parted || !was || now == was || !value_equal(now, was))
        return true;
    if (run->owned[*at])
        value_unref(now);
    run->trace[*at] = (struct value *)was;
    run->owned[*at] = false;
    return true;
}

static bool run_again(struct run *run, const struct again *a, const struct scope *scope,
                      struct fault *fault, struct diags *diags)
{
    for (uint32_t at = 0; at < run->e->op_count; at++) {
        if (a->literal_to[at]) {
            at = a->literal_to[at] - 1u;
            push(run, at, (struct value *)a->was[at], false);
        } else if (!step_again(run, a, &at, scope, fault, diags)) {
            return false;
        }
    }
    return true;
}

bool expr_eval_again(const struct expr *e, const struct scope *scope, const struct value *was,
                     struct value **out, struct diags *diags)
{
    *out = NULL;
    if (e->op_count > RUN_INLINE) {
        struct value *now = expr_eval(e, scope, diags);
        if (now && value_equal(now, was))
            value_unref(now);
        else
            *out = now;
        return now != NULL;
    }
    struct again a __attribute__((uninitialized)); /* large, and filled where they are used */
    struct run run __attribute__((uninitialized));
    struct fault fault __attribute__((uninitialized));
    fault_init(&fault);
    run.e = e;
    run.depth = 0;
    take_apart(&a, e, was);
    make_room(&run, e->op_count);
    bool ok = run_again(&run, &a, scope, &fault, diags);
    uint32_t last = ok ? run.stack[run.depth - 1] : 0;
    if (ok && run.trace[last] != was)
        *out = hand_over(&run, last);
    run_end(&run);
    fault_release(&fault);
    return ok;
}
