/* Texts read by layouts. Input: a layout, a NUL, a text. */

#include "base/time_layout.h"
#include "base/timezone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 512 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str layout, text, input = str_of((const char *)data, size);
    struct layout_time time = {0};
    struct arena arena;
    struct error err = {0};
    if (size > INPUT_MAX)
        return 0;
    str_cut(input, '\0', &layout, &text);
    arena_init(&arena, NULL, 0);
    const struct timezone_rules *zone = timezone_load(STR("UTC"), &arena, &err);
    ASSERT(zone);
    if (time_layout_parse(layout, text, zone, &time)) {
        struct layout_time again = {0};
        ASSERT(time_layout_parse(layout, text, zone, &again));
        ASSERT(time.unix_ns == again.unix_ns);
    }
    arena_release(&arena);
    return 0;
}
