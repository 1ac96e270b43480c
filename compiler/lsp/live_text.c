/* What is shown of a running instance. */

#include "compiler/lsp/live_state.h"

enum { TEXT_MAX = 200, INSTANCES_MAX = 5 };

static bool is_ill(const struct live_component *c)
{
    return str_is(c->health, "unhealthy") || str_is(c->health, "exited");
}

void live_value_text(struct buf *out, const struct doc *value)
{
    const struct doc *inner = lsp_member(value, "value");
    struct str type = lsp_text_of(value, "type");
    if (!inner || inner->kind == DOC_NULL)
        buf_cstr(out, "null");
    else if (inner->kind == DOC_LIST || inner->kind == DOC_MAP)
        buf_printf(out, "%.*s of %zu", STR_ARG(type), inner->count);
    else if (inner->kind == DOC_BOOL)
        buf_cstr(out, inner->boolean ? "true" : "false");
    else if (str_is(type, "string"))
        json_write_string(out, str_slice(inner->text, 0, TEXT_MAX), false);
    else
        buf_str(out, str_slice(inner->text, 0, TEXT_MAX));
}

static const struct doc *member_named(const struct doc *list, struct str name)
{
    for (const struct doc *one = list && list->kind == DOC_LIST ? list->child : NULL; one;
         one = one->next) {
        if (str_eq(lsp_text_of(one, "name"), name) && str_is(lsp_text_of(one, "type"), "attr"))
            return lsp_member(one, "value");
    }
    return NULL;
}

/* The text of an attribute's value; false = not known. */
static bool put_value(struct buf *out, const struct doc *list, struct str name)
{
    const struct doc *value = list ? member_named(list, name) : NULL;
    if (value)
        live_value_text(out, value);
    return value != NULL;
}

static void put_exports(struct buf *out, const struct live_component *c)
{
    const struct doc *list = c->exports && c->exports->kind == DOC_LIST ? c->exports : NULL;
    for (const struct doc *one = list ? list->child : NULL; one; one = one->next) {
        struct str name = lsp_text_of(one, "name");
        buf_printf(out, "\n- %.*s = `", STR_ARG(name));
        live_value_text(out, lsp_member(one, "value"));
        buf_byte(out, '`');
    }
}

void live_block_text(const struct lsp *lsp, const struct outline *o, uint32_t block,
                     struct buf *out)
{
    size_t shown = 0;
    for (const struct live_component *c = live_find(lsp, o, block); c; c = c->next) {
        if (shown++ == INSTANCES_MAX) {
            buf_cstr(out, "\n\n…");
            return;
        }
        buf_printf(out, "%sRunning at %s", out->len ? "\n\n---\n\n" : "", lsp->settings.endpoint);
        if (c->module.len)
            buf_printf(out, " in `%.*s`", STR_ARG(c->module));
        buf_printf(out, ": **%.*s**", STR_ARG(c->health));
        if (c->message.len)
            buf_printf(out, ", %.*s", STR_ARG(c->message));
        if (c->rate >= 0)
            buf_printf(out, ", %.1f/s", c->rate);
        put_exports(out, c);
    }
}

/* A value of each instance, below a hover's text. */
static void put_values(const struct lsp *lsp, const struct live_component *first, bool exports,
                       struct str name, struct buf *out)
{
    size_t shown = 0;
    for (const struct live_component *c = first; c && shown < INSTANCES_MAX; c = c->next) {
        const struct doc *list = exports ? c->exports : c->arguments;
        if (!list || !member_named(list, name))
            continue;
        buf_printf(out, shown++ ? "\n- " : "\n\n---\n\nRunning at %s: ", lsp->settings.endpoint);
        if (c->module.len)
            buf_printf(out, "in `%.*s`: ", STR_ARG(c->module));
        buf_byte(out, '`');
        put_value(out, list, name);
        buf_byte(out, '`');
    }
}

void live_export_text(const struct lsp *lsp, const struct outline *o, uint32_t block,
                      const char *name, struct buf *out)
{
    put_values(lsp, live_find(lsp, o, block), true, str_from(name), out);
}

/* What runs the component whose body has the attribute directly. */
static const struct live_component *runs_argument(const struct lsp *lsp, const struct outline *o,
                                                  uint32_t attribute)
{
    uint32_t block = o->nodes[attribute].parent;
    bool direct = o->nodes[block].kind == OUTLINE_BLOCK && lsp_component_of(o, block) == block;
    return direct ? live_find(lsp, o, block) : NULL;
}

void live_argument_text(const struct lsp *lsp, const struct outline *o, uint32_t attribute,
                        struct buf *out)
{
    put_values(lsp, runs_argument(lsp, o, attribute), false,
               outline_text(o, o->nodes[attribute].name), out);
}

/* The size of a list says something of a list that is referred to, nothing of one that is written
 * out. */
static bool is_worth(const struct outline *o, uint32_t attribute, const struct doc *value)
{
    const struct doc *inner = lsp_member(value, "value");
    bool is_many = inner && (inner->kind == DOC_LIST || inner->kind == DOC_MAP);
    return !is_many || o->nodes[attribute + 1].kind == OUTLINE_PATH;
}

/* Where an expression comes to different values, none is shown. */
bool live_argument_hint(const struct lsp *lsp, const struct outline *o, uint32_t attribute,
                        struct buf *out)
{
    struct str name = outline_text(o, o->nodes[attribute].name);
    struct buf other;
    bool refers = false;
    bool same = true;
    size_t start = out->len;
    for (uint32_t id = attribute + 1; id < o->nodes[attribute].stop; id++)
        refers |= o->nodes[id].kind == OUTLINE_PATH;
    const struct live_component *c = refers ? runs_argument(lsp, o, attribute) : NULL;
    const struct doc *value = c ? member_named(c->arguments, name) : NULL;
    buf_cstr(out, "= ");
    if (!value || !is_worth(o, attribute, value) || !put_value(out, c->arguments, name)) {
        out->len = start;
        return false;
    }
    buf_init(&other, NULL, 64 * 1024);
    while (same && (c = c->next)) {
        buf_clear(&other);
        buf_cstr(&other, "= ");
        same = put_value(&other, c->arguments, name) &&
               str_eq(buf_view(&other), str_slice(buf_view(out), start, out->len));
    }
    buf_release(&other);
    if (!same)
        out->len = start;
    return same;
}

bool live_lens_text(const struct lsp *lsp, const struct outline *o, uint32_t block, struct buf *out)
{
    const struct live_component *first = live_find(lsp, o, block);
    size_t count = 0, ill = 0;
    double rate = -1;
    for (const struct live_component *c = first; c; c = c->next) {
        count++;
        ill += is_ill(c);
        if (c->rate >= 0)
            rate = (rate < 0 ? 0 : rate) + c->rate;
    }
    if (!count)
        return false;
    if (count == 1)
        buf_str(out, first->health);
    else if (ill)
        buf_printf(out, "%zu of %zu unhealthy", ill, count);
    else
        buf_printf(out, "%zu running", count);
    if (rate >= 0)
        buf_printf(out, " \u00b7 %.1f/s", rate);
    return true;
}

bool live_complaint(const struct lsp *lsp, const struct outline *o, uint32_t block, struct buf *out)
{
    size_t shown = 0;
    for (const struct live_component *c = live_find(lsp, o, block); c; c = c->next) {
        if (!is_ill(c) || !c->message.len)
            continue;
        if (shown++ == INSTANCES_MAX) {
            buf_cstr(out, "\n…");
            break;
        }
        if (shown > 1)
            buf_byte(out, '\n');
        if (c->module.len)
            buf_printf(out, "%.*s: ", STR_ARG(c->module));
        buf_str(out, c->message);
    }
    return shown > 0;
}

bool live_page(const struct lsp *lsp, const struct outline *o, uint32_t block, struct buf *out)
{
    const struct live_component *first = live_find(lsp, o, block);
    const struct live_component *c = first;
    while (c && !is_ill(c))
        c = c->next;
    c = c ? c : first;
    if (c)
        buf_printf(out, "http://%s/component/%.*s", lsp->settings.endpoint, STR_ARG(c->id));
    return c != NULL;
}
