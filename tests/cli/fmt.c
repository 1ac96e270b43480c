/* `invar fmt` on several files and folders; what Alloy's has is in the recorded cases. */

#include "cli/command.h"
#include "tests/support/command.h"
#include "tests/support/test.h"

static void assert_fmt(const char *const *words, int status, const char *out, const char *err)
{
    struct command_answer a;
    command_run(&a, cli_fmt, 0, words);
    cr_expect_str_eq(a.out, out);
    cr_expect_str_eq(a.err, err);
    cr_expect_eq(a.status, status);
}

TEST(cli_fmt, checks_and_shows_many_files)
{
    command_folder();
    command_file("a/ok.alloy", "a = 1\n");
    command_file("a/b/bad.alloy", "a=1\nb  = 2\n");
    command_file("a/.git/skipped.alloy", "a=1");
    command_file("a/other.txt", "a=1");
    assert_fmt(COMMAND_WORDS("--check", "a"), 1, "",
               "Error: file a/b/bad.alloy is not formatted correctly\n");
    assert_fmt(COMMAND_WORDS("--check", "a/ok.alloy", "a/ok.alloy"), 0, "", "");
    assert_fmt(COMMAND_WORDS("--diff", "a"), 0,
               "--- a/b/bad.alloy\n+++ a/b/bad.alloy\n@@ -1,2 +1,2 @@\n-a=1\n-b  = 2\n+a = 1\n"
               "+b = 2\n",
               "");
    assert_fmt(COMMAND_WORDS("--check", "--diff", "a/b"), 1,
               "--- a/b/bad.alloy\n+++ a/b/bad.alloy\n@@ -1,2 +1,2 @@\n-a=1\n-b  = 2\n+a = 1\n"
               "+b = 2\n",
               "Error: file a/b/bad.alloy is not formatted correctly\n");
    assert_fmt(COMMAND_WORDS("-w", "a"), 0, "", "");
    assert_fmt(COMMAND_WORDS("--check", "a"), 0, "", "");
    assert_fmt(COMMAND_WORDS("a/b/bad.alloy"), 0, "a = 1\nb = 2\n", "");
    command_folder_remove();
}

TEST(cli_fmt, goes_on_behind_a_file_that_is_wrong)
{
    command_folder();
    command_file("a/1.alloy", "a = \n");
    command_file("a/2.alloy", "a=2\n");
    assert_fmt(COMMAND_WORDS("--check", "a"), 1, "",
               "a/1.alloy:2:1: expected expression, got EOF\n"
               "Error: encountered errors during formatting\n"
               "Error: file a/2.alloy is not formatted correctly\n");
    assert_fmt(COMMAND_WORDS("a"), 1, "", "Error: cannot format a directory\n");
    assert_fmt(COMMAND_WORDS("a", "a"), 1, "",
               "Error: accepts between 0 and 1 arg(s), received 2\n");
    assert_fmt(COMMAND_WORDS("-w", "--check", "a"), 1, "",
               "Error: cannot use -w/--write and -t/--test at the same time\n");
    assert_fmt(COMMAND_WORDS("--diff", "a", "none"), 1, "",
               "Error: stat none: no such file or directory\n");
    command_folder_remove();
}
