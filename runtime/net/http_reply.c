/* Answers: the public functions, the server's own words, and in-process answers, which are kept
 * until a later step of the loop. */

#include "runtime/net/server.h"

struct reason {
    int status;
    struct str text;
};

/* RFC 9110 §15 and RFC 6585. */
static const struct reason reasons[] = {
    {200, STR_INIT("OK")},
    {201, STR_INIT("Created")},
    {202, STR_INIT("Accepted")},
    {204, STR_INIT("No Content")},
    {301, STR_INIT("Moved Permanently")},
    {302, STR_INIT("Found")},
    {303, STR_INIT("See Other")},
    {304, STR_INIT("Not Modified")},
    {307, STR_INIT("Temporary Redirect")},
    {308, STR_INIT("Permanent Redirect")},
    {400, STR_INIT("Bad Request")},
    {401, STR_INIT("Unauthorized")},
    {403, STR_INIT("Forbidden")},
    {404, STR_INIT("Not Found")},
    {405, STR_INIT("Method Not Allowed")},
    {406, STR_INIT("Not Acceptable")},
    {408, STR_INIT("Request Timeout")},
    {409, STR_INIT("Conflict")},
    {410, STR_INIT("Gone")},
    {411, STR_INIT("Length Required")},
    {413, STR_INIT("Request Entity Too Large")},
    {415, STR_INIT("Unsupported Media Type")},
    {417, STR_INIT("Expectation Failed")},
    {422, STR_INIT("Unprocessable Entity")},
    {429, STR_INIT("Too Many Requests")},
    {431, STR_INIT("Request Header Fields Too Large")},
    {499, STR_INIT("Client Closed Request")},
    {500, STR_INIT("Internal Server Error")},
    {501, STR_INIT("Not Implemented")},
    {502, STR_INIT("Bad Gateway")},
    {503, STR_INIT("Service Unavailable")},
    {504, STR_INIT("Gateway Timeout")},
    {505, STR_INIT("HTTP Version Not Supported")},
};

struct str http_status_text(int status)
{
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (reasons[i].status == status)
            return reasons[i].text;
    }
    return STR("Status");
}

/* In-process answers. */

struct inside {
    struct http_exchange *exchange;
    const struct http_answer *answer;
};

static void keep_answer(void *arg)
{
    struct inside *inside = arg;
    struct http_exchange *exchange = inside->exchange;
    size_t count = inside->answer->header_count;
    struct http_header *headers = arena_array(&exchange->arena, count, sizeof(*headers));
    for (size_t i = 0; i < count; i++) {
        headers[i].name = arena_str(&exchange->arena, inside->answer->headers[i].name);
        headers[i].value = arena_str(&exchange->arena, inside->answer->headers[i].value);
        for (size_t j = 0; j < headers[i].name.len; j++) {
            char *c = (char *)(uintptr_t)&headers[i].name.ptr[j];
            *c = (char)(*c >= 'A' && *c <= 'Z' ? *c | 0x20 : *c);
        }
    }
    exchange->trailers = headers;
    exchange->trailer_count = count;
}

static void hand_over(void *arg)
{
    struct http_exchange *exchange = arg;
    struct error err = {.status = exchange->refused ? STATUS_MEMORY : STATUS_OK};
    struct http_response response = {
        .status = exchange->refused ? 0 : (int)exchange->stream_id,
        .body = buf_view(&exchange->out),
        .headers = exchange->trailers,
        .header_count = exchange->trailer_count,
        .duration_ns = loop_now_ns(exchange->server->loop) - exchange->started,
        .peer_version = STR("HTTP/1.1"),
    };
    response.content_type = http_response_header(&response, "content-type");
    struct http_server *server = exchange->server;
    exchange->done(exchange->done_arg, &response, &err);
    exchange_free(exchange);
    server_gone(server);
}

/* The answer waits in the exchange for the next step. */
static void answer_inside(struct http_exchange *exchange, const struct http_answer *answer)
{
    struct inside inside = {exchange, answer};
    exchange->stream_id = answer->status;
    exchange->refused =
        !net_append(&exchange->out, answer->body) || !mem_scope_run(keep_answer, &inside);
    loop_defer(exchange->server->loop, hand_over, exchange);
}

static void send(struct http_exchange *exchange, const struct http_answer *answer)
{
    if (exchange->orphan) {
        exchange_free(exchange);
        return;
    }
    ASSERT(!exchange->answered);
    exchange->answered = true;
    exchange->deadline = 0;
    if (exchange->dispatched && !exchange->failed && answer->status < 300)
        server_served(exchange->server);
    if (exchange->conn)
        exchange->conn->engine->answer(exchange, answer);
    else
        answer_inside(exchange, answer);
}

void http_reply(struct http_exchange *exchange, int status, const struct http_header *headers,
                size_t header_count, struct str body)
{
    struct http_answer answer = {
        .status = status, .headers = headers, .header_count = header_count, .body = body};
    send(exchange, &answer);
}

void http_reply_text(struct http_exchange *exchange, int status, struct str body)
{
    static const struct http_header type = {STR_INIT("Content-Type"),
                                            STR_INIT("text/plain; charset=utf-8")};
    http_reply(exchange, status, &type, 1, body);
}

void http_reply_answer(struct http_exchange *exchange, const struct http_answer *answer)
{
    send(exchange, answer);
}

void exchange_refuse(struct http_exchange *exchange, int status)
{
    static const struct http_header headers[] = {
        {STR_INIT("Content-Type"), STR_INIT("text/plain; charset=utf-8")},
        {STR_INIT("Retry-After"), STR_INIT("1")},
    };
    if (grpc_refuse(exchange, status))
        return;
    struct str text = status == 404 ? STR("404 page not found") : http_status_text(status);
    bool retry = status == 429 || status == 503;
    char body[64];
    size_t len = text.len < sizeof(body) - 1 ? text.len : sizeof(body) - 1;
    memcpy(body, text.ptr, len);
    body[len] = '\n';
    http_reply(exchange, status, headers, retry ? 2 : 1, str_of(body, len + 1));
}

void http_server_internal(struct http_server *server, struct str path_and_query,
                          const struct http_header *headers, size_t header_count,
                          http_done_fn *done, void *arg)
{
    struct http_exchange *exchange = exchange_new(server, NULL);
    if (!exchange && mem_spend_reserve())
        exchange = exchange_new(server, NULL);
    if (!exchange)
        mem_exhausted();
    exchange->done = done;
    exchange->done_arg = arg;
    exchange->started = loop_now_ns(server->loop);
    exchange->request.method = STR("GET");
    exchange->request.authority = STR("alloy.internal:12345");
    struct http_header *fields = arena_try_alloc(&exchange->arena, header_count * sizeof(*fields));
    char *target = arena_try_alloc(&exchange->arena, path_and_query.len);
    if (!fields || !target) {
        exchange_refuse(exchange, 503);
        return;
    }
    for (size_t i = 0; i < header_count; i++)
        fields[i] = headers[i];
    exchange->request.headers = fields;
    exchange->request.header_count = header_count;
    memcpy(target, path_and_query.ptr, path_and_query.len);
    if (exchange_target(exchange, str_of(target, path_and_query.len)))
        exchange_dispatch(exchange);
    else
        exchange_refuse(exchange, 400);
}
