/* Commands: validate, graph, reload. The argument is a document's URI; validate and graph look at
 * the configuration it belongs to as the editor has it. */

#include "compiler/lsp/live.h"
#include "compiler/lsp/names.h"

enum { REPORT_MAX = 16 * 1024 * 1024 };

static struct lsp_document *document_of(struct lsp_request *rq)
{
    const struct doc *arguments = lsp_member(rq->params, "arguments");
    const struct doc *first = arguments && arguments->kind == DOC_LIST ? arguments->child : NULL;
    struct lsp_document *d =
        first && first->kind == DOC_STRING ? lsp_document_find(rq->lsp, first->text) : NULL;
    if (!d)
        lsp_fail(rq, LSP_INVALID_PARAMS, "the first argument is not the URI of an open document");
    return d;
}

/* {valid, errors, warnings, report}: the report as `invar validate` prints it. */
static void validate(struct lsp_request *rq)
{
    struct lsp_document *d = document_of(rq);
    if (!d)
        return;
    struct lsp_unit_files unit;
    struct diags diags;
    struct buf report;
    diags_init(&diags);
    buf_init(&report, NULL, REPORT_MAX);
    lsp_unit_of(rq->lsp, d, rq->arena, &unit);
    lsp_diagnose(rq->lsp, &unit, &diags);
    diags_render(&report, &diags, (struct diag_style){.color = false});
    json_object(rq->w);
    lsp_put_flag(rq->w, "valid", !diags.errors && !diags.warnings);
    lsp_put_number(rq->w, "errors", (int64_t)diags.errors);
    lsp_put_number(rq->w, "warnings", (int64_t)diags.warnings);
    lsp_put(rq->w, "report", buf_view(&report));
    json_object_end(rq->w);
    buf_release(&report);
    diags_release(&diags);
}

/* ---- graph ---- */

/* Node numbers of blocks with a label at the top level. */
static void put_nodes(const struct lsp_view *view, struct map *numbers, struct buf *out)
{
    for (size_t i = 0; i < view->ids.len; i++) {
        const struct map_entry *entry = &view->ids.entries[i];
        if (entry->key.ptr[0] == ':')
            continue;
        map_put(numbers, entry->key, (void *)(uintptr_t)(i + 1));
        buf_printf(out, "  n%zu[\"%.*s\"]\n", i, STR_ARG(entry->key));
    }
}

static struct str id_of(struct arena *arena, const struct lsp_place *at)
{
    const struct outline *o = lsp_outline(at->document);
    return arena_printf(arena, "%.*s.%.*s", STR_ARG(outline_text(o, o->nodes[at->node].name)),
                        STR_ARG(outline_label(o, at->node)));
}

static void put_edges(const struct lsp_view *view, const struct map *numbers, struct arena *arena,
                      struct buf *out)
{
    struct map done;
    map_init(&done, NULL);
    for (size_t i = 0; i < view->unit.count; i++) {
        struct lsp_document *d = view->unit.items[i];
        const struct outline *o = lsp_outline(d);
        OUTLINE_EACH(o, id)
        {
            struct lsp_place to;
            uint32_t used;
            if (o->nodes[id].kind != OUTLINE_PATH || !lsp_resolve(view, d, id, &to, &used))
                continue;
            struct lsp_place from = {d, lsp_component_of(o, outline_around(o, id, OUTLINE_BLOCK))};
            uintptr_t a = from.node ? (uintptr_t)map_get(numbers, id_of(arena, &from)) : 0;
            uintptr_t b = (uintptr_t)map_get(numbers, id_of(arena, &to));
            struct str field = outline_text(o, outline_part(o, o->nodes[id].name, used));
            bool takes = str_is(field, "receiver") || str_is(field, "input");
            if (!a || !b)
                continue;
            struct str edge = takes ? arena_printf(arena, "  n%zu --> n%zu\n", a - 1, b - 1)
                                    : arena_printf(arena, "  n%zu --> n%zu\n", b - 1, a - 1);
            if (!map_has(&done, edge))
                buf_str(out, edge);
            map_put(&done, edge, out);
        }
    }
    map_release(&done);
}

/* {mermaid}: the flow of data as a Mermaid chart. */
static void graph(struct lsp_request *rq)
{
    struct lsp_document *d = document_of(rq);
    if (!d)
        return;
    struct lsp_view view;
    struct map numbers;
    struct buf chart;
    buf_init(&chart, NULL, REPORT_MAX);
    map_init(&numbers, NULL);
    lsp_view_init(&view, rq->lsp, d, rq->arena);
    buf_cstr(&chart, "flowchart LR\n");
    put_nodes(&view, &numbers, &chart);
    put_edges(&view, &numbers, rq->arena, &chart);
    json_object(rq->w);
    lsp_put(rq->w, "mermaid", buf_view(&chart));
    json_object_end(rq->w);
    lsp_view_release(&view);
    map_release(&numbers);
    buf_release(&chart);
}

static void reload(struct lsp_request *rq)
{
    live_reload(rq->lsp);
    json_null(rq->w);
}

static const struct {
    const char *name; /* session.c lists them for the client */
    void (*run)(struct lsp_request *rq);
} commands[] = {
    {"invar.server.validate", validate},
    {"invar.server.graph", graph},
    {"invar.server.reload", reload},
};

void lsp_execute_command(struct lsp_request *rq)
{
    struct str name = lsp_text_of(rq->params, "command");
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (str_is(name, commands[i].name)) {
            commands[i].run(rq);
            return;
        }
    }
    lsp_fail(rq, LSP_INVALID_PARAMS, "the command is not known");
}
