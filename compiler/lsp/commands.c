/* Commands: validate, graph, review, reload. The first argument is a document's URI; all but reload
 * look at the configuration it belongs to as the editor has it. */

#include "compiler/lsp/live.h"
#include "compiler/review.h"

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

/* ---- graph and review ---- */

/* The program of what the editor has; everything that exists is admitted. NULL: the request has
 * failed with the first error. */
static struct program *program_of(struct lsp_request *rq, const struct lsp_unit_files *unit)
{
    struct program_text text;
    struct program *program = NULL;
    struct program_options options = rq->lsp->options->program;
    struct diags diags;
    options.min_stability = STABILITY_EXPERIMENTAL;
    options.community = true;
    diags_init(&diags);
    if (lsp_unit_text(unit, &text, &diags)) {
        program = program_new(&text, &options);
    } else {
        const struct diag *d = &diags.items[0];
        struct str problem = arena_printf(rq->arena, "the configuration has errors: %.*s:%u: %.*s",
                                          STR_ARG(d->source ? d->source->name : STR("")),
                                          d->range.start.line, STR_ARG(d->message));
        lsp_fail(rq, LSP_REQUEST_FAILED, arena_cstr(rq->arena, problem));
    }
    diags_release(&diags);
    return program;
}

/* {mermaid}: as `invar graph --format=mermaid` draws it. */
static void graph(struct lsp_request *rq)
{
    struct lsp_document *d = document_of(rq);
    if (!d)
        return;
    struct lsp_unit_files unit;
    struct chart chart;
    struct buf drawing;
    lsp_unit_of(rq->lsp, d, rq->arena, &unit);
    struct program *program = program_of(rq, &unit);
    if (!program)
        return;
    buf_init(&drawing, NULL, REPORT_MAX);
    chart_make(&chart, program, rq->arena);
    chart_draw(&drawing, &chart, CHART_MERMAID);
    json_object(rq->w);
    lsp_put(rq->w, "mermaid", buf_view(&drawing));
    json_object_end(rq->w);
    buf_release(&drawing);
    program_unref(program);
}

static void put_review(struct lsp_request *rq, struct program *before, struct program *after)
{
    struct chart charts[2];
    struct review review;
    struct buf report;
    buf_init(&report, NULL, REPORT_MAX);
    chart_make(&charts[0], before, rq->arena);
    chart_make(&charts[1], after, rq->arena);
    review_make(&review, &charts[0], &charts[1], rq->arena);
    review_print(&report, &review, &charts[0], &charts[1], rq->arena);
    json_object(rq->w);
    lsp_put_flag(rq->w, "same", review_is_empty(&review));
    lsp_put(rq->w, "report", buf_view(&report));
    json_object_end(rq->w);
    buf_release(&report);
}

/* The files as they are on the disk. NULL: the request has failed. */
static struct program *saved_program(struct lsp_request *rq, struct lsp_document *d,
                                     const struct lsp_unit_files *unit)
{
    struct program_text text;
    struct program *program = NULL;
    struct program_options options = rq->lsp->options->program;
    struct diags diags;
    struct error err = {0};
    struct str path = str_from(d->path);
    if (unit->is_folder)
        path = str_slice(path, 0, str_rfind_byte(path, '/'));
    options.min_stability = STABILITY_EXPERIMENTAL;
    options.community = true;
    diags_init(&diags);
    if (program_read(arena_cstr(rq->arena, path), &text, &diags, &err) != STATUS_OK) {
        lsp_fail(rq, LSP_REQUEST_FAILED, arena_cstr(rq->arena, str_from(err.message)));
    } else if (diags.errors) {
        program_text_release(&text);
        lsp_fail(rq, LSP_REQUEST_FAILED, "the saved configuration has errors");
    } else {
        program = program_new(&text, &options);
    }
    diags_release(&diags);
    return program;
}

/* The body of POST /api/v0/web/review. */
static void running_review(struct lsp_request *rq, const struct lsp_unit_files *unit)
{
    struct buf body;
    struct json_writer w;
    buf_init(&body, NULL, LSP_MAX_MESSAGE);
    json_begin(&w, &body);
    json_object(&w);
    lsp_key(&w, "files");
    json_array(&w);
    for (size_t i = 0; i < unit->count; i++) {
        json_object(&w);
        lsp_put(&w, "name", unit->items[i]->source->name);
        lsp_put(&w, "text", unit->items[i]->source->text);
        json_object_end(&w);
    }
    json_array_end(&w);
    json_object_end(&w);
    if (!buf_ok(&body))
        lsp_fail(rq, LSP_REQUEST_FAILED, "the configuration is too large");
    else
        live_review(rq, buf_view(&body));
    buf_release(&body);
}

/* {same, report}: what the text in the editor would change of the saved files or, when the second
 * argument is "running", of the configuration of the running instance; as `invar review` says it.
 */
static void review(struct lsp_request *rq)
{
    const struct doc *list = lsp_member(rq->params, "arguments");
    const struct doc *second =
        list && list->kind == DOC_LIST && list->child ? list->child->next : NULL;
    struct str with = second && second->kind == DOC_STRING ? second->text : STR("saved");
    bool running = str_is(with, "running");
    struct lsp_document *d = document_of(rq);
    if (!d)
        return;
    if (!running && !str_is(with, "saved")) {
        lsp_fail(rq, LSP_INVALID_PARAMS, "the second argument must be saved or running");
        return;
    }
    struct lsp_unit_files unit;
    lsp_unit_of(rq->lsp, d, rq->arena, &unit);
    struct program *after = program_of(rq, &unit);
    struct program *before = after && !running ? saved_program(rq, d, &unit) : NULL;
    if (before)
        put_review(rq, before, after);
    else if (after && running)
        running_review(rq, &unit);
    program_unref(before);
    program_unref(after);
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
    {"invar.server.review", review},
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
