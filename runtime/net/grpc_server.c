/* Unary gRPC on a server: a method is a route whose body is one message and whose answer ends with
 * trailers. A call lives in the arena of its exchange. */

#include "runtime/net/grpc_wire.h"
#include "runtime/net/server.h"

#include <stdio.h>

struct grpc_call {
    struct http_exchange *exchange;
};

static const struct http_header content_type = {STR_INIT("content-type"),
                                                STR_INIT("application/grpc")};

static void unreachable(void *arg, struct http_exchange *exchange)
{
    (void)arg, (void)exchange;
    ASSERT(!"a gRPC route is dispatched by grpc_dispatch");
}

void grpc_server_add(struct http_server *server, const struct grpc_method *method)
{
    const struct http_route def = {.method = "POST",
                                   .path = method->path,
                                   .handler = unreachable,
                                   .admit = method->admit,
                                   .arg = method->arg};
    struct route *route = route_add(server, &def);
    route->grpc = method->handler;
    route->grpc_max = method->max_message ? method->max_message : GRPC_MESSAGE_DEFAULT;
}

const struct http_request *grpc_call_request(const struct grpc_call *call)
{
    return &call->exchange->request;
}

char *grpc_call_take(struct grpc_call *call)
{
    return http_exchange_take_body(call->exchange);
}

/* A status without a message: everything is in the head ("Trailers-Only"). */
static void answer_status(struct http_exchange *exchange, enum grpc_code code, struct str text,
                          int64_t retry_ns)
{
    char number[8], message[3 * 1024], details[4096];
    struct http_header headers[4] = {content_type};
    size_t count = 1;
    text = str_slice(text, 0, 1024);
    int len = snprintf(number, sizeof(number), "%d", (int)code);
    headers[count++] = (struct http_header){STR("grpc-status"), str_of(number, (size_t)len)};
    headers[count++] = (struct http_header){
        STR("grpc-message"), str_of(message, grpc_message_encode(text, message, sizeof(message)))};
    if (retry_ns > 0)
        headers[count++] = (struct http_header){
            STR("grpc-status-details-bin"),
            str_of(details, grpc_details_write(code, text, retry_ns, details, sizeof(details)))};
    http_reply(exchange, 200, headers, count, STR_NONE);
}

void grpc_fail(struct grpc_call *call, enum grpc_code code, struct str message, int64_t retry_ns)
{
    call->exchange->failed = true;
    answer_status(call->exchange, code, message, retry_ns);
}

void grpc_reply(struct grpc_call *call, struct str message)
{
    static const struct http_header trailer = {STR_INIT("grpc-status"), STR_INIT("0")};
    char small[256] = {0};
    struct buf large;
    struct str body = str_of(small, GRPC_FRAME_HEAD + message.len);
    if (call->exchange->orphan) {
        exchange_free(call->exchange);
        return;
    }
    buf_init(&large, NULL, SIZE_MAX / 2);
    grpc_frame_head(small, false, message.len);
    if (body.len <= sizeof(small)) {
        if (message.len)
            memcpy(small + GRPC_FRAME_HEAD, message.ptr, message.len);
    } else if (net_append(&large, str_of(small, GRPC_FRAME_HEAD)) && net_append(&large, message)) {
        body = buf_view(&large);
    } else {
        buf_release(&large);
        grpc_fail(call, GRPC_RESOURCE_EXHAUSTED, STR("out of memory"), 0);
        return;
    }
    const struct http_answer answer = {200, &content_type, 1, body, &trailer, 1};
    http_reply_answer(call->exchange, &answer);
    buf_release(&large);
}

/* Refusals. */

static enum grpc_code code_of(int status)
{
    switch (status) {
    case 401: return GRPC_UNAUTHENTICATED;
    case 403: return GRPC_PERMISSION_DENIED;
    case 404:
    case 405: return GRPC_UNIMPLEMENTED;
    case 408: return GRPC_DEADLINE_EXCEEDED;
    case 413:
    case 429:
    case 431: return GRPC_RESOURCE_EXHAUSTED;
    case 503: return GRPC_UNAVAILABLE;
    default: return GRPC_INTERNAL;
    }
}

static bool is_grpc(const struct http_request *request)
{
    struct str type = http_request_header(request, "content-type");
    const struct str name = content_type.value;
    return request->is_http2 && str_starts(type, name) &&
           (type.len == name.len || type.ptr[name.len] == '+' || type.ptr[name.len] == ';');
}

bool grpc_refuse(struct http_exchange *exchange, int status)
{
    if (!is_grpc(&exchange->request))
        return false;
    bool retry = status == 429 || status == 503;
    char text[400];
    int len = status == 404 || status == 405
                  ? snprintf(text, sizeof(text), "unknown method %.*s",
                             STR_ARG(str_slice(exchange->request.path, 0, 300)))
                  : snprintf(text, sizeof(text), "%.*s", STR_ARG(http_status_text(status)));
    answer_status(exchange, code_of(status), str_of(text, (size_t)len), retry ? NET_SECOND : 0);
    return true;
}

/* Requests. */

static void refuse_size(struct http_exchange *exchange, size_t size, size_t max)
{
    char text[128];
    int len = snprintf(text, sizeof(text), "grpc: received message larger than max (%zu vs. %zu)",
                       size, max);
    answer_status(exchange, GRPC_RESOURCE_EXHAUSTED, str_of(text, (size_t)len), 0);
}

/* Replaces the body by the decompressed message; false when the call was answered. */
static bool decompress(struct http_exchange *exchange, struct str message, size_t max)
{
    struct error err;
    struct buf plain;
    struct str encoding = http_request_header(&exchange->request, "grpc-encoding");
    if (encoding.len == 0 || str_is(encoding, "identity")) {
        answer_status(exchange, GRPC_INTERNAL,
                      STR("grpc: compressed flag set with identity or empty encoding"), 0);
        return false;
    }
    buf_init(&plain, exchange->body.owner, max);
    enum status status = grpc_decompress(encoding, message, &plain, &err);
    if (status == STATUS_OK) {
        buf_release(&exchange->body);
        exchange->body = plain;
        return true;
    }
    buf_release(&plain);
    if (status == STATUS_LIMIT)
        refuse_size(exchange, max + 1, max);
    else if (status == STATUS_UNSUPPORTED)
        answer_status(exchange, GRPC_UNIMPLEMENTED, str_from(err.message), 0);
    else if (status == STATUS_MEMORY)
        answer_status(exchange, GRPC_UNAVAILABLE, str_from(err.message), NET_SECOND);
    else
        answer_status(exchange, GRPC_INTERNAL, str_from(err.message), 0);
    return false;
}

static void set_deadline(struct http_exchange *exchange)
{
    struct str text = http_request_header(&exchange->request, "grpc-timeout");
    int64_t timeout = grpc_timeout_read(text);
    int64_t now = loop_now_ns(exchange->server->loop);
    if (timeout < 0 || timeout > INT64_MAX - now)
        return;
    exchange->deadline = now + timeout;
    exchange->timed_out = http2_cancel;
}

void grpc_dispatch(struct http_exchange *exchange, const struct route *route)
{
    bool compressed = false;
    struct str message;
    if (!is_grpc(&exchange->request)) {
        http_reply_text(exchange, 415, STR("invalid gRPC request content-type\n"));
        return;
    }
    struct grpc_call *call = arena_try_alloc(&exchange->arena, sizeof(*call));
    if (!call) {
        exchange_refuse(exchange, 503);
        return;
    }
    call->exchange = exchange;
    if (!grpc_frame_read(buf_view(&exchange->body), &compressed, &message)) {
        answer_status(exchange, GRPC_INTERNAL, STR("grpc: the request is not one message"), 0);
        return;
    }
    if (message.len > route->grpc_max) {
        refuse_size(exchange, message.len, route->grpc_max);
        return;
    }
    if (compressed) {
        if (!decompress(exchange, message, route->grpc_max))
            return;
        message = buf_view(&exchange->body);
    }
    set_deadline(exchange);
    route->grpc(route->def.arg, call, message);
}
