#ifndef RUNTIME_WIRE_REMOTE_WRITE_H
#define RUNTIME_WIRE_REMOTE_WRITE_H

/* Prometheus remote write: prometheus.WriteRequest (version 1) and io.prometheus.write.v2.Request,
 * as prometheus.io/docs/specs/prw defines them. Written from records of the log (outbox_metrics),
 * read from requests' bodies into batches. */

#include "base/error.h"
#include "runtime/telemetry/batch.h"

enum remote_write_version { REMOTE_WRITE_1 = 1, REMOTE_WRITE_2 = 2 };

/* For outbox_metrics. May change between requests (then answer OUTBOX_RESTART). */
struct remote_write_options {
    enum remote_write_version version;
    size_t max_items;   /* per request; 0 = 2,000 */
    size_t max_bytes;   /* of the uncompressed request, about; 0 = 4 MiB */
    bool no_exemplars;  /* left out, and not counted as dropped */
    bool no_histograms; /* native ones */
    int64_t
        metadata_ns; /* version 1: metadata of all known families goes out this often; 0 = never */
    size_t max_metadata; /* families per request, the rest goes with the next; 0 = 2,000 */
    int64_t max_age_ns;  /* older samples are left out; 0 = none */
    /* Relabelling of a series: changes `labels`, false drops it. Called once per series and
     * segment. May be NULL. */
    bool (*relabel)(void *arg, struct label_builder *labels);
    void *relabel_arg;
};

struct remote_write_limits {
    size_t max_series; /* 0 = 200,000 */
    size_t max_items;  /* samples, histograms and exemplars together; 0 = 500,000 */
};

struct remote_write_counts { /* what a version 2 answer reports */
    size_t samples, histograms, exemplars;
    size_t invalid; /* series left out: no name, a name twice, an empty name */
};

/* Decodes an uncompressed body and adds its items to `out`. STATUS_INVALID, STATUS_LIMIT or
 * STATUS_MEMORY with the reason; what was added until then stays in `out`, which is then to be
 * dropped. STATUS_OK with counts->invalid > 0: err says what was wrong with the first such series.
 * Series of version 2 with metadata add it as metric_meta of the metric's name. */
struct remote_write_body {
    enum remote_write_version version;
    struct str bytes;
};
enum status remote_write_read(struct remote_write_body body, struct label_table *table,
                              struct remote_write_limits limits, struct metric_batch *out,
                              struct remote_write_counts *counts, struct error *err);

#endif
