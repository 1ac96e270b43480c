/* Sinks on real loops: pushes from two threads to a third, acks back, nothing lost, order kept. */

#include "tests/support/test.h"

#include "runtime/telemetry/sink.h"

#include <stdatomic.h>

enum { PUSHES = 3000, WINDOW = 64 };

struct receiver {
    struct loop *loop;
    struct sink *sink;
    size_t received[2];
    bool disorder;
    struct ack *held[8]; /* some acks are completed later */
    size_t held_count;
};

struct pusher {
    struct loop *loop;
    struct receiver *to;
    unsigned number;
    struct slot {
        struct ack ack;
        struct pusher *pusher;
        struct batch *batch;
    } slots[WINDOW];
    size_t next, done, retried;
    atomic_bool finished;
};

static void received(void *self, struct batch *batch, struct ack *ack)
{
    struct receiver *r = self;
    cr_assert(loop_is_current(r->loop));
    const struct sample *s = &batch_metrics(batch)->samples[0];
    unsigned from = (unsigned)s->value;
    if ((size_t)s->t_ms != r->received[from])
        r->disorder = true;
    r->received[from] = (size_t)s->t_ms + 1;
    r->held[r->held_count++] = ack;
    if (r->held_count < 8 && r->received[0] < PUSHES - 100)
        return;
    for (size_t i = 0; i < r->held_count; i++)
        ack_done(r->held[i], ACK_DONE, 0);
    r->held_count = 0;
}

static const struct sink_ops ops = {.push = received};

static void push_more(struct pusher *p);

static void acknowledged(struct ack *ack, enum ack_result result, int64_t retry_ns)
{
    struct slot *slot = (struct slot *)ack;
    struct pusher *p = slot->pusher;
    (void)retry_ns;
    cr_assert(loop_is_current(p->loop));
    cr_assert_eq(result, ACK_DONE, "the window is smaller than the mailbox");
    batch_unref(slot->batch);
    slot->batch = NULL;
    p->done++;
    if (p->done == PUSHES)
        atomic_store(&p->finished, true);
    else
        push_more(p);
}

static void push_more(struct pusher *p)
{
    for (size_t i = 0; i < WINDOW && p->next < PUSHES; i++) {
        struct slot *slot = &p->slots[i];
        if (slot->batch)
            continue;
        struct metric_batch *b = metric_batch_new(1);
        metric_batch_add(b, NULL, (int64_t)p->next++, p->number);
        *slot = (struct slot){
            .ack = {.done = acknowledged, .loop = p->loop}, .pusher = p, .batch = &b->base};
        sink_push(p->to->sink, slot->batch, &slot->ack);
    }
}

static void begin(void *arg)
{
    push_more(arg);
}

static void flush(void *arg)
{
    struct receiver *r = arg;
    for (size_t i = 0; i < r->held_count; i++)
        ack_done(r->held[i], ACK_DONE, 0);
    r->held_count = 0;
}

static void nothing(void *arg)
{
    (void)arg;
}

TEST(mailbox, carries_pushes_and_acks_between_threads, .timeout = 60)
{
    struct receiver r = {.loop = loop_new("receiver", NULL)};
    struct pusher *pushers = mem_array(NULL, 2, sizeof(*pushers));
    r.sink = sink_new(r.loop, 1u << SIGNAL_METRICS, STR("r"), &ops, &r);
    cr_assert_eq(loop_start_thread(r.loop, NULL), STATUS_OK);
    for (unsigned i = 0; i < 2; i++) {
        pushers[i].loop = loop_new("pusher", NULL);
        pushers[i].to = &r;
        pushers[i].number = i;
        cr_assert_eq(loop_start_thread(pushers[i].loop, NULL), STATUS_OK);
        loop_post(pushers[i].loop, begin, &pushers[i]);
    }
    for (unsigned i = 0; i < 2; i++) {
        while (!atomic_load(&pushers[i].finished)) {
            loop_call(r.loop, flush, &r);
            loop_call(pushers[i].loop, nothing, NULL);
        }
    }
    for (unsigned i = 0; i < 2; i++) {
        loop_stop(pushers[i].loop);
        loop_join_thread(pushers[i].loop);
        loop_free(pushers[i].loop);
        cr_assert_eq(r.received[i], PUSHES);
    }
    cr_assert(!r.disorder);
    loop_stop(r.loop);
    loop_join_thread(r.loop);
    sink_unref(r.sink);
    loop_free(r.loop);
    mem_free(pushers);
}
