/* local.file: exports the content of a file and follows its changes. Owns a timer and what the file
 * was when it was last read. The file is bounded by CONTENT_MAX. Changes are found by looking at
 * the file's status: when the kernel tells of its folder and every second for the detector
 * fsnotify, at poll_frequency for poll. */
#include "base/file.h"
#include "base/world.h"
#include "runtime/component.h"

#include <fcntl.h>

enum { CONTENT_MAX = 64 * 1024 * 1024, PATH_MAX_BYTES = 4096 };
static const int64_t WATCH_NS = 1000000000;
/* From the kernel's word to a look: a writer may be between emptying the file and filling it. */
static const int64_t SOON_NS = 10000000;

enum detector { DETECTOR_FSNOTIFY, DETECTOR_POLL };
static const char *const detectors[] = {"fsnotify", "poll", NULL};

static enum status check_detector(struct str text, struct error *err)
{
    if (str_is(text, detectors[DETECTOR_FSNOTIFY]) || str_is(text, detectors[DETECTOR_POLL]))
        return STATUS_OK;
    return error_set(err, STATUS_INVALID,
                     "unrecognized detector \"%.*s\", expected fsnotify or poll", STR_ARG(text));
}

struct args {
    struct str filename;
    enum detector detector;
    struct duration poll_frequency;
    bool is_secret;
};

struct exports {
    struct optional_secret content;
};

static const struct row rows[] = {
    {ATTR(struct args, filename), .required = true, .doc = "File to read."},
    {CHOICE(struct args, detector, detectors), .def = "\"fsnotify\"", .check = check_detector,
     .doc = "How changes are found."},
    {ATTR(struct args, poll_frequency), .def = "\"1m0s\"",
     .doc = "Time between two looks at the file with the detector poll."},
    {ATTR(struct args, is_secret), .doc = "Whether the content is a secret."},
    {0},
};

static enum status check_frequency(const struct args *args, struct error *err)
{
    return args->poll_frequency.ns > 0
               ? STATUS_OK
               : error_set(err, STATUS_INVALID, "poll_frequency must be greater than 0");
}

static enum status vet_args(void *args, struct arena *arena, struct error *err)
{
    (void)arena;
    return check_frequency(args, err);
}

static const struct shape args_shape = {
    .name = "local.file", .rows = rows, .size = sizeof(struct args), .vet = vet_args};

static const struct row export_rows[] = {
    {ATTR(struct exports, content), .doc = "Content of the file."},
    {0},
};
static const struct shape exports_shape = {
    .name = "exports", .rows = export_rows, .size = sizeof(struct exports)};

struct file {
    struct component_host *host;
    const struct args *args;
    struct loop_timer *timer;
    struct loop_watch *watch; /* of the file's folder; NULL = the timer alone finds changes */
    struct loop_timer *soon;  /* a look, once what happens there has gone on for a moment */
    struct stat last;
    bool is_missing; /* the last look or read failed */
    struct self_metric *accessed;
};

static bool path_of(const struct args *args, char out[PATH_MAX_BYTES])
{
    if (args->filename.len >= PATH_MAX_BYTES) {
        return false;
    }
    memcpy(out, args->filename.ptr, args->filename.len);
    out[args->filename.len] = '\0';
    return args->filename.len > 0;
}

static enum status read_file(struct file *f, const struct args *args, struct error *err)
{
    char path[PATH_MAX_BYTES] = "";
    struct buf content;
    struct stat st = {0};
    buf_init(&content, NULL, CONTENT_MAX);
    if (path_of(args, path) || args->filename.len == 0) {
        (void)world_stat(AT_FDCWD, path, 0, &st);
        (void)file_read(AT_FDCWD, path, &content, err);
    } else {
        error_set(err, STATUS_LIMIT, "open %.*s: file name too long", STR_ARG(args->filename));
    }
    f->is_missing = err->status != STATUS_OK;
    if (!f->is_missing) {
        f->last = st;
        self_set(f->accessed, (double)world_wall_ns() / 1e9);
        const struct exports exports = {{buf_view(&content), args->is_secret}};
        host_export(f->host, &exports);
        host_health(f->host, HEALTH_HEALTHY, "read file");
    }
    buf_release(&content);
    return err->status;
}

static bool has_changed(const struct file *f)
{
    char path[PATH_MAX_BYTES];
    struct stat st = {0};
    if (!path_of(f->args, path)) {
        return false;
    }
    bool is_there = world_stat(AT_FDCWD, path, 0, &st) >= 0;
    if (!is_there || f->is_missing) {
        return is_there == f->is_missing; /* it went or it came */
    }
    return st.st_mtim.tv_sec != f->last.st_mtim.tv_sec ||
           st.st_mtim.tv_nsec != f->last.st_mtim.tv_nsec || st.st_size != f->last.st_size ||
           st.st_ino != f->last.st_ino || st.st_dev != f->last.st_dev;
}

static void look(void *arg)
{
    struct file *f = arg;
    struct error err = {0};
    if (!has_changed(f) || read_file(f, f->args, &err) == STATUS_OK) {
        return;
    }
    char message[sizeof(err.message) + 32];
    (void)snprintf(message, sizeof(message), "failed to read file: %s", err.message);
    host_health(f->host, HEALTH_UNHEALTHY, message);
    LOG(host_log(f->host), LOG_ERROR, "failed to read file", LOG_S("path", f->args->filename),
        LOG_C("err", err.message));
}

static enum status use_args(struct file *f, const struct args *args, struct error *err)
{
    if (check_frequency(args, err) != STATUS_OK) {
        return err->status;
    }
    if (read_file(f, args, err) != STATUS_OK) {
        return error_prefix(err, "failed to read file: ");
    }
    f->args = args;
    return STATUS_OK;
}

static enum status build(void *self, struct component_host *host, const void *args,
                         struct error *err)
{
    struct file *f = self;
    f->host = host;
    f->accessed = self_metric(host_metrics(host), SELF_GAUGE,
                              "local_file_timestamp_last_accessed_unix_seconds",
                              "The last successful access in unix seconds", NULL, 0);
    return use_args(f, args, err);
}

static void look_soon(void *arg)
{
    struct file *f = arg;
    if (!loop_timer_active(f->soon)) {
        loop_timer_start(f->soon, SOON_NS, 0);
    }
}

static void end_watch(struct file *f)
{
    loop_watch_close(f->watch);
    loop_timer_close(f->soon);
    f->watch = NULL;
    f->soon = NULL;
}

static void watch_folder(struct file *f)
{
    char path[PATH_MAX_BYTES];
    end_watch(f);
    if (f->args->detector == DETECTOR_POLL || !path_of(f->args, path)) {
        return;
    }
    char *slash = strrchr(path, '/');
    if (slash) {
        slash[slash == path ? 1 : 0] = '\0';
    }
    f->soon = loop_timer_new(host_loop(f->host), look, f);
    f->watch = loop_watch_new(host_loop(f->host), slash ? path : ".", look_soon, f);
}

static void start(void *self)
{
    struct file *f = self;
    watch_folder(f);
    int64_t every = f->args->detector == DETECTOR_POLL ? f->args->poll_frequency.ns : WATCH_NS;
    f->timer = f->timer ? f->timer : loop_timer_new(host_loop(f->host), look, f);
    loop_timer_start(f->timer, every, every);
}

static enum status update(void *self, const void *args, const void *old_args, struct error *err)
{
    (void)old_args;
    struct file *f = self;
    enum status status = use_args(f, args, err);
    if (status == STATUS_OK && f->timer) {
        start(f);
    }
    return status;
}

static void stop(void *self)
{
    struct file *f = self;
    end_watch(f);
    loop_timer_close(f->timer);
    f->timer = NULL;
    host_stopped(f->host);
}

static void release(void *self)
{
    struct file *f = self;
    end_watch(f);
    loop_timer_close(f->timer);
}

const struct component_def local_file = {
    .name = "local.file",
    .summary = "Exports the content of a file and follows its changes.",
    .stability = STABILITY_GA,
    .args = &args_shape,
    .exports = &exports_shape,
    .size = sizeof(struct file),
    .build = build,
    .start = start,
    .update = update,
    .stop = stop,
    .release = release,
};
