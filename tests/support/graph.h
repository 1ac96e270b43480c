#ifndef TESTS_SUPPORT_GRAPH_H
#define TESTS_SUPPORT_GRAPH_H

/* A graph on virtual loops and files, with components that tests steer:
 *
 *   test.sum     { inputs = [int], plus = int, fail = "build" | "update" }, exports sum, odd
 *   test.source  { value = int }, exports value; publishes what rig_publish says
 *   test.pipe    { to = [receiver] }, exports receiver, logs, number; notes lines of logs
 *
 * Every call of a component is noted in the journal: "build test.sum.a\n". */

#include "runtime/graph/graph.h"
#include "stdlib/stdlib.h"
#include "tests/support/fake_files.h"
#include "tests/support/fake_loop.h"

enum { JOURNAL_MAX = 256 * 1024, RIG_SOURCES = 64 };

struct rig {
    struct fake_clock *clock;
    struct loop *loop;
    struct fake_files *files;
    struct self_registry *metrics;
    struct stdlib stdlib;
    struct graph *graph;
    struct diags diags; /* of the last load */
    struct error err;
    bool has_diags;
    bool stopped;
};

void rig_init(struct rig *rig);
/* The same with other components, stability, in-process requests, log and (real) data loops; what
 * is unset stays as it is. */
void rig_init_with(struct rig *rig, const struct graph_options *wishes);
/* Stops the graph and frees everything. */
void rig_release(struct rig *rig);
/* Puts the text into main.alloy, loads it, and starts what is new when nothing was wrong. */
enum graph_outcome rig_load(struct rig *rig, const char *text);
enum graph_outcome rig_load_files(struct rig *rig);
/* "first message (and N more diagnostics)" of the last load; "" = none. The text is thread-local.
 */
const char *rig_problems(struct rig *rig);
/* An exported field as text of the language; "?" = none. Thread-local. */
const char *rig_export(struct rig *rig, const char *id, const char *field);
/* "healthy: message". */
const char *rig_health(struct rig *rig, const char *id);
/* What happened since the last call. Thread-local. */
const char *rig_journal(void);
/* test.source.LABEL publishes a value, now. */
void rig_publish(const char *label, int64_t value);
/* Lets jobs run: waves, stops, starts. */
void rig_settle(struct rig *rig);

extern const struct component_def *const rig_components[];

#endif
