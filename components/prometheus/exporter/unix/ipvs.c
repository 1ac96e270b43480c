/* Collectors of bundled links and balanced services: bonding, ipvs. */

#include "components/prometheus/exporter/unix/collector.h"

#include "base/map.h"

#include <arpa/inet.h>

/* ---- bonding ---- */
static struct str link_state(struct collect *c, struct str master, struct str slave)
{
    static const char *const prefixes[] = {"lower", "slave"};
    struct str state = STR_NONE;
    for (size_t i = 0; i < 2 && state.ptr == NULL; i++) {
        state = sys_text(c, "class/net/%.*s/%s_%.*s/bonding_slave/mii_status", STR_ARG(master),
                         prefixes[i], STR_ARG(slave));
    }
    return state;
}

void collect_bonding(struct collect *c)
{
    static const struct family active = {GAUGE, "bonding_active",
                                         "Number of active slaves per bonding interface."};
    static const struct family all = {GAUGE, "bonding_slaves",
                                      "Number of configured slaves per bonding interface."};
    struct str masters = sys_file(c, "class/net/bonding_masters");
    struct str master;
    if (masters.ptr == NULL)
        return;
    while (next_word(&masters, &master)) {
        struct str slaves = sys_file(c, "class/net/%.*s/bonding/slaves", STR_ARG(master));
        struct str slave;
        double counts[2] = {0};
        if (slaves.ptr == NULL)
            return;
        while (next_word(&slaves, &slave)) {
            struct str state = link_state(c, master, slave);
            if (state.ptr == NULL) {
                collect_failed(c, "the state of %.*s in %.*s cannot be read", STR_ARG(slave),
                               STR_ARG(master));
                return;
            }
            counts[0]++;
            counts[1] += str_is(state, "up");
        }
        LATER(c, &all, counts[0], L("master", master));
        LATER(c, &active, counts[1], L("master", master));
    }
}

/* ---- ipvs: the totals ---- */
static bool hex_number(struct collect *c, struct str text, double *out)
{
    return to_number(arena_printf(&c->arena, "0x%.*s", STR_ARG(text)), out);
}

static bool ipvs_totals(struct collect *c)
{
    static const struct family rows[] = {
        {COUNTER, "ipvs_connections_total", "The total number of connections made."},
        {COUNTER, "ipvs_incoming_packets_total", "The total number of incoming packets."},
        {COUNTER, "ipvs_outgoing_packets_total", "The total number of outgoing packets."},
        {COUNTER, "ipvs_incoming_bytes_total", "The total amount of incoming data."},
        {COUNTER, "ipvs_outgoing_bytes_total", "The total amount of outgoing data."},
    };
    struct str text = proc_file(c, "net/ip_vs_stats");
    struct str line = STR("");
    if (text.ptr == NULL)
        return false;
    for (int i = 0; i < 3; i++) {
        if (!next_line(&text, &line))
            return collect_failed(c, "ip_vs_stats is too short");
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct str word;
        double value;
        if (!next_word(&line, &word) || !hex_number(c, word, &value))
            return collect_failed(c, "ip_vs_stats: no number");
        page_later(c, &rows[i], NULL, 0, value);
    }
    return true;
}

/* ---- ipvs: backends ---- */
struct backend {
    struct str local_address, local_mark, local_port, proto, remote_address, remote_port;
    double active, inactive, weight;
};

struct backends {
    struct backend *items;
    size_t count;
    struct map places; /* the shown labels' texts -> place in items + 1 */
};

static const struct {
    struct str name;
    size_t offset;
} ipvs_labels[] = {
    {STR_INIT("local_address"), offsetof(struct backend, local_address)},
    {STR_INIT("local_mark"), offsetof(struct backend, local_mark)},
    {STR_INIT("local_port"), offsetof(struct backend, local_port)},
    {STR_INIT("proto"), offsetof(struct backend, proto)},
    {STR_INIT("remote_address"), offsetof(struct backend, remote_address)},
    {STR_INIT("remote_port"), offsetof(struct backend, remote_port)},
};
enum { IPVS_LABELS = sizeof ipvs_labels / sizeof *ipvs_labels, MAX_BACKENDS = 16384 };

static struct str *label_text(struct backend *b, size_t i)
{
    return (struct str *)((char *)b + ipvs_labels[i].offset);
}

bool ipvs_has_label(struct str name)
{
    for (size_t i = 0; i < IPVS_LABELS; i++) {
        if (str_eq(name, ipvs_labels[i].name))
            return true;
    }
    return false;
}

/* "C0A80016:0CEA" or "[2620:0000:…:0001]:0050". */
static bool parse_address(struct collect *c, struct str text, struct str *address, struct str *port)
{
    size_t colon = str_rfind_byte(text, ':');
    double number;
    char printed[INET6_ADDRSTRLEN];
    unsigned char bytes[16];
    if (colon == SIZE_MAX || !hex_number(c, str_slice(text, colon + 1, text.len), &number))
        return false;
    *port = arena_printf(&c->arena, "%.0f", number);
    struct str host = str_slice(text, 0, colon);
    if (str_starts(host, STR("["))) {
        host = str_slice(host, 1, host.len - 1);
        if (inet_pton(AF_INET6, arena_cstr(&c->arena, host), bytes) != 1 ||
            inet_ntop(AF_INET6, bytes, printed, sizeof printed) == NULL) {
            return false;
        }
        *address = arena_str(&c->arena, str_from(printed));
        return true;
    }
    if (host.len != 8 || !hex_number(c, host, &number))
        return false;
    uint32_t ip = (uint32_t)number;
    *address =
        arena_printf(&c->arena, "%u.%u.%u.%u", ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255);
    return true;
}

/* A line of a service sets the local half, a line "-> …" is a backend of it. */
static bool parse_line(struct collect *c, struct str line, struct backend *b, bool *is_backend)
{
    struct str word;
    struct str address;
    *is_backend = false;
    if (!next_word(&line, &word))
        return true;
    if (str_is(word, "TCP") || str_is(word, "UDP")) {
        b->proto = word;
        b->local_mark = STR("");
        return next_word(&line, &address) &&
               parse_address(c, address, &b->local_address, &b->local_port);
    }
    if (str_is(word, "FWM")) {
        b->proto = word;
        b->local_address = STR("");
        b->local_port = STR("0");
        return next_word(&line, &b->local_mark);
    }
    if (!str_is(word, "->") || b->proto.len == 0)
        return true;
    *is_backend = next_word(&line, &address) && next_word(&line, &word) &&
                  parse_address(c, address, &b->remote_address, &b->remote_port);
    b->weight = next_number(&line);
    b->active = next_number(&line);
    b->inactive = next_number(&line);
    return *is_backend;
}

static bool is_shown(struct collect *c, size_t label)
{
    const struct str_list *wanted = &c->args->ipvs.backend_labels;
    for (size_t i = 0; i < wanted->count; i++) {
        if (str_eq(wanted->items[i], ipvs_labels[label].name))
            return true;
    }
    return wanted->count == 0;
}

/* Backends whose shown labels are the same are one, with sums. */
static void add_backend(struct collect *c, struct backends *all, struct backend b)
{
    struct str key = STR("");
    for (size_t i = 0; i < IPVS_LABELS; i++) {
        if (is_shown(c, i))
            key = arena_printf(&c->arena, "%.*s %.*s", STR_ARG(key), STR_ARG(*label_text(&b, i)));
    }
    size_t place = (uintptr_t)map_get(&all->places, key);
    if (place != 0) {
        struct backend *other = &all->items[place - 1];
        other->active += b.active;
        other->inactive += b.inactive;
        other->weight += b.weight;
    } else if (all->count < MAX_BACKENDS) {
        all->items[all->count++] = b;
        map_put(&all->places, key, (void *)(uintptr_t)all->count);
    }
}

static void write_backend(struct collect *c, struct backend *b)
{
    static const struct family active = {
        GAUGE, "ipvs_backend_connections_active",
        "The current active connections by local and remote address."};
    static const struct family inactive = {
        GAUGE, "ipvs_backend_connections_inactive",
        "The current inactive connections by local and remote address."};
    static const struct family weight = {GAUGE, "ipvs_backend_weight",
                                         "The current backend weight by local and remote address."};
    struct label labels[IPVS_LABELS];
    size_t count = 0;
    for (size_t i = 0; i < IPVS_LABELS; i++) {
        if (is_shown(c, i))
            labels[count++] = (struct label){ipvs_labels[i].name, *label_text(b, i)};
    }
    page_later(c, &active, labels, count, b->active);
    page_later(c, &inactive, labels, count, b->inactive);
    page_later(c, &weight, labels, count, b->weight);
}

static bool read_backends(struct collect *c, struct str text, struct backends *all)
{
    struct backend b = {0};
    struct str line;
    while (next_line(&text, &line)) {
        bool is_backend;
        if (!parse_line(c, line, &b, &is_backend))
            return collect_failed(c, "ip_vs: \"%.*s\" is not understood", STR_ARG(line));
        if (is_backend)
            add_backend(c, all, b);
    }
    return true;
}

void collect_ipvs(struct collect *c)
{
    struct backends all = {0};
    if (!ipvs_totals(c))
        return;
    struct str text = proc_file(c, "net/ip_vs");
    if (text.ptr == NULL)
        return;
    all.items = ARENA_ARRAY(&c->arena, MAX_BACKENDS, struct backend);
    map_init(&all.places, NULL);
    if (read_backends(c, text, &all)) {
        for (size_t i = 0; i < all.count; i++)
            write_backend(c, &all.items[i]);
    }
    map_release(&all.places);
}
