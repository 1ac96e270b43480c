/* Connecting on libuv: resolves on a worker thread, then tries one address after the other until
 * the time is up. Owns the attempt and its stream until the stream is handed over. */

#include "runtime/loop/loop_uv.h"

#include <netdb.h>

enum { ADDRESSES_MAX = 16 };

struct connect_uv {
    uv_getaddrinfo_t resolve;
    uv_connect_t request;
    uv_timer_t timer;
    struct loop_job starting;
    struct loop_uv *loop;
    struct stream_uv *stream;
    connected_fn *connected;
    void *arg;
    struct addrinfo *found; /* libuv's */
    struct addrinfo *next;
    struct error error;
    char target[300];
    struct sockaddr_storage literal;
    unsigned port;
    bool resolving;
    bool attempting; /* the kernel or libuv holds `request` */
    bool finished;   /* reported, or cancelled */
    bool handle_closed;
    bool timer_closed;
};

static void free_when_idle(struct connect_uv *connect)
{
    if (connect->resolving || !connect->timer_closed ||
        (connect->stream && !connect->handle_closed))
        return;
    if (connect->found)
        uv_freeaddrinfo(connect->found);
    mem_lib_free(connect->stream);
    mem_lib_free(connect);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct connect_uv *connect = handle->data;
    connect->timer_closed = true;
    free_when_idle(connect);
}

static void on_stream_closed(uv_handle_t *handle)
{
    struct stream_uv *stream = handle->data;
    stream->connecting->handle_closed = true;
    free_when_idle(stream->connecting);
}

static void undo_connect(void *arg)
{
    stream_uv_close(arg);
}

/* Ends the attempt; its pieces are freed as libuv lets go of them. */
static void finish(struct connect_uv *connect)
{
    connect->finished = true;
    loop_uv_forget(connect->loop, &connect->starting);
    if (connect->resolving)
        (void)uv_cancel((uv_req_t *)&connect->resolve);
    if (connect->stream && !uv_is_closing(&connect->stream->uv.any))
        uv_close(&connect->stream->uv.any, on_stream_closed);
    uv_close((uv_handle_t *)&connect->timer, on_timer_closed);
}

void connect_uv_cancel(struct connect_uv *connect)
{
    ASSERT(!connect->finished);
    mem_scope_unguard(undo_connect, connect->stream);
    finish(connect);
}

static void fail(struct connect_uv *connect, int code)
{
    (void)loop_uv_error(&connect->error, code, "dial", str_from(connect->target));
    finish(connect);
    connect->connected(connect->arg, NULL, &connect->error);
}

static void succeed(struct connect_uv *connect)
{
    struct stream_uv *stream = connect->stream;
    connect->stream = NULL;
    stream->connecting = NULL;
    if (!stream->is_pipe)
        (void)uv_tcp_nodelay(&stream->uv.tcp, 1);
    finish(connect);
    error_clear(&connect->error);
    connect->connected(connect->arg, &stream->base, &connect->error);
}

static void try_next(struct connect_uv *connect);

/* A socket that failed to connect cannot be used again. */
static void on_attempt_closed(uv_handle_t *handle)
{
    struct stream_uv *stream = handle->data;
    struct connect_uv *connect = stream->connecting;
    if (connect->finished) {
        connect->handle_closed = true;
        free_when_idle(connect);
        return;
    }
    (void)uv_tcp_init(&connect->loop->uv, &stream->uv.tcp);
    stream->uv.any.data = stream;
    try_next(connect);
}

static void on_connect(uv_connect_t *request, int code)
{
    struct connect_uv *connect = request->data;
    connect->attempting = false;
    if (connect->finished)
        return;
    if (code == 0)
        succeed(connect);
    else if (connect->next)
        uv_close(&connect->stream->uv.any, on_attempt_closed);
    else
        fail(connect, code);
}

static void set_port(struct sockaddr *address, unsigned port)
{
    if (address->sa_family == AF_INET6)
        ((struct sockaddr_in6 *)(void *)address)->sin6_port = htons((uint16_t)port);
    else
        ((struct sockaddr_in *)(void *)address)->sin_port = htons((uint16_t)port);
}

static void attempt(struct connect_uv *connect, struct sockaddr *address)
{
    set_port(address, connect->port);
    connect->request.data = connect;
    connect->attempting = true;
    int code = uv_tcp_connect(&connect->request, &connect->stream->uv.tcp, address, on_connect);
    if (code != 0)
        on_connect(&connect->request, code);
}

static void try_next(struct connect_uv *connect)
{
    struct addrinfo *info = connect->next;
    connect->next = info->ai_next;
    attempt(connect, info->ai_addr);
}

static void on_resolved(uv_getaddrinfo_t *request, int code, struct addrinfo *found)
{
    struct connect_uv *connect = request->data;
    connect->resolving = false;
    connect->found = found;
    if (connect->finished) {
        free_when_idle(connect);
        return;
    }
    connect->next = found;
    if (code != 0 || !found)
        fail(connect, code != 0 ? code : UV_EAI_NONAME);
    else
        try_next(connect);
}

static void on_timeout(uv_timer_t *timer)
{
    fail(timer->data, UV_ETIMEDOUT);
}

static void resolve(struct connect_uv *connect, const char *host)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC};
    connect->resolve.data = connect;
    connect->resolving = true;
    int code =
        uv_getaddrinfo(&connect->loop->uv, &connect->resolve, on_resolved, host, NULL, &hints);
    if (code != 0) {
        connect->resolving = false;
        fail(connect, code);
    }
}

static void start(void *arg)
{
    struct connect_uv *connect = arg;
    struct str target = str_from(connect->target);
    char host[300];
    connect->request.data = connect;
    if (address_is_unix(target, host, sizeof(host))) {
        connect->attempting = true;
        uv_pipe_connect(&connect->request, &connect->stream->uv.pipe, host, on_connect);
        return;
    }
    if (address_split(target, host, sizeof(host), &connect->port, &connect->error) != STATUS_OK) {
        finish(connect);
        connect->connected(connect->arg, NULL, &connect->error);
        return;
    }
    struct sockaddr *literal = (struct sockaddr *)&connect->literal;
    if (uv_ip4_addr(host, 0, (struct sockaddr_in *)literal) == 0 ||
        uv_ip6_addr(host, 0, (struct sockaddr_in6 *)literal) == 0)
        attempt(connect, literal);
    else
        resolve(connect, host);
}

struct stream *connect_uv_start(struct loop *base, struct str host_port, int64_t timeout_ns,
                                connected_fn *connected, void *arg)
{
    struct loop_uv *loop = loop_uv_of(base);
    struct connect_uv *connect = loop_uv_alloc(sizeof(*connect));
    connect->stream = stream_uv_new(loop, str_starts(host_port, STR("unix:")));
    if (!connect->stream && mem_spend_reserve())
        connect->stream = stream_uv_new(loop, str_starts(host_port, STR("unix:")));
    if (!connect->stream) {
        mem_lib_free(connect);
        mem_exhausted();
    }
    connect->stream->connecting = connect;
    connect->loop = loop;
    connect->connected = connected;
    connect->arg = arg;
    /* A text too long for the buffer is cut and found to be no address. */
    host_port = str_slice(host_port, 0, sizeof(connect->target) - 1);
    memcpy(connect->target, host_port.len ? host_port.ptr : "", host_port.len);
    (void)uv_timer_init(&loop->uv, &connect->timer);
    connect->timer.data = connect;
    if (timeout_ns > 0)
        (void)uv_timer_start(&connect->timer, on_timeout, (uint64_t)(timeout_ns / 1000000 + 1), 0);
    connect->starting = (struct loop_job){.fn = start, .arg = connect};
    loop_uv_soon(loop, &connect->starting);
    mem_scope_guard(undo_connect, &connect->stream->base);
    return &connect->stream->base;
}
