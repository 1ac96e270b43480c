/* The collector bcache: one cache set a folder of /sys/fs/bcache, in it backing devices (bdevN) and
 * caches (cacheN). Numbers come as the kernel's bch_hprint writes them ("20.4G"). */

#include "base/strconv.h"
#include "components/prometheus/exporter/unix/collector.h"

struct bcache_row {
    const char *file;
    struct family family;
    double factor;
};

/* "1.5k": behind the point stand 1024ths of the unit divided by 100, so 0.1 is less than 0.10. */
static bool human_number(struct str text, double *out)
{
    static const char units[] = "kMGTPEZY";
    struct str whole;
    struct str part;
    double fraction = 0;
    double unit = 1;
    bool range;
    if (str_ends(text, STR("/sec")))
        text.len -= 4;
    if (text.len == 0)
        return false;
    const char *found = strchr(units, text.ptr[text.len - 1]);
    if (found == NULL)
        return strconv_parse_float(text, out, &range);
    for (const char *p = units; p <= found; p++)
        unit *= 1024;
    text.len--;
    if (str_cut(text, '.', &whole, &part) && !to_number(part, &fraction))
        return false;
    if (!to_number(whole, out))
        return false;
    fraction /= 10.24;
    *out += str_starts(whole, STR("-")) ? -fraction : fraction;
    *out = (double)(int64_t)(*out * unit);
    return true;
}

static bool read_human(struct collect *c, double *out, struct str folder, const char *file)
{
    struct str text = sys_text(c, "fs/bcache/%.*s/%s", STR_ARG(folder), file);
    if (text.ptr != NULL && human_number(text, out))
        return true;
    return collect_failed(c, "%.*s/%s cannot be read", STR_ARG(folder), file);
}

/* ---- a cache set ---- */
static void cache_set(struct collect *c, struct str uuid)
{
    static const struct bcache_row rows[] = {
        {"average_key_size",
         {GAUGE, "bcache_average_key_size_sectors", "Average data per key in the btree (sectors)."},
         1},
        {"btree_cache_size",
         {GAUGE, "bcache_btree_cache_size_bytes",
          "Amount of memory currently used by the btree cache."},
         1},
        {"cache_available_percent",
         {GAUGE, "bcache_cache_available_percent",
          "Percentage of cache device without dirty data, usable for writeback (may contain clean "
          "cached data)."},
         1},
        {"congested", {GAUGE, "bcache_congested", "Congestion."}, 1},
        {"root_usage_percent",
         {GAUGE, "bcache_root_usage_percent",
          "Percentage of the root btree node in use (tree depth increases if too high)."},
         1},
        {"tree_depth", {GAUGE, "bcache_tree_depth", "Depth of the btree."}, 1},
        {"internal/active_journal_entries",
         {GAUGE, "bcache_active_journal_entries",
          "Number of journal entries that are newer than the index."},
         1},
        {"internal/btree_nodes", {GAUGE, "bcache_btree_nodes", "Total nodes in the btree."}, 1},
        {"internal/btree_read_average_duration_us",
         {GAUGE, "bcache_btree_read_average_duration_seconds", "Average btree read duration."},
         1e-9},
        {"internal/cache_read_races",
         {COUNTER, "bcache_cache_read_races_total",
          "Counts instances where while data was being read from the cache, the bucket was reused "
          "and invalidated - i.e. where the pointer was stale after the read completed."},
         1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double value;
        if (read_human(c, &value, uuid, rows[i].file))
            LATER(c, &rows[i].family, value * rows[i].factor, L("uuid", uuid));
    }
}

/* ---- a backing device ---- */
static void writeback_rates(struct collect *c, struct str uuid, struct str device)
{
    static const struct bcache_row rows[] = {
        {"target",
         {GAUGE, "bcache_dirty_target_bytes",
          "Current dirty data target threshold for this backing device in bytes."},
         1},
        {"rate",
         {GAUGE, "bcache_writeback_rate",
          "Current writeback rate for this backing device in bytes."},
         1},
        {"proportional",
         {GAUGE, "bcache_writeback_rate_proportional_term",
          "Current result of proportional controller, part of writeback rate"},
         1},
        {"integral",
         {GAUGE, "bcache_writeback_rate_integral_term",
          "Current result of integral controller, part of writeback rate"},
         1},
        {"change",
         {GAUGE, "bcache_writeback_change",
          "Last writeback rate change step for this backing device."},
         1},
    };
    struct str text =
        sys_file(c, "fs/bcache/%.*s/%.*s/writeback_rate_debug", STR_ARG(uuid), STR_ARG(device));
    struct str line;
    while (next_line(&text, &line)) {
        struct str key;
        double value;
        if (!str_cut(line, ':', &key, &line) || !human_number(str_trim(line), &value))
            continue;
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            if (str_is(key, rows[i].file)) {
                LATER(c, &rows[i].family, value, L("backing_device", device), L("uuid", uuid));
            }
        }
    }
}

static void backing_device(struct collect *c, struct str uuid, struct str device)
{
    static const struct bcache_row rows[] = {
        {"dirty_data",
         {GAUGE, "bcache_dirty_data_bytes",
          "Amount of dirty data for this backing device in the cache."},
         1},
        {"stats_total/bypassed",
         {COUNTER, "bcache_bypassed_bytes_total",
          "Amount of IO (both reads and writes) that has bypassed the cache."},
         1},
        {"stats_total/cache_hits",
         {COUNTER, "bcache_cache_hits_total",
          "Hits counted per individual IO as bcache sees them."},
         1},
        {"stats_total/cache_misses",
         {COUNTER, "bcache_cache_misses_total",
          "Misses counted per individual IO as bcache sees them."},
         1},
        {"stats_total/cache_bypass_hits",
         {COUNTER, "bcache_cache_bypass_hits_total", "Hits for IO intended to skip the cache."},
         1},
        {"stats_total/cache_bypass_misses",
         {COUNTER, "bcache_cache_bypass_misses_total", "Misses for IO intended to skip the cache."},
         1},
        {"stats_total/cache_miss_collisions",
         {COUNTER, "bcache_cache_miss_collisions_total",
          "Instances where data insertion from cache miss raced with write (data already "
          "present)."},
         1},
    };
    static const struct family readaheads = {COUNTER, "bcache_cache_readaheads_total",
                                             "Count of times readahead occurred."};
    struct str folder = arena_printf(&c->arena, "%.*s/%.*s", STR_ARG(uuid), STR_ARG(device));
    double value;
    writeback_rates(c, uuid, device);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (read_human(c, &value, folder, rows[i].file))
            LATER(c, &rows[i].family, value, L("backing_device", device), L("uuid", uuid));
    }
    if (sys_number(c, &value, "fs/bcache/%.*s/stats_total/cache_readaheads", STR_ARG(folder)) &&
        value != 0) {
        LATER(c, &readaheads, value, L("backing_device", device), L("uuid", uuid));
    }
}

/* ---- a cache ---- */
static void priority_stats(struct collect *c, struct str uuid, struct str device)
{
    static const struct bcache_row rows[] = {
        {"Unused",
         {GAUGE, "bcache_priority_stats_unused_percent",
          "The percentage of the cache that doesn't contain any data."},
         1},
        {"Metadata",
         {GAUGE, "bcache_priority_stats_metadata_percent", "Bcache's metadata overhead."},
         1},
    };
    struct str text =
        sys_file(c, "fs/bcache/%.*s/%.*s/priority_stats", STR_ARG(uuid), STR_ARG(device));
    struct str line;
    while (next_line(&text, &line)) {
        struct str key;
        double value;
        if (!str_cut(line, ':', &key, &line))
            continue;
        line = str_trim(line);
        if (!str_ends(line, STR("%")) || !to_number(str_slice(line, 0, line.len - 1), &value))
            continue;
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            if (str_is(key, rows[i].file)) {
                LATER(c, &rows[i].family, value, L("cache_device", device), L("uuid", uuid));
            }
        }
    }
}

static void cache_device(struct collect *c, struct str uuid, struct str device)
{
    static const struct bcache_row rows[] = {
        {"io_errors",
         {GAUGE, "bcache_io_errors",
          "Number of errors that have occurred, decayed by io_error_halflife."},
         1},
        {"metadata_written",
         {COUNTER, "bcache_metadata_written_bytes_total",
          "Sum of all non data writes (btree writes and all other metadata)."},
         1},
        {"written",
         {COUNTER, "bcache_written_bytes_total",
          "Sum of all data that has been written to the cache."},
         1},
    };
    struct str folder = arena_printf(&c->arena, "%.*s/%.*s", STR_ARG(uuid), STR_ARG(device));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double value;
        if (read_human(c, &value, folder, rows[i].file))
            LATER(c, &rows[i].family, value, L("cache_device", device), L("uuid", uuid));
    }
    if (c->args->bcache.priority_stats)
        priority_stats(c, uuid, device);
}

/* "bdev0" for the prefix "bdev". */
static bool is_numbered(struct str name, struct str prefix)
{
    return str_starts(name, prefix) && name.len > prefix.len && name.ptr[prefix.len] >= '0' &&
           name.ptr[prefix.len] <= '9';
}

void collect_bcache(struct collect *c)
{
    struct str_list sets = list_dir(c, sys_path(c, "fs/bcache").ptr);
    for (size_t i = 0; i < sets.count; i++) {
        struct str uuid = sets.items[i];
        if (str_find_byte(uuid, '-', 0) == SIZE_MAX)
            continue;
        cache_set(c, uuid);
        struct str_list devices = list_dir(c, sys_path(c, "fs/bcache/%.*s", STR_ARG(uuid)).ptr);
        for (size_t k = 0; k < devices.count; k++) {
            if (is_numbered(devices.items[k], STR("bdev"))) {
                backing_device(c, uuid, devices.items[k]);
            } else if (is_numbered(devices.items[k], STR("cache"))) {
                cache_device(c, uuid, devices.items[k]);
            }
        }
    }
}
