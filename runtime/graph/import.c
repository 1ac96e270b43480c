/* Import blocks: the texts that a source has are made into a program; the graph opens it. Content
 * that is wrong leaves the old in use while the program runs, and brings nothing when a load finds
 * it (SEMANTICS §15.2). Bounded by the IMPORT_ limits. */

#include "runtime/graph/modules.h"

#include "base/hash.h"

/* ---- texts ---- */

void import_texts_init(struct import_texts *texts)
{
    *texts = (struct import_texts){0};
    arena_init(&texts->arena, NULL, 0);
    texts->items = ARENA_ARRAY(&texts->arena, IMPORT_MAX_FILES, struct import_text);
}

void import_texts_release(struct import_texts *texts)
{
    arena_release(&texts->arena);
    *texts = (struct import_texts){0};
}

enum status import_texts_add(struct import_texts *texts, struct str name, struct str text,
                             struct error *err)
{
    if (texts->count == IMPORT_MAX_FILES)
        return error_set(err, STATUS_LIMIT, "more than %d files to import", IMPORT_MAX_FILES);
    if (text.len > IMPORT_MAX_BYTES - texts->bytes)
        return error_set(err, STATUS_LIMIT, "more than %d bytes to import", IMPORT_MAX_BYTES);
    texts->bytes += text.len;
    texts->items[texts->count].name = arena_str(&texts->arena, name);
    texts->items[texts->count++].text = arena_str(&texts->arena, text);
    return STATUS_OK;
}

/* ---- content ---- */

/* Texts and the path: what may not differ if nothing has changed, and what an import that imports
 * itself brings again. */
static void digest_of(const struct import_texts *texts, unsigned char out[32])
{
    struct buf all;
    buf_init(&all, NULL, SIZE_MAX);
    buf_printf(&all, "%zu %.*s\n", texts->count, STR_ARG(texts->module_path));
    for (size_t i = 0; i < texts->count; i++) {
        const struct import_text *text = &texts->items[i];
        unsigned char one[32];
        hash_sha256(text->text.ptr, text->text.len, one);
        buf_append(&all, one, sizeof(one));
    }
    hash_sha256(all.data, all.len, out);
    buf_release(&all);
}

struct reading {
    struct import *import;
    const struct import_texts *texts;
    unsigned char digest[32];
    bool unchanged;
    struct program *program;
    struct error err;
    char *excerpt;
};

static char *render(const struct diags *diags)
{
    struct buf text;
    buf_init(&text, NULL, 1 << 20);
    diags_render(&text, diags, (struct diag_style){.hides = true});
    size_t len;
    buf_byte(&text, '\0');
    return buf_take(&text, &len);
}

static void read_work(void *arg)
{
    struct reading *r = arg;
    struct import *import = r->import;
    digest_of(r->texts, r->digest);
    r->unchanged = import->has_digest && memcmp(r->digest, import->digest, 32) == 0;
    if (r->unchanged)
        return;
    struct program_options options;
    graph_program_options(import->graph, &options);
    struct import_content content = {.label = import->cell->label,
                                     .module_path = r->texts->module_path,
                                     .texts = r->texts->items,
                                     .count = r->texts->count,
                                     .without_files = import->source->without_files,
                                     .id = import->cell->local_id};
    struct diags diags;
    diags_init(&diags);
    r->program = program_import(&content, &options, &diags, &r->err);
    if (!r->program && diags.len)
        r->excerpt = render(&diags);
    diags_release(&diags);
}

static void set_trouble(struct import *import, const char *message)
{
    size_t len = strlen(message);
    char *owned = mem_try_alloc_shared(NULL, len + 1);
    if (owned)
        memcpy(owned, message, len + 1);
    cell_failed(import->cell, owned, NULL);
}

static void set_program(struct import *import, struct program *owned)
{
    program_unref(import->program);
    import->program = owned;
}

/* True: what is imported is another program than before. */
static bool take(struct import *import, const struct import_texts *texts, bool keep_old)
{
    struct reading r = {.import = import, .texts = texts};
    const struct log *log = &import->graph->log;
    if (!mem_scope_run(read_work, &r)) {
        set_trouble(import, "out of memory");
        return false;
    }
    if (r.unchanged) {
        if (import->program && !import->refused)
            cell_healthy(import->graph, import->cell, "content updated");
        return false;
    }
    memcpy(import->digest, r.digest, 32);
    import->has_digest = true;
    import->refused = !r.program;
    if (r.program) {
        set_program(import, r.program);
        cell_healthy(import->graph, import->cell, "content updated");
        return true;
    }
    LOG(log, LOG_ERROR, "imported content is refused", LOG_S("import", import->cell->global_id),
        LOG_C("err", r.err.message), LOG_C("excerpt", r.excerpt ? r.excerpt : ""));
    mem_free(r.excerpt);
    set_trouble(import, r.err.message);
    if (keep_old || !import->program)
        return false;
    set_program(import, NULL);
    return true;
}

/* ---- what sources find later ---- */

enum status import_check_loop(const struct node *node, const struct import_texts *texts,
                              struct error *err)
{
    unsigned char digest[32];
    digest_of(texts, digest);
    for (const struct instance *in = node->in; in; in = in->parent) {
        if (!in->owner || in->owner->kind != NODE_IMPORT)
            continue;
        const struct import *outer = in->owner->cell->import;
        if (outer && memcmp(outer->digest, digest, 32) == 0)
            return error_set(err, STATUS_INVALID,
                             "import loop: %.*s brings what %.*s brings, which is around it",
                             STR_ARG(node->block->id), STR_ARG(in->owner->block->id));
    }
    return STATUS_OK;
}

static void changed(struct import *import)
{
    struct node *node = import->cell->node;
    if (!node || node->made_of == import->program)
        return;
    node_reshape(import->graph, node);
    graph_wave(import->graph);
}

/* What a wave leads to may end the import: it comes last. */
void import_deliver(struct import *import, struct import_texts *owned_texts,
                    const struct error *stale)
{
    struct error err = {0};
    const struct node *node = import->cell->node;
    bool differs = false;
    if (!node || import_check_loop(node, owned_texts, &err) == STATUS_OK)
        differs = take(import, owned_texts, true);
    import_texts_release(owned_texts);
    if (err.status != STATUS_OK)
        import_trouble(import, &err);
    else if (stale)
        import_trouble(import, stale);
    if (differs)
        changed(import);
}

void import_trouble(struct import *import, const struct error *err)
{
    LOG(&import->graph->log, LOG_ERROR, "an import cannot be read; what it had stays in use",
        LOG_S("import", import->cell->global_id), LOG_C("err", err->message));
    set_trouble(import, err->message);
}

/* ---- evaluation ---- */

static const struct import_source *source_of(const struct graph *graph, struct str name)
{
    static const struct import_source *const own[] = {&import_file, &import_string, &import_git,
                                                      NULL};
    const struct import_source *const *tables[] = {own, graph->options.imports};
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        for (const struct import_source *const *at = tables[i]; at && *at; at++) {
            if (str_is(name, (*at)->name))
                return *at;
        }
    }
    return NULL;
}

static struct import *import_new(struct graph *graph, struct cell *cell)
{
    struct import *import = mem_zalloc(NULL, sizeof(*import));
    import->graph = graph;
    import->cell = cell;
    import->source = source_of(graph, cell->name);
    ASSERT(import->source);
    import->state = mem_zalloc(NULL, import->source->size + 1);
    return import;
}

void import_free(struct import *import)
{
    if (!import)
        return;
    if (import->source->stop)
        import->source->stop(import);
    import_remote_stop(import);
    program_unref(import->program);
    mem_free(import->state);
    mem_free(import);
}

/* Where an import stands: how deep, and whether one around it has the same texts. */
static enum status check_place(struct graph *graph, const struct node *node, struct error *err)
{
    unsigned depth = 0;
    for (const struct instance *in = node->in; in; in = in->parent) {
        if (!in->owner || in->owner->kind != NODE_IMPORT)
            continue;
        if (++depth == IMPORT_MAX_DEPTH)
            return error_set(err, STATUS_LIMIT, "imports are nested deeper than %d levels",
                             IMPORT_MAX_DEPTH);
    }
    if (depth && graph->nested_imports >= IMPORT_MAX_NESTED)
        return error_set(err, STATUS_LIMIT, "more than %d imports inside imports",
                         IMPORT_MAX_NESTED);
    return STATUS_OK;
}

struct fetching {
    struct import *import;
    const struct node *node;
    const struct decoded *args;
    struct import_texts texts;
    struct error err;
    enum status status;
};

static void fetch_work(void *arg)
{
    struct fetching *f = arg;
    import_texts_init(&f->texts);
    f->texts.module_path = f->node->in->module->program->text.module_path;
    f->status = f->import->source->fetch(f->import, f->args->data, &f->texts, &f->err);
    if (f->status == STATUS_OK)
        f->status = import_check_loop(f->node, &f->texts, &f->err);
}

/* An import inside an import shows its trouble in its own health alone. */
static void fail(struct graph *graph, struct node *node, const struct error *err)
{
    node_fail(graph, node, "", NULL, err);
    if (node->in->owner && node->in->owner->kind == NODE_IMPORT)
        cell_forget_problem(node->cell);
}

static void watch(struct import *import, struct decoded *owned_args)
{
    decoded_free(import->cell->args);
    import->cell->args = owned_args;
    if (import->source->watch)
        import->source->watch(import, owned_args->data);
}

static void update_near(struct graph *graph, struct node *node, struct decoded *owned_args,
                        bool same_args)
{
    struct import *import = node->cell->import;
    struct fetching f = {.import = import, .node = node, .args = owned_args};
    if (!mem_scope_run(fetch_work, &f)) {
        decoded_free(owned_args);
        fail(graph, node, &node_out_of_memory);
        return;
    }
    if (f.status != STATUS_OK && same_args && import->program) {
        import_trouble(import, &f.err);
    } else if (f.status != STATUS_OK) {
        fail(graph, node, &f.err);
    } else {
        cell_healthy(graph, node->cell, "source evaluated");
        (void)take(import, &f.texts, !graph->live->loading);
    }
    import_texts_release(&f.texts);
    if (same_args)
        decoded_free(owned_args);
    else
        watch(import, owned_args);
}

/* A load waits for what it needs; a wave does not: what comes is delivered. */
static void update_remote(struct graph *graph, struct node *node, struct decoded *owned_args,
                          bool same_args)
{
    struct import *import = node->cell->import;
    if (same_args && import->has_digest && !import->outdated) {
        decoded_free(owned_args);
        return;
    }
    import_remote_stop(import);
    decoded_free(import->cell->args);
    import->cell->args = owned_args;
    if (!graph->live->loading) {
        if (!import->program)
            cell_failed(import->cell, NULL, NULL);
        import_remote_watch(import, true);
        return;
    }
    struct import_texts texts;
    struct error err = {0};
    loops_return(graph, true);
    import_remote_wait(import, owned_args->data, &texts, &err);
    if (texts.count && import_check_loop(node, &texts, &err) == STATUS_OK) {
        cell_healthy(graph, node->cell, "source evaluated");
        (void)take(import, &texts, false);
    }
    if (err.status != STATUS_OK && texts.count)
        import_trouble(import, &err);
    else if (err.status != STATUS_OK)
        fail(graph, node, &err);
    import_texts_release(&texts);
    import_remote_watch(import, false);
}

static void update(struct graph *graph, struct node *node, struct decoded *owned_args)
{
    const struct decoded *old = node->cell->args;
    bool same_args = old && schema_equal(old->shape, old->data, owned_args->data);
    struct error err;
    if (check_place(graph, node, &err) != STATUS_OK) {
        decoded_free(owned_args);
        fail(graph, node, &err);
    } else if (node->cell->import->source->remote) {
        update_remote(graph, node, owned_args, same_args);
    } else {
        update_near(graph, node, owned_args, same_args);
    }
}

void evaluate_import(struct graph *graph, struct node *node)
{
    struct decoding d;
    struct cell *cell = node->cell;
    if (!node_decode(graph, node, &d)) {
        if (node->in->owner)
            cell_forget_problem(cell);
        return;
    }
    if (!cell->import)
        cell->import = import_new(graph, cell);
    update(graph, node, d.args);
    if (node->made_of != cell->import->program)
        node_reshape(graph, node);
}

/* ---- import.string ---- */

static enum status fetch_string(struct import *import, const void *data, struct import_texts *out,
                                struct error *err)
{
    (void)import;
    const struct import_string_args *args = data;
    return import_texts_add(out, STR("import_string"), args->content.text, err);
}

const struct import_source import_string = {.name = "import.string", .fetch = fetch_string};
