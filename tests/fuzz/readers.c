/* The two readers on the same bytes: the tree-sitter tree is clean exactly when the compiler's
 * reader is silent. Texts that nest deeper than the compiler's limit are left out: the grammar has
 * none. */

#include "tests/support/grammar.h"
#include "tests/support/reader.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { TEXT_MAX = 600 };
    struct str text = str_of((const char *)data, size < TEXT_MAX ? size : TEXT_MAX);
    ASSERT(grammar_is_clean(text) == reader_is_silent(text));
    return 0;
}
