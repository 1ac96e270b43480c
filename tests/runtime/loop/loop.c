/* Loops on libuv: mailboxes, deferred jobs, worker threads, timers, streams, listeners, memory
 * scopes. */

#include "runtime/loop/loop.h"
#include "tests/support/test.h"

#include "base/memory.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { MS = 1000000 };

static struct loop *new_loop(const char *name)
{
    struct error err;
    struct loop *loop = loop_new(name, &err);
    cr_assert(loop != NULL);
    return loop;
}

struct order {
    struct loop *loop;
    char seen[32];
    size_t len;
};

static void note(struct order *order, char c)
{
    order->seen[order->len++] = c;
}

static void note_a(void *arg)
{
    note(arg, 'a');
}

static void note_b(void *arg)
{
    note(arg, 'b');
}

static void note_stop(void *arg)
{
    struct order *order = arg;
    note(order, 's');
    loop_stop(order->loop);
}

static void defer_two(void *arg)
{
    struct order *order = arg;
    loop_defer(order->loop, note_b, order);
    loop_defer(order->loop, note_stop, order);
    note(order, 'd');
}

TEST(loop, posts_and_deferred_jobs_run_in_order)
{
    struct order order = {.loop = new_loop("test")};
    loop_post(order.loop, note_a, &order);
    loop_post(order.loop, defer_two, &order);
    loop_post(order.loop, note_a, &order);
    loop_run(order.loop);
    cr_assert_str_eq(order.seen, "adabs");
    loop_free(order.loop);
}

struct calls {
    struct loop *loop;
    int count;
    bool on_loop;
    bool worked_elsewhere;
};

static void count_call(void *arg)
{
    struct calls *calls = arg;
    calls->count++;
    calls->on_loop = loop_is_current(calls->loop);
}

static void work_elsewhere(void *arg)
{
    struct calls *calls = arg;
    calls->worked_elsewhere = !loop_is_current(calls->loop);
}

static void work_is_done(void *arg)
{
    struct calls *calls = arg;
    cr_assert(loop_is_current(calls->loop));
    loop_stop(calls->loop);
}

static void start_work(void *arg)
{
    struct calls *calls = arg;
    loop_work(calls->loop, work_elsewhere, work_is_done, calls);
}

TEST(loop, calls_wait_for_the_other_thread)
{
    struct calls calls = {.loop = new_loop("data0")};
    cr_assert(loop_start_thread(calls.loop, NULL) == STATUS_OK);
    for (int i = 1; i <= 100; i++) {
        loop_call(calls.loop, count_call, &calls);
        cr_assert(calls.count == i && calls.on_loop);
    }
    loop_post(calls.loop, start_work, &calls);
    loop_join_thread(calls.loop);
    cr_assert(calls.worked_elsewhere);
    loop_free(calls.loop);
}

struct beat {
    struct loop *loop;
    struct loop_timer *once;
    struct loop_timer *often;
    int64_t start;
    int64_t due;
    int beats;
    bool fired;
};

static void on_once(void *arg)
{
    struct beat *beat = arg;
    cr_assert(loop_now_ns(beat->loop) >= beat->due, "a timer fired too early");
    cr_assert(!loop_timer_active(beat->once));
    beat->fired = true;
}

static void on_often(void *arg)
{
    struct beat *beat = arg;
    beat->beats++;
    cr_assert(loop_now_ns(beat->loop) - beat->start >= beat->beats * 2 * MS);
    if (beat->beats == 5) {
        loop_timer_close(beat->often);
        loop_timer_close(beat->once);
        loop_stop(beat->loop);
    }
}

TEST(loop, timers_fire_after_their_time_and_repeat)
{
    struct beat beat = {.loop = new_loop("test")};
    beat.start = loop_now_ns(beat.loop);
    beat.due = beat.start + 3 * MS;
    beat.once = loop_timer_new(beat.loop, on_once, &beat);
    beat.often = loop_timer_new(beat.loop, on_often, &beat);
    loop_timer_start(beat.once, 100000 * (int64_t)MS, 0);
    cr_assert(loop_timer_active(beat.once));
    loop_timer_start(beat.once, 3 * MS, 0);
    loop_timer_start(beat.often, 2 * MS, 2 * MS);
    loop_run(beat.loop);
    cr_assert(beat.fired && beat.beats == 5);
    loop_timer_close(NULL);
    loop_free(beat.loop);
}

/* A server that sends back what it gets, and a client that sends `total` bytes. */
struct echo {
    struct loop *loop;
    struct listener *listener;
    struct stream *server;
    struct stream *client;
    struct address server_peer;
    size_t total;
    size_t sent;
    size_t received;
    size_t drained;
    bool server_ended;
    char block[4096];
};

static void echo_read(void *arg, struct str bytes)
{
    struct echo *echo = arg;
    (void)stream_write(echo->server, bytes);
}

static void echo_end(void *arg, enum status status)
{
    struct echo *echo = arg;
    cr_assert(status == STATUS_OK);
    echo->server_ended = true;
    stream_shutdown(echo->server);
    stream_close(echo->server);
    listener_close(echo->listener);
    loop_stop(echo->loop);
}

static void echo_accepted(void *arg, struct stream *stream)
{
    static const struct stream_events events = {.read = echo_read, .end = echo_end};
    struct echo *echo = arg;
    echo->server = stream;
    stream_peer(stream, &echo->server_peer);
    stream_start(stream, &events, echo);
}

static void client_read(void *arg, struct str bytes)
{
    struct echo *echo = arg;
    for (size_t i = 0; i < bytes.len; i++, echo->received++)
        cr_assert(bytes.ptr[i] == echo->block[echo->received % sizeof(echo->block)]);
    if (echo->received == echo->total)
        stream_close(echo->client);
}

static void client_send(struct echo *echo)
{
    while (echo->sent < echo->total && stream_pending(echo->client) < 64 * 1024) {
        (void)stream_write(echo->client, str_of(echo->block, sizeof(echo->block)));
        echo->sent += sizeof(echo->block);
    }
}

static void client_drained(void *arg)
{
    struct echo *echo = arg;
    echo->drained++;
    client_send(echo);
}

static void client_end(void *arg, enum status status)
{
    (void)arg;
    cr_assert_fail("the server ended first: %d", status);
}

static void client_connected(void *arg, struct stream *stream, const struct error *err)
{
    static const struct stream_events events = {
        .read = client_read, .end = client_end, .drained = client_drained};
    struct echo *echo = arg;
    cr_assert(stream != NULL, "%s", err->message);
    cr_assert(echo->client == stream);
    stream_start(stream, &events, echo);
    client_send(echo);
}

static void run_echo(struct str where, size_t total)
{
    static struct echo echo;
    echo = (struct echo){.loop = new_loop("test"), .total = total};
    struct error err;
    for (size_t i = 0; i < sizeof(echo.block); i++)
        echo.block[i] = (char)(i * 7 + i / 256);
    echo.listener = listener_new(echo.loop, where, echo_accepted, &echo, &err);
    cr_assert(echo.listener != NULL, "%s", err.message);
    struct address address;
    listener_address(echo.listener, &address);
    echo.client = stream_connect(echo.loop, str_from(address.text), 5000 * (int64_t)MS,
                                 client_connected, &echo);
    loop_run(echo.loop);
    cr_assert(echo.received == total && echo.server_ended);
    cr_assert(total < 1000000 || echo.drained > 0, "so much cannot leave at once");
    cr_assert(echo.server_peer.text[0] != '\0');
    loop_free(echo.loop);
}

TEST(loop, streams_carry_bytes_both_ways)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "unix:/tmp/invar-test-%d.sock", (int)getpid());
    run_echo(STR("127.0.0.1:0"), 4096);
    run_echo(STR("localhost:0"), 4096);
    run_echo(STR("[::1]:0"), 64 * 4096);
    run_echo(STR("127.0.0.1:0"), 4096 * 4096);
    run_echo(str_from(path), 4096 * 1024);
}

struct refusal {
    struct loop *loop;
    enum status status;
    char message[ERROR_MAX];
};

static void refused(void *arg, struct stream *stream, const struct error *err)
{
    struct refusal *refusal = arg;
    cr_assert(stream == NULL);
    refusal->status = err->status;
    (void)snprintf(refusal->message, sizeof(refusal->message), "%s", err->message);
    loop_stop(refusal->loop);
}

static void never_connected(void *arg, struct stream *stream, const struct error *err)
{
    (void)arg, (void)stream, (void)err;
    cr_assert_fail("a cancelled attempt reports nothing");
}

static struct refusal connect_to(const char *where, int64_t timeout_ns)
{
    struct refusal refusal = {.loop = new_loop("test")};
    stream_close(stream_connect(refusal.loop, str_from(where), timeout_ns, never_connected, NULL));
    (void)stream_connect(refusal.loop, str_from(where), timeout_ns, refused, &refusal);
    loop_run(refusal.loop);
    loop_free(refusal.loop);
    return refusal;
}

TEST(loop, connections_fail_with_a_reason)
{
    struct refusal r = connect_to("127.0.0.1:1", 5000 * (int64_t)MS);
    cr_assert(r.status == STATUS_IO);
    cr_assert_str_eq(r.message, "dial 127.0.0.1:1: connection refused");
    r = connect_to("unix:/nonexistent/socket", 0);
    cr_assert_str_eq(r.message, "dial unix:/nonexistent/socket: no such file or directory");
    cr_assert(connect_to("nowhere", 0).status == STATUS_INVALID);
    cr_assert(connect_to("localhost:1", 5000 * (int64_t)MS).status == STATUS_IO);
}

static void no_stream(void *arg, struct stream *stream)
{
    (void)arg;
    stream_close(stream);
}

TEST(loop, a_taken_port_is_an_error)
{
    struct loop *loop = new_loop("test");
    struct error err;
    struct address address;
    struct listener *first = listener_new(loop, STR("127.0.0.1:0"), no_stream, NULL, &err);
    listener_address(first, &address);
    cr_assert(listener_new(loop, str_from(address.text), no_stream, NULL, &err) == NULL);
    cr_assert(err.status == STATUS_IO && strstr(err.message, "address already in use"));
    cr_assert(listener_new(loop, STR("127.0.0.1"), no_stream, NULL, &err) == NULL);
    cr_assert(err.status == STATUS_INVALID);
    listener_close(first);
    loop_free(loop);
}

struct build {
    struct loop *loop;
    bool refuse;
};

static void build_things(void *arg)
{
    struct build *build = arg;
    struct error err;
    struct loop_timer *timer = loop_timer_new(build->loop, note_a, NULL);
    loop_timer_start(timer, 3600000 * (int64_t)MS, 0);
    struct listener *listener =
        listener_new(build->loop, STR("127.0.0.1:0"), no_stream, NULL, &err);
    cr_assert(listener || err.status == STATUS_MEMORY);
    (void)stream_connect(build->loop, STR("127.0.0.1:1"), 0, never_connected, NULL);
    if (!build->refuse) {
        loop_timer_close(timer);
        listener_close(listener);
    }
    mem_scope_refuse();
}

TEST(loop, a_failed_scope_closes_what_it_made)
{
    struct build build = {.loop = new_loop("test"), .refuse = true};
    cr_assert(!mem_scope_run(build_things, &build));
    build.refuse = false;
    cr_assert(!mem_scope_run(build_things, &build));
    for (uint64_t nth = 1; nth < 100; nth++) {
        mem_fail_at(nth);
        cr_assert(!mem_scope_run(build_things, &build));
        if (!mem_failed_once())
            break;
    }
    mem_fail_at(0);
    loop_stop(build.loop);
    loop_run(build.loop); /* would not return were anything left open */
    loop_free(build.loop);
}

struct watch {
    struct loop *loop;
    struct loop_poll *poll;
    struct loop_signal *signal;
    int fds[2];
    bool readable;
};

static void on_signal(void *arg, int signum)
{
    struct watch *watch = arg;
    cr_assert(signum == SIGUSR1 && watch->readable);
    loop_signal_close(watch->signal);
    loop_stop(watch->loop);
}

static void on_poll(void *arg, int events, int error)
{
    struct watch *watch = arg;
    cr_assert(events == LOOP_READABLE && error == 0);
    watch->readable = true;
    loop_poll_set(watch->poll, 0);
    loop_poll_close(watch->poll);
    cr_assert(raise(SIGUSR1) == 0);
}

TEST(loop, descriptors_and_signals_are_watched)
{
    struct watch watch = {.loop = new_loop("test")};
    cr_assert(pipe(watch.fds) == 0);
    watch.poll = loop_poll_new(watch.loop, watch.fds[0], on_poll, &watch);
    watch.signal = loop_signal_new(watch.loop, SIGUSR1, on_signal, &watch);
    loop_poll_set(watch.poll, LOOP_READABLE);
    cr_assert(write(watch.fds[1], "x", 1) == 1);
    loop_run(watch.loop);
    (void)close(watch.fds[0]);
    (void)close(watch.fds[1]);
    loop_free(watch.loop);
}

TEST(loop, addresses_are_checked)
{
    static const struct {
        const char *text;
        const char *normal; /* NULL = refused */
    } rows[] = {
        {"127.0.0.1:80", "127.0.0.1:80"},
        {"[::1]:65535", "[::1]:65535"},
        {":4317", ":4317"},
        {"unix:/run/x", "unix:/run/x"},
        {"host", NULL},
        {"host:", NULL},
        {"host:65536", NULL},
        {"::1:80", NULL},
        {"[::1:80", NULL},
        {"a b:80", NULL},
        {"unix:", NULL},
        {"host:-1", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct address address;
        struct error err;
        bool ok = address_parse(str_from(rows[i].text), &address, &err) == STATUS_OK;
        cr_assert(ok == (rows[i].normal != NULL), "%s", rows[i].text);
        cr_assert(!ok || strcmp(address.text, rows[i].normal) == 0, "%s", rows[i].text);
    }
    char long_host[400];
    memset(long_host, 'a', 300);
    memcpy(long_host + 300, ":80", 4);
    struct address address;
    cr_assert(address_parse(str_from(long_host), &address, NULL) == STATUS_INVALID);
}
