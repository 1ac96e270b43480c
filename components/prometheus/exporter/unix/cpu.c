/* Collectors of processors and their scheduling: cpu, schedstat, softnet, pressure, processes. */

#include "components/prometheus/exporter/unix/collector.h"

#include "base/map.h"

#include <unistd.h>

enum { MODES = 8 };

/* ---- cpu ---- */
static bool is_cpu_line(struct str line, struct str *number)
{
    if (!str_starts(line, STR("cpu")) || line.len < 4 || line.ptr[3] == ' ')
        return false;
    size_t end = str_find_byte(line, ' ', 0);
    *number = str_slice(line, 3, end);
    return true;
}

static void cpu_seconds(struct collect *c, struct str text, double hertz)
{
    static const char *const modes[MODES] = {"user",   "nice", "system",  "idle",
                                             "iowait", "irq",  "softirq", "steal"};
    struct str line;
    page_family(c, COUNTER, "cpu_seconds_total", "Seconds the CPUs spent in each mode.");
    while (next_line(&text, &line)) {
        struct str cpu;
        struct str word;
        if (!is_cpu_line(line, &cpu))
            continue;
        next_word(&line, &word);
        for (size_t i = 0; i < MODES; i++) {
            PAGE(c, next_number(&line) / hertz, L("cpu", cpu), L("mode", str_from(modes[i])));
        }
    }
}

static void cpu_guests(struct collect *c, struct str text, double hertz)
{
    struct str line;
    page_family(c, COUNTER, "cpu_guest_seconds_total",
                "Seconds the CPUs spent in guests (VMs) for each mode.");
    while (next_line(&text, &line)) {
        struct str cpu;
        struct str word;
        if (!is_cpu_line(line, &cpu))
            continue;
        next_word(&line, &word);
        for (size_t i = 0; i < MODES; i++)
            next_number(&line);
        double user = next_number(&line) / hertz;
        PAGE(c, user, L("cpu", cpu), L("mode", STR("user")));
        PAGE(c, next_number(&line) / hertz, L("cpu", cpu), L("mode", STR("nice")));
    }
}

/* One processor of /proc/cpuinfo. */
struct cpu_info {
    struct str processor, vendor, family, model, model_name, microcode, stepping, cache, core,
        package, flags, bugs;
};

static bool next_cpu(struct str *text, struct cpu_info *info)
{
    static const struct {
        const char *key;
        size_t offset;
    } fields[] = {
        {"processor", offsetof(struct cpu_info, processor)},
        {"vendor_id", offsetof(struct cpu_info, vendor)},
        {"cpu family", offsetof(struct cpu_info, family)},
        {"model", offsetof(struct cpu_info, model)},
        {"model name", offsetof(struct cpu_info, model_name)},
        {"microcode", offsetof(struct cpu_info, microcode)},
        {"stepping", offsetof(struct cpu_info, stepping)},
        {"cache size", offsetof(struct cpu_info, cache)},
        {"core id", offsetof(struct cpu_info, core)},
        {"physical id", offsetof(struct cpu_info, package)},
        {"flags", offsetof(struct cpu_info, flags)},
        {"bugs", offsetof(struct cpu_info, bugs)},
    };
    struct str line;
    *info = (struct cpu_info){0};
    while (next_line(text, &line)) {
        struct str key;
        struct str value;
        if (str_trim(line).len == 0)
            break;
        str_cut(line, ':', &key, &value);
        for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
            if (str_is(str_trim(key), fields[i].key)) {
                *(struct str *)((char *)info + fields[i].offset) = str_trim(value);
            }
        }
    }
    return info->processor.len != 0;
}

static void cpu_words(struct collect *c, const char *family, const char *help, const char *label,
                      struct str words, const struct regex *include)
{
    struct str word;
    page_family(c, GAUGE, family, help);
    while (next_word(&words, &word)) {
        struct label l = {str_from(label), word};
        if (regex_match(include, word))
            page_sample(c, &l, 1, 1);
    }
}

static void cpu_facts(struct collect *c)
{
    struct str text = proc_file(c, "cpuinfo");
    struct str rest = text;
    struct cpu_info info;
    if (text.ptr == NULL)
        return;
    page_family(c, GAUGE, "cpu_info", "CPU information from /proc/cpuinfo.");
    while (next_cpu(&rest, &info)) {
        PAGE(c, 1, L("cachesize", info.cache), L("core", info.core), L("cpu", info.processor),
             L("family", info.family), L("microcode", info.microcode), L("model", info.model),
             L("model_name", info.model_name), L("package", info.package),
             L("stepping", info.stepping), L("vendor", info.vendor));
    }
    rest = text;
    if (!next_cpu(&rest, &info))
        return;
    if (c->patterns->cpu_flags != NULL) {
        cpu_words(c, "cpu_flag_info",
                  "The `flags` field of CPU information from /proc/cpuinfo taken from the first "
                  "core.",
                  "flag", info.flags, c->patterns->cpu_flags);
    }
    if (c->patterns->cpu_bugs != NULL) {
        cpu_words(c, "cpu_bug_info",
                  "The `bugs` field of CPU information from /proc/cpuinfo taken from the first "
                  "core.",
                  "bug", info.bugs, c->patterns->cpu_bugs);
    }
}

/* Throttling, once a core and once a package. */
static void cpu_throttles(struct collect *c, const char *file, const char *family, const char *help,
                          bool per_core)
{
    struct str_list cpus = list_dir(c, sys_path(c, "devices/system/cpu").ptr);
    struct map seen;
    map_init(&seen, NULL);
    page_family(c, COUNTER, family, help);
    for (size_t i = 0; i < cpus.count; i++) {
        double throttles;
        struct str name = cpus.items[i];
        struct str package =
            sys_text(c, "devices/system/cpu/%.*s/topology/physical_package_id", STR_ARG(name));
        struct str core = sys_text(c, "devices/system/cpu/%.*s/topology/core_id", STR_ARG(name));
        if (package.ptr == NULL || core.ptr == NULL ||
            !sys_number(c, &throttles, "devices/system/cpu/%.*s/thermal_throttle/%s", STR_ARG(name),
                        file)) {
            continue;
        }
        struct str key = arena_printf(&c->arena, "%.*s/%.*s", STR_ARG(package),
                                      STR_ARG(per_core ? core : STR("")));
        if (map_has(&seen, key))
            continue;
        map_put(&seen, key, c);
        if (per_core) {
            PAGE(c, throttles, L("core", core), L("package", package));
        } else {
            PAGE(c, throttles, L("package", package));
        }
    }
    map_release(&seen);
}

void collect_cpu(struct collect *c)
{
    double hertz = (double)sysconf(_SC_CLK_TCK);
    struct str text = proc_file(c, "stat");
    if (text.ptr == NULL)
        return;
    if (c->args->cpu.info)
        cpu_facts(c);
    cpu_seconds(c, text, hertz);
    if (c->args->cpu.guest)
        cpu_guests(c, text, hertz);
    if (!file_exists(c, sys_path(c, "devices/system/cpu/cpu0/thermal_throttle").ptr))
        return;
    cpu_throttles(c, "core_throttle_count", "cpu_core_throttles_total",
                  "Number of times this CPU core has been throttled.", true);
    cpu_throttles(c, "package_throttle_count", "cpu_package_throttles_total",
                  "Number of times this CPU package has been throttled.", false);
}

/* ---- schedstat ---- */
void collect_schedstat(struct collect *c)
{
    static const struct {
        const char *name, *help;
        size_t field; /* after "cpuN" */
        double divisor;
    } fields[] = {
        {"schedstat_running_seconds_total", "Number of seconds CPU spent running a process.", 6,
         1e9},
        {"schedstat_waiting_seconds_total",
         "Number of seconds spent by processing waiting for this CPU.", 7, 1e9},
        {"schedstat_timeslices_total", "Number of timeslices executed by CPU.", 8, 1},
    };
    struct str text = proc_file(c, "schedstat");
    if (text.ptr == NULL)
        return;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        struct str rest = text;
        struct str line;
        page_family(c, COUNTER, fields[i].name, fields[i].help);
        while (next_line(&rest, &line)) {
            struct str cpu;
            struct str word;
            double value = 0;
            if (!is_cpu_line(line, &cpu))
                continue;
            next_word(&line, &word);
            for (size_t k = 0; k <= fields[i].field; k++)
                value = next_number(&line);
            PAGE(c, value / fields[i].divisor, L("cpu", cpu));
        }
    }
}

/* ---- softnet: hexadecimal columns, one line a processor ---- */
static double hex_number(struct str word)
{
    double n = 0;
    for (size_t i = 0; i < word.len; i++) {
        char ch = word.ptr[i];
        int digit = ch <= '9' ? ch - '0' : (ch | 32) - 'a' + 10;
        n = n * 16 + digit;
    }
    return n;
}

enum { SOFTNET_COLUMNS = 15 };

static size_t softnet_columns(struct str line, double columns[SOFTNET_COLUMNS])
{
    struct str word;
    size_t count = 0;
    while (count < SOFTNET_COLUMNS && next_word(&line, &word))
        columns[count++] = hex_number(word);
    return count;
}

void collect_softnet(struct collect *c)
{
    static const struct {
        const char *name, *help;
        int type;
        size_t column, width; /* the line must have that many columns, else the value is 0 */
    } fields[] = {
        {"softnet_processed_total", "Number of processed packets", COUNTER, 0, 1},
        {"softnet_dropped_total", "Number of dropped packets", COUNTER, 1, 1},
        {"softnet_times_squeezed_total", "Number of times processing packets ran out of quota",
         COUNTER, 2, 1},
        {"softnet_cpu_collision_total",
         "Number of collision occur while obtaining device lock while transmitting", COUNTER, 8, 9},
        {"softnet_received_rps_total", "Number of times cpu woken up received_rps", COUNTER, 9, 10},
        {"softnet_flow_limit_count_total", "Number of times flow limit has been reached", COUNTER,
         10, 11},
        {"softnet_backlog_len", "Softnet backlog status", GAUGE, 11, 13},
    };
    struct str text = proc_file(c, "net/softnet_stat");
    if (text.ptr == NULL)
        return;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        struct str rest = text;
        struct str line;
        size_t row = 0;
        page_family(c, fields[i].type, fields[i].name, fields[i].help);
        while (next_line(&rest, &line)) {
            double columns[SOFTNET_COLUMNS] = {0};
            size_t count = softnet_columns(line, columns);
            double cpu = count >= 13 ? columns[12] : (double)row;
            struct str label = arena_printf(&c->arena, "%.0f", cpu);
            double value = count >= fields[i].width ? columns[fields[i].column] : 0;
            PAGE(c, value, L("cpu", label));
            row++;
        }
    }
}

/* ---- pressure ---- */
static double pressure_total(struct str text, const char *kind)
{
    struct str line;
    while (next_line(&text, &line)) {
        struct str word;
        double n = 0;
        next_word(&line, &word);
        if (!str_is(word, kind))
            continue;
        while (next_word(&line, &word)) {
            if (str_starts(word, STR("total=")))
                to_number(str_slice(word, 6, word.len), &n);
        }
        return n / 1e6;
    }
    return -1;
}

void collect_pressure(struct collect *c)
{
    static const struct {
        const char *file, *kind, *name, *help;
    } rows[] = {
        {"cpu", "some", "pressure_cpu_waiting_seconds_total",
         "Total time in seconds that processes have waited for CPU time"},
        {"io", "some", "pressure_io_waiting_seconds_total",
         "Total time in seconds that processes have waited due to IO congestion"},
        {"io", "full", "pressure_io_stalled_seconds_total",
         "Total time in seconds no process could make progress due to IO congestion"},
        {"memory", "some", "pressure_memory_waiting_seconds_total",
         "Total time in seconds that processes have waited for memory"},
        {"memory", "full", "pressure_memory_stalled_seconds_total",
         "Total time in seconds no process could make progress due to memory congestion"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct str text = proc_file(c, "pressure/%s", rows[i].file);
        if (text.ptr == NULL)
            return;
        double total = pressure_total(text, rows[i].kind);
        if (total >= 0)
            page_one(c, COUNTER, rows[i].name, rows[i].help, total);
    }
}

/* ---- processes ---- */
struct process_counts {
    double processes, threads;
    double states[128]; /* by letter */
    double thread_states[128];
};

/* "PID (COMMAND) STATE …"; the command may hold anything. */
static bool stat_state(struct str text, char *state, double *threads)
{
    size_t close = str_rfind_byte(text, ')');
    struct str word;
    if (close == SIZE_MAX)
        return false;
    text = str_slice(text, close + 1, text.len);
    if (!next_word(&text, &word))
        return false;
    *state = word.ptr[0];
    for (int i = 0; i < 16; i++)
        next_word(&text, &word);
    *threads = next_number(&text);
    return (*state & 0x80) == 0;
}

static void count_threads(struct collect *c, struct str pid, struct process_counts *counts)
{
    const char *path =
        arena_printf(&c->arena, "%.*s/%.*s/task", STR_ARG(c->args->procfs_path), STR_ARG(pid)).ptr;
    struct str_list tasks = list_dir(c, path);
    for (size_t i = 0; i < tasks.count; i++) {
        char state;
        double ignored;
        struct str text =
            proc_file(c, "%.*s/task/%.*s/stat", STR_ARG(pid), STR_ARG(tasks.items[i]));
        if (text.ptr != NULL && stat_state(text, &state, &ignored)) {
            counts->thread_states[(unsigned char)state]++;
        }
    }
}

static void state_family(struct collect *c, const char *name, const char *help, const char *label,
                         const double states[128])
{
    page_family(c, GAUGE, name, help);
    for (size_t i = 0; i < 128; i++) {
        char letter = (char)i;
        struct label l = {str_from(label), str_of(&letter, 1)};
        if (states[i] > 0)
            page_sample(c, &l, 1, states[i]);
    }
}

static double limit_of(struct collect *c, const char *name)
{
    double n = 0;
    struct str text = proc_file(c, "sys/kernel/%s", name);
    if (text.ptr != NULL)
        to_number(str_trim(text), &n);
    return n;
}

void collect_processes(struct collect *c)
{
    struct process_counts counts = {0};
    struct str_list names = list_dir(c, arena_cstr(&c->arena, c->args->procfs_path));
    for (size_t i = 0; i < names.count; i++) {
        uint64_t pid;
        char state;
        double threads;
        if (!str_to_u64(names.items[i], &pid))
            continue;
        struct str text = proc_file(c, "%.*s/stat", STR_ARG(names.items[i]));
        error_clear(&c->err); /* it may have ended meanwhile */
        if (text.ptr == NULL || !stat_state(text, &state, &threads))
            continue;
        counts.processes++;
        counts.threads += threads;
        counts.states[(unsigned char)state]++;
        count_threads(c, names.items[i], &counts);
        error_clear(&c->err);
    }
    page_one(c, GAUGE, "processes_threads", "Allocated threads in system", counts.threads);
    page_one(c, GAUGE, "processes_max_threads", "Limit of threads in the system",
             limit_of(c, "threads-max"));
    state_family(c, "processes_state", "Number of processes in each state.", "state",
                 counts.states);
    state_family(c, "processes_threads_state", "Number of threads in each state.", "thread_state",
                 counts.thread_states);
    page_one(c, GAUGE, "processes_pids", "Number of PIDs", counts.processes);
    page_one(c, GAUGE, "processes_max_processes", "Number of max PIDs limit",
             limit_of(c, "pid_max"));
}
