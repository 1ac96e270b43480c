/* Cells: what a node keeps across loads. Owned by the graph; one per id. */

#include "runtime/graph/modules.h"

#include "base/world.h"

struct cell *cell_new(const struct program_block *block, struct str module_id)
{
    struct cell *cell = mem_zalloc(NULL, sizeof(*cell));
    cell->kind = block->kind;
    cell->def = block->kind == BLOCK_COMPONENT ? block->symbol.def : NULL;
    size_t prefix = module_id.len ? module_id.len + 1 : 0;
    size_t len = prefix + block->id.len;
    char *ids = mem_alloc(NULL, len + 1);
    if (prefix) {
        memcpy(ids, module_id.ptr, module_id.len);
        ids[module_id.len] = '/';
    }
    memcpy(ids + prefix, block->id.ptr, block->id.len);
    ids[len] = '\0';
    cell->ids = ids;
    cell->global_id = str_of(ids, len);
    cell->module_id = str_of(ids, module_id.len);
    cell->local_id = str_of(ids + prefix, block->id.len);
    cell->name = str_of(ids + prefix, block->name.len);
    cell->label = str_of(ids + len - block->label.len, block->label.len);
    cell->health = (struct eval_health){
        .state = HEALTH_UNKNOWN,
        .fixed =
            block->kind == BLOCK_CUSTOM ? "node custom component created" : "component created",
        .changed_ns = world_wall_ns(),
    };
    return cell;
}

void decoded_free(struct decoded *decoded)
{
    if (!decoded)
        return;
    if (decoded->data)
        schema_release(decoded->shape, decoded->data);
    patches_free(decoded);
    struct arena arena = decoded->arena; /* which holds it too */
    arena_release(&arena);
}

void cell_forget_known(struct cell *cell)
{
    for (uint32_t i = 0; cell->known && i < cell->known_count; i++)
        value_unref(cell->known[i]);
    mem_free(cell->known);
    cell->known = NULL;
    cell->known_count = 0;
}

void cell_forget_problem(struct cell *cell)
{
    if (!cell->problem)
        return;
    diags_release(cell->problem);
    mem_free(cell->problem);
    cell->problem = NULL;
}

void cell_free(struct cell *cell)
{
    cell->node = NULL;
    if (cell->host)
        host_unref(cell->host);
    else
        cell_destroy(cell);
}

void cell_destroy(struct cell *cell)
{
    import_free(cell->import);
    foreach_free(cell->foreach);
    cell_forget_problem(cell);
    cell_forget_known(cell);
    decoded_free(cell->args);
    if (cell->exports)
        value_unref(cell->exports);
    if (cell->values)
        value_unref(cell->values);
    mem_free(cell->health.message);
    mem_free(cell->ids);
    mem_free(cell);
}

static void set_health(struct cell *cell, enum health state, char *owned, const char *fixed)
{
    mem_free(cell->health.message);
    cell->health = (struct eval_health){.state = state, .message = owned, .fixed = fixed};
}

void cell_healthy(const struct graph *graph, struct cell *cell, const char *fixed)
{
    cell_forget_problem(cell);
    set_health(cell, HEALTH_HEALTHY, NULL, fixed);
    cell->health.changed_ns = graph->in_wave ? graph->wall_ns : world_wall_ns();
}

void cell_failed(struct cell *cell, char *owned, struct diags *owned_problem)
{
    cell_forget_problem(cell);
    cell->problem = owned_problem;
    set_health(cell, HEALTH_UNHEALTHY, owned, "component evaluation failed: out of memory");
    cell->health.changed_ns = world_wall_ns();
}

/* Exports of a component that was never built: the zero value of the struct (SEMANTICS §11.4). */
static struct value *zero_exports(const struct shape *shape)
{
    if (!shape)
        return value_object(NULL, 0, true);
    char *zero = mem_zalloc(NULL, shape->size);
    for (const struct row *row = shape->rows; row->name; row++) {
        uint8_t kind = row->type->kind;
        if (kind == FIELD_LIST || kind == FIELD_MAP)
            ((struct field_items *)(void *)(zero + row->offset))->is_set = true;
        else if (kind == FIELD_TARGETS)
            ((struct target_list *)(void *)(zero + row->offset))->is_set = true;
    }
    struct value *value = schema_to_value(shape, zero);
    mem_free(zero);
    return value;
}

struct value *cell_exports(const struct node *node)
{
    if (node->cell->exports)
        return value_ref(node->cell->exports);
    switch (node->kind) {
    case NODE_COMPONENT: return zero_exports(node->block->symbol.exports);
    case NODE_RESULT: return value_object(NULL, 0, true);
    default: return NULL;
    }
}
