/* Fan-out: one join per push, which counts the acks that are still out and remembers the worst of
 * them. Bounded by the number of sinks. Everything happens on the pusher's loop. */

#include "runtime/telemetry/sink.h"

#include "base/mutant.h"

#include "compiler/field.h"

enum { MASK_BITS = 64 };

static const int64_t MEMORY_RETRY_NS = 100000000;

struct join;

struct branch {
    struct ack ack;
    struct join *join;
    uint64_t bit;
};

struct join {
    struct ack *parent;
    struct fanout_push *resume; /* or NULL */
    size_t waiting;
    size_t done, rejected;
    uint64_t again; /* bits of the sinks that want it again */
    int64_t retry_ns;
    struct branch branches[];
};

void fanout_init(struct fanout *f)
{
    *f = (struct fanout){0};
}

void fanout_release(struct fanout *f)
{
    for (size_t i = 0; i < f->count; i++)
        sink_unref(f->sinks[i]);
    mem_free(f->sinks);
    fanout_init(f);
}

static struct sink *sink_of(const struct value *value)
{
    if (!value || value->type != VALUE_CAPSULE)
        return NULL;
    const struct capsule_type *type = value->as.capsule.type;
    bool receiver = type == &capsule_metrics || type == &capsule_logs || type == &capsule_otlp;
    return receiver ? value->as.capsule.data : NULL;
}

static bool same_sinks(const struct fanout *a, const struct fanout *b)
{
    return a->count == b->count &&
           (a->count == 0 || memcmp(a->sinks, b->sinks, a->count * sizeof(struct sink *)) == 0);
}

void fanout_set(struct fanout *f, const struct capsule_list *receivers)
{
    struct fanout next = {0};
    if (receivers->count)
        next.sinks = mem_array(NULL, receivers->count, sizeof(struct sink *));
    for (size_t i = 0; i < receivers->count; i++) {
        struct sink *sink = sink_of(receivers->items[i].value);
        if (sink)
            next.sinks[next.count++] = sink_ref(sink);
    }
    if (same_sinks(f, &next)) {
        fanout_release(&next);
        return;
    }
    next.version = f->version + 1;
    fanout_release(f);
    *f = next;
}

static uint64_t bit_of(size_t index)
{
    return (uint64_t)1 << (index < MASK_BITS ? index : MASK_BITS - 1);
}

/* tests/models/fanout.pml: ack_once, nothing_twice; push_all: every_push_is_answered. */
static void join_finish(struct join *join)
{
    struct ack *parent = join->parent;
    enum ack_result result = ACK_DONE;
    int64_t retry_ns = 0;
    if (join->again && !(MUTANT(FANOUT_FIRST) && join->done)) {
        result = ACK_RETRY;
        retry_ns = join->retry_ns;
    } else if (join->rejected && !join->done) {
        result = ACK_REJECTED;
    }
    if (join->resume) {
        join->resume->pending_mask = join->again;
        join->resume->internal = NULL;
    }
    mem_free(join);
    ack_done(parent, result, retry_ns);
}

static void branch_done(struct ack *ack, enum ack_result result, int64_t retry_ns)
{
    struct branch *branch = (struct branch *)ack;
    struct join *join = branch->join;
    if (result == ACK_DONE)
        join->done++;
    else if (result == ACK_REJECTED)
        join->rejected++;
    else
        join->again |= branch->bit;
    if (result == ACK_RETRY && retry_ns > join->retry_ns)
        join->retry_ns = retry_ns;
    if (--join->waiting == 0)
        join_finish(join);
}

/* The bits of a push to another list of sinks say nothing about this one (tests/models/fanout.pml:
 * done_reaches_all). */
static uint64_t mask_of(const struct fanout *f, struct fanout_push *resume)
{
    if (resume->version != f->version)
        resume->pending_mask = ~(uint64_t)0;
    resume->version = f->version;
    return resume->pending_mask;
}

static void push_all(struct fanout *f, struct batch *batch, struct ack *parent,
                     struct fanout_push *resume)
{
    struct join *join =
        mem_try_alloc_shared(NULL, sizeof(*join) + f->count * sizeof(struct branch));
    if (!join) {
        ack_done(parent, ACK_RETRY, MEMORY_RETRY_NS);
        return;
    }
    *join = (struct join){.parent = parent, .resume = resume, .waiting = 1};
    if (resume)
        resume->internal = join;
    uint64_t mask = resume ? mask_of(f, resume) : ~(uint64_t)0;
    size_t count = 0;
    for (size_t i = 0; i < f->count; i++) {
        if (!(mask & bit_of(i))) {
            join->done = 1; /* by an earlier push */
            continue;
        }
        struct branch *branch = &join->branches[count++];
        *branch = (struct branch){.join = join, .bit = bit_of(i)};
        branch->ack.done = branch_done;
        branch->ack.loop = parent->loop;
        join->waiting++;
        sink_push(f->sinks[i], batch, &branch->ack);
    }
    if (--join->waiting == 0)
        join_finish(join);
}

void fanout_push(struct fanout *f, struct batch *batch, struct ack *ack)
{
    if (f->count == 0)
        ack_done(ack, ACK_DONE, 0);
    else if (f->count == 1)
        sink_push(f->sinks[0], batch, ack);
    else if (ack)
        push_all(f, batch, ack, NULL);
    else
        for (size_t i = 0; i < f->count; i++)
            sink_push(f->sinks[i], batch, NULL);
}

void fanout_push_resume(struct fanout *f, struct batch *batch, struct fanout_push *resume)
{
    if (f->count == 0)
        ack_done(&resume->ack, ACK_DONE, 0);
    else if (f->count == 1)
        sink_push(f->sinks[0], batch, &resume->ack);
    else
        push_all(f, batch, &resume->ack, resume);
}
