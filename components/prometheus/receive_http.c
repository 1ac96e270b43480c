/* prometheus.receive_http: takes remote write requests (versions 1 and 2) over HTTP and answers
 * them when the samples are stored or delivered. Owns its server and a record of each request that
 * waits; bounded by the body limits and by WAITING_MAX bytes of requests that wait, beyond which
 * 503 is answered at once. */
#include "base/compress.h"
#include "components/common/forward.h"
#include "components/common/server_config.h"
#include "runtime/wire/remote_write.h"

enum {
    BODY_MAX = 20 * 1024 * 1024,
    DECODED_MAX = 64 * 1024 * 1024,
    WAITING_MAX = 256 * 1024 * 1024,
};
static const int64_t SECOND_NS = 1000000000;

struct args {
    struct server_config server;
    struct capsule_list forward_to;
    bool append_metadata;
    struct str_list accepted_remote_write_protobuf_messages;
};

static const struct str message_names[] = {STR_INIT(""), STR_INIT("prometheus.WriteRequest"),
                                           STR_INIT("io.prometheus.write.v2.Request")};

static const struct row rows[] = {
    {SQUASH(struct args, server, server_config_shape)},
    {ATTR(struct args, forward_to), .required = true, .capsule = &capsule_metrics,
     .doc = "Receivers of the metrics."},
    {ATTR(struct args, append_metadata), .doc = "Whether metadata is passed on."},
    {REFUSED("enable_type_and_unit_labels", "types and units do not become labels")},
    {ATTR(struct args, accepted_remote_write_protobuf_messages),
     .def = "[\"prometheus.WriteRequest\"]", .doc = "Messages that are taken."},
    {0},
};
static const struct shape args_shape = {
    .name = "prometheus.receive_http", .rows = rows, .size = sizeof(struct args)};

struct receiver {
    struct component_host *host;
    const struct args *args;
    struct forward forward;
    struct http_server *server;
    struct loop_timer *retry; /* listens after an update or a failure */
    bool is_moving;           /* it is to listen elsewhere */
    int64_t grace_ns;
    struct waiting *waiting;
    size_t waiting_bytes;
    struct buf decoded;
    unsigned closing; /* servers that are closing */
    bool is_stopping;
};

/* A request whose samples were pushed. */
struct waiting {
    struct ack ack;
    struct receiver *receiver; /* NULL = stopped meanwhile */
    struct http_exchange *exchange;
    struct http_server *server;
    struct waiting *prev, *next;
    size_t bytes;
    enum remote_write_version version;
    struct remote_write_counts counts;
};

/* ---- answers ---- */

static void reply_error(struct http_exchange *exchange, int status, const char *message)
{
    struct buf text;
    buf_init(&text, NULL, ERROR_MAX + 16);
    buf_cstr(&text, message);
    buf_byte(&text, '\n');
    http_reply_text(exchange, status, buf_view(&text));
    buf_release(&text);
}

static void reply_busy(struct http_exchange *exchange, int64_t retry_ns)
{
    char seconds[32];
    int64_t wait = (retry_ns + SECOND_NS - 1) / SECOND_NS;
    (void)snprintf(seconds, sizeof(seconds), "%lld", (long long)(wait > 0 ? wait : 1));
    const struct http_header header = {STR("Retry-After"), str_from(seconds)};
    http_reply(exchange, 503, &header, 1, STR("the samples cannot be taken now\n"));
}

static void reply_stored(const struct waiting *w)
{
    char counts[3][24];
    if (w->version == REMOTE_WRITE_1) {
        http_reply(w->exchange, 204, NULL, 0, STR_NONE);
        return;
    }
    (void)snprintf(counts[0], sizeof(counts[0]), "%zu", w->counts.samples);
    (void)snprintf(counts[1], sizeof(counts[1]), "%zu", w->counts.histograms);
    (void)snprintf(counts[2], sizeof(counts[2]), "%zu", w->counts.exemplars);
    const struct http_header headers[] = {
        {STR("X-Prometheus-Remote-Write-Samples-Written"), str_from(counts[0])},
        {STR("X-Prometheus-Remote-Write-Histograms-Written"), str_from(counts[1])},
        {STR("X-Prometheus-Remote-Write-Exemplars-Written"), str_from(counts[2])},
    };
    http_reply(w->exchange, 204, headers, 3, STR_NONE);
}

static void unlink_waiting(struct waiting *w)
{
    struct receiver *r = w->receiver;
    *(w->prev ? &w->prev->next : &r->waiting) = w->next;
    if (w->next) {
        w->next->prev = w->prev;
    }
    r->waiting_bytes -= w->bytes;
}

static void pushed(struct ack *ack, enum ack_result result, int64_t retry_ns)
{
    struct waiting *w = (struct waiting *)ack;
    if (w->receiver) {
        unlink_waiting(w);
    }
    if (w->exchange && result == ACK_DONE) {
        reply_stored(w);
    } else if (w->exchange && result == ACK_RETRY) {
        reply_busy(w->exchange, retry_ns);
    } else if (w->exchange) {
        reply_error(w->exchange, 400, "the samples were refused");
    }
    mem_free(w);
}

/* ---- requests ---- */

static bool is_accepted(const struct receiver *r, struct str message)
{
    const struct str_list *list = &r->args->accepted_remote_write_protobuf_messages;
    for (size_t i = 0; i < list->count; i++) {
        if (str_eq(list->items[i], message)) {
            return true;
        }
    }
    return false;
}

/* The message that Content-Type names: application/x-protobuf[;proto=NAME]; 0 = none that is known.
 */
static unsigned version_of(struct str type)
{
    struct str media;
    struct str rest;
    bool more = str_cut(type, ';', &media, &rest);
    media = str_trim(media);
    if (media.len > 0 && !str_eq_fold(media, STR("application/x-protobuf"))) {
        return 0;
    }
    while (more) {
        struct str parameter;
        struct str key;
        struct str value;
        more = str_cut(rest, ';', &parameter, &rest);
        if (str_cut(parameter, '=', &key, &value) && str_is(str_trim(key), "proto")) {
            value = str_trim(value);
            return str_eq(value, message_names[REMOTE_WRITE_1])   ? REMOTE_WRITE_1
                   : str_eq(value, message_names[REMOTE_WRITE_2]) ? REMOTE_WRITE_2
                                                                  : 0;
        }
    }
    return REMOTE_WRITE_1;
}

/* 0, or the status of the refusal with its reason. */
static int check_head(const struct receiver *r, const struct http_request *request,
                      unsigned *version, struct error *err)
{
    struct str type = http_request_header(request, "content-type");
    struct str encoding = http_request_header(request, "content-encoding");
    *version = version_of(type);
    if (*version == 0) {
        error_set(err, STATUS_UNSUPPORTED,
                  "expected application/x-protobuf as the first "
                  "(media) part, got %.*s content-type",
                  STR_ARG(type));
        return 415;
    }
    if (!is_accepted(r, message_names[*version])) {
        error_set(err, STATUS_UNSUPPORTED, "%.*s protobuf message is not accepted by this server",
                  STR_ARG(message_names[*version]));
        return 415;
    }
    if (encoding.len > 0 && !str_eq_fold(encoding, STR("snappy"))) {
        error_set(err, STATUS_UNSUPPORTED,
                  "%.*s encoding (compression) is not accepted by this server; only snappy is "
                  "acceptable",
                  STR_ARG(encoding));
        return 415;
    }
    return 0;
}

static int status_for(const struct error *err)
{
    switch (err->status) {
    case STATUS_MEMORY:
    case STATUS_UNAVAILABLE: return 503;
    case STATUS_LIMIT: return 413;
    default: return 400;
    }
}

static struct metric_batch *decode(struct receiver *r, struct str body, unsigned version,
                                   struct remote_write_counts *counts, struct error *err)
{
    buf_clear(&r->decoded);
    if (decompress_bytes(COMPRESSION_SNAPPY, body, &r->decoded, err) != STATUS_OK) {
        bool is_corrupt = err->status == STATUS_INVALID;
        error_set(err, err->status, "snappy: %s",
                  is_corrupt ? "corrupt input" : "decoded block is too large");
        return NULL;
    }
    struct metric_batch *batch = metric_batch_new(64);
    struct remote_write_body decoded = {version, buf_view(&r->decoded)};
    enum status status = remote_write_read(decoded, host_labels(r->host),
                                           (struct remote_write_limits){0}, batch, counts, err);
    if (status == STATUS_OK && counts->invalid > 0) {
        status = STATUS_INVALID; /* err says what is wrong with the first such series */
    }
    if (r->decoded.cap > BODY_MAX / 16) {
        buf_release(&r->decoded);
        buf_init(&r->decoded, host_memory(r->host), DECODED_MAX);
    }
    if (status != STATUS_OK) {
        batch_unref(&batch->base);
        return NULL;
    }
    if (!r->args->append_metadata) {
        batch->base.items -= batch->meta_count;
        batch->meta_count = 0;
    }
    return batch;
}

static void push_batch(struct receiver *r, struct http_exchange *exchange,
                       struct metric_batch *batch, unsigned version,
                       struct remote_write_counts counts)
{
    struct waiting *w = mem_zalloc(NULL, sizeof(*w));
    w->ack.done = pushed;
    w->ack.loop = host_loop(r->host);
    w->receiver = r;
    w->exchange = exchange;
    w->server = r->server;
    w->version = version;
    w->counts = counts;
    w->bytes = batch->base.bytes;
    w->next = r->waiting;
    if (w->next) {
        w->next->prev = w;
    }
    r->waiting = w;
    r->waiting_bytes += w->bytes;
    forward_push(&r->forward, &batch->base, &w->ack);
}

static void handle(void *arg, struct http_exchange *exchange)
{
    struct receiver *r = arg;
    const struct http_request *request = http_exchange_request(exchange);
    struct error err = {0};
    unsigned version = 0;
    struct remote_write_counts counts = {0};
    int refused = check_head(r, request, &version, &err);
    if (refused) {
        reply_error(exchange, refused, err.message);
        return;
    }
    if (r->waiting_bytes > WAITING_MAX) {
        reply_busy(exchange, SECOND_NS);
        return;
    }
    struct metric_batch *batch = decode(r, request->body, version, &counts, &err);
    if (!batch) {
        if (status_for(&err) == 503) {
            reply_busy(exchange, SECOND_NS);
        } else {
            reply_error(exchange, status_for(&err), err.message);
        }
        return;
    }
    push_batch(r, exchange, batch, version, counts);
    batch_unref(&batch->base);
}

static int admit(void *arg, const struct http_request *head, int64_t content_length)
{
    const struct receiver *r = arg;
    (void)head;
    (void)content_length;
    return r->waiting_bytes > WAITING_MAX ? 503 : 0;
}

/* ---- the server ---- */

static void server_closed(void *arg)
{
    struct receiver *r = arg;
    r->closing--;
    if (r->is_stopping && r->closing == 0) {
        while (r->waiting) {
            struct waiting *w = r->waiting;
            unlink_waiting(w);
            w->receiver = NULL;
            w->exchange = NULL;
        }
        host_stopped(r->host);
    }
}

static void close_server(struct receiver *r, int64_t grace_ns)
{
    if (r->server) {
        r->closing++;
        http_server_close(r->server, grace_ns, server_closed, r);
        r->server = NULL;
    }
}

static void listen_now(struct receiver *r)
{
    struct error err = {0};
    char message[ERROR_MAX + 64];
    if (server_config_listen(&r->args->server, host_loop(r->host), host_memory(r->host), BODY_MAX,
                             &r->server, &err) == STATUS_OK) {
        const struct http_route route = {.method = "POST",
                                         .path = "/api/v1/metrics/write",
                                         .handler = handle,
                                         .admit = admit,
                                         .arg = r};
        http_server_route(r->server, &route);
        host_health(r->host, HEALTH_HEALTHY, "");
        return;
    }
    r->server = NULL;
    (void)snprintf(message, sizeof(message), "failed to create server: %s", err.message);
    host_health(r->host, HEALTH_UNHEALTHY, message);
    LOG(host_log(r->host), LOG_ERROR, "failed to create server", LOG_C("err", err.message));
    loop_timer_start(r->retry, SECOND_NS, 0);
}

static void listen_again(void *arg)
{
    struct receiver *r = arg;
    if (r->is_moving) {
        r->is_moving = false;
        close_server(r, r->grace_ns);
    }
    if (!r->server) {
        listen_now(r);
    }
}

/* ---- life ---- */

static enum status check(struct component_host *host, const struct args *args, struct error *err)
{
    const struct str_list *list = &args->accepted_remote_write_protobuf_messages;
    bool is_experimental = host_min_stability(host) == STABILITY_EXPERIMENTAL;
    if (args->append_metadata && !is_experimental) {
        return error_set(err, STATUS_INVALID,
                         "append_metadata is an experimental feature, and must be enabled by "
                         "setting the stability.level flag to experimental");
    }
    if (list->count == 0) {
        return error_set(err, STATUS_INVALID,
                         "accepted_remote_write_protobuf_messages must not be empty");
    }
    for (size_t i = 0; i < list->count; i++) {
        bool is_2 = str_eq(list->items[i], message_names[REMOTE_WRITE_2]);
        if (!is_2 && !str_eq(list->items[i], message_names[REMOTE_WRITE_1])) {
            return error_set(err, STATUS_INVALID,
                             "unsupported protocol version \"%.*s\": valid values are "
                             "\"prometheus.WriteRequest\" and \"io.prometheus.write.v2.Request\"",
                             STR_ARG(list->items[i]));
        }
        if (is_2 && !is_experimental) {
            return error_set(err, STATUS_INVALID,
                             "using \"io.prometheus.write.v2.Request\" in "
                             "supported_protocol_versions is an experimental feature, and must be "
                             "enabled by setting the stability.level flag to experimental");
        }
    }
    return STATUS_OK;
}

static enum status build(void *self, struct component_host *host, const void *args,
                         struct error *err)
{
    struct receiver *r = self;
    enum status status = check(host, args, err);
    if (status != STATUS_OK) {
        return status;
    }
    r->host = host;
    r->args = args;
    buf_init(&r->decoded, host_memory(host), DECODED_MAX);
    forward_init(&r->forward, host);
    forward_set(&r->forward, &r->args->forward_to);
    return STATUS_OK;
}

static void start(void *self)
{
    struct receiver *r = self;
    r->retry = loop_timer_new(host_loop(r->host), listen_again, r);
    listen_now(r);
}

static enum status update(void *self, const void *args, const void *old_args, struct error *err)
{
    struct receiver *r = self;
    const struct args *old = old_args;
    enum status status = check(r->host, args, err);
    if (status != STATUS_OK) {
        return status;
    }
    const struct args *wanted = args;
    bool moves = !server_config_equal(&old->server, &wanted->server);
    forward_set(&r->forward, &wanted->forward_to);
    r->args = wanted;
    if (moves && r->retry) {
        r->is_moving = true;
        r->grace_ns = old->server.graceful_shutdown_timeout.ns;
        loop_timer_start(r->retry, 0, 0);
    }
    return STATUS_OK;
}

static void stop(void *self)
{
    struct receiver *r = self;
    r->is_stopping = true;
    loop_timer_close(r->retry);
    r->retry = NULL;
    r->closing++; /* for this function itself */
    close_server(r, r->args->server.graceful_shutdown_timeout.ns);
    server_closed(r);
}

static void release(void *self)
{
    struct receiver *r = self;
    loop_timer_close(r->retry);
    buf_release(&r->decoded);
    forward_release(&r->forward);
}

const struct component_def prometheus_receive_http = {
    .name = "prometheus.receive_http",
    .summary = "Takes metrics pushed by Prometheus remote write.",
    .stability = STABILITY_GA,
    .args = &args_shape,
    .size = sizeof(struct receiver),
    .build = build,
    .start = start,
    .update = update,
    .stop = stop,
    .release = release,
};
