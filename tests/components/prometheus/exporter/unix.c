/* Collectors of prometheus.exporter.unix on a small tree of /proc and /sys: what they write, what
 * they do without their source, and with one that is broken. */
#include "components/prometheus/exporter/unix/collector.h"
#include "tests/support/test.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct tree {
    char path[64];
    struct unix_args args;
    struct unix_patterns patterns;
    char proc[96], sys[96];
};

static void tree_init(struct tree *t)
{
    *t = (struct tree){.path = "/tmp/invar-unix-XXXXXX"};
    cr_assert_not_null(mkdtemp(t->path));
    (void)snprintf(t->proc, sizeof t->proc, "%s/proc", t->path);
    (void)snprintf(t->sys, sizeof t->sys, "%s/sys", t->path);
    t->args.procfs_path = str_from(t->proc);
    t->args.sysfs_path = str_from(t->sys);
    t->args.rootfs_path = str_from(t->path);
}

/* Folders on the way to a path are made. */
static void make_folders(char *path)
{
    for (char *p = path + 1; *p != '\0'; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        mkdir(path, 0755);
        *p = '/';
    }
}

static void put(const struct tree *t, const char *name, const char *text)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", t->path, name);
    make_folders(path);
    FILE *f = fopen(path, "w");
    cr_assert_not_null(f, "%s", path);
    (void)fputs(text, f);
    (void)fclose(f);
}

static void put_link(const struct tree *t, const char *name, const char *target)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", t->path, name);
    make_folders(path);
    cr_assert_eq(symlink(target, path), 0, "%s", path);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static void tree_release(struct tree *t)
{
    cr_expect_eq(nftw(t->path, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

typedef void collect_fn(struct collect *c);

struct answer {
    struct buf lines; /* samples, without comments */
    struct buf heads; /* comments */
    bool ok;
};

static void answer_release(struct answer *a)
{
    buf_release(&a->lines);
    buf_release(&a->heads);
}

static struct answer run(struct tree *t, collect_fn *collector)
{
    struct page page = {0};
    struct answer a = {0};
    struct collect c = {.args = &t->args, .patterns = &t->patterns, .page = &page};
    struct str line;
    buf_init(&page.text, NULL, PAGE_MAX);
    buf_init(&a.lines, NULL, PAGE_MAX);
    buf_init(&a.heads, NULL, PAGE_MAX);
    arena_init(&c.arena, NULL, 0);
    collector(&c);
    page_flush(&c);
    arena_release(&c.arena);
    a.ok = c.err.status == STATUS_OK;
    for (struct str rest = buf_view(&page.text); next_line(&rest, &line);) {
        struct buf *out = str_starts(line, STR("#")) ? &a.heads : &a.lines;
        buf_str(out, line);
        buf_byte(out, '\n');
    }
    buf_release(&page.text);
    return a;
}

static void check(struct tree *t, const char *name, collect_fn *collector, const char *want)
{
    struct answer a = run(t, collector);
    cr_expect(a.ok, "%s failed", name);
    cr_expect(str_is(buf_view(&a.lines), want), "%s wrote\n%.*s\nwanted\n%s", name,
              STR_ARG(buf_view(&a.lines)), want);
    answer_release(&a);
}
#define CHECK(name, want) check(&t, #name, collect_##name, want)

/* Files of a cache set below sys/fs/bcache/a-b. */
static const char *const bcache_files[][2] = {
    {"average_key_size", "3"},
    {"btree_cache_size", "1.5k"},
    {"cache_available_percent", "97"},
    {"congested", "0"},
    {"root_usage_percent", "12"},
    {"tree_depth", "1"},
    {"internal/active_journal_entries", "4"},
    {"internal/btree_nodes", "5"},
    {"internal/btree_read_average_duration_us", "1305"},
    {"internal/cache_read_races", "6"},
    {"bdev0/dirty_data", "2.0M"},
    {"bdev0/writeback_rate_debug",
     "rate:\t\t1.1M/sec\ntarget:\t\t1.0G\nproportional:\t2.0k\nintegral:\t-1.0k\n"
     "change:\t\t-4.0k/sec\nnext io:\t17ms\n"},
    {"bdev0/stats_total/bypassed", "1.0k"},
    {"bdev0/stats_total/cache_hits", "11"},
    {"bdev0/stats_total/cache_misses", "12"},
    {"bdev0/stats_total/cache_bypass_hits", "13"},
    {"bdev0/stats_total/cache_bypass_misses", "14"},
    {"bdev0/stats_total/cache_miss_collisions", "15"},
    {"bdev0/stats_total/cache_readaheads", "16"},
    {"cache0/io_errors", "1"},
    {"cache0/metadata_written", "512"},
    {"cache0/written", "3.0k"},
    {"cache0/priority_stats", "Unused:\t\t99%\nMetadata:\t1%\nAverage:\t10473\n"},
};

static void put_all(const struct tree *t, const char *base, const char *const files[][2],
                    size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char path[256];
        (void)snprintf(path, sizeof path, "%s/%s", base, files[i][0]);
        put(t, path, files[i][1]);
    }
}
#define PUT_ALL(t, base, files) put_all((t), (base), (files), sizeof(files) / sizeof *(files))

TEST(unix_collectors, cache_sets)
{
    struct tree t;
    tree_init(&t);
    PUT_ALL(&t, "sys/fs/bcache/a-b", bcache_files);
    t.args.bcache.priority_stats = true;
#define BDEV "{backing_device=\"bdev0\",uuid=\"a-b\"} "
#define CACHE "{cache_device=\"cache0\",uuid=\"a-b\"} "
    CHECK(bcache, "node_bcache_active_journal_entries{uuid=\"a-b\"} 4\n"
                  "node_bcache_average_key_size_sectors{uuid=\"a-b\"} 3\n"
                  "node_bcache_btree_cache_size_bytes{uuid=\"a-b\"} 1524\n"
                  "node_bcache_btree_nodes{uuid=\"a-b\"} 5\n"
                  "node_bcache_btree_read_average_duration_seconds{uuid=\"a-b\"} 1.305e-06\n"
                  "node_bcache_bypassed_bytes_total" BDEV "1024\n"
                  "node_bcache_cache_available_percent{uuid=\"a-b\"} 97\n"
                  "node_bcache_cache_bypass_hits_total" BDEV "13\n"
                  "node_bcache_cache_bypass_misses_total" BDEV "14\n"
                  "node_bcache_cache_hits_total" BDEV "11\n"
                  "node_bcache_cache_miss_collisions_total" BDEV "15\n"
                  "node_bcache_cache_misses_total" BDEV "12\n"
                  "node_bcache_cache_read_races_total{uuid=\"a-b\"} 6\n"
                  "node_bcache_cache_readaheads_total" BDEV "16\n"
                  "node_bcache_congested{uuid=\"a-b\"} 0\n"
                  "node_bcache_dirty_data_bytes" BDEV "2.097152e+06\n"
                  "node_bcache_dirty_target_bytes" BDEV "1.073741824e+09\n"
                  "node_bcache_io_errors" CACHE "1\n"
                  "node_bcache_metadata_written_bytes_total" CACHE "512\n"
                  "node_bcache_priority_stats_metadata_percent" CACHE "1\n"
                  "node_bcache_priority_stats_unused_percent" CACHE "99\n"
                  "node_bcache_root_usage_percent{uuid=\"a-b\"} 12\n"
                  "node_bcache_tree_depth{uuid=\"a-b\"} 1\n"
                  "node_bcache_writeback_change" BDEV "-4096\n"
                  "node_bcache_writeback_rate" BDEV "1.150976e+06\n"
                  "node_bcache_writeback_rate_integral_term" BDEV "-1024\n"
                  "node_bcache_writeback_rate_proportional_term" BDEV "2048\n"
                  "node_bcache_written_bytes_total" CACHE "3072\n");
    tree_release(&t);
}

TEST(unix_collectors, file_systems)
{
    struct tree t;
    tree_init(&t);
    put(&t, "sys/fs/btrfs/features/raid56", "1");
    put(&t, "sys/fs/btrfs/c-d/label", "pool\n");
    put(&t, "sys/fs/btrfs/c-d/allocation/global_rsv_size", "77\n");
    put(&t, "sys/fs/btrfs/c-d/allocation/data/bytes_reserved", "8\n");
    put(&t, "sys/fs/btrfs/c-d/allocation/data/raid5/total_bytes", "300\n");
    put(&t, "sys/fs/btrfs/c-d/allocation/data/raid5/used_bytes", "200\n");
    put(&t, "sys/fs/btrfs/c-d/devices/sda/size", "10\n");
    put(&t, "sys/fs/btrfs/c-d/devices/sdb/size", "20\n");
    CHECK(btrfs,
          "node_btrfs_allocation_ratio{block_group_type=\"data\",mode=\"raid5\",uuid=\"c-d\"} 2\n"
          "node_btrfs_device_size_bytes{device=\"sda\",uuid=\"c-d\"} 5120\n"
          "node_btrfs_device_size_bytes{device=\"sdb\",uuid=\"c-d\"} 10240\n"
          "node_btrfs_global_rsv_size_bytes{uuid=\"c-d\"} 77\n"
          "node_btrfs_info{label=\"pool\",uuid=\"c-d\"} 1\n"
          "node_btrfs_reserved_bytes{block_group_type=\"data\",uuid=\"c-d\"} 8\n"
          "node_btrfs_size_bytes{block_group_type=\"data\",mode=\"raid5\",uuid=\"c-d\"} 300\n"
          "node_btrfs_used_bytes{block_group_type=\"data\",mode=\"raid5\",uuid=\"c-d\"} 200\n");

    put(&t, "sys/fs/xfs/sda1/stats/stats", "extent_alloc 1 872\nrw 28 9\ntrans 4 40 0\n");
    CHECK(xfs, "node_xfs_extent_allocation_blocks_allocated_total{device=\"sda1\"} 872\n"
               "node_xfs_extent_allocation_extents_allocated_total{device=\"sda1\"} 1\n"
               "node_xfs_read_calls_total{device=\"sda1\"} 9\n"
               "node_xfs_write_calls_total{device=\"sda1\"} 28\n");

    put(&t, "proc/spl/kstat/zfs/arcstats",
        "5 1 0x01 91 4368 5266 18 \nname type data\nhits 4 87\nl2-x 3 5\nskipped 7 text\n");
    put(&t, "proc/spl/kstat/zfs/tank/io", "12 1 0x00 1 80 79 47\nnread nwritten\n1884160 32\n");
    put(&t, "proc/spl/kstat/zfs/tank/state", "DEGRADED\n");
    put(&t, "proc/spl/kstat/zfs/tank/objset-0x36",
        "23 1 0x01 7 2160 221 71\nname type data\ndataset_name 7 tank/home\nwrites 4 4\n");
    CHECK(zfs, "node_zfs_arc_hits 87\n"
               "node_zfs_arc_l2_x 5\n"
               "node_zfs_zpool_dataset_writes{dataset=\"tank/home\",zpool=\"tank\"} 4\n"
               "node_zfs_zpool_nread{zpool=\"tank\"} 1.88416e+06\n"
               "node_zfs_zpool_nwritten{zpool=\"tank\"} 32\n"
               "node_zfs_zpool_state{state=\"degraded\",zpool=\"tank\"} 1\n"
               "node_zfs_zpool_state{state=\"faulted\",zpool=\"tank\"} 0\n"
               "node_zfs_zpool_state{state=\"offline\",zpool=\"tank\"} 0\n"
               "node_zfs_zpool_state{state=\"online\",zpool=\"tank\"} 0\n"
               "node_zfs_zpool_state{state=\"removed\",zpool=\"tank\"} 0\n"
               "node_zfs_zpool_state{state=\"suspended\",zpool=\"tank\"} 0\n"
               "node_zfs_zpool_state{state=\"unavail\",zpool=\"tank\"} 0\n");
    tree_release(&t);
}

static const char *const board_files[][2] = {
    {"sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_min_freq", "800000"},
    {"sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "1219917"},
    {"sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave"},
    {"sys/devices/system/cpu/cpu0/cpufreq/scaling_available_governors", "performance powersave"},
    {"sys/devices/system/cpu/cpufreq/boost", "1"},
    {"sys/class/dmi/id/bios_vendor", "Caf\xe9\xff Inc.\n"},
    {"sys/class/dmi/id/sys_vendor", "Maker"},
    {"sys/devices/system/edac/mc/mc0/ce_count", "1"},
    {"sys/devices/system/edac/mc/mc0/ce_noinfo_count", "2"},
    {"sys/devices/system/edac/mc/mc0/ue_count", "5"},
    {"sys/devices/system/edac/mc/mc0/ue_noinfo_count", "6"},
    {"sys/devices/system/edac/mc/mc0/csrow0/ce_count", "3"},
    {"sys/devices/system/edac/mc/mc0/csrow0/ue_count", "4"},
    {"sys/class/power_supply/BAT0/capacity", "81"},
    {"sys/class/power_supply/BAT0/cycle_count", "9"},
    {"sys/class/power_supply/BAT0/energy_now", "36580000"},
    {"sys/class/power_supply/BAT0/temp", "312"},
    {"sys/class/power_supply/BAT0/type", "Battery"},
    {"sys/class/power_supply/BAT1/capacity", "1"},
    {"sys/class/powercap/intel-rapl/enabled", "1"},
    {"sys/class/powercap/intel-rapl:0/name", "package-0"},
    {"sys/class/powercap/intel-rapl:0/energy_uj", "240422366267"},
    {"sys/class/powercap/intel-rapl:0/max_energy_range_uj", "262143328850"},
    {"sys/class/thermal/thermal_zone0/temp", "12376"},
    {"sys/class/thermal/thermal_zone0/type", "cpu-thermal"},
    {"sys/class/thermal/cooling_device0/type", "Processor"},
    {"sys/class/thermal/cooling_device0/cur_state", "1"},
    {"sys/class/thermal/cooling_device0/max_state", "3"},
};

TEST(unix_collectors, power_heat_and_firmware)
{
    struct tree t;
    struct error err = {0};
    char rapl[256];
    tree_init(&t);
    PUT_ALL(&t, ".", board_files);
    CHECK(cpufreq, "node_cpu_frequency_min_hertz{cpu=\"0\"} 8e+08\n"
                   "node_cpu_scaling_frequency_hertz{cpu=\"0\"} 1.219917e+09\n"
                   "node_cpu_scaling_governor{cpu=\"0\",governor=\"performance\"} 0\n"
                   "node_cpu_scaling_governor{cpu=\"0\",governor=\"powersave\"} 1\n");
    CHECK(dmi, "node_dmi_info{bios_vendor=\"Caf\xef\xbf\xbd Inc.\",system_vendor=\"Maker\"} 1\n");
    CHECK(edac, "node_edac_correctable_errors_total{controller=\"0\"} 1\n"
                "node_edac_csrow_correctable_errors_total{controller=\"0\",csrow=\"unknown\"} 2\n"
                "node_edac_csrow_correctable_errors_total{controller=\"0\",csrow=\"0\"} 3\n"
                "node_edac_csrow_uncorrectable_errors_total{controller=\"0\",csrow=\"unknown\"} 6\n"
                "node_edac_csrow_uncorrectable_errors_total{controller=\"0\",csrow=\"0\"} 4\n"
                "node_edac_uncorrectable_errors_total{controller=\"0\"} 5\n");
    t.patterns.powersupply = regex_new(STR("^BAT1$"), REGEX_SEARCH, &err);
    CHECK(powersupplyclass, "node_power_supply_capacity{power_supply=\"BAT0\"} 81\n"
                            "node_power_supply_cyclecount{power_supply=\"BAT0\"} 9\n"
                            "node_power_supply_energy_watthour{power_supply=\"BAT0\"} 36.58\n"
                            "node_power_supply_info{power_supply=\"BAT0\",type=\"Battery\"} 1\n"
                            "node_power_supply_temp_celsius{power_supply=\"BAT0\"} 31.2\n");
    regex_unref(t.patterns.powersupply);
    (void)snprintf(rapl, sizeof rapl,
                   "node_rapl_package_joules_total{index=\"0\",path=\"%s/class/powercap/"
                   "intel-rapl:0\"} 240422.366267\n",
                   t.sys);
    CHECK(rapl, rapl);
    CHECK(thermal_zone, "node_cooling_device_cur_state{name=\"0\",type=\"Processor\"} 1\n"
                        "node_cooling_device_max_state{name=\"0\",type=\"Processor\"} 3\n"
                        "node_thermal_zone_temp{type=\"cpu-thermal\",zone=\"0\"} 12.376\n");
    tree_release(&t);
}

static const char *const sensor_files[][2] = {
    {"name", "coretemp\n"},
    {"temp1_input", "55000\n"},
    {"temp1_label", "Core 0 \n"},
    {"temp1_crit_alarm", "0\n"},
    {"temp1_type", "4\n"},
    {"fan1_input", "2000\n"},
    {"fan1_fault", "1\n"},
    {"fan1_pulses", "2\n"},
    {"in0_input", "1500\n"},
    {"in0_beep", "1\n"},
    {"pwm1", "7\n"},
    {"pwm1_input", "8\n"},
    {"power1_average_interval", "3000\n"},
    {"energy1_input", "5000000\n"},
    {"update_interval", "2000\n"},
    {"beep_enable", "1\n"},
    {"uevent", "x\n"},
    {"temp2_input", "broken\n"},
};

TEST(unix_collectors, sensors)
{
    struct tree t;
    tree_init(&t);
    PUT_ALL(&t, "sys/devices/platform/coretemp.0/hwmon/hwmon0", sensor_files);
    put_link(&t, "sys/devices/platform/coretemp.0/hwmon/hwmon0/device", "../../../coretemp.0");
    put_link(&t, "sys/class/hwmon/hwmon0", "../../devices/platform/coretemp.0/hwmon/hwmon0");
    put(&t, "sys/class/hwmon/hwmon1/name", "Acme X1\n");
    put(&t, "sys/class/hwmon/hwmon1/curr1_input", "250\n");
    CHECK(
        hwmon,
        "node_hwmon_beep_enabled{chip=\"platform_coretemp_0\",sensor=\"beep_enable0\"} 1\n"
        "node_hwmon_chip_names{chip=\"platform_coretemp_0\",chip_name=\"coretemp\"} 1\n"
        "node_hwmon_chip_names{chip=\"acme_x1\",chip_name=\"acme_x1\"} 1\n"
        "node_hwmon_curr_amps{chip=\"acme_x1\",sensor=\"curr1\"} 0.25\n"
        "node_hwmon_energy_joule_total{chip=\"platform_coretemp_0\",sensor=\"energy1\"} 5\n"
        "node_hwmon_fan_fault{chip=\"platform_coretemp_0\",sensor=\"fan1\"} 1\n"
        "node_hwmon_fan_pulses{chip=\"platform_coretemp_0\",sensor=\"fan1\"} 2\n"
        "node_hwmon_fan_rpm{chip=\"platform_coretemp_0\",sensor=\"fan1\"} 2000\n"
        "node_hwmon_in_beep_enabled{chip=\"platform_coretemp_0\",sensor=\"in0\"} 1\n"
        "node_hwmon_in_volts{chip=\"platform_coretemp_0\",sensor=\"in0\"} 1.5\n"
        "node_hwmon_power_average_interval_seconds{chip=\"platform_coretemp_0\",sensor=\"power1\"} 3\n"
        "node_hwmon_pwm{chip=\"platform_coretemp_0\",sensor=\"pwm1\"} 7\n"
        "node_hwmon_pwm_input{chip=\"platform_coretemp_0\",sensor=\"pwm1\"} 8\n"
        "node_hwmon_sensor_label{chip=\"platform_coretemp_0\",label=\"Core 0 \","
        "sensor=\"temp1\"} 1\n"
        "node_hwmon_temp_celsius{chip=\"platform_coretemp_0\",sensor=\"temp1\"} 55\n"
        "node_hwmon_temp_crit_alarm_celsius{chip=\"platform_coretemp_0\",sensor=\"temp1\"} 0\n"
        "node_hwmon_temp_type{chip=\"platform_coretemp_0\",sensor=\"temp1\"} 4\n"
        "node_hwmon_update_interval_seconds{chip=\"platform_coretemp_0\",sensor=\"update_interval0\"} 2\n");
    struct answer a = run(&t, collect_hwmon);
    cr_expect_neq(str_find(buf_view(&a.heads),
                           STR("# HELP node_hwmon_temp_celsius Hardware monitor for temperature "
                               "(input)\n# TYPE node_hwmon_temp_celsius gauge\n"),
                           0),
                  SIZE_MAX);
    answer_release(&a);
    tree_release(&t);
}

static const char *const network_files[][2] = {
    {"sys/class/net/bonding_masters", "bond0 empty\n"},
    {"sys/class/net/bond0/bonding/slaves", "eth0 eth4\n"},
    {"sys/class/net/bond0/lower_eth0/bonding_slave/mii_status", "up\n"},
    {"sys/class/net/bond0/slave_eth4/bonding_slave/mii_status", "down\n"},
    {"sys/class/net/empty/bonding/slaves", "\n"},
    {"sys/class/fc_host/host0/port_id", "0x000002"},
    {"sys/class/fc_host/host0/speed", "16 Gbit"},
    {"sys/class/fc_host/host0/statistics/nos_count", "0x12"},
    {"sys/class/fc_host/host0/statistics/dumped_frames", "0xffffffffffffffff"},
    {"sys/class/infiniband/mlx4_0/board_id", "SM_1"},
    {"sys/class/infiniband/mlx4_0/fw_ver", "2.31"},
    {"sys/class/infiniband/mlx4_0/ports/1/state", "4: ACTIVE"},
    {"sys/class/infiniband/mlx4_0/ports/1/phys_state", "5: LinkUp"},
    {"sys/class/infiniband/mlx4_0/ports/1/rate", "40 Gb/sec (4X QDR)"},
    {"sys/class/infiniband/mlx4_0/ports/1/counters/port_rcv_data", "100"},
    {"sys/class/infiniband/mlx4_0/ports/1/counters/symbol_error", "N/A (no PMA)"},
    {"proc/net/ip_vs_stats", "   Total Incoming Outgoing         Incoming         Outgoing\n"
                             "   Conns  Packets  Packets            Bytes            Bytes\n"
                             "      10       11        0               FF                1\n"},
    {"proc/net/ip_vs", "IP Virtual Server version 1.2.1 (size=4096)\n"
                       "Prot LocalAddress:Port Scheduler Flags\n"
                       "  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n"
                       "TCP  C0A80016:0CEA wlc\n"
                       "  -> C0A85216:0CEA      Tunnel  100    248        2\n"
                       "  -> C0A85318:0CEA      Tunnel  100    2          1\n"
                       "FWM  10001000 wlc\n"
                       "  -> [2620:0000:0000:0000:0000:0000:0000:0001]:0050 Route 1 5 6\n"},
};

TEST(unix_collectors, networks_and_services)
{
    static struct str by_proto[] = {STR_INIT("proto")};
    struct tree t;
    tree_init(&t);
    PUT_ALL(&t, ".", network_files);
    CHECK(bonding, "node_bonding_active{master=\"bond0\"} 1\n"
                   "node_bonding_active{master=\"empty\"} 0\n"
                   "node_bonding_slaves{master=\"bond0\"} 2\n"
                   "node_bonding_slaves{master=\"empty\"} 0\n");
    CHECK(fibrechannel,
          "node_fibrechannel_info{dev_loss_tmo=\"\",fabric_name=\"\",fc_host=\"host0\",port_id="
          "\"000002\",port_name=\"\",port_state=\"\",port_type=\"\",speed=\"16 Gbit\","
          "supported_classes=\"\",supported_speeds=\"\",symbolic_name=\"\"} 1\n"
          "node_fibrechannel_nos_total{fc_host=\"host0\"} 18\n");
#define PORT "{device=\"mlx4_0\",port=\"1\"} "
    CHECK(infiniband, "node_infiniband_info{board_id=\"SM_1\",device=\"mlx4_0\",firmware_version="
                      "\"2.31\",hca_type=\"\"} 1\n"
                      "node_infiniband_physical_state_id" PORT "5\n"
                      "node_infiniband_port_data_received_bytes_total" PORT "400\n"
                      "node_infiniband_rate_bytes_per_second" PORT "5e+09\n"
                      "node_infiniband_state_id" PORT "4\n");
#define TOTALS                                                                                     \
    "node_ipvs_connections_total 16\nnode_ipvs_incoming_bytes_total 255\n"                         \
    "node_ipvs_incoming_packets_total 17\nnode_ipvs_outgoing_bytes_total 1\n"                      \
    "node_ipvs_outgoing_packets_total 0\n"
    t.args.ipvs.backend_labels = (struct str_list){.items = by_proto, .count = 1, .is_set = true};
    CHECK(ipvs, "node_ipvs_backend_connections_active{proto=\"TCP\"} 250\n"
                "node_ipvs_backend_connections_active{proto=\"FWM\"} 5\n"
                "node_ipvs_backend_connections_inactive{proto=\"TCP\"} 3\n"
                "node_ipvs_backend_connections_inactive{proto=\"FWM\"} 6\n"
                "node_ipvs_backend_weight{proto=\"TCP\"} 200\n"
                "node_ipvs_backend_weight{proto=\"FWM\"} 1\n" TOTALS);
    t.args.ipvs.backend_labels = (struct str_list){0};
    struct answer a = run(&t, collect_ipvs);
    cr_expect_neq(str_find(buf_view(&a.lines),
                           STR("active{local_address=\"192.168.0.22\",local_mark=\"\",local_port="
                               "\"3306\",proto=\"TCP\",remote_address=\"192.168.82.22\","
                               "remote_port=\"3306\"} 248\n"),
                           0),
                  SIZE_MAX);
    cr_expect_neq(str_find(buf_view(&a.lines),
                           STR("weight{local_address=\"\",local_mark=\"10001000\",local_port=\"0"
                               "\",proto=\"FWM\",remote_address=\"2620::1\",remote_port=\"80\"} "
                               "1\n"),
                           0),
                  SIZE_MAX);
    answer_release(&a);
    tree_release(&t);
}

static void expect_line(struct tree *t, collect_fn *collector, const char *line)
{
    struct answer a = run(t, collector);
    cr_expect(a.ok);
    cr_expect_neq(str_find(buf_view(&a.lines), str_from(line), 0), SIZE_MAX, "no %s", line);
    answer_release(&a);
}

static const char *const drive_files[][2] = {
    {"proc/mdstat", "Personalities : [raid1] [raid0]\n"
                    "md6 : active raid1 sdb2[2](F) sdc[1](S) sda2[0]\n"
                    "      195310144 blocks [2/1] [U_]\n"
                    "      [=>...]  recovery =  8.5% (16775552/195310144) finish=17.0min\n\n"
                    "unused devices: <none>\n"},
    {"proc/net/rpc/nfs", "net 70 71 69 45\nrpc 12 37 13\nproc2 18 2 69 0 0 4410 0 0 0 0 0 0 0 0 "
                         "0 0 0 99 2\nproc4 4 98 51 54 83\n"},
    {"proc/net/rpc/nfsd", "rc 0 6 18622\nfh 4 0 0 0 0\nio 157286400 72864\nth 8 0\nra 32 0 0 0 0 "
                          "0 0 0 0 0 0 7\nrpc 18628 3 1 2 0\nproc4ops 39 0 0 0 1098 2 0 0 0 0 "
                          "8179 5 0 0 0 0 0 0 0 2 0 2 0 9 0 2 15 1 0 0 0 1 0 0 0 0 3 3 0 21\n"},
    {"sys/class/nvme/nvme0/model", "Samsung "},
    {"sys/class/nvme/nvme0/state", "live"},
    {"sys/class/scsi_tape/nst0/x", ""},
    {"sys/class/scsi_tape/st0/stats/in_flight", "1"},
    {"sys/class/scsi_tape/st0/stats/io_ns", "9247011087720"},
};

TEST(unix_collectors, arrays_drives_and_nfs)
{
    static const char *const tape[][2] = {
        {"other_cnt", "1"}, {"read_byte_cnt", "2"},  {"read_cnt", "3"},  {"read_ns", "4"},
        {"resid_cnt", "5"}, {"write_byte_cnt", "6"}, {"write_cnt", "7"}, {"write_ns", "8"}};
    struct tree t;
    tree_init(&t);
    PUT_ALL(&t, ".", drive_files);
    CHECK(mdadm, "node_md_blocks{device=\"md6\"} 1.95310144e+08\n"
                 "node_md_blocks_synced{device=\"md6\"} 1.6775552e+07\n"
                 "node_md_disks{device=\"md6\",state=\"active\"} 1\n"
                 "node_md_disks{device=\"md6\",state=\"failed\"} 1\n"
                 "node_md_disks{device=\"md6\",state=\"spare\"} 1\n"
                 "node_md_disks_required{device=\"md6\"} 2\n"
                 "node_md_state{device=\"md6\",state=\"active\"} 0\n"
                 "node_md_state{device=\"md6\",state=\"check\"} 0\n"
                 "node_md_state{device=\"md6\",state=\"inactive\"} 0\n"
                 "node_md_state{device=\"md6\",state=\"recovering\"} 1\n"
                 "node_md_state{device=\"md6\",state=\"resync\"} 0\n");
    expect_line(&t, collect_nfs, "node_nfs_packets_total{protocol=\"udp\"} 71\n");
    expect_line(&t, collect_nfs, "node_nfs_rpc_retransmissions_total 37\n");
    expect_line(&t, collect_nfs, "requests_total{method=\"FsStat\",proto=\"2\"} 2\n");
    expect_line(&t, collect_nfs, "requests_total{method=\"Commit\",proto=\"4\"} 83\n");
    expect_line(&t, collect_nfs, "requests_total{method=\"Clone\",proto=\"4\"} 0\n");
    expect_line(&t, collect_nfsd, "node_nfsd_read_ahead_cache_not_found_total 7\n");
    expect_line(&t, collect_nfsd, "node_nfsd_rpc_errors_total{error=\"auth\"} 2\n");
    expect_line(&t, collect_nfsd, "requests_total{method=\"Access\",proto=\"4\"} 1098\n");
    expect_line(&t, collect_nfsd, "requests_total{method=\"Write\",proto=\"4\"} 21\n");
    CHECK(nvme, "node_nvme_info{device=\"nvme0\",firmware_revision=\"\",model=\"Samsung\",serial="
                "\"\",state=\"live\"} 1\n");
    struct answer broken = run(&t, collect_tapestats);
    cr_expect(!broken.ok, "a tape without its counts");
    answer_release(&broken);
    PUT_ALL(&t, "sys/class/scsi_tape/st0/stats", tape);
    expect_line(&t, collect_tapestats,
                "node_tape_io_time_seconds_total{device=\"st0\"} 9247.01108772\n");
    expect_line(&t, collect_tapestats, "node_tape_written_bytes_total{device=\"st0\"} 6\n");
    put(&t, "proc/mdstat", "md1 : active raid1 sda[0]\n      nonsense\n");
    broken = run(&t, collect_mdadm);
    cr_expect(!broken.ok, "an array without blocks");
    answer_release(&broken);
    tree_release(&t);
}

TEST(unix_collectors, without_a_source_some_have_no_data_and_some_are_content)
{
    static const struct {
        const char *name;
        collect_fn *collector;
        bool ok;
    } rows[] = {
        {"bcache", collect_bcache, true},
        {"bonding", collect_bonding, false},
        {"btrfs", collect_btrfs, true},
        {"cpufreq", collect_cpufreq, true},
        {"dmi", collect_dmi, false},
        {"edac", collect_edac, true},
        {"fibrechannel", collect_fibrechannel, false},
        {"hwmon", collect_hwmon, false},
        {"infiniband", collect_infiniband, false},
        {"ipvs", collect_ipvs, false},
        {"mdadm", collect_mdadm, false},
        {"nfs", collect_nfs, false},
        {"nfsd", collect_nfsd, false},
        {"nvme", collect_nvme, false},
        {"powersupplyclass", collect_powersupplyclass, false},
        {"rapl", collect_rapl, false},
        {"tapestats", collect_tapestats, false},
        {"thermal_zone", collect_thermal_zone, true},
        {"xfs", collect_xfs, true},
        {"zfs", collect_zfs, false},
    };
    struct tree t;
    tree_init(&t);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct answer a = run(&t, rows[i].collector);
        cr_expect_eq(a.ok, rows[i].ok, "%s", rows[i].name);
        cr_expect_eq(a.lines.len + a.heads.len, 0, "%s writes", rows[i].name);
        answer_release(&a);
    }
    tree_release(&t);
}
