/* `invar graph PATH`: the components of a configuration and what flows between them, as DOT, as
 * Mermaid or as JSON. Nothing is evaluated, no import is read. The order is that of the text. */

#include "base/json.h"
#include "cli/command.h"
#include "cli/configuration.h"
#include "compiler/chart.h"

enum { OUTPUT_MAX = 256 * 1024 * 1024 };

enum output { OUTPUT_DOT, OUTPUT_MERMAID, OUTPUT_JSON, OUTPUTS };
static const char *const output_names[OUTPUTS] = {"dot", "mermaid", "json"};

struct job {
    const char *path;
    enum output output;
    bool done;
};

/* ---- JSON ---- */

static void write_text(struct json_writer *w, const char *key, struct str text)
{
    json_key(w, str_from(key));
    json_string(w, text);
}

static void write_place(struct json_writer *w, const struct source *source, struct range range)
{
    write_text(w, "file", source->name);
    json_key(w, STR("line"));
    json_u64(w, range.start.line);
    json_key(w, STR("column"));
    json_u64(w, range.start.col);
    json_key(w, STR("end_line"));
    json_u64(w, range.end.line);
    json_key(w, STR("end_column"));
    json_u64(w, range.end.col);
}

static void write_node(struct json_writer *w, const struct chart *chart, uint32_t i)
{
    const struct chart_node *node = &chart->nodes[i];
    json_object(w);
    write_text(w, "id", node->id);
    write_text(w, "kind", str_from(chart_kind_name(node->block->kind)));
    write_text(w, "name", node->block->name);
    write_text(w, "label", node->block->label);
    write_text(w, "module", chart->modules[node->module].id);
    if (node->inner != CHART_NONE)
        write_text(w, "inner", chart->modules[node->inner].id);
    write_place(w, node->block->ast->source, program_block_range(node->block));
    json_object_end(w);
}

static void write_edge(struct json_writer *w, const struct chart *chart, const struct chart_edge *e)
{
    json_object(w);
    write_text(w, "from", chart->nodes[e->from].id);
    write_text(w, "to", chart->nodes[e->to].id);
    write_text(w, "kind", e->is_data ? STR("data") : STR("reference"));
    write_text(w, "argument", e->argument);
    write_place(w, e->ast->source, ast_range(e->ast, e->node));
    json_object_end(w);
}

static void write_json(struct buf *out, const struct chart *chart)
{
    struct json_writer w;
    json_begin(&w, out);
    json_object(&w);
    json_key(&w, STR("modules"));
    json_array(&w);
    for (uint32_t i = 1; i < chart->module_count; i++) {
        json_object(&w);
        write_text(&w, "id", chart->modules[i].id);
        write_text(&w, "parent", chart->modules[chart->modules[i].parent].id);
        json_object_end(&w);
    }
    json_array_end(&w);
    json_key(&w, STR("nodes"));
    json_array(&w);
    for (uint32_t i = 0; i < chart->node_count; i++)
        write_node(&w, chart, i);
    json_array_end(&w);
    json_key(&w, STR("edges"));
    json_array(&w);
    for (uint32_t i = 0; i < chart->edge_count; i++)
        write_edge(&w, chart, &chart->edges[i]);
    json_array_end(&w);
    json_object_end(&w);
    buf_byte(out, '\n');
}

/* ---- the command ---- */

static void print_chart(struct job *job, struct program *program)
{
    struct arena arena;
    struct chart chart;
    struct buf out;
    arena_init(&arena, NULL, 0);
    buf_init(&out, NULL, OUTPUT_MAX);
    chart_make(&chart, program, &arena);
    if (job->output == OUTPUT_JSON)
        write_json(&out, &chart);
    else
        chart_draw(&out, &chart, job->output == OUTPUT_MERMAID ? CHART_MERMAID : CHART_DOT);
    job->done = buf_ok(&out);
    if (job->done)
        cli_print(buf_view(&out));
    else
        cli_error("the graph is too large");
    buf_release(&out);
    arena_release(&arena);
}

static void run(void *arg)
{
    struct job *job = arg;
    struct vocabulary vocabulary;
    vocabulary_init(&vocabulary);
    struct program *program = configuration_read(job->path, &vocabulary);
    if (program)
        print_chart(job, program);
    program_unref(program);
    vocabulary_release(&vocabulary);
}

static void print_help(const struct flag *flags)
{
    struct buf out;
    buf_init(&out, NULL, 64 * 1024);
    buf_cstr(&out, "Draws the blocks of a configuration, a file or all *.alloy files of a folder: "
                   "what refers to what,\nand the way of the data.\n\nUsage:\n  invar graph "
                   "[flags] PATH\n\nFlags:\n");
    flags_help(&out, flags);
    cli_print(buf_view(&out));
    buf_release(&out);
}

int cli_graph(int argc, char **argv)
{
    struct job job = {0};
    struct error err;
    bool help = false;
    const char *format = "dot";
    const struct flag flags[] = {
        {"help", 'h', FLAG_BOOL, &help, "help for graph"},
        {"format", 0, FLAG_TEXT, &format, "dot, mermaid or json (default \"dot\")"},
        {0},
    };
    int count = flags_parse(flags, argc, argv, &err);
    if (count >= 0 && help) {
        print_help(flags);
        return 0;
    }
    while (job.output < OUTPUTS && strcmp(format, output_names[job.output]) != 0)
        job.output++;
    if (count >= 0 && count != 1)
        error_set(&err, STATUS_INVALID, "accepts 1 arg(s), received %d", count);
    else if (count == 1 && job.output == OUTPUTS)
        error_set(&err, STATUS_INVALID, "--format must be dot, mermaid or json, not \"%s\"",
                  format);
    if (count != 1 || job.output == OUTPUTS) {
        cli_error(err.message);
        return 1;
    }
    job.path = argv[1];
    if (!mem_scope_run(run, &job)) {
        cli_error("out of memory");
        return 1;
    }
    return job.done ? 0 : 1;
}
