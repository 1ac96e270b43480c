/* Selectors against a stream and a line. Input: a selector, a NUL, a line. */

#include "components/loki/process/selector.h"
#include "tests/support/fuzz_input.h"

enum { INPUT_MAX = 4096, MEMORY_MAX = 16 << 20 };

static void work(void *arg)
{
    const struct str *input = arg;
    struct str text, line;
    struct label pairs[] = {{STR_INIT("app"), STR_INIT("web")}, {STR_INIT("env"), STR_INIT("")}};
    const struct label_builder labels = {.pairs = pairs, .count = 2, .cap = 2};
    struct arena arena;
    struct error err = {0};
    struct selector selector;
    str_cut(*input, '\0', &text, &line);
    arena_init(&arena, NULL, MEMORY_MAX);
    if (selector_parse(text, &arena, &selector, &err) == STATUS_OK) {
        bool first = selector_matches(&selector, &labels, line);
        ASSERT(first == selector_matches(&selector, &labels, line));
    } else {
        ASSERT(err.message[0] != '\0');
    }
    selector_release(&selector);
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
