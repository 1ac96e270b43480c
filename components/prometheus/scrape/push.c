/* Batches on their way to the receivers: one that is refused for now is offered again until its
 * time is up, and later ones of its target wait behind it. Owns a reference on each batch. Bounded:
 * four a target and 64 for the pool; what comes beyond is dropped and counted. */
#include "components/prometheus/scrape/scrape.h"

#include "base/mutant.h"

enum { PUSHES_PER_TARGET = 4, PUSHES_MIN = 64 };
static const int64_t GIVE_UP_NS = (int64_t)30 * 1000000000;
static const int64_t SHORTEST_RETRY_NS = 10000000;

struct scrape_push {
    struct fanout_push push;
    struct scrape_pool *pool; /* NULL = nobody cares any more */
    const void *target;       /* whose; never followed */
    struct scrape_push *prev, *next;
    struct metric_batch *batch;
    struct loop_timer *timer;
    int64_t give_up_ns;
};

static void unlink_push(struct scrape_push *p)
{
    if (!p->pool) {
        return;
    }
    *(p->prev ? &p->prev->next : &p->pool->pushes) = p->next;
    if (p->next) {
        p->next->prev = p->prev;
    }
    p->pool->push_count--;
}

static void free_push(struct scrape_push *p)
{
    unlink_push(p);
    loop_timer_close(p->timer);
    batch_unref(&p->batch->base);
    mem_free(p);
}

/* The list's head is the newest. */
static bool is_behind(const struct scrape_push *p)
{
    for (const struct scrape_push *older = p->next; older; older = older->next) {
        if (older->target == p->target && !MUTANT(RETRY_OVERTAKEN)) {
            return true;
        }
    }
    return false;
}

static void push_again(void *arg);

static void wait(struct scrape_push *p, int64_t ns)
{
    p->timer = loop_timer_new(host_loop(p->pool->host), push_again, p);
    loop_timer_start(p->timer, ns > SHORTEST_RETRY_NS ? ns : SHORTEST_RETRY_NS, 0);
}

static void push_again(void *arg)
{
    struct scrape_push *p = arg;
    loop_timer_close(p->timer);
    p->timer = NULL;
    if (is_behind(p)) {
        wait(p, 0);
        return;
    }
    forward_push_resume(&p->pool->forward, &p->batch->base, &p->push);
}

static void push_done(struct ack *ack, enum ack_result result, int64_t retry_ns)
{
    struct scrape_push *p = (struct scrape_push *)ack;
    struct scrape_pool *pool = p->pool;
    if (pool && result == ACK_RETRY && loop_now_ns(host_loop(pool->host)) < p->give_up_ns) {
        wait(p, retry_ns);
        return;
    }
    if (pool && result != ACK_DONE) {
        self_add(pool->dropped, (double)p->batch->base.items);
    }
    free_push(p);
}

void scrape_pool_push(struct scrape_pool *pool, struct scrape_target *target,
                      struct metric_batch *owned_batch)
{
    if (pool->push_count >= PUSHES_MIN + pool->target_count * PUSHES_PER_TARGET) {
        self_add(pool->dropped, (double)owned_batch->base.items);
        batch_unref(&owned_batch->base);
        return;
    }
    struct loop *loop = host_loop(pool->host);
    struct scrape_push *p = mem_zalloc(NULL, sizeof(*p));
    p->push.ack.done = push_done;
    p->push.ack.loop = loop;
    p->push.pending_mask = ~(uint64_t)0;
    p->pool = pool;
    p->target = target;
    p->batch = owned_batch;
    p->give_up_ns =
        loop_now_ns(loop) + (target->interval_ns > GIVE_UP_NS ? target->interval_ns : GIVE_UP_NS);
    p->next = pool->pushes;
    if (p->next) {
        p->next->prev = p;
    }
    pool->pushes = p;
    pool->push_count++;
    if (is_behind(p)) {
        wait(p, 0);
        return;
    }
    forward_push_resume(&pool->forward, &owned_batch->base, &p->push);
}

void scrape_pool_drop_pushes(struct scrape_pool *pool)
{
    while (pool->pushes) {
        struct scrape_push *p = pool->pushes;
        bool waits = p->timer != NULL;
        unlink_push(p);
        p->pool = NULL;
        if (waits) {
            free_push(p);
        }
    }
}
