/* Evaluating: where references lead, which expressions have to be evaluated, decoding a body, and
 * noting what went wrong. Whatever fails leaves arguments and exports as they were. Decoding runs
 * in a memory scope of its own.
 *
 * A cell keeps the results of its node's inputs. Where only some inputs are stale, those alone are
 * evaluated; if they give what they gave, nothing is decoded. */

#include "runtime/graph/modules.h"

#include "base/world.h"

/* ---- references ---- */

/* Arguments are many and mostly small: texts, lists and blocks of one beside its struct, and the
 * headers of its memory. */
enum { ARGS_ROOM = 272 };

struct lookup {
    struct graph *graph;
    const struct node *node;
    struct value **results;           /* where those of the node's inputs go; NULL = nowhere */
    const struct decoding *refreshed; /* which inputs gave another result; NULL = no answers */
    uint32_t hint;
    uint32_t input_hint;
};

static struct value *all_arguments(const struct instance *in)
{
    struct value_field fields[128];
    size_t count = 0;
    const struct program_module *module = in->module;
    for (uint32_t i = 0; i < module->count && count < 128; i++) {
        const struct node *node = in->nodes[i];
        if (!node || node->kind != NODE_ARGUMENT || !node->cell->exports)
            continue;
        fields[count].key = module->blocks[i].label;
        fields[count++].value = value_ref(node->cell->exports);
    }
    return count ? value_object(fields, count, false) : NULL;
}

static struct value *module_path(const struct instance *in)
{
    return value_string(in->module->program->text.module_path);
}

static struct value *load(void *arg, const struct expr *expr, size_t index, size_t *used)
{
    struct lookup *lookup = arg;
    const struct node *node = lookup->node;
    const struct program_ref *refs = program_refs_of(node->block, expr, &lookup->hint);
    if (!refs)
        return NULL;
    const struct program_ref *ref = &refs[index];
    const struct instance *in = instance_around(node->in, ref->up);
    if (!in)
        return NULL;
    *used = ref->used;
    switch ((enum program_ref_kind)ref->kind) {
    case REF_BLOCK: return in->nodes[ref->target] ? cell_exports(in->nodes[ref->target]) : NULL;
    case REF_MODULE_PATH: return module_path(in);
    case REF_ARGUMENTS: return all_arguments(in);
    case REF_SHADOWED: return value_object(NULL, 0, false);
    case REF_VARIABLE: return in->item ? value_ref(in->item) : NULL;
    case REF_NONE: break;
    }
    return NULL;
}

static struct scope scope_of(struct lookup *lookup)
{
    return (struct scope){.load = load, .arg = lookup, .stdlib = lookup->graph->options.stdlib};
}

/* ---- inputs ---- */

/* Which of the node's inputs an expression is; false = it reads nothing. Expressions are asked for
 * in order. */
static bool input_of(struct lookup *l, const struct expr *e, uint32_t *input)
{
    const struct node *node = l->node;
    if (!expr_ref_count(e))
        return false;
    for (uint32_t step = 0; step < node->input_count; step++) {
        uint32_t at = l->input_hint + step;
        if (at >= node->input_count)
            at -= node->input_count;
        if (node->block->exprs[node->inputs[at].expr].expr == e) {
            l->input_hint = at;
            *input = at;
            return true;
        }
    }
    return false;
}

static const struct value *known(void *arg, const struct expr *e)
{
    struct lookup *l = arg;
    uint32_t at;
    if (!input_of(l, e, &at))
        return NULL;
    struct value *fresh = l->refreshed->fresh[at];
    return fresh ? fresh : l->node->cell->known[at];
}

static void made(void *arg, const struct expr *e, const struct value *value)
{
    struct lookup *l = arg;
    uint32_t at;
    if (!input_of(l, e, &at))
        return;
    l->graph->counts.expressions++;
    if (!l->results[at])
        l->results[at] = value_ref(value);
}

static bool keeps_results(const struct node *node)
{
    switch (node->kind) {
    case NODE_COMPONENT:
    case NODE_CALL:
    case NODE_ARGUMENT:
    case NODE_EXPORT:
    case NODE_LOGGING:
    case NODE_SERVICE: return node->input_count != 0;
    default: return false;
    }
}

/* Evaluating nothing is enough if nothing changed: what is decoded is not kept by argument blocks,
 * and what configures the runtime is cheap. */
static bool may_skip(const struct node *node)
{
    return node->kind == NODE_COMPONENT || node->kind == NODE_CALL || node->kind == NODE_EXPORT;
}

enum refreshed { REFRESHED_FAILED, REFRESHED_EQUAL, REFRESHED_CHANGED };

/* Evaluates the stale inputs; d->fresh gets what differs from what the cell knows. */
static enum refreshed refresh(struct decoding *d, const struct scope *scope)
{
    const struct node *node = d->node;
    enum refreshed result = REFRESHED_EQUAL;
    d->fresh = d->few;
    if (node->input_count > DECODING_FEW)
        d->fresh = mem_array(NULL, node->input_count, sizeof(struct value *));
    for (uint32_t i = 0; i < node->input_count; i++) {
        if (!node->inputs[i].stale)
            continue;
        const struct expr *e = node->block->exprs[node->inputs[i].expr].expr;
        d->graph->counts.expressions++;
        if (!expr_eval_again(e, scope, node->cell->known[i], &d->fresh[i], &d->causes))
            return REFRESHED_FAILED;
        if (d->fresh[i])
            result = REFRESHED_CHANGED;
    }
    return result;
}

static void results_free(struct decoding *d)
{
    for (uint32_t i = 0; i < d->node->input_count; i++) {
        if (d->known)
            value_unref(d->known[i]);
        if (d->fresh)
            value_unref(d->fresh[i]);
    }
    mem_free(d->known);
    if (d->fresh != d->few)
        mem_free(d->fresh);
    d->known = d->fresh = NULL;
    memset(d->few, 0, sizeof(d->few));
}

/* ---- what went wrong ---- */

static const struct {
    const char *prefix; /* of the diagnostic that has no position of its own */
    bool always;        /* also of those that have one */
    const char *health; /* NULL = a component's */
} wording[] = {
    [NODE_COMPONENT] = {"Failed to build component: ", false, NULL},
    [NODE_CALL] = {"Failed to build component: ", false, NULL},
    [NODE_RESULT] = {"Failed to build component: ", false, NULL},
    [NODE_ARGUMENT] = {"Failed to evaluate node for config block: ", true, NULL},
    [NODE_EXPORT] = {"Failed to evaluate node for config block: ", true, NULL},
    [NODE_LOGGING] = {"Failed to evaluate node for config block: ", true, NULL},
    [NODE_SERVICE] = {"Failed to evaluate service: ", false, NULL},
    [NODE_PLAIN] = {"Failed to evaluate node for config block: ", true, NULL},
    [NODE_IMPORT] = {"Failed to evaluate node for config block: ", true,
                     "source evaluation failed: "},
    [NODE_FOREACH] = {"Failed to build component: ", false, "foreach evaluation failed: "},
};

struct failure {
    struct node *node;
    const char *stage;          /* "decoding configuration: " */
    const struct diags *causes; /* or NULL: */
    const struct error *err;
    bool as_they_are; /* the causes are a module's, which has worded them */
    char *health;
    struct diags *problem;
};

static void plain_problem(struct failure *f, struct str text)
{
    const struct program_block *block = f->node->block;
    diag_add(f->problem, DIAG_NODE_FAILED, block->ast->source, program_block_range(block),
             wording[f->node->kind].prefix, STR_ARG(text));
}

/* A cause that is no more than a sentence has no place to show. */
static bool is_sentence(const struct diags *causes)
{
    const struct diag *first = causes->items;
    return causes->len == 1 && !first->range.start.line &&
           (first->id == DIAG_PLAIN || first->id == DIAG_BLOCK_MISSING ||
            first->id == DIAG_ATTRIBUTE_MISSING);
}

/* The health message and the diagnostics of a load, from the causes. In a scope of its own. */
static void word_failure(void *arg)
{
    struct failure *f = arg;
    struct buf text;
    buf_init(&text, NULL, 1 << 20);
    buf_cstr(&text, f->stage);
    if (f->causes && is_sentence(f->causes))
        buf_str(&text, f->causes->items[0].message);
    else if (f->causes)
        diags_summary(&text, f->causes);
    else
        buf_cstr(&text, f->err->message);
    f->problem = mem_zalloc(NULL, sizeof(*f->problem));
    diags_init(f->problem);
    bool own_words = f->causes && f->causes->len && f->causes->items[0].range.start.line;
    if (f->as_they_are || (own_words && !wording[f->node->kind].always))
        diags_append(f->problem, f->causes);
    else
        plain_problem(f, buf_view(&text));
    struct buf health;
    buf_init(&health, NULL, 1 << 20);
    const char *prefix = wording[f->node->kind].health;
    buf_cstr(&health, prefix ? prefix : "component evaluation failed: ");
    buf_str(&health, buf_view(&text));
    buf_release(&text);
    size_t len;
    f->health = buf_take(&health, &len);
}

void node_fail(struct graph *graph, struct node *node, const char *stage,
               const struct diags *causes, const struct error *err)
{
    struct failure f = {.node = node, .stage = stage, .causes = causes, .err = err};
    f.as_they_are = causes && causes == node->refused;
    if (!mem_scope_run(word_failure, &f)) {
        f.health = NULL;
        f.problem = NULL;
    }
    cell_failed(node->cell, f.health, f.problem);
    cell_forget_known(node->cell);
    const char *why = f.health ? f.health : node->cell->health.fixed;
    LOG(&graph->log, LOG_ERROR, "failed to evaluate config", LOG_S("node", node->cell->local_id),
        LOG_C("err", why));
}

/* ---- decoding ---- */

static void tell_idle(struct graph *graph, const struct body *body)
{
    struct diags diags;
    diags_init(&diags);
    body_warn(body, &diags);
    for (size_t i = 0; i < diags.len; i++) {
        struct buf line;
        buf_init(&line, NULL, 1 << 16);
        diag_line(&line, &diags.items[i]);
        LOG(&graph->log, LOG_WARN, "an argument has no effect", LOG_S("argument", buf_view(&line)));
        buf_release(&line);
    }
    diags_release(&diags);
}

/* In its own arena, whose first chunk holds small arguments as a whole. */
static struct decoded *decoded_new(const struct shape *shape)
{
    struct arena arena;
    arena_init(&arena, NULL, 0);
    arena.chunk_size = sizeof(struct decoded) + shape->size + ARGS_ROOM;
    struct decoded *args = ARENA_NEW(&arena, struct decoded);
    args->arena = arena;
    args->shape = shape;
    return args;
}

static bool decode_body(struct decoding *d, const struct scope *scope)
{
    const struct program_block *block = d->node->block;
    if (!block->code && !d->code) {
        d->code = program_compile_body(block);
        if (d->graph->live->loading)
            tell_idle(d->graph, d->code->body);
    }
    const struct body *body = block->code ? block->code->body : d->code->body;
    if (d->node->kind == NODE_CALL) {
        d->values = body_values(body, scope, &d->causes);
        return d->values != NULL;
    }
    struct decoded *args = decoded_new(block->symbol.args);
    void *data = arena_zalloc(&args->arena, args->shape->size);
    if (!body_decode(body, scope, &args->arena, data, &d->causes)) {
        decoded_free(args);
        return false;
    }
    args->data = data;
    d->args = args;
    return true;
}

static void decode_whole(struct decoding *d)
{
    struct lookup lookup = {.graph = d->graph, .node = d->node};
    struct scope scope = scope_of(&lookup);
    if (keeps_results(d->node)) {
        d->known = mem_array(NULL, d->node->input_count, sizeof(struct value *));
        lookup.results = d->known;
        scope.made = made;
    }
    d->ok = decode_body(d, &scope);
}

/* False: what happened is to be worded by decoding the whole. */
static bool decode_stale(struct decoding *d)
{
    struct lookup lookup = {.graph = d->graph, .node = d->node};
    struct scope scope = scope_of(&lookup);
    enum refreshed refreshed = refresh(d, &scope);
    if (refreshed == REFRESHED_FAILED)
        return false;
    if (refreshed == REFRESHED_EQUAL && may_skip(d->node)) {
        d->unchanged = d->ok = true;
        return true;
    }
    lookup.refreshed = d;
    scope.known = known;
    d->ok = decode_patch(d, &scope) || decode_body(d, &scope);
    return d->ok;
}

/* In the scope: an update too few would be wrong, and without memory to compare with there is none
 * to decode with either. */
static void compare_arguments(struct decoding *d)
{
    const struct cell *cell = d->node->cell;
    if (d->node->kind == NODE_COMPONENT && d->args && cell->args)
        d->equal = schema_equal(d->args->shape, d->args->data, cell->args->data);
}

static void decode_work(void *arg)
{
    struct decoding *d = arg;
    diags_init(&d->causes);
    if (!d->node->cell->known || !decode_stale(d)) {
        results_free(d);
        diags_release(&d->causes);
        diags_init(&d->causes);
        decode_whole(d);
    }
    compare_arguments(d);
}

/* Code is kept where it will be needed again: for blocks that read something that changes. A load
 * does not tell. */
static void keep_code(struct decoding *d)
{
    if (!d->code)
        return;
    if (d->node->input_count && !d->graph->live->loading)
        program_keep_code(d->node->in->module, d->node->block, d->code);
    else
        block_code_free(d->code);
    d->code = NULL;
}

/* The cell's from now on. They are whole: a body that was decoded evaluated all of its inputs. */
static void keep_results(struct decoding *d)
{
    struct cell *cell = d->node->cell;
    for (uint32_t i = 0; d->fresh && i < d->node->input_count; i++) {
        if (!d->fresh[i])
            continue;
        value_unref(cell->known[i]);
        cell->known[i] = d->fresh[i];
        d->fresh[i] = NULL;
    }
    if (d->fresh)
        return;
    for (uint32_t i = 0; d->known && i < d->node->input_count; i++)
        ASSERT(d->known[i]);
    cell_forget_known(cell);
    cell->known = d->known;
    cell->known_count = d->known ? d->node->input_count : 0;
    d->known = NULL;
}

const struct error node_out_of_memory = {STATUS_MEMORY, "out of memory"};

/* False: the failure has been noted. */
bool node_decode(struct graph *graph, struct node *node, struct decoding *d)
{
    *d = (struct decoding){.graph = graph, .node = node};
    if (!mem_scope_run(decode_work, d)) {
        node_fail(graph, node, "decoding configuration: ", NULL, &node_out_of_memory);
        return false;
    }
    keep_code(d);
    for (uint32_t i = 0; i < node->input_count; i++)
        node->inputs[i].stale = false;
    if (d->ok)
        keep_results(d);
    else
        node_fail(graph, node, "decoding configuration: ", &d->causes, NULL);
    results_free(d);
    diags_release(&d->causes);
    return d->ok;
}

/* ---- config blocks and services ---- */

static void evaluate_logging(struct graph *graph, struct node *node)
{
    struct decoding d;
    if (!node_decode(graph, node, &d))
        return;
    if (!logging_apply(graph, d.args->data)) {
        decoded_free(d.args);
        node_fail(graph, node, "", NULL, &node_out_of_memory);
        return;
    }
    decoded_free(node->cell->args);
    node->cell->args = d.args;
    cell_healthy(graph, node->cell, "node evaluated");
}

static void evaluate_service(struct graph *graph, struct node *node)
{
    struct error err = {0};
    if (!node->block->symbol.configurable) {
        error_set(&err, STATUS_UNSUPPORTED, "service \"%.*s\" does not support being configured",
                  STR_ARG(node->block->id));
        node_fail(graph, node, "", NULL, &err);
        return;
    }
    struct decoding d;
    if (!node_decode(graph, node, &d))
        return;
    const struct graph_services *services = &graph->options.services;
    if (services->http && str_is(node->block->name, "http") &&
        services->http(services->arg, d.args->data, &err) != STATUS_OK) {
        decoded_free(d.args);
        node_fail(graph, node, "", NULL, &err);
        return;
    }
    decoded_free(node->cell->args);
    node->cell->args = d.args;
    cell_healthy(graph, node->cell, "node evaluated");
}

static void evaluate_plain(struct graph *graph, struct node *node)
{
    struct decoding d;
    if (!node->block->has_body || !node_decode(graph, node, &d))
        return;
    decoded_free(d.args);
    cell_healthy(graph, node->cell, "node evaluated");
}

/* In a template, a name that is the item's cannot begin the name of a component too. */
static void check_name(struct graph *graph, struct node *node)
{
    struct str first, rest, variable = node->in->module->variable;
    str_cut(node->block->name, '.', &first, &rest);
    bool is_component = node->kind == NODE_COMPONENT || node->kind == NODE_CALL;
    if (!variable.len || !is_component || node->cell->problem || !str_eq(first, variable))
        return;
    struct error err;
    error_set(&err, STATUS_INVALID,
              "expected a map but found a value for \"%.*s\" when trying to cache the export for "
              "%.*s",
              STR_ARG(variable), STR_ARG(node->block->id));
    node_fail(graph, node, "", NULL, &err);
}

void node_evaluate(struct graph *graph, struct node *node)
{
    static void (*const by_kind[])(struct graph * graph, struct node * node) = {
        [NODE_COMPONENT] = evaluate_component, [NODE_CALL] = evaluate_call,
        [NODE_RESULT] = evaluate_result,       [NODE_ARGUMENT] = evaluate_argument,
        [NODE_EXPORT] = evaluate_export,       [NODE_LOGGING] = evaluate_logging,
        [NODE_SERVICE] = evaluate_service,     [NODE_PLAIN] = evaluate_plain,
        [NODE_IMPORT] = evaluate_import,       [NODE_FOREACH] = evaluate_foreach,
    };
    int64_t begin = graph->now_ns;
    by_kind[node->kind](graph, node);
    check_name(graph, node);
    if (node->kind == NODE_RESULT)
        return;
    graph->counts.evaluations++;
    graph->now_ns = world_monotonic_ns();
    int64_t took = graph->now_ns - begin;
    graph->wall_ns += took;
    self_observe(graph->evaluation_seconds, (double)took / 1e9);
    if (!log_enabled(&graph->log, LOG_DEBUG))
        return;
    LOG(&graph->log, LOG_DEBUG, "finished node evaluation",
        LOG_S("controller_path", node->in->id.len ? node->in->id : STR("/")),
        LOG_S("controller_id", node->in->id), LOG_S("node_id", node->cell->local_id),
        LOG_NS("duration", took));
}
