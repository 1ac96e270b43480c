/* The language's functions: a row for each rule of SEMANTICS §8; the conformance corpus has the
 * long tables. */

#include "stdlib/stdlib.h"
#include "tests/support/test.h"
#include "tests/support/values.h"

#include <stdlib.h>

static const struct {
    const char *text;
    const char *result;
} rows[] = {
    {"string.format(\"%s is %d\", \"a\", 5)", "\"a is 5\""},
    {"string.format(\"%5.1f|%-5d|%05d|%x|%q\", 1.25, 3, 42, 255, \"hi\")",
     "\"  1.2|3    |00042|ff|\\\"hi\\\"\""},
    {"string.format(\"%+d % d %#x %o %b %c %U\", 1, 2, 255, 8, 5, 65, 8364)",
     "\"+1  2 0xff 10 101 A U+20AC\""},
    {"string.format(\"%v %v %v %v\", null, true, [1, \"a\"], {b = 1, a = null})",
     "\"<nil> true [1 a] map[a:<nil> b:1]\""},
    {"string.format(\"%#v %T %T\", {a = [1.5]}, 1, null)",
     "\"map[string]interface {}{\\\"a\\\":[]interface {}{1.5}} int <nil>\""},
    {"string.format(\"%d %s %d %z\", 2.5, 1)",
     "\"%!d(float64=2.5) %!s(int=1) %!d(MISSING) %!z(MISSING)\""},
    {"string.format(\"%[2]d %[1]d %[9]d\", 1, 2)", "\"2 1 %!d(BADINDEX)\""},
    {"string.format(\"%*d|%.*f|%\", 4, 1, 1, 2.25)", "\"   1|2.2|%!(NOVERB)\""},
    {"string.format(\"a\", 1, \"b\")", "\"a%!(EXTRA int=1, string=b)\""},
    {"string.format(\"100%%\")", "\"100%\""},
    {"string.format(\"%g %e %G %8.3g|\", 1e21, 12345.678, 1e-7, 3.14159)",
     "\"1e+21 1.234568e+04 1E-07     3.14|\""},
    {"string.join([\"a\", 1, 2.5], \"-\")", "\"a-1-2.5\""},
    {"string.split(\"a,b,\", \",\")", "[\"a\", \"b\", \"\"]"},
    {"string.split(\"a\xc3\xa9\", \"\")", "[\"a\", \"\xc3\xa9\"]"},
    {"string.replace(\"aXbX\", \"X\", \"-\")", "\"a-b-\""},
    {"string.replace(\"ab\", \"\", \"-\")", "\"-a-b-\""},
    {"string.to_upper(\"stra\xc3\x9f"
     "e\")",
     "\"STRA\xc3\x9f"
     "E\""},
    {"string.to_lower(\"\xc3\x89\x41\")", "\"\xc3\xa9\x61\""},
    {"string.trim(\"xyaxy\", \"yx\")", "\"a\""},
    {"string.trim_space(\" \\t a\xc2\xa0\\n\")", "\"a\""},
    {"string.trim_prefix(\"aab\", \"a\") + string.trim_suffix(\"abb\", \"b\")", "\"abab\""},
    {"array.concat()", "[]"},
    {"array.concat([1], [], [2])", "[1, 2]"},
    {"array.concat([1], 2)", "1:19-1:19 2 should be array, got number\n"},
    {"array.combine_maps([{a = 1, b = 2}], [{a = 1, b = 3}, {a = 2}], [\"a\"])",
     "[{\n\ta = 1,\n\tb = 3,\n}]"},
    {"array.combine_maps([{a = 1}], [{a = 1.0}], [\"a\"], true)", "[{\n\ta = 1,\n}]"},
    {"array.combine_maps([], [], [])",
     "1:28-1:29 [] combine_maps: merge conditions must not be empty\n"},
    {"array.combine_maps([])", "0:0 combine_maps: expected 3 or 4 arguments, got 1\n"},
    {"array.group_by([{k = \"a\"}, {z = 1}, {k = \"a\", i = 1}], \"k\", true)",
     "[{\n\titems = [{\n\t\tk = \"a\",\n\t}, {\n\t\ti = 1,\n\t\tk = \"a\",\n\t}],\n"
     "\tk = \"a\",\n}]"},
    {"array.group_by([{k = 1}], \"k\", true)", "1:22-1:22 1 should be string, got number\n"},
    {"coalesce(null, \"\", 0, [], \"x\", 2)", "\"x\""},
    {"coalesce()", "null"},
    {"coalesce(\"\", 0)", "0"},
    {"convert.nonsensitive(\"a\")", "\"a\""},
    {"convert.nonsensitive(1)", "1:22-1:22 1 should be capsule, got number\n"},
    {"encoding.from_json(\"{\\\"a\\\": [1, 2.5, null, true]}\")",
     "{\n\ta = [1, 2.5, null, true],\n}"},
    {"encoding.from_json(\"[1\")", "1:1-1:18 encoding.from_json unexpected end of JSON input\n"},
    {"encoding.from_yaml(\"a: [1, x]\\nb: {c: ~}\")",
     "{\n\ta = [1, \"x\"],\n\tb = {\n\t\tc = null,\n\t},\n}"},
    {"encoding.from_yaml(\"1: x\")", "capsule(\"map[interface {}]interface {}\")"},
    {"encoding.to_json({b = [1, 2.5, \"<\"], a = null})",
     "\"{\\\"a\\\":null,\\\"b\\\":[1,2.5,\\\"\\\\u003c\\\"]}\""},
    {"encoding.to_json([1])", "1:1-1:16 encoding.to_json jsonEncode only supports map\n"},
    {"encoding.to_json({f = coalesce})",
     "1:1-1:16 encoding.to_json json: unsupported type: value.RawFunction\n"},
    {"encoding.to_base64(\"hi?>\")", "\"aGk/Pg==\""},
    {"encoding.to_URLbase64(\"hi?>\")", "\"aGk_Pg==\""},
    {"string.join([encoding.from_base64(\"aG\\nk=\")], \"\")", "\"hi\""},
    {"encoding.from_base64(\"aGk\")",
     "1:1-1:20 encoding.from_base64 illegal base64 data at input byte 0\n"},
    {"encoding.url_encode(\"a b&\xc3\xa9\")", "\"a+b%26%C3%A9\""},
    {"encoding.url_decode(\"a+b%26\")", "\"a b&\""},
    {"encoding.url_decode(\"%zz\")", "1:1-1:19 encoding.url_decode invalid URL escape \"%zz\"\n"},
    {"json_path(\"{\\\"a\\\": [1, 2.5, {\\\"b\\\": \\\"x\\\"}]}\", \"$.a[*]\")",
     "[1, 2.5, {\n\tb = \"x\",\n}]"},
    {"json_path(`[{\"a\": 1, \"b\": \"x\"}, {\"a\": 5, \"b\": \"yy\"}]`, "
     "`$[?(@.a > 2 && length(@.b) == 2 || !(@.b))].a`)",
     "[5]"},
    {"json_path(`{\"a\": {\"b\": [1, 2, 3]}, \"b\": 9}`, `$..b`)", "[9, [1, 2, 3]]"},
    {"json_path(`{\"a\": [1, 2, 3, 4], \"x y\": 5}`, `$['a','x y']`)", "[[1, 2, 3, 4], 5]"},
    {"json_path(`[1, 2, 3, 4]`, `$[-3:-1]`)", "[2, 3]"},
    {"json_path(`[{\"s\": \"ab\"}, {\"s\": \"b\"}]`, `$[?(@.s =~ /^a/)].s`)", "[\"ab\"]"},
    {"json_path(`[{\"n\": 1, \"k\": [1]}, {\"n\": 2, \"k\": [7]}]`, `$[?(@.k[?(@ > 5)])].n`)",
     "[2]"},
    {"json_path(`[9223372036854775807, -9223372036854775808, 0.123456789012345678, 1e1023, 1.5]`, "
     "`$.*`)",
     "[\"9223372036854775807\", \"-9223372036854775808\", \"0.123456789012345678\", \"1e1023\", 1.5]"},
    {"json_path(`{\"a\": 1, \"b\": 2, \"a\": 3}`, `$.*`)", "[3, 2]"},
    {"json_path(`{\"b\": 1., \"a\":}`, `$`)", "[{\n\tb = 1,\n}]"},
    {"json_path(`[{\"a\": 1}, {\"a\": \"x\"}, {\"a\": 7}, {}]`, `$[?(@.a in [1, 'x'])].a`)",
     "[1, \"x\"]"},
    {"json_path(`[{\"a\": []}, {\"a\": [1]}, {}]`, `$[?(@.a empty true)]`)", "[{\n\ta = [],\n}]"},
    {"json_path(`[{\"a\": false}, {}]`, `$[?(!@.a)]`)", "[{}]"},
    {"json_path(`[{\"a\": 1}, {}]`, `$[?(@.a exists false)]`)", "[{}]"},
    {"json_path(`[0, 1, 2, 3]`, `$[3:0:-2]`)", "[3, 1]"},
    {"json_path(`{\"a-b\": 1}`, `$.a-b`)", "1:1-1:9 json_path parse error at 4 in $.a-b\n"},
    {"json_path(\"{}\", \"$[\")", "1:1-1:9 json_path parse error at 3 in $[\n"},
    {"json_path(\"[1]\", \"$[?(@ >)]\")",
     "1:1-1:9 json_path '' is not a value or function at 4 in (@ >)\n"},
    {"file.path_join(\"/a/\", \"\", \"../b\", \"./c/\")", "\"/b/c\""},
    {"file.path_join(\"..\", \"a\", \"../../b\")", "\"../../b\""},
    {"encoding.from_yaml(`a: 18446744073709551615`)", "{\n\ta = 18446744073709551615,\n}"},
    {"encoding.from_json(`{\"a b\": {}, \"c\": 1}`)", "{\n\t\"a b\" = {},\n\tc = 1,\n}"},
    {"file.path_join()", "\"\""},
    {"sys.env(\"INVAR_TEST_VARIABLE\")", "\"set\""},
    {"sys.env(\"INVAR_TEST_UNSET\")", "\"\""},
    {"constants.os", "\"linux\""},
    {"string.join([concat([1], [2])[1], format(\"%d\", 3)], \",\")", "\"2,3\""},
    {"format == string.format", "false"},
};

TEST(stdlib_functions, give_what_the_language_says)
{
    struct stdlib lib;
    struct values_scope scope;
    setenv("INVAR_TEST_VARIABLE", "set", 1);
    stdlib_init(&lib);
    values_scope_init(&scope, NULL, &lib);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf out;
        buf_init(&out, NULL, 1 << 20);
        values_eval(&out, rows[i].text, &scope.scope);
        cr_expect(str_is(buf_view(&out), rows[i].result), "%s\n%.*s", rows[i].text,
                  STR_ARG(buf_view(&out)));
        buf_release(&out);
    }
    stdlib_release(&lib);
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

TEST(stdlib_functions, may_run_out_of_memory_anywhere, .timeout = 120)
{
    struct stdlib lib;
    struct values_scope scope;
    stdlib_init(&lib);
    values_scope_init(&scope, NULL, &lib);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool done = false;
        for (uint64_t n = 1; !done; n++) {
            struct attempt a = {.text = rows[i].text, .scope = &scope.scope};
            mem_fail_at(n);
            bool worked = mem_scope_run(attempt, &a);
            done = !mem_failed_once();
            mem_fail_at(0);
            if (worked)
                buf_release(&a.out);
        }
    }
    stdlib_release(&lib);
}

TEST(stdlib_functions, are_described)
{
    struct stdlib lib;
    struct values_scope scope;
    stdlib_init(&lib);
    values_scope_init(&scope, NULL, &lib);
    for (size_t i = 0; i < lib.count; i++) {
        const struct stdlib_entry *entry = &lib.entries[i];
        cr_expect_eq(stdlib_entry(&lib, str_from(entry->name)), entry);
        if (!entry->function) {
            cr_expect(entry->doc && str_ends(str_from(entry->doc), STR(".")), "%s", entry->name);
            continue;
        }
        const struct function_def *def = entry->function;
        struct buf out;
        buf_init(&out, NULL, 1 << 20);
        values_eval(&out, def->example, &scope.scope);
        struct str value = buf_view(&out);
        cr_expect(value.len > 0 && !str_ends(value, STR("\n")), "%s: %.*s", def->example,
                  STR_ARG(value)); /* errors end with a newline */
        cr_expect(str_find(str_from(def->example), str_from(def->name), 0) != SIZE_MAX);
        buf_release(&out);
        cr_expect(entry->deprecated || strcmp(entry->name, def->name) == 0, "%s", entry->name);
        cr_expect(def->doc && def->doc[strlen(def->doc) - 1] == '.', "%s", entry->name);
        cr_expect(strncmp(def->signature, def->name, strlen(def->name)) == 0, "%s", entry->name);
    }
    cr_expect_null(stdlib_entry(&lib, STR("string.nope")));
    cr_expect_not_null(stdlib_lookup(&lib, STR("array")));
    cr_expect_null(stdlib_lookup(&lib, STR("array.concat")));
    cr_expect(stdlib_entry(&lib, STR("array.group_by"))->function->experimental);
    cr_expect(stdlib_entry(&lib, STR("base64_decode"))->deprecated);
    stdlib_release(&lib);
}
