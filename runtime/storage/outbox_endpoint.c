/* An endpoint: reads its cursor, lets the codec fill requests on its lanes, sends them, repeats
 * what failed, and moves the cursor behind what is answered. Bounded by its lanes: one request on
 * its way and one being filled on each.
 *
 * The cursor's place is the smallest place from which anything is still unanswered, so a crash
 * repeats at most what was on its way. The number of lanes changes only while all of them are
 * empty: a series never overtakes itself. */

#include "runtime/storage/outbox_internal.h"

#include "base/mutant.h"
#include "base/world.h"

enum { SUCCESSES_TO_GROW = 8 };

static const int64_t SLOW_NS = 3000000;
static const int64_t READ_AGAIN_NS = 1000000000;
static const int64_t RETRY_AFTER_MAX_NS = 600000000000;
static const size_t BODY_MAX = (size_t)256 * 1024 * 1024;
static const size_t BODY_KEPT = (size_t)4 * 1024 * 1024;

static bool is_before(struct place a, struct place b)
{
    return a.sequence < b.sequence || (a.sequence == b.sequence && a.item < b.item);
}

static struct lane *lane_of(struct outbox_request *request)
{
    return &request->endpoint->lanes[request->lane];
}

static bool lanes_empty(const struct outbox_endpoint *e)
{
    for (unsigned i = 0; i < OUTBOX_LANES_MAX; i++) {
        if (e->lanes[i].busy || e->lanes[i].filling)
            return false;
    }
    return true;
}

/* The cursor passes a record when it is answered, never before (tests/models/wal.pml:
 * cursor_passes_only_what_is_there). */

static void advance(struct outbox_endpoint *e)
{
    struct place place = e->at;
    for (unsigned i = 0; i < OUTBOX_LANES_MAX; i++) {
        const struct lane *lane = &e->lanes[i];
        if (lane->filling && is_before(lane->filling_from, place))
            place = lane->filling_from;
        if (lane->busy && !MUTANT(CURSOR_BEFORE_ANSWER) && is_before(lane->busy_from, place))
            place = lane->busy_from;
    }
    struct wal_position now = wal_cursor_position(e->cursor);
    struct place reached = {now.sequence + 1, now.items};
    if (!is_before(reached, place))
        return;
    struct error err = {0};
    struct wal_position next = {place.sequence - 1, place.item};
    if (wal_delivered_part(e->cursor, next, &err) != STATUS_OK && e->outbox->log.sink)
        LOG(&e->outbox->log, LOG_WARN, "position in the log could not be saved",
            LOG_C("err", err.message));
}

/* Requests. */

static void dropped(struct outbox_endpoint *e, uint64_t *counter, size_t items, const char *reason)
{
    *counter += items;
    if (items && e->options.sender->dropped)
        e->options.sender->dropped(e->options.self, items, reason);
}

static void lane_done(struct outbox_endpoint *e, struct lane *lane)
{
    lane->busy = lane->in_flight = false;
    if (lane->body.cap > BODY_KEPT)
        buf_release(&lane->body);
    else
        buf_clear(&lane->body);
    advance(e);
}

static void lane_send(struct lane *lane)
{
    struct outbox_endpoint *e = lane->request.endpoint;
    lane->in_flight = true;
    lane->sent_ns = loop_now_ns(e->outbox->loop);
    if (MUTANT(CURSOR_BEFORE_ANSWER))
        advance(e);
    e->options.sender->send(e->options.self, &lane->request);
}

static void lane_retry(void *arg)
{
    lane_send(arg);
}

static void lane_seal(struct outbox_endpoint *e, unsigned index)
{
    struct lane *lane = &e->lanes[index];
    struct error err = {0};
    lane->filling = false;
    lane->busy = true;
    lane->busy_from = lane->filling_from;
    lane->request = (struct outbox_request){
        .lane = index, .born_ns = loop_now_ns(e->outbox->loop), .endpoint = e};
    size_t items = e->outbox->codec->filled(e->encoder, index);
    enum status status =
        e->outbox->codec->seal(e->encoder, index, &lane->body, &lane->request, &err);
    if (status == STATUS_OK && !buf_ok(&lane->body))
        status = error_set(&err, STATUS_LIMIT, "request larger than %zu bytes", BODY_MAX);
    if (status != STATUS_OK) {
        dropped(e, &e->stats.dropped_damaged, items, "encoding_failed");
        lane_done(e, lane);
        return;
    }
    if (!lane->request.body.ptr)
        lane->request.body = buf_view(&lane->body);
    lane_send(lane);
}

/* Doubling from the least to the most, with a quarter of jitter to either side. */
static int64_t backoff(const struct outbox_endpoint *e, unsigned tries)
{
    int64_t least = e->options.min_backoff_ns > 0 ? e->options.min_backoff_ns : 1000000;
    int64_t most = e->options.max_backoff_ns > least ? e->options.max_backoff_ns : least;
    int64_t delay = least;
    while (tries-- > 0 && delay < most)
        delay = delay > most / 2 ? most : delay * 2;
    int64_t jitter = (int64_t)world_random_below((uint64_t)delay / 2 + 1) - delay / 4;
    return delay + jitter < most ? delay + jitter : most;
}

static void answered_again(struct outbox_endpoint *e, struct lane *lane, int64_t retry_after_ns)
{
    e->stats.failed_requests++;
    e->successes = 0;
    if (e->options.narrow_on_failure)
        e->wanted_lanes = e->options.min_lanes;
    if (!e->stats.blocked_since_ns)
        e->stats.blocked_since_ns = loop_now_ns(e->outbox->loop);
    lane->request.tries++;
    if (MUTANT(RETRY_FORGETS)) {
        lane_done(e, lane);
        return;
    }
    if (e->options.max_tries && lane->request.tries >= e->options.max_tries) {
        dropped(e, &e->stats.dropped_tries, lane->request.items, "max_retries");
        lane_done(e, lane);
        return;
    }
    e->stats.retried_items += lane->request.items;
    int64_t delay = backoff(e, lane->request.tries - 1);
    if (retry_after_ns >= 0)
        delay = retry_after_ns < RETRY_AFTER_MAX_NS ? retry_after_ns : RETRY_AFTER_MAX_NS;
    if (!lane->retry)
        lane->retry = loop_timer_new(e->outbox->loop, lane_retry, lane);
    loop_timer_start(lane->retry, delay, 0);
}

static void answered_sent(struct outbox_endpoint *e, struct lane *lane)
{
    e->stats.blocked_since_ns = 0;
    e->stats.sent_requests++;
    e->stats.sent_items += lane->request.items;
    e->stats.sent_bytes += lane->request.body.len;
    e->slow = loop_now_ns(e->outbox->loop) - lane->sent_ns > SLOW_NS;
    e->successes++;
    lane_done(e, lane);
}

static void forget_progress(struct outbox_endpoint *e)
{
    for (unsigned i = 0; i < OUTBOX_LANES_MAX; i++) {
        struct lane *lane = &e->lanes[i];
        if (lane->in_flight)
            e->options.sender->cancel(e->options.self, &lane->request);
        if (lane->retry)
            loop_timer_stop(lane->retry);
        lane->busy = lane->in_flight = lane->filling = false;
        buf_clear(&lane->body);
    }
    e->outbox->codec->reset(e->encoder);
    wal_rewind(e->cursor);
    struct wal_position position = wal_cursor_position(e->cursor);
    e->has_record = false;
    e->at = (struct place){position.sequence + 1, position.items};
}

void outbox_answer(struct outbox_request *request, enum outbox_verdict verdict,
                   int64_t retry_after_ns)
{
    struct outbox_endpoint *e = request->endpoint;
    struct lane *lane = lane_of(request);
    ASSERT(lane->in_flight);
    lane->in_flight = false;
    switch (verdict) {
    case OUTBOX_SENT: answered_sent(e, lane); break;
    case OUTBOX_AGAIN: answered_again(e, lane, retry_after_ns); break;
    case OUTBOX_REFUSED:
        e->stats.failed_requests++;
        dropped(e, &e->stats.dropped_refused, lane->request.items, "refused");
        lane_done(e, lane);
        break;
    case OUTBOX_RESTART: forget_progress(e); break;
    }
    endpoint_pump(e);
    outbox_check_stop(e->outbox);
}

/* Reading and filling. */

/* Everything is read; records that are missing at the end were damaged. */
static void caught_up(struct outbox_endpoint *e)
{
    struct wal_stats stats;
    wal_get_stats(e->outbox->wal, &stats);
    if (stats.next_sequence > e->at.sequence)
        e->at = (struct place){stats.next_sequence, 0};
}

/* The next record with items. False: nothing to read now. */
static bool next_record(struct outbox_endpoint *e)
{
    struct wal_record record;
    for (;;) {
        enum status status = wal_read(e->cursor, &record, NULL);
        if (status == STATUS_IO)
            loop_timer_start(e->timer, READ_AGAIN_NS, 0);
        if (status == STATUS_NOT_FOUND)
            caught_up(e);
        if (status != STATUS_OK)
            return false;
        bool known = e->outbox->codec->begin(e->encoder, &record, &e->record_items);
        if (record.type & WAL_DICTIONARY && record.sequence < e->at.sequence)
            continue;
        if (record.sequence != e->at.sequence)
            e->at.item = 0;
        e->at.sequence = record.sequence;
        if (known && e->at.item < e->record_items) {
            e->has_record = true;
            return true;
        }
        if (!known)
            e->stats.dropped_damaged++;
        e->at = (struct place){record.sequence + 1, 0};
    }
}

/* Fills from the record at hand. False: a full lane is busy. */
static bool fill(struct outbox_endpoint *e)
{
    const struct outbox_codec *codec = e->outbox->codec;
    unsigned full = 0;
    struct place from = e->at;
    size_t reached = codec->fill(e->encoder, (size_t)from.item, e->lane_count, &full);
    int64_t now = loop_now_ns(e->outbox->loop);
    for (unsigned i = 0; i < e->lane_count; i++) {
        struct lane *lane = &e->lanes[i];
        if (!lane->filling && codec->filled(e->encoder, i)) {
            lane->filling = true;
            lane->filling_from = from;
            lane->due_ns =
                now + (codec->linger_ns ? codec->linger_ns(e->encoder, i) : e->options.linger_ns);
        }
    }
    e->at.item = reached;
    if (reached >= e->record_items) {
        e->has_record = false;
        e->at = (struct place){e->at.sequence + 1, 0};
        return true;
    }
    if (e->lanes[full].busy)
        return false;
    lane_seal(e, full);
    return true;
}

/* Sends what is full or due; arms the timer for the rest. */
static void send_due(struct outbox_endpoint *e, bool at_once)
{
    int64_t now = loop_now_ns(e->outbox->loop), next = INT64_MAX;
    for (unsigned i = 0; i < OUTBOX_LANES_MAX; i++) {
        struct lane *lane = &e->lanes[i];
        if (!lane->filling || lane->busy)
            continue;
        if (at_once || lane->due_ns <= now || e->outbox->codec->is_full(e->encoder, i))
            lane_seal(e, i);
        else if (lane->due_ns < next)
            next = lane->due_ns;
    }
    if (next != INT64_MAX)
        loop_timer_start(e->timer, next - now, 0);
}

/* More lanes while a backlog waits for slow answers, the least number again when all is delivered.
 */
static void choose_lanes(struct outbox_endpoint *e, bool backlog)
{
    unsigned count = e->lane_count;
    if (!backlog && lanes_empty(e))
        count = e->options.min_lanes;
    else if (backlog && e->slow && e->successes >= SUCCESSES_TO_GROW * e->lane_count &&
             e->lane_count < e->options.max_lanes)
        count = e->lane_count * 2 < e->options.max_lanes ? e->lane_count * 2 : e->options.max_lanes;
    e->wanted_lanes = count;
}

static void pump_once(struct outbox_endpoint *e)
{
    bool backlog = true;
    if (e->wanted_lanes != e->lane_count) {
        send_due(e, true);
        if (!lanes_empty(e))
            return;
        e->lane_count = e->wanted_lanes;
        e->successes = 0;
    }
    while (e->has_record || (backlog = next_record(e))) {
        if (!fill(e))
            break;
    }
    choose_lanes(e, backlog);
    send_due(e, e->outbox->stopping || e->wanted_lanes != e->lane_count);
    advance(e);
}

/* An answer given within send leads back here: it is remembered instead. */
void endpoint_pump(struct outbox_endpoint *e)
{
    e->again = true;
    if (e->pumping)
        return;
    e->pumping = true;
    while (e->again) {
        e->again = false;
        pump_once(e);
    }
    e->pumping = false;
    outbox_check_stop(e->outbox);
}

static void timer_fired(void *arg)
{
    endpoint_pump(arg);
}

bool endpoint_is_settled(const struct outbox_endpoint *e)
{
    /* What is on its way may still be taken: it would be repeated. */
    for (unsigned i = 0; i < OUTBOX_LANES_MAX; i++) {
        if (e->lanes[i].in_flight)
            return false;
    }
    if (e->stats.blocked_since_ns)
        return true;
    return !e->pumping && !e->has_record && lanes_empty(e) && wal_pending_records(e->cursor) == 0;
}

/* Life. */

enum status outbox_add(struct outbox *outbox, const struct outbox_endpoint_options *options,
                       struct outbox_endpoint **out, struct error *err)
{
    for (struct outbox_endpoint *other = outbox->endpoints; other; other = other->next) {
        if (str_eq(other->options.name, options->name))
            return error_set(err, STATUS_EXISTS, "endpoint \"%.*s\" exists already",
                             STR_ARG(options->name));
    }
    struct wal_cursor *cursor;
    enum status status =
        wal_cursor_open(outbox->wal, options->name, options->from_start, &cursor, err);
    if (status != STATUS_OK)
        return status;
    struct outbox_endpoint *e = mem_zalloc(outbox->owner, sizeof(*e));
    e->outbox = outbox;
    e->options = *options;
    e->name = mem_strdup(outbox->owner, options->name.ptr, options->name.len);
    e->options.name = str_of(e->name, options->name.len);
    if (e->options.min_lanes == 0)
        e->options.min_lanes = 1;
    if (e->options.min_lanes > OUTBOX_LANES_MAX)
        e->options.min_lanes = OUTBOX_LANES_MAX;
    if (e->options.max_lanes > OUTBOX_LANES_MAX)
        e->options.max_lanes = OUTBOX_LANES_MAX;
    if (e->options.max_lanes < e->options.min_lanes)
        e->options.max_lanes = e->options.min_lanes;
    e->lane_count = e->wanted_lanes = e->options.min_lanes;
    e->cursor = cursor;
    e->encoder = outbox->codec->encoder_new(options->encoding, outbox->owner);
    for (unsigned i = 0; i < OUTBOX_LANES_MAX; i++)
        buf_init(&e->lanes[i].body, outbox->owner, BODY_MAX);
    e->timer = loop_timer_new(outbox->loop, timer_fired, e);
    struct wal_position position = wal_cursor_position(cursor);
    e->at = (struct place){position.sequence + 1, position.items};
    /* In the order in which they were added. */
    struct outbox_endpoint **at = &outbox->endpoints;
    while (*at)
        at = &(*at)->next;
    *at = e;
    if (wal_pending_records(cursor))
        loop_timer_start(e->timer, 0, 0);
    *out = e;
    return STATUS_OK;
}

void endpoint_free(struct outbox_endpoint *e)
{
    if (MUTANT(RELOAD_FORGETS))
        (void)wal_delivered(e->cursor, e->at.sequence - 1, NULL);
    struct outbox_endpoint **at = &e->outbox->endpoints;
    while (*at != e)
        at = &(*at)->next;
    *at = e->next;
    for (unsigned i = 0; i < OUTBOX_LANES_MAX; i++) {
        struct lane *lane = &e->lanes[i];
        if (lane->in_flight)
            e->options.sender->cancel(e->options.self, &lane->request);
        loop_timer_close(lane->retry);
        if (!MUTANT(BODY_LEFT))
            buf_release(&lane->body);
    }
    loop_timer_close(e->timer);
    e->outbox->codec->encoder_free(e->encoder);
    mem_free(e->name);
    mem_free(e);
}

void outbox_remove(struct outbox_endpoint *endpoint, bool forget)
{
    struct wal_cursor *cursor = endpoint->cursor;
    endpoint_free(endpoint);
    if (forget)
        wal_cursor_remove(cursor);
    else
        wal_cursor_close(cursor);
}

void outbox_endpoint_stats(const struct outbox_endpoint *endpoint, struct outbox_stats *out)
{
    *out = endpoint->stats;
    out->pending_records = wal_pending_records(endpoint->cursor);
    out->pending_bytes = wal_pending_bytes(endpoint->cursor);
    out->lanes = endpoint->lane_count;
    out->in_flight = 0;
    for (unsigned i = 0; i < OUTBOX_LANES_MAX; i++)
        out->in_flight += endpoint->lanes[i].in_flight;
}
