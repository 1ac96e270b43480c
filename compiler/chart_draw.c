/* A chart as DOT or as a Mermaid flowchart; modules are frames. The order is that of the text. */

#include "compiler/chart.h"

#include "base/vec.h"

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

void chart_draw(struct buf *out, const struct chart *chart, enum chart_drawing drawing)
{
    bool mermaid = drawing == CHART_MERMAID;
    buf_cstr(out, mermaid ? "flowchart LR\n"
                          : "digraph configuration {\n  rankdir=LR;\n  node [shape=box];\n");
    draw_modules(out, chart, mermaid);
    draw_edges(out, chart, mermaid);
    buf_cstr(out, mermaid ? "" : "}\n");
}
