/* Collectors of disks and file systems: diskstats, filesystem. */

#include "components/prometheus/exporter/unix/collector.h"

#include <sys/statvfs.h>

enum { MAX_MOUNTS = 4096, DISK_FIELDS = 17 };

/* ---- diskstats ---- */
static struct str udev_field(struct str text, const char *key)
{
    struct str line;
    while (next_line(&text, &line)) {
        struct str name;
        struct str value;
        if (!str_starts(line, STR("E:")))
            continue;
        str_cut(str_slice(line, 2, line.len), '=', &name, &value);
        if (str_is(name, key))
            return value;
    }
    return STR("");
}

struct disk {
    struct str major, minor, device, udev;
    double values[DISK_FIELDS];
    size_t count;
};

struct disks {
    struct disk *items;
    size_t count;
};

static struct str read_udev(struct collect *c, const struct disk *d)
{
    struct error kept = c->err;
    const char *path = arena_printf(&c->arena, "%.*s/b%.*s:%.*s", STR_ARG(c->args->udev_data_path),
                                    STR_ARG(d->major), STR_ARG(d->minor))
                           .ptr;
    struct str text = any_file(c, path);
    c->err = kept;
    return text;
}

static struct disks read_disks(struct collect *c, struct str text)
{
    struct disks disks = {ARENA_ARRAY(&c->arena, MAX_MOUNTS, struct disk), 0};
    struct str line;
    while (disks.count < MAX_MOUNTS && next_line(&text, &line)) {
        struct disk *d = &disks.items[disks.count];
        struct str word;
        next_word(&line, &d->major);
        next_word(&line, &d->minor);
        next_word(&line, &d->device);
        if (!passes(c->patterns->disk_exclude, c->patterns->disk_include, d->device))
            continue;
        while (d->count < DISK_FIELDS && next_word(&line, &word)) {
            to_number(word, &d->values[d->count++]);
        }
        d->udev = read_udev(c, d);
        disks.count++;
    }
    return disks;
}

static void disk_infos(struct collect *c, const struct disks *disks)
{
    page_family(c, GAUGE, "disk_info", "Info of /sys/block/<block_device>.");
    for (size_t i = 0; i < disks->count; i++) {
        const struct disk *d = &disks->items[i];
        struct str serial = udev_field(d->udev, "SCSI_IDENT_SERIAL");
        if (serial.len == 0)
            serial = udev_field(d->udev, "ID_SERIAL_SHORT");
        PAGE(c, 1, L("device", d->device), L("major", d->major), L("minor", d->minor),
             L("model", udev_field(d->udev, "ID_MODEL")), L("path", udev_field(d->udev, "ID_PATH")),
             L("revision", udev_field(d->udev, "ID_REVISION")), L("serial", serial),
             L("wwn", udev_field(d->udev, "ID_WWN")));
    }
}

struct disk_info_row {
    const char *label, *key;
};

/* A family of devices that have the first of the keys. */
static void disk_family(struct collect *c, const struct disks *disks, const char *name,
                        const char *help, const struct disk_info_row *rows, size_t count)
{
    bool is_begun = false;
    for (size_t i = 0; i < disks->count; i++) {
        const struct disk *d = &disks->items[i];
        struct label labels[16];
        if (udev_field(d->udev, rows[0].key).len == 0)
            continue;
        if (!is_begun)
            page_family(c, GAUGE, name, help);
        is_begun = true;
        labels[0] = (struct label){STR("device"), d->device};
        for (size_t k = 0; k < count; k++) {
            labels[k + 1] =
                (struct label){str_from(rows[k].label), udev_field(d->udev, rows[k].key)};
        }
        page_sample(c, labels, count + 1, 1);
    }
}

static void disk_udev_infos(struct collect *c, const struct disks *disks)
{
    static const struct disk_info_row fs[] = {{"type", "ID_FS_TYPE"},
                                              {"usage", "ID_FS_USAGE"},
                                              {"uuid", "ID_FS_UUID"},
                                              {"version", "ID_FS_VERSION"}};
    static const struct disk_info_row dm[] = {{"name", "DM_NAME"},
                                              {"uuid", "DM_UUID"},
                                              {"vg_name", "DM_VG_NAME"},
                                              {"lv_name", "DM_LV_NAME"},
                                              {"lv_layer", "DM_LV_LAYER"}};
    disk_family(c, disks, "disk_filesystem_info", "Info about disk filesystem.", fs, 4);
    disk_family(c, disks, "disk_device_mapper_info", "Info about disk device mapper.", dm, 5);
}

void collect_diskstats(struct collect *c)
{
    static const struct {
        const char *name, *help;
        int type;
        double factor;
    } fields[DISK_FIELDS] = {
        {"reads_completed_total", "The total number of reads completed successfully.", COUNTER, 1},
        {"reads_merged_total", "The total number of reads merged.", COUNTER, 1},
        {"read_bytes_total", "The total number of bytes read successfully.", COUNTER, 512},
        {"read_time_seconds_total", "The total number of seconds spent by all reads.", COUNTER,
         0.001},
        {"writes_completed_total", "The total number of writes completed successfully.", COUNTER,
         1},
        {"writes_merged_total", "The number of writes merged.", COUNTER, 1},
        {"written_bytes_total", "The total number of bytes written successfully.", COUNTER, 512},
        {"write_time_seconds_total", "This is the total number of seconds spent by all writes.",
         COUNTER, 0.001},
        {"io_now", "The number of I/Os currently in progress.", GAUGE, 1},
        {"io_time_seconds_total", "Total seconds spent doing I/Os.", COUNTER, 0.001},
        {"io_time_weighted_seconds_total", "The weighted # of seconds spent doing I/Os.", COUNTER,
         0.001},
        {"discards_completed_total", "The total number of discards completed successfully.",
         COUNTER, 1},
        {"discards_merged_total", "The total number of discards merged.", COUNTER, 1},
        {"discarded_sectors_total", "The total number of sectors discarded successfully.", COUNTER,
         1},
        {"discard_time_seconds_total", "This is the total number of seconds spent by all discards.",
         COUNTER, 0.001},
        {"flush_requests_total", "The total number of flush requests completed successfully",
         COUNTER, 1},
        {"flush_requests_time_seconds_total",
         "This is the total number of seconds spent by all flush requests.", COUNTER, 0.001},
    };
    struct str text = proc_file(c, "diskstats");
    if (text.ptr == NULL)
        return;
    struct disks disks = read_disks(c, text);
    disk_infos(c, &disks);
    disk_udev_infos(c, &disks);
    for (size_t i = 0; i < DISK_FIELDS; i++) {
        bool is_begun = false;
        for (size_t k = 0; k < disks.count; k++) {
            const struct disk *d = &disks.items[k];
            if (d->count <= i)
                continue;
            if (!is_begun) {
                page_family_str(c, fields[i].type,
                                arena_printf(&c->arena, "disk_%s", fields[i].name),
                                str_from(fields[i].help));
            }
            is_begun = true;
            PAGE(c, d->values[i] * fields[i].factor, L("device", d->device));
        }
    }
}

/* ---- filesystem ---- */
struct mount {
    struct str device, point, type;
    struct statvfs stat;
    bool is_readonly, failed;
};

struct mounts {
    struct mount *items;
    size_t count;
};

/* Blanks and the like are written as octal escapes. */
static struct str unescape(struct collect *c, struct str text)
{
    struct str copy = arena_str(&c->arena, text);
    char *p = (char *)copy.ptr;
    size_t n = 0;
    for (size_t i = 0; i < copy.len; i++) {
        bool is_octal = p[i] == '\\' && i + 3 < copy.len && p[i + 1] >= '0' && p[i + 1] <= '3';
        if (is_octal) {
            p[n++] = (char)((p[i + 1] - '0') * 64 + (p[i + 2] - '0') * 8 + (p[i + 3] - '0'));
            i += 3;
        } else {
            p[n++] = p[i];
        }
    }
    copy.len = n;
    return copy;
}

static bool has_option(struct str options, const char *name)
{
    struct str option;
    bool more = true;
    while (more) {
        more = str_cut(options, ',', &option, &options);
        if (str_is(option, name))
            return true;
    }
    return false;
}

static bool is_seen(const struct mounts *mounts, const struct mount *m)
{
    for (size_t i = 0; i < mounts->count; i++) {
        if (str_eq(mounts->items[i].device, m->device) &&
            str_eq(mounts->items[i].point, m->point) && str_eq(mounts->items[i].type, m->type)) {
            return true;
        }
    }
    return false;
}

static bool read_mount(struct collect *c, struct str line, struct mount *m)
{
    struct str options;
    struct str root = c->args->rootfs_path;
    if (!next_word(&line, &m->device) || !next_word(&line, &m->point) ||
        !next_word(&line, &m->type) || !next_word(&line, &options)) {
        return false;
    }
    m->device = unescape(c, m->device);
    m->point = unescape(c, m->point);
    if (!str_is(root, "/") && str_starts(m->point, root)) {
        m->point = str_slice(m->point, root.len, m->point.len);
        if (m->point.len == 0)
            m->point = STR("/");
    }
    if (regex_match(c->patterns->mount_points, m->point) ||
        regex_match(c->patterns->fs_types, m->type)) {
        return false;
    }
    m->is_readonly = has_option(options, "ro");
    return true;
}

static void stat_mount(struct collect *c, struct mount *m)
{
    struct str root = c->args->rootfs_path;
    if (str_ends(root, STR("/")))
        root.len--;
    const char *path = arena_printf(&c->arena, "%.*s%.*s", STR_ARG(root), STR_ARG(m->point)).ptr;
    m->failed = statvfs(path, &m->stat) != 0;
}

static void mount_family(struct collect *c, const struct mounts *mounts, const char *name,
                         const char *help, double (*value)(const struct mount *m))
{
    bool always = strstr(name, "error") != NULL;
    page_family(c, GAUGE, name, help);
    for (size_t i = 0; i < mounts->count; i++) {
        const struct mount *m = &mounts->items[i];
        if (m->failed && !always)
            continue;
        PAGE(c, value(m), L("device", m->device), L("fstype", m->type), L("mountpoint", m->point));
    }
}

static double fs_avail(const struct mount *m)
{
    return (double)m->stat.f_bavail * (double)m->stat.f_frsize;
}

static double fs_error(const struct mount *m)
{
    return m->failed;
}

static double fs_files(const struct mount *m)
{
    return (double)m->stat.f_files;
}

static double fs_files_free(const struct mount *m)
{
    return (double)m->stat.f_ffree;
}

static double fs_free(const struct mount *m)
{
    return (double)m->stat.f_bfree * (double)m->stat.f_frsize;
}

static double fs_readonly(const struct mount *m)
{
    return m->is_readonly;
}

static double fs_size(const struct mount *m)
{
    return (double)m->stat.f_blocks * (double)m->stat.f_frsize;
}

void collect_filesystem(struct collect *c)
{
    struct str text = proc_file(c, "1/mounts");
    struct str line;
    if (text.ptr == NULL) {
        error_clear(&c->err);
        text = proc_file(c, "mounts");
    }
    struct mounts mounts = {ARENA_ARRAY(&c->arena, MAX_MOUNTS, struct mount), 0};
    while (mounts.count < MAX_MOUNTS && next_line(&text, &line)) {
        struct mount *m = &mounts.items[mounts.count];
        if (!read_mount(c, line, m) || is_seen(&mounts, m))
            continue;
        stat_mount(c, m);
        mounts.count++;
    }
    if (c->err.status != STATUS_OK)
        return;
    mount_family(c, &mounts, "filesystem_avail_bytes",
                 "Filesystem space available to non-root users in bytes.", fs_avail);
    mount_family(c, &mounts, "filesystem_device_error",
                 "Whether an error occurred while getting statistics for the given device.",
                 fs_error);
    mount_family(c, &mounts, "filesystem_files", "Filesystem total file nodes.", fs_files);
    mount_family(c, &mounts, "filesystem_files_free", "Filesystem total free file nodes.",
                 fs_files_free);
    mount_family(c, &mounts, "filesystem_free_bytes", "Filesystem free space in bytes.", fs_free);
    mount_family(c, &mounts, "filesystem_readonly", "Filesystem read-only status.", fs_readonly);
    mount_family(c, &mounts, "filesystem_size_bytes", "Filesystem size in bytes.", fs_size);
}
