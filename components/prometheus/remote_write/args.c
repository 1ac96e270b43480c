/* The arguments of prometheus.remote_write, with Alloy's checks. Owns nothing. */
#include "components/prometheus/remote_write/remote_write.h"

static const char *const messages[] = {"prometheus.WriteRequest", "io.prometheus.write.v2.Request",
                                       NULL};

#define Q struct rw_queue_config
static const struct row queue_rows[] = {
    {ATTR(Q, capacity), .def = "10000", .no_effect = true,
     .doc = "Samples wait in the log on disk and are read as they are sent."},
    {ATTR(Q, max_shards), .def = "50", .doc = "Most requests under way at a time, up to 32."},
    {ATTR(Q, min_shards), .def = "1", .doc = "Requests under way at a time to begin with."},
    {ATTR(Q, max_samples_per_send), .def = "2000", .doc = "Samples in a request."},
    {ATTR(Q, batch_send_deadline), .def = "\"5s\"", .doc = "Time a request waits to be filled."},
    {ATTR(Q, min_backoff), .def = "\"30ms\"", .doc = "Wait before the first retry."},
    {ATTR(Q, max_backoff), .def = "\"5s\"", .doc = "Longest wait between retries."},
    {ATTR(Q, retry_on_http_429), .def = "true", .doc = "Whether an answer 429 is retried."},
    {ATTR(Q, sample_age_limit), .def = "\"0s\"",
     .doc = "Samples that are older are not sent, 0 for no limit."},
    {0},
};
static const struct shape queue_shape = {
    .name = "queue_config", .rows = queue_rows, .size = sizeof(Q)};

#define M struct rw_metadata_config
static const struct row metadata_rows[] = {
    {ATTR(M, send), .def = "true", .doc = "Whether metadata of metrics is sent."},
    {ATTR(M, send_interval), .def = "\"1m0s\"", .doc = "Time between two sends of metadata."},
    {ATTR(M, max_samples_per_send), .def = "2000",
     .doc = "Metric families whose metadata goes with a request."},
    {0},
};
static const struct shape metadata_shape = {
    .name = "metadata_config", .rows = metadata_rows, .size = sizeof(M)};

/* What Go's url.Parse refuses; whether anybody is there shows when it is sent to. */
static enum status check_url(struct str text, struct error *err)
{
    const char *wrong = NULL;
    for (size_t i = 0; i < text.len && !wrong; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c < 0x20 || c == 0x7f)
            wrong = "net/url: invalid control character in URL";
    }
    if (!wrong && str_starts(text, STR(":")))
        wrong = "missing protocol scheme";
    if (!wrong)
        return STATUS_OK;
    return error_set(err, STATUS_INVALID, "cannot parse remote_write url \"%.*s\": %s",
                     STR_ARG(text), wrong);
}

static enum status check_endpoint(void *args, struct arena *arena, struct error *err)
{
    (void)arena;
    const struct rw_endpoint_args *e = args;
    const struct rw_queue_config *q = &e->queue_config;
    enum status status = http_client_config_check(&e->client, err);
    if (status != STATUS_OK) {
        return status;
    }
    if (q->max_samples_per_send <= 0 || q->max_shards <= 0 || q->min_shards <= 0) {
        return error_set(err, STATUS_INVALID,
                         "queue_config: max_samples_per_send, max_shards and min_shards must be "
                         "greater than 0");
    }
    if (e->metadata_config.max_samples_per_send <= 0) {
        return error_set(err, STATUS_INVALID,
                         "metadata_config: max_samples_per_send must be greater than 0");
    }
    if (q->min_backoff.ns <= 0 || q->max_backoff.ns < q->min_backoff.ns) {
        return error_set(err, STATUS_INVALID,
                         "queue_config: min_backoff must be greater than 0 and at most "
                         "max_backoff");
    }
    return STATUS_OK;
}

#define E struct rw_endpoint_args
static const struct row endpoint_rows[] = {
    {ATTR(E, name), .doc = "Name of the endpoint in logs and metrics."},
    {ATTR(E, url), .required = true, .check = check_url, .doc = "Where to send samples."},
    {ATTR(E, remote_timeout), .def = "\"30s\"", .doc = "Time a request may take."},
    {ATTR(E, headers), .doc = "Headers added to requests."},
    {ATTR(E, send_exemplars), .def = "true", .doc = "Whether exemplars are sent."},
    {ATTR(E, send_native_histograms), .doc = "Whether native histograms are sent."},
    {CHOICE(E, protobuf_message, messages), .def = "\"prometheus.WriteRequest\"",
     .doc = "Version of the protocol."},
    {SQUASH(E, client, http_client_shape_http1)},
    {BLOCK(E, queue_config, queue_shape), .present_default = true, .doc = "How requests are made."},
    {BLOCK(E, metadata_config, metadata_shape), .present_default = true,
     .doc = "How metadata is sent."},
    {BLOCKS(E, write_relabel_configs, "write_relabel_config", relabel_rule_shape),
     .doc = "Rules for what is sent, applied in order."},
    {REFUSED_BLOCK("sigv4", "requests are not signed for AWS")},
    {REFUSED_BLOCK("azuread", "tokens of Azure AD are not fetched")},
    {REFUSED_BLOCK("google_iam", "tokens of Google Cloud are not fetched")},
    {REFUSED("round_robin_dns", "one address of a name is used until it fails")},
    {0},
};
static const struct shape endpoint_shape = {
    .name = "endpoint", .rows = endpoint_rows, .size = sizeof(E), .check = check_endpoint};

static enum status check_wal(void *args, struct arena *arena, struct error *err)
{
    (void)arena;
    const struct rw_wal_config *w = args;
    if (w->truncate_frequency.ns == 0) {
        return error_set(err, STATUS_INVALID, "truncate_frequency must not be 0");
    }
    if (w->max_keepalive_time.ns <= w->min_keepalive_time.ns) {
        return error_set(err, STATUS_INVALID,
                         "min_keepalive_time must be smaller than max_keepalive_time");
    }
    return STATUS_OK;
}

#define W struct rw_wal_config
static const struct row wal_rows[] = {
    {ATTR(W, truncate_frequency), .def = "\"2h0m0s\"", .no_effect = true,
     .doc = "What every endpoint has delivered leaves the log at once."},
    {ATTR(W, min_keepalive_time), .def = "\"5m0s\"", .no_effect = true,
     .doc = "Samples that are delivered need not be kept, and others stay in any case."},
    {ATTR(W, max_keepalive_time), .def = "\"8h0m0s\"",
     .doc = "Longest time that samples which cannot be delivered stay in the log."},
    {0},
};
static const struct shape wal_shape = {
    .name = "wal", .rows = wal_rows, .size = sizeof(W), .check = check_wal};

static const struct row rows[] = {
    {ATTR(struct rw_args, external_labels), .doc = "Labels added to series that do not have them."},
    {BLOCKS(struct rw_args, endpoints, "endpoint", endpoint_shape),
     .doc = "Where to send samples."},
    {BLOCK(struct rw_args, wal, wal_shape), .present_default = true, .doc = "The log on disk."},
    {0},
};
const struct shape rw_args_shape = {
    .name = "prometheus.remote_write", .rows = rows, .size = sizeof(struct rw_args)};
