#ifndef TESTS_RUNTIME_NET_PEER_H
#define TESTS_RUNTIME_NET_PEER_H

/* A peer for tests of protocols: a loop, a server under test on a free port of loopback, and raw
 * connections that send what they are told and gather what comes back. Everything has an end in
 * time: rig_run fails after 30 s. */

#include "base/buf.h"
#include "runtime/net/http_server.h"

struct rig {
    struct loop *loop;
    struct http_server *server;
    struct loop_timer *limit;
    struct address address;
    size_t open; /* connections not yet finished */
    int requests;
    struct http_exchange *held;
};

struct peer {
    struct rig *rig;
    struct stream *stream;
    struct str send;
    struct buf got;
    bool ended;
    bool keep_open; /* half-closes nothing; ends when `until` was seen */
    const char *until;
    void (*seen)(struct peer *peer);
};

/* The server has: GET /hello, /echo (any method: the body comes back), /hold (kept in rig->held),
 * /param (q), /admit (refused with 429), /big (4 MiB), prefix /p/. */
void rig_open(struct rig *rig, struct http_server_options options);
/* Runs until every peer has finished, then closes the server and the loop. */
void rig_run(struct rig *rig);
void rig_finish(struct rig *rig);

/* Connects and sends; reads until the server closes, or until `until` has come. */
void peer_open(struct rig *rig, struct peer *peer, struct str send, const char *until);
void peer_release(struct peer *peer);
bool peer_got(const struct peer *peer, const char *text);
size_t peer_count(const struct peer *peer, const char *text);

/* One connection, from start to end. */
void rig_exchange(struct http_server_options options, struct str send, const char *until,
                  struct peer *peer);

#endif
