/* What a load need not evaluate: nodes whose block has the text it had, whose references mean what
 * they meant, and whose last evaluation went well. What they read may still change while the load
 * goes on; that marks them like in any wave. Texts are compared, not hashes of them. */

#include "runtime/graph/parts.h"

static struct str block_text(const struct program_block *block)
{
    return ast_text(block->ast, block->node);
}

static bool same_text(const struct program_block *a, const struct program_block *b)
{
    return str_eq(block_text(a), block_text(b));
}

/* The same blocks are in the module as before. */
static bool same_module(const struct instance *in, const struct instance *before)
{
    if (!in->from || !before->from)
        return !in->from && !before->from;
    if (in->rejected || before->rejected || in->frozen || before->frozen)
        return false;
    return same_text(in->from, before->from);
}

static struct cell *cell_of(const struct instance *in, uint32_t block)
{
    return in->nodes[block] ? in->nodes[block]->cell : NULL;
}

static bool same_reference(const struct node *node, const struct program_ref *ref,
                           const struct program_ref *was)
{
    if (ref->kind != was->kind || ref->used != was->used || ref->up != was->up)
        return false;
    const struct instance *in = instance_around(node->in, ref->up);
    const struct instance *before = instance_around(node->before->in, was->up);
    if (!in || !before)
        return in == before;
    switch ((enum program_ref_kind)ref->kind) {
    case REF_BLOCK: return cell_of(in, ref->target) == cell_of(before, was->target);
    case REF_ARGUMENTS: return same_module(in, before);
    case REF_MODULE_PATH:
        return str_eq(in->module->program->text.module_path,
                      before->module->program->text.module_path);
    case REF_VARIABLE: return in->item == before->item;
    case REF_NONE:
    case REF_SHADOWED: return true;
    }
    return false;
}

static bool same_references(const struct node *node)
{
    const struct program_block *block = node->block, *was = node->before->block;
    if (block->expr_count != was->expr_count || block->ref_count != was->ref_count)
        return false;
    for (uint32_t i = 0; i < block->ref_count; i++) {
        if (!same_reference(node, &block->refs[i], &was->refs[i]))
            return false;
    }
    return true;
}

static bool went_well(const struct cell *cell)
{
    return !cell->problem && cell->health.state == HEALTH_HEALTHY;
}

static bool opens_the_same(const struct node *call, bool reshaped)
{
    const struct node *before = call->before;
    if (reshaped && !call->opens)
        return !before->opens;
    return call->opens && before->opens && !call->opens->rejected && !before->opens->rejected;
}

/* Of a node whose block has the text it had. */
static bool means_the_same(const struct node *node, bool reshaped)
{
    const struct component_host *host = node->cell->host;
    switch (node->kind) {
    case NODE_COMPONENT: return (reshaped || (host && host->built)) && same_references(node);
    case NODE_CALL: return opens_the_same(node, reshaped) && same_references(node);
    case NODE_IMPORT:
    case NODE_FOREACH: return reshaped && same_references(node);
    case NODE_ARGUMENT:
    case NODE_EXPORT:
    case NODE_LOGGING:
    case NODE_SERVICE: return same_references(node);
    case NODE_PLAIN: return reshaped;
    case NODE_RESULT: return false;
    }
    return false;
}

static bool is_same(const struct node *node, bool reshaped)
{
    const struct node *before = node->before;
    if (!before || before->kind != node->kind || before->pending)
        return false;
    if (!reshaped && !went_well(node->cell))
        return false;
    if (node->in->frozen || before->in->frozen || !same_text(node->block, before->block))
        return false;
    return means_the_same(node, reshaped);
}

/* A result is put together anew when the module has other blocks; what is evaluated inside marks it
 * anyway. */
static bool is_same_result(const struct node *result)
{
    const struct node *call = result->pair;
    if (call->kind == NODE_FOREACH)
        return call->same && !call->before->pair->pending;
    if (!call->same || call->before->pair->pending)
        return false;
    if (!call->opens)
        return true;
    return same_module(result->opens, call->before->opens);
}

void generation_compare(struct generation *gen)
{
    for (uint32_t i = 0; i < gen->count; i++) {
        struct node *node = gen->nodes[i];
        node->same =
            node->kind == NODE_RESULT ? is_same_result(node) : is_same(node, gen->reshaped);
    }
    for (uint32_t i = 0; i < gen->count; i++) {
        struct node *node = gen->nodes[i];
        if (gen->reshaped && node->before) { /* what the load did so far */
            node->added = node->before->added || !node->before->kept;
            node->changed = node->before->changed;
        }
        node->before = NULL;
    }
}
