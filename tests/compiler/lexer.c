/* Tokens: kinds, positions, terminators, scan errors and their order. */

#include "compiler/lexer.h"
#include "tests/support/reader.h"
#include "tests/support/test.h"

struct row {
    struct str text;
    const char *tokens; /* "KIND:START-END", TERMINATOR as ";" */
    const char *errors;
};

#define T(literal) STR_INIT(literal)

static void scan(struct buf *tokens, struct diags *diags, struct str text)
{
    struct source *source = source_new(STR("t"), text, NULL);
    struct lexer lexer;
    struct token token;
    lex_init(&lexer, source, diags);
    do {
        lex_next(&lexer, &token);
        const char *name = token.kind == TOKEN_TERMINATOR ? ";" : token_name(token.kind);
        buf_printf(tokens, "%s%s:%u-%u", tokens->len > 0 ? " " : "", name, token.start, token.end);
    } while (token.kind != TOKEN_EOF);
    lex_next(&lexer, &token);
    cr_assert_eq(token.kind, TOKEN_EOF, "the end comes again");
    source_unref(source);
}

static void check(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct buf tokens;
        struct buf errors;
        struct diags diags;
        buf_init(&tokens, NULL, 1 << 20);
        buf_init(&errors, NULL, 1 << 20);
        diags_init(&diags);
        scan(&tokens, &diags, rows[i].text);
        reader_lines(&errors, &diags);
        if (rows[i].tokens) {
            cr_expect(str_is(buf_view(&tokens), rows[i].tokens), "%.*s: %.*s",
                      STR_ARG(rows[i].text), STR_ARG(buf_view(&tokens)));
        }
        cr_expect(str_is(buf_view(&errors), rows[i].errors), "%.*s: %.*s", STR_ARG(rows[i].text),
                  STR_ARG(buf_view(&errors)));
        diags_release(&diags);
        buf_release(&errors);
        buf_release(&tokens);
    }
}

#define CHECK(rows) check((rows), sizeof(rows) / sizeof((rows)[0]))

TEST(compiler_lexer, knows_every_kind_of_token)
{
    static const struct row rows[] = {
        {T(""), "EOF:0-0", ""},
        {T(" \t\r\n\n "), "EOF:6-6", ""},
        {T("|| && ! = == != < <= > >="),
         "||:0-2 &&:3-5 !:6-7 =:8-9 ==:10-12 !=:13-15 <:16-17 <=:18-20 >:21-22 >=:23-25 EOF:25-25",
         ""},
        {T("+ - * / % ^ , ."), "+:0-1 -:2-3 *:4-5 /:6-7 %:8-9 ^:10-11 ,:12-13 .:14-15 EOF:15-15",
         ""},
        {T("{[("), "{:0-1 [:1-2 (:2-3 EOF:3-3", ""},
        {T("}])"), "}:0-1 ]:1-2 ):2-3 ;:3-3 EOF:3-3", ""},
        {T("a"), "IDENT:0-1 ;:1-1 EOF:1-1", ""},
        {T("true false null nulls"), "BOOL:0-4 BOOL:5-10 NULL:11-15 IDENT:16-21 ;:21-21 EOF:21-21",
         ""},
        {T("a.5"), "IDENT:0-1 FLOAT:1-3 ;:3-3 EOF:3-3", ""},
        {T("1..2"), "FLOAT:0-2 FLOAT:2-4 ;:4-4 EOF:4-4", ""},
        {T("0x10"), "NUMBER:0-1 IDENT:1-4 ;:4-4 EOF:4-4", ""},
        {T("1_000"), "NUMBER:0-1 IDENT:1-5 ;:5-5 EOF:5-5", ""},
        {T("1.5e-3 2E+7 3e1"), "FLOAT:0-6 FLOAT:7-11 FLOAT:12-15 ;:15-15 EOF:15-15", ""},
        {T("\"a\\n\\\"\\101\\x41\\u00e4\\U0010FFFF\""), "STRING:0-31 ;:31-31 EOF:31-31", ""},
        {T("`a\n\"b`"), "STRING:0-6 ;:6-6 EOF:6-6", ""},
        {T("\xC3\xA4\xC3\xB6_1\xD9\xA0"), "IDENT:0-8 ;:8-8 EOF:8-8", ""},
        {T("true\xC3\xA4"), "IDENT:0-6 ;:6-6 EOF:6-6", ""},
        {T("\xEF\xBB\xBF"
           "a"),
         "IDENT:3-4 ;:4-4 EOF:4-4", ""},
    };
    CHECK(rows);
}

TEST(compiler_lexer, puts_terminators_where_lines_end)
{
    static const struct row rows[] = {
        {T("a\n\n\nb"), "IDENT:0-1 ;:1-2 IDENT:4-5 ;:5-5 EOF:5-5", ""},
        {T("a = \n1"), "IDENT:0-1 =:2-3 NUMBER:5-6 ;:6-6 EOF:6-6", ""},
        {T("a // c\nb"), "IDENT:0-1 ;:2-2 COMMENT:2-6 IDENT:7-8 ;:8-8 EOF:8-8", ""},
        {T("a /* c */ b"), "IDENT:0-1 COMMENT:2-9 IDENT:10-11 ;:11-11 EOF:11-11", ""},
        {T("a /* c */\nb"), "IDENT:0-1 ;:2-2 COMMENT:2-9 IDENT:10-11 ;:11-11 EOF:11-11", ""},
        {T("a /*1*/ /*2*/ // c"),
         "IDENT:0-1 ;:2-2 COMMENT:2-7 COMMENT:8-13 COMMENT:14-18 EOF:18-18", ""},
        {T("a /*1*/ / b"), "IDENT:0-1 COMMENT:2-7 /:8-9 IDENT:10-11 ;:11-11 EOF:11-11", ""},
        {T("a /*\n*/ b"), "IDENT:0-1 ;:2-2 COMMENT:2-7 IDENT:8-9 ;:9-9 EOF:9-9", ""},
        {T("a /* c */"), "IDENT:0-1 ;:2-2 COMMENT:2-9 EOF:9-9", ""},
        {T("+ // c\n+"), "+:0-1 COMMENT:2-6 +:7-8 EOF:8-8", ""},
        {T("/*/*/"), "COMMENT:0-5 EOF:5-5", ""},
    };
    CHECK(rows);
}

TEST(compiler_lexer, reports_what_is_no_token)
{
    static const struct row rows[] = {
        {T("#"), "ILLEGAL:0-1 EOF:1-1", "1:1 illegal character U+0023 '#'\n"},
        {T("a #\n"), "IDENT:0-1 ILLEGAL:2-3 ;:3-4 EOF:4-4", "1:3 illegal character U+0023 '#'\n"},
        {T("\x01"), "ILLEGAL:0-1 EOF:1-1", "1:1 illegal character U+0001\n"},
        {T("\xE2\x82\xAC"), "ILLEGAL:0-3 EOF:3-3", "1:1 illegal character U+20AC '\xE2\x82\xAC'\n"},
        {T("a\xE2\x82\xAC"), "IDENT:0-1 ILLEGAL:1-4 ;:4-4 EOF:4-4",
         "1:2 illegal character U+20AC '\xE2\x82\xAC'\n"},
        {T("true\xE2\x82\xAC"), "BOOL:0-4 ILLEGAL:4-7 ;:7-7 EOF:7-7",
         "1:5 illegal character U+20AC '\xE2\x82\xAC'\n"},
        {T("a\0b"), "IDENT:0-1 ILLEGAL:1-2 IDENT:2-3 ;:3-3 EOF:3-3",
         "1:2 illegal character NUL\n1:2 illegal character U+0000\n"},
        {T("\xFF"), "ILLEGAL:0-1 EOF:1-1",
         "1:1 illegal UTF-8 encoding\n1:1 illegal character U+FFFD '\xEF\xBF\xBD'\n"},
        {T("a \xEF\xBB\xBF"), "IDENT:0-1 ILLEGAL:2-5 ;:5-5 EOF:5-5",
         "1:3 illegal byte order mark\n"},
        {T("'a'\n"), "ILLEGAL:0-3 ;:3-4 EOF:4-4",
         "1:1 illegal single-quoted string; use double quotes\n"},
        {T("| &"), "||:0-1 &&:2-3 EOF:3-3",
         "1:2 missing second | in ||\n1:4 missing second & in &&\n"},
        {T("1e 2.5E+"), "FLOAT:0-2 FLOAT:3-8 ;:8-8 EOF:8-8",
         "1:1 exponent has no digits\n1:4 exponent has no digits\n"},
        {T("\"abc\nd"), "STRING:0-4 ;:4-5 IDENT:5-6 ;:6-6 EOF:6-6",
         "1:1 string literal not terminated\n"},
        {T("`abc"), "STRING:0-4 ;:4-4 EOF:4-4", "1:1 string literal not terminated\n"},
        {T("\"\\q\\'\""), "STRING:0-6 ;:6-6 EOF:6-6",
         "1:3 unknown escape sequence\n1:5 unknown escape sequence\n"},
        {T("\"\\"), "STRING:0-2 ;:2-2 EOF:2-2",
         "1:3 escape sequence not terminated\n1:1 string literal not terminated\n"},
        {T("\"\\x4\""), "STRING:0-5 ;:5-5 EOF:5-5",
         "1:3 illegal character U+0022 '\"' in escape sequence\n"},
        {T("\"\\08\""), NULL, "1:3 illegal character U+0038 '8' in escape sequence\n"},
        {T("\"\\400\\ud800\\U00110000\""), NULL,
         "1:3 escape sequence is invalid Unicode code point\n"
         "1:7 escape sequence is invalid Unicode code point\n"
         "1:13 escape sequence is invalid Unicode code point\n"},
        {T("/* a"), "COMMENT:0-4 EOF:4-4", "1:1 block comment not terminated\n"},
        {T("// \xFF\na"), "COMMENT:0-4 IDENT:5-6 ;:6-6 EOF:6-6", "1:4 illegal UTF-8 encoding\n"},
        {T("a // \0\n"), "IDENT:0-1 ;:2-2 COMMENT:2-6 EOF:7-7", "1:6 illegal character NUL\n"},
        {T("a /* \xFF */ b"), "IDENT:0-1 COMMENT:2-9 IDENT:10-11 ;:11-11 EOF:11-11",
         "1:6 illegal UTF-8 encoding\n1:6 illegal UTF-8 encoding\n"},
        {T("\"\xFF\\q\""), NULL, "1:2 illegal UTF-8 encoding\n1:4 unknown escape sequence\n"},
    };
    CHECK(rows);
}

TEST(compiler_lexer, tells_identifiers)
{
    static const struct {
        struct str text;
        bool is_identifier;
    } rows[] = {
        {T("a"), true},         {T("_"), true},         {T("a1_b"), true},  {T("\xC3\xA4x"), true},
        {T(""), false},         {T("1a"), false},       {T("a-b"), false},  {T("true"), false},
        {T("null"), false},     {T("a b"), false},      {T("a\\x"), false}, {T("a\0"), false},
        {T("\xFF"), false},     {T("a\xFF"), false},    {T(" a"), false},   {T("nulls"), true},
        {T("\xD9\xA0"), false}, {T("a\xD9\xA0"), true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cr_expect_eq(lex_is_identifier(rows[i].text), rows[i].is_identifier, "row %zu", i);
    }
}

TEST(compiler_lexer, drops_carriage_returns_of_comments)
{
    static const struct {
        struct str text;
        struct str want;
    } rows[] = {
        {T("// a"), T("// a")},
        {T("// a\r"), T("// a")},
        {T("// a\rb\r"), T("// ab")},
        {T("/* a\r\nb */"), T("/* a\nb */")},
        {T("/*x*\r/ */"), T("/*x*\r/ */")},
        {T("/*\r/ */"), T("/*/ */")},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf out;
        buf_init(&out, NULL, 1000);
        lex_comment_text(&out, rows[i].text);
        cr_expect(str_eq(buf_view(&out), rows[i].want), "row %zu: %.*s", i,
                  STR_ARG(buf_view(&out)));
        cr_expect_eq(lex_comment_len(rows[i].text), rows[i].want.len);
        buf_release(&out);
    }
}
