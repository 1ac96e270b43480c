/* See take.h. */

#include "tests/torture/take.h"

struct args {
    bool unused;
};
struct exports {
    struct capsule_ref metrics, logs, otlp;
};
struct take {
    struct component_host *host;
    struct sink *sink;
};

static const struct row rows[] = {{0}};
static const struct shape shape = {.name = "take", .rows = rows, .size = sizeof(struct args)};
static const struct row export_rows[] = {
    {ATTR(struct exports, metrics), .capsule = &capsule_metrics, .doc = "Takes metrics."},
    {ATTR(struct exports, logs), .capsule = &capsule_logs, .doc = "Takes logs."},
    {ATTR(struct exports, otlp), .capsule = &capsule_otlp, .doc = "Takes OTLP."},
    {0},
};
static const struct shape exports_shape = {
    .name = "exports", .rows = export_rows, .size = sizeof(struct exports)};

static _Thread_local uint64_t taken;

uint64_t take_count(void)
{
    return taken;
}

static void push(void *self, struct batch *batch, struct ack *ack)
{
    (void)self;
    taken += batch->items;
    ack_done(ack, ACK_DONE, 0);
}

static const struct sink_ops ops = {.push = push};

static enum status build(void *self, struct component_host *host, const void *args,
                         struct error *err)
{
    (void)args;
    (void)err;
    struct take *t = self;
    t->host = host;
    t->sink =
        sink_new(host_loop(host), 1U << SIGNAL_METRICS | 1U << SIGNAL_LOGS | 1U << SIGNAL_OTLP,
                 STR("test.take"), &ops, t);
    struct exports exports = {{sink_value(&capsule_metrics, t->sink)},
                              {sink_value(&capsule_logs, t->sink)},
                              {sink_value(&capsule_otlp, t->sink)}};
    host_export(host, &exports);
    value_unref(exports.metrics.value);
    value_unref(exports.logs.value);
    value_unref(exports.otlp.value);
    return STATUS_OK;
}

static void stop(void *self)
{
    struct take *t = self;
    sink_close(t->sink);
    host_stopped(t->host);
}

static void release(void *self)
{
    sink_unref(((struct take *)self)->sink);
}

const struct component_def test_take = {.name = "test.take",
                                        .summary = "Counts items.",
                                        .stability = STABILITY_GA,
                                        .args = &shape,
                                        .exports = &exports_shape,
                                        .size = sizeof(struct take),
                                        .build = build,
                                        .stop = stop,
                                        .release = release};
