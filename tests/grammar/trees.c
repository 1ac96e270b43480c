/* The tree-sitter grammar: trees of its corpus, queries that load, agreement with the compiler's
 * reader. */

#include "base/file.h"
#include "base/json.h"
#include "base/strconv.h"
#include "grammar/src/letters.h"
#include "tests/support/grammar.h"
#include "tests/support/reader.h"
#include "tests/support/test.h"

#include <fcntl.h>

static void read_file(struct buf *out, const char *path)
{
    const char *root = getenv("INVAR_SOURCE");
    char full[4096];
    struct error err = {0};
    (void)snprintf(full, sizeof(full), "%s/%s", root ? root : ".", path);
    buf_init(out, NULL, 16 << 20);
    cr_assert_eq(file_read(AT_FDCWD, full, out, &err), STATUS_OK, "%s", err.message);
}

/* ---- corpus: ====, title, ====, text, ---, tree ---- */

/* One blank for any run of blanks, none before a closing parenthesis. */
static void squeeze(struct buf *out, struct str text)
{
    bool blank = false;
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.ptr[i];
        if (byte == ' ' || byte == '\n') {
            blank = true;
            continue;
        }
        if (blank && byte != ')' && out->len > 0) {
            buf_byte(out, ' ');
        }
        blank = false;
        buf_byte(out, byte);
    }
}

static void check_tree(struct str title, struct str text, struct str tree)
{
    struct buf want;
    struct buf got;
    buf_init(&want, NULL, 1 << 20);
    buf_init(&got, NULL, 1 << 20);
    squeeze(&want, tree);
    TSTree *parsed = grammar_parse(text);
    char *string = ts_node_string(ts_tree_root_node(parsed));
    squeeze(&got, str_from(string));
    cr_expect(str_eq(buf_view(&got), buf_view(&want)), "%.*s:\n%.*s\n%.*s", STR_ARG(title),
              STR_ARG(buf_view(&got)), STR_ARG(buf_view(&want)));
    cr_expect(reader_is_silent(text), "%.*s", STR_ARG(title));
    mem_lib_free(string);
    ts_tree_delete(parsed);
    buf_release(&got);
    buf_release(&want);
}

static size_t check_corpus(const char *path)
{
    struct buf file;
    read_file(&file, path);
    const struct str bar = STR("==================\n");
    struct str text = buf_view(&file);
    size_t count = 0;
    size_t at = str_find(text, bar, 0);
    while (at != SIZE_MAX) {
        size_t title = at + bar.len;
        size_t body = str_find(text, bar, title) + bar.len;
        size_t rule = str_find(text, STR("---\n"), body);
        size_t next = str_find(text, bar, rule);
        cr_assert_neq(rule, SIZE_MAX);
        check_tree(str_slice(text, title, body - bar.len), str_slice(text, body, rule),
                   str_slice(text, rule + 4, next));
        count++;
        at = next;
    }
    buf_release(&file);
    return count;
}

TEST(grammar_trees, equal_those_of_the_corpus)
{
    ts_set_allocator(mem_lib_malloc, mem_lib_calloc, mem_lib_realloc, mem_lib_free);
    cr_expect_eq(check_corpus("grammar/test/corpus/statements.txt"), 5);
    cr_expect_eq(check_corpus("grammar/test/corpus/expressions.txt"), 6);
}

static void check_query(const char *path)
{
    struct buf text;
    read_file(&text, path);
    uint32_t at = 0;
    TSQueryError error = TSQueryErrorNone;
    TSQuery *query = ts_query_new(tree_sitter_alloy(), text.data, (uint32_t)text.len, &at, &error);
    cr_assert_not_null(query, "%s: error %d at %u", path, error, at);
    cr_expect_gt(ts_query_capture_count(query), 0);
    ts_query_delete(query);
    buf_release(&text);
}

TEST(grammar_trees, have_queries_that_load)
{
    check_query("grammar/queries/highlights.scm");
    check_query("grammar/queries/folds.scm");
    check_query("grammar/queries/locals.scm");
}

/* ---- agreement ---- */

static bool in(const struct letter_range *ranges, size_t count, uint32_t rune)
{
    for (size_t i = 0; i < count; i++) {
        if (rune >= ranges[i].first && rune <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

TEST(grammar_trees, know_the_same_letters, .timeout = 60)
{
    for (uint32_t rune = 0x80; rune < 0x30000; rune++) {
        cr_assert_eq(in(letters, LETTERS, rune), unicode_is_letter(rune), "U+%04X", rune);
        cr_assert_eq(in(decimals, DECIMALS, rune), unicode_is_digit(rune), "U+%04X", rune);
    }
}

static void check_agreement(struct str text)
{
    bool silent = reader_is_silent(text);
    cr_expect_eq(grammar_is_clean(text), silent, "the reader %s, the grammar not: %.*s",
                 silent ? "is silent" : "complains", STR_ARG(text));
}

static const struct str texts[] = {
    STR_INIT(""),
    STR_INIT("\n"),
    STR_INIT("a"),
    STR_INIT("a = 1"),
    STR_INIT("a = 1\n"),
    STR_INIT("a = 1 b = 2"),
    STR_INIT("a = 1 /* c */ b = 2"),
    STR_INIT("a = 1 /*\n*/ b = 2"),
    STR_INIT("a = 1 /* c */ /* d\n */ b = 2"),
    STR_INIT("a = 1 // c\nb = 2"),
    STR_INIT("a /* c */"),
    STR_INIT("a = 1 /* c */"),
    STR_INIT("a = 1 /* c"),
    STR_INIT("a = [1, 2\n]"),
    STR_INIT("a = [1, 2,\n]"),
    STR_INIT("a = f(1\n)"),
    STR_INIT("a = (1\n)"),
    STR_INIT("a = {b = 1\n}"),
    STR_INIT("a = {b = 1,\n}"),
    STR_INIT("a = {true = 1}"),
    STR_INIT("a = {\"true\" = 1}"),
    STR_INIT("a = b\n.c"),
    STR_INIT("a = b.\nc"),
    STR_INIT("a = f\n(1)"),
    STR_INIT("a = 1 +\n2"),
    STR_INIT("a = 1\n+ 2"),
    STR_INIT("a \"true\" { }"),
    STR_INIT("a \"\" { }"),
    STR_INIT("a \"b-c\" { }"),
    STR_INIT("a `b` { }"),
    STR_INIT("a \"b\" = 1"),
    STR_INIT("a.b = 1"),
    STR_INIT("a.b \"c\" { d = 1 }"),
    STR_INIT("a { b = 1 c = 2 }"),
    STR_INIT("a\n{ }"),
    STR_INIT("a {\n}"),
    STR_INIT("a \"\xC3\xA4\" {}"),
    STR_INIT("a { } b { }"),
    STR_INIT("a = b \"c\" { }"),
    STR_INIT("a = \"\\q\""),
    STR_INIT("a = \"\\x41\""),
    STR_INIT("a = \"\\ud800\""),
    STR_INIT("a = \"\\400\""),
    STR_INIT("a = \"\n\""),
    STR_INIT("a = `\n`"),
    STR_INIT("a = `"),
    STR_INIT("a = 'b'"),
    STR_INIT("a = 1e"),
    STR_INIT("a = 1e+5"),
    STR_INIT("a = .5"),
    STR_INIT("a = 1..b"),
    STR_INIT("a = 1 .b"),
    STR_INIT("a = 1.b"),
    STR_INIT("a = 0x10"),
    STR_INIT("a = b | c"),
    STR_INIT("a = !!b"),
    STR_INIT("a = -2^-3"),
    STR_INIT("a = 1 < 2 < 3"),
    STR_INIT("a = b[1][2](3).c"),
    STR_INIT("a = [,]"),
    STR_INIT("a = {,}"),
    STR_INIT("a = f(,)"),
    STR_INIT("a = [1,,]"),
    STR_INIT("a = [1] [0]"),
    STR_INIT("a = {} .b"),
    STR_INIT("a = 1 // \0\n"),
    STR_INIT("a = \"\0\""),
    STR_INIT("// \xFF"),
    STR_INIT("a = \"\xFF\""),
    STR_INIT("\xFF"),
    STR_INIT("\xEF\xBB\xBF"
             "a = 1"),
    STR_INIT("a = 1 // \xEF\xBB\xBF"),
    STR_INIT("a = \"\xEF\xBB\xBF\""),
    STR_INIT("a = \"\xEF\xBF\xBD\""),
    STR_INIT("\xE2\x82\xAC"),
    STR_INIT("a\xE2\x82\xAC = 1"),
    STR_INIT("true = 1"),
    STR_INIT("nulls = 1"),
    STR_INIT("a = true\xC3\xA4"),
    STR_INIT("#"),
    STR_INIT("a = 1;"),
    STR_INIT("a = 1 \r\nb = 2\r"),
    STR_INIT("a = b /* c */ .d"),
    STR_INIT("a = b /* c */ [0]"),
    STR_INIT("a = [ // c\n1, // d\n]"),
    STR_INIT("a = 1 / /* c */ 2"),
    STR_INIT("a = 1 // 2"),
    STR_INIT("a = {\"\" = 1, `` = 2}"),
};

TEST(grammar_trees, are_clean_exactly_when_the_reader_is_silent)
{
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        check_agreement(texts[i]);
    }
}

static void check_recorded(const char *path, size_t at_least)
{
    struct buf file;
    read_file(&file, path);
    struct str rest = buf_view(&file);
    struct str line;
    size_t count = 0;
    while (str_cut(rest, '\n', &line, &rest)) {
        struct arena arena;
        struct doc *doc = NULL;
        struct error err = {0};
        arena_init(&arena, NULL, 0);
        cr_assert_eq(json_read(&arena, line, (struct doc_limits){0}, &doc, &err), STATUS_OK, "%s",
                     err.message);
        const struct doc *text = doc_get(doc, STR("src"));
        if (text) {
            check_agreement(text->text);
            count++;
        }
        arena_release(&arena);
    }
    cr_expect_geq(count, at_least);
    buf_release(&file);
}

TEST(grammar_trees, agree_on_recorded_texts, .timeout = 60)
{
    check_recorded("tests/data/language/lex.jsonl", 300);
    check_recorded("tests/data/language/parse.jsonl", 450);
    check_recorded("tests/data/language/fmt.jsonl", 200);
}
