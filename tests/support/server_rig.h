#ifndef TESTS_SUPPORT_SERVER_RIG_H
#define TESTS_SUPPORT_SERVER_RIG_H

/* An HTTP server on a memory loop with a few routes: GET /hello, /echo (any method), /hold
 * (answered by server_rig_end), and the gRPC method /t.S/Echo. */

#include "runtime/net/grpc.h"
#include "tests/support/memory_loop.h"

enum { RIG_HELD_MAX = 64 };

struct server_rig {
    struct loop *loop;
    struct http_server *server;
    struct http_exchange *held[RIG_HELD_MAX];
    size_t held_count;
};

void server_rig_begin(struct server_rig *rig);
/* Answers what is held, closes everything and frees it. */
void server_rig_end(struct server_rig *rig);

#endif
