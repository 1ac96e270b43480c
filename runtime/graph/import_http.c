/* import.http: for now not fetched. */
#include "runtime/graph/modules.h"
static enum status fetch_none(struct import *import, const void *data, struct import_texts *out,
                              struct error *err)
{
    (void)import;
    (void)data;
    (void)out;
    return error_set(err, STATUS_UNSUPPORTED, "not supported yet");
}
const struct import_source import_http = {
    .name = "import.http", .fetch = fetch_none, .without_files = true};
const struct import_source import_git = {.name = "import.git", .fetch = fetch_none};
