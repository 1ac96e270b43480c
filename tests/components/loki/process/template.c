/* Templates: what log pipelines write, and what is refused. */

#include "components/loki/process/template/template.h"

#include "tests/support/test.h"

static bool get(void *arg, struct str name, struct str *out)
{
    static const struct {
        const char *name, *text;
    } values[] = {{"Value", "Foo Bar"},
                  {"app", "foo_bar"},
                  {"level", "ERR"},
                  {"status", "200"},
                  {"none", ""}};
    (void)arg;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        if (str_is(name, values[i].name)) {
            *out = str_from(values[i].text);
            return true;
        }
    }
    return false;
}

static void check(const char *text, const char *expected)
{
    struct arena arena;
    struct buf out;
    struct error err = {0};
    struct template_data data = {get, NULL};
    arena_init(&arena, NULL, 0);
    buf_init(&out, NULL, 1 << 20);
    struct template *t = template_compile(str_from(text), &arena, &err);
    if (t != NULL)
        template_execute(t, &data, &arena, &out, &err);
    if (err.status != STATUS_OK) {
        cr_assert(expected[0] == '!' && strstr(err.message, expected + 1), "%s gives error %s",
                  text, err.message);
    } else {
        cr_assert(str_is(buf_view(&out), expected), "%s gives %.*s", text, STR_ARG(buf_view(&out)));
    }
    buf_release(&out);
    arena_release(&arena);
}

TEST(template, does_what_log_pipelines_write)
{
    static const struct {
        const char *text, *expected;
    } rows[] = {
        {"plain", "plain"},
        {"{{ ToLower .Value | replace \" \" \"_\" }}", "foo_bar"},
        {"{{ if eq .level \"ERR\" }}error{{ else if eq .level \"warn\" }}warning{{ else }}x{{ end }}",
         "error"},
        {"{{ if eq .app \"ERR\" }}error{{ else if eq .app \"foo_bar\" }}two{{ else }}x{{ end }}",
         "two"},
        {"{{ if .absent }}a{{ else }}b{{ end }}", "b"},
        {"{{ Replace .status \"200\" \"Ok\" -1 }}", "Ok"},
        {"{{ Hash .app \"salt\" | trunc 12 }} {{ Sha2Hash .app \"salt\" | trunc 12 }}",
         "2a1c9e56f518 1726b9537b56"},
        {"{{ TrimSuffix .app \"bar\" }}|{{ TrimPrefix .app \"foo\" }}|{{ Trim .app \"fr\" }}",
         "foo_|_bar|oo_ba"},
        {"{{ regexReplaceAll \"(o+)\" .app \"<$1>\" }}", "f<oo>_bar"},
        {"{{ .app | upper | quote }} {{ default \"dflt\" .absent }} {{ len .app }} {{ add 1 2 }} {{ list \"a\" \"b\" | join \"-\" }}",
         "\"FOO_BAR\" dflt 7 3 a-b"},
        {"a {{- \" b\" -}} c", "a bc"},
        {"{{ .absent }}", "<no value>"},
        {"{{ if or (contains \"foo\" .app) (eq .level \"x\") }}y{{ end }}", "y"},
        {"{{ if and .none .app }}y{{ else }}n{{ end }}", "n"},
        {"{{ substr 0 3 .app }} {{ trim \"  x \" }} {{ .app | trunc 3 }}", "foo x foo"},
        {"{{ $x := ToUpper .app }}{{ $x }} {{ with .none }}w{{ else }}{{ . }}{{ end }}",
         "FOO_BAR map[]"},
        {"{{ range splitList \"_\" .app }}<{{ . }}>{{ end }}", "<foo><bar>"},
        {"{{/* nothing */}}x{{ print 1 2 \"a\" }}{{ printf \"%s-%d%%\" .app 5 }}",
         "x1 2afoo_bar-5%"},
        {"{{ eq .level \"a\" \"ERR\" }} {{ ne .level \"a\" }} {{ lt 1 2 }} {{ not true }}",
         "true true true false"},
        {"{{ 1.5 }} {{ true }} {{ `raw` }}", "1.5 true raw"},
        {"{{ .app", "!unexpected"},
        {"{{ if .app }}", "!EOF"},
        {"{{ end }}", "!unexpected {{end}}"},
        {"{{ nothing .app }}", "!function \"nothing\" not defined"},
        {"{{ ToLower }}", "!wrong number of args for ToLower"},
        {"{{ len 5 }}", "!len of"},
        {"{{ eq 1 \"a\" }}", "!incompatible types"},
        {"{{ template \"x\" }}", "!not supported"},
        {"{{ repeat 99999999 .app }}", "!too large"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check(rows[i].text, rows[i].expected);
}

TEST(template, refuses_deep_nesting)
{
    struct buf text;
    buf_init(&text, NULL, 1 << 20);
    buf_cstr(&text, "{{ ");
    buf_fill(&text, '(', 100000);
    buf_byte(&text, '\0');
    check(text.data, "!nested too deeply");
    buf_clear(&text);
    for (int i = 0; i < 10000; i++)
        buf_cstr(&text, "{{ if .app }}");
    buf_byte(&text, '\0');
    check(text.data, "!nested too deeply");
    buf_release(&text);
}
