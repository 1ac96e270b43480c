/* Every component's schema against the facts about Alloy's in tests/data/catalog.txt: names,
 * what is required, kinds, defaults. A row that is refused has its name checked only. */
#include "base/file.h"
#include "base/map.h"
#include "base/vec.h"
#include "runtime/component.h"
#include "tests/support/test.h"

#include <fcntl.h>

enum { CATALOG_MAX = 16 * 1024 * 1024 };

struct fact {
    bool is_block;
    bool is_required;
    bool is_many;
    struct str name;
    struct str kind; /* or the body's number */
    struct str def;
};

struct body {
    struct fact *items;
    size_t len;
    size_t cap;
};

struct catalog {
    struct arena arena;
    struct buf text;
    struct map bodies;     /* number → struct body */
    struct map components; /* name → body */
};

static struct str word(struct str *line)
{
    struct str head;
    (void)str_cut(*line, ' ', &head, line);
    return head;
}

static struct body *body_of(struct catalog *c, struct str number)
{
    struct body *body = map_get(&c->bodies, number);
    if (!body) {
        body = ARENA_NEW(&c->arena, struct body);
        (void)map_put(&c->bodies, number, body);
    }
    return body;
}

static void read_line(struct catalog *c, struct str line, struct body **current)
{
    struct str what = word(&line);
    if (str_is(what, "component")) {
        struct str name = word(&line);
        (void)map_put(&c->components, name, body_of(c, line));
    } else if (str_is(what, "body")) {
        *current = body_of(c, line);
    } else if (str_is(what, "attr") || str_is(what, "block")) {
        struct fact f = {.is_block = str_is(what, "block"), .name = word(&line)};
        f.is_required = str_is(word(&line), "required");
        if (f.is_block) {
            f.is_many = str_is(word(&line), "many");
        }
        f.kind = word(&line);
        f.def = line;
        VEC_PUSH(*current, f);
    }
}

static void read_catalog(struct catalog *c)
{
    const char *source = getenv("INVAR_SOURCE");
    struct error err = {0};
    struct body *current = NULL;
    struct str line;
    arena_init(&c->arena, NULL, 0);
    buf_init(&c->text, NULL, CATALOG_MAX);
    map_init(&c->bodies, NULL);
    map_init(&c->components, NULL);
    struct str path = arena_printf(&c->arena, "%s/tests/data/catalog.txt", source ? source : ".");
    cr_assert(file_read(AT_FDCWD, path.ptr, &c->text, &err) == STATUS_OK, "%s", err.message);
    struct str rest = buf_view(&c->text);
    while (str_cut(rest, '\n', &line, &rest)) {
        read_line(c, line, &current);
    }
}

static void release_catalog(struct catalog *c)
{
    MAP_EACH(&c->bodies, entry)
    {
        VEC_RELEASE((struct body *)entry->value);
    }
    map_release(&c->bodies);
    map_release(&c->components);
    buf_release(&c->text);
    arena_release(&c->arena);
}

/* ---- comparing ---- */

struct pair {
    struct body *body;
    const struct shape *shape;
};

struct check {
    struct catalog *catalog;
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

static void meet(struct check *c, struct body *body, const struct shape *shape)
{
    for (size_t i = 0; i < c->len; i++) {
        if (c->items[i].body == body && c->items[i].shape == shape) {
            return;
        }
    }
    VEC_PUSH(c, ((struct pair){body, shape}));
}

/* An absent list and an empty one count as the same. */
static bool is_empty_list(const struct row *row, const void *args)
{
    bool is_list = row->type->kind == FIELD_LIST || row->type->kind == FIELD_MAP;
    return is_list && ((const struct field_items *)((const char *)args + row->offset))->count == 0;
}

/* Decodes the catalog's default into the place of our own and compares. */
static bool same_default(const struct shape *shape, struct schema_hit hit, struct str def)
{
    struct arena arena;
    arena_init(&arena, NULL, 0);
    struct row rows[2] = {*hit.row, {0}};
    rows[0].offset += hit.base;
    bool is_parsed = rows[0].type->kind == FIELD_TEXT || rows[0].type->kind == FIELD_CHOICE;
    bool is_none =
        str_is(def, "-") || str_starts(def, STR("capsule(")) || (is_parsed && str_is(def, "\"\""));
    rows[0].def = is_none ? NULL : arena_cstr(&arena, def);
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

static void check_attribute(struct check *c, const struct shape *shape, const struct fact *f,
                            struct schema_hit hit)
{
    const struct row *row = hit.row;
    if (row_is_block(row)) {
        say(c, f->name, "is an attribute, not a block");
        return;
    }
    if (row->required != f->is_required) {
        say(c, f->name, f->is_required ? "is required" : "is optional");
    }
    if (!str_is(f->kind, kind_name(row->type)) && !str_is(f->kind, "any")) {
        say(c, f->name, kind_name(row->type));
    }
    if (!f->is_required && !same_default(shape, hit, f->def)) {
        say(c, f->name, "has another default");
    }
}

static void check_block(struct check *c, const struct fact *f, struct schema_hit hit)
{
    if (!row_is_block(hit.row)) {
        say(c, f->name, "is a block");
        return;
    }
    bool is_many = hit.list || hit.row->type->kind == FIELD_BLOCKS;
    if (is_many != f->is_many) {
        say(c, f->name, f->is_many ? "may repeat" : "stands once");
    }
    bool is_told = !str_is(f->kind, "0"); /* else it repeats what is around it */
    if (is_told && !hit.row->free_form && hit.row->shape) {
        meet(c, body_of(c->catalog, f->kind), hit.row->shape);
    }
}

static bool is_known(const struct body *body, struct str name)
{
    for (size_t i = 0; i < body->len; i++) {
        if (str_eq(body->items[i].name, name)) {
            return true;
        }
    }
    return false;
}

/* Rows of ours that Alloy does not have; squashed shapes are walked one level at a time. */
static void check_extra(struct check *c, const struct body *body, const struct shape *shape)
{
    const struct shape *todo[64] = {shape};
    size_t count = 1;
    while (count > 0) {
        const struct shape *s = todo[--count];
        for (const struct row *row = s->rows; row->name; row++) {
            if (row->squash && count < 64) {
                todo[count++] = row->shape;
            } else if (row->name[0] && row->type->kind != FIELD_ENUM_BLOCKS &&
                       !is_known(body, str_from(row->name))) {
                say(c, str_from(row->name), "is unknown to Alloy");
            }
        }
    }
}

static void check_pair(struct check *c, struct pair pair)
{
    for (size_t i = 0; i < pair.body->len; i++) {
        const struct fact *f = &pair.body->items[i];
        struct schema_hit hit = schema_lookup(pair.shape, f->name);
        if (!hit.row) {
            say(c, f->name, "is missing");
        } else if (!hit.row->refused && f->is_block) {
            check_block(c, f, hit);
        } else if (!hit.row->refused) {
            check_attribute(c, pair.shape, f, hit);
        }
    }
    check_extra(c, pair.body, pair.shape);
}

TEST(components_catalog, schemas_equal_alloys)
{
    struct catalog catalog;
    read_catalog(&catalog);
    for (const struct component_def *const *def = component_registry; *def; def++) {
        struct body *body = map_get(&catalog.components, str_from((*def)->name));
        cr_expect(body != NULL, "%s is no component of Alloy", (*def)->name);
        if (!body) {
            continue;
        }
        struct check check = {.catalog = &catalog, .component = (*def)->name};
        meet(&check, body, (*def)->args);
        while (check.done < check.len) {
            check_pair(&check, check.items[check.done++]);
        }
        VEC_RELEASE(&check);
    }
    release_catalog(&catalog);
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
