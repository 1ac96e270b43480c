/* import.file: a file, or the *.alloy files of a folder. The detector poll looks at the files'
 * status at poll_frequency. The detector fsnotify is told by the kernel, of the folder and of where
 * it stands, and looks at poll_frequency besides: links may lead to where nobody watches. Where the
 * kernel tells nothing it looks every second. Bounded by the limits of modules.h. */

#include "runtime/graph/modules.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/world.h"

#include <dirent.h>
#include <fcntl.h>

enum { PATH_BYTES = 4096 };
static const int64_t UNTOLD_NS = 1000000000;
static const int64_t QUIET_NS = 30000000; /* until writing has gone on for a moment */

struct import_files {
    struct loop_timer *timer;
    struct loop_timer *soon;
    struct loop_watch *watches[2]; /* the folder that has the path, and the path if it is one */
    unsigned char seen[32];        /* of names, sizes and times at the last look */
};

static bool path_of(struct str text, char out[PATH_BYTES])
{
    if (text.len >= PATH_BYTES || memchr(text.ptr, '\0', text.len))
        return false;
    memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
    return true;
}

/* ---- names ---- */

struct names {
    struct arena arena;
    struct str *items;
    size_t count;
    bool too_many;
};

static bool add_name(void *arg, const struct world_dir_entry *entry)
{
    struct names *names = arg;
    struct str name = str_from(entry->name);
    if (entry->type == DT_DIR || !str_ends(name, STR(".alloy")))
        return true;
    names->too_many = names->count == IMPORT_MAX_FILES;
    if (!names->too_many)
        names->items[names->count++] = arena_str(&names->arena, name);
    return !names->too_many;
}

static int compare_names(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* In order; the folder's file names, or the path itself. */
static enum status collect(const char *path, bool is_folder, struct names *out, struct error *err)
{
    arena_init(&out->arena, NULL, 0);
    out->items = ARENA_ARRAY(&out->arena, IMPORT_MAX_FILES, struct str);
    out->count = 0;
    out->too_many = false;
    if (!is_folder) {
        out->items[out->count++] = arena_str(&out->arena, str_from(path));
        return STATUS_OK;
    }
    int listed = world_list(AT_FDCWD, path, add_name, out);
    if (listed < 0)
        return error_errno(err, -listed, "open", path);
    if (out->too_many)
        return error_set(err, STATUS_LIMIT, "more than %d files in %s", IMPORT_MAX_FILES, path);
    qsort(out->items, out->count, sizeof(struct str), compare_names);
    return STATUS_OK;
}

static bool full_path(const char *folder, bool is_folder, struct str name, char out[PATH_BYTES])
{
    if (!is_folder)
        return path_of(name, out);
    size_t len = strlen(folder);
    if (len + 1 + name.len >= PATH_BYTES)
        return false;
    memcpy(out, folder, len);
    out[len] = '/';
    memcpy(out + len + 1, name.ptr, name.len);
    out[len + 1 + name.len] = '\0';
    return true;
}

/* ---- reading ---- */

static enum status read_one(const char *folder, bool is_folder, struct str name,
                            struct import_texts *out, struct error *err)
{
    char path[PATH_BYTES];
    struct buf text;
    if (!full_path(folder, is_folder, name, path))
        return error_set(err, STATUS_INVALID, "the path of %.*s is too long", STR_ARG(name));
    buf_init(&text, NULL, IMPORT_MAX_BYTES);
    enum status status = file_read(AT_FDCWD, path, &text, err);
    if (status == STATUS_OK)
        status = import_texts_add(out, name, buf_view(&text), err);
    buf_release(&text);
    return status;
}

static struct str folder_of(const char *path)
{
    struct str text = str_from(path);
    size_t slash = str_rfind_byte(text, '/');
    if (slash == SIZE_MAX)
        return STR(".");
    return str_slice(text, 0, slash ? slash : 1);
}

enum status import_texts_read(struct import_texts *out, const char *path, struct error *err)
{
    struct stat info;
    int found = world_stat(AT_FDCWD, path, 0, &info);
    if (found < 0)
        return error_errno(err, -found, "stat", path);
    bool is_folder = S_ISDIR(info.st_mode);
    out->module_path = arena_str(&out->arena, is_folder ? str_from(path) : folder_of(path));
    struct names names;
    enum status status = collect(path, is_folder, &names, err);
    for (size_t i = 0; status == STATUS_OK && i < names.count; i++)
        status = read_one(path, is_folder, names.items[i], out, err);
    arena_release(&names.arena);
    return status;
}

static enum status fetch_files(struct import *import, const void *data, struct import_texts *out,
                               struct error *err)
{
    (void)import;
    const struct import_file_args *args = data;
    char path[PATH_BYTES];
    struct error why = {0};
    if (!path_of(args->filename, path))
        return error_set(err, STATUS_INVALID, "failed to read file: the path is not valid");
    enum status status = import_texts_read(out, path, &why);
    if (status != STATUS_OK)
        return error_set(err, status, "failed to read file: %s", why.message);
    return STATUS_OK;
}

/* ---- looking for changes ---- */

static void note_status(struct buf *out, const char *folder, bool is_folder, struct str name)
{
    char path[PATH_BYTES];
    struct stat info = {0};
    if (full_path(folder, is_folder, name, path))
        (void)world_stat(AT_FDCWD, path, 0, &info);
    buf_printf(out, "%.*s %llu %lld %lld %ld\n", STR_ARG(name), (unsigned long long)info.st_ino,
               (long long)info.st_size, (long long)info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
}

static void look(const struct import_file_args *args, unsigned char seen[32])
{
    char path[PATH_BYTES];
    struct stat info;
    struct buf all;
    buf_init(&all, NULL, IMPORT_MAX_BYTES);
    if (path_of(args->filename, path) && world_stat(AT_FDCWD, path, 0, &info) >= 0) {
        struct error err;
        struct names names;
        bool is_folder = S_ISDIR(info.st_mode);
        if (collect(path, is_folder, &names, &err) != STATUS_OK)
            names.count = 0;
        for (size_t i = 0; i < names.count; i++)
            note_status(&all, path, is_folder, names.items[i]);
        arena_release(&names.arena);
    }
    hash_sha256(all.data, all.len, seen);
    buf_release(&all);
}

static void on_soon(void *arg)
{
    struct import *import = arg;
    struct import_files *files = import->state;
    loop_timer_start(files->soon, QUIET_NS, 0);
}

static void unwatch(struct import_files *files)
{
    for (int i = 0; i < 2; i++) {
        loop_watch_close(files->watches[i]);
        files->watches[i] = NULL;
    }
}

static bool be_told(struct import *import, const struct import_file_args *args)
{
    struct import_files *files = import->state;
    struct loop *loop = import->graph->options.control;
    char path[PATH_BYTES], folder[PATH_BYTES];
    struct stat info;
    unwatch(files);
    if (args->detector == DETECTOR_POLL || !path_of(args->filename, path) ||
        !path_of(folder_of(path), folder))
        return false;
    files->watches[0] = loop_watch_new(loop, folder, on_soon, import);
    if (world_stat(AT_FDCWD, path, 0, &info) >= 0 && S_ISDIR(info.st_mode))
        files->watches[1] = loop_watch_new(loop, path, on_soon, import);
    else
        return files->watches[0] != NULL;
    return files->watches[1] != NULL;
}

struct tick {
    struct import *import;
    struct import_texts texts;
    struct error err;
    enum status status;
    bool changed;
};

static void tick_work(void *arg)
{
    struct tick *t = arg;
    struct import_files *files = t->import->state;
    const struct import_file_args *args = t->import->cell->args->data;
    unsigned char now[32];
    look(args, now);
    t->changed = memcmp(now, files->seen, sizeof(now)) != 0;
    if (!t->changed)
        return;
    memcpy(files->seen, now, sizeof(now));
    import_texts_init(&t->texts);
    t->status = fetch_files(t->import, args, &t->texts, &t->err);
}

static void on_tick(void *arg)
{
    struct tick t = {.import = arg};
    if (!mem_scope_run(tick_work, &t) || !t.changed)
        return;
    (void)be_told(t.import, t.import->cell->args->data); /* it may stand elsewhere by now */
    if (t.status == STATUS_OK) {
        import_deliver(t.import, &t.texts, NULL);
        return;
    }
    import_texts_release(&t.texts);
    import_trouble(t.import, &t.err);
}

/* The folder may be another one by now. */
static void on_interval(void *arg)
{
    struct import *import = arg;
    (void)be_told(import, import->cell->args->data);
    on_tick(import);
}

static void watch_files(struct import *import, const void *data)
{
    const struct import_file_args *args = data;
    struct import_files *files = import->state;
    struct loop *loop = import->graph->options.control;
    look(args, files->seen);
    if (!files->timer) {
        files->timer = loop_timer_new(loop, on_interval, import);
        files->soon = loop_timer_new(loop, on_tick, import);
    }
    bool told = be_told(import, args);
    int64_t every = args->poll_frequency.ns;
    if (args->detector != DETECTOR_POLL && !told)
        every = UNTOLD_NS;
    if (every > 0)
        loop_timer_start(files->timer, every, every);
    else
        loop_timer_stop(files->timer);
}

static void stop_files(struct import *import)
{
    struct import_files *files = import->state;
    unwatch(files);
    loop_timer_close(files->timer);
    loop_timer_close(files->soon);
}

const struct import_source import_file = {.name = "import.file",
                                          .size = sizeof(struct import_files),
                                          .fetch = fetch_files,
                                          .watch = watch_files,
                                          .stop = stop_files};
