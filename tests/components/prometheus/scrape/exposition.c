/* The readers of the exposition formats: values, labels, comments and what is malformed. */
#include "components/prometheus/scrape/exposition.h"

#include "tests/support/test.h"

/* Series read until the end or an error; *up gets how it ended. */
static size_t count_series(const char *page, bool is_openmetrics, bool *up)
{
    struct exposition e;
    size_t count = 0;
    exposition_init(&e, str_from(page), is_openmetrics);
    for (;;) {
        switch (exposition_next(&e)) {
        case EXPOSITION_SERIES: count++; break;
        case EXPOSITION_END: *up = true; return count;
        case EXPOSITION_BAD: *up = false; return count;
        default: break;
        }
    }
}

struct page {
    const char *text;
    size_t series;
    bool up;
};

static void check_pages(const struct page *pages, bool is_openmetrics)
{
    for (; pages->text; pages++) {
        bool up = false;
        size_t series = count_series(pages->text, is_openmetrics, &up);
        cr_expect(series == pages->series && up == pages->up, "%zu series, up %d: %s", series, up,
                  pages->text);
    }
}

TEST(components_exposition, text_takes_and_refuses_what_prometheus_does)
{
    static const struct page pages[] = {
        {"", 0, true},
        {"\n\n", 0, true},
        {"m 1\n", 1, true},
        {"m 1", 0, false},
        {"m{a=\"b\"} 1\nn 2\n", 2, true},
        {"  m{a=\"b\"} 1\n", 1, true},
        {"m {a=\"b\"} 1\n", 1, true},
        {"m{ a = \"b\" , c = \"d\" } 1\n", 1, true},
        {"m{a=\"b\",} 1\n", 1, true},
        {"m{a=\"b\",,c=\"d\"} 1\n", 0, false},
        {"m{a='b'} 1\n", 0, false},
        {"m{a=\"x\\qy\"} 1\n", 1, true},
        {"m{1a=\"b\"} 1\n", 0, false},
        {"m{a=\"b\"}\n", 0, false},
        {"# TYPE m wibble\nm 1\n", 0, false},
        {"# TYPE m counter\n# TYPE m gauge\nm 1\n", 1, true},
        {"m 1E+3\nn 1_000\n", 1, false},
        {"a +Inf\nb -inf\nc Infinity\nd nan\n", 4, true},
        {"m 0x1p-2\n", 0, false},
        {"m 1 1.5\n", 0, false},
        {"m 1 1500\n", 1, true},
        {"m 1 1500 2\n", 0, false},
        {"{\"my.metric\",\"my.label\"=\"x\"} 1\n", 1, true},
        {"m{a=\"b\"}1\n", 1, true},
        {"m{a=\"b\" 1\n", 0, false},
        {"m{} 3 \n", 1, true},
        {"# a comment without an end", 0, true},
        {"#HELP m text\nm 1\n", 1, true},
        {"# HELP m\nm 1\n", 1, true},
        {"m{a=\"\xff\"} 1\n", 0, false},
        {"m 1e400\n", 0, false},
        {NULL, 0, false},
    };
    check_pages(pages, false);
}

TEST(components_exposition, openmetrics_takes_and_refuses_what_prometheus_does)
{
    static const struct page pages[] = {
        {"# EOF\n", 0, true},
        {"m 1\n# EOF", 1, true},
        {"m 1\n", 1, false},
        {"m 1\n# EOF\nn 2\n", 1, false},
        {"m 1\n\nn 2\n# EOF\n", 1, false},
        {"# hello\nm 1\n# EOF\n", 0, false},
        {"# TYPE m_seconds gauge\n# UNIT m_seconds seconds\nm_seconds 1\n# EOF\n", 1, true},
        {"# UNIT m seconds\nm 1\n# EOF\n", 0, false},
        {"m 1 1700000000.125\n# EOF\n", 1, true},
        {"m{le=\"1\"} 1 # {t=\"a\"} 0.5\n# EOF\n", 1, true},
        {"m{le=\"1\"} 1 # {t=\"a\"} 0.5 1.5\n# EOF\n", 1, true},
        {"m{le=\"1\"} 1 # {} 0.5\n# EOF\n", 1, true},
        {"m{le=\"1\"} 1 # {t=\"a\"}\n# EOF\n", 0, false},
        {" m 1\n# EOF\n", 0, false},
        {"m  1\n# EOF\n", 0, false},
        {"m{a=\"b\",} 1\n# EOF\n", 1, true},
        {"m{a=\"b\" ,c=\"d\"} 1\n# EOF\n", 0, false},
        {"# TYPE b info\nb_info{v=\"1\"} 1\n# EOF\n", 1, true},
        {"m 1 NaN\n# EOF\n", 0, false},
        {"m 1 9223372036854775808\n# EOF\n", 1, true},
        {NULL, 0, false},
    };
    check_pages(pages, true);
}

TEST(components_exposition, values_times_and_exemplars_are_read)
{
    struct exposition e;
    exposition_init(&e, STR("m{a=\"b\"} -12.5e-1 1700000000.25 # {t=\"\\\"x\"} 2 3.5\n# EOF\n"),
                    true);
    cr_assert(exposition_next(&e) == EXPOSITION_SERIES);
    cr_assert(str_is(e.series, "m{a=\"b\"}"));
    cr_assert(e.value == -1.25 && e.has_time && e.t_ms == 1700000000250);
    cr_assert(e.has_exemplar && e.exemplar_value == 2 && e.exemplar_t_ms == 3500);
    struct exposition_labels labels;
    struct exposition_label label;
    struct str name;
    exposition_labels_begin(&labels, e.exemplar, true, &name);
    cr_assert(exposition_labels_next(&labels, &label));
    char text[16];
    size_t len = exposition_unescape(label.value, text);
    cr_assert(str_is(label.name, "t") && str_is(str_of(text, len), "\"x"));
    cr_assert(!exposition_labels_next(&labels, &label));

    exposition_init(&e, STR("# HELP f_x Some \\n text\n# TYPE f_x summary\n"), false);
    cr_assert(exposition_next(&e) == EXPOSITION_HELP && str_is(e.text, "Some \\n text"));
    cr_assert(exposition_next(&e) == EXPOSITION_TYPE && e.type == METRIC_SUMMARY);
    cr_assert(str_is(e.family, "f_x") && exposition_next(&e) == EXPOSITION_END);
}

TEST(components_exposition, a_guess_is_taken_only_where_the_series_ends)
{
    static const struct {
        const char *guess;
        const char *page;
        bool fits;
    } cases[] = {
        {"m", "m 1\n", true},
        {"m", "mm 1\n", false},
        {"m", "m {a=\"b\"} 1\n", false},
        {"m", "m{a=\"b\"} 1\n", false},
        {"m{a=\"b\"}", "m{a=\"b\"} 1\n", true},
        {"m{a=\"b\"}", "m{a=\"c\"} 1\n", false},
        {"mmmm", "m 1\n", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct exposition e;
        exposition_init(&e, str_from(cases[i].page), false);
        e.guess = str_from(cases[i].guess);
        cr_assert(exposition_next(&e) == EXPOSITION_SERIES, "%zu", i);
        cr_assert(e.guessed == cases[i].fits && e.value == 1, "%zu", i);
    }
}

TEST(components_exposition, labels_are_found_in_every_spelling)
{
    struct exposition_labels l;
    struct exposition_label label;
    struct str name;
    exposition_labels_begin(&l, STR("  m { a = \"1\" ,\"b c\"=\"x\\\\\", }"), false, &name);
    cr_assert(str_is(name, "  m"), "blanks before a name belong to it, so that it is refused");
    cr_assert(exposition_labels_next(&l, &label) && str_is(label.name, "a"));
    cr_assert(str_is(label.value, "1") && !label.has_escapes);
    cr_assert(exposition_labels_next(&l, &label) && str_is(label.name, "b c"));
    cr_assert(str_is(label.value, "x\\\\") && label.has_escapes && label.quoted_name);
    cr_assert(!exposition_labels_next(&l, &label));
    exposition_labels_begin(&l, STR("{\"q.m\",a=\"1\"}"), false, &name);
    cr_assert(name.len == 0 && exposition_labels_next(&l, &label));
    cr_assert(label.value.ptr == NULL && str_is(label.name, "q.m"));
    cr_assert(exposition_labels_next(&l, &label) && str_is(label.name, "a"));
}
