/* Changing the arguments of a living component in part. Most changes reach one attribute; it alone
 * is decoded, into a copy of the struct that shares the rest with the one the component has. Both
 * structs are kept and used in turn, and each attribute that was decoded alone has its memory in an
 * arena of its own, so that nothing piles up. */

#include "runtime/graph/parts.h"

struct patch {
    const struct row *row;
    size_t offset;
    struct arena arena; /* holds the patch too */
    struct patch *next;
};

enum { PATCH_CHUNK = 384 };

static void patch_free(struct patch *patch)
{
    struct arena arena = patch->arena;
    arena_release(&arena);
}

void patches_free(struct decoded *decoded)
{
    for (struct patch *patch = decoded->patches, *next; patch; patch = next) {
        next = patch->next;
        patch_free(patch);
    }
    mem_free(decoded->block);
}

static struct patch *patch_new(struct decoding *d, const struct statement *s)
{
    struct arena arena;
    arena_init(&arena, NULL, 0);
    arena.chunk_size = PATCH_CHUNK;
    struct patch *patch = ARENA_NEW(&arena, struct patch);
    patch->arena = arena;
    const char *member = body_member(s, d->patched, &patch->row);
    patch->offset = (size_t)(member - (const char *)d->patched);
    return patch;
}

static char *member_of(const struct patch *patch, void *data)
{
    return (char *)data + patch->offset;
}

static bool decode_one(struct decoding *d, const struct scope *scope, const struct statement *s)
{
    struct patch *patch = patch_new(d, s);
    if (!body_decode_attribute(s, scope, &patch->arena, d->patched, &d->causes)) {
        patch_free(patch);
        return false;
    }
    patch->next = d->patches;
    d->patches = patch;
    const struct decoded *args = d->node->cell->args;
    if (d->equal)
        d->equal = schema_member_equal(patch->row, member_of(patch, args->data),
                                       member_of(patch, d->patched));
    return true;
}

static bool decode_fresh(struct decoding *d, const struct scope *scope, const struct body *body)
{
    const struct node *node = d->node;
    for (uint32_t i = 0; i < node->input_count; i++) {
        if (!d->fresh[i])
            continue;
        const struct expr *e = node->block->exprs[node->inputs[i].expr].expr;
        const struct statement *s = body_attribute(body, e);
        if (!s || !decode_one(d, scope, s))
            return false;
    }
    return true;
}

bool decode_patch(struct decoding *d, const struct scope *scope)
{
    const struct cell *cell = d->node->cell;
    const struct block_code *code = d->node->block->code;
    bool lives = d->node->kind == NODE_COMPONENT && cell->args && cell->host && cell->host->built;
    if (!lives || !code)
        return false;
    size_t size = cell->args->shape->size;
    d->patched = cell->args->spare ? cell->args->spare : mem_alloc(NULL, size);
    memcpy(d->patched, cell->args->data, size);
    d->equal = true;
    if (decode_fresh(d, scope, code->body))
        return true;
    patch_drop(d);
    d->equal = false;
    return false;
}

void patch_drop(struct decoding *d)
{
    for (struct patch *patch = d->patches, *next; patch; patch = next) {
        next = patch->next;
        schema_reset(patch->row, member_of(patch, d->patched));
        patch_free(patch);
    }
    d->patches = NULL;
    if (d->patched != d->node->cell->args->spare)
        mem_free(d->patched);
    d->patched = NULL;
}

/* The patch that a newer one of the same attribute replaces, if there is one. */
static void forget_former(struct decoded *args, const struct patch *newer)
{
    for (struct patch **at = &args->patches; *at; at = &(*at)->next) {
        struct patch *patch = *at;
        if (patch->offset != newer->offset)
            continue;
        *at = patch->next;
        patch_free(patch);
        return;
    }
}

void patch_take(struct decoding *d)
{
    struct decoded *args = d->node->cell->args;
    for (struct patch *patch = d->patches, *next; patch; patch = next) {
        next = patch->next;
        schema_reset(patch->row, member_of(patch, args->data));
        forget_former(args, patch);
        patch->next = args->patches;
        args->patches = patch;
    }
    if (!args->spare)
        args->block = d->patched;
    args->spare = args->data;
    args->data = d->patched;
    d->patches = NULL;
    d->patched = NULL;
}
