/* The stages of loki.process as tables: stages, a line, what comes out. */
#include "tests/support/graph.h"
#include "tests/support/lines.h"
#include "tests/support/test.h"

#include <fcntl.h>

static const int64_t SECOND_NS = 1000000000;

extern const struct component_def loki_process, loki_source_file;
static const struct component_def *const components[] = {&loki_process, &loki_source_file,
                                                         &test_lines, NULL};

struct example {
    const char *stages;
    const char *line;
    const char *out; /* labels without filename, line, metadata; "" = dropped */
};

static const char head[] = "test.lines \"l\" { }\n"
                           "loki.source.file \"f\" {\n  targets = [{__path__ = \"/log\"}]\n"
                           "  forward_to = [loki.process.p.receiver]\n"
                           "  file_watch {\n    min_poll_frequency = \"20ms\"\n"
                           "    max_poll_frequency = \"20ms\"\n  }\n}\n"
                           "loki.process \"p\" {\n  forward_to = [test.lines.l.receiver]\n"
                           "  stage.label_drop {\n    values = [\"filename\"]\n  }\n";

static void append(const char *text)
{
    struct stat st;
    int fd = world_open(AT_FDCWD, "/log", O_WRONLY | O_CREAT, 0600);
    cr_assert(fd >= 0 && world_fstat(fd, &st) == 0);
    cr_assert(world_pwrite(fd, text, strlen(text), st.st_size) == (ssize_t)strlen(text));
    cr_assert(world_pwrite(fd, "\n", 1, st.st_size + (off_t)strlen(text)) == 1);
    world_close(fd);
}

static void check(const struct example *examples, size_t count)
{
    struct rig rig;
    char config[8192];
    lines_begin();
    rig_init_with(&rig, &(struct graph_options){.components = components,
                                                .min_stability = STABILITY_EXPERIMENTAL});
    fake_files_put(rig.files, "/log", STR(""));
    for (size_t i = 0; i < count; i++) {
        const struct example *e = &examples[i];
        (void)snprintf(config, sizeof config, "%s%s}\n", head, e->stages);
        cr_assert(rig_load(&rig, config) == GRAPH_APPLIED && rig_problems(&rig)[0] == '\0',
                  "%s: %s", e->stages, rig_problems(&rig));
        rig_settle(&rig);
        append(e->line);
        fake_clock_run(rig.clock, SECOND_NS / 5);
        struct str got = str_trim(buf_view(&lines_view()->notes));
        cr_assert(str_is(got, e->out), "%s\n%s\ngives\n%.*s\ninstead of\n%s", e->stages, e->line,
                  STR_ARG(got), e->out);
        buf_clear(&lines_view()->notes);
    }
    rig_release(&rig);
    lines_end();
}

#define CHECK(examples) check((examples), sizeof(examples) / sizeof(examples)[0])
#define TO_LABEL(name) "  stage.labels {\n    values = {" name " = \"\"}\n  }\n"
#define OUTPUT(name) "  stage.output {\n    source = \"" name "\"\n  }\n"

TEST(components_loki_stages, read_values_out_of_lines)
{
    static const struct example examples[] = {
        {"  stage.json {\n    expressions = {a = \"\", n = \"x.n\"}\n  }\n" TO_LABEL("a")
             TO_LABEL("n"),
         "{\"a\":\"v\\u0041\",\"x\":{\"n\":1.50}}",
         "{a=\"vA\", n=\"1.5\"} {\"a\":\"v\\u0041\",\"x\":{\"n\":1.50}}"},
        {"  stage.json {\n    expressions = {a = \"o\"}\n  }\n" OUTPUT("a"),
         "{\"o\":{\"z\":[1,null],\"b\":\"<\"}}", "{} {\"b\":\"\\u003c\",\"z\":[1,null]}"},
        {"  stage.json {\n    expressions = {a = \"\"}\n    drop_malformed = true\n  }\n",
         "no json", ""},
        {"  stage.json {\n    expressions = {a = \"\"}\n  }\n" TO_LABEL("a"), "no json",
         "{} no json"},
        {"  stage.logfmt {\n    mapping = {lvl = \"level\"}\n  }\n" TO_LABEL("lvl"),
         "level=warn msg=\"a b\"", "{lvl=\"warn\"} level=warn msg=\"a b\""},
        {"  stage.regex {\n    expression = \"^(?P<m>\\\\w+) (?P<p>/\\\\S*)\"\n  }\n" TO_LABEL("m")
             TO_LABEL("p"),
         "GET /x 200", "{m=\"GET\", p=\"/x\"} GET /x 200"},
        {"  stage.cri { }\n", "2026-11-23T09:46:02.372Z stderr F hello",
         "{stream=\"stderr\"} hello"},
        {"  stage.docker { }\n",
         "{\"log\":\"hello\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-23T09:46:02Z\"}",
         "{stream=\"stdout\"} hello"},
    };
    CHECK(examples);
}

TEST(components_loki_stages, change_lines_labels_and_metadata)
{
    static const struct example examples[] = {
        {"  stage.static_labels {\n    values = {a = \"1\", b = \"2\"}\n  }\n"
         "  stage.label_keep {\n    values = [\"b\"]\n  }\n",
         "x", "{b=\"2\"} x"},
        {"  stage.logfmt {\n    mapping = {id = \"\", k = \"\"}\n  }\n"
         "  stage.structured_metadata {\n    values = {id = \"\", k = \"\"}\n  }\n"
         "  stage.structured_metadata_drop {\n    values = [\"k\"]\n  }\n",
         "id=7 k=8", "{} id=7 k=8 id=7"},
        {"  stage.replace {\n    expression = \"pass=(\\\\S+)\"\n    replace = \"***\"\n  }\n",
         "user=u pass=secret end", "{} user=u pass=*** end"},
        {"  stage.template {\n    source = \"t\"\n    template = \"{{ ToUpper .Entry }}!\"\n  }\n" OUTPUT(
             "t"),
         "abc", "{} ABC!"},
        {"  stage.match {\n    selector = \"{filename=\\\"x\\\"}\"\n    action = \"drop\"\n  }\n",
         "kept", "{} kept"},
        {"  stage.match {\n    selector = \"{filename=\\\"\\\"} |= \\\"bad\\\"\"\n    action = \"drop\"\n  }\n",
         "a bad line", ""},
        {"  stage.match {\n    selector = \"{filename=\\\"\\\"} |~ \\\"^g\\\"\"\n"
         "    stage.static_labels {\n      values = {m = \"y\"}\n    }\n  }\n",
         "good", "{m=\"y\"} good"},
        {"  stage.drop {\n    longer_than = \"5B\"\n  }\n", "123456", ""},
        {"  stage.drop {\n    longer_than = \"6B\"\n  }\n", "123456", "{} 123456"},
        {"  stage.drop {\n    expression = \"debug\"\n  }\n", "a debug line", ""},
    };
    CHECK(examples);
}

#define REPLACE(expression, with)                                                                  \
    "  stage.replace {\n    expression = \"" expression "\"\n    replace = \"" with "\"\n  }\n"

TEST(components_loki_stages, behave_as_alloys_do_at_the_edges)
{
    static const struct example examples[] = {
        /* Any text is a label name; an empty static value leaves the label as it is. */
        {"  stage.static_labels {\n    values = {\"bad-key\" = \"1\", x = \"\", y = null}\n  }\n",
         "l", "{\"bad-key\"=\"1\"} l"},
        {"  stage.static_labels {\n    values = {a = \"1\"}\n  }\n"
         "  stage.static_labels {\n    values = {a = \"\"}\n  }\n",
         "l", "{a=\"1\"} l"},
        /* An empty match right behind another does not count. */
        {REPLACE("(x)?(?P<b>.*)", "{{ .Value }}-"), "abc", "{} abc-"},
        {REPLACE("(x*)", "_"), "axb", "{} _a_b_"},
        {REPLACE("(x*)", "_"), "\xc3\xbcx", "{} _\xc3\xbc_"},
        {REPLACE("x*", "_"), "axb", "{} axb"},
        /* A name gets what its text of the first match became last. */
        {REPLACE("(?P<a>a)|(?P<b>b)", "<{{ .Value }}>") TO_LABEL("a") TO_LABEL("b"), "ab",
         "{a=\"<a>\"} <a><b>"},
        {REPLACE("(?P<a>a)(?P<b>b?)", "[{{ .Value }}]") TO_LABEL("b"), "a ab",
         "{b=\"[]\"} [a][] [a][b]"},
        /* A nested pipeline begins with the labels as they are. */
        {"  stage.static_labels {\n    values = {a = \"1\"}\n  }\n"
         "  stage.match {\n    selector = \"{a=\\\"1\\\"}\"\n"
         "    stage.labels {\n      values = {b = \"a\"}\n    }\n  }\n",
         "l", "{a=\"1\", b=\"1\"} l"},
        /* A number beyond float64 makes the line malformed, wherever it stands. */
        {"  stage.json {\n    expressions = {a = \"\"}\n  }\n" TO_LABEL("a"),
         "{\"a\":\"x\",\"b\":1E400}", "{} {\"a\":\"x\",\"b\":1E400}"},
        {"  stage.json {\n    expressions = {a = \"@\"}\n  }\n" OUTPUT("a"),
         "{\"n\":1e-7,\"s\":\"\\b<\"}", "{} {\"n\":1e-07,\"s\":\"\\u0008\\u003c\"}"},
        {"  stage.json {\n    expressions = {a = \"l[?n > `1`].s | join(',', @)\"}\n  }\n" OUTPUT(
             "a"),
         "{\"l\":[{\"n\":1,\"s\":\"x\"},{\"n\":2,\"s\":\"y\"},{\"n\":3,\"s\":\"z\"}]}", "{} y,z"},
        /* Behind a quoted value the next pair may begin at once; escapes are those of JSON. */
        {"  stage.logfmt {\n    mapping = {b = \"\", c = \"\"}\n  }\n" TO_LABEL("b") TO_LABEL("c"),
         "a=\"x\"b=1 c=\"\\u00fc\\'\"", "{b=\"1\", c=\"\xc3\xbc'\"} a=\"x\"b=1 c=\"\\u00fc\\'\""},
        {"  stage.logfmt {\n    mapping = {a = \"\", b = \"\"}\n  }\n" TO_LABEL("a") TO_LABEL("b"),
         "a=1=2 b=3", "{} a=1=2 b=3"},
        /* The time of a CRI line ends at any white space, which must be a blank. */
        {"  stage.cri { }\n", "2\t4 stderr F hello", "{} 2\t4 stderr F hello"},
        /* What is missing is no text: the template fails and changes nothing. */
        {"  stage.template {\n    source = \"t\"\n    template = \"{{ .Value | upper }}\"\n  }\n" TO_LABEL(
             "t"),
         "x", "{} x"},
        {"  stage.template {\n    source = \"t\"\n    template = \"{{ range $k, $v := . }}{{ $k }}={{ $v }} {{ end }}\"\n  }\n" OUTPUT(
             "t"),
         "x", "{} Entry=x filename=/log"},
    };
    CHECK(examples);
}

TEST(components_loki_stages, refuse_selectors_that_alloy_refuses)
{
    static const char *const selectors[] = {
        "{}", "{a=\"1\",}", "{a=`1`}", "{a=\"1\"} |= `x`", "{a=\"1\"} | json", "a", "{a=\"1\""};
    struct rig rig;
    char config[1024];
    lines_begin();
    rig_init_with(&rig, &(struct graph_options){.components = components,
                                                .min_stability = STABILITY_EXPERIMENTAL});
    for (size_t i = 0; i < sizeof selectors / sizeof *selectors; i++) {
        char quoted[128];
        size_t at = 0;
        for (const char *c = selectors[i]; *c != '\0'; c++) {
            if (*c == '"')
                quoted[at++] = '\\';
            quoted[at++] = *c;
        }
        quoted[at] = '\0';
        (void)snprintf(config, sizeof config,
                       "test.lines \"l\" { }\nloki.process \"p\" {\n  forward_to = "
                       "[test.lines.l.receiver]\n  stage.match {\n    selector = \"%s\"\n"
                       "    action = \"drop\"\n  }\n}\n",
                       quoted);
        enum graph_outcome outcome = rig_load(&rig, config);
        cr_assert(strstr(rig_problems(&rig), "invalid selector syntax") != NULL, "%s: %d %s",
                  selectors[i], (int)outcome, rig_problems(&rig));
    }
    rig_release(&rig);
    lines_end();
}
