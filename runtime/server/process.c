/* Reads /proc (proc(5)) when asked: /proc/self/stat for CPU time, memory and the start,
 * /proc/net/dev for the machine's traffic. */

#include "runtime/server/process.h"

#include "base/file.h"
#include "base/world.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__aarch64__)
#define MACHINE "arm64"
#else
#define MACHINE "amd64"
#endif

enum { PROC_MAX = 64 * 1024, HEALTHS = HEALTH_EXITED + 1 };

enum figure {
    CPU_SECONDS,
    VIRTUAL_BYTES,
    RESIDENT_BYTES,
    START_SECONDS,
    RX_BYTES,
    TX_BYTES,
    /* The same under the names every Prometheus client gives them. */
    PROCESS_CPU_SECONDS,
    PROCESS_VIRTUAL_BYTES,
    PROCESS_RESIDENT_BYTES,
    PROCESS_START_SECONDS,
    PROCESS_OPEN_FDS,
    PROCESS_MAX_FDS,
    FIGURES
};

static const struct {
    const char *name;
    const char *help;
    enum self_kind kind;
} table[] = {
    [CPU_SECONDS] = {"alloy_resources_process_cpu_seconds_total",
                     "Total user and system CPU time spent in seconds.", SELF_COUNTER},
    [VIRTUAL_BYTES] = {"alloy_resources_process_virtual_memory_bytes",
                       "Current virtual memory size, in bytes", SELF_GAUGE},
    [RESIDENT_BYTES] = {"alloy_resources_process_resident_memory_bytes",
                        "Current resident memory size, in bytes", SELF_GAUGE},
    [START_SECONDS] = {"alloy_resources_process_start_time_seconds",
                       "Start time of the process since unix epoch in seconds.", SELF_GAUGE},
    [RX_BYTES] = {"alloy_resources_machine_rx_bytes_total",
                  "Total bytes, host-wide, received across all network interfaces", SELF_COUNTER},
    [TX_BYTES] = {"alloy_resources_machine_tx_bytes_total",
                  "Total bytes, host-wide, sent across all given network interface", SELF_COUNTER},
    [PROCESS_CPU_SECONDS] = {"process_cpu_seconds_total",
                             "Total user and system CPU time spent in seconds.", SELF_COUNTER},
    [PROCESS_VIRTUAL_BYTES] = {"process_virtual_memory_bytes", "Virtual memory size in bytes.",
                               SELF_GAUGE},
    [PROCESS_RESIDENT_BYTES] = {"process_resident_memory_bytes", "Resident memory size in bytes.",
                                SELF_GAUGE},
    [PROCESS_START_SECONDS] = {"process_start_time_seconds",
                               "Start time of the process since unix epoch in seconds.",
                               SELF_GAUGE},
    [PROCESS_OPEN_FDS] = {"process_open_fds", "Number of open file descriptors.", SELF_GAUGE},
    [PROCESS_MAX_FDS] = {"process_max_fds", "Maximum number of open file descriptors.", SELF_GAUGE},
};

struct process_metrics {
    struct graph *graph;
    struct self_group *group;
    struct self_metric *figures[FIGURES];
    struct self_metric *by_health[HEALTHS];
};

static struct self_metric *health_metric(struct self_group *group, enum health health)
{
    struct label labels[] = {
        {STR("controller_id"), STR("")},
        {STR("controller_path"), STR("/")},
        {STR("health_type"), str_from(health_name(health))},
    };
    return self_metric(group, SELF_GAUGE, "alloy_component_controller_running_components",
                       "Total number of running components.", labels, 3);
}

struct process_metrics *process_metrics_new(struct self_registry *registry, struct graph *graph)
{
    struct process_metrics *m = mem_zalloc(NULL, sizeof(*m));
    m->graph = graph;
    m->group = self_group_new(registry, STR_NONE, STR_NONE);
    for (size_t i = 0; i < FIGURES; i++)
        m->figures[i] = self_metric(m->group, table[i].kind, table[i].name, table[i].help, NULL, 0);
    for (size_t i = 0; i < HEALTHS; i++)
        m->by_health[i] = health_metric(m->group, (enum health)i);
    struct label build[] = {
        {STR("branch"), STR("")},
        {STR("goarch"), STR(MACHINE)},
        {STR("goos"), STR("linux")},
        {STR("goversion"), STR("none")},
        {STR("revision"), STR("unknown")},
        {STR("tags"), STR("unknown")},
        {STR("version"), STR("v" INVAR_VERSION)},
    };
    self_set(self_metric(m->group, SELF_GAUGE, "alloy_build_info",
                         "A metric with a constant '1' value labeled by version.", build,
                         sizeof(build) / sizeof(build[0])),
             1);
    return m;
}

void process_metrics_free(struct process_metrics *m)
{
    if (!m)
        return;
    self_group_free(m->group);
    mem_free(m);
}

/* The nth blank-separated word of a text, counted from 0. */
static struct str word(struct str text, size_t nth)
{
    size_t at = 0;
    for (;; nth--) {
        while (at < text.len && (text.ptr[at] == ' ' || text.ptr[at] == '\n'))
            at++;
        size_t start = at;
        while (at < text.len && text.ptr[at] != ' ' && text.ptr[at] != '\n')
            at++;
        if (nth == 0)
            return str_of(text.ptr + start, at - start);
    }
}

static double number(struct str text, size_t nth)
{
    uint64_t value = 0;
    (void)str_to_u64(word(text, nth), &value);
    return (double)value;
}

/* The start is given in ticks since the machine's boot. */
static double boot_seconds(struct buf *text)
{
    buf_clear(text);
    if (file_read(AT_FDCWD, "/proc/uptime", text, NULL) != STATUS_OK)
        return 0;
    struct str whole, rest;
    str_cut(word(buf_view(text), 0), '.', &whole, &rest);
    return (double)world_wall_ns() / 1e9 - number(whole, 0);
}

static void update_process(struct process_metrics *m, struct buf *text)
{
    if (file_read(AT_FDCWD, "/proc/self/stat", text, NULL) != STATUS_OK)
        return;
    /* The second field is the program's name in parentheses; counting begins behind it. */
    size_t name_end = str_rfind_byte(buf_view(text), ')');
    if (name_end == SIZE_MAX)
        return;
    struct str fields = str_slice(buf_view(text), name_end + 1, text->len);
    double tick = (double)sysconf(_SC_CLK_TCK);
    double start = number(fields, 19) / tick;
    self_set(m->figures[CPU_SECONDS], (number(fields, 11) + number(fields, 12)) / tick);
    self_set(m->figures[VIRTUAL_BYTES], number(fields, 20));
    self_set(m->figures[RESIDENT_BYTES], number(fields, 21) * (double)sysconf(_SC_PAGESIZE));
    if (self_get(m->figures[START_SECONDS]) == 0)
        self_set(m->figures[START_SECONDS], boot_seconds(text) + start);
}

static bool count_entry(void *arg, const struct world_dir_entry *entry)
{
    (void)entry;
    ++*(double *)arg;
    return true;
}

static void mirror(struct process_metrics *m)
{
    double open_fds = 0;
    struct rlimit limit;
    for (int i = 0; i <= START_SECONDS; i++)
        self_set(m->figures[PROCESS_CPU_SECONDS + i], self_get(m->figures[i]));
    if (world_list(AT_FDCWD, "/proc/self/fd", count_entry, &open_fds) == 0)
        self_set(m->figures[PROCESS_OPEN_FDS], open_fds - 1); /* one is for looking */
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        self_set(m->figures[PROCESS_MAX_FDS], (double)limit.rlim_cur);
}

static void update_network(struct process_metrics *m, struct buf *text)
{
    buf_clear(text);
    if (file_read(AT_FDCWD, "/proc/net/dev", text, NULL) != STATUS_OK)
        return;
    double received = 0, sent = 0;
    struct str rest = buf_view(text), line;
    while (rest.len) {
        struct str device, figures;
        str_cut(rest, '\n', &line, &rest);
        if (!str_cut(line, ':', &device, &figures))
            continue;
        received += number(figures, 0);
        sent += number(figures, 8);
    }
    self_set(m->figures[RX_BYTES], received);
    self_set(m->figures[TX_BYTES], sent);
}

void process_metrics_update(struct process_metrics *m)
{
    struct buf text;
    buf_init(&text, NULL, PROC_MAX);
    update_process(m, &text);
    mirror(m);
    update_network(m, &text);
    buf_release(&text);
    struct graph_counts counts;
    graph_count(m->graph, &counts);
    for (size_t i = 0; i < HEALTHS; i++)
        self_set(m->by_health[i], (double)counts.by_health[i]);
}
