#ifndef COMPONENTS_COMMON_EXPORTER_H
#define COMPONENTS_COMMON_EXPORTER_H

/* What every prometheus.exporter.* shares: the export `targets`, one target that prometheus.scrape
 * reaches in-process. */

#include "runtime/component.h"

struct exporter_exports {
    struct target_list targets;
};
extern const struct shape exporter_exports_shape;

/* Publishes the target: job "integrations/NAME", the given instance, the component's own address.
 */
void exporter_publish(struct component_host *host, const char *name, struct str instance);
/* The host's name, as exporters without an address of their own use it for `instance`. "" if the
 * kernel does not tell. `out` holds 256 bytes. */
struct str exporter_hostname(char out[256]);

#endif
