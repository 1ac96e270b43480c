/* From syntax tree to expression code. Walks with a stack of its own; linear. */

#include "compiler/code.h"

enum { NO_REF = -1 };

static struct op *emit(struct expr_compiler *c, enum op_kind kind, ast_id node)
{
    VEC_PUSH(&c->ops, ((struct op){.kind = (uint8_t)kind, .node = node}));
    return &c->ops.items[c->ops.len - 1];
}

static uint32_t count_children(const struct ast *ast, ast_id node)
{
    uint32_t count = 0;
    AST_EACH(ast, node, child)
    {
        (void)child;
        count++;
    }
    return count;
}

static void emit_literal(struct expr_compiler *c, ast_id node)
{
    struct literal *literal = ARENA_NEW(c->arena, struct literal);
    literal_read(literal, ast_at(c->ast, node)->op, ast_text(c->ast, node), c->arena);
    emit(c, OP_LITERAL, node)->as.literal = literal;
    c->open = NO_REF;
}

static void emit_load(struct expr_compiler *c, ast_id node)
{
    struct op *op = emit(c, OP_LOAD, node);
    op->count = (uint32_t)c->refs.len;
    op->name = node;
    c->open = (int64_t)c->refs.len;
    VEC_PUSH(&c->first, c->names.len);
    VEC_PUSH(&c->names, ast_text(c->ast, node));
    VEC_PUSH(&c->refs, ((struct expr_ref){.count = 1, .node = node}));
}

static void emit_access(struct expr_compiler *c, ast_id node)
{
    ast_id name = ast_at(c->ast, ast_at(c->ast, node)->child)->next;
    struct op *op = emit(c, OP_ACCESS, node);
    op->name = name;
    op->as.text = ast_text(c->ast, name);
    if (c->open == NO_REF)
        return;
    VEC_PUSH(&c->names, op->as.text);
    c->refs.items[c->open].count++;
    c->refs.items[c->open].node = node;
}

static void emit_object(struct expr_compiler *c, ast_id node)
{
    uint32_t count = count_children(c->ast, node);
    struct str *keys = ARENA_ARRAY(c->arena, count + 1, struct str);
    uint32_t i = 0;
    AST_EACH(c->ast, node, field)
    {
        keys[i++] = ast_name(c->ast, field);
    }
    struct op *op = emit(c, OP_OBJECT, node);
    op->count = count;
    op->as.keys = keys;
}

static void emit_call(struct expr_compiler *c, ast_id node)
{
    uint32_t count = count_children(c->ast, node) - 1;
    if (count == 0)
        emit(c, OP_CALLEE, ast_at(c->ast, node)->child);
    emit(c, OP_CALL, node)->count = count;
    c->calls = true;
}

/* All children have been compiled. */
static void leave(struct expr_compiler *c, ast_id node)
{
    const struct ast_node *n = ast_at(c->ast, node);
    switch (n->kind) {
    case AST_LITERAL: emit_literal(c, node); return;
    case AST_IDENT: emit_load(c, node); return;
    case AST_ACCESS: emit_access(c, node); return;
    case AST_PAREN: c->ops.items[c->ops.len - 1].node = node; break;
    case AST_INDEX: emit(c, OP_INDEX, node); break;
    case AST_ARRAY: emit(c, OP_ARRAY, node)->count = count_children(c->ast, node); break;
    case AST_OBJECT: emit_object(c, node); break;
    case AST_CALL: emit_call(c, node); break;
    case AST_UNARY: emit(c, OP_UNARY, node)->sub = n->op; break;
    case AST_BINARY: emit(c, OP_BINARY, node)->sub = n->op; break;
    default: /* NAME, FIELD: part of their parents */ return;
    }
    c->open = NO_REF;
}

static void walk(struct expr_compiler *c, ast_id root)
{
    VEC_PUSH(&c->visits, ((struct expr_visit){root, ast_at(c->ast, root)->child}));
    while (c->visits.len > 0) {
        struct expr_visit *top = &c->visits.items[c->visits.len - 1];
        ast_id child = top->next;
        if (child == 0) {
            ast_id node = top->node;
            c->visits.len--;
            leave(c, node);
            continue;
        }
        const struct ast_node *n = ast_at(c->ast, child);
        top->next = n->next;
        const struct ast_node *parent = ast_at(c->ast, top->node);
        if (parent->kind == AST_CALL && ast_at(c->ast, parent->child)->next == child)
            emit(c, OP_CALLEE, parent->child);
        if (n->kind != AST_NAME)
            VEC_PUSH(&c->visits, ((struct expr_visit){child, n->child}));
    }
}

static void *keep(char **room, const void *items, size_t count, size_t size)
{
    void *copy = *room;
    if (count > 0)
        memcpy(copy, items, count * size);
    *room += count * size;
    return copy;
}

/* How many values an operation takes from the stack. The callee stands below a call's arguments. */
static uint32_t operands(const struct op *op)
{
    switch ((enum op_kind)op->kind) {
    case OP_LITERAL:
    case OP_LOAD: return 0;
    case OP_ACCESS:
    case OP_CALLEE:
    case OP_UNARY: return 1;
    case OP_INDEX:
    case OP_BINARY: return 2;
    case OP_CALL: return op->count + 1;
    case OP_ARRAY:
    case OP_OBJECT: break;
    }
    return op->count;
}

static bool is_fixed(const struct op *op)
{
    return op->kind == OP_LITERAL || ((op->kind == OP_ARRAY || op->kind == OP_OBJECT) && op->sub);
}

/* Only short code is ever compared with what it gave before (expr_eval_again). */
static void count_spans(struct expr_compiler *c)
{
    for (size_t i = 0; i < c->ops.len && c->ops.len <= RUN_INLINE; i++) {
        struct op *op = &c->ops.items[i];
        size_t at = i;
        bool fixed = true;
        for (uint32_t count = operands(op); count > 0; count--) {
            fixed &= is_fixed(&c->ops.items[at - 1]);
            at -= c->ops.items[at - 1].span;
        }
        op->span = (uint16_t)(i + 1 - at);
        if (op->kind == OP_ARRAY || op->kind == OP_OBJECT)
            op->sub = fixed;
    }
}

/* One block: the expression, its operations, references and their names. All are aligned to 8. */
static struct expr *keep_all(struct expr_compiler *c, struct arena *arena)
{
    size_t ops = c->ops.len * sizeof(struct op), refs = c->refs.len * sizeof(struct expr_ref);
    size_t names = c->names.len * sizeof(struct str);
    char *room = arena_zalloc(arena, sizeof(struct expr) + ops + refs + names);
    struct expr *e = (void *)room;
    room += sizeof(*e);
    e->ast = c->ast;
    e->calls = c->calls;
    e->op_count = (uint32_t)c->ops.len;
    e->ops = keep(&room, c->ops.items, c->ops.len, sizeof(struct op));
    e->ref_count = c->refs.len;
    e->refs = keep(&room, c->refs.items, c->refs.len, sizeof(struct expr_ref));
    const struct str *all = keep(&room, c->names.items, c->names.len, sizeof(struct str));
    for (size_t i = 0; i < c->refs.len; i++)
        e->refs[i].names = all + c->first.items[i];
    return e;
}

struct expr *expr_compile_with(struct expr_compiler *c, struct arena *arena, const struct ast *ast,
                               ast_id node)
{
    c->arena = arena;
    c->ast = ast;
    c->open = NO_REF;
    c->calls = false;
    c->visits.len = c->ops.len = c->refs.len = c->names.len = c->first.len = 0;
    walk(c, node);
    count_spans(c);
    struct expr *e = keep_all(c, arena);
    e->node = node;
    return e;
}

void expr_compiler_release(struct expr_compiler *c)
{
    VEC_RELEASE(&c->visits);
    VEC_RELEASE(&c->ops);
    VEC_RELEASE(&c->refs);
    VEC_RELEASE(&c->names);
    VEC_RELEASE(&c->first);
    VEC_RELEASE(&c->found);
}

struct expr *expr_compile(struct arena *arena, const struct ast *ast, ast_id node)
{
    struct expr_compiler c = {.arena = arena};
    struct expr *e = expr_compile_with(&c, arena, ast, node);
    expr_compiler_release(&c);
    return e;
}

size_t expr_ref_count(const struct expr *e)
{
    return e->ref_count;
}

const struct expr_ref *expr_ref_at(const struct expr *e, size_t index)
{
    return &e->refs[index];
}

bool expr_is_constant(const struct expr *e)
{
    return e->ref_count == 0 && !e->calls;
}
