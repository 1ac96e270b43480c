/* Code actions: for each diagnostic in the range what would put it right, and refactorings of what
 * is selected. */

#include "compiler/lsp/actions.h"

#include "compiler/lsp/complete.h"
#include "compiler/schema.h"

void action_put(struct actions *a, const char *kind, struct str title, const char *code,
                const struct action_edit *edits, size_t count)
{
    struct json_writer *w = a->rq->w;
    json_object(w);
    lsp_put(w, "title", title);
    lsp_put(w, "kind", str_from(kind));
    if (code) {
        lsp_put_flag(w, "isPreferred", true);
        lsp_key(w, "data");
        json_object(w);
        lsp_put(w, "code", str_from(code));
        json_object_end(w);
    }
    lsp_key(w, "edit");
    json_object(w);
    lsp_key(w, "changes");
    json_object(w);
    lsp_key(w, a->document->uri);
    json_array(w);
    for (size_t i = 0; i < count; i++)
        lsp_edit(w, a->rq->lsp, a->document->source, edits[i].span, edits[i].text);
    json_array_end(w);
    json_object_end(w);
    json_object_end(w);
    json_object_end(w);
}

static void fix(struct actions *a, const struct diag *diag, struct str title, struct span span,
                struct str text)
{
    struct action_edit edit = {span, text};
    action_put(a, "quickfix", title, diag_code(diag->id), &edit, 1);
}

/* ---- did you mean ---- */

enum { WORD_MAX = 96 };

/* How many letters apart two words are (insert, delete, change, swap of neighbours); beyond `limit`
 * it does not matter. */
static unsigned distance(struct str a, struct str b, unsigned limit)
{
    unsigned rows[3][WORD_MAX + 1];
    if (a.len > WORD_MAX || b.len > WORD_MAX ||
        (a.len > b.len ? a.len - b.len : b.len - a.len) > limit)
        return limit + 1;
    for (size_t j = 0; j <= b.len; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a.len; i++) {
        unsigned *now = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= b.len; j++) {
            unsigned best = last[j - 1] + (a.ptr[i - 1] != b.ptr[j - 1]);
            best = last[j] + 1 < best ? last[j] + 1 : best;
            best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] && a.ptr[i - 2] == b.ptr[j - 1] &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            now[j] = best;
        }
    }
    return rows[a.len % 3][b.len];
}

struct guess {
    struct str word;
    struct str best;
    unsigned apart;
};

static struct guess guess_for(struct str word)
{
    unsigned limit = (unsigned)(word.len / 4) + 1;
    return (struct guess){word, STR(""), (limit > 4 ? 4 : limit) + 1};
}

static void consider(struct guess *g, struct str candidate)
{
    unsigned apart = distance(g->word, candidate, g->apart);
    if (apart && apart < g->apart) {
        g->apart = apart;
        g->best = candidate;
    }
}

static void consider_row(void *arg, const struct row *row)
{
    if (!row->refused)
        consider(arg, str_from(row->name));
}

static void offer(struct actions *a, const struct diag *diag, const struct guess *g,
                  struct span span)
{
    if (g->best.len)
        fix(a, diag, arena_printf(a->rq->arena, "Change to \"%.*s\"", STR_ARG(g->best)), span,
            g->best);
}

static uint32_t statement_at(const struct actions *a, uint32_t offset)
{
    uint32_t node = outline_at(a->o, offset);
    while (node && a->o->nodes[node].kind != OUTLINE_BLOCK &&
           a->o->nodes[node].kind != OUTLINE_ATTRIBUTE)
        node = a->o->nodes[node].parent;
    return node;
}

static void fix_unknown_name(struct actions *a, const struct diag *diag)
{
    uint32_t node = statement_at(a, diag->range.start.offset);
    uint32_t parent = a->o->nodes[node].parent;
    if (!node || a->o->nodes[parent].kind != OUTLINE_BLOCK)
        return;
    struct guess g = guess_for(outline_text(a->o, a->o->nodes[node].name));
    const struct shape *shape = lsp_shape_of(a->rq->lsp, a->o, parent);
    struct lsp_place declare;
    if (shape) {
        lsp_each_row(shape, consider_row, &g);
    } else if (lsp_declare_of(a->view, a->document, parent, &declare)) {
        const struct outline *o = lsp_outline(declare.document);
        OUTLINE_CHILDREN(o, declare.node, child)
        {
            if (str_is(outline_text(o, o->nodes[child].name), "argument"))
                consider(&g, outline_label(o, child));
        }
    }
    offer(a, diag, &g, a->o->nodes[node].name);
}

static void fix_unknown_component(struct actions *a, const struct diag *diag)
{
    uint32_t node = statement_at(a, diag->range.start.offset);
    if (!node || a->o->nodes[node].kind != OUTLINE_BLOCK)
        return;
    struct guess g = guess_for(outline_text(a->o, a->o->nodes[node].name));
    for (const char *const *name = a->rq->lsp->options->components; *name; name++)
        consider(&g, str_from(*name));
    for (size_t i = 0; i < a->view->ids.len; i++) {
        struct str key = a->view->ids.entries[i].key;
        if (key.ptr[0] == ':')
            consider(&g, str_slice(key, 1, key.len));
    }
    static const char *const blocks[] = {
        "logging",    "tracing",     "declare",       "http",      "foreach",      "import.file",
        "import.git", "import.http", "import.string", "remotecfg", "livedebugging"};
    for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
        consider(&g, str_from(blocks[i]));
    offer(a, diag, &g, a->o->nodes[node].name);
}

/* ---- references ---- */

/* The longest component name that the path begins with, with a label behind it. */
static bool component_of(const struct actions *a, struct span dotted, struct str *name,
                         struct str *label)
{
    uint32_t parts = outline_part_count(a->o, dotted);
    for (uint32_t n = parts; n-- > 1;) {
        struct program_symbol symbol;
        struct span head = {dotted.start, outline_part(a->o, dotted, n - 1).end};
        *name = outline_text(a->o, head);
        *label = outline_text(a->o, outline_part(a->o, dotted, n));
        if (label->len &&
            a->rq->lsp->program.find(a->rq->lsp->program.arg, BLOCK_COMPONENT, *name, &symbol))
            return true;
    }
    return false;
}

struct required {
    struct buf *out;
    const struct outline *o;
    uint32_t block; /* 0 = a new one */
    unsigned indent;
    unsigned count;
};

/* A row with a value that has the right type and says nothing. */
static void add_required(void *arg, const struct row *row)
{
    struct required *r = arg;
    if (!row->required || (r->block && lsp_child_named(r->o, r->block, str_from(row->name))))
        return;
    const struct field_type *type = row->type;
    while (type->kind == FIELD_NULLABLE)
        type = type->item;
    buf_fill(r->out, '\t', r->indent + 1);
    buf_cstr(r->out, row->name);
    if (row_is_block(row)) {
        buf_cstr(r->out, " {\n");
        struct required inner = {r->out, r->o, 0, r->indent + 1, 0};
        /* Blocks in blocks that are required are not nested further. */
        for (const struct row *one = row->shape ? row->shape->rows : NULL; one && one->name;
             one++) {
            if (!row_is_block(one))
                add_required(&inner, one);
        }
        buf_fill(r->out, '\t', r->indent + 1);
        buf_cstr(r->out, "}\n");
    } else {
        const char *value = type->kind == FIELD_LIST || type->kind == FIELD_TARGETS ? "[]"
                            : type->kind == FIELD_MAP || type->kind == FIELD_OBJECT ? "{}"
                            : type->kind == FIELD_BOOL                              ? "false"
                            : type->kind >= FIELD_I8 && type->kind <= FIELD_F64     ? "0"
                                                                                    : "\"\"";
        buf_printf(r->out, " = %s\n", row->def ? row->def : value);
    }
    r->count++;
}

static void fix_unknown_reference(struct actions *a, const struct diag *diag)
{
    uint32_t node = outline_at(a->o, diag->range.start.offset);
    if (a->o->nodes[node].kind != OUTLINE_PATH)
        node = outline_at(a->o, diag->range.start.offset + 1);
    if (a->o->nodes[node].kind != OUTLINE_PATH)
        return;
    struct span dotted = a->o->nodes[node].name;
    struct str name, label;
    struct program_symbol symbol;
    if (!component_of(a, dotted, &name, &label))
        return;
    /* A block of that kind with a label that is nearly the same. */
    struct str id = arena_printf(a->rq->arena, "%.*s.%.*s", STR_ARG(name), STR_ARG(label));
    struct guess g = guess_for(id);
    for (size_t i = 0; i < a->view->ids.len; i++)
        consider(&g, a->view->ids.entries[i].key);
    offer(a, diag, &g, (struct span){dotted.start, dotted.start + (uint32_t)id.len});
    if (!lex_is_identifier(label) ||
        !a->rq->lsp->program.find(a->rq->lsp->program.arg, BLOCK_COMPONENT, name, &symbol))
        return;
    struct buf text;
    buf_init(&text, NULL, 64 * 1024);
    uint32_t end = (uint32_t)a->o->source->text.len;
    bool ends = end && a->o->source->text.ptr[end - 1] == '\n';
    buf_printf(&text, "%s\n%.*s \"%.*s\" {\n", ends ? "" : "\n", STR_ARG(name), STR_ARG(label));
    struct required r = {&text, a->o, 0, 0, 0};
    if (symbol.args)
        lsp_each_row(symbol.args, add_required, &r);
    buf_cstr(&text, "}\n");
    fix(a, diag, arena_printf(a->rq->arena, "Create %.*s", STR_ARG(id)), (struct span){end, end},
        buf_view(&text));
    buf_release(&text);
}

/* ---- missing arguments ---- */

static void fix_missing(struct actions *a, const struct diag *diag)
{
    uint32_t block =
        outline_around(a->o, outline_at(a->o, diag->range.start.offset), OUTLINE_BLOCK);
    const struct outline_node *node = &a->o->nodes[block];
    const struct shape *shape = block ? lsp_shape_of(a->rq->lsp, a->o, block) : NULL;
    if (!shape || !node->closed)
        return;
    unsigned indent = 0;
    for (uint32_t at = node->parent; at; at = a->o->nodes[at].parent)
        indent += a->o->nodes[at].kind == OUTLINE_BLOCK;
    struct buf text;
    buf_init(&text, NULL, 64 * 1024);
    const char *source = a->o->source->text.ptr;
    bool one_line = !memchr(source + node->open, '\n', node->close - node->open);
    uint32_t at = node->open + 1;
    buf_byte(&text, '\n');
    struct required r = {&text, a->o, block, indent, 0};
    lsp_each_row(shape, add_required, &r);
    if (one_line) {
        buf_fill(&text, '\t', indent);
        while (at < node->close && source[at] == ' ')
            at++;
    } else if (text.len) {
        text.len--; /* the newline that is there follows */
    }
    if (r.count)
        fix(a, diag, STR("Add missing required arguments"),
            (struct span){node->open + 1, one_line ? at : node->open + 1}, buf_view(&text));
    buf_release(&text);
}

/* ---- spelling of the language ---- */

static void fix_deprecated(struct actions *a, const struct diag *diag)
{
    const struct stdlib *lib = a->rq->lsp->program.stdlib;
    uint32_t node = outline_at(a->o, diag->range.start.offset + 1);
    if (a->o->nodes[node].kind != OUTLINE_PATH)
        return;
    struct span span = a->o->nodes[node].name;
    const struct stdlib_entry *old = stdlib_entry(lib, outline_text(a->o, span));
    for (size_t i = 0; old && i < lib->count; i++) {
        const struct stdlib_entry *entry = &lib->entries[i];
        if (entry->deprecated || !entry->function || entry->function != old->function)
            continue;
        fix(a, diag, arena_printf(a->rq->arena, "Replace with %s", entry->name), span,
            str_from(entry->name));
        return;
    }
}

static void fix_illegal(struct actions *a, const struct diag *diag)
{
    uint32_t at = diag->range.start.offset;
    if (at < a->o->source->text.len && a->o->source->text.ptr[at] == '#')
        fix(a, diag, STR("Write the comment with //"), (struct span){at, at + 1}, STR("//"));
}

static void fix_comma(struct actions *a, const struct diag *diag)
{
    const char *text = a->o->source->text.ptr;
    uint32_t at = diag->range.start.offset;
    while (at && strchr(" \t\r\n", text[at - 1]))
        at--;
    fix(a, diag, STR("Insert the missing comma"), (struct span){at, at}, STR(","));
}

/* 'text' → "text", on one line. */
static void fix_quotes(struct actions *a, const struct diag *diag)
{
    struct str text = a->o->source->text;
    uint32_t start = diag->range.start.offset;
    uint32_t end = start + 1;
    struct buf made;
    if (start >= text.len || text.ptr[start] != '\'')
        return;
    buf_init(&made, NULL, 64 * 1024);
    buf_byte(&made, '"');
    while (end < text.len && text.ptr[end] != '\'' && text.ptr[end] != '\n') {
        if (text.ptr[end] == '"')
            buf_byte(&made, '\\');
        buf_byte(&made, text.ptr[end++]);
    }
    buf_byte(&made, '"');
    if (end < text.len && text.ptr[end] == '\'')
        fix(a, diag, STR("Use double quotes"), (struct span){start, end + 1}, buf_view(&made));
    buf_release(&made);
}

/* A text whose closing quote is missing, up to its line's end. */
static void fix_open_string(struct actions *a, const struct diag *diag)
{
    struct str text = a->o->source->text;
    uint32_t end = diag->range.start.offset;
    while (end < text.len && text.ptr[end] != '\n' && text.ptr[end] != '\r')
        end++;
    fix(a, diag, STR("Close the string"), (struct span){end, end}, STR("\""));
}

static const struct {
    enum diag_id id;
    void (*fix)(struct actions *a, const struct diag *diag);
} fixes[] = {
    {DIAG_ATTRIBUTE_MISSING, fix_missing},
    {DIAG_BLOCK_MISSING, fix_missing},
    {DIAG_ATTRIBUTE_UNKNOWN, fix_unknown_name},
    {DIAG_BLOCK_UNKNOWN, fix_unknown_name},
    {DIAG_PROVIDED_ARGUMENT, fix_unknown_name},
    {DIAG_UNKNOWN_COMPONENT, fix_unknown_component},
    {DIAG_UNKNOWN_REFERENCE, fix_unknown_reference},
    {DIAG_DEPRECATED, fix_deprecated},
    {DIAG_ILLEGAL, fix_illegal},
    {DIAG_LIST_COMMA, fix_comma},
    {DIAG_FIELD_COMMA, fix_comma},
    {DIAG_SINGLE_QUOTED, fix_quotes},
    {DIAG_STRING_OPEN, fix_open_string},
};

/* One fix for all arguments that a block lacks, however many diagnostics say so. */
static bool is_repeated(const struct diags *diags, size_t index)
{
    const struct diag *diag = &diags->items[index];
    if (diag->id != DIAG_ATTRIBUTE_MISSING && diag->id != DIAG_BLOCK_MISSING)
        return false;
    for (size_t i = 0; i < index; i++) {
        const struct diag *other = &diags->items[i];
        if ((other->id == DIAG_ATTRIBUTE_MISSING || other->id == DIAG_BLOCK_MISSING) &&
            other->source == diag->source && other->range.start.offset == diag->range.start.offset)
            return true;
    }
    return false;
}

static void put_fixes(struct actions *a, const struct diags *diags, struct span within)
{
    for (size_t i = 0; i < diags->len; i++) {
        const struct diag *diag = &diags->items[i];
        uint32_t start = diag->range.start.offset;
        uint32_t end = diag->range.end.line ? diag->range.end.offset + 1 : start;
        if (diag->source != a->document->source || !diag->range.start.line || start > within.end ||
            end < within.start || is_repeated(diags, i))
            continue;
        for (size_t f = 0; f < sizeof(fixes) / sizeof(fixes[0]); f++) {
            if (fixes[f].id == diag->id)
                fixes[f].fix(a, diag);
        }
    }
}

/* Does the client want actions of that kind? "refactor" wants "refactor.extract" too. */
static bool wants(const struct doc *params, const char *kind)
{
    const struct doc *only = lsp_member_at(params, "context.only");
    if (!only || only->kind != DOC_LIST)
        return true;
    for (const struct doc *one = only->child; one; one = one->next) {
        if (one->kind == DOC_STRING && str_starts(str_from(kind), one->text))
            return true;
    }
    return false;
}

void lsp_code_action(struct lsp_request *rq)
{
    struct lsp_document *d = lsp_document_of(rq);
    if (!d)
        return;
    struct lsp_view view;
    struct span within = lsp_span_of(rq->lsp, d->source, lsp_member(rq->params, "range"));
    lsp_view_init(&view, rq->lsp, d, rq->arena);
    struct actions a = {rq, d, lsp_outline(d), &view};
    json_array(rq->w);
    if (wants(rq->params, "quickfix")) {
        struct diags diags;
        diags_init(&diags);
        lsp_diagnose(rq->lsp, &view.unit, &diags);
        put_fixes(&a, &diags, within);
        diags_release(&diags);
    }
    if (within.end > within.start && wants(rq->params, "refactor.extract"))
        action_extract(&a, within);
    json_array_end(rq->w);
    lsp_view_release(&view);
}
