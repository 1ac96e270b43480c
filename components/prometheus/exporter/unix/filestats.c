/* Collectors of single kinds of file systems below /sys/fs: btrfs, xfs. */

#include "components/prometheus/exporter/unix/collector.h"

/* ---- btrfs ---- */
/* Bytes on disk for a byte of data, by layout; 0 = not known. */
static double layout_ratio(struct str layout, double devices)
{
    static const struct {
        const char *name;
        double copies, parity;
    } rows[] = {
        {"single", 1, 0}, {"raid0", 1, 0},   {"dup", 2, 0},     {"raid1", 2, 0}, {"raid10", 2, 0},
        {"raid5", 1, 1},  {"raid1c3", 3, 0}, {"raid1c4", 4, 0}, {"raid6", 1, 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (str_is(layout, rows[i].name)) {
            bool has_parity = rows[i].parity != 0 && devices > rows[i].parity;
            return has_parity ? devices / (devices - rows[i].parity) : rows[i].copies;
        }
    }
    return 0;
}

static void btrfs_layouts(struct collect *c, struct str uuid, struct str type, double devices)
{
    static const struct family used = {GAUGE, "btrfs_used_bytes",
                                       "Amount of used space by a layout/data type"};
    static const struct family size = {GAUGE, "btrfs_size_bytes",
                                       "Amount of space allocated for a layout/data type"};
    static const struct family ratio = {GAUGE, "btrfs_allocation_ratio",
                                        "Data allocation ratio for a layout/data type"};
    struct str folder =
        arena_printf(&c->arena, "fs/btrfs/%.*s/allocation/%.*s", STR_ARG(uuid), STR_ARG(type));
    struct str_list names = list_dir(c, sys_path(c, "%s", folder.ptr).ptr);
    for (size_t i = 0; i < names.count; i++) {
        struct str mode = names.items[i];
        double total;
        double in_use;
        double factor = layout_ratio(mode, devices);
        if (!sys_number(c, &total, "%s/%.*s/total_bytes", folder.ptr, STR_ARG(mode)) ||
            !sys_number(c, &in_use, "%s/%.*s/used_bytes", folder.ptr, STR_ARG(mode))) {
            continue;
        }
        const struct label labels[] = {L("block_group_type", type), L("mode", mode),
                                       L("uuid", uuid)};
        page_later(c, &used, labels, 3, in_use);
        page_later(c, &size, labels, 3, total);
        if (factor != 0)
            page_later(c, &ratio, labels, 3, factor);
    }
}

static void btrfs_one(struct collect *c, struct str uuid)
{
    static const struct family info = {GAUGE, "btrfs_info", "Filesystem information"};
    static const struct family global = {GAUGE, "btrfs_global_rsv_size_bytes",
                                         "Size of global reserve."};
    static const struct family reserved = {GAUGE, "btrfs_reserved_bytes",
                                           "Amount of space reserved for a data type"};
    static const struct family device_size = {GAUGE, "btrfs_device_size_bytes",
                                              "Size of a device that is part of the filesystem."};
    static const char *const types[] = {"data", "metadata", "system"};
    struct str_list devices = list_dir(c, sys_path(c, "fs/btrfs/%.*s/devices", STR_ARG(uuid)).ptr);
    double value;
    LATER(c, &info, 1, L("label", sys_label(c, "fs/btrfs/%.*s/label", STR_ARG(uuid))),
          L("uuid", uuid));
    if (sys_number(c, &value, "fs/btrfs/%.*s/allocation/global_rsv_size", STR_ARG(uuid)))
        LATER(c, &global, value, L("uuid", uuid));
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct str type = str_from(types[i]);
        if (sys_number(c, &value, "fs/btrfs/%.*s/allocation/%s/bytes_reserved", STR_ARG(uuid),
                       types[i])) {
            LATER(c, &reserved, value, L("block_group_type", type), L("uuid", uuid));
        }
        btrfs_layouts(c, uuid, type, (double)devices.count);
    }
    for (size_t i = 0; i < devices.count; i++) {
        if (sys_number(c, &value, "fs/btrfs/%.*s/devices/%.*s/size", STR_ARG(uuid),
                       STR_ARG(devices.items[i]))) {
            LATER(c, &device_size, value * 512, L("device", devices.items[i]), L("uuid", uuid));
        }
    }
}

void collect_btrfs(struct collect *c)
{
    struct str_list names = list_dir(c, sys_path(c, "fs/btrfs").ptr);
    for (size_t i = 0; i < names.count; i++) {
        if (str_find_byte(names.items[i], '-', 0) != SIZE_MAX)
            btrfs_one(c, names.items[i]);
    }
}

/* ---- xfs: a line of "stats" is a name and columns ---- */
struct xfs_row {
    const char *line;
    size_t column;
    struct family family;
};

static const struct xfs_row xfs_rows[] = {
    {"extent_alloc",
     0,
     {COUNTER, "xfs_extent_allocation_extents_allocated_total",
      "Number of extents allocated for a filesystem."}},
    {"extent_alloc",
     1,
     {COUNTER, "xfs_extent_allocation_blocks_allocated_total",
      "Number of blocks allocated for a filesystem."}},
    {"extent_alloc",
     2,
     {COUNTER, "xfs_extent_allocation_extents_freed_total",
      "Number of extents freed for a filesystem."}},
    {"extent_alloc",
     3,
     {COUNTER, "xfs_extent_allocation_blocks_freed_total",
      "Number of blocks freed for a filesystem."}},
    {"abt",
     0,
     {COUNTER, "xfs_allocation_btree_lookups_total",
      "Number of allocation B-tree lookups for a filesystem."}},
    {"abt",
     1,
     {COUNTER, "xfs_allocation_btree_compares_total",
      "Number of allocation B-tree compares for a filesystem."}},
    {"abt",
     2,
     {COUNTER, "xfs_allocation_btree_records_inserted_total",
      "Number of allocation B-tree records inserted for a filesystem."}},
    {"abt",
     3,
     {COUNTER, "xfs_allocation_btree_records_deleted_total",
      "Number of allocation B-tree records deleted for a filesystem."}},
    {"blk_map",
     0,
     {COUNTER, "xfs_block_mapping_reads_total",
      "Number of block map for read operations for a filesystem."}},
    {"blk_map",
     1,
     {COUNTER, "xfs_block_mapping_writes_total",
      "Number of block map for write operations for a filesystem."}},
    {"blk_map",
     2,
     {COUNTER, "xfs_block_mapping_unmaps_total",
      "Number of block unmaps (deletes) for a filesystem."}},
    {"blk_map",
     3,
     {COUNTER, "xfs_block_mapping_extent_list_insertions_total",
      "Number of extent list insertions for a filesystem."}},
    {"blk_map",
     4,
     {COUNTER, "xfs_block_mapping_extent_list_deletions_total",
      "Number of extent list deletions for a filesystem."}},
    {"blk_map",
     5,
     {COUNTER, "xfs_block_mapping_extent_list_lookups_total",
      "Number of extent list lookups for a filesystem."}},
    {"blk_map",
     6,
     {COUNTER, "xfs_block_mapping_extent_list_compares_total",
      "Number of extent list compares for a filesystem."}},
    {"bmbt",
     0,
     {COUNTER, "xfs_block_map_btree_lookups_total",
      "Number of block map B-tree lookups for a filesystem."}},
    {"bmbt",
     1,
     {COUNTER, "xfs_block_map_btree_compares_total",
      "Number of block map B-tree compares for a filesystem."}},
    {"bmbt",
     2,
     {COUNTER, "xfs_block_map_btree_records_inserted_total",
      "Number of block map B-tree records inserted for a filesystem."}},
    {"bmbt",
     3,
     {COUNTER, "xfs_block_map_btree_records_deleted_total",
      "Number of block map B-tree records deleted for a filesystem."}},
    {"dir",
     0,
     {COUNTER, "xfs_directory_operation_lookup_total",
      "Number of file name directory lookups which miss the operating systems directory name "
      "lookup cache."}},
    {"dir",
     1,
     {COUNTER, "xfs_directory_operation_create_total",
      "Number of times a new directory entry was created for a filesystem."}},
    {"dir",
     2,
     {COUNTER, "xfs_directory_operation_remove_total",
      "Number of times an existing directory entry was created for a filesystem."}},
    {"dir",
     3,
     {COUNTER, "xfs_directory_operation_getdents_total",
      "Number of times the directory getdents operation was performed for a filesystem."}},
    {"ig",
     0,
     {COUNTER, "xfs_inode_operation_attempts_total",
      "Number of times the OS looked for an XFS inode in the inode cache."}},
    {"ig",
     1,
     {COUNTER, "xfs_inode_operation_found_total",
      "Number of times the OS looked for and found an XFS inode in the inode cache."}},
    {"ig",
     2,
     {COUNTER, "xfs_inode_operation_recycled_total",
      "Number of times the OS found an XFS inode in the cache, but could not use it as it was "
      "being recycled."}},
    {"ig",
     3,
     {COUNTER, "xfs_inode_operation_missed_total",
      "Number of times the OS looked for an XFS inode in the cache, but did not find it."}},
    {"ig",
     4,
     {COUNTER, "xfs_inode_operation_duplicates_total",
      "Number of times the OS tried to add a missing XFS inode to the inode cache, but found it "
      "had already been added by another process."}},
    {"ig",
     5,
     {COUNTER, "xfs_inode_operation_reclaims_total",
      "Number of times the OS reclaimed an XFS inode from the inode cache to free memory for "
      "another purpose."}},
    {"ig",
     6,
     {COUNTER, "xfs_inode_operation_attribute_changes_total",
      "Number of times the OS explicitly changed the attributes of an XFS inode."}},
    {"rw",
     1,
     {COUNTER, "xfs_read_calls_total",
      "Number of read(2) system calls made to files in a filesystem."}},
    {"rw",
     0,
     {COUNTER, "xfs_write_calls_total",
      "Number of write(2) system calls made to files in a filesystem."}},
    {"vnodes",
     0,
     {COUNTER, "xfs_vnode_active_total", "Number of vnodes not on free lists for a filesystem."}},
    {"vnodes",
     1,
     {COUNTER, "xfs_vnode_allocate_total", "Number of times vn_alloc called for a filesystem."}},
    {"vnodes",
     2,
     {COUNTER, "xfs_vnode_get_total", "Number of times vn_get called for a filesystem."}},
    {"vnodes",
     3,
     {COUNTER, "xfs_vnode_hold_total", "Number of times vn_hold called for a filesystem."}},
    {"vnodes",
     4,
     {COUNTER, "xfs_vnode_release_total", "Number of times vn_rele called for a filesystem."}},
    {"vnodes",
     5,
     {COUNTER, "xfs_vnode_reclaim_total", "Number of times vn_reclaim called for a filesystem."}},
    {"vnodes",
     6,
     {COUNTER, "xfs_vnode_remove_total", "Number of times vn_remove called for a filesystem."}},
};

static void xfs_line(struct collect *c, struct str device, struct str name, struct str values)
{
    double value;
    for (size_t column = 0; values.len != 0; column++) {
        struct str word;
        if (!next_word(&values, &word))
            break;
        if (!to_number(word, &value)) {
            collect_failed(c, "stats of %.*s: no number", STR_ARG(device));
            return;
        }
        for (size_t i = 0; i < sizeof xfs_rows / sizeof *xfs_rows; i++) {
            if (xfs_rows[i].column == column && str_is(name, xfs_rows[i].line))
                LATER(c, &xfs_rows[i].family, value, L("device", device));
        }
    }
}

void collect_xfs(struct collect *c)
{
    struct str_list names = list_dir(c, sys_path(c, "fs/xfs").ptr);
    for (size_t i = 0; i < names.count; i++) {
        struct str text = sys_text(c, "fs/xfs/%.*s/stats/stats", STR_ARG(names.items[i]));
        struct str line;
        while (next_line(&text, &line)) {
            struct str name;
            if (next_word(&line, &name))
                xfs_line(c, names.items[i], name, line);
        }
    }
}
