/* otelcol.processor.batch: joins small requests into large ones, on wire bytes.
 *
 * Where the one next component has a queue that can join requests (an OTLP exporter), they go there
 * at once with the rule of joining: one log on disk then serves both. Otherwise what comes in is
 * written to a log of the component's own (one a signal, below its data folder) and acknowledged;
 * it leaves the log when the next component has taken it, so that nothing acknowledged is lost by a
 * crash while it waits for its batch to fill. Batches leave one after the other in the order of
 * arrival. Bounded by MAX_PENDING bytes a signal: beyond, pushes are asked to come again. */

#include "base/mutant.h"
#include "base/vec.h"
#include "base/world.h"
#include "components/common/otelcol.h"
#include "runtime/storage/wal.h"
#include "runtime/telemetry/otlp_scan.h"
#include "runtime/wire/otlp_split.h"

#include <errno.h>
#include <fcntl.h>

enum { MAX_PENDING = 32 * 1024 * 1024, MAX_SEGMENT = 8 * 1024 * 1024 };
static const int64_t RETRY_NS = 100000000;
static const int64_t RETRY_MOST_NS = 20000000; /* the next component is in this process */
static const int64_t STOP_WAIT_NS = 2000000000;
static const int64_t RECOVER_AGAIN_NS = 1000000000;

struct args {
    struct duration timeout;
    uint64_t send_batch_size;
    uint64_t send_batch_max_size;
    struct otelcol_output output;
    struct otelcol_debug_metrics debug_metrics;
};

static const struct row rows[] = {
    {ATTR(struct args, timeout), .def = "\"200ms\"",
     .doc = "How long the first item waits at most; 0 sends at once."},
    {ATTR(struct args, send_batch_size), .def = "2000",
     .doc = "Items at which a batch leaves; 0 sends at once."},
    {ATTR(struct args, send_batch_max_size), .def = "3000",
     .doc = "Most items in a batch; larger ones are split, 0 means no limit."},
    {REFUSED("metadata_keys", "metadata of requests is not passed on yet.")},
    {REFUSED("metadata_cardinality_limit", "metadata of requests is not passed on yet.")},
    {BLOCK(struct args, output, otelcol_output_shape), .required = true,
     .doc = "Where batches go."},
    {BLOCK(struct args, debug_metrics, otelcol_debug_metrics_shape),
     .doc = "Metrics that the component has of itself."},
    {0},
};

static enum status check_args(void *args, struct arena *arena, struct error *err)
{
    const struct args *a = args;
    (void)arena;
    if (a->send_batch_max_size != 0 && a->send_batch_max_size < a->send_batch_size) {
        return error_set(
            err, STATUS_INVALID,
            "send_batch_max_size must be greater or equal to send_batch_size when not 0");
    }
    return STATUS_OK;
}

static const struct shape args_shape = SHAPE(struct args, rows, check_args);

/* A record of the log that waits in `pending`: it ends after so many items of the lane. */
struct waiting {
    uint64_t sequence;
    uint64_t end;
};

/* A batch that is cut and waits to be taken. */
struct chunk {
    struct chunk *next;
    struct otlp_batch *batch;
    uint64_t sequence; /* delivered up to here once taken; 0 = nothing new */
};

struct batcher;

/* One signal. */
struct lane {
    struct batcher *owner;
    enum otlp_signal signal;
    struct wal *wal; /* opened with the first item */
    struct wal_cursor *cursor;
    struct buf pending;
    VEC(struct waiting) waiting;
    uint64_t items_in, items_out; /* since the start */
    struct chunk *first, *last;
    size_t chunk_bytes;
    struct fanout_push push; /* of the first chunk */
    bool is_pushing;
    bool is_running; /* the loop of push_chunks is on the stack */
    struct loop_timer *flush_timer;
    struct loop_timer *retry_timer;
    bool is_recovered; /* what an earlier run left is read; until then nothing is taken */
    struct loop_timer *recover_timer;
    struct self_metric *by_size, *by_timeout;
    uint64_t joined; /* items that were handed on to be joined, since the last request was full */
    struct loop_timer *joined_timer;
};

struct batcher {
    struct component_host *host;
    const struct args *args;
    struct sink *sink;
    struct otelcol_fanout next;
    struct lane lanes[OTLP_SIGNALS];
    struct loop_timer *stop_timer;
    bool stopping, stopped;
    bool is_unwell; /* a log could not be read or written */
};

static void unwell(struct batcher *b, const struct error *err)
{
    b->is_unwell = true;
    host_health(b->host, HEALTH_UNHEALTHY, err->message);
}

static void well(struct batcher *b)
{
    if (!b->is_unwell)
        return;
    for (size_t i = 0; i < OTLP_SIGNALS; i++) {
        if (!b->lanes[i].is_recovered)
            return;
    }
    b->is_unwell = false;
    host_health(b->host, HEALTH_HEALTHY, "started component");
}

/* ---- the log ---- */
static const char *const log_names[OTLP_SIGNALS] = {"traces", "metrics", "logs"};

static enum status open_log(struct lane *lane, struct error *err)
{
    struct arena arena;
    struct component_host *host = lane->owner->host;
    if (lane->wal != NULL)
        return STATUS_OK;
    arena_init(&arena, host_memory(host), 64 * 1024);
    struct wal_options options = {
        .path =
            arena_printf(&arena, "%.*s/%s", STR_ARG(host_data_path(host)), log_names[lane->signal])
                .ptr,
        .segment_bytes = MAX_SEGMENT,
        .sync_interval_ns = -1,
        .owner = host_memory(host),
    };
    enum status status = wal_open(&options, &lane->wal, err);
    arena_release(&arena);
    if (status != STATUS_OK)
        return status;
    status = wal_cursor_open(lane->wal, STR("batch"), true, &lane->cursor, err);
    if (status != STATUS_OK) {
        wal_close(lane->wal);
        lane->wal = NULL;
    }
    return status;
}

static void remember(struct lane *lane, uint64_t sequence, struct str bytes, size_t items)
{
    lane->items_in += items;
    struct waiting waiting = {sequence, lane->items_in};
    VEC_PUSH(&lane->waiting, waiting);
    buf_str(&lane->pending, bytes);
}

/* The sequence up to which everything is contained in the first `items_out` items. */
static uint64_t covered_sequence(struct lane *lane)
{
    uint64_t sequence = 0;
    size_t n = 0;
    while (n < lane->waiting.len && lane->waiting.items[n].end <= lane->items_out) {
        sequence = lane->waiting.items[n++].sequence;
    }
    lane->waiting.len -= n;
    memmove(lane->waiting.items, lane->waiting.items + n,
            lane->waiting.len * sizeof *lane->waiting.items);
    return sequence;
}

/* ---- sending ---- */
static void push_chunks(struct lane *lane);

static void stopped_if_done(struct batcher *b)
{
    if (!b->stopping || b->stopped)
        return;
    bool waits = false;
    for (size_t i = 0; i < OTLP_SIGNALS; i++) {
        if (b->lanes[i].is_pushing)
            return; /* its acknowledgement will come */
        waits = waits || b->lanes[i].first != NULL;
    }
    if (waits && loop_timer_active(b->stop_timer))
        return;
    b->stopped = true;
    host_stopped(b->host);
}

static void chunk_taken(struct lane *lane)
{
    struct chunk *chunk = lane->first;
    struct error err = {0};
    lane->first = chunk->next;
    if (lane->first == NULL)
        lane->last = NULL;
    lane->chunk_bytes -= chunk->batch->bytes.len;
    if (chunk->sequence != 0 && wal_delivered(lane->cursor, chunk->sequence, &err) != STATUS_OK) {
        LOG(host_log(lane->owner->host), LOG_WARN, "batches may be sent again after a restart",
            LOG_C("err", err.message));
    }
    batch_unref(&chunk->batch->base);
    mem_free(chunk);
}

static void acknowledged(struct ack *ack, enum ack_result result, int64_t retry_ns)
{
    struct fanout_push *push = (struct fanout_push *)ack;
    struct lane *lane = (struct lane *)((char *)push - offsetof(struct lane, push));
    struct batcher *b = lane->owner;
    lane->is_pushing = false;
    if (result == ACK_RETRY) {
        bool is_soon = retry_ns > 0 && retry_ns < RETRY_MOST_NS;
        loop_timer_start(lane->retry_timer, is_soon ? retry_ns : RETRY_MOST_NS, 0);
    } else {
        if (result == ACK_DONE)
            host_count_out(b->host, lane->first->batch->base.items);
        chunk_taken(lane);
        lane->push.pending_mask = ~(uint64_t)0;
        push_chunks(lane);
    }
    stopped_if_done(b);
}

static void push_chunks(struct lane *lane)
{
    if (lane->is_running)
        return;
    lane->is_running = true;
    while (lane->first != NULL && !lane->is_pushing && !loop_timer_active(lane->retry_timer)) {
        lane->is_pushing = true;
        lane->push.ack = (struct ack){.done = acknowledged, .loop = host_loop(lane->owner->host)};
        fanout_push_resume(&lane->owner->next.signals[lane->signal], &lane->first->batch->base,
                           &lane->push);
    }
    lane->is_running = false;
}

static void retry(void *arg)
{
    push_chunks(arg);
}

static void add_chunk(struct lane *lane, char *owned_bytes, size_t len, size_t items)
{
    struct chunk *chunk = mem_zalloc(host_memory(lane->owner->host), sizeof *chunk);
    chunk->batch = otlp_batch_new(lane->signal, owned_bytes, len, items);
    lane->items_out += items;
    lane->chunk_bytes += len;
    chunk->sequence = covered_sequence(lane);
    if (lane->last != NULL) {
        lane->last->next = chunk;
    } else {
        lane->first = chunk;
    }
    lane->last = chunk;
}

struct cut {
    struct lane *lane;
    struct buf rest;
    uint64_t left; /* items that are not cut yet */
    uint64_t least;
};

static void take_piece(void *arg, struct str piece, size_t items)
{
    struct cut *cut = arg;
    if (cut->left >= cut->least && cut->left != 0) {
        char *copy = mem_strdup(host_memory(cut->lane->owner->host), piece.ptr, piece.len);
        add_chunk(cut->lane, copy, piece.len, items);
    } else {
        buf_str(&cut->rest, piece);
    }
    cut->left -= items;
}

/* Cuts batches off `pending` while it holds at least `least` items. */
static void flush(struct lane *lane, uint64_t least, struct self_metric *reason)
{
    struct batcher *b = lane->owner;
    uint64_t items = lane->items_in - lane->items_out;
    uint64_t max = b->args->send_batch_max_size;
    struct error err = {0};
    if (items == 0 || items < least)
        return;
    self_inc(reason);
    if (max == 0 || items <= max) {
        size_t len;
        char *bytes = buf_take(&lane->pending, &len);
        add_chunk(lane, bytes, len, (size_t)items);
    } else {
        struct cut cut = {.lane = lane, .left = items, .least = least};
        buf_init(&cut.rest, host_memory(b->host), 2 * (size_t)MAX_PENDING);
        const struct otlp_pieces pieces = {.max_items = (size_t)max,
                                           .owner = host_memory(b->host),
                                           .take = take_piece,
                                           .arg = &cut};
        otlp_split(lane->signal, buf_view(&lane->pending), &pieces, &err);
        buf_clear(&lane->pending);
        buf_str(&lane->pending, buf_view(&cut.rest));
        buf_release(&cut.rest);
    }
    if (lane->pending.len == 0)
        loop_timer_stop(lane->flush_timer);
    push_chunks(lane);
}

static void flush_by_timeout(void *arg)
{
    struct lane *lane = arg;
    flush(lane, 1, lane->by_timeout);
}

static void flush_when_full(struct lane *lane)
{
    const struct args *args = lane->owner->args;
    bool at_once = args->timeout.ns <= 0 || args->send_batch_size == 0;
    flush(lane, at_once ? 1 : args->send_batch_size, lane->by_size);
    if (lane->items_in != lane->items_out && !loop_timer_active(lane->flush_timer)) {
        loop_timer_start(lane->flush_timer, args->timeout.ns, 0);
    }
}

/* ---- receiving ---- */
static enum status store(struct lane *lane, struct otlp_batch *batch, struct error *err)
{
    uint64_t sequence = 0;
    if (open_log(lane, err) != STATUS_OK)
        return err->status;
    if (wal_append(lane->wal, (uint8_t)lane->signal, batch->bytes, &sequence, err) != STATUS_OK ||
        wal_commit(lane->wal, err) != STATUS_OK) {
        return err->status;
    }
    remember(lane, sequence, batch->bytes, batch->base.items);
    return STATUS_OK;
}

/* ---- joining in the next component's queue ---- */
static uint32_t at_most_u32(uint64_t value)
{
    return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

static struct otlp_joining joining(const struct args *args)
{
    bool at_once = args->timeout.ns <= 0 || args->send_batch_size == 0;
    int64_t linger_ms = (args->timeout.ns + 999999) / 1000000;
    return (struct otlp_joining){
        .least = at_once ? 1 : at_most_u32(args->send_batch_size),
        .most = at_most_u32(args->send_batch_max_size),
        .linger_ms = at_once ? 0 : at_most_u32((uint64_t)linger_ms),
    };
}

/* More than one would need to know which of them has what already. */
static bool can_be_joined(const struct lane *lane)
{
    const struct fanout *next = &lane->owner->next.signals[lane->signal];
    return next->count == 1 && sink_joins(next->sinks[0]) && lane->first == NULL &&
           lane->items_in == lane->items_out && !lane->is_pushing;
}

/* The queue cuts the requests; when is as well known here. */
static void count_requests(struct lane *lane, const struct otlp_joining *rule, size_t items)
{
    lane->joined += items;
    while (lane->joined >= rule->least) {
        uint64_t most = rule->most != 0 ? rule->most : lane->joined;
        lane->joined -= lane->joined < most ? lane->joined : most;
        self_inc(lane->by_size);
    }
    if (lane->joined == 0) {
        loop_timer_stop(lane->joined_timer);
    } else if (!loop_timer_active(lane->joined_timer)) {
        loop_timer_start(lane->joined_timer, rule->linger_ms * INT64_C(1000000), 0);
    }
}

static void joined_by_timeout(void *arg)
{
    struct lane *lane = arg;
    lane->joined = 0;
    self_inc(lane->by_timeout);
}

static void push_to_be_joined(struct lane *lane, struct otlp_batch *batch, struct ack *ack)
{
    struct batcher *b = lane->owner;
    struct otlp_joining rule = joining(b->args);
    struct otlp_batch *joined = otlp_batch_joining(batch, rule);
    otelcol_fanout_push(&b->next, &joined->base, ack);
    batch_unref(&joined->base);
    host_count_out(b->host, batch->base.items);
    count_requests(lane, &rule, batch->base.items);
}

static void push(void *self, struct batch *batch, struct ack *ack)
{
    struct batcher *b = self;
    struct otlp_batch *otlp = batch_otlp(batch);
    struct lane *lane = &b->lanes[otlp->otlp];
    struct error err = {0};
    if (batch->items == 0) {
        ack_done(ack, ACK_DONE, 0);
        return;
    }
    if (!lane->is_recovered) {
        ack_done(ack, ACK_RETRY, RETRY_NS);
        return;
    }
    if (can_be_joined(lane)) {
        push_to_be_joined(lane, otlp, ack);
        return;
    }
    size_t held = lane->pending.len + lane->chunk_bytes;
    if (held != 0 && held + otlp->bytes.len > MAX_PENDING) {
        ack_done(ack, ACK_RETRY, RETRY_NS);
        return;
    }
    if (store(lane, otlp, &err) != STATUS_OK) {
        unwell(b, &err);
        ack_done(ack, ACK_RETRY, RETRY_NS);
        return;
    }
    well(b);
    ack_done(ack, ACK_DONE, 0);
    flush_when_full(lane);
}

static const struct sink_ops sink_table = {.push = push};

/* ---- life ---- */
static enum status build(void *self, struct component_host *host, const void *args,
                         struct error *err)
{
    static const char *const data_types[OTLP_SIGNALS] = {"traces", "metrics", "logs"};
    struct batcher *b = self;
    (void)err;
    b->host = host;
    b->args = args;
    otelcol_fanout_init(&b->next);
    otelcol_fanout_set(&b->next, &b->args->output);
    for (size_t i = 0; i < OTLP_SIGNALS; i++) {
        struct lane *lane = &b->lanes[i];
        struct label label = {STR("data_type"), str_from(data_types[i])};
        lane->owner = b;
        lane->signal = (enum otlp_signal)i;
        lane->push.pending_mask = ~(uint64_t)0;
        buf_init(&lane->pending, host_memory(host), 2 * (size_t)MAX_PENDING);
        lane->by_size = self_metric(host_metrics(host), SELF_COUNTER,
                                    "otelcol_processor_batch_batch_size_trigger_send_total",
                                    "Batches that were sent because they were full.", &label, 1);
        lane->by_timeout = self_metric(host_metrics(host), SELF_COUNTER,
                                       "otelcol_processor_batch_timeout_trigger_send_total",
                                       "Batches that were sent because of the timeout.", &label, 1);
    }
    b->sink = otelcol_consumer_export(host, &sink_table, b);
    return STATUS_OK;
}

/* Reads what an earlier run took and did not deliver. */
static enum status read_log(struct lane *lane, struct error *err)
{
    struct wal_record record;
    struct otlp_counts counts;
    struct otlp_limits limits = {0};
    enum status status = open_log(lane, err);
    while (status == STATUS_OK && (status = wal_read(lane->cursor, &record, err)) == STATUS_OK) {
        if (record.type != lane->signal ||
            otlp_scan(lane->signal, record.body, limits, &counts, err) != STATUS_OK) {
            continue;
        }
        remember(lane, record.sequence, record.body, counts.items);
        if (lane->pending.len > MAX_PENDING / 2)
            flush(lane, 1, lane->by_size);
    }
    if (status != STATUS_NOT_FOUND)
        return status;
    /* A death may have left a segment that is delivered; nothing may come that removes it. */
    if (lane->waiting.len == 0)
        (void)wal_delivered(lane->cursor, wal_cursor_position(lane->cursor).sequence, NULL);
    return STATUS_OK;
}

/* Whether there is a log: 0, -ENOENT, or -errno when that cannot be told now. */
static int look_for_log(const struct lane *lane)
{
    struct arena arena;
    struct stat st;
    struct component_host *host = lane->owner->host;
    arena_init(&arena, host_memory(host), 64 * 1024);
    const char *path =
        arena_printf(&arena, "%.*s/%s", STR_ARG(host_data_path(host)), log_names[lane->signal]).ptr;
    int found = world_stat(AT_FDCWD, path, 0, &st);
    arena_release(&arena);
    return found;
}

/* An error that may go away is tried again: going on without what was left would lose it, since the
 * cursor passes it with the next record. */
static void recover(void *arg)
{
    struct lane *lane = arg;
    struct component_host *host = lane->owner->host;
    struct error err = {0};
    int found = look_for_log(lane);
    enum status status = STATUS_OK;
    if (found == 0)
        status = read_log(lane, &err);
    else if (found != -ENOENT)
        status = error_errno(&err, -found, "stat", log_names[lane->signal]);
    lane->is_recovered = status == STATUS_OK || MUTANT(RECOVERY_SKIPPED);
    if (lane->is_recovered) {
        well(lane->owner);
    } else {
        LOG(host_log(host), LOG_ERROR, "failed to read the log", LOG_C("err", err.message));
        unwell(lane->owner, &err);
        loop_timer_start(lane->recover_timer, RECOVER_AGAIN_NS, 0);
    }
    flush_when_full(lane);
}

static void give_up(void *arg)
{
    stopped_if_done(arg);
}

static void start(void *self)
{
    struct batcher *b = self;
    struct loop *loop = host_loop(b->host);
    b->stop_timer = loop_timer_new(loop, give_up, b);
    for (size_t i = 0; i < OTLP_SIGNALS; i++) {
        struct lane *lane = &b->lanes[i];
        lane->flush_timer = loop_timer_new(loop, flush_by_timeout, lane);
        lane->retry_timer = loop_timer_new(loop, retry, lane);
        lane->joined_timer = loop_timer_new(loop, joined_by_timeout, lane);
        lane->recover_timer = loop_timer_new(loop, recover, lane);
    }
    for (size_t i = 0; i < OTLP_SIGNALS; i++)
        recover(&b->lanes[i]);
}

static enum status update(void *self, const void *args, const void *old_args, struct error *err)
{
    struct batcher *b = self;
    (void)old_args;
    (void)err;
    b->args = args;
    otelcol_fanout_set(&b->next, &b->args->output);
    for (size_t i = 0; i < OTLP_SIGNALS; i++)
        flush_when_full(&b->lanes[i]);
    return STATUS_OK;
}

/* Hands over what is pending; what is not taken in time stays in the log for the next run. */
static void stop(void *self)
{
    struct batcher *b = self;
    b->stopping = true;
    sink_close(b->sink);
    loop_timer_start(b->stop_timer, STOP_WAIT_NS, 0);
    for (size_t i = 0; i < OTLP_SIGNALS; i++)
        loop_timer_stop(b->lanes[i].recover_timer);
    for (size_t i = 0; i < OTLP_SIGNALS; i++)
        flush(&b->lanes[i], 1, b->lanes[i].by_timeout);
    stopped_if_done(b);
}

static void release_lane(struct lane *lane)
{
    while (lane->first != NULL) {
        struct chunk *next = lane->first->next;
        batch_unref(&lane->first->batch->base);
        mem_free(lane->first);
        lane->first = next;
    }
    VEC_RELEASE(&lane->waiting);
    buf_release(&lane->pending);
    loop_timer_close(lane->flush_timer);
    loop_timer_close(lane->retry_timer);
    loop_timer_close(lane->joined_timer);
    loop_timer_close(lane->recover_timer);
    /* With its cursor: the log removes what is delivered. */
    if (lane->wal != NULL)
        wal_close(lane->wal);
}

static void release(void *self)
{
    struct batcher *b = self;
    for (size_t i = 0; i < OTLP_SIGNALS; i++)
        release_lane(&b->lanes[i]);
    loop_timer_close(b->stop_timer);
    otelcol_fanout_release(&b->next);
    sink_unref(b->sink);
}

const struct component_def otelcol_processor_batch = {
    .name = "otelcol.processor.batch",
    .summary = "Joins telemetry into batches.",
    .stability = STABILITY_GA,
    .args = &args_shape,
    .exports = &otelcol_consumer_shape,
    .size = sizeof(struct batcher),
    .build = build,
    .start = start,
    .update = update,
    .stop = stop,
    .release = release,
};
