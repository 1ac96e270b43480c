/* Evaluating the nodes that make a custom component: the call with its arguments, the module's
 * argument and export blocks, and the result that users refer to. */

#include "runtime/graph/modules.h"

void evaluate_call(struct graph *graph, struct node *node)
{
    struct decoding d;
    if (!node_decode(graph, node, &d))
        return;
    struct instance *opens = node->opens;
    const struct value *was = node->cell->values;
    if (!d.unchanged)
        node_publish(graph, node, &node->cell->values, d.values);
    node->changed = graph->live->loading && node->cell->values != was;
    if (node->refused) {
        node_fail(graph, node, "updating custom component: ", node->refused, NULL);
    } else if (node->missing || !opens) {
        struct error err;
        error_set(&err, STATUS_NOT_FOUND, "%s", node->missing);
        node_fail(graph, node, "loading custom component controller: ", NULL, &err);
    } else {
        opens->reloaded = true;
        cell_healthy(graph, node->cell, "component evaluated");
    }
}

/* ---- argument and export blocks ---- */

struct wrapping {
    struct value *value; /* borrowed */
    struct value *object;
};

static void wrap_work(void *arg)
{
    struct wrapping *w = arg;
    struct value *value = w->value ? value_ref(w->value) : value_null();
    struct value_field field = {STR("value"), value};
    w->object = value_object(&field, 1, true);
}

static void publish_argument(struct graph *graph, struct node *node, const struct value *value)
{
    struct wrapping w = {.value = (struct value *)value};
    if (!mem_scope_run(wrap_work, &w)) {
        node_fail(graph, node, "", NULL, &node_out_of_memory);
        return;
    }
    node_publish(graph, node, &node->cell->exports, w.object);
    cell_healthy(graph, node->cell, "node evaluated");
}

static void fail_missing(struct graph *graph, struct node *node)
{
    struct error err;
    error_set(&err, STATUS_INVALID, "missing required argument \"%.*s\" to module",
              STR_ARG(node->block->label));
    node_fail(graph, node, "", NULL, &err);
}

void evaluate_argument(struct graph *graph, struct node *node)
{
    struct decoding d;
    bool has_arguments = node->in->call || node->in->item_in;
    if (node->in->rejected || !has_arguments)
        return;
    const struct value *values = node->in->call ? node->in->call->cell->values : NULL;
    const struct value *given = values ? value_field(values, node->block->label) : NULL;
    if (!node_decode(graph, node, &d)) {
        if (!given) /* the nearer trouble */
            fail_missing(graph, node);
        return;
    }
    const struct argument_args *args = d.args->data;
    if (given || args->optional) {
        publish_argument(graph, node, given ? given : args->default_value.value);
    } else {
        fail_missing(graph, node);
    }
    decoded_free(d.args);
}

void evaluate_export(struct graph *graph, struct node *node)
{
    struct decoding d;
    if (!node_decode(graph, node, &d))
        return;
    if (!d.unchanged) {
        const struct export_args *args = d.args->data;
        struct value *value = args->value.value ? value_ref(args->value.value) : value_null();
        decoded_free(d.args);
        node_publish(graph, node, &node->cell->exports, value);
    }
    cell_healthy(graph, node->cell, "node evaluated");
}

/* ---- the result ---- */

struct gathering {
    struct graph *graph;
    const struct node *node;
    struct value *object;
    struct buf health;
    char *text;
};

static void exports_work(void *arg)
{
    struct gathering *g = arg;
    const struct instance *in = g->node->opens;
    uint32_t count = in->module->count;
    struct value_field *fields = mem_array(NULL, count + 1, sizeof(*fields));
    size_t used = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct node *node = in->nodes[i];
        if (!node || node->kind != NODE_EXPORT || !node->cell->exports)
            continue;
        fields[used].key = node->block->label;
        fields[used++].value = value_ref(node->cell->exports);
    }
    g->object = value_object(fields, used, true);
    mem_free(fields);
}

static bool failed_itself(const struct node *node)
{
    return node->kind != NODE_RESULT && node->cell->problem;
}

static void health_work(void *arg)
{
    struct gathering *g = arg;
    struct node **nodes = g->graph->live->nodes;
    struct diags all;
    diags_init(&all);
    for (uint32_t i = g->node->opens->call->rank + 1; i < g->node->rank; i++) {
        if (failed_itself(nodes[i]))
            diags_append(&all, nodes[i]->cell->problem);
    }
    struct buf text;
    buf_init(&text, NULL, 1 << 20);
    buf_cstr(&text, "component evaluation failed: updating custom component: ");
    diags_summary(&text, &all);
    diags_release(&all);
    size_t len;
    g->text = buf_take(&text, &len);
}

/* What fails inside when the module is loaded shows on the custom component too. */
static void show_failures_inside(struct graph *graph, struct node *node)
{
    bool any = false;
    for (uint32_t i = node->opens->call->rank + 1; i < node->rank && !any; i++)
        any = failed_itself(graph->live->nodes[i]);
    if (!any)
        return;
    struct gathering g = {.graph = graph, .node = node};
    if (!mem_scope_run(health_work, &g))
        g.text = NULL;
    cell_failed(node->cell, g.text, NULL);
}

void evaluate_result(struct graph *graph, struct node *node)
{
    struct instance *opens = node->opens;
    if (node->pair->kind == NODE_FOREACH) {
        evaluate_foreach_result(graph, node);
        return;
    }
    if (!opens)
        return;
    struct gathering g = {.graph = graph, .node = node};
    if (!mem_scope_run(exports_work, &g)) {
        node_fail(graph, node, "", NULL, &node_out_of_memory);
        return;
    }
    node_publish(graph, node, &node->cell->exports, g.object);
    if (opens->reloaded)
        show_failures_inside(graph, node);
    opens->reloaded = false;
}
