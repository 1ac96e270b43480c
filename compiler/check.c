/* The static check of a body (SEMANTICS §10): names, counts, what is missing, and literals against
 * the types of their rows. Nothing is evaluated beyond one operator on literals. Nested blocks are
 * walked with a stack; inside a value the depth is that of the row's type. */

#include "base/vec.h"
#include "compiler/check_deep.h"
#include "compiler/coerce.h"
#include "compiler/field_walk.h"
#include "compiler/literal.h"
#include "compiler/operator.h"

struct check_frame {
    const struct body *body;
    ast_id block;
    uint32_t next;
    char *args;               /* the decoded struct; NULL = nothing is decoded */
    struct open_member *open; /* members that are not known */
    bool failed;              /* something below was reported */
};

struct checker {
    const struct ast *ast;
    struct diags *diags;
    struct arena arena;
    struct fault fault;
    struct str skipped; /* statements of this name in the outermost body */
    VEC(struct check_frame) frames;
    struct deep *deep; /* NULL = literals only */
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
            hint_name(k->diags,
                      diag_add(k->diags, DIAG_ATTRIBUTE_UNKNOWN, k->ast->source,
                               ast_range(k->ast, field), STR_ARG(name)),
                      name, shape);
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

static void push(struct checker *k, ast_id block, const struct shape *shape, char *args)
{
    struct body *body = body_survey(&k->arena, k->ast, block, shape);
    if (args)
        schema_defaults(shape, args, &k->arena);
    const struct row *label = args ? schema_label_row(shape) : NULL;
    if (label)
        *(struct str *)(void *)(args + label->offset) = ast_block_label(k->ast, block);
    VEC_PUSH(&k->frames, ((struct check_frame){.body = body, .block = block, .args = args}));
}

/* Labels are the business of evaluation, except where a block can have none. */
static bool is_tolerated(const struct statement *s)
{
    return s->problem == DIAG_PLAIN || s->problem == DIAG_LABEL_MISSING ||
           s->problem == DIAG_LABEL_EXTRA;
}

/* What follows goes further than Alloy's check. */
static void go_beyond(struct checker *k)
{
    k->diags->beyond = k->deep->scope->beyond;
}

static void come_back(struct checker *k)
{
    k->diags->beyond = NULL;
}

static size_t trouble(const struct checker *k)
{
    return k->diags->errors;
}

/* Keeps what an attribute was decoded into, or that its value is not known. */
static void decode_attribute(struct checker *k, const struct statement *s, ast_id value)
{
    const struct row *row = s->hit.row;
    size_t before = trouble(k);
    struct check_frame *frame = &k->frames.items[k->frames.len - 1];
    char *member = frame->args + s->hit.base + row->offset;
    go_beyond(k);
    bool known = deep_value(k->deep, row->type, row, value, member);
    come_back(k);
    if (known || trouble(k) != before)
        return;
    struct open_member *open = ARENA_NEW(&k->arena, struct open_member);
    *open = (struct open_member){row, member, frame->open};
    frame->open = open;
}

static void check_attribute(struct checker *k, const struct statement *s)
{
    const struct row *row = s->hit.row;
    ast_id value = ast_value(k->ast, s->node);
    size_t before = trouble(k), count = k->diags->len;
    check_expr(k, row->type, row, value);
    if (trouble(k) == before && k->frames.items[k->frames.len - 1].args)
        decode_attribute(k, s, value);
    for (; count < k->diags->len; count++) {
        struct range at = k->diags->items[count].range;
        struct str text = str_slice(k->ast->source->text, at.start.offset, at.end.offset + 1);
        hint_value(k->diags, &k->diags->items[count], row, text);
    }
    if (row->no_effect)
        diag_add(k->diags, DIAG_NO_EFFECT, k->ast->source, ast_range(k->ast, s->node),
                 STR_ARG(s->name), row->doc);
}

/* The entries of a block without fixed attributes. */
static void check_free_block(struct checker *k, const struct statement *s)
{
    const struct row *row = s->hit.row;
    const struct field_type *item = row->type->item;
    if (!k->deep)
        return;
    struct row entry = *row;
    entry.type = item ? item : &field_any;
    entry.size = entry.type->size;
    void *member = arena_zalloc(&k->arena, entry.size + 1);
    go_beyond(k);
    AST_EACH(k->ast, ast_block_body(k->ast, s->node), node)
    {
        if (ast_at(k->ast, node)->kind == AST_ATTRIBUTE)
            deep_value(k->deep, entry.type, &entry, ast_value(k->ast, node), member);
        else
            diag_add(k->diags, DIAG_NESTED_BLOCK, k->ast->source, ast_range(k->ast, node));
        schema_reset(&entry, member);
    }
    come_back(k);
}

/* Where a nested block is decoded. Blocks of a list that were refused have no place in it. */
static char *room(struct checker *k, const struct statement *s)
{
    const struct check_frame *frame = &k->frames.items[k->frames.len - 1];
    if (!frame->args)
        return NULL;
    struct statement placed = *s;
    const struct row *list = s->hit.list ? s->hit.list : s->hit.row;
    if (s->hit.list || list->type->kind == FIELD_BLOCKS) {
        char *member = frame->args + s->hit.base + list->offset;
        placed.index = (uint32_t)((struct field_items *)(void *)member)->count;
    }
    return body_room(&k->arena, &placed, frame->args);
}

static void check_statement(struct checker *k, const struct statement *s)
{
    bool outermost = k->frames.len == 1;
    if (outermost && k->skipped.len && str_eq(s->name, k->skipped))
        return;
    size_t before = trouble(k);
    if (!is_tolerated(s)) {
        size_t count = k->diags->len;
        statement_report(s, k->diags);
        if (k->diags->len > count)
            hint_statement(k->diags, &k->diags->items[count], s,
                           k->frames.items[k->frames.len - 1].body->shape);
    } else if (s->problem && k->deep) {
        go_beyond(k);
        statement_report(s, k->diags);
        come_back(k);
    }
    if (is_tolerated(s) && ast_at(k->ast, s->node)->kind == AST_ATTRIBUTE)
        check_attribute(k, s);
    else if (is_tolerated(s) && s->hit.row->free_form)
        check_free_block(k, s);
    k->frames.items[k->frames.len - 1].failed |= trouble(k) != before;
    if (is_tolerated(s) && ast_at(k->ast, s->node)->kind == AST_BLOCK && !s->hit.row->free_form)
        push(k, s->node, s->hit.row->shape, room(k, s));
    k->frames.items[k->frames.len - 1].failed |= s->problem != DIAG_PLAIN;
}

static void report_missing(struct checker *k, const struct check_frame *frame)
{
    for (uint32_t i = 0; i < frame->body->missing_count; i++)
        diag_add(k->diags, frame->body->missing[i].problem, k->ast->source,
                 ast_range(k->ast, frame->block), frame->body->missing[i].name);
}

static void checker_init(struct checker *k, const struct ast *ast, struct diags *diags)
{
    k->ast = ast;
    k->diags = diags;
    k->skipped = STR_NONE;
    memset(&k->frames, 0, sizeof(k->frames));
    k->deep = NULL;
    fault_init(&k->fault);
    arena_init(&k->arena, NULL, 0);
}

static void checker_release(struct checker *k)
{
    VEC_RELEASE(&k->frames);
    arena_release(&k->arena);
    fault_release(&k->fault);
}

/* A body is done: what it lacks, then its rules, unless something in it was wrong already. */
static void finish(struct checker *k)
{
    struct check_frame *top = &k->frames.items[k->frames.len - 1];
    report_missing(k, top);
    bool failed = top->failed || top->body->missing_count > 0;
    if (!failed && top->args) {
        go_beyond(k);
        rules_check(k->ast, top->block, top->body, k->diags);
        failed = !deep_rules(k->deep, top->body, top->block, top->args, top->open);
        come_back(k);
    }
    k->frames.len--;
    if (k->frames.len > 0)
        top[-1].failed |= failed;
}

static void walk(struct checker *k)
{
    while (k->frames.len > 0) {
        struct check_frame *top = &k->frames.items[k->frames.len - 1];
        if (top->next < top->body->count)
            check_statement(k, &top->body->statements[top->next++]);
        else
            finish(k);
    }
}

bool check_body_in(const struct check_scope *scope, const struct ast *ast, ast_id block,
                   const struct shape *shape, struct str skipped, struct diags *diags)
{
    struct checker k __attribute__((uninitialized)); /* large */
    checker_init(&k, ast, diags);
    k.skipped = skipped;
    struct deep deep = {.scope = scope,
                        .ast = ast,
                        .diags = diags,
                        .arena = &k.arena,
                        .fault = &k.fault,
                        .outer = ast_range(ast, block)};
    size_t before = trouble(&k);
    char *args = NULL;
    if (scope) {
        k.deep = &deep;
        args = arena_zalloc(&k.arena, shape->size + 1);
    }
    push(&k, block, shape, args);
    walk(&k);
    if (args)
        schema_release(shape, args);
    bool ok = trouble(&k) == before;
    checker_release(&k);
    return ok;
}

void check_body(const struct ast *ast, ast_id block, const struct shape *shape, struct diags *diags)
{
    if (shape)
        check_body_in(NULL, ast, block, shape, STR(""), diags);
}

void check_any(const struct check_scope *scope, const struct ast *ast, ast_id value,
               struct diags *diags)
{
    static const struct row row = {.name = "", .type = &field_any, .size = sizeof(struct any)};
    struct checker k __attribute__((uninitialized)); /* large */
    checker_init(&k, ast, diags);
    size_t before = trouble(&k);
    check_expr(&k, &field_any, &row, value);
    struct deep deep = {
        .scope = scope, .ast = ast, .diags = diags, .arena = &k.arena, .fault = &k.fault};
    k.deep = &deep;
    if (scope && trouble(&k) == before) {
        go_beyond(&k);
        deep_any(&deep, value);
        come_back(&k);
    }
    checker_release(&k);
}
