/* Collectors of the machine as a whole: entropy, filefd, loadavg, os, selinux, stat, time, timex,
 * uname. */

#include "base/world.h"
#include "components/prometheus/exporter/unix/collector.h"

#include <errno.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <time.h>

void collect_entropy(struct collect *c)
{
    double value;
    struct str text = proc_file(c, "sys/kernel/random/entropy_avail");
    if (text.ptr == NULL || !to_number(str_trim(text), &value))
        return;
    page_one(c, GAUGE, "entropy_available_bits", "Bits of available entropy.", value);
    text = proc_file(c, "sys/kernel/random/poolsize");
    if (text.ptr == NULL || !to_number(str_trim(text), &value))
        return;
    page_one(c, GAUGE, "entropy_pool_size_bits", "Bits of entropy pool.", value);
}

void collect_filefd(struct collect *c)
{
    struct str text = proc_file(c, "sys/fs/file-nr");
    if (text.ptr == NULL)
        return;
    double allocated = next_number(&text);
    next_number(&text);
    page_one(c, GAUGE, "filefd_allocated", "File descriptor statistics: allocated.", allocated);
    page_one(c, GAUGE, "filefd_maximum", "File descriptor statistics: maximum.",
             next_number(&text));
}

void collect_loadavg(struct collect *c)
{
    struct str text = proc_file(c, "loadavg");
    if (text.ptr == NULL)
        return;
    page_one(c, GAUGE, "load1", "1m load average.", next_number(&text));
    page_one(c, GAUGE, "load5", "5m load average.", next_number(&text));
    page_one(c, GAUGE, "load15", "15m load average.", next_number(&text));
}

/* ---- os: the file os-release (freedesktop.org/software/systemd/man/os-release) ---- */
static struct str os_field(struct str text, const char *name)
{
    struct str line;
    while (next_line(&text, &line)) {
        struct str key;
        struct str value;
        if (!str_cut(str_trim(line), '=', &key, &value) || !str_is(key, name))
            continue;
        if (value.len >= 2 && (value.ptr[0] == '"' || value.ptr[0] == '\'')) {
            value = str_slice(value, 1, value.len - 1);
        }
        return value;
    }
    return STR("");
}

/* "12.4.1" is 12.4: what stands before the second point. */
static bool os_version(struct str text, double *out)
{
    size_t end = 0;
    unsigned points = 0;
    while (end < text.len && ((text.ptr[end] >= '0' && text.ptr[end] <= '9') ||
                              (text.ptr[end] == '.' && ++points < 2))) {
        end++;
    }
    return end != 0 && to_number(str_slice(text, 0, end), out);
}

void collect_os(struct collect *c)
{
    static const char *const paths[] = {"etc/os-release", "usr/lib/os-release"};
    struct str text = STR_NONE;
    double version;
    for (size_t i = 0; i < 2 && text.ptr == NULL; i++) {
        struct str root = c->args->rootfs_path;
        if (str_ends(root, STR("/")))
            root.len--;
        error_clear(&c->err);
        text = any_file(c, arena_printf(&c->arena, "%.*s/%s", STR_ARG(root), paths[i]).ptr);
    }
    if (text.ptr == NULL)
        return;
    page_family(c, GAUGE, "os_info",
                "A metric with a constant '1' value labeled by build_id, id, id_like, image_id, "
                "image_version, name, pretty_name, variant, variant_id, version, "
                "version_codename, version_id.");
    PAGE(c, 1, L("build_id", os_field(text, "BUILD_ID")), L("id", os_field(text, "ID")),
         L("id_like", os_field(text, "ID_LIKE")), L("image_id", os_field(text, "IMAGE_ID")),
         L("image_version", os_field(text, "IMAGE_VERSION")), L("name", os_field(text, "NAME")),
         L("pretty_name", os_field(text, "PRETTY_NAME")), L("variant", os_field(text, "VARIANT")),
         L("variant_id", os_field(text, "VARIANT_ID")), L("version", os_field(text, "VERSION")),
         L("version_codename", os_field(text, "VERSION_CODENAME")),
         L("version_id", os_field(text, "VERSION_ID")));
    if (!os_version(os_field(text, "VERSION_ID"), &version))
        return;
    page_family(c, GAUGE, "os_version",
                "Metric containing the major.minor part of the OS version.");
    PAGE(c, version, L("id", os_field(text, "ID")), L("id_like", os_field(text, "ID_LIKE")),
         L("name", os_field(text, "NAME")));
}

void collect_selinux(struct collect *c)
{
    double enforce = 0;
    double deny = 0;
    if (!sys_number(c, &enforce, "fs/selinux/enforce")) {
        page_one(c, GAUGE, "selinux_enabled", "SELinux is enabled, 1 is true, 0 is false", 0);
        return;
    }
    page_one(c, GAUGE, "selinux_enabled", "SELinux is enabled, 1 is true, 0 is false", 1);
    if (sys_number(c, &deny, "fs/selinux/deny_unknown")) {
        page_one(c, GAUGE, "selinux_config_mode", "Configured SELinux enforcement mode", enforce);
    }
    page_one(c, GAUGE, "selinux_current_mode", "Current SELinux enforcement mode", enforce);
}

/* ---- stat: the lines of /proc/stat that are not of a processor ---- */
void collect_stat(struct collect *c)
{
    static const struct {
        const char *key;
        int type;
        const char *name, *help;
    } fields[] = {
        {"intr", COUNTER, "intr_total", "Total number of interrupts serviced."},
        {"ctxt", COUNTER, "context_switches_total", "Total number of context switches."},
        {"processes", COUNTER, "forks_total", "Total number of forks."},
        {"btime", GAUGE, "boot_time_seconds", "Node boot time, in unixtime."},
        {"procs_running", GAUGE, "procs_running", "Number of processes in runnable state."},
        {"procs_blocked", GAUGE, "procs_blocked",
         "Number of processes blocked waiting for I/O to complete."},
    };
    struct str text = proc_file(c, "stat");
    struct str line;
    while (next_line(&text, &line)) {
        struct str key;
        next_word(&line, &key);
        for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
            if (!str_is(key, fields[i].key))
                continue;
            page_one(c, fields[i].type, fields[i].name, fields[i].help, next_number(&line));
        }
    }
}

/* ---- time ---- */
static void clock_sources(struct collect *c)
{
    struct str base = sys_path(c, "devices/system/clocksource");
    struct str_list names = list_dir(c, base.ptr);
    page_family(c, GAUGE, "time_clocksource_available_info",
                "Available clocksources read from '/sys/devices/system/clocksource'.");
    for (size_t i = 0; i < names.count; i++) {
        if (!str_starts(names.items[i], STR("clocksource")))
            continue;
        struct str device = str_slice(names.items[i], 11, names.items[i].len);
        struct str list = sys_text(c, "devices/system/clocksource/%.*s/available_clocksource",
                                   STR_ARG(names.items[i]));
        struct str word;
        while (next_word(&list, &word))
            PAGE(c, 1, L("clocksource", word), L("device", device));
    }
    page_family(c, GAUGE, "time_clocksource_current_info",
                "Current clocksource read from '/sys/devices/system/clocksource'.");
    for (size_t i = 0; i < names.count; i++) {
        if (!str_starts(names.items[i], STR("clocksource")))
            continue;
        struct str device = str_slice(names.items[i], 11, names.items[i].len);
        struct str now = sys_text(c, "devices/system/clocksource/%.*s/current_clocksource",
                                  STR_ARG(names.items[i]));
        if (now.ptr != NULL)
            PAGE(c, 1, L("clocksource", now), L("device", device));
    }
}

void collect_time(struct collect *c)
{
    int64_t now_ns = world_wall_ns();
    time_t seconds = (time_t)(now_ns / 1000000000);
    struct tm local;
    localtime_r(&seconds, &local);
    page_one(c, GAUGE, "time_seconds", "System time in seconds since epoch (1970).",
             (double)now_ns / 1e9);
    page_family(c, GAUGE, "time_zone_offset_seconds", "System time zone offset in seconds.");
    PAGE(c, (double)local.tm_gmtoff, L("time_zone", str_from(local.tm_zone)));
    clock_sources(c);
}

void collect_timex(struct collect *c)
{
    struct timex t = {0};
    int state = adjtimex(&t);
    if (state < 0) {
        collect_failed(c, "adjtimex: %s", error_errno_text(errno));
        return;
    }
    double divisor = (t.status & STA_NANO) != 0 ? 1e9 : 1e6;
    const struct {
        int type;
        const char *name, *help;
        double value;
    } rows[] = {
        {GAUGE, "offset_seconds", "Time offset in between local system and reference clock.",
         (double)t.offset / divisor},
        {GAUGE, "frequency_adjustment_ratio", "Local clock frequency adjustment.",
         1 + (double)t.freq / 65536e6},
        {GAUGE, "maxerror_seconds", "Maximum error in seconds.", (double)t.maxerror / 1e6},
        {GAUGE, "estimated_error_seconds", "Estimated error in seconds.", (double)t.esterror / 1e6},
        {GAUGE, "status", "Value of the status array bits.", t.status},
        {GAUGE, "loop_time_constant", "Phase-locked loop time constant.", (double)t.constant},
        {GAUGE, "tick_seconds", "Seconds between clock ticks.", (double)t.tick / 1e6},
        {GAUGE, "pps_frequency_hertz", "Pulse per second frequency.", (double)t.ppsfreq / 65536e6},
        {GAUGE, "pps_jitter_seconds", "Pulse per second jitter.", (double)t.jitter / divisor},
        {GAUGE, "pps_shift_seconds", "Pulse per second interval duration.", t.shift},
        {GAUGE, "pps_stability_hertz",
         "Pulse per second stability, average of recent frequency changes.",
         (double)t.stabil / 65536e6},
        {COUNTER, "pps_jitter_total", "Pulse per second count of jitter limit exceeded events.",
         (double)t.jitcnt},
        {COUNTER, "pps_calibration_total", "Pulse per second count of calibration intervals.",
         (double)t.calcnt},
        {COUNTER, "pps_error_total", "Pulse per second count of calibration errors.",
         (double)t.errcnt},
        {COUNTER, "pps_stability_exceeded_total",
         "Pulse per second count of stability limit exceeded events.", (double)t.stbcnt},
        {GAUGE, "tai_offset_seconds", "International Atomic Time (TAI) offset.", t.tai},
        {GAUGE, "sync_status", "Is clock synchronized to a reliable server (1 = yes, 0 = no).",
         state != TIME_ERROR},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct str name = arena_printf(&c->arena, "timex_%s", rows[i].name);
        page_family_str(c, rows[i].type, name, str_from(rows[i].help));
        page_value(c, rows[i].value);
    }
}

void collect_uname(struct collect *c)
{
    struct utsname u;
    if (uname(&u) != 0) {
        collect_failed(c, "uname: %s", error_errno_text(errno));
        return;
    }
    page_family(c, GAUGE, "uname_info",
                "Labeled system information as provided by the uname system call.");
    PAGE(c, 1, L("domainname", str_from(u.domainname)), L("machine", str_from(u.machine)),
         L("nodename", str_from(u.nodename)), L("release", str_from(u.release)),
         L("sysname", str_from(u.sysname)), L("version", str_from(u.version)));
}
