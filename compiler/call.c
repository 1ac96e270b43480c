/* Calling a function: arity, arguments by the rules of SEMANTICS §9, and whom an error is about
 * (§7, §8). */

#include "compiler/code.h"
#include "compiler/coerce.h"

enum { CALL_INLINE = 8 };

/* The arguments as the function gets them. */
struct arguments {
    const struct value **items;
    struct value **owned; /* made by conversion; NULL = the run's own value */
    uint32_t count;
    const struct value *inline_items[CALL_INLINE];
    struct value *inline_owned[CALL_INLINE];
};

static void arguments_init(struct arguments *a, uint32_t count)
{
    a->count = count;
    a->items = a->inline_items;
    a->owned = a->inline_owned;
    if (count > CALL_INLINE) {
        a->items = mem_array(NULL, count, sizeof(struct value *));
        a->owned = mem_array(NULL, count, sizeof(struct value *));
    }
    memset(a->owned, 0, count * sizeof(struct value *));
}

static void arguments_release(struct arguments *a)
{
    for (uint32_t i = 0; i < a->count; i++)
        value_unref(a->owned[i]);
    if (a->items != a->inline_items) {
        mem_free(a->items);
        mem_free(a->owned);
    }
}

static bool convert_str(struct coercion *c, const struct value *v, struct value **owned)
{
    struct str text;
    if (v->type == VALUE_STRING)
        return true;
    if (!coerce_text(c, v, &text))
        return false;
    *owned = value_string(text);
    return true;
}

static bool all_strings(const struct value *array)
{
    for (uint32_t i = 0; i < array->count; i++)
        if (array->as.elements[i]->type != VALUE_STRING)
            return false;
    return true;
}

static bool convert_str_list(struct coercion *c, const struct value *v, struct value **owned)
{
    if (v->type == VALUE_NULL) {
        *owned = value_array(NULL, 0);
        return true;
    }
    if (v->type != VALUE_ARRAY && value_capsule_data(v, &capsule_target))
        return fault_set(c->fault, v,
                         "target::ConvertInto: conversion to '*[]string' is not supported");
    if (v->type != VALUE_ARRAY)
        return fault_type(c->fault, v, "array");
    if (all_strings(v))
        return true;
    struct value **items = mem_array(NULL, v->count + 1, sizeof(struct value *));
    uint32_t made = 0;
    struct str text;
    while (made < v->count && coerce_text(c, v->as.elements[made], &text))
        items[made++] = value_string(text);
    *owned = value_array(items, made);
    mem_free(items);
    return made == v->count || fault_index(c->fault, v, made);
}

static bool convert_secret(struct coercion *c, const struct value *v, struct value **owned)
{
    struct str text;
    bool is_secret;
    if (!coerce_secret(c, v, &capsule_secret, &text, &is_secret))
        return false;
    *owned = value_secret(text);
    return true;
}

static bool convert(struct coercion *c, enum param_type type, const struct value *v,
                    struct value **owned)
{
    switch (type) {
    case PARAM_STR: return convert_str(c, v, owned);
    case PARAM_STR_LIST: return convert_str_list(c, v, owned);
    case PARAM_SECRET: return convert_secret(c, v, owned);
    case PARAM_BOOL:
        if (v->type == VALUE_NULL)
            *owned = value_bool_new(false);
        return v->type == VALUE_NULL || v->type == VALUE_BOOL || fault_type(c->fault, v, "bool");
    case PARAM_PLAIN: *owned = coerce_any(v); return true;
    default: return true;
    }
}

static uint32_t argument_op(const struct run *run, uint32_t argc, uint32_t i)
{
    return run->stack[run->depth - argc + i];
}

static bool convert_all(struct run *run, const struct function_def *def, struct arguments *a,
                        struct coercion *c)
{
    for (uint32_t i = 0; i < a->count; i++) {
        const struct value *v = run->trace[argument_op(run, a->count, i)];
        unsigned param = i < def->param_count ? i : def->param_count - 1;
        if (!convert(c, def->params[param], v, &a->owned[i])) {
            fault_argument(c->fault, v);
            return false;
        }
        a->items[i] = a->owned[i] ? a->owned[i] : v;
    }
    return true;
}

static bool check_arity(const struct function_def *def, uint32_t argc, struct fault *fault)
{
    unsigned least = def->param_count - def->optional - (def->variadic ? 1 : 0);
    bool exact = !def->variadic && def->optional == 0;
    if (argc >= least && (def->variadic || argc <= def->param_count))
        return true;
    if (exact)
        return fault_set(fault, NULL, "expected %u args, got %u", least, argc);
    return fault_set(fault, NULL, "expected at least %u args, got %u", least, argc);
}

/* What a function set as its error: about itself unless it named a value. */
static void report_result(struct run *run, uint32_t function, struct fault *fault,
                          struct diags *diags)
{
    if (!fault->value)
        fault->value = run->trace[function];
    run_report(run, fault, diags);
}

struct value *run_call(struct run *run, uint32_t argc, struct fault *fault, struct diags *diags)
{
    uint32_t function = argument_op(run, argc + 1, 0);
    const struct function_def *def = run->trace[function]->as.function;
    if (!check_arity(def, argc, fault)) {
        fault->value = run->trace[function];
        run_report_at(run, function, fault, diags);
        return NULL;
    }
    struct arena scratch;
    struct arguments a;
    struct value *result = NULL;
    arena_init(&scratch, NULL, 0);
    arguments_init(&a, argc);
    struct coercion c = {.arena = &scratch, .fault = fault};
    if (!convert_all(run, def, &a, &c)) {
        run_report(run, fault, diags);
    } else {
        struct call call = {.arena = &scratch, .args = a.items, .count = argc, .fault = fault};
        result = def->run(&call);
        if (!result)
            report_result(run, function, fault, diags);
    }
    arguments_release(&a);
    arena_release(&scratch);
    return result;
}

/* Errors of functions. */

static struct value *set_error(struct call *call, const struct value *v, const char *format,
                               va_list args)
{
    struct buf text;
    buf_init(&text, NULL, ERROR_MAX);
    buf_vprintf(&text, format, args);
    fault_set(call->fault, v, "%.*s", STR_ARG(buf_view(&text)));
    buf_release(&text);
    return NULL;
}

struct value *function_fail(struct call *call, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    set_error(call, NULL, format, args);
    va_end(args);
    return NULL;
}

struct value *function_fail_at(struct call *call, const struct value *v, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    set_error(call, v, format, args);
    va_end(args);
    fault_argument(call->fault, v);
    return NULL;
}

struct value *function_fail_type(struct call *call, const struct value *v, const char *expected)
{
    fault_type(call->fault, v, expected);
    fault_argument(call->fault, v);
    return NULL;
}

struct value *function_fail_plain(struct call *call, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    set_error(call, NULL, format, args);
    va_end(args);
    call->fault->plain = true;
    return NULL;
}

void function_keep(struct call *call, struct value *owned)
{
    fault_release(call->fault);
    call->fault->kept = owned;
}

/* Names. */

const struct value *stdlib_lookup(const struct stdlib *lib, struct str name)
{
    return value_field(lib->names, name);
}

const struct stdlib_entry *stdlib_entry(const struct stdlib *lib, struct str dotted)
{
    for (size_t i = 0; i < lib->count; i++)
        if (str_is(dotted, lib->entries[i].name))
            return &lib->entries[i];
    return NULL;
}
