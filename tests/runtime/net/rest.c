/* What happens to connections whose requests are refused because there is too much to do. */

#include "runtime/net/server.h"
#include "tests/runtime/net/peer.h"
#include "tests/support/test.h"

enum { CLIENTS = 20, REFUSALS = 40 };
static const int64_t TICK_NS = 5000000;

struct crowd {
    struct rig rig;
    struct peer peers[CLIENTS];
    int asked, refused;
    int64_t began;
};

static const struct str request = STR_INIT("POST /busy HTTP/1.1\r\nHost: a\r\n"
                                           "Content-Length: 3\r\n\r\nabc");

static int admit(void *arg, const struct http_request *head, int64_t content_length)
{
    struct crowd *crowd = arg;
    (void)head, (void)content_length;
    if (crowd->asked++ == 0)
        crowd->began = loop_now_ns(crowd->rig.loop);
    if (crowd->refused >= REFUSALS)
        return 0;
    crowd->refused++;
    return 503;
}

static void take(void *arg, struct http_exchange *exchange)
{
    (void)arg;
    http_reply_text(exchange, 200, STR("taken\n"));
}

/* A client that does not wait. */
static void again(struct peer *peer)
{
    if (peer_got(peer, "200 OK"))
        return;
    cr_assert(peer_got(peer, "503 ") && peer_got(peer, "Retry-After: 1\r\n"));
    buf_clear(&peer->got);
    (void)stream_write(peer->stream, request);
    peer->until = "\r\n\r\n";
}

TEST(rest, clients_that_do_not_wait_are_read_one_by_one_until_there_is_room)
{
    struct crowd crowd = {0};
    const struct http_route route = {"POST", "/busy", false, take, admit, &crowd};
    rig_open(&crowd.rig, (struct http_server_options){0});
    http_server_route(crowd.rig.server, &route);
    for (size_t i = 0; i < CLIENTS; i++) {
        crowd.peers[i].seen = again;
        peer_open(&crowd.rig, &crowd.peers[i], request, "\r\n\r\n");
    }
    rig_run(&crowd.rig);
    cr_assert(crowd.refused == REFUSALS && crowd.asked == REFUSALS + CLIENTS);
    for (size_t i = 0; i < CLIENTS; i++)
        peer_release(&crowd.peers[i]);
}

static void check_rests(void *arg)
{
    struct crowd *crowd = arg;
    int64_t elapsed = loop_now_ns(crowd->rig.loop) - crowd->began;
    cr_assert(crowd->refused <= CLIENTS + 1 + elapsed / TICK_NS, "%d refused in %lld ns",
              crowd->refused, (long long)elapsed);
    crowd->refused = REFUSALS;
    loop_timer_close(crowd->rig.limit);
    crowd->rig.limit = loop_timer_new(crowd->rig.loop, check_rests, crowd);
}

TEST(rest, a_refused_connection_is_not_read_for_a_while)
{
    struct crowd crowd = {0};
    const struct http_route route = {"POST", "/busy", false, take, admit, &crowd};
    rig_open(&crowd.rig, (struct http_server_options){0});
    http_server_route(crowd.rig.server, &route);
    loop_timer_close(crowd.rig.limit);
    crowd.rig.limit = loop_timer_new(crowd.rig.loop, check_rests, &crowd);
    loop_timer_start(crowd.rig.limit, 10 * TICK_NS, 0);
    for (size_t i = 0; i < CLIENTS; i++) {
        crowd.peers[i].seen = again;
        peer_open(&crowd.rig, &crowd.peers[i], request, "\r\n\r\n");
    }
    rig_run(&crowd.rig);
    cr_assert(crowd.asked > CLIENTS);
    for (size_t i = 0; i < CLIENTS; i++)
        peer_release(&crowd.peers[i]);
}

static void late(struct peer *peer)
{
    cr_assert(peer_got(peer, "503 "));
    peer->rig->server->reading = 0;
}

TEST(rest, bodies_beyond_the_budget_are_refused_before_they_are_read)
{
    struct rig rig;
    struct peer peer = {.seen = late};
    rig_open(&rig, (struct http_server_options){0});
    rig.server->reading = READING_MAX + 1;
    peer_open(&rig, &peer, STR("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"),
              "\r\n\r\n");
    rig_run(&rig);
    cr_assert(rig.requests == 0);
    peer_release(&peer);
}
