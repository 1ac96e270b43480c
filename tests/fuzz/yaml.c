/* The YAML reader: ends well or says why, within its memory; and reads all that is small JSON. The
 * first byte chooses limits of memory. */

#include "base/error.h"
#include "base/json.h"
#include "tests/support/fuzz_input.h"

enum { INPUT_MAX = 1 << 16 };

static void once(struct str text)
{
    struct doc_limits limits = {.max_depth = 64, .max_nodes = 10000};
    struct arena arena;
    struct error err = {0};
    struct doc *doc;
    uint8_t choice;
    if (!fuzz_choice(&text, &choice))
        return;
    arena_init(&arena, NULL, choice & 1 ? 4096 : 1 << 24);
    fuzz_begin();
    enum status status = yaml_read(&arena, text, limits, &doc, &err);
    fuzz_end();
    if (status == STATUS_OK) {
        size_t count = 0;
        for (const struct doc *member = doc->child; member; member = member->next)
            count++;
        ASSERT(count == doc->count);
    } else {
        ASSERT(err.message[0] != '\0');
    }
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(data, size, INPUT_MAX, once);
}
