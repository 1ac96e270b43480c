/* What the API shows of the graph, as JSON (SEMANTICS §17), and its health as a whole. */

#include "runtime/graph/parts.h"

#include "base/strconv.h"

const char *health_name(enum health health)
{
    static const char *const names[] = {[HEALTH_HEALTHY] = "healthy",
                                        [HEALTH_UNKNOWN] = "unknown",
                                        [HEALTH_UNHEALTHY] = "unhealthy",
                                        [HEALTH_EXITED] = "exited"};
    return names[health];
}

static bool is_shown(const struct node *node)
{
    return node->kind == NODE_COMPONENT || node->kind == NODE_CALL || node->kind == NODE_FOREACH;
}

/* Blocks that refer to each block of a module. */
struct users {
    uint32_t *first; /* index into list; one more than blocks */
    uint32_t *list;
};

static bool is_component(const struct program_block *block)
{
    return block->kind == BLOCK_COMPONENT || block->kind == BLOCK_CUSTOM ||
           block->kind == BLOCK_FOREACH;
}

static void users_of(struct arena *arena, const struct program_module *module, struct users *out)
{
    out->first = ARENA_ARRAY(arena, module->count + 2, uint32_t);
    uint32_t total = 0;
    for (uint32_t i = 0; i < module->count; i++) {
        const struct program_block *block = &module->blocks[i];
        for (uint32_t d = 0; is_component(block) && d < block->dep_count; d++, total++)
            out->first[block->deps[d] + 2]++;
    }
    for (uint32_t i = 2; i < module->count + 2; i++)
        out->first[i] += out->first[i - 1];
    out->list = ARENA_ARRAY(arena, total + 1, uint32_t);
    for (uint32_t i = 0; i < module->count; i++) {
        const struct program_block *block = &module->blocks[i];
        for (uint32_t d = 0; is_component(block) && d < block->dep_count; d++)
            out->list[out->first[block->deps[d] + 1]++] = i;
    }
}

static void write_ids(struct json_writer *w, const struct program_module *module,
                      const uint32_t *blocks, uint32_t count)
{
    json_array(w);
    for (uint32_t i = 0; i < count; i++) {
        const struct program_block *block = &module->blocks[blocks[i]];
        if (block->usable && is_component(block))
            json_string(w, block->id);
    }
    json_array_end(w);
}

static bool is_receiver(const struct row *row)
{
    return row->type->kind == FIELD_CAPSULE &&
           (row->capsule == &capsule_metrics || row->capsule == &capsule_logs ||
            row->capsule == &capsule_otlp);
}

/* Writes `id` for every reference of `block` to an export of `target`: to a receiver, where data
 * goes, or to anything else, which data comes from. */
static void write_reads(struct json_writer *w, const struct program_block *block,
                        const struct program_block *blocks, uint32_t target, bool receiver)
{
    const struct shape *exports = blocks[target].symbol.exports;
    for (uint32_t e = 0; exports && e < block->expr_count; e++) {
        const struct program_expr *expr = &block->exprs[e];
        size_t count = expr_ref_count(expr->expr);
        for (size_t i = 0; i < count; i++) {
            const struct program_ref *ref = &block->refs[expr->first_ref + i];
            const struct expr_ref *names = expr_ref_at(expr->expr, i);
            if (ref->kind != REF_BLOCK || ref->target != target || names->count != ref->used + 1u)
                continue;
            const struct row *row = schema_find(exports, names->names[ref->used]);
            if (row && is_receiver(row) == receiver)
                json_string(w, receiver ? blocks[target].id : block->id);
        }
    }
}

static void write_flow(struct json_writer *w, const struct program_module *module, uint32_t index,
                       const struct users *users)
{
    const struct program_block *blocks = module->blocks, *block = &blocks[index];
    json_array(w);
    for (uint32_t d = 0; d < block->dep_count; d++) {
        if (is_component(&blocks[block->deps[d]]))
            write_reads(w, block, blocks, block->deps[d], true);
    }
    for (uint32_t i = users->first[index]; i < users->first[index + 1]; i++)
        write_reads(w, &blocks[users->list[i]], blocks, index, false);
    json_array_end(w);
}

static void write_health(struct json_writer *w, const struct cell *cell)
{
    char message[2200];
    int64_t changed;
    enum health health = host_overall(cell, message, sizeof(message), &changed);
    struct buf time;
    buf_init(&time, NULL, 64);
    time_format_rfc3339(&time, changed);
    json_key(w, STR("health"));
    json_object(w);
    json_key(w, STR("state"));
    json_string(w, str_from(health_name(health)));
    json_key(w, STR("message"));
    json_string(w, str_from(message));
    json_key(w, STR("updatedTime"));
    json_string(w, buf_view(&time));
    json_object_end(w);
    buf_release(&time);
}

/* What goes in and out of modules is shown as the kind of thing it is. */
static const struct capsule_type *shown_kind(const struct node *node,
                                             const struct value_field *field)
{
    const struct value *value = field->value;
    bool is_receiver_of_module = node->kind == NODE_CALL && value->type == VALUE_CAPSULE &&
                                 value->as.capsule.type == &capsule_metrics;
    if (is_receiver_of_module)
        return &capsule_metrics;
    /* Go has no nothing for kinds that are no interfaces. */
    const struct shape *exports = node->block->symbol.exports;
    if (node->kind != NODE_COMPONENT || node->cell->exports || !exports ||
        value->type != VALUE_NULL)
        return NULL;
    const struct row *row = schema_find(exports, field->key);
    return row && row->type->kind == FIELD_CAPSULE && !is_receiver(row) ? row->capsule : NULL;
}

static void write_value(struct json_writer *w, const struct node *node,
                        const struct value_field *field)
{
    const struct capsule_type *kind = shown_kind(node, field);
    if (!kind) {
        value_api_json(w, field->value);
        return;
    }
    struct buf text;
    buf_init(&text, NULL, SIZE_MAX);
    buf_printf(&text, "capsule(\"%s\")", kind->name);
    json_object(w);
    json_key(w, STR("type"));
    json_string(w, STR("capsule"));
    json_key(w, STR("value"));
    json_string(w, buf_view(&text));
    json_object_end(w);
    buf_release(&text);
}

static void write_fields(struct json_writer *w, const struct node *node, const struct value *object)
{
    json_array(w);
    for (uint32_t i = 0; object && object->type == VALUE_OBJECT && i < object->count; i++) {
        const struct value_field *field = &object->as.fields[i];
        json_object(w);
        json_key(w, STR("name"));
        json_string(w, field->key);
        json_key(w, STR("type"));
        json_string(w, STR("attr"));
        json_key(w, STR("value"));
        write_value(w, node, field);
        json_object_end(w);
    }
    json_array_end(w);
}

/* Arguments of a component that was never built: Go's zero values. */
static void write_nothing(struct json_writer *w, const struct shape *shape)
{
    char *zero = mem_zalloc(NULL, shape ? shape->size : 1);
    for (const struct row *row = shape ? shape->rows : NULL; row && row->name; row++) {
        uint8_t kind = row->type ? row->type->kind : 0;
        if (row->required && (kind == FIELD_LIST || kind == FIELD_MAP))
            ((struct field_items *)(void *)(zero + row->offset))->is_set = true;
        else if (row->required && kind == FIELD_TARGETS)
            ((struct target_list *)(void *)(zero + row->offset))->is_set = true;
    }
    if (shape) {
        schema_api_json(w, shape, zero);
    } else {
        json_array(w);
        json_array_end(w);
    }
    mem_free(zero);
}

static void write_bodies(struct json_writer *w, const struct node *node)
{
    const struct cell *cell = node->cell;
    json_key(w, STR("arguments"));
    if (node->kind == NODE_CALL) {
        write_fields(w, node, cell->values);
    } else if (cell->args) {
        schema_api_json(w, cell->args->shape, cell->args->data);
    } else {
        write_nothing(w, node->block->symbol.args);
    }
    json_key(w, STR("exports"));
    struct value *exports = node->kind == NODE_CALL ? cell_exports(node->pair) : cell_exports(node);
    write_fields(w, node, exports);
    value_unref(exports);
    json_key(w, STR("debugInfo"));
    struct component_host *host = cell->host;
    if (host && host->built && host->def->debug_info) {
        debug_info_write(w, host);
    } else {
        json_array(w);
        json_array_end(w);
    }
}

static void text_member(struct json_writer *w, const char *key, struct str value)
{
    json_key(w, str_from(key));
    json_string(w, value);
}

static void write_component(struct json_writer *w, const struct node *node,
                            const struct users *users, bool with_bodies)
{
    const struct cell *cell = node->cell;
    const struct program_module *module = node->in->module;
    uint32_t index = (uint32_t)(node->block - module->blocks);
    json_object(w);
    text_member(w, "name", cell->name);
    text_member(w, "type", STR("block"));
    text_member(w, "localID", cell->local_id);
    text_member(w, "moduleID", cell->module_id);
    if (cell->label.len)
        text_member(w, "label", cell->label);
    json_key(w, STR("referencesTo"));
    write_ids(w, module, node->block->deps, node->block->dep_count);
    json_key(w, STR("referencedBy"));
    write_ids(w, module, users->list + users->first[index],
              users->first[index + 1] - users->first[index]);
    json_key(w, STR("dataFlowEdgesTo"));
    write_flow(w, module, index, users);
    write_health(w, cell);
    text_member(w, "original", STR(""));
    if (with_bodies)
        write_bodies(w, node);
    if (node->opens || node->kind == NODE_FOREACH) {
        json_key(w, STR("createdModuleIDs"));
        json_array(w);
        for (const struct instance *in = node->opens; in; in = in->sibling)
            json_string(w, in->id);
        json_array_end(w);
    }
    json_key(w, STR("liveDebuggingEnabled"));
    json_bool(w, false);
    /* Not in Alloy: how many items left the component so far, for rates. */
    json_key(w, STR("itemsOut"));
    json_u64(w, cell->host ? atomic_load(&cell->host->items_out) : 0);
    json_object_end(w);
}

bool graph_module_json(struct graph *graph, struct str module_id, struct json_writer *w)
{
    struct instance *in = graph->live ? map_get(&graph->live->modules, module_id) : NULL;
    if (!in)
        return false;
    struct arena scratch;
    arena_init(&scratch, NULL, 0);
    struct users users;
    users_of(&scratch, in->module, &users);
    json_array(w);
    for (uint32_t i = 0; i < in->module->count; i++) {
        const struct node *node = in->nodes[i];
        if (node && node->kind == NODE_RESULT)
            node = node->pair;
        if (node && is_shown(node))
            write_component(w, node, &users, false);
    }
    json_array_end(w);
    arena_release(&scratch);
    return true;
}

bool graph_component_json(struct graph *graph, struct str global_id, struct json_writer *w)
{
    const struct node *node = graph->live ? map_get(&graph->live->cells, global_id) : NULL;
    if (!node || !is_shown(node))
        return false;
    struct arena scratch;
    arena_init(&scratch, NULL, 0);
    struct users users;
    users_of(&scratch, node->in->module, &users);
    write_component(w, node, &users, true);
    arena_release(&scratch);
    return true;
}

/* ---- all components ---- */

void graph_each(struct graph *graph, graph_item_fn *fn, void *arg)
{
    struct generation *gen = graph->live;
    for (uint32_t i = 0; gen && i < gen->count; i++) {
        const struct node *node = gen->nodes[i];
        if (!is_shown(node))
            continue;
        const struct cell *cell = node->cell;
        int64_t changed;
        struct graph_item item = {
            .module_id = cell->module_id,
            .local_id = cell->local_id,
            .global_id = cell->global_id,
            .name = cell->name,
            .label = cell->label,
            .health = host_overall(cell, NULL, 0, &changed),
            .items_out = cell->host ? atomic_load(&cell->host->items_out) : 0,
        };
        fn(arg, &item);
    }
}

static void add_unhealthy(void *arg, const struct graph_item *item)
{
    struct buf *names = arg;
    if (item->health != HEALTH_UNHEALTHY || item->module_id.len)
        return;
    buf_cstr(names, names->len ? ", " : "");
    buf_str(names, item->name);
}

bool graph_unhealthy(struct graph *graph, struct buf *names)
{
    graph_each(graph, add_unhealthy, names);
    return names->len > 0;
}

static void add_count(void *arg, const struct graph_item *item)
{
    struct graph_counts *counts = arg;
    counts->by_health[item->health]++;
}

void graph_count(struct graph *graph, struct graph_counts *out)
{
    *out = (struct graph_counts){.evaluations = graph->counts.evaluations,
                                 .expressions = graph->counts.expressions,
                                 .waves = graph->counts.waves};
    graph_each(graph, add_count, out);
}

struct component_host *graph_http_host(struct graph *graph, struct str path, struct str *rest)
{
    for (size_t end = 0; graph->live && end <= path.len; end++) {
        if (end < path.len && path.ptr[end] != '/')
            continue;
        const struct node *node = map_get(&graph->live->cells, str_slice(path, 0, end));
        if (!node || !node->cell->host || !node->cell->host->def->http)
            continue;
        *rest = end < path.len ? str_slice(path, end + 1, path.len) : STR("");
        return node->cell->host;
    }
    return NULL;
}
