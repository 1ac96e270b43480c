/* Texts read by layouts. Input: a layout, a NUL, a text. */

#include "base/time_layout.h"
#include "base/timezone.h"
#include "tests/support/fuzz_input.h"

enum { INPUT_MAX = 512 };

static void work(void *arg)
{
    const struct str *input = arg;
    struct str layout, text;
    struct layout_time time = {0};
    struct arena arena;
    struct error err = {0};
    str_cut(*input, '\0', &layout, &text);
    arena_init(&arena, NULL, 0);
    const struct timezone_rules *zone = timezone_load(STR("UTC"), &arena, &err);
    ASSERT(zone || fuzz_has_failed());
    if (zone && time_layout_parse(layout, text, zone, &time)) {
        struct layout_time again = {0};
        ASSERT(time_layout_parse(layout, text, zone, &again));
        ASSERT(time.unix_ns == again.unix_ns);
    }
    arena_release(&arena);
}

static void once(struct str input)
{
    ASSERT(fuzz_scope(work, &input) || fuzz_has_failed());
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(data, size, INPUT_MAX, once);
}
