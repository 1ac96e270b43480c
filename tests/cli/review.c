/* `invar review`: what differs, what stays, what is hidden. */

#include "base/memory.h"
#include "cli/command.h"
#include "tests/support/command.h"
#include "tests/support/test.h"

static const char old_text[] = "prometheus.echo \"e\" { }\n"
                               "declare \"d\" {\n"
                               "  argument \"to\" { }\n"
                               "  prometheus.relabel \"r\" {\n"
                               "    forward_to = argument.to.value\n"
                               "    rule {\n"
                               "      target_label = \"a\"\n"
                               "    }\n"
                               "  }\n"
                               "  export \"in\" {\n"
                               "    value = prometheus.relabel.r.receiver\n"
                               "  }\n"
                               "}\n"
                               "d \"one\" {\n"
                               "  to = [prometheus.echo.e.receiver]\n"
                               "}\n"
                               "prometheus.scrape \"s\" {\n"
                               "  targets    = [{__address__ = \"a\"}]\n"
                               "  forward_to = [d.one.in]\n"
                               "}\n"
                               "prometheus.remote_write \"w\" {\n"
                               "  endpoint {\n"
                               "    url = \"http://u:p@h/\"\n"
                               "    basic_auth {\n"
                               "      username = \"u\"\n"
                               "      password = \"one\"\n"
                               "    }\n"
                               "  }\n"
                               "}\n"
                               "prometheus.echo \"gone\" { }\n";

static const char new_text[] = "// comments and places do not count\n\n"
                               "prometheus.echo \"e\" { }\n"
                               "declare \"d\" {\n"
                               "  argument \"to\" { }\n"
                               "  prometheus.relabel \"r\" {\n"
                               "    forward_to = argument.to.value\n"
                               "    rule {\n"
                               "      target_label = \"b\"\n"
                               "    }\n"
                               "    rule {\n"
                               "      action = \"drop\"\n"
                               "    }\n"
                               "  }\n"
                               "  export \"in\" {\n"
                               "    value = prometheus.relabel.r.receiver\n"
                               "  }\n"
                               "}\n"
                               "d \"one\" {\n"
                               "  to = [prometheus.echo.e.receiver,\n  ]\n"
                               "}\n"
                               "prometheus.scrape \"s\" {\n"
                               "  targets    = [{__address__ = \"a\"}]\n"
                               "  forward_to = [d.one.in, prometheus.echo.e.receiver]\n"
                               "}\n"
                               "prometheus.remote_write \"w\" {\n"
                               "  endpoint {\n"
                               "    url = \"http://u:q@h/\"\n"
                               "    basic_auth {\n"
                               "      username = \"u\"\n"
                               "      password = \"two\"\n"
                               "    }\n"
                               "  }\n"
                               "}\n"
                               "prometheus.echo \"new\" { }\n";

TEST(cli_review, tells_what_a_change_does)
{
    struct command_answer a;
    command_folder();
    command_file("old.alloy", old_text);
    command_file("new.alloy", new_text);
    command_run(&a, cli_review, 0, COMMAND_WORDS("old.alloy", "new.alloy"));
    cr_expect_str_eq(a.err, "");
    cr_expect_str_eq(
        a.out, "1 added, 3 changed, 1 removed, 2 affected, 3 kept\n"
               "\n"
               "~ prometheus.scrape.s (new.alloy:23:1) goes on with new arguments\n"
               "    ~ forward_to: [d.one.in] -> [d.one.in, prometheus.echo.e.receiver]\n"
               "~ prometheus.remote_write.w (new.alloy:27:1) goes on with new arguments\n"
               "    ~ endpoint[0].url: \"http://(secret)@h/\" -> \"http://(secret)@h/\"\n"
               "    ~ endpoint[0].basic_auth.password: (secret) -> (secret)\n"
               "+ prometheus.echo.new (new.alloy:36:1) starts\n"
               "~ declare.d/prometheus.relabel.r (new.alloy:6:3) goes on with new arguments\n"
               "    ~ rule[0].target_label: \"a\" -> \"b\"\n"
               "    + rule[1].action: \"drop\"\n"
               "- prometheus.echo.gone (old.alloy:30:1) stops\n"
               "* declare.d/export.in (new.alloy:15:3) goes on, its arguments are evaluated again "
               "(declare.d/prometheus.relabel.r)\n"
               "* d.one (new.alloy:19:1) goes on, its arguments are evaluated again (declare.d)\n"
               "\n"
               "edges\n"
               "+ prometheus.scrape.s sends to prometheus.echo.e (new.alloy:25:27)\n");
    cr_expect_eq(a.status, 2);
    command_run(&a, cli_review, 0, COMMAND_WORDS("--format=json", "old.alloy", "new.alloy"));
    cr_expect_eq(a.status, 2);
    cr_expect(
        strstr(a.out, "{\"added\":1,\"removed\":1,\"changed\":3,\"affected\":2,\"kept\":3,") ==
            a.out,
        "%s", a.out);
    cr_expect(strstr(a.out, "{\"path\":\"rule[0].target_label\",\"before\":\"\\\"a\\\"\","
                            "\"before_place\":{\"file\":\"old.alloy\",\"line\":7,\"column\":22,"),
              "%s", a.out);
    cr_expect(!strstr(a.out, "two") && !strstr(a.out, "u:q"));
    command_folder_remove();
}

TEST(cli_review, is_empty_for_what_means_the_same)
{
    struct command_answer a;
    command_folder();
    command_file("old.alloy", old_text);
    command_file("folder/a.alloy", "// moved into a folder\n");
    command_file("folder/b.alloy", old_text);
    command_run(&a, cli_review, 0, COMMAND_WORDS("old.alloy", "folder"));
    cr_expect_str_eq(a.out, "0 added, 0 changed, 0 removed, 0 affected, 9 kept\n");
    cr_expect_eq(a.status, 0);
    command_run(&a, cli_review, 0, COMMAND_WORDS("old.alloy", "none"));
    cr_expect_str_eq(a.err, "Error: stat none: no such file or directory\n");
    cr_expect_eq(a.status, 1);
    command_run(&a, cli_review, 0, COMMAND_WORDS("old.alloy"));
    cr_expect_str_eq(a.err, "Error: accepts 2 arg(s), received 1\n");
    command_folder_remove();
}

TEST(cli_review, survives_every_failing_allocation, .timeout = 120)
{
    struct command_answer a;
    uint64_t nth = 1;
    command_folder();
    command_file("old.alloy", old_text);
    command_file("new.alloy", new_text);
    do {
        command_run(&a, cli_review, nth++, COMMAND_WORDS("old.alloy", "new.alloy"));
        cr_assert_eq(a.status, mem_failed_once() ? 1 : 2);
    } while (mem_failed_once());
    mem_fail_at(0);
    cr_assert_gt(nth, 50);
    command_folder_remove();
}
