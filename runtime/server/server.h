#ifndef RUNTIME_SERVER_SERVER_H
#define RUNTIME_SERVER_SERVER_H

/* The HTTP API of the program (SEMANTICS §17) on one address, and the same in-process for
 * "alloy.internal:12345":
 *
 *   /                                  the components, as a page without scripts
 *   /-/ready /-/healthy /-/reload      for supervisors
 *   /metrics                           the program's own metrics
 *   /api/v0/web/components[/ID]        components as JSON
 *   /api/v0/web/modules/ID/components
 *   /api/v0/web/review                 POST: what another configuration would change (review.c)
 *   /api/v0/component/ID/…             a component's own handler, on its data loop
 *
 * On the control loop, but for server_internal. */

#include "runtime/graph/graph.h"
#include "runtime/server/auth.h"
#include "runtime/server/process.h"
#include "runtime/server/reload.h"

struct server;

struct server_options {
    struct loop *loop; /* control */
    struct str listen;
    struct graph *graph;
    struct reloader *reloader;
    struct self_registry *metrics;
    struct process_metrics *process;
    const struct server_auth *auth;
    bool pprof; /* /debug/pprof/cmdline */
};

struct server *server_new(const struct server_options *options, struct error *err);
void server_address(const struct server *server, struct address *out);
/* closed(arg) comes on the control loop; then server_free. */
void server_close(struct server *server, int64_t grace_ns, loop_fn *closed, void *arg);
void server_free(struct server *server);

/* Requests of components to the program itself: given to graph_options.internal before the server
 * exists, so it finds it through the slot. Any loop; answers on the loop it was called from. */
struct server_slot {
    struct server *server;
    struct loop *control;
};
void server_internal(void *arg, struct loop *loop, const struct http_internal *request,
                     http_done_fn *done, void *done_arg);

#endif
