#ifndef RUNTIME_GRAPH_IMPORT_SOURCE_H
#define RUNTIME_GRAPH_IMPORT_SOURCE_H

/* Where the texts of import blocks come from (SEMANTICS §15.2). A source is either at hand (a file,
 * a text: fetch) or far away (remote: begin). The graph asks far ones again and again; while a load
 * runs it waits for them, since what they bring decides what the load is.
 *
 * Sources that need what the runtime may not see (the shared HTTP client's arguments) live below it
 * and are given to the graph in graph_options.imports. Everything is on the control loop, or on a
 * loop that stands in for it while a load waits. */

#include "base/arena.h"
#include "base/error.h"
#include "compiler/program.h"
#include "runtime/loop/loop.h"

enum {
    IMPORT_MAX_BYTES = 8 * 1024 * 1024, /* the texts of one import */
    IMPORT_MAX_FILES = 1000,
};

struct import_texts {
    struct arena arena;
    struct import_text *items;
    size_t count;
    size_t bytes;
    struct str module_path;
};
void import_texts_init(struct import_texts *texts);
void import_texts_release(struct import_texts *texts);
/* Copies; STATUS_LIMIT beyond the limits. */
enum status import_texts_add(struct import_texts *texts, struct str name, struct str text,
                             struct error *err);
/* The file, or the *.alloy files of the folder, and module_path; blocks. */
enum status import_texts_read(struct import_texts *texts, const char *path, struct error *err);

struct import;

/* What a fetch needs of the graph; valid until it ends. */
struct import_place {
    struct loop *loop;
    struct str id;        /* of the import, for messages */
    struct str data_path; /* a folder of the import's own, perhaps not there yet */
    const struct log *log;
};

/* Ends a fetch, once, in a later step than begin. With texts and an error: the texts are older ones
 * that may go on being used. Without texts: err says why there are none. */
typedef void import_fetched_fn(void *arg, struct import_texts *owned_texts,
                               const struct error *err);

struct import_remote {
    /* `args` stay valid until the fetch has ended. NULL with err: it did not begin. */
    void *(*begin)(const struct import_place *place, const void *args, import_fetched_fn *done,
                   void *arg, struct error *err);
    void (*cancel)(void *fetch);          /* no callback after this */
    int64_t (*every)(const void *args);   /* nanoseconds between two fetches; 0 = never again */
    int64_t (*timeout)(const void *args); /* nanoseconds that one may take */
    const char *first_failed;             /* what errors of the first fetch begin with */
    const char *later_failed;             /* and those of others */
};

struct import_source {
    const char *name;         /* "import.file" */
    const struct shape *args; /* NULL = known to blocks_find */
    size_t size;              /* of its state */
    /* The texts now; blocks for a bounded time. `args` are decoded. NULL = `remote` does it. */
    enum status (*fetch)(struct import *import, const void *args, struct import_texts *out,
                         struct error *err);
    /* Watches for changes from now on and calls import_deliver or import_trouble; called again when
     * the arguments change. NULL = never changes by itself. */
    void (*watch)(struct import *import, const void *args);
    void (*stop)(struct import *import); /* NULL = nothing to stop */
    const struct import_remote *remote;
    bool without_files; /* import.file is refused inside */
};

/* Those of the product that are not the runtime's own; ends with NULL. Defined by components/. */
extern const struct import_source *const import_registry[];

#endif
