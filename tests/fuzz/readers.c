/* The two readers on the same bytes: the tree-sitter tree is clean exactly when the compiler's
 * reader is silent. Texts that nest deeper than the compiler's limit are left out: the grammar has
 * none. */

#include "tests/support/fuzz_input.h"
#include "tests/support/grammar.h"
#include "tests/support/reader.h"

enum { TEXT_MAX = 600 };

struct job {
    struct str text;
    bool silent;
};

static void read(void *arg)
{
    struct job *job = arg;
    job->silent = reader_is_silent(job->text);
}

static void once(struct str text)
{
    struct job job = {.text = text};
    if (fuzz_scope(read, &job))
        ASSERT(grammar_is_clean(text) == job.silent || fuzz_has_failed());
    else
        ASSERT(fuzz_has_failed());
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_run(data, size, TEXT_MAX, once);
}
