/* prometheus.exporter.unix: metrics of the host, as node_exporter names them. The page is made on
 * request; owns compiled patterns only. Bounded by PAGE_MAX bytes of text and FILE_MAX bytes a
 * file. */

#include "base/strconv.h"
#include "base/world.h"
#include "components/common/exporter.h"
#include "components/prometheus/exporter/unix/collector.h"

enum { MAX_COLLECTORS = 64, ARENA_MAX = 64 * 1024 * 1024 };

struct collector {
    const char *name;
    bool is_default;
    void (*run)(struct collect *c);
};

static const struct collector collectors[] = {
#define COLLECTOR(name, is_default) {#name, is_default, collect_##name},
#include "components/prometheus/exporter/unix/collectors.def"
#undef COLLECTOR
};
enum { COLLECTOR_COUNT = sizeof collectors / sizeof *collectors };

/* ---- schema ---- */

static const struct row arp_rows[] = {
    {ATTR(struct unix_filter, device_exclude), .def = "\"\"", .doc = "Devices that are left out."},
    {ATTR(struct unix_filter, device_include), .def = "\"\"", .doc = "Devices that are taken."},
    {REFUSED("netlink", "the table is read from /proc/net/arp.")},
    {0},
};
static const struct shape arp_shape = SHAPE(struct unix_filter, arp_rows, NULL);

static const struct row disk_rows[] = {
    {ATTR(struct unix_filter, device_exclude),
     .def = "\"^(ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\\\\d+n\\\\d+p)\\\\d+$\"",
     .doc = "Devices that are left out."},
    {ATTR(struct unix_filter, device_include), .def = "\"\"", .doc = "Devices that are taken."},
    {0},
};
static const struct shape disk_shape = SHAPE(struct unix_filter, disk_rows, NULL);

#define MEMBER(name) __typeof__(MEMBER_OF(struct unix_args, name))
static const struct row cpu_rows[] = {
    {ATTR(MEMBER(cpu), bugs_include), .def = "\"\"", .doc = "Bugs that are shown."},
    {ATTR(MEMBER(cpu), guest), .def = "false", .doc = "Whether time of guests is shown."},
    {ATTR(MEMBER(cpu), info), .def = "false", .doc = "Whether facts of the processor are shown."},
    {ATTR(MEMBER(cpu), flags_include), .def = "\"\"", .doc = "Flags that are shown."},
    {0},
};
static const struct shape cpu_shape = SHAPE(MEMBER(cpu), cpu_rows, NULL);

static const struct row bcache_rows[] = {
    {ATTR(MEMBER(bcache), priority_stats), .def = "false",
     .doc = "Whether the costly priority_stats are read."},
    {0},
};
static const struct shape bcache_shape = SHAPE(MEMBER(bcache), bcache_rows, NULL);

static const struct row hwmon_rows[] = {
    {ATTR(MEMBER(hwmon), chip_exclude), .def = "\"\"", .doc = "Chips that are left out."},
    {ATTR(MEMBER(hwmon), chip_include), .def = "\"\"", .doc = "Chips that are taken."},
    {0},
};
static const struct shape hwmon_shape = SHAPE(MEMBER(hwmon), hwmon_rows, NULL);

static const struct row ipvs_rows[] = {
    {ATTR(MEMBER(ipvs), backend_labels), .def = "[]",
     .doc = "Labels of backends; none means all of them."},
    {0},
};
static const struct shape ipvs_shape = SHAPE(MEMBER(ipvs), ipvs_rows, NULL);

static const struct row powersupply_rows[] = {
    {ATTR(MEMBER(powersupply), ignored_supplies), .def = "\"^$\"",
     .doc = "Supplies that are left out."},
    {0},
};
static const struct shape powersupply_shape = SHAPE(MEMBER(powersupply), powersupply_rows, NULL);

static const struct row tapestats_rows[] = {
    {ATTR(MEMBER(tapestats), ignored_devices), .def = "\"^$\"",
     .doc = "Devices that are left out."},
    {0},
};
static const struct shape tapestats_shape = SHAPE(MEMBER(tapestats), tapestats_rows, NULL);

static const struct row filesystem_rows[] = {
    {ATTR(MEMBER(filesystem), fs_types_exclude),
     .def = "\"^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|"
            "hugetlbfs|iso9660|mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|"
            "selinuxfs|squashfs|sysfs|tracefs)$\"",
     .doc = "Types of file systems that are left out."},
    {ATTR(MEMBER(filesystem), mount_points_exclude),
     .def = "\"^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+)($|/)\"",
     .doc = "Mount points that are left out."},
    {REFUSED("mount_timeout", "file systems are asked one after the other.")},
    {0},
};
static const struct shape filesystem_shape = SHAPE(MEMBER(filesystem), filesystem_rows, NULL);

static const struct row netclass_rows[] = {
    {ATTR(MEMBER(netclass), ignore_invalid_speed_device), .def = "false",
     .doc = "Whether devices with an impossible speed are shown without it."},
    {ATTR(MEMBER(netclass), ignored_devices), .def = "\"^$\"", .doc = "Devices that are left out."},
    {0},
};
static const struct shape netclass_shape = SHAPE(MEMBER(netclass), netclass_rows, NULL);

static const struct row netdev_rows[] = {
    {REFUSED("address_info", "addresses of devices are not shown yet.")},
    {ATTR(struct unix_filter, device_exclude), .def = "\"\"", .doc = "Devices that are left out."},
    {ATTR(struct unix_filter, device_include), .def = "\"\"", .doc = "Devices that are taken."},
    {0},
};
static const struct shape netdev_shape = SHAPE(struct unix_filter, netdev_rows, NULL);

static const struct row netstat_rows[] = {
    {ATTR(MEMBER(netstat), fields),
     .def = "\"^(.*_(InErrors|InErrs)|Ip_Forwarding|Ip(6|Ext)_(InOctets|OutOctets)|"
            "Icmp6?_(InMsgs|OutMsgs)|TcpExt_(Listen.*|Syncookies.*|TCPSynRetrans|TCPTimeouts)|"
            "Tcp_(ActiveOpens|InSegs|OutSegs|OutRsts|PassiveOpens|RetransSegs|CurrEstab)|"
            "Udp6?_(InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors))$\"",
     .doc = "Fields that are shown."},
    {0},
};
static const struct shape netstat_shape = SHAPE(MEMBER(netstat), netstat_rows, NULL);

static const struct row vmstat_rows[] = {
    {ATTR(MEMBER(vmstat), fields), .def = "\"^(oom_kill|pgpg|pswp|pg.*fault).*\"",
     .doc = "Fields that are shown."},
    {0},
};
static const struct shape vmstat_shape = SHAPE(MEMBER(vmstat), vmstat_rows, NULL);

static const struct row textfile_rows[] = {
    {ATTR(MEMBER(textfile), directory), .def = "\"\"", .doc = "Folder of *.prom files."},
    {0},
};
static const struct shape textfile_shape = SHAPE(MEMBER(textfile), textfile_rows, NULL);

static const char OFF[] = "this collector is not there yet.";

static const struct row rows[] = {
    {REFUSED("include_exporter_metrics",
             "the program's own metrics are prometheus.exporter.self.")},
    {ATTR(struct unix_args, procfs_path), .def = "\"/proc\"", .doc = "Where procfs is mounted."},
    {ATTR(struct unix_args, sysfs_path), .def = "\"/sys\"", .doc = "Where sysfs is mounted."},
    {ATTR(struct unix_args, rootfs_path), .def = "\"/\"",
     .doc = "Where the host's root is mounted."},
    {ATTR(struct unix_args, udev_data_path), .def = "\"/run/udev/data\"",
     .doc = "Where udev keeps its data."},
    {ATTR(struct unix_args, enable_collectors), .def = "[]", .doc = "Collectors to run as well."},
    {ATTR(struct unix_args, disable_collectors), .def = "[]", .doc = "Collectors not to run."},
    {ATTR(struct unix_args, set_collectors), .def = "[]",
     .doc = "Collectors to run instead of the usual ones."},
    {BLOCK(struct unix_args, arp, arp_shape), .present_default = true, .doc = "The collector arp."},
    {BLOCK(struct unix_args, bcache, bcache_shape), .present_default = true,
     .doc = "The collector bcache."},
    {BLOCK(struct unix_args, cpu, cpu_shape), .present_default = true, .doc = "The collector cpu."},
    {BLOCK(struct unix_args, disk, disk_shape), .present_default = true,
     .doc = "The collector diskstats."},
    {REFUSED_BLOCK("ethtool", OFF)},
    {BLOCK(struct unix_args, filesystem, filesystem_shape), .present_default = true,
     .doc = "The collector filesystem."},
    {BLOCK(struct unix_args, hwmon, hwmon_shape), .present_default = true,
     .doc = "The collector hwmon."},
    {BLOCK(struct unix_args, ipvs, ipvs_shape), .present_default = true,
     .doc = "The collector ipvs."},
    {REFUSED_BLOCK("ntp", OFF)},
    {BLOCK(struct unix_args, netclass, netclass_shape), .present_default = true,
     .doc = "The collector netclass."},
    {BLOCK(struct unix_args, netdev, netdev_shape), .present_default = true,
     .doc = "The collector netdev."},
    {BLOCK(struct unix_args, netstat, netstat_shape), .present_default = true,
     .doc = "The collector netstat."},
    {REFUSED_BLOCK("perf", OFF)},
    {BLOCK(struct unix_args, powersupply, powersupply_shape), .present_default = true,
     .doc = "The collector powersupplyclass."},
    {REFUSED_BLOCK("runit", OFF)},
    {REFUSED_BLOCK("supervisord", OFF)},
    {REFUSED_BLOCK("sysctl", OFF)},
    {REFUSED_BLOCK("systemd", OFF)},
    {BLOCK(struct unix_args, tapestats, tapestats_shape), .present_default = true,
     .doc = "The collector tapestats."},
    {BLOCK(struct unix_args, textfile, textfile_shape), .present_default = true,
     .doc = "The collector textfile."},
    {BLOCK(struct unix_args, vmstat, vmstat_shape), .present_default = true,
     .doc = "The collector vmstat."},
    {0},
};

static const struct collector *find_collector(struct str name)
{
    for (size_t i = 0; i < COLLECTOR_COUNT; i++) {
        if (str_is(name, collectors[i].name))
            return &collectors[i];
    }
    return NULL;
}

static enum status check_names(const struct str_list *names, struct error *err)
{
    for (size_t i = 0; i < names->count; i++) {
        if (find_collector(names->items[i]) == NULL) {
            return error_set(err, STATUS_UNSUPPORTED, "collector \"%.*s\" is not there yet",
                             STR_ARG(names->items[i]));
        }
    }
    return STATUS_OK;
}

static enum status check_args(void *args, struct arena *arena, struct error *err)
{
    const struct unix_args *a = args;
    (void)arena;
    if (check_names(&a->enable_collectors, err) != STATUS_OK)
        return err->status;
    for (size_t i = 0; i < a->ipvs.backend_labels.count; i++) {
        struct str name = a->ipvs.backend_labels.items[i];
        if (name.len != 0 && !ipvs_has_label(name)) {
            return error_set(err, STATUS_INVALID, "unknown IPVS backend labels: \"%.*s\"",
                             STR_ARG(name));
        }
    }
    return check_names(&a->set_collectors, err);
}

static const struct shape args_shape = SHAPE(struct unix_args, rows, check_args);

/* ---- patterns ---- */
struct pattern_row {
    size_t text, regex; /* offsets into unix_args and unix_patterns */
};
#define PATTERN(member, target)                                                                    \
    {                                                                                              \
        offsetof(struct unix_args, member), offsetof(struct unix_patterns, target)                 \
    }
static const struct pattern_row pattern_rows[] = {
    PATTERN(arp.device_exclude, arp_exclude),
    PATTERN(arp.device_include, arp_include),
    PATTERN(disk.device_exclude, disk_exclude),
    PATTERN(disk.device_include, disk_include),
    PATTERN(netdev.device_exclude, netdev_exclude),
    PATTERN(netdev.device_include, netdev_include),
    PATTERN(filesystem.fs_types_exclude, fs_types),
    PATTERN(filesystem.mount_points_exclude, mount_points),
    PATTERN(netclass.ignored_devices, netclass),
    PATTERN(netstat.fields, netstat),
    PATTERN(vmstat.fields, vmstat),
    PATTERN(cpu.flags_include, cpu_flags),
    PATTERN(cpu.bugs_include, cpu_bugs),
    PATTERN(hwmon.chip_exclude, hwmon_exclude),
    PATTERN(hwmon.chip_include, hwmon_include),
    PATTERN(powersupply.ignored_supplies, powersupply),
    PATTERN(tapestats.ignored_devices, tapestats),
};
enum { PATTERN_COUNT = sizeof pattern_rows / sizeof *pattern_rows };

static struct regex **pattern_at(struct unix_patterns *patterns, size_t i)
{
    return (struct regex **)((char *)patterns + pattern_rows[i].regex);
}

static void release_patterns(struct unix_patterns *patterns)
{
    for (size_t i = 0; i < PATTERN_COUNT; i++) {
        struct regex **regex = pattern_at(patterns, i);
        if (*regex != NULL)
            regex_unref(*regex);
        *regex = NULL;
    }
}

static enum status compile_patterns(const struct unix_args *args, struct unix_patterns *out,
                                    struct error *err)
{
    *out = (struct unix_patterns){0};
    for (size_t i = 0; i < PATTERN_COUNT; i++) {
        const struct str *text = (const struct str *)((const char *)args + pattern_rows[i].text);
        if (text->len == 0)
            continue;
        *pattern_at(out, i) = regex_new(*text, REGEX_SEARCH, err);
        if (*pattern_at(out, i) == NULL) {
            release_patterns(out);
            return err->status;
        }
    }
    return STATUS_OK;
}

/* ---- the component ---- */
struct exporter {
    struct component_host *host;
    const struct unix_args *args;
    struct unix_patterns patterns;
};

static bool contains(const struct str_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (str_is(list->items[i], name))
            return true;
    }
    return false;
}

static bool is_on(const struct unix_args *args, const struct collector *c)
{
    bool on =
        args->set_collectors.count != 0 ? contains(&args->set_collectors, c->name) : c->is_default;
    if (contains(&args->enable_collectors, c->name))
        on = true;
    return on && !contains(&args->disable_collectors, c->name);
}

struct outcome {
    const char *name;
    double seconds;
    bool ok;
};

static void run_collector(struct exporter *x, const struct collector *c, struct page *page,
                          struct outcome *outcome)
{
    struct collect run = {.args = x->args, .patterns = &x->patterns, .page = page};
    int64_t begin = world_monotonic_ns();
    size_t len = page->text.len;
    arena_init(&run.arena, NULL, ARENA_MAX);
    c->run(&run);
    page_flush(&run);
    arena_release(&run.arena);
    if (run.err.status != STATUS_OK && page->text.len == len) {
        LOG(host_log(x->host), LOG_DEBUG, "collector failed", LOG_C("name", c->name),
            LOG_C("err", run.err.message));
    }
    outcome->name = c->name;
    outcome->ok = run.err.status == STATUS_OK;
    outcome->seconds = (double)(world_monotonic_ns() - begin) / 1e9;
}

static void write_outcomes(struct page *page, const struct outcome *outcomes, size_t count)
{
    struct collect c = {.page = page};
    arena_init(&c.arena, NULL, ARENA_MAX);
    page_family(&c, GAUGE, "scrape_collector_duration_seconds",
                "node_exporter: Duration of a collector scrape.");
    for (size_t i = 0; i < count; i++) {
        PAGE(&c, outcomes[i].seconds, L("collector", str_from(outcomes[i].name)));
    }
    page_family(&c, GAUGE, "scrape_collector_success",
                "node_exporter: Whether a collector succeeded.");
    for (size_t i = 0; i < count; i++) {
        PAGE(&c, outcomes[i].ok, L("collector", str_from(outcomes[i].name)));
    }
    page_family(&c, GAUGE, "exporter_build_info",
                "A metric with a constant '1' value labeled by version, revision, branch, "
                "goversion from which node_exporter was built, and the goos and goarch for the "
                "build.");
    PAGE(&c, 1, L("branch", STR("")), L("goarch", STR("amd64")), L("goos", STR("linux")),
         L("goversion", STR("none")), L("revision", STR("unknown")), L("tags", STR("unknown")),
         L("version", STR(INVAR_VERSION)));
    arena_release(&c.arena);
}

static void serve(void *self, struct http_exchange *exchange, struct str rest)
{
    struct exporter *x = self;
    struct outcome outcomes[MAX_COLLECTORS];
    struct page page;
    size_t count = 0;
    if (!str_is(rest, "metrics")) {
        http_reply_text(exchange, 404, STR("404 page not found\n"));
        return;
    }
    buf_init(&page.text, NULL, PAGE_MAX);
    for (size_t i = 0; i < COLLECTOR_COUNT && count < MAX_COLLECTORS; i++) {
        if (is_on(x->args, &collectors[i])) {
            run_collector(x, &collectors[i], &page, &outcomes[count++]);
        }
    }
    write_outcomes(&page, outcomes, count);
    const struct http_header type = {STR("Content-Type"),
                                     STR("text/plain; version=0.0.4; charset=utf-8")};
    http_reply(exchange, 200, &type, 1, buf_view(&page.text));
    buf_release(&page.text);
}

static enum status build(void *self, struct component_host *host, const void *args,
                         struct error *err)
{
    struct exporter *x = self;
    char name[256];
    x->host = host;
    x->args = args;
    if (compile_patterns(args, &x->patterns, err) != STATUS_OK)
        return err->status;
    exporter_publish(host, "unix", exporter_hostname(name));
    return STATUS_OK;
}

static enum status update(void *self, const void *args, const void *old_args, struct error *err)
{
    struct exporter *x = self;
    struct unix_patterns patterns;
    (void)old_args;
    if (compile_patterns(args, &patterns, err) != STATUS_OK)
        return err->status;
    release_patterns(&x->patterns);
    x->patterns = patterns;
    x->args = args;
    return STATUS_OK;
}

static void release(void *self)
{
    struct exporter *x = self;
    release_patterns(&x->patterns);
}

const struct component_def prometheus_exporter_unix = {
    .name = "prometheus.exporter.unix",
    .summary = "Exposes metrics of the host.",
    .stability = STABILITY_GA,
    .args = &args_shape,
    .exports = &exporter_exports_shape,
    .size = sizeof(struct exporter),
    .build = build,
    .update = update,
    .release = release,
    .http = serve,
};
