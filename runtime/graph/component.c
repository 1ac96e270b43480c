/* Evaluating a component: build once, update when the arguments differ. Both run where the
 * component lives, in a memory scope; what fails there is undone as if memory had failed. */

#include "runtime/graph/parts.h"

struct component_call {
    struct component_host *host;
    struct graph *graph;
    struct cell *cell;
    const void *args;
    const void *old_args;
    struct error err;
    bool failed;
};

static void build_work(void *arg)
{
    struct component_call *call = arg;
    struct component_host *host = call->host;
    enum status status = host->def->build(host->self, host, call->args, &call->err);
    call->failed = status != STATUS_OK;
    if (call->failed)
        mem_scope_refuse();
}

static void update_work(void *arg)
{
    struct component_call *call = arg;
    struct component_host *host = call->host;
    enum status status = host->def->update(host->self, call->args, call->old_args, &call->err);
    call->failed = status != STATUS_OK;
    if (call->failed)
        mem_scope_refuse();
}

/* A build or update that fails is undone as if memory had failed. */
static void in_scope(struct component_call *call, void (*work)(void *arg))
{
    struct component_host *host = call->host;
    host->in_call = true;
    if (!mem_scope_run(work, call)) {
        host->fresh = NULL; /* it was born in the scope */
        if (!call->failed)
            call->err = node_out_of_memory;
        call->failed = true;
    }
    host->in_call = false;
}

static void build_on_loop(void *arg)
{
    struct component_call *call = arg;
    memset(call->host->self, 0, call->host->def->size);
    in_scope(call, build_work);
    call->host->built = !call->failed;
}

static void update_on_loop(void *arg)
{
    struct component_call *call = arg;
    if (call->host->def->update)
        in_scope(call, update_work);
}

static void host_work(void *arg)
{
    struct component_call *call = arg;
    call->host = host_new(call->graph, call->cell, call->cell->loop);
}

static void call_init(struct component_call *call, struct graph *graph, struct cell *cell,
                      const void *args)
{
    call->graph = graph;
    call->cell = cell;
    call->args = args;
    call->old_args = NULL;
    call->failed = false;
    error_clear(&call->err);
}

static void take_fresh(struct graph *graph, struct node *node)
{
    struct component_host *host = node->cell->host;
    struct value *fresh = host->fresh;
    host->fresh = NULL;
    if (fresh)
        node_publish(graph, node, &node->cell->exports, fresh);
}

static void build(struct graph *graph, struct node *node, struct decoded *args)
{
    struct cell *cell = node->cell;
    struct component_call call __attribute__((uninitialized)); /* large */
    call_init(&call, graph, cell, args->data);
    if (!cell->host) {
        if (!mem_scope_run(host_work, &call)) {
            decoded_free(args);
            node_fail(graph, node, "building component: ", NULL, &node_out_of_memory);
            return;
        }
        cell->host = call.host;
    }
    call.host = cell->host;
    host_run(call.host, build_on_loop, &call);
    if (call.failed) {
        decoded_free(args);
        node_fail(graph, node, "building component: ", NULL, &call.err);
        return;
    }
    decoded_free(cell->args);
    cell->args = args;
    node->changed = graph->live->loading;
    take_fresh(graph, node);
    cell_healthy(graph, cell, "component evaluated");
}

static void forget(struct decoding *d)
{
    if (d->patched)
        patch_drop(d);
    else
        decoded_free(d->args);
}

static void update(struct graph *graph, struct node *node, struct decoding *d)
{
    struct cell *cell = node->cell;
    struct component_call call __attribute__((uninitialized)); /* large */
    call_init(&call, graph, cell, d->patched ? d->patched : d->args->data);
    call.host = cell->host;
    call.old_args = cell->args->data;
    host_run(call.host, update_on_loop, &call);
    if (call.failed) {
        forget(d);
        node_fail(graph, node, "updating component: ", NULL, &call.err);
        return;
    }
    if (d->patched) {
        patch_take(d);
    } else {
        decoded_free(cell->args);
        cell->args = d->args;
    }
    node->changed = graph->live->loading;
    take_fresh(graph, node);
    cell_healthy(graph, cell, "component evaluated");
}

void evaluate_component(struct graph *graph, struct node *node)
{
    struct decoding d;
    if (!node_decode(graph, node, &d))
        return;
    struct cell *cell = node->cell;
    if (!cell->host || !cell->host->built) {
        build(graph, node, d.args);
    } else if (d.unchanged || d.equal) {
        forget(&d);
        cell_healthy(graph, cell, "component evaluated");
    } else {
        update(graph, node, &d);
    }
}
