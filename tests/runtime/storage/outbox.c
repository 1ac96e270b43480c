/* Delivery: order, acks, retries, drops, lanes, stopping, and crashes at every file operation. */

#include "tests/support/fake_files.h"
#include "tests/support/fake_loop.h"
#include "tests/support/test.h"

#include "runtime/storage/outbox.h"
#include "runtime/wire/otlp_record.h"

#include <stdio.h>

enum { BATCHES_MAX = 400, KEPT_MAX = 16 };

#define MS ((int64_t)1000000)

/* The peer: counts what arrives, and answers as told. */
struct peer {
    struct fake_files *files; /* dead files: nothing arrives any more */
    unsigned seen[BATCHES_MAX];
    unsigned last, arrivals, disorder;
    enum outbox_verdict answer;
    int64_t retry_after;
    unsigned bad_answers; /* so many times `answer`, then SENT; 0 = always `answer` */
    bool silent;
    struct outbox_request *kept[KEPT_MAX];
    size_t kept_count, cancelled, dropped;
    const char *reason;
    int64_t sent_at[64];
    struct fake_clock *clock;
};

static void arrive(struct peer *peer, struct outbox_request *request)
{
    unsigned n = 0;
    for (size_t i = 0; i < request->body.len; i++)
        n = n * 10 + (unsigned)(request->body.ptr[i] - '0');
    cr_assert_lt(n, BATCHES_MAX);
    if (!peer->seen[n]++ && n < peer->last)
        peer->disorder++;
    peer->last = n > peer->last ? n : peer->last;
}

static void peer_send(void *self, struct outbox_request *request)
{
    struct peer *peer = self;
    if (peer->files && fake_files_dead(peer->files))
        return;
    if (peer->arrivals < 64)
        peer->sent_at[peer->arrivals] = fake_clock_now(peer->clock);
    peer->arrivals++;
    if (peer->silent) {
        cr_assert_lt(peer->kept_count, KEPT_MAX);
        peer->kept[peer->kept_count++] = request;
        return;
    }
    enum outbox_verdict verdict = peer->answer;
    if (verdict != OUTBOX_SENT && peer->bad_answers && --peer->bad_answers == 0)
        peer->answer = OUTBOX_SENT;
    if (verdict == OUTBOX_SENT)
        arrive(peer, request);
    outbox_answer(request, verdict, peer->retry_after);
}

static void peer_cancel(void *self, struct outbox_request *request)
{
    (void)request;
    ((struct peer *)self)->cancelled++;
}

static void peer_dropped(void *self, size_t items, const char *reason)
{
    struct peer *peer = self;
    peer->dropped += items;
    peer->reason = reason;
}

static const struct outbox_sender peer_sender = {peer_send, peer_cancel, peer_dropped};

/* One outbox over files in memory. */
struct rig {
    struct fake_files *files;
    struct fake_clock *clock;
    struct loop *loop;
    struct outbox *outbox;
    struct outbox_endpoint *endpoint;
    struct peer peer;
    struct otlp_send_options encoding;
    struct push *pushes;
    bool stopped;
};

struct push {
    struct ack ack;
    unsigned calls;
    enum ack_result result;
};

static void push_done(struct ack *ack, enum ack_result result, int64_t retry_ns)
{
    struct push *push = (struct push *)ack;
    (void)retry_ns;
    push->calls++;
    push->result = result;
}

static enum status rig_open(struct rig *rig)
{
    struct outbox_options options = {
        .loop = rig->loop, .path = "/box", .codec = &outbox_otlp, .sync_interval_ns = -1};
    struct outbox_endpoint_options endpoint = {.name = STR("e"),
                                               .encoding = &rig->encoding,
                                               .min_backoff_ns = 100 * MS,
                                               .max_backoff_ns = 1000 * MS,
                                               .from_start = true,
                                               .sender = &peer_sender,
                                               .self = &rig->peer};
    enum status status = outbox_new(&options, &rig->outbox, NULL);
    if (status != STATUS_OK)
        return status;
    status = outbox_add(rig->outbox, &endpoint, &rig->endpoint, NULL);
    if (status != STATUS_OK)
        outbox_free(rig->outbox);
    return status;
}

static void rig_init(struct rig *rig)
{
    *rig = (struct rig){.files = fake_files_new(), .clock = fake_clock_new()};
    rig->loop = fake_loop_new(rig->clock);
    rig->pushes = mem_array(NULL, BATCHES_MAX, sizeof(*rig->pushes));
    rig->peer.clock = rig->clock;
    rig->peer.retry_after = -1;
    world_enter(fake_files_world(rig->files));
}

static void rig_release(struct rig *rig)
{
    fake_clock_run(rig->clock, 0);
    world_enter(NULL);
    mem_free(rig->pushes);
    fake_clock_free(rig->clock);
    fake_files_free(rig->files);
}

static void push(struct rig *rig, unsigned n)
{
    char text[16];
    int len = snprintf(text, sizeof text, "%u", n);
    struct otlp_batch *batch =
        otlp_batch_new(OTLP_LOGS, mem_strdup(NULL, text, (size_t)len), (size_t)len, 1);
    rig->pushes[n] = (struct push){.ack = {.done = push_done, .loop = rig->loop}};
    outbox_push(rig->outbox, &batch->base, &rig->pushes[n].ack);
    batch_unref(&batch->base);
}

static size_t files_like(struct fake_files *files, const char *suffix)
{
    struct fake_file_view view;
    size_t count = 0;
    for (size_t i = 0; fake_files_view(files, i, &view); i++)
        count += strstr(view.path, suffix) != NULL;
    return count;
}

TEST(outbox, acknowledges_after_the_commit_and_delivers_in_order)
{
    struct rig rig;
    rig_init(&rig);
    cr_assert_eq(rig_open(&rig), STATUS_OK);
    for (unsigned n = 1; n <= 20; n++) {
        push(&rig, n);
        cr_assert_eq(rig.pushes[n].calls, 0);
    }
    cr_assert_eq(rig.peer.arrivals, 0);
    fake_clock_run(rig.clock, 0);
    for (unsigned n = 1; n <= 20; n++) {
        cr_assert_eq(rig.pushes[n].calls, 1);
        cr_assert_eq(rig.pushes[n].result, ACK_DONE);
        cr_assert_eq(rig.peer.seen[n], 1);
    }
    cr_assert_eq(rig.peer.disorder, 0);
    struct outbox_stats stats;
    outbox_endpoint_stats(rig.endpoint, &stats);
    cr_assert_eq(stats.sent_items, 20);
    cr_assert_eq(stats.pending_records, 0);
    struct batch *metrics = &metric_batch_new(0)->base;
    struct push wrong = {.ack = {.done = push_done, .loop = rig.loop}};
    outbox_push(rig.outbox, metrics, &wrong.ack);
    cr_assert_eq(wrong.result, ACK_REJECTED);
    batch_unref(metrics);
    outbox_free(rig.outbox);
    cr_assert_eq(files_like(rig.files, ".seg"), 0);
    rig_release(&rig);
}

TEST(outbox, what_is_not_committed_at_the_end_is_to_come_again)
{
    struct rig rig;
    rig_init(&rig);
    cr_assert_eq(rig_open(&rig), STATUS_OK);
    push(&rig, 1);
    outbox_free(rig.outbox);
    cr_assert_eq(rig.pushes[1].calls, 1);
    cr_assert_eq(rig.pushes[1].result, ACK_RETRY);
    rig_release(&rig);
}

TEST(outbox, repeats_with_growing_pauses_and_obeys_the_peer)
{
    struct rig rig;
    rig_init(&rig);
    cr_assert_eq(rig_open(&rig), STATUS_OK);
    rig.peer.answer = OUTBOX_AGAIN;
    rig.peer.bad_answers = 8;
    push(&rig, 1);
    push(&rig, 2);
    fake_clock_run(rig.clock, 60000 * MS);
    cr_assert_eq(rig.peer.seen[1], 1);
    cr_assert_eq(rig.peer.seen[2], 1);
    cr_assert_eq(rig.peer.arrivals, 10);
    int64_t expected = 100 * MS;
    for (unsigned i = 1; i <= 8; i++) {
        int64_t pause = rig.peer.sent_at[i] - rig.peer.sent_at[i - 1];
        cr_assert_geq(pause, expected * 3 / 4);
        cr_assert_leq(pause, expected * 5 / 4);
        cr_assert_leq(pause, 1000 * MS);
        expected = expected * 2 < 1000 * MS ? expected * 2 : 1000 * MS;
    }
    struct outbox_stats stats;
    outbox_endpoint_stats(rig.endpoint, &stats);
    cr_assert_eq(stats.failed_requests, 8);
    cr_assert_eq(stats.blocked_since_ns, 0);

    rig.peer.answer = OUTBOX_AGAIN;
    rig.peer.bad_answers = 1;
    rig.peer.retry_after = 7000 * MS;
    push(&rig, 3);
    fake_clock_run(rig.clock, 6900 * MS);
    cr_assert_eq(rig.peer.seen[3], 0);
    outbox_endpoint_stats(rig.endpoint, &stats);
    cr_assert_neq(stats.blocked_since_ns, 0);
    fake_clock_run(rig.clock, 200 * MS);
    cr_assert_eq(rig.peer.seen[3], 1);

    rig.peer.answer = OUTBOX_REFUSED;
    rig.peer.bad_answers = 1;
    push(&rig, 4);
    push(&rig, 5);
    fake_clock_run(rig.clock, 0);
    cr_assert_eq(rig.peer.seen[4], 0);
    cr_assert_eq(rig.peer.seen[5], 1);
    cr_assert_eq(rig.peer.dropped, 1);
    cr_assert_str_eq(rig.peer.reason, "refused");
    outbox_endpoint_stats(rig.endpoint, &stats);
    cr_assert_eq(stats.dropped_refused, 1);
    outbox_free(rig.outbox);
    rig_release(&rig);
}

static void note_stopped(void *arg)
{
    ((struct rig *)arg)->stopped = true;
}

TEST(outbox, stops_when_all_is_delivered_or_nothing_can_be)
{
    struct rig rig;
    rig_init(&rig);
    cr_assert_eq(rig_open(&rig), STATUS_OK);
    for (unsigned n = 1; n <= 50; n++)
        push(&rig, n);
    outbox_stop(rig.outbox, 5000 * MS, note_stopped, &rig);
    fake_clock_run(rig.clock, 0);
    cr_assert(rig.stopped);
    for (unsigned n = 1; n <= 50; n++) {
        cr_assert_eq(rig.pushes[n].result, ACK_DONE);
        cr_assert_eq(rig.peer.seen[n], 1);
    }
    push(&rig, 51);
    cr_assert_eq(rig.pushes[51].result, ACK_RETRY);
    outbox_free(rig.outbox);

    rig.stopped = false;
    cr_assert_eq(rig_open(&rig), STATUS_OK);
    rig.peer.answer = OUTBOX_AGAIN;
    rig.peer.bad_answers = 0;
    for (unsigned n = 60; n <= 80; n++)
        push(&rig, n);
    outbox_stop(rig.outbox, 5000 * MS, note_stopped, &rig);
    fake_clock_run(rig.clock, 0);
    cr_assert(rig.stopped);
    outbox_free(rig.outbox);
    rig.peer.answer = OUTBOX_SENT;

    rig.stopped = false;
    cr_assert_eq(rig_open(&rig), STATUS_OK);
    fake_clock_run(rig.clock, 0);
    for (unsigned n = 60; n <= 80; n++)
        cr_assert_eq(rig.peer.seen[n], 1);
    cr_assert_eq(rig.peer.disorder, 0);
    /* A peer that does not answer at all is left at the deadline, its request stays. */
    rig.peer.silent = true;
    push(&rig, 90);
    fake_clock_run(rig.clock, 0);
    outbox_stop(rig.outbox, 2000 * MS, note_stopped, &rig);
    fake_clock_run(rig.clock, 1900 * MS);
    cr_assert(!rig.stopped);
    fake_clock_run(rig.clock, 200 * MS);
    cr_assert(rig.stopped);
    outbox_free(rig.outbox);
    cr_assert_eq(rig.peer.cancelled, 1);
    rig.peer.silent = false;
    cr_assert_eq(rig_open(&rig), STATUS_OK);
    fake_clock_run(rig.clock, 0);
    cr_assert_eq(rig.peer.seen[90], 1);
    outbox_free(rig.outbox);
    rig_release(&rig);
}

TEST(outbox, starts_again_from_the_cursor_when_asked_to)
{
    struct rig rig;
    rig_init(&rig);
    cr_assert_eq(rig_open(&rig), STATUS_OK);
    rig.peer.answer = OUTBOX_RESTART;
    rig.peer.bad_answers = 1;
    for (unsigned n = 1; n <= 5; n++)
        push(&rig, n);
    fake_clock_run(rig.clock, 0);
    cr_assert_eq(rig.peer.arrivals, 6);
    for (unsigned n = 1; n <= 5; n++)
        cr_assert_eq(rig.peer.seen[n], 1);
    outbox_free(rig.outbox);
    rig_release(&rig);
}

TEST(outbox, a_full_disk_refuses_and_what_was_acknowledged_arrives)
{
    struct rig rig;
    rig_init(&rig);
    cr_assert_eq(rig_open(&rig), STATUS_OK);
    fake_files_space(rig.files, 4000);
    rig.peer.silent = true;
    unsigned done = 0;
    for (unsigned n = 1; n <= 150; n++) {
        push(&rig, n);
        fake_clock_run(rig.clock, 0);
        cr_assert_eq(rig.pushes[n].calls, 1);
        done += rig.pushes[n].result == ACK_DONE;
    }
    cr_assert_gt(done, 50);
    cr_assert_lt(done, 150);
    rig.peer.silent = false;
    rig.peer.answer = OUTBOX_SENT;
    arrive(&rig.peer, rig.peer.kept[0]);
    outbox_answer(rig.peer.kept[0], OUTBOX_SENT, -1);
    fake_clock_run(rig.clock, 0);
    for (unsigned n = 1; n <= 150; n++)
        cr_assert_eq(rig.peer.seen[n], rig.pushes[n].result == ACK_DONE);
    push(&rig, 151);
    fake_clock_run(rig.clock, 0);
    cr_assert_eq(rig.pushes[151].result, ACK_DONE);
    cr_assert_eq(rig.peer.seen[151], 1);
    outbox_free(rig.outbox);
    rig_release(&rig);
}

TEST(outbox, failing_memory_refuses_the_push_alone)
{
    struct rig rig;
    rig_init(&rig);
    cr_assert_eq(rig_open(&rig), STATUS_OK);
    unsigned n = 1;
    for (uint64_t at = 1; at <= 6; at++, n++) {
        char text[16];
        int len = snprintf(text, sizeof text, "%u", n);
        struct otlp_batch *batch =
            otlp_batch_new(OTLP_LOGS, mem_strdup(NULL, text, (size_t)len), (size_t)len, 1);
        rig.pushes[n] = (struct push){.ack = {.done = push_done, .loop = rig.loop}};
        mem_fail_at(at);
        outbox_push(rig.outbox, &batch->base, &rig.pushes[n].ack);
        mem_fail_at(0);
        fake_clock_run(rig.clock, 0);
        cr_assert_eq(rig.pushes[n].calls, 1);
        cr_assert_eq(rig.peer.seen[n], rig.pushes[n].result == ACK_DONE);
        batch_unref(&batch->base);
    }
    cr_assert_eq(rig.pushes[1].result, ACK_RETRY);
    cr_assert_eq(rig.pushes[n - 1].result, ACK_DONE);
    outbox_free(rig.outbox);
    rig_release(&rig);
}

/* A life that may end at any file operation. */
static unsigned live(struct rig *rig, unsigned n)
{
    if (rig_open(rig) != STATUS_OK)
        return n;
    fake_clock_run(rig->clock, 0);
    for (unsigned round = 0; round < 8 && !fake_files_dead(rig->files); round++) {
        rig->peer.answer = round % 4 == 3 ? OUTBOX_AGAIN : OUTBOX_SENT;
        for (unsigned i = 0; i < 2; i++)
            push(rig, n++);
        fake_clock_run(rig->clock, 50 * MS);
    }
    outbox_free(rig->outbox);
    fake_clock_run(rig->clock, 0);
    return n;
}

TEST(outbox, nothing_acknowledged_is_lost_by_death_at_any_operation, .timeout = 120)
{
    for (uint64_t at = 1;; at++) {
        struct rig rig;
        rig_init(&rig);
        rig.peer.files = rig.files;
        unsigned next = 1, lives = 0;
        bool died = false;
        for (; lives < 3; lives++) {
            fake_files_die_at(rig.files, at + lives * 7, at % 2);
            next = live(&rig, next);
            died |= fake_files_dead(rig.files);
            fake_files_restart(rig.files, false, at);
        }
        rig.peer.answer = OUTBOX_SENT;
        cr_assert_eq(rig_open(&rig), STATUS_OK);
        fake_clock_run(rig.clock, 5000 * MS);
        outbox_free(rig.outbox);
        unsigned repeated = 0;
        for (unsigned n = 1; n < next; n++) {
            if (rig.pushes[n].calls && rig.pushes[n].result == ACK_DONE)
                cr_assert_geq(rig.peer.seen[n], 1, "batch %u is lost, death at %u", n,
                              (unsigned)at);
            repeated += rig.peer.seen[n] > 1;
        }
        cr_assert_leq(repeated, lives, "at most one request in flight per death");
        cr_assert_eq(rig.peer.disorder, 0);
        rig_release(&rig);
        if (!died)
            break;
    }
}
