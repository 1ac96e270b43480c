/* The graph's life and its loads. */

#include "runtime/graph/parts.h"

#include "base/world.h"

#include <stdio.h>

static bool find_symbol(void *arg, enum block_kind kind, struct str name,
                        struct program_symbol *out)
{
    const struct graph *graph = arg;
    if (kind != BLOCK_COMPONENT)
        return blocks_find(kind, name, graph->options.imports, out);
    return component_symbol(map_get(&graph->defs, name), out);
}

/* The metrics of waves and loads, as Alloy names them. */
static void make_metrics(struct graph *graph)
{
    static const double bounds[] = {0.005, 0.025, 0.1, 0.5, 1, 5, 10, 30, 60, 120, 300, 600};
    static const struct self_bounds seconds = {bounds, sizeof(bounds) / sizeof(bounds[0])};
    const struct label labels[] = {{STR("controller_id"), STR("")},
                                   {STR("controller_path"), STR("/")}};
    graph->metrics = self_group_new(graph->options.metrics, STR_NONE, STR_NONE);
    graph->evaluation_seconds =
        self_histogram(graph->metrics, "alloy_component_evaluation_seconds",
                       "Time spent performing component evaluation", seconds, labels, 2);
    /* Alloy's controller of remote configuration shows itself even when it has nothing to do. */
    struct label remote[] = {{STR("controller_id"), STR("remotecfg")},
                             {STR("controller_path"), STR("/")}};
    (void)self_histogram(graph->metrics, "alloy_component_evaluation_seconds",
                         "Time spent performing component evaluation", seconds, remote, 2);
    graph->wait_seconds = self_histogram(
        graph->metrics, "alloy_component_dependencies_wait_seconds",
        "Time spent by components waiting to be evaluated after their dependency is updated.",
        seconds, labels, 2);
    graph->evaluating = self_metric(
        graph->metrics, SELF_GAUGE, "alloy_component_controller_evaluating",
        "Tracks if the controller is currently in the middle of a graph evaluation", labels, 2);
    graph->queue_size =
        self_metric(graph->metrics, SELF_GAUGE, "alloy_component_evaluation_queue_size",
                    "Tracks the number of components waiting to be evaluated", labels, 2);
}

struct graph *graph_new(const struct graph_options *options, struct error *err)
{
    struct graph *graph = mem_zalloc(NULL, sizeof(*graph));
    graph->options = *options;
    graph->options.storage_path =
        str_of(mem_strdup(NULL, options->storage_path.ptr, options->storage_path.len),
               options->storage_path.len);
    graph->log.sink = options->log;
    buf_init(&graph->removed, NULL, 1);
    ASSERT(pthread_mutex_init(&graph->mutex, NULL) == 0);
    map_init(&graph->defs, NULL);
    for (const struct component_def *const *def = options->components; *def; def++)
        map_put(&graph->defs, str_from((*def)->name), (void *)(uintptr_t)*def);
    graph->labels = label_table_new(NULL);
    graph->hidden = self_registry_new();
    make_metrics(graph);
    for (; graph->loop_count < options->data_loops; graph->loop_count++) {
        graph->loops[graph->loop_count] = loop_new("data", err);
        if (!graph->loops[graph->loop_count]) {
            graph_free(graph);
            return NULL;
        }
    }
    return graph;
}

void graph_free(struct graph *graph)
{
    if (!graph)
        return;
    for (unsigned i = 0; i < graph->loop_count; i++) {
        loop_stop(graph->loops[i]);
        if (graph->running)
            loop_join_thread(graph->loops[i]);
        loop_free(graph->loops[i]);
    }
    self_group_free(graph->metrics);
    buf_release(&graph->removed);
    self_registry_free(graph->hidden);
    label_table_free(graph->labels);
    map_release(&graph->defs);
    pthread_mutex_destroy(&graph->mutex);
    mem_free((char *)(uintptr_t)graph->options.storage_path.ptr);
    mem_free(graph);
}

void graph_on_settled(struct graph *graph, loop_fn *fn, void *arg)
{
    graph->settled = fn;
    graph->settled_arg = arg;
}

bool graph_ready(const struct graph *graph)
{
    return graph->ready;
}

bool graph_config_hash(const struct graph *graph, unsigned char out[32])
{
    if (!graph->live)
        return false;
    memcpy(out, graph->live->sha256, 32);
    return true;
}

const struct program_text *graph_text(const struct graph *graph)
{
    return graph->live ? &graph->live->root->module->program->text : NULL;
}

/* ---- loading ---- */

struct loading {
    struct graph *graph;
    const char *path;
    struct diags *diags;
    struct error *err;
    enum graph_outcome outcome;
    struct generation *gen;
};

void graph_program_options(struct graph *graph, struct program_options *out)
{
    const struct graph_options *options = &graph->options;
    *out = (struct program_options){.find = find_symbol,
                                    .arg = graph,
                                    .stdlib = options->stdlib,
                                    .min_stability = options->min_stability,
                                    .community = options->community};
}

static void prepare_work(void *arg)
{
    struct loading *l = arg;
    struct program_text text;
    diags_init(l->diags);
    l->outcome = GRAPH_UNREAD;
    if (program_read(l->path, &text, l->diags, l->err) != STATUS_OK)
        return;
    if (l->diags->errors) {
        program_text_release(&text);
        return;
    }
    struct program_options options;
    graph_program_options(l->graph, &options);
    struct program *program = program_new(&text, &options);
    l->gen = generation_new(l->graph, program, false, l->diags);
    program_unref(program);
    l->outcome = l->gen ? GRAPH_APPLIED : GRAPH_REJECTED;
}

static void log_warnings(struct graph *graph, const struct program *program)
{
    for (const struct program_module *m = program->modules; m; m = m->next) {
        for (uint32_t i = 0; i < m->problem_count; i++) {
            const struct program_problem *problem = &m->problems[i];
            if (problem->kind == PROBLEM_SHADOWING)
                LOG(&graph->log, LOG_WARN, "a component is shadowing an existing stdlib name",
                    LOG_S("component", m->blocks[problem->other].id),
                    LOG_S("stdlib_name", problem->text));
            else if (problem->kind == PROBLEM_DEPRECATED)
                LOG(&graph->log, LOG_WARN,
                    "this stdlib function is deprecated; please refer to the documentation for "
                    "updated usage and alternatives",
                    LOG_S("function", problem->text));
        }
    }
}

static bool is_nested_import(const struct node *node)
{
    return node->kind == NODE_IMPORT && node->in->owner;
}

void generation_commit(struct graph *graph, struct generation *gen)
{
    gen->stamp = ++graph->stamp;
    graph->nested_imports = 0;
    for (uint32_t i = 0; i < gen->count; i++)
        graph->nested_imports += is_nested_import(gen->nodes[i]);
    for (uint32_t i = 0; i < gen->count; i++) {
        if (gen->nodes[i]->kind == NODE_RESULT)
            continue;
        gen->nodes[i]->cell->node = gen->nodes[i];
        gen->nodes[i]->cell->generation = gen->stamp;
    }
    /* Users of a custom component hang on its result. */
    for (uint32_t i = 0; i < gen->count; i++) {
        if (gen->nodes[i]->kind == NODE_RESULT)
            gen->nodes[i]->cell->node = gen->nodes[i];
    }
    graph->live = gen;
}

static bool has_block(const struct generation *gen, const char *id)
{
    return map_has(&gen->cells, str_from(id));
}

static void evaluate_touched(struct graph *graph, struct generation *gen)
{
    gen->loading = true;
    graph->import_waited_ns = 0;
    self_set(graph->evaluating, 1);
    for (uint32_t i = 0; i < gen->count; i++) {
        if (!gen->nodes[i]->same && !gen->nodes[i]->in->frozen)
            node_mark_whole(gen, gen->nodes[i]);
    }
    (void)generation_drain(graph, gen);
    (void)graph_reshape(graph);
    gen = graph->live;
    gen->loading = false;
    self_set(graph->evaluating, 0);
    if (!has_block(gen, "logging"))
        (void)logging_apply(graph, NULL);
    const struct graph_services *services = &graph->options.services;
    if (services->http && !has_block(gen, "http"))
        (void)services->http(services->arg, NULL, NULL);
}

static void collect_work(void *arg)
{
    struct loading *l = arg;
    for (uint32_t i = 0; i < l->gen->count; i++) {
        const struct node *node = l->gen->nodes[i];
        const struct cell *cell = node->cell;
        if (node->kind == NODE_RESULT || node->in->frozen || node->in->item_in)
            continue; /* what fails in an item is the foreach's problem */
        if (cell->problem)
            diags_append(l->diags, cell->problem);
        else if (cell->health.state == HEALTH_UNHEALTHY && !cell->health.message)
            diag_add(l->diags, DIAG_PLAIN, NULL, (struct range){0}, STR_ARG(STR("out of memory")));
    }
}

/* Everything that may be refused happens before commit (tests/models/reload.pml:
 * rejected_changes_nothing, one_transition_at_a_time). */
enum graph_outcome graph_load(struct graph *graph, const char *path, struct diags *diags,
                              struct error *err)
{
    error_clear(err);
    struct loading l = {.graph = graph, .path = path, .diags = diags, .err = err};
    if (graph->in_transition || graph->stopping) {
        diags_init(diags);
        error_set(err, STATUS_UNAVAILABLE,
                  "components of the last configuration are still stopping");
        return GRAPH_BUSY;
    }
    /* What has been published goes first, so that nothing that is kept waits for an evaluation. */
    inbox_handle(graph);
    graph_wave(graph);
    if (!mem_scope_run(prepare_work, &l)) {
        diags_init(diags);
        error_set(err, STATUS_MEMORY, "out of memory");
        return GRAPH_UNREAD;
    }
    if (!l.gen)
        return l.outcome;
    for (struct generation_program *p = l.gen->programs; p; p = p->next)
        log_warnings(graph, p->program);
    struct generation *old = graph->live;
    generation_commit(graph, l.gen);
    buf_release(&graph->removed);
    load_note_removed(graph, old);
    transition_leave(graph, old, l.gen->stamp);
    generation_free(old);
    evaluate_touched(graph, l.gen);
    l.gen = graph->live;
    if (!mem_scope_run(collect_work, &l)) {
        diags_init(diags);
        error_set(err, STATUS_MEMORY, "out of memory");
    }
    graph->ready |= diags->errors == 0;
    transition_arrive(graph);
    if (graph->running)
        transition_begin(graph);
    return GRAPH_APPLIED;
}

enum status graph_start_loops(struct graph *graph, struct error *err)
{
    for (unsigned i = 0; i < graph->loop_count && !graph->running; i++) {
        enum status status = loop_start_thread(graph->loops[i], err);
        if (status != STATUS_OK)
            return status;
    }
    graph->running = true;
    return STATUS_OK;
}

enum status graph_run(struct graph *graph, struct error *err)
{
    enum status status = graph_start_loops(graph, err);
    if (status == STATUS_OK)
        transition_begin(graph);
    return status;
}

/* ---- logging ---- */

bool logging_apply(struct graph *graph, const struct logging_args *args)
{
    enum log_level level = args ? (enum log_level)args->level : LOG_INFO;
    enum log_format format = args ? (enum log_format)args->format : LOG_LOGFMT;
    if (!log_tap_set(graph, args ? &args->write_to : NULL))
        return false;
    if (graph->options.log)
        log_open(graph->options.log, level, format);
    return true;
}
