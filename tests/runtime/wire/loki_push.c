/* Loki push: batches through the log into requests and back, tenants, limits, and the JSON form. */

#include "tests/support/fake_files.h"
#include "tests/support/fake_loop.h"
#include "tests/support/test.h"

#include "base/compress.h"
#include "runtime/storage/outbox.h"
#include "runtime/wire/loki_push.h"

#include <stdio.h>

struct end {
    struct label_table *table;
    struct log_batch *got;
    size_t requests;
    char tenants[16][8];
};

static void end_send(void *self, struct outbox_request *request)
{
    struct end *end = self;
    struct buf raw;
    struct error err = {0};
    size_t before = end->got->entry_count;
    buf_init(&raw, NULL, 64 << 20);
    cr_assert_eq(decompress_bytes(COMPRESSION_SNAPPY, request->body, &raw, &err), STATUS_OK);
    enum status status =
        loki_push_read(buf_view(&raw), end->table, (struct loki_push_limits){0}, end->got, &err);
    cr_assert_eq(status, STATUS_OK, "%s", err.message);
    cr_assert_eq(end->got->entry_count - before, request->items);
    (void)snprintf(end->tenants[end->requests % 16], 8, "%.*s", STR_ARG(request->tag));
    end->requests++;
    buf_release(&raw);
    outbox_answer(request, OUTBOX_SENT, -1);
}

static void end_cancel(void *self, struct outbox_request *request)
{
    (void)self;
    (void)request;
}

static const struct outbox_sender end_sender = {end_send, end_cancel, NULL};

static struct labels *stream(struct label_table *table, const char *app, const char *tenant)
{
    struct label pairs[] = {{STR("app"), str_from(app)},
                            {STR("quoted"), STR("a\"b\\c\nd")},
                            {STR("__tenant_id__"), str_from(tenant)},
                            {STR("__meta"), STR("gone")}};
    return labels_intern(table, pairs, 4, NULL);
}

static void push(struct outbox *outbox, struct label_table *table, const char *tenant,
                 unsigned count)
{
    struct log_batch *b = log_batch_new(0);
    static const struct label meta[] = {{STR_INIT("trace"), STR_INIT("1")},
                                        {STR_INIT("span"), STR_INIT("")}};
    for (unsigned i = 0; i < count; i++) {
        struct log_entry entry = {.t_ns = 1700000000000000000 + i,
                                  .line = arena_printf(&b->base.arena, "line %u", i),
                                  .labels = stream(table, i % 3 ? "x" : "y", tenant),
                                  .metadata = i % 2 ? meta : NULL,
                                  .metadata_count = i % 2 ? 2 : 0};
        cr_assert(log_batch_add(b, &entry));
    }
    outbox_push(outbox, &b->base, NULL);
    batch_unref(&b->base);
}

static void check_entry(const struct log_entry *e)
{
    unsigned n = (unsigned)(e->t_ns - 1700000000000000000);
    char line[24];
    (void)snprintf(line, sizeof line, "line %u", n);
    cr_assert(str_is(e->line, line));
    cr_assert_eq(e->labels->count, 2);
    cr_assert(str_is(labels_get(e->labels, STR("quoted")), "a\"b\\c\nd"));
    cr_assert(str_is(labels_get(e->labels, STR("app")), n % 3 ? "x" : "y"));
    cr_assert_eq(e->metadata_count, n % 2 ? 2 : 0);
}

TEST(loki_push, entries_go_through_the_log_by_tenant)
{
    struct fake_files *files = fake_files_new();
    struct fake_clock *clock = fake_clock_new();
    struct end end = {.table = label_table_new(NULL)};
    world_enter(fake_files_world(files));
    end.got = log_batch_new(0);
    struct loki_push_options encoding = {.max_items = 50};
    struct outbox_options options = {.loop = fake_loop_new(clock),
                                     .path = "/box",
                                     .codec = &outbox_logs,
                                     .sync_interval_ns = -1};
    struct outbox_endpoint_options endpoint = {.name = STR("e"),
                                               .encoding = &encoding,
                                               .linger_ns = 1000000000,
                                               .from_start = true,
                                               .sender = &end_sender,
                                               .self = &end};
    struct outbox *outbox;
    struct outbox_endpoint *added;
    cr_assert_eq(outbox_new(&options, &outbox, NULL), STATUS_OK);
    cr_assert_eq(outbox_add(outbox, &endpoint, &added, NULL), STATUS_OK);
    push(outbox, end.table, "", 120);
    push(outbox, end.table, "t1", 10);
    push(outbox, end.table, "", 5);
    fake_clock_run(clock, 2000000000);
    cr_assert_eq(end.got->entry_count, 135);
    cr_assert_eq(end.requests, 5);
    cr_assert_str_eq(end.tenants[2], "");
    cr_assert_str_eq(end.tenants[3], "t1");
    cr_assert_str_eq(end.tenants[4], "");
    unsigned sum = 0;
    for (size_t i = 0; i < end.got->entry_count; i++) {
        check_entry(&end.got->entries[i]);
        sum += (unsigned)(end.got->entries[i].t_ns - 1700000000000000000);
    }
    cr_assert_eq(sum, 119 * 60 + 45 + 10);
    batch_unref(&end.got->base);
    outbox_free(outbox);
    cr_assert_eq(label_table_count(end.table), 0);
    label_table_free(end.table);
    world_enter(NULL);
    fake_clock_free(clock);
    fake_files_free(files);
}

struct reading {
    struct label_table *table;
    struct str body;
    struct loki_push_limits limits;
    struct log_batch *out;
    enum status status;
    struct error err;
};

static void read_json(void *arg)
{
    struct reading *r = arg;
    r->out = log_batch_new(0);
    r->status = loki_push_read_json(r->body, r->table, r->limits, r->out, &r->err);
}

static enum status json(struct reading *r, struct str body)
{
    r->body = body;
    cr_assert(mem_scope_run(read_json, r));
    return r->status;
}

#define GOOD                                                                                       \
    "{\"x\":[1,{\"y\":null}], \"streams\": [{\"values\":[[\"1700000000000000001\",\"a\\u00e9\\n"   \
    "\\ud83d\\ude00\\ud800\"],[ \"2\" , \"b\", {\"k\":\"v\"}]],\"stream\":{\"a\":\"b\",\"c\":\""   \
    "\"}},{\"stream\":{},\"values\":[]}]} "

TEST(loki_push, json_is_read_as_loki_reads_it)
{
    struct reading r = {.table = label_table_new(NULL)};
    cr_assert_eq(json(&r, STR(GOOD)), STATUS_OK, "%s", r.err.message);
    cr_assert_eq(r.out->entry_count, 2);
    cr_assert(str_is(r.out->entries[0].line, "a\xc3\xa9\n\xf0\x9f\x98\x80\xef\xbf\xbd"));
    cr_assert_eq(r.out->entries[0].t_ns, 1700000000000000001);
    cr_assert_eq(r.out->entries[0].labels->count, 1);
    cr_assert(str_is(r.out->entries[1].metadata[0].value, "v"));
    batch_unref(&r.out->base);
    static const char *const bad[] = {
        "",
        "[]",
        "{\"streams\":1}",
        "{\"streams\":[{\"stream\":{\"a\":1},\"values\":[]}]}",
        "{\"streams\":[{\"stream\":{},\"values\":[[\"x\",\"y\"]]}]}",
        "{\"streams\":[{\"stream\":{},\"values\":[[\"1\"]]}]}",
        "{\"streams\":[{\"stream\":{},\"values\":[[\"1\",\"\\q\"]]}]}",
        "{\"streams\":[{\"stream\":{},\"values\":[[\"1\",\"a\"]",
        "{\"streams\":[]} x",
        "{\"x\":\"",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_assert_eq(json(&r, str_from(bad[i])), STATUS_INVALID, "case %d", (int)i);
        batch_unref(&r.out->base);
    }
    r.limits.max_entries = 1;
    cr_assert_eq(json(&r, STR(GOOD)), STATUS_LIMIT);
    batch_unref(&r.out->base);
    struct buf deep;
    buf_init(&deep, NULL, 1 << 20);
    buf_str(&deep, STR("{\"x\":"));
    buf_fill(&deep, '[', 100000);
    cr_assert_eq(json(&r, buf_view(&deep)), STATUS_INVALID);
    batch_unref(&r.out->base);
    buf_release(&deep);
    label_table_free(r.table);
}

TEST(loki_push, failing_memory_leaves_nothing)
{
    struct reading r = {.table = label_table_new(NULL), .body = STR(GOOD)};
    for (uint64_t n = 1;; n++) {
        mem_fail_at(n);
        r.out = NULL;
        bool ran = mem_scope_run(read_json, &r);
        bool failed = mem_failed_once();
        mem_fail_at(0);
        if (ran)
            batch_unref(&r.out->base);
        cr_assert_eq(label_table_count(r.table), 0, "after failure %d", (int)n);
        if (!failed)
            break;
    }
    label_table_free(r.table);
}

TEST(loki_push, selectors_name_streams)
{
    static const struct {
        const char *text;
        int labels; /* -1 = malformed */
    } cases[] = {
        {"{}", 0},
        {"{a=\"b\"}", 1},
        {" { a = \"b\" , c=`d` } ", 2},
        {"{a=\"b\",}", 1},
        {"{a=\"\\\"\"}", 1},
        {"{a=\"b\"", -1},
        {"a=\"b\"}", -1},
        {"{a=b}", -1},
        {"{=\"b\"}", -1},
        {"{a=\"b\"} x", -1},
        {"{a=\"b\" c=\"d\"}", -1},
        {"{a!=\"b\"}", -1},
        {"", -1},
    };
    struct label_builder b;
    struct arena arena;
    label_builder_init(&b);
    arena_init(&arena, NULL, 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum status status = loki_labels_parse(str_from(cases[i].text), &b, &arena, NULL);
        cr_assert_eq(status == STATUS_OK, cases[i].labels >= 0, "%s", cases[i].text);
        if (status == STATUS_OK)
            cr_assert_eq(b.count, (size_t)cases[i].labels, "%s", cases[i].text);
    }
    label_builder_release(&b);
    arena_release(&arena);
}
