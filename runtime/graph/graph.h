#ifndef RUNTIME_GRAPH_GRAPH_H
#define RUNTIME_GRAPH_GRAPH_H

/* The live graph: a node for every block of the configuration, nested modules included, kept up to
 * date in waves (SEMANTICS §11–§15).
 *
 * A load is a transaction. The new program and its nodes are built aside, in a memory scope; only
 * an accepted one takes the old one's place. Nodes that have the same id and stand for the same
 * thing keep their state. After that every node is evaluated once, dependencies first; evaluations
 * that fail leave their node as it was and are reported, they do not undo the load. What is gone is
 * then stopped, users before what they use, and what is new is started.
 *
 * Between loads, exports that components publish are collected and handled once a turn of the
 * control loop, in one wave: nodes that read a changed field are evaluated in order, each at most
 * once; equal arguments do not reach the component, equal exports end the wave.
 *
 * Everything here is called on the control loop. Components live on data loops. */

#include "compiler/program.h"
#include "runtime/component.h"
#include "runtime/graph/import_source.h"

enum {
    GRAPH_MAX_NODES = 2000000,
    GRAPH_MAX_MODULE_NODES = 200000, /* of them inside modules */
    GRAPH_MAX_MODULE_DEPTH = 100,
    GRAPH_MAX_DATA_LOOPS = 64,
};

struct graph;

/* What the runtime does for blocks that configure it. `args` is NULL when there is no such block
 * (any more). */
struct graph_services {
    enum status (*http)(void *arg, const void *args, struct error *err);
    void *arg;
};

struct graph_options {
    const struct component_def *const *components; /* ends with NULL */
    const struct stdlib *stdlib;
    enum stability min_stability;
    bool community;
    struct loop *control;
    unsigned data_loops; /* 0 = components live on the control loop */
    struct log_sink *log;
    struct self_registry *metrics;
    struct str storage_path;
    struct graph_services services;
    const struct import_source *const *imports; /* ends with NULL; NULL = the runtime's own alone */
    http_internal_fn *internal;                 /* serves alloy.internal; may be NULL */
    void *internal_arg;
};

/* Texts are copied. */
struct graph *graph_new(const struct graph_options *options, struct error *err);
/* After graph_stop has called back, or if nothing was ever loaded. */
void graph_free(struct graph *graph);

enum graph_outcome {
    GRAPH_UNREAD,   /* not read, not parsed: nothing changed */
    GRAPH_REJECTED, /* read, but wrong: nothing changed */
    GRAPH_APPLIED,  /* live; evaluation errors, if any, are in diags */
    GRAPH_BUSY,     /* a load is still stopping what went: nothing changed */
};

/* Loads the file or folder. `diags` is initialised here and released by the caller; `err` is set
 * when there is a reason without diagnostics. A first load with any diagnostic is taken back by the
 * caller (graph_stop), who decides whether to run at all. */
enum graph_outcome graph_load(struct graph *graph, const char *path, struct diags *diags,
                              struct error *err);
enum load_change { LOAD_ADDED, LOAD_CHANGED, LOAD_REMOVED, LOAD_KEPT };
/* What the last load that was applied did to each component, modules' included; a custom component
 * has changed when its arguments or what is inside did. What is removed comes last. */
typedef void load_change_fn(void *arg, enum load_change change, struct str global_id);
void graph_last_load(const struct graph *graph, load_change_fn *fn, void *arg);
/* Starts what the loads brought: called once after the first load. Data loops begin to run. */
enum status graph_run(struct graph *graph, struct error *err);
/* Stops every component, users before what they use, and calls done(arg) on the control loop; after
 * `deadline_ns` it does so even if some have not stopped. */
void graph_stop(struct graph *graph, int64_t deadline_ns, loop_fn *done, void *arg);
/* Told after each load, once what went is stopped and what came is started. */
void graph_on_settled(struct graph *graph, loop_fn *fn, void *arg);
/* Runs the wave that is due now (it would come by itself in the next turn). */
void graph_flush(struct graph *graph);

bool graph_ready(const struct graph *graph); /* a load has succeeded */
/* SHA-256 of the texts of the living configuration; false = none is loaded. */
bool graph_config_hash(const struct graph *graph, unsigned char out[32]);
/* The living configuration's files; NULL = none is loaded. Valid until the next load. */
const struct program_text *graph_text(const struct graph *graph);
/* What a program of this graph is made with. */
void graph_program_options(struct graph *graph, struct program_options *out);
/* Names of unhealthy components of the root module, joined with ", ". False = all are healthy. */
bool graph_unhealthy(struct graph *graph, struct buf *names);

/* ---- what the API shows ---- */
struct graph_item {
    struct str module_id; /* "" = root */
    struct str local_id;
    struct str global_id;
    struct str name;
    struct str label;
    enum health health;
    uint64_t items_out; /* left the component so far */
};
typedef void graph_item_fn(void *arg, const struct graph_item *item);
void graph_each(struct graph *graph, graph_item_fn *fn, void *arg);
/* The components of one module as a JSON array; false = no such module. */
bool graph_module_json(struct graph *graph, struct str module_id, struct json_writer *w);
/* One component with arguments, exports and debug info; false = no such component. */
bool graph_component_json(struct graph *graph, struct str global_id, struct json_writer *w);
const char *health_name(enum health health);

/* ---- components' HTTP handlers ---- */
/* The host of the longest prefix of `path` ("ID/rest") that names a component with a handler; rest
 * is what follows. NULL = none. */
struct component_host *graph_http_host(struct graph *graph, struct str path, struct str *rest);
/* A host that is held stays valid, but its component may be gone: host_serve then answers 404. */
void host_hold(struct component_host *host);
void host_drop(struct component_host *host);
/* On the component's loop. */
void host_serve(struct component_host *host, struct http_exchange *exchange, struct str rest);

/* ---- self metrics ---- */
struct graph_counts {
    uint64_t by_health[HEALTH_EXITED + 1];
    uint64_t evaluations; /* of nodes */
    uint64_t expressions; /* evaluations of expressions that refer to something */
    uint64_t waves;
};
void graph_count(struct graph *graph, struct graph_counts *out);

/* What the names of config blocks and services stand for; for program_options.find. `imports` as in
 * graph_options. False = unknown. */
bool blocks_find(enum block_kind kind, struct str name, const struct import_source *const *imports,
                 struct program_symbol *out);
/* The same for a component; false = NULL, unknown. */
bool component_symbol(const struct component_def *def, struct program_symbol *out);

#endif
