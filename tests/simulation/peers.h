#ifndef TESTS_SIMULATION_PEERS_H
#define TESTS_SIMULATION_PEERS_H

/* The peers of a pipeline, on the outside's loop: senders that push numbered items, and receivers
 * that take them, late, refuse them, or say nothing. They speak real HTTP and gRPC over the
 * simulated network and live longer than the process. */

#include "runtime/net/grpc.h"
#include "runtime/telemetry/labels.h"
#include "tests/simulation/judge.h"

enum protocol {
    PROTOCOL_REMOTE_WRITE,
    PROTOCOL_LOKI,
    PROTOCOL_OTLP_LOGS,
    PROTOCOL_OTLP_TRACES,
    PROTOCOL_OTLP_METRICS,
};

/* ---- bodies (bodies.c) ---- */
struct run_of_items {
    unsigned stream, first, count;
};
/* As the protocol wants it on the wire. */
void body_write(const struct judge *j, enum protocol protocol, struct run_of_items items,
                struct buf *out);
/* What a body holds. */
struct item_ref {
    unsigned stream, n;
};
enum { REFS_MAX = 8192 };
struct item_refs {
    struct item_ref items[REFS_MAX];
    size_t count;
    size_t others; /* samples that are no items */
    /* For samples that are no items: a scrape's. May be NULL. */
    void (*sample)(void *arg, struct str name, int64_t t_ms, double value);
    void *arg;
};
/* False: it is no body of the protocol (a violation is noted). `body` as on the wire. */
bool body_read(struct judge *j, enum protocol protocol, struct str body, struct str encoding,
               struct item_refs *out);

/* ---- senders (senders.c) ---- */
struct sender;
struct sender_options {
    enum protocol protocol;
    bool is_grpc;
    unsigned port;
    const char *path;
    unsigned stream;
    unsigned most; /* items in a push */
};
struct sender *sender_new(struct judge *j, const struct sender_options *options);
void sender_free(struct sender *s);

/* ---- receivers (receivers.c) ---- */
struct receiver;
struct receiver_options {
    enum protocol protocol; /* any of OTLP stands for all of them */
    unsigned index, port;
    void (*sample)(void *arg, unsigned index, struct str name, int64_t t_ms, double value);
    void *arg;
};
struct receiver *receiver_new(struct judge *j, const struct receiver_options *options);
void receiver_free(struct receiver *r);

#endif
