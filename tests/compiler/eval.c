/* Expressions: operators, access, calls, and where their errors are. The conformance corpus has the
 * long tables; these rows are one for each rule. */

#include "compiler/target.h"
#include "tests/support/test.h"
#include "tests/support/values.h"

static struct value *run_twice(struct call *call)
{
    struct str s = call->args[0]->as.string;
    if (str_is(s, "bad"))
        return function_fail(call, "no %s", "good");
    return value_string(arena_printf(call->arena, "%.*s%.*s", STR_ARG(s), STR_ARG(s)));
}

static const enum param_type twice_params[] = {PARAM_STR, PARAM_STR_LIST, PARAM_BOOL};
static const struct function_def twice = {
    .name = "twice", .params = twice_params, .param_count = 3, .optional = 2, .run = run_twice};

/* Variables: n = 2, s = "x", list = ["a", {b = 1}], o = {k = "v"}, t = a target, secret, plain,
 * twice. */
static struct value *variables(void)
{
    struct target_label label = {STR("job"), STR("j")};
    struct value *items[] = {value_string(STR("a")), values_object("{b = 1}")};
    struct value_field fields[] = {
        {STR("n"), value_int(2)},
        {STR("s"), value_string(STR("x"))},
        {STR("list"), value_array(items, 2)},
        {STR("o"), values_object("{k = \"v\"}")},
        {STR("t"), value_capsule(&capsule_target, target_new(&label, 1))},
        {STR("secret"), value_secret(STR("hush"))},
        {STR("plain"), value_optional_secret(STR("loud"), false)},
        {STR("twice"), value_function(&twice)},
    };
    return value_object(fields, sizeof(fields) / sizeof(fields[0]), false);
}

static const struct {
    const char *text;
    const char *result;
} rows[] = {
    {"1 + 2 * 3", "7"},
    {"-2 ^ 2", "4"},
    {"2 ^ -1", "2"},
    {"7 / 2", "3"},
    {"7 / 2.0", "3.5"},
    {"-9223372036854775808 / -1", "-9223372036854775808"},
    {"-9223372036854775808 % -1", "0"},
    {"010 + 0", "8"},
    {"08", "8"},
    {"18446744073709551615 > 1", "false"},
    {"\"a\" + `b`", "\"ab\""},
    {"\"a\" < \"b\" && 1 <= 1.0", "true"},
    {"false || !true", "false"},
    {"[1, 2, 3][1.9]", "2"},
    {"{a = 1}[\"b\"]", "null"},
    {"{a = 1, a = 2}.a", "2"},
    {"t.job + t[\"job\"]", "\"jj\""},
    {"t == t", "true"},
    {"secret + \"x\"", "(secret)"},
    {"secret == \"hush\"", "true"},
    {"plain + s", "\"loudx\""},
    {"twice(n)", "\"22\""},
    {"twice(null)", "\"\""},
    {"twice(plain, [1, \"a\"], true)", "\"loudloud\""},
    {"(((1)))", "1"},
    {"nope", "1:1-1:4 identifier \"nope\" does not exist\n"},
    {"o.z", "1:3-1:3 field \"z\" does not exist\n"},
    {"n.z", "1:1-1:1 n cannot access field \"z\" on value of type number\n"},
    {"1 + \"a\"", "1:5-1:7 \"a\" should be number, got string\n"},
    {"true - false", "1:1-1:4 true should be one of [number] for binop -, got bool\n"},
    {"1 / ( 2 - 2 )", "1:5-1:13 (2 - 2) divide by zero error\n"},
    {"!1", "1:2-1:2 1 should be bool, got number\n"},
    {"list[2]", "1:6-1:6 2 index 2 is out of range of array with length 2\n"},
    {"list[1].b + list[0]", "1:13-1:19 list[0] should be number, got string\n"},
    {"s(nowhere)", "1:1-1:1 s should be function, got string\n"},
    {"[1e21 ^ 5 == 1.0000000000000001e105, 0.1 ^ -3 == 999.9999999999998]", "[true, true]"},
    {"[1e308 * 10]", ""},
    {"s()", "1:1-1:1 s should be function, got string\n"},
    {"twice()", "1:1-1:5 twice expected at least 1 args, got 0\n"},
    {"twice(\"bad\")", "1:1-1:5 twice no good\n"},
    {"twice([1])", "1:7-1:9 [1] should be string, got array\n"},
    {"twice(\"a\", list)", "1:12-1:15 list should be string, got object\n"},
    {"twice(secret)", "1:7-1:12 secret secrets may not be converted into strings\n"},
    {"twice(\"a\", [], 1)", "1:16-1:16 1 should be bool, got number\n"},
};

TEST(compiler_eval, values_and_errors)
{
    struct values_scope scope;
    struct value *vars = variables();
    values_scope_init(&scope, vars, NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf out;
        buf_init(&out, NULL, 1 << 20);
        values_eval(&out, rows[i].text, &scope.scope);
        cr_expect(str_is(buf_view(&out), rows[i].result), "%s\n%.*s", rows[i].text,
                  STR_ARG(buf_view(&out)));
        buf_release(&out);
    }
    value_unref(vars);
}

struct attempt {
    const char *text;
    const struct scope *scope;
    struct buf out;
};

static void attempt(void *arg)
{
    struct attempt *a = arg;
    buf_init(&a->out, NULL, 1 << 20);
    values_eval(&a->out, a->text, a->scope);
}

TEST(compiler_eval, every_allocation_may_fail, .timeout = 60)
{
    struct values_scope scope;
    struct value *vars = variables();
    values_scope_init(&scope, vars, NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool done = false;
        for (uint64_t n = 1; !done; n++) {
            struct attempt a = {.text = rows[i].text, .scope = &scope.scope};
            mem_fail_at(n);
            bool worked = mem_scope_run(attempt, &a);
            done = !mem_failed_once();
            mem_fail_at(0);
            cr_assert(worked || !done, "%s", rows[i].text);
            if (worked)
                buf_release(&a.out);
        }
    }
    for (uint32_t i = 0; i < vars->count; i++)
        cr_expect_eq(atomic_load(&vars->as.fields[i].value->refs), 1, "field %u", i);
    value_unref(vars);
}

TEST(compiler_eval, references_are_known_without_evaluating)
{
    struct error err;
    struct diags diags;
    struct arena arena;
    diags_init(&diags);
    arena_init(&arena, NULL, 0);
    struct source *source = source_new(STR(""), STR("a.b.c[d.e] + (f.g).h + f(1).i"), &err);
    struct ast *ast = ast_parse_expression(source, &diags);
    struct expr *e = expr_compile(&arena, ast, ast->root);
    static const char *const want[] = {"a.b.c", "d.e", "f.g", "f"};
    cr_assert_eq(expr_ref_count(e), 4);
    for (size_t i = 0; i < 4; i++) {
        const struct expr_ref *ref = expr_ref_at(e, i);
        cr_expect(str_is(ast_text(ast, ref->node), want[i]), "%.*s",
                  STR_ARG(ast_text(ast, ref->node)));
    }
    cr_expect_eq(expr_ref_at(e, 0)->count, 3);
    cr_expect_not(expr_is_constant(e));
    arena_release(&arena);
    ast_free(ast);
    source_unref(source);
    diags_release(&diags);
}
