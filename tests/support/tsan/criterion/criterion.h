/*
 * A stand-in for Criterion in the tsan flavor, where Criterion itself aborts at start.
 *
 * Tests run one after another in this process; a failed assertion leaves its test by longjmp. Only
 * the part of Criterion's interface that our tests use is here. The options init, fini and disabled
 * work, others are accepted and ignored: the runner's own time limit takes the place of .timeout.
 */
#ifndef INVAR_TESTS_SUPPORT_TSAN_CRITERION_H
#define INVAR_TESTS_SUPPORT_TSAN_CRITERION_H

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tsan_test {
    const char *suite;
    const char *name;
    void (*body)(void);
    void (*init)(void);
    void (*fini)(void);
    const char *description;
    double timeout;
    int signal;
    int exit_code;
    bool disabled;
    struct tsan_test *next;
};

/* tests/support/tsan/main.c keeps the list, runs it, and prints Criterion's closing line. A failure
 * without `what` is a skip. */
void tsan_add(struct tsan_test *test);
__attribute__((format(printf, 5, 6))) void tsan_failed(const char *file, int line, bool fatal,
                                                       const char *what, const char *format, ...);

#define Test(s, n, ...)                                                                            \
    static void s##_##n##_impl(void);                                                              \
    static struct tsan_test s##_##n##_test = {                                                     \
        .suite = #s, .name = #n, .body = s##_##n##_impl, __VA_ARGS__};                             \
    __attribute__((constructor)) static void s##_##n##_add(void)                                   \
    {                                                                                              \
        tsan_add(&s##_##n##_test);                                                                 \
    }                                                                                              \
    static void s##_##n##_impl(void)

#define TSAN_CHECK(fatal, ok, what, ...)                                                           \
    do {                                                                                           \
        if (!(ok))                                                                                 \
            tsan_failed(__FILE__, __LINE__, fatal, what, " " __VA_ARGS__);                         \
    } while (0)

#define cr_assert(ok, ...) TSAN_CHECK(true, ok, #ok, __VA_ARGS__)
#define cr_assert_not(ok, ...) TSAN_CHECK(true, !(ok), "not " #ok, __VA_ARGS__)
#define cr_assert_eq(a, b, ...) TSAN_CHECK(true, (a) == (b), #a " == " #b, __VA_ARGS__)
#define cr_assert_neq(a, b, ...) TSAN_CHECK(true, (a) != (b), #a " != " #b, __VA_ARGS__)
#define cr_assert_lt(a, b, ...) TSAN_CHECK(true, (a) < (b), #a " < " #b, __VA_ARGS__)
#define cr_assert_leq(a, b, ...) TSAN_CHECK(true, (a) <= (b), #a " <= " #b, __VA_ARGS__)
#define cr_assert_gt(a, b, ...) TSAN_CHECK(true, (a) > (b), #a " > " #b, __VA_ARGS__)
#define cr_assert_geq(a, b, ...) TSAN_CHECK(true, (a) >= (b), #a " >= " #b, __VA_ARGS__)
#define cr_assert_null(a, ...) TSAN_CHECK(true, (a) == NULL, #a " is null", __VA_ARGS__)
#define cr_assert_not_null(a, ...) TSAN_CHECK(true, (a) != NULL, #a " is set", __VA_ARGS__)
#define cr_assert_str_eq(a, b, ...)                                                                \
    TSAN_CHECK(true, strcmp(a, b) == 0, #a " equals " #b, __VA_ARGS__)
#define cr_assert_str_neq(a, b, ...)                                                               \
    TSAN_CHECK(true, strcmp(a, b) != 0, #a " differs from " #b, __VA_ARGS__)
#define cr_assert_str_empty(a, ...) TSAN_CHECK(true, *(a) == 0, #a " is empty", __VA_ARGS__)
#define cr_assert_arr_eq(a, b, n, ...)                                                             \
    TSAN_CHECK(true, memcmp(a, b, n) == 0, #a " equals " #b, __VA_ARGS__)
#define cr_assert_arr_neq(a, b, n, ...)                                                            \
    TSAN_CHECK(true, memcmp(a, b, n) != 0, #a " differs from " #b, __VA_ARGS__)
#define cr_assert_float_eq(a, b, e, ...)                                                           \
    TSAN_CHECK(true, fabs((double)((a) - (b))) <= (e), #a " ~ " #b, __VA_ARGS__)
#define cr_assert_fail(...) TSAN_CHECK(true, false, "reached", __VA_ARGS__)

#define cr_expect(ok, ...) TSAN_CHECK(false, ok, #ok, __VA_ARGS__)
#define cr_expect_not(ok, ...) TSAN_CHECK(false, !(ok), "not " #ok, __VA_ARGS__)
#define cr_expect_eq(a, b, ...) TSAN_CHECK(false, (a) == (b), #a " == " #b, __VA_ARGS__)
#define cr_expect_neq(a, b, ...) TSAN_CHECK(false, (a) != (b), #a " != " #b, __VA_ARGS__)
#define cr_expect_lt(a, b, ...) TSAN_CHECK(false, (a) < (b), #a " < " #b, __VA_ARGS__)
#define cr_expect_leq(a, b, ...) TSAN_CHECK(false, (a) <= (b), #a " <= " #b, __VA_ARGS__)
#define cr_expect_gt(a, b, ...) TSAN_CHECK(false, (a) > (b), #a " > " #b, __VA_ARGS__)
#define cr_expect_geq(a, b, ...) TSAN_CHECK(false, (a) >= (b), #a " >= " #b, __VA_ARGS__)
#define cr_expect_null(a, ...) TSAN_CHECK(false, (a) == NULL, #a " is null", __VA_ARGS__)
#define cr_expect_not_null(a, ...) TSAN_CHECK(false, (a) != NULL, #a " is set", __VA_ARGS__)
#define cr_expect_str_eq(a, b, ...)                                                                \
    TSAN_CHECK(false, strcmp(a, b) == 0, #a " equals " #b, __VA_ARGS__)
#define cr_expect_str_neq(a, b, ...)                                                               \
    TSAN_CHECK(false, strcmp(a, b) != 0, #a " differs from " #b, __VA_ARGS__)
#define cr_expect_str_empty(a, ...) TSAN_CHECK(false, *(a) == 0, #a " is empty", __VA_ARGS__)
#define cr_expect_arr_eq(a, b, n, ...)                                                             \
    TSAN_CHECK(false, memcmp(a, b, n) == 0, #a " equals " #b, __VA_ARGS__)
#define cr_expect_arr_neq(a, b, n, ...)                                                            \
    TSAN_CHECK(false, memcmp(a, b, n) != 0, #a " differs from " #b, __VA_ARGS__)
#define cr_expect_float_eq(a, b, e, ...)                                                           \
    TSAN_CHECK(false, fabs((double)((a) - (b))) <= (e), #a " ~ " #b, __VA_ARGS__)
#define cr_expect_fail(...) TSAN_CHECK(false, false, "reached", __VA_ARGS__)

#define cr_fatal(...) TSAN_CHECK(true, false, "fatal", __VA_ARGS__)
#define cr_skip_test(...) tsan_failed(__FILE__, __LINE__, true, NULL, " " __VA_ARGS__)
#define cr_skip(...) cr_skip_test(__VA_ARGS__)

#define cr_log_info(...) (void)fprintf(stderr, __VA_ARGS__)
#define cr_log_warn(...) (void)fprintf(stderr, __VA_ARGS__)
#define cr_log_error(...) (void)fprintf(stderr, __VA_ARGS__)

#endif
