/* How batches in the log become requests: joined, cut, and each signal on its own. */

#include "tests/support/fake_files.h"
#include "tests/support/fake_loop.h"
#include "tests/support/test.h"

#include "runtime/storage/outbox.h"
#include "runtime/telemetry/otlp_scan.h"
#include "runtime/wire/otlp_record.h"
#include "runtime/wire/pb.h"

#include <stdio.h>

enum { SPANS_MAX = 1000, REQUESTS_MAX = 64 };
static const int64_t MS = 1000000;

struct rig {
    struct fake_files *files;
    struct fake_clock *clock;
    struct loop *loop;
    struct outbox *outbox;
    struct outbox_endpoint *endpoint;
    struct otlp_send_options encoding;
    unsigned next; /* name of the next span of traces */
    /* What arrived. */
    size_t sizes[REQUESTS_MAX];
    int64_t at[REQUESTS_MAX];
    enum otlp_signal signals[REQUESTS_MAX];
    size_t count;
    unsigned got; /* spans, in order */
    /* A slow peer keeps requests for a while. */
    struct outbox_request *kept[OUTBOX_LANES_MAX];
    size_t kept_count, most_kept;
    bool is_slow;
};

/* resourceSpans → scopeSpans → spans whose names are numbers. */
static struct otlp_batch *make(struct rig *rig, enum otlp_signal signal, size_t items)
{
    struct pb_nest nest;
    struct buf out;
    size_t len;
    pb_nest_init(&nest, NULL, 1 << 20);
    buf_init(&out, NULL, 1 << 20);
    pb_nest_open(&nest, 1);
    pb_nest_open(&nest, 2);
    for (size_t i = 0; i < items; i++) {
        char name[16];
        int n = snprintf(name, sizeof name, "%u", signal == OTLP_TRACES ? rig->next++ : 0);
        pb_nest_open(&nest, 2);
        pb_write_bytes(&nest.scratch, signal == OTLP_TRACES ? 5 : 3, str_of(name, (size_t)n));
        pb_nest_close(&nest);
    }
    pb_nest_close(&nest);
    pb_nest_close(&nest);
    pb_nest_finish(&nest, &out);
    pb_nest_release(&nest);
    char *bytes = buf_take(&out, &len);
    return otlp_batch_new(signal, bytes, len, items);
}

static void push(struct rig *rig, enum otlp_signal signal, size_t items, struct otlp_joining rule)
{
    struct otlp_batch *plain = make(rig, signal, items);
    struct otlp_batch *joined = otlp_batch_joining(plain, rule);
    batch_unref(&plain->base);
    outbox_push(rig->outbox, &joined->base, NULL);
    batch_unref(&joined->base);
    fake_clock_run(rig->clock, 0);
}

/* Names of the spans follow one another: nothing lost, twice, or out of order. */
static void check_names(struct rig *rig, struct str body)
{
    struct pb_field f, scope, span, name;
    struct pb_reader resources = pb_read(body);
    while (pb_next(&resources, &f)) {
        struct pb_reader scopes = pb_read(f.bytes);
        while (pb_next(&scopes, &scope)) {
            struct pb_reader spans = pb_read(scope.bytes);
            while (pb_next(&spans, &span)) {
                struct pb_reader fields = pb_read(span.bytes);
                uint64_t number = 0;
                cr_assert(pb_next(&fields, &name) && name.number == 5);
                cr_assert(str_to_u64(name.bytes, &number) && number == rig->got);
                rig->got++;
            }
        }
    }
}

static void peer_send(void *self, struct outbox_request *request)
{
    struct rig *rig = self;
    struct otlp_counts counts;
    struct otlp_limits limits = {0};
    if (rig->is_slow) {
        rig->kept[rig->kept_count++] = request;
        rig->most_kept = rig->kept_count > rig->most_kept ? rig->kept_count : rig->most_kept;
        return;
    }
    cr_assert(rig->count < REQUESTS_MAX);
    cr_assert(otlp_scan(request->otlp, request->body, limits, &counts, NULL) == STATUS_OK);
    cr_assert(counts.items == request->items);
    rig->at[rig->count] = fake_clock_now(rig->clock);
    rig->signals[rig->count] = request->otlp;
    rig->sizes[rig->count++] = request->items;
    if (request->otlp == OTLP_TRACES)
        check_names(rig, request->body);
    outbox_answer(request, OUTBOX_SENT, -1);
}

static void peer_cancel(void *self, struct outbox_request *request)
{
    (void)self, (void)request;
}

static const struct outbox_sender sender = {.send = peer_send, .cancel = peer_cancel};

static void open_box(struct rig *rig)
{
    struct outbox_options options = {
        .loop = rig->loop, .path = "/box", .codec = &outbox_otlp, .sync_interval_ns = -1};
    struct outbox_endpoint_options endpoint = {.name = STR("e"),
                                               .encoding = &rig->encoding,
                                               .min_lanes = OTLP_SIGNALS,
                                               .max_lanes = OTLP_SIGNALS + 3,
                                               .narrow_on_failure = true,
                                               .min_backoff_ns = 10 * MS,
                                               .max_backoff_ns = 10 * MS,
                                               .from_start = true,
                                               .sender = &sender,
                                               .self = rig};
    cr_assert(outbox_new(&options, &rig->outbox, NULL) == STATUS_OK);
    cr_assert(outbox_add(rig->outbox, &endpoint, &rig->endpoint, NULL) == STATUS_OK);
}

static void rig_init(struct rig *rig)
{
    *rig = (struct rig){.files = fake_files_new(), .clock = fake_clock_new()};
    rig->loop = fake_loop_new(rig->clock);
    world_enter(fake_files_world(rig->files));
    open_box(rig);
}

static void rig_release(struct rig *rig)
{
    outbox_free(rig->outbox);
    fake_clock_run(rig->clock, 0);
    world_enter(NULL);
    fake_clock_free(rig->clock);
    fake_files_free(rig->files);
}

static void check_sizes(const struct rig *rig, const size_t *sizes, size_t count)
{
    cr_assert_eq(rig->count, count);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(rig->sizes[i], sizes[i], "request %zu has %zu items", i, rig->sizes[i]);
}

TEST(otlp_record, joins_until_there_is_enough_and_cuts_what_is_too_much)
{
    static const struct otlp_joining rule = {.least = 20, .most = 30, .linger_ms = 200};
    static const size_t sizes[] = {25, 30, 30, 30, 8};
    struct rig rig;
    rig_init(&rig);
    push(&rig, OTLP_TRACES, 15, rule);
    cr_assert_eq(rig.count, 0);
    push(&rig, OTLP_TRACES, 10, rule); /* 25 leave */
    push(&rig, OTLP_TRACES, 15, rule);
    push(&rig, OTLP_TRACES, 18, rule); /* 30 leave, 3 stay */
    cr_assert_eq(rig.count, 2);
    push(&rig, OTLP_TRACES, 65, rule); /* 30, 30, 8 stay */
    cr_assert_eq(rig.count, 4);
    fake_clock_run(rig.clock, 199 * MS);
    cr_assert_eq(rig.count, 4);
    fake_clock_run(rig.clock, 2 * MS);
    check_sizes(&rig, sizes, 5);
    cr_assert_eq(rig.got, 123);
    rig_release(&rig);
}

TEST(otlp_record, signals_and_rules_are_not_mixed)
{
    static const struct otlp_joining rule = {.least = 20, .linger_ms = 200};
    static const struct otlp_joining other = {.least = 30, .linger_ms = 200};
    static const size_t sizes[] = {5, 7, 6, 9};
    struct rig rig;
    rig_init(&rig);
    push(&rig, OTLP_TRACES, 5, rule);
    push(&rig, OTLP_LOGS, 6, rule);
    push(&rig, OTLP_TRACES, 7, (struct otlp_joining){0}); /* sends the 5 before itself */
    cr_assert_eq(rig.count, 2);
    fake_clock_run(rig.clock, 300 * MS);
    push(&rig, OTLP_METRICS, 0, rule);
    push(&rig, OTLP_LOGS, 9, other);
    cr_assert_eq(rig.count, 3);
    fake_clock_run(rig.clock, 300 * MS);
    check_sizes(&rig, sizes, 4);
    cr_assert(rig.signals[2] == OTLP_LOGS && rig.signals[3] == OTLP_LOGS);
    rig_release(&rig);
}

TEST(otlp_record, what_waits_for_more_survives_a_restart)
{
    static const struct otlp_joining rule = {.least = 20, .most = 20, .linger_ms = 1000};
    static const size_t sizes[] = {20, 20, 20, 9};
    struct rig rig;
    rig_init(&rig);
    push(&rig, OTLP_TRACES, 50, rule); /* 20, 20, 10 stay: the cursor is within the record */
    cr_assert_eq(rig.count, 2);
    outbox_free(rig.outbox);
    fake_clock_run(rig.clock, 0);
    open_box(&rig);
    fake_clock_run(rig.clock, 0);
    cr_assert_eq(rig.count, 2);
    push(&rig, OTLP_TRACES, 19, rule);
    fake_clock_run(rig.clock, 2000 * MS);
    check_sizes(&rig, sizes, 4);
    cr_assert_eq(rig.got, 69);
    rig_release(&rig);
}

/* Answers what is kept, 4 ms later; says how many requests were under way at most. */
static size_t answer_round(struct rig *rig, enum outbox_verdict first)
{
    struct outbox_request *kept[OUTBOX_LANES_MAX];
    size_t count = rig->kept_count;
    memcpy(kept, rig->kept, sizeof kept);
    fake_clock_run(rig->clock, 4 * MS);
    cr_assert(rig->kept_count == count);
    rig->kept_count = 0;
    for (size_t i = 0; i < count; i++)
        outbox_answer(kept[i], i == 0 ? first : OUTBOX_SENT, -1);
    fake_clock_run(rig->clock, 0);
    return count;
}

TEST(otlp_record, slow_answers_get_company_until_one_fails)
{
    struct rig rig;
    rig_init(&rig);
    rig.is_slow = true;
    for (unsigned i = 0; i < 200; i++)
        push(&rig, OTLP_TRACES, 1, (struct otlp_joining){0});
    for (unsigned i = 0; i < 20; i++)
        cr_assert_eq(answer_round(&rig, OUTBOX_SENT), 1);
    while (rig.most_kept < 4)
        cr_assert(answer_round(&rig, OUTBOX_SENT) > 0);
    cr_assert_eq(answer_round(&rig, OUTBOX_AGAIN), 4);
    fake_clock_run(rig.clock, 20 * MS);
    while (rig.kept_count > 1)
        (void)answer_round(&rig, OUTBOX_SENT);
    for (unsigned i = 0; i < 10; i++)
        cr_assert_eq(answer_round(&rig, OUTBOX_SENT), 1);
    rig_release(&rig);
}
