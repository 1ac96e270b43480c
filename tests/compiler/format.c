/* The formatter: layout, comments, literals that keep their bytes, stability, memory that fails. */

#include "compiler/format.h"
#include "tests/support/reader.h"
#include "tests/support/test.h"

struct row {
    const char *text;
    const char *want; /* NULL = the text itself */
};

static void check(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct buf out;
        buf_init(&out, NULL, 1 << 20);
        const char *want = rows[i].want ? rows[i].want : rows[i].text;
        cr_expect(reader_format(&out, str_from(rows[i].text)), "%s", rows[i].text);
        cr_expect(str_is(buf_view(&out), want), "%s\n---\n%.*s", rows[i].text,
                  STR_ARG(buf_view(&out)));
        buf_release(&out);
    }
}

#define CHECK(rows) check((rows), sizeof(rows) / sizeof((rows)[0]))

TEST(compiler_format, lays_statements_out)
{
    static const struct row rows[] = {
        {"", "\n"},
        {"a=1", "a = 1\n"},
        {"a=1\nlong=2\n\nb=3", "a    = 1\nlong = 2\n\nb = 3\n"},
        {"a{}", "a { }\n"},
        {"a \"\" {}", "a { }\n"},
        {"a . b  \"c\"{x=1}", "a.b \"c\" {\n\tx = 1\n}\n"},
        {"a {\nx=1\nb {\ny=2\n}\n}\nc{}", "a {\n\tx = 1\n\n\tb {\n\t\ty = 2\n\t}\n}\n\nc { }\n"},
        {"a {\n\n\n}\n", "a { }\n"},
        {"x = 1\ny = [\n1,\n]\nzzz = 2", "x = 1\ny = [\n\t1,\n]\nzzz = 2\n"},
    };
    CHECK(rows);
}

TEST(compiler_format, lays_expressions_out)
{
    static const struct row rows[] = {
        {"a=[1,2,\n3]", "a = [1, 2,\n\t3]\n"},
        {"a=[\n1,2,\n]", "a = [\n\t1, 2,\n]\n"},
        {"a=[ ]", "a = []\n"},
        {"a={b=1,cc=2}", "a = {b = 1, cc = 2}\n"},
        {"a={\nb=1,\ncc=2,\n}", "a = {\n\tb  = 1,\n\tcc = 2,\n}\n"},
        {"a={\nb=[\n1,\n],\nccc=2,\n}", "a = {\n\tb = [\n\t\t1,\n\t],\n\tccc = 2,\n}\n"},
        {"a={}", "a = {}\n"},
        {"a=f(1,\n2)", "a = f(1,\n\t2)\n"},
        {"a=f(\n1,\n)", "a = f(\n\t1,\n)\n"},
        {"a=f(\n)", "a = f()\n"},
        {"a=b.c[0](1).d", "a = b.c[0](1).d\n"},
        {"a=-b+!c*(d)", "a = -b + !c * (d)\n"},
        {"a=1 .b", "a = 1 .b\n"},
        {"a=1+\n2", "a = 1 + 2\n"},
        {"a={`k`=1,\"l\"=2,``=3,`ä `=4,`\\`=5}",
         "a = {\"k\" = 1, \"l\" = 2, `` = 3, \"ä \" = 4, `\\` = 5}\n"},
    };
    CHECK(rows);
}

TEST(compiler_format, keeps_literals_byte_for_byte)
{
    static const struct row rows[] = {
        {"a = \"x\ty\\n\"\n", NULL},
        {"a = `x\ty  \n  \tz\v  `\n", NULL},
        {"a = {\"a\\nb\" = 1, `q\"` = 2}\n", NULL},
        {"a = 010\nb = 1.50\n", NULL},
        {"a = {\n\tlong = `x\n  y  `,\n\tb = 1,\n}\n", NULL},
    };
    CHECK(rows);
}

TEST(compiler_format, puts_comments_where_they_were)
{
    static const struct row rows[] = {
        {"// a", "// a\n"},
        {"// a  \n\n\n\n// b\nx = 1", "// a  \n\n// b\nx = 1\n"},
        {"x=1 // a\nlonger=2 // b", "x      = 1 // a\nlonger = 2 // b\n"},
        {"x=1 /* a */\n", "x = 1 /* a */\n"},
        {"x = /* a */ 1", "x = /* a */ 1\n"},
        {"a {\n// c\n}", "a {\n\t// c\n}\n"},
        {"a {\nx=1\n\n// c\ny=2\n// d\n}", "a {\n\tx = 1\n\n\t// c\n\ty = 2\n\t// d\n}\n"},
        {"a = [\n// c\n1,\n// d\n]", "a = [\n\t// c\n\t1,\n\t// d\n]\n"},
        {"a = 1 // x\r\nb = 2 /* y\r\nz */\r\n", "a = 1 // x\nb = 2 /* y\nz */\n"},
        {"a = f /* c */ [0]\n", "a = f /* c */ [0]\n"},
        {"a = 1 /* c */ + 2\n", "a = 1 /* c */ + 2\n"},
    };
    CHECK(rows);
}

TEST(compiler_format, aligns_by_characters)
{
    static const struct row rows[] = {
        {"\xC3\xA4\xC3\xB6=1\nabc=2", "\xC3\xA4\xC3\xB6  = 1\nabc = 2\n"},
        {"a=\"\xC3\xA4\" // x\nb=\"ab\" // y", "a = \"\xC3\xA4\"  // x\nb = \"ab\" // y\n"},
    };
    CHECK(rows);
}

TEST(compiler_format, prints_single_expressions)
{
    static const struct row rows[] = {
        {"a . b", "a.b"},
        {"[1,2,\n3]", "[1, 2,\n\t3]"},
        {"{a=1} // no", "{a = 1}"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct diags diags;
        struct buf out;
        diags_init(&diags);
        buf_init(&out, NULL, 1000);
        struct source *source = source_new(STR_NONE, str_from(rows[i].text), NULL);
        struct ast *ast = ast_parse_expression(source, &diags);
        format_expression(&out, ast, ast->root);
        cr_expect(str_is(buf_view(&out), rows[i].want), "%.*s", STR_ARG(buf_view(&out)));
        ast_free(ast);
        source_unref(source);
        buf_release(&out);
        diags_release(&diags);
    }
}

TEST(compiler_format, stops_when_the_output_is_full)
{
    struct diags diags;
    diags_init(&diags);
    struct ast *ast = reader_parse(STR("a = 1\nlong_name = 2\n\nb { c = 3 }\n"), &diags);
    for (size_t max = 1; max < 60; max++) {
        struct buf out;
        buf_init(&out, NULL, max);
        format_file(&out, ast);
        cr_expect_leq(out.len, max);
        cr_expect(out.overflow || out.len > 20);
        buf_release(&out);
    }
    ast_free(ast);
    diags_release(&diags);
}

/* Long chains to the left have no limit, so the walk must not recurse and time must be linear. */
TEST(compiler_format, walks_long_chains, .timeout = 30)
{
    struct buf text;
    struct buf out;
    buf_init(&text, NULL, 16 << 20);
    buf_init(&out, NULL, 32 << 20);
    buf_cstr(&text, "a = 1");
    for (size_t i = 0; i < 300000; i++) {
        buf_cstr(&text, " + b.c");
    }
    buf_cstr(&text, "\n");
    cr_assert(reader_format(&out, buf_view(&text)));
    cr_expect(str_eq(buf_view(&out), buf_view(&text)));
    buf_release(&out);
    buf_release(&text);
}

/* ---- memory that fails ---- */

static const char *const failing_texts[] = {
    "// c\na.b \"l\" {\n\tx = [1, {k = -f(2)[3].y, `q` = (4 + 5)}] // d\n\n\tc . d { }\n}\n"
    "zz = `s\nt` /* e */\n",
    "a = \n\xFF\n' | & 1e \"\\q\" \x01 b `c` {\n d.e = }\n",
};

static void parse_and_format(void *arg)
{
    struct diags diags;
    struct buf out;
    diags_init(&diags);
    buf_init(&out, NULL, 1 << 20);
    struct ast *ast = ast_parse(arg, &diags);
    if (diags.len == 0) {
        format_file(&out, ast);
        cr_assert(buf_ok(&out));
    }
    diags_render(&out, &diags, (struct diag_style){0});
    ast_free(ast);
    buf_release(&out);
    diags_release(&diags);
}

TEST(compiler_format, leaves_nothing_behind_when_memory_fails)
{
    for (size_t i = 0; i < 2; i++) {
        struct source *source = source_new(STR("f"), str_from(failing_texts[i]), NULL);
        size_t before = mem_used(&compiler_memory);
        uint64_t nth = 1;
        for (;; nth++) {
            mem_fail_at(nth);
            bool worked = mem_scope_run(parse_and_format, source);
            bool failed = mem_failed_once();
            mem_fail_at(0);
            cr_assert_neq(worked, failed, "allocation %zu", (size_t)nth);
            cr_assert_eq(mem_used(&compiler_memory), before, "allocation %zu: %zu of %zu",
                         (size_t)nth, mem_used(&compiler_memory), before);
            cr_assert_eq(atomic_load(&source->refs), 1, "allocation %zu", (size_t)nth);
            if (worked) {
                break;
            }
        }
        cr_expect_gt(nth, 8);
        source_unref(source);
        cr_expect_eq(mem_used(&compiler_memory), 0);
    }
}
