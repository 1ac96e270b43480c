/* Proofs about schema tables, for tests: nothing here runs in the product. */

#include "base/vec.h"
#include "compiler/coerce.h"
#include "compiler/default.h"
#include "compiler/field_walk.h"

struct verification {
    VEC(const struct shape *) shapes; /* seen and to be seen */
    struct error *err;
};

static void add_shape(struct verification *v, const struct shape *shape)
{
    for (size_t i = 0; i < v->shapes.len; i++)
        if (v->shapes.items[i] == shape)
            return;
    VEC_PUSH(&v->shapes, shape);
}

static bool wrong(struct verification *v, const struct row *row, const char *what)
{
    error_set(v->err, STATUS_INVALID, "row \"%s\": %s", row->name, what);
    return false;
}

static bool default_decodes(struct verification *v, const struct row *row)
{
    struct arena arena;
    struct fault fault;
    arena_init(&arena, NULL, 0);
    fault_init(&fault);
    struct coercion c = {.arena = &arena, .fault = &fault};
    void *member = arena_zalloc(&arena, row->size + 1);
    struct value *value = default_read(row->def, &arena, v->err);
    bool ok = value && coerce(&c, row->type, row, value, member);
    if (!ok)
        wrong(v, row, "the default does not decode");
    schema_reset(row, member);
    value_unref(value);
    fault_release(&fault);
    arena_release(&arena);
    return ok;
}

static bool is_sentence(const char *doc)
{
    return doc && doc[0] >= 'A' && doc[0] <= 'Z' && doc[strlen(doc) - 1] == '.';
}

/* What a row's nested struct gets wrong, or NULL. */
static const char *block_fault(const struct row *row)
{
    const struct shape *shape = row->shape;
    if (shape && row->item_size > 1 && row->item_size != shape->size)
        return "the nested struct is not the shape's";
    if (row->type->kind >= FIELD_BLOCK && row->type->kind != FIELD_ENUM_BLOCKS && !shape)
        return "a block needs a shape";
    if (row->def && row_is_block(row))
        return "a block has no default";
    return NULL;
}

/* What a row's own members get wrong, or NULL. */
static const char *row_fault(const struct row *row)
{
    if (!row->is_label && !row->squash && !is_sentence(row->doc))
        return "doc must be a sentence";
    if (row->required && row->def)
        return "a required row has no default";
    if (row->is_label && row->type->kind != FIELD_STR)
        return "a label is text";
    if (row->type->kind == FIELD_CHOICE && !row->oneof)
        return "a choice needs its names";
    return NULL;
}

static bool verify_row(struct verification *v, const struct row *row)
{
    if (row->refused)
        return row->doc || wrong(v, row, "a refused row says why");
    const char *fault = row_fault(row);
    if (!fault)
        fault = block_fault(row);
    if (fault)
        return wrong(v, row, fault);
    if (row->shape)
        add_shape(v, row->shape);
    return !row->def || default_decodes(v, row);
}

static bool verify_shape(struct verification *v, const struct shape *shape)
{
    for (const struct row *row = shape->rows; row->name; row++) {
        if (!verify_row(v, row))
            return false;
        if (row->name[0] && schema_find(shape, str_from(row->name)) != row &&
            row->type->kind != FIELD_ENUM_BLOCKS)
            return wrong(v, row, "the name is not unique");
        if (row->type->kind != FIELD_ENUM_BLOCKS)
            continue;
        for (const struct row *variant = row->variants; variant->name; variant++)
            if (!verify_row(v, variant))
                return false;
    }
    return true;
}

bool schema_verify(const struct shape *shape, struct error *err)
{
    struct verification v = {.err = err};
    add_shape(&v, shape);
    bool ok = true;
    for (size_t i = 0; ok && i < v.shapes.len; i++)
        ok = verify_shape(&v, v.shapes.items[i]);
    VEC_RELEASE(&v.shapes);
    return ok;
}
