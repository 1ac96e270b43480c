/* Extract to a declare: the selected blocks of the top level move into one; what they refer to
 * outside becomes arguments, what is referred to from outside becomes exports. */

#include "compiler/lsp/actions.h"

enum { TEXT_MAX = 4 * 1024 * 1024, NAMES_MAX = 200 };

/* A reference that crosses the border: its text, and the name it gets. */
struct crossing {
    struct str path;
    struct str name;
};

struct extraction {
    struct actions *a;
    struct span lines; /* of the blocks */
    struct str name;   /* of the declare */
    VEC(struct crossing) arguments;
    VEC(struct crossing) exports;
    VEC(struct action_edit) inside; /* offsets of the document */
    VEC(struct action_edit) outside;
};

/* The whole blocks that the selection covers. */
static bool select_blocks(struct extraction *x, struct span selection)
{
    const struct outline *o = x->a->o;
    bool any = false;
    OUTLINE_CHILDREN(o, 0, node)
    {
        const struct outline_node *n = &o->nodes[node];
        if (n->all.end <= selection.start || n->all.start >= selection.end)
            continue;
        if (n->kind == OUTLINE_COMMENT)
            continue;
        if (n->kind != OUTLINE_BLOCK || !n->closed || selection.start > n->all.start ||
            selection.end < n->all.end || lsp_kind_of(outline_text(o, n->name)) != BLOCK_COMPONENT)
            return false;
        if (!any)
            x->lines.start = n->all.start;
        x->lines.end = n->all.end;
        any = true;
    }
    return any;
}

static bool is_inside(const struct extraction *x, const struct lsp_place *place)
{
    return place->document == x->a->document &&
           x->a->o->nodes[place->node].all.start >= x->lines.start &&
           x->a->o->nodes[place->node].all.end <= x->lines.end;
}

/* "label_field" of "a.b.label.field". */
static struct str short_name(struct extraction *x, struct span dotted, uint32_t used)
{
    const struct outline *o = x->a->o;
    struct str label = outline_text(o, outline_part(o, dotted, used - 1));
    struct str field = outline_text(o, outline_part(o, dotted, used));
    return field.len ? arena_printf(x->a->rq->arena, "%.*s_%.*s", STR_ARG(label), STR_ARG(field))
                     : label;
}

/* The crossing of a path, made if it is new; two of one name get numbers. */
static struct str cross(struct extraction *x, bool export, struct str path, struct str wanted)
{
    struct crossing *items = export ? x->exports.items : x->arguments.items;
    size_t len = export ? x->exports.len : x->arguments.len;
    unsigned same = 0;
    for (size_t i = 0; i < len; i++) {
        if (str_eq(items[i].path, path))
            return items[i].name;
        same += str_starts(items[i].name, wanted);
    }
    struct crossing made = {
        path, same ? arena_printf(x->a->rq->arena, "%.*s_%u", STR_ARG(wanted), same + 1) : wanted};
    if (len == NAMES_MAX)
        return made.name;
    if (export)
        VEC_PUSH(&x->exports, made);
    else
        VEC_PUSH(&x->arguments, made);
    return made.name;
}

static void note_path(struct extraction *x, uint32_t path)
{
    const struct outline *o = x->a->o;
    struct arena *arena = x->a->rq->arena;
    struct lsp_place at;
    uint32_t used;
    if (!lsp_resolve(x->a->view, x->a->document, path, &at, &used))
        return;
    struct span dotted = o->nodes[path].name;
    bool here = dotted.start >= x->lines.start && dotted.end <= x->lines.end;
    if (here == is_inside(x, &at))
        return;
    /* The block's field crosses; what follows it stays. */
    struct span head = {dotted.start, outline_part(o, dotted, used).end};
    struct str text = outline_text(o, head);
    struct str name = cross(x, !here, text, short_name(x, dotted, used));
    if (here)
        VEC_PUSH(&x->inside, ((struct action_edit){
                                 head, arena_printf(arena, "argument.%.*s.value", STR_ARG(name))}));
    else
        VEC_PUSH(&x->outside,
                 ((struct action_edit){head, arena_printf(arena, "%.*s.default.%.*s",
                                                          STR_ARG(x->name), STR_ARG(name))}));
}

/* The blocks with their references changed, a tab further in. */
static void put_blocks(struct extraction *x, struct buf *out)
{
    struct str text = x->a->o->source->text;
    uint32_t at = x->lines.start;
    struct buf flat;
    buf_init(&flat, NULL, TEXT_MAX);
    for (size_t i = 0; i < x->inside.len; i++) {
        buf_str(&flat, str_slice(text, at, x->inside.items[i].span.start));
        buf_str(&flat, x->inside.items[i].text);
        at = x->inside.items[i].span.end;
    }
    buf_str(&flat, str_slice(text, at, x->lines.end));
    struct str rest = buf_view(&flat);
    struct str line;
    while (rest.len) {
        str_cut(rest, '\n', &line, &rest);
        if (line.len)
            buf_byte(out, '\t');
        buf_str(out, line);
        buf_byte(out, '\n');
    }
    buf_release(&flat);
}

static void put_declare(struct extraction *x, struct buf *out)
{
    buf_printf(out, "declare \"%.*s\" {\n", STR_ARG(x->name));
    for (size_t i = 0; i < x->arguments.len; i++)
        buf_printf(out, "\targument \"%.*s\" { }\n\n", STR_ARG(x->arguments.items[i].name));
    put_blocks(x, out);
    for (size_t i = 0; i < x->exports.len; i++)
        buf_printf(out, "\n\texport \"%.*s\" {\n\t\tvalue = %.*s\n\t}\n",
                   STR_ARG(x->exports.items[i].name), STR_ARG(x->exports.items[i].path));
    buf_printf(out, "}\n\n%.*s \"default\" {", STR_ARG(x->name));
    size_t width = 0;
    for (size_t i = 0; i < x->arguments.len; i++)
        width = x->arguments.items[i].name.len > width ? x->arguments.items[i].name.len : width;
    for (size_t i = 0; i < x->arguments.len; i++)
        buf_printf(out, "\n\t%-*.*s = %.*s", (int)width, STR_ARG(x->arguments.items[i].name),
                   STR_ARG(x->arguments.items[i].path));
    buf_cstr(out, x->arguments.len ? "\n}" : " }");
}

/* "extracted", or with a number if that is taken. */
static struct str free_name(const struct actions *a)
{
    struct str name = STR("extracted");
    for (unsigned n = 2; n < 1000; n++) {
        struct str key = arena_printf(a->rq->arena, ":%.*s", STR_ARG(name));
        if (!map_has(&a->view->ids, key))
            break;
        name = arena_printf(a->rq->arena, "extracted%u", n);
    }
    return name;
}

void action_extract(struct actions *a, struct span selection)
{
    struct extraction x = {.a = a, .name = free_name(a)};
    if (!select_blocks(&x, selection))
        return;
    OUTLINE_EACH(a->o, id)
    {
        if (a->o->nodes[id].kind == OUTLINE_PATH)
            note_path(&x, id);
    }
    struct buf text;
    buf_init(&text, NULL, TEXT_MAX);
    put_declare(&x, &text);
    VEC_PUSH(&x.outside, ((struct action_edit){x.lines, buf_view(&text)}));
    if (buf_ok(&text))
        action_put(a, "refactor.extract", STR("Extract to a declare"), NULL, x.outside.items,
                   x.outside.len);
    buf_release(&text);
    VEC_RELEASE(&x.arguments);
    VEC_RELEASE(&x.exports);
    VEC_RELEASE(&x.inside);
    VEC_RELEASE(&x.outside);
}
