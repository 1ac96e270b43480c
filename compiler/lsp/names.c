/* Scopes and what paths and blocks' names mean in them. */

#include "compiler/lsp/names.h"

enum { PATH_PARTS_MAX = 16, ID_MAX = 1024 };

/* ---- the top level ---- */

static void note(struct lsp_view *view, struct lsp_document *d, uint32_t node)
{
    const struct outline *o = lsp_outline(d);
    struct str name = outline_text(o, o->nodes[node].name);
    struct str label = outline_label(o, node);
    if (!label.len)
        return;
    bool declares = str_is(name, "declare") || str_starts(name, STR("import."));
    struct str key = declares
                         ? arena_printf(view->arena, ":%.*s", STR_ARG(label))
                         : arena_printf(view->arena, "%.*s.%.*s", STR_ARG(name), STR_ARG(label));
    if (map_has(&view->ids, key))
        return;
    struct lsp_place *place = ARENA_NEW(view->arena, struct lsp_place);
    *place = (struct lsp_place){d, node};
    map_put(&view->ids, key, place);
}

void lsp_view_init(struct lsp_view *view, struct lsp *lsp, struct lsp_document *document,
                   struct arena *arena)
{
    *view = (struct lsp_view){.lsp = lsp, .arena = arena};
    map_init(&view->ids, NULL);
    lsp_unit_of(lsp, document, arena, &view->unit);
    for (size_t i = 0; i < view->unit.count; i++) {
        struct lsp_document *d = view->unit.items[i];
        const struct outline *o = lsp_outline(d);
        OUTLINE_CHILDREN(o, 0, node)
        {
            if (o->nodes[node].kind == OUTLINE_BLOCK)
                note(view, d, node);
        }
    }
}

void lsp_view_release(struct lsp_view *view)
{
    map_release(&view->ids);
}

uint32_t lsp_scope_of(const struct outline *o, uint32_t node)
{
    while (node) {
        node = o->nodes[node].parent;
        if (lsp_is_scope(o, node))
            break;
    }
    return node;
}

/* ---- finding ---- */

/* A block of that id directly in a scope. */
static bool find_inside(struct lsp_document *d, uint32_t scope, struct str id,
                        struct lsp_place *out)
{
    const struct outline *o = lsp_outline(d);
    OUTLINE_CHILDREN(o, scope, node)
    {
        if (o->nodes[node].kind != OUTLINE_BLOCK)
            continue;
        struct str name = outline_text(o, o->nodes[node].name);
        struct str label = outline_label(o, node);
        if (id.len == name.len + 1 + label.len && str_starts(id, name) && id.ptr[name.len] == '.' &&
            str_ends(id, label)) {
            *out = (struct lsp_place){d, node};
            return true;
        }
    }
    return false;
}

static bool find_id(const struct lsp_view *view, struct lsp_document *d, uint32_t scope,
                    struct str id, struct lsp_place *out)
{
    const struct outline *o = lsp_outline(d);
    while (scope) {
        if (find_inside(d, scope, id, out))
            return true;
        if (str_is(outline_text(o, o->nodes[scope].name), "declare"))
            return false; /* sees nothing around it */
        scope = lsp_scope_of(o, scope);
    }
    const struct lsp_place *place = map_get(&view->ids, id);
    if (place)
        *out = *place;
    return place != NULL;
}

static bool find_declare(const struct lsp_view *view, struct lsp_document *d, uint32_t scope,
                         struct str label, struct lsp_place *out)
{
    const struct outline *o = lsp_outline(d);
    for (; scope; scope = lsp_scope_of(o, scope)) {
        OUTLINE_CHILDREN(o, scope, node)
        {
            struct str name = outline_text(o, o->nodes[node].name);
            if (o->nodes[node].kind == OUTLINE_BLOCK && str_eq(outline_label(o, node), label) &&
                (str_is(name, "declare") || str_starts(name, STR("import.")))) {
                *out = (struct lsp_place){d, node};
                return true;
            }
        }
    }
    char key[ID_MAX];
    int len = snprintf(key, sizeof(key), ":%.*s", STR_ARG(label));
    const struct lsp_place *place =
        len < (int)sizeof(key) ? map_get(&view->ids, str_of(key, (size_t)len)) : NULL;
    if (place)
        *out = *place;
    return place != NULL;
}

bool lsp_resolve(const struct lsp_view *view, struct lsp_document *d, uint32_t path,
                 struct lsp_place *out, uint32_t *used)
{
    const struct outline *o = lsp_outline(d);
    struct span dotted = o->nodes[path].name;
    uint32_t scope = lsp_scope_of(o, path);
    uint32_t parts = outline_part_count(o, dotted);
    struct buf id;
    bool found = false;
    buf_init(&id, NULL, ID_MAX);
    for (uint32_t n = 0; n < parts && n < PATH_PARTS_MAX && !found; n++) {
        if (n)
            buf_byte(&id, '.');
        buf_str(&id, outline_text(o, outline_part(o, dotted, n)));
        found = n > 0 && buf_ok(&id) && find_id(view, d, scope, buf_view(&id), out);
        *used = n + 1;
    }
    buf_release(&id);
    return found;
}

bool lsp_declared(const struct lsp_view *view, struct lsp_document *d, uint32_t block,
                  struct lsp_place *out)
{
    const struct outline *o = lsp_outline(d);
    struct str first = outline_text(o, outline_part(o, o->nodes[block].name, 0));
    return first.len && lsp_is_scope(o, o->nodes[block].parent) &&
           find_declare(view, d, o->nodes[block].parent, first, out);
}

static bool declare_in(struct lsp_document *d, struct str label, struct lsp_place *out)
{
    const struct outline *o = lsp_outline(d);
    OUTLINE_CHILDREN(o, 0, node)
    {
        if (o->nodes[node].kind == OUTLINE_BLOCK && str_eq(outline_label(o, node), label) &&
            str_is(outline_text(o, o->nodes[node].name), "declare")) {
            *out = (struct lsp_place){d, node};
            return true;
        }
    }
    return false;
}

bool lsp_declare_of(const struct lsp_view *view, struct lsp_document *d, uint32_t block,
                    struct lsp_place *out)
{
    enum { FILES_MAX = 64 };
    const struct outline *o = lsp_outline(d);
    struct span dotted = o->nodes[block].name;
    struct lsp_place at;
    if (!lsp_declared(view, d, block, &at))
        return false;
    const struct outline *there = lsp_outline(at.document);
    uint32_t parts = outline_part_count(o, dotted);
    if (str_is(outline_text(there, there->nodes[at.node].name), "declare")) {
        *out = at;
        return parts == 1;
    }
    if (parts != 2)
        return false;
    struct lsp_document *files[FILES_MAX];
    size_t count = lsp_import_files(view, at.document, at.node, files, FILES_MAX);
    for (size_t i = 0; i < count; i++) {
        if (declare_in(files[i], outline_text(o, outline_part(o, dotted, 1)), out))
            return true;
    }
    return false;
}

bool lsp_declare_member(const struct lsp_place *declare, const char *kind, struct str name,
                        struct lsp_place *out)
{
    const struct outline *o = lsp_outline(declare->document);
    OUTLINE_CHILDREN(o, declare->node, node)
    {
        if (o->nodes[node].kind == OUTLINE_BLOCK && str_eq(outline_label(o, node), name) &&
            str_is(outline_text(o, o->nodes[node].name), kind)) {
            *out = (struct lsp_place){declare->document, node};
            return true;
        }
    }
    return false;
}

/* ---- what a place names ---- */

static bool within(struct span span, uint32_t offset)
{
    return span.end > span.start && offset >= span.start && offset <= span.end;
}

static uint32_t string_of(const struct outline *o, uint32_t attribute)
{
    uint32_t value = attribute + 1;
    return attribute && value < o->nodes[attribute].stop && o->nodes[value].kind == OUTLINE_STRING
               ? value
               : 0;
}

static uint32_t variable_of(const struct outline *o, uint32_t foreach)
{
    return string_of(o, lsp_child_named(o, foreach, STR("var")));
}

struct span lsp_name_span(const struct lsp_name *name)
{
    const struct outline *o = lsp_outline(name->place.document);
    if (name->kind != NAME_VARIABLE)
        return outline_label_span(o, name->place.node);
    struct span all = o->nodes[variable_of(o, name->place.node)].all;
    return (struct span){all.start + 1, all.end - 1};
}

struct str lsp_name_text(const struct lsp_name *name)
{
    return outline_text(lsp_outline(name->place.document), lsp_name_span(name));
}

static enum lsp_name_kind kind_of(const struct outline *o, uint32_t block)
{
    switch (lsp_kind_of(outline_text(o, o->nodes[block].name))) {
    case BLOCK_DECLARE: return NAME_DECLARE;
    case BLOCK_IMPORT: return NAME_IMPORT;
    case BLOCK_ARGUMENT: return NAME_ARGUMENT;
    case BLOCK_EXPORT: return NAME_EXPORT;
    default: return NAME_BLOCK;
    }
}

static bool set(struct lsp_name *out, enum lsp_name_kind kind, struct lsp_place place,
                struct span at)
{
    *out = (struct lsp_name){kind, place, at};
    return true;
}

static bool block_name_at(const struct lsp_view *view, struct lsp_document *d, uint32_t block,
                          uint32_t offset, struct lsp_name *out)
{
    const struct outline *o = lsp_outline(d);
    struct span label = outline_label_span(o, block);
    if (!lsp_is_scope(o, o->nodes[block].parent))
        return false;
    if (o->nodes[block].label.end && offset >= label.start && offset <= label.end)
        return label.end > label.start &&
               set(out, kind_of(o, block), (struct lsp_place){d, block}, label);
    struct lsp_place place;
    struct span first = outline_part(o, o->nodes[block].name, 0);
    struct span second = outline_part(o, o->nodes[block].name, 1);
    if (within(second, offset) && lsp_declare_of(view, d, block, &place))
        return set(out, NAME_DECLARE, place, second);
    if (!within(first, offset) || !lsp_declared(view, d, block, &place))
        return false;
    return set(out, kind_of(lsp_outline(place.document), place.node), place, first);
}

/* argument.x, or the variable of a foreach. */
static bool local_at(struct lsp_document *d, uint32_t path, uint32_t offset, struct lsp_name *out)
{
    const struct outline *o = lsp_outline(d);
    struct span first = outline_part(o, o->nodes[path].name, 0);
    struct span second = outline_part(o, o->nodes[path].name, 1);
    for (uint32_t scope = lsp_scope_of(o, path); scope; scope = lsp_scope_of(o, scope)) {
        bool declare = str_is(outline_text(o, o->nodes[scope].name), "declare");
        struct lsp_place place = {d, scope};
        if (declare)
            return within(second, offset) && str_is(outline_text(o, first), "argument") &&
                   lsp_declare_member(&place, "argument", outline_text(o, second), &place) &&
                   set(out, NAME_ARGUMENT, place, second);
        uint32_t foreach = o->nodes[scope].parent;
        uint32_t var = variable_of(o, foreach);
        struct span all = o->nodes[var].all;
        if (var && within(first, offset) &&
            str_eq(outline_text(o, (struct span){all.start + 1, all.end - 1}),
                   outline_text(o, first)))
            return set(out, NAME_VARIABLE, (struct lsp_place){d, foreach}, first);
    }
    return false;
}

/* In a reference to an instance: the declare or import that its name begins with. */
static bool custom_part_at(const struct lsp_view *view, const struct lsp_place *instance,
                           const struct outline *o, struct span dotted, uint32_t offset,
                           struct lsp_name *out)
{
    struct lsp_place place;
    struct span first = outline_part(o, dotted, 0);
    struct span second = outline_part(o, dotted, 1);
    if (within(first, offset) && lsp_declared(view, instance->document, instance->node, &place))
        return set(out, kind_of(lsp_outline(place.document), place.node), place, first);
    return within(second, offset) &&
           lsp_declare_of(view, instance->document, instance->node, &place) &&
           set(out, NAME_DECLARE, place, second);
}

static bool path_at(const struct lsp_view *view, struct lsp_document *d, uint32_t path,
                    uint32_t offset, struct lsp_name *out)
{
    const struct outline *o = lsp_outline(d);
    struct span dotted = o->nodes[path].name;
    struct lsp_place place;
    uint32_t used;
    if (!lsp_resolve(view, d, path, &place, &used))
        return local_at(d, path, offset, out);
    const struct outline *there = lsp_outline(place.document);
    struct span label = outline_part(o, dotted, used - 1);
    if (offset < label.start && custom_part_at(view, &place, o, dotted, offset, out))
        return true;
    if (offset <= label.end)
        return set(out, kind_of(there, place.node), place, label);
    struct span export = outline_part(o, dotted, used);
    struct lsp_place declare, member;
    if (within(export, offset) && lsp_declare_of(view, place.document, place.node, &declare) &&
        lsp_declare_member(&declare, "export", outline_text(o, export), &member))
        return set(out, NAME_EXPORT, member, export);
    return false;
}

static bool attribute_at(const struct lsp_view *view, struct lsp_document *d, uint32_t attribute,
                         uint32_t offset, struct lsp_name *out)
{
    const struct outline *o = lsp_outline(d);
    uint32_t block = o->nodes[attribute].parent;
    struct span name = o->nodes[attribute].name;
    struct lsp_place declare, member;
    return within(name, offset) && o->nodes[block].kind == OUTLINE_BLOCK &&
           lsp_declare_of(view, d, block, &declare) &&
           lsp_declare_member(&declare, "argument", outline_text(o, name), &member) &&
           set(out, NAME_ARGUMENT, member, name);
}

bool lsp_name_at(const struct lsp_view *view, struct lsp_document *d, uint32_t offset,
                 struct lsp_name *out)
{
    const struct outline *o = lsp_outline(d);
    uint32_t node = outline_at(o, offset);
    switch (o->nodes[node].kind) {
    case OUTLINE_BLOCK: return block_name_at(view, d, node, offset, out);
    case OUTLINE_PATH: return path_at(view, d, node, offset, out);
    case OUTLINE_ATTRIBUTE: return attribute_at(view, d, node, offset, out);
    case OUTLINE_STRING: {
        uint32_t foreach = o->nodes[o->nodes[node].parent].parent;
        if (!str_is(outline_text(o, o->nodes[foreach].name), "foreach") ||
            variable_of(o, foreach) != node)
            return false;
        set(out, NAME_VARIABLE, (struct lsp_place){d, foreach}, o->nodes[node].all);
        out->at = lsp_name_span(out);
        return true;
    }
    default: return false;
    }
}
