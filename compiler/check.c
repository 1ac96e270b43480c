/* The static check of a body (SEMANTICS §10): names, counts, what is missing, and literals against
 * the types of their rows. Nothing is evaluated beyond one operator on literals. Nested blocks are
 * walked with a stack; inside a value the depth is that of the row's type. */

#include "base/vec.h"
#include "compiler/body.h"
#include "compiler/coerce.h"
#include "compiler/field_walk.h"
#include "compiler/literal.h"
#include "compiler/operator.h"

struct check_frame {
    const struct body *body;
    ast_id block;
    uint32_t next;
};

struct checker {
    const struct ast *ast;
    struct diags *diags;
    struct arena arena;
    struct fault fault;
    struct str skipped; /* statements of this name in the outermost body */
    VEC(struct check_frame) frames;
};

static void check_expr(struct checker *k, const struct field_type *type, const struct row *row,
                       ast_id node);

static void report(struct checker *k, struct range range)
{
    struct buf message;
    buf_init(&message, NULL, 1 << 16);
    fault_message(&k->fault, true, &message);
    diag_add(k->diags, DIAG_VALUE, k->ast->source, range, STR_ARG(buf_view(&message)));
    buf_release(&message);
}

/* The language's type of a field, as messages name it. */
static const char *type_name(const struct field_type *type)
{
    switch (type->kind) {
    case FIELD_BOOL: return "bool";
    case FIELD_STR:
    case FIELD_DURATION:
    case FIELD_SIZE:
    case FIELD_TIME:
    case FIELD_TEXT:
    case FIELD_CHOICE: return "string";
    case FIELD_SECRET:
    case FIELD_OPTIONAL_SECRET:
    case FIELD_TARGET:
    case FIELD_CAPSULE: return "capsule";
    case FIELD_BYTES:
    case FIELD_TARGETS:
    case FIELD_LIST:
    case FIELD_FIXED: return "array";
    case FIELD_MAP:
    case FIELD_OBJECT: return "object";
    default: return "number";
    }
}

static bool takes_anything(const struct field_type *type)
{
    return type->kind == FIELD_ANY || type->kind == FIELD_CAPSULE;
}

static void expected(struct checker *k, const struct field_type *type, ast_id node, const char *got)
{
    char message[64];
    int len = snprintf(message, sizeof(message), "expected %s, got %s", type_name(type), got);
    diag_add(k->diags, DIAG_VALUE, k->ast->source, ast_range(k->ast, node), len, message);
}

static void check_value(struct checker *k, const struct field_type *type, const struct row *row,
                        const struct value *v, ast_id node)
{
    size_t size = type->size ? type->size : row->size;
    struct row member_row = *row;
    member_row.type = type;
    member_row.size = size;
    void *member = arena_zalloc(&k->arena, size + 1);
    struct coercion c = {.arena = &k->arena, .fault = &k->fault};
    if (!coerce(&c, type, row, v, member))
        report(k, ast_range(k->ast, node));
    schema_reset(&member_row, member);
}

static struct value *literal_of(struct checker *k, ast_id node)
{
    struct literal literal;
    literal_read(&literal, ast_at(k->ast, node)->op, ast_text(k->ast, node), &k->arena);
    struct value *v = literal_value(&literal, &k->fault.err);
    if (!v) {
        fault_at(&k->fault, NULL);
        report(k, ast_range(k->ast, node));
    }
    return v;
}

static void check_literal(struct checker *k, const struct field_type *type, const struct row *row,
                          ast_id node)
{
    struct value *v = literal_of(k, node);
    if (v)
        check_value(k, type, row, v, node);
    value_unref(v);
}

/* The operand alone is compared with the field, as Alloy does. */
static void check_unary(struct checker *k, const struct field_type *type, const struct row *row,
                        ast_id node)
{
    ast_id operand = ast_at(k->ast, node)->child;
    if (ast_at(k->ast, operand)->kind != AST_LITERAL)
        return;
    struct value *v = literal_of(k, operand);
    struct value *result = v ? operator_unary(ast_at(k->ast, node)->op, v, &k->fault) : NULL;
    if (result)
        check_value(k, type, row, v, operand);
    else if (v)
        report(k, ast_range(k->ast, operand));
    value_unref(result);
    value_unref(v);
}

static void check_binary(struct checker *k, const struct field_type *type, const struct row *row,
                         ast_id node)
{
    ast_id left = ast_at(k->ast, node)->child;
    ast_id right = ast_at(k->ast, left)->next;
    if (ast_at(k->ast, left)->kind != AST_LITERAL || ast_at(k->ast, right)->kind != AST_LITERAL)
        return;
    struct value *a = literal_of(k, left);
    struct value *b = literal_of(k, right);
    struct value *result =
        a && b ? operator_binary(ast_at(k->ast, node)->op, a, b, &k->fault) : NULL;
    if (result)
        check_value(k, type, row, result, node);
    else if (a && b)
        report(k, (struct range){ast_range(k->ast, left).start, ast_range(k->ast, right).end});
    value_unref(result);
    value_unref(a);
    value_unref(b);
}

static const struct field_type *item_of(const struct field_type *type)
{
    switch (type->kind) {
    case FIELD_BYTES: return &field_u8;
    case FIELD_TARGETS: return &field_target;
    case FIELD_LIST:
    case FIELD_FIXED: return type->item;
    default: return NULL;
    }
}

static void check_array(struct checker *k, const struct field_type *type, const struct row *row,
                        ast_id node)
{
    const struct field_type *item = item_of(type);
    if (!item) {
        expected(k, type, node, "array");
        return;
    }
    if (takes_anything(item))
        return;
    AST_EACH(k->ast, node, element)
    {
        check_expr(k, item, row, element);
    }
}

static bool has_field(const struct ast *ast, ast_id object, const char *name)
{
    AST_EACH(ast, object, field)
    {
        if (str_is(ast_name(ast, field), name))
            return true;
    }
    return false;
}

static void check_struct(struct checker *k, const struct shape *shape, ast_id node)
{
    AST_EACH(k->ast, node, field)
    {
        struct str name = ast_name(k->ast, field);
        const struct row *row = schema_find(shape, name);
        if (row && row->refused)
            diag_add(k->diags, DIAG_REFUSED_ATTRIBUTE, k->ast->source, ast_range(k->ast, field),
                     STR_ARG(name), row->doc);
        else if (row && !row_is_block(row))
            check_expr(k, row->type, row, ast_value(k->ast, field));
        else
            diag_add(k->diags, DIAG_ATTRIBUTE_UNKNOWN, k->ast->source, ast_range(k->ast, field),
                     STR_ARG(name));
    }
    for (const struct row *row = shape->rows; row->name; row++)
        if (row->required && !row_is_block(row) && !has_field(k->ast, node, row->name))
            diag_add(k->diags, DIAG_ATTRIBUTE_MISSING, k->ast->source, ast_range(k->ast, node),
                     row->name);
}

static void check_object(struct checker *k, const struct field_type *type, const struct row *row,
                         ast_id node)
{
    switch (type->kind) {
    case FIELD_TARGET: break;
    case FIELD_OBJECT: check_struct(k, field_shape(type, row), node); break;
    case FIELD_MAP:
        if (takes_anything(type->item))
            break;
        AST_EACH(k->ast, node, field)
        {
            check_expr(k, type->item, row, ast_value(k->ast, field));
        }
        break;
    default: expected(k, type, node, "object"); break;
    }
}

static void check_expr(struct checker *k, const struct field_type *type, const struct row *row,
                       ast_id node)
{
    while (type->kind == FIELD_NULLABLE)
        type = type->item;
    switch (ast_at(k->ast, node)->kind) {
    case AST_LITERAL: check_literal(k, type, row, node); break;
    case AST_UNARY: check_unary(k, type, row, node); break;
    case AST_BINARY: check_binary(k, type, row, node); break;
    case AST_ARRAY:
        if (!takes_anything(type))
            check_array(k, type, row, node);
        break;
    case AST_OBJECT:
        if (!takes_anything(type))
            check_object(k, type, row, node);
        break;
    default: /* anything else is assumed to fit */ break;
    }
}

static void push(struct checker *k, ast_id block, const struct shape *shape)
{
    struct body *body = body_survey(&k->arena, k->ast, block, shape);
    VEC_PUSH(&k->frames, ((struct check_frame){.body = body, .block = block}));
}

/* Labels are the business of evaluation, except where a block can have none. */
static bool is_tolerated(const struct statement *s)
{
    return s->problem == DIAG_PLAIN || s->problem == DIAG_LABEL_MISSING ||
           s->problem == DIAG_LABEL_EXTRA;
}

static void check_attribute(struct checker *k, const struct statement *s)
{
    const struct row *row = s->hit.row;
    check_expr(k, row->type, row, ast_value(k->ast, s->node));
    if (row->no_effect)
        diag_add(k->diags, DIAG_NO_EFFECT, k->ast->source, ast_range(k->ast, s->node),
                 STR_ARG(s->name), row->doc);
}

static void check_statement(struct checker *k, const struct statement *s)
{
    bool outermost = k->frames.len == 1;
    if (outermost && k->skipped.len && str_eq(s->name, k->skipped))
        return;
    if (!is_tolerated(s))
        statement_report(s, k->diags);
    else if (ast_at(k->ast, s->node)->kind == AST_ATTRIBUTE)
        check_attribute(k, s);
    else if (!s->hit.row->free_form)
        push(k, s->node, s->hit.row->shape);
}

static void report_missing(struct checker *k, const struct check_frame *frame)
{
    for (uint32_t i = 0; i < frame->body->missing_count; i++)
        diag_add(k->diags, frame->body->missing[i].problem, k->ast->source,
                 ast_range(k->ast, frame->block), frame->body->missing[i].name);
}

static void checker_init(struct checker *k, const struct ast *ast, struct diags *diags)
{
    *k = (struct checker){.ast = ast, .diags = diags};
    fault_init(&k->fault);
    arena_init(&k->arena, NULL, 0);
}

static void checker_release(struct checker *k)
{
    VEC_RELEASE(&k->frames);
    arena_release(&k->arena);
    fault_release(&k->fault);
}

void check_body_without(const struct ast *ast, ast_id block, const struct shape *shape,
                        struct str skipped, struct diags *diags)
{
    struct checker k;
    checker_init(&k, ast, diags);
    k.skipped = skipped;
    push(&k, block, shape);
    while (k.frames.len > 0) {
        struct check_frame *top = &k.frames.items[k.frames.len - 1];
        if (top->next < top->body->count) {
            check_statement(&k, &top->body->statements[top->next++]);
        } else {
            report_missing(&k, top);
            k.frames.len--;
        }
    }
    checker_release(&k);
}

void check_body(const struct ast *ast, ast_id block, const struct shape *shape, struct diags *diags)
{
    if (shape)
        check_body_without(ast, block, shape, STR(""), diags);
}

void check_any(const struct ast *ast, ast_id value, struct diags *diags)
{
    static const struct row row = {.name = "", .type = &field_any, .size = sizeof(struct any)};
    struct checker k;
    checker_init(&k, ast, diags);
    check_expr(&k, &field_any, &row, value);
    checker_release(&k);
}
