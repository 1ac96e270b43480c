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

/* The declare that a custom component's module comes from. */
static const struct program_block *declare_of(const struct node *call)
{
    const struct program_block *block = call->block;
    return block->declared_in ? &block->declared_in->blocks[block->declare] : NULL;
}

/* The same blocks are in the module as before. */
static bool same_module(const struct instance *in, const struct instance *before)
{
    if (!in->call || !before->call)
        return !in->call && !before->call;
    if (in->rejected || before->rejected || in->frozen || before->frozen)
        return false;
    const struct program_block *a = declare_of(in->call), *b = declare_of(before->call);
    return a && b && same_text(a, b);
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
    const struct instance *in = node->in, *before = node->before->in;
    switch ((enum program_ref_kind)ref->kind) {
    case REF_BLOCK: return cell_of(in, ref->target) == cell_of(before, was->target);
    case REF_ARGUMENTS: return same_module(in, before);
    case REF_MODULE_PATH:
        return str_eq(in->module->program->text.module_path,
                      before->module->program->text.module_path);
    case REF_VARIABLE: return false;
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

static bool opens_the_same(const struct node *call)
{
    const struct node *before = call->before;
    return call->opens && before->opens && !call->opens->rejected && !before->opens->rejected;
}

static bool is_same(const struct node *node)
{
    const struct node *before = node->before;
    if (!before || before->kind != node->kind || !went_well(node->cell))
        return false;
    if (node->in->frozen || before->in->frozen || !same_text(node->block, before->block))
        return false;
    switch (node->kind) {
    case NODE_COMPONENT:
        return node->cell->host && node->cell->host->built && same_references(node);
    case NODE_CALL: return opens_the_same(node) && same_references(node);
    case NODE_ARGUMENT:
    case NODE_EXPORT:
    case NODE_LOGGING:
    case NODE_SERVICE: return same_references(node);
    case NODE_RESULT:
    case NODE_PLAIN: return false;
    }
    return false;
}

/* A result is put together anew when the module has other blocks; what is evaluated inside marks it
 * anyway. */
static bool is_same_result(const struct node *result)
{
    const struct node *call = result->pair;
    return call->same && same_module(result->opens, call->before->opens);
}

void generation_compare(struct generation *gen)
{
    for (uint32_t i = 0; i < gen->count; i++) {
        struct node *node = gen->nodes[i];
        node->same = node->kind == NODE_RESULT ? is_same_result(node) : is_same(node);
    }
    for (uint32_t i = 0; i < gen->count; i++)
        gen->nodes[i]->before = NULL;
}
