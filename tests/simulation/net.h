#ifndef TESTS_SIMULATION_NET_H
#define TESTS_SIMULATION_NET_H

/* Between the files of the simulator's network. A connection has a client, which is always a
 * descriptor that libcurl holds one end of, and a server, which is always a stream. Bytes travel in
 * chunks, each an event of the receiving side's loop. */

#include "tests/simulation/sim.h"

enum { WINDOW = 256 * 1024, PIECES_MAX = 3 };
enum sim_way { TO_SERVER, TO_CLIENT };
enum sim_chunk_kind { CHUNK_BYTES, CHUNK_END, CHUNK_RESET };

struct sim_stream {
    struct stream base; /* must be first */
    struct sim_conn *conn;
    const struct stream_events *events; /* NULL until it is started */
    struct stream_events events_copy;
    void *arg;
    char *inbox; /* arrived, not yet read */
    size_t inbox_len, inbox_cap;
    size_t pending; /* written, not yet arrived */
    bool paused, closed, ended, reset, told, busy;
};

struct sim_conn {
    struct sim_conn *next;
    struct sim *sim;
    struct loop *client, *server; /* the loops of the two ends */
    struct sim_listener *listener;
    struct sim_stream *stream; /* NULL before it is accepted and after it is closed */
    short ready;               /* what the last poll says of fd */
    int fd, fd_client;         /* the simulator's end and libcurl's; -1 = closed */
    char *to_client;           /* arrived, not yet taken by the descriptor */
    size_t to_client_len, to_client_cap;
    bool to_client_end;
    int64_t last[2]; /* when the last chunk of a way arrives */
    size_t flying[2];
    bool is_black, is_slow, is_over; /* over: nothing travels any more */
    bool client_ended;
};

/* net.c */
void net_send(struct sim_conn *conn, enum sim_way way, enum sim_chunk_kind kind, struct str bytes);
void net_reset(struct sim_conn *conn);
struct sim_conn *net_conn_new(struct loop *client, struct sim_listener *listener);
int64_t net_latency(struct sim *sim);
struct sim_listener *net_find(struct sim *sim, unsigned port);
void net_keep(char **to, size_t *len, size_t *cap, struct str bytes);
/* socket.c */
/* Bytes, or the end, for libcurl to read. */
void socket_arrived(struct sim_conn *conn, struct str bytes);
void socket_close(struct sim_conn *conn, bool both);
/* The process' watches. */
void socket_forget_polls(struct sim *sim);
unsigned socket_count_polls(const struct sim *sim);

#endif
