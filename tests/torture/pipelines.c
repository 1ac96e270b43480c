/* Every allocation, file operation and socket operation of a pipeline's life fails in turn: load
 * and start, one request of each protocol with its delivery, reload, stop. Each failure has a
 * process of its own, so that one finding does not hide the others.
 *
 * A test run takes samples, of allocations those of the start alone: findings of the other phases
 * are open (docs/reliability.md). TORTURE_STEP=n takes every nth of all phases; TORTURE_ONLY names
 * one pipeline, TORTURE_PHASE one phase (0 start, 1 request, 2 reload, 3 stop), TORTURE_FROM the
 * first n, TORTURE_WORKERS how many processes run at a time. */

#include "tests/support/test.h"
#include "tests/torture/life.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Primes, so that the samples are spread over what repeats. */
enum {
    STEP_MEMORY = 613,
    STEP_FILES = 17,
    STEP_SOCKETS = 5,
    WORKERS = 2,
    NTH_MAX = 20000,
    SPARED_ENOUGH = 8, /* a busy machine may come to the nth operation too late, now and then */
    SPARED_ENOUGH_OF_SAMPLES = 3,
    SECONDS_EACH = 60
};

#define TAKE "test.take \"t\" { }\n"
#define HTTP_IN(port)                                                                              \
    "  http {\n    listen_address = \"127.0.0.1\"\n    listen_port = {" port "}\n  }\n"
#define REMOTE_WRITE                                                                               \
    "prometheus.remote_write \"w\" {\n  external_labels = {n = \"{n}\"}\n  endpoint {\n"           \
    "    url = \"http://127.0.0.1:{out}/api/v1/metrics/write\"\n    remote_timeout = \"1s\"\n"     \
    "    queue_config {\n      batch_send_deadline = \"5ms\"\n      min_backoff = \"5ms\"\n"       \
    "      max_backoff = \"20ms\"\n    }\n  }\n}\n"                                                \
    "prometheus.receive_http \"out\" {\n" HTTP_IN(                                                 \
        "out") "  forward_to = [test.take.t.metrics]\n}\n" TAKE
#define RETRIES                                                                                    \
    "    timeout = \"1s\"\n"                                                                       \
    "  }\n  retry_on_failure {\n    initial_interval = \"5ms\"\n    max_interval = \"20ms\"\n  }\n"
#define OTLP_IN(protocol, port) "  " protocol " {\n    endpoint = \"127.0.0.1:{" port "}\"\n  }\n"
#define OTLP_HTTP                                                                                  \
    "otelcol.receiver.otlp \"in\" {\n" OTLP_IN(                                                    \
        "http",                                                                                    \
        "in") "  output {\n    logs = [otelcol.exporter.otlphttp.w.input]\n  }\n}\n"               \
              "otelcol.exporter.otlphttp \"w\" {\n  client {\n"                                    \
              "    endpoint = \"http://127.0.0.1:{out}\"\n    headers = {n = \"{n}\"}\n" RETRIES   \
              "}\n"                                                                                \
              "otelcol.receiver.otlp \"out\" {\n" OTLP_IN(                                         \
                  "http", "out") "  output {\n    logs = [test.take.t.otlp]\n  }\n}\n" TAKE

static const char sample[] = "\x0a\x21\x0a\x0d\x0a\x08__name__\x12\x01"
                             "a\x12\x10\x09\0\0\0\0\0\0\xf0\x3f\x10\x80\xd0\x95\xff\xbc\x31";
static const char record[] = "\x0a\x09\x12\x07\x12\x05\x2a\x03\x0a\x01x";

static const struct pipeline pipelines[] = {
    {.name = "metrics",
     .config = "prometheus.receive_http \"in\" {\n" HTTP_IN(
         "in") "  forward_to = [prometheus.remote_write.w.receiver]\n}\n" REMOTE_WRITE,
     .path = "/api/v1/metrics/write",
     .type = "application/x-protobuf",
     .body = sample,
     .body_len = sizeof(sample) - 1,
     .snappy = true},
    {.name = "logs",
     .config = "loki.source.api \"in\" {\n" HTTP_IN(
         "in") "  forward_to = [loki.write.w.receiver]\n}\n"
               "loki.write \"w\" {\n  external_labels = {n = \"{n}\"}\n  endpoint {\n"
               "    url = \"http://127.0.0.1:{out}/loki/api/v1/push\"\n    batch_wait = \"5ms\"\n"
               "    min_backoff_period = \"5ms\"\n    max_backoff_period = \"20ms\"\n"
               "    max_backoff_retries = 0\n    remote_timeout = \"1s\"\n  }\n}\n"
               "loki.source.api \"out\" {\n" HTTP_IN(
                   "out") "  forward_to = [test.take.t.logs]\n}\n" TAKE,
     .path = "/loki/api/v1/push",
     .type = "application/json",
     .body = "{\"streams\":[{\"stream\":{\"a\":\"b\"},\"values\":[[\"1700000000000000000\","
             "\"line\"]]}]}"},
    {.name = "otlp-http",
     .config = OTLP_HTTP,
     .path = "/v1/logs",
     .type = "application/x-protobuf",
     .body = record,
     .body_len = sizeof(record) - 1},
    {.name = "otlp-json",
     .config = OTLP_HTTP,
     .path = "/v1/logs",
     .type = "application/json",
     .body = "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"body\":{\"stringValue\":"
             "\"x\"}}]}]}]}"},
    {.name = "otlp-grpc",
     .config = "otelcol.receiver.otlp \"in\" {\n" OTLP_IN(
         "http",
         "in") "  output {\n    logs = [otelcol.processor.batch.b.input]\n  }\n}\n"
               "otelcol.processor.batch \"b\" {\n  timeout = \"5ms\"\n"
               "  output {\n    logs = [otelcol.exporter.otlp.w.input]\n  }\n}\n"
               "otelcol.exporter.otlp \"w\" {\n  client {\n    endpoint = \"127.0.0.1:{out}\"\n"
               "    headers = {n = \"{n}\"}\n    tls {\n      insecure = true\n    }\n  }\n"
               "  retry_on_failure {\n    initial_interval = \"5ms\"\n    max_interval = \"20ms\"\n  }\n}\n"
               "otelcol.receiver.otlp \"out\" {\n" OTLP_IN(
                   "grpc", "out") "  output {\n    logs = [test.take.t.otlp]\n  }\n}\n" TAKE,
     .path = "/v1/logs",
     .type = "application/x-protobuf",
     .body = record,
     .body_len = sizeof(record) - 1},
    {.name = "scrape",
     .config = "prometheus.scrape \"s\" {\n  targets = [{__address__ = \"127.0.0.1:{page}\"}]\n"
               "  scrape_interval = \"50ms\"\n  scrape_timeout = \"50ms\"\n"
               "  forward_to = [prometheus.remote_write.w.receiver]\n}\n" REMOTE_WRITE},
};

struct tally {
    unsigned runs, findings;
    unsigned spared; /* in a row */
};

static void settle(struct tally *tally, uint64_t nth)
{
    int status = 0;
    if (wait(&status) < 0)
        return;
    tally->runs++;
    int end = WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
    if (end == LIFE_SPARED) {
        tally->spared++;
        return;
    }
    tally->spared = 0;
    if (end != LIFE_GOOD) {
        tally->findings++;
        (void)fprintf(stderr, "  (about nth %d: ends with %d)\n", (int)nth, end);
    }
}

static uint64_t wish(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

static void torture(enum torture_kind kind, const char *kind_name, uint64_t step)
{
    const char *text = getenv("TORTURE_STEP"), *only = getenv("TORTURE_ONLY");
    uint64_t workers = wish("TORTURE_WORKERS", WORKERS);
    step = wish("TORTURE_STEP", step);
    unsigned findings = 0;
    unsigned enough = text ? SPARED_ENOUGH : SPARED_ENOUGH_OF_SAMPLES;
    for (size_t i = 0; i < sizeof(pipelines) / sizeof(pipelines[0]); i++) {
        if (only && strcmp(only, pipelines[i].name) != 0)
            continue;
        uint64_t phases = kind == TORTURE_MEMORY && !text ? 1 : PHASES;
        for (uint64_t phase = 0; phase < phases; phase++) {
            struct tally tally = {0};
            unsigned working = 0;
            if (wish("TORTURE_PHASE", phase) != phase)
                continue;
            for (uint64_t nth = wish("TORTURE_FROM", 1); tally.spared < enough && nth < NTH_MAX;
                 nth += step) {
                if (working == workers) {
                    settle(&tally, nth);
                    working--;
                }
                (void)fflush(NULL);
                if (fork() == 0) {
                    alarm(SECONDS_EACH);
                    _exit(life_run(&pipelines[i], (enum torture_phase)phase, kind, nth));
                }
                working++;
            }
            for (; working; working--)
                settle(&tally, 0);
            (void)fprintf(stderr, "%s, %s, phase %d: %u runs, %u findings\n", kind_name,
                          pipelines[i].name, (int)phase, tally.runs, tally.findings);
            findings += tally.findings;
        }
    }
    cr_assert_eq(findings, 0);
}

TEST(torture, every_allocation, .timeout = 3600)
{
    torture(TORTURE_MEMORY, "memory", STEP_MEMORY);
}

TEST(torture, every_file_operation, .timeout = 3600)
{
    torture(TORTURE_FILES, "files", STEP_FILES);
}

TEST(torture, every_file_operation_on_a_full_disk, .timeout = 3600)
{
    torture(TORTURE_DISK_FULL, "full disk", STEP_FILES);
}

TEST(torture, every_socket_operation, .timeout = 3600)
{
    torture(TORTURE_SOCKETS, "sockets", STEP_SOCKETS);
}
