#ifndef COMPONENTS_PROMETHEUS_REMOTE_WRITE_REMOTE_WRITE_H
#define COMPONENTS_PROMETHEUS_REMOTE_WRITE_REMOTE_WRITE_H

/* Private to prometheus.remote_write: its arguments, and an endpoint: where requests of the outbox
 * are sent. */

#include "components/common/http_client_config.h"
#include "components/common/relabel.h"
#include "runtime/storage/outbox.h"
#include "runtime/wire/remote_write.h"

struct rw_queue_config {
    int64_t capacity;
    int64_t max_shards;
    int64_t min_shards;
    int64_t max_samples_per_send;
    struct duration batch_send_deadline;
    struct duration min_backoff;
    struct duration max_backoff;
    bool retry_on_http_429;
    struct duration sample_age_limit;
};

struct rw_metadata_config {
    bool send;
    struct duration send_interval;
    int64_t max_samples_per_send;
};

enum rw_message { RW_MESSAGE_1, RW_MESSAGE_2 };

struct rw_endpoint_args {
    struct str name;
    struct str url;
    struct duration remote_timeout;
    struct str_map headers;
    bool send_exemplars;
    bool send_native_histograms;
    enum rw_message protobuf_message;
    struct http_client_config client;
    struct rw_queue_config queue_config;
    struct rw_metadata_config metadata_config;
    struct relabel_rule_list write_relabel_configs;
};

struct rw_wal_config {
    struct duration truncate_frequency;
    struct duration min_keepalive_time;
    struct duration max_keepalive_time;
};

struct rw_args {
    struct str_map external_labels;
    struct LIST_OF(struct rw_endpoint_args) endpoints;
    struct rw_wal_config wal;
};
extern const struct shape rw_args_shape;

struct rw_endpoint;

/* `number` tells endpoints of one URL apart. The arguments are copied. */
struct rw_endpoint *rw_endpoint_new(struct component_host *host, struct outbox *outbox,
                                    const struct rw_args *all, size_t number, struct error *err);
/* The outbox has been freed or has forgotten it before: nothing is sent any more. */
void rw_endpoint_free(struct rw_endpoint *endpoint);
/* Copies the outbox' figures into the self-metrics. */
void rw_endpoint_measure(struct rw_endpoint *endpoint);

#endif
