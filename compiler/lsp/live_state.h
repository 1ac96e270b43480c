#ifndef COMPILER_LSP_LIVE_STATE_H
#define COMPILER_LSP_LIVE_STATE_H

/* What was read of a running instance; for the files of live.h alone.
 *
 * A block of a text can run several times: a declare once an instance, a template once an item. Its
 * key says where it stands ("local.file.x" at the top, "declare.d>local.file.x",
 * "foreach.e>local.file.x"), and the components that run it hang together. */

#include "compiler/lsp/live.h"

enum { LIVE_MAX_COMPONENTS = 100000, LIVE_MAX_KEY = 512 };

struct live_component {
    struct str id; /* "d.one/local.file.x" */
    struct str module;
    struct str health;
    struct str message;
    double items;
    double rate;                 /* items a second between the last two lists; < 0 = not known */
    const struct doc *arguments; /* NULL = not fetched */
    const struct doc *exports;
    const struct doc *modules;   /* ids of what it runs inside; NULL = nothing */
    struct str scope;            /* that a module of it has: "declare.d>", "foreach.e>" */
    struct live_component *next; /* of the same key */
    struct live_component *last; /* of the first: the end of the chain */
};

struct live_state {
    struct arena arena;
    struct map components; /* id → struct live_component */
    struct map places;     /* key → the first of them */
    int64_t at_ns;
    uint64_t values; /* over the shown texts of all details */
};

struct live_state *live_state_new(int64_t now_ns);
void live_state_free(struct live_state *state);
/* Adds the components of a list (GET …/components) that run in modules with this scope ("" = the
 * root). `before` is for rates, NULL = none. False: it is no list. */
bool live_state_read(struct live_state *state, const struct live_state *before, struct str scope,
                     struct str body);
/* Arguments and exports of one component (GET …/components/ID). */
void live_state_read_detail(struct live_state *state, struct str id, struct str body);
/* Has the health of something changed? Either may be NULL. */
bool live_state_differs(const struct live_state *a, const struct live_state *b);

/* live_text.c: {"type": …, "value": …} as the language writes it, shortened; lists and objects by
 * their size. */
void live_value_text(struct buf *out, const struct doc *value);

/* The key of a block; empty if it has none. The text is in `out`. */
struct str live_key(const struct outline *o, uint32_t block, char out[LIVE_MAX_KEY]);
/* The scope of the blocks inside a declare or template; empty if it is neither. */
struct str live_scope(const struct outline *o, uint32_t block, char out[LIVE_MAX_KEY]);
/* The components that run the block, or what it belongs to; NULL = none is known. */
const struct live_component *live_find(const struct lsp *lsp, const struct outline *o,
                                       uint32_t block);
/* live.c */
const struct live_state *live_now(const struct lsp *lsp);

#endif
