/* loki.source.api: takes log entries over Loki's push API (protobuf and JSON) and as plain lines.
 *
 * A request is answered when what follows has stored or delivered its entries. Bounded by the size
 * of one request (max_send_message_size after decompression) and by MAX_WAITING bytes that wait for
 * an acknowledgement; beyond, and while a full queue downstream asks for a pause, requests are
 * refused before they are read. */

#include "base/compress.h"
#include "base/world.h"
#include "components/common/relabel.h"
#include "components/common/server_config.h"
#include "runtime/wire/loki_push.h"

enum { MAX_WAITING = 64 * 1024 * 1024, MAX_TENANT = 150 };
static const int64_t CLOSE_GRACE_NS = 2000000000;
static const int64_t LISTEN_AGAIN_NS = 1000000000;
static const int64_t MAX_PAUSE_NS = 100000000;
static const char TENANT_LABEL[] = "__tenant_id__";

struct args {
    struct server_config server;
    struct capsule_list forward_to;
    struct str_map labels;
    struct capsule_ref relabel_rules;
    bool use_incoming_timestamp;
    struct size_bytes max_send_message_size;
};

static const struct row rows[] = {
    {SQUASH(struct args, server, server_config_shape)},
    {ATTR(struct args, forward_to), .required = true, .capsule = &capsule_logs,
     .doc = "Receivers of the entries."},
    {ATTR(struct args, labels), .doc = "Labels that every entry gets."},
    {ATTR(struct args, relabel_rules), .capsule = &capsule_relabel_rules,
     .doc = "Rules that the labels of entries go through."},
    {ATTR(struct args, use_incoming_timestamp), .def = "false",
     .doc = "Whether entries keep their time; else it is that of their arrival."},
    {ATTR(struct args, max_send_message_size), .def = "\"100MiB\"",
     .doc = "Largest request after decompression."},
    {0},
};
static const struct shape args_shape = SHAPE(struct args, rows, NULL);

struct source {
    struct component_host *host;
    const struct args *args;
    struct fanout next;
    struct http_server *server;
    struct loop_timer *retry; /* listens again after a failure */
    struct relabel_scratch scratch;
    struct label_builder builder;
    size_t waiting, waiting_bytes;
    int64_t refuse_until; /* loop time */
    bool closing, stopping;
    struct self_metric *entries;
};

/* A request that waits for its acknowledgement. */
struct waiting {
    struct ack ack;
    struct source *source;
    struct http_exchange *exchange;
    size_t bytes, items;
};

static void stopped_if_done(struct source *s)
{
    if (s->stopping && !s->closing && s->waiting == 0)
        host_stopped(s->host);
}

static void reply_busy(struct http_exchange *exchange)
{
    const struct http_header headers[] = {{STR_INIT("Retry-After"), STR_INIT("1")}};
    http_reply(exchange, 503, headers, 1, STR("the queue is full\n"));
}

static void acknowledged(struct ack *ack, enum ack_result result, int64_t retry_ns)
{
    struct waiting *w = (struct waiting *)ack;
    struct source *s = w->source;
    s->waiting--;
    s->waiting_bytes -= w->bytes;
    if (result == ACK_DONE) {
        self_add(s->entries, (double)w->items);
        host_count_out(s->host, w->items);
        http_reply(w->exchange, 204, NULL, 0, STR_NONE);
    } else if (result == ACK_RETRY) {
        s->refuse_until =
            loop_now_ns(host_loop(s->host)) + (retry_ns < MAX_PAUSE_NS ? retry_ns : MAX_PAUSE_NS);
        reply_busy(w->exchange);
    } else {
        http_reply_text(w->exchange, 400, STR("the entries were rejected\n"));
    }
    mem_free(w);
    stopped_if_done(s);
}

/* Pushes and answers later. */
static void push_on(struct source *s, struct http_exchange *exchange, struct log_batch *batch)
{
    if (batch->entry_count == 0) {
        http_reply(exchange, 204, NULL, 0, STR_NONE);
        return;
    }
    struct waiting *w = mem_zalloc(host_memory(s->host), sizeof *w);
    w->ack.done = acknowledged;
    w->ack.loop = host_loop(s->host);
    w->source = s;
    w->exchange = exchange;
    w->bytes = http_exchange_request(exchange)->body.len;
    w->items = batch->entry_count;
    s->waiting++;
    s->waiting_bytes += w->bytes;
    fanout_push(&s->next, &batch->base, &w->ack);
}

/* ---- labels ---- */
static void add_fixed_labels(struct source *s)
{
    const struct str_map *fixed = &s->args->labels;
    for (size_t i = 0; i < fixed->count; i++) {
        label_builder_put(&s->builder, fixed->items[i].key, fixed->items[i].value);
    }
}

/* Labels of a pushed stream as they go on; NULL when the rules drop it or nothing is left, or *err
 * says why. */
static struct labels *stream_labels(struct source *s, const struct labels *in, struct str tenant,
                                    struct error *err)
{
    const struct relabel_rules *rules = relabel_rules_of(s->args->relabel_rules);
    struct label_builder *b = &s->builder;
    label_builder_from(b, in);
    add_fixed_labels(s);
    arena_reset(&s->scratch.texts);
    if (rules != NULL && !relabel_apply(rules, b, &s->scratch.texts))
        return NULL;
    if (b->count == 0)
        return NULL;
    for (size_t i = b->count; i-- > 0;) {
        if (str_starts(b->pairs[i].name, STR("__")))
            label_builder_remove(b, b->pairs[i].name);
    }
    if (tenant.len != 0)
        label_builder_set(b, str_from(TENANT_LABEL), tenant);
    return label_builder_intern_stream(b, host_labels(s->host), err);
}

/* NULL: memory failed, nothing of the request is taken. */
static struct log_batch *with_labels(struct source *s, struct log_batch *in, struct str tenant)
{
    bool failed = false;
    struct error err = {0};
    struct log_batch *out = log_batch_new(in->entry_count);
    struct labels *last_in = NULL;
    struct labels *last_out = NULL;
    int64_t now = world_wall_ns();
    if (out == NULL)
        return NULL;
    out->keep = batch_ref(&in->base);
    for (size_t i = 0; i < in->entry_count; i++) {
        struct log_entry entry = in->entries[i];
        if (entry.labels != last_in) {
            labels_unref(last_out);
            last_in = entry.labels;
            last_out = stream_labels(s, last_in, tenant, &err);
            failed = failed || (last_out == NULL && err.status == STATUS_MEMORY);
        }
        if (last_out == NULL)
            continue;
        entry.labels = labels_ref(last_out);
        if (!s->args->use_incoming_timestamp)
            entry.t_ns = now;
        if (!log_batch_add(out, &entry)) {
            labels_unref(last_out);
            failed = true;
        }
    }
    labels_unref(last_out);
    if (failed) {
        batch_unref(&out->base);
        return NULL;
    }
    return out;
}

/* ---- requests ---- */
static void reply_error(struct http_exchange *exchange, const struct error *err)
{
    int status = err->status == STATUS_MEMORY ? 503 : 400;
    http_reply_text(exchange, status, str_from(err->message));
}

static bool is_json(const struct http_request *request)
{
    return str_starts(http_request_header(request, "content-type"), STR("application/json"));
}

/* The body as it was before its encoding. Protobuf is always in snappy's block format. */
static enum status plain_body(const struct http_request *request, struct buf *out,
                              struct error *err)
{
    enum compression method = COMPRESSION_NONE;
    struct str encoding = http_request_header(request, "content-encoding");
    if (!is_json(request))
        method = COMPRESSION_SNAPPY;
    if (encoding.len != 0 && !str_is(encoding, "snappy") &&
        (!is_json(request) || !compression_from_name(encoding, &method))) {
        return error_set(err, STATUS_UNSUPPORTED, "Content-Encoding \"%.*s\" not supported",
                         STR_ARG(encoding));
    }
    return decompress_bytes(method, request->body, out, err);
}

static void push_request(void *arg, struct http_exchange *exchange)
{
    struct source *s = arg;
    const struct http_request *request = http_exchange_request(exchange);
    struct loki_push_limits limits = {0};
    struct error err = {0};
    struct buf body;
    buf_init(&body, host_memory(s->host), (size_t)s->args->max_send_message_size.bytes);
    struct log_batch *in = log_batch_new(64);
    enum status status = in != NULL ? plain_body(request, &body, &err)
                                    : error_set(&err, STATUS_MEMORY, "out of memory");
    if (status == STATUS_OK) {
        status = is_json(request)
                     ? loki_push_read_json(buf_view(&body), host_labels(s->host), limits, in, &err)
                     : loki_push_read(buf_view(&body), host_labels(s->host), limits, in, &err);
    }
    buf_release(&body);
    struct str tenant = str_slice(http_request_header(request, "x-scope-orgid"), 0, MAX_TENANT);
    struct log_batch *out = status == STATUS_OK ? with_labels(s, in, tenant) : NULL;
    if (out != NULL) {
        push_on(s, exchange, out);
        batch_unref(&out->base);
    } else {
        if (status == STATUS_OK)
            error_set(&err, STATUS_MEMORY, "out of memory");
        reply_error(exchange, &err);
    }
    if (in != NULL)
        batch_unref(&in->base);
}

/* Every line that is not empty is an entry with the fixed labels. */
static void raw_request(void *arg, struct http_exchange *exchange)
{
    struct source *s = arg;
    struct str rest = http_exchange_request(exchange)->body;
    struct log_batch *out = log_batch_new(64);
    struct error err = {0};
    label_builder_clear(&s->builder);
    add_fixed_labels(s);
    struct labels *labels =
        out != NULL ? label_builder_intern_stream(&s->builder, host_labels(s->host), &err) : NULL;
    if (labels == NULL) {
        http_reply_text(exchange, 503, STR("out of memory\n"));
        if (out != NULL)
            batch_unref(&out->base);
        return;
    }
    while (rest.len != 0) {
        struct str line;
        str_cut(rest, '\n', &line, &rest);
        while (line.len != 0 && line.ptr[line.len - 1] == '\r')
            line.len--;
        if (line.len == 0)
            continue;
        struct log_entry entry = {
            .t_ns = world_wall_ns(),
            .line = arena_str(&out->base.arena, line),
            .labels = labels_ref(labels),
        };
        if (!log_batch_add(out, &entry))
            labels_unref(labels);
    }
    labels_unref(labels);
    push_on(s, exchange, out);
    batch_unref(&out->base);
}

static void ready_request(void *arg, struct http_exchange *exchange)
{
    (void)arg;
    http_reply_text(exchange, 200, STR("ready"));
}

static int admit(void *arg, const struct http_request *head, int64_t content_length)
{
    const struct source *s = arg;
    (void)head;
    if (content_length > s->args->max_send_message_size.bytes)
        return 413;
    if (s->stopping || s->waiting_bytes > MAX_WAITING)
        return 503;
    return loop_now_ns(host_loop(s->host)) < s->refuse_until ? 503 : 0;
}

/* ---- life ---- */
static enum status listen(struct source *s, struct error *err)
{
    static const struct {
        const char *method, *path;
        http_handler_fn *handler;
    } routes[] = {
        {"POST", "/api/v1/push", push_request}, {"POST", "/loki/api/v1/push", push_request},
        {"POST", "/api/v1/raw", raw_request},   {"POST", "/loki/api/v1/raw", raw_request},
        {"GET", "/ready", ready_request},
    };
    size_t max = (size_t)s->args->max_send_message_size.bytes;
    if (server_config_listen(&s->args->server, host_loop(s->host), NULL, max, &s->server, err) !=
        STATUS_OK) {
        return err->status;
    }
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        struct http_route route = {
            .method = routes[i].method,
            .path = routes[i].path,
            .handler = routes[i].handler,
            .admit = routes[i].handler == ready_request ? NULL : admit,
            .arg = s,
        };
        http_server_route(s->server, &route);
    }
    return STATUS_OK;
}

static void listen_or_say(struct source *s)
{
    struct error err = {0};
    if (listen(s, &err) == STATUS_OK) {
        host_health(s->host, HEALTH_HEALTHY, "");
        return;
    }
    LOG(host_log(s->host), LOG_ERROR, "failed to start the listener", LOG_C("err", err.message));
    host_health(s->host, HEALTH_UNHEALTHY, err.message);
    if (s->retry)
        loop_timer_start(s->retry, LISTEN_AGAIN_NS, 0);
}

static void listen_again(void *arg)
{
    struct source *s = arg;
    if (s->server == NULL && !s->closing && !s->stopping)
        listen_or_say(s);
}

static void closed(void *arg)
{
    struct source *s = arg;
    s->closing = false;
    if (s->stopping) {
        stopped_if_done(s);
    } else {
        listen_or_say(s);
    }
}

static void close_listener(struct source *s)
{
    if (s->server == NULL)
        return;
    s->closing = true;
    http_server_close(s->server, CLOSE_GRACE_NS, closed, s);
    s->server = NULL;
}

static enum status build(void *self, struct component_host *host, const void *args,
                         struct error *err)
{
    struct source *s = self;
    (void)err;
    s->host = host;
    s->args = args;
    fanout_init(&s->next);
    fanout_set(&s->next, &s->args->forward_to);
    relabel_scratch_init(&s->scratch, host_memory(host));
    label_builder_init(&s->builder);
    s->entries = self_metric(host_metrics(host), SELF_COUNTER, "loki_source_api_entries_written",
                             "Total number of entries written.", NULL, 0);
    return STATUS_OK;
}

static void start(void *self)
{
    struct source *s = self;
    s->retry = loop_timer_new(host_loop(s->host), listen_again, s);
    listen_or_say(s);
}

static enum status update(void *self, const void *args, const void *old_args, struct error *err)
{
    struct source *s = self;
    const struct args *old = old_args;
    (void)err;
    s->args = args;
    fanout_set(&s->next, &s->args->forward_to);
    if (server_config_equal(&s->args->server, &old->server))
        return STATUS_OK;
    close_listener(s);
    if (!s->closing)
        listen_or_say(s);
    return STATUS_OK;
}

static void stop(void *self)
{
    struct source *s = self;
    s->stopping = true;
    loop_timer_close(s->retry);
    s->retry = NULL;
    close_listener(s);
    stopped_if_done(s);
}

static void release(void *self)
{
    struct source *s = self;
    fanout_release(&s->next);
    relabel_scratch_release(&s->scratch);
    label_builder_release(&s->builder);
}

const struct component_def loki_source_api = {
    .name = "loki.source.api",
    .summary = "Receives log entries over Loki's push API.",
    .stability = STABILITY_GA,
    .args = &args_shape,
    .size = sizeof(struct source),
    .build = build,
    .start = start,
    .update = update,
    .stop = stop,
    .release = release,
};
