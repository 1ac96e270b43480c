#ifndef COMPONENTS_COMMON_OTELCOL_H
#define COMPONENTS_COMMON_OTELCOL_H

/* What the otelcol components share: the blocks `output`, `debug_metrics`, `tls`, and consumers. */

#include "components/common/tls_config.h"
#include "runtime/component.h"

/* ---- output: where each signal goes ---- */
struct otelcol_output {
    struct capsule_list metrics;
    struct capsule_list logs;
    struct capsule_list traces;
};
extern const struct shape otelcol_output_shape;

/* One fan-out a signal. */
struct otelcol_fanout {
    struct fanout signals[OTLP_SIGNALS];
};

void otelcol_fanout_init(struct otelcol_fanout *f);
void otelcol_fanout_set(struct otelcol_fanout *f, const struct otelcol_output *output);
void otelcol_fanout_release(struct otelcol_fanout *f);
/* To the consumers of the batch's signal; without any it is done (dropped, as Alloy does). */
void otelcol_fanout_push(struct otelcol_fanout *f, struct batch *batch, struct ack *ack);

/* ---- debug_metrics: how much the component tells of itself ---- */
enum otelcol_metrics_level { OTELCOL_DETAILED, OTELCOL_NORMAL, OTELCOL_BASIC, OTELCOL_NONE };

struct otelcol_debug_metrics {
    bool disable_high_cardinality_metrics; /* ours have none: both values hold */
    enum otelcol_metrics_level level;
};
extern const struct shape otelcol_debug_metrics_shape;

/* ---- exports of everything that consumes ---- */
struct otelcol_consumer_exports {
    struct capsule_ref input;
};
extern const struct shape otelcol_consumer_shape;

/* Makes the sink and publishes it as `input`. The caller owns the reference. */
struct sink *otelcol_consumer_export(struct component_host *host, const struct sink_ops *ops,
                                     void *self);

/* ---- tls ---- */
struct otelcol_tls {
    struct str ca_pem, ca_file;
    struct str cert_pem, cert_file;
    struct secret key_pem;
    struct str key_file;
    struct str min_version; /* "1.0" … "1.3", "" = the library's */
};

struct otelcol_tls_server {
    struct otelcol_tls common;
    struct str client_ca_file;
};
extern const struct shape otelcol_tls_server_shape;

struct otelcol_tls_client {
    struct otelcol_tls common;
    bool insecure;
    bool insecure_skip_verify;
    struct str server_name;
};
extern const struct shape otelcol_tls_client_shape;

/* Read the files into `arena` and fill the options. config NULL = no TLS. */
enum status otelcol_tls_server_apply(const struct otelcol_tls_server *config, struct arena *arena,
                                     struct http_server_options *options, struct error *err);
enum status otelcol_tls_client_apply(const struct otelcol_tls_client *config, struct arena *arena,
                                     struct http_tls *tls, struct error *err);

/* "512KiB", "0B" as the Collector's byte sizes are written; 0 for "". */
enum status otelcol_size(struct str text, size_t *bytes, struct error *err);

#endif
