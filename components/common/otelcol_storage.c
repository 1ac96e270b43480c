/* Storage handlers as values of the language. The value owns its copy of the folder's name. */

#include "components/common/otelcol_storage.h"

static void release(void *data)
{
    mem_free(data);
}

static bool equal(const void *a, const void *b)
{
    const struct otelcol_storage *x = a;
    const struct otelcol_storage *y = b;
    return str_eq(x->directory, y->directory) && x->sync == y->sync;
}

const struct capsule_type capsule_otel_storage = {
    .name = "otelcol.ExtensionHandler",
    .release = release,
    .equal = equal,
};

struct value *otelcol_storage_value(const struct otelcol_storage *storage)
{
    size_t len = storage->directory.len;
    struct otelcol_storage *copy = mem_alloc(NULL, sizeof *copy + len);
    char *text = (char *)(copy + 1);
    if (len != 0)
        memcpy(text, storage->directory.ptr, len);
    *copy = (struct otelcol_storage){str_of(text, len), storage->sync};
    return value_capsule(&capsule_otel_storage, copy);
}
