/* Blocks and consumers that the otelcol components share. Fan-outs own references to their sinks;
 * everything read from files goes to the caller's arena, at most 1 MiB a file. */

#include "components/common/otelcol.h"

#include "base/file.h"
#include "base/strconv.h"

#include <fcntl.h>

enum { MAX_PEM_FILE = 1024 * 1024 };

/* ---- output ---- */
static const struct row output_rows[] = {
    {ATTR(struct otelcol_output, metrics), .capsule = &capsule_otlp,
     .doc = "Consumers of metrics."},
    {ATTR(struct otelcol_output, logs), .capsule = &capsule_otlp, .doc = "Consumers of logs."},
    {ATTR(struct otelcol_output, traces), .capsule = &capsule_otlp, .doc = "Consumers of traces."},
    {0},
};
const struct shape otelcol_output_shape = SHAPE(struct otelcol_output, output_rows, NULL);

void otelcol_fanout_init(struct otelcol_fanout *f)
{
    for (size_t i = 0; i < OTLP_SIGNALS; i++)
        fanout_init(&f->signals[i]);
}

void otelcol_fanout_set(struct otelcol_fanout *f, const struct otelcol_output *output)
{
    fanout_set(&f->signals[OTLP_TRACES], &output->traces);
    fanout_set(&f->signals[OTLP_METRICS], &output->metrics);
    fanout_set(&f->signals[OTLP_LOGS], &output->logs);
}

void otelcol_fanout_release(struct otelcol_fanout *f)
{
    for (size_t i = 0; i < OTLP_SIGNALS; i++)
        fanout_release(&f->signals[i]);
}

void otelcol_fanout_push(struct otelcol_fanout *f, struct batch *batch, struct ack *ack)
{
    fanout_push(&f->signals[batch_otlp(batch)->otlp], batch, ack);
}

/* ---- debug_metrics ---- */
static const char *const level_names[] = {"detailed", "normal", "basic", "none", NULL};
static const struct row debug_metrics_rows[] = {
    {ATTR(struct otelcol_debug_metrics, disable_high_cardinality_metrics), .def = "true",
     .no_effect = true, .doc = "No metric of the component itself has labels of high cardinality."},
    {CHOICE(struct otelcol_debug_metrics, level, level_names), .def = "\"detailed\"",
     .no_effect = true, .doc = "The component always has the same metrics of itself."},
    {0},
};
const struct shape otelcol_debug_metrics_shape =
    SHAPE(struct otelcol_debug_metrics, debug_metrics_rows, NULL);

/* ---- consumers ---- */
static const struct row consumer_rows[] = {
    {ATTR(struct otelcol_consumer_exports, input), .capsule = &capsule_otlp,
     .doc = "Where other components send their telemetry."},
    {0},
};
const struct shape otelcol_consumer_shape =
    SHAPE(struct otelcol_consumer_exports, consumer_rows, NULL);

struct sink *otelcol_consumer_export(struct component_host *host, const struct sink_ops *ops,
                                     void *self)
{
    struct sink *sink =
        sink_new(host_loop(host), 1u << SIGNAL_OTLP, host_global_id(host), ops, self);
    struct otelcol_consumer_exports exports = {{sink_value(&capsule_otlp, sink)}};
    host_export(host, &exports);
    value_unref(exports.input.value);
    return sink;
}

/* ---- tls ---- */
static const char *const versions[] = {"", "1.0", "1.1", "1.2", "1.3", NULL};

static const struct row tls_rows[] = {
    {ATTR(struct otelcol_tls, ca_pem), .doc = "PEM text of the CA that peers are checked with."},
    {ATTR(struct otelcol_tls, ca_file), .doc = "PEM file of the CA that peers are checked with."},
    {ATTR(struct otelcol_tls, cert_pem), .doc = "PEM text of our certificate."},
    {ATTR(struct otelcol_tls, cert_file), .doc = "PEM file of our certificate."},
    {ATTR(struct otelcol_tls, key_pem), .doc = "PEM text of our private key."},
    {ATTR(struct otelcol_tls, key_file), .doc = "PEM file of our private key."},
    {ATTR(struct otelcol_tls, min_version), .oneof = versions, .def = "\"\"",
     .doc = "Lowest version of TLS that is spoken."},
    {REFUSED("max_version", "the highest version of TLS is always the library's.")},
    {REFUSED("reload_interval", "certificates are read when the configuration is loaded.")},
    {REFUSED("cipher_suites", "the cipher suites are always OpenSSL's defaults.")},
    {REFUSED("include_insecure_cipher_suites", "insecure cipher suites are never offered.")},
    {REFUSED("include_system_ca_certs_pool", "the system's CAs are used when no CA is given.")},
    {REFUSED("curve_preferences", "the curves are always OpenSSL's defaults.")},
    {REFUSED_BLOCK("tpm", "keys in a TPM cannot be used yet.")},
    {0},
};

static enum status check_pair(struct str pem, struct str file, const char *what, struct error *err)
{
    if (pem.len == 0 || file.len == 0)
        return STATUS_OK;
    return error_set(err, STATUS_INVALID, "provide either %s_pem or %s_file, not both", what, what);
}

static enum status check_tls(const struct otelcol_tls *tls, struct error *err)
{
    if (check_pair(tls->ca_pem, tls->ca_file, "ca", err) != STATUS_OK ||
        check_pair(tls->cert_pem, tls->cert_file, "cert", err) != STATUS_OK) {
        return err->status;
    }
    return check_pair(tls->key_pem.text, tls->key_file, "key", err);
}

static enum status check_tls_server(void *args, struct arena *arena, struct error *err)
{
    (void)arena;
    return check_tls(&((struct otelcol_tls_server *)args)->common, err);
}

static enum status check_tls_client(void *args, struct arena *arena, struct error *err)
{
    (void)arena;
    return check_tls(&((struct otelcol_tls_client *)args)->common, err);
}

static const struct shape tls_shape = SHAPE(struct otelcol_tls, tls_rows, NULL);
static const struct row tls_server_rows[] = {
    {SQUASH(struct otelcol_tls_server, common, tls_shape)},
    {ATTR(struct otelcol_tls_server, client_ca_file),
     .doc = "PEM file of the CA that client certificates must be signed by."},
    {0},
};
const struct shape otelcol_tls_server_shape =
    SHAPE(struct otelcol_tls_server, tls_server_rows, check_tls_server);

static const struct row tls_client_rows[] = {
    {SQUASH(struct otelcol_tls_client, common, tls_shape)},
    {ATTR(struct otelcol_tls_client, insecure), .def = "false",
     .doc = "Whether the connection goes without TLS."},
    {ATTR(struct otelcol_tls_client, insecure_skip_verify), .def = "false",
     .doc = "Whether the server's certificate is not checked."},
    {ATTR(struct otelcol_tls_client, server_name),
     .doc = "Name that the server's certificate must have instead of the endpoint's host."},
    {0},
};
const struct shape otelcol_tls_client_shape =
    SHAPE(struct otelcol_tls_client, tls_client_rows, check_tls_client);

/* The text itself, or the file's. */
static enum status read_pem(struct str pem, struct str file, struct arena *arena, struct str *out,
                            struct error *err)
{
    struct buf text;
    *out = pem;
    if (file.len == 0)
        return STATUS_OK;
    buf_init(&text, arena->owner, MAX_PEM_FILE);
    enum status status = file_read(AT_FDCWD, arena_cstr(arena, file), &text, err);
    if (status == STATUS_OK)
        *out = arena_str(arena, buf_view(&text));
    buf_release(&text);
    return status;
}

static unsigned version_number(struct str text)
{
    return text.len == 3 ? 10 + (unsigned)(text.ptr[2] - '0') : 0;
}

static enum status read_common(const struct otelcol_tls *config, struct arena *arena,
                               struct http_tls *tls, struct error *err)
{
    if (read_pem(config->ca_pem, config->ca_file, arena, &tls->ca_pem, err) != STATUS_OK ||
        read_pem(config->cert_pem, config->cert_file, arena, &tls->cert_pem, err) != STATUS_OK) {
        return err->status;
    }
    tls->min_version = version_number(config->min_version);
    return read_pem(config->key_pem.text, config->key_file, arena, &tls->key_pem, err);
}

enum status otelcol_tls_server_apply(const struct otelcol_tls_server *config, struct arena *arena,
                                     struct http_server_options *options, struct error *err)
{
    if (config == NULL)
        return STATUS_OK;
    options->tls_enabled = true;
    options->tls_require_client_cert = config->client_ca_file.len != 0;
    if (read_common(&config->common, arena, &options->tls, err) != STATUS_OK)
        return err->status;
    return read_pem(STR_NONE, config->client_ca_file, arena, &options->client_ca_pem, err);
}

enum status otelcol_tls_client_apply(const struct otelcol_tls_client *config, struct arena *arena,
                                     struct http_tls *tls, struct error *err)
{
    tls->server_name = config->server_name;
    tls->insecure_skip_verify = config->insecure_skip_verify;
    return read_common(&config->common, arena, tls, err);
}

enum status otelcol_size(struct str text, size_t *bytes, struct error *err)
{
    int64_t n = 0;
    *bytes = 0;
    if (text.len == 0)
        return STATUS_OK;
    if (size_parse(text, &n, err) != STATUS_OK)
        return err->status;
    if (n < 0)
        return error_set(err, STATUS_INVALID, "a size must not be negative");
    *bytes = (size_t)n;
    return STATUS_OK;
}
