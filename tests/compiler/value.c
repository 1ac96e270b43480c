/* Values: equality, order of fields, text forms, and what failing scopes give back. */

#include "compiler/target.h"
#include "tests/support/test.h"
#include "tests/support/values.h"

static bool prints(struct value *owned, const char *text)
{
    struct buf out;
    buf_init(&out, NULL, 1 << 20);
    value_print(&out, owned);
    bool same = str_is(buf_view(&out), text);
    if (!same)
        (void)fprintf(stderr, "%.*s\n", STR_ARG(buf_view(&out)));
    buf_release(&out);
    value_unref(owned);
    return same;
}

TEST(compiler_value, equality_follows_the_language)
{
    static const struct {
        const char *a;
        const char *b;
        bool equal;
    } rows[] = {
        {"null", "null", true},
        {"1", "1.0", true},
        {"18446744073709551615", "-1", true},
        {"\"a\"", "\"a\"", true},
        {"\"1\"", "1", false},
        {"[1, [2, {a = 3}]]", "[1, [2, {a = 3.0}]]", true},
        {"{a = 1, b = 2}", "{b = 2, a = 1}", true},
        {"{a = 1}", "{a = 1, b = null}", false},
        {"{a = 1}", "{b = 1}", false},
        {"[]", "{}", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct value *a = values_object(rows[i].a);
        struct value *b = values_object(rows[i].b);
        cr_expect_eq(value_equal(a, b), rows[i].equal, "%s == %s", rows[i].a, rows[i].b);
        cr_expect_eq(value_equal(b, a), rows[i].equal, "%s == %s", rows[i].b, rows[i].a);
        value_unref(a);
        value_unref(b);
    }
}

TEST(compiler_value, later_fields_of_a_name_win_and_fields_are_found)
{
    struct value_field fields[] = {
        {STR("b"), value_int(1)},
        {STR("a"), value_int(2)},
        {STR("b"), value_int(3)},
        {STR("ab"), value_int(4)},
    };
    struct value *v = value_object(fields, 4, false);
    cr_expect_eq(v->count, 3);
    cr_expect_eq(value_to_int(value_field(v, STR("b"))), 3);
    cr_expect_eq(value_to_int(value_field(v, STR("ab"))), 4);
    cr_expect_null(value_field(v, STR("c")));
    cr_expect(prints(v, "{\n\ta  = 2,\n\tab = 4,\n\tb  = 3,\n}"));

    struct value_field ordered[] = {{STR("z"), value_null()}, {STR("a"), value_bool(true)}};
    v = value_object(ordered, 2, true);
    cr_expect_eq(value_field(v, STR("a")), value_bool(true));
    cr_expect(prints(v, "{\n\tz = null,\n\ta = true,\n}"));
}

TEST(compiler_value, texts_are_as_the_formatter_writes_them)
{
    cr_expect(prints(values_object("[1, 2.50, 1e21, \"a\\n\", [], {}]"),
                     "[1, 2.5, 1000000000000000000000, \"a\\n\", [], {}]"));
    cr_expect(prints(values_object("{a = {b = [1, {c = null}]}, long = 1, x = 2}"),
                     "{\n\ta = {\n\t\tb = [1, {\n\t\t\tc = null,\n\t\t}],\n\t},\n"
                     "\tlong = 1,\n\tx    = 2,\n}"));
    cr_expect(prints(value_secret(STR("hush")), "(secret)"));
    cr_expect(prints(value_optional_secret(STR("loud"), false), "\"loud\""));
    cr_expect(prints(value_bytes(STR("\x01\xff")), "[1, 255]"));
    struct target_label labels[] = {
        {STR("b"), STR("2")}, {STR("a"), STR("1")}, {STR("b"), STR("3")}};
    cr_expect(prints(value_capsule(&capsule_target, target_new(labels, 3)),
                     "{\n\ta = \"1\",\n\tb = \"3\",\n}"));
}

TEST(compiler_value, the_api_form_has_types)
{
    static const char *const want =
        "{\"type\":\"object\",\"value\":[{\"key\":\"a\",\"value\":{\"type\":\"array\",\"value\":"
        "[{\"type\":\"number\",\"value\":1},{\"type\":\"null\",\"value\":null}]}},"
        "{\"key\":\"b\",\"value\":{\"type\":\"object\",\"value\":[]}}]}";
    struct buf out;
    struct json_writer w;
    buf_init(&out, NULL, 1 << 20);
    json_begin(&w, &out);
    struct value *v = values_object("{a = [1, null], b = {}}");
    value_api_json(&w, v);
    cr_expect(str_is(buf_view(&out), want), "%.*s", STR_ARG(buf_view(&out)));
    value_unref(v);
    buf_release(&out);
}

enum { DEPTH = 200000 };

TEST(compiler_value, depth_costs_no_stack)
{
    struct value *a = value_int(1);
    struct value *b = value_int(1);
    for (int i = 0; i < DEPTH; i++) {
        a = value_array(&a, 1);
        b = value_array(&b, 1);
    }
    cr_expect(value_equal(a, b));
    struct buf out;
    buf_init(&out, NULL, 4 * DEPTH);
    value_print(&out, a);
    cr_expect_eq(out.len, 2 * DEPTH + 1);
    buf_release(&out);
    value_unref(a);
    value_unref(b);
}

TEST(compiler_value, targets_are_sorted_sets)
{
    struct target_label labels[] = {
        {STR("z"), STR("1")}, {STR("a"), STR("2")}, {STR("z"), STR("3")}};
    struct target_label sorted[] = {{STR("a"), STR("2")}, {STR("z"), STR("3")}};
    struct target *t = target_new(labels, 3);
    struct target *same = target_new(sorted, 2);
    struct target *other = target_new(sorted, 1);
    cr_expect_eq(t->count, 2);
    cr_expect(str_is(target_get(t, STR("z")), "3"));
    cr_expect(str_is(target_get(t, STR("y")), ""));
    cr_expect(target_equal(t, same));
    cr_expect_not(target_equal(t, other));
    target_unref(t);
    target_unref(same);
    target_unref(other);
}

static void take_and_fail(void *arg)
{
    struct value *outer = arg;
    struct value *items[] = {value_ref(outer), value_ref(outer), value_int(5)};
    struct value *array = value_array(items, 3);
    value_unref(value_ref(array));
    value_unref(value_ref(outer));
    struct value *more[] = {value_ref(outer)};
    value_unref(value_array(more, 1));
    mem_scope_refuse();
}

static void take_and_drop(void *arg)
{
    struct value *items[] = {value_ref(arg)};
    value_unref(value_array(items, 1));
}

TEST(compiler_value, a_failing_scope_gives_back_what_it_took)
{
    struct value *v = value_string(STR("outer"));
    cr_expect_not(mem_scope_run(take_and_fail, v));
    cr_expect_eq(atomic_load(&v->refs), 1);
    cr_expect(mem_scope_run(take_and_drop, v));
    cr_expect_eq(atomic_load(&v->refs), 1);
    value_unref(v);
}
