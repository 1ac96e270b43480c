/* Completion where an expression begins: what has the type that is wanted there. Exports of the
 * blocks in scope, enumerations, functions and constants of the library. */

#include "compiler/lsp/complete.h"

/* What an expression may be; NULL row = anything. */
struct wanted {
    enum field_kind kind; /* innermost, inside lists; FIELD_NONE = anything */
    const struct capsule_type *capsule;
    bool list; /* the attribute is a list, and its brackets are not open yet */
};

static struct wanted wanted_of(const struct complete *c)
{
    struct wanted w = {.kind = FIELD_NONE};
    uint32_t call = outline_around(c->o, c->container, OUTLINE_CALL);
    if (!c->row || call > c->attribute || row_is_block(c->row))
        return w;
    const struct field_type *type = c->row->type;
    while (type->kind == FIELD_NULLABLE)
        type = type->item;
    if (type->kind == FIELD_LIST) {
        w.list = !c->in_list;
        type = type->item;
    }
    w.kind = type->kind == FIELD_MAP || type->kind == FIELD_LIST ? FIELD_NONE : type->kind;
    w.capsule = c->row->capsule;
    return w;
}

static bool is_text(enum field_kind kind)
{
    return kind == FIELD_STR || kind == FIELD_SECRET || kind == FIELD_OPTIONAL_SECRET ||
           kind == FIELD_TEXT || kind == FIELD_BYTES;
}

/* May a value described by `row` stand where `w` is wanted? */
static bool suits(const struct wanted *w, const struct row *row)
{
    const struct field_type *type = row->type;
    bool list = type->kind == FIELD_LIST;
    enum field_kind kind = list ? type->item->kind : type->kind;
    if (w->kind == FIELD_NONE || w->kind == FIELD_ANY || kind == FIELD_ANY)
        return true;
    if (w->kind == FIELD_CAPSULE)
        return kind == FIELD_CAPSULE &&
               (!w->capsule || (row->capsule && capsule_type_same(w->capsule, row->capsule)));
    if (w->kind == FIELD_TARGETS)
        return kind == FIELD_TARGETS || (list && kind == FIELD_MAP);
    if (is_text(w->kind))
        return is_text(kind);
    return kind == w->kind;
}

static void add_path(struct complete *c, struct str path, const char *detail,
                     enum complete_rank rank, bool wrap)
{
    complete_add(
        c, &(struct complete_item){
               .label = path,
               .kind = ITEM_VARIABLE,
               .rank = rank,
               .detail = detail,
               .insert = wrap ? arena_printf(c->rq->arena, "[%.*s]", STR_ARG(path)) : STR("")});
}

/* ---- exports ---- */

struct exports {
    struct complete *c;
    const struct wanted *wanted;
    struct str id;
};

static void add_export(void *arg, const struct row *row)
{
    struct exports *e = arg;
    struct arena *arena = e->c->rq->arena;
    if (!suits(e->wanted, row))
        return;
    struct buf type;
    buf_init(&type, NULL, 4096);
    lsp_type_text(&type, row);
    const char *detail = arena_cstr(arena, buf_view(&type));
    buf_release(&type);
    bool wrap = e->wanted->list && row->type->kind != FIELD_LIST &&
                row->type->kind != FIELD_TARGETS && e->wanted->kind == FIELD_CAPSULE;
    add_path(e->c, arena_printf(arena, "%.*s.%s", STR_ARG(e->id), row->name), detail,
             e->wanted->kind == FIELD_NONE ? RANK_OTHER : RANK_REQUIRED, wrap);
}

/* The row of the component that an export's value comes from; NULL = not that simple. */
static const struct row *row_behind(struct complete *c, const struct lsp_place *export)
{
    const struct outline *o = lsp_outline(export->document);
    uint32_t value = lsp_child_named(o, export->node, STR("value"));
    if (!value || value + 2 != o->nodes[value].stop || o->nodes[value + 1].kind != OUTLINE_PATH)
        return NULL;
    struct lsp_place at;
    uint32_t used;
    struct program_symbol symbol;
    if (!lsp_resolve(c->view, export->document, value + 1, &at, &used) ||
        !lsp_symbol_of(c->lsp, lsp_outline(at.document), at.node, &symbol) || !symbol.exports)
        return NULL;
    struct span name = outline_part(o, o->nodes[value + 1].name, used);
    return schema_find(symbol.exports, outline_text(o, name));
}

static void add_custom(struct complete *c, const struct wanted *w, struct str id,
                       const struct lsp_place *declare)
{
    const struct outline *o = lsp_outline(declare->document);
    OUTLINE_CHILDREN(o, declare->node, node)
    {
        if (o->nodes[node].kind != OUTLINE_BLOCK ||
            !str_is(outline_text(o, o->nodes[node].name), "export"))
            continue;
        const struct row *row = row_behind(c, &(struct lsp_place){declare->document, node});
        if (row && !suits(w, row))
            continue;
        struct str path =
            arena_printf(c->rq->arena, "%.*s.%.*s", STR_ARG(id), STR_ARG(outline_label(o, node)));
        add_path(c, path, "export", row ? RANK_REQUIRED : RANK_FITS,
                 w->list && w->kind == FIELD_CAPSULE);
    }
}

static void add_block(struct complete *c, const struct wanted *w, struct lsp_document *d,
                      uint32_t node)
{
    const struct outline *o = lsp_outline(d);
    struct program_symbol symbol;
    struct lsp_place declare;
    struct str label = outline_label(o, node);
    struct str name = outline_text(o, o->nodes[node].name);
    bool own = d == c->document && c->cursor >= o->nodes[node].all.start &&
               c->cursor <= o->nodes[node].all.end;
    if (!label.len || own || lsp_kind_of(name) != BLOCK_COMPONENT)
        return;
    struct str id = arena_printf(c->rq->arena, "%.*s.%.*s", STR_ARG(name), STR_ARG(label));
    if (lsp_declare_of(c->view, d, node, &declare)) {
        add_custom(c, w, id, &declare);
    } else if (lsp_symbol_of(c->lsp, o, node, &symbol) && symbol.exports) {
        struct exports e = {c, w, id};
        lsp_each_row(symbol.exports, add_export, &e);
    }
}

static void add_scope(struct complete *c, const struct wanted *w, struct lsp_document *d,
                      uint32_t scope)
{
    const struct outline *o = lsp_outline(d);
    OUTLINE_CHILDREN(o, scope, node)
    {
        if (c->cut)
            return;
        if (o->nodes[node].kind == OUTLINE_BLOCK)
            add_block(c, w, d, node);
    }
}

static void add_arguments(struct complete *c, uint32_t declare)
{
    OUTLINE_CHILDREN(c->o, declare, node)
    {
        if (c->o->nodes[node].kind == OUTLINE_BLOCK &&
            str_is(outline_text(c->o, c->o->nodes[node].name), "argument"))
            add_path(c,
                     arena_printf(c->rq->arena, "argument.%.*s.value",
                                  STR_ARG(outline_label(c->o, node))),
                     "argument", RANK_FITS, false);
    }
}

/* The blocks that can be referred to, innermost scope first. */
static void add_visible(struct complete *c, const struct wanted *w)
{
    uint32_t scope = lsp_scope_of(c->o, c->attribute ? c->attribute : c->container);
    while (scope) {
        add_scope(c, w, c->document, scope);
        if (str_is(outline_text(c->o, c->o->nodes[scope].name), "declare")) {
            add_arguments(c, scope);
            return;
        }
        uint32_t var = lsp_child_named(c->o, c->o->nodes[scope].parent, STR("var"));
        if (var && var + 1 < c->o->nodes[var].stop && c->o->nodes[var + 1].kind == OUTLINE_STRING) {
            struct span all = c->o->nodes[var + 1].all;
            add_path(c, outline_text(c->o, (struct span){all.start + 1, all.end - 1}), "variable",
                     RANK_FITS, false);
        }
        scope = lsp_scope_of(c->o, scope);
    }
    for (size_t i = 0; i < c->view->unit.count && !c->cut; i++)
        add_scope(c, w, c->view->unit.items[i], 0);
}

/* ---- the library ---- */

/* Functions whose result can be what is wanted. */
static bool function_suits(const struct wanted *w, struct str name,
                           const struct stdlib_entry *entry)
{
    bool constant = !entry->function;
    if (w->kind == FIELD_NONE || w->kind == FIELD_ANY)
        return true;
    if (w->kind == FIELD_CAPSULE)
        return false;
    if (w->kind == FIELD_TARGETS)
        return str_starts(name, STR("array."));
    if (w->kind == FIELD_BOOL)
        return false;
    return !constant || is_text(w->kind);
}

static void add_library(struct complete *c, const struct wanted *w)
{
    const struct stdlib *lib = c->lsp->program.stdlib;
    for (size_t i = 0; i < lib->count; i++) {
        const struct stdlib_entry *entry = &lib->entries[i];
        struct str name = str_from(entry->name);
        const struct function_def *f = entry->function;
        if (!function_suits(w, name, entry) ||
            (f && f->experimental && c->lsp->program.min_stability > STABILITY_EXPERIMENTAL))
            continue;
        complete_add(c,
                     &(struct complete_item){
                         .label = name,
                         .kind = f ? ITEM_FUNCTION : ITEM_CONSTANT,
                         .rank = entry->deprecated ? RANK_DEPRECATED : RANK_FUNCTION,
                         .detail = f ? f->signature : "constant",
                         .resolve = f ? "function" : NULL,
                         .insert = f ? arena_printf(c->rq->arena, "%s($1)", entry->name) : STR(""),
                         .is_snippet = f != NULL});
    }
}

/* ---- the rest ---- */

static void add_word(struct complete *c, const char *text)
{
    complete_add(c, &(struct complete_item){
                        .label = str_from(text), .kind = ITEM_KEYWORD, .rank = RANK_REQUIRED});
}

static void add_choices(struct complete *c)
{
    const char *const *texts = complete_choices(c);
    for (size_t i = 0; texts && texts[i]; i++)
        complete_add(
            c, &(struct complete_item){.label = arena_printf(c->rq->arena, "\"%s\"", texts[i]),
                                       .kind = ITEM_ENUM_MEMBER,
                                       .rank = RANK_REQUIRED});
}

void complete_expression(struct complete *c)
{
    struct wanted w = wanted_of(c);
    if (w.kind == FIELD_BOOL) {
        add_word(c, "true");
        add_word(c, "false");
    }
    add_choices(c);
    add_visible(c, &w);
    add_library(c, &w);
}

static void add_object_row(void *arg, const struct row *row)
{
    struct complete *c = arg;
    if (row->refused)
        return;
    complete_add(c,
                 &(struct complete_item){.label = str_from(row->name),
                                         .kind = ITEM_FIELD,
                                         .rank = row->required ? RANK_REQUIRED : RANK_FITS,
                                         .documentation = str_from(row->doc),
                                         .insert = arena_printf(c->rq->arena, "%s = $1", row->name),
                                         .is_snippet = true});
}

void complete_field(struct complete *c)
{
    if (!c->row)
        return;
    const struct field_type *type = c->row->type;
    while (type->kind == FIELD_LIST || type->kind == FIELD_NULLABLE)
        type = type->item;
    const struct shape *shape = type->shape ? type->shape : c->row->shape;
    if (type->kind == FIELD_OBJECT && shape)
        lsp_each_row(shape, add_object_row, c);
    if (type->kind == FIELD_TARGETS || type->kind == FIELD_TARGET)
        for (const char *const *label = complete_meta_labels(STR("")); *label; label++)
            complete_add(c, &(struct complete_item){
                                .label = arena_printf(c->rq->arena, "\"%s\"", *label),
                                .kind = ITEM_FIELD,
                                .rank = RANK_FITS,
                                .insert = arena_printf(c->rq->arena, "\"%s\" = \"$1\"", *label),
                                .is_snippet = true});
}
