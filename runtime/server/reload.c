/* See reload.h. The queue is bounded by RELOADS_WAITING_MAX. */

#include "runtime/server/reload.h"

#include "base/world.h"

#include <malloc.h>
#include <stdio.h>

struct waiting {
    reload_done_fn *done;
    void *arg;
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
};

static void run_waiting(void *arg);

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
    return r;
}

void reloader_free(struct reloader *r)
{
    if (!r)
        return;
    graph_on_settled(r->options.graph, NULL, NULL);
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
    diags_render(&excerpts, diags, (struct diag_style){0});
    LOG(&r->log, LOG_ERROR, "failed to reload config", LOG_S("err", buf_view(text)),
        LOG_S("diagnostics", buf_view(&excerpts)));
    buf_release(&excerpts);
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
    if (*ok) {
        buf_cstr(text, "config reloaded");
        LOG_PLAIN(&r->log, LOG_INFO, "config reloaded");
    } else {
        word_reload(r, outcome, &diags, &err, text);
    }
    buf_byte(text, '\n');
    diags_release(&diags);
    count_load(r, *ok);
    return true;
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
                waiting[i].done(waiting[i].arg, ok, buf_view(&text));
        }
    } else {
        memcpy(r->waiting, waiting, count * sizeof(waiting[0]));
        r->count = count;
    }
    buf_release(&text);
    (void)malloc_trim(0); /* the old configuration is gone */
}

enum status reloader_request(struct reloader *r, reload_done_fn *done, void *arg)
{
    if (r->count == RELOADS_WAITING_MAX)
        return STATUS_UNAVAILABLE;
    r->waiting[r->count++] = (struct waiting){done, arg};
    run_waiting(r);
    return STATUS_OK;
}
