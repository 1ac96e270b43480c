/* Evaluating what is closed, and the rules of shapes. The walk over a value goes as deep as the
 * row's type; expressions are evaluated by eval.c, without recursion. */

#include "compiler/check_deep.h"

#include "compiler/code.h"
#include "compiler/coerce.h"
#include "compiler/field_walk.h"
#include "compiler/suggest.h"

/* Syntax nodes of a value that is looked into; larger ones wait for `run`. */
enum { DEEP_NODES_MAX = 20000 };

static bool is_large(const struct deep *d, ast_id value)
{
    return value - ast_first(d->ast, value) > DEEP_NODES_MAX;
}

/* ---- closed expressions ---- */

static bool is_effect(const struct expr_ref *ref)
{
    return str_is(ref->names[0], "env") ||
           (str_is(ref->names[0], "sys") && ref->count > 1 && str_is(ref->names[1], "env"));
}

static bool is_closed(const struct deep *d, const struct expr *e)
{
    for (size_t i = 0; i < expr_ref_count(e); i++) {
        struct check_ref ref = {.kind = CHECK_REF_OPEN};
        const struct expr_ref *asked = expr_ref_at(e, i);
        d->scope->resolve(d->scope->arg, asked, &ref);
        if (ref.kind != CHECK_REF_CLOSED || is_effect(asked))
            return false;
    }
    return true;
}

static struct value *load(void *arg, const struct expr *e, size_t index, size_t *used)
{
    const struct deep *d = arg;
    if (!str_is(expr_ref_at(e, index)->names[0], "module_path"))
        return NULL;
    *used = 1;
    return value_string(d->scope->module_path);
}

/* Positionless errors of evaluation belong to the expression. */
static void place_plain(struct deep *d, size_t first, ast_id node)
{
    for (size_t i = first; i < d->diags->len; i++) {
        struct diag *diag = &d->diags->items[i];
        if (diag->source)
            continue;
        diag->id = DIAG_VALUE;
        diag->source = source_ref(d->ast->source);
        diag->range = ast_range(d->ast, node);
    }
}

/* A name of the library that does not exist: the nearest one. */
static void hint_library(struct deep *d, const struct expr *e, size_t first)
{
    if (d->diags->len == first || d->diags->items[first].id != DIAG_NO_FIELD)
        return;
    struct diag *diag = &d->diags->items[first];
    for (size_t i = 0; i < expr_ref_count(e); i++) {
        const struct expr_ref *ref = expr_ref_at(e, i);
        if (ref->count < 2)
            continue;
        struct str name =
            arena_printf(d->arena, "%.*s.%.*s", STR_ARG(ref->names[0]), STR_ARG(ref->names[1]));
        struct suggest s;
        suggest_init(&s, name);
        for (size_t at = 0; at < d->scope->stdlib->count; at++)
            suggest_try(&s, str_from(d->scope->stdlib->entries[at].name));
        if (str_is(name, "sys.hostname"))
            s.best = STR("constants.hostname");
        if (s.best.ptr)
            diag_hint(d->diags, diag, "did you mean %.*s?", STR_ARG(s.best));
    }
}

/* `type` NULL: the value is only computed. False = reported. */
static bool decode_closed(struct deep *d, const struct expr *e, const struct field_type *type,
                          const struct row *row, ast_id node, void *member)
{
    const struct scope scope = {.load = load, .arg = d, .stdlib = d->scope->stdlib};
    struct coercion c = {.arena = d->arena, .fault = d->fault};
    struct run run __attribute__((uninitialized));
    size_t first = d->diags->len;
    d->fault->plain = false;
    const struct value *v = run_begin(&run, e, &scope, d->fault, d->diags);
    bool ok = v != NULL;
    if (ok && type) {
        struct row reset = *row;
        reset.type = type;
        reset.size = type->size ? type->size : row->size;
        schema_reset(&reset, member);
        ok = coerce(&c, type, row, v, member);
        if (!ok)
            run_report(&run, d->fault, d->diags);
    }
    run_end(&run);
    if (!ok) {
        place_plain(d, first, node);
        hint_library(d, e, first);
    }
    return ok;
}

/* Room for a value that is only tried. */
static bool try_closed(struct deep *d, const struct expr *e, const struct field_type *type,
                       const struct row *row, ast_id node)
{
    struct row tried = *row;
    tried.type = type;
    tried.size = type->size ? type->size : row->size;
    void *member = arena_zalloc(d->arena, tried.size + 1);
    bool ok = decode_closed(d, e, type, row, node, member);
    schema_reset(&tried, member);
    return ok;
}

/* ---- what a text check would say later ---- */

static bool vet_text(struct deep *d, const struct row *row, struct str text, ast_id node)
{
    struct error err = {0};
    if (row->vet(text, &err) == STATUS_OK)
        return true;
    struct diag *diag =
        diag_add(d->diags, DIAG_RULE, d->ast->source, ast_range(d->ast, node), d->scope->subject,
                 "building component: ", (int)strlen(err.message), err.message);
    if (diag)
        diag->outer = d->outer;
    return false;
}

/* The node of the item that was vetted: an element, or a field's value. */
static ast_id item_node(const struct deep *d, ast_id value, size_t index, struct str key)
{
    const struct ast_node *node = ast_at(d->ast, value);
    if (node->kind != AST_ARRAY && node->kind != AST_OBJECT)
        return value;
    size_t at = 0;
    AST_EACH(d->ast, value, child)
    {
        if (node->kind == AST_ARRAY ? at++ == index : str_eq(ast_name(d->ast, child), key))
            return node->kind == AST_ARRAY ? child : ast_value(d->ast, child);
    }
    return value;
}

static bool vet(struct deep *d, const struct field_type *type, const struct row *row, ast_id value,
                const void *member)
{
    if (!row->vet)
        return true;
    if (type->kind == FIELD_STR)
        return vet_text(d, row, *(const struct str *)member, value);
    bool ok = true;
    const struct field_items *items = member;
    bool is_map = type->kind == FIELD_MAP;
    if ((!is_map && type->kind != FIELD_LIST) || type->item->kind != FIELD_STR)
        return true;
    for (size_t i = 0; i < items->count; i++) {
        struct str key = is_map ? *map_key(type, items, i) : STR_NONE;
        const struct str *text = is_map ? map_value(type, items, i) : list_item(type, items, i);
        ok = vet_text(d, row, *text, item_node(d, value, i, key)) && ok;
    }
    return ok;
}

/* ---- open values, part by part ---- */

static bool is_env_call(const struct deep *d, ast_id node)
{
    if (ast_at(d->ast, node)->kind != AST_CALL)
        return false;
    struct str function = ast_text(d->ast, ast_at(d->ast, node)->child);
    return str_is(function, "sys.env") || str_is(function, "env");
}

static uint32_t count_arguments(const struct deep *d, ast_id call)
{
    uint32_t count = 0;
    for (ast_id at = ast_at(d->ast, ast_at(d->ast, call)->child)->next; at;
         at = ast_at(d->ast, at)->next)
        count++;
    return count;
}

static void check_env(struct deep *d, ast_id call)
{
    uint32_t given = count_arguments(d, call);
    ast_id function = ast_at(d->ast, call)->child;
    if (given == 1)
        return;
    struct str name = ast_text(d->ast, function);
    struct str message =
        arena_printf(d->arena, "%.*s expected 1 args, got %u", STR_ARG(name), given);
    struct diag *diag = diag_add(d->diags, DIAG_VALUE, d->ast->source, ast_range(d->ast, function),
                                 STR_ARG(message));
    if (given == 2) {
        ast_id first = ast_at(d->ast, function)->next;
        ast_id second = ast_at(d->ast, first)->next;
        struct str variable = ast_text(d->ast, first), otherwise = ast_text(d->ast, second);
        diag_hint(d->diags, diag, "for a default write coalesce(%.*s(%.*s), %.*s)", STR_ARG(name),
                  STR_ARG(variable), STR_ARG(otherwise));
    }
}

/* Every call of sys.env below the node, wherever it stands. */
static void check_env_calls(struct deep *d, ast_id node)
{
    for (ast_id at = ast_first(d->ast, node); at <= node; at++)
        if (is_env_call(d, at))
            check_env(d, at);
}

static void open_leaf(struct deep *d, const struct expr *e, const struct field_type *type,
                      const struct row *row, ast_id node)
{
    if (is_env_call(d, node)) {
        deep_text(d, type, node);
        return;
    }
    uint8_t kind = ast_at(d->ast, node)->kind;
    if (expr_ref_count(e) != 1 || (kind != AST_IDENT && kind != AST_ACCESS) ||
        expr_ref_at(e, 0)->node != node)
        return;
    struct check_ref ref = {.kind = CHECK_REF_OPEN};
    d->scope->resolve(d->scope->arg, expr_ref_at(e, 0), &ref);
    if (ref.kind == CHECK_REF_TYPED)
        deep_typed(d, type, row, node, &ref);
}

static void check_part(struct deep *d, const struct field_type *type, const struct row *row,
                       ast_id node);

static const struct field_type *item_of(const struct field_type *type)
{
    if (type->kind == FIELD_TARGETS)
        return &field_target;
    return type->kind == FIELD_LIST || type->kind == FIELD_FIXED ? type->item : NULL;
}

static void open_object(struct deep *d, const struct field_type *type, const struct row *row,
                        ast_id node)
{
    const struct shape *shape = type->kind == FIELD_OBJECT ? field_shape(type, row) : NULL;
    AST_EACH(d->ast, node, field)
    {
        const struct row *of = shape ? schema_find(shape, ast_name(d->ast, field)) : NULL;
        if (of && !row_is_block(of))
            check_part(d, of->type, of, ast_value(d->ast, field));
        else if (type->kind == FIELD_MAP && type->item->size)
            check_part(d, type->item, row, ast_value(d->ast, field));
    }
}

static void check_part(struct deep *d, const struct field_type *type, const struct row *row,
                       ast_id node)
{
    while (type->kind == FIELD_NULLABLE)
        type = type->item;
    const struct expr *e = expr_compile_with(d->scope->compiler, d->arena, d->ast, node);
    if (is_closed(d, e)) {
        if (type->size || type->kind == FIELD_OBJECT)
            try_closed(d, e, type, row, node);
        return;
    }
    switch (ast_at(d->ast, node)->kind) {
    case AST_ARRAY:
        if (!item_of(type))
            return;
        AST_EACH(d->ast, node, element)
        {
            check_part(d, item_of(type), row, element);
        }
        return;
    case AST_OBJECT: open_object(d, type, row, node); return;
    default: open_leaf(d, e, type, row, node); return;
    }
}

/* A literal that the check of literals has let through: no code is made for it. */
static bool decode_literal(struct deep *d, const struct field_type *type, const struct row *row,
                           ast_id value, void *member)
{
    struct coercion c = {.arena = d->arena, .fault = d->fault};
    struct literal literal;
    const struct ast_node *node = ast_at(d->ast, value);
    if (node->kind != AST_LITERAL || row->vet)
        return false;
    literal_read(&literal, node->op, ast_text(d->ast, value), d->arena);
    struct value *v = literal_value(&literal, &d->fault->err);
    struct row reset = *row;
    reset.type = type;
    reset.size = type->size ? type->size : row->size;
    schema_reset(&reset, member);
    bool ok = v && coerce(&c, type, row, v, member);
    value_unref(v);
    return ok;
}

bool deep_value(struct deep *d, const struct field_type *type, const struct row *row, ast_id value,
                void *member)
{
    if (is_large(d, value))
        return false;
    if (decode_literal(d, type, row, value, member))
        return true;
    const struct expr *e = expr_compile_with(d->scope->compiler, d->arena, d->ast, value);
    if (is_closed(d, e))
        return decode_closed(d, e, type, row, value, member) && vet(d, type, row, value, member);
    check_env_calls(d, value);
    check_part(d, type, row, value);
    return false;
}

void deep_any(struct deep *d, ast_id value)
{
    if (is_large(d, value))
        return;
    const struct expr *e = expr_compile_with(d->scope->compiler, d->arena, d->ast, value);
    if (is_closed(d, e))
        decode_closed(d, e, NULL, NULL, value, NULL);
    else
        check_env_calls(d, value);
}

/* ---- rules ---- */

static bool is_word(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_';
}

static bool mentions(struct str message, struct str name)
{
    for (size_t at = str_find(message, name, 0); at != SIZE_MAX;
         at = str_find(message, name, at + 1)) {
        bool begins = at == 0 || !is_word(message.ptr[at - 1]);
        size_t end = at + name.len;
        if (begins && (end == message.len || !is_word(message.ptr[end])))
            return true;
    }
    return false;
}

/* The statement that a rule's message is about: the first that it names. */
static const struct statement *blamed(const struct body *body, struct str message)
{
    for (uint32_t i = 0; i < body->count; i++)
        if (mentions(message, body->statements[i].name))
            return &body->statements[i];
    return NULL;
}

static void report_rule(struct deep *d, const struct body *body, ast_id block, const char *stage,
                        const char *text)
{
    struct str message = str_from(text);
    const struct statement *s = blamed(body, message);
    struct range range = ast_range(d->ast, s ? s->node : block);
    struct diag *diag = diag_add(d->diags, DIAG_RULE, d->ast->source, range, d->scope->subject,
                                 stage, STR_ARG(message));
    if (!diag)
        return;
    diag->outer = d->outer;
    for (uint32_t i = 0; s && i < body->count; i++) {
        const struct statement *other = &body->statements[i];
        if (other != s && mentions(message, other->name) && !str_eq(other->name, s->name))
            diag_relate(d->diags, diag, d->ast->source, ast_range(d->ast, other->node),
                        "\"%.*s\" is here", STR_ARG(other->name));
    }
}

/* NULL = the rules hold. */
static const char *broken_rule(struct deep *d, const struct shape *shape, void *args,
                               struct error *err)
{
    error_clear(err);
    if (shape->check && shape->check(args, d->arena, err) != STATUS_OK)
        return "decoding configuration: ";
    if (shape->vet && shape->vet(args, d->arena, err) != STATUS_OK)
        return "building component: ";
    return NULL;
}

/* Some text where text is wanted: a rule that fails with it and without it fails always. False: a
 * member can have values that no sample stands for. */
static bool fill(const struct open_member *open)
{
    for (; open; open = open->next) {
        const struct field_type *type = open->row->type;
        switch (type->kind) {
        case FIELD_STR:
        case FIELD_SECRET:
        case FIELD_OPTIONAL_SECRET: *(struct str *)(void *)open->member = STR("x"); break;
        case FIELD_CAPSULE:
        case FIELD_TARGETS: break;
        case FIELD_LIST:
            if (type->item->kind != FIELD_CAPSULE)
                return false;
            break;
        default: return false;
        }
    }
    return true;
}

bool deep_rules(struct deep *d, const struct body *body, ast_id block, void *args,
                const struct open_member *open)
{
    struct error first __attribute__((uninitialized)), second __attribute__((uninitialized));
    const char *stage = broken_rule(d, body->shape, args, &first);
    if (!stage)
        return true;
    if (open) {
        if (!fill(open))
            return true;
        const char *again = broken_rule(d, body->shape, args, &second);
        if (!again || strcmp(first.message, second.message) != 0)
            return true;
    }
    report_rule(d, body, block, stage, first.message);
    return false;
}
