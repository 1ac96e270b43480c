#ifndef RUNTIME_GRAPH_PARTS_H
#define RUNTIME_GRAPH_PARTS_H

/* What the files of the graph share; nobody else includes this.
 *
 *   generation  everything that one load built: nodes, modules, links. In one arena, immutable but
 *               for what is marked (generation.h).
 *   cell        what a node keeps across loads: arguments, exports, health, the component. Owned by
 *               the graph, found again by global id.
 *   instance    a module in use: the root, or the body of a declare for one custom component. */

#include "runtime/graph/generation.h"

#include <pthread.h>

/* Decoded arguments with the memory they live in. */
struct decoded {
    struct arena arena;
    const struct shape *shape;
    void *data;
    /* Of arguments that were changed in part (patch.c). */
    void *spare;           /* a second struct; `data` and this are used in turn */
    void *block;           /* the one of the two that is not in the arena */
    struct patch *patches; /* attributes whose memory is not in the arena */
};

struct eval_health {
    enum health state;
    char *message; /* owned; NULL = the fixed text */
    const char *fixed;
    int64_t changed_ns; /* wall clock */
};

struct cell {
    enum block_kind kind;
    const struct component_def *def;
    char *ids; /* the global id; the other texts are parts of it */
    struct str global_id;
    struct str module_id;
    struct str local_id;
    struct str name;
    struct str label;
    struct decoded *args;
    struct value *exports;         /* what references read; NULL = nothing yet */
    struct value *values;          /* CUSTOM: the arguments given */
    struct import *import;         /* IMPORT; NULL = not evaluated yet */
    struct foreach_state *foreach; /* FOREACH; the same */
    bool quiet;                    /* the component's metrics are not shown */
    struct eval_health health;
    struct diags *problem; /* of the last evaluation; NULL = it went well */
    struct value **known;  /* results of the node's inputs in the last evaluation; NULL = it failed,
                              or the node keeps none */
    uint32_t known_count;
    struct loop *loop; /* where the component lives */
    struct component_host *host;
    struct node *node;   /* in the living generation; NULL = gone */
    uint32_t generation; /* stamp of the newest generation that has it */
    uint32_t stop_level;
    bool has_stopped;
    struct cell *next; /* in the list that is being stopped or started */
};

struct own_health {
    enum health state;
    int64_t changed_ns;
    char message[1024];
};

struct component_host {
    struct graph *graph;
    struct cell *cell;
    const struct component_def *def;
    struct loop *loop;
    void *self;
    struct log log;
    struct self_group *metrics;
    struct mem_owner memory;
    struct str data_path; /* with http_path in one block */
    struct str http_path;
    bool built;
    bool started;
    bool gone;    /* released; set where the component lives */
    bool in_call; /* build or update is running: exports wait in `fresh` */
    struct value *fresh;
    _Atomic uint64_t items_out;
    atomic_uint refs; /* the graph's and requests under way */
    /* Under the graph's mutex. */
    struct value *pending;
    struct own_health *own;
    bool stopped;
    bool in_inbox;
    struct component_host *next_in_inbox;
};

struct graph {
    struct graph_options options;
    struct map defs; /* name → component_def */
    struct log log;
    struct label_table *labels;
    struct self_group *metrics;
    struct self_registry *hidden; /* of components that show no metrics */
    bool reshape;                 /* a node asks for other modules */
    uint32_t nested_imports;      /* in the living generation */
    int64_t import_waited_ns;     /* by the load that runs, for imports */
    struct log_tap *tap;          /* NULL = no receivers of log lines */
    struct loop *loops[GRAPH_MAX_DATA_LOOPS];
    unsigned loop_count;
    bool running; /* data loops have threads */
    /* Loops that a wave has borrowed, and since when. */
    struct loop *borrowed[GRAPH_MAX_DATA_LOOPS];
    unsigned borrowed_count;
    int64_t borrowed_ns;
    bool in_wave;
    int64_t now_ns;  /* in a wave: when the last evaluation ended, */
    int64_t wall_ns; /* by the wall clock */
    struct generation *live;
    uint32_t stamp;
    bool ready;
    bool stopping;
    struct buf removed; /* ids of components that the last load removed, each with a NUL */
    /* Transition after a load. */
    struct cell *to_stop;
    struct cell *to_start;
    uint32_t stop_level;
    uint32_t waiting; /* hosts told to stop that have not */
    bool in_transition;
    struct loop_timer *deadline;
    loop_fn *settled;
    void *settled_arg;
    loop_fn *done;
    void *done_arg;
    /* What data loops leave for the control loop. */
    pthread_mutex_t mutex;
    struct component_host *inbox;
    int64_t published_ns; /* the oldest export in the inbox; 0 = none */
    bool posted;
    struct graph_counts counts;
    struct self_histogram *evaluation_seconds;
    struct self_histogram *wait_seconds; /* from publication to evaluation */
    struct self_metric *evaluating;
    struct self_metric *queue_size;
    int64_t first_publication_ns; /* that the next wave answers; 0 = none */
};

/* cell.c */
struct cell *cell_new(const struct program_block *block, struct str module_id);
void cell_free(struct cell *cell); /* later, if a request still holds its host */
void cell_destroy(struct cell *cell);
void cell_healthy(const struct graph *graph, struct cell *cell, const char *fixed);
/* `owned_message` may be NULL (out of memory). */
void cell_failed(struct cell *cell, char *owned_message, struct diags *owned_problem);
void decoded_free(struct decoded *decoded);
void cell_forget_known(struct cell *cell);
void cell_forget_problem(struct cell *cell);
/* What references to the node read: a new reference; NULL = it has no value. */
struct value *cell_exports(const struct node *node);

/* host.c */
struct component_host *host_new(struct graph *graph, struct cell *cell, struct loop *loop);
void host_unref(struct component_host *host);
/* Runs fn(arg) where the component lives, and waits. A wave borrows the loop for that and keeps it
 * for its next components. */
void host_run(struct component_host *host, loop_fn *fn, void *arg);
/* Gives the loops back, `at_once` or when they have been held for long. */
void loops_return(struct graph *graph, bool at_once);
/* The least healthy of the evaluation's and the component's own. Without a `size`, no message. */
enum health host_overall(const struct cell *cell, char *message, size_t size, int64_t *changed_ns);

/* evaluate.c */
void node_evaluate(struct graph *graph, struct node *node);
/* Notes a failure: health, log line, and the diagnostics that a load reports. */
void node_fail(struct graph *graph, struct node *node, const char *stage,
               const struct diags *causes, const struct error *err);
enum { DECODING_FEW = 8 };
struct decoding {
    struct graph *graph;
    struct node *node;
    struct diags causes;
    struct decoded *args; /* or, of a component that lives: */
    void *patched;        /* the cell's arguments with another value here and there */
    struct patch *patches;
    struct value *values; /* of a call */
    struct value **known; /* the results of its inputs, if all were evaluated; or */
    struct value **fresh; /* those that differ, NULL between them */
    struct value *few[DECODING_FEW];
    struct block_code *code;
    bool unchanged; /* no input gave another result: there are no args and no values */
    bool equal;     /* a component's: they are what it has */
    bool ok;
};
/* False: the failure has been noted. */
bool node_decode(struct graph *graph, struct node *node, struct decoding *d);
extern const struct error node_out_of_memory;
/* patch.c: decodes anew only the attributes whose inputs are fresh; false = that does not do,
 * decode the whole. In the scope of the decoding. */
bool decode_patch(struct decoding *d, const struct scope *scope);
/* The patched arguments are the cell's from now on, or are forgotten. */
void patch_take(struct decoding *d);
void patch_drop(struct decoding *d);
void patches_free(struct decoded *decoded);
/* component.c, module.c */
void evaluate_component(struct graph *graph, struct node *node);
void evaluate_call(struct graph *graph, struct node *node);
void evaluate_result(struct graph *graph, struct node *node);
void evaluate_argument(struct graph *graph, struct node *node);
void evaluate_export(struct graph *graph, struct node *node);

/* wave.c */
/* The node itself is to be evaluated, whatever its inputs say. */
void node_mark(struct generation *generation, struct node *node);
/* Everything of it. */
void node_mark_whole(struct generation *generation, struct node *node);
/* Evaluates what is marked, in order; how many. */
uint32_t generation_drain(struct graph *graph, struct generation *generation);
/* Takes `owned_now` as the node's exports and marks those who read a field that differs. */
void node_publish(struct graph *graph, struct node *node, struct value **slot,
                  struct value *owned_now);
void graph_wave(struct graph *graph);
void graph_unlock_and_wake(struct graph *graph); /* any thread, with the mutex held */

/* What loops that are being called leave in the inbox needs no wake: it is handled afterwards. */
void inbox_hold(struct graph *graph);
void inbox_handle(struct graph *graph);

/* transition.c */
/* Goes on as far as it can without waiting. */
void transition_pump(struct graph *graph);
/* Lists what only `old` has. */
void transition_leave(struct graph *graph, struct generation *old, uint32_t stamp);
/* Lists what has not been started. */
void transition_arrive(struct graph *graph);
void transition_begin(struct graph *graph);
void transition_stopped(struct graph *graph, struct component_host *host);

/* load_report.c: notes what goes besides, before it does. */
void load_note_removed(struct graph *graph, const struct generation *old);

/* debug.c */
void debug_info_write(struct json_writer *w, struct component_host *host);

/* graph.c */
/* The generation lives from now on. */
void generation_commit(struct graph *graph, struct generation *generation);
/* Threads for the data loops. */
enum status graph_start_loops(struct graph *graph, struct error *err);

/* blocks_modules.c: blocks whose schema is known, and that are not offered yet. */
extern const struct shape foreach_shape, import_file_shape, import_string_shape, import_git_shape,
    remotecfg_shape;
struct argument_args {
    bool optional;
    struct any default_value;
    struct str comment;
};
struct export_args {
    struct any value;
};
struct logging_args {
    int32_t level;
    int32_t format;
    struct str destination;
    struct capsule_list write_to;
};
/* NULL = the defaults. False = no memory. */
bool logging_apply(struct graph *graph, const struct logging_args *args);

/* log_tap.c: logging.write_to. NULL or none ends it; false = no memory, nothing changed. */
bool log_tap_set(struct graph *graph, const struct capsule_list *receivers);
void log_tap_free(struct graph *graph);

#endif
