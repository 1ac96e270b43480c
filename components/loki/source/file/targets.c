/* Targets of loki.source.file. Bounded by the targets, and by the limits of glob.h per target. */

#include "components/loki/source/file/targets.h"

#include "base/vec.h"
#include "base/world.h"
#include "compiler/target.h"
#include "components/common/glob.h"

#include <fcntl.h>
#include <unistd.h>

struct found {
    struct file_target *items;
    size_t len;
    size_t cap;
};

static struct str absolute(struct arena *arena, struct str path)
{
    char folder[GLOB_MAX_PATH];
    if (str_starts(path, STR("/")) || getcwd(folder, sizeof folder) == NULL)
        return path;
    return arena_printf(arena, "%s/%.*s", folder, STR_ARG(path));
}

static bool is_wanted(const struct file_match *match, struct arena *arena, struct str path)
{
    struct stat st;
    if (world_stat(AT_FDCWD, arena_cstr(arena, path), 0, &st) != 0 || S_ISDIR(st.st_mode))
        return false;
    int64_t changed = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    return match->ignore_older_than.ns == 0 ||
           changed >= world_wall_ns() - match->ignore_older_than.ns;
}

static void find(const struct target *target, const struct file_match *match, struct arena *arena,
                 const struct log *log, struct found *out)
{
    struct glob_paths paths;
    struct error err = {0};
    struct str exclude = target_get(target, STR("__path_exclude__"));
    if (glob_find(arena, target_get(target, STR("__path__")), &paths, &err) != STATUS_OK) {
        LOG(log, LOG_ERROR, "failed to resolve target", LOG_C("error", err.message));
        return;
    }
    for (size_t i = 0; i < paths.count; i++) {
        struct str path = absolute(arena, paths.items[i]);
        if (exclude.len != 0 && glob_match(exclude, paths.items[i]))
            continue;
        if (is_wanted(match, arena, path))
            VEC_PUSH(out, ((struct file_target){path, target}));
    }
}

void file_targets_find(const struct target_list *targets, const struct file_match *match,
                       struct arena *arena, const struct log *log, struct file_targets *out)
{
    struct found found = {0};
    for (size_t i = 0; i < targets->count; i++) {
        const struct target *target = targets->items[i];
        if (match->enabled) {
            find(target, match, arena, log, &found);
        } else {
            struct file_target item = {target_get(target, STR("__path__")), target};
            VEC_PUSH(&found, item);
        }
    }
    out->count = found.len;
    out->items = ARENA_ARRAY(arena, found.len + 1, struct file_target);
    if (found.len != 0)
        memcpy(out->items, found.items, found.len * sizeof *out->items);
    VEC_RELEASE(&found);
}

struct labels *file_target_labels(const struct file_target *t, struct label_table *table,
                                  bool with_filename, struct error *err)
{
    struct label_builder b;
    label_builder_init(&b);
    for (uint32_t i = 0; i < t->target->count; i++) {
        const struct target_label *label = &t->target->labels[i];
        if (!str_starts(label->name, STR("__")))
            label_builder_put(&b, label->name, label->value);
    }
    if (with_filename)
        label_builder_put(&b, STR("filename"), t->path);
    struct labels *labels = label_builder_intern_stream(&b, table, err);
    label_builder_release(&b);
    return labels;
}
