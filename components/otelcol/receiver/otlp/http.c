/* OTLP over HTTP (opentelemetry-proto, docs/specification): protobuf and JSON bodies, content
 * encodings, answers. Bodies are decompressed within the receiver's maximum, one at a time. */

#include "base/compress.h"
#include "components/otelcol/receiver/otlp/receiver.h"
#include "runtime/wire/otlp_json.h"
#include "runtime/wire/pb.h"

enum { JSON_SCRATCH = 256 * 1024 * 1024 };

struct http_waiting {
    struct otlp_waiting base;
    struct http_exchange *exchange;
    bool is_json;
};

static const struct otlp_cors *cors_of(const struct otlp_receiver *r)
{
    return &r->args->http->cors;
}

static void reply(struct otlp_receiver *r, struct http_exchange *exchange, int status,
                  struct str content_type, struct str body, bool retry)
{
    struct http_header headers[OTLP_CORS_HEADERS + 2];
    struct arena arena;
    size_t count = 0;
    arena_init(&arena, host_memory(r->host), 64 * 1024);
    headers[count++] = (struct http_header){STR("Content-Type"), content_type};
    if (retry)
        headers[count++] = (struct http_header){STR("Retry-After"), STR("1")};
    if (r->args->http != NULL) {
        count +=
            otlp_cors_headers(cors_of(r), http_exchange_request(exchange), headers + count, &arena);
    }
    http_reply(exchange, status, headers, count, body);
    arena_release(&arena);
}

/* google.rpc.Status in the request's own encoding. */
static void reply_error(struct otlp_receiver *r, struct http_exchange *exchange, bool is_json,
                        int status, int code, struct str message)
{
    struct buf body;
    buf_init(&body, host_memory(r->host), 64 * 1024);
    if (is_json) {
        struct json_writer w;
        json_begin(&w, &body);
        json_object(&w);
        json_key(&w, STR("code"));
        json_i64(&w, code);
        json_key(&w, STR("message"));
        json_string(&w, message);
        json_object_end(&w);
    } else {
        pb_write_u64(&body, 1, (uint64_t)code);
        pb_write_bytes(&body, 2, message);
    }
    reply(r, exchange, status, is_json ? STR("application/json") : STR("application/x-protobuf"),
          buf_view(&body), status == 503 || status == 429);
    buf_release(&body);
}

static void answer_http(struct otlp_waiting *waiting, enum ack_result result, int64_t retry_ns)
{
    struct http_waiting *w = (struct http_waiting *)waiting;
    struct otlp_receiver *r = w->base.way->receiver;
    (void)retry_ns;
    if (result == ACK_RETRY) {
        reply_error(r, w->exchange, w->is_json, 503, GRPC_UNAVAILABLE, STR("the queue is full"));
    } else if (result == ACK_REJECTED) {
        reply_error(r, w->exchange, w->is_json, 400, GRPC_INVALID_ARGUMENT,
                    STR("the data was rejected"));
    } else if (w->is_json) {
        reply(r, w->exchange, 200, STR("application/json"), STR("{\"partialSuccess\":{}}"), false);
    } else {
        reply(r, w->exchange, 200, STR("application/x-protobuf"), STR_NONE, false);
    }
    mem_free(w);
}

static bool encoding_allowed(const struct otlp_receiver *r, struct str encoding)
{
    const struct str_list *allowed = &r->args->http->compression_algorithms;
    for (size_t i = 0; i < allowed->count; i++) {
        if (str_eq(allowed->items[i], encoding))
            return true;
    }
    return false;
}

/* The body as protobuf, to be freed by the caller. */
static enum status body_bytes(struct otlp_way *way, const struct http_request *request,
                              bool is_json, struct buf *out, struct error *err)
{
    struct otlp_receiver *r = way->receiver;
    struct str encoding = http_request_header(request, "content-encoding");
    enum compression method = COMPRESSION_NONE;
    if (encoding.len != 0 &&
        (!encoding_allowed(r, encoding) || !compression_from_name(encoding, &method))) {
        return error_set(err, STATUS_INVALID, "unsupported Content-Encoding: %.*s",
                         STR_ARG(encoding));
    }
    if (!is_json)
        return decompress_bytes(method, request->body, out, err);
    struct buf plain;
    struct arena scratch;
    buf_init(&plain, out->owner, r->max_body);
    arena_init(&scratch, out->owner, JSON_SCRATCH);
    enum status status = STATUS_OK;
    struct str json = request->body;
    if (method != COMPRESSION_NONE) {
        status = decompress_bytes(method, request->body, &plain, err);
        json = buf_view(&plain);
    }
    if (status == STATUS_OK)
        status = otlp_from_json(way->signal, json, &scratch, out, err);
    arena_release(&scratch);
    buf_release(&plain);
    return status;
}

/* The protobuf of the body, and the block that it stands in. */
static enum status take_body(struct otlp_way *way, struct http_exchange *exchange, bool is_json,
                             char **owned, struct str *bytes, struct error *err)
{
    struct otlp_receiver *r = way->receiver;
    const struct http_request *request = http_exchange_request(exchange);
    struct buf body;
    if (!is_json && http_request_header(request, "content-encoding").len == 0) {
        *bytes = request->body;
        *owned = http_exchange_take_body(exchange);
        return STATUS_OK;
    }
    buf_init(&body, host_memory(r->host), r->max_body);
    if (body_bytes(way, request, is_json, &body, err) != STATUS_OK) {
        buf_release(&body);
        return err->status;
    }
    size_t len = 0;
    *owned = buf_take(&body, &len);
    *bytes = str_of(*owned, len);
    return STATUS_OK;
}

static void receive_body(struct otlp_way *way, struct http_exchange *exchange, bool is_json)
{
    struct otlp_receiver *r = way->receiver;
    struct error err = {0};
    char *owned = NULL;
    struct str bytes = STR_NONE;
    if (take_body(way, exchange, is_json, &owned, &bytes, &err) != STATUS_OK) {
        self_inc(way->refused);
        reply_error(r, exchange, is_json, 400, GRPC_INVALID_ARGUMENT, str_from(err.message));
        return;
    }
    struct http_waiting *w = mem_zalloc(host_memory(r->host), sizeof *w);
    w->base = (struct otlp_waiting){.way = way, .answer = answer_http};
    w->exchange = exchange;
    w->is_json = is_json;
    if (otlp_receive(&w->base, owned, bytes, &err) != STATUS_OK) {
        reply_error(r, exchange, is_json, 400, GRPC_INVALID_ARGUMENT, str_from(err.message));
        mem_free(w);
    }
}

static struct str media_type(const struct http_request *request)
{
    struct str type = http_request_header(request, "content-type");
    struct str rest;
    str_cut(type, ';', &type, &rest);
    return str_trim(type);
}

static void handle(void *arg, struct http_exchange *exchange)
{
    struct otlp_way *way = arg;
    struct otlp_receiver *r = way->receiver;
    const struct http_request *request = http_exchange_request(exchange);
    if (otlp_cors_preflight(cors_of(r), exchange))
        return;
    if (!str_is(request->method, "POST")) {
        reply(r, exchange, 405, STR("text/plain"), STR("405 method not allowed, supported: [POST]"),
              false);
        return;
    }
    struct str type = media_type(request);
    if (str_is(type, "application/x-protobuf") || str_is(type, "application/json")) {
        receive_body(way, exchange, str_is(type, "application/json"));
        return;
    }
    reply(r, exchange, 415, STR("text/plain"),
          STR("415 unsupported media type, supported: [application/json, application/x-protobuf]"),
          false);
}

static int admit(void *arg, const struct http_request *head, int64_t content_length)
{
    const struct otlp_way *way = arg;
    if (content_length > (int64_t)way->receiver->max_body)
        return 413;
    return str_is(head->method, "POST") ? otlp_admit(way->receiver) : 0;
}

void otlp_http_routes(struct otlp_receiver *r, struct http_server *server)
{
    const struct otlp_http_config *config = r->args->http;
    const struct str paths[OTLP_SIGNALS] = {
        [OTLP_TRACES] = config->traces_url_path,
        [OTLP_METRICS] = config->metrics_url_path,
        [OTLP_LOGS] = config->logs_url_path,
    };
    struct arena arena;
    arena_init(&arena, host_memory(r->host), 64 * 1024);
    for (size_t i = 0; i < OTLP_SIGNALS; i++) {
        struct str slash = str_starts(paths[i], STR("/")) ? STR_NONE : STR("/");
        struct http_route route = {
            .path = arena_concat(&arena, slash, paths[i]).ptr,
            .handler = handle,
            .admit = admit,
            .arg = &r->ways[1][i],
        };
        http_server_route(server, &route);
    }
    arena_release(&arena);
}
