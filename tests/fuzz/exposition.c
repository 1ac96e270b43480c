/* Exposition pages, as text and as OpenMetrics (the first byte chooses): reading ends, stays inside
 * the page, and reads the same with right and wrong guesses; labels of what was read can be taken
 * apart. */
#include "components/prometheus/scrape/exposition.h"

#include "base/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    char *page = mem_alloc(NULL, size);
    memcpy(page, data + 1, size - 1);
    page[size - 1] = '\0';
    struct exposition plain;
    struct exposition guessing;
    struct str guess = STR_NONE;
    exposition_init(&plain, str_of(page, size - 1), data[0] & 1);
    exposition_init(&guessing, str_of(page, size - 1), data[0] & 1);
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
    return 0;
}
