/* libcurl reads the clock and uses its sockets itself: the linker leads these
 * calls here (--wrap). While a simulator runs, time is the simulator's, a socket that it made
 * (socket.c) is connected already, and it looks at its descriptors when one was touched. That
 * spares most calls of the kernel. */

#include "tests/simulation/sim.h"

#include <poll.h>
#include <sys/socket.h>
#include <time.h>

int __real_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out);
int __real_connect(int fd, const struct sockaddr *to, socklen_t len);
int __wrap_connect(int fd, const struct sockaddr *to, socklen_t len);
ssize_t __real_send(int fd, const void *bytes, size_t len, int flags);
ssize_t __wrap_send(int fd, const void *bytes, size_t len, int flags);
int __real_close(int fd);
int __wrap_close(int fd);
ssize_t __real_recv(int fd, void *bytes, size_t len, int flags);
ssize_t __wrap_recv(int fd, void *bytes, size_t len, int flags);
int __real_poll(struct pollfd *fds, nfds_t count, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout);

static void touch(void)
{
    struct sim *sim = sim_current();
    if (sim != NULL)
        sim->is_touched = true;
}

ssize_t __wrap_send(int fd, const void *bytes, size_t len, int flags)
{
    touch();
    return __real_send(fd, bytes, len, flags);
}

ssize_t __wrap_recv(int fd, void *bytes, size_t len, int flags)
{
    ssize_t n = __real_recv(fd, bytes, len, flags);
    size_t *unread = sim_unread(fd);
    if (unread != NULL && n > 0 && (flags & MSG_PEEK) == 0)
        *unread -= (size_t)n;
    return n;
}

/* libcurl asks of each connection that it keeps whether it is still alive. */
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
    const size_t *unread = count == 1 && timeout == 0 ? sim_unread(fds->fd) : NULL;
    if (unread == NULL || *unread != 0 || (fds->events & POLLOUT) != 0)
        return __real_poll(fds, count, timeout);
    fds->revents = 0;
    return 0;
}

int __wrap_close(int fd)
{
    touch();
    if (sim_unread(fd) != NULL)
        sim_current()->sockets[fd].is_ours = false;
    return __real_close(fd);
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
    const struct sim *sim = sim_current();
    if (sim == NULL)
        return __real_clock_gettime(clock, out);
    int64_t ns = clock == CLOCK_REALTIME ? world_wall_ns() : sim->now;
    out->tv_sec = ns / SECOND;
    out->tv_nsec = ns % SECOND;
    return 0;
}

int __wrap_connect(int fd, const struct sockaddr *to, socklen_t len)
{
    return sim_current() != NULL ? 0 : __real_connect(fd, to, len);
}
