#ifndef RUNTIME_TELEMETRY_SELF_METRICS_H
#define RUNTIME_TELEMETRY_SELF_METRICS_H

/* The program's own metrics, as /metrics shows them (names: Alloy's). A registry holds series; each
 * belongs to a component (labels component_path, component_id are added) or to the runtime.
 * Registering and dropping are for the control path (lock); counting is a relaxed atomic and may
 * happen on any thread. Labels never carry text that a client chose. */

#include "base/buf.h"
#include "base/memory.h"
#include "runtime/telemetry/labels.h"

#include <stdatomic.h>

struct self_registry;
struct self_group; /* the series of one component; dropped together */

enum self_kind { SELF_COUNTER, SELF_GAUGE };

struct self_metric {
    _Atomic uint64_t bits; /* double */
    _Atomic uint64_t count;
};

struct self_registry *self_registry_new(void);
void self_registry_free(struct self_registry *registry);
/* Empty id and path: no component labels. */
struct self_group *self_group_new(struct self_registry *registry, struct str component_path,
                                  struct str component_id);
void self_group_free(struct self_group *group);

/* `name` and `help` must be literals. Labels are copied. The same name+labels returns the same
 * metric. */
struct self_metric *self_metric(struct self_group *group, enum self_kind kind, const char *name,
                                const char *help, const struct label *labels, size_t label_count);
/* Cumulative histogram with the given upper bounds (literal array, ascending, +Inf implied). */
struct self_histogram;
struct self_bounds {
    const double *bounds;
    size_t count;
};
struct self_histogram *self_histogram(struct self_group *group, const char *name, const char *help,
                                      struct self_bounds bounds, const struct label *labels,
                                      size_t label_count);
void self_observe(struct self_histogram *h, double value);

void self_add(struct self_metric *m, double delta);
void self_inc(struct self_metric *m);
void self_set(struct self_metric *m, double value);
double self_get(const struct self_metric *m);

/* Values computed when asked for (memory, open files); called under the registry's lock. */
typedef double self_read_fn(void *arg);
void self_callback(struct self_group *group, enum self_kind kind, const char *name,
                   const char *help, self_read_fn *read, void *arg);

/* Prometheus text format 0.0.4, families sorted by name. */
void self_registry_write(struct self_registry *registry, struct buf *out);

#endif
