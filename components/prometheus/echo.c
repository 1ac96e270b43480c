/* prometheus.echo: writes what it receives to the log, as text exposition. Owns its sink; a batch's
 * text is bounded by TEXT_MAX and cut there. */
#include "base/strconv.h"
#include "base/vec.h"
#include "runtime/component.h"

enum { TEXT_MAX = 16 * 1024 * 1024 };

struct args {
    struct str format;
};

struct exports {
    struct capsule_ref receiver;
};

static const char *const formats[] = {"text", "openmetrics", "", NULL};

static const struct row rows[] = {
    {ATTR(struct args, format), .def = "\"text\"", .oneof = formats,
     .doc = "Format of the text: text or openmetrics."},
    {0},
};
static const struct shape args_shape = {
    .name = "prometheus.echo", .rows = rows, .size = sizeof(struct args)};

static const struct row export_rows[] = {
    {ATTR(struct exports, receiver), .capsule = &capsule_metrics, .doc = "Takes metrics."},
    {0},
};
static const struct shape exports_shape = {
    .name = "exports", .rows = export_rows, .size = sizeof(struct exports)};

struct echo {
    struct component_host *host;
    struct sink *sink;
    bool is_openmetrics;
};

/* One line: a sample, or a native histogram's count and sum. */
struct item {
    struct str family;
    const struct labels *labels;
    const struct sample *sample;       /* or NULL */
    const struct histogram *histogram; /* or NULL */
};

struct items {
    struct item *items;
    size_t len;
    size_t cap;
};

static int by_family_and_labels(const void *a, const void *b)
{
    const struct item *x = a;
    const struct item *y = b;
    int order = str_cmp(x->family, y->family);
    uint32_t count = x->labels->count < y->labels->count ? x->labels->count : y->labels->count;
    for (uint32_t i = 0; order == 0 && i < count; i++) {
        order = str_cmp(x->labels->pairs[i].name, y->labels->pairs[i].name);
        order = order ? order : str_cmp(x->labels->pairs[i].value, y->labels->pairs[i].value);
    }
    return order ? order : (int)(x->labels->count > y->labels->count) - (x->labels->count < count);
}

static void write_value_text(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '\\' || c == '"') {
            buf_byte(out, '\\');
        }
        if (c == '\n') {
            buf_cstr(out, "\\n");
        } else {
            buf_byte(out, c);
        }
    }
}

static void write_series(struct buf *out, const struct item *item, const char *suffix)
{
    bool is_first = true;
    buf_str(out, item->family);
    buf_cstr(out, suffix);
    for (uint32_t i = 0; i < item->labels->count; i++) {
        const struct label *l = &item->labels->pairs[i];
        if (str_is(l->name, "__name__")) {
            continue;
        }
        buf_byte(out, is_first ? '{' : ',');
        is_first = false;
        buf_str(out, l->name);
        buf_cstr(out, "=\"");
        write_value_text(out, l->value);
        buf_byte(out, '"');
    }
    buf_cstr(out, is_first ? " " : "} ");
}

static void write_time(struct buf *out, const struct echo *e, int64_t t_ms)
{
    if (t_ms > 0 && e->is_openmetrics) {
        buf_byte(out, ' ');
        strconv_float(out, (double)t_ms / 1000, 'f');
    } else if (t_ms > 0) {
        buf_byte(out, ' ');
        buf_i64(out, t_ms);
    }
    buf_byte(out, '\n');
}

static void write_item(struct buf *out, const struct echo *e, const struct item *item)
{
    if (item->sample) {
        write_series(out, item, "");
        strconv_float(out, item->sample->value, 'g');
        write_time(out, e, item->sample->t_ms);
        return;
    }
    const struct histogram *h = item->histogram;
    write_series(out, item, "_sum");
    strconv_float(out, h->sum, 'g');
    write_time(out, e, h->t_ms);
    write_series(out, item, "_count");
    strconv_float(out, h->is_float ? h->count_float : (double)h->count, 'g');
    write_time(out, e, h->t_ms);
}

static struct items sorted_items(const struct metric_batch *batch)
{
    struct items list = {0};
    for (size_t i = 0; i < batch->sample_count; i++) {
        const struct sample *s = &batch->samples[i];
        VEC_PUSH(&list,
                 ((struct item){labels_get(s->labels, STR("__name__")), s->labels, s, NULL}));
    }
    for (size_t i = 0; i < batch->histogram_count; i++) {
        const struct histogram *h = &batch->histograms[i];
        VEC_PUSH(&list,
                 ((struct item){labels_get(h->labels, STR("__name__")), h->labels, NULL, h}));
    }
    if (list.len > 0) {
        qsort(list.items, list.len, sizeof(*list.items), by_family_and_labels);
    }
    return list;
}

static void push(void *self, struct batch *batch, struct ack *ack)
{
    struct echo *e = self;
    if (batch->signal != SIGNAL_METRICS) {
        ack_done(ack, ACK_REJECTED, 0);
        return;
    }
    struct buf text;
    buf_init(&text, NULL, TEXT_MAX);
    struct items list = sorted_items(batch_metrics(batch));
    struct str family = STR_NONE;
    for (size_t i = 0; i < list.len; i++) {
        const struct item *item = &list.items[i];
        if (i == 0 || !str_eq(family, item->family)) {
            family = item->family;
            buf_printf(&text, "# TYPE %.*s %s\n", STR_ARG(family),
                       item->histogram     ? "histogram"
                       : e->is_openmetrics ? "unknown"
                                           : "untyped");
        }
        write_item(&text, e, item);
    }
    LOG(host_log(e->host), LOG_INFO, "received metrics", LOG_S("metrics", buf_view(&text)));
    VEC_RELEASE(&list);
    buf_release(&text);
    ack_done(ack, ACK_DONE, 0);
}

static const struct sink_ops sink_ops = {.push = push};

static void use_args(struct echo *e, const struct args *args)
{
    e->is_openmetrics = str_is(args->format, "openmetrics");
}

static enum status build(void *self, struct component_host *host, const void *args,
                         struct error *err)
{
    (void)err;
    struct echo *e = self;
    struct buf name;
    e->host = host;
    use_args(e, args);
    buf_init(&name, NULL, 4096);
    buf_str(&name, host_global_id(host));
    buf_cstr(&name, ".receiver");
    e->sink = sink_new(host_loop(host), 1U << SIGNAL_METRICS, buf_view(&name), &sink_ops, e);
    buf_release(&name);
    struct exports exports = {{sink_value(&capsule_metrics, e->sink)}};
    host_export(host, &exports);
    value_unref(exports.receiver.value);
    return STATUS_OK;
}

static enum status update(void *self, const void *args, const void *old_args, struct error *err)
{
    (void)old_args;
    (void)err;
    use_args(self, args);
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

const struct component_def prometheus_echo = {
    .name = "prometheus.echo",
    .summary = "Writes the metrics it receives to the log.",
    .stability = STABILITY_GA,
    .args = &args_shape,
    .exports = &exports_shape,
    .size = sizeof(struct echo),
    .build = build,
    .update = update,
    .stop = stop,
    .release = release,
};
