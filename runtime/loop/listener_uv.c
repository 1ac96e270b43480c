/* Listeners on libuv. When descriptors run out libuv takes what waits and drops it (its reserve
 * descriptor); when memory runs out accepting rests for a moment. */

#include "runtime/loop/loop_uv.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>

enum { BACKLOG = 1024, REST_MS = 100 };

struct listener_uv {
    struct listener base;
    union {
        uv_handle_t any;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    uv_timer_t rest;
    accepted_fn *accepted;
    void *arg;
    bool is_pipe;
    unsigned open_handles;
};

static struct listener_uv *listener_of(const struct listener *listener)
{
    return (struct listener_uv *)(uintptr_t)listener;
}

static void accept_one(struct listener_uv *listener);

static void on_rest(uv_timer_t *timer)
{
    accept_one(timer->data);
}

static void drop(uv_handle_t *handle)
{
    mem_lib_free(handle->data);
}

static void accept_one(struct listener_uv *listener)
{
    struct stream_uv *stream = stream_uv_new(loop_uv_of(listener->base.loop), listener->is_pipe);
    if (!stream) {
        /* The connection stays with libuv, which accepts no other until it is taken. */
        (void)uv_timer_start(&listener->rest, on_rest, REST_MS, 0);
        return;
    }
    if (uv_accept(&listener->uv.stream, &stream->uv.stream) != 0) {
        uv_close(&stream->uv.any, drop);
        return;
    }
    if (!stream->is_pipe)
        (void)uv_tcp_nodelay(&stream->uv.tcp, 1);
    listener->accepted(listener->arg, &stream->base);
}

static void on_connection(uv_stream_t *uv, int status)
{
    if (status == 0)
        accept_one(uv->data);
}

static int bind_tcp(struct listener_uv *listener, const char *host, unsigned port)
{
    struct sockaddr_storage address;
    struct sockaddr *any = (struct sockaddr *)&address;
    if (host[0] == '\0') {
        int code = uv_ip6_addr("::", (int)port, (struct sockaddr_in6 *)any);
        code = code ? code : uv_tcp_bind(&listener->uv.tcp, any, 0);
        if (code != UV_EAFNOSUPPORT)
            return code;
        host = "0.0.0.0";
    }
    /* Loopback by definition (RFC 6761 §6.3), also where no /etc/hosts says so. */
    if (strcmp(host, "localhost") == 0)
        host = "127.0.0.1";
    if (uv_ip4_addr(host, (int)port, (struct sockaddr_in *)any) == 0 ||
        uv_ip6_addr(host, (int)port, (struct sockaddr_in6 *)any) == 0)
        return uv_tcp_bind(&listener->uv.tcp, any, 0);

    /* IPv4 first, as Go prefers it. */
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_INET};
    char service[8];
    (void)snprintf(service, sizeof(service), "%u", port);
    uv_getaddrinfo_t request;
    int code = uv_getaddrinfo(listener->uv.tcp.loop, &request, NULL, host, service, &hints);
    if (code != 0) {
        hints.ai_family = AF_INET6;
        code = uv_getaddrinfo(listener->uv.tcp.loop, &request, NULL, host, service, &hints);
    }
    if (code != 0)
        return code;
    code = uv_tcp_bind(&listener->uv.tcp, request.addrinfo->ai_addr, 0);
    uv_freeaddrinfo(request.addrinfo);
    return code;
}

static enum status open_listener(struct listener_uv *listener, struct str where, struct error *err)
{
    char host[300];
    unsigned port;
    int code;
    const char *operation = listener->is_pipe ? "listen unix" : "listen tcp";
    if (listener->is_pipe) {
        if (!address_is_unix(where, host, sizeof(host)))
            return error_set(err, STATUS_INVALID, "invalid socket path");
        code = uv_pipe_bind(&listener->uv.pipe, host);
    } else {
        enum status status = address_split(where, host, sizeof(host), &port, err);
        if (status != STATUS_OK)
            return status;
        code = bind_tcp(listener, host, port);
    }
    code = code ? code : uv_listen(&listener->uv.stream, BACKLOG, on_connection);
    return code ? loop_uv_error(err, code, operation, where) : STATUS_OK;
}

static void on_closed(uv_handle_t *handle)
{
    struct listener_uv *listener = handle->data;
    if (--listener->open_handles == 0)
        mem_lib_free(listener);
}

static void undo_listener(void *arg)
{
    listener_uv_close(arg);
}

struct listener *listener_uv_new(struct loop *base, struct str host_port, accepted_fn *accepted,
                                 void *arg, struct error *err)
{
    struct loop_uv *loop = loop_uv_of(base);
    struct listener_uv *listener = loop_uv_alloc(sizeof(*listener));
    listener->base.loop = base;
    listener->is_pipe = str_starts(host_port, STR("unix:"));
    listener->accepted = accepted;
    listener->arg = arg;
    listener->open_handles = 2;
    (void)uv_timer_init(&loop->uv, &listener->rest);
    if (listener->is_pipe)
        (void)uv_pipe_init(&loop->uv, &listener->uv.pipe, 0);
    else
        (void)uv_tcp_init(&loop->uv, &listener->uv.tcp);
    listener->rest.data = listener->uv.any.data = listener;
    if (open_listener(listener, host_port, err) != STATUS_OK) {
        listener_uv_close(&listener->base);
        return NULL;
    }
    mem_scope_guard(undo_listener, listener);
    return &listener->base;
}

void listener_uv_address(const struct listener *base, struct address *out)
{
    const struct listener_uv *listener = listener_of(base);
    struct sockaddr_storage storage = {.ss_family = AF_UNSPEC};
    int size = sizeof(storage);
    if (listener->is_pipe) {
        char path[256] = "";
        size_t len = sizeof(path);
        (void)uv_pipe_getsockname(&listener->uv.pipe, path, &len);
        (void)snprintf(out->text, sizeof(out->text), "unix:%s", path);
        return;
    }
    (void)uv_tcp_getsockname(&listener->uv.tcp, (struct sockaddr *)&storage, &size);
    address_from_sockaddr((struct sockaddr *)&storage, out);
}

void listener_uv_close(struct listener *base)
{
    struct listener_uv *listener = listener_of(base);
    mem_scope_unguard(undo_listener, listener);
    uv_close(&listener->uv.any, on_closed);
    uv_close((uv_handle_t *)&listener->rest, on_closed);
}
