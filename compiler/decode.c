/* Block bodies into C structs (SEMANTICS §9.2). Everything that is known without evaluating (which
 * row a statement means, repetitions, what is missing) is found once, by body_compile; body_decode
 * only evaluates and stores. Both walk nested blocks with a stack of their own. */

#include "compiler/decode.h"

#include "base/vec.h"
#include "compiler/body.h"
#include "compiler/code.h"
#include "compiler/coerce.h"
#include "compiler/field_walk.h"

/* A body being decoded. */
struct frame {
    const struct body *body;
    char *args;
    uint32_t next; /* statement */
};

enum { SCRATCH_CHUNK = 1024, FRAMES_INLINE = 8 };

struct decoder {
    const struct scope *scope;
    struct arena *arena;
    struct diags *diags;
    struct fault fault;
    VEC(struct frame) frames; /* what `few` has no room for */
    struct frame few[FRAMES_INLINE];
    size_t few_len;
    struct arena scratch; /* the code of one constant */
    struct expr_compiler compiler;
};

static bool plain(struct decoder *d, const char *message)
{
    diag_add(d->diags, DIAG_PLAIN, NULL, (struct range){0}, (int)strlen(message), message);
    return false;
}

static void decoder_init(struct decoder *d, const struct scope *scope, struct arena *arena,
                         struct diags *diags)
{
    d->scope = scope;
    d->arena = arena;
    d->diags = diags;
    fault_init(&d->fault);
    memset(&d->frames, 0, sizeof(d->frames));
    d->few_len = 0;
    memset(&d->compiler, 0, sizeof(d->compiler));
    arena_init(&d->scratch, NULL, 0);
    d->scratch.chunk_size = SCRATCH_CHUNK;
}

static void decoder_release(struct decoder *d)
{
    VEC_RELEASE(&d->frames);
    expr_compiler_release(&d->compiler);
    arena_release(&d->scratch);
    fault_release(&d->fault);
}

/* Code that refers to nothing lives until the next one. */
static const struct expr *expr_for(struct decoder *d, const struct statement *s)
{
    if (s->expr)
        return s->expr;
    arena_reset(&d->scratch);
    return expr_compile_with(&d->compiler, &d->scratch, s->ast, ast_value(s->ast, s->node));
}

static bool decode_attribute(struct decoder *d, const struct statement *s, char *args)
{
    const struct row *row = s->hit.row;
    char *member = args + s->hit.base + row->offset;
    struct run run __attribute__((uninitialized));
    struct coercion c = {.arena = d->arena, .fault = &d->fault};
    const struct value *v = run_begin(&run, expr_for(d, s), d->scope, &d->fault, d->diags);
    bool ok = v != NULL;
    if (ok) {
        schema_reset(row, member);
        ok = coerce(&c, row->type, row, v, member);
        if (!ok)
            run_report(&run, &d->fault, d->diags);
    }
    run_end(&run);
    return ok;
}

/* Checks one entry of a free-form block against the item type of its map. */
static bool check_entry(struct decoder *d, const struct row *row, const struct run *run,
                        const struct value *v)
{
    const struct field_type *item = row ? row->type->item : NULL;
    if (!item)
        return true;
    struct coercion c = {.arena = d->arena, .fault = &d->fault};
    struct row entry = {.name = row->name,
                        .type = item,
                        .size = item->size,
                        .check = row->check,
                        .oneof = row->oneof,
                        .capsule = row->capsule,
                        .shape = row->shape};
    void *member = arena_zalloc(d->arena, item->size);
    bool ok = coerce(&c, item, &entry, v, member);
    if (!ok)
        run_report(run, &d->fault, d->diags);
    schema_reset(&entry, member);
    return ok;
}

static struct value *free_entry(struct decoder *d, const struct row *row, const struct statement *s)
{
    if (s->problem) {
        statement_report(s, d->diags);
        return NULL;
    }
    struct run run __attribute__((uninitialized));
    struct value *result = NULL;
    const struct value *v = run_begin(&run, expr_for(d, s), d->scope, &d->fault, d->diags);
    if (v && check_entry(d, row, &run, v))
        result = row && row->type->kind == FIELD_ANY ? coerce_any(v) : value_ref(v);
    run_end(&run);
    return result;
}

/* All attributes as an object; NULL = reported. */
static struct value *free_values(struct decoder *d, const struct body *body, const struct row *row)
{
    struct value_field *fields = mem_array(NULL, body->count + 1, sizeof(*fields));
    uint32_t made = 0;
    while (made < body->count) {
        const struct statement *s = &body->statements[made];
        struct value *v = free_entry(d, row, s);
        if (!v)
            break;
        fields[made++] = (struct value_field){s->name, v};
    }
    struct value *object = NULL;
    if (made == body->count)
        object = value_object(fields, made, false);
    for (uint32_t i = 0; !object && i < made; i++)
        value_unref(fields[i].value);
    mem_free(fields);
    return object;
}

static bool decode_free_block(struct decoder *d, const struct statement *s, char *args)
{
    const struct row *row = s->hit.row;
    char *member = args + s->hit.base + row->offset;
    struct value *object = free_values(d, s->body, row);
    if (!object)
        return false;
    struct coercion c = {.arena = d->arena, .fault = &d->fault};
    schema_reset(row, member);
    bool ok = coerce(&c, row->type, row, object, member); /* every entry was tried before */
    value_unref(object);
    return ok;
}

char *body_room(struct arena *arena, const struct statement *s, char *args)
{
    const struct row *row = s->hit.row;
    char *base = args + s->hit.base;
    if (s->hit.list) {
        struct enum_block_list *list = (void *)(base + s->hit.list->offset);
        if (s->index == 0) {
            list->items = arena_array(arena, s->total, sizeof(*list->items));
            list->is_set = true;
        }
        void *item = arena_zalloc(arena, row->shape->size);
        list->items[s->index] = (struct enum_block){row, item};
        list->count = s->index + 1;
        return item;
    }
    char *member = base + row->offset;
    if (row->type->kind == FIELD_BLOCK) {
        schema_reset(row, member);
        return member;
    }
    if (row->type->kind == FIELD_BLOCK_OPT) {
        schema_reset(row, member);
        void *item = arena_zalloc(arena, row->shape->size);
        *(void **)member = item;
        return item;
    }
    struct field_items *list = (void *)member;
    if (s->index == 0) {
        schema_reset(row, member);
        list->items = arena_array(arena, s->total, row->shape->size);
        list->is_set = true;
    }
    list->count = s->index + 1;
    return (char *)list->items + s->index * row->shape->size;
}

static void enter(struct decoder *d, const struct body *body, char *args)
{
    schema_defaults(body->shape, args, d->arena);
    if (body->label_row)
        *(struct str *)(void *)(args + body->label_row->offset) = arena_str(d->arena, body->label);
    struct frame frame = {.body = body, .args = args};
    if (d->few_len < FRAMES_INLINE)
        d->few[d->few_len++] = frame;
    else
        VEC_PUSH(&d->frames, frame);
}

static struct frame *innermost(struct decoder *d)
{
    if (d->frames.len > 0)
        return &d->frames.items[d->frames.len - 1];
    return d->few_len > 0 ? &d->few[d->few_len - 1] : NULL;
}

static void leave(struct decoder *d)
{
    if (d->frames.len > 0)
        d->frames.len--;
    else
        d->few_len--;
}

static bool decode_statement(struct decoder *d, const struct statement *s, char *args)
{
    if (s->problem) {
        statement_report(s, d->diags);
        return false;
    }
    if (ast_at(s->ast, s->node)->kind == AST_ATTRIBUTE)
        return decode_attribute(d, s, args);
    if (s->hit.row->free_form)
        return decode_free_block(d, s, args);
    enter(d, s->body, body_room(d->arena, s, args));
    return true;
}

static bool finish(struct decoder *d, const struct body *body, char *args)
{
    if (body->missing_count > 0) {
        diag_add(d->diags, body->missing->problem, NULL, (struct range){0}, body->missing->name);
        return false;
    }
    if (body->shape->check && body->shape->check(args, d->arena, &d->fault.err) != STATUS_OK)
        return plain(d, d->fault.err.message);
    return true;
}

bool body_decode(const struct body *b, const struct scope *scope, struct arena *arena, void *args,
                 struct diags *diags)
{
    struct decoder d __attribute__((uninitialized)); /* large */
    decoder_init(&d, scope, arena, diags);
    enter(&d, b, args);
    bool ok = true;
    for (struct frame *top; ok && (top = innermost(&d)) != NULL;) {
        if (top->next < top->body->count) {
            const struct statement *s = &top->body->statements[top->next++];
            ok = decode_statement(&d, s, top->args);
        } else {
            ok = finish(&d, top->body, top->args);
            leave(&d);
        }
    }
    if (!ok)
        schema_release(b->shape, args);
    decoder_release(&d);
    return ok;
}

const struct statement *body_attribute(const struct body *b, const struct expr *e)
{
    if (!b->shape || b->shape->check)
        return NULL;
    for (uint32_t i = 0; i < b->count; i++) {
        if (b->statements[i].expr == e)
            return b->statements[i].problem ? NULL : &b->statements[i];
    }
    return NULL;
}

void *body_member(const struct statement *s, void *args, const struct row **row)
{
    *row = s->hit.row;
    return (char *)args + s->hit.base + s->hit.row->offset;
}

bool body_decode_attribute(const struct statement *s, const struct scope *scope,
                           struct arena *arena, void *args, struct diags *diags)
{
    const struct row *row;
    void *member = body_member(s, args, &row);
    struct decoder d __attribute__((uninitialized)); /* large */
    decoder_init(&d, scope, arena, diags);
    memset(member, 0, row->size);
    bool ok = decode_attribute(&d, s, args);
    if (!ok)
        schema_reset(row, member);
    decoder_release(&d);
    return ok;
}

struct value *body_values(const struct body *b, const struct scope *scope, struct diags *diags)
{
    struct decoder d __attribute__((uninitialized));
    decoder_init(&d, scope, NULL, diags);
    struct value *object = free_values(&d, b, NULL);
    decoder_release(&d);
    return object;
}

enum status decode_value(const struct value *v, const struct row *row, void *member,
                         struct arena *arena, struct error *err)
{
    struct fault fault __attribute__((uninitialized));
    fault_init(&fault);
    struct coercion c = {.arena = arena, .fault = &fault};
    bool ok = coerce(&c, row->type, row, v, member);
    if (!ok) {
        struct buf message;
        buf_init(&message, NULL, ERROR_MAX);
        fault_message(&fault, false, &message);
        error_set(err, STATUS_INVALID, "%.*s", STR_ARG(buf_view(&message)));
        buf_release(&message);
    }
    fault_release(&fault);
    return ok ? STATUS_OK : STATUS_INVALID;
}
