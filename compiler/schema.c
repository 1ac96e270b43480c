/* Rows: finding them, their defaults, releasing what members hold. Depth is that of shapes in C,
 * except where a shape contains itself through lists of blocks: there it is the nesting of blocks
 * that the reader accepts, and the walk keeps its own stack. */

#include "compiler/schema.h"

#include "base/regex.h"
#include "base/strconv.h"
#include "base/vec.h"
#include "compiler/coerce.h"
#include "compiler/default.h"
#include "compiler/field_walk.h"

bool row_is_block(const struct row *row)
{
    return row->type->kind >= FIELD_BLOCK || row->free_form;
}

const struct row *schema_label_row(const struct shape *shape)
{
    for (const struct row *row = shape->rows; row->name; row++)
        if (row->is_label)
            return row;
    return NULL;
}

static bool row_matches(const struct row *row, struct str name)
{
    return row->name[0] && str_is(name, row->name) && row->type->kind != FIELD_ENUM_BLOCKS;
}

/* Rows of one shape, without squashed ones. */
static bool lookup_here(const struct shape *shape, struct str name, struct schema_hit *hit)
{
    for (const struct row *row = shape->rows; row->name; row++) {
        if (row_matches(row, name)) {
            hit->row = row;
            return true;
        }
        if (row->type->kind != FIELD_ENUM_BLOCKS)
            continue;
        for (const struct row *variant = row->variants; variant->name; variant++) {
            if (str_is(name, variant->name)) {
                hit->row = variant;
                hit->list = row;
                return true;
            }
        }
    }
    return false;
}

enum { SQUASH_DEPTH = 8 };

struct schema_hit schema_lookup(const struct shape *shape, struct str name)
{
    struct schema_hit hit = {0};
    struct {
        const struct shape *shape;
        size_t base;
    } todo[SQUASH_DEPTH * SQUASH_DEPTH];
    size_t count = 0;
    todo[count].shape = shape;
    todo[count++].base = 0;
    for (size_t i = 0; i < count; i++) {
        hit.base = todo[i].base;
        if (lookup_here(todo[i].shape, name, &hit))
            return hit;
        for (const struct row *row = todo[i].shape->rows; row->name; row++) {
            if (!row->squash)
                continue;
            ASSERT(count < SQUASH_DEPTH * SQUASH_DEPTH);
            todo[count].shape = row->shape;
            todo[count++].base = hit.base + row->offset;
        }
    }
    return (struct schema_hit){0};
}

const struct row *schema_find(const struct shape *shape, struct str name)
{
    return schema_lookup(shape, name).row;
}

/* ---- defaults ---- */

struct pending {
    const struct shape *shape;
    char *args;
};

static void row_default(const struct row *row, char *member, struct arena *arena)
{
    struct fault fault __attribute__((uninitialized));
    struct error err __attribute__((uninitialized));
    fault_init(&fault);
    struct coercion c = {.arena = arena, .fault = &fault};
    struct value *v = default_read(row->def, arena, &err);
    ASSERT(v && "a default must be a literal"); /* schema_verify proves it in tests */
    bool ok = coerce(&c, row->type, row, v, member);
    ASSERT(ok && "a default must decode");
    value_unref(v);
    fault_release(&fault);
}

enum { DEFAULTS_PENDING = 24 }; /* structs of one block that carry defaults */

void schema_defaults(const struct shape *shape, void *args, struct arena *arena)
{
    memset(args, 0, shape->size);
    struct pending todo[DEFAULTS_PENDING] __attribute__((uninitialized));
    struct pending undone[DEFAULTS_PENDING] __attribute__((uninitialized));
    size_t count = 0;
    size_t begun = 0;
    todo[count++] = (struct pending){shape, args};
    while (count > 0) {
        struct pending at = todo[--count];
        ASSERT(begun < DEFAULTS_PENDING);
        undone[begun++] = at;
        for (const struct row *row = at.shape->rows; row->name; row++) {
            bool nested = row->type->kind == FIELD_BLOCK && !row->refused &&
                          (row->squash || row->present_default);
            if (nested) {
                ASSERT(count < DEFAULTS_PENDING);
                todo[count++] = (struct pending){row->shape, at.args + row->offset};
            } else if (row->def && !default_fast(row, at.args + row->offset)) {
                row_default(row, at.args + row->offset, arena);
            }
        }
    }
    while (begun-- > 0) /* the outer shape has the last word */
        if (undone[begun].shape->defaults)
            undone[begun].shape->defaults(undone[begun].args, arena);
}

/* ---- release ---- */

/* Releasing must not fail for want of memory: the first ones need none. */
enum { RELEASE_INLINE = 128 };

struct releasing {
    VEC(struct pending) todo;
    struct pending first[RELEASE_INLINE];
    size_t first_len;
};

static void release_later(struct releasing *r, const struct shape *shape, void *args)
{
    struct pending later = {shape, args};
    if (r->first_len < RELEASE_INLINE)
        r->first[r->first_len++] = later;
    else
        VEC_PUSH(&r->todo, later);
}

static void release_field(struct releasing *r, const struct field_type *type, const struct row *row,
                          void *member);

static void release_items(struct releasing *r, const struct field_type *type, const struct row *row,
                          void *member)
{
    const struct field_items *list = member;
    for (size_t i = 0; i < list->count; i++)
        release_field(r, type->item, row,
                      type->kind == FIELD_LIST ? list_item(type, list, i)
                                               : map_value(type, list, i));
}

static bool holds_references(const struct field_type *type)
{
    while (type->item)
        type = type->item;
    switch (type->kind) {
    case FIELD_ANY:
    case FIELD_CAPSULE:
    case FIELD_TARGET:
    case FIELD_TARGETS:
    case FIELD_OBJECT: return true;
    case FIELD_TEXT: return type->text->release;
    default: return false;
    }
}

/* Structs are left for later. */
static void release_field(struct releasing *r, const struct field_type *type, const struct row *row,
                          void *member)
{
    if (!holds_references(type))
        return;
    switch (type->kind) {
    case FIELD_ANY:
    case FIELD_CAPSULE: value_unref(((struct any *)member)->value); break;
    case FIELD_TARGET: target_unref(((struct target_ref *)member)->target); break;
    case FIELD_TARGETS: value_unref(((struct target_list *)member)->owner); break;
    case FIELD_TEXT: type->text->release(member); break;
    case FIELD_LIST:
    case FIELD_MAP: release_items(r, type, row, member); break;
    case FIELD_NULLABLE: release_field(r, type->item, row, member); break;
    case FIELD_FIXED:
        for (size_t i = 0; i < type->count; i++)
            release_field(r, type->item, row, (char *)member + i * type->item->size);
        break;
    default: release_later(r, field_shape(type, row), member); break;
    }
}

static void release_blocks(struct releasing *r, const struct row *row, void *member)
{
    switch (row->type->kind) {
    case FIELD_BLOCK: release_later(r, row->shape, member); break;
    case FIELD_BLOCK_OPT:
        if (*(void **)member)
            release_later(r, row->shape, *(void **)member);
        break;
    case FIELD_BLOCKS: {
        const struct field_items *list = member;
        for (size_t i = 0; i < list->count; i++)
            release_later(r, row->shape, (char *)list->items + i * row->shape->size);
        break;
    }
    default: {
        const struct enum_block_list *list = member;
        for (size_t i = 0; i < list->count; i++)
            if (list->items[i].item)
                release_later(r, list->items[i].row->shape, list->items[i].item);
        break;
    }
    }
}

static void release_row(struct releasing *r, const struct row *row, void *member)
{
    if (row->refused)
        return;
    if (row->type->kind >= FIELD_BLOCK)
        release_blocks(r, row, member);
    else
        release_field(r, row->type, row, member);
}

static void release_todo(struct releasing *r)
{
    while (r->todo.len > 0 || r->first_len > 0) {
        struct pending at = r->todo.len ? r->todo.items[--r->todo.len] : r->first[--r->first_len];
        for (const struct row *row = at.shape->rows; row->name; row++)
            release_row(r, row, at.args + row->offset);
    }
    VEC_RELEASE(&r->todo);
}

void schema_release(const struct shape *shape, void *args)
{
    struct releasing r __attribute__((uninitialized)); /* large */
    r.first_len = 0;
    memset(&r.todo, 0, sizeof(r.todo));
    release_later(&r, shape, args);
    release_todo(&r);
}

void schema_reset(const struct row *row, void *member)
{
    struct releasing r __attribute__((uninitialized)); /* large */
    r.first_len = 0;
    memset(&r.todo, 0, sizeof(r.todo));
    release_row(&r, row, member);
    release_todo(&r);
    memset(member, 0, row->size);
}

/* ---- text types ---- */

static enum status regex_parse(struct str text, struct regex_ref *member, enum regex_anchor anchor,
                               struct error *err)
{
    member->re = regex_new(text, anchor, err);
    return member->re ? STATUS_OK : STATUS_INVALID;
}

static enum status regex_parse_full(struct str text, void *member, struct arena *arena,
                                    struct error *err)
{
    (void)arena;
    return regex_parse(text, member, REGEX_FULL, err);
}

static enum status regex_parse_search(struct str text, void *member, struct arena *arena,
                                      struct error *err)
{
    (void)arena;
    return regex_parse(text, member, REGEX_SEARCH, err);
}

static void regex_print(const void *member, struct buf *out)
{
    const struct regex_ref *ref = member;
    if (ref->re)
        buf_str(out, regex_pattern(ref->re));
}

static void regex_release(void *member)
{
    struct regex_ref *ref = member;
    if (ref->re)
        regex_unref(ref->re);
}

static const struct text_type regex_full = {
    .name = "regex",
    .size = sizeof(struct regex_ref),
    .parse = regex_parse_full,
    .print = regex_print,
    .release = regex_release,
};
static const struct text_type regex_search = {
    .name = "regex",
    .size = sizeof(struct regex_ref),
    .parse = regex_parse_search,
    .print = regex_print,
    .release = regex_release,
};

const struct field_type field_regex_full = FIELD_TEXT_TYPE(struct regex_ref, regex_full);
const struct field_type field_regex_search = FIELD_TEXT_TYPE(struct regex_ref, regex_search);
