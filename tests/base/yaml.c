/* YAML against what gopkg.in/yaml.v3 answers, and its limits. */

#include "base/json.h"
#include "base/strconv.h"
#include "tests/support/test.h"

#include <stdlib.h>

/* A document and what becomes of it: i1 is an integer, f1 a float, t… a time; members are sorted. A
 * quoted text that begins with yaml: is an error. */
/* clang-format off */
static const struct {
    struct str text;
    const char *result;
} documents[] = {
    {STR_INIT(""), "null"},
    {STR_INIT("a: 1"), "{\"a\":i1}"},
    {STR_INIT("- 1\012- 2"), "[i1,i2]"},
    {STR_INIT("a: [1, 'x', \"y\", null, ~, true, False, yes, No, on]"), "{\"a\":[i1,\"x\",\"y\",null,null,true,false,\"yes\",\"No\",\"on\"]}"},
    {STR_INIT("a: 0x1F\012b: 0o17\012c: 017\012d: 0b101\012e: 1_000\012f: -0x10\012g: 08\012h: +12\012i: -0\012j: 0"), "{\"a\":i31,\"b\":i15,\"c\":i15,\"d\":i5,\"e\":i1000,\"f\":i-16,\"g\":f8,\"h\":i12,\"i\":i0,\"j\":i0}"},
    {STR_INIT("a: 9223372036854775807\012b: 9223372036854775808\012c: -9223372036854775808\012d: -9223372036854775809\012e: 99999999999999999999999"), "{\"a\":i9223372036854775807,\"b\":f9.223372036854776e+18,\"c\":i-9223372036854775808,\"d\":f-9.223372036854776e+18,\"e\":f1e+23}"},
    {STR_INIT("a: 1.5\012b: 1e3\012c: .5\012d: -.5\012e: +.5e1\012f: 1.\012g: .inf\012h: -.Inf\012i: .NaN\012j: 1_0.5\012k: 1e999\012l: 0x1p4\012m: .\012n: ..\012o: +\012p: -\012q: 1e\012r: .5_0"), "\"yaml: line 16: block sequence entries are not allowed in this context\""},
    {STR_INIT("a: 2001-12-14\012b: 2001-12-14T21:59:43.10-05:00\012c: 2001-12-14t21:59:43Z\012d: 2001-12-14 21:59:43.10\012e: 2001-12-14 21:59:43.10 -5\012f: 2001-1-2\012g: '2001-12-14'\012h: 2001-13-01\012i: 2001-02-30\012j: 2001-1-2T3:4:5Z\012k: 2001-12-14T21:59:43.123456789+00:00\012l: 0001-01-01"), "{\"a\":t2001-12-14T00:00:00Z,\"b\":t2001-12-14T21:59:43.1-05:00,\"c\":t2001-12-14T21:59:43Z,\"d\":t2001-12-14T21:59:43.1Z,\"e\":\"2001-12-14 21:59:43.10 -5\",\"f\":t2001-01-02T00:00:00Z,\"g\":\"2001-12-14\",\"h\":\"2001-13-01\",\"i\":\"2001-02-30\",\"j\":t2001-01-02T03:04:05Z,\"k\":t2001-12-14T21:59:43.123456789Z,\"l\":t0001-01-01T00:00:00Z}"},
    {STR_INIT("a: &x {b: 1}\012c: *x"), "{\"a\":{\"b\":i1},\"c\":{\"b\":i1}}"},
    {STR_INIT("a: &x 1\012b: *x\012*x : 2"), "{\"a\":i1,\"b\":i1,i1:i2}"},
    {STR_INIT("a: *nope"), "\"yaml: unknown anchor 'nope' referenced\""},
    {STR_INIT("a: &x [*x]"), "\"yaml: anchor 'x' value contains itself\""},
    {STR_INIT("base: &b {x: 1, y: 2}\012d:\012  <<: *b\012  y: 3\012  z: 4"), "{\"base\":{\"x\":i1,\"y\":i2},\"d\":{\"x\":i1,\"y\":i3,\"z\":i4}}"},
    {STR_INIT("d:\012  y: 3\012  <<: {x: 1, y: 2}"), "{\"d\":{\"x\":i1,\"y\":i3}}"},
    {STR_INIT("a: &a {x: 1}\012b: &b {x: 2, y: 2}\012c: {<<: [*a, *b], z: 3}"), "{\"a\":{\"x\":i1},\"b\":{\"x\":i2,\"y\":i2},\"c\":{\"x\":i1,\"y\":i2,\"z\":i3}}"},
    {STR_INIT("<<: 1"), "\"yaml: map merge requires map or sequence of maps as the value\""},
    {STR_INIT("<<: [1]"), "\"yaml: map merge requires map or sequence of maps as the value\""},
    {STR_INIT("'<<': {a: 1}"), "{\"<<\":{\"a\":i1}}"},
    {STR_INIT("a: 1\012a: 2"), "\"yaml: unmarshal errors:\\n  line 2: mapping key \\\"a\\\" already defined at line 1\""},
    {STR_INIT("a: 1\012b: 2\012\"a\": 3"), "\"yaml: unmarshal errors:\\n  line 3: mapping key \\\"a\\\" already defined at line 1\""},
    {STR_INIT("1: a\012'1': b"), "\"yaml: unmarshal errors:\\n  line 2: mapping key \\\"1\\\" already defined at line 1\""},
    {STR_INIT("{a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7, h: 8, i: 9, a: 10}"), "\"yaml: unmarshal errors:\\n  line 1: mapping key \\\"a\\\" already defined at line 1\""},
    {STR_INIT("1: a\012true: b\012null: c\0121.5: d"), "{f1.5:\"d\",i1:\"a\",null:\"c\",true:\"b\"}"},
    {STR_INIT("!!str 12"), "\"12\""},
    {STR_INIT("!!int '12'"), "i12"},
    {STR_INIT("!!int abc"), "\"yaml: cannot decode !!str `abc` as a !!int\""},
    {STR_INIT("!!float 1"), "f1"},
    {STR_INIT("!!bool yes"), "\"yaml: cannot decode !!str `yes` as a !!bool\""},
    {STR_INIT("!!bool true"), "true"},
    {STR_INIT("!!null x"), "\"yaml: cannot decode !!str `x` as a !!null\""},
    {STR_INIT("!!null ''"), "null"},
    {STR_INIT("!!binary aGVsbG8="), "\"hello\""},
    {STR_INIT("!!binary aGVsbG8"), "\"yaml: !!binary value contains invalid base64 data\""},
    {STR_INIT("!!binary 'a!b'"), "\"yaml: !!binary value contains invalid base64 data\""},
    {STR_INIT("!foo bar"), "\"bar\""},
    {STR_INIT("! 12"), "i12"},
    {STR_INIT("!!timestamp 2001-01-01"), "t2001-01-01T00:00:00Z"},
    {STR_INIT("!!timestamp '2001-01-01'"), "t2001-01-01T00:00:00Z"},
    {STR_INIT("!!timestamp abc"), "\"yaml: cannot decode !!str `abc` as a !!timestamp\""},
    {STR_INIT("!!int 1.5"), "\"yaml: cannot decode !!float `1.5` as a !!int\""},
    {STR_INIT("!!float abc"), "\"yaml: cannot decode !!str `abc` as a !!float\""},
    {STR_INIT("!!str"), "\"\""},
    {STR_INIT("!!merge <<: {a: 1}"), "{\"a\":i1}"},
    {STR_INIT("!!unknown x"), "\"x\""},
    {STR_INIT("|\012  a\012  b\012"), "\"a\\nb\\n\""},
    {STR_INIT(">\012  a\012  b\012\012  c\012"), "\"a b\\nc\\n\""},
    {STR_INIT("a: |-\012  x\012b: >+\012  y\012\012"), "{\"a\":\"x\",\"b\":\"y\\n\\n\"}"},
    {STR_INIT("'it''s'"), "\"it's\""},
    {STR_INIT("\"a\\tb\\u00e9\\x41\\0\""), "\"a\\tb\303\251A\\x00\""},
    {STR_INIT("--- a\012--- b"), "\"a\""},
    {STR_INIT("a: b: c"), "\"yaml: mapping values are not allowed in this context\""},
    {STR_INIT("a:\012\011- b"), "\"yaml: line 2: found character that cannot start any token\""},
    {STR_INIT("[1, 2"), "\"yaml: line 1: did not find expected ',' or ']'\""},
    {STR_INIT("{a: 1"), "\"yaml: line 1: did not find expected ',' or '}'\""},
    {STR_INIT("'abc"), "\"yaml: found unexpected end of stream\""},
    {STR_INIT("\"abc"), "\"yaml: found unexpected end of stream\""},
    {STR_INIT("a: 1\012 b: 2"), "\"yaml: line 2: mapping values are not allowed in this context\""},
    {STR_INIT("- a\012b"), "\"yaml: line 2: could not find expected ':'\""},
    {STR_INIT("%YAML 1.1\012---\012a: 1"), "{\"a\":i1}"},
    {STR_INIT("%FOO\012---\012a"), "\"yaml: found unknown directive name\""},
    {STR_INIT("@a"), "\"yaml: found character that cannot start any token\""},
    {STR_INIT("`a"), "\"yaml: found character that cannot start any token\""},
    {STR_INIT("a: @b"), "\"yaml: found character that cannot start any token\""},
    {STR_INIT("&a"), "null"},
    {STR_INIT("*a"), "\"yaml: unknown anchor 'a' referenced\""},
    {STR_INIT("key: [a, b]: c"), "\"yaml: mapping values are not allowed in this context\""},
    {STR_INIT("a: 'x' y"), "\"yaml: did not find expected key\""},
    {STR_INIT("\357\273\277a: 1"), "{\"a\":i1}"},
    {STR_INIT("a: 1 # comment\012# another\012b: 2"), "{\"a\":i1,\"b\":i2}"},
    {STR_INIT("a: 'multi\012  line'"), "{\"a\":\"multi line\"}"},
    {STR_INIT("? a\012: b\012? c"), "{\"a\":\"b\",\"c\":null}"},
    {STR_INIT("{a, b: c}"), "{\"a\":null,\"b\":\"c\"}"},
    {STR_INIT("[a: b, c]"), "[{\"a\":\"b\"},\"c\"]"},
    {STR_INIT("[,]"), "\"yaml: did not find expected node content\""},
    {STR_INIT("{,}"), "\"yaml: did not find expected node content\""},
    {STR_INIT("a: -"), "\"yaml: block sequence entries are not allowed in this context\""},
    {STR_INIT("a:\012- 1\012- 2"), "{\"a\":[i1,i2]}"},
    {STR_INIT("- - - a"), "[[[\"a\"]]]"},
    {STR_INIT("a: !!map {b: c}"), "{\"a\":{\"b\":\"c\"}}"},
    {STR_INIT("a: !!seq [1]"), "{\"a\":[i1]}"},
    {STR_INIT("a: ~b"), "{\"a\":\"~b\"}"},
    {STR_INIT("y: n"), "{\"y\":\"n\"}"},
    {STR_INIT("a: ="), "{\"a\":\"=\"}"},
    {STR_INIT("a: \001"), "\"yaml: control characters are not allowed\""},
    {STR_INIT("\377"), "\"yaml: invalid leading UTF-8 octet\""},
    {STR_INIT("a: \303"), "\"yaml: incomplete UTF-8 octet sequence\""},
    {STR_INIT("..."), "\"yaml: did not find expected node content\""},
    {STR_INIT("---"), "null"},
    {STR_INIT("--- |\012 x"), "\"x\""},
    {STR_INIT("a: 123abc"), "{\"a\":\"123abc\"}"},
    {STR_INIT("a: 1:30"), "{\"a\":\"1:30\"}"},
    {STR_INIT("a: 12:30:45"), "{\"a\":\"12:30:45\"}"},
    {STR_INIT("a: 0.1.2"), "{\"a\":\"0.1.2\"}"},
    {STR_INIT("a: 1,000"), "{\"a\":\"1,000\"}"},
    {STR_INIT("a: 0xZZ"), "{\"a\":\"0xZZ\"}"},
    {STR_INIT("a: 0o9"), "{\"a\":\"0o9\"}"},
    {STR_INIT("a: 0b2"), "{\"a\":\"0b2\"}"},
    {STR_INIT("a: 0x"), "{\"a\":\"0x\"}"},
    {STR_INIT("a: 1__0"), "{\"a\":i10}"},
    {STR_INIT("a: _1"), "{\"a\":\"_1\"}"},
    {STR_INIT("a: 0_7"), "{\"a\":i7}"},
    {STR_INIT("a: 0x_1"), "{\"a\":i1}"},
    {STR_INIT("a: tRue"), "{\"a\":\"tRue\"}"},
    {STR_INIT("a: NULL"), "{\"a\":null}"},
    {STR_INIT("a: Null"), "{\"a\":null}"},
    {STR_INIT("a: nULL"), "{\"a\":\"nULL\"}"},
    {STR_INIT("a: TRUE"), "{\"a\":true}"},
    {STR_INIT("a: &anc\012b: *anc"), "{\"a\":null,\"b\":null}"},
    {STR_INIT("- &a a\012- &a b\012- *a"), "[\"a\",\"b\",\"b\"]"},
    {STR_INIT("a: {b: [1, {c: d}]}"), "{\"a\":{\"b\":[i1,{\"c\":\"d\"}]}}"},
    {STR_INIT("a: \"\\q\""), "\"yaml: found unknown escape character\""},
    {STR_INIT("a: \"\\ud83d\\ude00\""), "\"yaml: found invalid Unicode character escape code\""},
    {STR_INIT("\"\\u12\""), "\"yaml: did not find expected hexdecimal number\""},
    {STR_INIT("a: >2\012   x"), "{\"a\":\" x\"}"},
    {STR_INIT("  a: 1\012 b: 2\012"), "{\"a\":i1}"},
    {STR_INIT("a:\012  b: 1\012 c: 2"), "\"yaml: line 2: did not find expected key\""},
    {STR_INIT("x: y\012\011z: 1"), "\"yaml: line 2: found a tab character that violates indentation\""},
    {STR_INIT("a: -1_0"), "{\"a\":i-10}"},
    {STR_INIT("a: +0x10"), "{\"a\":i16}"},
    {STR_INIT("a: 0B11"), "{\"a\":i3}"},
    {STR_INIT("a: 0O7"), "{\"a\":i7}"},
    {STR_INIT("a: 0X1f"), "{\"a\":i31}"},
    {STR_INIT("a: 1E3"), "{\"a\":f1000}"},
    {STR_INIT("a: -08"), "{\"a\":f-8}"},
    {STR_INIT("a: 2001-12-14T21:59:43,5Z"), "{\"a\":t2001-12-14T21:59:43.5Z}"},
    {STR_INIT("a: 20011-1-1"), "{\"a\":\"20011-1-1\"}"},
    {STR_INIT("a: 2001-12-14T21:59:43+25:00"), "{\"a\":\"2001-12-14T21:59:43+25:00\"}"},
    {STR_INIT("a: 2001-12-14T21:59:43.1234567891Z"), "{\"a\":t2001-12-14T21:59:43.123456789Z}"},
    {STR_INIT("a: 2001-12-14T21:59:43"), "{\"a\":\"2001-12-14T21:59:43\"}"},
};
/* clang-format on */

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct doc_limits none = {0};

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *dump(const struct doc *doc);

static void dump_map(struct buf *b, const struct doc *doc)
{
    char *items[64];
    size_t count = 0;
    for (const struct doc *member = doc->child; member; member = member->next) {
        struct buf item;
        buf_init(&item, NULL, 1 << 20);
        if (member->key_doc) {
            char *key = dump(member->key_doc);
            buf_cstr(&item, key);
            mem_free(key);
        } else {
            strconv_quote(&item, member->key);
        }
        char *value = dump(member);
        buf_printf(&item, ":%s", value);
        mem_free(value);
        items[count++] = buf_take(&item, NULL);
    }
    cr_assert_eq(count, doc->count);
    qsort(items, count, sizeof(items[0]), compare);
    for (size_t i = 0; i < count; i++) {
        buf_printf(b, i ? ",%s" : "%s", items[i]);
        mem_free(items[i]);
    }
}

static char *dump(const struct doc *doc)
{
    struct buf b;
    buf_init(&b, NULL, 1 << 20);
    switch (doc->kind) {
    case DOC_NULL: buf_cstr(&b, "null"); break;
    case DOC_BOOL: buf_cstr(&b, doc->boolean ? "true" : "false"); break;
    case DOC_INT:
        buf_byte(&b, 'i');
        buf_i64(&b, doc->integer);
        break;
    case DOC_FLOAT:
        buf_byte(&b, 'f');
        strconv_float(&b, doc->number, 'g');
        break;
    case DOC_STRING: strconv_quote(&b, doc->text); break;
    case DOC_TIME:
        buf_byte(&b, 't');
        buf_str(&b, doc->text);
        break;
    case DOC_LIST:
        buf_byte(&b, '[');
        for (const struct doc *item = doc->child; item; item = item->next) {
            char *text = dump(item);
            buf_printf(&b, item == doc->child ? "%s" : ",%s", text);
            mem_free(text);
        }
        buf_byte(&b, ']');
        break;
    case DOC_MAP:
        buf_byte(&b, '{');
        dump_map(&b, doc);
        buf_byte(&b, '}');
        break;
    }
    return buf_take(&b, NULL);
}

TEST(base_yaml, resolves_as_yaml_v3)
{
    struct arena arena;
    arena_init(&arena, NULL, 0);
    for (size_t i = 0; i < COUNT(documents); i++) {
        struct error err = {0};
        struct doc *doc;
        char *result;
        if (yaml_read(&arena, documents[i].text, none, &doc, &err) == STATUS_OK) {
            result = dump(doc);
        } else {
            struct buf b;
            buf_init(&b, NULL, 1 << 20);
            strconv_quote(&b, str_from(err.message));
            result = buf_take(&b, NULL);
        }
        cr_assert_str_eq(result, documents[i].result, "%s", documents[i].text.ptr);
        mem_free(result);
        arena_reset(&arena);
    }
    arena_release(&arena);
}

static enum status read_status(struct str text, struct doc_limits limits, size_t memory,
                               struct error *err)
{
    struct arena arena;
    struct doc *doc;
    arena_init(&arena, NULL, memory);
    enum status status = yaml_read(&arena, text, limits, &doc, err);
    arena_release(&arena);
    return status;
}

TEST(base_yaml, limits)
{
    struct error err = {0};
    struct buf b;
    buf_init(&b, NULL, 1 << 22);
    /* Ten levels that each name the level before ten times. */
    buf_cstr(&b, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int level = 1; level < 10; level++) {
        buf_printf(&b, "a%d: &a%d [", level, level);
        for (int i = 0; i < 10; i++)
            buf_printf(&b, "%s*a%d", i ? ", " : "", level - 1);
        buf_cstr(&b, "]\n");
    }
    cr_assert_eq(read_status(buf_view(&b), none, 0, &err), STATUS_LIMIT);
    cr_assert_str_eq(err.message, "yaml: document contains excessive aliasing");

    buf_clear(&b);
    buf_fill(&b, '[', 1000000);
    cr_assert_neq(read_status(buf_view(&b), none, 0, &err), STATUS_OK);
    buf_clear(&b);
    for (int i = 0; i < 5000; i++) {
        buf_fill(&b, ' ', (size_t)(i < 300 ? i : 300));
        buf_cstr(&b, "- ");
    }
    cr_assert_neq(read_status(buf_view(&b), none, 0, &err), STATUS_OK);

    struct doc_limits few = {.max_depth = 2, .max_nodes = 4};
    cr_assert_eq(read_status(STR("[[1, 2]]"), few, 0, &err), STATUS_OK);
    cr_assert_eq(read_status(STR("[[1, 2, 3]]"), few, 0, &err), STATUS_LIMIT);
    cr_assert_eq(read_status(STR("[[[]]]"), few, 0, &err), STATUS_LIMIT);
    cr_assert_str_eq(err.message, "yaml: exceeded max depth of 2");
    for (size_t memory = 16; memory < 20000; memory += 16) {
        enum status status = read_status(
            STR("a: &a {b: 1, c: !!binary aGk=}\nd: {<<: *a, e: 2001-01-01, '1': *a}\n"), none,
            memory, &err);
        cr_assert(status == STATUS_OK || status == STATUS_MEMORY, "%zu: %s", memory, err.message);
    }
    /* Many names: no step is quadratic. */
    buf_clear(&b);
    for (int i = 0; i < 50000; i++)
        buf_printf(&b, "k%d: &n%d v\n", i, i);
    cr_assert_eq(read_status(buf_view(&b), none, 0, &err), STATUS_OK, "%s", err.message);
    buf_cstr(&b, "k77: twice\n");
    cr_assert_eq(read_status(buf_view(&b), none, 0, &err), STATUS_INVALID);
    cr_assert_str_eq(err.message, "yaml: unmarshal errors:\n  line 50001: mapping key \"k77\" "
                                  "already defined at line 78");
    buf_release(&b);
}

TEST(base_yaml, keeps_lines_and_names)
{
    struct arena arena;
    struct error err = {0};
    struct doc *doc;
    arena_init(&arena, NULL, 0);
    cr_assert_eq(
        yaml_read(&arena, STR("a: 1\nb:\n  c: x\n2001-01-01: y\n7: z\n"), none, &doc, &err),
        STATUS_OK);
    const struct doc *b = doc_get(doc, STR("b"));
    cr_assert_eq(b->line, 2);
    cr_assert_eq(doc_get(b, STR("c"))->line, 3);
    cr_assert_null(doc_get(doc, STR("7")), "its name is a number");
    const struct doc *last = b->next->next;
    cr_assert(str_is(last->key, "7") && last->key_doc->kind == DOC_INT);
    arena_release(&arena);
}
