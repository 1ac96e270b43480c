/* The outbox: pushes into the log, commits once per turn of the loop, acknowledges, and stops. Owns
 * the log, the codec's writer and the endpoints. Acks that wait for the commit are a list through
 * themselves. */

#include "runtime/storage/outbox_internal.h"

#include "base/mutant.h"
#include "base/world.h"

static const int64_t RETRY_NS = 1000000000;
static const int64_t TICK_NS = 15000000000;
static const int64_t TICK_LEAST_NS = 50000000;

static void tick(void *arg)
{
    struct outbox *outbox = arg;
    wal_tick(outbox->wal);
}

enum status outbox_new(const struct outbox_options *options, struct outbox **out, struct error *err)
{
    struct wal_options wal = {.path = options->path,
                              .max_bytes = options->max_bytes,
                              .drop_oldest = options->drop_oldest,
                              .max_age_ns = options->max_age_ns,
                              .sync_interval_ns = options->sync_interval_ns,
                              .owner = options->owner};
    struct outbox *outbox = mem_zalloc(options->owner, sizeof(*outbox));
    outbox->loop = options->loop;
    outbox->codec = options->codec;
    outbox->owner = options->owner;
    if (options->log)
        outbox->log = *options->log;
    outbox->last = &outbox->first;
    enum status status = wal_open(&wal, &outbox->wal, err);
    if (status != STATUS_OK) {
        mem_free(outbox);
        return status;
    }
    outbox->writer = outbox->codec->writer_new(options->owner);
    outbox->tick = loop_timer_new(outbox->loop, tick, outbox);
    int64_t interval = TICK_NS;
    if (options->sync_interval_ns > 0 && options->sync_interval_ns < interval)
        interval = options->sync_interval_ns;
    if (interval < TICK_LEAST_NS)
        interval = TICK_LEAST_NS;
    loop_timer_start(outbox->tick, interval, interval);
    *out = outbox;
    return STATUS_OK;
}

static struct ack *take_acks(struct outbox *outbox)
{
    struct ack *ack = outbox->first;
    outbox->first = NULL;
    outbox->last = &outbox->first;
    return ack;
}

static void answer_all(struct ack *ack, enum ack_result result, int64_t retry_ns)
{
    for (struct ack *next; ack; ack = next) {
        next = ack->next;
        ack_done(ack, result, retry_ns);
    }
}

void outbox_free(struct outbox *outbox)
{
    if (!outbox)
        return;
    while (outbox->endpoints)
        endpoint_free(outbox->endpoints);
    wal_close(outbox->wal);
    outbox->wal = NULL;
    outbox->codec->writer_free(outbox->writer);
    if (!MUTANT(TIMER_LEFT))
        loop_timer_close(outbox->tick);
    loop_timer_close(outbox->deadline);
    answer_all(take_acks(outbox), MUTANT(STOP_ACKS) ? ACK_DONE : ACK_RETRY, RETRY_NS);
    outbox->freed = true;
    if (!outbox->commit_posted)
        mem_free(outbox);
}

void outbox_wal_stats(const struct outbox *outbox, struct wal_stats *out)
{
    wal_get_stats(outbox->wal, out);
}

static void write_failed(struct outbox *outbox, const struct error *err)
{
    outbox->codec->write_lost(outbox->writer);
    if (outbox->log.sink)
        LOG(&outbox->log, LOG_WARN, "data could not be stored and is refused for now",
            LOG_C("err", err->message));
}

/* The group of this turn becomes durable, and only then is acknowledged (tests/models/wal.pml:
 * acked_is_delivered). */
static void commit(struct outbox *outbox)
{
    struct error err = {0};
    enum status status = wal_commit(outbox->wal, &err);
    struct ack *acks = take_acks(outbox);
    if (status != STATUS_OK) {
        write_failed(outbox, &err);
        answer_all(acks, ACK_RETRY, RETRY_NS);
        return;
    }
    answer_all(acks, ACK_DONE, 0);
}

static void pump_all(struct outbox *outbox)
{
    for (struct outbox_endpoint *e = outbox->endpoints, *next; e; e = next) {
        next = e->next;
        endpoint_pump(e);
    }
}

static void commit_posted(void *arg)
{
    struct outbox *outbox = arg;
    outbox->commit_posted = false;
    if (outbox->freed) {
        mem_free(outbox);
        return;
    }
    commit(outbox);
    pump_all(outbox);
}

struct write_job {
    struct outbox *outbox;
    struct batch *batch;
    enum status status;
    struct error *err;
};

static void write_batch(void *arg)
{
    struct write_job *job = arg;
    job->status =
        job->outbox->codec->write(job->outbox->writer, job->outbox->wal, job->batch, job->err);
}

static enum status write_in_scope(struct outbox *outbox, struct batch *batch, struct error *err)
{
    struct write_job job = {.outbox = outbox, .batch = batch, .err = err};
    if (!mem_scope_run(write_batch, &job))
        job.status = error_set(err, STATUS_MEMORY, "no memory to store a batch");
    if (job.status == STATUS_OK || job.status == STATUS_LIMIT)
        return job.status;
    wal_abandon(outbox->wal);
    /* With nobody waiting for this group there will be no commit to end it. */
    if (!outbox->commit_posted)
        wal_commit(outbox->wal, NULL);
    write_failed(outbox, err);
    return job.status;
}

void outbox_push(struct outbox *outbox, struct batch *batch, struct ack *ack)
{
    if (outbox->stopping) {
        ack_done(ack, ACK_RETRY, RETRY_NS);
        return;
    }
    if (!(outbox->codec->accepts & 1u << batch->signal)) {
        ack_done(ack, ACK_REJECTED, 0);
        return;
    }
    if (!outbox->endpoints || batch->items == 0) {
        ack_done(ack, ACK_DONE, 0);
        return;
    }
    struct error err = {0};
    enum status status = write_in_scope(outbox, batch, &err);
    if (status != STATUS_OK) {
        enum ack_result result = MUTANT(FULL_DROPS) ? ACK_DONE : ACK_RETRY;
        ack_done(ack, status == STATUS_LIMIT ? ACK_REJECTED : result, RETRY_NS);
        return;
    }
    if (MUTANT(ACK_BEFORE_LOG)) {
        ack_done(ack, ACK_DONE, 0);
        ack = NULL;
    }
    if (ack) {
        ack->next = NULL;
        *outbox->last = ack;
        outbox->last = &ack->next;
    }
    if (!outbox->commit_posted) {
        outbox->commit_posted = true;
        loop_defer(outbox->loop, commit_posted, outbox);
    }
}

/* Stopping. tests/models/shutdown.pml: acked_is_kept, done_once, every_push_is_answered. */

static void stopped(void *arg)
{
    struct outbox *outbox = arg;
    outbox->done(outbox->done_arg);
}

static void finish(struct outbox *outbox)
{
    if (outbox->stopped)
        return;
    outbox->stopped = true;
    loop_timer_close(outbox->deadline);
    outbox->deadline = NULL;
    loop_defer(outbox->loop, stopped, outbox);
}

static void deadline(void *arg)
{
    finish(arg);
}

void outbox_check_stop(struct outbox *outbox)
{
    if (!outbox->stopping || outbox->stopped)
        return;
    for (struct outbox_endpoint *e = outbox->endpoints; e; e = e->next) {
        if (!endpoint_is_settled(e))
            return;
    }
    finish(outbox);
}

void outbox_stop(struct outbox *outbox, int64_t flush_ns, loop_fn *done, void *arg)
{
    ASSERT(!outbox->stopping);
    outbox->stopping = true;
    outbox->done = done;
    outbox->done_arg = arg;
    commit(outbox);
    outbox->deadline = loop_timer_new(outbox->loop, deadline, outbox);
    loop_timer_start(outbox->deadline, flush_ns, 0);
    pump_all(outbox);
    outbox_check_stop(outbox);
}

void outbox_forget_others(struct outbox *outbox)
{
    size_t count = 0;
    for (struct outbox_endpoint *e = outbox->endpoints; e; e = e->next)
        count++;
    struct str *names = mem_array(outbox->owner, count + 1, sizeof(*names));
    count = 0;
    for (struct outbox_endpoint *e = outbox->endpoints; e; e = e->next)
        names[count++] = e->options.name;
    wal_keep_cursors(outbox->wal, names, count);
    mem_free(names);
}

enum outbox_verdict outbox_http_verdict(int status, bool retry_429)
{
    if (status >= 200 && status < 300)
        return OUTBOX_SENT;
    if (MUTANT(REFUSED_AGAIN))
        return OUTBOX_AGAIN;
    if (MUTANT(THROTTLED_IS_FINAL) && status == 429)
        return OUTBOX_REFUSED;
    if (status < 100 || status == 408 || status >= 500 || (status == 429 && retry_429))
        return OUTBOX_AGAIN;
    return OUTBOX_REFUSED;
}
