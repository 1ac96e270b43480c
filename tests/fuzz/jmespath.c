/* Expressions over documents. Input: an expression, a NUL, a JSON document. */

#include "components/loki/process/jmespath/jmespath.h"
#include "tests/support/fuzz_input.h"

enum { INPUT_MAX = 4096, MEMORY_MAX = 256 << 20, OUTPUT_MAX = 1 << 20 };

static void work(void *arg)
{
    const struct str *input = arg;
    struct str expression, text;
    const struct doc_limits limits = {0};
    struct arena arena;
    struct error err = {0};
    struct jmespath path;
    struct doc *doc;
    str_cut(*input, '\0', &expression, &text);
    arena_init(&arena, NULL, MEMORY_MAX);
    if (jmespath_compile(expression, &arena, &path, &err) != STATUS_OK) {
        ASSERT(err.message[0] != '\0');
    } else if (json_read(&arena, text, limits, &doc, &err) == STATUS_OK) {
        const struct doc *found = jmespath_search(&path, doc, &arena);
        struct buf out;
        buf_init(&out, NULL, OUTPUT_MAX);
        if (found != NULL)
            jmespath_marshal(found, MARSHAL_GO, &arena, &out);
        ASSERT(out.len <= OUTPUT_MAX);
        buf_release(&out);
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
