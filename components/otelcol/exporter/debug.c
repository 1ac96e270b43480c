/* otelcol.exporter.debug: writes what it receives to the log. Owns its sink; the text of one batch
 * is bounded by TEXT_MAX and cut there. */

#include "components/otelcol/exporter/debug/text.h"

#include "components/common/otelcol.h"

enum { TEXT_MAX = 4 * 1024 * 1024 };
static const int64_t SECOND_NS = 1000000000;

struct args {
    struct str verbosity;
    int64_t sampling_initial;
    int64_t sampling_thereafter;
    bool use_internal_logger;
    struct otelcol_debug_metrics debug_metrics;
};

static const struct row rows[] = {
    {ATTR(struct args, verbosity), .def = "\"basic\"",
     .doc = "How much is shown: basic (numbers) or normal (a line an item)."},
    {ATTR(struct args, sampling_initial), .def = "2",
     .doc = "Summary lines of each signal that are written in a second before sampling begins."},
    {ATTR(struct args, sampling_thereafter), .def = "1",
     .doc = "From then on every so manieth summary line of that second is written."},
    {ATTR(struct args, use_internal_logger), .def = "true",
     .doc = "Whether the program's own log is written to."},
    {REFUSED("output_paths", "the text always goes to the program's own log.")},
    {BLOCK(struct args, debug_metrics, otelcol_debug_metrics_shape), .present_default = true,
     .doc = "Metrics that the component has of itself."},
    {0},
};

static enum status check_args(void *args, struct arena *arena, struct error *err)
{
    const struct args *a = args;
    (void)arena;
    if (str_is(a->verbosity, "detailed")) {
        return error_set(err, STATUS_UNSUPPORTED,
                         "verbosity \"detailed\" is not supported by invar yet: use \"normal\"");
    }
    if (!str_is(a->verbosity, "basic") && !str_is(a->verbosity, "normal")) {
        return error_set(err, STATUS_INVALID, "invalid verbosity \"%.*s\"", STR_ARG(a->verbosity));
    }
    if (!a->use_internal_logger) {
        return error_set(err, STATUS_UNSUPPORTED,
                         "use_internal_logger = false is not supported by invar yet");
    }
    return STATUS_OK;
}

static const struct shape args_shape = SHAPE(struct args, rows, check_args);

struct debug {
    struct component_host *host;
    const struct args *args;
    struct sink *sink;
    int64_t second; /* under way, by the loop's clock */
    int64_t lines[OTLP_SIGNALS];
};

static bool is_sampled(struct debug *d, enum otlp_signal signal)
{
    int64_t second = loop_now_ns(host_loop(d->host)) / SECOND_NS;
    if (second != d->second)
        memset(d->lines, 0, sizeof d->lines);
    d->second = second;
    int64_t n = ++d->lines[signal] - d->args->sampling_initial;
    if (n <= 0)
        return true;
    return d->args->sampling_thereafter > 0 && n % d->args->sampling_thereafter == 0;
}

static void write_summary(struct debug *d, const struct otlp_batch *batch)
{
    struct debug_counts counts = debug_count(batch->otlp, batch->bytes);
    const struct log *log = host_log(d->host);
    if (batch->otlp == OTLP_TRACES) {
        LOG(log, LOG_INFO, "Traces", LOG_I("resource_spans", counts.resources),
            LOG_I("spans", batch->base.items));
    } else if (batch->otlp == OTLP_METRICS) {
        LOG(log, LOG_INFO, "Metrics", LOG_I("resource_metrics", counts.resources),
            LOG_I("metrics", counts.metrics), LOG_I("data_points", batch->base.items));
    } else {
        LOG(log, LOG_INFO, "Logs", LOG_I("resource_logs", counts.resources),
            LOG_I("log_records", batch->base.items));
    }
}

static void write_text(struct debug *d, const struct otlp_batch *batch)
{
    struct buf text;
    buf_init(&text, host_memory(d->host), TEXT_MAX);
    debug_text(&text, batch->otlp, batch->bytes);
    buf_byte(&text, '\0');
    if (text.overflow)
        text.data[text.len - 1] = '\0';
    LOG_PLAIN(host_log(d->host), LOG_INFO, text.data);
    buf_release(&text);
}

static void push(void *self, struct batch *batch, struct ack *ack)
{
    struct debug *d = self;
    const struct otlp_batch *otlp = batch_otlp(batch);
    if (is_sampled(d, otlp->otlp))
        write_summary(d, otlp);
    if (str_is(d->args->verbosity, "normal"))
        write_text(d, otlp);
    ack_done(ack, ACK_DONE, 0);
}

static const struct sink_ops sink_table = {.push = push};

static enum status build(void *self, struct component_host *host, const void *args,
                         struct error *err)
{
    struct debug *d = self;
    (void)err;
    d->host = host;
    d->args = args;
    d->sink = otelcol_consumer_export(host, &sink_table, d);
    return STATUS_OK;
}

static enum status update(void *self, const void *args, const void *old_args, struct error *err)
{
    struct debug *d = self;
    (void)old_args;
    (void)err;
    d->args = args;
    return STATUS_OK;
}

static void stop(void *self)
{
    struct debug *d = self;
    sink_close(d->sink);
    host_stopped(d->host);
}

static void release(void *self)
{
    struct debug *d = self;
    sink_unref(d->sink);
}

const struct component_def otelcol_exporter_debug = {
    .name = "otelcol.exporter.debug",
    .summary = "Writes received telemetry to the log.",
    .stability = STABILITY_EXPERIMENTAL,
    .args = &args_shape,
    .exports = &otelcol_consumer_shape,
    .size = sizeof(struct debug),
    .build = build,
    .update = update,
    .stop = stop,
    .release = release,
};
