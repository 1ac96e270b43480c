/* Where libcurl meets the simulator's network: it holds one end of a pair of sockets, the simulator
 * the other. What libcurl writes is taken and sent; what arrives is written for it to read; its
 * watches are looked at after every event. The kernel's part is only a buffer: nothing waits. */

#include "tests/simulation/net.h"

#include "base/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

struct sim_poll {
    struct loop_poll base; /* must be first */
    struct sim_poll *prev, *next;
    int fd, events;
    short ready; /* of the last poll */
    poll_fn *fn;
    void *arg;
    uint64_t turn; /* of sim_pump in which it was called last */
};

/* ---- sockets ---- */
int sim_client_socket(struct loop *loop, const struct sockaddr *to)
{
    struct sim *sim = sim_of(loop);
    const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)to;
    struct sim_listener *listener =
        to->sa_family == AF_INET ? net_find(sim, ntohs(in->sin_port)) : NULL;
    int pair[2];
    if (listener == NULL || sim_fault(sim, SIM_REFUSE))
        return -1;
    ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
    struct sim_conn *conn = net_conn_new(loop, listener);
    conn->fd = pair[0];
    conn->fd_client = pair[1];
    ASSERT(pair[1] < SIM_SOCKETS);
    sim->sockets[pair[1]].is_ours = true;
    sim->sockets[pair[1]].unread = 0;
    return pair[1];
}

size_t *sim_unread(int fd)
{
    struct sim *sim = sim_current();
    bool is_ours = sim != NULL && fd >= 0 && fd < SIM_SOCKETS && sim->sockets[fd].is_ours;
    return is_ours ? &sim->sockets[fd].unread : NULL;
}

static void add_unread(struct sim_conn *conn, size_t n)
{
    if (conn->fd_client >= 0)
        conn->sim->sockets[conn->fd_client].unread += n;
}

/* `both`: the process is gone, and libcurl's end with it. */
void socket_close(struct sim_conn *conn, bool both)
{
    conn->sim->is_touched = true;
    if (conn->fd >= 0)
        close(conn->fd);
    if (conn->fd >= 0)
        add_unread(conn, 1);
    if (both && conn->fd_client >= 0)
        close(conn->fd_client);
    conn->fd = -1;
    if (both)
        conn->fd_client = -1;
}

static void take_from_client(struct sim_conn *conn, char bytes[CHUNK_MAX])
{
    while (conn->fd >= 0 && !conn->client_ended && conn->flying[TO_SERVER] < WINDOW) {
        ssize_t n = recv(conn->fd, bytes, CHUNK_MAX, 0);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (n <= 0) {
            conn->client_ended = true;
            conn->fd_client = -1;
            net_send(conn, TO_SERVER, CHUNK_END, STR_NONE);
            socket_close(conn, false);
            return;
        }
        conn->sim->bytes_moved += (uint64_t)n;
        net_send(conn, TO_SERVER, CHUNK_BYTES, str_of(bytes, (size_t)n));
    }
}

static void give_to_client(struct sim_conn *conn)
{
    while (conn->fd >= 0 && conn->to_client_len != 0) {
        ssize_t n = send(conn->fd, conn->to_client, conn->to_client_len, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        conn->sim->bytes_moved += (uint64_t)n;
        add_unread(conn, (size_t)n);
        conn->to_client_len -= (size_t)n;
        memmove(conn->to_client, conn->to_client + n, conn->to_client_len);
    }
    if (conn->fd >= 0 && conn->to_client_end) {
        shutdown(conn->fd, SHUT_WR);
        add_unread(conn, 1);
    }
    conn->to_client_end = conn->to_client_end && conn->fd >= 0 && conn->to_client_len != 0;
}

void socket_arrived(struct sim_conn *conn, struct str bytes)
{
    conn->sim->is_touched = true;
    if (conn->fd >= 0)
        net_keep(&conn->to_client, &conn->to_client_len, &conn->to_client_cap, bytes);
    give_to_client(conn);
}

/* ---- watches ---- */
struct loop_poll *sim_poll_new(struct loop *loop, int fd, poll_fn *fn, void *arg)
{
    struct sim *sim = sim_of(loop);
    struct sim_poll *poll = sim_alloc(sizeof *poll);
    poll->base.loop = loop;
    poll->fd = fd;
    poll->fn = fn;
    poll->arg = arg;
    poll->next = sim->polls;
    if (poll->next != NULL)
        poll->next->prev = poll;
    sim->polls = poll;
    sim->is_touched = true;
    return &poll->base;
}

void sim_poll_set(struct loop_poll *base, int events)
{
    ((struct sim_poll *)base)->events = events;
    sim_of(base->loop)->is_touched = true;
}

void sim_poll_close(struct loop_poll *base)
{
    struct sim_poll *poll = (struct sim_poll *)base;
    struct sim *sim = sim_of(base->loop);
    *(poll->prev != NULL ? &poll->prev->next : &sim->polls) = poll->next;
    if (poll->next != NULL)
        poll->next->prev = poll->prev;
    mem_free(poll);
}

void socket_forget_polls(struct sim *sim)
{
    for (struct sim_poll *poll = sim->polls, *next; poll != NULL; poll = next) {
        next = poll->next;
        if (!sim_loop_is_outside(poll->base.loop))
            sim_poll_close(&poll->base);
    }
}

unsigned socket_count_polls(const struct sim *sim)
{
    unsigned count = 0;
    for (const struct sim_poll *poll = sim->polls; poll != NULL; poll = poll->next)
        count += !sim_loop_is_outside(poll->base.loop);
    return count;
}

static short wanted(const struct sim_poll *watch)
{
    return (short)(((watch->events & LOOP_READABLE) != 0 ? POLLIN : 0) |
                   ((watch->events & LOOP_WRITABLE) != 0 ? POLLOUT : 0));
}

/* What is ready of what the watch waits for. */
static int ready_events(const struct sim_poll *watch)
{
    int ready = (watch->ready & (POLLIN | POLLHUP | POLLERR)) != 0 ? LOOP_READABLE : 0;
    ready |= (watch->ready & POLLOUT) != 0 ? LOOP_WRITABLE : 0;
    return ready & watch->events;
}

static struct sim_poll *find_ready(struct sim *sim, uint64_t turn, int *events)
{
    for (struct sim_poll *watch = sim->polls; watch != NULL; watch = watch->next) {
        bool may = sim->is_alive || sim_loop_is_outside(watch->base.loop);
        if (watch->turn == turn || !may)
            continue;
        watch->turn = turn;
        *events = ready_events(watch);
        if (*events != 0)
            return watch;
    }
    return NULL;
}

/* Connections of which nothing more comes leave the list. */
static void sort_out(struct sim *sim)
{
    for (struct sim_conn **at = &sim->conns, *conn; (conn = *at) != NULL;) {
        if (conn->fd >= 0 || conn->stream != NULL) {
            at = &conn->next;
            continue;
        }
        *at = conn->next;
        conn->next = sim->old_conns;
        sim->old_conns = conn;
    }
}

/* Which descriptors are ready, by one call of the kernel. */
static bool find_out(struct sim *sim)
{
    struct pollfd *fds = sim->pollfds;
    size_t count = 0;
    for (struct sim_conn *conn = sim->conns; conn != NULL; conn = conn->next) {
        short events = conn->flying[TO_SERVER] >= WINDOW ? 0 : POLLIN;
        events |= conn->to_client_len != 0 ? POLLOUT : 0;
        ASSERT(count < SIM_POLLFDS);
        if (conn->fd >= 0)
            fds[count++] = (struct pollfd){conn->fd, events, 0};
    }
    for (struct sim_poll *watch = sim->polls; watch != NULL; watch = watch->next) {
        ASSERT(count < SIM_POLLFDS);
        if (watch->events != 0)
            fds[count++] = (struct pollfd){watch->fd, wanted(watch), 0};
    }
    bool any = count != 0 && poll(fds, count, 0) > 0;
    count = 0;
    for (struct sim_conn *conn = sim->conns; conn != NULL; conn = conn->next)
        conn->ready = conn->fd >= 0 ? fds[count++].revents : 0;
    for (struct sim_poll *watch = sim->polls; watch != NULL; watch = watch->next)
        watch->ready = watch->events != 0 ? fds[count++].revents : 0;
    return any;
}

static void nothing(void *arg)
{
    ((struct sim *)arg)->poke = false;
}

static void move_bytes(struct sim *sim)
{
    for (struct sim_conn *conn = sim->conns; conn != NULL; conn = conn->next) {
        if ((conn->ready & ~POLLOUT) != 0)
            take_from_client(conn, sim->scratch);
        if ((conn->ready & POLLOUT) != 0)
            give_to_client(conn);
    }
}

void sim_pump(struct sim *sim)
{
    uint64_t turn = ++sim->order;
    int events;
    struct sim_poll *watch;
    uint64_t before = sim->bytes_moved;
    if (!sim->is_touched)
        return;
    sort_out(sim);
    sim->is_touched = find_out(sim);
    if (!sim->is_touched)
        return;
    move_bytes(sim);
    while ((watch = find_ready(sim, turn, &events)) != NULL) {
        sim->is_outside = sim_loop_is_outside(watch->base.loop);
        watch->fn(watch->arg, events, 0);
        sim->is_outside = false;
    }
    /* Watches that stay ready without any bytes are looked at ever less often. */
    bool moved = sim->bytes_moved != before;
    sim->poke_delay = moved || sim->poke_delay == 0 ? 1000 : sim->poke_delay * 2;
    if (sim->poke_delay > 2 * MILLISECOND)
        sim->poke_delay = 2 * MILLISECOND;
    if (!sim->poke)
        (void)sim_after(&sim->outside.base, sim->poke_delay, nothing, sim);
    sim->poke = true;
}
