/* `invar graph PATH`: the components of a configuration and what flows between them, as DOT, as
 * Mermaid or as JSON. Nothing is evaluated, no import is read. The order is that of the text. */

#include "base/json.h"
#include "base/vec.h"
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

/* ---- DOT and Mermaid ---- */

/* Names and labels are identifiers: nothing in them has to be escaped. */
static void draw_node(struct buf *out, const struct chart *chart, uint32_t i, bool mermaid)
{
    const struct program_block *block = chart->nodes[i].block;
    const char *line_break = mermaid ? "<br/>" : "\\n";
    buf_printf(out, mermaid ? "n%u[\"" : "n%u [label=\"", i);
    buf_str(out, block->name);
    if (block->label.len > 0) {
        buf_cstr(out, line_break);
        buf_str(out, block->label);
    }
    buf_cstr(out, mermaid ? "\"]\n" : "\"];\n");
}

static void open_module(struct buf *out, const struct chart *chart, uint32_t module, bool mermaid,
                        uint32_t depth)
{
    struct str id = chart->nodes[chart->modules[module].owner].block->id;
    if (mermaid) {
        buf_printf(out, "subgraph m%u[\"%.*s\"]\n", module, STR_ARG(id));
        return;
    }
    buf_printf(out, "subgraph cluster_%u {\n", module);
    buf_fill(out, ' ', 2 * (size_t)(depth + 1));
    buf_printf(out, "label=\"%.*s\";\n", STR_ARG(id));
}

/* A declare and a foreach are shown by the frame around what is inside. */
static bool is_frame(const struct chart *chart, uint32_t node)
{
    return chart->nodes[node].inner != CHART_NONE && chart->nodes[node].block->kind != BLOCK_CUSTOM;
}

struct level {
    uint32_t module;
    uint32_t next; /* node to look at; those of a module are neighbours */
};

static uint32_t first_node(const struct chart *chart, uint32_t module)
{
    uint32_t low = 0;
    uint32_t high = chart->node_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (chart->nodes[middle].module < module)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void draw_modules(struct buf *out, const struct chart *chart, bool mermaid)
{
    VEC(struct level) levels = {0};
    VEC_PUSH(&levels, ((struct level){0, 0}));
    while (levels.len > 0) {
        struct level *top = &levels.items[levels.len - 1];
        uint32_t depth = (uint32_t)levels.len;
        if (top->next == chart->node_count || chart->nodes[top->next].module != top->module) {
            levels.len--;
            buf_fill(out, ' ', levels.len > 0 ? 2 * (size_t)levels.len : 0);
            buf_cstr(out, levels.len == 0 ? "" : mermaid ? "end\n" : "}\n");
            continue;
        }
        uint32_t node = top->next++;
        buf_fill(out, ' ', 2 * (size_t)depth);
        if (is_frame(chart, node)) {
            uint32_t inner = chart->nodes[node].inner;
            open_module(out, chart, inner, mermaid, depth);
            VEC_PUSH(&levels, ((struct level){inner, first_node(chart, inner)}));
        } else {
            draw_node(out, chart, node, mermaid);
        }
    }
    VEC_RELEASE(&levels);
}

/* One line between two blocks: data where there is some, else what refers to what. */
static void draw_edges(struct buf *out, const struct chart *chart, bool mermaid)
{
    struct map drawn; /* "from to" either way */
    map_init(&drawn, NULL);
    for (int data = 1; data >= 0; data--) {
        for (uint32_t i = 0; i < chart->edge_count; i++) {
            const struct chart_edge *e = &chart->edges[i];
            if (e->is_data != (data == 1) || is_frame(chart, e->from) || is_frame(chart, e->to))
                continue;
            uint32_t ends[2] = {e->from < e->to ? e->from : e->to,
                                e->from < e->to ? e->to : e->from};
            struct str key = str_of((const char *)ends, sizeof(ends));
            if (map_put(&drawn, key, out) && !e->is_data)
                continue;
            if (mermaid)
                buf_printf(out, "  n%u %s n%u\n", e->from, data ? "-->" : "-.->", e->to);
            else
                buf_printf(out, "  n%u -> n%u%s;\n", e->from, e->to, data ? "" : " [style=dashed]");
        }
    }
    map_release(&drawn);
}

static void draw(struct buf *out, const struct chart *chart, bool mermaid)
{
    buf_cstr(out, mermaid ? "flowchart LR\n"
                          : "digraph configuration {\n  rankdir=LR;\n  node [shape=box];\n");
    draw_modules(out, chart, mermaid);
    draw_edges(out, chart, mermaid);
    buf_cstr(out, mermaid ? "" : "}\n");
}

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
        draw(&out, &chart, job->output == OUTPUT_MERMAID);
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
