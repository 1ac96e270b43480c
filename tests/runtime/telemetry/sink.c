/* Sinks: pushes within a loop and across loops, bounds, closing, and fan-out with retries. */

#include "tests/support/fake_loop.h"
#include "tests/support/test.h"

#include "compiler/field.h"
#include "runtime/telemetry/sink.h"

enum { KEPT_MAX = 4096 };

/* A sink that answers as told, or keeps the ack for later. */
struct probe {
    enum ack_result answer;
    bool keep;
    size_t pushes;
    struct ack *kept[KEPT_MAX];
    size_t kept_count;
};

static void target_push(void *self, struct batch *batch, struct ack *ack)
{
    struct probe *t = self;
    (void)batch;
    t->pushes++;
    if (t->keep)
        t->kept[t->kept_count++] = ack;
    else
        ack_done(ack, t->answer, t->answer == ACK_RETRY ? 7 : 0);
}

static const struct sink_ops target_ops = {.push = target_push};

struct note {
    struct ack ack;
    size_t calls;
    enum ack_result result;
    int64_t retry_ns;
};

static void note_done(struct ack *ack, enum ack_result result, int64_t retry_ns)
{
    struct note *note = (struct note *)ack;
    note->calls++;
    note->result = result;
    note->retry_ns = retry_ns;
    if (ack->loop)
        cr_assert(loop_is_current(ack->loop));
}

static struct sink *target_sink(struct loop *loop, struct probe *t)
{
    return sink_new(loop, 1u << SIGNAL_METRICS, STR("test.receiver"), &target_ops, t);
}

TEST(sink, within_a_loop_a_push_is_a_call)
{
    struct fake_clock *clock = fake_clock_new();
    struct loop *loop = fake_loop_new(clock);
    struct probe *t = mem_zalloc(NULL, sizeof(*t));
    struct sink *sink = target_sink(loop, t);
    struct batch *metrics = &metric_batch_new(0)->base, *logs = &log_batch_new(0)->base;
    struct note note = {.ack = {.done = note_done, .loop = loop}};
    sink_push(sink, metrics, &note.ack);
    cr_assert_eq(note.calls, 1);
    cr_assert_eq(note.result, ACK_DONE);
    sink_push(sink, logs, &note.ack);
    cr_assert_eq(note.result, ACK_REJECTED);
    cr_assert_eq(t->pushes, 1);
    sink_push(sink, metrics, NULL);
    cr_assert_eq(t->pushes, 2);
    cr_assert(str_is(sink_name(sink), "test.receiver"));
    sink_close(sink);
    sink_push(sink, metrics, &note.ack);
    cr_assert_eq(note.result, ACK_RETRY);
    cr_assert_eq(note.retry_ns, 1000000000);
    cr_assert_eq(t->pushes, 2);
    sink_unref(sink);
    batch_unref(metrics);
    batch_unref(logs);
    mem_free(t);
    fake_clock_free(clock);
}

TEST(sink, across_loops_it_waits_in_a_bounded_mailbox)
{
    struct fake_clock *clock = fake_clock_new();
    struct loop *here = fake_loop_new(clock), *there = fake_loop_new(clock);
    struct probe *t = mem_zalloc(NULL, sizeof(*t));
    struct sink *sink = target_sink(there, t);
    struct batch *batch = &metric_batch_new(0)->base;
    fake_clock_enter(clock, here);
    enum { COUNT = 1100 };
    struct note *notes = mem_array(NULL, COUNT, sizeof(*notes));
    for (size_t i = 0; i < COUNT; i++) {
        notes[i].ack = (struct ack){.done = note_done, .loop = here};
        sink_push(sink, batch, &notes[i].ack);
    }
    cr_assert_eq(t->pushes, 0);
    cr_assert_eq(notes[0].calls, 0);
    cr_assert_eq(notes[COUNT - 1].calls, 1);
    cr_assert_eq(notes[COUNT - 1].result, ACK_RETRY);
    fake_clock_run(clock, 0);
    cr_assert_eq(t->pushes, 1024);
    size_t done = 0;
    for (size_t i = 0; i < COUNT; i++) {
        cr_assert_eq(notes[i].calls, 1);
        done += notes[i].result == ACK_DONE;
    }
    cr_assert_eq(done, 1024);

    /* Bytes bound it too, but one batch always fits. */
    batch->bytes = 40u << 20;
    sink_push(sink, batch, &notes[0].ack);
    sink_push(sink, batch, &notes[1].ack);
    cr_assert_eq(notes[1].calls, 2);
    cr_assert_eq(notes[1].result, ACK_RETRY);
    /* The sink may go while acks are out. */
    t->keep = true;
    fake_clock_run(clock, 0);
    cr_assert_eq(notes[0].calls, 1);
    sink_close(sink);
    sink_unref(sink);
    fake_clock_enter(clock, there);
    ack_done(t->kept[0], ACK_DONE, 0);
    cr_assert_eq(notes[0].calls, 1);
    fake_clock_run(clock, 0);
    cr_assert_eq(notes[0].calls, 2);
    batch_unref(batch);
    mem_free(notes);
    mem_free(t);
    fake_clock_free(clock);
}

TEST(sink, what_waits_when_it_closes_is_refused)
{
    struct fake_clock *clock = fake_clock_new();
    struct loop *here = fake_loop_new(clock), *there = fake_loop_new(clock);
    struct probe *t = mem_zalloc(NULL, sizeof(*t));
    struct sink *sink = target_sink(there, t);
    struct batch *batch = &metric_batch_new(0)->base;
    fake_clock_enter(clock, here);
    struct note note = {.ack = {.done = note_done, .loop = here}};
    sink_push(sink, batch, &note.ack);
    sink_close(sink);
    sink_unref(sink);
    batch_unref(batch);
    fake_clock_run(clock, 0);
    cr_assert_eq(t->pushes, 0);
    cr_assert_eq(note.calls, 1);
    cr_assert_eq(note.result, ACK_RETRY);
    mem_free(t);
    fake_clock_free(clock);
}

struct relay {
    struct sink *to;
};

static void relay_push(void *self, struct batch *batch, struct ack *ack)
{
    sink_push(((struct relay *)self)->to, batch, ack);
}

static const struct sink_ops relay_ops = {.push = relay_push};

TEST(sink, an_ack_finds_its_way_back_over_several_loops)
{
    struct fake_clock *clock = fake_clock_new();
    struct loop *a = fake_loop_new(clock), *b = fake_loop_new(clock), *c = fake_loop_new(clock);
    struct probe *t = mem_zalloc(NULL, sizeof(*t));
    struct relay relay = {target_sink(c, t)};
    struct sink *first = sink_new(b, 1u << SIGNAL_METRICS, STR("relay"), &relay_ops, &relay);
    struct batch *batch = &metric_batch_new(0)->base;
    struct note note = {.ack = {.done = note_done, .loop = a}};
    fake_clock_enter(clock, a);
    for (size_t i = 1; i < 4; i++) {
        sink_push(first, batch, &note.ack);
        fake_clock_run(clock, 0);
        cr_assert_eq(note.calls, i);
    }
    /* Completed elsewhere without having crossed by a sink. */
    fake_clock_enter(clock, c);
    ack_done(&note.ack, ACK_REJECTED, 0);
    fake_clock_run(clock, 0);
    cr_assert_eq(note.calls, 4);
    cr_assert_eq(note.result, ACK_REJECTED);
    sink_unref(first);
    sink_unref(relay.to);
    batch_unref(batch);
    mem_free(t);
    fake_clock_free(clock);
}

TEST(sink, failing_memory_asks_for_a_retry)
{
    struct fake_clock *clock = fake_clock_new();
    struct loop *here = fake_loop_new(clock), *there = fake_loop_new(clock);
    struct probe *t = mem_zalloc(NULL, sizeof(*t));
    struct batch *batch = &metric_batch_new(0)->base;
    for (uint64_t n = 1; n <= 2; n++) {
        struct sink *sink = target_sink(there, t);
        struct note note = {.ack = {.done = note_done, .loop = here}};
        fake_clock_enter(clock, here);
        mem_fail_at(n);
        sink_push(sink, batch, &note.ack);
        cr_assert(mem_failed_once());
        mem_fail_at(0);
        cr_assert_eq(note.calls, 1);
        cr_assert_eq(note.result, ACK_RETRY);
        sink_push(sink, batch, &note.ack);
        fake_clock_run(clock, 0);
        cr_assert_eq(note.calls, 2);
        cr_assert_eq(note.result, ACK_DONE);
        sink_unref(sink);
    }
    batch_unref(batch);
    mem_free(t);
    fake_clock_free(clock);
}

/* Fan-out. */

struct three {
    struct fake_clock *clock;
    struct probe *targets; /* three of them */
    struct fanout fanout;
    struct batch *batch;
    struct fanout_push push;
    size_t calls;
    enum ack_result result;
    int64_t retry_ns;
};

static void three_done(struct ack *ack, enum ack_result result, int64_t retry_ns)
{
    struct three *three = (struct three *)((char *)ack - offsetof(struct three, push.ack));
    three->calls++;
    three->result = result;
    three->retry_ns = retry_ns;
}

static void three_init(struct three *three)
{
    *three = (struct three){.clock = fake_clock_new()};
    struct loop *loop = fake_loop_new(three->clock);
    three->targets = mem_array(NULL, 3, sizeof(*three->targets));
    struct capsule_ref refs[4] = {{NULL}};
    for (size_t i = 0; i < 3; i++) {
        struct sink *sink = target_sink(loop, &three->targets[i]);
        refs[i].value = sink_value(&capsule_metrics, sink);
        sink_unref(sink);
    }
    struct capsule_list list = {.items = refs, .count = 4};
    fanout_init(&three->fanout);
    fanout_set(&three->fanout, &list);
    cr_assert_eq(three->fanout.count, 3);
    for (size_t i = 0; i < 3; i++)
        value_unref(refs[i].value);
    three->batch = &metric_batch_new(0)->base;
    three->push = (struct fanout_push){.ack = {.done = three_done, .loop = loop},
                                       .pending_mask = ~(uint64_t)0};
}

static void three_release(struct three *three)
{
    fanout_release(&three->fanout);
    batch_unref(three->batch);
    mem_free(three->targets);
    fake_clock_free(three->clock);
}

TEST(sink, fan_out_combines_acks)
{
    static const struct {
        enum ack_result answers[3], combined;
    } cases[] = {
        {{ACK_DONE, ACK_DONE, ACK_DONE}, ACK_DONE},
        {{ACK_DONE, ACK_REJECTED, ACK_REJECTED}, ACK_DONE},
        {{ACK_REJECTED, ACK_REJECTED, ACK_REJECTED}, ACK_REJECTED},
        {{ACK_DONE, ACK_RETRY, ACK_REJECTED}, ACK_RETRY},
    };
    struct three three;
    three_init(&three);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t k = 0; k < 3; k++)
            three.targets[k].answer = cases[i].answers[k];
        fanout_push(&three.fanout, three.batch, &three.push.ack);
        cr_assert_eq(three.calls, i + 1);
        cr_assert_eq(three.result, cases[i].combined);
        cr_assert_eq(three.retry_ns, three.result == ACK_RETRY ? 7 : 0);
    }
    fanout_push(&three.fanout, three.batch, NULL);
    cr_assert_eq(three.targets[2].pushes, 5);
    mem_fail_at(1);
    fanout_push(&three.fanout, three.batch, &three.push.ack);
    mem_fail_at(0);
    cr_assert_eq(three.result, ACK_RETRY);
    three_release(&three);

    struct fanout none;
    fanout_init(&none);
    struct note note = {.ack.done = note_done};
    struct batch *batch = &metric_batch_new(0)->base;
    fanout_push(&none, batch, &note.ack);
    cr_assert_eq(note.result, ACK_DONE);
    cr_assert_eq(note.calls, 1);
    batch_unref(batch);
}

TEST(sink, a_retry_reaches_only_those_that_asked_for_it)
{
    struct three three;
    three_init(&three);
    three.targets[0].keep = true;
    three.targets[1].answer = ACK_RETRY;
    fanout_push_resume(&three.fanout, three.batch, &three.push);
    cr_assert_eq(three.calls, 0);
    ack_done(three.targets[0].kept[0], ACK_DONE, 0);
    cr_assert_eq(three.calls, 1);
    cr_assert_eq(three.result, ACK_RETRY);
    three.targets[1].answer = ACK_DONE;
    fanout_push_resume(&three.fanout, three.batch, &three.push);
    cr_assert_eq(three.result, ACK_DONE);
    cr_assert_eq(three.push.pending_mask, 0);
    cr_assert_eq(three.targets[0].pushes, 1);
    cr_assert_eq(three.targets[1].pushes, 2);
    cr_assert_eq(three.targets[2].pushes, 1);
    three_release(&three);
}

/* What the marks of a push say is about the list of sinks that it went to: with another list, a
 * sink that has nothing yet must not be taken for one that is done. */
TEST(sink, a_retry_after_a_change_of_the_list_reaches_all_of_the_new_list)
{
    struct three three;
    three_init(&three);
    three.targets[0].keep = true;
    three.targets[1].answer = ACK_RETRY;
    fanout_push_resume(&three.fanout, three.batch, &three.push);

    struct capsule_ref refs[2] = {{NULL}};
    for (size_t i = 0; i < 2; i++)
        refs[i].value = sink_value(&capsule_metrics, three.fanout.sinks[1 + i]);
    struct capsule_list list = {.items = refs, .count = 2};
    fanout_set(&three.fanout, &list); /* the second and the third stay */
    ack_done(three.targets[0].kept[0], ACK_DONE, 0);
    cr_assert_eq(three.result, ACK_RETRY);
    fanout_push_resume(&three.fanout, three.batch, &three.push);
    cr_assert_eq(three.targets[1].pushes, 2);
    cr_assert_eq(three.targets[2].pushes, 2);
    cr_assert_eq(three.result, ACK_RETRY);

    fanout_set(&three.fanout, &list); /* the same again: the marks hold */
    three.targets[1].answer = ACK_DONE;
    fanout_push_resume(&three.fanout, three.batch, &three.push);
    cr_assert_eq(three.targets[1].pushes, 3);
    cr_assert_eq(three.targets[2].pushes, 2);
    cr_assert_eq(three.result, ACK_DONE);
    for (size_t i = 0; i < 2; i++)
        value_unref(refs[i].value);
    three_release(&three);
}
