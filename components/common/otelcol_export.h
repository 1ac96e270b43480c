#ifndef COMPONENTS_COMMON_OTELCOL_EXPORT_H
#define COMPONENTS_COMMON_OTELCOL_EXPORT_H

/* The engine of the OTLP exporters: a consumer in front of a durable queue
 * (runtime/storage/outbox.h), with the Collector's sending_queue and retry_on_failure. The exporter
 * says how one request is sent.
 *
 * One request of each signal is under way, in the order in which they came. While a backlog waits
 * for slow answers there are more of traces, whose spans have no order among them, up to
 * num_consumers. */

#include "components/common/otelcol.h"
#include "components/common/otelcol_storage.h"
#include "runtime/net/http_client.h"
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

/* How a request came out, and whether it is worth another try. */
enum otelcol_outcome { OTELCOL_SENT, OTELCOL_AGAIN, OTELCOL_REFUSED };

struct otelcol_exporter;

/* A request that is under way: one a lane of the queue. */
struct otelcol_sending {
    struct otelcol_exporter *exporter;
    struct outbox_request *request;
    struct http_call *call;
};

struct otelcol_exporter_config {
    const struct otelcol_queue *queue;
    const struct otelcol_retry *retry;
    struct otlp_send_options encoding;
};

/* What the exporters differ in. */
struct otelcol_exporter_ops {
    struct otelcol_exporter_config (*config)(const void *args);
    enum status (*connect)(struct component_host *host, const void *args, struct http_client **out,
                           struct error *err);
    /* Sends the request; the answer is given by otelcol_exporter_answer, later or at once. Returns
     * the call, NULL if it is answered. */
    struct http_call *(*send)(struct otelcol_exporter *e, struct otelcol_sending *sending);
};

/* An exporter: the whole of its component's instance, or its first member. */
struct otelcol_exporter {
    struct component_host *host;
    const struct otelcol_exporter_ops *ops;
    const void *args;
    struct http_client *client; /* NULL until it could be made */
    struct otelcol_exporter_config config;
    struct sink *sink;
    struct outbox *outbox; /* NULL while it could not be opened */
    struct outbox_endpoint *endpoint;
    struct loop_timer *reopen;
    struct otelcol_sending sending[OUTBOX_LANES_MAX];
    uint64_t joined_records, joined_items; /* of late */
    uint32_t joined_least;
    bool stopping;
    struct self_metric *sent[OTLP_SIGNALS], *failed[OTLP_SIGNALS], *refused[OTLP_SIGNALS];
};

/* Makes the consumer and publishes it; in build. */
void otelcol_exporter_build(struct otelcol_exporter *e, struct component_host *host,
                            const void *args, const struct otelcol_exporter_ops *ops);

/* For component_def. start opens the queue and begins to send what is in it; problems become health
 * and are tried again. update gives up what is under way and sends it again with the new settings.
 * stop sends what it can for a moment and leaves the rest in the queue. */
void otelcol_exporter_start(void *self);
enum status otelcol_exporter_update(void *self, const void *args, const void *old_args,
                                    struct error *err);
void otelcol_exporter_stop(void *self);
void otelcol_exporter_release(void *self);

/* `retry_ns` > 0 is the peer's wish; `why` is for the log. */
void otelcol_exporter_answer(struct otelcol_sending *sending, enum otelcol_outcome outcome,
                             int64_t retry_ns, const char *why);

#endif
