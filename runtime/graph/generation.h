#ifndef RUNTIME_GRAPH_GENERATION_H
#define RUNTIME_GRAPH_GENERATION_H

/* Inside the graph: what one load built. parts.h says what a generation is; nobody else includes
 * this. */

#include "runtime/graph/graph.h"

struct cell;

enum node_kind {
    NODE_COMPONENT,
    NODE_CALL,   /* a custom component: its arguments */
    NODE_RESULT, /* of a CALL: its exports, of a FOREACH: how it went; shares the cell */
    NODE_ARGUMENT,
    NODE_EXPORT,
    NODE_LOGGING,
    NODE_SERVICE,
    NODE_PLAIN, /* declare, tracing: nothing depends on its value */
    NODE_IMPORT,
    NODE_FOREACH, /* its RESULT comes after the modules of its items */
};

/* An expression of a block that refers to something. */
struct input {
    uint32_t expr; /* index into the block's expressions */
    bool stale;    /* something that it reads has changed since it was evaluated */
};
#define NO_INPUT UINT32_MAX

struct dependant {
    struct node *node;
    const struct str *path; /* what it reads of the exports */
    uint16_t path_len;      /* 0 = everything */
    uint32_t input;         /* which of the node's reads it; NO_INPUT = the node itself */
    struct dependant *next;
};

struct node {
    enum node_kind kind;
    uint32_t rank;  /* place in the order of evaluation */
    uint32_t level; /* of stopping: after all lower ones */
    bool kept;      /* its cell came from the generation before */
    bool same;      /* so did text and meaning, and its evaluation went well: a load leaves it */
    bool changed;   /* by the load: other arguments reached the component */
    bool added;     /* by the load, in an earlier round of it */
    bool waits;     /* for a module that is not there yet: not evaluated in this generation */
    bool pending;   /* was to be evaluated while it waited */
    bool reloads;   /* FOREACH: its items are being evaluated on its behalf */
    uint32_t input_count;
    struct input *inputs;
    const struct node *before; /* in the generation before; only while this one is made */
    const struct program_block *block;
    struct instance *in;
    /* CALL, RESULT: NULL = the module could not be made. IMPORT: its content. FOREACH: the first
     * item's, the others are siblings. */
    struct instance *opens;
    const void *made_of;          /* IMPORT: the program */
    uint32_t made_at;             /* FOREACH: version of its items */
    struct instance *failed_item; /* FOREACH: where its evaluation stopped */
    struct node *pair;            /* CALL and RESULT of one custom component or foreach */
    struct cell *cell;
    struct dependant *dependants;
    /* CALL: why there is no module. */
    struct diags *refused; /* the body is wrong */
    const char *missing;   /* there is none */
};

struct instance {
    struct instance *parent;
    struct instance *lexical; /* of the module around this one's text; NULL = not there */
    struct program_module *module;
    const struct program_block *from; /* the declare; NULL = files, an import, a template */
    struct node *call;                /* of a declare */
    struct node *result;              /* the same's */
    struct node *owner;               /* FOREACH or IMPORT that opened it */
    struct instance *sibling;         /* the next item's */
    struct instance *item_in;         /* the item that it stands in, itself included */
    struct value *item;               /* of a template; a reference */
    bool quiet;                       /* its components show no metrics */
    struct node **nodes; /* by block; for custom components the RESULT. NULL = unusable */
    struct str id;       /* "" = root */
    bool rejected;       /* the new body is wrong: the old one goes on with its arguments */
    bool frozen;         /* inside a rejected one: a load does not evaluate it */
    bool reloaded;       /* the call was evaluated in this wave */
    unsigned depth;
    struct instance *next; /* in creation order */
};

/* A set of ranks: a tree of bits, 64 children a word. */
enum { RANKS_LEVELS = 4 };
struct ranks {
    uint64_t *words[RANKS_LEVELS]; /* from single ranks to the root */
    uint32_t count;
};

/* Programs that nodes of a generation point into. */
struct generation_program {
    struct program *program;
    struct generation_program *next;
};

struct generation {
    struct arena arena;
    uint32_t stamp;
    struct generation_program *programs;
    struct instance *root;
    struct instance *last;
    struct node **nodes; /* in order of evaluation */
    uint32_t count;
    struct map cells;   /* global id → node (CALL for custom components) */
    struct map modules; /* id → instance */
    struct ranks dirty; /* nodes to be evaluated */
    bool loading;       /* the nodes that a load touches are being evaluated */
    bool reshaped;  /* the same texts as before, with other modules: what was evaluated is kept */
    bool too_large; /* modules were left out */
    unsigned char sha256[32];
};

/* prepare.c: the new generation, aside. Errors of the root are added to diags; NULL = rejected.
 * `reshaped`: the program is the living one's. */
struct generation *generation_new(struct graph *graph, struct program *program, bool reshaped,
                                  struct diags *diags);
void generation_free(struct generation *generation);

/* One under construction. */
struct preparing {
    struct graph *graph;
    struct generation *gen;
    uint32_t nodes;   /* made so far */
    uint32_t modules; /* the same, of those inside modules */
};
struct instance *instance_new(struct preparing *p, struct instance *parent,
                              struct program_module *module, struct str id);
/* open.c: the modules of a node, as far as they are known. */
void open_call(struct preparing *p, struct node *call);
void open_import(struct preparing *p, struct node *import);
void open_foreach(struct preparing *p, struct node *foreach);
/* The import that a custom component comes from, or NULL. */
struct node *import_of(const struct node *call);
/* `up` templates out. */
struct instance *instance_around(const struct instance *in, unsigned up);

/* reshape.c: the node's modules are not what they were made of any more. Those who use them wait.
 */
void node_reshape(struct graph *graph, struct node *node);
/* Notes before and after an evaluation; false = the node waits, or its foreach has failed. */
bool reshape_may_evaluate(struct generation *generation, struct node *node);
void reshape_evaluated(struct generation *generation, struct node *node);
/* Builds generations until every node has the modules it asks for, and evaluates what waited. False
 * = it has to wait for a transition, or for memory. */
bool graph_reshape(struct graph *graph);

/* same.c: sets `same`. */
void generation_compare(struct generation *generation);

/* place.c: loops for the components that are new. */
void generation_place(struct graph *graph, struct generation *generation);

/* ranks.c: room for ranks below `size`. */
void ranks_init(struct ranks *ranks, struct arena *arena, uint32_t size);
void ranks_add(struct ranks *ranks, uint32_t rank);
bool ranks_has(const struct ranks *ranks, uint32_t rank);
/* Removes the lowest; there must be one. */
uint32_t ranks_take(struct ranks *ranks);

#endif
