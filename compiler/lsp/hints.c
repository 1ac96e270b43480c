/* Signature help and inlay hints, and the evaluation of constants that hints and hover show.
 * Nothing that depends on the machine is evaluated: what the environment holds may be a secret. */

#include "compiler/lsp/live.h"
#include "compiler/lsp/names.h"
#include "compiler/eval.h"
#include "compiler/schema.h"

enum { VALUE_MAX = 80, EXPRESSION_MAX = 4096 };

/* ---- constants ---- */

/* Is the value made of literals and pure functions, and more than one literal? */
static bool is_constant(const struct lsp *lsp, const struct outline *o, uint32_t attribute)
{
    bool computed = false;
    const struct outline_node *node = &o->nodes[attribute];
    struct str value = str_slice(o->source->text, node->open + 1, node->all.end);
    if (node->all.end - node->open > EXPRESSION_MAX || node->stop == attribute + 1)
        return false;
    for (uint32_t id = attribute + 1; id < node->stop; id++) {
        const struct outline_node *n = &o->nodes[id];
        bool is_many = n->kind == OUTLINE_ARRAY || n->kind == OUTLINE_OBJECT;
        if (is_many && outline_around(o, id, OUTLINE_CALL) <= attribute)
            return false; /* long, and nothing new */
        if (n->kind != OUTLINE_PATH)
            continue;
        struct str text = outline_text(o, n->name);
        const struct stdlib_entry *entry = stdlib_entry(lsp->program.stdlib, text);
        bool outside =
            str_is(text, "sys.env") || str_is(text, "env") || str_starts(text, STR("constants."));
        if (!entry || outside)
            return false;
        computed = true;
    }
    /* One literal alone says its value itself. */
    bool single = node->stop == attribute + 2;
    struct str literal = single ? outline_text(o, o->nodes[attribute + 1].all) : STR("");
    return computed || !single || !str_eq(str_trim(value), literal);
}

static struct value *nothing(void *arg, const struct expr *e, size_t ref, size_t *used)
{
    (void)arg;
    (void)e;
    (void)ref;
    (void)used;
    return NULL;
}

static struct value *evaluate(const struct lsp *lsp, struct str text)
{
    struct diags diags;
    struct arena arena;
    struct value *value = NULL;
    struct source *source = source_new(STR(""), text, NULL);
    if (!source)
        return NULL;
    diags_init(&diags);
    arena_init(&arena, NULL, 0);
    struct ast *ast = ast_parse_expression(source, &diags);
    if (ast && !diags.errors) {
        struct scope scope = {.load = nothing, .stdlib = lsp->program.stdlib};
        value = expr_eval(expr_compile(&arena, ast, ast->root), &scope, &diags);
    }
    ast_free(ast);
    arena_release(&arena);
    diags_release(&diags);
    source_unref(source);
    return value;
}

bool lsp_constant(const struct lsp *lsp, const struct outline *o, uint32_t attribute,
                  struct buf *out, const char *prefix)
{
    if (!is_constant(lsp, o, attribute))
        return false;
    const struct outline_node *node = &o->nodes[attribute];
    struct value *value =
        evaluate(lsp, str_trim(str_slice(o->source->text, node->open + 1, node->all.end)));
    if (!value)
        return false;
    struct buf text;
    buf_init(&text, NULL, 1024 * 1024);
    value_print(&text, value);
    bool good = value->type <= VALUE_BOOL && buf_ok(&text) && text.len <= VALUE_MAX &&
                str_find_byte(buf_view(&text), '\n', 0) == SIZE_MAX;
    if (good) {
        buf_cstr(out, prefix);
        buf_str(out, buf_view(&text));
    }
    buf_release(&text);
    value_unref(value);
    return good;
}

/* ---- inlay hints ---- */

static void put_hint(struct lsp_request *rq, const struct outline *o, uint32_t offset,
                     struct str label, struct str tooltip)
{
    json_object(rq->w);
    lsp_key(rq->w, "position");
    lsp_put_position(rq->w, rq->lsp, o->source, offset);
    lsp_put(rq->w, "label", label);
    lsp_put_flag(rq->w, "paddingLeft", true);
    if (tooltip.len)
        lsp_put_markdown(rq->w, "tooltip", tooltip);
    json_object_end(rq->w);
}

struct defaults {
    const struct outline *o;
    uint32_t block;
    struct buf *out;
    unsigned count;
};

static void add_default(void *arg, const struct row *row)
{
    struct defaults *d = arg;
    if (!row->def || row_is_block(row) || lsp_child_named(d->o, d->block, str_from(row->name)))
        return;
    buf_printf(d->out, "- `%s = %s`\n", row->name, row->def);
    d->count++;
}

static void hint_defaults(struct lsp_request *rq, const struct outline *o, uint32_t block)
{
    const struct shape *shape = lsp_shape_of(rq->lsp, o, block);
    if (!shape)
        return;
    struct buf text;
    buf_init(&text, NULL, 64 * 1024);
    struct defaults d = {o, block, &text, 0};
    lsp_each_row(shape, add_default, &d);
    if (d.count) {
        struct str label =
            arena_printf(rq->arena, "%u default%s", d.count, d.count == 1 ? "" : "s");
        put_hint(rq, o, o->nodes[block].open + 1, label, buf_view(&text));
    }
    buf_release(&text);
}

static void hint_attribute(struct lsp_request *rq, const struct outline *o, uint32_t attribute)
{
    struct buf text;
    buf_init(&text, NULL, 64 * 1024);
    if ((rq->lsp->settings.inlay_values && lsp_constant(rq->lsp, o, attribute, &text, "= ")) ||
        live_argument_hint(rq->lsp, o, attribute, &text))
        put_hint(rq, o, o->nodes[attribute].all.end, buf_view(&text), STR(""));
    buf_release(&text);
}

void lsp_inlay_hint(struct lsp_request *rq)
{
    struct lsp_document *d = lsp_document_of(rq);
    if (!d)
        return;
    const struct outline *o = lsp_outline(d);
    struct span within = lsp_span_of(rq->lsp, d->source, lsp_member(rq->params, "range"));
    json_array(rq->w);
    OUTLINE_EACH(o, id)
    {
        const struct outline_node *node = &o->nodes[id];
        if (node->all.start > within.end)
            break;
        if (node->all.end < within.start)
            continue;
        if (node->kind == OUTLINE_ATTRIBUTE)
            hint_attribute(rq, o, id);
        else if (node->kind == OUTLINE_BLOCK && rq->lsp->settings.inlay_defaults)
            hint_defaults(rq, o, id);
    }
    json_array_end(rq->w);
}

/* ---- signature help ---- */

/* The parameters of "name(a string, b ...any) any", as texts. */
static void put_parameters(struct json_writer *w, struct str signature)
{
    size_t open = str_find_byte(signature, '(', 0);
    size_t at = open + 1;
    unsigned depth = 0;
    lsp_key(w, "parameters");
    json_array(w);
    for (size_t i = at; open != SIZE_MAX && i < signature.len; i++) {
        char c = signature.ptr[i];
        if ((c == ',' || c == ')') && depth == 0) {
            struct str text = str_trim(str_slice(signature, at, i));
            if (text.len) {
                json_object(w);
                lsp_put(w, "label", text);
                json_object_end(w);
            }
            at = i + 1;
            if (c == ')')
                break;
        }
        depth += c == '(';
        depth -= c == ')' && depth;
    }
    json_array_end(w);
}

static unsigned commas_before(const struct outline *o, uint32_t call, uint32_t cursor)
{
    unsigned count = 0;
    OUTLINE_CHILDREN(o, call, node)
    {
        count += o->nodes[node].kind == OUTLINE_COMMA && o->nodes[node].all.end <= cursor;
    }
    return count;
}

void lsp_signature_help(struct lsp_request *rq)
{
    struct lsp_document *d = lsp_document_of(rq);
    if (!d)
        return;
    const struct outline *o = lsp_outline(d);
    uint32_t cursor = lsp_cursor(rq, d);
    uint32_t back = cursor;
    /* Behind what is open, blanks belong to it. */
    while (back && strchr(" \t\r\n", o->source->text.ptr[back - 1]))
        back--;
    uint32_t call = outline_around(o, outline_at(o, cursor), OUTLINE_CALL);
    if (!call)
        call = outline_around(o, outline_at(o, back), OUTLINE_CALL);
    if (call && cursor <= o->nodes[call].open)
        call = outline_around(o, o->nodes[call].parent, OUTLINE_CALL);
    const struct stdlib_entry *entry =
        call ? stdlib_entry(rq->lsp->program.stdlib, outline_text(o, o->nodes[call].name)) : NULL;
    const struct function_def *f = entry ? entry->function : NULL;
    if (!f || !f->signature) {
        json_null(rq->w);
        return;
    }
    unsigned active = commas_before(o, call, cursor);
    if (f->variadic && active >= f->param_count)
        active = f->param_count - 1;
    json_object(rq->w);
    lsp_key(rq->w, "signatures");
    json_array(rq->w);
    json_object(rq->w);
    lsp_put(rq->w, "label", str_from(f->signature));
    if (f->doc)
        lsp_put_markdown(rq->w, "documentation", str_from(f->doc));
    put_parameters(rq->w, str_from(f->signature));
    json_object_end(rq->w);
    json_array_end(rq->w);
    lsp_put_number(rq->w, "activeSignature", 0);
    lsp_put_number(rq->w, "activeParameter", active);
    json_object_end(rq->w);
}
