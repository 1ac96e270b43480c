/* A fan-out that counts. Owns references on the receivers; its metrics belong to the host's group.
 */
#include "components/common/forward.h"

#include "base/world.h"

static const double latency_bounds[] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

void forward_init(struct forward *f, struct component_host *host)
{
    f->host = host;
    fanout_init(&f->fanout);
    f->forwarded =
        self_metric(host_metrics(host), SELF_COUNTER, "prometheus_forwarded_samples_total",
                    "Total number of samples sent to downstream components.", NULL, 0);
    f->latency = self_histogram(
        host_metrics(host), "prometheus_fanout_latency",
        "Write latency for sending to direct and indirect components",
        (struct self_bounds){latency_bounds, sizeof(latency_bounds) / sizeof(latency_bounds[0])},
        NULL, 0);
}

void forward_set(struct forward *f, const struct capsule_list *receivers)
{
    fanout_set(&f->fanout, receivers);
}

void forward_release(struct forward *f)
{
    fanout_release(&f->fanout);
}

static void count(struct forward *f, size_t items, int64_t began_ns)
{
    self_observe(f->latency, (double)(world_monotonic_ns() - began_ns) / 1e9);
    self_add(f->forwarded, (double)items * (double)f->fanout.count);
    host_count_out(f->host, items);
}

void forward_push(struct forward *f, struct batch *batch, struct ack *ack)
{
    size_t items = batch->items;
    int64_t began_ns = world_monotonic_ns();
    fanout_push(&f->fanout, batch, ack);
    count(f, items, began_ns);
}

void forward_push_resume(struct forward *f, struct batch *batch, struct fanout_push *resume)
{
    size_t items = batch->items;
    int64_t began_ns = world_monotonic_ns();
    fanout_push_resume(&f->fanout, batch, resume);
    count(f, items, began_ns);
}
