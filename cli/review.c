/* `invar review OLD NEW`: what a change of configuration does. Exit status 0 when nothing differs
 * but blanks, comments and places, 2 when something does, 1 when one of the two cannot be read. */

#include "base/json.h"
#include "cli/command.h"
#include "cli/configuration.h"
#include "compiler/review.h"

enum { OUTPUT_MAX = 256 * 1024 * 1024 };

enum { EXIT_SAME = 0, EXIT_ERROR = 1, EXIT_DIFFERENT = 2 };

struct job {
    char *const *paths; /* two */
    bool json;
    int exit;
};

/* ---- JSON ---- */

static void write_text(struct json_writer *w, const char *key, struct str text)
{
    json_key(w, str_from(key));
    json_string(w, text);
}

static void write_range(struct json_writer *w, const char *key, const struct source *source,
                        struct range range)
{
    json_key(w, str_from(key));
    json_object(w);
    write_text(w, "file", source->name);
    json_key(w, STR("line"));
    json_u64(w, range.start.line);
    json_key(w, STR("column"));
    json_u64(w, range.start.col);
    json_key(w, STR("end_line"));
    json_u64(w, range.end.line);
    json_key(w, STR("end_column"));
    json_u64(w, range.end.col);
    json_object_end(w);
}

static void write_side(struct json_writer *w, const char *key, const char *place, struct str text,
                       const struct chart_node *node, struct range range)
{
    if (!text.ptr)
        return;
    write_text(w, key, text);
    write_range(w, place, node->block->ast->source, range);
}

static void write_block(struct json_writer *w, const struct review_block *b)
{
    static const char *const names[] = {[REVIEW_ADDED] = "added",
                                        [REVIEW_REMOVED] = "removed",
                                        [REVIEW_CHANGED] = "changed",
                                        [REVIEW_AFFECTED] = "affected"};
    const struct chart_node *node = b->after ? b->after : b->before;
    json_object(w);
    write_text(w, "id", node->id);
    write_text(w, "kind", str_from(chart_kind_name(node->block->kind)));
    write_text(w, "change", str_from(names[b->change]));
    write_text(w, "effect", str_from(review_effect(b)));
    if (b->cause)
        write_text(w, "cause", b->cause->id);
    if (b->before && b->change != REVIEW_AFFECTED)
        write_range(w, "before", b->before->block->ast->source,
                    program_block_range(b->before->block));
    if (b->after)
        write_range(w, "after", b->after->block->ast->source, program_block_range(b->after->block));
    json_key(w, STR("arguments"));
    json_array(w);
    for (size_t i = 0; i < b->argument_count; i++) {
        const struct review_argument *a = &b->arguments[i];
        json_object(w);
        write_text(w, "path", a->path);
        write_side(w, "before", "before_place", a->before, b->before, a->before_range);
        write_side(w, "after", "after_place", a->after, b->after, a->after_range);
        json_object_end(w);
    }
    json_array_end(w);
    json_object_end(w);
}

static void write_edges(struct json_writer *w, const struct review *review,
                        const struct chart *before, const struct chart *after)
{
    json_key(w, STR("edges"));
    json_array(w);
    for (size_t i = 0; i < review->edge_count; i++) {
        const struct review_edge *r = &review->edges[i];
        const struct chart *c = r->is_added ? after : before;
        json_object(w);
        write_text(w, "change", r->is_added ? STR("added") : STR("removed"));
        write_text(w, "kind", r->edge->is_data ? STR("data") : STR("reference"));
        write_text(w, "from", c->nodes[r->edge->from].id);
        write_text(w, "to", c->nodes[r->edge->to].id);
        write_text(w, "argument", r->edge->argument);
        write_range(w, "place", r->edge->ast->source, ast_range(r->edge->ast, r->edge->node));
        json_object_end(w);
    }
    json_array_end(w);
}

static void write_json(struct buf *out, const struct review *review, const struct chart *before,
                       const struct chart *after)
{
    static const char *const keys[] = {[REVIEW_ADDED] = "added",
                                       [REVIEW_REMOVED] = "removed",
                                       [REVIEW_CHANGED] = "changed",
                                       [REVIEW_AFFECTED] = "affected"};
    struct json_writer w;
    json_begin(&w, out);
    json_object(&w);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        json_key(&w, str_from(keys[i]));
        json_u64(&w, review->counts[i]);
    }
    json_key(&w, STR("kept"));
    json_u64(&w, review->kept);
    json_key(&w, STR("blocks"));
    json_array(&w);
    for (size_t i = 0; i < review->block_count; i++)
        write_block(&w, &review->blocks[i]);
    json_array_end(&w);
    write_edges(&w, review, before, after);
    json_object_end(&w);
    buf_byte(out, '\n');
}

/* ---- the command ---- */

static void compare(struct job *job, struct program *const programs[2])
{
    struct arena arena;
    struct chart before, after;
    struct review review;
    struct buf out;
    arena_init(&arena, NULL, 0);
    buf_init(&out, NULL, OUTPUT_MAX);
    chart_make(&before, programs[0], &arena);
    chart_make(&after, programs[1], &arena);
    review_make(&review, &before, &after, &arena);
    if (job->json)
        write_json(&out, &review, &before, &after);
    else
        review_print(&out, &review, &before, &after, &arena);
    if (buf_ok(&out)) {
        cli_print(buf_view(&out));
        job->exit = review_is_empty(&review) ? EXIT_SAME : EXIT_DIFFERENT;
    } else {
        cli_error("the review is too long");
    }
    buf_release(&out);
    arena_release(&arena);
}

static void run(void *arg)
{
    struct job *job = arg;
    struct vocabulary vocabulary;
    vocabulary_init(&vocabulary);
    struct program *programs[2] = {configuration_read(job->paths[0], &vocabulary),
                                   configuration_read(job->paths[1], &vocabulary)};
    if (programs[0] && programs[1])
        compare(job, programs);
    program_unref(programs[0]);
    program_unref(programs[1]);
    vocabulary_release(&vocabulary);
}

static void print_help(const struct flag *flags)
{
    struct buf out;
    buf_init(&out, NULL, 64 * 1024);
    buf_cstr(&out,
             "Says what a change of configuration does: which blocks are added, changed, removed, "
             "affected or kept,\nwhich arguments differ, and which edges moved. Each path is a "
             "file or a folder.\n\nExit status: 0 nothing differs, 2 something does, 1 an "
             "error.\n\nUsage:\n  invar review [flags] OLD NEW\n\nFlags:\n");
    flags_help(&out, flags);
    cli_print(buf_view(&out));
    buf_release(&out);
}

int cli_review(int argc, char **argv)
{
    struct job job = {.exit = EXIT_ERROR};
    struct error err;
    bool help = false;
    const char *format = "text";
    const struct flag flags[] = {
        {"help", 'h', FLAG_BOOL, &help, "help for review"},
        {"format", 0, FLAG_TEXT, &format, "text or json (default \"text\")"},
        {0},
    };
    int count = flags_parse(flags, argc, argv, &err);
    if (count >= 0 && help) {
        print_help(flags);
        return 0;
    }
    job.json = strcmp(format, "json") == 0;
    bool known = job.json || strcmp(format, "text") == 0;
    if (count >= 0 && count != 2)
        error_set(&err, STATUS_INVALID, "accepts 2 arg(s), received %d", count);
    else if (count == 2 && !known)
        error_set(&err, STATUS_INVALID, "--format must be text or json, not \"%s\"", format);
    if (count != 2 || !known) {
        cli_error(err.message);
        return EXIT_ERROR;
    }
    job.paths = argv + 1;
    if (!mem_scope_run(run, &job)) {
        cli_error("out of memory");
        return EXIT_ERROR;
    }
    return job.exit;
}
