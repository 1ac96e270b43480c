#ifndef RUNTIME_SERVER_RELOAD_H
#define RUNTIME_SERVER_RELOAD_H

/* Loading the configuration, whoever asks: the start, SIGHUP, /-/reload. Requests that come while
 * the last load is still stopping components wait for it. Keeps the alloy_config_* metrics. On the
 * control loop. */

#include "runtime/graph/graph.h"

enum { RELOADS_WAITING_MAX = 64 };

struct reloader;

struct reloader_options {
    struct graph *graph;
    const char *path; /* copied */
    struct self_registry *metrics;
    struct log_sink *log;
    struct loop *watch; /* the loop on which the file or folder is watched; NULL = it is not */
};

struct reloader *reloader_new(const struct reloader_options *options);
void reloader_free(struct reloader *reloader);
void reloader_unwatch(struct reloader *reloader); /* the program is about to end */

/* The first load. False: nothing is to be started, and `report` holds what to print: rendered
 * diagnostics and the reason, as Alloy prints them on standard error. */
bool reloader_first(struct reloader *reloader, struct buf *report, bool *has_diagnostics);
/* done(arg, ok, text) once, perhaps at once, with the body of the HTTP answer; NULL = not wanted.
 * STATUS_UNAVAILABLE when too many wait. */
typedef void reload_done_fn(void *arg, bool ok, struct str text);
enum status reloader_request(struct reloader *reloader, reload_done_fn *done, void *arg);
/* The same; the text is a JSON object: status ("ok", "error"), message and, where the new
 * configuration took the old one's place, the ids of the components that were added, changed,
 * removed and kept. */
enum status reloader_request_json(struct reloader *reloader, reload_done_fn *done, void *arg);

#endif
