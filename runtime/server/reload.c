/* See reload.h. The queue is bounded by RELOADS_WAITING_MAX. */

#include "runtime/server/reload.h"

#include "base/world.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/stat.h>

struct waiting {
    reload_done_fn *done;
    void *arg;
    bool json;
};

struct reloader {
    struct reloader_options options;
    struct log log;
    struct self_group *group;
    struct self_group *hash; /* dropped and made anew with each hash */
    struct self_metric *successful;
    struct self_metric *success_time;
    struct self_metric *failures;
    struct waiting waiting[RELOADS_WAITING_MAX];
    unsigned count;
    bool applied; /* the last reload took the place of the configuration before */
    struct loop_watch *watch;
    struct loop_timer *soon; /* a reload, when what happens in the folder has stopped */
};

static void run_waiting(void *arg);

/* ---- watching ---- */

static const int64_t QUIET_NS = 200000000;

static void reload_soon(void *arg)
{
    struct reloader *r = arg;
    loop_timer_start(r->soon, QUIET_NS, 0);
}

struct hashing {
    const struct reloader *r;
    unsigned char sha256[32];
    bool ok;
};

static void hash_work(void *arg)
{
    struct hashing *h = arg;
    struct program_text text;
    struct diags diags;
    struct error err;
    diags_init(&diags);
    h->ok = program_read(h->r->options.path, &text, &diags, &err) == STATUS_OK;
    if (h->ok) {
        memcpy(h->sha256, text.sha256, sizeof(h->sha256));
        program_text_release(&text);
    }
    diags_release(&diags);
}

/* A folder also sees changes of files that are none of ours: texts that are known already are no
 * reason for a load. */
static void reload_changed(void *arg)
{
    struct reloader *r = arg;
    unsigned char live[32];
    struct hashing h = {.r = r};
    bool is_known = graph_config_hash(r->options.graph, live) && mem_scope_run(hash_work, &h) &&
                    h.ok && memcmp(live, h.sha256, sizeof(live)) == 0;
    if (!is_known)
        (void)reloader_request(r, NULL, NULL);
}

static void watch(struct reloader *r)
{
    char folder[4096];
    struct stat info;
    int len = snprintf(folder, sizeof(folder), "%s", r->options.path);
    if (len <= 0 || (size_t)len >= sizeof(folder))
        return;
    bool is_folder = world_stat(AT_FDCWD, folder, 0, &info) >= 0 && S_ISDIR(info.st_mode);
    char *slash = strrchr(folder, '/');
    if (!is_folder && slash)
        slash[slash == folder ? 1 : 0] = '\0';
    else if (!is_folder)
        (void)snprintf(folder, sizeof(folder), ".");
    r->soon = loop_timer_new(r->options.watch, reload_changed, r);
    r->watch = loop_watch_new(r->options.watch, folder, reload_soon, r);
    if (!r->watch)
        LOG(&r->log, LOG_ERROR, "the configuration cannot be watched", LOG_C("path", folder));
}

struct reloader *reloader_new(const struct reloader_options *options)
{
    struct reloader *r = mem_zalloc(NULL, sizeof(*r));
    r->options = *options;
    r->options.path = mem_strdup(NULL, options->path, strlen(options->path));
    r->log.sink = options->log;
    r->group = self_group_new(options->metrics, STR_NONE, STR_NONE);
    r->successful = self_metric(r->group, SELF_GAUGE, "alloy_config_last_load_successful",
                                "Config loaded successfully.", NULL, 0);
    r->success_time =
        self_metric(r->group, SELF_GAUGE, "alloy_config_last_load_success_timestamp_seconds",
                    "Timestamp of the last successful configuration load.", NULL, 0);
    r->failures = self_metric(r->group, SELF_COUNTER, "alloy_config_load_failures_total",
                              "Configuration load failures.", NULL, 0);
    graph_on_settled(options->graph, run_waiting, r);
    if (options->watch)
        watch(r);
    return r;
}

void reloader_unwatch(struct reloader *r)
{
    loop_watch_close(r->watch);
    loop_timer_close(r->soon);
    r->watch = NULL;
    r->soon = NULL;
}

void reloader_free(struct reloader *r)
{
    if (!r)
        return;
    graph_on_settled(r->options.graph, NULL, NULL);
    reloader_unwatch(r);
    self_group_free(r->hash);
    self_group_free(r->group);
    mem_free((char *)(uintptr_t)r->options.path);
    mem_free(r);
}

static void count_load(struct reloader *r, bool ok)
{
    self_set(r->successful, ok);
    if (!ok) {
        self_inc(r->failures);
        return;
    }
    self_set(r->success_time, (double)world_wall_ns() / 1e9);
    unsigned char sha[32];
    if (!graph_config_hash(r->options.graph, sha))
        return;
    char hex[65];
    for (size_t i = 0; i < sizeof(sha); i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", sha[i]);
    self_group_free(r->hash);
    r->hash = self_group_new(r->options.metrics, STR_NONE, STR_NONE);
    struct label label = {STR("sha256"), str_of(hex, 64)};
    self_set(self_metric(r->hash, SELF_GAUGE, "alloy_config_hash",
                         "Hash of the currently active config file.", &label, 1),
             1);
}

/* ---- the first load ---- */

static void report_first(struct reloader *r, enum graph_outcome outcome, const struct diags *diags,
                         const struct error *err, struct buf *report)
{
    diags_render(report, diags, (struct diag_style){0});
    if (outcome == GRAPH_UNREAD && err->status != STATUS_OK && !diags->errors)
        buf_printf(report, "Error: reading config path \"%s\": %s\n", r->options.path,
                   err->message);
    else
        buf_cstr(report, "Error: could not perform the initial load successfully\n");
}

bool reloader_first(struct reloader *r, struct buf *report, bool *has_diagnostics)
{
    struct diags diags;
    struct error err;
    enum graph_outcome outcome = graph_load(r->options.graph, r->options.path, &diags, &err);
    bool ok = outcome == GRAPH_APPLIED && !diags.errors && err.status == STATUS_OK;
    if (!ok)
        report_first(r, outcome, &diags, &err, report);
    *has_diagnostics = diags.len > 0;
    diags_release(&diags);
    count_load(r, ok);
    return ok;
}

/* ---- later ones ---- */

static void word_reload(struct reloader *r, enum graph_outcome outcome, const struct diags *diags,
                        const struct error *err, struct buf *text)
{
    if (outcome == GRAPH_UNREAD)
        buf_printf(text, "reading config path \"%s\": ", r->options.path);
    else
        buf_cstr(text, "error during the initial load: ");
    if (diags->errors)
        diags_summary(text, diags);
    else
        buf_cstr(text, err->message);
    if (!diags->errors) {
        LOG(&r->log, LOG_ERROR, "failed to reload config", LOG_S("err", buf_view(text)));
        return;
    }
    struct buf excerpts;
    buf_init(&excerpts, NULL, 1 << 16);
    diags_render(&excerpts, diags, (struct diag_style){.hides = true});
    LOG(&r->log, LOG_ERROR, "failed to reload config", LOG_S("err", buf_view(text)),
        LOG_S("diagnostics", buf_view(&excerpts)));
    buf_release(&excerpts);
}

/* ---- what a load did ---- */

enum { CHANGES = LOAD_KEPT + 1, NAMES_SHOWN = 20, REPORT_MAX = 256 * 1024 * 1024 };
static const char *const change_names[CHANGES] = {
    [LOAD_ADDED] = "added",
    [LOAD_CHANGED] = "changed",
    [LOAD_REMOVED] = "removed",
    [LOAD_KEPT] = "kept",
};

/* Counts of each, and the first names of those that changed in some way. */
struct summary {
    uint64_t counts[CHANGES];
    struct buf names[CHANGES];
};

static void add_change(void *arg, enum load_change change, struct str id)
{
    struct summary *sum = arg;
    uint64_t before = sum->counts[change]++;
    if (change == LOAD_KEPT || before > NAMES_SHOWN)
        return;
    if (before)
        buf_cstr(&sum->names[change], ", ");
    buf_str(&sum->names[change], before < NAMES_SHOWN ? id : STR("..."));
}

static void log_reloaded(struct reloader *r)
{
    struct summary sum = {0};
    for (size_t i = 0; i < CHANGES; i++)
        buf_init(&sum.names[i], NULL, 64 * 1024);
    graph_last_load(r->options.graph, add_change, &sum);
    LOG(&r->log, LOG_INFO, "config reloaded", LOG_I("added", sum.counts[LOAD_ADDED]),
        LOG_I("changed", sum.counts[LOAD_CHANGED]), LOG_I("removed", sum.counts[LOAD_REMOVED]),
        LOG_I("kept", sum.counts[LOAD_KEPT]),
        LOG_S("added_components", buf_view(&sum.names[LOAD_ADDED])),
        LOG_S("changed_components", buf_view(&sum.names[LOAD_CHANGED])),
        LOG_S("removed_components", buf_view(&sum.names[LOAD_REMOVED])));
    for (size_t i = 0; i < CHANGES; i++)
        buf_release(&sum.names[i]);
}

struct listing {
    struct json_writer w;
    enum load_change wanted;
};

static void list_change(void *arg, enum load_change change, struct str id)
{
    struct listing *l = arg;
    if (change == l->wanted)
        json_string(&l->w, id);
}

static void write_report(const struct reloader *r, bool ok, struct str text, struct buf *out)
{
    struct listing l;
    json_begin(&l.w, out);
    json_object(&l.w);
    json_key(&l.w, STR("status"));
    json_string(&l.w, ok ? STR("ok") : STR("error"));
    json_key(&l.w, STR("message"));
    json_string(&l.w, text.len ? str_slice(text, 0, text.len - 1) : text);
    for (size_t i = 0; r->applied && i < CHANGES; i++) {
        l.wanted = (enum load_change)i;
        json_key(&l.w, str_from(change_names[i]));
        json_array(&l.w);
        graph_last_load(r->options.graph, list_change, &l);
        json_array_end(&l.w);
    }
    json_object_end(&l.w);
}

/* False: the graph is busy, try again when it has settled. */
static bool reload(struct reloader *r, struct buf *text, bool *ok)
{
    struct diags diags;
    struct error err;
    enum graph_outcome outcome = graph_load(r->options.graph, r->options.path, &diags, &err);
    if (outcome == GRAPH_BUSY) {
        diags_release(&diags);
        return false;
    }
    *ok = outcome == GRAPH_APPLIED && !diags.errors && err.status == STATUS_OK;
    r->applied = outcome == GRAPH_APPLIED;
    if (*ok) {
        buf_cstr(text, "config reloaded");
        log_reloaded(r);
    } else {
        word_reload(r, outcome, &diags, &err, text);
    }
    buf_byte(text, '\n');
    diags_release(&diags);
    count_load(r, *ok);
    return true;
}

static void answer(struct reloader *r, const struct waiting *waiting, bool ok, struct str text)
{
    if (!waiting->json) {
        waiting->done(waiting->arg, ok, text);
        return;
    }
    struct buf json;
    buf_init(&json, NULL, REPORT_MAX);
    write_report(r, ok, text, &json);
    waiting->done(waiting->arg, ok, buf_view(&json));
    buf_release(&json);
}

/* All that wait are answered by one load: it reads the files after they asked
 * (tests/models/reload.pml: every_request_is_answered). */
static void run_waiting(void *arg)
{
    struct reloader *r = arg;
    if (!r->count)
        return;
    struct buf text;
    buf_init(&text, NULL, 1 << 20);
    struct waiting waiting[RELOADS_WAITING_MAX];
    unsigned count = r->count;
    memcpy(waiting, r->waiting, count * sizeof(waiting[0]));
    r->count = 0;
    bool ok;
    if (reload(r, &text, &ok)) {
        for (unsigned i = 0; i < count; i++) {
            if (waiting[i].done)
                answer(r, &waiting[i], ok, buf_view(&text));
        }
    } else {
        memcpy(r->waiting, waiting, count * sizeof(waiting[0]));
        r->count = count;
    }
    buf_release(&text);
    (void)malloc_trim(0); /* the old configuration is gone */
}

static enum status request(struct reloader *r, struct waiting waiting)
{
    if (r->count == RELOADS_WAITING_MAX)
        return STATUS_UNAVAILABLE;
    r->waiting[r->count++] = waiting;
    run_waiting(r);
    return STATUS_OK;
}

enum status reloader_request(struct reloader *r, reload_done_fn *done, void *arg)
{
    return request(r, (struct waiting){.done = done, .arg = arg});
}

enum status reloader_request_json(struct reloader *r, reload_done_fn *done, void *arg)
{
    return request(r, (struct waiting){.done = done, .arg = arg, .json = true});
}
