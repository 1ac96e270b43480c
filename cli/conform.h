#ifndef CLI_CONFORM_H
#define CLI_CONFORM_H

/* The hidden command `invar conform KIND`, by which the conformance corpus asks for answers: cases
 * come in as JSON lines, one answer a line goes out. cli/conform.c reads, dispatches and writes; a
 * kind is one function. */

#include "base/json.h"
#include "compiler/diag.h"

struct conform_case {
    const struct doc *input; /* the case's object */
    struct str src;          /* decoded `src` or `src_b64`; empty if it has neither */
    struct arena *arena;     /* gone after the case */
    struct json_writer *out; /* inside the answer's object, after `id` */
};

typedef void conform_fn(struct conform_case *c);

/* The kinds, each in the file that the comment of cli/conform.c's table names. */
void conform_lex(struct conform_case *c);
void conform_parse(struct conform_case *c);
void conform_fmt(struct conform_case *c);
void conform_eval(struct conform_case *c);
void conform_decode(struct conform_case *c);

/* Helpers for kinds. */
/* A source of c->src under the given file name, or NULL with {"ok": false, "error": …} written. */
struct source *conform_source(struct conform_case *c, struct str name);
void conform_bool(struct conform_case *c, const char *key, bool value);
/* A text, or {"$bytes": base64} if it is not UTF-8. */
void conform_text(struct conform_case *c, const char *key, struct str text);
void conform_string(struct json_writer *w, struct str text);
struct str conform_base64_decode(struct arena *arena, struct str text);
void conform_base64_encode(struct buf *out, struct str bytes);
/* {"$tag": text} */
void conform_tagged(struct json_writer *w, const char *tag, struct str text);
/* "diagnostics": all that were kept. */
void conform_diags(struct conform_case *c, const char *key, const struct diags *diags);

#endif
