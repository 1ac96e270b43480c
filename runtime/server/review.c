/* POST /api/v0/web/review: what another configuration would change of the living one, without
 * loading it. The body is {"files": [{"name": …, "text": …}, …]}, as the files of a folder; the
 * answer {"same": …, "report": …}, the report as `invar review` prints it: texts of secrets are
 * hidden. Works in one memory scope on the texts alone; bounded by REVIEW_FILES and the size of
 * requests. */

#include "runtime/server/parts.h"

#include "base/json.h"
#include "compiler/review.h"

enum { REVIEW_FILES = 1000, REPORT_MAX = 16 * 1024 * 1024 };

struct reviewing {
    struct graph *graph;
    struct str body;
    struct buf answer;
    unsigned status; /* of the answer */
};

static void refuse(struct reviewing *r, unsigned status, struct str why)
{
    r->status = status;
    buf_clear(&r->answer);
    buf_str(&r->answer, why);
}

/* The files of a request; false: refused. */
static bool read_files(struct reviewing *r, const struct doc *body, struct program_text *out,
                       struct diags *diags)
{
    const struct doc *files = body->kind == DOC_MAP ? doc_get(body, STR("files")) : NULL;
    if (!files || files->kind != DOC_LIST || !files->count || files->count > REVIEW_FILES) {
        refuse(r, 400, STR("files must be a list of 1 to 1000\n"));
        return false;
    }
    for (const struct doc *one = files->child; one; one = one->next) {
        const struct doc *name = one->kind == DOC_MAP ? doc_get(one, STR("name")) : NULL;
        const struct doc *text = one->kind == DOC_MAP ? doc_get(one, STR("text")) : NULL;
        struct error err = {0};
        struct source *source = NULL;
        bool usable = name && text && name->kind == DOC_STRING && text->kind == DOC_STRING &&
                      source_check_encoding(text->text, &err) == STATUS_OK;
        if (usable)
            source = source_new(name->text, text->text, &err);
        if (!source) {
            refuse(r, 400, STR("a file needs a name and a text in UTF-8\n"));
            return false;
        }
        program_text_add(out, source, diags);
        source_unref(source);
    }
    return true;
}

static struct program *make(struct program_text *text, struct graph *graph)
{
    struct program_options options;
    graph_program_options(graph, &options);
    options.min_stability = STABILITY_EXPERIMENTAL;
    options.community = true;
    return program_new(text, &options);
}

/* The living configuration read once more: its own program must not change in a scope. */
static struct program *read_living(struct graph *graph)
{
    struct program_text text = {0};
    struct diags diags;
    const struct program_text *living = graph_text(graph);
    diags_init(&diags);
    for (size_t i = 0; living && i < living->count; i++)
        program_text_add(&text, living->asts[i]->source, &diags);
    diags_release(&diags);
    return make(&text, graph);
}

static void compare(struct reviewing *r, struct program *before, struct program *after,
                    struct arena *arena)
{
    struct chart charts[2];
    struct review review;
    struct buf report;
    struct json_writer w;
    buf_init(&report, NULL, REPORT_MAX);
    chart_make(&charts[0], before, arena);
    chart_make(&charts[1], after, arena);
    review_make(&review, &charts[0], &charts[1], arena);
    review_print(&report, &review, &charts[0], &charts[1], arena);
    json_begin(&w, &r->answer);
    json_object(&w);
    json_key(&w, STR("same"));
    json_bool(&w, review_is_empty(&review));
    json_key(&w, STR("report"));
    json_string(&w, buf_view(&report));
    json_object_end(&w);
    r->status = 200;
    if (!buf_ok(&report) || !buf_ok(&r->answer))
        refuse(r, 500, STR("the review is too long\n"));
    buf_release(&report);
}

static void review(struct reviewing *r, const struct doc *body, struct arena *arena)
{
    struct program_text text = {0};
    struct diags diags;
    diags_init(&diags);
    if (!read_files(r, body, &text, &diags)) {
        program_text_release(&text);
    } else if (diags.errors) {
        struct buf report;
        buf_init(&report, NULL, REPORT_MAX);
        diags_render(&report, &diags, (struct diag_style){.hides = true});
        refuse(r, 400, buf_view(&report));
        buf_release(&report);
        program_text_release(&text);
    } else {
        struct program *before = read_living(r->graph);
        struct program *after = make(&text, r->graph);
        compare(r, before, after, arena);
        program_unref(before);
        program_unref(after);
    }
    diags_release(&diags);
}

static void work(void *arg)
{
    struct reviewing *r = arg;
    struct arena arena;
    struct doc *body;
    struct error err = {0};
    buf_init(&r->answer, NULL, REPORT_MAX * (size_t)2);
    arena_init(&arena, NULL, 0);
    if (json_read(&arena, r->body, (struct doc_limits){0}, &body, &err) != STATUS_OK)
        refuse(r, 400, str_from(err.message));
    else
        review(r, body, &arena);
    arena_release(&arena);
}

void server_review(void *arg, struct http_exchange *exchange)
{
    static const struct http_header type = {STR_INIT("content-type"), STR_INIT("application/json")};
    struct server *server = arg;
    struct reviewing r = {.graph = server->options.graph,
                          .body = http_exchange_request(exchange)->body};
    if (!mem_scope_run(work, &r)) {
        http_reply_text(exchange, 503, STR("no memory for the review\n"));
        return;
    }
    if (r.status != 200)
        http_reply_text(exchange, r.status, buf_view(&r.answer));
    else
        http_reply(exchange, 200, &type, 1, buf_view(&r.answer));
    buf_release(&r.answer);
}
