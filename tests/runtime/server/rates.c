/* Rates of the page: against what was seen 5 to 10 seconds before. */

#include "runtime/server/rates.h"

#include "tests/support/test.h"

TEST(server_rates, are_measured_over_the_last_seconds_that_were_looked_at)
{
    static const int64_t second = 1000000000;
    struct rates r;
    rates_init(&r, 100 * second);
    cr_assert(!rates_begin(&r, 102 * second));
    cr_assert_float_eq(rates_of(&r, STR("a"), 40, 102 * second), 20, 1e-9);
    cr_assert(rates_begin(&r, 110 * second));
    rates_note(&r, STR("a"), 100);
    cr_assert_float_eq(rates_of(&r, STR("a"), 100, 110 * second), 10, 1e-9);
    cr_assert(!rates_begin(&r, 112 * second));
    cr_assert(rates_begin(&r, 115 * second));
    rates_note(&r, STR("a"), 100);
    cr_assert_float_eq(rates_of(&r, STR("a"), 100, 120 * second), 0, 1e-9);
    cr_assert_float_eq(rates_of(&r, STR("a"), 50, 120 * second), 0, 1e-9); /* a restart */
    rates_release(&r);
}
