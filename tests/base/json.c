/* JSON against what Go's encoding/json answers; limits; the writer. */

#include "base/json.h"
#include "tests/support/test.h"

#include <math.h>

/* clang-format off */
static const struct {
    struct str text;
    const char *message;
} malformed[] = {
    {STR_INIT(""), "unexpected end of JSON input"},
    {STR_INIT("{"), "unexpected end of JSON input"},
    {STR_INIT("{\"a\""), "unexpected end of JSON input"},
    {STR_INIT("{\"a\":"), "unexpected end of JSON input"},
    {STR_INIT("{\"a\":1"), "unexpected end of JSON input"},
    {STR_INIT("{\"a\":1,"), "unexpected end of JSON input"},
    {STR_INIT("{\"a\":1,}"), "invalid character '}' looking for beginning of object key string"},
    {STR_INIT("{\"a\" 1}"), "invalid character '1' after object key"},
    {STR_INIT("{a:1}"), "invalid character 'a' looking for beginning of object key string"},
    {STR_INIT("{\"a\":1 2}"), "invalid character '2' after object key:value pair"},
    {STR_INIT("[1 2]"), "invalid character '2' after array element"},
    {STR_INIT("[1,]"), "invalid character ']' looking for beginning of value"},
    {STR_INIT("["), "unexpected end of JSON input"},
    {STR_INIT("[1"), "unexpected end of JSON input"},
    {STR_INIT("]"), "invalid character ']' looking for beginning of value"},
    {STR_INIT("1 2"), "invalid character '2' after top-level value"},
    {STR_INIT("tru"), "invalid character ' ' in literal true (expecting 'e')"},
    {STR_INIT("trux"), "invalid character 'x' in literal true (expecting 'e')"},
    {STR_INIT("nul"), "invalid character ' ' in literal null (expecting 'l')"},
    {STR_INIT("falsy"), "invalid character 'y' in literal false (expecting 'e')"},
    {STR_INIT("-"), "invalid character ' ' in numeric literal"},
    {STR_INIT("-a"), "invalid character 'a' in numeric literal"},
    {STR_INIT("01"), "invalid character '1' after top-level value"},
    {STR_INIT("1."), "invalid character ' ' after decimal point in numeric literal"},
    {STR_INIT("1.x"), "invalid character 'x' after decimal point in numeric literal"},
    {STR_INIT("1e"), "invalid character ' ' in exponent of numeric literal"},
    {STR_INIT("1ex"), "invalid character 'x' in exponent of numeric literal"},
    {STR_INIT("1e+"), "invalid character ' ' in exponent of numeric literal"},
    {STR_INIT("+1"), "invalid character '+' looking for beginning of value"},
    {STR_INIT(".5"), "invalid character '.' looking for beginning of value"},
    {STR_INIT("'a'"), "invalid character '\\'' looking for beginning of value"},
    {STR_INIT("\"abc"), "unexpected end of JSON input"},
    {STR_INIT("\"a\012b\""), "invalid character '\\n' in string literal"},
    {STR_INIT("\"\001\""), "invalid character '\\x01' in string literal"},
    {STR_INIT("\"\\x\""), "invalid character 'x' in string escape code"},
    {STR_INIT("\"\\u12g4\""), "invalid character 'g' in \\u hexadecimal character escape"},
    {STR_INIT("\"\\u12"), "invalid character ' ' in \\u hexadecimal character escape"},
    {STR_INIT("\"\\"), "invalid character ' ' in string escape code"},
    {STR_INIT("\000"), "invalid character '\\x00' looking for beginning of value"},
    {STR_INIT("\377"), "invalid character '\303\277' looking for beginning of value"},
    {STR_INIT("{\"a\":\"b\"]"), "invalid character ']' after object key:value pair"},
    {STR_INIT("[1}"), "invalid character '}' after array element"},
    {STR_INIT("nan"), "invalid character 'a' in literal null (expecting 'u')"},
    {STR_INIT("\303\251"), "invalid character '\303\203' looking for beginning of value"},
    {STR_INIT("{}x"), "invalid character 'x' after top-level value"},
    {STR_INIT("{\"a\":1}}"), "invalid character '}' after top-level value"},
    {STR_INIT("[\"\011\"]"), "invalid character '\\t' in string literal"},
    {STR_INIT("/*c*/1"), "invalid character '/' looking for beginning of value"},
    {STR_INIT("{,}"), "invalid character ',' looking for beginning of object key string"},
    {STR_INIT("\"\\'\""), "invalid character '\\'' in string escape code"},
};

static const struct {
    struct str text;
    const char *json;
} written[] = {
    {STR_INIT("abc"), "\"abc\""},
    {STR_INIT("a\"\\b"), "\"a\\\"\\\\b\""},
    {STR_INIT("\010\014\012\015\011\001\037\177"), "\"\\b\\f\\n\\r\\t\\u0001\\u001f\177\""},
    {STR_INIT("<&>"), "\"\\u003c\\u0026\\u003e\""},
    {STR_INIT("\303\251\342\200\250\342\200\251"), "\"\303\251\\u2028\\u2029\""},
    {STR_INIT("\377\303a"), "\"\\ufffd\\ufffda\""},
    {STR_INIT("\303\251"), "\"\303\251\""},
};

static const struct {
    double value;
    const char *json;
} numbers[] = {
    {0, "0"},
    {1, "1"},
    {-1, "-1"},
    {1.5, "1.5"},
    {1e+20, "100000000000000000000"},
    {1e+21, "1e+21"},
    {1.5e+22, "1.5e+22"},
    {1e-06, "0.000001"},
    {1e-07, "1e-7"},
    {1.5e-09, "1.5e-9"},
    {1e-10, "1e-10"},
    {1e+100, "1e+100"},
    {1.23456789e+08, "123456789"},
    {0.1, "0.1"},
};

static const struct {
    struct str json;
    struct str text;
} decoded[] = {
    {STR_INIT("\"\\ud83d\\ude00\""), STR_INIT("\360\237\230\200")},
    {STR_INIT("\"\\ud83d\""), STR_INIT("\357\277\275")},
    {STR_INIT("\"\\ud83d\\u0041\""), STR_INIT("\357\277\275A")},
    {STR_INIT("\"\\ude00\""), STR_INIT("\357\277\275")},
    {STR_INIT("\"a\\/\\b\""), STR_INIT("a/\010")},
    {STR_INIT("\"\377\\n\""), STR_INIT("\357\277\275\012")},
    {STR_INIT("\"\303\""), STR_INIT("\357\277\275")},
    {STR_INIT("\"\\u0000\""), STR_INIT("\000")},
    {STR_INIT("\"\\ud83d\\ud83d\\ude00\""), STR_INIT("\357\277\275\360\237\230\200")},
};
/* clang-format on */

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct doc_limits none = {0};

TEST(base_json, refuses_in_gos_words)
{
    struct arena arena;
    arena_init(&arena, NULL, 0);
    struct doc *doc;
    for (size_t i = 0; i < COUNT(malformed); i++) {
        struct error err = {0};
        /* A copy of its exact size lets ASan see a read behind the end. */
        char *copy = mem_alloc(NULL, malformed[i].text.len);
        memcpy(copy, malformed[i].text.ptr, malformed[i].text.len);
        struct str text = str_of(copy, malformed[i].text.len);
        cr_assert_eq(json_read(&arena, text, none, &doc, &err), STATUS_INVALID);
        cr_assert_null(doc);
        cr_assert_str_eq(err.message, malformed[i].message, "%s: %s", malformed[i].text.ptr,
                         err.message);
        mem_free(copy);
    }
    arena_release(&arena);
}

TEST(base_json, reads_a_tree)
{
    static const char text[] =
        " {\"a\": [1, -2.5e1, true, false, null, \"x\\ny\"], \"b\": {}, \"c\": [], \"b\": 7,\n"
        "\"big\": 9223372036854775808, \"min\": -9223372036854775808, \"zero\": -0, \"\": 1e999}\t\r\n";
    struct arena arena;
    struct error err = {0};
    struct doc *doc;
    arena_init(&arena, NULL, 0);
    cr_assert_eq(json_read(&arena, str_from(text), none, &doc, &err), STATUS_OK, "%s", err.message);
    cr_assert_eq(doc->kind, DOC_MAP);
    cr_assert_eq(doc->count, 8);
    const struct doc *a = doc_get(doc, STR("a"));
    cr_assert_eq(a->kind, DOC_LIST);
    cr_assert_eq(a->count, 6);
    const struct doc *item = a->child;
    cr_assert(item->kind == DOC_INT && item->integer == 1 && item->number == 1);
    item = item->next;
    cr_assert(item->kind == DOC_FLOAT && item->number == -25 && str_is(item->text, "-2.5e1"));
    item = item->next;
    cr_assert(item->kind == DOC_BOOL && item->boolean);
    item = item->next;
    cr_assert(item->kind == DOC_BOOL && !item->boolean);
    item = item->next;
    cr_assert_eq(item->kind, DOC_NULL);
    item = item->next;
    cr_assert(item->kind == DOC_STRING && str_is(item->text, "x\ny"));
    cr_assert_null(item->next);
    cr_assert_eq(doc_get(doc, STR("b"))->integer, 7, "the last of equal names counts");
    cr_assert_null(doc_get(doc, STR("c"))->child);
    cr_assert_null(doc_get(doc, STR("d")));
    cr_assert_null(doc_get(a, STR("a")));
    cr_assert_eq(doc_get(doc, STR("big"))->kind, DOC_FLOAT);
    cr_assert_eq(doc_get(doc, STR("min"))->integer, INT64_MIN);
    cr_assert(signbit(doc_get(doc, STR("zero"))->number));
    cr_assert(isinf(doc_get(doc, STR(""))->number));
    static const char *const scalars[] = {"1", "\"x\"", "null", " true ", "[]", "{}"};
    for (size_t i = 0; i < COUNT(scalars); i++)
        cr_assert_eq(json_read(&arena, str_from(scalars[i]), none, &doc, &err), STATUS_OK);
    arena_release(&arena);
}

TEST(base_json, decodes_strings)
{
    struct arena arena;
    struct error err = {0};
    struct doc *doc;
    arena_init(&arena, NULL, 0);
    for (size_t i = 0; i < COUNT(decoded); i++) {
        cr_assert_eq(json_read(&arena, decoded[i].json, none, &doc, &err), STATUS_OK);
        cr_assert(str_eq(doc->text, decoded[i].text), "%s", decoded[i].json.ptr);
    }
    /* What ends the plain part is found at each distance from the start. */
    for (size_t pad = 0; pad < 40; pad++) {
        char text[64];
        size_t len = 0;
        text[len++] = '"';
        memset(text + len, 'x', pad);
        len += pad;
        memcpy(text + len, "\\t!\"", 4);
        len += 4;
        cr_assert_eq(json_read(&arena, str_of(text, len), none, &doc, &err), STATUS_OK);
        cr_assert_eq(doc->text.len, pad + 2);
        cr_assert_eq(doc->text.ptr[pad], '\t');
        text[pad + 1] = '\x1f';
        cr_assert_eq(json_read(&arena, str_of(text, len), none, &doc, &err), STATUS_INVALID);
    }
    arena_release(&arena);
}

TEST(base_json, limits_depth_values_and_memory)
{
    struct arena arena;
    struct error err = {0};
    struct doc *doc;
    arena_init(&arena, NULL, 0);
    static char deep[2000001];
    memset(deep, '[', 1000000);
    memset(deep + 1000000, ']', 1000000);
    cr_assert_eq(json_read(&arena, str_of(deep, 2000000), none, &doc, &err), STATUS_LIMIT);
    cr_assert_str_eq(err.message, "exceeded max depth");
    cr_assert_eq(json_read(&arena, str_of(deep + 999000, 2000), none, &doc, &err), STATUS_OK);
    struct doc_limits few = {.max_depth = 2, .max_nodes = 3};
    cr_assert_eq(json_read(&arena, STR("[[1]]"), few, &doc, &err), STATUS_OK);
    cr_assert_eq(json_read(&arena, STR("[[1,2]]"), few, &doc, &err), STATUS_LIMIT);
    cr_assert_eq(json_read(&arena, STR("[[[]]]"), few, &doc, &err), STATUS_LIMIT);
    arena_release(&arena);

    arena_init(&arena, NULL, 300);
    cr_assert_eq(json_read(&arena, STR("[1,2,3,4,5]"), none, &doc, &err), STATUS_MEMORY);
    arena_release(&arena);
    arena_init(&arena, NULL, 200);
    static char escaped[1002] = "\"\\n";
    memset(escaped + 3, 'x', 998);
    escaped[1001] = '"';
    cr_assert_eq(json_read(&arena, str_of(escaped, 1002), none, &doc, &err), STATUS_MEMORY);
    arena_release(&arena);
}

static void assert_text(struct buf *b, const char *expected)
{
    cr_assert(str_is(buf_view(b), expected), "\"%.*s\" is not \"%s\"", STR_ARG(buf_view(b)),
              expected);
    buf_clear(b);
}

TEST(base_json, writes_as_go)
{
    struct buf b;
    buf_init(&b, NULL, 4096);
    for (size_t i = 0; i < COUNT(written); i++) {
        json_write_string(&b, written[i].text, true);
        assert_text(&b, written[i].json);
    }
    json_write_string(&b, STR("<&>"), false);
    assert_text(&b, "\"<&>\"");
    for (size_t i = 0; i < COUNT(numbers); i++) {
        json_write_number(&b, numbers[i].value);
        assert_text(&b, numbers[i].json);
    }
    json_write_number(&b, NAN);
    json_write_number(&b, -INFINITY);
    assert_text(&b, "nullnull");
    struct json_writer w;
    json_begin(&w, &b);
    json_object(&w);
    json_key(&w, STR("a"));
    json_array(&w);
    json_i64(&w, -1);
    json_u64(&w, UINT64_MAX);
    json_double(&w, 0.5);
    json_bool(&w, true);
    json_null(&w);
    json_raw(&w, STR("{ }"));
    json_array(&w);
    json_array_end(&w);
    json_array_end(&w);
    json_key(&w, STR("b"));
    json_string(&w, STR("<"));
    json_object_end(&w);
    cr_assert_eq(w.depth, 0);
    assert_text(&b, "{\"a\":[-1,18446744073709551615,0.5,true,null,{ },[]],\"b\":\"<\"}");
    buf_release(&b);
}
