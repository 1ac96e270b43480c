/* Collectors of the network: arp, conntrack, netclass, netdev, netstat, sockstat, udp_queues. */

#include "components/prometheus/exporter/unix/collector.h"

#include "base/map.h"

#include <unistd.h>

/* ---- arp ---- */
void collect_arp(struct collect *c)
{
    struct str text = proc_file(c, "net/arp");
    struct str line;
    struct map counts;
    if (text.ptr == NULL)
        return;
    map_init(&counts, NULL);
    next_line(&text, &line); /* the head */
    while (next_line(&text, &line)) {
        struct str word = STR_NONE;
        for (int i = 0; i < 6; i++)
            next_word(&line, &word);
        if (word.len == 0 || !passes(c->patterns->arp_exclude, c->patterns->arp_include, word)) {
            continue;
        }
        map_put(&counts, word, (char *)map_get(&counts, word) + 1);
    }
    page_family(c, GAUGE, "arp_entries", "ARP entries by device");
    MAP_EACH(&counts, entry)
    {
        PAGE(c, (double)(uintptr_t)entry->value, L("device", entry->key));
    }
    map_release(&counts);
}

/* ---- conntrack ---- */
void collect_conntrack(struct collect *c)
{
    static const struct {
        const char *column, *name, *help;
    } rows[] = {
        {"found", "found", "Number of searched entries which were successful."},
        {"invalid", "invalid", "Number of packets seen which can not be tracked."},
        {"ignore", "ignore",
         "Number of packets seen which are already connected to a conntrack entry."},
        {"insert", "insert", "Number of entries inserted into the list."},
        {"insert_failed", "insert_failed",
         "Number of entries for which list insertion was attempted but failed."},
        {"drop", "drop", "Number of packets dropped due to conntrack failure."},
        {"early_drop", "early_drop",
         "Number of dropped conntrack entries to make room for new ones, if maximum table size "
         "was reached."},
        {"search_restart", "search_restart",
         "Number of conntrack table lookups which had to be restarted due to hashtable resizes."},
    };
    enum { ROWS = sizeof rows / sizeof *rows };
    double sums[ROWS] = {0};
    double value;
    struct str text = proc_file(c, "sys/net/netfilter/nf_conntrack_count");
    if (text.ptr == NULL || !to_number(str_trim(text), &value))
        return;
    page_one(c, GAUGE, "nf_conntrack_entries",
             "Number of currently allocated flow entries for connection tracking.", value);
    text = proc_file(c, "sys/net/netfilter/nf_conntrack_max");
    if (text.ptr == NULL || !to_number(str_trim(text), &value))
        return;
    page_one(c, GAUGE, "nf_conntrack_entries_limit", "Maximum size of connection tracking table.",
             value);
    text = proc_file(c, "net/stat/nf_conntrack");
    struct str head;
    struct str line;
    if (!next_line(&text, &head))
        return;
    while (next_line(&text, &line)) {
        struct str names = head;
        struct str name;
        struct str word;
        while (next_word(&names, &name) && next_word(&line, &word)) {
            for (size_t i = 0; i < ROWS; i++) {
                struct str hex = arena_printf(&c->arena, "0x%.*s", STR_ARG(word));
                if (str_is(name, rows[i].column) && to_number(hex, &value))
                    sums[i] += value;
            }
        }
    }
    for (size_t i = 0; i < ROWS; i++) {
        page_family_str(c, GAUGE, arena_printf(&c->arena, "nf_conntrack_stat_%s", rows[i].name),
                        str_from(rows[i].help));
        page_value(c, sums[i]);
    }
}

/* ---- netclass ---- */
struct netclass_row {
    const char *file, *name;
    int type;
    double factor;
};

static void netclass_family(struct collect *c, const struct str_list *devices,
                            const struct netclass_row *row)
{
    bool is_begun = false;
    for (size_t i = 0; i < devices->count; i++) {
        struct str device = devices->items[i];
        double value;
        if (!sys_number(c, &value, "class/net/%.*s/%s", STR_ARG(device), row->file))
            continue;
        bool is_speed = strcmp(row->file, "speed") == 0;
        if (is_speed && value < 0 && c->args->netclass.ignore_invalid_speed_device)
            continue;
        if (!is_begun) {
            page_family_str(c, row->type, arena_printf(&c->arena, "network_%s", row->name),
                            arena_printf(&c->arena, "Network device property: %s", row->name));
        }
        is_begun = true;
        PAGE(c, value * row->factor, L("device", device));
    }
}

static struct str net_text(struct collect *c, struct str device, const char *file)
{
    struct str text = sys_text(c, "class/net/%.*s/%s", STR_ARG(device), file);
    return text.ptr != NULL ? text : STR("");
}

static void netclass_infos(struct collect *c, const struct str_list *devices)
{
    page_family(c, GAUGE, "network_up", "Value is 1 if operstate is 'up', 0 otherwise.");
    for (size_t i = 0; i < devices->count; i++) {
        struct str device = devices->items[i];
        PAGE(c, str_is(net_text(c, device, "operstate"), "up"), L("device", device));
    }
    page_family(c, GAUGE, "network_info",
                "Non-numeric data from /sys/class/net/<iface>, value is always 1.");
    for (size_t i = 0; i < devices->count; i++) {
        struct str device = devices->items[i];
        double flags = 0;
        sys_number(c, &flags, "class/net/%.*s/flags", STR_ARG(device));
        struct str admin = ((unsigned)flags & 1) != 0 ? STR("up") : STR("down");
        PAGE(c, 1, L("address", net_text(c, device, "address")), L("adminstate", admin),
             L("broadcast", net_text(c, device, "broadcast")), L("device", device),
             L("duplex", net_text(c, device, "duplex")),
             L("ifalias", net_text(c, device, "ifalias")),
             L("operstate", net_text(c, device, "operstate")));
    }
}

void collect_netclass(struct collect *c)
{
    static const struct netclass_row rows[] = {
        {"addr_assign_type", "address_assign_type", GAUGE, 1},
        {"carrier", "carrier", GAUGE, 1},
        {"carrier_changes", "carrier_changes_total", COUNTER, 1},
        {"carrier_up_count", "carrier_up_changes_total", COUNTER, 1},
        {"carrier_down_count", "carrier_down_changes_total", COUNTER, 1},
        {"dev_id", "device_id", GAUGE, 1},
        {"dormant", "dormant", GAUGE, 1},
        {"flags", "flags", GAUGE, 1},
        {"ifindex", "iface_id", GAUGE, 1},
        {"iflink", "iface_link", GAUGE, 1},
        {"link_mode", "iface_link_mode", GAUGE, 1},
        {"mtu", "mtu_bytes", GAUGE, 1},
        {"name_assign_type", "name_assign_type", GAUGE, 1},
        {"netdev_group", "net_dev_group", GAUGE, 1},
        {"speed", "speed_bytes", GAUGE, 125000},
        {"tx_queue_len", "transmit_queue_length", GAUGE, 1},
        {"type", "protocol_type", GAUGE, 1},
    };
    struct str_list all = list_dir(c, sys_path(c, "class/net").ptr);
    struct str_list devices = {ARENA_ARRAY(&c->arena, all.count + 1, struct str), 0, true};
    for (size_t i = 0; i < all.count; i++) {
        const char *address = sys_path(c, "class/net/%.*s/address", STR_ARG(all.items[i])).ptr;
        if (passes(c->patterns->netclass, NULL, all.items[i]) && file_exists(c, address)) {
            devices.items[devices.count++] = all.items[i];
        }
    }
    netclass_infos(c, &devices);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        netclass_family(c, &devices, &rows[i]);
}

/* ---- netdev: /proc/net/dev, whose two head lines name the columns ---- */
enum { NETDEV_COLUMNS = 32, NETDEV_DEVICES = 16384 };

struct netdev {
    struct str device;
    struct str values; /* the rest of the line */
};

static size_t netdev_devices(struct collect *c, struct str text, struct netdev *devices)
{
    struct str line;
    size_t count = 0;
    while (count < NETDEV_DEVICES && next_line(&text, &line)) {
        struct str device;
        struct str values;
        size_t colon = str_rfind_byte(line, ':');
        if (colon == SIZE_MAX)
            continue;
        device = str_trim(str_slice(line, 0, colon));
        values = str_slice(line, colon + 1, line.len);
        if (!passes(c->patterns->netdev_exclude, c->patterns->netdev_include, device))
            continue;
        devices[count++] = (struct netdev){device, values};
    }
    return count;
}

static double column_of(struct str values, size_t column)
{
    double n = 0;
    for (size_t i = 0; i <= column; i++)
        n = next_number(&values);
    return n;
}

static void netdev_families(struct collect *c, const char *direction, struct str names,
                            size_t first_column, const struct netdev *devices, size_t count)
{
    struct str column;
    for (size_t i = first_column; next_word(&names, &column); i++) {
        struct str name =
            arena_printf(&c->arena, "network_%s_%.*s_total", direction, STR_ARG(column));
        page_family_str(c, COUNTER, name,
                        arena_printf(&c->arena, "Network device statistic %s_%.*s.", direction,
                                     STR_ARG(column)));
        for (size_t k = 0; k < count; k++) {
            PAGE(c, column_of(devices[k].values, i), L("device", devices[k].device));
        }
    }
}

void collect_netdev(struct collect *c)
{
    struct str text = proc_file(c, "net/dev");
    struct str head;
    struct str ignored;
    if (text.ptr == NULL || !next_line(&text, &ignored) || !next_line(&text, &head))
        return;
    struct netdev *devices = ARENA_ARRAY(&c->arena, NETDEV_DEVICES, struct netdev);
    size_t count = netdev_devices(c, text, devices);
    struct str receive;
    struct str transmit;
    str_cut(head, '|', &ignored, &receive);
    str_cut(receive, '|', &receive, &transmit);
    size_t columns = 0;
    for (struct str rest = receive, word; next_word(&rest, &word);)
        columns++;
    netdev_families(c, "receive", receive, 0, devices, count);
    netdev_families(c, "transmit", transmit, columns, devices, count);
}

/* ---- netstat ---- */
static void netstat_field(struct collect *c, struct str protocol, struct str name, double value)
{
    struct str key = arena_printf(&c->arena, "%.*s_%.*s", STR_ARG(protocol), STR_ARG(name));
    if (!passes(NULL, c->patterns->netstat, key))
        return;
    struct str split =
        arena_printf(&c->arena, "Statistic %.*s%.*s.", STR_ARG(protocol), STR_ARG(name));
    page_family_str(c, UNTYPED, arena_printf(&c->arena, "netstat_%.*s", STR_ARG(key)), split);
    page_value(c, value);
}

/* Pairs of lines: names, then values. */
static void netstat_pairs(struct collect *c, struct str text)
{
    struct str names;
    struct str values;
    while (next_line(&text, &names) && next_line(&text, &values)) {
        struct str protocol;
        struct str name;
        struct str ignored;
        str_cut(names, ':', &protocol, &names);
        str_cut(values, ':', &ignored, &values);
        while (next_word(&names, &name)) {
            netstat_field(c, protocol, name, next_number(&values));
        }
    }
}

/* "Ip6InReceives 5": the protocol ends at its digit 6. */
static void netstat_snmp6(struct collect *c, struct str text)
{
    struct str line;
    while (next_line(&text, &line)) {
        struct str key;
        if (!next_word(&line, &key))
            continue;
        size_t six = str_find_byte(key, '6', 0);
        if (six == SIZE_MAX)
            continue;
        netstat_field(c, str_slice(key, 0, six + 1), str_slice(key, six + 1, key.len),
                      next_number(&line));
    }
}

void collect_netstat(struct collect *c)
{
    struct str netstat = proc_file(c, "net/netstat");
    struct str snmp = proc_file(c, "net/snmp");
    if (netstat.ptr == NULL || snmp.ptr == NULL)
        return;
    netstat_pairs(c, netstat);
    netstat_pairs(c, snmp);
    struct str snmp6 = proc_file(c, "net/snmp6");
    if (snmp6.ptr == NULL)
        error_clear(&c->err); /* without IPv6 */
    netstat_snmp6(c, snmp6);
}

/* ---- sockstat ---- */
static void sockstat_value(struct collect *c, struct str protocol, struct str name, double value,
                           bool in_bytes)
{
    struct str family = arena_printf(&c->arena, "sockstat_%.*s_%.*s%s", STR_ARG(protocol),
                                     STR_ARG(name), in_bytes ? "_bytes" : "");
    struct str help = arena_printf(&c->arena, "Number of %.*s sockets in state %.*s%s.",
                                   STR_ARG(protocol), STR_ARG(name), in_bytes ? "_bytes" : "");
    if (str_is(protocol, "sockets"))
        help = STR("Number of IPv4 sockets in use.");
    page_family_str(c, GAUGE, family, help);
    page_value(c, value);
}

static void sockstat_lines(struct collect *c, struct str text)
{
    double page_size = (double)sysconf(_SC_PAGESIZE);
    struct str line;
    while (next_line(&text, &line)) {
        struct str protocol;
        struct str name;
        str_cut(line, ':', &protocol, &line);
        while (next_word(&line, &name)) {
            double value = next_number(&line);
            sockstat_value(c, protocol, name, value, false);
            if (str_is(name, "mem")) {
                sockstat_value(c, protocol, name, value * page_size, true);
            }
        }
    }
}

void collect_sockstat(struct collect *c)
{
    struct str v4 = proc_file(c, "net/sockstat");
    error_clear(&c->err);
    struct str v6 = proc_file(c, "net/sockstat6");
    error_clear(&c->err);
    sockstat_lines(c, v4);
    sockstat_lines(c, v6);
}

/* ---- udp_queues: sums over the sockets ---- */
static bool udp_sums(struct collect *c, const char *file, double *tx, double *rx)
{
    struct str text = proc_file(c, "net/%s", file);
    struct str line;
    *tx = *rx = 0;
    if (text.ptr == NULL)
        return false;
    next_line(&text, &line); /* the head */
    while (next_line(&text, &line)) {
        struct str word = STR_NONE;
        struct str sent;
        struct str received;
        double n;
        for (int i = 0; i < 5; i++)
            next_word(&line, &word);
        str_cut(word, ':', &sent, &received);
        if (to_number(arena_printf(&c->arena, "0x%.*s", STR_ARG(sent)), &n))
            *tx += n;
        if (to_number(arena_printf(&c->arena, "0x%.*s", STR_ARG(received)), &n))
            *rx += n;
    }
    return true;
}

void collect_udp_queues(struct collect *c)
{
    static const char *const files[] = {"udp", "udp6"};
    static const char *const versions[] = {"v4", "v6"};
    bool found = false;
    page_family(c, GAUGE, "udp_queues",
                "Number of allocated memory in the kernel for UDP datagrams in bytes.");
    for (size_t i = 0; i < 2; i++) {
        double tx;
        double rx;
        if (!udp_sums(c, files[i], &tx, &rx))
            continue;
        found = true;
        PAGE(c, tx, L("ip", str_from(versions[i])), L("queue", STR("tx")));
        PAGE(c, rx, L("ip", str_from(versions[i])), L("queue", STR("rx")));
    }
    if (found)
        error_clear(&c->err);
}
