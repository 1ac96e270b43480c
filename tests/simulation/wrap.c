/* libcurl reads the clock and connects its sockets itself: the linker leads these calls here
 * (--wrap). While a simulator runs, time is the simulator's, and a socket that it made
 * (socket.c) is connected already. */

#include "tests/simulation/sim.h"

#include <sys/socket.h>
#include <time.h>

int __real_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out);
int __real_connect(int fd, const struct sockaddr *to, socklen_t len);
int __wrap_connect(int fd, const struct sockaddr *to, socklen_t len);

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
