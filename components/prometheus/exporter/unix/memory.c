/* Collectors of memory: meminfo, vmstat. */

#include "components/prometheus/exporter/unix/collector.h"

/* "Active(anon)" becomes "Active_anon". */
static struct str meminfo_name(struct collect *c, struct str key, bool is_kb)
{
    struct str copy = arena_str(&c->arena, key);
    char *p = (char *)copy.ptr;
    size_t n = 0;
    for (size_t i = 0; i < copy.len; i++) {
        if (p[i] == ')')
            continue;
        p[n++] = p[i] == '(' ? '_' : p[i];
    }
    copy.len = n;
    return arena_printf(&c->arena, "memory_%.*s%s", STR_ARG(copy), is_kb ? "_bytes" : "");
}

void collect_meminfo(struct collect *c)
{
    struct str text = proc_file(c, "meminfo");
    struct str line;
    while (next_line(&text, &line)) {
        struct str key;
        struct str unit;
        if (!str_cut(line, ':', &key, &line))
            continue;
        double value = next_number(&line);
        bool is_kb = next_word(&line, &unit) && str_is(unit, "kB");
        struct str name = meminfo_name(c, key, is_kb);
        struct str help = arena_printf(&c->arena, "Memory information field %.*s.",
                                       STR_ARG(str_slice(name, 7, name.len)));
        page_family_str(c, GAUGE, name, help);
        page_value(c, is_kb ? value * 1024 : value);
    }
}

void collect_vmstat(struct collect *c)
{
    struct str text = proc_file(c, "vmstat");
    struct str line;
    while (next_line(&text, &line)) {
        struct str key;
        if (!next_word(&line, &key) || !passes(NULL, c->patterns->vmstat, key))
            continue;
        page_family_str(
            c, UNTYPED, arena_printf(&c->arena, "vmstat_%.*s", STR_ARG(key)),
            arena_printf(&c->arena, "/proc/vmstat information field %.*s.", STR_ARG(key)));
        page_value(c, next_number(&line));
    }
}
