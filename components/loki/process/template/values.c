/* The functions of templates on logic, numbers and lists, and the table of them all. */

#include "base/strconv.h"
#include "components/loki/process/template/functions.h"

int64_t tcall_int(struct tcall *c, size_t i)
{
    int64_t n = 0;
    double d;
    bool range;
    if (i >= c->count)
        return 0;
    const struct tval *v = &c->args[i];
    if (v->kind == TVAL_INT)
        return v->integer;
    if (v->kind == TVAL_BOOL)
        return v->boolean;
    if (v->kind == TVAL_FLOAT)
        d = v->number;
    else if (v->kind != TVAL_STRING || str_to_i64(v->text, &n))
        return n;
    else if (!strconv_parse_float(v->text, &d, &range))
        return 0;
    return d >= -9.2e18 && d <= 9.2e18 ? (int64_t)d : 0;
}

static double tcall_float(struct tcall *c, size_t i)
{
    double d = 0;
    bool range;
    const struct tval *v = &c->args[i];
    if (v->kind == TVAL_FLOAT)
        return v->number;
    if (v->kind == TVAL_STRING && strconv_parse_float(v->text, &d, &range))
        return d;
    return (double)tcall_int(c, i);
}

/* ---- logic ---- */
static struct tval fn_last_arg(struct tcall *c)
{
    return c->args[c->count - 1];
}

static struct tval fn_not(struct tcall *c)
{
    return TVAL_B(!tval_truth(&c->args[0]));
}

/* -1, 0, 1; 2 when the kinds cannot be compared. */
static int order(const struct tval *a, const struct tval *b)
{
    if (a->kind != b->kind)
        return 2;
    switch ((enum tval_kind)a->kind) {
    case TVAL_STRING: {
        int cmp = str_cmp(a->text, b->text);
        return (cmp > 0) - (cmp < 0);
    }
    case TVAL_INT: return (a->integer > b->integer) - (a->integer < b->integer);
    case TVAL_FLOAT: return (a->number > b->number) - (a->number < b->number);
    case TVAL_BOOL: return a->boolean - b->boolean;
    default: return 2;
    }
}

static struct tval fn_eq(struct tcall *c)
{
    for (size_t i = 1; i < c->count; i++) {
        const struct tval *a = &c->args[0];
        const struct tval *b = &c->args[i];
        bool has_nil = a->kind == TVAL_NIL || b->kind == TVAL_NIL;
        int cmp = has_nil ? a->kind != b->kind : order(a, b);
        if (cmp == 2)
            return tcall_fail(c, "incompatible types for comparison");
        if (cmp == 0)
            return TVAL_B(true);
    }
    return TVAL_B(false);
}

static struct tval fn_ne(struct tcall *c)
{
    struct tval equal = fn_eq(c);
    return TVAL_B(!equal.boolean);
}

static struct tval compare(struct tcall *c, bool less, bool equal)
{
    int cmp = order(&c->args[0], &c->args[1]);
    if (cmp == 2)
        return tcall_fail(c, "incompatible types for comparison");
    return TVAL_B(cmp == 0 ? equal : (cmp < 0) == less);
}

static struct tval fn_lt(struct tcall *c)
{
    return compare(c, true, false);
}

static struct tval fn_le(struct tcall *c)
{
    return compare(c, true, true);
}

static struct tval fn_gt(struct tcall *c)
{
    return compare(c, false, false);
}

static struct tval fn_ge(struct tcall *c)
{
    return compare(c, false, true);
}

static struct tval fn_default(struct tcall *c)
{
    return c->count < 2 || !tval_truth(&c->args[1]) ? c->args[0] : c->args[1];
}

static struct tval fn_empty(struct tcall *c)
{
    return TVAL_B(!tval_truth(&c->args[0]));
}

static struct tval fn_coalesce(struct tcall *c)
{
    for (size_t i = 0; i < c->count; i++) {
        if (tval_truth(&c->args[i]))
            return c->args[i];
    }
    return (struct tval){0};
}

static struct tval fn_ternary(struct tcall *c)
{
    if (c->args[2].kind != TVAL_BOOL)
        return tcall_fail(c, "wrong type for value; expected bool");
    return c->args[2].boolean ? c->args[0] : c->args[1];
}

/* ---- numbers ---- */
static struct tval fn_add(struct tcall *c)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < c->count; i++)
        sum += (uint64_t)tcall_int(c, i);
    return TVAL_I((int64_t)sum);
}

static struct tval fn_add1(struct tcall *c)
{
    return TVAL_I((int64_t)((uint64_t)tcall_int(c, 0) + 1));
}

static struct tval fn_sub(struct tcall *c)
{
    return TVAL_I((int64_t)((uint64_t)tcall_int(c, 0) - (uint64_t)tcall_int(c, 1)));
}

static struct tval fn_mul(struct tcall *c)
{
    uint64_t product = 1;
    for (size_t i = 0; i < c->count; i++)
        product *= (uint64_t)tcall_int(c, i);
    return TVAL_I((int64_t)product);
}

static struct tval fn_div(struct tcall *c)
{
    int64_t a = tcall_int(c, 0);
    int64_t b = tcall_int(c, 1);
    if (b == 0)
        return tcall_fail(c, "integer divide by zero");
    return TVAL_I(b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b);
}

static struct tval fn_mod(struct tcall *c)
{
    int64_t a = tcall_int(c, 0);
    int64_t b = tcall_int(c, 1);
    if (b == 0)
        return tcall_fail(c, "integer divide by zero");
    return TVAL_I(b == -1 ? 0 : a % b);
}

static struct tval extreme(struct tcall *c, bool largest)
{
    int64_t best = tcall_int(c, 0);
    for (size_t i = 1; i < c->count; i++) {
        int64_t n = tcall_int(c, i);
        if ((n > best) == largest && n != best)
            best = n;
    }
    return TVAL_I(best);
}

static struct tval fn_max(struct tcall *c)
{
    return extreme(c, true);
}

static struct tval fn_min(struct tcall *c)
{
    return extreme(c, false);
}

static struct tval fn_int(struct tcall *c)
{
    return TVAL_I(tcall_int(c, 0));
}

static struct tval fn_float(struct tcall *c)
{
    return TVAL_F(tcall_float(c, 0));
}

static struct tval fn_to_string(struct tcall *c)
{
    return TVAL_S(tcall_text(c, 0));
}

/* ---- lists ---- */
static struct tval fn_list(struct tcall *c)
{
    struct tval *items = ARENA_ARRAY(c->arena, c->count, struct tval);
    if (c->count != 0)
        memcpy(items, c->args, c->count * sizeof *items);
    return (struct tval){.kind = TVAL_LIST, .items = items, .count = c->count};
}

static struct tval fn_len(struct tcall *c)
{
    const struct tval *v = &c->args[0];
    if (v->kind == TVAL_STRING)
        return TVAL_I((int64_t)v->text.len);
    if (v->kind == TVAL_LIST)
        return TVAL_I((int64_t)v->count);
    return tcall_fail(c, "len of a value that has no length");
}

static struct tval fn_index(struct tcall *c)
{
    const struct tval *v = &c->args[0];
    int64_t i = tcall_int(c, 1);
    size_t len = v->kind == TVAL_LIST ? v->count : v->text.len;
    if (v->kind != TVAL_LIST && v->kind != TVAL_STRING) {
        return tcall_fail(c, "can't index the value");
    }
    if (i < 0 || (size_t)i >= len)
        return tcall_fail(c, "index out of range");
    return v->kind == TVAL_LIST ? v->items[i] : TVAL_I((unsigned char)v->text.ptr[i]);
}

static struct tval fn_join(struct tcall *c)
{
    struct buf out;
    const struct tval *list = &c->args[1];
    if (list->kind != TVAL_LIST)
        return TVAL_S(tcall_text(c, 1));
    buf_init(&out, NULL, 16 * 1024 * 1024);
    for (size_t i = 0; i < list->count; i++) {
        if (i != 0)
            buf_str(&out, tcall_text(c, 0));
        buf_str(&out, tval_text(&list->items[i], c->arena));
    }
    return tcall_take(c, &out);
}

static struct tval fn_split_list(struct tcall *c)
{
    struct str sep = tcall_text(c, 0);
    struct str s = tcall_text(c, 1);
    size_t count = 1;
    if (sep.len == 0)
        return tcall_fail(c, "an empty separator is not there yet");
    for (size_t at = 0; (at = str_find(s, sep, at)) != SIZE_MAX; at += sep.len)
        count++;
    struct tval *items = ARENA_ARRAY(c->arena, count, struct tval);
    size_t from = 0;
    for (size_t i = 0; i < count; i++) {
        size_t to = str_find(s, sep, from);
        items[i] = TVAL_S(str_slice(s, from, to));
        from = to + sep.len;
    }
    return (struct tval){.kind = TVAL_LIST, .items = items, .count = count};
}

static struct tval fn_first(struct tcall *c)
{
    const struct tval *list = &c->args[0];
    return list->kind == TVAL_LIST && list->count != 0 ? list->items[0] : (struct tval){0};
}

static struct tval fn_last(struct tcall *c)
{
    const struct tval *list = &c->args[0];
    return list->kind == TVAL_LIST && list->count != 0 ? list->items[list->count - 1]
                                                       : (struct tval){0};
}

/* fmt.Sprint puts blanks only between two values of which neither is a text. */
static struct tval fn_print(struct tcall *c)
{
    struct buf out;
    buf_init(&out, NULL, 16 * 1024 * 1024);
    for (size_t i = 0; i < c->count; i++) {
        bool is_text = c->args[i].kind == TVAL_STRING;
        if (i != 0 && !is_text && c->args[i - 1].kind != TVAL_STRING)
            buf_byte(&out, ' ');
        buf_str(&out, tcall_text(c, i));
    }
    return tcall_take(c, &out);
}

/* %s, %v, %d and %q without flags. */
static struct tval fn_printf(struct tcall *c)
{
    struct buf out;
    struct str format = tcall_text(c, 0);
    size_t arg = 1;
    buf_init(&out, NULL, 16 * 1024 * 1024);
    for (size_t i = 0; i < format.len; i++) {
        char byte = format.ptr[i];
        char verb = byte == '%' && i + 1 < format.len ? format.ptr[++i] : '\0';
        if (verb == '\0') {
            buf_byte(&out, byte);
        } else if (verb == '%') {
            buf_byte(&out, '%');
        } else if (strchr("svdq", verb) == NULL || arg >= c->count) {
            buf_release(&out);
            return tcall_fail(c, "printf: a verb that is not there yet, or an argument is missing");
        } else if (verb == 'q') {
            strconv_quote(&out, tcall_text(c, arg++));
        } else {
            buf_str(&out, tcall_text(c, arg++));
        }
    }
    return tcall_take(c, &out);
}

/* ---- the table ---- */
static const struct template_function functions[] = {
    {"Hash", 2, 2, tfn_sha3},
    {"Replace", 4, 4, tfn_replace_n},
    {"Sha2Hash", 2, 2, tfn_sha256},
    {"ToLower", 1, 1, tfn_lower},
    {"ToUpper", 1, 1, tfn_upper},
    {"Trim", 2, 2, tfn_trim},
    {"TrimLeft", 2, 2, tfn_trim_left},
    {"TrimPrefix", 2, 2, tfn_trim_prefix},
    {"TrimRight", 2, 2, tfn_trim_right},
    {"TrimSpace", 1, 1, tfn_trim_space},
    {"TrimSuffix", 2, 2, tfn_trim_suffix},
    {"add", 1, SIZE_MAX, fn_add},
    {"add1", 1, 1, fn_add1},
    {"and", 1, SIZE_MAX, fn_last_arg},
    {"atoi", 1, 1, fn_int},
    {"coalesce", 1, SIZE_MAX, fn_coalesce},
    {"contains", 2, 2, tfn_contains},
    {"default", 1, 2, fn_default},
    {"div", 2, 2, fn_div},
    {"empty", 1, 1, fn_empty},
    {"eq", 2, SIZE_MAX, fn_eq},
    {"first", 1, 1, fn_first},
    {"float64", 1, 1, fn_float},
    {"ge", 2, 2, fn_ge},
    {"gt", 2, 2, fn_gt},
    {"hasPrefix", 2, 2, tfn_has_prefix},
    {"hasSuffix", 2, 2, tfn_has_suffix},
    {"index", 2, 2, fn_index},
    {"int", 1, 1, fn_int},
    {"int64", 1, 1, fn_int},
    {"join", 2, 2, fn_join},
    {"last", 1, 1, fn_last},
    {"le", 2, 2, fn_le},
    {"len", 1, 1, fn_len},
    {"list", 0, SIZE_MAX, fn_list},
    {"lower", 1, 1, tfn_lower},
    {"lt", 2, 2, fn_lt},
    {"max", 1, SIZE_MAX, fn_max},
    {"min", 1, SIZE_MAX, fn_min},
    {"mod", 2, 2, fn_mod},
    {"mul", 1, SIZE_MAX, fn_mul},
    {"ne", 2, 2, fn_ne},
    {"nospace", 1, 1, tfn_nospace},
    {"not", 1, 1, fn_not},
    {"or", 1, SIZE_MAX, fn_last_arg},
    {"print", 0, SIZE_MAX, fn_print},
    {"printf", 1, SIZE_MAX, fn_printf},
    {"quote", 0, SIZE_MAX, tfn_quote},
    {"regexFind", 2, 2, tfn_regex_find},
    {"regexMatch", 2, 2, tfn_regex_match},
    {"regexReplaceAll", 3, 3, tfn_regex_replace},
    {"regexReplaceAllLiteral", 3, 3, tfn_regex_replace_literal},
    {"repeat", 2, 2, tfn_repeat},
    {"replace", 3, 3, tfn_sprig_replace},
    {"sha256sum", 1, 1, tfn_sha256},
    {"splitList", 2, 2, fn_split_list},
    {"squote", 0, SIZE_MAX, tfn_squote},
    {"sub", 2, 2, fn_sub},
    {"substr", 3, 3, tfn_substr},
    {"ternary", 3, 3, fn_ternary},
    {"toString", 1, 1, fn_to_string},
    {"trim", 1, 1, tfn_trim_space},
    {"trimAll", 2, 2, tfn_sprig_trim_all},
    {"trimPrefix", 2, 2, tfn_sprig_trim_prefix},
    {"trimSuffix", 2, 2, tfn_sprig_trim_suffix},
    {"trunc", 2, 2, tfn_trunc},
    {"upper", 1, 1, tfn_upper},
};

const struct template_function *template_function(struct str name)
{
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        if (str_is(name, functions[i].name))
            return &functions[i];
    }
    return NULL;
}
