/* loki.source.file: reads files line by line as they grow.
 *
 * The component holds a tailer (file/tailer.h) per path and label set, and one timer for all of
 * them. What has been read is remembered below its data folder (runtime/storage/positions.h).
 * Bounded by its targets, and by FILE_FLYING_MAX bytes that wait for acknowledgements. */

#include "base/map.h"
#include "base/world.h"
#include "components/loki/source/file/tailer.h"
#include "components/loki/source/file/targets.h"

#include <errno.h>
#include <fcntl.h>

enum { TARGETS_MAX_BYTES = 1024 * 1024 * 1024 };
static const int64_t LEAST_POLL_NS = 10000000;
static const int64_t REOPEN_NS = 5000000000;

/* ---- schema ---- */
struct decompression {
    bool enabled;
    struct duration initial_delay;
    struct str format;
};

struct file_watch {
    struct duration min_poll_frequency, max_poll_frequency;
};

struct args {
    struct target_list targets;
    struct capsule_list forward_to;
    struct str encoding;
    bool tail_from_end;
    enum on_error on_positions_file_error;
    struct decompression decompression;
    struct file_watch file_watch;
    struct file_match file_match;
    enum text_encoding text; /* from encoding */
};

static const struct row decompression_rows[] = {
    {ATTR(struct decompression, enabled), .required = true,
     .doc = "Whether the files are compressed."},
    {ATTR(struct decompression, initial_delay), .def = "\"0s\"",
     .doc = "Time to wait before a file is read."},
    {ATTR(struct decompression, format), .required = true, .doc = "How they are: gz or z."},
    {0},
};

static enum status check_decompression(void *args, struct arena *arena, struct error *err)
{
    const struct decompression *d = args;
    (void)arena;
    if (str_is(d->format, "gz") || str_is(d->format, "z"))
        return STATUS_OK;
    if (str_is(d->format, "bz2")) {
        return error_set(err, STATUS_UNSUPPORTED,
                         "compression format \"bz2\" is not supported by invar yet: it reads gz "
                         "and z");
    }
    return error_set(err, STATUS_INVALID,
                     "unsupported compression format: \"%.*s\" - please use one of \"gz, z, bz2\"",
                     STR_ARG(d->format));
}

static const struct shape decompression_shape =
    SHAPE(struct decompression, decompression_rows, check_decompression);

static const struct row watch_rows[] = {
    {ATTR(struct file_watch, min_poll_frequency), .def = "\"250ms\"",
     .doc = "Time between two looks at a file that grows."},
    {ATTR(struct file_watch, max_poll_frequency), .def = "\"250ms\"",
     .doc = "Time between two looks at a file that rests."},
    {0},
};
static const struct shape watch_shape = SHAPE(struct file_watch, watch_rows, NULL);

static const struct row match_rows[] = {
    {ATTR(struct file_match, enabled), .def = "false",
     .doc = "Whether __path__ is a pattern, and __path_exclude__ one of what to leave out."},
    {ATTR(struct file_match, sync_period), .def = "\"10s\"",
     .doc = "Time between two looks for new files."},
    {ATTR(struct file_match, ignore_older_than), .def = "\"0s\"",
     .doc = "Files that were not changed for longer are left out, 0 for none."},
    {0},
};

static enum status check_match(void *args, struct arena *arena, struct error *err)
{
    const struct file_match *m = args;
    (void)arena;
    return m->sync_period.ns > 0
               ? STATUS_OK
               : error_set(err, STATUS_INVALID, "sync period must be greater than 0");
}

static const struct shape match_shape = SHAPE(struct file_match, match_rows, check_match);

static const char *const on_error_names[] = {"restart_from_beginning", "restart_from_end", "skip",
                                             NULL};

static const struct row rows[] = {
    {ATTR(struct args, targets), .required = true,
     .doc = "Files to read, each by its label __path__."},
    {ATTR(struct args, forward_to), .required = true, .capsule = &capsule_logs,
     .doc = "Receivers of the lines."},
    {ATTR(struct args, encoding), .def = "\"\"", .doc = "Name of the files' encoding."},
    {ATTR(struct args, tail_from_end), .def = "false",
     .doc = "Whether a file that was never read is read from its end on."},
    {REFUSED("legacy_positions_file", "positions of promtail and the static mode are not read.")},
    {CHOICE(struct args, on_positions_file_error, on_error_names),
     .def = "\"restart_from_beginning\"",
     .doc = "Where to begin with a file when its position is damaged."},
    {BLOCK(struct args, decompression, decompression_shape), .doc = "Reads compressed files."},
    {BLOCK(struct args, file_watch, watch_shape), .present_default = true,
     .doc = "How often files are looked at."},
    {BLOCK(struct args, file_match, match_shape), .present_default = true,
     .doc = "Finds files by patterns."},
    {0},
};

static enum status check_args(void *args, struct arena *arena, struct error *err)
{
    struct args *a = args;
    (void)arena;
    return text_encoding_parse(a->encoding, &a->text, err);
}

static const struct shape args_shape = SHAPE(struct args, rows, check_args);

/* ---- the component ---- */
struct source {
    struct tail_source shared; /* must be first */
    const struct args *args;
    struct loop_timer *timer; /* the tailers' */
    struct loop_timer *sync;  /* file_match's, or to open the positions again */
    struct map tailers;       /* by path and labels */
    bool working;             /* tailers are being stepped */
    bool cleaned;             /* positions of files that are gone were dropped */
};

static int64_t now_of(const struct source *s)
{
    return loop_now_ns(host_loop(s->shared.host));
}

static struct tail_settings settings_of(const struct args *a)
{
    int64_t least = a->file_watch.min_poll_frequency.ns, most = a->file_watch.max_poll_frequency.ns;
    least = least < most ? least : most;
    return (struct tail_settings){
        .encoding = a->text,
        .from_end = a->tail_from_end,
        .is_gzip = a->decompression.enabled && str_is(a->decompression.format, "gz"),
        .is_zlib = a->decompression.enabled && str_is(a->decompression.format, "z"),
        .on_error = a->on_positions_file_error,
        .initial_delay_ns = a->decompression.enabled ? a->decompression.initial_delay.ns : 0,
        .min_poll_ns = least < LEAST_POLL_NS ? LEAST_POLL_NS : least,
        .max_poll_ns = most < LEAST_POLL_NS ? LEAST_POLL_NS : most,
    };
}

/* ---- stepping ---- */
static void remove_at(struct source *s, size_t index)
{
    struct tailer *t = s->tailers.entries[index].value;
    map_remove(&s->tailers, s->tailers.entries[index].key);
    tailer_free(t);
}

static void stop_if_done(struct source *s)
{
    for (size_t i = s->tailers.len; i-- > 0;) {
        if (tailer_can_stop(s->tailers.entries[i].value))
            remove_at(s, i);
    }
    if (s->tailers.len != 0)
        return;
    positions_close(s->shared.positions);
    s->shared.positions = NULL;
    host_stopped(s->shared.host);
}

static void wake(struct source *s)
{
    int64_t next = INT64_MAX;
    MAP_EACH(&s->tailers, entry)
    {
        const struct tailer *t = entry->value;
        bool waits = (t->batch != NULL && !t->again) || (t->ended && !t->leaving);
        if (!waits && t->due_ns < next)
            next = t->due_ns;
    }
    if (next == INT64_MAX)
        return;
    int64_t delay = next - now_of(s);
    loop_timer_start(s->timer, delay > 0 ? delay : 0, 0);
}

static void work(void *arg)
{
    struct source *s = arg;
    int64_t now = now_of(s);
    s->working = true;
    for (size_t i = s->tailers.len; i-- > 0;) {
        struct tailer *t = s->tailers.entries[i].value;
        if (t->due_ns <= now)
            tailer_step(t, now);
        if (t->leaving && t->ended && t->batch == NULL)
            remove_at(s, i);
    }
    s->working = false;
    wake(s);
}

static void woken(struct tail_source *shared)
{
    struct source *s = (struct source *)shared;
    if (s->shared.stopping)
        stop_if_done(s);
    else if (!s->working)
        loop_timer_start(s->timer, 0, 0);
}

/* ---- targets ---- */
static struct str tailer_key(struct arena *arena, struct str path, struct str labels)
{
    char *text = arena_alloc(arena, path.len + labels.len + 1);
    memcpy(text, path.ptr, path.len);
    text[path.len] = '\0';
    memcpy(text + path.len + 1, labels.ptr, labels.len);
    return str_of(text, path.len + labels.len + 1);
}

static void want(struct source *s, const struct file_target *target, struct arena *arena)
{
    struct component_host *host = s->shared.host;
    struct error err = {0};
    struct buf text;
    struct labels *plain = file_target_labels(target, host_labels(host), false, &err);
    struct labels *labels =
        plain != NULL ? file_target_labels(target, host_labels(host), true, &err) : NULL;
    buf_init(&text, host_memory(host), LABELS_MAX_BYTES * 4);
    if (labels != NULL)
        labels_print(&text, plain);
    labels_unref(plain);
    struct str key = tailer_key(arena, target->path, buf_view(&text));
    struct tailer *t = labels != NULL ? map_get(&s->tailers, key) : NULL;
    if (t != NULL) {
        labels_unref(labels);
    } else if (labels != NULL && target->path.len != 0) {
        t = tailer_new(&s->shared, target->path, buf_view(&text), labels);
        map_put(&s->tailers, key, t);
    } else {
        LOG(host_log(host), LOG_ERROR, "failed to tail file", LOG_S("path", target->path),
            LOG_C("err", err.message));
        labels_unref(labels);
    }
    if (t != NULL) {
        t->listed = true;
        t->ended = t->ended && !t->leaving;
        t->leaving = false;
    }
    buf_release(&text);
}

struct cleaning {
    const struct file_targets *targets;
};

/* Whether the path is a target, or its file is still there. */
static bool is_alive(void *arg, const struct position_key *key, struct position position)
{
    const struct cleaning *c = arg;
    char path[4096];
    struct stat st;
    (void)position;
    for (size_t i = 0; i < c->targets->count; i++) {
        if (str_eq(c->targets->items[i].path, key->path))
            return true;
    }
    if (key->path.len >= sizeof path)
        return false;
    memcpy(path, key->path.ptr, key->path.len);
    path[key->path.len] = '\0';
    return world_stat(AT_FDCWD, path, 0, &st) != -ENOENT;
}

static void compare(struct source *s)
{
    struct arena arena;
    struct file_targets targets;
    arena_init(&arena, NULL, TARGETS_MAX_BYTES);
    file_targets_find(&s->args->targets, &s->args->file_match, &arena, host_log(s->shared.host),
                      &targets);
    MAP_EACH(&s->tailers, entry)
    {
        ((struct tailer *)entry->value)->listed = false;
    }
    for (size_t i = 0; i < targets.count; i++)
        want(s, &targets.items[i], &arena);
    MAP_EACH(&s->tailers, entry)
    {
        struct tailer *t = entry->value;
        t->leaving = !t->listed;
        t->due_ns = t->leaving && !t->again ? 0 : t->due_ns;
    }
    if (!s->cleaned) {
        struct cleaning cleaning = {&targets};
        positions_filter(s->shared.positions, is_alive, &cleaning);
    }
    s->cleaned = true;
    arena_release(&arena);
    if (!s->working)
        loop_timer_start(s->timer, 0, 0);
}

static void run(struct source *s);

static void sync_due(void *arg)
{
    run(arg);
}

/* Opens the positions if need be, and compares targets. */
static void run(struct source *s)
{
    struct error err = {0};
    struct component_host *host = s->shared.host;
    if (s->shared.stopping)
        return;
    if (s->shared.positions == NULL) {
        char *folder = mem_strdup(NULL, host_data_path(host).ptr, host_data_path(host).len);
        enum status status =
            positions_open(host_loop(host), folder, host_log(host), &s->shared.positions, &err);
        mem_free(folder);
        if (status != STATUS_OK) {
            LOG(host_log(host), LOG_ERROR, "failed to open positions", LOG_C("err", err.message));
            host_health(host, HEALTH_UNHEALTHY, err.message);
            loop_timer_start(s->sync, REOPEN_NS, 0);
            return;
        }
        host_health(host, HEALTH_HEALTHY, "");
    }
    compare(s);
    if (s->args->file_match.enabled)
        loop_timer_start(s->sync, s->args->file_match.sync_period.ns, 0);
    else
        loop_timer_stop(s->sync);
}

/* ---- life ---- */
static enum status build(void *self, struct component_host *host, const void *args,
                         struct error *err)
{
    struct source *s = self;
    (void)err;
    s->shared.host = host;
    s->shared.woken = woken;
    s->args = args;
    s->shared.settings = settings_of(s->args);
    map_init(&s->tailers, host_memory(host));
    fanout_init(&s->shared.next);
    fanout_set(&s->shared.next, &s->args->forward_to);
    s->shared.active =
        self_metric(host_metrics(host), SELF_GAUGE, "loki_source_file_files_active_total",
                    "Number of active files.", NULL, 0);
    return STATUS_OK;
}

static void start(void *self)
{
    struct source *s = self;
    s->timer = loop_timer_new(host_loop(s->shared.host), work, s);
    s->sync = loop_timer_new(host_loop(s->shared.host), sync_due, s);
    run(s);
}

static bool read_alike(const struct tail_settings *a, const struct tail_settings *b)
{
    return a->encoding == b->encoding && a->is_gzip == b->is_gzip && a->is_zlib == b->is_zlib;
}

static enum status update(void *self, const void *args, const void *old_args, struct error *err)
{
    struct source *s = self;
    (void)old_args;
    (void)err;
    struct args const *a = args;
    struct tail_settings settings = settings_of(a);
    bool alike = read_alike(&settings, &s->shared.settings);
    fanout_set(&s->shared.next, &a->forward_to);
    s->args = a;
    s->shared.settings = settings;
    MAP_EACH(&s->tailers, entry)
    {
        struct tailer *t = entry->value;
        t->reopen = t->reopen || !alike;
        t->ended = t->ended && alike;
    }
    /* Tailers are made outside the update's memory scope. */
    if (s->timer != NULL)
        loop_timer_start(s->sync, 0, 0);
    return STATUS_OK;
}

static void stop(void *self)
{
    struct source *s = self;
    s->shared.stopping = true;
    if (s->timer != NULL) {
        loop_timer_stop(s->timer);
        loop_timer_stop(s->sync);
    }
    stop_if_done(s);
}

static void release(void *self)
{
    struct source *s = self;
    while (s->tailers.len != 0)
        remove_at(s, s->tailers.len - 1);
    map_release(&s->tailers);
    positions_close(s->shared.positions);
    loop_timer_close(s->timer);
    loop_timer_close(s->sync);
    fanout_release(&s->shared.next);
}

static void debug_info(void *self, struct json_writer *w)
{
    const struct source *s = self;
    json_key(w, STR("targets_info"));
    json_array(w);
    MAP_EACH(&s->tailers, entry)
    {
        const struct tailer *t = entry->value;
        json_object(w);
        json_key(w, STR("path"));
        json_string(w, str_from(t->path));
        json_key(w, STR("labels"));
        json_string(w, str_from(t->key));
        json_key(w, STR("is_running"));
        json_bool(w, t->file.fd >= 0);
        json_key(w, STR("read_offset"));
        json_i64(w, t->position);
        json_object_end(w);
    }
    json_array_end(w);
}

const struct component_def loki_source_file = {
    .name = "loki.source.file",
    .summary = "Reads log entries from files as they grow.",
    .stability = STABILITY_GA,
    .args = &args_shape,
    .size = sizeof(struct source),
    .build = build,
    .start = start,
    .update = update,
    .stop = stop,
    .release = release,
    .debug_info = debug_info,
};
