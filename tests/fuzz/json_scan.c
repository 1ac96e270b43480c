/* What is found in a plain object is what the full reader finds; what it refuses is not plain. */

#include "components/loki/process/json_scan.h"
#include "tests/support/fuzz_input.h"

enum { INPUT_MAX = 4096 };

static void once(struct str text)
{
    static const struct str names[] = {STR_INIT("a"), STR_INIT("level"), STR_INIT("")};
    const struct doc_limits limits = {0};
    struct doc found[3];
    struct doc *doc;
    struct arena arena;
    struct error err = {0};
    fuzz_begin();
    bool plain = json_scan(text, names, 3, found);
    fuzz_end();
    if (!plain)
        return;
    arena_init(&arena, NULL, 0);
    ASSERT(json_read(&arena, text, limits, &doc, &err) == STATUS_OK && doc->kind == DOC_MAP);
    for (size_t i = 0; i < 3; i++) {
        const struct doc *want = doc_get(doc, names[i]);
        if (!want || want->kind == DOC_NULL) {
            ASSERT(found[i].kind == DOC_NULL);
        } else if (want->kind == DOC_INT || want->kind == DOC_FLOAT) {
            ASSERT(found[i].kind == DOC_FLOAT && found[i].number == want->number);
        } else {
            ASSERT(found[i].kind == want->kind && found[i].boolean == want->boolean &&
                   str_eq(found[i].text, want->text));
        }
    }
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(data, size, INPUT_MAX, once);
}
