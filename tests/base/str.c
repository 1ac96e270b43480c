/* Borrowed text. */

#include "base/str.h"
#include "tests/support/test.h"

TEST(base_str, slices_compares_and_searches)
{
    struct str s = STR("hello world");
    cr_assert(str_is(str_slice(s, 6, 100), "world"));
    cr_assert(str_is(str_slice(s, 7, 3), ""));
    cr_assert(str_is(str_slice(STR_NONE, 1, 2), ""));
    cr_assert_lt(str_cmp(STR("a"), STR("ab")), 0);
    cr_assert_gt(str_cmp(STR("b"), STR("ab")), 0);
    cr_assert_gt(str_cmp(STR("\xff"), STR("a")), 0, "bytes are unsigned");
    cr_assert_eq(str_cmp(STR_NONE, STR("")), 0);
    cr_assert(str_starts(s, STR("hell")) && str_starts(s, STR_NONE));
    cr_assert_not(str_starts(STR("h"), s));
    cr_assert(str_ends(s, STR("rld")) && str_ends(s, STR_NONE));
    cr_assert_not(str_ends(STR("d"), s));
    cr_assert_eq(str_find(s, STR("o"), 0), 4);
    cr_assert_eq(str_find(s, STR("o"), 5), 7);
    cr_assert_eq(str_find(s, STR("xyz"), 0), SIZE_MAX);
    cr_assert_eq(str_find(s, STR(""), 11), 11);
    cr_assert_eq(str_find(s, STR(""), 12), SIZE_MAX);
    cr_assert_eq(str_find(STR_NONE, STR("a"), 0), SIZE_MAX);
    cr_assert_eq(str_find_byte(s, 'l', 4), 9);
    cr_assert_eq(str_find_byte(s, 'h', 1), SIZE_MAX);
    cr_assert_eq(str_rfind_byte(s, 'l'), 9);
    cr_assert_eq(str_rfind_byte(STR_NONE, 'l'), SIZE_MAX);
    cr_assert(str_eq_fold(STR("Content-TYPE"), STR("content-type")));
    cr_assert_not(str_eq_fold(STR("["), STR("{")));
    cr_assert(str_is(str_trim(STR(" \t a b \r\n")), "a b"));
    cr_assert(str_is(str_trim(STR("  ")), ""));
    struct str head, rest;
    cr_assert(str_cut(STR("k=v=w"), '=', &head, &rest));
    cr_assert(str_is(head, "k") && str_is(rest, "v=w"));
    cr_assert_not(str_cut(STR("kv"), '=', &head, &rest));
    cr_assert(str_is(head, "kv") && str_is(rest, ""));
}

TEST(base_str, reads_whole_numbers)
{
    uint64_t u;
    int64_t i;
    cr_assert(str_to_u64(STR("18446744073709551615"), &u) && u == UINT64_MAX);
    static const char *const bad[] = {
        "", "18446744073709551616", "99999999999999999999", "1 ", "-1", "+1", "a", "0x1", "1_0"};
    for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++)
        cr_assert_not(str_to_u64(str_from(bad[k]), &u), "%s", bad[k]);
    cr_assert(str_to_i64(STR("-9223372036854775808"), &i) && i == INT64_MIN);
    cr_assert(str_to_i64(STR("+9223372036854775807"), &i) && i == INT64_MAX);
    cr_assert_not(str_to_i64(STR("9223372036854775808"), &i));
    cr_assert_not(str_to_i64(STR("-9223372036854775809"), &i));
    cr_assert_not(str_to_i64(STR("--1"), &i));
    cr_assert_not(str_to_i64(STR("-"), &i));
}
