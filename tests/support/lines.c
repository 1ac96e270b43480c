/* The receiver test.lines. */
#include "tests/support/lines.h"

enum { NOTES_MAX = 1024 * 1024 };
static const int64_t RETRY_NS = 100000000;

struct lines_args {
    bool unused;
};
struct lines_exports {
    struct capsule_ref receiver;
};
struct lines {
    struct component_host *host;
    struct sink *sink;
};

static const struct row rows[] = {{0}};
static const struct shape args_shape = SHAPE(struct lines_args, rows, NULL);
static const struct row export_rows[] = {
    {ATTR(struct lines_exports, receiver), .capsule = &capsule_logs, .doc = "Takes entries."},
    {0},
};
static const struct shape exports_shape = SHAPE(struct lines_exports, export_rows, NULL);

static _Thread_local struct lines_view view;

struct lines_view *lines_view(void)
{
    return &view;
}

void lines_begin(void)
{
    view = (struct lines_view){.answer = ACK_DONE, .with_labels = true};
    buf_init(&view.notes, NULL, NOTES_MAX);
}

void lines_end(void)
{
    buf_release(&view.notes);
}

static void push(void *self, struct batch *batch, struct ack *ack)
{
    (void)self;
    const struct log_batch *b = batch_logs(batch);
    if (view.refuse > 0) {
        view.refuse--;
        view.refused++;
        ack_done(ack, ACK_RETRY, RETRY_NS);
        return;
    }
    for (size_t i = 0; i < b->entry_count; i++) {
        const struct log_entry *e = &b->entries[i];
        if (view.with_labels) {
            labels_print(&view.notes, e->labels);
            buf_byte(&view.notes, ' ');
        }
        buf_str(&view.notes, e->line);
        for (size_t k = 0; k < e->metadata_count; k++) {
            buf_printf(&view.notes, " %.*s=%.*s", STR_ARG(e->metadata[k].name),
                       STR_ARG(e->metadata[k].value));
        }
        buf_byte(&view.notes, '\n');
    }
    ack_done(ack, view.answer, 0);
}

static const struct sink_ops sink_table = {.push = push};

static enum status build(void *self, struct component_host *host, const void *args,
                         struct error *err)
{
    (void)args;
    (void)err;
    struct lines *l = self;
    l->host = host;
    l->sink = sink_new(host_loop(host), 1U << SIGNAL_LOGS, STR("test.lines"), &sink_table, l);
    struct lines_exports exports = {{sink_value(&capsule_logs, l->sink)}};
    host_export(host, &exports);
    value_unref(exports.receiver.value);
    return STATUS_OK;
}

static void stop(void *self)
{
    struct lines *l = self;
    sink_close(l->sink);
    host_stopped(l->host);
}

static void release(void *self)
{
    sink_unref(((struct lines *)self)->sink);
}

const struct component_def test_lines = {.name = "test.lines",
                                         .summary = "Notes log entries.",
                                         .stability = STABILITY_GA,
                                         .args = &args_shape,
                                         .exports = &exports_shape,
                                         .size = sizeof(struct lines),
                                         .build = build,
                                         .stop = stop,
                                         .release = release};
