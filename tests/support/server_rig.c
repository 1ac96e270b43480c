/* See server_rig.h. */

#include "tests/support/server_rig.h"

static void hello(void *arg, struct http_exchange *exchange)
{
    (void)arg;
    http_reply_text(exchange, 200, STR("hello\n"));
}

static void echo(void *arg, struct http_exchange *exchange)
{
    (void)arg;
    http_reply_text(exchange, 200, http_exchange_request(exchange)->body);
}

static void hold(void *arg, struct http_exchange *exchange)
{
    struct server_rig *rig = arg;
    if (rig->held_count < RIG_HELD_MAX)
        rig->held[rig->held_count++] = exchange;
    else
        http_reply_text(exchange, 503, STR_NONE);
}

static void grpc_echo(void *arg, struct grpc_call *call, struct str message)
{
    (void)arg;
    grpc_reply(call, message);
}

void server_rig_begin(struct server_rig *rig)
{
    struct error err;
    const struct http_server_options options = {.listen = STR("memory:0"), .max_body = 64 * 1024};
    const struct grpc_method method = {"/t.S/Echo", grpc_echo, NULL, NULL, 16 * 1024};
    *rig = (struct server_rig){.loop = memory_loop_new()};
    rig->server = http_server_new(rig->loop, &options, &err);
    const struct http_route routes[] = {{"GET", "/hello", false, hello, NULL, NULL},
                                        {NULL, "/echo", false, echo, NULL, NULL},
                                        {NULL, "/hold", false, hold, NULL, rig}};
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
        http_server_route(rig->server, &routes[i]);
    grpc_server_add(rig->server, &method);
}

void server_rig_end(struct server_rig *rig)
{
    for (size_t i = 0; i < rig->held_count; i++)
        http_reply_text(rig->held[i], 200, STR("late"));
    memory_loop_turn(rig->loop);
    http_server_close(rig->server, 0, NULL, NULL);
    memory_loop_turn(rig->loop);
    memory_loop_free(rig->loop);
}
