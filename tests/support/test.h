/*
 * What every test file includes: Criterion, and TEST, which is Criterion's Test with a check for
 * leaks.
 *
 * Criterion prints leaks and lets the test pass, so the check sits inside the test: whatever the
 * body allocated and no longer reaches fails it. Each test is a process of its own (34 ms under
 * ASan), so group cheap checks. Options follow the name: TEST(base_str, splits, .timeout = 5) { ...
 * }
 */
#ifndef INVAR_TESTS_SUPPORT_TEST_H
#define INVAR_TESTS_SUPPORT_TEST_H

#include <criterion/criterion.h>

#ifdef INVAR_ASAN
#include <sanitizer/lsan_interface.h>
#define TEST_LEAKED() __lsan_do_recoverable_leak_check()
#else
#define TEST_LEAKED() 0
#endif

/* The body is a frame of its own, so that what it held is not found in registers or slots after it.
 */
#define TEST(suite, name, ...)                                                                     \
    __attribute__((noinline)) static void suite##_##name##_body(void);                             \
    Test(suite, name, ##__VA_ARGS__)                                                               \
    {                                                                                              \
        suite##_##name##_body();                                                                   \
        cr_assert(!TEST_LEAKED(), "the test leaks memory");                                        \
    }                                                                                              \
    static void suite##_##name##_body(void)

#endif
