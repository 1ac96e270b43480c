/* The logs pipeline: loki.source.file and loki.source.api → loki.process → loki.write, one
 * component with several endpoints or several components. */

#include "tests/simulation/run.h"

/* The lines that a file may repeat: of a second, after which its position is saved. */
enum { FILE_STREAM = 3, FILE_REPEATS = 80, LEAST_ITEM = 15 };

static void set_up(struct run *run)
{
    for (unsigned i = 0; i < run->receivers; i++) {
        struct receiver_options receiver = {
            .protocol = PROTOCOL_LOKI,
            .index = i,
            .port = 9201 + i,
        };
        run->receiver[i] = receiver_new(run->j, &receiver);
    }
    for (unsigned i = 0; i < 2; i++) {
        struct sender_options sender = {
            .protocol = PROTOCOL_LOKI,
            .port = 9100,
            .path = "/loki/api/v1/push",
            .stream = i,
            .most = 12,
        };
        run->senders[i] = sender_new(run->j, &sender);
    }
    run->writer = writer_new(run, FILE_STREAM);
}

static void write_endpoint(struct run *run, struct buf *out, uint64_t *tuning, unsigned index)
{
    static const unsigned sizes[] = {1, 20, 1024};
    buf_printf(out, "  endpoint {\n    url = \"http://10.0.0.1:%u/loki/api/v1/push\"\n",
               9201 + index);
    buf_printf(out, "    name = \"e%u\"\n    remote_timeout = \"%us\"\n    batch_wait = \"%ums\"\n",
               index, 2 + draw_bits(tuning, 3), 50 + draw_bits(tuning, 800));
    unsigned kib = sizes[draw_bits(tuning, 3)];
    buf_printf(out, "    batch_size = \"%uKiB\"\n    min_backoff_period = \"%ums\"\n", kib,
               30 + draw_bits(tuning, 200));
    buf_printf(out, "    max_backoff_period = \"%us\"\n    max_backoff_retries = 0\n",
               1 + draw_bits(tuning, 3));
    unsigned shards = draw_bits(tuning, 2) ? 1 : 4;
    may_fly(run, shards, kib * 1024 / LEAST_ITEM + FILE_REPEATS);
    buf_printf(out, "    queue_config {\n      min_shards = %u\n      drain_timeout = \"%us\"\n",
               shards, 1 + draw_bits(tuning, 10));
    buf_cstr(out, "    }\n  }\n");
}

static void write_stages(struct buf *out, uint64_t *tuning)
{
    static const char *const stages[] = {
        "",
        "  stage.regex {\n    expression = \"n=(?P<number>[0-9]+)\"\n  }\n",
        "  stage.regex {\n    expression = \"x=(?P<rest>[a-z]*)\"\n  }\n"
        "  stage.structured_metadata {\n    values = { rest = \"\" }\n  }\n",
        "  stage.drop {\n    expression = \"no item has this\"\n  }\n",
    };
    buf_cstr(out, stages[draw_bits(tuning, 4)]);
}

static void write_config(struct run *run, struct buf *out)
{
    uint64_t shape = run->shape, tuning = run->tuning;
    bool processes = draw_bits(&shape, 3) != 0;
    bool apart = draw_bits(&shape, 2) == 0;
    unsigned writers = apart ? run->receivers : 1;
    struct buf to;
    buf_init(&to, NULL, 1024);
    for (unsigned w = 0; w < writers; w++)
        buf_printf(&to, "%sloki.write.w%u.receiver", w != 0 ? ", " : "", w);
    buf_byte(&to, '\0');
    const char *next = processes ? "loki.process.p.receiver" : to.data;
    buf_printf(out,
               "loki.source.api \"in\" {\n  http {\n    listen_address = \"127.0.0.1\"\n"
               "    listen_port = 9100\n  }\n  forward_to = [%s]\n}\n",
               next);
    buf_printf(out,
               "loki.source.file \"f\" {\n  targets = [{__path__ = \"/logs/app.log\", "
               "stream = \"%u\"}]\n  forward_to = [%s]\n  file_watch {\n"
               "    min_poll_frequency = \"%ums\"\n    max_poll_frequency = \"250ms\"\n  }\n}\n",
               FILE_STREAM, next, 20 + draw_bits(&tuning, 200));
    if (processes) {
        buf_printf(out, "loki.process \"p\" {\n  forward_to = [%s]\n", to.data);
        write_stages(out, &tuning);
        buf_cstr(out, "}\n");
    }
    for (unsigned w = 0; w < writers; w++) {
        buf_printf(out, "loki.write \"w%u\" {\n", w);
        for (unsigned e = apart ? w : 0; e < (apart ? w + 1 : run->receivers); e++)
            write_endpoint(run, out, &tuning, e);
        buf_cstr(out, "}\n");
    }
    buf_release(&to);
}

const struct pipeline pipeline_logs = {
    .name = "logs",
    .set_up = set_up,
    .write_config = write_config,
    .counts = {{"loki_write_sent_entries_total"}, {"loki_write_dropped_entries_total"}},
};
