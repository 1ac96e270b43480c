#ifndef COMPONENTS_COMMON_FORWARD_H
#define COMPONENTS_COMMON_FORWARD_H

/* Where a metrics component sends its batches: the receivers of forward_to, with the self-metrics
 * of Alloy's fan-out (prometheus_fanout_latency, prometheus_forwarded_samples_total). On the
 * component's loop. */

#include "compiler/schema.h"
#include "runtime/component.h"

struct forward {
    struct component_host *host;
    struct fanout fanout;
    struct self_metric *forwarded;
    struct self_histogram *latency;
};

void forward_init(struct forward *f, struct component_host *host);
void forward_set(struct forward *f, const struct capsule_list *receivers);
void forward_release(struct forward *f);
/* As fanout_push and fanout_push_resume. */
void forward_push(struct forward *f, struct batch *batch, struct ack *ack);
void forward_push_resume(struct forward *f, struct batch *batch, struct fanout_push *resume);

#endif
