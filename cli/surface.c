/* See surface.h. Owns one arena, which holds the items and the shapes of the catalog. */

#include "cli/surface.h"

#include "base/vec.h"
#include "compiler/catalog.h"
#include "runtime/component.h"
#include "runtime/graph/graph.h"

static const struct {
    const char *name;
    enum block_kind kind;
    const char *summary;
} blocks[] = {
    {"argument", BLOCK_ARGUMENT, "Declares an argument of a custom component."},
    {"export", BLOCK_EXPORT, "Declares what a custom component exports."},
    {"foreach", BLOCK_FOREACH, "Runs a template once for every item of a list."},
    {"http", BLOCK_SERVICE, "Configures the program's own HTTP server."},
    {"import.file", BLOCK_IMPORT, "Imports custom components from a file or folder."},
    {"import.git", BLOCK_IMPORT, "Imports custom components from a Git repository."},
    {"import.http", BLOCK_IMPORT, "Imports custom components from an HTTP server."},
    {"import.string", BLOCK_IMPORT, "Imports custom components from a text."},
    {"livedebugging", BLOCK_SERVICE, "Offers the data of components for viewing."},
    {"logging", BLOCK_LOGGING, "Says what the program logs, how and where."},
    {"remotecfg", BLOCK_SERVICE, "Fetches a configuration from a server."},
    {"tracing", BLOCK_TRACING, "Says what the program traces of itself."},
};
enum { BLOCKS = sizeof(blocks) / sizeof(blocks[0]) };

static const struct component_def *implemented(struct str name)
{
    for (const struct component_def *const *def = component_registry; *def; def++)
        if (str_is(name, (*def)->name))
            return *def;
    return NULL;
}

static void fill_component(struct surface *s, struct catalog *catalog, struct str name)
{
    struct surface_item *item = &s->items[s->count++];
    const struct component_def *def = implemented(name);
    item->name = arena_cstr(&s->arena, name);
    catalog_find(catalog, name, &item->symbol);
    if (!def)
        return;
    item->summary = def->summary;
    item->is_supported = true;
    item->symbol = (struct program_symbol){.def = def,
                                           .args = def->args,
                                           .exports = def->exports,
                                           .stability = def->stability,
                                           .community = def->community};
}

void surface_init(struct surface *s)
{
    size_t count = BLOCKS;
    *s = (struct surface){0};
    arena_init(&s->arena, NULL, 0);
    struct catalog *catalog = catalog_new(&s->arena, NULL);
    for (struct catalog_name at = {0}; catalog_next(&at);)
        count++;
    s->items = ARENA_ARRAY(&s->arena, count, struct surface_item);
    memset(s->items, 0, count * sizeof(*s->items));
    for (struct catalog_name at = {0}; catalog_next(&at);)
        fill_component(s, catalog, at.name);
    for (size_t i = 0; i < BLOCKS; i++) {
        struct surface_item *item = &s->items[s->count];
        if (!blocks_find(blocks[i].kind, str_from(blocks[i].name), import_registry, &item->symbol))
            continue;
        s->count++;
        item->name = blocks[i].name;
        item->summary = blocks[i].summary;
        item->is_block = true;
        item->is_supported = !item->symbol.refused;
    }
}

void surface_release(struct surface *s)
{
    arena_release(&s->arena);
}

const struct surface_item *surface_find(const struct surface *s, struct str name)
{
    for (size_t i = 0; i < s->count; i++)
        if (str_is(name, s->items[i].name))
            return &s->items[i];
    return NULL;
}

/* ---- types ---- */

static const char *plain_type(const struct field_type *type)
{
    switch (type->kind) {
    case FIELD_BOOL: return "bool";
    case FIELD_SECRET: return "secret";
    case FIELD_OPTIONAL_SECRET: return "optional_secret";
    case FIELD_DURATION: return "duration";
    case FIELD_SIZE: return "size";
    case FIELD_TIME: return "time";
    case FIELD_TEXT: return type->text->is_secret ? "secret" : "string";
    case FIELD_STR:
    case FIELD_CHOICE: return "string";
    case FIELD_BYTES: return "list(number)";
    case FIELD_ANY: return "any";
    case FIELD_TARGET: return "target";
    case FIELD_TARGETS: return "list(target)";
    case FIELD_OBJECT: return "object";
    default: return "number";
    }
}

void surface_type(struct buf *out, const struct row *row)
{
    const struct field_type *type = row->type;
    size_t open = 0;
    for (; type->item; type = type->item) {
        if (type->kind == FIELD_NULLABLE)
            continue;
        buf_cstr(out, type->kind == FIELD_MAP ? "map(" : "list(");
        open++;
    }
    if (type->kind == FIELD_CAPSULE)
        buf_printf(out, "capsule(%s)", row->capsule ? row->capsule->name : "any");
    else
        buf_cstr(out, plain_type(type));
    while (open-- > 0)
        buf_byte(out, ')');
}

/* ---- rows ---- */

struct unfolding {
    const struct row *next[16];
    size_t depth;
    VEC(const struct row *) rows;
};

static void unfold(struct unfolding *u, const struct row *row)
{
    if (row->squash) {
        ASSERT(u->depth < 16);
        u->next[u->depth++] = row->shape->rows;
    } else if (row->type->kind == FIELD_ENUM_BLOCKS) {
        for (const struct row *variant = row->variants; variant->name; variant++)
            VEC_PUSH(&u->rows, variant);
    } else if (!row->is_label) {
        VEC_PUSH(&u->rows, row);
    }
}

const struct row **surface_rows(struct arena *arena, const struct shape *shape)
{
    struct unfolding u = {.next = {shape->rows}, .depth = 1};
    while (u.depth > 0) {
        const struct row *row = u.next[u.depth - 1];
        if (!row->name) {
            u.depth--;
            continue;
        }
        u.next[u.depth - 1]++;
        unfold(&u, row);
    }
    const struct row **rows = ARENA_ARRAY(arena, u.rows.len + 1, const struct row *);
    if (u.rows.len)
        memcpy(rows, u.rows.items, u.rows.len * sizeof(*rows));
    rows[u.rows.len] = NULL;
    VEC_RELEASE(&u.rows);
    return rows;
}

bool surface_repeats(const struct row *row, const struct shape *shape)
{
    return row->type->kind == FIELD_BLOCKS || schema_lookup(shape, str_from(row->name)).list;
}
