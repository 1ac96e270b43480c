/* Regular expressions: Go's verdicts and words, captures, and the engine as the judge of shapes. */

#include "base/memory.h"
#include "base/regex.h"
#include "tests/support/test.h"

#include <pthread.h>
#include <stdio.h>

/* clang-format off */
static const struct {
    const char *pattern;
    const char *message; /* of Go's regexp.Compile; NULL = accepted */
} patterns[] = {
    {"(", "error parsing regexp: missing closing ): `(`"},
    {")", "error parsing regexp: unexpected ): `)`"},
    {"a)", "error parsing regexp: unexpected ): `a)`"},
    {"(a", "error parsing regexp: missing closing ): `(a`"},
    {"[a", "error parsing regexp: missing closing ]: `[a`"},
    {"[a-", "error parsing regexp: missing closing ]: `[a-`"},
    {"[]a]", NULL},
    {"[]", "error parsing regexp: missing closing ]: `[]`"},
    {"[^]", "error parsing regexp: missing closing ]: `[^]`"},
    {"[z-a]", "error parsing regexp: invalid character class range: `z-a`"},
    {"[[:foo:]]", "error parsing regexp: invalid character class range: `[:foo:]`"},
    {"[[:alpha:]]", NULL},
    {"*", "error parsing regexp: missing argument to repetition operator: `*`"},
    {"+a", "error parsing regexp: missing argument to repetition operator: `+`"},
    {"?", "error parsing regexp: missing argument to repetition operator: `?`"},
    {"a**", "error parsing regexp: invalid nested repetition operator: `**`"},
    {"a*+", "error parsing regexp: invalid nested repetition operator: `*+`"},
    {"a+*", "error parsing regexp: invalid nested repetition operator: `+*`"},
    {"a??", NULL},
    {"a???", "error parsing regexp: invalid nested repetition operator: `???`"},
    {"x{2}{3}", "error parsing regexp: invalid nested repetition operator: `{2}{3}`"},
    {"a{1001}", "error parsing regexp: invalid repeat count: `{1001}`"},
    {"a{1000}", NULL},
    {"a{2,1}", "error parsing regexp: invalid repeat count: `{2,1}`"},
    {"a{,5}", NULL},
    {"(a{500}){500}", "error parsing regexp: invalid repeat count: `{500}`"},
    {"((a{100}){100}){100}", "error parsing regexp: invalid repeat count: `{100}`"},
    {"\\", "error parsing regexp: trailing backslash at end of expression: ``"},
    {"a\\", "error parsing regexp: trailing backslash at end of expression: ``"},
    {"\\8", "error parsing regexp: invalid escape sequence: `\\8`"},
    {"\\1", "error parsing regexp: invalid escape sequence: `\\1`"},
    {"\\y", "error parsing regexp: invalid escape sequence: `\\y`"},
    {"\\_", NULL},
    {"\\-", NULL},
    {"\\<", NULL},
    {"\\C", "error parsing regexp: invalid escape sequence: `\\C`"},
    {"\\Z", "error parsing regexp: invalid escape sequence: `\\Z`"},
    {"\\z", NULL},
    {"\\A", NULL},
    {"\\K", "error parsing regexp: invalid escape sequence: `\\K`"},
    {"\\Q.*\\E", NULL},
    {"\\Qabc", NULL},
    {"\\pN", NULL},
    {"\\p{Greek}", NULL},
    {"\\p{Foo}", "error parsing regexp: invalid character class range: `\\p{Foo}`"},
    {"\\pX", "error parsing regexp: invalid character class range: `\\pX`"},
    {"\\P{^Greek}", NULL},
    {"(?i)a", NULL},
    {"(?x)a", "error parsing regexp: invalid or unsupported Perl syntax: `(?x`"},
    {"(?=a)", "error parsing regexp: invalid or unsupported Perl syntax: `(?=`"},
    {"(?!a)", "error parsing regexp: invalid or unsupported Perl syntax: `(?!`"},
    {"(?<=a)", "error parsing regexp: invalid named capture: `(?<=a)`"},
    {"(?<!a)", "error parsing regexp: invalid named capture: `(?<!a)`"},
    {"(?<n>a)", NULL},
    {"(?P<n>a)", NULL},
    {"(?P<n", "error parsing regexp: invalid named capture: `(?P<n`"},
    {"(?P<n>a", "error parsing regexp: missing closing ): `(?P<n>a`"},
    {"(?P<>a)", "error parsing regexp: invalid named capture: `(?P<>`"},
    {"(?P<a b>c)", "error parsing regexp: invalid named capture: `(?P<a b>`"},
    {"(?P=n)", "error parsing regexp: invalid or unsupported Perl syntax: `(?P`"},
    {"(?P>n)", "error parsing regexp: invalid or unsupported Perl syntax: `(?P`"},
    {"(?<n>a)(?<n>b)", NULL},
    {"(?P<n>a)(?P<n>b)", NULL},
    {"(?", "error parsing regexp: invalid or unsupported Perl syntax: `(?`"},
    {"(?i", "error parsing regexp: invalid or unsupported Perl syntax: `(?i`"},
    {"(?i:a", "error parsing regexp: missing closing ): `(?i:a`"},
    {"(?-i)a", NULL},
    {"(?--i)a", "error parsing regexp: invalid or unsupported Perl syntax: `(?--`"},
    {"(?-)a", "error parsing regexp: invalid or unsupported Perl syntax: `(?-)`"},
    {"(?i-)a", "error parsing regexp: invalid or unsupported Perl syntax: `(?i-)`"},
    {"(?U)a", NULL},
    {"(?#c)", "error parsing regexp: invalid or unsupported Perl syntax: `(?#`"},
    {"(?:a", "error parsing regexp: missing closing ): `(?:a`"},
    {"a|*", "error parsing regexp: missing argument to repetition operator: `*`"},
    {"|", NULL},
    {"(|a)*", NULL},
    {"a||b", NULL},
    {"^*", NULL},
    {"$*", NULL},
    {"^+$", NULL},
    {"[a-\\d]", "error parsing regexp: invalid escape sequence: `\\d`"},
    {"[\\d-a]", NULL},
    {"[a-z-9]", NULL},
    {"\\x{10FFFF}", NULL},
    {"\\x{110000}", "error parsing regexp: invalid escape sequence: `\\x{110000`"},
    {"\\x{12", "error parsing regexp: invalid escape sequence: `\\x{12`"},
    {"\\x1", "error parsing regexp: invalid escape sequence: `\\x1`"},
    {"\\xag", "error parsing regexp: invalid escape sequence: `\\xag`"},
    {"\\07", NULL},
    {"\\123", NULL},
    {"\\u00e9", "error parsing regexp: invalid escape sequence: `\\u`"},
    {"\\b+", NULL},
    {"[\\b]", "error parsing regexp: invalid escape sequence: `\\b`"},
    {"x{", NULL},
    {"x{1", NULL},
    {"x{1,", NULL},
    {"x{a}", NULL},
    {"{1}", "error parsing regexp: missing argument to repetition operator: `{1}`"},
    {"a{1}{2}", "error parsing regexp: invalid nested repetition operator: `{1}{2}`"},
    {"(?s:a)", NULL},
    {"(?P<name>(?P<name2>x)y)", NULL},
    {"\303\251+", NULL},
    {"[\303\251-a]", "error parsing regexp: invalid character class range: `\303\251-a`"},
    {"(?<1n>a)", NULL},
    {"(?<n-x>a)", "error parsing regexp: invalid named capture: `(?<n-x>`"},
    {"a(?<", "error parsing regexp: invalid or unsupported Perl syntax: `(?<`"},
    {"[(?<n>]", NULL},
    {"\\(?<n>", NULL},
    {"[\\Q]\\E]", "error parsing regexp: invalid escape sequence: `\\Q`"},
    {"[[.a.]]", NULL},
    {"[[=a=]]", NULL},
    {"[a[:digit:]b]", NULL},
    {"[[:^digit:]]", NULL},
    {"[a-[:digit:]]", "error parsing regexp: invalid character class range: `a-[`"},
    {"\\d{2,3}?", NULL},
    {"(a|b", "error parsing regexp: missing closing ): `(a|b`"},
    {")(", "error parsing regexp: unexpected ): `)(`"},
    {"a)(b", "error parsing regexp: unexpected ): `a)(b`"},
};
/* clang-format on */

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

TEST(base_regex, accepts_and_refuses_in_gos_words)
{
    for (size_t i = 0; i < COUNT(patterns); i++) {
        struct error err = {0};
        struct regex *re = regex_new(str_from(patterns[i].pattern), REGEX_SEARCH, &err);
        cr_assert_eq(re == NULL, patterns[i].message != NULL, "%s: %s", patterns[i].pattern,
                     err.message);
        if (!re)
            cr_assert_str_eq(err.message, patterns[i].message);
        regex_unref(re);
    }
    struct error err = {0};
    cr_assert_null(regex_new(STR("a("), REGEX_FULL, &err));
    cr_assert_str_eq(err.message, "error parsing regexp: missing closing ): `^(?s:a()$`");
    cr_assert_null(regex_new(STR("\xff"), REGEX_FULL, &err));
    cr_assert(str_starts(str_from(err.message), STR("error parsing regexp: invalid UTF-8")));
    cr_assert_null(regex_new(STR("((a{100}){100}){1000}"), REGEX_SEARCH, &err));
    static char many[2000];
    memset(many, '(', 300);
    memset(many + 300, ')', 300);
    cr_assert_null(regex_new(str_of(many, 600), REGEX_SEARCH, &err));
    cr_assert_eq(err.status, STATUS_LIMIT);
}

TEST(base_regex, captures_and_names)
{
    struct error err = {0};
    struct str groups[6];
    struct regex *re = regex_new(STR("(?<host>[^:]+)(:(?P<port>\\d+))?"), REGEX_FULL, &err);
    cr_assert_not_null(re, "%s", err.message);
    cr_assert_eq(regex_groups(re), 3);
    cr_assert(str_is(regex_group_name(re, 1), "host"));
    cr_assert(str_is(regex_group_name(re, 2), ""));
    cr_assert(str_is(regex_group_name(re, 3), "port"));
    cr_assert(regex_capture(re, STR("a.b:80"), 0, groups, 6));
    cr_assert(str_is(groups[0], "a.b:80") && str_is(groups[1], "a.b") && str_is(groups[3], "80"));
    cr_assert_null(groups[4].ptr);
    cr_assert(regex_capture(re, STR("a"), 0, groups, 4));
    cr_assert_null(groups[3].ptr, "took no part");
    cr_assert_not(regex_match(re, STR("a:")));
    struct regex *same = regex_new(STR("(?<host>[^:]+)(:(?P<port>\\d+))?"), REGEX_FULL, &err);
    cr_assert_eq(re, same, "shared by text");
    struct regex *other = regex_new(STR("(?<host>[^:]+)(:(?P<port>\\d+))?"), REGEX_SEARCH, &err);
    cr_assert_neq(re, other);
    cr_assert(str_starts(regex_pattern(other), STR("(?<host>")));
    regex_unref(same);
    regex_unref(regex_ref(re));
    regex_unref(re);
    regex_unref(other);

    re = regex_new(STR("b+"), REGEX_SEARCH, &err);
    cr_assert(regex_capture(re, STR("abbcb"), 0, groups, 1));
    cr_assert_eq(groups[0].len, 2);
    cr_assert(regex_capture(re, STR("abbcb"), 3, groups, 1));
    cr_assert_eq(groups[0].len, 1);
    cr_assert_not(regex_capture(re, STR("abbcb"), 5, groups, 1));
    cr_assert_not(regex_capture(re, STR("abbcb"), 6, groups, 1));
    regex_unref(re);
    re = regex_new(STR("^b"), REGEX_SEARCH, &err);
    cr_assert_not(regex_capture(re, STR("ab"), 1, groups, 1), "from is not the text's start");
    regex_unref(re);
    re = regex_new(STR("a.b"), REGEX_SEARCH, &err);
    cr_assert_not(regex_match(re, STR("a\nb")));
    regex_unref(re);
    re = regex_new(STR(""), REGEX_FULL, &err);
    cr_assert(regex_match(re, STR_NONE));
    cr_assert_not(regex_match(re, STR("a")));
    regex_unref(re);
}

/* Patterns with a shape, judged by the same pattern as Prometheus wraps it, in the engine. */
static const char *const shaped[] = {
    "",          "a",         "ab",          "(ab)",     "(?:ab)",   "a|b",
    "(a|ab|)",   "(?:aa|b)",  ".*",          "(.*)",     ".+",       "(.+)",
    "a.*",       "a(.+)",     "(.*)b",       ".+b",      "a.*b",     "(a.*b)",
    "(.*)a(.*)", "(.+)a(.+)", "a(.*)b(.+)a", "(.*)(.*)", "(.+)(.+)", "(.*)ab(.*)ab(.+)",
    ".*a.*b.*",  "(.+)(.*)",  "a\\.b",       "\\.",      "(a\\|b)",  "(.*)aa(.*)",
    "(?:.*)",    "(.+)aa",    ".*.+.*",      "a(.*)a",   "aa(.*)aa",
};

static void check_shape(const char *pattern)
{
    char wrapped[100];
    struct error err = {0};
    (void)snprintf(wrapped, sizeof(wrapped), "^(?s:%s)$", pattern);
    struct regex *re = regex_new(str_from(pattern), REGEX_FULL, &err);
    struct regex *judge = regex_new(str_from(wrapped), REGEX_SEARCH, &err);
    cr_assert(re && judge);
    cr_assert_eq(regex_groups(re), regex_groups(judge), "%s", pattern);
    static const char letters[] = "ab.\n";
    /* Every text of up to 6 letters. */
    for (unsigned code = 0; code < 1u << 15; code++) {
        unsigned len = code >> 12, rest = code;
        char text[8];
        if (len > 6)
            continue;
        for (unsigned i = 0; i < len; i++, rest >>= 2)
            text[i] = letters[rest & 3];
        if (rest & 0xfff & ~(0xfffu >> 2 * len))
            continue;
        struct str subject = str_of(text, len), got[5], want[5];
        bool found = regex_capture(re, subject, 0, got, 5);
        cr_assert_eq(found, regex_capture(judge, subject, 0, want, 5), "%s on \"%.*s\"", pattern,
                     STR_ARG(subject));
        cr_assert_eq(regex_match(re, subject), found);
        for (int i = 0; found && i < 5; i++)
            cr_assert(got[i].len == want[i].len && (i > (int)regex_groups(re) || got[i].len == 0 ||
                                                    got[i].ptr == want[i].ptr),
                      "%s on \"%.*s\": group %d", pattern, STR_ARG(subject), i);
    }
    regex_unref(re);
    regex_unref(judge);
}

TEST(base_regex, shapes_match_as_the_engine_does)
{
    for (size_t i = 0; i < COUNT(shaped); i++)
        check_shape(shaped[i]);
}

TEST(base_regex, hostile_patterns_stay_linear)
{
    struct error err = {0};
    static char text[100001];
    memset(text, 'a', 100000);
    struct regex *re = regex_new(STR("(a+)+$"), REGEX_FULL, &err);
    cr_assert(regex_match(re, str_of(text, 100000)));
    text[99999] = 'b';
    cr_assert_not(regex_match(re, str_of(text, 100000)));
    regex_unref(re);
    re = regex_new(STR("(.*)a(.*)a(.*)a(.*)c"), REGEX_FULL, &err);
    cr_assert_not(regex_match(re, str_of(text, 100000)));
    regex_unref(re);
}

static void take_references(void *arg)
{
    struct error err = {0};
    const char *pattern = arg;
    struct regex *re = regex_new(str_from(pattern), REGEX_FULL, &err);
    if (!re)
        mem_scope_refuse();
    regex_ref(re);
    mem_free(mem_alloc(NULL, 100));
    regex_unref(re);
    regex_unref(re);
    if (!regex_new(STR("x+"), REGEX_FULL, &err))
        mem_scope_refuse();
    mem_free(mem_alloc(NULL, 100));
}

TEST(base_regex, failing_memory_leaves_no_pattern_behind)
{
    static const char *const kinds[] = {"literal", "(a|b)+"};
    for (size_t i = 0; i < COUNT(kinds); i++) {
        size_t before = mem_used(NULL);
        bool hit = true;
        for (uint64_t n = 1; hit; n++) {
            cr_assert_lt(n, 50);
            mem_fail_at(n);
            bool done = mem_scope_run(take_references, (void *)kinds[i]);
            hit = mem_failed_once();
            mem_fail_at(0);
            cr_assert(done || hit);
            if (done) {
                struct error err = {0};
                struct regex *kept = regex_new(STR("x+"), REGEX_FULL, &err);
                regex_unref(kept);
                regex_unref(kept);
            }
            cr_assert_eq(mem_used(NULL), before, "failure %d", (int)n);
        }
    }
}

static void *churn(void *arg)
{
    struct error err = {0};
    for (unsigned i = 0; i < 500; i++) {
        char pattern[32];
        int len = snprintf(pattern, sizeof(pattern), i % 2 ? "a%u" : "[a%u]+", i % 17);
        struct regex *re = regex_new(str_of(pattern, (size_t)len), REGEX_FULL, &err);
        if (!re || regex_match(re, STR("nothing")))
            return NULL;
        regex_unref(re);
    }
    mem_thread_flush();
    return arg;
}

TEST(base_regex, is_shared_between_threads)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, churn, threads), 0);
    for (int i = 0; i < 4; i++) {
        void *done;
        pthread_join(threads[i], &done);
        cr_assert_not_null(done);
    }
}
