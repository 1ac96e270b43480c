#ifndef COMPILER_CHART_H
#define COMPILER_CHART_H

/* A chart: the blocks of a program as nodes, and what runs between them. Two kinds of edges: a
 * reference leads from the block whose expression refers to the block that is referred to; data
 * leads the way that samples, entries and targets flow (`forward_to = [b.receiver]`: to b;
 * `targets = b.targets`: from b). `invar graph`, `invar review` and editors draw from it.
 *
 * A module is the root, the body of a declare, or the template of a foreach; a declare appears once
 * however many instances it has. Order is that of the source, modules behind the module that holds
 * them. Nothing is evaluated, imports are not read. Lives in the arena; borrows from the program.
 * Linear in the program. */

#include "compiler/program.h"

enum { CHART_NONE = UINT32_MAX };

struct chart_module {
    struct str id;   /* "" = the root, "declare.a", "declare.a/foreach.b" */
    uint32_t parent; /* CHART_NONE = the root */
    uint32_t owner;  /* the node whose body it is */
    struct program_module *module;
};

struct chart_node {
    struct str id;  /* with the module's: "declare.a/prometheus.scrape.b" */
    uint32_t inner; /* DECLARE, FOREACH: the module inside; CUSTOM: the declare's */
    uint32_t module;
    const struct program_block *block;
};

struct chart_edge {
    uint32_t from;
    uint32_t to;
    bool is_data;
    struct str argument;   /* "forward_to", "endpoint.url" */
    const struct ast *ast; /* the reference in the text */
    ast_id node;
};

struct chart {
    struct chart_module *modules;
    uint32_t module_count;
    struct chart_node *nodes;
    uint32_t node_count;
    struct chart_edge *edges; /* by the block that refers, then as in the text; each once */
    uint32_t edge_count;
};

/* May analyse inner modules of the program. */
void chart_make(struct chart *chart, struct program *program, struct arena *arena);
/* "component", "module" (an instance), "declare", "argument" … */
const char *chart_kind_name(enum block_kind kind);

enum chart_drawing { CHART_DOT, CHART_MERMAID };
/* Appends the drawing. Linear. */
void chart_draw(struct buf *out, const struct chart *chart, enum chart_drawing drawing);

#endif
