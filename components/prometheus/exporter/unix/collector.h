#ifndef COMPONENTS_PROMETHEUS_EXPORTER_UNIX_COLLECTOR_H
#define COMPONENTS_PROMETHEUS_EXPORTER_UNIX_COLLECTOR_H

/* The collectors of prometheus.exporter.unix: one table (collectors.def), a function each, named
 * and shaped as node_exporter 1.6.1 does. A collector reads files below /proc and /sys through the
 * door to the world and writes families to the page. Everything runs on the component's loop; files
 * are read whole, at most FILE_MAX bytes. */

#include "base/arena.h"
#include "base/regex.h"
#include "compiler/schema.h"
#include "runtime/telemetry/labels.h"

enum { FILE_MAX = 4 * 1024 * 1024, PAGE_MAX = 64 * 1024 * 1024 };

/* ---- arguments ---- */
struct unix_filter { /* empty pattern = nothing excluded, everything included */
    struct str device_exclude, device_include;
};

struct unix_args {
    bool include_exporter_metrics;
    struct str procfs_path, sysfs_path, rootfs_path, udev_data_path;
    struct str_list enable_collectors, disable_collectors, set_collectors;
    struct unix_filter arp, disk, netdev;
    struct {
        bool guest, info;
        struct str bugs_include, flags_include;
    } cpu;
    struct {
        struct str fs_types_exclude, mount_points_exclude;
        struct duration mount_timeout;
    } filesystem;
    struct {
        struct str chip_exclude, chip_include;
    } hwmon;
    struct {
        bool ignore_invalid_speed_device;
        struct str ignored_devices;
    } netclass;
    struct {
        struct str fields;
    } netstat, vmstat;
    struct {
        struct str ignored_supplies;
    } powersupply;
    struct {
        struct str ignored_devices;
    } tapestats;
    struct {
        struct str directory;
    } textfile;
    struct {
        struct str_list backend_labels;
    } ipvs;
    struct {
        bool priority_stats;
    } bcache;
};

/* Patterns compiled once per configuration; NULL = not given. */
struct unix_patterns {
    struct regex *arp_exclude, *arp_include, *disk_exclude, *disk_include, *netdev_exclude,
        *netdev_include, *fs_types, *mount_points, *netclass, *netstat, *vmstat, *powersupply,
        *hwmon_exclude, *hwmon_include, *cpu_flags, *cpu_bugs, *tapestats;
};

/* ---- the page ---- */
struct page {
    struct buf text;
    struct str family;
};

enum { GAUGE, COUNTER, UNTYPED };

struct family {
    int type;
    const char *name, *help; /* name without "node_" */
};

struct later {
    struct later_sample *items; /* in the arena */
    size_t count, cap;
};

struct collect {
    const struct unix_args *args;
    const struct unix_patterns *patterns;
    struct page *page;
    struct arena arena; /* scratch of one collector */
    struct error err;   /* set when it failed */
    struct later later;
};

/* Begins a family; its samples follow. `name` without "node_". Empty families are not written. */
void page_family(struct collect *c, int type, const char *name, const char *help);
/* A name made at run time. */
void page_family_str(struct collect *c, int type, struct str name, struct str help);
void page_value(struct collect *c, double value); /* no labels */
void page_sample(struct collect *c, const struct label *labels, size_t count, double value);
#define PAGE(c, value, ...)                                                                        \
    page_sample((c), (const struct label[]){__VA_ARGS__},                                          \
                sizeof((const struct label[]){__VA_ARGS__}) / sizeof(struct label), (value))
#define L(name, text)                                                                              \
    {                                                                                              \
        STR_INIT(name), (text)                                                                     \
    }
/* A family of one sample. */
void page_one(struct collect *c, int type, const char *name, const char *help, double value);

/* ---- samples in any order ---- */
/* For collectors that go device by device: a sample is kept, its texts with it (names and helps of
 * families must live as long as the arena), and page_flush writes them family by family. At most
 * LATER_MAX samples a collector, then it fails. */
enum { LATER_MAX = 131072 };
void page_later(struct collect *c, const struct family *family, const struct label *labels,
                size_t count, double value);
#define LATER(c, family, value, ...)                                                               \
    page_later((c), (family), (const struct label[]){__VA_ARGS__},                                 \
               sizeof((const struct label[]){__VA_ARGS__}) / sizeof(struct label), (value))
void page_flush(struct collect *c);

/* ---- files ---- */
/* Below procfs_path or sysfs_path: "net/dev". NULL ptr and c->err when it cannot be read. */
struct str proc_file(struct collect *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct str sys_file(struct collect *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The same without an error: NULL ptr when it is not there. Trimmed. */
struct str sys_text(struct collect *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool sys_number(struct collect *c, double *out, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A label's text: "" when the file is not there. */
struct str sys_label(struct collect *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The names in a folder below sysfs_path; without the folder the collector has no data and fails.
 */
bool sys_dir(struct collect *c, struct str_list *out, const char *path);
struct str any_file(struct collect *c, const char *path); /* an absolute path, with an error */
bool file_exists(struct collect *c, const char *path);
/* Names in a folder, sorted; in the arena. Empty when it cannot be read. */
struct str_list list_dir(struct collect *c, const char *path);
struct str sys_path(struct collect *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- text ---- */
/* Cuts the next word off (blanks and tabs); false at the end. */
bool next_word(struct str *rest, struct str *word);
bool next_line(struct str *rest, struct str *line);
/* A number in decimal, 0x… or floating point; false if it is none. */
bool to_number(struct str text, double *out);
/* The value of the next word, 0 when there is none. */
double next_number(struct str *rest);
/* Letters and digits stay, the rest becomes '_'. In the arena. */
struct str metric_name(struct collect *c, struct str text);
/* Bytes that are no UTF-8 become U+FFFD, one for a run of them. */
struct str valid_text(struct collect *c, struct str text);
/* Whether a name passes an exclude and an include pattern. */
bool passes(const struct regex *exclude, const struct regex *include, struct str name);

bool collect_failed(struct collect *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether backend_labels may name it. */
bool ipvs_has_label(struct str name);

#define COLLECTOR(name, is_default) void collect_##name(struct collect *c);
#include "components/prometheus/exporter/unix/collectors.def"
#undef COLLECTOR

#endif
