/* Sources: positions, lines, encodings, references in scopes. */

#include "compiler/source.h"
#include "tests/support/test.h"

TEST(compiler_source, finds_lines_and_columns)
{
    struct source *source = source_new(STR("f"), STR("ab\n\ncd\n"), NULL);
    cr_assert_eq(source->line_count, 4);
    for (uint32_t near = 1; near <= 4; near++) {
        cr_expect_eq(source_line_near(source, 0, near), 1);
        cr_expect_eq(source_line_near(source, 2, near), 1);
        cr_expect_eq(source_line_near(source, 3, near), 2);
        cr_expect_eq(source_line_near(source, 5, near), 3);
        cr_expect_eq(source_line_near(source, 7, near), 4);
    }
    struct range range = source_range(source, 1, 6);
    cr_expect_eq(range.start.line, 1);
    cr_expect_eq(range.start.col, 2);
    cr_expect_eq(range.end.line, 3);
    cr_expect_eq(range.end.col, 2);
    cr_expect(str_is(source_line(source, 3), "cd"));
    cr_expect_eq(source_line(source, 4).len, 0);
    cr_expect_eq(source_line(source, 5).len, 0);
    cr_expect_not(source->odd);
    source_unref(source);
}

TEST(compiler_source, finds_any_line_from_anywhere)
{
    enum { LINES = 300 };
    char text[LINES * 3];
    for (size_t i = 0; i < LINES; i++) {
        memcpy(text + i * 3, "xy\n", 3);
    }
    struct source *source = source_new(STR_NONE, str_of(text, sizeof(text)), NULL);
    for (uint32_t line = 1; line <= LINES; line += 7) {
        for (uint32_t near = 1; near <= LINES + 1; near += 3) {
            cr_assert_eq(source_line_near(source, (line - 1) * 3 + 1, near), line);
        }
    }
    source_unref(source);
}

TEST(compiler_source, notices_odd_bytes)
{
    static const struct {
        struct str text;
        bool odd;
    } rows[] = {
        {STR_INIT(""), false},
        {STR_INIT("0123456789abcdef"), false},
        {STR_INIT("0123456789abcde\xC3\xA4 0123456789"), false},
        {STR_INIT("\xEF\xBB\xBF x"), false},
        {STR_INIT("x \xEF\xBB\xBF"), true},
        {STR_INIT("0123456\0"), true},
        {STR_INIT("01234567\0"
                  "01234567"),
         true},
        {STR_INIT("01234567\x80"), true},
        {STR_INIT("\xED\xA0\x80"), true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct source *source = source_new(STR_NONE, rows[i].text, NULL);
        cr_expect_eq(source->odd, rows[i].odd, "row %zu", i);
        source_unref(source);
    }
}

TEST(compiler_source, refuses_other_encodings)
{
    static const struct {
        struct str text;
        const char *message;
    } rows[] = {
        {STR_INIT("a = 1"), ""},
        {STR_INIT("\xEF\xBB\xBF"
                  "a\xFF"),
         ""},
        {STR_INIT("a\xFF"), "unknown encoding for config"},
        {STR_INIT("\xFF\xFE"
                  "a\0"),
         "configuration is encoded with UTF16LittleEndian but must be utf8"},
        {STR_INIT("\xFE\xFF\0a"), "configuration is encoded with UTF16BigEndian but must be utf8"},
        {STR_INIT("\xFF\xFE\0\0"),
         "configuration is encoded with UTF32LittleEndian but must be utf8"},
        {STR_INIT("\0\0\xFE\xFF"), "configuration is encoded with UTF32BigEndian but must be utf8"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error err = {0};
        enum status status = source_check_encoding(rows[i].text, &err);
        cr_expect_eq(status == STATUS_OK, rows[i].message[0] == '\0');
        cr_expect_str_eq(err.message, rows[i].message);
    }
}

TEST(compiler_source, refuses_what_is_too_long)
{
    size_t len = (size_t)SOURCE_MAX_BYTES + 1;
    char *text = mem_zalloc(NULL, len);
    struct error err = {0};
    cr_expect_null(source_new(STR("f"), str_of(text, len), &err));
    cr_expect_eq(err.status, STATUS_LIMIT);
    cr_expect_str_eq(err.message, "the text is longer than 64 MiB");
    mem_free(text);
}

static void refer_and_fail(void *arg)
{
    source_ref(arg);
    source_ref(arg);
    source_unref(arg);
    mem_scope_refuse();
}

TEST(compiler_source, gives_references_back_when_a_scope_fails)
{
    struct source *source = source_new(STR("f"), STR("x"), NULL);
    cr_assert_not(mem_scope_run(refer_and_fail, source));
    cr_expect_eq(atomic_load(&source->refs), 1);
    source_unref(source);
    cr_expect_eq(mem_used(&compiler_memory), 0);
}
