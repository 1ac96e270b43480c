/* Operators. Integers wrap as Go's do, which is why they are computed unsigned. */

#include "compiler/operator.h"

#include <math.h>

enum { ACCEPTS_NUMBER = 1 << VALUE_NUMBER, ACCEPTS_STRING = 1 << VALUE_STRING };

struct rule {
    const char *text;
    const char *accepts_text;
    unsigned accepts; /* bits by value_type */
};

static const struct rule rules[] = {
    [AST_OP_OR] = {"||", "[bool]", 1 << VALUE_BOOL},
    [AST_OP_AND] = {"&&", "[bool]", 1 << VALUE_BOOL},
    [AST_OP_LT] = {"<", "[number string]", ACCEPTS_NUMBER | ACCEPTS_STRING},
    [AST_OP_LTE] = {"<=", "[number string]", ACCEPTS_NUMBER | ACCEPTS_STRING},
    [AST_OP_GT] = {">", "[number string]", ACCEPTS_NUMBER | ACCEPTS_STRING},
    [AST_OP_GTE] = {">=", "[number string]", ACCEPTS_NUMBER | ACCEPTS_STRING},
    [AST_OP_ADD] = {"+", "[number string capsule]",
                    ACCEPTS_NUMBER | ACCEPTS_STRING | 1 << VALUE_CAPSULE},
    [AST_OP_SUB] = {"-", "[number]", ACCEPTS_NUMBER},
    [AST_OP_MUL] = {"*", "[number]", ACCEPTS_NUMBER},
    [AST_OP_DIV] = {"/", "[number]", ACCEPTS_NUMBER},
    [AST_OP_MOD] = {"%", "[number]", ACCEPTS_NUMBER},
    [AST_OP_POW] = {"^", "[number]", ACCEPTS_NUMBER},
};

/* One operand as the operator sees it: secrets next to strings become alike (tryUnwrapCapsules). */
struct side {
    const struct value *value;
    struct value *owned; /* made by unwrapping; NULL = none */
};

static bool is_plain_string(const struct value *v)
{
    return v->type == VALUE_STRING && !v->is_text_form;
}

static void become(struct side *side, struct value *owned)
{
    side->owned = owned;
    side->value = owned;
}

static void become_secret(struct side *side, struct str text)
{
    become(side, value_secret(text));
}

static void unwrap_optional(struct side *left, struct side *right)
{
    bool is_secret = false;
    bool ignored;
    struct str text = value_secret_reveal(left->value, &is_secret);
    if (value_capsule_data(right->value, &capsule_secret)) {
        become_secret(left, text);
    } else if (is_plain_string(right->value)) {
        if (is_secret) {
            become(right, value_optional_secret(right->value->as.string, true));
        } else {
            become(left, value_string(value_secret_reveal(left->value, &ignored)));
        }
    }
}

static void unwrap_secret(struct side *right)
{
    bool ignored;
    if (value_capsule_data(right->value, &capsule_optional_secret))
        become_secret(right, value_secret_reveal(right->value, &ignored));
    else if (is_plain_string(right->value))
        become_secret(right, right->value->as.string);
}

static void unwrap_string(struct side *left, struct side *right)
{
    bool is_secret = false;
    struct str text = value_secret_reveal(right->value, &is_secret);
    if (value_capsule_data(right->value, &capsule_secret))
        become_secret(left, left->value->as.string);
    else if (value_capsule_data(right->value, &capsule_optional_secret)) {
        if (is_secret)
            become(left, value_optional_secret(left->value->as.string, true));
        else
            become(right, value_string(text));
    }
}

static void unwrap(struct side *left, struct side *right)
{
    if (left->value->type != VALUE_CAPSULE && right->value->type != VALUE_CAPSULE)
        return;
    if (value_capsule_data(left->value, &capsule_optional_secret))
        unwrap_optional(left, right);
    else if (value_capsule_data(left->value, &capsule_secret))
        unwrap_secret(right);
    else if (is_plain_string(left->value))
        unwrap_string(left, right);
}

static struct value *concat(struct str a, struct str b)
{
    char *bytes;
    struct value *v = value_string_room(a.len + b.len, &bytes);
    if (a.len > 0)
        memcpy(bytes, a.ptr, a.len);
    if (b.len > 0)
        memcpy(bytes + a.len, b.ptr, b.len);
    return v;
}

/* A right side of another capsule type counts as empty (Alloy drops it). */
static struct value *add_capsules(const struct value *left, const struct value *right,
                                  struct fault *f)
{
    bool secret = false;
    bool other = false;
    struct str a = value_secret_reveal(left, &secret);
    struct str b = STR("");
    if (!a.ptr) {
        fault_set(f, left, "could not perform binop + for unknown types lhs capsule rhs capsule");
        return NULL;
    }
    if (left->as.capsule.type == right->as.capsule.type)
        b = value_secret_reveal(right, &other);
    struct value *joined = concat(a, b);
    struct value *result = value_capsule_data(left, &capsule_secret)
                               ? value_secret(joined->as.string)
                               : value_optional_secret(joined->as.string, secret || other);
    value_unref(joined);
    return result;
}

static enum number_kind common_kind(const struct value *a, const struct value *b)
{
    return a->number_kind > b->number_kind ? a->number_kind : b->number_kind;
}

/* Repeated multiplication with wrap, by squaring; a negative exponent gives the base (SEMANTICS
 * §6). */
static uint64_t power(uint64_t base, uint64_t exponent, bool is_signed)
{
    if (exponent == 0 || base == 1)
        return 1;
    if (is_signed && (int64_t)exponent < 0)
        return base;
    uint64_t result = 1;
    for (; exponent > 0; exponent >>= 1) {
        if (exponent & 1)
            result *= base;
        base *= base;
    }
    return result;
}

static uint64_t divide(uint64_t a, uint64_t b, bool is_signed, bool wants_rest)
{
    if (!is_signed)
        return wants_rest ? a % b : a / b;
    if (b == UINT64_MAX) /* -1: the one quotient that overflows */
        return wants_rest ? 0 : 0 - a;
    int64_t x = (int64_t)a;
    int64_t y = (int64_t)b;
    return (uint64_t)(wants_rest ? x % y : x / y);
}

static uint64_t integer_result(enum ast_op op, uint64_t a, uint64_t b, bool is_signed)
{
    switch (op) {
    case AST_OP_ADD: return a + b;
    case AST_OP_SUB: return a - b;
    case AST_OP_MUL: return a * b;
    case AST_OP_POW: return power(a, b, is_signed);
    default: return divide(a, b, is_signed, op == AST_OP_MOD);
    }
}

static double float_result(enum ast_op op, double a, double b)
{
    switch (op) {
    case AST_OP_ADD: return a + b;
    case AST_OP_SUB: return a - b;
    case AST_OP_MUL: return a * b;
    case AST_OP_DIV: return a / b;
    case AST_OP_MOD: return fmod(a, b);
    default: return operator_power(a, b);
    }
}

static bool is_zero(const struct value *number)
{
    return number->number_kind == NUMBER_FLOAT ? number->as.f == 0 : number->as.u == 0;
}

static struct value *arithmetic(enum ast_op op, const struct value *a, const struct value *b,
                                struct fault *f)
{
    if ((op == AST_OP_DIV || op == AST_OP_MOD) && is_zero(b)) {
        fault_set(f, b, "divide by zero error");
        return NULL;
    }
    enum number_kind kind = common_kind(a, b);
    if (kind == NUMBER_FLOAT)
        return value_float(float_result(op, value_to_float(a), value_to_float(b)));
    uint64_t result = integer_result(op, a->as.u, b->as.u, kind == NUMBER_INT);
    return kind == NUMBER_INT ? value_int((int64_t)result) : value_uint(result);
}

/* <0, 0, >0; 2 when a NaN makes them incomparable. */
static int order(const struct value *a, const struct value *b)
{
    if (a->type == VALUE_STRING)
        return str_cmp(a->as.string, b->as.string) < 0 ? -1
               : str_eq(a->as.string, b->as.string)    ? 0
                                                       : 1;
    switch (common_kind(a, b)) {
    case NUMBER_FLOAT: {
        double x = value_to_float(a);
        double y = value_to_float(b);
        if (isnan(x) || isnan(y))
            return 2;
        return (x > y) - (x < y);
    }
    case NUMBER_INT: return (a->as.i > b->as.i) - (a->as.i < b->as.i);
    default: return (a->as.u > b->as.u) - (a->as.u < b->as.u);
    }
}

static bool compare(enum ast_op op, const struct value *a, const struct value *b)
{
    int o = order(a, b);
    if (o == 2)
        return false;
    switch (op) {
    case AST_OP_LT: return o < 0;
    case AST_OP_LTE: return o <= 0;
    case AST_OP_GT: return o > 0;
    default: return o >= 0;
    }
}

static struct value *apply(enum ast_op op, const struct value *a, const struct value *b,
                           struct fault *f)
{
    switch (op) {
    case AST_OP_OR: return value_bool_new(a->as.boolean || b->as.boolean);
    case AST_OP_AND: return value_bool_new(a->as.boolean && b->as.boolean);
    case AST_OP_LT:
    case AST_OP_LTE:
    case AST_OP_GT:
    case AST_OP_GTE: return value_bool_new(compare(op, a, b));
    case AST_OP_ADD:
        if (a->type == VALUE_STRING)
            return concat(a->as.string, b->as.string);
        if (a->type == VALUE_CAPSULE)
            return add_capsules(a, b, f);
        return arithmetic(op, a, b, f);
    default: return arithmetic(op, a, b, f);
    }
}

static struct value *checked(enum ast_op op, const struct value *a, const struct value *b,
                             struct fault *f)
{
    if (op == AST_OP_EQ || op == AST_OP_NEQ)
        return value_bool_new(value_equal(a, b) == (op == AST_OP_EQ));
    const struct rule *rule = &rules[op];
    const struct value *bad = NULL;
    if (!(rule->accepts & (1U << a->type)))
        bad = a;
    else if (!(rule->accepts & (1U << b->type)))
        bad = b;
    if (bad) {
        fault_set(f, bad, "should be one of %s for binop %s, got %s", rule->accepts_text,
                  rule->text, value_type_name(bad));
        return NULL;
    }
    if (a->type != b->type) {
        fault_type(f, b, value_type_name(a));
        return NULL;
    }
    return apply(op, a, b, f);
}

struct value *operator_binary(enum ast_op op, const struct value *left, const struct value *right,
                              struct fault *f)
{
    struct side a = {.value = left};
    struct side b = {.value = right};
    unwrap(&a, &b);
    struct value *result = checked(op, a.value, b.value, f);
    if (!result && f->value == b.owned && b.owned)
        f->value = right;
    if (!result && f->value == a.owned && a.owned)
        f->value = left;
    value_unref(a.owned);
    value_unref(b.owned);
    return result;
}

struct value *operator_unary(enum ast_op op, const struct value *operand, struct fault *f)
{
    if (op == AST_OP_NOT) {
        if (operand->type == VALUE_BOOL)
            return value_bool_new(!operand->as.boolean);
        fault_type(f, operand, "bool");
        return NULL;
    }
    if (operand->type != VALUE_NUMBER) {
        fault_type(f, operand, "number");
        return NULL;
    }
    if (operand->number_kind == NUMBER_FLOAT)
        return value_float(-operand->as.f);
    return value_int((int64_t)(0 - operand->as.u));
}
