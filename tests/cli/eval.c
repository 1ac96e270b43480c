/* `invar eval`: values as text and JSON, errors with their place. */

#include "base/memory.h"
#include "cli/command.h"
#include "tests/support/command.h"
#include "tests/support/test.h"

static void assert_eval(const char *const *words, const char *out, const char *err)
{
    struct command_answer a;
    command_run(&a, cli_eval, 0, words);
    cr_expect_str_eq(a.out, out);
    cr_expect_str_eq(a.err, err);
    cr_expect_eq(a.status, *err ? 1 : 0);
}

TEST(cli_eval, prints_values_and_errors)
{
    command_folder();
    assert_eval(COMMAND_WORDS("1 + 2 ^ 3"), "9\n", "");
    assert_eval(COMMAND_WORDS("{a = string.to_upper(\"x\")}"), "{\n\ta = \"X\",\n}\n", "");
    assert_eval(COMMAND_WORDS("--json", "[1, \"a\"]"),
                "{\"type\":\"array\",\"value\":[{\"type\":\"number\",\"value\":1},"
                "{\"type\":\"string\",\"value\":\"a\"}]}\n",
                "");
    assert_eval(COMMAND_WORDS("1 + x"), "",
                "Error: <expression>:1:5: identifier \"x\" does not exist\n\n1 | 1 + x\n"
                "  |     ^\n  code: E3002\n");
    assert_eval(COMMAND_WORDS("1 +", "2"), "", "Error: accepts 1 arg(s), received 2\n");
    command_folder_remove();
}

TEST(cli_eval, survives_every_failing_allocation, .timeout = 120)
{
    struct command_answer a;
    uint64_t nth = 1;
    command_folder();
    do {
        command_run(&a, cli_eval, nth++, COMMAND_WORDS("string.format(\"%d\", [1, 2][1])"));
        cr_assert_eq(a.status, mem_failed_once() ? 1 : 0);
        cr_assert_str_eq(a.err, mem_failed_once() ? "Error: out of memory\n" : "");
    } while (mem_failed_once());
    mem_fail_at(0);
    cr_assert_gt(nth, 50);
    command_folder_remove();
}
