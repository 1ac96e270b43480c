/* What a place in a configuration is: the component it belongs to, the shape of its body, the row
 * of an attribute. */

#include "compiler/lsp/inner.h"

#include "compiler/catalog.h"
#include "compiler/schema.h"

enum { MAX_NESTING = 32, MAX_SQUASH = 16 };

static const struct {
    const char *name;
    enum block_kind kind;
} known_blocks[] = {
    {"declare", BLOCK_DECLARE},       {"argument", BLOCK_ARGUMENT}, {"export", BLOCK_EXPORT},
    {"logging", BLOCK_LOGGING},       {"tracing", BLOCK_TRACING},   {"foreach", BLOCK_FOREACH},
    {"import.file", BLOCK_IMPORT},    {"import.git", BLOCK_IMPORT}, {"import.http", BLOCK_IMPORT},
    {"import.string", BLOCK_IMPORT},  {"http", BLOCK_SERVICE},      {"remotecfg", BLOCK_SERVICE},
    {"livedebugging", BLOCK_SERVICE}, {"cluster", BLOCK_SERVICE},   {"labelstore", BLOCK_SERVICE},
    {"otel", BLOCK_SERVICE},          {"ui", BLOCK_SERVICE},
};

enum block_kind lsp_kind_of(struct str name)
{
    for (size_t i = 0; i < sizeof(known_blocks) / sizeof(known_blocks[0]); i++) {
        if (str_is(name, known_blocks[i].name))
            return known_blocks[i].kind;
    }
    return BLOCK_COMPONENT;
}

bool lsp_is_scope(const struct outline *o, uint32_t node)
{
    const struct outline_node *n = &o->nodes[node];
    if (n->kind == OUTLINE_FILE)
        return true;
    if (n->kind != OUTLINE_BLOCK)
        return false;
    struct str name = outline_text(o, n->name);
    if (str_is(name, "declare"))
        return true;
    const struct outline_node *parent = &o->nodes[n->parent];
    return str_is(name, "template") && parent->kind == OUTLINE_BLOCK &&
           str_is(outline_text(o, parent->name), "foreach");
}

uint32_t lsp_component_of(const struct outline *o, uint32_t block)
{
    while (block && !lsp_is_scope(o, o->nodes[block].parent))
        block = o->nodes[block].parent;
    return block;
}

bool lsp_symbol_of(const struct lsp *lsp, const struct outline *o, uint32_t component,
                   struct program_symbol *out)
{
    struct str name = outline_text(o, o->nodes[component].name);
    return lsp->program.find(lsp->program.arg, lsp_kind_of(name), name, out) ||
           catalog_find(lsp->catalog, name, out);
}

const struct shape *lsp_shape_of(const struct lsp *lsp, const struct outline *o, uint32_t block)
{
    uint32_t path[MAX_NESTING];
    size_t depth = 0;
    uint32_t component = lsp_component_of(o, block);
    if (!component || o->nodes[component].kind != OUTLINE_BLOCK)
        return NULL;
    for (uint32_t at = block; at != component; at = o->nodes[at].parent) {
        if (o->nodes[at].kind != OUTLINE_BLOCK || depth == MAX_NESTING)
            return NULL;
        path[depth++] = at;
    }
    struct program_symbol symbol;
    if (!lsp_symbol_of(lsp, o, component, &symbol))
        return NULL;
    const struct shape *shape = symbol.args;
    while (shape && depth) {
        struct str name = outline_text(o, o->nodes[path[--depth]].name);
        const struct row *row = schema_find(shape, name);
        shape = row ? row->shape : NULL;
    }
    return shape;
}

const struct row *lsp_row_of(const struct lsp *lsp, const struct outline *o, uint32_t node)
{
    uint32_t parent = o->nodes[node].parent;
    if (o->nodes[parent].kind != OUTLINE_BLOCK)
        return NULL;
    const struct shape *shape = lsp_shape_of(lsp, o, parent);
    return shape ? schema_find(shape, outline_text(o, o->nodes[node].name)) : NULL;
}

void lsp_each_row(const struct shape *shape, lsp_row_fn *each, void *arg)
{
    const struct row *stack[MAX_SQUASH];
    size_t depth = 0;
    const struct row *row = shape->rows;
    for (;;) {
        if (!row->name) {
            if (!depth)
                return;
            row = stack[--depth];
            continue;
        }
        const struct row *next = row + 1;
        const struct row *inner = row->squash && row->shape ? row->shape->rows : row->variants;
        if (inner && depth < MAX_SQUASH) {
            stack[depth++] = next;
            row = inner;
            continue;
        }
        if (row->name[0] && !row->is_label)
            each(arg, row);
        row = next;
    }
}

static const char *scalar_name(enum field_kind kind)
{
    static const char *const names[] = {
        [FIELD_STR] = "string",
        [FIELD_BOOL] = "bool",
        [FIELD_SECRET] = "secret",
        [FIELD_DURATION] = "duration",
        [FIELD_SIZE] = "size",
        [FIELD_TIME] = "time",
        [FIELD_BYTES] = "bytes",
        [FIELD_TEXT] = "string",
        [FIELD_CHOICE] = "string",
        [FIELD_ANY] = "any",
        [FIELD_CAPSULE] = "capsule",
        [FIELD_TARGET] = "target",
        [FIELD_TARGETS] = "list(target)",
        [FIELD_OBJECT] = "object",
        [FIELD_OPTIONAL_SECRET] = "string or secret",
    };
    if (kind >= FIELD_I8 && kind <= FIELD_F64)
        return "number";
    return (size_t)kind < sizeof(names) / sizeof(names[0]) && names[kind] ? names[kind] : "any";
}

void lsp_type_text(struct buf *out, const struct row *row)
{
    const struct field_type *type = row->type;
    if (row_is_block(row)) {
        buf_cstr(out, type->kind == FIELD_BLOCKS || type->kind == FIELD_ENUM_BLOCKS
                          ? "block, repeats"
                          : "block");
        return;
    }
    unsigned closing = 0;
    for (; type->item; type = type->item) {
        if (type->kind == FIELD_NULLABLE)
            continue;
        buf_cstr(out, type->kind == FIELD_MAP ? "map(" : "list(");
        closing++;
    }
    if (type->kind == FIELD_CAPSULE && row->capsule)
        buf_cstr(out, row->capsule->name);
    else
        buf_cstr(out, scalar_name(type->kind));
    buf_fill(out, ')', closing);
}

uint32_t lsp_child_named(const struct outline *o, uint32_t block, struct str name)
{
    OUTLINE_CHILDREN(o, block, node)
    {
        enum outline_kind kind = o->nodes[node].kind;
        if ((kind == OUTLINE_ATTRIBUTE || kind == OUTLINE_BLOCK) &&
            str_eq(outline_text(o, o->nodes[node].name), name))
            return node;
    }
    return 0;
}
