/* The collector zfs: kstat tables of the module and of its pools below /proc/spl/kstat/zfs. Names
 * of families are made of the tables' keys. */

#include "components/prometheus/exporter/unix/collector.h"

/* Begins a family "zfs_PREFIX_KEY" whose help is the path of the key. */
static struct family zfs_family(struct collect *c, const char *prefix, const char *table,
                                struct str key)
{
    struct str name = arena_printf(&c->arena, "%s_%.*s", prefix, STR_ARG(key));
    struct str help = arena_printf(&c->arena, "kstat.zfs.misc.%s.%.*s", table, STR_ARG(key));
    char *p = (char *)name.ptr;
    for (size_t i = 0; i < name.len; i++)
        p[i] = p[i] == '-' ? '_' : p[i];
    return (struct family){UNTYPED, name.ptr, help.ptr};
}

static bool is_head(struct str line)
{
    struct str name;
    struct str type;
    struct str data;
    return next_word(&line, &name) && next_word(&line, &type) && next_word(&line, &data) &&
           str_is(name, "name") && str_is(type, "type") && str_is(data, "data");
}

struct zfs_table {
    const char *prefix, *table;
    struct str pool; /* of a dataset; NULL = the module's own */
};

/* Lines "name type data" behind a head of that text; type 4 is an unsigned, 3 a signed integer. */
static bool zfs_rows(struct collect *c, const struct zfs_table *t, struct str text)
{
    struct str line;
    struct str dataset = STR("");
    bool begun = false;
    while (next_line(&text, &line)) {
        struct str key;
        struct str type;
        struct str data;
        uint64_t value;
        if (!begun) {
            begun = is_head(line);
            continue;
        }
        if (!next_word(&line, &key) || !next_word(&line, &type) || !next_word(&line, &data))
            continue;
        bool is_pool = t->pool.ptr != NULL;
        if (is_pool && str_is(key, "dataset_name")) {
            dataset = data;
        } else if (str_is(type, "4") || (str_is(type, "3") && !is_pool)) {
            const struct family f = zfs_family(c, t->prefix, t->table, key);
            if (!str_to_u64(data, &value))
                return collect_failed(c, "%s is no number", f.help);
            const struct label labels[] = {L("dataset", dataset), L("zpool", t->pool)};
            page_later(c, &f, labels, is_pool ? 2 : 0, (double)value);
        }
    }
    if (!begun)
        return collect_failed(c, "%s has no table", t->table);
    return true;
}

/* A pool's "io": a line of names, which begins with nread, and a line of values. */
static bool pool_io(struct collect *c, struct str pool, struct str text)
{
    struct str names = STR("");
    struct str line;
    while (next_line(&text, &line)) {
        struct str rest = names;
        struct str name;
        struct str word;
        uint64_t value;
        if (names.len == 0) {
            if (str_starts(str_trim(line), STR("nread")))
                names = line;
            continue;
        }
        while (next_word(&rest, &name) && next_word(&line, &word)) {
            const struct family f = zfs_family(c, "zfs_zpool", "io", name);
            if (!str_to_u64(word, &value))
                return collect_failed(c, "%s is no number", f.help);
            LATER(c, &f, (double)value, L("zpool", pool));
        }
    }
    return true;
}

static void pool_state(struct collect *c, struct str pool, struct str text)
{
    static const char *const states[] = {"degraded", "faulted",   "offline", "online",
                                         "removed",  "suspended", "unavail"};
    static const struct family family = {GAUGE, "zfs_zpool_state", "kstat.zfs.misc.state"};
    struct str now = str_trim(text);
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        struct str state = str_from(states[i]);
        LATER(c, &family, str_eq_fold(now, state), L("state", state), L("zpool", pool));
    }
}

static const char BASE[] = "spl/kstat/zfs";

/* NULL ptr without an error: a pool may go while it is read. */
static struct str zfs_file(struct collect *c, struct str pool, struct str file)
{
    struct error kept = c->err;
    struct str text = proc_file(c, "%s/%.*s/%.*s", BASE, STR_ARG(pool), STR_ARG(file));
    c->err = kept;
    return text;
}

static bool pool_files(struct collect *c, struct str pool)
{
    const struct zfs_table objset = {"zfs_zpool_dataset", "objset", pool};
    const char *path =
        arena_printf(&c->arena, "%.*s/%s/%.*s", STR_ARG(c->args->procfs_path), BASE, STR_ARG(pool))
            .ptr;
    struct str_list files = list_dir(c, path);
    for (size_t i = 0; i < files.count; i++) {
        struct str file = files.items[i];
        bool is_objset = str_starts(file, STR("objset-"));
        if (!is_objset && !str_is(file, "io") && !str_is(file, "state"))
            continue;
        struct str text = zfs_file(c, pool, file);
        if (text.ptr == NULL)
            continue;
        if (is_objset ? !zfs_rows(c, &objset, text)
                      : str_is(file, "io") && !pool_io(c, pool, text)) {
            return false;
        }
        if (str_is(file, "state"))
            pool_state(c, pool, text);
    }
    return true;
}

void collect_zfs(struct collect *c)
{
    static const struct zfs_table tables[] = {
        {"zfs_abd", "abdstats", STR_NONE},
        {"zfs_arc", "arcstats", STR_NONE},
        {"zfs_dbuf", "dbufstats", STR_NONE},
        {"zfs_dmu_tx", "dmu_tx", STR_NONE},
        {"zfs_dnode", "dnodestats", STR_NONE},
        {"zfs_fm", "fm", STR_NONE},
        {"zfs_vdev_cache", "vdev_cache_stats", STR_NONE},
        {"zfs_vdev_mirror", "vdev_mirror_stats", STR_NONE},
        {"zfs_xuio", "xuio_stats", STR_NONE},
        {"zfs_zfetch", "zfetchstats", STR_NONE},
        {"zfs_zil", "zil", STR_NONE},
    };
    const char *base = arena_printf(&c->arena, "%.*s/%s", STR_ARG(c->args->procfs_path), BASE).ptr;
    if (!file_exists(c, base)) {
        collect_failed(c, "no data: %s is not there", base);
        return;
    }
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        struct str text = zfs_file(c, STR("."), str_from(tables[i].table));
        if (text.ptr != NULL && !zfs_rows(c, &tables[i], text))
            return;
    }
    struct str_list pools = list_dir(c, base);
    for (size_t i = 0; i < pools.count; i++) {
        if (!pool_files(c, pools.items[i]))
            return;
    }
}
