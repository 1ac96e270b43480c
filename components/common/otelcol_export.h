#ifndef COMPONENTS_COMMON_OTELCOL_EXPORT_H
#define COMPONENTS_COMMON_OTELCOL_EXPORT_H

/* The engine of the OTLP exporters: a consumer in front of a durable queue
 * (runtime/storage/outbox.h), with the Collector's sending_queue and retry_on_failure. The exporter
 * says how one request is sent.
 *
 * Requests leave one at a time in the order they came, so num_consumers, the most that may be under
 * way, is never more than used. */

#include "components/common/otelcol.h"
#include "components/common/otelcol_storage.h"
#include "runtime/storage/outbox.h"
#include "runtime/wire/otlp_record.h"

struct otelcol_queue {
    bool enabled;
    int64_t num_consumers;
    int64_t queue_size;
    bool block_on_overflow;
    struct str sizer;
    bool wait_for_result;
    struct capsule_ref storage;
};
extern const struct shape otelcol_queue_shape;

struct otelcol_retry {
    bool enabled;
    struct duration initial_interval;
    double randomization_factor;
    double multiplier;
    struct duration max_interval;
    struct duration max_elapsed_time;
};
extern const struct shape otelcol_retry_shape;

/* "gzip", "zstd", "snappy", "none", … as the exporters' `compression` has it. */
extern const char *const otelcol_compressions[];
enum compression otelcol_compression(struct str name);

struct otelcol_exporter;

/* How a request came out, and whether it is worth another try. */
enum otelcol_outcome { OTELCOL_SENT, OTELCOL_AGAIN, OTELCOL_REFUSED };

struct otelcol_exporter_ops {
    /* Sends the request; the answer is given by otelcol_exporter_answer, later or at once. */
    void (*send)(void *self, struct outbox_request *request);
    /* Gives up what is under way. */
    void (*cancel)(void *self, struct outbox_request *request);
};

struct otelcol_exporter_config {
    const struct otelcol_queue *queue;
    const struct otelcol_retry *retry;
    struct otlp_send_options encoding;
};

/* Makes the consumer and publishes it; in build. `config` and what it points to are read again at
 * start and restart. */
struct otelcol_exporter *otelcol_exporter_new(struct component_host *host,
                                              const struct otelcol_exporter_ops *ops, void *self);
/* Opens the queue and begins to send what is in it. Problems become health and are tried again. */
void otelcol_exporter_start(struct otelcol_exporter *e,
                            const struct otelcol_exporter_config *config);
/* With other settings: what is under way is given up and sent again. */
void otelcol_exporter_restart(struct otelcol_exporter *e,
                              const struct otelcol_exporter_config *config);
/* Sends what it can for a moment, leaves the rest in the queue, then says host_stopped. */
void otelcol_exporter_stop(struct otelcol_exporter *e);
void otelcol_exporter_free(struct otelcol_exporter *e);

/* `retry_ns` > 0 is the peer's wish; `why` is for the log. */
void otelcol_exporter_answer(struct otelcol_exporter *e, struct outbox_request *request,
                             enum otelcol_outcome outcome, int64_t retry_ns, const char *why);

#endif
