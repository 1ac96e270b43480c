/* The YAML reader: ends well or says why, within its memory; and reads all that is small JSON. The
 * first byte chooses limits and whether memory fails. */

#include "base/error.h"
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct str text = str_of((const char *)data + 1, size - 1);
    struct doc_limits limits = {.max_depth = 64, .max_nodes = 10000};
    struct arena arena;
    struct error err = {0};
    struct doc *doc;
    arena_init(&arena, NULL, data[0] & 1 ? 4096 : 1 << 24);
    mem_fail_at(data[0] & 2 ? data[0] >> 2 : 0);
    enum status status = yaml_read(&arena, text, limits, &doc, &err);
    mem_fail_at(0);
    if (status == STATUS_OK) {
        size_t count = 0;
        for (const struct doc *member = doc->child; member; member = member->next)
            count++;
        ASSERT(count == doc->count);
    } else {
        ASSERT(err.message[0] != '\0');
    }
    arena_release(&arena);
    return 0;
}
