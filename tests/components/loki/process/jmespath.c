/* JMESPath: what expressions find, what is refused with which words, and the bounds of a search.
 * The results are those of the library that Alloy uses; members of objects come in the document's
 * order.
 */

#include "components/loki/process/jmespath/jmespath.h"

#include "tests/support/test.h"

struct search {
    const char *expression;
    const char *result; /* JSON; NULL = the search fails, "(odd)" = no JSON */
};

static const char document[] =
    "{\"a\":{\"b\":{\"c\":1}},\"bad-key\":\"q\",\"l\":[3,1,2],\"s\":[\"b\",\"a\"],\"o\":{\"y\":1,"
    "\"x\":2},\"p\":[{\"n\":\"z\",\"v\":2,\"t\":[\"i\"]},{\"n\":\"y\",\"v\":1,\"t\":[\"j\",\"k\"]},{\""
    "v\":null}],\"t\":\"héllo, wörld\",\"n\":-2.5,\"e\":[],\"nest\":[[1,2],[3],4]}";
static const struct search searches[] = {
    {"a.b.c", "1"},
    {"a.x.c", "null"},
    {"\"bad-key\"", "\"q\""},
    {"\"\\u0061\".b", "{\"c\":1}"},
    {"@.n", "-2.5"},
    {"$.l[0]", "3"},
    {"l[0]", "3"},
    {"l[-1]", "2"},
    {"l[9]", "null"},
    {"l[1:]", "[1,2]"},
    {"l[::-1]", "[2,1,3]"},
    {"l[0:9:2]", "[3,2]"},
    {"l[::0]", NULL},
    {"t[1:4]", "\"éll\""},
    {"t[::-1]", "\"dlröw ,olléh\""},
    {"t[0:2].x", "\"hé\""},
    {"t[::0]", "null"},
    {"p[*].n", "[\"z\",\"y\"]"},
    {"p[].t[]", "[\"i\",\"j\",\"k\"]"},
    {"p[*].t[0]", "[\"i\",\"j\"]"},
    {"p[?v > `1`].n", "[\"z\"]"},
    {"p[?v == `null`]", "[{\"v\":null}]"},
    {"p[?n].v", "[2,1]"},
    {"p[?n == 'z'] | [0]", "{\"n\":\"z\",\"t\":[\"i\"],\"v\":2}"},
    {"o.*", "[1,2]"},
    {"*.b", "[{\"c\":1}]"},
    {"p[*].[n, v]", "[[\"z\",2],[\"y\",1],[null,null]]"},
    {"p[*].{k: n}", "[{\"k\":\"z\"},{\"k\":\"y\"},{\"k\":null}]"},
    {"[n, l]", "[-2.5,[3,1,2]]"},
    {"{z: n, y: missing}", "{\"y\":null,\"z\":-2.5}"},
    {"{a: n b: t}", "{\"a\":-2.5,\"b\":\"héllo, wörld\"}"},
    {"nest[]", "[1,2,3,4]"},
    {"nest[*][0]", "[1,3]"},
    {"a || n", "{\"b\":{\"c\":1}}"},
    {"missing || 'd'", "\"d\""},
    {"e || 'empty'", "\"empty\""},
    {"a && n", "-2.5"},
    {"!e", "true"},
    {"!a", "false"},
    {"!!n", "true"},
    {"n == `-2.5`", "true"},
    {"l == `[3, 1, 2]`", "true"},
    {"l != s", "true"},
    {"o == `{\"x\": 2, \"y\": 1}`", "true"},
    {"n < `0`", "true"},
    {"t < `1`", "null"},
    {"`{\"a\": [1]}`", "{\"a\":[1]}"},
    {"'raw \\' and \\\\ but \\n'", "\"raw ' and \\\\ but \\\\n\""},
    {"`\"\\`\"`", "\"`\""},
    {"-n + `1`", "3.5"},
    {"l[0] * l[2] // `4`", "1"},
    {"l[0] % `2`", "1"},
    {"l[0] / `0`", "(odd)"},
    {"l[0] − `1` × `2` ÷ `4`", "2.5"},
    {"t + `1`", "null"},
    {"abs(n)", "2.5"},
    {"avg(l)", "2"},
    {"avg(e)", "null"},
    {"ceil(n)", "-2"},
    {"floor(n)", "-3"},
    {"contains(t, 'wör')", "true"},
    {"contains(l, `2`)", "true"},
    {"contains(nest, `[1, 2]`)", NULL},
    {"starts_with(t, 'h')", "true"},
    {"ends_with(t, 'd')", "true"},
    {"find_first(t, 'l')", "3"},
    {"find_last(t, 'l')", "12"},
    {"find_first(t, 'l', `5`, `99`)", "12"},
    {"find_first(t, 'zz')", "null"},
    {"from_items(items(o))", "{\"x\":2,\"y\":1}"},
    {"from_items(l)", NULL},
    {"group_by(p[?n], &n)",
     "{\"y\":[{\"n\":\"y\",\"t\":[\"j\",\"k\"],\"v\":1}],\"z\":[{\"n\":\"z\",\"t\":[\"i\"],\"v\":2}]}"},
    {"group_by(p, &n)", NULL},
    {"items(o)", "[[\"y\",1],[\"x\",2]]"},
    {"join('-', s)", "\"b-a\""},
    {"keys(o)", "[\"y\",\"x\"]"},
    {"values(o)", "[1,2]"},
    {"length(t)", "12"},
    {"length(o)", "2"},
    {"length(n)", NULL},
    {"lower('ÄB')", "\"äb\""},
    {"upper('äb')", "\"ÄB\""},
    {"map(&v, p)", "[2,1,null]"},
    {"max(l)", "3"},
    {"max(s)", "\"b\""},
    {"min(e)", "null"},
    {"max_by(p[?n], &v).n", "\"z\""},
    {"min_by(p[?n], &v).n", "\"y\""},
    {"max_by(p, &n)", NULL},
    {"merge(o, {z: `1`, x: `9`})", "{\"x\":9,\"y\":1,\"z\":1}"},
    {"not_null(missing, n)", "-2.5"},
    {"pad_left('x', `3`)", "\"  x\""},
    {"pad_right('x', `3`, '-')", "\"x--\""},
    {"pad_left('x', `3`, '--')", NULL},
    {"replace('aaa', 'a', 'b', `2`)", "\"bba\""},
    {"replace('ab', '', '-')", "\"-a-b-\""},
    {"reverse(l)", "[2,1,3]"},
    {"reverse(t)", "\"dlröw ,olléh\""},
    {"sort(l)", "[1,2,3]"},
    {"sort(s)", "[\"a\",\"b\"]"},
    {"sort(nest)", NULL},
    {"sort_by(p[?n], &v)[].n", "[\"y\",\"z\"]"},
    {"split('a,b,c', ',')", "[\"a\",\"b\",\"c\"]"},
    {"split('a,b,c', ',', `1`)", "[\"a\",\"b,c\"]"},
    {"split('äb', '')", "[\"ä\",\"b\"]"},
    {"sum(l)", "6"},
    {"to_array(n)", "[-2.5]"},
    {"to_array(l)", "[3,1,2]"},
    {"to_number('1e3')", "1000"},
    {"to_number('x')", "null"},
    {"to_string(o)", "\"{\\\"x\\\":2,\\\"y\\\":1}\""},
    {"to_string('<')", "\"\\u003c\""},
    {"trim(' x ')", "\"x\""},
    {"trim('xyx', 'x')", "\"y\""},
    {"trim_left('xyx', 'x')", "\"yx\""},
    {"trim_right('xyx', 'x')", "\"xy\""},
    {"type(n)", "\"number\""},
    {"type(missing)", "\"null\""},
    {"type(e)", "\"array\""},
    {"zip(l, s)", "[[3,\"b\"],[1,\"a\"]]"},
    {"let $x = n in [$x, let $x = t in $x, $x]", "[-2.5,\"héllo, wörld\",-2.5]"},
    {"let $x = n, $y = $x in $y", NULL},
    {"$undefined", NULL},
    {"nope(n)", NULL},
    {"length(n, n)", NULL},
    {"length()", NULL},
    {"&n", "(odd)"},
    {"sum(s)", NULL},
    {"map(&@, `[1]`)", "[1]"},
    {"p[].v | [0]", "2"},
    {"(a || n).b.c", "1"},
    {"l[*] | [0]", "3"},
    {"[l, s][].[@]", "[[3],[1],[2],[\"b\"],[\"a\"]]"},
};

static const char *search(struct arena *arena, const char *expression, const struct doc *doc)
{
    struct jmespath path;
    struct error err = {0};
    struct buf out;
    if (jmespath_compile(str_from(expression), arena, &path, &err) != STATUS_OK)
        return arena_cstr(arena, str_from(err.message));
    const struct doc *found = jmespath_search(&path, doc, arena);
    if (found == NULL)
        return NULL;
    buf_init(&out, NULL, 1 << 20);
    bool ok = jmespath_marshal(found, MARSHAL_GO, arena, &out);
    const char *text = ok ? arena_cstr(arena, buf_view(&out)) : "(odd)";
    buf_release(&out);
    return text;
}

static const struct doc *read_doc(struct arena *arena, const char *text)
{
    struct doc *doc = NULL;
    struct error err = {0};
    struct doc_limits limits = {0};
    cr_assert(json_read(arena, str_from(text), limits, &doc, &err) == STATUS_OK, "%s", err.message);
    return doc;
}

TEST(components_loki_jmespath, finds_what_the_library_finds)
{
    struct arena arena;
    arena_init(&arena, NULL, 0);
    const struct doc *doc = read_doc(&arena, document);
    for (size_t i = 0; i < sizeof searches / sizeof *searches; i++) {
        const struct search *s = &searches[i];
        const char *got = search(&arena, s->expression, doc);
        cr_assert(got == NULL || s->result == NULL ? got == s->result : !strcmp(got, s->result),
                  "%s: %s", s->expression, got != NULL ? got : "fails");
    }
    arena_release(&arena);
}

static const struct search errors[] = {
    {"", "SyntaxError: Incomplete expression"},
    {"a.", "SyntaxError: Expected identifier, lbracket, or lbrace"},
    {"a.1", "SyntaxError: Expected identifier, lbracket, or lbrace"},
    {"a b", "SyntaxError: Unexpected token at the end of the expression: TOKUnquotedIdentifier"},
    {"a[", "SyntaxError: Expected TOKStar, received: TOKEOF"},
    {"a[1", "SyntaxError: Expected TOKRbracket, received: TOKEOF"},
    {"a[1:2:3:4]", "SyntaxError: Too many colons in slice expression"},
    {"a[x]", "SyntaxError: Expected TOKStar, received: TOKUnquotedIdentifier"},
    {"[1:x]", "SyntaxError: Expected tColon or tNumber, received: TOKUnquotedIdentifier"},
    {"a[99999999999999999999]",
     "strconv.Atoi: parsing \"99999999999999999999\": value out of range"},
    {"\"a", "SyntaxError: Unclosed delimiter: \""},
    {"'a", "SyntaxError: Unclosed delimiter: '"},
    {"`a", "SyntaxError: Unclosed delimiter: `"},
    {"`a`", "invalid character 'a' looking for beginning of value"},
    {"\"a\"(b)", "SyntaxError: Can't have quoted identifier as function name."},
    {"a.b.(c)", "SyntaxError: Expected identifier, lbracket, or lbrace"},
    {"1", "SyntaxError: Invalid token: TOKNumber"},
    {"#", "SyntaxError: Unknown char: '#'"},
    {"ü", "SyntaxError: Unknown char: '\\u00fc'"},
    {"\001", "SyntaxError: Unknown char: '\\x01'"},
    {"{a}", "SyntaxError: Expected TOKColon, received: TOKRbrace"},
    {"{1: a}", "SyntaxError: Expected tQuotedIdentifier or tUnquotedIdentifier"},
    {"{a: b,}", "SyntaxError: Expected tQuotedIdentifier or tUnquotedIdentifier"},
    {"f(", "SyntaxError: Incomplete expression"},
    {"[a b]", "SyntaxError: Expected TOKComma, received: TOKUnquotedIdentifier"},
    {"a ==", "SyntaxError: Incomplete expression"},
    {"a !b", "SyntaxError: Unexpected token: TOKNot"},
    {"a*.", "SyntaxError: Invalid token: TOKDot"},
    {"[*]a", "SyntaxError: Unexpected token at the end of the expression: TOKUnquotedIdentifier"},
    {"let $x = a", "SyntaxError: Incomplete expression"},
    {"(a", "SyntaxError: Expected TOKRparen, received: TOKEOF"},
    {"a = ", "SyntaxError: Incomplete expression"},
    {"a ? b", "SyntaxError: Unknown char: '?'"},
    {"\"\\x\"", "invalid character 'x' in string escape code"},
    {"l[?a", "SyntaxError: Expected TOKRbracket, received: TOKEOF"},
};

TEST(components_loki_jmespath, refuses_with_the_librarys_words)
{
    struct arena arena;
    arena_init(&arena, NULL, 0);
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        struct jmespath path;
        struct error err = {0};
        enum status status = jmespath_compile(str_from(errors[i].expression), &arena, &path, &err);
        cr_assert(status != STATUS_OK && !strcmp(err.message, errors[i].result), "%s: %s",
                  errors[i].expression, err.message);
    }
    arena_release(&arena);
}

/* `times` copies of a text. */
static const char *repeat(struct arena *arena, const char *text, size_t times, const char *end)
{
    struct buf out;
    buf_init(&out, NULL, 1 << 20);
    for (size_t i = 0; i < times; i++)
        buf_cstr(&out, text);
    buf_cstr(&out, end);
    const char *all = arena_cstr(arena, buf_view(&out));
    buf_release(&out);
    return all;
}

TEST(components_loki_jmespath, is_bounded)
{
    struct arena arena;
    arena_init(&arena, NULL, 0);
    const struct doc *doc = read_doc(&arena, "{\"a\":1,\"a\":2,\"l\":[1,1,1,1,1,1,1,1,1,1]}");
    static const char *const deep[] = {"(", "[", "!", "a.", "a||", "{a:", "& "};
    for (size_t i = 0; i < sizeof deep / sizeof *deep; i++) {
        const char *got = search(&arena, repeat(&arena, deep[i], 300, "a"), doc);
        cr_assert(got != NULL && strstr(got, "nested deeper"), "%s: %s", deep[i], got);
    }
    const char *got = search(&arena, repeat(&arena, " ", JMESPATH_MAX_TEXT + 1, "a"), doc);
    cr_assert(strstr(got, "too long"), "%s", got);
    /* Of members of one name the last counts. */
    cr_assert_str_eq(search(&arena, "[a, length(@), keys(@)]", doc), "[2,2,[\"a\",\"l\"]]");
    /* Ten to the eighth steps, two to the sixtieth elements, and a gigabyte of text. */
    cr_assert(search(&arena,
                     repeat(&arena, "map(&", 8,
                            "@, $.l), $.l), $.l), $.l), $.l), $.l), "
                            "$.l), $.l)"),
                     doc) == NULL);
    cr_assert_str_eq(search(&arena, repeat(&arena, "[@,@]|", 60, "@"), doc), "(odd)");
    cr_assert_str_eq(search(&arena, repeat(&arena, "[@,@]|", 60, "@ == @"), doc), "true");
    cr_assert(search(&arena, "pad_left('x', `1000000000`)", doc) == NULL);
    arena_release(&arena);
}
