/* Selectors against a stream and a line. Input: a selector, a NUL, a line. */

#include "components/loki/process/selector.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 4096, MEMORY_MAX = 16 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text, line, input = str_of((const char *)data, size);
    struct label pairs[] = {{STR_INIT("app"), STR_INIT("web")}, {STR_INIT("env"), STR_INIT("")}};
    const struct label_builder labels = {.pairs = pairs, .count = 2, .cap = 2};
    struct arena arena;
    struct error err = {0};
    struct selector selector;
    if (size > INPUT_MAX)
        return 0;
    str_cut(input, '\0', &text, &line);
    arena_init(&arena, NULL, MEMORY_MAX);
    if (selector_parse(text, &arena, &selector, &err) == STATUS_OK) {
        bool first = selector_matches(&selector, &labels, line);
        ASSERT(first == selector_matches(&selector, &labels, line));
    } else {
        ASSERT(err.message[0] != '\0');
    }
    selector_release(&selector);
    arena_release(&arena);
    return 0;
}
