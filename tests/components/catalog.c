/* Every component's schema against the facts about Alloy's in compiler/catalog/alloy.txt: names,
 * what is required, kinds, defaults, blocks, exports and levels; and that the catalog itself is
 * sound. A row that is refused has its name checked only. */

#include "base/vec.h"
#include "compiler/catalog.h"
#include "runtime/component.h"
#include "tests/support/test.h"

/* ---- comparing ---- */

struct pair {
    const struct shape *theirs;
    const struct shape *shape;
};

struct check {
    const char *component;
    struct pair *items; /* pairs that were met, compared up to `done` */
    size_t len;
    size_t cap;
    size_t done;
    unsigned wrong;
};

static const char *kind_name(const struct field_type *type)
{
    static const char *const names[] = {
        [FIELD_STR] = "string",       [FIELD_BOOL] = "bool",
        [FIELD_I8] = "number",        [FIELD_I16] = "number",
        [FIELD_I32] = "number",       [FIELD_I64] = "number",
        [FIELD_U8] = "number",        [FIELD_U16] = "number",
        [FIELD_U32] = "number",       [FIELD_U64] = "number",
        [FIELD_F32] = "number",       [FIELD_F64] = "number",
        [FIELD_SECRET] = "secret",    [FIELD_OPTIONAL_SECRET] = "optional_secret",
        [FIELD_DURATION] = "string",  [FIELD_SIZE] = "string",
        [FIELD_TIME] = "string",      [FIELD_BYTES] = "list",
        [FIELD_TEXT] = "string",      [FIELD_CHOICE] = "string",
        [FIELD_ANY] = "any",          [FIELD_CAPSULE] = "capsule",
        [FIELD_TARGET] = "capsule",   [FIELD_TARGETS] = "list",
        [FIELD_LIST] = "list",        [FIELD_MAP] = "map",
        [FIELD_FIXED] = "list",       [FIELD_OBJECT] = "object",
        [FIELD_ENUM_BLOCKS] = "block"};
    if (type->kind == FIELD_NULLABLE) {
        type = type->item;
    }
    if (type->kind == FIELD_TEXT && type->text->is_secret) {
        return "secret";
    }
    return type->kind < sizeof(names) / sizeof(names[0]) && names[type->kind] ? names[type->kind]
                                                                              : "?";
}

static void say(struct check *c, struct str name, const char *what)
{
    c->wrong++;
    cr_expect(false, "%s: %.*s: %s", c->component, STR_ARG(name), what);
}

static void meet(struct check *c, const struct shape *theirs, const struct shape *shape)
{
    for (size_t i = 0; i < c->len; i++) {
        if (c->items[i].theirs == theirs && c->items[i].shape == shape) {
            return;
        }
    }
    VEC_PUSH(c, ((struct pair){theirs, shape}));
}

/* An absent list and an empty one count as the same. */
static bool is_empty_list(const struct row *row, const void *args)
{
    bool is_list = row->type->kind == FIELD_LIST || row->type->kind == FIELD_MAP;
    return is_list && ((const struct field_items *)((const char *)args + row->offset))->count == 0;
}

/* Decodes the catalog's default into the place of our own and compares. */
static bool same_default(const struct shape *shape, struct schema_hit hit, const char *def)
{
    struct arena arena;
    arena_init(&arena, NULL, 0);
    struct row rows[2] = {*hit.row, {0}};
    rows[0].offset += hit.base;
    rows[0].def = def;
    rows[0].required = false;
    const struct shape one = {.rows = rows, .size = shape->size};
    void *ours = arena_zalloc(&arena, shape->size);
    void *theirs = arena_zalloc(&arena, shape->size);
    schema_defaults(shape, ours, &arena);
    schema_defaults(&one, theirs, &arena);
    bool same = schema_equal(&one, ours, theirs) ||
                (is_empty_list(rows, ours) && is_empty_list(rows, theirs));
    schema_release(shape, ours);
    schema_release(&one, theirs);
    arena_release(&arena);
    return same;
}

static void check_attribute(struct check *c, const struct shape *shape, const struct row *theirs,
                            struct schema_hit hit)
{
    const struct row *row = hit.row;
    struct str name = str_from(theirs->name);
    const char *kind = kind_name(theirs->type);
    if (row_is_block(row)) {
        say(c, name, "is an attribute, not a block");
        return;
    }
    if (row->required != theirs->required)
        say(c, name, theirs->required ? "is required" : "is optional");
    if (strcmp(kind, kind_name(row->type)) != 0 && theirs->type->kind != FIELD_ANY)
        say(c, name, kind_name(row->type));
    if (!theirs->required && !same_default(shape, hit, theirs->def))
        say(c, name, "has another default");
}

/* `many`: the block may repeat. */
static void check_block(struct check *c, const struct row *theirs, bool many, struct schema_hit hit)
{
    struct str name = str_from(theirs->name);
    if (!row_is_block(hit.row)) {
        say(c, name, "is a block");
        return;
    }
    bool is_many = hit.list || hit.row->type->kind == FIELD_BLOCKS;
    if (is_many != many)
        say(c, name, many ? "may repeat" : "stands once");
    if (!hit.row->free_form && hit.row->shape)
        meet(c, theirs->shape, hit.row->shape);
}

/* Rows of ours that Alloy does not have; squashed shapes are walked one level at a time. */
static void check_extra(struct check *c, const struct shape *theirs, const struct shape *shape)
{
    const struct shape *todo[64] = {shape};
    size_t count = 1;
    while (count > 0) {
        const struct shape *s = todo[--count];
        for (const struct row *row = s->rows; row->name; row++) {
            if (row->squash && count < 64)
                todo[count++] = row->shape;
            else if (row->name[0] && row->type->kind != FIELD_ENUM_BLOCKS &&
                     !schema_find(theirs, str_from(row->name)))
                say(c, str_from(row->name), "is unknown to Alloy");
        }
    }
}

static void check_row(struct check *c, const struct shape *shape, const struct row *theirs,
                      bool many)
{
    struct schema_hit hit = schema_lookup(shape, str_from(theirs->name));
    if (!hit.row)
        say(c, str_from(theirs->name), "is missing");
    else if (!hit.row->refused && row_is_block(theirs))
        check_block(c, theirs, many, hit);
    else if (!hit.row->refused)
        check_attribute(c, shape, theirs, hit);
}

static void check_pair(struct check *c, struct pair pair)
{
    for (const struct row *row = pair.theirs->rows; row->name; row++) {
        if (row->type->kind == FIELD_ENUM_BLOCKS) {
            for (const struct row *variant = row->variants; variant->name; variant++)
                check_row(c, pair.shape, variant, true);
        } else if (!row->is_label) {
            check_row(c, pair.shape, row, row->type->kind == FIELD_BLOCKS);
        }
    }
    if (!schema_label_row(pair.theirs) != !schema_label_row(pair.shape))
        say(c, STR("the label"), "is taken by one of the two only");
    check_extra(c, pair.theirs, pair.shape);
}

static void check_exports(struct check *c, const struct shape *theirs, const struct shape *ours)
{
    if (!theirs || !ours) {
        if (theirs != ours)
            say(c, STR("exports"), "are of one of the two only");
        return;
    }
    for (const struct row *row = theirs->rows; row->name; row++) {
        const struct row *own = schema_find(ours, str_from(row->name));
        if (!own)
            say(c, str_from(row->name), "is no export");
        else if (strcmp(kind_name(row->type), kind_name(own->type)) != 0)
            say(c, str_from(row->name), "is exported as another kind");
        else if (row->capsule && strcmp(row->capsule->name, own->capsule->name) != 0)
            say(c, str_from(row->name), "is another capsule");
    }
    check_extra(c, theirs, ours);
}

TEST(components_catalog, schemas_equal_alloys)
{
    struct arena arena;
    arena_init(&arena, NULL, 0);
    struct catalog *catalog = catalog_new(&arena, NULL);
    for (const struct component_def *const *def = component_registry; *def; def++) {
        struct program_symbol alloy;
        struct check check = {.component = (*def)->name};
        bool is_known = catalog_find(catalog, str_from((*def)->name), &alloy);
        cr_expect(is_known, "%s is no component of Alloy", (*def)->name);
        if (!is_known)
            continue;
        cr_expect_eq(alloy.community, (*def)->community, "%s", (*def)->name);
        cr_expect(alloy.community || alloy.stability == (*def)->stability, "%s", (*def)->name);
        meet(&check, alloy.args, (*def)->args);
        while (check.done < check.len)
            check_pair(&check, check.items[check.done++]);
        check_exports(&check, alloy.exports, (*def)->exports);
        VEC_RELEASE(&check);
    }
    arena_release(&arena);
}

TEST(components_catalog, schemas_are_sound)
{
    for (const struct component_def *const *def = component_registry; *def; def++) {
        struct error err = {0};
        cr_expect(schema_verify((*def)->args, &err), "%s: %s", (*def)->name, err.message);
        cr_expect(!(*def)->exports || schema_verify((*def)->exports, &err), "%s: %s", (*def)->name,
                  err.message);
    }
}

/* ---- the catalog itself ---- */

struct walk {
    const struct shape **items;
    size_t len;
    size_t cap;
};

static void walk_to(struct walk *w, const struct shape *shape)
{
    for (size_t i = 0; i < w->len; i++) {
        if (w->items[i] == shape)
            return;
    }
    VEC_PUSH(w, shape);
}

static void walk_row(struct walk *w, const char *component, const struct row *row)
{
    if (row->shape)
        walk_to(w, row->shape);
    cr_expect(row->type->kind != FIELD_OBJECT || row->shape->size <= row->size, "%s", component);
    for (const struct row *v = row->variants; v && v->name; v++)
        walk_to(w, v->shape);
}

/* Defaults decode, rules name rows, names differ. */
static void check_shape(const char *component, const struct shape *shape)
{
    struct arena arena;
    arena_init(&arena, NULL, 0);
    void *args = arena_zalloc(&arena, shape->size);
    schema_defaults(shape, args, &arena);
    schema_release(shape, args);
    arena_release(&arena);
    for (const struct row *row = shape->rows; row->name; row++) {
        if (row->name[0] && row->type->kind != FIELD_ENUM_BLOCKS)
            cr_expect(schema_find(shape, str_from(row->name)) == row, "%s: %s", component,
                      row->name);
        cr_expect(!row->required || !row->def, "%s: %s", component, row->name);
    }
    for (const struct schema_rule *rule = shape->rules; rule && rule->names; rule++) {
        for (const char *const *name = rule->names; *name; name++)
            cr_expect(schema_find(shape, str_from(*name)) != NULL, "%s: %s", component, *name);
    }
}

TEST(components_catalog, every_component_has_a_schema)
{
    struct arena arena;
    struct walk w = {0};
    size_t count = 0, done = 0;
    arena_init(&arena, NULL, 0);
    struct catalog *catalog = catalog_new(&arena, NULL);
    for (struct catalog_name at = {0}; catalog_next(&at); count++) {
        struct program_symbol symbol, again;
        const char *name = arena_cstr(&arena, at.name);
        cr_assert(catalog_find(catalog, at.name, &symbol) && symbol.args && symbol.refused, "%s",
                  name);
        cr_assert(catalog_find(catalog, at.name, &again) && again.args == symbol.args);
        cr_assert(catalog_component(at.name, &again) && again.stability == symbol.stability);
        walk_to(&w, symbol.args);
        for (; done < w.len; done++) {
            check_shape(name, w.items[done]);
            for (const struct row *row = w.items[done]->rows; row->name; row++)
                walk_row(&w, name, row);
        }
    }
    cr_assert_eq(count, 184);
    struct program_symbol none;
    cr_assert_not(catalog_find(catalog, STR("prometheus.scrap"), &none));
    cr_assert_not(catalog_find(catalog, STR(""), &none));
    VEC_RELEASE(&w);
    arena_release(&arena);
}
