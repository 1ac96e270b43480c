#ifndef COMPILER_DIAG_H
#define COMPILER_DIAG_H

/* Diagnostics: what is wrong with the text. Every wording stands once, in compiler/diag.def; each
 * has a stable code. Stages add and go on; nothing prints here except the renderers, which write
 * into buffers. */

#include "base/buf.h"
#include "base/json.h"
#include "compiler/source.h"

/* A lint is a warning that Alloy does not have: it is no part of Alloy's report and by itself does
 * not make a check fail. */
enum diag_severity { DIAG_ERROR, DIAG_WARNING, DIAG_LINT };

#define DIAG(id, code, severity, format) DIAG_##id,
enum diag_id {
#include "compiler/diag.def"
    DIAG_ID_COUNT
};
#undef DIAG

/* Another place that explains a diagnostic: the first definition, the other listener. */
struct diag_related {
    struct source *source; /* NULL = no position; kept alive by the list */
    struct range range;
    struct str message;
    struct diag_related *next;
};

struct diag {
    enum diag_id id;
    enum diag_severity severity;
    struct source *source; /* NULL = no position; kept alive by the list */
    struct range range;    /* start.line 0 = no position */
    struct str message;
    struct str value;             /* Alloy text of the offending value, if the message shows it */
    struct str hint;              /* one line, not part of Alloy's rendering; may be empty */
    struct diag_related *related; /* in order; not part of Alloy's rendering */
    const void *beyond; /* not NULL: Alloy's own check does not find this (see struct diags) */
    struct range outer; /* where Alloy's report points when that is further out; line 0 = range */
};

enum { DIAGS_MAX = 1000 }; /* more are counted, not kept */

struct diags {
    struct arena arena;
    struct diag *items;
    size_t len;
    size_t cap;
    size_t dropped;
    size_t errors; /* of severity error, dropped ones included */
    size_t warnings;
    size_t lints;
    /* Set by a stage that goes further than Alloy's check, as a mark on what it adds; it means
     * something to that stage only. Alloy's report shows these when it has nothing else to show. */
    const void *beyond;
};

void diags_init(struct diags *d);
void diags_release(struct diags *d);
/* The last argument list fills the format of the id's row in diag.def. Source may be NULL. Returns
 * the new diagnostic or NULL when the list is full. */
struct diag *diag_add(struct diags *d, enum diag_id id, struct source *source, struct range range,
                      ...);
/* Sets the hint of a diagnostic of this list; `diag` may be NULL (a full list), and a hint that is
 * there stays. */
void diag_hint(struct diags *d, struct diag *diag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Adds a related place; `diag` may be NULL. */
void diag_relate(struct diags *d, struct diag *diag, struct source *source, struct range range,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));
/* A diagnostic of the list becomes a lint. */
void diag_demote(struct diags *d, struct diag *diag);
/* Gives hints to diagnostics of the reader that have none, from the text around them. */
void diags_hint_syntax(struct diags *d);
/* Copies everything of `from`. */
void diags_append(struct diags *d, const struct diags *from);
const char *diag_code(enum diag_id id); /* "E1001" */
enum diag_severity diag_severity(enum diag_id id);
const char *diag_format(enum diag_id id); /* the wording, as printf takes it */

/* "FILE:LINE:COL: MESSAGE" (SEMANTICS §3). */
void diag_line(struct buf *out, const struct diag *diag);
/* "no errors", the single line, or "FIRST (and N more diagnostics)". */
void diags_summary(struct buf *out, const struct diags *d);

struct diag_style {
    bool color;
    bool full;  /* with lints, hints, related places and codes, which Alloy does not have */
    bool hides; /* literals of secrets in excerpts become stars: for logs and answers of the API */
};
/* Alloy's rendering with excerpt and carets; lints only in full. What goes
 * beyond Alloy's check is shown in full, or when there is nothing else. */
void diag_render(struct buf *out, const struct diag *diag, struct diag_style style);
void diags_render(struct buf *out, const struct diags *d, struct diag_style style);
/* What Alloy's rendering leaves out, a line each: "FILE:LINE:COL: hint[CODE]: TEXT". */
void diags_render_rest(struct buf *out, const struct diags *d);

/* ---- for programs (compiler/diag_formats.c) ---- */
void diags_json(struct json_writer *w, const struct diags *d);
/* A SARIF 2.1.0 log (OASIS, sarif-schema-2.1.0). */
void diags_sarif(struct json_writer *w, const struct diags *d, const char *version);
/* Workflow commands of GitHub Actions: ::error file=…,line=…::TEXT. */
void diags_github(struct buf *out, const struct diags *d);
/* Reviewdog Diagnostic Format, one JSON object. */
void diags_rdjson(struct json_writer *w, const struct diags *d);

#endif
