/* The metrics pipeline: prometheus.receive_http and prometheus.scrape → prometheus.relabel →
 * prometheus.remote_write, one component with several endpoints or several components. */

#include "tests/simulation/run.h"

static void set_up(struct run *run)
{
    for (unsigned i = 0; i < run->receivers; i++) {
        struct receiver_options receiver = {
            .protocol = PROTOCOL_REMOTE_WRITE,
            .index = i,
            .port = 9201 + i,
            .sample = scraped_sample,
        };
        run->scraped = run->scraped != NULL ? run->scraped : scraped_new(run);
        receiver.arg = run->scraped;
        run->receiver[i] = receiver_new(run->j, &receiver);
    }
    for (unsigned i = 0; i < 3; i++) {
        struct sender_options sender = {
            .protocol = PROTOCOL_REMOTE_WRITE,
            .port = 9100,
            .path = "/api/v1/metrics/write",
            .stream = i,
            .most = 15,
        };
        run->senders[i] = sender_new(run->j, &sender);
    }
}

static void write_endpoint(struct run *run, struct buf *out, uint64_t *tuning, unsigned index)
{
    static const unsigned sends[] = {7, 50, 500};
    static const unsigned shards[] = {1, 1, 4, 16};
    buf_printf(out, "  endpoint {\n    url = \"http://10.0.0.1:%u/api/v1/write\"\n", 9201 + index);
    buf_printf(out, "    name = \"e%u\"\n    remote_timeout = \"%us\"\n", index,
               2 + draw_bits(tuning, 3));
    buf_printf(out, "    queue_config {\n      batch_send_deadline = \"%ums\"\n",
               50 + draw_bits(tuning, 500));
    unsigned most = shards[draw_bits(tuning, 4)];
    unsigned items = sends[draw_bits(tuning, 3)];
    may_fly(run, most, items);
    buf_printf(out, "      max_samples_per_send = %u\n      max_shards = %u\n", items, most);
    buf_printf(out, "      min_shards = %u\n      min_backoff = \"%ums\"\n",
               draw_bits(tuning, 2) == 0 ? 1 : most, 30 + draw_bits(tuning, 200));
    buf_printf(out, "      max_backoff = \"%us\"\n    }\n", 1 + draw_bits(tuning, 3));
    buf_printf(out, "    metadata_config {\n      send = %s\n    }\n  }\n",
               draw_bits(tuning, 2) ? "true" : "false");
}

static void write_config(struct run *run, struct buf *out)
{
    uint64_t shape = run->shape, tuning = run->tuning;
    bool relabels = draw_bits(&shape, 2) == 0;
    bool apart = draw_bits(&shape, 2) == 0; /* a component for each endpoint */
    unsigned writers = apart ? run->receivers : 1;
    struct buf to;
    buf_init(&to, NULL, 1024);
    for (unsigned w = 0; w < writers; w++)
        buf_printf(&to, "%sprometheus.remote_write.w%u.receiver", w != 0 ? ", " : "", w);
    const char *next = to.data;
    buf_byte(&to, '\0');
    next = relabels ? "prometheus.relabel.r.receiver" : to.data;
    buf_printf(out,
               "prometheus.receive_http \"in\" {\n  http {\n    listen_address = \"127.0.0.1\"\n"
               "    listen_port = 9100\n  }\n  forward_to = [%s]\n}\n",
               next);
    buf_printf(out,
               "prometheus.scrape \"t\" {\n  targets = [{\"__address__\" = \"10.0.0.1:9208\"}]\n"
               "  forward_to = [%s]\n  scrape_interval = \"1s\"\n  scrape_timeout = \"900ms\"\n}\n",
               next);
    if (relabels)
        buf_printf(out,
                   "prometheus.relabel \"r\" {\n  forward_to = [%s]\n  rule {\n"
                   "    target_label = \"env\"\n    replacement = \"sim\"\n  }\n"
                   "  max_cache_size = %u\n}\n",
                   to.data, 1 + draw_bits(&tuning, 1000));
    for (unsigned w = 0; w < writers; w++) {
        buf_printf(out, "prometheus.remote_write \"w%u\" {\n", w);
        for (unsigned e = apart ? w : 0; e < (apart ? w + 1 : run->receivers); e++)
            write_endpoint(run, out, &tuning, e);
        buf_cstr(out, "}\n");
    }
    buf_release(&to);
}

static void finish(struct run *run)
{
    scraped_finish(run->scraped);
}

const struct pipeline pipeline_metrics = {
    .name = "metrics",
    .set_up = set_up,
    .write_config = write_config,
    .finish = finish,
    .counts = {{"prometheus_remote_storage_samples_total"},
               {"prometheus_remote_storage_samples_failed_total"}},
};
