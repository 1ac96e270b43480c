#ifndef RUNTIME_COMPONENT_H
#define RUNTIME_COMPONENT_H

/* The contract between the runtime and a component. A component is one file under components/, one
 * const struct component_def, one line in components/registry.def. It sees the world only through
 * its host.
 *
 * Life (SEMANTICS §12): build once per node, when its block is first evaluated: check what decoding
 * could not, publish first exports, open nothing that needs the loop to run. start when the
 * configuration that contains it was accepted. update on the living instance when the decoded
 * arguments changed (never when they are equal). stop asks it to end: it closes its timers, streams
 * and calls, gives up or stores what it holds, then says host_stopped once; only then it is
 * released. An instance that was built and never started is stopped and released too.
 *
 * Threads: build, start, update, stop, release, debug_info and http run on the component's data
 * loop, so that a component never locks; build of a first load runs before the loop's thread does.
 * Arguments stay valid until the update that replaces them has returned, or the component was
 * released; after update(new, old) nothing may point into old.
 *
 * Memory: self is zeroed and `size` bytes large. build and update run inside a memory scope. If
 * memory fails in it, or the call returns an error, everything allocated in the scope is gone and
 * its guards have run: there is nothing to clean up before `return error_set(…)`, and release is
 * not called for a failed build (the next build finds self zeroed again). Keep changes of self for
 * the last step of update. */

#include "base/log.h"
#include "compiler/schema.h"
#include "compiler/stability.h"
#include "runtime/loop/loop.h"
#include "runtime/net/http_server.h"
#include "runtime/telemetry/labels.h"
#include "runtime/telemetry/self_metrics.h"
#include "runtime/telemetry/sink.h"

enum health { HEALTH_HEALTHY, HEALTH_UNKNOWN, HEALTH_UNHEALTHY, HEALTH_EXITED };

struct component_host;

struct component_def {
    const char *name;
    const char *summary; /* one sentence for docs */
    enum stability stability;
    bool community;
    const struct shape *args;
    const struct shape *exports; /* NULL = none */
    size_t size;                 /* of the instance */
    enum status (*build)(void *self, struct component_host *host, const void *args,
                         struct error *err);
    /* Any of the following may be NULL. */
    void (*start)(void *self);
    enum status (*update)(void *self, const void *args, const void *old_args, struct error *err);
    void (*stop)(void *self);    /* NULL: host_stopped at once */
    void (*release)(void *self); /* frees what self owns; after host_stopped */
    /* The component page's debug info: writes the members of an object (json_key, then a value). A
     * member that is a list of objects is shown as blocks of that name. */
    void (*debug_info)(void *self, struct json_writer *w);
    /* Requests below /api/v0/component/ID/; `rest` is the path behind it ("metrics"). On the data
     * loop. */
    void (*http)(void *self, struct http_exchange *exchange, struct str rest);
};

/* All components of the product, ends with NULL (components/registry.c). The runtime gets it from
 * cli/. */
extern const struct component_def *const component_registry[];

/* ---- what a host offers; valid from build to host_stopped ---- */
struct loop *host_loop(struct component_host *host);
const struct log *host_log(struct component_host *host);
struct label_table *host_labels(struct component_host *host);
struct self_group *host_metrics(struct component_host *host);
struct mem_owner *host_memory(struct component_host *host);
/* "prometheus.scrape.default", and with module path: "d.one/prometheus.scrape.default". */
struct str host_local_id(struct component_host *host);
struct str host_global_id(struct component_host *host);
struct str host_label(struct component_host *host);
/* Folder for this component below --storage.path, not yet made:
 * "<storage>/prometheus.remote_write.default". */
struct str host_data_path(struct component_host *host);
enum stability host_min_stability(struct component_host *host);
/* Address targets use to reach this component's HTTP handler in-process, and its path prefix:
 * "alloy.internal:12345", "/api/v0/component/prometheus.exporter.unix.default/". */
struct str host_internal_address(struct component_host *host);
struct str host_http_path(struct component_host *host);
/* Clients made by components call this after http_client_new, so that internal addresses work. */
void host_connect_internal(struct component_host *host, struct http_client *client);
/* The runtime's registry for /metrics and prometheus.exporter.self. */
struct self_registry *host_self_registry(struct component_host *host);

/* Publishes exports: args as decoded by def->exports' shape. Compared with the last ones; equal
 * ones stop here. Borrowed: texts and values are copied or referenced. */
void host_export(struct component_host *host, const void *exports);
/* The component's own health, combined with the runtime's (least healthy wins). `message` is
 * copied. */
void host_health(struct component_host *host, enum health health, const char *message);
void host_stopped(struct component_host *host);

/* Rates on edges and live debugging: items that left the component. Cheap. */
void host_count_out(struct component_host *host, size_t items);

#endif
