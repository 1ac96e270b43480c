#ifndef RUNTIME_WIRE_LOKI_PUSH_H
#define RUNTIME_WIRE_LOKI_PUSH_H

/* Loki's push API (grafana.com/docs/loki, POST /loki/api/v1/push): logproto.PushRequest and its
 * JSON form. Written from records of the log (outbox_logs), read from requests' bodies into
 * batches. */

#include "base/error.h"
#include "runtime/telemetry/batch.h"

/* For outbox_logs. A request holds the entries of one tenant (label __tenant_id__; it is the
 * request's tag). Labels that begin with "__" are not sent. */
struct loki_push_options {
    size_t max_bytes;   /* of lines and metadata per request; one entry always fits; 0 = 1 MiB */
    size_t max_items;   /* 0 = no limit */
    size_t max_streams; /* 0 = no limit: entries of further streams go into the next request */
};

struct loki_push_limits {
    size_t max_entries; /* 0 = 500,000 */
    size_t max_streams; /* 0 = 100,000 */
};

/* Decode an uncompressed body and add its entries to `out`, which owns copies of all texts.
 * STATUS_INVALID, STATUS_LIMIT or STATUS_MEMORY with the reason; what was added until then stays in
 * `out`, which is then to be dropped. */
enum status loki_push_read(struct str body, struct label_table *table,
                           struct loki_push_limits limits, struct log_batch *out,
                           struct error *err);
enum status loki_push_read_json(struct str body, struct label_table *table,
                                struct loki_push_limits limits, struct log_batch *out,
                                struct error *err);
/* A selector of equalities as streams carry it: {a="b", c="d"}. */
enum status loki_labels_parse(struct str text, struct label_builder *out, struct arena *arena,
                              struct error *err);

#endif
