/* The OTLP pipeline: otelcol.receiver.otlp (HTTP and gRPC) → otelcol.processor.batch →
 * otelcol.exporter.otlphttp or .otlp (gRPC) with their queues, fanned out to several. */

#include "tests/simulation/run.h"

#include <fcntl.h>
#include <stdio.h>

/* Items in a push; requests of the three signals that an exporter has under way, and the chunks
 * that a batch processor hands over. */
enum { MOST = 12, UNDER_WAY = 12 + 3 };

static void set_up(struct run *run)
{
    static const struct {
        enum protocol protocol;
        const char *path, *method;
    } signals[] = {
        {PROTOCOL_OTLP_LOGS, "/v1/logs",
         "/opentelemetry.proto.collector.logs.v1.LogsService/Export"},
        {PROTOCOL_OTLP_TRACES, "/v1/traces",
         "/opentelemetry.proto.collector.trace.v1.TraceService/Export"},
        {PROTOCOL_OTLP_METRICS, "/v1/metrics",
         "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"},
    };
    /* Queues that are synced lose nothing at a power cut. The folder of the storage is there: one
     * that cannot be looked at is a wrong configuration. */
    run->j->is_strict = draw_bits(&run->shape, 3) == 0;
    if (run->j->is_strict) {
        world_mkdir(AT_FDCWD, "/store", 0700);
        run->sim->faults[SIM_READ_ERROR] = 0;
    }
    for (unsigned i = 0; i < run->receivers; i++) {
        struct receiver_options receiver = {
            .protocol = PROTOCOL_OTLP_LOGS,
            .index = i,
            .port = 9201 + i,
        };
        run->receiver[i] = receiver_new(run->j, &receiver);
    }
    for (unsigned i = 0; i < 3; i++) {
        bool is_grpc = sim_below(run->sim, 2) == 0;
        /* Several requests of traces may be under way at once. */
        if (signals[i].protocol == PROTOCOL_OTLP_TRACES)
            run->j->unordered |= 1u << i;
        struct sender_options sender = {
            .protocol = signals[i].protocol,
            .is_grpc = is_grpc,
            .port = is_grpc ? 4317 : 4318,
            .path = is_grpc ? signals[i].method : signals[i].path,
            .stream = i,
            .most = MOST,
        };
        run->senders[i] = sender_new(run->j, &sender);
    }
}

static void write_output(struct buf *out, const char *to)
{
    buf_printf(out, "  output {\n    logs = [%s]\n    traces = [%s]\n    metrics = [%s]\n  }\n", to,
               to, to);
}

static void write_exporter(struct buf *out, uint64_t *tuning, const char *kind, unsigned index,
                           bool is_strict)
{
    static const char *const compressions[] = {"none", "gzip", "zstd"};
    bool is_grpc = kind[4] == '\0';
    buf_printf(out, "otelcol.exporter.%s \"w%u\" {\n", kind, index);
    if (is_grpc)
        buf_printf(out, "  timeout = \"%us\"\n", 2 + draw_bits(tuning, 3));
    buf_printf(out, "  client {\n    endpoint = \"%s10.0.0.1:%u\"\n    compression = \"%s\"\n",
               is_grpc ? "" : "http://", 9201 + index, compressions[draw_bits(tuning, 3)]);
    if (is_grpc)
        buf_cstr(out, "    tls {\n      insecure = true\n    }\n");
    else
        buf_printf(out, "    timeout = \"%us\"\n", 2 + draw_bits(tuning, 3));
    buf_printf(out,
               "  }\n  retry_on_failure {\n    initial_interval = \"%ums\"\n"
               "    max_interval = \"%us\"\n    max_elapsed_time = \"0s\"\n  }\n",
               100 + draw_bits(tuning, 300), 1 + draw_bits(tuning, 3));
    buf_printf(out, "  sending_queue {\n    queue_size = %u\n%s  }\n}\n",
               20 + draw_bits(tuning, 1000),
               is_strict ? "    storage = otelcol.storage.file.s.handler\n" : "");
}

static void write_config(struct run *run, struct buf *out)
{
    uint64_t shape = run->shape, tuning = run->tuning;
    bool batches = draw_bits(&shape, 2) == 0 && !run->j->is_strict;
    may_fly(run, UNDER_WAY, MOST);
    struct buf to;
    buf_init(&to, NULL, 1024);
    const char *kinds[RECEIVERS];
    for (unsigned w = 0; w < run->receivers; w++) {
        kinds[w] = draw_bits(&shape, 2) == 0 ? "otlp" : "otlphttp";
        buf_printf(&to, "%sotelcol.exporter.%s.w%u.input", w != 0 ? ", " : "", kinds[w], w);
    }
    buf_byte(&to, '\0');
    buf_cstr(out, "otelcol.receiver.otlp \"in\" {\n  grpc {\n    endpoint = \"127.0.0.1:4317\"\n"
                  "  }\n  http {\n    endpoint = \"127.0.0.1:4318\"\n  }\n");
    write_output(out, batches ? "otelcol.processor.batch.b.input" : to.data);
    buf_cstr(out, "}\n");
    if (batches) {
        unsigned size = 1 + draw_bits(&tuning, 100);
        unsigned most = size + draw_bits(&tuning, 100);
        may_fly(run, UNDER_WAY, most);
        buf_printf(out,
                   "otelcol.processor.batch \"b\" {\n  timeout = \"%ums\"\n"
                   "  send_batch_size = %u\n  send_batch_max_size = %u\n",
                   50 + draw_bits(&tuning, 500), size, most);
        write_output(out, to.data);
        buf_cstr(out, "}\n");
    }
    if (run->j->is_strict)
        buf_cstr(out,
                 "otelcol.storage.file \"s\" {\n  directory = \"/store\"\n  fsync = true\n}\n");
    for (unsigned w = 0; w < run->receivers; w++)
        write_exporter(out, &tuning, kinds[w], w, run->j->is_strict);
    buf_release(&to);
}

const struct pipeline pipeline_otlp = {
    .name = "otlp",
    .set_up = set_up,
    .write_config = write_config,
    .counts = {{"otelcol_exporter_sent_spans_total", "otelcol_exporter_sent_metric_points_total",
                "otelcol_exporter_sent_log_records_total"},
               {"otelcol_exporter_send_failed_spans_total",
                "otelcol_exporter_send_failed_metric_points_total",
                "otelcol_exporter_send_failed_log_records_total"}},
};
