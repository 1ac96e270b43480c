/* otelcol.storage.file: names a folder in which the sending queues of exporters are kept. Makes the
 * folder; owns nothing else. */

#include "base/file.h"
#include "base/world.h"
#include "components/common/otelcol.h"
#include "components/common/otelcol_storage.h"

#include <errno.h>
#include <fcntl.h>

struct args {
    struct str directory;
    bool fsync;
    bool create_directory;
    struct str directory_permissions;
    struct otelcol_debug_metrics debug_metrics;
};

static enum status parse_mode(struct str text, unsigned *mode)
{
    *mode = 0;
    if (text.len == 0 || text.len > 5)
        return STATUS_INVALID;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '7')
            return STATUS_INVALID;
        *mode = *mode * 8 + (unsigned)(text.ptr[i] - '0');
    }
    return *mode <= 0777 ? STATUS_OK : STATUS_INVALID;
}

static enum status check_mode(struct str text, struct error *err)
{
    unsigned mode;
    if (parse_mode(text, &mode) == STATUS_OK)
        return STATUS_OK;
    return error_set(err, STATUS_INVALID,
                     "directory_permissions value must be a valid octal representation: \"%.*s\"",
                     STR_ARG(text));
}

static const struct row rows[] = {
    {ATTR(struct args, directory), .def = "\"\"",
     .doc = "Folder of the queues; the component's own data folder when empty."},
    {REFUSED("timeout", "a folder is locked at once or not at all.")},
    {ATTR(struct args, fsync), .def = "false",
     .doc = "Whether what is stored goes to the platter before it is acknowledged."},
    {ATTR(struct args, create_directory), .def = "true",
     .doc = "Whether a missing folder is made."},
    {ATTR(struct args, directory_permissions), .def = "\"0750\"", .check = check_mode,
     .doc = "Permissions, in octal, of a folder that is made."},
    {REFUSED_BLOCK("compaction", "the log gives space back by itself.")},
    {BLOCK(struct args, debug_metrics, otelcol_debug_metrics_shape),
     .doc = "Metrics that the component has of itself."},
    {0},
};
static const struct shape args_shape = SHAPE(struct args, rows, NULL);

struct exports {
    struct capsule_ref handler;
};
static const struct row export_rows[] = {
    {ATTR(struct exports, handler), .capsule = &capsule_otel_storage,
     .doc = "What sending_queue takes as its storage."},
    {0},
};
static const struct shape exports_shape = SHAPE(struct exports, export_rows, NULL);

struct storage {
    struct component_host *host;
};

static enum status make_folder(const char *path, const struct args *args, struct error *err)
{
    struct stat st;
    unsigned mode = 0;
    if (world_stat(AT_FDCWD, path, 0, &st) == 0) {
        if (S_ISDIR(st.st_mode))
            return STATUS_OK;
        return error_set(err, STATUS_INVALID, "%s is not a directory", path);
    }
    if (!args->create_directory) {
        return error_set(err, STATUS_NOT_FOUND,
                         "directory must exist: stat %s: no such file or directory. You can enable "
                         "the create_directory option to automatically create it",
                         path);
    }
    parse_mode(args->directory_permissions, &mode);
    int made = world_mkdir(AT_FDCWD, path, (mode_t)mode);
    if (made == -ENOENT && file_make_dirs(path, err) != STATUS_OK)
        return err->status;
    if (made < 0 && made != -ENOENT)
        return error_errno(err, -made, "mkdir", path);
    return STATUS_OK;
}

static enum status apply(struct storage *s, const struct args *args, struct error *err)
{
    struct arena arena;
    arena_init(&arena, host_memory(s->host), 64 * 1024);
    struct str path = args->directory.len != 0 ? args->directory : host_data_path(s->host);
    struct otelcol_storage storage = {path, args->fsync};
    enum status status = make_folder(arena_cstr(&arena, path), args, err);
    arena_release(&arena);
    if (status != STATUS_OK)
        return status;
    struct exports exports = {{otelcol_storage_value(&storage)}};
    host_export(s->host, &exports);
    value_unref(exports.handler.value);
    return STATUS_OK;
}

static enum status build(void *self, struct component_host *host, const void *args,
                         struct error *err)
{
    struct storage *s = self;
    s->host = host;
    return apply(s, args, err);
}

static enum status update(void *self, const void *args, const void *old_args, struct error *err)
{
    (void)old_args;
    return apply(self, args, err);
}

const struct component_def otelcol_storage_file = {
    .name = "otelcol.storage.file",
    .summary = "Keeps the sending queues of exporters in a folder.",
    .stability = STABILITY_PUBLIC_PREVIEW,
    .args = &args_shape,
    .exports = &exports_shape,
    .size = sizeof(struct storage),
    .build = build,
    .update = update,
};
