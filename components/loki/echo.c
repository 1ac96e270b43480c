/* loki.echo: writes the entries it receives to the log. Owns its sink; the text of one entry is
 * bounded by TEXT_MAX. */

#include "base/strconv.h"
#include "runtime/component.h"

enum { TEXT_MAX = 1024 * 1024 };

struct args {
    char unused; /* the block is empty */
};
static const struct row rows[] = {{0}};
static const struct shape args_shape = SHAPE(struct args, rows, NULL);

struct exports {
    struct capsule_ref receiver;
};
static const struct row export_rows[] = {
    {ATTR(struct exports, receiver), .capsule = &capsule_logs, .doc = "Takes log entries."},
    {0},
};
static const struct shape exports_shape = SHAPE(struct exports, export_rows, NULL);

struct echo {
    struct component_host *host;
    struct sink *sink;
};

static void write_metadata(struct buf *out, const struct log_entry *entry)
{
    struct json_writer w;
    json_begin(&w, out);
    json_object(&w);
    for (size_t i = 0; i < entry->metadata_count; i++) {
        json_key(&w, entry->metadata[i].name);
        json_string(&w, entry->metadata[i].value);
    }
    json_object_end(&w);
}

static void write_entry(struct echo *e, const struct log_entry *entry)
{
    struct buf time;
    struct buf labels;
    struct buf metadata;
    buf_init(&time, NULL, 64);
    buf_init(&labels, NULL, TEXT_MAX);
    buf_init(&metadata, NULL, TEXT_MAX);
    time_format_rfc3339(&time, entry->t_ns);
    labels_print(&labels, entry->labels);
    write_metadata(&metadata, entry);
    LOG(host_log(e->host), LOG_INFO, "received log entry",
        LOG_S("entry", str_slice(entry->line, 0, TEXT_MAX)),
        LOG_S("entry_timestamp", buf_view(&time)), LOG_S("labels", buf_view(&labels)),
        LOG_S("structured_metadata", buf_view(&metadata)));
    buf_release(&time);
    buf_release(&labels);
    buf_release(&metadata);
}

static void push(void *self, struct batch *batch, struct ack *ack)
{
    struct echo *e = self;
    const struct log_batch *in = batch_logs(batch);
    for (size_t i = 0; i < in->entry_count; i++)
        write_entry(e, &in->entries[i]);
    ack_done(ack, ACK_DONE, 0);
}

static const struct sink_ops sink_table = {.push = push};

static enum status build(void *self, struct component_host *host, const void *args,
                         struct error *err)
{
    struct echo *e = self;
    (void)args;
    (void)err;
    e->host = host;
    e->sink = sink_new(host_loop(host), 1u << SIGNAL_LOGS, host_global_id(host), &sink_table, e);
    struct exports exports = {{sink_value(&capsule_logs, e->sink)}};
    host_export(host, &exports);
    value_unref(exports.receiver.value);
    return STATUS_OK;
}

static void stop(void *self)
{
    struct echo *e = self;
    sink_close(e->sink);
    host_stopped(e->host);
}

static void release(void *self)
{
    struct echo *e = self;
    sink_unref(e->sink);
}

const struct component_def loki_echo = {
    .name = "loki.echo",
    .summary = "Writes received log entries to the log.",
    .stability = STABILITY_GA,
    .args = &args_shape,
    .exports = &exports_shape,
    .size = sizeof(struct echo),
    .build = build,
    .stop = stop,
    .release = release,
};
