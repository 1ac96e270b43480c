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
    struct template_data data = {get, NULL, NULL, false};
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
        {"{{ .app", "!unclosed action"},
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

static struct str *names(void *arg, struct arena *arena, size_t *count)
{
    static const char *const all[] = {"level", "app", "none"};
    struct str *out = ARENA_ARRAY(arena, 3, struct str);
    (void)arg;
    for (*count = 0; *count < 3; ++*count)
        out[*count] = str_from(all[*count]);
    return out;
}

static void check_as(const char *text, const char *expected, bool is_text_map)
{
    struct arena arena;
    struct buf out;
    struct error err = {0};
    struct template_data data = {get, names, NULL, is_text_map};
    arena_init(&arena, NULL, 0);
    buf_init(&out, NULL, 1 << 20);
    struct template *t = template_compile(str_from(text), &arena, &err);
    cr_assert(t != NULL, "%s: %s", text, err.message);
    cr_assert(template_execute(t, &data, &arena, &out, &err) == STATUS_OK, "%s: %s", text,
              err.message);
    cr_assert(str_is(buf_view(&out), expected), "%s gives %.*s", text, STR_ARG(buf_view(&out)));
    buf_release(&out);
    arena_release(&arena);
}

TEST(template, shows_its_data_as_a_map)
{
    check_as("{{ . }}", "map[app:foo_bar level:ERR none:]", false);
    check_as("{{ range $k, $v := . }}{{ $k }}={{ $v }};{{ end }}", "app=foo_bar;level=ERR;none=;",
             false);
    check_as("{{ index . \"app\" }}{{ index . \"x\" }}", "foo_bar<no value>", false);
    check_as("{{ index . \"app\" }}{{ index . \"x\" }}", "foo_bar", true);
    check_as("{{ len . }}{{ $.app }}{{ with .app }}{{ $.level }}{{ end }}", "3foo_barERR", false);
    check_as("{{ if . }}y{{ end }}{{ (.).level }}", "yERR", false);
}

/* Every result is Go's. */
TEST(template, has_gos_types_and_words)
{
    static const struct {
        const char *text, *expected;
    } rows[] = {
        {"{{ .absent | upper }}", "!invalid value; expected string"},
        {"{{ upper 5 }}", "!expected string"},
        {"{{ trunc .status .app }}", "!wrong type for value; expected int"},
        {"{{ trunc (int .status) .app }}", "foo_bar"},
        {"{{ trunc (add 1 1) .app }}", "!expected int"},
        {"{{ trunc 2.0 .app }}", "fo"},
        {"{{ .app.x }}", "!can't evaluate field x"},
        {"{{ .absent.x }}", "<no value>"},
        {"{{ .app .level }}", "!app is not a method but has arguments"},
        {"{{ \"a\" \"b\" }}", "!can't give argument to non-function"},
        {"{{ nil }}", "!nil is not a command"},
        {"{{ eq .absent \"x\" }}{{ eq .absent .absent }}", "falsetrue"},
        {"{{ lt .absent \"x\" }}", "!incompatible types"},
        {"{{ and .app 0 }}{{ or 0 .app }}{{ .app | or 0 }}", "0foo_barfoo_bar"},
        {"{{ print .absent nil }}{{ toString .absent }}", "<nil> <nil><nil>"},
        {"{{ 'a' }} {{ 0x10 }} {{ 1_0 }} {{ 1e3 }} {{ .5 }} {{ -3 }}", "97 16 10 1000 0.5 -3"},
        {"{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ $y := 3 }}{{ end }}{{ $x }}", "2"},
        {"{{ range $i, $x := list \"a\" \"b\" }}{{ $i }}{{ $x }}{{ end }}", "0a1b"},
        {"{{ range until 9 }}{{ if eq . 2 }}{{ continue }}{{ end }}{{ if gt . 4 }}{{ break }}"
         "{{ end }}{{ . }}{{ end }}",
         "0134"},
        {"{{ range 3 }}{{ . }}{{ end }}{{ range .absent }}x{{ else }}none{{ end }}", "012none"},
        {"{{ with .none }}a{{ else with .app }}{{ . }}{{ end }}", "foo_bar"},
        {"a {{- 1 }} {{ 2 -}} b {{- /* c */ -}} c", "a1 2bc"},
        {"{{ split \"_\" .app }}{{ (split \"_\" .app)._1 }}", "map[_0:foo _1:bar]bar"},
        {"{{ printf \"%5s|%-4s|%05d|%.2f|%q|%v|%x\" \"a\" \"b\" 42 1.5 \"c\" nil \"hi\" }}",
         "    a|b   |00042|1.50|\"c\"|<nil>|6869"},
        {"{{ printf \"%d %s\" .app }}{{ printf \"x\" 1 }}",
         "%!d(string=foo_bar) %!s(MISSING)x%!(EXTRA int=1)"},
        {"{{ b64enc .app }} {{ title \"ab cd\" }} {{ untilStep 0 6 2 }} {{ cat 1 nil \"a\" }}",
         "Zm9vX2Jhcg== Ab Cd [0 2 4] 1 a"},
        {"{{ indent 2 \"a\\nb\" }}{{ regexReplaceAll \"x*\" \"xa\" \"-\" }}", "  a\n  b-a-"},
        {"{{ int \"12.7\" }} {{ int \"010\" }} {{ atoi \"x\" }} {{ max 1 \"7\" 3 }} {{ floor 2.7 }}",
         "12 8 0 7 2"},
        {"{{ substr 3 1 .app }}", "!out of range"},
        {"{{ regexReplaceAll \"(\" .app \"\" }}", "!error parsing regexp"},
        {"{{ .app -}", "!pipeline_template:1: illegal number syntax: \"-\""},
        {"\n{{ .app b }}", "!pipeline_template:2: function \"b\" not defined"},
        {"{{ now }}", "!function \"now\" is not supported by invar"},
        {"{{ $x }}", "!undefined variable \"$x\""},
        {"{{ .app | \"a\" }}", "!non executable command in pipeline stage 2"},
        {"{{ | .app }}", "!unexpected \"|\" in command"},
        {"{{}}", "!missing value for command"},
        {"{{ break }}", "!{{break}} outside {{range}}"},
        {"{{ if true }}{{ else }}{{ else }}{{ end }}", "!expected end; found {{else}}"},
        {"{{ (.app }}", "!unclosed left paren"},
        {"{{ .app) }}", "!unexpected right paren"},
        {"{{ \"a\".b }}", "!unexpected . after term \"\\\"a\\\"\""},
        {"{{ .a# }}", "!bad character U+0023 '#'"},
        {"{{/* a }}", "!unclosed comment"},
        {"{{ range $a, $b, $c := . }}{{ end }}", "!too many declarations in range"},
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
