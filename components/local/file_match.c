/* local.file_match: exports a target for every file that a pattern matches, looking again each
 * sync_period. Owns a timer; what it looks at is bounded by glob.h. */
#include "base/vec.h"
#include "base/world.h"
#include "compiler/target.h"
#include "components/common/glob.h"
#include "runtime/component.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { ARENA_MAX = 1024 * 1024 * 1024 };

struct args {
    struct target_list path_targets;
    struct duration sync_period;
    struct duration ignore_older_than;
};

struct exports {
    struct target_list targets;
};

static enum status check_args(void *data, struct arena *arena, struct error *err)
{
    (void)arena;
    const struct args *args = data;
    return args->sync_period.ns > 0
               ? STATUS_OK
               : error_set(err, STATUS_INVALID, "sync_period must be greater than 0");
}

static const struct row rows[] = {
    {ATTR(struct args, path_targets), .required = true,
     .doc = "Targets whose label __path__ is a pattern, and __path_exclude__ one of what to leave "
            "out."},
    {ATTR(struct args, sync_period), .def = "\"10s\"",
     .doc = "Time between two looks at the disk."},
    {ATTR(struct args, ignore_older_than), .def = "\"0s\"",
     .doc = "Files that were not changed for longer are left out, 0 for none."},
    {0},
};
static const struct shape args_shape = {
    .name = "local.file_match", .rows = rows, .size = sizeof(struct args), .check = check_args};

static const struct row export_rows[] = {
    {ATTR(struct exports, targets), .doc = "A target for each file."},
    {0},
};
static const struct shape exports_shape = {
    .name = "exports", .rows = export_rows, .size = sizeof(struct exports)};

struct file_match {
    struct component_host *host;
    const struct args *args;
    struct loop_timer *timer;
};

struct found {
    struct target **items;
    size_t len;
    size_t cap;
};

static struct str absolute(struct arena *arena, struct str path)
{
    char folder[GLOB_MAX_PATH];
    if ((path.len > 0 && path.ptr[0] == '/') || !getcwd(folder, sizeof(folder))) {
        return path;
    }
    return arena_printf(arena, "%s/%.*s", folder, STR_ARG(path));
}

static bool is_wanted(struct file_match *m, const struct args *args, struct arena *arena,
                      struct str path)
{
    struct stat st;
    int result = world_stat(AT_FDCWD, arena_cstr(arena, path), 0, &st);
    if (result < 0) {
        LOG(host_log(m->host), result == -ENOENT ? LOG_DEBUG : LOG_ERROR, "error getting os stat",
            LOG_S("path", path), LOG_C("err", error_errno_text(-result)));
        return false;
    }
    int64_t changed_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    int64_t limit_ns = args->ignore_older_than.ns;
    return !S_ISDIR(st.st_mode) && (limit_ns == 0 || changed_ns >= world_wall_ns() - limit_ns);
}

static struct target *with_path(struct arena *arena, const struct target *t, struct str path)
{
    struct target_label *labels = ARENA_ARRAY(arena, t->count + 1, struct target_label);
    memcpy(labels, t->labels, t->count * sizeof(*labels));
    labels[t->count] = (struct target_label){STR("__path__"), path};
    return target_new(labels, t->count + 1);
}

static void look_for(struct file_match *m, const struct args *args, const struct target *t,
                     struct arena *arena, struct found *found)
{
    struct error err = {0};
    struct glob_paths paths;
    struct str exclude = target_get(t, STR("__path_exclude__"));
    if (glob_find(arena, target_get(t, STR("__path__")), &paths, &err) != STATUS_OK) {
        LOG(host_log(m->host), LOG_ERROR, "error getting paths",
            LOG_S("path", target_get(t, STR("__path__"))), LOG_S("excluded", exclude),
            LOG_C("err", err.message));
        return;
    }
    for (size_t i = 0; i < paths.count; i++) {
        if (exclude.len > 0 && glob_match(exclude, paths.items[i])) {
            continue;
        }
        struct str path = absolute(arena, paths.items[i]);
        if (is_wanted(m, args, arena, path)) {
            VEC_PUSH(found, with_path(arena, t, path));
        }
    }
}

static void look(struct file_match *m, const struct args *args)
{
    struct arena arena;
    struct found found = {0};
    arena_init(&arena, NULL, ARENA_MAX);
    for (size_t i = 0; i < args->path_targets.count; i++) {
        look_for(m, args, args->path_targets.items[i], &arena, &found);
    }
    const struct exports exports = {{.items = found.items,
                                     .count = found.len,
                                     .is_set = true,
                                     .owner = target_array(found.items, found.len)}};
    host_export(m->host, &exports);
    value_unref(exports.targets.owner);
    for (size_t i = 0; i < found.len; i++) {
        target_unref(found.items[i]);
    }
    VEC_RELEASE(&found);
    arena_release(&arena);
}

static void look_again(void *arg)
{
    struct file_match *m = arg;
    look(m, m->args);
}

static enum status build(void *self, struct component_host *host, const void *args,
                         struct error *err)
{
    (void)err;
    struct file_match *m = self;
    m->host = host;
    look(m, args);
    m->args = args;
    return STATUS_OK;
}

static void start(void *self)
{
    struct file_match *m = self;
    m->timer = m->timer ? m->timer : loop_timer_new(host_loop(m->host), look_again, m);
    loop_timer_start(m->timer, m->args->sync_period.ns, m->args->sync_period.ns);
}

static enum status update(void *self, const void *args, const void *old_args, struct error *err)
{
    (void)old_args;
    (void)err;
    struct file_match *m = self;
    look(m, args);
    m->args = args;
    if (m->timer) {
        start(m);
    }
    return STATUS_OK;
}

static void stop(void *self)
{
    struct file_match *m = self;
    loop_timer_close(m->timer);
    m->timer = NULL;
    host_stopped(m->host);
}

static void release(void *self)
{
    struct file_match *m = self;
    loop_timer_close(m->timer);
}

const struct component_def local_file_match = {
    .name = "local.file_match",
    .summary = "Finds files by patterns and exports them as targets.",
    .stability = STABILITY_GA,
    .args = &args_shape,
    .exports = &exports_shape,
    .size = sizeof(struct file_match),
    .build = build,
    .start = start,
    .update = update,
    .stop = stop,
    .release = release,
};
