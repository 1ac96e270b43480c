#ifndef RUNTIME_SERVER_PROCESS_H
#define RUNTIME_SERVER_PROCESS_H

/* The metrics of the program as a whole: alloy_build_info, alloy_resources_* and
 * alloy_component_controller_*. On the control loop. */

#include "runtime/graph/graph.h"

struct process_metrics;

struct process_metrics *process_metrics_new(struct self_registry *registry, struct graph *graph);
void process_metrics_free(struct process_metrics *metrics);
/* Brings what is counted on demand up to date; called before the metrics are shown. */
void process_metrics_update(struct process_metrics *metrics);

#endif
