/* Folders are listed one after the other from a list of those still to be seen. */

#include "cli/paths.h"

#include "base/vec.h"
#include "base/world.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>

struct walk {
    struct arena *arena;
    const char *folder; /* being listed */
    VEC(const char *) folders;
    VEC(const char *) files;
};

static bool visit(void *arg, const struct world_dir_entry *entry)
{
    struct walk *w = arg;
    struct str name = str_from(entry->name);
    struct stat info;
    bool slash = str_ends(str_from(w->folder), STR("/"));
    const char *path =
        arena_printf(w->arena, "%s%s%s", w->folder, slash ? "" : "/", entry->name).ptr;
    if (world_stat(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, &info) < 0)
        return true; /* gone meanwhile */
    if (S_ISDIR(info.st_mode) && !str_starts(name, STR(".")))
        VEC_PUSH(&w->folders, path);
    else if (!S_ISDIR(info.st_mode) && str_ends(name, STR(".alloy")))
        VEC_PUSH(&w->files, path);
    return w->files.len <= PATHS_MAX && w->folders.len <= PATHS_MAX;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum status expand(struct walk *w, const char *path, struct error *err)
{
    struct stat info;
    size_t first = w->files.len;
    int result = world_stat(AT_FDCWD, path, 0, &info);
    if (result < 0)
        return error_errno(err, -result, "stat", path);
    if (!S_ISDIR(info.st_mode)) {
        VEC_PUSH(&w->files, path);
        return STATUS_OK;
    }
    VEC_PUSH(&w->folders, path);
    while (w->folders.len > 0) {
        w->folder = w->folders.items[--w->folders.len];
        result = world_list(AT_FDCWD, w->folder, visit, w);
        if (result < 0)
            return error_errno(err, -result, "open", w->folder);
        if (w->files.len > PATHS_MAX || w->folders.len > PATHS_MAX)
            return error_set(err, STATUS_LIMIT, "%s has more than %d files", path, PATHS_MAX);
    }
    if (w->files.len > first)
        qsort(w->files.items + first, w->files.len - first, sizeof(const char *), by_name);
    return STATUS_OK;
}

enum status paths_expand(struct paths *paths, char *const *given, size_t count, struct arena *arena,
                         struct error *err)
{
    struct walk w = {.arena = arena};
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        status = expand(&w, given[i], err);
    paths->count = w.files.len;
    paths->items = arena_array(arena, w.files.len + 1, sizeof(const char *));
    if (w.files.len > 0)
        memcpy(paths->items, w.files.items, w.files.len * sizeof(const char *));
    VEC_RELEASE(&w.folders);
    VEC_RELEASE(&w.files);
    return status;
}
