/* When what is fetched of a running instance: one fetch at a time, the list every few seconds, then
 * the modules that open documents show, then the details of their components. Bounded by
 * DETAILS_MAX of each. */

#include "compiler/lsp/live_state.h"

#include "base/world.h"

enum { DETAILS_MAX = 200 };
#define PERIOD_NS ((int64_t)5000000000)
#define RETRY_NS ((int64_t)15000000000)

enum live_step { STEP_LIST, STEP_MODULE, STEP_DETAIL, STEP_RELOAD, STEP_REVIEW };

struct live_module {
    struct str id; /* in the arena of `next` */
    struct str scope;
};

struct lsp_live {
    struct live_state *now;  /* NULL = no instance */
    struct live_state *next; /* takes its place when it is complete; NULL = none */
    enum live_step step;
    bool under_way;
    bool wants_reload;
    char *review_id; /* of the request that waits for a review; NULL = none */
    struct buf review;
    int64_t due_ns;
    VEC(struct live_module) modules; /* of `next`: those from module_at on are to be fetched */
    size_t module_at;
    VEC(char *) details; /* ids of `next` whose details are to be fetched */
    char *path;          /* of the fetch under way */
};

struct lsp_live *live_new(void)
{
    struct lsp_live *live = mem_zalloc(NULL, sizeof(*live));
    buf_init(&live->review, NULL, LSP_MAX_MESSAGE);
    return live;
}

static void drop_details(struct lsp_live *live)
{
    for (size_t i = 0; i < live->details.len; i++)
        mem_free(live->details.items[i]);
    live->details.len = 0;
}

static void forget(struct lsp_live *live)
{
    live_state_free(live->now);
    live_state_free(live->next);
    live->now = live->next = NULL;
    live->modules.len = live->module_at = 0;
    drop_details(live);
}

void live_free(struct lsp_live *live)
{
    forget(live);
    VEC_RELEASE(&live->details);
    VEC_RELEASE(&live->modules);
    mem_free(live->path);
    mem_free(live->review_id);
    buf_release(&live->review);
    mem_free(live);
}

void live_reset(struct lsp_live *live)
{
    forget(live);
    live->due_ns = 0;
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
    bool has_more = lsp->live->next != NULL;
    if (left <= 0 || has_more || is_urgent(lsp->live))
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
    } else if (live->module_at < live->modules.len) {
        live->step = STEP_MODULE;
        buf_printf(&path, "/api/v0/web/modules/%.*s/components",
                   STR_ARG(live->modules.items[live->module_at].id));
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

/* Calls each with every block of an open document that may run. */
typedef void block_fn(struct lsp *lsp, const struct outline *o, uint32_t block, void *arg);
static void each_block(struct lsp *lsp, block_fn *each, void *arg)
{
    MAP_EACH(&lsp->documents, entry)
    {
        struct lsp_document *d = entry->value;
        if (!d->open || !d->exists)
            continue;
        const struct outline *o = lsp_outline(d);
        OUTLINE_EACH(o, id)
        {
            if (o->nodes[id].kind == OUTLINE_BLOCK)
                each(lsp, o, id, arg);
        }
    }
}

static void note_scope(struct lsp *lsp, const struct outline *o, uint32_t block, void *arg)
{
    (void)lsp;
    char text[LIVE_MAX_KEY];
    struct str scope = live_scope(o, block, text);
    if (scope.len)
        map_put(arg, scope, arg);
}

/* The modules inside a component whose texts are open. */
static void plan_modules_of(struct lsp_live *live, const struct live_component *c,
                            const struct map *scopes)
{
    const struct doc *list = c->modules;
    if (!list || list->kind != DOC_LIST || !map_has(scopes, c->scope))
        return;
    for (const struct doc *one = list->child; one; one = one->next) {
        if (one->kind == DOC_STRING && live->modules.len < DETAILS_MAX)
            VEC_PUSH(&live->modules, ((struct live_module){one->text, c->scope}));
    }
}

/* Those of components that were read since `first`. */
static void plan_modules(struct lsp *lsp, size_t first)
{
    struct map scopes;
    const struct map *read = &lsp->live->next->components;
    map_init(&scopes, NULL);
    each_block(lsp, note_scope, &scopes);
    for (size_t i = first; i < read->len; i++)
        plan_modules_of(lsp->live, read->entries[i].value, &scopes);
    map_release(&scopes);
}

/* Ids of open documents' components, whose details are worth a fetch. */
static void plan_detail(struct lsp *lsp, const struct outline *o, uint32_t block, void *arg)
{
    (void)arg;
    struct lsp_live *live = lsp->live;
    char key[LIVE_MAX_KEY];
    struct str place = live_key(o, block, key);
    const struct live_component *c = place.len ? map_get(&live->next->places, place) : NULL;
    for (; c && live->details.len < DETAILS_MAX; c = c->next)
        VEC_PUSH(&live->details, mem_strdup(NULL, c->id.ptr, c->id.len));
}

/* Hints and lenses are asked for again; with `health` diagnostics are looked at too. */
static void announce(struct lsp *lsp, bool health)
{
    static const char *const requests[] = {"workspace/inlayHint/refresh",
                                           "workspace/codeLens/refresh"};
    MAP_EACH(&lsp->documents, entry)
    {
        struct lsp_document *d = entry->value;
        d->checked &= !health;
    }
    lsp->dirty |= health;
    for (size_t i = 0; lsp->refreshes && i < 2; i++) {
        struct json_writer w;
        size_t mark;
        lsp_send_begin(lsp, &w, &mark, requests[i], true);
        json_null(&w);
        lsp_send_end(lsp, &w, mark);
    }
}

/* Everything of a state has been read. */
static void commit(struct lsp *lsp)
{
    struct lsp_live *live = lsp->live;
    bool health = live_state_differs(live->now, live->next);
    bool values = health || live->now->values != live->next->values;
    live_state_free(live->now);
    live->now = live->next;
    live->next = NULL;
    live->modules.len = live->module_at = 0;
    drop_details(live);
    if (values)
        announce(lsp, health);
}

/* After a list or a module: the details when there are no more modules. */
static void go_on(struct lsp *lsp, size_t first)
{
    struct lsp_live *live = lsp->live;
    plan_modules(lsp, first);
    if (live->module_at < live->modules.len)
        return;
    each_block(lsp, plan_detail, NULL);
    if (!live->details.len)
        commit(lsp);
}

static void take_list(struct lsp *lsp, struct str body)
{
    struct lsp_live *live = lsp->live;
    live->next = live_state_new(world_monotonic_ns());
    if (live_state_read(live->next, live->now, STR(""), body)) {
        go_on(lsp, 0);
    } else {
        live_state_free(live->next);
        live->next = NULL;
    }
}

static void take_module(struct lsp *lsp, unsigned status, struct str body)
{
    struct lsp_live *live = lsp->live;
    if (!live->next || live->module_at == live->modules.len)
        return; /* forgotten meanwhile */
    size_t first = live->next->components.len;
    struct live_module module = live->modules.items[live->module_at++];
    if (status == 200)
        live_state_read(live->next, live->now, module.scope, body);
    go_on(lsp, first);
}

static void take_detail(struct lsp *lsp, unsigned status, struct str body)
{
    struct lsp_live *live = lsp->live;
    if (!live->next || !live->details.len)
        return;
    char *id = live->details.items[--live->details.len];
    if (status == 200)
        live_state_read_detail(live->next, str_from(id), body);
    mem_free(id);
    if (!live->details.len || !status)
        commit(lsp);
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

static void take_answer(struct lsp *lsp, unsigned status, struct str body)
{
    struct lsp_live *live = lsp->live;
    live->due_ns = world_monotonic_ns() + (status == 200 ? PERIOD_NS : RETRY_NS);
    if (status == 200) {
        take_list(lsp, body);
    } else if (live->now) {
        forget(live);
        announce(lsp, true);
    }
}

void lsp_fetched(struct lsp *lsp, unsigned status, struct str body)
{
    struct lsp_live *live = lsp->live;
    live->under_way = false;
    switch (live->step) {
    case STEP_REVIEW: tell_review(lsp, status, body); break;
    case STEP_MODULE: take_module(lsp, status, body); break;
    case STEP_DETAIL: take_detail(lsp, status, body); break;
    case STEP_LIST: take_answer(lsp, status, body); break;
    case STEP_RELOAD:
        live->wants_reload = false;
        live->due_ns = 0;
        tell_reload(lsp, status, body);
        break;
    }
}

bool live_is_known(const struct lsp *lsp)
{
    return lsp->live->now != NULL;
}

const struct live_state *live_now(const struct lsp *lsp)
{
    return lsp->live->now;
}
