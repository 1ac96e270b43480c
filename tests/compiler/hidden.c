/* What is hidden in excerpts and in what the API shows, by name and by the form of a URL. */
#include "compiler/hidden.h"

#include "tests/support/test.h"

TEST(compiler_hidden, literals_of_secrets_become_stars)
{
    static const struct {
        const char *line;
        const char *shown;
    } cases[] = {
        {"  password = \"abc\"", "  password = \"***\""},
        {"  password = \"a\\\"c\" // x", "  password = \"****\" // x"},
        {"basic_auth { username = \"u\"", "basic_auth { username = \"u\""},
        {"headers = {\"X-Key\" = \"v\", \"Y\" = \"w\"}",
         "headers = {\"X-Key\" = \"*\", \"Y\" = \"*\"}"},
        {"http_headers = {\"K\" = [\"v\"]}", "http_headers = {\"K\" = [\"*\"]}"},
        {"url = \"http://u:p@h/a@b\"", "url = \"http://***@h/a@b\""},
        {"url = \"http://h/a@b\"", "url = \"http://h/a@b\""},
        {"token = `ab`", "token = `**`"},
        {"password = sys.env(\"A\") name = \"n\"", "password = sys.env(\"*\") name = \"n\""},
        {"password = \"abc", "password = \"***"},
        {"a == \"b\"", "a == \"b\""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char line[128];
        size_t len = strlen(cases[i].line);
        memcpy(line, cases[i].line, len);
        hidden_line(line, len);
        cr_expect(str_is(str_of(line, len), cases[i].shown), "%.*s", (int)len, line);
    }
}

TEST(compiler_hidden, userinfo_is_found_before_the_host_only)
{
    cr_expect(str_is(hidden_userinfo(STR("http://u:p@h")), "u:p"));
    cr_expect(str_is(hidden_userinfo(STR("http://u@p@h/@")), "u@p"));
    cr_expect(hidden_userinfo(STR("http://h/u:p@x")).len == 0);
    cr_expect(hidden_userinfo(STR("u:p@h")).len == 0);
    cr_expect(hidden_userinfo(STR("://")).len == 0);
}
