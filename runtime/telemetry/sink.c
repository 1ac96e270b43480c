/* Sinks: the push within a loop is a call; across loops it waits in the sink's mailbox, and the ack
 * in a return box of the loop it belongs to. Mailboxes are bounded by MAILBOX_BATCHES and
 * MAILBOX_BYTES; a return box holds acks that exist anyway. Nothing here belongs to a memory scope.
 */

#include "runtime/telemetry/sink.h"

#include "base/mutant.h"

#include <pthread.h>

enum { MAILBOX_BATCHES = 1024, FIRST_SLOTS = 16 };

static const size_t MAILBOX_BYTES = (size_t)32 * 1024 * 1024;
static const int64_t CLOSED_RETRY_NS = 1000000000;
static const int64_t FULL_RETRY_NS = 100000000;

/* Acks on their way to one loop. Kept alive by its sink and by every ack that names it. */
struct sink_return {
    atomic_uint refs;
    struct loop *loop;
    struct sink_return *next; /* of the sink's list */
    pthread_mutex_t lock;
    struct ack *first, **last;
    bool posted;
};

struct parcel {
    struct batch *batch;
    struct ack *ack;
};

struct mailbox {
    struct parcel *parcels;
    size_t count, cap, bytes;
};

struct sink {
    atomic_uint refs;
    atomic_bool closed;
    unsigned accepts;
    struct loop *loop;
    const struct sink_ops *ops;
    void *self;
    pthread_mutex_t lock; /* over what follows */
    struct mailbox mailbox;
    bool posted;
    struct sink_return *returns;
    struct str name; /* stands behind the struct */
};

/* The way back. */

static void return_unref(struct sink_return *box)
{
    if (atomic_fetch_sub_explicit(&box->refs, 1, memory_order_acq_rel) != 1)
        return;
    pthread_mutex_destroy(&box->lock);
    mem_free(box);
}

static void complete(struct ack *ack, enum ack_result result, int64_t retry_ns)
{
    struct sink_return *box = ack->way_back;
    ack->way_back = NULL;
    ack->next = NULL;
    if (box)
        return_unref(box);
    ack->done(ack, result, retry_ns);
}

static void return_deliver(void *arg)
{
    struct sink_return *box = arg;
    pthread_mutex_lock(&box->lock);
    struct ack *ack = box->first;
    box->first = NULL;
    box->last = &box->first;
    box->posted = false;
    pthread_mutex_unlock(&box->lock);
    for (struct ack *next; ack; ack = next) {
        next = ack->next;
        complete(ack, ack->result, ack->retry_ns);
    }
    return_unref(box);
}

static void return_put(struct sink_return *box, struct ack *ack)
{
    ack->next = NULL;
    pthread_mutex_lock(&box->lock);
    *box->last = ack;
    box->last = &ack->next;
    bool post = !box->posted;
    if (post) {
        box->posted = true;
        atomic_fetch_add_explicit(&box->refs, 1, memory_order_relaxed);
    }
    pthread_mutex_unlock(&box->lock);
    if (post)
        loop_post(box->loop, return_deliver, box);
}

static void complete_posted(void *arg)
{
    struct ack *ack = arg;
    complete(ack, ack->result, ack->retry_ns);
}

void ack_done(struct ack *ack, enum ack_result result, int64_t retry_ns)
{
    if (!ack)
        return;
    if (!ack->loop || loop_is_current(ack->loop)) {
        complete(ack, result, retry_ns);
        return;
    }
    ack->result = result;
    ack->retry_ns = retry_ns;
    if (ack->way_back)
        return_put(ack->way_back, ack);
    else
        loop_post(ack->loop, complete_posted, ack);
}

/* The box for the ack's loop, with a reference for the ack. Called under the sink's lock. */
static bool give_way_back(struct sink *sink, struct ack *ack)
{
    if (!ack || ack->way_back)
        return true;
    ASSERT(ack->loop);
    struct sink_return *box = sink->returns;
    while (box && box->loop != ack->loop)
        box = box->next;
    if (!box) {
        box = mem_try_alloc_shared(NULL, sizeof(*box));
        if (!box)
            return false;
        *box = (struct sink_return){.loop = ack->loop, .next = sink->returns};
        box->last = &box->first;
        atomic_init(&box->refs, 1);
        ASSERT(pthread_mutex_init(&box->lock, NULL) == 0);
        sink->returns = box;
    }
    atomic_fetch_add_explicit(&box->refs, 1, memory_order_relaxed);
    ack->way_back = box;
    return true;
}

/* Sinks. */

static void drop_ref(void *arg)
{
    struct sink *sink = arg;
    if (atomic_fetch_sub_explicit(&sink->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (struct sink_return *box = sink->returns, *next; box; box = next) {
        next = box->next;
        return_unref(box);
    }
    pthread_mutex_destroy(&sink->lock);
    mem_free(sink->mailbox.parcels);
    mem_free(sink);
}

struct sink *sink_new(struct loop *loop, unsigned accepts, struct str name,
                      const struct sink_ops *ops, void *self)
{
    struct sink *sink = mem_zalloc_shared(NULL, sizeof(*sink) + name.len + 1);
    char *text = (char *)(sink + 1);
    *sink = (struct sink){
        .loop = loop, .accepts = accepts, .ops = ops, .self = self, .name = str_of(text, name.len)};
    if (name.len)
        memcpy(text, name.ptr, name.len);
    text[name.len] = '\0';
    atomic_init(&sink->refs, 1);
    atomic_init(&sink->closed, false);
    ASSERT(pthread_mutex_init(&sink->lock, NULL) == 0);
    mem_scope_guard(drop_ref, sink);
    return sink;
}

/* A sink is no memory of a scope: references taken in one that fails are given back. */
struct sink *sink_ref(struct sink *sink)
{
    atomic_fetch_add_explicit(&sink->refs, 1, memory_order_relaxed);
    mem_scope_guard(drop_ref, sink);
    return sink;
}

void sink_unref(struct sink *sink)
{
    if (!sink)
        return;
    mem_scope_unguard(drop_ref, sink);
    drop_ref(sink);
}

bool sink_joins(const struct sink *sink)
{
    return sink->ops->joins;
}

struct str sink_name(const struct sink *sink)
{
    return sink->name;
}

static void push_here(struct sink *sink, struct batch *batch, struct ack *ack)
{
    if (atomic_load_explicit(&sink->closed, memory_order_acquire))
        ack_done(ack, ACK_RETRY, CLOSED_RETRY_NS);
    else if (!(sink->accepts & 1u << batch->signal))
        ack_done(ack, ACK_REJECTED, 0);
    else
        sink->ops->push(sink->self, batch, ack);
}

static void mailbox_deliver(void *arg)
{
    struct sink *sink = arg;
    pthread_mutex_lock(&sink->lock);
    struct mailbox box = sink->mailbox;
    sink->mailbox = (struct mailbox){0};
    sink->posted = false;
    pthread_mutex_unlock(&sink->lock);
    for (size_t i = 0; i < box.count; i++) {
        push_here(sink, box.parcels[i].batch, box.parcels[i].ack);
        batch_unref(box.parcels[i].batch);
    }
    mem_free(box.parcels);
    sink_unref(sink);
}

static bool mailbox_room(struct mailbox *box, size_t bytes)
{
    if (box->count && (box->count >= MAILBOX_BATCHES || box->bytes + bytes > MAILBOX_BYTES))
        return false;
    if (box->count < box->cap)
        return true;
    size_t cap = box->cap ? box->cap * 2 : FIRST_SLOTS;
    struct parcel *parcels = mem_try_alloc_shared(NULL, cap * sizeof(*parcels));
    if (!parcels)
        return false;
    if (box->count)
        memcpy(parcels, box->parcels, box->count * sizeof(*parcels));
    mem_free(box->parcels);
    box->parcels = parcels;
    box->cap = cap;
    return true;
}

static void overtake(struct mailbox *box)
{
    if (box->count < 2)
        return;
    struct parcel last = box->parcels[box->count - 1];
    box->parcels[box->count - 1] = box->parcels[box->count - 2];
    box->parcels[box->count - 2] = last;
}

static void push_across(struct sink *sink, struct batch *batch, struct ack *ack)
{
    bool post = false;
    pthread_mutex_lock(&sink->lock);
    bool taken = mailbox_room(&sink->mailbox, batch->bytes) && give_way_back(sink, ack);
    if (taken) {
        sink->mailbox.parcels[sink->mailbox.count++] = (struct parcel){batch_ref(batch), ack};
        if (MUTANT(MAILBOX_OVERTAKEN))
            overtake(&sink->mailbox);
        sink->mailbox.bytes += batch->bytes;
        post = !sink->posted;
        if (post) {
            sink->posted = true;
            sink_ref(sink);
        }
    }
    pthread_mutex_unlock(&sink->lock);
    if (post)
        loop_post(sink->loop, mailbox_deliver, sink);
    if (!taken)
        ack_done(ack, MUTANT(MAILBOX_DROPS) ? ACK_DONE : ACK_RETRY, FULL_RETRY_NS);
}

void sink_push(struct sink *sink, struct batch *batch, struct ack *ack)
{
    if (!sink->loop || loop_is_current(sink->loop))
        push_here(sink, batch, ack);
    else if (atomic_load_explicit(&sink->closed, memory_order_acquire))
        ack_done(ack, ACK_RETRY, CLOSED_RETRY_NS);
    else
        push_across(sink, batch, ack);
}

/* What waits in the mailbox is refused when it arrives. */
void sink_close(struct sink *sink)
{
    atomic_store_explicit(&sink->closed, true, memory_order_release);
}
