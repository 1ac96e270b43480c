/* The program's own metrics: the text they become, identity, dropping, and counting on many
 * threads. */

#include "tests/support/test.h"

#include "runtime/telemetry/self_metrics.h"

#include <pthread.h>

static double forty_two(void *arg)
{
    (void)arg;
    return 42.5;
}

static const double bounds[] = {0.1, 1, 10};

TEST(self_metrics, are_written_as_prometheus_writes_them)
{
    struct self_registry *registry = self_registry_new();
    struct self_group *runtime = self_group_new(registry, STR_NONE, STR_NONE);
    struct self_group *one = self_group_new(registry, STR("/"), STR("a.b.c"));
    struct self_group *two = self_group_new(registry, STR("/"), STR("a.b.d"));
    struct label url = {STR("url"), STR("http://x/\"\\\n")};
    struct self_metric *sent = self_metric(one, SELF_COUNTER, "z_total", "How\nmany.", &url, 1);
    cr_assert_eq(sent, self_metric(one, SELF_COUNTER, "z_total", "How\nmany.", &url, 1));
    cr_assert_neq(sent, self_metric(two, SELF_COUNTER, "z_total", "How\nmany.", &url, 1));
    self_inc(sent);
    self_add(sent, 2);
    self_add(sent, 0.5);
    cr_assert_eq(self_get(sent), 3.5);
    self_callback(runtime, SELF_GAUGE, "answer", "It.", forty_two, NULL);
    struct self_metric *gauge = self_metric(runtime, SELF_GAUGE, "b_level", "Level.", NULL, 0);
    self_set(gauge, 1234567);
    self_add(gauge, -1);
    struct self_histogram *h =
        self_histogram(one, "lat_seconds", "Time.", (struct self_bounds){bounds, 3}, NULL, 0);
    self_observe(h, 0.1);
    self_observe(h, 5);
    self_observe(h, 100);
    struct buf out;
    buf_init(&out, NULL, 1 << 20);
    self_registry_write(registry, &out);
    static const char expected[] =
        "# HELP answer It.\n# TYPE answer gauge\nanswer 42.5\n"
        "# HELP b_level Level.\n# TYPE b_level gauge\nb_level 1.234566e+06\n"
        "# HELP lat_seconds Time.\n# TYPE lat_seconds histogram\n"
        "lat_seconds_bucket{component_id=\"a.b.c\",component_path=\"/\",le=\"0.1\"} 1\n"
        "lat_seconds_bucket{component_id=\"a.b.c\",component_path=\"/\",le=\"1\"} 1\n"
        "lat_seconds_bucket{component_id=\"a.b.c\",component_path=\"/\",le=\"10\"} 2\n"
        "lat_seconds_bucket{component_id=\"a.b.c\",component_path=\"/\",le=\"+Inf\"} 3\n"
        "lat_seconds_sum{component_id=\"a.b.c\",component_path=\"/\"} 105.1\n"
        "lat_seconds_count{component_id=\"a.b.c\",component_path=\"/\"} 3\n"
        "# HELP z_total How\\nmany.\n# TYPE z_total counter\n"
        "z_total{component_id=\"a.b.c\",component_path=\"/\",url=\"http://x/\\\"\\\\\\n\"} 3.5\n"
        "z_total{component_id=\"a.b.d\",component_path=\"/\",url=\"http://x/\\\"\\\\\\n\"} 0\n";
    cr_assert(str_is(buf_view(&out), expected), "%.*s", STR_ARG(buf_view(&out)));
    self_group_free(one);
    self_group_free(runtime);
    buf_clear(&out);
    self_registry_write(registry, &out);
    cr_assert_eq(str_find(buf_view(&out), STR("a.b.c"), 0), SIZE_MAX);
    cr_assert_neq(str_find(buf_view(&out), STR("a.b.d"), 0), SIZE_MAX);
    buf_release(&out);
    self_registry_free(registry);
}

static void *count(void *arg)
{
    for (unsigned i = 0; i < 20000; i++) {
        self_inc(arg);
        self_add(arg, 0.5);
    }
    return NULL;
}

TEST(self_metrics, count_on_many_threads_while_they_are_read)
{
    struct self_registry *registry = self_registry_new();
    struct self_group *group = self_group_new(registry, STR("/"), STR("x"));
    struct self_metric *m = self_metric(group, SELF_COUNTER, "n_total", "N.", NULL, 0);
    pthread_t threads[3];
    for (size_t i = 0; i < 3; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, count, m), 0);
    struct buf out;
    buf_init(&out, NULL, 1 << 20);
    for (unsigned i = 0; i < 20; i++) {
        buf_clear(&out);
        self_registry_write(registry, &out);
        struct self_group *other = self_group_new(registry, STR("/"), STR("y"));
        self_inc(self_metric(other, SELF_COUNTER, "n_total", "N.", NULL, 0));
        self_group_free(other);
    }
    for (size_t i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(self_get(m), 90000);
    buf_release(&out);
    self_registry_free(registry);
}

struct writing {
    struct self_registry *registry;
    struct buf out;
};

static void write_all(void *arg)
{
    struct writing *w = arg;
    buf_init(&w->out, NULL, 1 << 20);
    self_registry_write(w->registry, &w->out);
    buf_release(&w->out);
}

TEST(self_metrics, failing_memory_leaves_the_registry_usable)
{
    struct self_registry *registry = self_registry_new();
    struct self_group *group = self_group_new(registry, STR("/"), STR("x"));
    self_inc(self_metric(group, SELF_COUNTER, "n_total", "N.", NULL, 0));
    struct writing w = {.registry = registry};
    for (uint64_t n = 1;; n++) {
        mem_fail_at(n);
        bool ok = mem_scope_run(write_all, &w);
        bool failed = mem_failed_once();
        mem_fail_at(0);
        cr_assert_eq(ok, !failed);
        if (!failed)
            break;
    }
    self_registry_free(registry);
}
