#ifndef RUNTIME_GRAPH_MODULES_H
#define RUNTIME_GRAPH_MODULES_H

/* Inside the graph: what cells of import and foreach blocks keep (SEMANTICS §15.2, §15.3).
 * Everything is on the control loop. */

#include "runtime/graph/import_source.h"
#include "runtime/graph/parts.h"

/* ---- import.* ---- */

enum {
    IMPORT_MAX_DEPTH = 32,    /* imports inside imports */
    IMPORT_MAX_NESTED = 1000, /* in one graph */
};

extern const struct import_source import_file, import_string, import_git;

struct import {
    struct graph *graph;
    struct cell *cell;
    const struct import_source *source;
    void *state;              /* the source's, zeroed at birth */
    struct program *program;  /* what is imported; NULL = nothing */
    unsigned char digest[32]; /* of the last texts, good or bad */
    bool has_digest;
    bool refused;  /* they were bad */
    bool outdated; /* remote: the last fetch failed */
    /* Of remote sources; import_remote.c. */
    struct loop_timer *timer;
    struct import_fetch *fetch; /* under way */
};

/* What a source found later, on the control loop: new texts (`stale`, if not NULL, says why they
 * are not the newest), or that there are none for now. */
void import_deliver(struct import *import, struct import_texts *owned_texts,
                    const struct error *stale);
void import_trouble(struct import *import, const struct error *err);
void import_free(struct import *import);

/* Whether one around the import's node has these very texts. */
enum status import_check_loop(const struct node *node, const struct import_texts *texts,
                              struct error *err);

/* ---- import_remote.c ---- */
/* Fetches and waits for it. The texts are the caller's, also with an error (see
 * import_fetched_fn): those without any have a count of 0. */
void import_remote_wait(struct import *import, const void *args, struct import_texts *out,
                        struct error *err);
/* From now on, at once or after the source's time. */
void import_remote_watch(struct import *import, bool at_once);
void import_remote_stop(struct import *import);

/* ---- foreach ---- */

enum { FOREACH_MAX_ITEMS = 100000 };

struct foreach_item {
    struct str id; /* "foreach_NAME_1" */
    struct value *value;
    bool running; /* evaluated well before */
    bool held;    /* goes on as it was, with the template it had */
};

struct foreach_state {
    struct arena arena;
    struct foreach_item *items;
    uint32_t count;
    uint32_t version; /* changes with the items */
    struct str variable;
    bool enable_metrics;
    bool leaving; /* has items that go once the others are there */
};

void foreach_free(struct foreach_state *state);
/* The block's template, analysed; NULL = none, or wrong: then `diags`, if given, has it. */
struct program_module *foreach_template(struct program_module *module,
                                        const struct program_block *block, struct str variable,
                                        struct diags *diags);
void evaluate_import(struct graph *graph, struct node *node);
void evaluate_foreach(struct graph *graph, struct node *node);
/* After the items: what failed stops the change. */
void evaluate_foreach_result(struct graph *graph, struct node *result);

/* ---- schemas ---- */

struct foreach_args {
    struct any_list collection;
    struct str var;
    struct str id;
    bool hash_string_id;
    bool enable_metrics;
};
enum detector { DETECTOR_FSNOTIFY, DETECTOR_POLL };
struct import_file_args {
    struct str filename;
    uint32_t detector;
    struct duration poll_frequency;
};
struct import_string_args {
    struct optional_secret content;
};
struct git_basic_args {
    struct str username;
    struct secret password;
};
struct git_ssh_args {
    struct str username;
    struct secret key;
    struct str key_file;
    struct secret passphrase;
};
struct import_git_args {
    struct str repository;
    struct str revision;
    struct str path;
    struct duration pull_frequency;
    struct git_basic_args *basic_auth;
    struct git_ssh_args *ssh_key;
};

#endif
