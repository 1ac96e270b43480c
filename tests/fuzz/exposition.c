/* Exposition pages, as text and as OpenMetrics (the first byte chooses): reading ends, stays inside
 * the page, and reads the same with right and wrong guesses; labels of what was read can be taken
 * apart. */
#include "components/prometheus/scrape/exposition.h"

#include "tests/support/fuzz_input.h"

enum { PAGE_MAX = 1 << 16 };

static void take_labels(struct str series, bool inside)
{
    struct exposition_labels reader;
    struct exposition_label label;
    struct str name;
    char text[256];
    exposition_labels_begin(&reader, series, inside, &name);
    while (exposition_labels_next(&reader, &label)) {
        ASSERT(label.name.ptr >= series.ptr && label.name.len <= series.len);
        if (label.value.len < sizeof(text)) {
            ASSERT(exposition_unescape(label.value, text) <= label.value.len);
        }
    }
}

static void once(struct str input)
{
    uint8_t choice;
    if (!fuzz_choice(&input, &choice)) {
        return;
    }
    char *page = mem_strdup(NULL, input.ptr, input.len);
    struct exposition plain;
    struct exposition guessing;
    struct str guess = STR_NONE;
    exposition_init(&plain, str_of(page, input.len), choice & 1);
    exposition_init(&guessing, str_of(page, input.len), choice & 1);
    for (;;) {
        guessing.guess = guess;
        enum exposition_entry entry = exposition_next(&plain);
        ASSERT(exposition_next(&guessing) == entry);
        if (entry == EXPOSITION_END || entry == EXPOSITION_BAD) {
            break;
        }
        ASSERT(plain.at == guessing.at && plain.at <= plain.limit);
        if (entry == EXPOSITION_SERIES) {
            ASSERT(str_eq(plain.series, guessing.series));
            ASSERT(memcmp(&plain.value, &guessing.value, sizeof(double)) == 0);
            take_labels(plain.series, false);
            if (plain.has_exemplar) {
                take_labels(plain.exemplar, true);
            }
            guess = plain.series; /* right when a line repeats */
        }
    }
    mem_free(page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(data, size, PAGE_MAX, once);
}
