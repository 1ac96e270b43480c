/* Reading what a running instance answers, and finding it again by the blocks of a text. Bounded by
 * LIVE_MAX_COMPONENTS. */

#include "compiler/lsp/live_state.h"

#include "base/hash.h"

struct live_state *live_state_new(int64_t now_ns)
{
    struct live_state *state = mem_zalloc(NULL, sizeof(*state));
    arena_init(&state->arena, NULL, 0);
    map_init(&state->components, NULL);
    map_init(&state->places, NULL);
    state->at_ns = now_ns;
    return state;
}

void live_state_free(struct live_state *state)
{
    if (!state)
        return;
    map_release(&state->components);
    map_release(&state->places);
    arena_release(&state->arena);
    mem_free(state);
}

/* "declare.inner>" of an instance called "space.inner.label"; a foreach says its own name. */
static struct str scope_of(struct arena *arena, struct str name, struct str local_id)
{
    if (str_is(name, "foreach"))
        return arena_printf(arena, "%.*s>", STR_ARG(local_id));
    size_t dot = str_rfind_byte(name, '.');
    struct str last = dot == SIZE_MAX ? name : str_slice(name, dot + 1, name.len);
    return arena_printf(arena, "declare.%.*s>", STR_ARG(last));
}

static void read_component(struct live_state *state, const struct live_state *before,
                           struct str scope, const struct doc *one)
{
    struct str local = lsp_text_of(one, "localID");
    struct str module = lsp_text_of(one, "moduleID");
    const struct doc *items = lsp_member(one, "itemsOut");
    if (!local.len || state->components.len == LIVE_MAX_COMPONENTS)
        return;
    struct live_component *c = ARENA_NEW(&state->arena, struct live_component);
    c->id = module.len ? arena_printf(&state->arena, "%.*s/%.*s", STR_ARG(module), STR_ARG(local))
                       : local;
    c->module = module;
    c->health = lsp_text_of(lsp_member(one, "health"), "state");
    c->message = lsp_text_of(lsp_member(one, "health"), "message");
    c->items = items ? items->number : 0;
    c->rate = -1;
    c->modules = lsp_member(one, "createdModuleIDs");
    c->scope = c->modules ? scope_of(&state->arena, lsp_text_of(one, "name"), local) : STR("");
    const struct live_component *old = before ? map_get(&before->components, c->id) : NULL;
    double seconds = before ? (double)(state->at_ns - before->at_ns) / 1e9 : 0;
    if (old && items && seconds > 0)
        c->rate = c->items < old->items ? 0 : (c->items - old->items) / seconds;
    map_put(&state->components, c->id, c);
    struct str key = scope.len ? arena_concat(&state->arena, scope, local) : local;
    struct live_component *first = map_get(&state->places, key);
    if (!first)
        map_put(&state->places, key, first = c);
    else
        first->last->next = c;
    first->last = c;
}

bool live_state_read(struct live_state *state, const struct live_state *before, struct str scope,
                     struct str body)
{
    struct doc *list;
    struct str kept = arena_str(&state->arena, body);
    if (json_read(&state->arena, kept, (struct doc_limits){0}, &list, NULL) != STATUS_OK ||
        list->kind != DOC_LIST)
        return false;
    for (const struct doc *one = list->child; one; one = one->next)
        read_component(state, before, scope, one);
    return true;
}

/* Sums do not depend on the order. */
static uint64_t sum_of(struct str id, const struct doc *list)
{
    struct buf text;
    uint64_t sum = 0;
    buf_init(&text, NULL, 64 * 1024);
    for (const struct doc *one = list && list->kind == DOC_LIST ? list->child : NULL; one;
         one = one->next) {
        buf_clear(&text);
        buf_printf(&text, "%.*s %.*s ", STR_ARG(id), STR_ARG(lsp_text_of(one, "name")));
        live_value_text(&text, lsp_member(one, "value"));
        sum += hash_bytes(text.data, text.len);
    }
    buf_release(&text);
    return sum;
}

void live_state_read_detail(struct live_state *state, struct str id, struct str body)
{
    struct doc *one;
    struct live_component *c = map_get(&state->components, id);
    struct str kept = c ? arena_str(&state->arena, body) : STR("");
    if (!c || json_read(&state->arena, kept, (struct doc_limits){0}, &one, NULL) != STATUS_OK)
        return;
    c->arguments = lsp_member(one, "arguments");
    c->exports = lsp_member(one, "exports");
    state->values += sum_of(c->id, c->arguments) + sum_of(c->id, c->exports);
}

bool live_state_differs(const struct live_state *a, const struct live_state *b)
{
    if (!a || !b || a->components.len != b->components.len)
        return a != b;
    MAP_EACH(&a->components, entry)
    {
        const struct live_component *x = entry->value;
        const struct live_component *y = map_get(&b->components, entry->key);
        if (!y || !str_eq(x->health, y->health) || !str_eq(x->message, y->message))
            return true;
    }
    return false;
}

/* ---- blocks ---- */

static struct str written(const char *text, int len)
{
    return len > 0 && len < LIVE_MAX_KEY ? str_of(text, (size_t)len) : STR("");
}

struct str live_scope(const struct outline *o, uint32_t block, char out[LIVE_MAX_KEY])
{
    if (!block || o->nodes[block].kind != OUTLINE_BLOCK || !lsp_is_scope(o, block))
        return STR("");
    bool is_template = str_is(outline_text(o, o->nodes[block].name), "template");
    uint32_t named = is_template ? o->nodes[block].parent : block;
    return written(out, snprintf(out, LIVE_MAX_KEY, "%s.%.*s>", is_template ? "foreach" : "declare",
                                 STR_ARG(outline_label(o, named))));
}

struct str live_key(const struct outline *o, uint32_t block, char out[LIVE_MAX_KEY])
{
    char scope[LIVE_MAX_KEY];
    uint32_t parent = o->nodes[block].parent;
    if (o->nodes[block].kind != OUTLINE_BLOCK || (parent && !lsp_is_scope(o, parent)))
        return STR("");
    struct str within = live_scope(o, parent, scope);
    if (parent && !within.len)
        return STR("");
    return written(out, snprintf(out, LIVE_MAX_KEY, "%.*s%.*s.%.*s", STR_ARG(within),
                                 STR_ARG(outline_text(o, o->nodes[block].name)),
                                 STR_ARG(outline_label(o, block))));
}

const struct live_component *live_find(const struct lsp *lsp, const struct outline *o,
                                       uint32_t block)
{
    char key[LIVE_MAX_KEY];
    const struct live_state *now = live_now(lsp);
    uint32_t component = lsp_component_of(o, block);
    return now && component ? map_get(&now->places, live_key(o, component, key)) : NULL;
}
