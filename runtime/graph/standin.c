/* See runtime/standin.h. A stand-in owns the sinks that it exports, at most one a row. */

#include "runtime/standin.h"

#include "compiler/catalog.h"
#include "runtime/graph/parts.h"

enum { SINKS_MAX = 4 };

struct standin {
    struct component_host *host;
    struct sink *sinks[SINKS_MAX];
    size_t count;
    struct self_metric *dropped;
};

static void push(void *self, struct batch *batch, struct ack *ack)
{
    struct standin *s = self;
    self_add(s->dropped, (double)batch->items);
    ack_done(ack, ACK_REJECTED, 0);
}

static const struct sink_ops sink_table = {.push = push};

static unsigned accepts(const struct capsule_type *type)
{
    if (type == &capsule_metrics)
        return 1u << SIGNAL_METRICS;
    if (type == &capsule_logs)
        return 1u << SIGNAL_LOGS;
    return type == &capsule_otlp ? 1u << SIGNAL_OTLP : 0;
}

static void export_row(struct standin *s, const struct row *row, char *exports)
{
    if (row->type->kind == FIELD_TARGETS) {
        ((struct target_list *)(void *)(exports + row->offset))->is_set = true;
        return;
    }
    unsigned signals = row->type->kind == FIELD_CAPSULE ? accepts(row->capsule) : 0;
    if (!signals || s->count == SINKS_MAX)
        return;
    struct sink *sink =
        sink_new(host_loop(s->host), signals, host_global_id(s->host), &sink_table, s);
    s->sinks[s->count++] = sink;
    ((struct any *)(void *)(exports + row->offset))->value = sink_value(row->capsule, sink);
}

static void export_all(struct standin *s)
{
    const struct shape *shape = s->host->def->exports;
    struct arena arena;
    if (!shape)
        return;
    arena_init(&arena, NULL, 1 << 20);
    char *exports = arena_zalloc(&arena, shape->size);
    for (const struct row *row = shape->rows; row->name; row++)
        export_row(s, row, exports);
    host_export(s->host, exports);
    schema_release(shape, exports);
    arena_release(&arena);
}

static enum status build(void *self, struct component_host *host, const void *args,
                         struct error *err)
{
    (void)args;
    (void)err;
    struct standin *s = self;
    char text[160];
    s->host = host;
    const struct label reason[] = {{STR("reason"), STR("unsupported")}};
    s->dropped =
        self_metric(host_metrics(host), SELF_COUNTER, "invar_unsupported_dropped_items_total",
                    "Items that were pushed to a component that is not supported yet.", reason, 1);
    export_all(s);
    (void)snprintf(text, sizeof(text), "component \"%s\" is not supported by invar yet",
                   host->def->name);
    host_health(host, HEALTH_UNHEALTHY, text);
    return STATUS_OK;
}

static void stop(void *self)
{
    struct standin *s = self;
    for (size_t i = 0; i < s->count; i++)
        sink_close(s->sinks[i]);
    host_stopped(s->host);
}

static void release(void *self)
{
    struct standin *s = self;
    for (size_t i = 0; i < s->count; i++)
        sink_unref(s->sinks[i]);
}

static const struct component_def *find(const struct component_def *const *defs, struct str name)
{
    for (; *defs; defs++)
        if (str_is(name, (*defs)->name))
            return *defs;
    return NULL;
}

static const struct component_def *standin(struct arena *arena, struct catalog *catalog,
                                           struct str name)
{
    struct program_symbol symbol;
    struct component_def *def = ARENA_NEW(arena, struct component_def);
    (void)catalog_find(catalog, name, &symbol);
    *def = (struct component_def){.name = arena_cstr(arena, name),
                                  .summary = "Is not supported by invar yet.",
                                  .stability = symbol.stability,
                                  .community = symbol.community,
                                  .args = symbol.args,
                                  .exports = symbol.exports,
                                  .size = sizeof(struct standin),
                                  .build = build,
                                  .stop = stop,
                                  .release = release};
    return def;
}

const struct component_def *const *standins_new(struct arena *arena,
                                                const struct component_def *const *offered,
                                                const struct capsule_type *const *capsules)
{
    size_t count = 0, used = 0;
    for (const struct component_def *const *def = offered; *def; def++)
        count++;
    for (struct catalog_name at = {0}; catalog_next(&at);)
        count++;
    const struct component_def **all = ARENA_ARRAY(arena, count + 1, const struct component_def *);
    struct catalog *catalog = catalog_new(arena, capsules);
    for (const struct component_def *const *def = offered; *def; def++)
        all[used++] = *def;
    for (struct catalog_name at = {0}; catalog_next(&at);)
        if (!find(offered, at.name))
            all[used++] = standin(arena, catalog, at.name);
    all[used] = NULL;
    return all;
}
