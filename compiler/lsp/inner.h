#ifndef COMPILER_LSP_INNER_H
#define COMPILER_LSP_INNER_H

/* What the files of the language server share; nobody else includes this. */

#include "base/error.h"
#include "base/json.h"
#include "base/map.h"
#include "base/vec.h"
#include "compiler/lsp/lsp.h"
#include "compiler/lsp/outline.h"

enum {
    LSP_MAX_DOCUMENTS = 20000, /* open ones and files of folders */
    LSP_MAX_FOLDERS = 100,
    LSP_MAX_RESULTS = 100000,   /* of one list in an answer */
    LSP_MAX_COMPLETIONS = 1000, /* more: the list is marked incomplete */
    LSP_MAX_PATH = 4096,
};

/* Error codes of JSON-RPC and the protocol. */
enum {
    LSP_PARSE_ERROR = -32700,
    LSP_INVALID_REQUEST = -32600,
    LSP_METHOD_NOT_FOUND = -32601,
    LSP_INVALID_PARAMS = -32602,
    LSP_INTERNAL_ERROR = -32603,
    LSP_NOT_INITIALIZED = -32002,
    LSP_REQUEST_CANCELLED = -32800,
    LSP_REQUEST_FAILED = -32803,
};

enum lsp_encoding { ENCODING_UTF16, ENCODING_UTF8, ENCODING_UTF32 };

struct lsp_document {
    char *uri;
    char *path; /* of a file: URI; else the URI */
    bool open;
    bool exists;   /* has a text: open, or read from the disk */
    bool checked;  /* its diagnostics are published */
    bool reported; /* some diagnostics are published */
    int64_t version;
    struct source *source;
    struct outline outline; /* of `source`, made when asked for */
    bool outlined;
    struct TSTree *tree;     /* tree.c; NULL = none yet */
    bool tree_current;       /* it is that of `source`; else of an earlier text, with the edits */
    bool tree_refused;       /* there is none for this text */
    struct check_memo *memo; /* of the checks of the configuration that begins with it */
    int64_t mtime_ns;        /* of the file that was read */
    int64_t size;
    uint32_t *tokens; /* the last semantic tokens given, for deltas */
    size_t token_count;
    uint32_t token_id;
};

struct lsp_settings {
    char *endpoint; /* of a running instance, "HOST:PORT" */
    char *docs;     /* URL of the manual: the folder that holds errors/ */
    bool live;
    bool inlay_defaults;
    bool inlay_values;
    enum stability stability;
    bool community;
    uint8_t unit; /* enum lsp_unit */
};
enum lsp_unit { UNIT_AUTO, UNIT_FILE, UNIT_FOLDER };

struct lsp_live;  /* live.c */
struct lsp_trees; /* tree.c */
struct TSTree;

struct lsp {
    const struct lsp_options *options;
    struct program_options program; /* with the settings' stability */
    struct buf in;
    size_t in_at;   /* what stands before it was handled */
    size_t scanned; /* whole messages up to here; cancellations among them are noted */
    struct buf out;
    size_t out_at;
    struct map documents; /* URI → struct lsp_document */
    VEC(char *) folders;  /* paths */
    VEC(char *) cancelled;
    struct lsp_settings settings;
    struct arena catalog_arena;
    struct catalog *catalog; /* components that are known and not offered */
    struct lsp_live *live;
    struct lsp_trees *trees;
    enum lsp_encoding encoding;
    bool initialized;
    bool shut_down;
    bool over;
    bool snippets;     /* the client takes snippets */
    bool pull;         /* it asks for diagnostics itself: none are pushed */
    bool refreshes;    /* it can be told to ask again */
    bool dirty;        /* something is to be checked */
    uint32_t next_id;  /* of our own requests */
    uint32_t token_id; /* last semantic tokens result */
};

/* A request under way, or a notification (no writer). */
struct lsp_request {
    struct lsp *lsp;
    const struct doc *params; /* NULL = none */
    struct json_writer *w;    /* of the result: one value */
    struct arena *arena;
    const struct doc *id; /* NULL = a notification */
    bool later;           /* the answer comes by lsp_reply */
    int code;             /* an error's, 0 = none */
    const char *message;
};

/* ---- rpc.c ---- */

/* The answer is this error; returns so that `return lsp_fail(…)` reads well. */
void lsp_fail(struct lsp_request *rq, int code, const char *message);
/* The request is answered later: its id, for lsp_reply, which frees it. */
char *lsp_defer(struct lsp_request *rq);
/* code = 0: `result` is JSON; else the error's message. */
void lsp_reply(struct lsp *lsp, char *owned_id, int code, struct str result);
/* A notification or request of ours: between begin and end, the params are written. */
void lsp_send_begin(struct lsp *lsp, struct json_writer *w, size_t *mark, const char *method,
                    bool is_request);
void lsp_send_end(struct lsp *lsp, struct json_writer *w, size_t mark);

/* ---- methods.c: the table of what is answered ---- */

struct lsp_method {
    const char *name;
    void (*run)(struct lsp_request *rq);
    bool notification;
};
const struct lsp_method *lsp_method_find(struct str name);

#define METHOD(name, function, notification) void function(struct lsp_request *rq);
#include "compiler/lsp/methods.def"
#undef METHOD

/* ---- json.c: reading params, writing members ---- */

struct str lsp_text_of(const struct doc *map, const char *key); /* "" = none */
const struct doc *lsp_member(const struct doc *map, const char *key);
/* "a.b.c" */
const struct doc *lsp_member_at(const struct doc *map, const char *dotted);
bool lsp_flag_at(const struct doc *map, const char *dotted);
void lsp_put(struct json_writer *w, const char *key, struct str text);
void lsp_put_number(struct json_writer *w, const char *key, int64_t value);
void lsp_put_flag(struct json_writer *w, const char *key, bool value);
void lsp_key(struct json_writer *w, const char *key);
void lsp_put_markdown(struct json_writer *w, const char *key, struct str text);

/* ---- document.c ---- */

/* Of `params.textDocument.uri`: one that has a text. NULL, with the request failed, if not. */
struct lsp_document *lsp_document_of(struct lsp_request *rq);
struct lsp_document *lsp_document_find(struct lsp *lsp, struct str uri);
/* The document of a file, read from the disk if it is not open and has changed. NULL = no file. */
struct lsp_document *lsp_document_load(struct lsp *lsp, struct str path);
const struct outline *lsp_outline(struct lsp_document *document);
void lsp_documents_release(struct lsp *lsp);
char *lsp_path_of_uri(struct str uri);
void lsp_uri_of_path(struct buf *out, struct str path);

/* ---- position.c ---- */

/* A position of the protocol as an offset; beyond a line's end it is that end. */
uint32_t lsp_offset(const struct lsp *lsp, const struct source *source, const struct doc *position);
/* Of `params.position`. */
uint32_t lsp_cursor(const struct lsp_request *rq, const struct lsp_document *document);
struct span lsp_span_of(const struct lsp *lsp, const struct source *source,
                        const struct doc *range);
void lsp_place(const struct lsp *lsp, const struct source *source, uint32_t offset, uint32_t *line,
               uint32_t *character);
/* In units of the encoding. */
uint32_t lsp_width(const struct lsp *lsp, struct str text);
void lsp_put_position(struct json_writer *w, const struct lsp *lsp, const struct source *source,
                      uint32_t offset);
void lsp_range(struct json_writer *w, const struct lsp *lsp, const struct source *source,
               struct span span);
void lsp_put_range(struct json_writer *w, const char *key, const struct lsp *lsp,
                   const struct source *source, struct span span);
/* {uri, range} */
void lsp_location(struct json_writer *w, const struct lsp *lsp, const struct lsp_document *document,
                  struct span span);
/* {range, newText} */
void lsp_edit(struct json_writer *w, const struct lsp *lsp, const struct source *source,
              struct span span, struct str text);

/* ---- unit.c: the files that make up one configuration ---- */

/* Deterministic: depends on the texts alone. */
struct lsp_unit_files {
    struct lsp_document **items; /* in name order */
    size_t count;
    bool is_folder;
};
void lsp_unit_of(struct lsp *lsp, struct lsp_document *document, struct arena *arena,
                 struct lsp_unit_files *out);

/* ---- check.c: diagnostics ---- */

void lsp_diagnose(struct lsp *lsp, const struct lsp_unit_files *unit, struct diags *diags);
/* The texts of a unit as the reader sees them; false, and nothing to release, if one has errors. */
bool lsp_unit_text(const struct lsp_unit_files *unit, struct program_text *out,
                   struct diags *diags);

/* ---- context.c: what a place in a configuration is ---- */

enum block_kind lsp_kind_of(struct str block_name);
/* A body whose statements are components: the file, a declare, the template of a foreach. */
bool lsp_is_scope(const struct outline *o, uint32_t node);
/* The component or config block that a block belongs to; itself if it is one. */
uint32_t lsp_component_of(const struct outline *o, uint32_t block);
/* The blocks that a component is made of and may be referred to by. */
bool lsp_symbol_of(const struct lsp *lsp, const struct outline *o, uint32_t component,
                   struct program_symbol *out);
/* The shape of a block's body; NULL = unknown, or not a matter of schemas. */
const struct shape *lsp_shape_of(const struct lsp *lsp, const struct outline *o, uint32_t block);
/* The row of an attribute or block of a body; NULL = unknown. */
const struct row *lsp_row_of(const struct lsp *lsp, const struct outline *o, uint32_t node);
/* Every row of a shape by the name that is written: squashed shapes opened, variants listed. */
typedef void lsp_row_fn(void *arg, const struct row *row);
void lsp_each_row(const struct shape *shape, lsp_row_fn *each, void *arg);
/* "list of targets", "duration", "block, repeats". */
void lsp_type_text(struct buf *out, const struct row *row);
/* The attribute `name` directly in a body; 0 = none. */
uint32_t lsp_child_named(const struct outline *o, uint32_t block, struct str name);

/* ---- hints.c ---- */

/* Appends `prefix` and the value of an attribute that is computed from literals alone. */
bool lsp_constant(const struct lsp *lsp, const struct outline *o, uint32_t attribute,
                  struct buf *out, const char *prefix);

#endif
