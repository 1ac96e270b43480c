/* foreach: the template once for every item of a collection, as a module with the item as a
 * variable (SEMANTICS §15.3). Items are told apart by ids, so that what they run goes on when the
 * collection changes. A change is taken whole or stops at the first item that fails: items before
 * it have changed, the others go on as they were. Bounded by FOREACH_MAX_ITEMS. */

#include "runtime/graph/modules.h"

#include "base/hash.h"
#include "base/map.h"
#include "base/strconv.h"
#include "compiler/target.h"

enum { ID_BYTES_MAX = 16 * 1024 * 1024 };

void foreach_free(struct foreach_state *state)
{
    if (!state)
        return;
    for (uint32_t i = 0; i < state->count; i++)
        value_unref(state->items[i].value);
    arena_release(&state->arena);
    mem_free(state);
}

struct program_module *foreach_template(struct program_module *module,
                                        const struct program_block *block, struct str variable,
                                        struct diags *diags)
{
    struct program_module *template =
        program_template(module, (uint32_t)(block - module->blocks), variable);
    if (!template)
        return NULL;
    struct diags found;
    diags_init(&found);
    program_report_run(template, &found);
    bool ok = !found.errors;
    if (diags)
        diags_append(diags, &found);
    diags_release(&found);
    return ok ? template : NULL;
}

/* ---- ids ---- */

static void hash_text(struct buf *out, struct str text)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char hash[32];
    hash_sha256(text.ptr, text.len, hash);
    for (size_t i = 0; i < sizeof(hash); i++) {
        buf_byte(out, digits[hash[i] >> 4]);
        buf_byte(out, digits[hash[i] & 15]);
    }
}

static void plain_text(struct buf *out, struct str text)
{
    size_t at = 0;
    while (at < text.len) {
        unsigned len;
        uint32_t rune = utf8_decode(str_slice(text, at, text.len), &len);
        if (unicode_is_letter(rune) || unicode_is_digit(rune))
            buf_str(out, str_slice(text, at, at + len));
        else
            buf_byte(out, '_');
        at += len;
    }
}

static void number_text(struct buf *out, const struct value *v)
{
    size_t from = out->len;
    if (v->number_kind == NUMBER_INT)
        buf_printf(out, "%lld", (long long)v->as.i);
    else if (v->number_kind == NUMBER_UINT)
        buf_printf(out, "%llu", (unsigned long long)v->as.u);
    else
        buf_printf(out, "%f", v->as.f);
    for (size_t i = from; i < out->len; i++) {
        if (out->data[i] == '.')
            out->data[i] = '_';
    }
}

/* A value as Go prints it with %#v, without recursion. */
struct go_frame {
    const struct value *v;
    uint32_t next;
};

static void go_open(struct buf *out, const struct value *v, bool inside)
{
    switch (v->type) {
    case VALUE_NULL: buf_cstr(out, inside ? "interface {}(nil)" : "<nil>"); break;
    case VALUE_BOOL: buf_cstr(out, v->as.boolean ? "true" : "false"); break;
    case VALUE_STRING: strconv_quote(out, v->as.string); break;
    case VALUE_ARRAY: buf_cstr(out, "[]interface {}{"); break;
    case VALUE_OBJECT: buf_cstr(out, "map[string]interface {}{"); break;
    case VALUE_NUMBER:
        if (v->number_kind == NUMBER_INT)
            buf_printf(out, "%lld", (long long)v->as.i);
        else if (v->number_kind == NUMBER_UINT)
            buf_printf(out, "0x%llx", (unsigned long long)v->as.u);
        else
            strconv_float(out, v->as.f, 'g');
        break;
    default: value_print(out, v); break;
    }
}

static void go_text(struct buf *out, const struct value *v)
{
    struct go_frame *frames = mem_array(NULL, SOURCE_MAX_DEPTH + 1, sizeof(*frames));
    size_t depth = 0;
    go_open(out, v, false);
    if (v->type == VALUE_ARRAY || v->type == VALUE_OBJECT)
        frames[depth++] = (struct go_frame){v, 0};
    while (depth) {
        struct go_frame *top = &frames[depth - 1];
        if (top->next == top->v->count) {
            buf_byte(out, '}');
            depth--;
            continue;
        }
        if (top->next)
            buf_cstr(out, ", ");
        const struct value *child;
        if (top->v->type == VALUE_OBJECT) {
            const struct value_field *field = &top->v->as.fields[top->next++];
            strconv_quote(out, field->key);
            buf_byte(out, ':');
            child = field->value;
        } else {
            child = top->v->as.elements[top->next++];
        }
        go_open(out, child, true);
        bool nests = child->type == VALUE_ARRAY || child->type == VALUE_OBJECT;
        if (nests && depth <= SOURCE_MAX_DEPTH)
            frames[depth++] = (struct go_frame){child, 0};
    }
    mem_free(frames);
}

static void id_text(struct buf *out, const struct value *v, bool hash_strings)
{
    if (v->type == VALUE_STRING && !hash_strings) {
        plain_text(out, v->as.string);
    } else if (v->type == VALUE_STRING) {
        hash_text(out, v->as.string);
    } else if (v->type == VALUE_BOOL) {
        buf_cstr(out, v->as.boolean ? "true" : "false");
    } else if (v->type == VALUE_NUMBER && v->number_kind != NUMBER_UINT) {
        number_text(out, v);
    } else {
        struct buf text;
        buf_init(&text, NULL, ID_BYTES_MAX);
        go_text(&text, v);
        hash_text(out, buf_view(&text));
        buf_release(&text);
    }
}

static bool is_identifier(struct str id)
{
    size_t at = 0;
    while (at < id.len) {
        unsigned len;
        uint32_t rune = utf8_decode(str_slice(id, at, id.len), &len);
        at += len;
        if (rune != '_' && !unicode_is_letter(rune) && !unicode_is_digit(rune))
            return false;
    }
    return true;
}

/* ---- the collection ---- */

struct gathering {
    struct graph *graph;
    struct node *node;
    const struct foreach_args *args;
    const struct foreach_state *old; /* may be NULL */
    struct foreach_state *made;
    struct error err;
    enum status status;
    struct map counts; /* of equal ids */
    struct map ids;    /* of the new items */
    struct map before; /* id → old item */
};

/* What tells the item from others: its field, if it has the one that `id` names. *made is a
 * reference of the caller's, or NULL. */
static const struct value *telling(struct gathering *g, const struct value *item,
                                   struct value **made)
{
    struct str field = g->args->id;
    *made = NULL;
    if (!field.len)
        return item;
    const struct value *found = NULL;
    bool may_have = item->type == VALUE_OBJECT;
    if (item->type == VALUE_OBJECT) {
        found = value_field(item, field);
    } else if (item->type == VALUE_CAPSULE && item->as.capsule.type->field) {
        may_have = true;
        *made = item->as.capsule.type->field(item->as.capsule.data, field);
        found = *made;
    }
    if (!found && may_have)
        LOG(&g->graph->log, LOG_WARN, "specified id not found in collection item",
            LOG_S("id", field));
    return found ? found : item;
}

static struct str id_of(struct gathering *g, const struct value *item)
{
    struct buf text;
    buf_init(&text, NULL, ID_BYTES_MAX);
    buf_cstr(&text, "foreach_");
    struct value *made;
    id_text(&text, telling(g, item, &made), g->args->hash_string_id);
    value_unref(made);
    struct str key = arena_str(&g->made->arena, buf_view(&text));
    size_t before = (size_t)(uintptr_t)map_get(&g->counts, key);
    map_put(&g->counts, key, (void *)(uintptr_t)(before + 1));
    buf_printf(&text, "_%zu", before + 1);
    struct str id = arena_str(&g->made->arena, buf_view(&text));
    buf_release(&text);
    return id;
}

static void add_item(struct gathering *g, struct str id, const struct value *value, bool running,
                     bool held)
{
    g->made->items[g->made->count++] = (struct foreach_item){
        .id = id, .value = value_ref(value), .running = running, .held = held};
}

/* A value that equals the old one is the old one: the same address tells that nothing changed. */
static void add_new(struct gathering *g, struct str id, const struct value *item)
{
    const struct foreach_item *was = map_get(&g->before, id);
    bool same = was && value_equal(was->value, item);
    map_put(&g->ids, id, g);
    add_item(g, id, same ? was->value : item, was && was->running, false);
}

static bool add_items(struct gathering *g)
{
    const struct any *items = g->args->collection.items;
    for (size_t i = 0; i < g->args->collection.count; i++) {
        const struct value *item = items[i].value ? items[i].value : value_null();
        struct str id = id_of(g, item);
        if (!is_identifier(id)) {
            g->status =
                error_set(&g->err, STATUS_INVALID,
                          "creating custom component: customComponent ID \"%.*s\" is not a valid "
                          "identifier",
                          STR_ARG(id));
            return false;
        }
        add_new(g, id, item);
    }
    return true;
}

/* What runs and is not in the collection any more goes once the others are there. */
static void keep_leaving(struct gathering *g)
{
    for (uint32_t i = 0; g->old && i < g->old->count; i++) {
        const struct foreach_item *was = &g->old->items[i];
        if (!was->running || map_has(&g->ids, was->id))
            continue;
        add_item(g, arena_str(&g->made->arena, was->id), was->value, true, true);
        g->made->leaving = true;
    }
}

static struct foreach_state *state_new(const struct foreach_state *old, size_t room)
{
    struct foreach_state *state = mem_zalloc(NULL, sizeof(*state));
    arena_init(&state->arena, NULL, 0);
    state->items = ARENA_ARRAY(&state->arena, room + 1, struct foreach_item);
    state->version = old ? old->version : 0;
    return state;
}

static void gather_work(void *arg)
{
    struct gathering *g = arg;
    const struct foreach_args *args = g->args;
    g->made = state_new(g->old, args->collection.count + (g->old ? g->old->count : 0));
    g->made->variable = arena_str(&g->made->arena, args->var);
    g->made->enable_metrics = args->enable_metrics;
    map_init(&g->counts, NULL);
    map_init(&g->ids, NULL);
    g->status = STATUS_OK;
    map_init(&g->before, NULL);
    for (uint32_t i = 0; g->old && i < g->old->count; i++)
        map_put(&g->before, g->old->items[i].id, &g->old->items[i]);
    if (add_items(g))
        keep_leaving(g);
    map_release(&g->before);
    map_release(&g->counts);
    map_release(&g->ids);
}

static bool same_items(const struct foreach_state *a, const struct foreach_state *b)
{
    if (!a || a->count != b->count || !str_eq(a->variable, b->variable) ||
        a->enable_metrics != b->enable_metrics)
        return false;
    for (uint32_t i = 0; i < a->count; i++) {
        const struct foreach_item *x = &a->items[i], *y = &b->items[i];
        if (x->value != y->value || x->held != y->held || !str_eq(x->id, y->id))
            return false;
    }
    return true;
}

static void replace_state(struct graph *graph, struct node *node, struct foreach_state *owned)
{
    owned->version++;
    foreach_free(node->cell->foreach);
    node->cell->foreach = owned;
    node_reshape(graph, node);
}

static bool check_template(struct graph *graph, struct node *node, const struct foreach_args *args)
{
    struct diags diags;
    diags_init(&diags);
    bool ok = !args->collection.count ||
              foreach_template(node->in->module, node->block, args->var, &diags);
    if (!ok) {
        node->refused = &diags; /* worded already */
        node_fail(graph, node, "updating custom component in foreach: ", &diags, NULL);
        node->refused = NULL;
    }
    diags_release(&diags);
    return ok;
}

static void apply(struct graph *graph, struct node *node, const struct foreach_args *args)
{
    struct gathering g = {.graph = graph, .node = node, .args = args, .old = node->cell->foreach};
    if (!check_template(graph, node, args))
        return;
    struct error err = {0};
    if (args->collection.count > FOREACH_MAX_ITEMS) {
        error_set(&err, STATUS_LIMIT, "the collection has more than %d items", FOREACH_MAX_ITEMS);
        node_fail(graph, node, "", NULL, &err);
        return;
    }
    if (!mem_scope_run(gather_work, &g)) {
        node_fail(graph, node, "", NULL, &node_out_of_memory);
        return;
    }
    if (g.status != STATUS_OK) {
        foreach_free(g.made);
        node_fail(graph, node, "", NULL, &g.err);
        return;
    }
    cell_healthy(graph, node->cell, "foreach evaluated");
    node->reloads = true;
    if (same_items(g.old, g.made) && node->made_at == g.old->version)
        foreach_free(g.made);
    else
        replace_state(graph, node, g.made);
}

void evaluate_foreach(struct graph *graph, struct node *node)
{
    struct error err;
    struct decoding d;
    if (!program_template_of(node->block)) {
        error_set(&err, STATUS_INVALID, "the block template is missing in the foreach block");
        node_fail(graph, node, "", NULL, &err);
        return;
    }
    if (!node_decode(graph, node, &d))
        return;
    decoded_free(node->cell->args);
    node->cell->args = d.args;
    apply(graph, node, d.args->data);
}

/* ---- after the items ---- */

struct settling {
    struct graph *graph;
    struct node *node; /* the foreach */
    struct foreach_state *made;
    struct diags diags;
};

/* Items before the failed one are as they are now; the others are as they were. */
static void hold_work(void *arg)
{
    struct settling *s = arg;
    const struct foreach_state *old = s->node->cell->foreach;
    s->made = state_new(old, old->count);
    s->made->variable = arena_str(&s->made->arena, old->variable);
    s->made->enable_metrics = old->enable_metrics;
    bool failed = false;
    struct instance *in = s->node->opens;
    for (uint32_t i = 0; i < old->count && in; i++) {
        const struct foreach_item *item = &old->items[i];
        if (!str_ends(in->id, item->id)) /* an item without module */
            continue;
        failed |= in == s->node->failed_item;
        in = in->sibling;
        bool drops = s->node->failed_item ? failed && !item->running : item->held;
        if (drops)
            continue;
        struct foreach_item *kept = &s->made->items[s->made->count++];
        *kept = *item;
        kept->id = arena_str(&s->made->arena, item->id);
        kept->value = value_ref(item->value);
        kept->held = failed;
        kept->running = !failed || item->running;
    }
}

static bool stands_in(const struct instance *in, const struct instance *item)
{
    while (in && in != item)
        in = in->parent;
    return in != NULL;
}

static void failure_work(void *arg)
{
    struct settling *s = arg;
    diags_init(&s->diags);
    struct generation *gen = s->graph->live;
    for (uint32_t i = s->node->rank + 1; i < s->node->pair->rank; i++) {
        const struct node *node = gen->nodes[i];
        if (node->kind != NODE_RESULT && node->cell->problem &&
            stands_in(node->in, s->node->failed_item))
            diags_append(&s->diags, node->cell->problem);
    }
}

static void note_running(struct foreach_state *state)
{
    for (uint32_t i = 0; i < state->count; i++)
        state->items[i].running = true;
}

void evaluate_foreach_result(struct graph *graph, struct node *result)
{
    struct node *node = result->pair;
    struct foreach_state *state = node->cell->foreach;
    bool reloads = node->reloads;
    node->reloads = false;
    if (!reloads || !state)
        return;
    struct settling s = {.graph = graph, .node = node};
    if (node->failed_item) {
        if (mem_scope_run(failure_work, &s)) {
            node->refused = &s.diags;
            node_fail(graph, node, "updating custom component in foreach: ", &s.diags, NULL);
            node->refused = NULL;
            diags_release(&s.diags);
        } else {
            node_fail(graph, node, "", NULL, &node_out_of_memory);
        }
    } else if (!state->leaving) {
        note_running(state);
        return;
    }
    if (!mem_scope_run(hold_work, &s))
        return;
    replace_state(graph, node, s.made);
    node->failed_item = NULL;
}
