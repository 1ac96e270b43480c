/* Completion where a statement begins: components and config blocks in a scope, arguments and
 * blocks in a body. */

#include "compiler/lsp/complete.h"

enum { SNIPPET_MAX = 64 * 1024 };

/* ---- what is written for a row ---- */

static void choice_text(struct buf *out, const struct row *row, unsigned number)
{
    buf_printf(out, "\"${%u|", number);
    for (size_t i = 0; row->oneof[i]; i++)
        buf_printf(out, "%s%s", i ? "," : "", row->oneof[i]);
    buf_cstr(out, "|}\"");
}

static bool is_text(enum field_kind kind)
{
    return kind == FIELD_STR || kind == FIELD_SECRET || kind == FIELD_OPTIONAL_SECRET ||
           kind == FIELD_DURATION || kind == FIELD_SIZE || kind == FIELD_TEXT ||
           kind == FIELD_CHOICE || kind == FIELD_TIME;
}

void complete_row_text(struct buf *out, const struct row *row, unsigned *number, unsigned indent)
{
    const struct field_type *type = row->type;
    bool labelled = row_is_block(row) && row->shape && schema_label_row(row->shape);
    unsigned n = *number;
    *number += labelled || !row_is_block(row);
    while (type->kind == FIELD_NULLABLE)
        type = type->item;
    buf_cstr(out, row->name);
    if (row_is_block(row)) {
        if (labelled)
            buf_printf(out, " \"${%u:label}\"", n);
        buf_cstr(out, " {\n");
        buf_fill(out, '\t', indent + 1);
        buf_printf(out, "$%u\n", (*number)++);
        buf_fill(out, '\t', indent);
        buf_byte(out, '}');
        return;
    }
    buf_cstr(out, " = ");
    if (row->oneof && type->kind != FIELD_LIST)
        choice_text(out, row, n);
    else if (type->kind == FIELD_BOOL)
        buf_printf(out, "${%u|true,false|}", n);
    else if (is_text(type->kind))
        buf_printf(out, "\"$%u\"", n);
    else if (type->kind == FIELD_LIST && type->item->kind == FIELD_STR)
        buf_printf(out, "[\"$%u\"]", n);
    else if (type->kind == FIELD_LIST)
        buf_printf(out, "[$%u]", n);
    else if (type->kind == FIELD_MAP || type->kind == FIELD_OBJECT)
        buf_printf(out, "{\n\t%s$%u,\n%s}", indent ? "\t" : "", n, indent ? "\t" : "");
    else
        buf_printf(out, "$%u", n);
}

struct required {
    struct buf *out;
    unsigned number;
};

static void add_required(void *arg, const struct row *row)
{
    struct required *r = arg;
    if (!row->required)
        return;
    buf_cstr(r->out, "\n\t");
    complete_row_text(r->out, row, &r->number, 1);
}

/* `NAME "label" { required … }` */
static void component_text(struct buf *out, struct str name, const struct shape *shape,
                           bool labelled)
{
    struct required r = {out, 1};
    buf_str(out, name);
    if (labelled)
        buf_printf(out, " \"${%u:default}\"", r.number++);
    buf_cstr(out, " {");
    size_t before = out->len;
    if (shape)
        lsp_each_row(shape, add_required, &r);
    if (out->len == before)
        buf_printf(out, "\n\t$%u", r.number);
    buf_cstr(out, "\n}");
}

/* ---- a scope ---- */

static void add_block(struct complete *c, struct str name, enum complete_kind kind,
                      const struct shape *shape, bool labelled, const char *detail)
{
    struct buf text;
    buf_init(&text, NULL, SNIPPET_MAX);
    component_text(&text, name, shape, labelled);
    complete_add(c, &(struct complete_item){.label = name,
                                            .kind = kind,
                                            .rank = RANK_FITS,
                                            .detail = detail,
                                            .resolve = kind == ITEM_CLASS ? "component" : NULL,
                                            .insert = buf_view(&text),
                                            .is_snippet = true});
    buf_release(&text);
}

static bool admitted(const struct complete *c, const struct program_symbol *symbol)
{
    if (symbol->refused)
        return false;
    if (symbol->community)
        return c->lsp->program.community;
    return symbol->stability >= c->lsp->program.min_stability;
}

static void add_components(struct complete *c)
{
    for (const char *const *name = c->lsp->options->components; *name; name++) {
        struct program_symbol symbol;
        struct str text = str_from(*name);
        if (c->lsp->program.find(c->lsp->program.arg, BLOCK_COMPONENT, text, &symbol) &&
            admitted(c, &symbol))
            add_block(c, text, ITEM_CLASS, symbol.args, true, stability_name(symbol.stability));
    }
}

enum { IN_ROOT = 1, IN_DECLARE = 2, IN_TEMPLATE = 4, LABELLED = 8 };

static const struct {
    const char *name;
    unsigned where;
} config_blocks[] = {
    {"argument", IN_DECLARE | LABELLED},
    {"export", IN_DECLARE | LABELLED},
    {"declare", IN_ROOT | IN_DECLARE | LABELLED},
    {"foreach", IN_ROOT | IN_DECLARE | IN_TEMPLATE | LABELLED},
    {"import.file", IN_ROOT | IN_DECLARE | LABELLED},
    {"import.git", IN_ROOT | IN_DECLARE | LABELLED},
    {"import.http", IN_ROOT | IN_DECLARE | LABELLED},
    {"import.string", IN_ROOT | IN_DECLARE | LABELLED},
    {"logging", IN_ROOT},
    {"tracing", IN_ROOT},
    {"http", IN_ROOT},
    {"remotecfg", IN_ROOT},
    {"livedebugging", IN_ROOT},
};

static unsigned place_of(const struct complete *c)
{
    if (!c->container)
        return IN_ROOT;
    struct str name = outline_text(c->o, c->o->nodes[c->container].name);
    return str_is(name, "declare") ? IN_DECLARE : IN_TEMPLATE;
}

static void add_config_blocks(struct complete *c)
{
    unsigned place = place_of(c);
    for (size_t i = 0; i < sizeof(config_blocks) / sizeof(config_blocks[0]); i++) {
        struct str name = str_from(config_blocks[i].name);
        struct program_symbol symbol = {0};
        bool found = c->lsp->program.find(c->lsp->program.arg, lsp_kind_of(name), name, &symbol);
        bool is_declare = str_is(name, "declare");
        if ((config_blocks[i].where & place) && (is_declare || (found && admitted(c, &symbol))))
            add_block(c, name, ITEM_KEYWORD, symbol.args, (config_blocks[i].where & LABELLED) != 0,
                      "block");
    }
}

static bool is_optional(const struct outline *o, uint32_t argument)
{
    uint32_t optional = lsp_child_named(o, argument, STR("optional"));
    return optional && optional + 1 < o->count &&
           str_is(outline_text(o, o->nodes[optional + 1].all), "true");
}

/* An instance of a declare, with its required arguments. */
static void add_declare(struct complete *c, struct str name, const struct lsp_place *declare)
{
    const struct outline *o = lsp_outline(declare->document);
    struct buf text;
    unsigned number = 2;
    buf_init(&text, NULL, SNIPPET_MAX);
    buf_printf(&text, "%.*s \"${1:default}\" {", STR_ARG(name));
    OUTLINE_CHILDREN(o, declare->node, node)
    {
        if (o->nodes[node].kind == OUTLINE_BLOCK && !is_optional(o, node) &&
            str_is(outline_text(o, o->nodes[node].name), "argument"))
            buf_printf(&text, "\n\t%.*s = $%u", STR_ARG(outline_label(o, node)), number++);
    }
    if (number == 2)
        buf_cstr(&text, "\n\t$2");
    buf_cstr(&text, "\n}");
    complete_add(c, &(struct complete_item){.label = name,
                                            .kind = ITEM_MODULE,
                                            .rank = RANK_REQUIRED,
                                            .detail = "declare",
                                            .insert = buf_view(&text),
                                            .is_snippet = true});
    buf_release(&text);
}

static void add_imported(struct complete *c, struct lsp_document *d, uint32_t import)
{
    enum { FILES_MAX = 64 };
    struct lsp_document *files[FILES_MAX];
    struct str space = outline_label(lsp_outline(d), import);
    size_t count = lsp_import_files(c->view, d, import, files, FILES_MAX);
    for (size_t i = 0; i < count; i++) {
        const struct outline *o = lsp_outline(files[i]);
        OUTLINE_CHILDREN(o, 0, node)
        {
            if (o->nodes[node].kind != OUTLINE_BLOCK ||
                !str_is(outline_text(o, o->nodes[node].name), "declare"))
                continue;
            struct str name = arena_printf(c->rq->arena, "%.*s.%.*s", STR_ARG(space),
                                           STR_ARG(outline_label(o, node)));
            add_declare(c, name, &(struct lsp_place){files[i], node});
        }
    }
}

static void add_declares_in(struct complete *c, struct lsp_document *d, uint32_t scope)
{
    const struct outline *o = lsp_outline(d);
    OUTLINE_CHILDREN(o, scope, node)
    {
        if (o->nodes[node].kind != OUTLINE_BLOCK)
            continue;
        struct str name = outline_text(o, o->nodes[node].name);
        struct str label = outline_label(o, node);
        if (str_is(name, "declare") && label.len && node != c->container)
            add_declare(c, label, &(struct lsp_place){d, node});
        else if (str_starts(name, STR("import.")))
            add_imported(c, d, node);
    }
}

static void add_declares(struct complete *c)
{
    for (uint32_t scope = c->container; scope; scope = lsp_scope_of(c->o, scope))
        add_declares_in(c, c->document, scope);
    for (size_t i = 0; i < c->view->unit.count; i++)
        add_declares_in(c, c->view->unit.items[i], 0);
}

/* ---- a body ---- */

static bool is_there(const struct complete *c, struct str name)
{
    uint32_t node = lsp_child_named(c->o, c->container, name);
    /* What is being typed does not count. */
    return node &&
           !(c->o->nodes[node].all.start <= c->cursor && c->o->nodes[node].name.end >= c->cursor);
}

static bool repeats(const struct row *row)
{
    return row->type->kind == FIELD_BLOCKS || row->type->kind == FIELD_ENUM_BLOCKS ||
           strchr(row->name, '.') != NULL;
}

static void add_row(void *arg, const struct row *row)
{
    struct complete *c = arg;
    bool block = row_is_block(row);
    if (row->refused || (!repeats(row) && is_there(c, str_from(row->name))))
        return;
    struct buf text, detail;
    unsigned number = 1;
    buf_init(&text, NULL, SNIPPET_MAX);
    buf_init(&detail, NULL, SNIPPET_MAX);
    complete_row_text(&text, row, &number, 0);
    lsp_type_text(&detail, row);
    if (row->required)
        buf_cstr(&detail, ", required");
    if (row->def)
        buf_printf(&detail, ", default %s", row->def);
    buf_byte(&detail, '\0');
    complete_add(c, &(struct complete_item){.label = str_from(row->name),
                                            .kind = block ? ITEM_STRUCT : ITEM_PROPERTY,
                                            .rank = row->required ? RANK_REQUIRED
                                                    : block       ? RANK_BLOCK
                                                                  : RANK_FITS,
                                            .detail = detail.data,
                                            .documentation = str_from(row->doc),
                                            .insert = buf_view(&text),
                                            .is_snippet = true});
    buf_release(&text);
    buf_release(&detail);
}

static void add_arguments(struct complete *c, const struct lsp_place *declare)
{
    const struct outline *o = lsp_outline(declare->document);
    OUTLINE_CHILDREN(o, declare->node, node)
    {
        struct str label = outline_label(o, node);
        if (o->nodes[node].kind != OUTLINE_BLOCK || !label.len || is_there(c, label) ||
            !str_is(outline_text(o, o->nodes[node].name), "argument"))
            continue;
        bool optional = is_optional(o, node);
        complete_add(c, &(struct complete_item){
                            .label = label,
                            .kind = ITEM_PROPERTY,
                            .rank = optional ? RANK_FITS : RANK_REQUIRED,
                            .detail = optional ? "argument" : "argument, required",
                            .insert = arena_printf(c->rq->arena, "%.*s = $1", STR_ARG(label)),
                            .is_snippet = true});
    }
}

void complete_statement(struct complete *c)
{
    if (lsp_is_scope(c->o, c->container)) {
        add_config_blocks(c);
        add_declares(c);
        add_components(c);
        return;
    }
    struct lsp_place declare;
    const struct shape *shape = lsp_shape_of(c->lsp, c->o, c->container);
    if (shape)
        lsp_each_row(shape, add_row, c);
    else if (lsp_declare_of(c->view, c->document, c->container, &declare))
        add_arguments(c, &declare);
    if (str_is(outline_text(c->o, c->o->nodes[c->container].name), "foreach") &&
        !is_there(c, STR("template")))
        complete_add(c, &(struct complete_item){.label = STR("template"),
                                                .kind = ITEM_STRUCT,
                                                .rank = RANK_REQUIRED,
                                                .detail = "block, required",
                                                .insert = STR("template {\n\t$1\n}"),
                                                .is_snippet = true});
}
