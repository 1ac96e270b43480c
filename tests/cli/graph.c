/* `invar graph`: the three formats of one configuration, and failing memory. */

#include "base/memory.h"
#include "cli/command.h"
#include "tests/support/command.h"
#include "tests/support/test.h"

static const char text[] = "declare \"d\" {\n"
                           "  argument \"u\" { }\n"
                           "  prometheus.relabel \"r\" {\n"
                           "    forward_to = argument.u.value\n"
                           "  }\n"
                           "}\n"
                           "d \"one\" {\n"
                           "  u = [prometheus.echo.e.receiver]\n"
                           "}\n"
                           "prometheus.echo \"e\" { }\n"
                           "local.file \"f\" {\n"
                           "  filename = \"x\"\n"
                           "}\n"
                           "prometheus.exporter.self \"s\" { }\n"
                           "prometheus.scrape \"s\" {\n"
                           "  targets    = prometheus.exporter.self.s.targets\n"
                           "  forward_to = [prometheus.echo.e.receiver]\n"
                           "  job_name   = local.file.f.content\n"
                           "}\n";

static void assert_graph(const char *format, const char *out)
{
    struct command_answer a;
    command_run(&a, cli_graph, 0, COMMAND_WORDS(format, "a.alloy"));
    cr_expect_str_eq(a.err, "");
    cr_expect_str_eq(a.out, out);
    cr_expect_eq(a.status, 0);
}

TEST(cli_graph, draws_modules_data_and_references)
{
    command_folder();
    command_file("a.alloy", text);
    assert_graph("--format=dot", "digraph configuration {\n"
                                 "  rankdir=LR;\n"
                                 "  node [shape=box];\n"
                                 "  subgraph cluster_1 {\n"
                                 "    label=\"declare.d\";\n"
                                 "    n6 [label=\"argument\\nu\"];\n"
                                 "    n7 [label=\"prometheus.relabel\\nr\"];\n"
                                 "  }\n"
                                 "  n1 [label=\"d\\none\"];\n"
                                 "  n2 [label=\"prometheus.echo\\ne\"];\n"
                                 "  n3 [label=\"local.file\\nf\"];\n"
                                 "  n4 [label=\"prometheus.exporter.self\\ns\"];\n"
                                 "  n5 [label=\"prometheus.scrape\\ns\"];\n"
                                 "  n1 -> n2;\n"
                                 "  n4 -> n5;\n"
                                 "  n5 -> n2;\n"
                                 "  n7 -> n6;\n"
                                 "  n5 -> n3 [style=dashed];\n"
                                 "}\n");
    assert_graph("--format=mermaid", "flowchart LR\n"
                                     "  subgraph m1[\"declare.d\"]\n"
                                     "    n6[\"argument<br/>u\"]\n"
                                     "    n7[\"prometheus.relabel<br/>r\"]\n"
                                     "  end\n"
                                     "  n1[\"d<br/>one\"]\n"
                                     "  n2[\"prometheus.echo<br/>e\"]\n"
                                     "  n3[\"local.file<br/>f\"]\n"
                                     "  n4[\"prometheus.exporter.self<br/>s\"]\n"
                                     "  n5[\"prometheus.scrape<br/>s\"]\n"
                                     "  n1 --> n2\n"
                                     "  n4 --> n5\n"
                                     "  n5 --> n2\n"
                                     "  n7 --> n6\n"
                                     "  n5 -.-> n3\n");
    command_folder_remove();
}

TEST(cli_graph, says_places_in_json)
{
    struct command_answer a;
    command_folder();
    command_file("a.alloy", text);
    command_run(&a, cli_graph, 0, COMMAND_WORDS("--format", "json", "a.alloy"));
    cr_expect(strstr(a.out, "{\"modules\":[{\"id\":\"declare.d\",\"parent\":\"\"}],\"nodes\":["
                            "{\"id\":\"declare.d\",\"kind\":\"declare\",\"name\":\"declare\","
                            "\"label\":\"d\",\"module\":\"\",\"inner\":\"declare.d\","
                            "\"file\":\"a.alloy\",\"line\":1,\"column\":1,\"end_line\":6,"
                            "\"end_column\":1}") == a.out,
              "%s", a.out);
    cr_expect(strstr(a.out,
                     "{\"from\":\"prometheus.exporter.self.s\",\"to\":\"prometheus.scrape.s\","
                     "\"kind\":\"data\",\"argument\":\"targets\",\"file\":\"a.alloy\","
                     "\"line\":16,\"column\":16,\"end_line\":16,\"end_column\":49}"),
              "%s", a.out);
    cr_expect(strstr(a.out,
                     "{\"id\":\"d.one\",\"kind\":\"module\",\"name\":\"d\",\"label\":\"one\","
                     "\"module\":\"\",\"inner\":\"declare.d\","),
              "%s", a.out);
    command_folder_remove();
}

TEST(cli_graph, refuses_what_it_cannot_draw)
{
    struct command_answer a;
    command_folder();
    command_file("bad.alloy", "a = [\n");
    command_run(&a, cli_graph, 0, COMMAND_WORDS("bad.alloy"));
    cr_expect_eq(a.status, 1);
    cr_expect(str_starts(str_from(a.err), STR("Error: bad.alloy:2:1: expected ")), "%s", a.err);
    cr_expect_str_eq(a.out, "");
    command_run(&a, cli_graph, 0, COMMAND_WORDS("none.alloy"));
    cr_expect_str_eq(a.err, "Error: stat none.alloy: no such file or directory\n");
    command_run(&a, cli_graph, 0, COMMAND_WORDS("--format=svg", "bad.alloy"));
    cr_expect_str_eq(a.err, "Error: --format must be dot, mermaid or json, not \"svg\"\n");
    command_run(&a, cli_graph, 0, COMMAND_WORDS("a", "b"));
    cr_expect_str_eq(a.err, "Error: accepts 1 arg(s), received 2\n");
    cr_expect_eq(a.status, 1);
    command_folder_remove();
}

TEST(cli_graph, survives_every_failing_allocation, .timeout = 120)
{
    struct command_answer a;
    uint64_t nth = 1;
    command_folder();
    command_file("a.alloy", text);
    do {
        command_run(&a, cli_graph, nth++, COMMAND_WORDS("a.alloy"));
        cr_assert_eq(a.status, mem_failed_once() ? 1 : 0);
    } while (mem_failed_once());
    mem_fail_at(0);
    cr_assert_gt(nth, 50);
    command_folder_remove();
}
