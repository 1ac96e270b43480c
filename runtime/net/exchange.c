/* Exchanges: a request on its way to a handler, whatever protocol it came by. Each lives in its own
 * arena; a few are kept for reuse, so that a steady stream of requests allocates nothing. */

#include "runtime/net/grpc_wire.h"
#include "runtime/net/server.h"

enum { ARENA_MAX = 4 * HEAD_MAX, ARENA_FIRST = 1024, KEEP_MAX = 8 * 1024 };
enum { BELIEVED = 64 * 1024, BELIEVED_RATIO = 32 };

struct http_exchange *exchange_new(struct http_server *server, struct http_conn *conn)
{
    struct http_exchange *exchange = server->spare;
    if (exchange) {
        server->spare = exchange->next;
        server->spare_count--;
    } else {
        exchange = mem_lib_calloc(1, sizeof(*exchange));
        if (!exchange)
            return NULL;
        arena_init(&exchange->arena, NULL, ARENA_MAX);
        exchange->arena.chunk_size = ARENA_FIRST;
    }
    buf_init(&exchange->body, server->owner, server->max_body);
    buf_init(&exchange->out, NULL, SIZE_MAX / 2);
    exchange->server = server;
    exchange->conn = conn;
    struct http_exchange **list = conn ? &conn->exchanges : &server->internal;
    exchange->next = *list;
    if (exchange->next)
        exchange->next->prev = exchange;
    *list = exchange;
    if (conn)
        memcpy(exchange->request.peer.text, conn->peer.text, strlen(conn->peer.text) + 1);
    return exchange;
}

static void detach(struct http_exchange *exchange)
{
    if (exchange->orphan)
        return;
    struct http_exchange **list =
        exchange->conn ? &exchange->conn->exchanges : &exchange->server->internal;
    *(exchange->prev ? &exchange->prev->next : list) = exchange->next;
    if (exchange->next)
        exchange->next->prev = exchange->prev;
}

static void destroy(struct http_exchange *exchange)
{
    arena_release(&exchange->arena);
    net_free(exchange);
}

/* Its body is whole, or given up. */
static void body_ended(struct http_exchange *exchange)
{
    if (exchange->server)
        exchange->server->reading -= exchange->reading;
    exchange->reading = 0;
}

void exchange_free(struct http_exchange *exchange)
{
    struct http_server *server = exchange->server;
    body_ended(exchange);
    detach(exchange);
    buf_release(&exchange->body);
    buf_release(&exchange->out);
    if (!server || server->freeing || server->spare_count >= SPARE_MAX) {
        destroy(exchange);
        return;
    }
    struct arena arena = exchange->arena;
    arena_reset(&arena);
    if ((size_t)(arena.end - arena.next) > KEEP_MAX)
        arena_release(&arena);
    arena.chunk_size = ARENA_FIRST;
    *exchange = (struct http_exchange){.arena = arena, .next = server->spare};
    server->spare = exchange;
    server->spare_count++;
}

void exchange_orphan(struct http_exchange *exchange)
{
    if (!exchange->dispatched || exchange->answered) {
        exchange_free(exchange);
        return;
    }
    detach(exchange);
    exchange->orphan = true;
    exchange->conn = NULL;
    exchange->server = NULL;
}

/* "http://host/path" (RFC 9112 §3.2.2): the authority replaces Host. */
static void absolute_form(struct http_request *request, struct str *target)
{
    static const struct str schemes[] = {STR_INIT("http://"), STR_INIT("https://")};
    for (size_t i = 0; i < 2; i++) {
        if (!str_eq_fold(str_slice(*target, 0, schemes[i].len), schemes[i]))
            continue;
        struct str rest = str_slice(*target, schemes[i].len, target->len);
        size_t end = 0;
        while (end < rest.len && rest.ptr[end] != '/' && rest.ptr[end] != '?')
            end++;
        request->authority = str_slice(rest, 0, end);
        *target = str_slice(rest, end, rest.len);
        if (target->len == 0 || target->ptr[0] == '?')
            request->path = STR("/");
    }
}

bool exchange_target(struct http_exchange *exchange, struct str target)
{
    struct http_request *request = &exchange->request;
    struct str path;
    request->path = STR_NONE;
    absolute_form(request, &target);
    (void)str_cut(target, '?', &path, &request->query);
    if (path.len == 0)
        path = request->path;
    bool is_path = path.len > 0 && path.ptr[0] == '/';
    if (!is_path && !(str_is(path, "*") && str_is(request->method, "OPTIONS")))
        return false;
    request->path = path;
    if (str_find_byte(path, '%', 0) == SIZE_MAX)
        return true;
    char *decoded = arena_try_alloc(&exchange->arena, path.len);
    if (!decoded || !net_percent_decode(path, false, decoded, &path.len))
        return false;
    request->path = str_of(decoded, path.len);
    return true;
}

int exchange_admit(struct http_exchange *exchange, int64_t content_length)
{
    struct http_server *server = exchange->server;
    int status = 0;
    exchange->request.body = STR_NONE;
    const struct route *route = route_find(server, &exchange->request, &status);
    if (!route)
        return status;
    exchange->framed = route->grpc != NULL;
    if (route->def.admit)
        status = route->def.admit(route->def.arg, &exchange->request, content_length);
    if (status == 0 && content_length > 0 && (uint64_t)content_length > server->max_body)
        status = 413;
    if (status == 0 && content_length != 0 && server->reading > READING_MAX)
        status = 503;
    if (status == 503 && exchange->conn)
        conn_rest(exchange->conn);
    return status;
}

/* How long the client says that its body will be; 0 = it does not say. */
static uint64_t announced(const struct http_exchange *exchange, struct str bytes,
                          int64_t content_length)
{
    if (content_length > 0)
        return (uint64_t)content_length;
    if (!exchange->framed || exchange->body.len > 0 || bytes.len < GRPC_FRAME_HEAD)
        return 0;
    return GRPC_FRAME_HEAD + grpc_frame_length(bytes);
}

/* What is announced is believed as far as it costs little beside what has come. */
static size_t room_for(const struct http_exchange *exchange, struct str bytes,
                       int64_t content_length)
{
    const struct buf *body = &exchange->body;
    uint64_t whole = announced(exchange, bytes, content_length);
    uint64_t most = BELIEVED_RATIO * (uint64_t)(body->len + bytes.len);
    if (most < BELIEVED)
        most = BELIEVED;
    if (whole > most)
        whole = most;
    if (whole > body->max)
        whole = body->max;
    return whole > body->len + bytes.len ? (size_t)whole - body->len : bytes.len;
}

int exchange_body(struct http_exchange *exchange, struct str bytes, int64_t content_length)
{
    struct buf *body = &exchange->body;
    if (bytes.len > body->max - body->len)
        return 413;
    if (bytes.len == 0)
        return 0;
    size_t more = bytes.len;
    if (more > body->cap - body->len)
        more = room_for(exchange, bytes, content_length);
    if (!net_reserve(body, more) || !net_append(body, bytes))
        return 503;
    exchange->reading += bytes.len;
    exchange->server->reading += bytes.len;
    return 0;
}

int64_t body_deadline(int64_t started, size_t received)
{
    return started + BODY_GRACE + (int64_t)(received / BODY_BYTES_PER_S) * NET_SECOND;
}

void exchange_dispatch(struct http_exchange *exchange)
{
    int status = 0;
    exchange->request.body = buf_view(&exchange->body);
    exchange->dispatched = true;
    body_ended(exchange);
    const struct route *route = route_find(exchange->server, &exchange->request, &status);
    if (!route)
        exchange_refuse(exchange, status);
    else if (route->grpc)
        grpc_dispatch(exchange, route);
    else
        route->def.handler(route->def.arg, exchange);
}

char *http_exchange_take_body(struct http_exchange *exchange)
{
    struct buf *body = &exchange->body;
    char *bytes = body->data;
    buf_init(body, body->owner, body->max);
    return bytes;
}

const struct http_request *http_exchange_request(const struct http_exchange *exchange)
{
    return &exchange->request;
}

struct str http_request_header(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (str_eq_fold(request->headers[i].name, str_from(name)))
            return request->headers[i].value;
    }
    return STR_NONE;
}

bool http_request_param(const struct http_request *request, const char *name, struct buf *out)
{
    struct str rest = request->query;
    while (rest.len > 0) {
        struct str pair, key, value;
        (void)str_cut(rest, '&', &pair, &rest);
        (void)str_cut(pair, '=', &key, &value);
        char *to = buf_reserve(out, key.len > value.len ? key.len : value.len);
        size_t len = 0;
        if (!to)
            return false;
        if (!net_percent_decode(key, true, to, &len) || !str_is(str_of(to, len), name))
            continue;
        if (!net_percent_decode(value, true, to, &len))
            return false;
        out->len += len;
        return true;
    }
    return false;
}
