#ifndef COMPILER_DIAG_H
#define COMPILER_DIAG_H

/* Diagnostics: what is wrong with the text. Every wording stands once, in compiler/diag.def; each
 * has a stable code. Stages add and go on; nothing prints here except the renderers, which write
 * into buffers. */

#include "base/buf.h"
#include "base/json.h"
#include "compiler/source.h"

enum diag_severity { DIAG_ERROR, DIAG_WARNING };

#define DIAG(id, code, severity, format) DIAG_##id,
enum diag_id {
#include "compiler/diag.def"
    DIAG_ID_COUNT
};
#undef DIAG

struct diag {
    enum diag_id id;
    enum diag_severity severity;
    struct source *source; /* NULL = no position; kept alive by the list */
    struct range range;    /* start.line 0 = no position */
    struct str message;
    struct str value; /* Alloy text of the offending value, if the message shows it */
    struct str hint;  /* one line, not part of Alloy's rendering; may be empty */
};

enum { DIAGS_MAX = 1000 }; /* more are counted, not kept */

struct diags {
    struct arena arena;
    struct diag *items;
    size_t len;
    size_t cap;
    size_t dropped;
    size_t errors; /* of severity error, dropped ones included */
};

void diags_init(struct diags *d);
void diags_release(struct diags *d);
/* The last argument list fills the format of the id's row in diag.def. Source may be NULL. Returns
 * the new diagnostic or NULL when the list is full. */
struct diag *diag_add(struct diags *d, enum diag_id id, struct source *source, struct range range,
                      ...);
/* Copies everything of `from`. */
void diags_append(struct diags *d, const struct diags *from);
const char *diag_code(enum diag_id id); /* "E1001" */

/* "FILE:LINE:COL: MESSAGE" (SEMANTICS §3). */
void diag_line(struct buf *out, const struct diag *diag);
/* "no errors", the single line, or "FIRST (and N more diagnostics)". */
void diags_summary(struct buf *out, const struct diags *d);

struct diag_style {
    bool color;
};
/* Alloy's rendering with excerpt and carets. */
void diag_render(struct buf *out, const struct diag *diag, struct diag_style style);
void diags_render(struct buf *out, const struct diags *d, struct diag_style style);
void diags_json(struct json_writer *w, const struct diags *d);

#endif
