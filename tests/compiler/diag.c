/* Diagnostics: the list and its limit, short forms, JSON, excerpts with marks. */

#include "tests/support/reader.h"
#include "tests/support/test.h"

static struct str render(struct buf *out, const char *text, struct diag_style style)
{
    struct diags diags;
    diags_init(&diags);
    ast_free(reader_parse(str_from(text), &diags));
    diags_render(out, &diags, style);
    diags_release(&diags);
    return buf_view(out);
}

static void check_render(const char *text, const char *want)
{
    struct buf out;
    buf_init(&out, NULL, 1 << 20);
    cr_expect(str_is(render(&out, text, (struct diag_style){0}), want), "%.*s",
              STR_ARG(buf_view(&out)));
    buf_release(&out);
}

TEST(compiler_diag, logs_do_not_show_secrets)
{
    struct buf out;
    buf_init(&out, NULL, 1 << 20);
    struct diag_style style = {.hides = true};
    cr_expect(str_is(render(&out, "password = \"abc\" b\n", style),
                     "Error: test.alloy:1:18: expected TERMINATOR, got IDENT\n\n"
                     "1 | password = \"***\" b\n  |                  ^\n2 | \n"),
              "%.*s", STR_ARG(buf_view(&out)));
    buf_release(&out);
}

TEST(compiler_diag, draws_excerpts)
{
    check_render("a = 1 b\n", "Error: test.alloy:1:7: expected TERMINATOR, got IDENT\n\n"
                              "1 | a = 1 b\n  |       ^\n2 | \n");
    check_render("x = 1\n\ta.b\t= 1\r\ny = 2\n",
                 "Error: test.alloy:2:2: attribute names may only consist of a single identifier "
                 "with no \".\"\n\n"
                 "1 | x = 1\n2 |     a.b    = 1\n  |     ^^^\n3 | y = 2\n");
    check_render("x = 1\na = b {\n\tc = 1\n}\ny = 2\n",
                 "Error: test.alloy:2:5: cannot use a block as an expression\n\n"
                 "1 |   x = 1\n2 |   a = b {\n  |  _____^^^\n3 | |     c = 1\n4 | | }\n"
                 "  | |_^\n5 |   y = 2\n");
    check_render("a = \xC3\xA4\xC3\xA4 #",
                 "Error: test.alloy:1:10: illegal character U+0023 '#'\n\n"
                 "1 | a = \xC3\xA4\xC3\xA4 #\n  |        ^\n\n"
                 "Error: test.alloy:1:10: expected TERMINATOR, got ILLEGAL\n\n"
                 "1 | a = \xC3\xA4\xC3\xA4 #\n  |        ^\n");
    check_render("\n\n\n\n\n\n\n\n= 1\n", "Error: test.alloy:9:1: expected identifier, got =\n\n"
                                          " 8 | \n 9 | = 1\n   | ^\n10 | \n");
    check_render("a {", "Error: test.alloy:1:4: expected }, got EOF\n\n1 | a {\n  |    \n");
}

TEST(compiler_diag, colours_the_head)
{
    struct buf out;
    buf_init(&out, NULL, 1 << 20);
    struct str got = render(&out, "= 1", (struct diag_style){.color = true});
    cr_expect(str_is(got, "\x1b[31;1mError: \x1b[0;22m\x1b[1mtest.alloy:1:1: expected identifier, "
                          "got =\n\x1b[22m\n1 | = 1\n  | ^\n"),
              "%.*s", STR_ARG(got));
    buf_release(&out);
}

TEST(compiler_diag, cuts_long_lines_and_long_ranges)
{
    struct buf text;
    struct buf out;
    buf_init(&text, NULL, 4 << 20);
    buf_init(&out, NULL, 1 << 20);
    buf_cstr(&text, "a = b {\n");
    for (int i = 0; i < 10000; i++) {
        buf_printf(&text, "c%d = %d\n", i, i);
    }
    buf_cstr(&text, "}\nd = ");
    buf_fill(&text, ' ', 1000000);
    buf_cstr(&text, "=\n");
    buf_byte(&text, '\0');
    render(&out, text.data, (struct diag_style){0});
    cr_expect(buf_ok(&out));
    cr_expect_neq(str_find(buf_view(&out), STR("\n...\n"), 0), SIZE_MAX);
    cr_expect_lt(out.len, 100000);
    buf_release(&out);
    buf_release(&text);
}

static void add(struct diags *diags, struct source *source, uint32_t start, uint32_t end,
                const char *message)
{
    struct range range = source ? source_range(source, start, end) : (struct range){0};
    diag_add(diags, DIAG_PLAIN, source, range, STR_ARG(str_from(message)));
}

TEST(compiler_diag, sums_a_list_up_in_one_line)
{
    struct diags diags;
    struct buf out;
    diags_init(&diags);
    buf_init(&out, NULL, 1 << 20);
    diags_summary(&out, &diags);
    cr_expect(str_is(buf_view(&out), "no errors"));
    add(&diags, NULL, 0, 0, "somewhere");
    buf_clear(&out);
    diags_summary(&out, &diags);
    cr_expect(str_is(buf_view(&out), "-: somewhere"));
    struct source *nameless = source_new(STR_NONE, STR("a\nbc"), NULL);
    add(&diags, nameless, 3, 4, "there");
    source_unref(nameless);
    buf_clear(&out);
    diags_summary(&out, &diags);
    cr_expect(str_is(buf_view(&out), "-: somewhere (and 1 more diagnostics)"));
    buf_clear(&out);
    diag_line(&out, &diags.items[1]);
    cr_expect(str_is(buf_view(&out), "2:2: there"), "the source lives as long as the list");
    buf_release(&out);
    diags_release(&diags);
}

TEST(compiler_diag, counts_what_it_does_not_keep)
{
    struct diags a;
    struct diags b;
    diags_init(&a);
    diags_init(&b);
    struct source *source = source_new(STR("f"), STR("x"), NULL);
    for (int i = 0; i < DIAGS_MAX + 5; i++) {
        add(&a, source, 0, 1, "m");
    }
    add(&b, source, 0, 1, "n");
    source_unref(source);
    diags_append(&b, &a);
    cr_expect_eq(a.len, DIAGS_MAX);
    cr_expect_eq(a.dropped, 5);
    cr_expect_eq(a.errors, DIAGS_MAX + 5);
    cr_expect_eq(b.len, DIAGS_MAX);
    cr_expect_eq(b.dropped, 6);
    cr_expect_eq(b.errors, DIAGS_MAX + 6);
    diags_release(&a);
    cr_expect(str_is(b.items[7].message, "m"));
    cr_expect(str_is(b.items[7].source->name, "f"));
    diags_release(&b);
}

TEST(compiler_diag, writes_json)
{
    struct diags diags;
    struct buf out;
    diags_init(&diags);
    buf_init(&out, NULL, 1 << 20);
    struct source *source = source_new(STR("f.alloy"), STR("ab\ncd"), NULL);
    add(&diags, source, 1, 4, "m \"q\"");
    diags.items[0].hint = STR("h");
    diags.items[0].value = STR("v");
    source_unref(source);
    struct json_writer writer;
    json_begin(&writer, &out);
    diags_json(&writer, &diags);
    cr_expect(
        str_is(buf_view(&out),
               "[{\"severity\":\"error\",\"code\":\"E0000\",\"message\":\"m \\\"q\\\"\","
               "\"file\":\"f.alloy\",\"start\":{\"line\":1,\"col\":2,\"offset\":1},"
               "\"end\":{\"line\":2,\"col\":1,\"offset\":3},\"value\":\"v\",\"hint\":\"h\"}]"),
        "%.*s", STR_ARG(buf_view(&out)));
    buf_release(&out);
    diags_release(&diags);
}

/* One text for each message of the reader. */
TEST(compiler_diag, every_message_of_the_reader_is_reachable)
{
    static const struct {
        enum diag_id id;
        struct str text;
    } rows[] = {
        {DIAG_NUL, STR_INIT("a = \"\0\"")},
        {DIAG_UTF8, STR_INIT("// \xFF")},
        {DIAG_BYTE_ORDER_MARK, STR_INIT("// \xEF\xBB\xBF")},
        {DIAG_ILLEGAL, STR_INIT("$")},
        {DIAG_SINGLE_QUOTED, STR_INIT("a = 'x'")},
        {DIAG_SINGLE_OR, STR_INIT("a = b | c")},
        {DIAG_SINGLE_AND, STR_INIT("a = b & c")},
        {DIAG_EXPONENT, STR_INIT("a = 1e")},
        {DIAG_STRING_OPEN, STR_INIT("a = \"")},
        {DIAG_ESCAPE_UNKNOWN, STR_INIT("a = \"\\k\"")},
        {DIAG_ESCAPE_OPEN, STR_INIT("a = \"\\")},
        {DIAG_ESCAPE_DIGIT, STR_INIT("a = \"\\xg\"")},
        {DIAG_ESCAPE_RUNE, STR_INIT("a = \"\\777\"")},
        {DIAG_COMMENT_OPEN, STR_INIT("/*")},
        {DIAG_NOT_IDENT, STR_INIT("1")},
        {DIAG_NOT_LABEL, STR_INIT("a b")},
        {DIAG_LABEL_RAW, STR_INIT("a `b` {}")},
        {DIAG_LABEL_NAME, STR_INIT("a \"1\" {}")},
        {DIAG_NOT_STATEMENT, STR_INIT("a \"\"\n")},
        {DIAG_NOT_BODY, STR_INIT("a \"b\"")},
        {DIAG_ATTRIBUTE_DOTTED, STR_INIT("a.b = 1")},
        {DIAG_ATTRIBUTE_LABEL, STR_INIT("a \"b\" = 1")},
        {DIAG_EXPECTED, STR_INIT("a = (1")},
        {DIAG_NOT_EXPRESSION, STR_INIT("a = *")},
        {DIAG_LIST_COMMA, STR_INIT("a = [1 2]")},
        {DIAG_FIELD_COMMA, STR_INIT("a = {b = 1 c = 2}")},
        {DIAG_FIELD_NAME, STR_INIT("a = {1 = 2}")},
        {DIAG_BLOCK_VALUE, STR_INIT("a = b {}")},
    };
    bool hit[DIAG_ID_COUNT] = {
        [DIAG_DEPTH] = true, [DIAG_NODES] = true}; /* tests/compiler/parser.c */
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct diags diags;
        diags_init(&diags);
        ast_free(reader_parse(rows[i].text, &diags));
        bool found = false;
        for (size_t k = 0; k < diags.len; k++) {
            found |= diags.items[k].id == rows[i].id;
        }
        cr_expect(found, "%s is not said about %.*s", diag_code(rows[i].id), STR_ARG(rows[i].text));
        hit[rows[i].id] = true;
        diags_release(&diags);
    }
    for (int id = 0; id < DIAG_ID_COUNT; id++) {
        const char *code = diag_code((enum diag_id)id);
        cr_expect(hit[id] || strncmp(code, "E1", 2) != 0, "%s has no row here", code);
    }
}
