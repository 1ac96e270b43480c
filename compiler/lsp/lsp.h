#ifndef COMPILER_LSP_LSP_H
#define COMPILER_LSP_LSP_H

/* The language server's core (Language Server Protocol 3.17): a state machine from bytes to bytes.
 * It reads no socket and waits for nothing, so that tests and fuzzers drive it in-process; files
 * that the editor has not opened are read through base/world.h.
 *
 * What is true of a text (diagnostics, formatting) comes from the compiler's reader and checks, the
 * same calls that `invar validate` and `invar fmt` make. What a place in half-typed text means
 * comes from the outline (outline.h), which is made of tokens and accepts everything; colours,
 * folds and selections come from the tree-sitter tree and the grammar's queries (tree.h).
 *
 * Use: lsp_feed what arrived, lsp_work until it returns false; it handles one message a call.
 * When no input is waiting, lsp_settle publishes the diagnostics of what changed, so that several
 * edits in a row are checked once. Take the output from lsp_output and say how much was written. */

#include "base/buf.h"
#include "compiler/program.h"

struct lsp;

/* What the compiler cannot know by itself; must outlive the server. */
struct lsp_options {
    struct program_options program;
    const char *const *components; /* names, ends with NULL */
    /* One sentence about a component; NULL = none. */
    const char *(*summary)(void *arg, struct str component);
    void *arg;                      /* of summary */
    const char *const *environment; /* names alone; ends with NULL; may be NULL */
};

enum {
    LSP_MAX_MESSAGE = 64 * 1024 * 1024 + 1024 * 1024, /* the largest source, and its envelope */
    LSP_MAX_OUTPUT = 256 * 1024 * 1024,
};

struct lsp *lsp_new(const struct lsp_options *options);
void lsp_free(struct lsp *lsp);

void lsp_feed(struct lsp *lsp, struct str bytes);
/* Handles the next message; false when there is none. */
bool lsp_work(struct lsp *lsp);
/* Publishes what changed. True if there was something. */
bool lsp_settle(struct lsp *lsp);
/* What is to be written; valid until the next call. */
struct str lsp_output(const struct lsp *lsp);
void lsp_written(struct lsp *lsp, size_t count);
/* After `exit`, or when the framing is beyond repair: no more messages are handled. */
bool lsp_is_over(const struct lsp *lsp);
/* 0 if `shutdown` came before the end. */
int lsp_exit_code(const struct lsp *lsp);

/* ---- a running instance ----
 *
 * The core asks, the driver fetches: one request at a time, plain HTTP. */

struct lsp_fetch {
    const char *method;
    struct str endpoint; /* "127.0.0.1:12345" */
    struct str path;     /* "/api/v0/web/components" */
    struct str body;     /* JSON; "" = none */
};

/* The next fetch, if it is time for one. Texts are valid until lsp_fetched, which must follow. */
bool lsp_next_fetch(struct lsp *lsp, struct lsp_fetch *out);
/* status = 0: no answer. */
void lsp_fetched(struct lsp *lsp, unsigned status, struct str body);
/* Milliseconds until the next fetch may be due; -1 = none. */
int lsp_fetch_wait(const struct lsp *lsp);

#endif
