/* The state of a running instance: one fetch at a time, the list every few seconds, then the
 * details of components that open documents show. Bounded by LIVE_MAX components and DETAILS_MAX
 * details. */

#include "compiler/lsp/live.h"

#include "base/world.h"
#include "compiler/lsp/names.h"

enum { LIVE_MAX = 100000, DETAILS_MAX = 200, TEXT_MAX = 200 };
#define PERIOD_NS ((int64_t)5000000000)
#define RETRY_NS ((int64_t)15000000000)

struct live_component {
    struct str health;
    struct str message;
    double items;
    double rate;                 /* items a second between the last two lists; < 0 = not known */
    const struct doc *arguments; /* NULL = not fetched */
    const struct doc *exports;
};

/* One answer's texts and trees. */
struct live_state {
    struct arena arena;
    struct map components; /* id → struct live_component */
    int64_t at_ns;
};

enum live_step { STEP_LIST, STEP_DETAIL, STEP_RELOAD, STEP_REVIEW };

struct lsp_live {
    struct live_state *now; /* NULL = no instance */
    enum live_step step;
    bool under_way;
    bool wants_reload;
    char *review_id; /* of the request that waits for a review; NULL = none */
    struct buf review;
    int64_t due_ns;
    VEC(char *) details; /* ids whose details are to be fetched */
    char *path;          /* of the fetch under way */
};

struct lsp_live *live_new(void)
{
    struct lsp_live *live = mem_zalloc(NULL, sizeof(*live));
    buf_init(&live->review, NULL, LSP_MAX_MESSAGE);
    return live;
}

static void state_free(struct live_state *state)
{
    if (!state)
        return;
    map_release(&state->components);
    arena_release(&state->arena);
    mem_free(state);
}

static void drop_details(struct lsp_live *live)
{
    for (size_t i = 0; i < live->details.len; i++)
        mem_free(live->details.items[i]);
    live->details.len = 0;
}

void live_free(struct lsp_live *live)
{
    state_free(live->now);
    drop_details(live);
    VEC_RELEASE(&live->details);
    mem_free(live->path);
    mem_free(live->review_id);
    buf_release(&live->review);
    mem_free(live);
}

void live_reset(struct lsp_live *live)
{
    state_free(live->now);
    live->now = NULL;
    live->due_ns = 0;
    drop_details(live);
}

void live_reload(struct lsp *lsp)
{
    lsp->live->wants_reload = true;
    lsp->live->due_ns = 0;
}

void live_review(struct lsp_request *rq, struct str body)
{
    struct lsp_live *live = rq->lsp->live;
    if (live->review_id) {
        lsp_fail(rq, LSP_REQUEST_FAILED, "another review is under way");
        return;
    }
    live->review_id = lsp_defer(rq);
    buf_clear(&live->review);
    buf_str(&live->review, body);
}

/* ---- the schedule ---- */

static bool is_urgent(const struct lsp_live *live)
{
    return live->wants_reload || live->review_id;
}

static bool has_open_document(const struct lsp *lsp)
{
    MAP_EACH(&lsp->documents, entry)
    {
        const struct lsp_document *d = entry->value;
        if (d->open)
            return true;
    }
    return false;
}

static bool is_wanted(const struct lsp *lsp)
{
    bool usable = lsp->initialized && !lsp->shut_down && !lsp->over && !lsp->live->under_way;
    return usable && (is_urgent(lsp->live) || (lsp->settings.live && has_open_document(lsp)));
}

int lsp_fetch_wait(const struct lsp *lsp)
{
    if (!is_wanted(lsp))
        return -1;
    int64_t left = lsp->live->due_ns - world_monotonic_ns();
    if (left <= 0 || lsp->live->details.len || is_urgent(lsp->live))
        return 0;
    return (int)(left / 1000000) + 1;
}

bool lsp_next_fetch(struct lsp *lsp, struct lsp_fetch *out)
{
    struct lsp_live *live = lsp->live;
    if (lsp_fetch_wait(lsp) != 0)
        return false;
    struct buf path;
    buf_init(&path, NULL, LSP_MAX_PATH);
    if (live->wants_reload) {
        live->step = STEP_RELOAD;
        buf_cstr(&path, "/-/reload");
    } else if (live->review_id) {
        live->step = STEP_REVIEW;
        buf_cstr(&path, "/api/v0/web/review");
    } else if (live->details.len) {
        live->step = STEP_DETAIL;
        buf_printf(&path, "/api/v0/web/components/%s", live->details.items[live->details.len - 1]);
    } else {
        live->step = STEP_LIST;
        buf_cstr(&path, "/api/v0/web/components");
    }
    mem_free(live->path);
    live->path = mem_strdup(NULL, path.data, path.len);
    buf_release(&path);
    live->under_way = true;
    bool posts = live->step == STEP_RELOAD || live->step == STEP_REVIEW;
    *out =
        (struct lsp_fetch){.method = posts ? "POST" : "GET",
                           .endpoint = str_from(lsp->settings.endpoint),
                           .path = str_from(live->path),
                           .body = live->step == STEP_REVIEW ? buf_view(&live->review) : STR("")};
    return true;
}

/* ---- what came ---- */

static void read_component(struct live_state *state, const struct live_state *before,
                           const struct doc *one)
{
    struct str id = lsp_text_of(one, "localID");
    const struct doc *items = lsp_member(one, "itemsOut");
    if (!id.len || lsp_text_of(one, "moduleID").len || state->components.len == LIVE_MAX)
        return;
    struct live_component *c = ARENA_NEW(&state->arena, struct live_component);
    c->health = lsp_text_of(lsp_member(one, "health"), "state");
    c->message = lsp_text_of(lsp_member(one, "health"), "message");
    c->items = items ? items->number : 0;
    c->rate = -1;
    const struct live_component *old = before ? map_get(&before->components, id) : NULL;
    double seconds = before ? (double)(state->at_ns - before->at_ns) / 1e9 : 0;
    if (old && items && seconds > 0)
        c->rate = c->items < old->items ? 0 : (c->items - old->items) / seconds;
    map_put(&state->components, id, c);
}

/* Ids of open documents' components, whose details are worth a fetch. */
static void plan_details(struct lsp *lsp)
{
    struct lsp_live *live = lsp->live;
    MAP_EACH(&lsp->documents, entry)
    {
        struct lsp_document *d = entry->value;
        if (!d->open || !d->exists)
            continue;
        const struct outline *o = lsp_outline(d);
        OUTLINE_CHILDREN(o, 0, node)
        {
            struct str label = outline_label(o, node);
            char id[512];
            int len = snprintf(id, sizeof(id), "%.*s.%.*s",
                               STR_ARG(outline_text(o, o->nodes[node].name)), STR_ARG(label));
            if (o->nodes[node].kind == OUTLINE_BLOCK && len < (int)sizeof(id) &&
                live->details.len < DETAILS_MAX &&
                map_has(&live->now->components, str_of(id, (size_t)len)))
                VEC_PUSH(&live->details, mem_strdup(NULL, id, (size_t)len));
        }
    }
}

/* Diagnostics, hints and lenses are looked at again. */
static void announce(struct lsp *lsp)
{
    static const char *const requests[] = {"workspace/inlayHint/refresh",
                                           "workspace/codeLens/refresh"};
    MAP_EACH(&lsp->documents, entry)
    {
        struct lsp_document *d = entry->value;
        d->checked = false;
    }
    lsp->dirty = true;
    for (size_t i = 0; lsp->refreshes && i < 2; i++) {
        struct json_writer w;
        size_t mark;
        lsp_send_begin(lsp, &w, &mark, requests[i], true);
        json_null(&w);
        lsp_send_end(lsp, &w, mark);
    }
}

/* Has the health of something changed? */
static bool differs(const struct live_state *a, const struct live_state *b)
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

static void take_list(struct lsp *lsp, struct str body)
{
    struct lsp_live *live = lsp->live;
    struct live_state *state = mem_zalloc(NULL, sizeof(*state));
    struct doc *list;
    arena_init(&state->arena, NULL, 0);
    map_init(&state->components, NULL);
    state->at_ns = world_monotonic_ns();
    struct str kept = arena_str(&state->arena, body);
    if (json_read(&state->arena, kept, (struct doc_limits){0}, &list, NULL) != STATUS_OK ||
        list->kind != DOC_LIST) {
        state_free(state);
        return;
    }
    for (const struct doc *one = list->child; one; one = one->next)
        read_component(state, live->now, one);
    bool changed = differs(live->now, state);
    state_free(live->now);
    live->now = state;
    plan_details(lsp);
    if (changed)
        announce(lsp);
}

static void take_detail(struct lsp *lsp, struct str body)
{
    struct lsp_live *live = lsp->live;
    struct doc *one;
    struct live_component *c = NULL;
    struct str kept = live->now ? arena_str(&live->now->arena, body) : STR("");
    if (live->now &&
        json_read(&live->now->arena, kept, (struct doc_limits){0}, &one, NULL) == STATUS_OK)
        c = map_get(&live->now->components, lsp_text_of(one, "localID"));
    if (c) {
        c->arguments = lsp_member(one, "arguments");
        c->exports = lsp_member(one, "exports");
    }
    if (!live->details.len && lsp->refreshes)
        announce(lsp);
}

static void tell_reload(struct lsp *lsp, unsigned status, struct str body)
{
    struct json_writer w;
    size_t mark;
    struct buf text;
    buf_init(&text, NULL, 64 * 1024);
    if (!status)
        buf_printf(&text, "No instance answers at %s.", lsp->settings.endpoint);
    else if (status < 300)
        buf_cstr(&text, "The instance has reloaded its configuration.");
    else
        buf_printf(&text, "The instance refused to reload: %.*s",
                   STR_ARG(str_trim(str_slice(body, 0, 4096))));
    lsp_send_begin(lsp, &w, &mark, "window/showMessage", false);
    json_object(&w);
    lsp_put_number(&w, "type", status && status < 300 ? 3 : 1);
    lsp_put(&w, "message", buf_view(&text));
    json_object_end(&w);
    lsp_send_end(lsp, &w, mark);
    buf_release(&text);
}

/* The answer of the instance is the answer to the editor. */
static void tell_review(struct lsp *lsp, unsigned status, struct str body)
{
    char *id = lsp->live->review_id;
    struct arena arena;
    struct buf text;
    struct doc *answer;
    lsp->live->review_id = NULL;
    buf_clear(&lsp->live->review);
    arena_init(&arena, NULL, 0);
    buf_init(&text, NULL, 64 * 1024);
    bool good = status == 200 &&
                json_read(&arena, body, (struct doc_limits){0}, &answer, NULL) == STATUS_OK;
    if (!status)
        buf_printf(&text, "no instance answers at %s", lsp->settings.endpoint);
    else if (status == 404 || status == 405)
        buf_printf(&text, "the instance at %s does not offer reviews", lsp->settings.endpoint);
    else if (!good)
        buf_printf(&text, "the instance answered %u: %.*s", status,
                   STR_ARG(str_trim(str_slice(body, 0, 4096))));
    lsp_reply(lsp, id, good ? 0 : LSP_REQUEST_FAILED, good ? body : buf_view(&text));
    buf_release(&text);
    arena_release(&arena);
}

void lsp_fetched(struct lsp *lsp, unsigned status, struct str body)
{
    struct lsp_live *live = lsp->live;
    live->under_way = false;
    if (live->step == STEP_REVIEW) {
        tell_review(lsp, status, body);
        return;
    }
    if (live->step == STEP_RELOAD) {
        live->wants_reload = false;
        live->due_ns = 0;
        tell_reload(lsp, status, body);
        return;
    }
    if (live->step == STEP_DETAIL && live->details.len)
        mem_free(live->details.items[--live->details.len]);
    if (live->step == STEP_DETAIL && status == 200) {
        take_detail(lsp, body);
        return;
    }
    if (live->step == STEP_DETAIL)
        return;
    live->due_ns = world_monotonic_ns() + (status == 200 ? PERIOD_NS : RETRY_NS);
    if (status == 200) {
        take_list(lsp, body);
    } else if (live->now) {
        state_free(live->now);
        live->now = NULL;
        drop_details(live);
        announce(lsp);
    }
}

/* ---- what is shown ---- */

bool live_is_known(const struct lsp *lsp)
{
    return lsp->live->now != NULL;
}

static const struct live_component *find(const struct lsp *lsp, const struct outline *o,
                                         uint32_t block)
{
    char id[512];
    uint32_t component = lsp_component_of(o, block);
    if (!lsp->live->now || !component || o->nodes[component].parent)
        return NULL;
    int len =
        snprintf(id, sizeof(id), "%.*s.%.*s", STR_ARG(outline_text(o, o->nodes[component].name)),
                 STR_ARG(outline_label(o, component)));
    return len < (int)sizeof(id) ? map_get(&lsp->live->now->components, str_of(id, (size_t)len))
                                 : NULL;
}

/* {"type": …, "value": …} as the language writes it, shortened; lists and objects by their size. */
static void value_text(struct buf *out, const struct doc *value)
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

void live_block_text(const struct lsp *lsp, const struct outline *o, uint32_t block,
                     struct buf *out)
{
    const struct live_component *c = find(lsp, o, block);
    if (!c)
        return;
    buf_printf(out, "%sRunning at %s: **%.*s**", out->len ? "\n\n---\n\n" : "",
               lsp->settings.endpoint, STR_ARG(c->health));
    if (c->message.len)
        buf_printf(out, ", %.*s", STR_ARG(c->message));
    if (c->rate >= 0)
        buf_printf(out, ", %.1f/s", c->rate);
    for (const struct doc *one = c->exports && c->exports->kind == DOC_LIST ? c->exports->child
                                                                            : NULL;
         one; one = one->next) {
        struct str name = lsp_text_of(one, "name");
        buf_printf(out, "\n- %.*s = `", STR_ARG(name));
        value_text(out, lsp_member(one, "value"));
        buf_byte(out, '`');
    }
}

void live_export_text(const struct lsp *lsp, const struct outline *o, uint32_t block,
                      const char *name, struct buf *out)
{
    const struct live_component *c = find(lsp, o, block);
    const struct doc *value = c ? member_named(c->exports, str_from(name)) : NULL;
    if (!value)
        return;
    buf_printf(out, "\n\n---\n\nRunning at %s: `", lsp->settings.endpoint);
    value_text(out, value);
    buf_byte(out, '`');
}

/* The evaluated value of an argument directly in a component's body. */
static const struct doc *argument_of(const struct lsp *lsp, const struct outline *o,
                                     uint32_t attribute)
{
    uint32_t block = o->nodes[attribute].parent;
    const struct live_component *c =
        o->nodes[block].kind == OUTLINE_BLOCK && lsp_component_of(o, block) == block
            ? find(lsp, o, block)
            : NULL;
    return c ? member_named(c->arguments, outline_text(o, o->nodes[attribute].name)) : NULL;
}

void live_argument_text(const struct lsp *lsp, const struct outline *o, uint32_t attribute,
                        struct buf *out)
{
    const struct doc *value = argument_of(lsp, o, attribute);
    if (!value)
        return;
    buf_printf(out, "\n\n---\n\nRunning at %s: `", lsp->settings.endpoint);
    value_text(out, value);
    buf_byte(out, '`');
}

bool live_argument_hint(const struct lsp *lsp, const struct outline *o, uint32_t attribute,
                        struct buf *out)
{
    const struct doc *value = argument_of(lsp, o, attribute);
    bool refers = false;
    for (uint32_t id = attribute + 1; id < o->nodes[attribute].stop; id++)
        refers |= o->nodes[id].kind == OUTLINE_PATH;
    if (!value || !refers)
        return false;
    buf_cstr(out, "= ");
    value_text(out, value);
    return true;
}

bool live_lens_text(const struct lsp *lsp, const struct outline *o, uint32_t block, struct buf *out)
{
    const struct live_component *c = find(lsp, o, block);
    if (!c)
        return false;
    buf_str(out, c->health);
    if (c->rate >= 0)
        buf_printf(out, " \u00b7 %.1f/s", c->rate);
    return true;
}

struct str live_complaint(const struct lsp *lsp, const struct outline *o, uint32_t block)
{
    const struct live_component *c = find(lsp, o, block);
    return c && (str_is(c->health, "unhealthy") || str_is(c->health, "exited")) ? c->message
                                                                                : STR("");
}

bool live_page(const struct lsp *lsp, const struct outline *o, uint32_t block, struct buf *out)
{
    if (!find(lsp, o, block))
        return false;
    buf_printf(out, "http://%s/component/%.*s.%.*s", lsp->settings.endpoint,
               STR_ARG(outline_text(o, o->nodes[block].name)), STR_ARG(outline_label(o, block)));
    return true;
}
