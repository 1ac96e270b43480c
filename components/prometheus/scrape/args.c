/* The arguments of prometheus.scrape and the rules between them, worded as Alloy words them. */
#include "components/prometheus/scrape/scrape.h"

#include "base/strconv.h"

#define DEFAULT_PROTOCOLS                                                                          \
    "[\"OpenMetricsText1.0.0\", \"OpenMetricsText0.0.1\", \"PrometheusText1.0.0\", "               \
    "\"PrometheusText0.0.4\"]"

static const enum scrape_protocol default_protocols[] = {
    PROTOCOL_OPENMETRICS_1, PROTOCOL_OPENMETRICS_0, PROTOCOL_TEXT_1, PROTOCOL_TEXT_0};

static bool has_default_protocols(const struct scrape_args *args)
{
    size_t count = sizeof(default_protocols) / sizeof(default_protocols[0]);
    bool same = args->scrape_protocols.count == count;
    for (size_t i = 0; same && i < count; i++) {
        same = scrape_protocol_of(args->scrape_protocols.items[i]) == default_protocols[i];
    }
    return same;
}

static void use_proto_first(struct scrape_args *args, struct arena *arena)
{
    static const char *const names[] = {"PrometheusProto", "OpenMetricsText1.0.0",
                                        "OpenMetricsText0.0.1", "PrometheusText1.0.0",
                                        "PrometheusText0.0.4"};
    args->scrape_protocols.count = sizeof(names) / sizeof(names[0]);
    args->scrape_protocols.items = ARENA_ARRAY(arena, args->scrape_protocols.count, struct str);
    for (size_t i = 0; i < args->scrape_protocols.count; i++) {
        args->scrape_protocols.items[i] = str_from(names[i]);
    }
}

static enum status check_native(struct scrape_args *args, struct arena *arena, struct error *err)
{
    if (args->enable_protobuf_negotiation) {
        if (!has_default_protocols(args)) {
            return error_set(err, STATUS_INVALID,
                             "both enable_protobuf_negotiation and scrape_protocols are set, only "
                             "one can be set at a time");
        }
        use_proto_first(args, arena);
        args->scrape_native_histograms = true;
    }
    if (!args->scrape_native_histograms) {
        return STATUS_OK;
    }
    if (has_default_protocols(args)) {
        use_proto_first(args, arena);
    }
    for (size_t i = 0; i < args->scrape_protocols.count; i++) {
        if (scrape_protocol_of(args->scrape_protocols.items[i]) == PROTOCOL_PROTO) {
            return STATUS_OK;
        }
    }
    return error_set(err, STATUS_INVALID,
                     "scrape_native_histograms is set to true, but PrometheusProto is not in "
                     "scrape_protocols");
}

static enum status unknown_protocol(struct str name, const char *what, struct error *err)
{
    return error_set(err, STATUS_INVALID,
                     "invalid %s \"%.*s\": unknown scrape protocol %.*s, supported: "
                     "[OpenMetricsText0.0.1 OpenMetricsText1.0.0 PrometheusProto "
                     "PrometheusText0.0.4 PrometheusText1.0.0]",
                     what, STR_ARG(name), STR_ARG(name));
}

static enum status check_protocols(const struct scrape_args *args, struct error *err)
{
    const struct str_list *list = &args->scrape_protocols;
    for (size_t i = 0; i < list->count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (str_eq(list->items[i], list->items[k])) {
                return error_set(err, STATUS_INVALID,
                                 "duplicate scrape protocol \"%.*s\": make sure the scrape "
                                 "protocols provided are unique",
                                 STR_ARG(list->items[i]));
            }
        }
        if (scrape_protocol_of(list->items[i]) == PROTOCOL_NONE) {
            return unknown_protocol(list->items[i], "scrape protocol", err);
        }
    }
    if (args->scrape_fallback_protocol.len > 0 &&
        scrape_protocol_of(args->scrape_fallback_protocol) == PROTOCOL_NONE) {
        return unknown_protocol(args->scrape_fallback_protocol, "scrape_fallback_protocol", err);
    }
    return STATUS_OK;
}

static enum status check_names(struct scrape_args *args, struct error *err)
{
    struct str validation = args->metric_name_validation_scheme;
    struct str *escaping = &args->metric_name_escaping_scheme;
    bool is_legacy = str_is(validation, "legacy");
    if (!is_legacy && !str_is(validation, "utf8")) {
        return error_set(err, STATUS_INVALID,
                         "invalid metric_name_validation_scheme \"%.*s\": must be either \"utf8\" "
                         "or \"legacy\"",
                         STR_ARG(validation));
    }
    if (escaping->len == 0) {
        *escaping = is_legacy ? STR("underscores") : STR("allow-utf-8");
    }
    bool allow = str_is(*escaping, "allow-utf-8");
    if (!allow && !str_is(*escaping, "underscores") && !str_is(*escaping, "dots") &&
        !str_is(*escaping, "values")) {
        return error_set(err, STATUS_INVALID,
                         "invalid metric_name_escaping_scheme: \"%.*s\", supported values: "
                         "[allow-utf-8 underscores dots values]",
                         STR_ARG(*escaping));
    }
    if (allow && is_legacy) {
        return error_set(err, STATUS_INVALID,
                         "metric_name_escaping_scheme cannot be set to 'allow-utf-8' while "
                         "metric_name_validation_scheme is not set to 'utf8'");
    }
    return STATUS_OK;
}

static enum status check_times(const struct scrape_args *args, struct error *err)
{
    if (args->scrape_timeout.ns <= args->scrape_interval.ns) {
        return STATUS_OK;
    }
    struct buf timeout;
    struct buf interval;
    buf_init(&timeout, NULL, 64);
    buf_init(&interval, NULL, 64);
    duration_format(&timeout, args->scrape_timeout.ns);
    duration_format(&interval, args->scrape_interval.ns);
    error_set(err, STATUS_INVALID,
              "scrape_timeout (%.*s) greater than scrape_interval (%.*s) for scrape config with "
              "job name \"%.*s\"",
              STR_ARG(buf_view(&timeout)), STR_ARG(buf_view(&interval)), STR_ARG(args->job_name));
    buf_release(&timeout);
    buf_release(&interval);
    return STATUS_INVALID;
}

static enum status check_args(void *data, struct arena *arena, struct error *err)
{
    struct scrape_args *args = data;
    enum status status = check_times(args, err);
    if (status == STATUS_OK) {
        status = check_native(args, arena, err);
    }
    if (status == STATUS_OK) {
        status = check_protocols(args, err);
    }
    if (status == STATUS_OK) {
        status = check_names(args, err);
    }
    return status == STATUS_OK ? http_client_config_check(&args->client, err) : status;
}

static const struct row clustering_rows[] = {
    {ATTR(struct scrape_clustering, enabled), .required = true, .no_effect = true,
     .doc = "Clusters are not formed yet, so that all targets are scraped here."},
    {0},
};
static const struct shape clustering_shape = {
    .name = "clustering", .rows = clustering_rows, .size = sizeof(struct scrape_clustering)};

#define S struct scrape_args
static const struct row rows[] = {
    {ATTR(S, targets), .required = true, .doc = "Targets to scrape."},
    {ATTR(S, forward_to), .required = true, .capsule = &capsule_metrics,
     .doc = "Receivers of the scraped samples."},
    {ATTR(S, job_name), .doc = "Value of the label job, the component's id when empty."},
    {ATTR(S, honor_labels), .doc = "Whether the page's labels win over the target's."},
    {ATTR(S, honor_timestamps), .def = "true", .doc = "Whether timestamps on the page are kept."},
    {ATTR(S, track_timestamps_staleness),
     .doc = "Whether series with timestamps of their own get markers of staleness."},
    {ATTR(S, params), .doc = "Query parameters of the request."},
    {ATTR(S, scrape_classic_histograms),
     .doc = "Whether classic buckets are kept beside a native histogram."},
    {ATTR(S, scrape_native_histograms), .doc = "Whether native histograms are read."},
    {REFUSED("scrape_failure_log_file", "failed scrapes are logged at debug level")},
    {ATTR(S, scrape_interval), .def = "\"1m0s\"", .doc = "Time between two scrapes of a target."},
    {ATTR(S, scrape_timeout), .def = "\"10s\"", .doc = "Time a scrape may take."},
    {ATTR(S, scrape_protocols), .def = DEFAULT_PROTOCOLS,
     .doc = "Formats to ask for, the best first."},
    {ATTR(S, metrics_path), .def = "\"/metrics\"", .doc = "Path of the page."},
    {ATTR(S, scheme), .def = "\"http\"", .doc = "URL scheme of targets that say none."},
    {ATTR(S, body_size_limit), .def = "\"0B\"",
     .doc = "Largest page that is taken, 0 for the program's own limit."},
    {ATTR(S, sample_limit), .doc = "Samples a page may hold, 0 for any number."},
    {ATTR(S, target_limit), .doc = "Targets there may be, 0 for any number."},
    {ATTR(S, label_limit), .doc = "Labels a series may have, 0 for any number."},
    {ATTR(S, label_name_length_limit), .doc = "Bytes a label's name may have, 0 for any number."},
    {ATTR(S, label_value_length_limit), .doc = "Bytes a label's value may have, 0 for any number."},
    {SQUASH(S, client, http_client_shape)},
    {ATTR(S, extra_metrics), .doc = "Whether series about limits and sizes are added."},
    {ATTR(S, enable_protobuf_negotiation),
     .doc = "Old way to ask for protobuf and native histograms."},
    {ATTR(S, metric_name_validation_scheme), .def = "\"legacy\"",
     .doc = "Which metric names are valid: legacy or utf8."},
    {ATTR(S, metric_name_escaping_scheme), .doc = "How servers are asked to escape other names."},
    {ATTR(S, scrape_fallback_protocol), .def = "\"PrometheusText0.0.4\"",
     .doc = "Format of answers that do not say."},
    {REFUSED("convert_classic_histograms_to_nhcb", "classic histograms stay as they are")},
    {ATTR(S, enable_compression), .def = "true", .doc = "Whether compressed pages are asked for."},
    {REFUSED("native_histogram_bucket_limit", "native histograms are not reduced")},
    {REFUSED("native_histogram_min_bucket_factor", "native histograms are not reduced")},
    {ATTR(S, honor_metadata), .doc = "Whether metadata travels with the samples."},
    {REFUSED("enable_type_and_unit_labels", "types and units do not become labels")},
    {REFUSED("start_timestamp_zero_ingestion", "start times do not become samples")},
    {BLOCK(S, clustering, clustering_shape), .doc = "Sharing of targets in a cluster."},
    {0},
};
const struct shape scrape_args_shape = {
    .name = "prometheus.scrape", .rows = rows, .size = sizeof(S), .check = check_args};
